"""How the endpoints for programs answer: JSON, never kept by a cache, readable by any page of a browser."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

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


def json_response(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer (RFC 6749 §5.1)."""
    content = json.dumps(body, separators=(",", ":")).encode()
    every = {**NO_STORE, **CORS, "X-Content-Type-Options": "nosniff", **(headers or {})}
    return Response(content, status, headers=every, media_type="application/json")


def error_response(refusal: OAuthError) -> Response:
    """RFC 6749 §5.2."""
    return json_response(refusal.body(), refusal.status, refusal.headers)
