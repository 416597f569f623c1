"""A way to the embedded API on which every request is counted, and any can be cut or answered otherwise."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Literal

import anyio
import httpx2
from mcp import Client

from server.calls import Services
from server.dispatch import build_server
from server.mode import Mode
from server.records import Records
from server.records.storage import Storage
from tests.server.answering import Person
from tests.server.workflows.desks import ADDRESS, Desk
from tools.rest import RestClient

Rule = Callable[[httpx2.Request], httpx2.Response | None]
"""Answers in place of the API, raises what a broken wire raises, or lets it through."""
ALL = Mode(toolsets=(frozenset({"all"}),))


class Line(httpx2.AsyncBaseTransport):
    """The requests that left, and the rules for them."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self.left: list[tuple[str, str]] = []
        self.before: Rule | None = None
        """Instead of the API."""
        self.after: Rule | None = None
        """Once the API has done it."""
        self.hangs: anyio.Event | None = None
        """Set when a write has left, which then gets no answer."""

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path in self.left if method != "GET"]

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.left.append((request.method, request.url.path))
        instead = self.before(request) if self.before is not None else None
        if instead is not None:
            return instead
        if self.hangs is not None and request.method != "GET":
            self.hangs.set()
            await anyio.sleep_forever()
        response = await self._inner.handle_async_request(request)
        instead = self.after(request) if self.after is not None else None
        return response if instead is None else instead


def refuses(method: str, part: str, status: int = 403) -> Rule:
    """Requests of this kind are refused."""

    def rule(request: httpx2.Request) -> httpx2.Response | None:
        if request.method != method or part not in request.url.path:
            return None
        body = {"error": {"code": "refused", "message": "not today", "meta": {}}}
        return httpx2.Response(status, json=body, request=request)

    return rule


def breaks(method: str, path: str, error: type[httpx2.TransportError]) -> Rule:
    """The wire breaks at requests of this kind."""

    def rule(request: httpx2.Request) -> httpx2.Response | None:
        if request.method == method and request.url.path == path:
            raise error("no answer", request=request)
        return None

    return rule


@asynccontextmanager
async def line_of(bench: Desk) -> AsyncGenerator[tuple[Line, Services]]:
    """A line to the desk's API, and services that use it."""
    line = Line(httpx2.ASGITransport(app=bench.api.app))
    headers = {"Authorization": f"Bearer {bench.api.sample_key}"}

    async def at_once(_seconds: float) -> None:
        return None

    async with httpx2.AsyncClient(transport=line, base_url=ADDRESS, headers=headers) as http:
        yield line, replace(bench.services, rest=RestClient(http=http, wait=at_once))


def client_of(
    services: Services, person: Person | None = None, mode: Mode = ALL, era: Literal["auto", "legacy"] = "auto"
) -> Client:
    """A real client of a real server."""
    return Client(build_server(services.rest, mode, services), mode=era, elicitation_callback=person)


def with_storage(services: Services, storage: Storage, bench: Desk) -> Services:
    """The same, but with other records."""
    return replace(services, records=Records(storage, clock=bench.clock))
