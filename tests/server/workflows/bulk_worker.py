"""Runs a bulk plan in a process of its own, against a local API on disk, until it is done or killed."""

import asyncio
import json
import sys
from pathlib import Path

import httpx2

from localapi.app import EmbeddedApi, Options
from server.callers import PROCESS
from server.calls import Call, Refused, Services
from server.mode import Mode
from server.records import open_records
from server.settings import Settings
from server.workflows import run_workflow
from tests.conftest import HeldClock
from tools.definitions import workflow_named
from tools.rest import RestClient


class Noted(httpx2.AsyncBaseTransport):
    """Writes a line when a change leaves, and one when it is answered."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, log: Path) -> None:
        self._inner, self._log = inner, log

    def _note(self, word: str, request: httpx2.Request) -> None:
        if request.method != "GET":
            with self._log.open("a", encoding="utf-8") as file:
                file.write(f"{word} {request.url.path}\n")

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self._note("left", request)
        response = await self._inner.handle_async_request(request)
        self._note("answered", request)
        return response


async def main(folder: str, log: str, plan_id: str, seconds: str) -> None:
    """Print the report, or why there is none."""
    clock = HeldClock()
    clock.advance(seconds=float(seconds))
    api = await EmbeddedApi.start(Options(data=Path(folder), with_jobs=False), clock=clock)
    records = open_records(Settings(data_dir=Path(folder)), clock=clock)
    headers = {"Authorization": f"Bearer {api.sample_key}"}
    transport = Noted(httpx2.ASGITransport(app=api.app), Path(log))
    async with httpx2.AsyncClient(transport=transport, base_url="http://local/v1", headers=headers) as http:
        services = Services(rest=RestClient(http=http), clock=clock.now, records=records)
        workflow = workflow_named("run_bulk")
        assert workflow is not None
        try:
            call = Call(services=services, caller=PROCESS, mode=Mode(confirm="never"))
            result = await run_workflow(call, workflow, {"plan_id": plan_id})
            print(json.dumps(result.structured_content), flush=True)
        except Refused as refusal:
            print(json.dumps({"refused": refusal.lines}), flush=True)
    await records.close()
    await api.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
