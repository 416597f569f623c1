"""How the endpoints for programs answer: JSON, never kept by a cache, readable by any page of a browser."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from auth.errors import OAuthError

CORS: Mapping[str, str] = {
    # Nothing here is told by a cookie, so any page may call it, as browser-based clients do.
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, MCP-Protocol-Version",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Expose-Headers": "WWW-Authenticate, Retry-After",
    "Access-Control-Max-Age": "3600",
}
NO_STORE: Mapping[str, str] = {"Cache-Control": "no-store", "Pragma": "no-cache"}


_EVERY = tuple(
    (name.lower().encode(), value.encode())
    for name, value in {
        **NO_STORE,
        **CORS,
        "X-Content-Type-Options": "nosniff",
        "Content-Type": "application/json",
    }.items()
)
_ENCODER = json.JSONEncoder(separators=(",", ":"))


class _Json(Response):
    """Headers that are alike in every answer are not made anew for each, and nothing is done after it."""

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        more = ((name.lower().encode(), value.encode()) for name, value in (headers or {}).items())
        self.raw_headers = [*_EVERY, (b"content-length", str(len(self.body)).encode()), *more]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body})


def json_response(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer (RFC 6749 §5.1)."""
    return _Json(_ENCODER.encode(body), status, headers)


def error_response(refusal: OAuthError) -> Response:
    """RFC 6749 §5.2."""
    return json_response(refusal.body(), refusal.status, refusal.headers)
