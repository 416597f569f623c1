"""The HTTP app's guards, and a call through it with the SDK's own client."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from server.asgi import Limits, create_app
from server.callers import caller_of
from server.dispatch import build_server
from tests.server.standin import KEY, OTHER_KEY, StandIn
from tools.surfaces import CORE

pytestmark = pytest.mark.anyio

LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_brands", "arguments": {}}}
HEADERS = {"Authorization": f"Bearer {KEY}", "Accept": "application/json, text/event-stream"}


@asynccontextmanager
async def served(
    api: StandIn,
    *,
    limits: Limits | None = None,
    public_urls: Sequence[str] = (),
    embedded: ASGIApp | None = None,
    base_url: str = "http://127.0.0.1:8080",
) -> AsyncGenerator[httpx2.AsyncClient]:
    """An HTTP client of the running app."""
    async with api.client() as rest:
        app = create_app(build_server(rest), public_urls=public_urls, embedded=embedded, limits=limits)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=base_url) as http,
        ):
            yield http


async def test_health_needs_no_key() -> None:
    async with served(StandIn()) as http:
        response = await http.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("header", [
    None, "", "Bearer", "Bearer ", f"Basic {KEY}", KEY, f"Bearer {KEY}0", f"Bearer {KEY[:-1]}", f"Bearer {KEY} x",
    "Bearer sapi_key_" + "z" * 62, "Bearer " + KEY.upper(), f"Bearer\t{KEY}",
])  # fmt: skip
async def test_no_or_a_malformed_key_is_challenged(header: str | None) -> None:
    headers = HEADERS | {"Authorization": header} if header is not None else {"Accept": HEADERS["Accept"]}
    async with served(StandIn()) as http:
        response = await http.post("/mcp", json=LIST, headers=headers)
    assert response.status_code == 401
    challenge = response.headers["www-authenticate"]
    assert challenge.startswith('Bearer realm="socialapi-mcp"')
    assert ("error=" in challenge) is (header is not None)
    assert response.headers["content-type"] == "application/json"
    assert KEY not in response.text


def test_a_caller_is_known_by_a_name_that_is_not_the_key() -> None:
    first, second = caller_of(f"bearer  {KEY} "), caller_of(f"Bearer {OTHER_KEY}")
    assert first is not None and second is not None
    assert first.authorization == f"Bearer {KEY}"
    assert first.identity != second.identity
    assert KEY not in first.identity and KEY[9:25] not in first.identity


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
async def test_there_is_no_stream_to_keep_open_and_no_session_to_end(method: str) -> None:
    async with served(StandIn(), limits=Limits(max_calls_in_flight=1)) as http:
        response = await http.request(method, "/mcp", headers=HEADERS | {"Accept": "text/event-stream"})
        after = await http.post("/mcp", json=LIST, headers=HEADERS)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert "send each message by POST" in response.text
    assert after.status_code == 200


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_the_bound_is_refused(chunked: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 100

    async with served(StandIn(), limits=Limits(max_body_bytes=2000)) as http:
        content: Any = pieces() if chunked else b" " * 4000
        response = await http.post("/mcp", content=content, headers=HEADERS | {"Content-Type": "application/json"})
    assert response.status_code == 413


@pytest.mark.parametrize(("base_url", "public_urls", "allowed"), [
    ("http://127.0.0.1:8080", (), True),
    ("http://localhost:9", (), True),
    ("http://[::1]:9", (), True),
    ("http://evil.example", (), False),
    ("http://localhost.evil.example", (), False),
    ("https://mcp.example.org", ("https://mcp.example.org",), True),
    ("https://mcp.example.org:444", ("https://mcp.example.org",), False),
    ("https://other.example.org", ("https://mcp.example.org",), False),
    ("https://mcp.example.org", ("https://MCP.Example.org:443/",), True),
    ("http://mcp.example.org:81", ("http://mcp.example.org:81",), True),
    ("http://mcp.example.org", ("http://mcp.example.org:81",), False),
    ("http://[2001:db8::1]:8080", ("http://[2001:DB8::1]:8080",), True),
])  # fmt: skip
async def test_only_known_host_names_are_served(base_url: str, public_urls: tuple[str, ...], allowed: bool) -> None:
    async with served(StandIn(), public_urls=public_urls, base_url=base_url) as http:
        response = await http.post("/mcp", json=LIST, headers=HEADERS)
    assert response.status_code == (200 if allowed else 421)


@pytest.mark.parametrize(("origin", "allowed"), [
    ("https://mcp.example.org", True),
    ("http://localhost:5173", True),
    ("https://evil.example", False),
    ("null", False),
])  # fmt: skip
async def test_a_page_of_another_origin_is_refused(origin: str, allowed: bool) -> None:
    async with served(StandIn(), public_urls=["https://mcp.example.org"], base_url="https://mcp.example.org") as http:
        response = await http.post("/mcp", json=LIST, headers=HEADERS | {"Origin": origin})
    assert response.status_code == (200 if allowed else 403)


async def test_calls_in_flight_are_bounded_for_each_caller() -> None:
    started, release = asyncio.Semaphore(0), asyncio.Event()

    async def wait(_request: Request) -> Response:
        started.release()
        await release.wait()
        return JSONResponse({"data": []})

    async with served(StandIn(wait), limits=Limits(max_calls_in_flight=2)) as http, asyncio.timeout(10):
        running = [asyncio.create_task(http.post("/mcp", json=CALL, headers=HEADERS)) for _ in range(2)]
        for _ in running:
            await started.acquire()
        refused = await http.post("/mcp", json=CALL, headers=HEADERS)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        other = asyncio.create_task(
            http.post("/mcp", json=CALL, headers=HEADERS | {"Authorization": f"Bearer {OTHER_KEY}"})
        )
        await started.acquire()
        release.set()
        assert [(await task).status_code for task in [*running, other]] == [200, 200, 200]
        assert (await http.post("/mcp", json=CALL, headers=HEADERS)).status_code == 200


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_each_callers_own_key_goes_upstream(mode: Literal["auto", "legacy"]) -> None:
    api = StandIn()
    api.answers({"data": []})
    async with api.client() as rest:
        app = create_app(build_server(rest))
        async with app.router.lifespan_context(app):
            for key in (KEY, OTHER_KEY):
                async with (
                    httpx2.AsyncClient(
                        transport=httpx2.ASGITransport(app=app), headers={"Authorization": f"Bearer {key}"}
                    ) as http,
                    Client(streamable_http_client("http://127.0.0.1/mcp", http_client=http), mode=mode) as client,
                ):
                    assert len((await client.list_tools()).tools) == len(CORE)
                    assert not (await client.call_tool("list_brands", {})).is_error
    assert [seen.authorization for seen in api.seen] == [f"Bearer {KEY}", f"Bearer {OTHER_KEY}"]


async def test_white_space_around_header_values_is_taken_off() -> None:
    api = StandIn()
    api.answers({"data": []})
    async with served(api) as http:
        headers = {name: f" {value} \t" for name, value in HEADERS.items()}
        response = await http.post("/mcp", json=CALL, headers=headers)
    assert response.status_code == 200
    assert api.seen[0].authorization == f"Bearer {KEY}"


async def test_the_embedded_api_answers_beside_mcp_without_the_guard() -> None:
    async def path(request: Request) -> Response:
        return PlainTextResponse(request.url.path)

    embedded = Starlette(routes=[Route("/{path:path}", path)])
    async with served(StandIn(), embedded=embedded) as http:
        for address in ("/v1/posts", "/invite/abc", "/oauth/callback", "/connect/x"):
            assert (await http.get(address)).text == address
        assert (await http.get("/health")).json() == {"status": "ok"}
        assert (await http.post("/mcp", json=LIST)).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 200),
        ({"Origin": "http://127.0.0.1:8080"}, 200),
    ],
)
async def test_the_embedded_api_is_no_way_around_the_host_check(headers: dict[str, str], status: int) -> None:
    async def answer(_request: Request) -> Response:
        return PlainTextResponse("here")

    embedded = Starlette(routes=[Route("/{path:path}", answer)])
    async with served(StandIn(), embedded=embedded) as http:
        response = await http.get("/v1/brands", headers=headers)
    assert response.status_code == status
    if status != 200:
        assert response.json()["error"]["code"] == f"http.{status}"
        assert "--public-url" in response.json()["error"]["message"]


@pytest.mark.parametrize("body", ["[]", '"x"', " [1]", "5"])
async def test_what_is_no_message_is_refused_in_words(body: str) -> None:
    async with served(StandIn()) as http:
        response = await http.post("/mcp", content=body, headers=HEADERS | {"Content-Type": "application/json"})
    assert response.status_code == 400
    assert response.json()["error"] == {
        "code": -32600,
        "message": "send one JSON-RPC message, a JSON object; batches are not part of it",
    }


@pytest.mark.parametrize("same_client", [True, False])
async def test_a_cancellation_of_its_own_ends_the_request_to_the_api(same_client: bool) -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()
    release = asyncio.Event()

    async def hang(_request: Request) -> Response:
        started.set()
        try:
            await release.wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return JSONResponse({"data": []})

    cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1, "reason": "enough"}}
    async with served(StandIn(hang)) as http, asyncio.timeout(10):
        call = asyncio.create_task(http.post("/mcp", json=CALL, headers=HEADERS | {"User-Agent": "one"}))
        await started.wait()
        program = "one" if same_client else "another"
        told = await http.post("/mcp", json=cancel, headers=HEADERS | {"User-Agent": program})
        assert told.status_code == 202
        if same_client:
            await cancelled.wait()
            assert "cancelled by the client" in (await call).text
        else:
            release.set()
            assert "isError" in (await call).text
            assert not cancelled.is_set()


async def test_a_client_that_leaves_ends_the_request_to_the_api() -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def hang(_request: Request) -> Response:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    async with StandIn(hang).client() as rest:
        app = create_app(build_server(rest))
        gone = asyncio.Event()
        body = [json.dumps(CALL).encode()]

        async def receive() -> dict[str, Any]:
            if body:
                return {"type": "http.request", "body": body.pop(), "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(_message: Any) -> None:
            return None

        named = HEADERS | {"Host": "127.0.0.1", "Content-Type": "application/json"}
        scope = {
            "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "path": "/mcp",
            "raw_path": b"/mcp", "root_path": "", "query_string": b"", "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "headers": [(name.lower().encode(), value.encode()) for name, value in named.items()],
        }  # fmt: skip
        async with app.router.lifespan_context(app), asyncio.timeout(10):
            call = asyncio.create_task(app(scope, receive, send))
            await started.wait()
            gone.set()
            await cancelled.wait()
            await call
