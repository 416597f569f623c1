"""Operations that are not listed: run with the same options as tools of their own, and with notes that can be followed."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult

from server.mode import Mode
from server.token_estimate import estimate
from tests.conftest import HeldClock
from tests.server.answering import Person
from tests.server.standin import text_of
from tests.server.workflows.desks import Desk, desk
from tests.server.workflows.lines import client_of
from tests.server.workflows.test_bulk import INSTAGRAM, add_comments, body_of

pytestmark = pytest.mark.anyio

CORE = Mode(toolsets=(frozenset({"core"}),))
OF_POST = {"post_id": "ig_1789001", "account_id": INSTAGRAM}
OF_ACCOUNT = {"account_id": INSTAGRAM}
POST = {"text": "Soon", "targets": [{"account_id": "acc_aurora_facebook"}], "scheduled_at": "2026-03-14T09:00:00"}


@pytest.fixture
async def bench(clock: HeldClock) -> AsyncIterator[Desk]:
    async with desk(clock) as made:
        yield made


@pytest.fixture
async def client(bench: Desk) -> AsyncIterator[Client]:
    async with client_of(bench.services, Person(), CORE) as made:
        yield made


async def read(client: Client, name: str, arguments: dict[str, Any] | None = None, **options: Any) -> CallToolResult:
    given = {"name": name, **({} if arguments is None else {"arguments": arguments}), **options}
    return await client.call_tool("run_read_operation", given)


def call_in(note: str) -> dict[str, Any]:
    """The arguments that a note says to call run_read_operation with."""
    found, rest = dict[str, Any](), note.partition("call run_read_operation again with ")[2]
    while name := re.match(r"(?:, )?(\w+)=", rest):
        value, end = json.JSONDecoder().raw_decode(rest, name.end())
        found[name[1]], rest = value, rest[end:]
    return found


async def test_the_call_in_a_note_is_one_that_can_be_made(client: Client) -> None:
    listed = {tool.name for tool in (await client.list_tools()).tools}
    assert "list_mentions" not in listed and "run_read_operation" in listed
    first = await read(client, "list_mentions", OF_ACCOUNT, max_tokens=300)
    assert "call list_mentions" not in text_of(first)
    asked = call_in(text_of(first).splitlines()[-1])
    assert asked == {"name": "list_mentions", "arguments": {**OF_ACCOUNT, "limit": 1}, "max_tokens": 300}
    (row,) = body_of(await client.call_tool("run_read_operation", asked))["data"]
    assert row["id"] == body_of(first)["data"][0]["id"]


async def test_what_is_shortened_is_whole_by_the_call_in_the_note(bench: Desk, client: Client) -> None:
    await add_comments(bench.api, bench.clock, 10)
    first = await read(client, "list_comments", {**OF_POST, "limit": 8})
    asked = call_in(text_of(first).splitlines()[-1])
    assert asked == {"name": "list_comments", "arguments": {**OF_POST, "limit": 8}, "detail": "full"}
    whole = body_of(await client.call_tool("run_read_operation", asked))["data"]
    assert [row["id"] for row in whole] == [row["id"] for row in body_of(first)["data"]]
    assert set(whole[0]) > set(body_of(first)["data"][0])


@pytest.mark.parametrize("beside", [True, False])
async def test_the_rows_left_out_come_by_the_calls_in_the_notes(bench: Desk, client: Client, beside: bool) -> None:
    await add_comments(bench.api, bench.clock, 20)
    options = {"max_tokens": 500, "detail": "full"}
    asked: dict[str, Any] = {"name": "list_comments", "arguments": {**OF_POST, **({} if beside else options)}}
    asked |= options if beside else {}
    ids, last = list[str](), asked
    while asked:
        result = await client.call_tool("run_read_operation", asked)
        body = body_of(result)
        assert estimate(text_of(result)) <= 600
        notes = [call for line in text_of(result).splitlines() if (call := call_in(line))]
        if "left out to keep" not in text_of(result):
            ids += [row["id"] for row in body["data"]]
        asked = notes[0] if notes else {}
        if "next_cursor as cursor among its arguments" in text_of(result):
            asked = last | {"arguments": last["arguments"] | {"cursor": body["pagination"]["next_cursor"]}}
        last = asked
        assert not asked or asked["arguments"].items() >= OF_POST.items()
    everything = await read(client, "list_comments", {**OF_POST, "limit": 100}, max_tokens=50_000)
    assert ids == [row["id"] for row in body_of(everything)["data"]]


async def test_an_option_counts_in_either_place_and_not_with_two_values(client: Client) -> None:
    beside = await read(client, "list_mentions", OF_ACCOUNT, detail="full")
    among = await read(client, "list_mentions", {**OF_ACCOUNT, "detail": "full"})
    both = await read(client, "list_mentions", {**OF_ACCOUNT, "detail": "full"}, detail="full")
    fields = [set(body_of(result)["data"][0]) for result in (beside, among, both)]
    assert fields[0] == fields[1] == fields[2]
    for arguments, options in (({"detail": "brief"}, {"detail": "full"}), ({"max_tokens": 400}, {"max_tokens": 300})):
        result = await read(client, "list_mentions", {**OF_ACCOUNT, **arguments}, **options)
        (name,) = options
        assert result.is_error and text_of(result).startswith(f"{name} differ")
    wrong = await read(client, "list_mentions", OF_ACCOUNT, detail="whole")
    assert wrong.is_error and "detail" in text_of(wrong)
    nested = await read(client, "list_mentions", {**OF_ACCOUNT, "max_tokens": 3})
    assert nested.is_error and "max_tokens" in text_of(nested)


async def test_a_write_takes_the_zone_and_the_key_that_its_tool_takes(bench: Desk, client: Client) -> None:
    given = {"name": "create_post", "arguments": POST}
    assert (await client.call_tool("run_write_operation", given)).is_error, "a local time without a zone"
    options = {"time_zone": "Europe/Berlin", "idempotency_key": "saturday"}
    made = body_of(await client.call_tool("run_write_operation", {**given, **options}))
    assert made["scheduled_at"].startswith("2026-03-14T08:00")
    again = await client.call_tool("run_write_operation", {"name": "create_post", "arguments": {**POST, **options}})
    assert body_of(again)["id"] == made["id"] and "Not sent again" in text_of(again)
    count = len(await bench.posts())
    among = {**given, "arguments": {**POST, "time_zone": "Asia/Tokyo"}}
    twice = await client.call_tool("run_write_operation", {**among, **options})
    assert twice.is_error and "time_zone differ" in text_of(twice)
    assert len(await bench.posts()) == count


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("list_mentions", "select, detail, max_tokens"),
        ("create_post", "idempotency_key, time_zone"),
        ("triage_inbox", "select, detail, max_tokens"),
    ],
)
async def test_a_description_names_the_options(client: Client, name: str, options: str) -> None:
    described = body_of(await client.call_tool("describe_operation", {"name": name}))
    assert options in described["options"]


async def test_what_takes_no_options_is_described_with_none(client: Client) -> None:
    for name in ("search", "run_bulk"):
        assert "options" not in body_of(await client.call_tool("describe_operation", {"name": name}))
