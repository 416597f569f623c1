"""What counts as answered in the inbox: what we said last ourselves, not what was read, counted or said by others."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio.lowlevel
import httpx2
import pytest
from mcp import Client

from localapi.context import native_id
from localapi.tables import Comment, Conversation, Mention, Message
from server.records.storage import Storage
from server.workflows.answered import MOST_REPLIES_READ
from server.workflows.gathering import CONVERSATIONS_LOOKED_INTO
from server.workflows.reads import READS_AT_ONCE
from tests.conftest import HeldClock
from tests.server.answering import Person
from tests.server.standin import text_of
from tests.server.workflows.desks import ADDRESS, Desk, desk
from tests.server.workflows.lines import client_of, line_of, refuses, with_storage
from tools.rest import RestClient

pytestmark = pytest.mark.anyio

INSTAGRAM, FACEBOOK = "acc_aurora_instagram", "acc_aurora_facebook"
POST = "5f0c1d2e-0000-4000-8000-000000000001"
FACEBOOK_POST = "5f0c1d2e-0000-4000-8000-000000000002"
GRETA = "My order came cold and nobody picks up the phone. Not good enough."
REFUND = "Hello? I would like my money back."


@pytest.fixture
async def bench(clock: HeldClock) -> AsyncIterator[Desk]:
    async with desk(clock) as made:
        yield made


async def called(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, text_of(result)
    return dict(result.structured_content or {})


async def waiting(client: Client, *kinds: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await called(client, "triage_inbox", kinds=list(kinds)))["rows"]
    return rows


def next_of(rows: list[dict[str, Any]], words: str) -> dict[str, Any] | None:
    """The arguments of the next call of the row that says this."""
    for row in rows:
        if words in row["said"]:
            return {name: value for name, value in row["next"]["arguments"].items() if value is not None}
    return None


async def says(bench: Desk, *rows: Comment) -> None:
    """Put comments below a post, as strangers do; those above are told that they have replies."""
    async with bench.api.installation.database.write() as session:
        for row in rows:
            session.add(row)
            parent = await session.get(Comment, row.parent_id) if row.parent_id else None
            if parent is not None:
                parent.reply_count += 1
            await session.flush()


def comment(bench: Desk, name: str, text: str, *, under: str | None = None, post: str = POST, age: int = 5) -> Comment:
    return Comment(
        platform_id=name,
        network_post_id=post,
        parent_id=under,
        author_id=f"u_{name}",
        author_name="A Stranger",
        text=text,
        created_at=bench.clock.now() - timedelta(minutes=age),
    )


async def test_a_conversation_that_was_read_waits_until_it_is_answered(bench: Desk) -> None:
    async with line_of(bench) as (_line, services), client_of(services, Person()) as client:
        await called(client, "mark_conversation_read", conversation_id="conv_fb_1")
        given = next_of(await waiting(client, "message"), REFUND)
        assert given is not None and given == {"conversation_id": "conv_fb_1", "account_id": FACEBOOK}
        await called(client, "send_message", **given, text="We pay it back today.")
        assert next_of(await waiting(client, "message"), "money back") is None


async def test_a_conversation_that_is_unread_but_answered_does_not_wait(bench: Desk) -> None:
    async with line_of(bench) as (_line, services), client_of(services, Person()) as client:
        given = {"conversation_id": "conv_ig_1", "account_id": INSTAGRAM}
        await called(client, "send_message", **given, text="We do!")
        row = (await bench.http.get("/inbox/conversations/conv_ig_1")).json()["data"]
        assert row["unread_count"] == 1
        assert not any("gift boxes" in one["said"] for one in await waiting(client, "message"))


async def test_conversations_are_looked_into_within_bounds(bench: Desk) -> None:
    async with bench.api.installation.database.write() as session:
        for number in range(40):
            at = bench.clock.now() - timedelta(minutes=number)
            session.add(
                Conversation(
                    id=f"conv_many_{number}", user_id="usr_sample", account_id=INSTAGRAM, platform="instagram",
                    platform_id=f"t_many_{number}", participant_id=f"u_{number}", participant_name="Somebody",
                    unread_count=0, last_message=f"Anybody there, number {number}?", last_message_at=at,
                    last_inbound_at=at, created_at=at, updated_at=at,
                )
            )  # fmt: skip
            await session.flush()
            session.add(
                Message(
                    id=f"msg_many_{number}", conversation_id=f"conv_many_{number}", platform_id=f"mid_many_{number}",
                    direction="incoming", sender_id=f"u_{number}", sender_name="Somebody",
                    text=f"Anybody there, number {number}?", status="delivered", created_at=at,
                )
            )  # fmt: skip
    async with line_of(bench) as (line, services), client_of(services) as client:
        body = await called(client, "triage_inbox", kinds=["message"])
        looked = [path for _method, path in line.left if path.endswith("/messages")]
        assert len(looked) == CONVERSATIONS_LOOKED_INTO == len(set(looked))
        # Those unread come before those that are newer.
        assert any("conv_tg_1" in path for path in looked)
        assert any("20 conversations" in line for line in body["left_out"]), body
        assert "«" not in str(body["left_out"]), "our own advice is no stranger's"
        assert body["waiting"] == CONVERSATIONS_LOOKED_INTO


async def test_where_the_newest_message_cannot_be_read_an_unread_one_waits_to_be_looked_at(bench: Desk) -> None:
    async with line_of(bench) as (line, services), client_of(services) as client:
        line.before = refuses("GET", "/messages")
        body = await called(client, "triage_inbox", kinds=["message"])
        assert {row["next"]["tool"] for row in body["rows"]} == {"list_messages"}
        assert body["waiting"] == 4 and any("conv_fb_1" in problem for problem in body["problems"])


async def test_a_mention_in_a_comment_is_answered_there_and_then_no_more(bench: Desk) -> None:
    async with line_of(bench) as (line, services), client_of(services, Person()) as client:
        rows = await waiting(client, "mention")
        given = next_of(rows, "have to see this cup")
        assert given is not None
        assert given == {"account_id": INSTAGRAM, "media_id": "ig_m_9002", "comment_id": "ig_mc_1"}
        await called(client, "reply_to_mention", **given, text="We shall!")
        left = await waiting(client, "mention")
        assert next_of(left, "have to see this cup") is None
        other = next_of(left, "Morning stop")
        assert other is not None and other == {"account_id": INSTAGRAM, "media_id": "ig_m_9001"}
        line.before = refuses("POST", "/mentions/reply")
        assert (await client.call_tool("reply_to_mention", {**other, "text": "See you tomorrow?"})).is_error
        assert next_of(await waiting(client, "mention"), "Morning stop") == other, "what failed is no answer"
        line.before = None
        await called(client, "reply_to_mention", **other, text="See you on Monday?")
        assert next_of(await waiting(client, "mention"), "Morning stop") is None


async def test_mentions_of_one_post_are_answered_each_for_itself(bench: Desk) -> None:
    async with bench.api.installation.database.write() as session:
        for name, where in (("mnt_3", None), ("mnt_4", "ig_mc_4"), ("mnt_5", "ig_mc_5")):
            session.add(
                Mention(
                    platform_id=name, account_id=INSTAGRAM, mention_type="comment" if where else "caption",
                    media_id="ig_m_9003", comment_id=where, author_id="u_1", author_name="Somebody", text=f"Hi {name}",
                    received_at=bench.clock.now(),
                )
            )  # fmt: skip
    async with line_of(bench) as (_line, services), client_of(services, Person()) as client:
        given = next_of(await waiting(client, "mention"), "mnt_4")
        assert given is not None
        await called(client, "reply_to_mention", **given, text="Thank you.")
        left = await waiting(client, "mention")
        assert [next_of(left, name) is None for name in ("mnt_3", "mnt_4", "mnt_5")] == [False, True, False]
        of_post = next_of(left, "mnt_3")
        assert of_post is not None
        await called(client, "reply_to_mention", **of_post, text="Thank you, too.")
        left = await waiting(client, "mention")
        assert [next_of(left, name) is None for name in ("mnt_3", "mnt_4", "mnt_5")] == [True, True, False]


async def test_mentions_are_shown_without_records(bench: Desk, tmp_path: Path) -> None:
    (tmp_path / "records").write_text("no database")
    broken = Storage(file=tmp_path / "records")
    async with line_of(bench) as (_line, services), client_of(with_storage(services, broken, bench)) as client:
        body = await called(client, "triage_inbox", kinds=["mention"])
        assert next_of(body["rows"], "Morning stop") is not None
        assert any("answered before" in line for line in body["left_out"]), body
    await broken.close()


async def test_a_comment_waits_until_we_answer_whoever_else_does(bench: Desk) -> None:
    await says(bench, comment(bench, "fb_other", "Same here!", under="fb_c_1", post=FACEBOOK_POST))
    plan = {"action": "reply", "what": "comments", "text": "We are sorry.", "unanswered": True}
    async with line_of(bench) as (_line, services), client_of(services, Person()) as client:

        async def planned(**more: Any) -> list[str]:
            result = await client.call_tool("plan_bulk", {**plan, "contains": "came cold", **more})
            return [] if result.is_error else [row["id"] for row in (result.structured_content or {})["samples"]]

        of_post = {"post_id": FACEBOOK_POST, "account_ids": [FACEBOOK]}
        given = next_of(await waiting(client, "comment"), GRETA)
        assert given is not None
        assert await planned() == await planned(**of_post) == [given["comment_id"]]
        assert await planned(unanswered=False) == await planned(unanswered=False, **of_post) == []
        await called(client, "reply_to_comment", **given, text="We are sorry, and call you today.")
        assert next_of(await waiting(client, "comment"), GRETA) is None
        assert await planned() == await planned(**of_post) == []
        assert await planned(unanswered=False) == await planned(unanswered=False, **of_post) == [given["comment_id"]]


async def test_replies_are_looked_at_within_bounds(bench: Desk) -> None:
    count = MOST_REPLIES_READ + 5
    for number in range(count):
        await says(
            bench,
            comment(bench, f"ig_top_{number}", f"Question {number}", age=100 + number),
            comment(bench, f"ig_below_{number}", "Me too", under=f"ig_top_{number}"),
        )
    async with line_of(bench) as (line, services), client_of(services) as client:
        body = await called(client, "triage_inbox", kinds=["comment"], platforms=["instagram"])
        looked = [path for _method, path in line.left if path.endswith("/replies")]
        assert len(looked) == MOST_REPLIES_READ
        # One of the others was answered by us.
        assert any("replies of 6 comments were not looked at" in line for line in body["left_out"])
        assert next_of(body["rows"], "Question 0") is not None
        for unanswered in (True, False):
            line.left.clear()
            plan = {"action": "hide", "what": "comments", "account_ids": [INSTAGRAM], "unanswered": unanswered}
            chosen = await client.call_tool("plan_bulk", {**plan, "contains": "Question", "post_id": POST})
            assert len([path for _method, path in line.left if path.endswith("/replies")]) == MOST_REPLIES_READ
            if unanswered:
                assert (chosen.structured_content or {})["count"] == MOST_REPLIES_READ
            else:
                assert chosen.is_error, "what was not looked at is taken for neither"
            assert "replies of 5 comments were not looked at" in text_of(chosen)


class Crossing(httpx2.AsyncBaseTransport):
    """Counts the requests that are on their way at once."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner, self._now, self.most = inner, 0, 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            # So that all others that may leave do so.
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
            return await self._inner.handle_async_request(request)
        finally:
            self._now -= 1


async def test_a_few_are_read_at_once(bench: Desk) -> None:
    for number in range(MOST_REPLIES_READ):
        await says(
            bench,
            comment(bench, f"ig_top_{number}", f"Question {number}"),
            comment(bench, f"ig_below_{number}", "Me too", under=f"ig_top_{number}"),
        )
    way = Crossing(httpx2.ASGITransport(app=bench.api.app))
    headers = {"Authorization": f"Bearer {bench.api.sample_key}"}
    async with httpx2.AsyncClient(transport=way, base_url=ADDRESS, headers=headers) as http:
        services = replace(bench.services, rest=RestClient(http=http))
        async with client_of(services) as client:
            await called(client, "triage_inbox")
            assert 1 < way.most <= READS_AT_ONCE


async def test_replies_that_cannot_be_read_are_told(bench: Desk) -> None:
    await says(bench, comment(bench, "fb_other", "Same here!", under="fb_c_1", post=FACEBOOK_POST))
    async with line_of(bench) as (line, services), client_of(services) as client:
        line.before = refuses("GET", "/replies")
        body = await called(client, "triage_inbox", kinds=["comment"], platforms=["facebook"])
        assert next_of(body["rows"], GRETA) is None and body["rows"], "the rest is shown"
        assert any("replies to comment " in problem for problem in body["problems"])


async def test_nothing_is_looked_into_that_is_not_asked_for(bench: Desk) -> None:
    async with line_of(bench) as (line, services), client_of(services) as client:
        await called(client, "plan_bulk", action="hide", what="comments", contains="café")
        assert not any(path.endswith("/replies") for _method, path in line.left)
        line.left.clear()
        since = (bench.clock.now() - timedelta(hours=1, minutes=30)).isoformat()
        body = await called(client, "triage_inbox", since=since)
        # Somebody may have written again below what is older.
        looked = [path for _method, path in line.left if path.endswith("/replies")]
        assert {native_id(path.split("/")[-2]) for path in looked} == {"ig_c_2", "yt_c_1"} and len(looked) == 2
        assert all(row["at"] >= since[:19] for row in body["rows"])
        assert [path for _method, path in line.left if path.endswith("/messages")] == [
            "/v1/inbox/conversations/conv_wa_1/messages"
        ]
