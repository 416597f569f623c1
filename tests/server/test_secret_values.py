"""Secrets pass by the model: shown to the person alone, once, and typed by the person alone, for one call."""

import logging
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
from mcp import Client
from mcp.types import ElicitRequestURLParams, ElicitResult

from server.asgi import create_app
from server.asking import owner_of
from server.callers import Caller
from server.calls import Call, Services
from server.dispatch import build_server
from server.mode import Mode
from server.records import open_records
from server.secret_values import concealed
from server.settings import Settings
from tests.auth.authorities import ISSUER, Browser, file_url, serving
from tests.auth.doors import AtTheDoor, open_door
from tests.conftest import HeldClock
from tests.server.pages_of_people import decide, page_in, somebody_else, text_of, type_secret
from tests.server.standin import KEY, StandIn
from tests.server.standin import text_of as text_of_result
from tools.webhooks import CREATE_WEBHOOK

pytestmark = pytest.mark.anyio

TOKEN = "7001999:" + "bT" * 17
TELEGRAM = {"platform": "telegram", "brand_id": "b_empty"}
ALL = frozenset({"all"})


@pytest.fixture
async def door(tmp_path: Path, clock: HeldClock) -> AsyncIterator[AtTheDoor]:
    records = open_records(Settings(data_dir=tmp_path / "data"), clock=clock)
    async with serving(file_url(tmp_path), clock) as served, open_door(served, records=records) as opened:
        yield opened


async def reveal(browser: Browser, path: str) -> httpx2.Response:
    return await browser.post(path, {"csrf": browser.hidden("csrf"), "action": "show"})


def value_on(page: str) -> str:
    found = re.search(r'<code class="secret"[^>]*>([^<]*)</code>', page)
    assert found is not None, page
    return unescape(found[1])


def kept_in(folder: Path) -> bytes:
    """Everything that lies in the files of a folder."""
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.parametrize("way", ["sign-in", "key"])
async def test_a_new_key_is_read_by_its_person_and_by_nobody_and_nothing_else(
    door: AtTheDoor, way: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    token = door.served.local_key if way == "key" else (await door.served.tokens())["access_token"]
    made = await door.call(token, "create_key", name="Reports <b>", scopes=["posts:read"])
    assert not made["isError"] and "not shown to assistants" in made["structuredContent"]["raw_key"]
    again = await door.call(token, "create_key", name="Reports <b>", scopes=["posts:read"])
    assert page_in(again) == page_in(made) and "Not sent again" in text_of(again)
    browser = await door.signed_in()
    for _ in range(3):
        # A preview of the link, and a look at it: neither uses it up.
        await browser.http.head(page_in(made))
        offered = await browser.get(page_in(made))
        assert offered.status_code == 200 and "sapi_key_" not in offered.text and "Reports &lt;b&gt;" in offered.text
    key = value_on((await reveal(browser, page_in(made))).text)
    assert re.fullmatch(r"sapi_key_[0-9a-f]{62}", key)
    reads = await door.http.get("posts", headers={"Authorization": f"Bearer {key}"})
    assert reads.status_code == 200, "it is the key that was made"
    await door.services.records.close()
    for result in (made, again):
        assert key not in str(result) and key[9:] not in str(result)
    assert key not in caplog.text and key.encode() not in kept_in(tmp_path / "data")


async def test_it_is_shown_once(door: AtTheDoor) -> None:
    path = page_in(await door.call(door.served.local_key, "create_key", name="Once"))
    browser, second = await door.signed_in(), await door.signed_in()
    await second.get(path)
    await browser.get(path)
    assert "sapi_key_" in (await reveal(browser, path)).text
    late = await reveal(second, path)
    assert late.status_code == 410 and "shown already" in late.text and "sapi_key_" not in late.text
    gone = await browser.get(path)
    assert gone.status_code == 404 and "have it replaced" in gone.text


async def test_nobody_else_gets_it_and_after_a_quarter_of_an_hour_nobody(door: AtTheDoor, clock: HeldClock) -> None:
    path = page_in(await door.call(door.served.local_key, "create_key", name="Mine"))
    without = await door.program().get(path, headers={"Authorization": f"Bearer {door.served.local_key}"})
    assert without.status_code == 303 and "sapi_key_" not in without.text
    other = await somebody_else(door)
    assert (await other.get(path)).status_code == 404
    browser = await door.signed_in()
    await browser.get(path)
    assert (await door.program().post(path, data={"csrf": browser.hidden("csrf")})).status_code == 403
    clock.advance(minutes=15, seconds=1)
    over = await reveal(browser, path)
    assert over.status_code == 404 and "sapi_key_" not in over.text


async def test_who_replaces_the_key_that_the_call_is_made_with_does_not_lose_it(door: AtTheDoor) -> None:
    local = door.served.local_key
    browser = await door.signed_in()
    path = page_in(await door.call(local, "create_key", name="Desk"))
    await browser.get(path)
    own = value_on((await reveal(browser, path)).text)
    listed = await door.call(local, "list_keys")
    key_id = next(row["id"] for row in listed["structuredContent"]["data"] if "Desk" in row["name"])
    asked = await door.call(own, "rotate_key", key_id=key_id)
    await browser.get(page_in(asked))
    await decide(browser, page_in(asked))
    rotated = await door.call(own, "rotate_key", key_id=key_id)
    assert not rotated["isError"], text_of(rotated)
    await browser.get(page_in(rotated))
    new = value_on((await reveal(browser, page_in(rotated))).text)
    assert new != own and not (await door.call(new, "list_brands"))["isError"]


async def test_a_secret_is_found_wherever_it_stands(door: AtTheDoor) -> None:
    call = Call(services=door.services, caller=Caller(subject="usr_sample"), mode=Mode())
    secret = "whsec_0123456789"
    body = {"data": {"id": "wh_1", "secret": secret, "secret_hint": "6789"}, "message": f"Keep {secret}!", "n": None}
    found = await concealed(call, CREATE_WEBHOOK, body)
    assert secret not in str(found) and body["data"] == {"id": "wh_1", "secret": secret, "secret_hint": "6789"}
    assert found["data"]["id"] == "wh_1" and found["data"]["secret_hint"] == "6789" and found["n"] is None
    assert "/reveal/" in found["data"]["secret"] and found["message"] == "Keep …!"


async def test_over_stdio_the_answer_is_the_only_way() -> None:
    api = StandIn()
    api.answers({"id": "key_1", "name": "Reports", "raw_key": KEY})
    async with api.client() as rest:
        services = Services(rest=rest)
        async with Client(build_server(rest, Mode(toolsets=(ALL,)), services)) as client:
            result = await client.call_tool("create_key", {"name": "Reports"})
        await services.records.close()
    assert result.structured_content is not None and result.structured_content["raw_key"] == KEY


async def test_over_stdio_a_repetition_shows_it_again_and_no_file_holds_it(tmp_path: Path, clock: HeldClock) -> None:
    api = StandIn()
    api.answers({"id": "key_1", "name": "Reports", "raw_key": KEY})
    records = open_records(Settings(data_dir=tmp_path), clock=clock)
    async with api.client() as rest:
        services = Services(rest=rest, records=records)
        async with Client(build_server(rest, Mode(toolsets=(ALL,)), services)) as client:
            first = await client.call_tool("create_key", {"name": "Reports"})
            again = await client.call_tool("create_key", {"name": "Reports"})
        other = Services(rest=rest, records=records)
        async with Client(build_server(rest, Mode(toolsets=(ALL,)), other)) as client:
            elsewhere = await client.call_tool("create_key", {"name": "Reports"})
    await records.close()
    assert [seen.method for seen in api.seen].count("POST") == 1
    assert first.structured_content is not None and again.structured_content is not None
    assert first.structured_content["raw_key"] == again.structured_content["raw_key"] == KEY
    assert "Not sent again" in text_of_result(again)
    # Another process signs with a secret of its own where the folder cannot hold one.
    assert "Not sent again" in text_of_result(elsewhere) and KEY not in text_of_result(elsewhere)
    assert KEY.encode() not in kept_in(tmp_path) and b"raw_key" not in kept_in(tmp_path)


async def test_over_http_without_pages_nothing_is_made_that_a_model_would_see(door: AtTheDoor) -> None:
    services = replace(door.services, address=None)
    app = create_app(build_server(services.rest, Mode(), services), public_urls=[ISSUER])
    async with app.router.lifespan_context(app):
        result = await replace(door, app=app).call(door.served.local_key, "create_key", name="Nobody's")
    assert result["isError"] and "nobody can sign in here" in text_of(result)
    listed = await door.call(door.served.local_key, "list_keys")
    assert "Nobody's" not in text_of(listed)


@pytest.mark.parametrize("metadata", [
    {"bot_token": TOKEN}, '{"bot_token": "' + TOKEN + '"}', '  {"bot_token": "' + TOKEN + '", "x": 1}',
    {"bot_token": [TOKEN]}, {"bot_token": {"value": TOKEN}},
])  # fmt: skip
@pytest.mark.parametrize("runner", [False, True])
async def test_a_secret_among_the_arguments_is_refused_and_not_repeated(
    door: AtTheDoor, metadata: Any, runner: bool
) -> None:
    arguments = {**TELEGRAM, "metadata": metadata}
    tool, given = ("run_write_operation", {"name": "connect_account", "arguments": arguments})
    result = await door.call(door.served.local_key, *([tool] if runner else ["connect_account"]), **(
        given if runner else arguments
    ))  # fmt: skip
    assert result["isError"] and TOKEN not in str(result) and "renewed" in text_of(result)
    assert TOKEN not in door.upstream.text


async def test_what_the_person_typed_goes_to_the_api_once_and_nowhere_else(
    door: AtTheDoor, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    local = door.served.local_key
    asked = await door.call(local, "connect_account", **TELEGRAM)
    assert asked["isError"] and "bot_token" in text_of(asked)
    browser = await door.signed_in()
    page = await browser.get(page_in(asked))
    assert "Bot token of your Telegram bot" in page.text and "b_empty" in page.text
    # It cannot be agreed to without typing it.
    assert (await browser.get(page_in(asked).replace("/secrets/", "/approve/"))).status_code == 404
    empty = await type_secret(browser, page_in(asked), "   ")
    assert empty.status_code == 422
    assert (await type_secret(browser, page_in(asked), f" {TOKEN} ")).status_code == 303
    thanks = await browser.get(page_in(asked))
    assert "Go back to your assistant" in thanks.text and TOKEN not in thanks.text
    elsewhere = await door.call(local, "connect_account", platform="telegram", brand_id="b_fjord")
    assert elsewhere["isError"] and page_in(elsewhere) != page_in(asked), "it is for exactly one call"
    done = await door.call(local, "connect_account", **TELEGRAM)
    assert not done["isError"], text_of(done)
    assert door.upstream.text.count(TOKEN) == 1
    once_more = await door.call(local, "connect_account", **TELEGRAM)
    assert once_more["isError"] and "/secrets/" in text_of(once_more)
    assert "erased" in (await browser.get(page_in(asked))).text
    await door.services.records.close()
    for result in (asked, done, once_more, elsewhere):
        assert TOKEN not in str(result)
    assert TOKEN not in caplog.text and TOKEN.encode() not in kept_in(tmp_path / "data")


async def test_a_question_that_comes_between_does_not_make_the_person_type_it_twice(door: AtTheDoor) -> None:
    local, records = door.served.local_key, door.services.records
    owner = owner_of(f"Bearer {local}")
    await records.taint(owner, now=door.services.clock(), threads=[])
    browser = await door.signed_in()
    asked = await door.call(local, "connect_account", **TELEGRAM)
    await type_secret(browser, page_in(asked), TOKEN)
    confirm = await door.call(local, "connect_account", **TELEGRAM)
    assert "/approve/" in page_in(confirm)
    page = await browser.get(page_in(confirm))
    assert TOKEN not in page.text and "typed by the person" in page.text
    await decide(browser, page_in(confirm))
    done = await door.call(local, "connect_account", **TELEGRAM)
    assert not done["isError"], text_of(done)
    assert door.upstream.text.count(TOKEN) == 1


async def test_nobody_is_asked_for_a_secret_in_vain(door: AtTheDoor) -> None:
    local = door.served.local_key
    broken = await door.call(local, "connect_account", **TELEGRAM, colour="red")
    assert "colour" in text_of(broken) and "/secrets/" not in text_of(broken)
    other = await door.call(local, "connect_account", platform="threads", brand_id="b_empty")
    assert not other["isError"], text_of(other)
    reader = (await door.served.tokens(preset="Analyst", scopes=["posts:read"]))["access_token"]
    refused = await door.send(
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "connect_account", "arguments": TELEGRAM},
        },
        reader,
    )
    assert "/secrets/" not in refused.text


async def test_a_person_who_does_not_want_to_is_asked_anew_only_by_another_page(door: AtTheDoor) -> None:
    local = door.served.local_key
    path = page_in(await door.call(local, "connect_account", **TELEGRAM))
    browser = await door.signed_in()
    await browser.get(path)
    await decide(browser, path, "refuse")
    assert "You refused" in (await browser.get(path)).text
    assert (await type_secret_again(browser, path)).status_code in {303, 403}
    again = await door.call(local, "connect_account", **TELEGRAM)
    assert again["isError"] and page_in(again) != path


async def type_secret_again(browser: Browser, path: str) -> httpx2.Response:
    """Post a form that was kept, whose page is over."""
    return await browser.http.post(path, data={"csrf": "0" * 64, "decision": "give", "secret-1": TOKEN})


async def test_whoever_runs_the_server_may_let_models_write_secrets(door: AtTheDoor) -> None:
    async with open_door(door.served, mode=Mode(allow_secret_arguments=True)) as allowing:
        done = await allowing.call(door.served.local_key, "connect_account", **TELEGRAM, metadata={"bot_token": TOKEN})
        assert not done["isError"], text_of(done)


async def test_without_pages_the_way_to_allow_it_is_said(clock: HeldClock) -> None:
    api = StandIn()
    api.answers({})
    async with api.client() as rest, Client(build_server(rest, Mode(toolsets=(ALL,)))) as client:
        for arguments in ({"client_id": "abc"}, {"client_id": "abc", "client_secret": "hush-hush"}):
            result = await client.call_tool("set_x_credentials", arguments)
            assert result.is_error and "--allow-secret-arguments" in text_of_result(result)
            assert "hush-hush" not in text_of_result(result)
    assert api.seen == []


@pytest.mark.parametrize("era", ["auto", "legacy"])
@pytest.mark.parametrize("does", ["types it", "only looks", "declines"])
async def test_a_client_that_opens_pages_opens_it(door: AtTheDoor, era: Literal["auto", "legacy"], does: str) -> None:
    opened: list[str] = []
    browser = await door.signed_in()

    async def at_the_client(context: Any, params: Any) -> ElicitResult:
        assert isinstance(params, ElicitRequestURLParams) and TOKEN not in params.message
        opened.append(str(params.url))
        if does == "types it":
            await type_secret(browser, str(params.url).removeprefix("https://auth.example"), TOKEN)
        return ElicitResult(action="decline" if does == "declines" else "accept")

    server = build_server(door.services.rest, Mode(toolsets=(ALL,)), door.services)
    door.http.headers["Authorization"] = f"Bearer {door.served.local_key}"
    async with Client(server, mode=era, elicitation_callback=at_the_client) as client:
        result = await client.call_tool("connect_account", TELEGRAM)
    assert len(opened) == 1
    assert result.is_error is (does != "types it"), text_of_result(result)
    if does == "only looks":
        assert opened[0] in text_of_result(result)
    if does == "declines":
        assert "did not want" in text_of_result(result)
