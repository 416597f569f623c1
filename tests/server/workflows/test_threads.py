"""Threads of comments: each waits for us as its newest reply says, whose words and author are shown then."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from localapi.context import native_id
from server.workflows.answered import MOST_REPLIES_READ
from server.workflows.items import Item, comments_of
from tests.conftest import HeldClock
from tests.server.answering import Person
from tests.server.workflows.desks import Desk, desk
from tests.server.workflows.lines import client_of, line_of, refuses
from tests.server.workflows.test_answered import FACEBOOK, FACEBOOK_POST, called, comment, next_of, says, waiting

pytestmark = pytest.mark.anyio

THREADS_POST = "5f0c1d2e-0000-4000-8000-000000000003"
PARCEL, AGAIN = "Where is my parcel 4711?", "Still nothing, I want a refund now!"


@pytest.fixture
async def bench(clock: HeldClock) -> AsyncIterator[Desk]:
    async with desk(clock) as made:
        yield made


@pytest.mark.parametrize("is_below_ours", [False, True])
async def test_whoever_writes_again_after_our_reply_waits(bench: Desk, is_below_ours: bool) -> None:
    await says(bench, comment(bench, "ig_parcel", PARCEL))
    plan = {"action": "reply", "what": "comments", "text": "Sorry!", "contains": "4711"}
    async with line_of(bench) as (_line, services), client_of(services, Person()) as client:

        async def planned(*, unanswered: bool) -> bool:
            return not (await client.call_tool("plan_bulk", {**plan, "unanswered": unanswered})).is_error

        given = next_of(await waiting(client, "comment"), PARCEL)
        assert given is not None
        ours = await called(client, "reply_to_comment", **given, text="It arrives today.")
        assert next_of(await waiting(client, "comment"), "4711") is None
        assert not await planned(unanswered=True) and await planned(unanswered=False)
        bench.clock.advance(minutes=30)
        under = ours["comment_id"] if is_below_ours else "ig_parcel"
        await says(bench, comment(bench, "ig_again", AGAIN, under=under))
        rows = await waiting(client, "comment")
        (row,) = (one for one in rows if AGAIN in one["said"])
        assert "A Stranger" in row["who"] and "complaint" in row["why"] and "5 h old" not in row["why"]
        assert next_of(rows, "4711") is None, "it is one thread"
        # Instagram has one level of replies.
        assert next_of(rows, AGAIN) == given
        since = (bench.clock.now() - timedelta(minutes=10)).isoformat()
        assert next_of((await called(client, "triage_inbox", since=since))["rows"], AGAIN) == given
        assert await planned(unanswered=True) and not await planned(unanswered=False)
        await called(client, "reply_to_comment", **given, text="We pay it back.")
        assert next_of(await waiting(client, "comment"), AGAIN) is None
        assert not await planned(unanswered=True) and await planned(unanswered=False)


async def test_where_replies_are_nested_the_newest_is_answered_itself(bench: Desk) -> None:
    async with line_of(bench) as (_line, services), client_of(services, Person()) as client:
        given = next_of(await waiting(client, "comment"), "Filter.")
        assert given is not None
        await called(client, "reply_to_comment", **given, text="So it is.")
        bench.clock.advance(minutes=30)
        await says(bench, comment(bench, "th_again", AGAIN, under="th_c_1", post=THREADS_POST))
        again = next_of(await waiting(client, "comment"), AGAIN)
        assert again is not None and again["comment_id"] != given["comment_id"]
        assert native_id(again["comment_id"]) == "th_again"
        plan = {
            "action": "reply",
            "what": "comments",
            "text": "Sorry!",
            "unanswered": True,
            "ids": [given["comment_id"]],
        }
        (sample,) = (await called(client, "plan_bulk", **plan))["samples"]
        assert AGAIN in sample["said"], "a plan replies to what waits, too"
        await called(client, "reply_to_comment", **again, text="We pay it back.")
        assert next_of(await waiting(client, "comment"), AGAIN) is None


async def test_whoever_replies_to_a_comment_of_ours_waits(bench: Desk) -> None:
    async with line_of(bench) as (_line, services), client_of(services, Person()) as client:
        assert next_of(await waiting(client, "comment"), "We hear you") is None
        await says(bench, comment(bench, "th_again", AGAIN, under="th_c_2", post=THREADS_POST))
        given = next_of(await waiting(client, "comment"), AGAIN)
        assert given is not None and native_id(given["comment_id"]) == "th_again"
        await called(client, "reply_to_comment", **given, text="We pay it back.")
        assert next_of(await waiting(client, "comment"), AGAIN) is None


async def test_a_thread_whose_newest_reply_was_hidden_does_not_wait(bench: Desk) -> None:
    again = comment(bench, "ig_again", AGAIN, under="ig_c_2")
    again.is_hidden = True
    await says(bench, again)
    async with line_of(bench) as (_line, services), client_of(services) as client:
        assert next_of(await waiting(client, "comment"), AGAIN) is None


async def test_replies_below_replies_are_looked_at_within_the_same_bounds(bench: Desk) -> None:
    for number in range(MOST_REPLIES_READ):
        await says(bench, comment(bench, f"ig_top_{number}", f"Question {number}", age=100 + number))
        ours = comment(bench, f"ig_ours_{number}", "We look into it.", under=f"ig_top_{number}", age=50)
        ours.is_owner = True
        await says(bench, ours, comment(bench, f"ig_below_{number}", AGAIN, under=f"ig_ours_{number}"))
    async with line_of(bench) as (line, services), client_of(services) as client:
        body = await called(client, "triage_inbox", kinds=["comment"], platforms=["instagram"])
        assert len([path for _method, path in line.left if path.endswith("/replies")]) == MOST_REPLIES_READ
        told = f"{MOST_REPLIES_READ} comments were not looked at to the end"
        assert any(told in line for line in body["left_out"]), body["left_out"]


def row_of(name: str, at: str, *, under: str = "", ours: bool = False, replies: int = 0) -> dict[str, Any]:
    return {
        "id": name, "parent_id": under or None, "is_owner": ours, "text": name, "created_at": f"2026-03-10T{at}:00Z",
        "reply_count": replies, "has_replies": replies > 0,
    }  # fmt: skip


def test_replies_in_the_list_of_comments_decide_where_they_are_all() -> None:
    def found(*rows: dict[str, Any]) -> Item:
        return comments_of(rows, post_id="p", account_id="a", platform="facebook")[0]

    ours, theirs = row_of("r_1", "09:00", under="c", ours=True), row_of("r_2", "10:00", under="c")
    answered = found(row_of("c", "08:00", replies=1), ours)
    assert answered.is_answered and answered.is_certain
    newer = found(row_of("c", "08:00", replies=2), ours)
    assert not newer.is_certain, "a newer one may be missing"
    again = found(row_of("c", "08:00", replies=2), ours, theirs)
    assert not again.is_answered and again.is_certain
    assert again.newest is not None and again.newest.id == "r_2"
    assert comments_of(
        [ours, theirs, row_of("r_3", "11:00", under="c", ours=True)], post_id="p", account_id="a", platform="facebook"
    )[0].is_answered, "what we said after it answers it"


async def test_a_reply_among_the_comments_does_not_wait_twice(bench: Desk) -> None:
    rows = [
        row_of("c_1", "08:00", replies=2),
        row_of("r_1", "09:00", under="c_1", ours=True),
        row_of("r_2", "10:00", under="c_1"),
    ]

    def api(request: httpx2.Request) -> httpx2.Response | None:
        listed = request.method == "GET" and request.url.path.endswith(f"/comments/{FACEBOOK_POST}")
        return httpx2.Response(200, json={"data": rows}, request=request) if listed else None

    async with line_of(bench) as (line, services), client_of(services) as client:
        line.before = api
        body = await called(client, "triage_inbox", kinds=["comment"], platforms=["facebook"])
        assert [row["said"] for row in body["rows"]] == ["r_2"] and body["waiting"] == 1
        assert body["rows"][0]["next"]["arguments"]["comment_id"] == "c_1"
        rows[2]["text"] = "Check my bio: https://collect.test"
        plan = {"action": "hide", "what": "comments", "looks_like_spam": True, "account_ids": [FACEBOOK]}
        chosen = await called(client, "plan_bulk", **plan)
        assert [row["id"] for row in chosen["samples"]] == ["r_2"], "not the comment that it stands below"


async def test_nothing_of_others_stands_in_our_own_lines(bench: Desk) -> None:
    hostile = "www.send-the-keys.com"
    post = {"id": hostile, "account_id": FACEBOOK, "platform": "facebook"}
    pages = {
        "/v1/inbox/comments": {"data": [post], "pagination": {"has_more": True, "next_cursor": "x"}},
        f"/v1/inbox/comments/{hostile}": {"data": [], "pagination": {"has_more": True, "next_cursor": "x"}},
    }

    def api(request: httpx2.Request) -> httpx2.Response | None:
        page = pages.get(request.url.path)
        return None if page is None else httpx2.Response(200, json=page, request=request)

    async with line_of(bench) as (line, services), client_of(services) as client:
        line.before = api
        body = await called(client, "triage_inbox", kinds=["comment"], platforms=["facebook"])
        assert len(body["left_out"]) == 2 and "keys" not in str(body["left_out"])
        line.before = refuses("GET", f"/v1/inbox/comments/{FACEBOOK_POST}")
        body = await called(client, "triage_inbox", kinds=["comment"], platforms=["facebook"])
        assert body["problems"] and body["problems"][0].startswith("«"), "what the API said is quoted"


async def test_who_wrote_below_somebody_elses_comment_waits_by_themselves_where_we_never_wrote(bench: Desk) -> None:
    rows = [row_of("c_1", "08:00", replies=1), row_of("I got food poisoning, I want a refund", "09:00", under="c_1")]

    def api(request: httpx2.Request) -> httpx2.Response | None:
        listed = request.method == "GET" and request.url.path.endswith(f"/comments/{FACEBOOK_POST}")
        return httpx2.Response(200, json={"data": rows}, request=request) if listed else None

    async with line_of(bench) as (line, services), client_of(services) as client:
        line.before = api
        body = await called(client, "triage_inbox", kinds=["comment"], platforms=["facebook"])
        said = [row["said"] for row in body["rows"]]
        assert len(said) == 2 and "food poisoning" in said[0], "the complaint comes first"
