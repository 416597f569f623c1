"""Writes through a real client: once or not at all, noted, and taken back by the call that the answer names."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from server.mode import Mode
from server.records.storage import Storage
from server.token_estimate import estimate
from tests.conftest import HeldClock
from tests.server.answering import Person
from tests.server.counters import COMMENT, HIDE_PATH, POST, REPLY, Counter, counting
from tests.server.standin import text_of
from tests.server.workflows.desks import Desk, desk
from tests.server.workflows.lines import client_of, line_of, refuses, with_storage

pytestmark = pytest.mark.anyio


@pytest.fixture
async def bench(clock: HeldClock) -> AsyncIterator[Desk]:
    async with desk(clock) as made:
        yield made


@pytest.fixture
async def counter(bench: Desk) -> AsyncIterator[Counter]:
    async with counting(bench) as made:
        yield made


async def test_a_hundred_identical_sends_at_once_reach_the_api_once(counter: Counter) -> None:
    results = await asyncio.gather(*(counter.call("create_post", POST) for _ in range(100)))
    assert counter.line.writes == [("POST", "/v1/posts")]
    assert sum(not result.is_error for result in results) >= 1
    assert all(not result.is_error or "still on its way" in text_of(result) for result in results)
    assert "Not sent again" in text_of(await counter.call("create_post", POST))
    made = {result.structured_content["id"] for result in results if result.structured_content}
    (row,) = await counter.rows()
    assert (row["tool"], row["outcome"], row["target"]) == (
        "create_post",
        "done",
        f"account_id=acc_aurora_threads, id={made.pop()}",
    )


async def test_a_given_key_stands_for_one_call_and_a_day(counter: Counter) -> None:
    first = await counter.done("create_post", {**POST, "idempotency_key": "monday"})
    counter.bench.clock.advance(hours=23)
    assert (await counter.done("create_post", {**POST, "idempotency_key": "monday"}))["id"] == first["id"]
    other = await counter.call("create_post", {**POST, "text": "Other.", "idempotency_key": "monday"})
    assert other.is_error and "used for another call" in text_of(other)
    assert len(counter.line.writes) == 1
    counter.bench.clock.advance(hours=2)
    assert (await counter.done("create_post", {**POST, "idempotency_key": "monday"}))["id"] != first["id"]


async def test_the_same_call_is_sent_again_after_ten_minutes(counter: Counter) -> None:
    first = await counter.done("reply_to_comment", REPLY)
    counter.bench.clock.advance(minutes=9)
    again = await counter.done("reply_to_comment", REPLY)
    assert again["comment_id"] == first["comment_id"] and len(counter.line.writes) == 1
    counter.bench.clock.advance(minutes=2)
    await counter.done("reply_to_comment", REPLY)
    assert len(counter.line.writes) == 2


async def test_hide_unhide_hide_is_three_requests(counter: Counter) -> None:
    for tool in ("hide_comment", "unhide_comment", "hide_comment"):
        await counter.done(tool, COMMENT)
    assert counter.line.writes == [("POST", HIDE_PATH), ("DELETE", HIDE_PATH), ("POST", HIDE_PATH)]
    assert (await counter.comment())["is_hidden"] is True
    assert [row["tool"] for row in await counter.rows()] == ["hide_comment", "unhide_comment", "hide_comment"]


async def test_what_the_api_refuses_frees_the_key(counter: Counter) -> None:
    counter.line.before = refuses("POST", "/posts", 422)
    for _ in range(2):
        assert "not today" in text_of(await counter.call("create_post", POST))
    counter.line.before = None
    await counter.done("create_post", POST)
    assert len(counter.line.writes) == 3
    rows = await counter.rows()
    assert [row["outcome"] for row in rows] == ["done", "failed", "failed"] and "not today" in str(rows[1]["reason"])


async def test_the_undo_of_a_hidden_and_a_liked_comment_takes_it_back(counter: Counter) -> None:
    hidden = await counter.done("hide_comment", COMMENT)
    assert (await counter.comment())["is_hidden"] is True
    await counter.take_back(hidden)
    assert (await counter.comment())["is_hidden"] is False
    # The only platform that tells whether it is liked.
    place = {"post_id": "5f0c1d2e-0000-4000-8000-000000000006", "account_id": "acc_fjord_linkedin_page"}
    address, whose = f"/inbox/comments/{place['post_id']}", {"account_id": place["account_id"]}
    comment_id = (await counter.bench.http.get(address, params=whose)).json()["data"][0]["id"]

    async def is_liked() -> bool:
        rows = (await counter.bench.http.get(address, params=whose)).json()["data"]
        return any(row["id"] == comment_id and row["liked_by_viewer"] for row in rows)

    liked = await counter.done("like_comment", {**place, "comment_id": comment_id})
    assert await is_liked()
    await counter.take_back(liked)
    assert not await is_liked()


async def test_the_undo_of_a_scheduled_post_a_change_and_a_brand_takes_it_back(counter: Counter) -> None:
    post = await counter.done(
        "create_post",
        {"text": "Later.", "targets": POST["targets"], "scheduled_at": "2026-03-12T09:00", "time_zone": "Europe/Oslo"},
    )
    changed = await counter.done(
        "update_post", {"post_id": post["id"], "scheduled_at": "2026-03-13T09:00:00Z", "text": "Even later."}
    )
    await counter.take_back(changed)
    now = (await counter.bench.http.get(f"/posts/{post['id']}")).json()
    now = now.get("data", now)
    assert (now["text"], now["scheduled_at"][:16]) == ("Later.", "2026-03-12T08:00")
    await counter.take_back(post)
    assert (await counter.bench.http.get(f"/posts/{post['id']}")).status_code == 404
    brand = await counter.done("update_brand", {"brand_id": "Pop-up Stand", "name": "Market Stand"})
    await counter.take_back(brand)
    names = {row["name"] for row in (await counter.bench.http.get("/brands")).json()["data"]}
    assert "Pop-up Stand" in names and "Market Stand" not in names


async def test_without_records_nothing_is_sent_and_reads_still_answer(bench: Desk, tmp_path: Path) -> None:
    (tmp_path / "records.sqlite").mkdir()
    async with line_of(bench) as (line, services):
        broken = with_storage(services, Storage(file=tmp_path / "records.sqlite"), bench)
        async with client_of(broken, Person()) as client:
            for tool, arguments in (("create_post", POST), ("reply_to_comment", REPLY)):
                result = await client.call_tool(tool, arguments)
                assert result.is_error and "nothing was sent" in text_of(result), text_of(result)
            assert line.writes == []
            place = {name: COMMENT[name] for name in ("post_id", "account_id")}
            reads: list[tuple[str, dict[str, Any]]] = [
                ("list_brands", {}),
                ("list_comments", place),
                ("triage_inbox", {}),
                ("search", {"query": "roast"}),
            ]
            for tool, given in reads:
                result = await client.call_tool(tool, given)
                assert not result.is_error, (tool, text_of(result))
            reads = [("whats_been_done", {}), ("plan_bulk", {"action": "hide", "what": "comments"})]
            for tool, given in reads:
                result = await client.call_tool(tool, given)
                assert result.is_error and "retry:" in text_of(result)


async def test_names_stand_for_ids_where_one_fits(counter: Counter) -> None:
    result = await counter.call(
        "create_post", {**POST, "targets": [{"account_id": "Aurora Coffee on Threads"}], "publish_now": False}
    )
    assert not result.is_error and "acc_aurora_threads" in text_of(result), text_of(result)
    several = await counter.call("create_post", {**POST, "targets": [{"account_id": "Aurora Coffee"}]})
    assert several.is_error and "acc_aurora_instagram" in text_of(several)
    assert len(counter.line.writes) == 1


async def test_a_time_needs_a_zone(counter: Counter) -> None:
    later = {"text": "Later.", "targets": POST["targets"], "scheduled_at": "2026-03-12T09:00"}
    result = await counter.call("create_post", later)
    assert result.is_error and "nothing was sent" in text_of(result) and counter.line.writes == []
    result = await counter.call("create_post", {**later, "time_zone": "Mars/Olympus"})
    assert result.is_error and counter.line.writes == []
    post = await counter.done("create_post", {**later, "time_zone": "America/New_York"})
    assert post["scheduled_at"].startswith("2026-03-12T13:00")


async def test_answers_are_selected_detailed_and_bounded(counter: Counter) -> None:
    selected = await counter.call("list_brands", {"select": "data[].name"})
    assert "Aurora Coffee" in text_of(selected) and "b_aurora" not in text_of(selected)
    wrong = await counter.call("list_brands", {"select": "data[?"})
    assert wrong.is_error and "select" in text_of(wrong)
    brief = text_of(await counter.call("list_posts", {}))
    full = text_of(await counter.call("list_posts", {"detail": "full"}))
    assert len(brief) < len(full)
    small = text_of(await counter.call("list_posts", {"detail": "full", "max_tokens": 400}))
    assert estimate(small) <= 400 and len(small) < len(full)


async def test_what_was_done_comes_in_pages_between_two_times_and_is_nobodys_text(counter: Counter) -> None:
    hidden = {"post_id": "ig_1789001", "account_id": "acc_aurora_instagram", "comment_id": "ig_c_1"}
    for _ in range(30):
        await counter.done("hide_comment", hidden)
        await counter.done("unhide_comment", hidden)
    first = await counter.done("whats_been_done", {"limit": 40})
    second = await counter.done("whats_been_done", {"limit": 40, "cursor": first["next_cursor"]})
    assert [len(first["data"]), len(second["data"])] == [40, 20] and second.get("next_cursor") is None
    assert {row["tool"] for row in first["data"]} == {"hide_comment", "unhide_comment"}
    only = await counter.done("whats_been_done", {"tool": "hide_comment", "limit": 200})
    assert len(only["data"]) == 30
    for given in ({"until": "2026-03-10T11:00:00Z"}, {"since": "2026-03-10T13:00:00Z"}):
        result = await counter.call("whats_been_done", given)
        assert (result.structured_content or {})["data"] == [] and "Nothing was written" in text_of(result)
    wrong = await counter.call("whats_been_done", {"cursor": "nonsense"})
    assert wrong.is_error and "without cursor" in text_of(wrong)


async def test_the_list_as_csv_stays_within_an_answer(counter: Counter) -> None:
    hidden = {"post_id": "ig_1789001", "account_id": "acc_aurora_instagram", "comment_id": "ig_c_1"}
    for _ in range(100):
        await counter.done("hide_comment", hidden)
        await counter.done("unhide_comment", hidden)
    result = await counter.call("whats_been_done", {"as_csv": True, "limit": 200})
    assert text_of(result).startswith("at,tool,target") and estimate(text_of(result)) <= 6000
    body = result.structured_content or {}
    assert 50 < len(body["data"]) < 200 and body["next_cursor"] in text_of(result)


async def test_a_brands_time_zone_counts_wherever_its_accounts_stand(bench: Desk) -> None:
    zones = {"b_aurora": ZoneInfo("America/New_York"), "b_fjord": ZoneInfo("Europe/Oslo")}
    mode = Mode(toolsets=(frozenset({"all"}),), brand_zones=zones)
    async with line_of(bench) as (_line, services), client_of(services, Person(), mode=mode) as client:
        later = {"text": "Later.", "targets": POST["targets"], "scheduled_at": "2026-03-12T09:00"}
        made = (await client.call_tool("create_post", later)).structured_content or {}
        assert made["scheduled_at"] == "2026-03-12T13:00:00.000Z"
        shown = (await client.call_tool("get_post", {"post_id": made["id"]})).structured_content or {}
        assert shown["scheduled_at_local"] == "2026-03-12 09:00 Thu EDT"
        rows = ((await client.call_tool("triage_inbox", {})).structured_content or {})["rows"]
        assert rows and all(row["at_local"].endswith(("EDT", "EST", "CET")) for row in rows if row.get("at"))
        both = {**later, "targets": [*POST["targets"], {"account_id": "acc_fjord_facebook"}]}
        refused = await client.call_tool("create_post", both)
        assert refused.is_error and "no time zone is known" in text_of(refused)


async def test_a_changed_board_and_profile_can_be_changed_back(counter: Counter) -> None:
    account = {"account_id": "acc_fjord_pinterest"}
    (board, *_) = (await counter.done("list_pinterest_boards", account))["data"]
    changed = await counter.done("update_pinterest_board", {**account, "board_id": board["id"], "name": "Renamed"})
    assert changed["name"] == "Renamed"
    await counter.take_back(changed)
    (again, *_) = (await counter.done("list_pinterest_boards", account))["data"]
    assert again["name"].partition(" ")[2] == board["name"].partition(" ")[2] != ""
    number = {"phone_number_id": "15550001111"}
    before = await counter.done("get_whatsapp_business_profile", number)
    await counter.take_back(
        await counter.done("update_whatsapp_business_profile", {**number, "about": "Something new"})
    )
    assert (await counter.done("get_whatsapp_business_profile", number)).get("about") == before.get("about")


async def test_a_posts_brand_has_its_time_where_the_call_names_the_post_alone(bench: Desk) -> None:
    zones = {"b_aurora": ZoneInfo("America/New_York")}
    mode = Mode(toolsets=(frozenset({"all"}),), brand_zones=zones, zone=ZoneInfo("Europe/Berlin"))
    async with line_of(bench) as (_line, services), client_of(services, Person(), mode=mode) as client:
        later = {"text": "Later.", "targets": POST["targets"], "scheduled_at": "2026-03-12T09:00"}
        made = (await client.call_tool("create_post", later)).structured_content or {}
        moved = await client.call_tool("update_post", {"post_id": made["id"], "scheduled_at": "2026-03-13T09:00"})
        body = moved.structured_content or {}
        assert body["scheduled_at"] == "2026-03-13T13:00:00.000Z"
        assert body["scheduled_at_local"] == "2026-03-13 09:00 Fri EDT"
        written = (await client.call_tool("list_messages", {"conversation_id": "conv_ig_1"})).structured_content or {}
        assert written["data"][0]["created_at_local"].endswith(("EDT", "EST"))
        own = [{"account_id": "acc_aurora_threads", "scheduled_at": "2026-03-14T09:00"}]
        body = (await client.call_tool("create_post", {"text": "Own.", "targets": own})).structured_content or {}
        assert body["targets"][0]["scheduled_at"] == "2026-03-14T13:00:00.000Z"


async def test_the_undo_of_a_change_is_a_call_that_can_be_made_and_says_what_it_leaves(counter: Counter) -> None:
    draft = await counter.done("create_post", {"text": "First."})
    media = [{"source_type": "media_id", "source": "med_roast"}]
    changed = await counter.call(
        "update_post",
        {
            "post_id": draft["id"],
            "title": "New",
            "targets": [{"account_id": "acc_aurora_instagram", "media": media}],
            "media": media,
            "skip_validation": True,
        },
    )
    assert not changed.is_error, text_of(changed)
    moved = await counter.call("update_post", {"post_id": draft["id"], "scheduled_at": "2026-03-13T09:00:00Z"})
    assert "scheduled_at" not in str((moved.structured_content or {}).get("undo"))
    again = await counter.done("update_post", {"post_id": draft["id"], "targets": POST["targets"], "text": "Second."})
    assert again["undo"]["arguments"]["targets"] == [{"account_id": "acc_aurora_instagram", "media": media}]
    await counter.take_back(again)
    now = await counter.done("get_post", {"post_id": draft["id"], "detail": "full"})
    assert (now["text"], [one["account_id"] for one in now["targets"]]) == ("First.", ["acc_aurora_instagram"])
    await counter.take_back(changed.structured_content or {})
    now = await counter.done("get_post", {"post_id": draft["id"], "detail": "full"})
    assert not now.get("title") and not now.get("media") and not now.get("targets")
    both = await counter.call(
        "update_post", {"post_id": "post_draft", "text": "Other.", "scheduled_at": "2026-03-13T09:00:00Z"}
    )
    assert "leaves scheduled_at" in text_of(both)


async def test_the_undo_of_an_edited_comment_and_of_the_profile_takes_it_back(counter: Counter) -> None:
    place = {"account_id": "acc_fjord_youtube", "post_id": "yt_Abc123"}

    async def own() -> dict[str, Any]:
        below = {**place, "comment_id": "yt_c_1", "detail": "full"}
        rows = (await counter.done("list_comment_replies", below))["data"]
        return dict(next(row for row in rows if row["is_owner"]))

    before = await own()
    edited = await counter.done("edit_youtube_comment", {**place, "comment_id": before["id"], "text": "Edited."})
    assert "Edited." in (await own())["text"]
    await counter.take_back(edited)
    assert (await own())["text"].partition(" ")[2] == before["text"].partition(" ")[2]
    user = await counter.done("update_current_user", {"lock_accounts_to_brand": True})
    assert user["undo"] == {"tool": "update_current_user", "arguments": {"lock_accounts_to_brand": False}}


async def test_what_a_write_answers_fits_and_names_what_was_made(counter: Counter) -> None:
    long = "Word after word. " * 1500
    made = await counter.call("create_post", {"text": long})
    assert not made.is_error and estimate(text_of(made)) <= 6000 and "Long texts are cut here" in text_of(made)
    post_id = (made.structured_content or {})["id"]
    changed = await counter.call("update_post", {"post_id": post_id, "text": long + "!"})
    assert estimate(text_of(changed)) <= 6000 and "too long to be repeated" in text_of(changed)
    brand = await counter.done("create_brand", {"name": "New brand"})
    rows = await counter.rows()
    assert rows[0]["target"] == f"id={brand['id']}" and rows[2]["target"] == f"id={post_id}"
    assert rows[1]["target"] == f"post_id={post_id}"
