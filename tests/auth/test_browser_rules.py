"""The browser's side of signing in: cookies, forms that only our pages can post, sessions, and tries that run out."""

import asyncio
from pathlib import Path

import httpx2
import pytest

from server.upstream import RestUpstream
from tests.auth.authorities import Browser, Served, file_url, serving
from tests.conftest import HeldClock
from tools.rest import RestClient

pytestmark = pytest.mark.anyio


async def opened(served: Served, *, signed_in: bool = False) -> Browser:
    browser = served.browser()
    await browser.open((await served.register())["client_id"])
    if signed_in:
        await browser.sign_in()
    return browser


async def test_cookies_are_bound_to_this_host_and_kept_from_scripts_and_other_sites(shared: Served) -> None:
    client_id = (await shared.register())["client_id"]
    browser = shared.browser()
    asked = await browser.get("/oauth/authorize", params=browser.parameters(client_id))
    await browser.open(client_id)
    form = {
        "csrf": browser.hidden("csrf"),
        "request": browser.hidden("request"),
        "action": "key",
        "api_key": shared.local_key,
    }
    signed_in = await browser.post("/oauth/sign-in", form)
    cookies = [*asked.headers.get_list("set-cookie"), *signed_in.headers.get_list("set-cookie")]
    assert len(cookies) == 2
    for cookie in cookies:
        name, _, attributes = cookie.partition("; ")
        assert name.startswith("__Host-") and "Domain" not in attributes
        assert set(attributes.split("; ")) >= {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"}


async def test_a_session_gets_another_id_at_each_sign_in(shared: Served) -> None:
    browser = await opened(shared)
    browser.http.cookies.set("__Host-session", "chosen by an attacker")
    await browser.sign_in()
    first = browser.http.cookies.get("__Host-session", domain="auth.example")
    assert first not in {None, "chosen by an attacker"}
    await browser.consent()
    second = browser.http.cookies.get("__Host-session", domain="auth.example")
    assert second not in {None, first}
    stale = shared.browser()
    stale.http.cookies.set("__Host-session", str(first))
    assert (await stale.get("/oauth/apps")).headers["location"] == "/oauth/sign-in"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "https://auth.example.evil.example"},
        {"Origin": "http://auth.example"},
    ],
)
async def test_another_site_cannot_post_a_form(shared: Served, headers: dict[str, str]) -> None:
    browser = await opened(shared, signed_in=True)
    refused = await browser.consent(headers=headers)
    assert refused.status_code == 403 and "location" not in refused.headers


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://auth.example"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_a_page_of_ours_can(shared: Served, headers: dict[str, str]) -> None:
    browser = await opened(shared, signed_in=True)
    assert (await browser.consent(headers=headers)).status_code == 303


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "é"])
async def test_without_the_token_of_its_page_a_form_does_nothing(shared: Served, token: str) -> None:
    browser = await opened(shared, signed_in=True)
    right = browser.hidden("csrf")
    form = {
        "csrf": token,
        "request": browser.hidden("request"),
        "decision": "approve",
        "preset": "Admin",
        "brands": "all",
    }
    page = browser.page
    for path in ("/oauth/consent", "/oauth/sign-in", "/oauth/apps"):
        refused = await browser.post(path, {**form, "action": "sign-out", "api_key": shared.local_key})
        assert refused.status_code == 403 and "location" not in refused.headers
    browser.page = page
    assert right not in {"", token} and (await browser.consent()).status_code == 303


async def test_the_token_of_one_form_is_none_of_another(shared: Served) -> None:
    browser = await opened(shared)
    of_sign_in = browser.hidden("csrf")
    await browser.sign_in()
    form = {"csrf": of_sign_in, "request": browser.hidden("request"), "decision": "approve", "preset": "Admin"}
    assert (await browser.post("/oauth/consent", form)).status_code == 403


async def test_the_answer_to_a_form_is_fetched_with_get(shared: Served) -> None:
    browser = await opened(shared, signed_in=True)
    assert (await browser.consent(decision="deny")).status_code == 303


async def test_a_session_idles_for_an_hour_and_ends_after_twelve(shared: Served) -> None:
    browser = await opened(shared, signed_in=True)
    shared.clock.advance(minutes=59)
    assert (await browser.get("/oauth/apps")).status_code == 200
    shared.clock.advance(minutes=60)
    assert (await browser.get("/oauth/apps")).status_code == 303
    long = await opened(shared, signed_in=True)
    statuses: list[int] = []
    for _ in range(13):
        shared.clock.advance(minutes=55)
        statuses.append((await long.get("/oauth/apps")).status_code)
    assert statuses == [200] * 13
    shared.clock.advance(minutes=5)
    assert (await long.get("/oauth/apps")).status_code == 303


async def test_a_pasted_key_waits_a_quarter_of_an_hour_for_the_consent(shared: Served) -> None:
    browser = await opened(shared, signed_in=True)
    shared.clock.advance(minutes=15, seconds=1)
    client_id = (await shared.register())["client_id"]
    page = await browser.open(client_id)
    assert page.status_code == 200 and 'name="api_key"' in page.text


async def test_signing_out_ends_the_session(shared: Served) -> None:
    browser = await opened(shared, signed_in=True)
    secret = browser.http.cookies.get("__Host-session", domain="auth.example")
    await browser.get("/oauth/apps")
    done = await browser.post("/oauth/apps", {"csrf": browser.hidden("csrf"), "action": "sign-out"})
    assert "Signed out" in done.text
    again = shared.browser()
    again.http.cookies.set("__Host-session", str(secret))
    assert (await again.get("/oauth/apps")).status_code == 303


async def test_keys_are_tried_few_times_for_each_request_and_network(tmp_path: Path, clock: HeldClock) -> None:
    wrong = "sapi_key_" + "ab" * 31
    async with serving(file_url(tmp_path), clock, limits_enforced=True) as limited:
        one, other, third = await opened(limited), await opened(limited), await opened(limited)
        assert [(await one.sign_in(wrong)).status_code for _ in range(6)] == [401] * 5 + [429]
        # The refused one counted for the network: four more are its ten, and then no request there has a try left.
        assert [(await other.sign_in(wrong)).status_code for _ in range(4)] == [401] * 4
        refused = await third.sign_in(wrong)
        assert refused.status_code == 429 and 0 < int(refused.headers["retry-after"]) <= 600
        elsewhere = limited.browser("198.51.100.9")
        await elsewhere.open((await limited.register())["client_id"])
        assert (await elsewhere.sign_in()).status_code == 200


async def test_nothing_of_a_typed_key_comes_back_or_is_logged(shared: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    browser = await opened(shared)
    for wrong in ("sapi_key_" + "cd" * 31, "not a key <b>", "x" * 5000):
        page = await browser.sign_in(wrong)
        assert page.status_code == 401 and wrong[:60] not in page.text and wrong[:60] not in caplog.text
    assert (await browser.sign_in()).status_code == 200
    assert shared.local_key not in browser.page and shared.local_key not in caplog.text


@pytest.mark.parametrize("status", [503, 429, 404, 403, None])
async def test_an_api_that_does_not_answer_is_told_apart_from_a_wrong_key(shared: Served, status: int | None) -> None:
    browser, before = await opened(shared), shared.authority.upstream

    async def away(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status) if status is not None else await asyncio.Future()

    async def at_once(_seconds: float) -> None:
        return None

    async with httpx2.AsyncClient(base_url="http://api.test/v1", transport=httpx2.MockTransport(away)) as http:
        seconds = 5.0 if status is not None else 0.0
        shared.authority.upstream = RestUpstream(RestClient(http=http, wait=at_once), seconds=seconds)
        page = await browser.sign_in()
        shared.authority.upstream = before
    assert page.status_code == 503 and "does not answer" in page.text
    assert (await browser.sign_in()).status_code == 200
