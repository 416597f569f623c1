"""Where workflow tests sit: the real embedded API, what a process shares, and a wire that can be cut."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from mcp.types import CallToolResult

from localapi.app import EmbeddedApi, Options
from server.callers import PROCESS, Caller
from server.calls import Call, Failed, Refused, Services
from server.mode import Mode
from server.records import Records
from server.records.storage import Storage
from server.results import failure
from server.transport import Uninterrupted
from server.workflows import run_workflow
from tests.conftest import HeldClock
from tools.definitions import workflow_named
from tools.rest import RestClient

ADDRESS = "http://local/v1"


class Wire(httpx2.AsyncBaseTransport):
    """The way to the API; it breaks for posts where a test says so, and remembers what was to be posted."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self.posted: list[bytes] = []
        """Bodies of `POST /posts` that left."""
        self.breaks: type[httpx2.TransportError] | None = None
        """ConnectError: before anything is sent; ReadTimeout: after the API has done it."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass it on, or not."""
        if (request.method, request.url.path) != ("POST", "/v1/posts"):
            return await self._inner.handle_async_request(request)
        if self.breaks is httpx2.ConnectError:
            raise httpx2.ConnectError("refused", request=request)
        self.posted.append(await request.aread())
        response = await self._inner.handle_async_request(request)
        if self.breaks is not None:
            raise self.breaks("no answer", request=request)
        return response


@dataclass
class Desk:
    """What a workflow test works with."""

    api: EmbeddedApi
    http: httpx2.AsyncClient
    wire: Wire
    storage: Storage
    services: Services
    clock: HeldClock
    mode: Mode = field(default_factory=Mode)

    async def call(
        self, name: str, arguments: Mapping[str, Any], *, caller: Caller = PROCESS, mode: Mode | None = None
    ) -> CallToolResult:
        """What a client gets of a tool of our own."""
        workflow = workflow_named(name)
        assert workflow is not None
        call = Call(services=self.services, caller=caller, mode=mode or self.mode)
        try:
            return await run_workflow(call, workflow, arguments)
        except Refused as refusal:
            return failure(refusal.lines)
        except Failed as failed:
            return failed.result

    async def posts(self, **query: Any) -> list[dict[str, Any]]:
        """Those that the API has, the newest first."""
        answer = await self.http.get("/posts", params={"sort": "created_desc", "limit": 100, **query})
        rows: list[dict[str, Any]] = answer.json()["data"]
        return rows


@asynccontextmanager
async def desk(clock: HeldClock, *, with_jobs: bool = False) -> AsyncGenerator[Desk]:
    """The sample workspace in memory."""
    api = await EmbeddedApi.start(Options(memory=True, with_jobs=with_jobs), clock=clock)
    wire, storage = Wire(Uninterrupted(api.app)), Storage()
    headers = {"Authorization": f"Bearer {api.sample_key}"}
    try:
        async with httpx2.AsyncClient(transport=wire, base_url=ADDRESS, headers=headers) as http:
            records = Records(storage, clock=clock)
            services = Services(rest=RestClient(http=http), clock=clock.now, records=records)
            yield Desk(api, http, wire, storage, services, clock)
    finally:
        await storage.close()
        await api.close()
