"""Search and fetch in the form that research asks for: one text of JSON, and every result can be fetched."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp.types import CallToolResult

from tests.conftest import HeldClock
from tests.server.standin import text_of
from tests.server.workflows.desks import Desk, desk
from tests.server.workflows.lines import client_of, line_of, refuses

pytestmark = pytest.mark.anyio


@pytest.fixture
async def bench(clock: HeldClock) -> AsyncIterator[Desk]:
    async with desk(clock) as made:
        yield made


def body_of(result: CallToolResult) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(text_of(result))
    assert body == result.structured_content
    return body


async def found(bench: Desk, query: str) -> list[dict[str, Any]]:
    result = await bench.call("search", {"query": query})
    assert not result.is_error, text_of(result)
    body = body_of(result)
    assert set(body) == {"results"}
    for row in body["results"]:
        assert set(row) == {"id", "title", "url"} and all(isinstance(value, str) and value for value in row.values())
    return list(body["results"])


async def test_every_result_can_be_fetched(bench: Desk) -> None:
    kinds = dict[str, int]()
    for query in ("a", "roast", "order", "waited cortados", "@auroracoffee", "Greta", "冬のブレンド"):
        rows = await found(bench, query)
        assert rows, query
        for row in rows:
            assert "«" not in row["id"], "a fenced id could not be passed on"
            result = await bench.call("fetch", {"id": row["id"]})
            assert not result.is_error, (row, text_of(result))
            whole = body_of(result)
            assert {"id", "title", "text", "url"} <= set(whole) <= {"id", "title", "text", "url", "metadata"}
            assert whole["id"] == row["id"] and None not in (whole.get("metadata") or {}).values()
            kinds[row["id"].partition(":")[0]] = kinds.get(row["id"].partition(":")[0], 0) + 1
    assert set(kinds) == {"post", "comment", "conversation", "review", "mention"}


async def test_all_the_words_have_to_be_there_and_strangers_words_are_fenced(bench: Desk) -> None:
    (row,) = await found(bench, "half cortados")
    assert row["title"].startswith("«") and "Marc Petit" in row["title"]
    assert "card reader failed" in body_of(await bench.call("fetch", {"id": row["id"]}))["text"]
    assert await found(bench, "cortados spaceship") == []
    assert await found(bench, "?!?!") == [], "marks alone are not everything"


@pytest.mark.parametrize(
    "name",
    [
        "post:nothing",
        "comment:acc_aurora_instagram:x:y",
        "nothing",
        "x:y",
        "review:",
        "mention:acc_other:1",
        "comment:a",
    ],
)
async def test_an_unknown_id_is_refused(bench: Desk, name: str) -> None:
    result = await bench.call("fetch", {"id": name})
    assert result.is_error and "next:" in text_of(result)


async def test_what_cannot_be_looked_up_now_is_not_said_to_be_missing(bench: Desk) -> None:
    (row,) = await found(bench, "half cortados")
    async with line_of(bench) as (line, services), client_of(services) as client:
        line.before = refuses("GET", "/inbox/reviews")
        result = await client.call_tool("fetch", {"id": row["id"]})
        assert result.is_error and "cannot be looked up now" in text_of(result)
        line.before = refuses("GET", "/")
        assert (await client.call_tool("search", {"query": "roast"})).is_error
        line.before = refuses("GET", "/v1/posts")
        result = await client.call_tool("search", {"query": "roast"})
        assert not result.is_error and json.loads(text_of(result))["results"], "the rest is shown"


async def test_of_a_long_conversation_the_newest_is_fetched_and_the_rest_is_named(
    bench: Desk, clock: HeldClock
) -> None:
    body = {"account_id": "acc_aurora_instagram"}
    for number in range(30):
        clock.advance(seconds=1)
        text = f"message number {number}: " + "some ordinary words about the order of the day " * 3
        await bench.http.post("/inbox/conversations/conv_ig_1/messages", json={**body, "text": text})
    whole = body_of(await bench.call("fetch", {"id": "conversation:conv_ig_1"}))
    assert "message number 29" in whole["text"] and "message number 3:" not in whole["text"]
    assert whole["text"].index("message number 28") < whole["text"].index("message number 29")
    assert "list_messages" in str(whole["metadata"]["earlier"])
