"""The HTTP app: /mcp with its guards, the embedded API beside it, health."""

import contextlib
import json
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any

from mcp.server import Server
from sse_starlette.sse import AppStatus
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.callers import Caller, caller_of
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
) -> Starlette:
    """Streamable HTTP at /mcp, stateless, for both protocol eras.

    Args:
        server: the MCP server.
        public_urls: addresses that the server is reached at besides loopback; their hosts and origins are allowed.
        embedded: the embedded REST API, which answers everything that is not /mcp or /health.
        limits: bounds on bodies and calls.
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
    guarded = McpGuard(inner, limits)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        async with server.session_manager.run():
            yield

    async def health(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    routes: list[Any] = [Route("/health", health), Route("/mcp", guarded)]
    if embedded is not None:
        routes.append(Mount("/", HostGuard(embedded, names)))
    return Starlette(routes=routes, lifespan=lifespan)


class McpGuard:
    """In front of /mcp: who calls, how large, how many at once."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits = app, limits
        self._in_flight: Counter[str] = Counter()
        self._running = Running()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401, 413 or 429, or pass the request on with its caller."""
        # httptools keeps white space after a value, which the protocol's header checks then refuse.
        scope["headers"] = [(name, value.strip()) for name, value in scope["headers"]]
        headers = dict(scope["headers"])
        authorization = headers.get(b"authorization")
        caller = caller_of(authorization.decode("latin-1") if authorization else None)
        if caller is None:
            await _refuse_stranger(send, given=authorization is not None)
            return
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
        if length.isdigit() and 0 < int(length) <= MAX_PEEKED_BYTES:
            body, receive = await _peeked(receive)
            if body and not body.startswith(b"{"):
                await _answer(send, 400, "send one JSON-RPC message, a JSON object; batches are not part of it")
                return
            if b'"notifications/cancelled"' in body:
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    self._running.cancel(calling(scope, caller, json.loads(body)["params"]["requestId"]))
        await self._pass_on(caller, scope, receive, send)

    async def _pass_on(self, caller: Caller, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})
        scope["state"] = {**scope["state"], "caller": caller, "running": self._running}
        self._in_flight[caller.identity] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._in_flight[caller.identity] -= 1
            if not self._in_flight[caller.identity]:
                del self._in_flight[caller.identity]


async def _peeked(receive: Receive) -> tuple[bytes, Receive]:
    """The start of the body without white space in front, and what the whole of it is received by."""
    message = await receive()
    waiting = [message]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    body: bytes = message.get("body", b"")
    return body.lstrip(), again


async def _refuse_stranger(send: Send, *, given: bool) -> None:
    # RFC 6750 §3.1: no error code when no credential was sent at all.
    challenge = 'Bearer realm="socialapi-mcp"'
    if given:
        challenge += ', error="invalid_token", error_description="not a SocialAPI key"'
    message = "send Authorization: Bearer sapi_key_… with the key of your workspace"
    await _answer(send, 401, message, (b"www-authenticate", challenge.encode()))


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
