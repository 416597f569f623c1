"""Which host names and origins the server answers to: against pages that point a name of theirs at it."""

import json
from collections.abc import Sequence
from urllib.parse import urlsplit

from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def allowed(public_urls: Sequence[str]) -> TransportSecuritySettings:
    """Loopback at any port, and the hosts and origins of these addresses, as clients write them (RFC 9110 §4.2.3)."""
    hosts = [name for host in LOOPBACK for name in (host, f"{host}:*")]
    origins = [f"http://{name}" for name in hosts]
    for url in public_urls:
        parts = urlsplit(url)
        name = (parts.hostname or "").lower()
        name = f"[{name}]" if ":" in name else name
        default = _DEFAULT_PORTS.get(parts.scheme)
        port = parts.port or default
        names = [name, f"{name}:{port}"] if port == default else [f"{name}:{port}"]
        hosts += names
        origins += [f"{parts.scheme}://{one}" for one in names]
    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins)


class HostGuard:
    """In front of the REST API and its pages, whose callers are not all told apart by a key."""

    def __init__(self, app: ASGIApp, settings: TransportSecuritySettings, *, judges_origins: bool = True) -> None:
        self._app, self._check, self._judges_origins = app, TransportSecurityMiddleware(settings), judges_origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 421 or 403 in the API's envelope, or pass the request on."""
        refused = await self._refusal(scope) if scope["type"] == "http" else None
        await (refused or self._app)(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Response | None:
        request = Request(scope)
        headers = [
            (name, value)
            for name, value in scope["headers"]
            if name != b"origin" or (value != b"null" and self._judges_origins)
        ]
        # A form on a page of ours that sends no referrer has the origin null; its own token vouches for it.
        found = await self._check.validate_request(Request({**scope, "headers": headers}))
        if found is None:
            return None
        header = "Host" if found.status_code == 421 else "Origin"
        given = request.headers.get(header, "")[:200]
        message = f"{header} {given!r} is not this server's; name its address with --public-url"
        error = {"error": {"code": f"http.{found.status_code}", "message": message}}
        return Response(json.dumps(error), found.status_code, media_type="application/json")
