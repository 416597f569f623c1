"""The HTTP app: /mcp with its guards, the embedded API beside it, health."""

import contextlib
import json
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any

from mcp.server import Server
from mcp.server.transport_security import TransportSecuritySettings
from sse_starlette.sse import AppStatus
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auth.routes import Served
from server import welcome
from server.callers import Caller
from server.door import Door, KeysOnly, Turned
from server.hosts import HostGuard, allowed
from server.running import Running, calling

MAX_PEEKED_BYTES = 2048
"""A cancellation is an id and a reason; larger messages are not looked into."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of one process."""

    max_body_bytes: int = 8 * 1024 * 1024
    max_calls_in_flight: int = 16
    """For each caller; beyond it a call is refused with 429."""


def create_app(
    server: Server[Any],
    *,
    public_urls: Sequence[str] = (),
    embedded: ASGIApp | None = None,
    limits: Limits | None = None,
    door: Door | None = None,
    sign_in: Sequence[BaseRoute] = (),
    metrics: Sequence[BaseRoute] = (),
    page: welcome.Page | None = None,
) -> Starlette:
    """Streamable HTTP at /mcp, stateless, for both protocol eras.

    Args:
        server: the MCP server.
        public_urls: addresses that the server is reached at besides loopback; their hosts and origins are allowed.
        embedded: the embedded REST API, which answers everything that is not /mcp or /health.
        limits: bounds on bodies and calls.
        door: who is let in at /mcp; by default everybody with an API key.
        sign_in: the routes of the authorization server.
        metrics: what is read by whatever name the reader has for this machine, as it shows a token.
        page: for who opens an address of this server in a browser.
    """
    # A stream here lasts as long as one call, which may still end when the server is told to stop; uvicorn bounds it.
    AppStatus.enable_automatic_graceful_drain = False
    limits = limits or Limits()
    names = allowed(public_urls)
    inner = server.streamable_http_app(
        stateless_http=True,
        max_request_body_size=limits.max_body_bytes,
        transport_security=names,
    )
    guarded = McpGuard(inner, limits, door or KeysOnly(), page)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        async with server.session_manager.run():
            yield

    async def health(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    routes: list[Any] = [
        Route("/health", health),
        Route("/mcp", guarded),
        Route("/mcp/x/{toolsets}", guarded),
        *metrics,
    ]
    if page is not None:
        sign_in = [*sign_in, *welcome.routes(page)]
    if sign_in:
        # Its own routes judge origins: programs may call from any page, forms come from this server's pages only.
        routes += [_hosted(route, names) for route in sign_in]
    app = Served(routes=routes, lifespan=lifespan)
    if embedded is not None:
        app.router.default = HostGuard(embedded, names)
    return app


def create_api(
    embedded: ASGIApp,
    *,
    public_urls: Sequence[str],
    sign_in: Sequence[BaseRoute] = (),
    metrics: Sequence[BaseRoute] = (),
) -> Starlette:
    """The embedded REST API alone, with the routes of its authorization server."""
    names = allowed(public_urls)
    hosted = [_hosted(route, names) for route in sign_in]
    app = Served(routes=[*metrics, *hosted])
    # Not mounted at /: a mount knows no path with a line break in it.
    app.router.default = HostGuard(embedded, names)
    return app


def _hosted(route: BaseRoute, names: TransportSecuritySettings) -> BaseRoute:
    """The route, answering to this server's own names only."""
    if isinstance(route, Route):
        route.app = HostGuard(route.app, names, judges_origins=False)
    return route


class McpGuard:
    """In front of /mcp: who calls, how large, how many at once."""

    def __init__(self, app: ASGIApp, limits: Limits, door: Door, page: welcome.Page | None = None) -> None:
        self._app, self._limits, self._door, self._page = app, limits, door, page
        self._in_flight: Counter[str] = Counter()
        self._running = Running()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401, 413 or 429, or pass the request on with its caller."""
        # httptools keeps white space after a value, which the protocol's header checks then refuse.
        scope["headers"] = [(name, value.strip()) for name, value in scope["headers"]]
        headers = dict(scope["headers"])
        authorization = headers.get(b"authorization")
        admitted = await self._door.admit(None if authorization is None else authorization.decode("latin-1"))
        host = headers.get(b"host", b"").decode("latin-1")
        if isinstance(admitted, Turned):
            turned = self._door.addressed(admitted, host, scope["path"])
            if self._page is not None and welcome.is_for_a_person(scope["method"], headers.get(b"accept")):
                path = str(scope.get("state", {}).get("path") or scope["path"])
                told = {name.decode(): value.decode() for name, value in turned.headers}
                page = self._page.answer(path, turned.status, told)
                await page(scope, receive, send)
                return
            await _turn(send, turned)
            return
        caller = admitted
        if scope["method"] != "POST":
            # Stateless: there is nothing to listen to and no session to end, and a stream kept open for nothing would
            # take one of the caller's places (Streamable HTTP, "Listening for Messages from the Server").
            await _answer(send, 405, "this server keeps no sessions: send each message by POST", (b"allow", b"POST"))
            return
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._limits.max_body_bytes:
            await _answer(send, 413, f"the body is over {self._limits.max_body_bytes} bytes; upload files by address")
            return
        if self._in_flight[caller.identity] >= self._limits.max_calls_in_flight:
            await _answer(
                send,
                429,
                f"{self._limits.max_calls_in_flight} calls of yours are running; wait for one to end",
                (b"retry-after", b"1"),
            )
            return
        # Counted from here on: a body that is still on its way takes memory, too.
        self._in_flight[caller.identity] += 1
        try:
            await self._take(caller, scope, receive, send)
        finally:
            self._in_flight[caller.identity] -= 1
            if not self._in_flight[caller.identity]:
                del self._in_flight[caller.identity]

    async def _take(self, caller: Caller, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        if self._door.reads_bodies and caller.scopes is not None:
            body, receive = await _whole(receive, self._limits.max_body_bytes)
            turned = self._door.admits_message(caller, _parsed(body))
            if turned is not None:
                await _turn(send, self._door.addressed(turned, host, scope["path"]))
                return
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and 0 < int(length) <= MAX_PEEKED_BYTES:
            body, receive = await _peeked(receive)
            if body and not body.startswith(b"{"):
                await _answer(send, 400, "send one JSON-RPC message, a JSON object; batches are not part of it")
                return
            if b'"notifications/cancelled"' in body:
                with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
                    self._running.cancel(calling(scope, caller, json.loads(body)["params"]["requestId"]))
        scope.setdefault("state", {})
        scope["state"] = {**scope["state"], "caller": caller, "running": self._running, "path": scope["path"]}
        # The SDK serves one path; which view of it was asked for is the mode's to know.
        scope = {**scope, "path": "/mcp", "raw_path": b"/mcp"}
        held = send if caller.grant_id is None else _Held(send, caller, self._door, host, scope["state"]["path"])
        await self._app(scope, receive, held)


class _Held:
    """Holds the status back until there is something to say, so that a refused key can still become a 401."""

    def __init__(self, send: Send, caller: Caller, door: Door, host: str, path: str) -> None:
        self._send, self._caller, self._door, self._host, self._path = send, caller, door, host, path
        self._start: Message | None = None
        self._is_turned = False

    async def __call__(self, message: Message) -> None:
        """Pass a message of the answer on, or drop it once the caller was turned away."""
        if self._is_turned:
            return
        if message["type"] == "http.response.start":
            self._start = message
            return
        if self._start is not None:
            if not message.get("body") and message.get("more_body"):
                return
            if self._caller.outcome.is_key_refused:
                self._is_turned = True
                turned = await self._door.key_refused(self._caller)
                await _turn(self._send, self._door.addressed(turned, self._host, self._path))
                return
            start, self._start = self._start, None
            await self._send(start)
        elif self._caller.outcome.is_key_refused and not message.get("more_body"):
            # Too late for a 401, as something was said before, such as a sign of life: the next call gets it.
            await self._door.key_refused(self._caller)
        await self._send(message)


async def _whole(receive: Receive, limit: int) -> tuple[bytes, Receive]:
    """The body, as far as it is within the limit, and what all of it is received by again."""
    messages, size = list[Message](), 0
    while size <= limit:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            break
    waiting = list(reversed(messages))

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return b"".join(message.get("body", b"") for message in messages), again


def _parsed(body: bytes) -> Any:
    """The message, or None for what the protocol will refuse anyway."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


async def _peeked(receive: Receive) -> tuple[bytes, Receive]:
    """The start of the body without white space in front, and what the whole of it is received by."""
    message = await receive()
    waiting = [message]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    body: bytes = message.get("body", b"")
    return body.lstrip(), again


async def _turn(send: Send, turned: Turned) -> None:
    # RFC 6750 §3: a page in a browser has to be able to read the challenge.
    exposed = (b"access-control-expose-headers", b"WWW-Authenticate")
    await _answer(send, turned.status, turned.message, exposed, *turned.headers)


async def _answer(send: Send, status: int, message: str, *headers: tuple[bytes, bytes]) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": message}}).encode()
    start: Message = {
        "type": "http.response.start",
        "status": status,
        "headers": [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            *headers,
        ],
    }
    await send(start)
    await send({"type": "http.response.body", "body": body})
