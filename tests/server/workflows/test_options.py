"""Options of reads, and what is put around every answer of our own tools."""

import json
from collections.abc import AsyncIterator

import pytest

from server.callers import PROCESS
from server.calls import Call
from server.token_estimate import estimate
from tests.conftest import HeldClock
from tests.server.standin import text_of
from tests.server.workflows.desks import Desk, desk
from tools.definitions import definitions

pytestmark = pytest.mark.anyio


@pytest.fixture
async def bench(clock: HeldClock) -> AsyncIterator[Desk]:
    async with desk(clock) as made:
        yield made


async def test_whatever_reads_answers_what_is_selected(bench: Desk) -> None:
    result = await bench.call("triage_inbox", {"select": "rows[].kind"})
    assert result.structured_content is not None
    assert set(result.structured_content["selected"]) <= {"comment", "message", "review", "mention"}
    inner = {"name": "list_brands", "select": "data[].name"}
    through = await bench.call("run_read_operation", inner)
    assert through.structured_content == {"selected": ["Aurora Coffee", "Fjord Outdoor", "Pop-up Stand"]}
    wrong = await bench.call("triage_inbox", {"select": "rows[?"})
    assert wrong.is_error and "select" in text_of(wrong)


@pytest.mark.parametrize("tool", ["search", "run_write_operation"])
async def test_what_has_a_form_of_its_own_refuses_options_by_name(bench: Desk, tool: str) -> None:
    result = await bench.call(tool, {"query": "roast", "name": "create_brand", "detail": "full"})
    assert result.is_error and "detail: unknown argument" in text_of(result)


async def test_an_answer_stays_within_what_was_asked_for(bench: Desk) -> None:
    result = await bench.call("triage_inbox", {"max_tokens": 600})
    assert estimate(text_of(result)) <= 700
    assert result.structured_content is not None and result.structured_content["rows"]


async def test_strangers_words_are_fenced_and_remembered_as_read(bench: Desk) -> None:
    call = Call(services=bench.services, caller=PROCESS, mode=bench.mode)
    assert await call.services.records.tainted(call.owner, now=call.now) is None
    text = text_of(await bench.call("triage_inbox", {}))
    assert "«" in text and "»" in text
    assert await call.services.records.tainted(call.owner, now=call.now) is not None


async def test_a_tool_of_our_own_is_described_with_what_its_listing_leaves_out(bench: Desk) -> None:
    result = await bench.call("describe_operation", {"name": "plan_bulk"})
    body = json.loads(text_of(result))
    assert "maxItems" not in json.dumps(definitions()["plan_bulk"]["tool"]["inputSchema"])
    assert body["input_schema"]["properties"]["ids"]["maxItems"] == 1000
