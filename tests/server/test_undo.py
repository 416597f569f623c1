"""What takes a write back, and what no call does: an undo is offered only where it restores what was there."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from localapi.tables import Account, Board
from tests.conftest import HeldClock
from tests.server.answering import Person
from tests.server.counters import COMMENT, Counter, counting
from tests.server.standin import text_of
from tests.server.workflows.desks import Desk, desk
from tests.server.workflows.lines import client_of

pytestmark = pytest.mark.anyio
BOARDS = {"account_id": "acc_fjord_pinterest"}


@pytest.fixture
async def counter(clock: HeldClock) -> AsyncIterator[Counter]:
    async with desk(clock) as bench, counting(bench) as made:
        yield made


@pytest.fixture
async def busy(clock: HeldClock) -> AsyncIterator[Desk]:
    """Where posts really go out."""
    async with desk(clock, with_jobs=True) as bench:
        yield bench


async def _connected(bench: Desk, account_id: str) -> None:
    async with bench.api.installation.database.write() as session:
        account = await session.get(Account, account_id)
        assert account is not None
        account.status = "active"


async def _post(bench: Desk, post_id: str) -> dict[str, Any]:
    body: dict[str, Any] = (await bench.http.get(f"/posts/{post_id}")).json()
    found: dict[str, Any] = body.get("data", body)
    return found


async def test_a_retry_that_fails_again_says_so_and_can_be_made_again(busy: Desk) -> None:
    async with client_of(busy.services, Person()) as client:
        failed = await client.call_tool("retry_post", {"post_id": "post_failed"})
        text = text_of(failed)
        assert failed.is_error and "account.reconnection_required" in text and "unpublish_post" not in text, text
        (row, *_) = ((await client.call_tool("whats_been_done", {})).structured_content or {})["data"]
        assert (row["tool"], row["outcome"]) == ("retry_post", "failed")
        targets = (await _post(busy, "post_failed"))["targets"]
        for target in targets:
            await _connected(busy, target["account_id"])
        done = await client.call_tool("retry_post", {"post_id": "post_failed"})
        assert not done.is_error, text_of(done)
        body = done.structured_content or {}
        assert body["status"] == "published" and body["undo"]["tool"] == "unpublish_post"
        assert [one["status"] for one in body["targets"]] == ["published"] * len(targets)
        undone = await client.call_tool(body["undo"]["tool"], body["undo"]["arguments"])
        assert not undone.is_error, text_of(undone)


async def test_the_undo_of_a_retry_takes_down_what_the_retry_brought_out(busy: Desk) -> None:
    before = {one["account_id"]: one["status"] for one in (await _post(busy, "post_partial"))["targets"]}
    (again,) = [account for account, status in before.items() if status == "failed"]
    await _connected(busy, again)
    async with client_of(busy.services, Person()) as client:
        done = await client.call_tool("retry_post", {"post_id": "post_partial"})
        body = done.structured_content or {}
        tried = {one["account_id"]: one.get("tried_again") for one in body["targets"]}
        assert tried == {account: True if account == again else None for account in before}
        assert body["undo"] == {
            "tool": "unpublish_post",
            "arguments": {"post_id": "post_partial", "account_id": again},
        }
        assert "«" not in str([one["status"] for one in body["targets"]])
        await client.call_tool("unpublish_post", body["undo"]["arguments"])
    now = {one["account_id"]: one["status"] for one in (await _post(busy, "post_partial"))["targets"]}
    assert now == {**before, again: "cancelled"}


async def test_what_is_on_its_way_still_is_told_with_where_to_look(counter: Counter) -> None:
    # Nobody works here, so it stays on its way.
    for tool, post_id in (("retry_post", "post_partial"), ("publish_post", "post_scheduled")):
        result = await counter.call(tool, {"post_id": post_id})
        body = result.structured_content or {}
        assert not result.is_error and body["status"] == "publishing" and "get_post" in text_of(result)
        # What of it comes out by the retry is not known yet.
        assert ("undo" in body) is (tool == "publish_post")


async def test_the_undo_of_a_board_leaves_the_description_that_nobody_can_read(counter: Counter) -> None:
    (board, *_) = (await counter.done("list_pinterest_boards", BOARDS))["data"]
    change = {**BOARDS, "board_id": board["id"], "name": "Renamed", "description": "Another"}
    changed = await counter.call("update_pinterest_board", change)
    assert "leaves description" in text_of(changed) and "cannot be read" in text_of(changed)
    await counter.take_back(changed.structured_content or {})
    async with counter.bench.api.installation.database.read() as session:
        row = await session.get(Board, board["id"])
    assert row is not None and row.description == "Another" and "Renamed" not in row.name
    change = {**BOARDS, "board_id": board["id"], "description": "A third one"}
    alone = await counter.call("update_pinterest_board", change)
    assert "undo" not in (alone.structured_content or {}) and "No undo" in text_of(alone)
    assert "description" in text_of(alone).partition("No undo")[2]


async def test_a_made_board_is_deleted_by_the_id_that_the_list_shows(counter: Counter) -> None:
    made = await counter.done("create_pinterest_board", {**BOARDS, "name": "Cabins"})
    assert made["undo"]["arguments"] == {**BOARDS, "board_id": made["id"]}
    await counter.take_back(made)
    assert made["id"] not in {row["id"] for row in (await counter.done("list_pinterest_boards", BOARDS))["data"]}


async def test_a_time_that_a_draft_gets_is_said_to_stay(counter: Counter) -> None:
    moved = await counter.call("update_post", {"post_id": "post_draft", "scheduled_at": "2026-03-13T09:00:00Z"})
    assert not moved.is_error and "undo" not in (moved.structured_content or {})
    assert "scheduled_at" in text_of(moved).partition("No undo")[2]


async def test_unhiding_what_was_visible_offers_no_undo_that_hides_it(counter: Counter) -> None:
    shown = await counter.call("unhide_comment", COMMENT)
    assert "undo" not in (shown.structured_content or {}) and "nothing changed" in text_of(shown)
    hidden = await counter.done("hide_comment", COMMENT)
    assert hidden["was_hidden"] is False and hidden["undo"]["tool"] == "unhide_comment"
    again = await counter.done("hide_comment", COMMENT)
    assert again["was_hidden"] is True and "undo" not in again
    shown_again = await counter.done("unhide_comment", COMMENT)
    await counter.take_back(shown_again)
    assert (await counter.comment())["is_hidden"] is True


async def test_a_page_is_no_default_page_again_by_making_the_former_one_it(counter: Counter) -> None:
    account = {"account_id": "acc_aurora_facebook"}

    async def default() -> str:
        rows = (await counter.done("list_account_pages", {**account, "detail": "full"}))["data"]
        return str(next(row["id"] for row in rows if row["is_default"]))

    former = await default()
    rows = (await counter.done("list_account_pages", {**account, "detail": "full"}))["data"]
    other = next(row["id"] for row in rows if row["id"] != former)
    await counter.done("update_account_page", {**account, "page_id": other, "is_active": True})
    changed = await counter.done("update_account_page", {**account, "page_id": other, "is_default": True})
    assert await default() == other
    await counter.take_back(changed)
    assert await default() == former
