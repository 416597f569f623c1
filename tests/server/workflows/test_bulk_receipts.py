"""What a bulk change answers: a receipt and the undo for each item, page by page, and who agreed, also over a kill."""

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from server.callers import PROCESS
from server.calls import Call, Services
from server.records import PlanItem
from server.records.storage import Storage
from server.settings import Confirm
from server.token_estimate import estimate
from server.workflows.bulk_receipts import page
from tests.conftest import HeldClock
from tests.server.answering import Person
from tests.server.standin import text_of
from tests.server.workflows.desks import ADDRESS, Desk, desk
from tests.server.workflows.lines import ALL, Line, client_of, line_of, refuses, with_storage
from tests.server.workflows.test_bulk import INSTAGRAM, SPAM, add_comments, body_of, hidden
from tools.rest import RestClient

pytestmark = pytest.mark.anyio

FACEBOOK = "acc_aurora_facebook"
MOST_TOKENS = 6_000


class Killed(Exception):
    """In the place of the end of the process."""


@pytest.fixture
async def bench(clock: HeldClock) -> AsyncIterator[Desk]:
    async with desk(clock) as made:
        yield made


async def planned(client: Client, **arguments: Any) -> str:
    plan_id: str = body_of(await client.call_tool("plan_bulk", arguments))["plan_id"]
    return plan_id


async def run(client: Client, plan_id: str, **more: Any) -> dict[str, Any]:
    result = await client.call_tool("run_bulk", {"plan_id": plan_id, **more})
    body = body_of(result)
    assert estimate(text_of(result)) <= MOST_TOKENS
    return body


class Steady(httpx2.AsyncBaseTransport):
    """A way to the API on which it ends what it has begun, though whoever asked is gone."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        with anyio.CancelScope(shield=True):
            return await self._inner.handle_async_request(request)
        raise AssertionError("nobody ends this scope")


@asynccontextmanager
async def steady_line_of(bench: Desk) -> AsyncGenerator[tuple[Line, Services]]:
    line = Line(Steady(httpx2.ASGITransport(app=bench.api.app)))
    headers = {"Authorization": f"Bearer {bench.api.sample_key}"}
    async with httpx2.AsyncClient(transport=line, base_url=ADDRESS, headers=headers) as http:
        yield line, replace(bench.services, rest=RestClient(http=http))


@asynccontextmanager
async def process(bench: Desk, services: Services, folder: Path) -> AsyncGenerator[Services]:
    """What a process has that keeps its records in this folder."""
    storage = Storage(file=folder / "records.sqlite")
    try:
        yield with_storage(services, storage, bench)
    finally:
        await storage.close()


async def killed_after(bench: Desk, line: Line, client: Client, answered: int, plan_id: str) -> None:
    """Run a plan until so many of its writes were answered; nothing that this process began goes on after that."""

    def kill(request: httpx2.Request) -> httpx2.Response | None:
        if request.method != "GET" and len(line.writes) > answered:
            raise Killed
        return None

    line.before = kill
    with pytest.raises(MCPError):
        await client.call_tool("run_bulk", {"plan_id": plan_id})
    line.before, line.left = None, []
    # Beyond the lease of the plan and of what was under way.
    bench.clock.advance(seconds=200)


@pytest.mark.parametrize(
    ("first", "second", "approver"),
    [
        ("never", "never", "nobody was asked: --confirm never"),
        ("never", "destructive", "nobody was asked: --confirm never"),
        ("destructive", "never", "the person, asked in their client"),
    ],
)
async def test_what_is_done_after_a_kill_names_whoever_agreed_before_it(
    bench: Desk, tmp_path: Path, first: Confirm, second: Confirm, approver: str
) -> None:
    await add_comments(bench.api, bench.clock, 14)
    async with steady_line_of(bench) as (line, shared):
        async with (
            process(bench, shared, tmp_path) as services,
            client_of(services, Person(), replace(ALL, confirm=first)) as client,
        ):
            plan_id = await planned(client, **SPAM)
            await killed_after(bench, line, client, 4, plan_id)
        person = Person()
        async with (
            process(bench, shared, tmp_path) as services,
            client_of(services, person, replace(ALL, confirm=second)) as client,
        ):
            report = await run(client, plan_id)
            assert (report["state"], report["done"], len(report["receipts"])) == ("done", 16, 16)
            assert 12 <= len(line.writes) <= 16 and person.asked == []
            rows = body_of(await client.call_tool("whats_been_done", {"tool": "hide_comment", "limit": 50}))["data"]
    assert {row["approved_by"] for row in rows} == {f"{approver}, in plan {plan_id}"} and len(rows) >= 16


async def test_a_plan_whose_approver_was_never_kept_names_none(bench: Desk) -> None:
    async with line_of(bench) as (_, services), client_of(services) as client:
        plan_id = await planned(client, **SPAM)
        owner = Call(services=services, caller=PROCESS, mode=bench.mode).owner
        await services.records.start_plan(owner, plan_id, now=bench.clock.now(), lease_seconds=1)
        bench.clock.advance(seconds=200)
        await run(client, plan_id)
        rows = body_of(await client.call_tool("whats_been_done", {"tool": "hide_comment"}))["data"]
    assert {row["approved_by"] for row in rows} == {f"whoever agreed when it began, in plan {plan_id}"}


def undo_calls(report: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The calls that take the items back, put together as the answer says."""
    undo = report["undo"]
    return [
        (
            undo["tool"],
            {**undo.get("arguments", {}), **{name: row[field] for name, field in undo.get("each", {}).items()}},
        )
        for row in report["receipts"]
    ]


async def test_what_was_hidden_is_shown_again_by_the_undo_of_its_receipt(bench: Desk) -> None:
    async with line_of(bench) as (_, services), client_of(services, Person()) as client:
        report = await run(client, await planned(client, **SPAM))
        assert report["not_done"] == [] and {row["outcome"] for row in report["receipts"]} == {"done"}
        assert [set(row) for row in report["receipts"]] == [{"id", "outcome"}] * 2, "the rest is said once"
        assert "action=unhide" in report["undo"]["all_at_once"]
        assert len(await hidden(bench)) == 2
        for tool, arguments in undo_calls(report):
            body_of(await client.call_tool(tool, arguments))
        assert await hidden(bench) == set()


async def test_a_reply_is_deleted_by_the_undo_of_its_receipt(bench: Desk) -> None:
    async with line_of(bench) as (_, services), client_of(services, Person()) as client:
        reply = {"action": "reply", "what": "comments", "text": "Thank you!"}
        report = await run(client, await planned(client, **reply))
        ids = [row["reply_id"] for row in report["receipts"]]
        assert report["done"] == len(ids) == len(set(ids)) > 2
        assert len({row["post_id"] for row in report["receipts"]}) > 1 < len(ids), "of several posts"
        calls = undo_calls(report)
        assert {tool for tool, _ in calls} == {"delete_comment"}
        assert [arguments["comment_id"] for _, arguments in calls] == ids
        for tool, arguments in calls:
            body_of(await client.call_tool(tool, arguments))
        one = await run(client, await planned(client, **reply, ids=[report["receipts"][0]["id"]]))
        ((tool, arguments),) = undo_calls(one)
        body_of(await client.call_tool(tool, arguments))


async def test_an_answered_review_has_the_id_of_the_answer_and_no_undo(bench: Desk) -> None:
    async with line_of(bench) as (_, services), client_of(services, Person()) as client:
        plan_id = await planned(client, action="reply", what="reviews", most_stars=3, text="We are sorry.")
        report = await run(client, plan_id)
    assert len(report["receipts"]) == 2 and all(row["reply_id"] for row in report["receipts"])
    assert report.get("undo") is None


async def test_a_moved_post_is_moved_back_by_the_undo_of_its_receipt(bench: Desk) -> None:
    mode = replace(ALL, zone=ZoneInfo("Europe/Berlin"))
    async with line_of(bench) as (_, services), client_of(services, Person(), mode) as client:
        targets, at = [{"account_id": FACEBOOK}], (bench.clock.now() + timedelta(days=3)).isoformat()
        another = {"text": "Soon", "targets": targets, "scheduled_at": at}
        body_of(await client.call_tool("create_post", another))
        before = {row["id"]: row["scheduled_at"] for row in await bench.posts(status="scheduled")}
        assert len(before) == 2
        report = await run(client, await planned(client, action="reschedule", what="posts", shift_minutes=90))
        assert {row["id"]: row["was"] for row in report["receipts"]} == before
        assert "shift_minutes" in report["undo"]["all_at_once"]
        for tool, arguments in undo_calls(report):
            body_of(await client.call_tool(tool, arguments))
        assert {row["id"]: row["scheduled_at"] for row in await bench.posts(status="scheduled")} == before


async def test_receipts_come_page_by_page_after_a_kill_too_and_showing_them_runs_nothing(
    bench: Desk, tmp_path: Path
) -> None:
    await add_comments(bench.api, bench.clock, 200)
    async with (
        steady_line_of(bench) as (line, shared),
        process(bench, shared, tmp_path) as services,
        client_of(services, Person()) as client,
    ):
        plan_id = await planned(client, **SPAM, post_id="ig_1789001", account_ids=[INSTAGRAM])
        look = await run(client, plan_id, receipts_from=0)
        assert look["state"] == "planned" and look["not_done"][0]["outcome"] == "not tried" and line.writes == []
        await killed_after(bench, line, client, 40, plan_id)
        rule, refused = refuses("POST", "/hide"), set[str]()

        def some(request: httpx2.Request) -> httpx2.Response | None:
            if request.method != "POST" or len(refused) == 2:
                return None
            refused.add(request.url.path)
            return rule(request)

        line.before = some
        body_of(await client.call_tool("run_bulk", {"plan_id": plan_id}))
        line.left = []
        shown, failed, at = list[str](), list[str](), 0
        while True:
            result = await client.call_tool("run_bulk", {"plan_id": plan_id, "receipts_from": at})
            body = body_of(result)
            assert estimate(text_of(result)) <= MOST_TOKENS
            assert (body["state"], body["done"], body["failed"]) == ("done", 200, 2)
            failed += [row["id"] for row in body["not_done"]]
            shown += [row["id"] for row in body["receipts"]]
            more = re.search(r"receipts_from=(\d+)", text_of(result))
            if more is None:
                break
            assert int(more[1]) == len(shown) + len(failed) > at
            at = int(more[1])
    assert len(shown) == len(set(shown)) == 200 and len(failed) == 2 and at > 0
    assert line.writes == []


async def test_many_long_reasons_keep_to_the_tokens_of_an_answer(bench: Desk) -> None:
    await add_comments(bench.api, bench.clock, 60)
    body = {"error": {"code": "refused", "message": "今天不可以" * 60, "meta": {}}}

    def refuse(request: httpx2.Request) -> httpx2.Response | None:
        return httpx2.Response(403, json=body, request=request) if request.method == "POST" else None

    async with line_of(bench) as (line, services), client_of(services, Person()) as client:
        plan_id = await planned(client, **SPAM)
        line.before = refuse
        report = await run(client, plan_id)
    assert report["failed"] == 62 > len(report["not_done"]) > 10


def test_an_item_without_an_undo_gets_none_of_another() -> None:
    undo = ["update_post", {"post_id": "p1", "scheduled_at": "2026-03-11T09:00:00Z"}]
    items = [
        PlanItem(number=number, arguments=json.dumps({"post_id": f"p{number}"}), state="done", outcome=outcome)
        for number, outcome in ((1, json.dumps({"undo": undo})), (2, "{}"))
    ]
    found = page("update_post", items, 0, has_begun=True)
    assert found.undo is not None and "arguments" not in found.undo
    assert found.undo["each"] == {"post_id": "id", "scheduled_at": "was"}
    assert found.receipts == [
        {"id": "p1", "outcome": "done", "was": "2026-03-11T09:00:00Z"},
        {"id": "p2", "outcome": "done"},
    ]


def test_what_an_earlier_version_kept_of_an_item_is_shown() -> None:
    arguments = json.dumps({"post_id": "p", "comment_id": "c", "account_id": "a"})
    items = [
        PlanItem(number=number, arguments=arguments, state="done", outcome=outcome)
        for number, outcome in enumerate(("done", "gone already", None), 1)
    ]
    found = page("delete_comment", items, 0, has_begun=True)
    assert [row["outcome"] for row in found.receipts] == ["done", "gone already", "done"] and found.undo is None
    assert page("delete_comment", items, 99, has_begun=True).receipts == []
