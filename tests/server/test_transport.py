"""The network transport against real sockets, and the transport that is made at first use."""

import asyncio
import gzip
import logging
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest
from aiohttp import web

from localapi.app import EmbeddedApi, Options
from server.transport import AiohttpTransport, LazyTransport, Uninterrupted
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def listening(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]], *, read_timeout: float = 5
) -> AsyncGenerator[httpx2.AsyncClient]:
    """A client of a server on a real socket."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        async with httpx2.AsyncClient(
            base_url=f"http://{host}:{port}", transport=AiohttpTransport(), timeout=httpx2.Timeout(read_timeout)
        ) as client:
            yield client
    finally:
        await runner.cleanup()


async def test_method_path_query_headers_and_body_arrive_unchanged() -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.json_response(
            {
                "line": f"{request.method} {request.raw_path}",
                "key": request.headers["Authorization"],
                "body": (await request.read()).decode(),
            },
            status=201,
        )

    async with listening(echo) as client:
        response = await client.post(
            str(client.base_url).rstrip("/") + "/v1/a%2Fb/%2E%2E/c",
            params={"q": "a b&c"},
            json={"é": 1},
            headers={"Authorization": "Bearer x"},
        )
    assert response.status_code == 201
    assert response.json()["line"].startswith("POST /v1/a%2Fb/%2E%2E/c?q=a")
    assert response.json()["key"] == "Bearer x"
    assert response.json()["body"] == '{"é":1}'


async def test_a_compressed_answer_is_decoded_once() -> None:
    async def compressed(_request: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(b'{"a":1}'), headers={"Content-Encoding": "gzip"})

    async with listening(compressed) as client:
        assert (await client.get("/")).json() == {"a": 1}


async def test_cookies_are_not_kept_and_redirects_not_followed() -> None:
    cookies: list[str | None] = []

    async def redirect(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        return web.Response(status=302, headers={"Location": "/elsewhere", "Set-Cookie": "a=1"})

    async with listening(redirect) as client:
        for _ in range(2):
            client.cookies.clear()
            response = await client.get("/")
            assert (response.status_code, response.headers["location"]) == (302, "/elsewhere")
    assert cookies == [None, None]


async def test_a_refused_connection_is_a_connect_error() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    async with httpx2.AsyncClient(transport=AiohttpTransport()) as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get(f"http://127.0.0.1:{port}/")


async def test_an_unknown_host_is_a_connect_error() -> None:
    async with httpx2.AsyncClient(transport=AiohttpTransport()) as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get("http://no-such-host.invalid/")


async def test_an_answer_that_does_not_come_is_a_read_timeout() -> None:
    async def hang(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with listening(hang, read_timeout=0.05) as client:
        with pytest.raises(httpx2.ReadTimeout):
            await client.get("/")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_broken_connection_is_a_read_error_and_no_write_is_sent_twice(method: str) -> None:
    count = 0

    async def drop(request: web.Request) -> web.Response:
        nonlocal count
        count += 1
        if count > 1:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(text="ok")

    async with listening(drop) as client:
        # The first exchange leaves a connection in the pool, which the second uses.
        assert (await client.request(method, "/")).status_code == 200
        with pytest.raises(httpx2.ReadError):
            await client.request(method, "/")
    assert count == 2


async def test_a_read_on_a_connection_that_broke_in_the_pool_is_sent_again() -> None:
    count = 0

    async def drop_second(request: web.Request) -> web.Response:
        nonlocal count
        count += 1
        if count == 2:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(text="ok")

    async with listening(drop_second) as client:
        assert [(await client.get("/")).status_code for _ in range(2)] == [200, 200]
    assert count == 3


async def test_an_answer_cut_short_is_a_read_error() -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.close()
        return response

    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
    async with listening(cut) as client:
        with pytest.raises(httpx2.ReadError):
            await client.get("/")


async def test_cancelling_closes_the_connection() -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def hang(_request: web.Request) -> web.Response:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    async with listening(hang) as client, asyncio.timeout(5):
        call = asyncio.create_task(client.get("/"))
        await started.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await ended.wait()


def _answering(status: int) -> httpx2.MockTransport:
    return httpx2.MockTransport(lambda _request: httpx2.Response(status))


async def test_a_lazy_transport_is_made_once_by_the_first_request() -> None:
    made = 0
    may_finish = asyncio.Event()

    async def make() -> httpx2.AsyncBaseTransport:
        nonlocal made
        made += 1
        await may_finish.wait()
        return _answering(204)

    async with httpx2.AsyncClient(transport=LazyTransport(make)) as client, asyncio.timeout(5):
        assert made == 0
        calls = [asyncio.create_task(client.get("http://x/")) for _ in range(3)]
        await asyncio.sleep(0)
        may_finish.set()
        assert [(await call).status_code for call in calls] == [204, 204, 204]
    assert made == 1


async def test_cancelling_the_first_request_does_not_stop_the_making() -> None:
    made, stopped = 0, False
    entered, may_finish = asyncio.Event(), asyncio.Event()

    async def make() -> httpx2.AsyncBaseTransport:
        nonlocal made, stopped
        made += 1
        entered.set()
        try:
            await may_finish.wait()
        except asyncio.CancelledError:
            stopped = True
            raise
        return _answering(204)

    async with httpx2.AsyncClient(transport=LazyTransport(make)) as client, asyncio.timeout(5):
        first = asyncio.create_task(client.get("http://x/"))
        await entered.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        may_finish.set()
        assert (await client.get("http://x/")).status_code == 204
    assert (made, stopped) == (1, False)


async def test_after_a_failed_making_the_next_request_tries_again() -> None:
    made = 0

    async def make() -> httpx2.AsyncBaseTransport:
        nonlocal made
        made += 1
        if made == 1:
            raise OSError("the disk is full")
        return _answering(204)

    async with httpx2.AsyncClient(transport=LazyTransport(make)) as client:
        with pytest.raises(OSError, match="disk"):
            await client.get("http://x/")
        assert (await client.get("http://x/")).status_code == 204


async def test_whoever_goes_away_does_not_end_a_statement_of_the_embedded_api(clock: HeldClock) -> None:
    api = await EmbeddedApi.start(Options(memory=True, with_jobs=False), clock=clock)
    headers = {"Authorization": f"Bearer {api.sample_key}"}
    try:
        async with httpx2.AsyncClient(
            transport=Uninterrupted(api.app), base_url="http://local/v1", headers=headers
        ) as client:
            for steps in range(0, 120, 3):
                task = asyncio.create_task(client.post("/posts", json={"text": f"After {steps} steps"}))
                for _ in range(steps):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait([task])
            answer = await client.get("/posts", params={"limit": 100})
            assert answer.status_code == 200, "in memory, an interrupted connection takes all tables with it"
            assert sum(row["text"].startswith("After") for row in answer.json()["data"]) > 0
    finally:
        await api.close()
