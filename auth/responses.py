"""How the endpoints for programs answer: JSON, never kept by a cache, readable by any page of a browser."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from auth.errors import OAuthError

# Nothing here is told by a cookie, so any page may call it, as browser-based clients do.
_CORS_OF_ANSWERS: Mapping[str, str] = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "WWW-Authenticate, Retry-After",
}
CORS: Mapping[str, str] = {
    **_CORS_OF_ANSWERS,
    "Access-Control-Allow-Headers": "Authorization, Content-Type, MCP-Protocol-Version",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Max-Age": "3600",
}
NO_STORE: Mapping[str, str] = {"Cache-Control": "no-store", "Pragma": "no-cache"}


_EVERY = tuple(
    (name.lower().encode(), value.encode())
    for name, value in {
        **NO_STORE,
        **_CORS_OF_ANSWERS,
        "X-Content-Type-Options": "nosniff",
        "Content-Type": "application/json",
    }.items()
)


class _Json(Response):
    """Headers that are alike in every answer are not made anew for each, and nothing is done after it."""

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str] | None) -> None:
        self.status_code, self.body, self.background = status, body, None
        self.raw_headers = [*_EVERY, (b"content-length", str(len(body)).encode())]
        if headers:
            self.raw_headers += [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body})


def json_response(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer (RFC 6749 §5.1)."""
    return _Json(to_json(body), status, headers)


def error_response(refusal: OAuthError) -> Response:
    """RFC 6749 §5.2."""
    return json_response(refusal.body(), refusal.status, refusal.headers)
