"""A client whose writes are counted, and what tests of writes need beside it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from mcp import Client
from mcp.types import CallToolResult

from server.calls import Services
from tests.server.answering import Person
from tests.server.standin import text_of
from tests.server.workflows.desks import Desk
from tests.server.workflows.lines import Line, client_of, line_of

POST: dict[str, Any] = {
    "text": "Fresh beans on the shelf.",
    "targets": [{"account_id": "acc_aurora_threads"}],
    "publish_now": True,
}
COMMENT = {"post_id": "ig_1789001", "comment_id": "ig_c_1", "account_id": "acc_aurora_instagram"}
REPLY = {**COMMENT, "text": "Yes, from Friday."}
HIDE_PATH = "/v1/inbox/comments/ig_1789001/ig_c_1/hide"


@dataclass
class Counter:
    """Everything a test of writes needs."""

    bench: Desk
    line: Line
    services: Services
    client: Client
    person: Person

    async def call(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        return await self.client.call_tool(tool, arguments)

    async def done(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        result = await self.call(tool, arguments)
        assert not result.is_error, text_of(result)
        return result.structured_content or {}

    async def take_back(self, answer: dict[str, Any]) -> None:
        """Make the call that the answer names, as it is."""
        undo = answer["undo"]
        await self.done(undo["tool"], undo["arguments"])

    async def rows(self) -> list[dict[str, Any]]:
        return list((await self.done("whats_been_done", {}))["data"])

    async def comment(self) -> dict[str, Any]:
        answer = await self.bench.http.get(
            "/inbox/comments/ig_1789001", params={"account_id": "acc_aurora_instagram", "limit": 100}
        )
        row: dict[str, Any] = next(row for row in answer.json()["data"] if row["platform_id"] == "ig_c_1")
        return row


@asynccontextmanager
async def counting(bench: Desk) -> AsyncGenerator[Counter]:
    """A client at a desk, whose requests are counted on their way."""
    person = Person()
    async with line_of(bench) as (line, services), client_of(services, person) as client:
        yield Counter(bench, line, services, client, person)
