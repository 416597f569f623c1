"""What /mcp tells those whom it does not let in, what it lets through, and what of a caller goes on to the API."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import httpx2
import pytest
from starlette.types import Receive, Send
from starlette.types import Scope as Request

from auth.records import Unavailable
from auth.scopes import Scope
from server.asgi import Limits, McpGuard
from server.door import SignIn
from tests.auth.authorities import ISSUER, MCP, MINUTE, file_url, serving
from tests.auth.doors import LIST, AtTheDoor, call, open_door, result_of
from tests.auth.forging import decoded
from tests.conftest import HeldClock
from tests.server.standin import refusal

pytestmark = pytest.mark.anyio

METADATA = f'resource_metadata="{ISSUER}/.well-known/oauth-protected-resource/mcp"'


@pytest.fixture(scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AtTheDoor]:
    async with serving(file_url(tmp_path_factory.mktemp("auth")), HeldClock()) as served, open_door(served) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _fresh(door: AtTheDoor) -> None:
    door.upstream.requests.clear()
    door.upstream.instead = None


async def token(door: AtTheDoor, *scopes: str, **more: Any) -> str:
    """An access token for these scopes."""
    tokens = await door.served.tokens(scopes=list(scopes), **more)
    return str(tokens["access_token"])


async def test_who_brings_nothing_is_shown_the_way_without_an_error(door: AtTheDoor) -> None:
    response = await door.send(LIST, None)
    challenge = response.headers["www-authenticate"]
    assert response.status_code == 401 and challenge.startswith("Bearer ") and METADATA in challenge
    assert "error" not in challenge and 'scope="accounts:read ' in challenge
    assert "WWW-Authenticate" in response.headers["access-control-expose-headers"]
    document = await door.program().get(challenge.partition('resource_metadata="')[2].partition('"')[0])
    assert document.json()["resource"] == MCP


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer x y", "Basic YTpi", "x", "Bearer not.a.token", "Bearer é"]
)
async def test_what_is_no_token_is_invalid(door: AtTheDoor, header: str) -> None:
    headers = [(b"authorization", header.encode()), (b"accept", b"application/json, text/event-stream")]
    response = await door.program().post("/mcp", json=LIST, headers=headers)
    challenge = response.headers["www-authenticate"]
    assert response.status_code == 401 and 'error="invalid_token"' in challenge and METADATA in challenge
    assert header[7:] not in response.text or not header[7:].strip()


async def test_a_token_is_taken_from_the_header_alone(door: AtTheDoor) -> None:
    access = await token(door, "accounts:read")
    by_query = await door.program().post(f"/mcp?access_token={access}", json=LIST, headers=door.headers)
    cookies = {**door.headers, "Cookie": f"access_token={access}"}
    by_cookie = await door.program().post("/mcp", json=LIST, headers=cookies)
    by_body = await door.program().post("/mcp", data={"access_token": access}, headers=door.headers)
    assert {by_query.status_code, by_cookie.status_code, by_body.status_code} == {401}
    for scheme in ("bearer", "BEARER", "Bearer"):
        headers = {**door.headers, "Authorization": f"{scheme} {access}"}
        assert (await door.program().post("/mcp", json=LIST, headers=headers)).status_code == 200


async def test_a_token_ends_with_its_time_and_with_its_grant(door: AtTheDoor) -> None:
    expired, revoked = await token(door, "accounts:read"), await token(door, "accounts:read")
    assert (await door.send(LIST, revoked)).status_code == 200
    await door.served.authority.revoke(decoded(revoked)[1]["gid"], because="test")
    assert (await door.send(LIST, revoked)).status_code == 401
    door.served.clock.advance(minutes=60, seconds=30)
    assert (await door.send(LIST, expired)).status_code == 401


async def test_the_list_holds_what_the_token_allows(door: AtTheDoor) -> None:
    reads = await door.tools(await token(door, "posts:read"))
    assert "list_posts" in reads and not {"create_post", "list_conversations", "create_key"} & reads
    everything = await door.tools(await token(door, *_all(), preset="Admin"))
    assert {"list_posts", "create_post", "list_conversations", "create_key"} <= everything


def _all() -> list[str]:
    return [str(scope) for scope in Scope]


async def test_a_call_beyond_the_grant_is_a_403_before_anything_happens(door: AtTheDoor) -> None:
    access = await token(door, "posts:read", "accounts:read")
    for message in (
        call("create_post", text="no", account_ids=["a"]),
        call("list_conversations"),
        call("list_brands") | {"params": {"name": "list_webhooks", "arguments": "not even an object"}},
    ):
        response = await door.send(message, access)
        challenge = response.headers["www-authenticate"]
        assert response.status_code == 403 and 'error="insufficient_scope"' in challenge and METADATA in challenge
    assert door.upstream.requests == []


async def test_the_challenge_names_every_scope_to_ask_for(door: AtTheDoor) -> None:
    access = await token(door, "posts:read", "accounts:read")
    challenge = (await door.send(call("create_post", text="no"), access)).headers["www-authenticate"]
    assert 'scope="accounts:read posts:read posts:write"' in challenge
    again = await token(door, "accounts:read", "posts:read", "posts:write", preset="Publisher")
    assert (await door.send(call("create_post", text="no"), again)).status_code == 200


async def test_what_only_unrestricted_keys_may_needs_the_broad_scope(door: AtTheDoor) -> None:
    response = await door.send(call("create_key", name="x"), await token(door, "posts:read"))
    assert response.status_code == 403 and 'scope="social:all"' in response.headers["www-authenticate"]


async def test_a_resource_is_read_under_the_scope_of_its_tool(door: AtTheDoor) -> None:
    templates = result_of(
        await door.send(
            {"jsonrpc": "2.0", "id": 1, "method": "resources/list", "params": {}}, await token(door, *_all())
        )
    )
    uris = [str(one["uri"]) for one in templates["resources"]]
    assert uris
    access = await token(door, "webhooks:manage", preset="Admin")
    statuses = set()
    for uri in uris:
        message = {"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": uri}}
        statuses.add((await door.send(message, access)).status_code)
    assert 403 in statuses


async def test_an_upstream_that_refuses_the_key_sends_the_client_to_sign_in_again(door: AtTheDoor) -> None:
    tokens = await door.served.tokens(scopes=["accounts:read"])
    access = tokens["access_token"]
    door.upstream.instead = lambda _request: httpx2.Response(401, json=refusal("auth.invalid_key", "unknown key"))
    response = await door.send(call("list_brands"), access)
    assert response.status_code == 401 and 'error="invalid_token"' in response.headers["www-authenticate"]
    door.upstream.instead = None
    assert (await door.send(LIST, access)).status_code == 401
    refused = await door.served.refresh(tokens["client_id"], tokens["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"


async def test_a_refused_key_is_noted_also_where_an_answer_has_begun(door: AtTheDoor) -> None:
    """A slow call is kept alive by signs of life, after which no status can be sent."""
    access = await token(door, "accounts:read")

    async def slow(scope: Request, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b": ping", "more_body": True})
        scope["state"]["caller"].outcome.is_key_refused = True
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    guard = McpGuard(slow, Limits(), SignIn(door.served.authority, MCP))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=guard), base_url=ISSUER) as program:
        answers = [
            await program.post("/mcp", json=LIST, headers={"Authorization": f"Bearer {access}"}) for _ in range(2)
        ]
    assert [one.status_code for one in answers] == [200, 401]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
async def test_an_upstream_that_is_away_is_an_error_of_the_tool(door: AtTheDoor, status: int) -> None:
    access = await token(door, "accounts:read")
    door.upstream.instead = lambda _request: httpx2.Response(status, json=refusal("server.down", "later"))
    result = result_of(await door.send(call("list_brands"), access))
    assert result["isError"] is True
    door.upstream.instead = None
    assert not result_of(await door.send(call("list_brands"), access)).get("isError")


async def test_an_upstream_that_cannot_be_reached_is_an_error_of_the_tool(door: AtTheDoor) -> None:
    access = await token(door, "accounts:read")

    def away(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("away", request=request)

    door.upstream.instead = away
    assert result_of(await door.send(call("list_brands"), access))["isError"] is True


async def test_a_database_that_is_away_is_a_503_and_not_a_401(door: AtTheDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    access = await token(door, "accounts:read")

    async def away(_grant_id: str) -> None:
        raise Unavailable("the database is away")

    monkeypatch.setattr(door.served.authority.store, "find_grant", away)
    response = await door.send(LIST, access)
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert "www-authenticate" not in response.headers and "database" not in response.text
    monkeypatch.undo()
    assert (await door.send(LIST, access)).status_code == 200


async def test_each_grant_reaches_the_api_with_its_own_key_and_nothing_else(door: AtTheDoor) -> None:
    tokens = [await token(door, "accounts:read") for _ in range(2)]
    for access in tokens:
        assert not result_of(await door.send(call("list_brands"), access)).get("isError")
    keys = {request.headers["authorization"] for request in door.upstream.requests}
    assert len(keys) == 2 and all(key.startswith("Bearer sapi_key_") for key in keys)
    assert not any(access in door.upstream.text for access in tokens)
    assert f"Bearer {door.served.local_key}" not in keys


async def test_an_api_key_is_welcome_where_the_operator_says_so(door: AtTheDoor) -> None:
    key = door.served.local_key
    assert "create_key" in await door.tools(key)
    async with open_door(door.served, accepts_keys=False) as strict:
        response = await strict.send(LIST, key)
        assert response.status_code == 401 and 'error="invalid_token"' in response.headers["www-authenticate"]
        assert key not in response.text
        assert (await strict.send(LIST, await token(door, "accounts:read"))).status_code == 200


async def test_a_refresh_token_a_code_or_a_secret_is_no_access_token(door: AtTheDoor) -> None:
    tokens = await door.served.tokens()
    for other in (tokens["refresh_token"], "ac_" + "x" * 43, "cs_" + "x" * 43):
        assert (await door.send(LIST, other)).status_code == 401


async def test_a_drafter_prepares_and_never_publishes(door: AtTheDoor) -> None:
    access = await token(door, "posts:read", "posts:write", "accounts:read", preset="Drafter")
    result = result_of(await door.send(call("create_post", text="x", publish_now=True), access))
    assert result["isError"] is True
    assert not [one for one in door.upstream.requests if one.method == "POST"]


async def test_a_drafter_is_shown_what_is_of_use_for_drafts(door: AtTheDoor) -> None:
    tools = await door.tools(await token(door, "posts:read", "posts:write", "media:write", preset="Drafter"))
    assert {"create_post", "update_post", "delete_post", "validate_post", "list_posts", "upload_media"} <= tools
    assert not {"publish_post", "retry_post", "import_posts", "unpublish_post"} & tools
    everybody = await door.tools(await token(door, "posts:read", "posts:write", "media:write", preset="Publisher"))
    assert {"publish_post", "retry_post", "import_posts", "unpublish_post"} <= everybody


@pytest.mark.parametrize("changes", [False, True])
async def test_a_drafter_plans_nothing_by_the_time_of_a_target(door: AtTheDoor, changes: bool) -> None:
    access = await token(door, "posts:read", "posts:write", "accounts:read", preset="Drafter")
    draft = result_of(await door.send(call("create_post", text="x"), access))["structuredContent"]
    door.upstream.requests.clear()
    at_once = (door.served.clock.now() + MINUTE).isoformat()
    target = {"account_id": "acc_aurora_threads", "scheduled_at": at_once}
    tool, more = ("update_post", {"post_id": draft["id"]}) if changes else ("create_post", {"text": "y"})
    result = result_of(await door.send(call(tool, targets=[target], **more), access))
    assert result["isError"] is True and "drafts" in result["content"][0]["text"]
    assert not [one for one in door.upstream.requests if one.method != "GET"]


async def test_a_body_that_is_on_its_way_takes_a_place_of_its_caller(door: AtTheDoor) -> None:
    access = await token(door, "posts:read")
    is_asked_for, may_end = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncGenerator[bytes]:
        yield b"{"
        is_asked_for.set()
        await may_end.wait()
        yield b"}"

    async with open_door(door.served, limits=Limits(max_calls_in_flight=1)) as narrow, asyncio.timeout(30):
        headers = {**narrow.headers, "Authorization": f"Bearer {access}"}
        first = asyncio.create_task(narrow.program().post("/mcp", content=slowly(), headers=headers))
        await is_asked_for.wait()
        assert (await narrow.send(LIST, access)).status_code == 429
        may_end.set()
        assert (await first).status_code == 400
        assert (await narrow.send(LIST, access)).status_code == 200


async def test_a_cancellation_that_is_nested_without_end_is_refused_in_words(door: AtTheDoor) -> None:
    body = b'{"method":"notifications/cancelled","params":' + b"[" * 1900
    headers = {**door.headers, "Content-Type": "application/json", "Authorization": f"Bearer {door.served.local_key}"}
    assert (await door.program().post("/mcp", content=body, headers=headers)).status_code == 400
