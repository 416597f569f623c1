"""`/mcp` in front of a running authority, and everything that leaves it for the API."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from starlette.applications import Starlette

from auth.routes import routes
from server import person_pages
from server.asgi import Limits, create_app
from server.calls import Services
from server.dispatch import build_server
from server.door import SignIn
from server.mode import Mode
from server.records import Records, open_records
from tests.auth.authorities import ISSUER, MCP, Browser, Served
from tools.rest import RestClient
from tools.surfaces import named

LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    """A message that calls a tool."""
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


class Recorder(httpx2.AsyncBaseTransport):
    """Keeps every request to the API, and passes it on, unless a test answers instead."""

    def __init__(self, app: Starlette) -> None:
        self._inner = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        self.requests: list[httpx2.Request] = []
        self.instead: Callable[[httpx2.Request], httpx2.Response] | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if self.instead is not None:
            return self.instead(request)
        return await self._inner.handle_async_request(request)

    @property
    def text(self) -> str:
        """All that was sent: addresses, headers and bodies."""
        return "\n".join(f"{one.url}\n{one.headers.raw!r}\n{one.content!r}" for one in self.requests)


@dataclass
class AtTheDoor:
    """The app with /mcp and the authority's own routes, as a client reaches it."""

    served: Served
    app: Starlette
    upstream: Recorder
    services: Services
    http: httpx2.AsyncClient
    """Of the API behind it."""
    headers: dict[str, str] = field(
        default_factory=lambda: {"Accept": "application/json, text/event-stream", "User-Agent": "a client"}
    )

    def program(self, host: str = ISSUER) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app=self.app, client=(self.served.address, 4711))
        return httpx2.AsyncClient(transport=transport, base_url=host)

    def browser(self) -> Browser:
        """A person's browser, in which nobody is signed in."""
        return Browser(self.served, self.program())

    async def signed_in(self, key: str | None = None) -> Browser:
        """A browser in which the user of a key is signed in; by default of the sample workspace's."""
        browser = self.browser()
        await browser.get("/oauth/sign-in")
        await browser.sign_in(key)
        return browser

    async def call(self, token: str, tool: str, **arguments: Any) -> dict[str, Any]:
        """The result of a tool."""
        return result_of(await self.send(call(tool, **arguments), token))

    async def send(self, message: Any, token: str | None, **headers: str) -> httpx2.Response:
        """A message to /mcp, with a bearer or without."""
        bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
        return await self.program().post("/mcp", json=message, headers={**self.headers, **bearer, **headers})

    async def tools(self, token: str) -> set[str]:
        """The names that `tools/list` answers with."""
        answer = result_of(await self.send(LIST, token))
        return {tool["name"] for tool in answer["tools"]}


def result_of(response: httpx2.Response) -> dict[str, Any]:
    """The result in an answer of /mcp, which comes as JSON or as an event."""
    assert response.status_code == 200, response.text
    text = response.text
    if not text.startswith("{"):
        (text,) = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: {")]
    result: dict[str, Any] = json.loads(text)["result"]
    return result


@asynccontextmanager
async def open_door(
    served: Served,
    *,
    accepts_keys: bool = True,
    limits: Limits | None = None,
    mode: Mode | None = None,
    records: Records | None = None,
) -> AsyncGenerator[AtTheDoor]:
    """Serve /mcp for the people who sign in at the authority."""

    async def at_once(_seconds: float) -> None:
        return None

    upstream = Recorder(served.api.app)
    async with httpx2.AsyncClient(transport=upstream, base_url="http://localapi/v1") as http:
        clock = served.clock
        services = Services(
            rest=RestClient(http=http, wait=at_once),
            clock=clock.now,
            records=records or open_records(None, memory=True, clock=clock),
            address=ISSUER,
        )
        app = create_app(
            build_server(services.rest, mode or Mode(toolsets=(named("all"),)), services),
            public_urls=[ISSUER],
            limits=limits,
            door=SignIn(served.authority, MCP, accepts_keys=accepts_keys),
            sign_in=[*routes(served.authority), *person_pages.routes(services, served.authority)],
        )
        try:
            async with app.router.lifespan_context(app):
                yield AtTheDoor(served=served, app=app, upstream=upstream, services=services, http=http)
        finally:
            await services.records.close()
