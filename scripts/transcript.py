"""Writes docs/morning.md: a morning's work over the daily tools, in tokens, beside the same work over all of them."""

import asyncio
import json
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client
from mcp.types import CallToolResult

from localapi.app import EmbeddedApi, Options
from scripts.tokens import READ, count
from server.calls import Services
from server.dispatch import build_server
from server.mode import Mode
from server.records import open_records
from tools.rest import RestClient
from tools.surfaces import named

PAGE = Path(__file__).parents[1] / "docs" / "morning.md"
SHOWN = 700
PRESENT = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
POST = "The winter roast is back on the shelf, as whole beans."


class Held:
    """A clock that stands still, so that the page is the same each time."""

    def now(self) -> datetime:
        return PRESENT


@dataclass
class Step:
    """One thing that a model reads or writes."""

    title: str
    text: str
    tokens: int = 0


@dataclass
class Assistant:
    """A client that does what a model would do, and keeps what the model would read."""

    client: Client
    steps: list[Step] = field(default_factory=list[Step])

    async def begin(self) -> None:
        """What every conversation costs before the first word."""
        tools = (await self.client.list_tools()).tools
        listed = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]
        read = [{key: tool[key] for key in READ if key in tool} for tool in listed]
        text = json.dumps(read, ensure_ascii=False, separators=(",", ":"))
        self.steps.append(Step(f"The list of tools: {len(tools)}", text))

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool; what it is called with and what it answers is read."""
        result: CallToolResult = await self.client.call_tool(tool, arguments)
        said = "\n".join(getattr(block, "text", "") for block in result.content)
        if result.is_error:
            raise RuntimeError(f"{tool}: {said}")
        asked = json.dumps(arguments, ensure_ascii=False)
        self.steps.append(Step(f"`{tool}`", f"{asked}\n{said}"))
        return dict(result.structured_content or {})


async def over_core(one: Assistant) -> None:
    """Look at what waits, answer three, publish one."""
    await one.begin()
    found = await one.call("triage_inbox", limit=8)
    rows = found["rows"]
    for kind, text in (("review", "We are sorry, Marc. Please write to us."), ("comment", "Yes, from Friday.")):
        row = next(row for row in rows if row["kind"] == kind)
        await one.call(row["next"]["tool"], **row["next"]["arguments"], text=text)
    message = next(row for row in rows if row["kind"] == "message")
    conversation = message["next"]["arguments"]["conversation_id"]
    await one.call("list_messages", conversation_id=conversation, limit=5)
    await one.call(message["next"]["tool"], **message["next"]["arguments"], text="Gladly. Is Thursday at three good?")
    prepared = await one.call("prepare_post", text=POST, accounts=["Aurora Coffee on Threads"])
    await one.call("publish_prepared_post", handle=prepared["handle"])


async def over_all(one: Assistant) -> None:
    """The same by single operations, whose answers are read whole."""
    await one.begin()
    whole: dict[str, Any] = {"detail": "full", "max_tokens": 50_000}
    accounts = (await one.call("list_accounts", **whole))["data"]
    for post in (await one.call("list_commented_posts", **whole))["data"]:
        await one.call("list_comments", post_id=post["id"], account_id=post["account_id"], **whole)
    conversations = (await one.call("list_conversations", **whole))["data"]
    for row in conversations:
        if row.get("unread_count"):
            await one.call("list_messages", conversation_id=row["id"], **whole)
    for row in accounts:
        if row["platform"] == "google":
            await one.call("list_reviews", account_id=row["id"], **whole)
        if row["platform"] in {"instagram", "facebook", "twitter"}:
            await one.call("list_mentions", account_id=row["id"], **whole)
    await one.call("get_platform_constraints", **whole)
    targets = [{"account_id": "acc_aurora_threads"}]
    await one.call("validate_post", text=POST, targets=targets, **whole)
    await one.call("create_post", text=POST, targets=targets, publish_now=True)


async def played(mode: Mode, day: Any) -> list[Step]:
    """The steps of a day on a fresh sample workspace."""
    clock = Held()
    api = await EmbeddedApi.start(Options(memory=True, with_jobs=False), clock=clock)
    transport = httpx2.ASGITransport(app=api.app)
    headers = {"Authorization": f"Bearer {api.sample_key}"}
    try:
        async with httpx2.AsyncClient(transport=transport, base_url="http://local/v1", headers=headers) as http:
            rest = RestClient(http=http)
            services = Services(rest=rest, clock=clock.now, records=open_records(None, memory=True, clock=clock))
            async with Client(build_server(rest, mode, services)) as client:
                one = Assistant(client)
                await day(one)
    finally:
        await api.close()
    for step, tokens in zip(one.steps, count([step.text for step in one.steps]), strict=True):
        step.tokens = tokens
    return one.steps


def page(core: list[Step], everything: list[Step]) -> str:
    """The page."""
    small, large = sum(step.tokens for step in core), sum(step.tokens for step in everything)
    lines = [
        "# A morning's work, in tokens",
        "",
        "The official MCP client works through the sample workspace's inbox, answers three people and publishes a "
        "post. Tokens are those of o200k_base, of everything that a model reads: the list of tools, the arguments, "
        "the answers. `make transcript` makes this page anew.",
        "",
        f"Over the daily tools: **{small:,}** tokens. The same over all tools, by single operations: **{large:,}**, "
        f"{large / small:.1f} times as much.",
        "",
        "## Over the daily tools",
        "",
        "| step | tokens |",
        "| --- | ---: |",
        *(f"| {step.title} | {step.tokens:,} |" for step in core),
        "",
    ]
    for step in core[1:]:
        asked, _, said = step.text.partition("\n")
        shown = said if len(said) <= SHOWN else f"{said[:SHOWN]}…"
        lines += [f"### {step.title}", "", "```", asked, "```", "", "```", shown, "```", ""]
    lines += ["## Over all tools", "", "| step | tokens |", "| --- | ---: |"]
    lines += [f"| {step.title} | {step.tokens:,} |" for step in everything]
    return "\n".join(lines) + "\n"


async def both() -> tuple[list[Step], list[Step]]:
    """The steps over the daily tools, and over all."""
    everything = Mode(toolsets=(named("all"),), confirm="never")
    return await played(Mode(confirm="never"), over_core), await played(everything, over_all)


if __name__ == "__main__":
    PAGE.write_text(page(*asyncio.run(both())), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE.name}\n")
