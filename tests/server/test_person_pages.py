"""The pages by which a person agrees: theirs alone, once, in time, and never by whoever fetches an address."""

import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from server import person_views
from server.asking import owner_of
from server.records import open_records
from server.settings import Settings
from tests.auth.authorities import file_url, serving
from tests.auth.doors import AtTheDoor, open_door
from tests.auth.pages import Page
from tests.conftest import HeldClock
from tests.server.pages_of_people import decide, page_in, somebody_else, text_of

pytestmark = pytest.mark.anyio

SPARE = {"key_id": "key_spare"}


@pytest.fixture
async def door(tmp_path: Path, clock: HeldClock) -> AsyncIterator[AtTheDoor]:
    async with serving(file_url(tmp_path), clock) as served, open_door(served) as opened:
        yield opened


@pytest.mark.parametrize("way", ["sign-in", "key"])
async def test_what_a_person_agreed_to_happens_once_and_is_noted(door: AtTheDoor, way: str) -> None:
    token = door.served.local_key if way == "key" else (await door.served.tokens())["access_token"]
    asked = await door.call(token, "revoke_key", **SPARE)
    assert asked["isError"]
    browser = await door.signed_in()
    page = await browser.get(page_in(asked))
    assert page.status_code == 200 and "Revoke an API key?" in page.text and "key_spare" in page.text
    # Asking again without an answer changes nothing.
    assert (await door.call(token, "revoke_key", **SPARE))["isError"]
    done = await decide(browser, page_in(asked))
    assert done.status_code == 303
    assert "You agreed" in (await browser.get(page_in(asked))).text
    other = await door.call(token, "revoke_key", key_id="key_readonly")
    assert other["isError"], "an agreement counts for what was asked, exactly"
    result = await door.call(token, "revoke_key", **SPARE)
    assert not result["isError"], text_of(result)
    assert "has gone on" in (await browser.get(page_in(asked))).text
    kept = await _audit(door, token if way == "key" else None)
    assert [(entry.tool, entry.outcome) for entry in kept if entry.outcome == "done"] == [("revoke_key", "done")]
    assert "in the browser" in str(kept[0].approver)


async def _audit(door: AtTheDoor, key: str | None) -> Any:
    owner = owner_of("usr_sample" if key is None else f"Bearer {key}")
    now, day = door.services.clock(), timedelta(days=1)
    rows, _cursor = await door.services.records.audit(
        owner, since=now - day, until=now + day, tool=None, limit=50, cursor=None
    )
    return rows


async def test_without_a_session_there_is_nothing_to_read_and_nothing_to_send(door: AtTheDoor) -> None:
    path = page_in(await door.call(door.served.local_key, "revoke_key", **SPARE))
    for method in ("GET", "HEAD"):
        fetched = await door.program().request(method, path)
        assert fetched.status_code == 303 and fetched.headers["location"] == f"/oauth/sign-in?back={path}"
        assert "key_spare" not in fetched.text
    for headers in ({}, {"Authorization": f"Bearer {door.served.local_key}"}):
        sent = await door.program().post(path, data={"decision": "approve", "csrf": "0" * 64}, headers=headers)
        assert sent.status_code == 403
    assert (await door.call(door.served.local_key, "revoke_key", **SPARE))["isError"]


async def test_another_person_sees_and_does_nothing(door: AtTheDoor) -> None:
    path = page_in(await door.call(door.served.local_key, "revoke_key", **SPARE))
    other = await somebody_else(door)
    page = await other.get(path)
    assert page.status_code == 404 and "not yours, or it is over" in page.text and "key_spare" not in page.text
    # Not even with the token of a form of their own, for this very address.
    secret = str(other.http.cookies.get("__Host-session"))
    key = door.served.authority.vault.derive("csrf")[0].reveal()
    forged = hmac.digest(key, f"{path}|{secret}".encode(), "sha256").hex()
    assert (await other.post(path, {"csrf": forged, "decision": "approve"})).status_code == 404
    assert (await door.call(door.served.local_key, "revoke_key", **SPARE))["isError"]


@pytest.mark.parametrize(
    "path", ["/approve/short", "/approve/" + "x" * 32, "/reveal/" + "y" * 32, "/secrets/a%2Fb%3Fc"]
)
async def test_a_page_that_never_was_says_no_more_than_one_that_is_over(door: AtTheDoor, path: str) -> None:
    browser = await door.signed_in()
    assert (await browser.get(path)).status_code == 404


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_another_site_cannot_agree(door: AtTheDoor, headers: dict[str, str]) -> None:
    path = page_in(await door.call(door.served.local_key, "revoke_key", **SPARE))
    browser = await door.signed_in()
    await browser.get(path)
    form = {"csrf": browser.hidden("csrf"), "decision": "approve"}
    assert (await browser.post(path, form, headers=headers)).status_code == 403
    assert (await browser.http.post(path, data={**form, "csrf": "0" * 64})).status_code == 403
    second = page_in(await door.call(door.served.local_key, "revoke_key", key_id="key_readonly"))
    assert (await browser.http.post(second, data=form)).status_code == 403, "the token of one form is none of another"
    assert (await door.call(door.served.local_key, "revoke_key", **SPARE))["isError"]


async def test_the_first_decision_stays(door: AtTheDoor) -> None:
    path = page_in(await door.call(door.served.local_key, "revoke_key", **SPARE))
    browser = await door.signed_in()
    await browser.get(path)
    form = {"csrf": browser.hidden("csrf")}
    assert (await browser.http.post(path, data={**form, "decision": "refuse"})).status_code == 303
    assert (await browser.http.post(path, data={**form, "decision": "approve"})).status_code == 303
    assert "You refused" in (await browser.get(path)).text
    assert (await door.call(door.served.local_key, "revoke_key", **SPARE))["isError"]


async def test_a_decision_that_comes_too_late_is_none(door: AtTheDoor, clock: HeldClock) -> None:
    path = page_in(await door.call(door.served.local_key, "revoke_key", **SPARE))
    browser = await door.signed_in()
    await browser.get(path)
    clock.advance(minutes=10, seconds=1)
    await decide(browser, path)
    assert "Too late" in (await browser.get(path)).text
    assert (await door.call(door.served.local_key, "revoke_key", **SPARE))["isError"]


@pytest.mark.parametrize("typed", ["", "Sandbox", "empty brand", "EMPTY", "yes"])
async def test_a_brand_goes_only_when_its_name_is_typed(door: AtTheDoor, typed: str) -> None:
    brand = await _brand(door)
    path = page_in(await door.call(door.served.local_key, "delete_brand", brand_id=brand["id"]))
    browser = await door.signed_in()
    shown = Page((await browser.get(path)).text)
    assert brand["name"] in shown.text and shown.by_id("typed").get("aria-describedby") == "typed-hint"
    wrong = await decide(browser, path, typed=typed)
    assert wrong.status_code == 422 and "not the name" in wrong.text
    assert (await door.call(door.served.local_key, "delete_brand", brand_id=brand["id"]))["isError"]
    assert (await decide(browser, path, typed=f" {brand['name']} ")).status_code == 303
    result = await door.call(door.served.local_key, "delete_brand", brand_id=brand["id"])
    assert not result["isError"], text_of(result)


async def _brand(door: AtTheDoor) -> dict[str, Any]:
    listed = await door.call(door.served.local_key, "list_brands", detail="full")
    found: dict[str, Any] = next(row for row in listed["structuredContent"]["data"] if row["id"] == "b_empty")
    return found


async def test_who_signs_in_on_the_way_comes_back_to_the_page(door: AtTheDoor) -> None:
    path = page_in(await door.call(door.served.local_key, "revoke_key", **SPARE))
    browser = door.browser()
    sent = await browser.get(path)
    page = await browser.get(sent.headers["location"])
    assert "what your assistant asks of you" in page.text
    refused = await browser.sign_in("sapi_key_" + "ab" * 31)
    assert refused.status_code == 401 and browser.hidden("back") == path
    shown = await browser.sign_in()
    assert shown.status_code == 200 and str(shown.url).endswith(path) and "Revoke an API key?" in shown.text


@pytest.mark.parametrize("back", [
    "https://evil.example/approve/aaaaaaaaaaaaaaaa", "//evil.example/aaaaaaaaaaaaaaaa", "/\\evil.example/aaaaaaaaaaaaaaaa",
    "/approve/../../aaaaaaaaaaaaaaaa", "/approve/aaaaaaaaaaaaaaaa?next=//evil", "/approve/aaaaaaaaaaaaaaaa\n",
    "javascript:alert(1)", "/approve/aaaaaaaaaaaaaaaa/b", "approve/aaaaaaaaaaaaaaaa",
])  # fmt: skip
async def test_no_other_place_can_be_come_back_to(door: AtTheDoor, back: str) -> None:
    browser = door.browser()
    page = await browser.get("/oauth/sign-in", params={"back": back})
    assert 'name="back"' not in page.text
    form = {"csrf": browser.hidden("csrf"), "action": "key", "api_key": door.served.local_key, "back": back}
    assert (await browser.post("/oauth/sign-in", form)).headers["location"] == "/oauth/apps"


async def test_every_page_has_the_headers_of_the_sign_in_and_is_whole(door: AtTheDoor) -> None:
    browser = await door.signed_in()
    asked = await door.call(door.served.local_key, "delete_brand", brand_id="b_empty")
    secret = await door.call(door.served.local_key, "connect_account", platform="telegram")
    made = await door.call(door.served.local_key, "create_key", name="Reports")
    for path in (page_in(asked), page_in(secret), page_in(made), "/approve/" + "x" * 32):
        response = await browser.get(path)
        assert response.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert response.headers["content-security-policy"].endswith("frame-ancestors 'none'; form-action 'self'")
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["x-frame-options"] == "DENY"
        page = Page(response.text)
        assert len(page.all("h1")) == 1 and page.one("html").get("lang") == "en"
        labelled = {label.get("for") for label in page.all("label")}
        assert all(e.get("id") in labelled for e in page.all("input") if e.get("type") != "hidden")


HOSTILE = '</blockquote><script>alert(1)</script>"\u202e\u200bAgree now'


async def test_text_of_strangers_stays_text_beside_a_bar(door: AtTheDoor) -> None:
    summary = f"Delete a comment?\ntext: {HOSTILE}\n{HOSTILE}\nIt is called: {HOSTILE}"
    await door.services.records.ask_approval(
        owner_of("usr_sample"),
        "a" * 32,
        digest="d",
        summary=json.dumps({"summary": summary, "typed": HOSTILE, "tool": "delete_comment"}),
        expires_at=door.services.clock() + timedelta(minutes=5),
    )
    browser = await door.signed_in()
    page = Page((await browser.get("/approve/" + "a" * 32)).text)
    assert page.all("script") == []
    quotes = [quote.text for quote in page.all("blockquote")]
    assert len(quotes) == 4 and all("<script>" in quote for quote in quotes)
    assert "\u202e" not in page.text and "\u200b" not in page.text


@pytest.mark.parametrize(("typed", "wanted", "fits"), [
    ("Caf\u00e9", "Cafe\u0301", True), (" Aurora  Coffee ", "Aurora Coffee", True), ("Aurora", "Auro\u200bra", True),
    ("aurora", "Aurora", False), ("", "\u200b", False), ("Aurora Coffe", "Aurora Coffee", False), ("", "", False),
])  # fmt: skip
def test_a_name_fits_as_it_is_seen(typed: str, wanted: str, fits: bool) -> None:
    assert person_views.same_name(typed, wanted) is fits


async def test_records_that_cannot_be_read_are_said_to_be_away(tmp_path: Path, clock: HeldClock) -> None:
    folder = tmp_path / "blocked"
    folder.write_text("no folder")
    records = open_records(Settings(data_dir=folder), clock=clock)
    async with serving(file_url(tmp_path), clock) as served, open_door(served, records=records) as door:
        browser = await door.signed_in()
        page = await browser.get("/approve/" + "a" * 32)
    assert page.status_code == 503 and "Nothing was done" in page.text
