"""How requests leave: over the network through aiohttp behind httpx2's interface, or into the embedded API."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import httpx2

if TYPE_CHECKING:
    import aiohttp

CONNECTIONS = 100


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """The network. aiohttp takes a third of the processor time of httpx2's own transport at many calls in flight."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """One exchange, read whole; raises httpx2's own errors. Cancelling it closes the connection."""
        import aiohttp

        timeout = request.extensions.get("timeout", {})
        limits = aiohttp.ClientTimeout(
            total=None, connect=timeout.get("pool"), sock_connect=timeout.get("connect"), sock_read=timeout.get("read")
        )
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                # The answer is passed on as it came; httpx2 decodes it.
                auto_decompress=False,
                middlewares=(_never_twice,),
            )
        # What comes piece by piece, such as a film, is not gathered in memory.
        comes_whole = isinstance(request.stream, httpx2.SyncByteStream)
        body = await request.aread() if comes_whole else request.stream
        try:
            async with self._session.request(
                request.method,
                # Sent as httpx2 has escaped it: yarl would resolve an escaped dot.
                _url(str(request.url)),
                headers=request.headers.multi_items(),
                data=body or None,
                timeout=limits,
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Content-Type", "Accept"),
            ) as response:
                content = await response.read()
                return httpx2.Response(
                    response.status,
                    headers=[(name, value) for name, value in response.raw_headers],
                    content=content,
                    request=request,
                )
        except aiohttp.ConnectionTimeoutError as error:
            raise httpx2.ConnectTimeout("connecting took too long", request=request) from error
        except (aiohttp.ServerTimeoutError, TimeoutError) as error:
            raise httpx2.ReadTimeout("the answer took too long", request=request) from error
        except (aiohttp.ClientConnectorError, ssl.SSLError) as error:
            raise httpx2.ConnectError("no connection", request=request) from error
        except (aiohttp.ClientError, OSError) as error:
            raise httpx2.ReadError("the connection broke", request=request) from error

    async def aclose(self) -> None:
        """Close the pooled connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _never_twice(request: "aiohttp.ClientRequest", send: "aiohttp.ClientHandlerType") -> "aiohttp.ClientResponse":
    """Keep aiohttp from repeating a PUT or DELETE when a pooled connection breaks: it may have been carried out."""
    import aiohttp

    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method == "GET":
            raise
        # aiohttp repeats after exactly the two errors caught here.
        raise aiohttp.ClientConnectionError("the connection broke") from error


def _url(address: str) -> Any:
    from yarl import URL

    return URL(address, encoded=True)


class LazyTransport(httpx2.AsyncBaseTransport):
    """A transport that is made when the first request comes, so that start-up does not wait for it."""

    def __init__(self, make: Callable[[], Awaitable[httpx2.AsyncBaseTransport]]) -> None:
        self._make = make
        self._making: asyncio.Task[httpx2.AsyncBaseTransport] | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass it on."""
        if self._making is None or (self._making.done() and not self._is_made(self._making)):
            self._making = asyncio.create_task(self._start())
        # A request that is cancelled must not stop what the others wait for.
        made = await asyncio.shield(self._making)
        return await made.handle_async_request(request)

    async def _start(self) -> httpx2.AsyncBaseTransport:
        return await self._make()

    @staticmethod
    def _is_made(making: "asyncio.Task[httpx2.AsyncBaseTransport]") -> bool:
        return not making.cancelled() and making.exception() is None

    async def aclose(self) -> None:
        """Close what was made; stop what is being made."""
        if self._making is None:
            return
        self._making.cancel()
        await asyncio.wait([self._making])
        if self._is_made(self._making):
            await self._making.result().aclose()


class Uninterrupted(httpx2.AsyncBaseTransport):
    """Calls the embedded API in a task of its own, which comes to its end whatever becomes of the caller.

    As over a network: a statement that is cancelled costs the connection, and in memory every table with it.
    """

    def __init__(self, app: Any) -> None:
        self._inner = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        self._running = set[asyncio.Task[httpx2.Response]]()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass it on, and wait as long as the caller does."""
        task = asyncio.create_task(self._inner.handle_async_request(request))
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[httpx2.Response]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            # Retrieved, so that nothing complains that nobody waits any more.
            task.exception()

    async def aclose(self) -> None:
        """Wait for what is still on its way: the database is closed next."""
        await asyncio.gather(*self._running, return_exceptions=True)
