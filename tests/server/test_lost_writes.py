"""Writes whose answer was lost: looked for, never sent twice, and never taken for made by what merely looks alike."""

from collections.abc import AsyncIterator
from typing import Any

import anyio
import anyio.lowlevel
import httpx2
import pytest
from mcp.types import ElicitResult

from server import looked_after
from server.callers import PROCESS
from server.calls import Call, Failed
from server.mode import Mode
from server.records import RecordsUnavailable
from server.undo import undo_of
from tests.conftest import HeldClock
from tests.server.answering import Person
from tests.server.counters import COMMENT, HIDE_PATH, POST, REPLY, Counter, counting
from tests.server.standin import text_of
from tests.server.workflows.desks import Desk, desk
from tests.server.workflows.lines import Rule, breaks, client_of, line_of, refuses
from tools.brands import CREATE_BRAND
from tools.comments import DELETE_COMMENT, HIDE_COMMENT
from tools.conversations import SEND_MESSAGE
from tools.posts import CREATE_POST
from tools.rest import Answer, ApiError

pytestmark = pytest.mark.anyio


@pytest.fixture
async def bench(clock: HeldClock) -> AsyncIterator[Desk]:
    async with desk(clock) as made:
        yield made


@pytest.fixture
async def counter(bench: Desk) -> AsyncIterator[Counter]:
    async with counting(bench) as made:
        yield made


@pytest.mark.parametrize(
    ("tool", "arguments", "path"),
    [("create_post", POST, "/v1/posts"), ("reply_to_comment", REPLY, "/v1/inbox/comments/ig_1789001")],
)
async def test_an_answer_lost_after_the_api_did_it(
    counter: Counter, tool: str, arguments: dict[str, Any], path: str
) -> None:
    counter.line.after = breaks("POST", path, httpx2.ReadTimeout)
    result = await counter.call(tool, arguments)
    assert not result.is_error and "Sent" in text_of(result), text_of(result)
    assert "«" not in str((result.structured_content or {}).get("comment_id")), "in the form of its own answer"
    counter.line.after = None
    again = await counter.call(tool, arguments)
    assert "Not sent again" in text_of(again) and counter.line.writes == [("POST", path)]
    (row,) = await counter.rows()
    assert row["outcome"] == "done", "what arrived is not left as unknown"
    assert (result.structured_content or {})["undo"]["tool"] in {"unpublish_post", "delete_post", "delete_comment"}


async def test_an_answer_lost_before_the_api_did_it_is_never_sent_twice(counter: Counter) -> None:
    counter.line.before = breaks("POST", "/v1/posts", httpx2.ReadTimeout)
    result = await counter.call("create_post", POST)
    assert result.is_error and "unknown" in text_of(result) and "check with list_posts" in text_of(result)
    counter.line.before = None
    for _ in range(3):
        counter.bench.clock.advance(minutes=1)
        assert (await counter.call("create_post", POST)).is_error
    assert len(counter.line.writes) == 1, "the API may still be busy with it"
    assert [row["outcome"] for row in await counter.rows()] == ["unknown"]
    counter.bench.clock.advance(minutes=5)
    await counter.done("create_post", POST)
    assert "Not sent again" in text_of(await counter.call("create_post", POST))
    assert len(counter.line.writes) == 2
    assert sum(post["text"] == POST["text"] for post in await counter.bench.posts()) == 1


async def test_a_wire_that_breaks_before_anything_left_frees_the_key(counter: Counter) -> None:
    counter.line.before = breaks("POST", "/v1/posts", httpx2.ConnectError)
    result = await counter.call("create_post", {**POST, "idempotency_key": "k"})
    assert result.is_error and "nothing was sent" in text_of(result)
    counter.line.before = None
    await counter.done("create_post", {**POST, "idempotency_key": "k"})
    assert [row["outcome"] for row in await counter.rows()] == ["done", "failed"]


async def test_an_error_of_the_server_may_have_been_carried_out(counter: Counter) -> None:
    counter.line.after = refuses("POST", "/posts", 500)
    result = await counter.call("create_post", POST)
    assert not result.is_error, "it is found to be there"
    counter.line.after, counter.line.before = None, refuses("POST", "/reply", 500)
    review = {"review_id": "r_none", "account_id": "acc_aurora_google", "text": "Thank you."}
    assert (await counter.call("reply_to_review", review)).is_error
    assert (await counter.rows())[0]["outcome"] == "unknown"


async def test_who_agreed_to_a_lost_delete_is_asked_before_it_leaves_again(counter: Counter) -> None:
    counter.line.before = breaks("DELETE", "/v1/posts/post_draft", httpx2.ReadTimeout)
    assert (await counter.call("delete_post", {"post_id": "post_draft"})).is_error
    assert len(counter.person.asked) == 1
    counter.line.before = None
    counter.bench.clock.advance(minutes=6)
    counter.person.approve = False
    result = await counter.call("delete_post", {"post_id": "post_draft"})
    assert result.is_error and "said no" in text_of(result)
    assert len(counter.person.asked) == 2 and len(counter.line.writes) == 1
    counter.person.approve = True
    await counter.done("delete_post", {"post_id": "post_draft"})
    assert len(counter.line.writes) == 2


async def test_a_change_without_an_answer_is_looked_for_as_well(counter: Counter) -> None:
    counter.line.after = breaks("PATCH", "/v1/posts/post_draft", httpx2.ReadTimeout)
    arrived = await counter.call("update_post", {"post_id": "post_draft", "text": "Arrived."})
    assert not arrived.is_error and "Sent: the API's answer was lost" in text_of(arrived)
    counter.line.after, counter.line.before = None, breaks("PATCH", "/v1/posts/post_draft", httpx2.ReadTimeout)
    lost = await counter.call("update_post", {"post_id": "post_draft", "text": "Lost."})
    assert lost.is_error and "unknown: it is not there yet; check with list_posts" in text_of(lost)
    counter.line.before = refuses("POST", "/brands", 504)
    gone = await counter.call("create_brand", {"name": "Gone"})
    assert gone.is_error and "unknown: check with list_brands" in text_of(gone)


def cut(method: str, part: str) -> Rule:
    """Requests of this kind are lost before they arrive."""

    def rule(request: httpx2.Request) -> httpx2.Response | None:
        if request.method == method and part in request.url.path:
            raise httpx2.ReadTimeout("no answer", request=request)
        return None

    return rule


@pytest.mark.parametrize(
    ("tool", "first", "second"),
    [
        (
            "create_post",
            {**POST, "publish_now": False, "scheduled_at": "2026-03-12T09:00:00Z"},
            {**POST, "publish_now": False, "scheduled_at": "2026-03-19T09:00:00Z"},
        ),
        ("create_post", POST, {**POST, "skip_duplicate_check": True, "idempotency_key": "again"}),
        ("reply_to_comment", REPLY, {**REPLY, "idempotency_key": "again"}),
        (
            "send_message",
            {"conversation_id": "conv_wa_1", "account_id": "acc_aurora_whatsapp", "text": "Yes"},
            {
                "conversation_id": "conv_wa_1",
                "account_id": "acc_aurora_whatsapp",
                "text": "Yes",
                "attachment_url": "https://pics.example/list.png",
            },
        ),
        (
            "send_message",
            {"conversation_id": "conv_wa_1", "account_id": "acc_aurora_whatsapp", "text": "Yes"},
            {
                "conversation_id": "conv_wa_1",
                "account_id": "acc_aurora_whatsapp",
                "text": "Yes",
                "idempotency_key": "again",
            },
        ),
    ],
)
async def test_what_an_alike_write_made_is_no_sign_of_a_lost_one(
    counter: Counter, tool: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    await counter.done(tool, first)
    counter.line.before = cut("POST", "/v1/")
    lost = await counter.call(tool, second)
    assert lost.is_error and "unknown:" in text_of(lost) and "undo" not in text_of(lost)


async def test_a_lost_retry_or_change_is_not_taken_for_made_by_what_was_so_before(counter: Counter) -> None:
    counter.line.before = cut("POST", "/v1/posts/post_partial")
    lost = await counter.call("retry_post", {"post_id": "post_partial"})
    assert lost.is_error and "unknown: check with" in text_of(lost)
    account = {"account_id": "acc_fjord_pinterest"}
    (board, *_) = (await counter.done("list_pinterest_boards", account))["data"]
    counter.line.before = cut("PATCH", "/v1/")
    change = {**account, "board_id": board["id"], "description": "Brand new text"}
    lost = await counter.call("update_pinterest_board", change)
    assert lost.is_error and "unknown: check with" in text_of(lost)
    counter.line.before = None
    blocked = await counter.call("retry_post", {"post_id": "post_partial"})
    assert "pass an idempotency_key" in text_of(blocked)
    made = await counter.done("retry_post", {"post_id": "post_partial", "idempotency_key": "again"})
    # Nobody works here: what the retry brings out is not known yet.
    assert made["status"] == "publishing" and "undo" not in made


async def test_a_repetition_has_the_undo_of_the_first(counter: Counter) -> None:
    change = {"post_id": "post_draft", "text": "Another.", "idempotency_key": "once"}
    first = await counter.done("update_post", change)
    assert (await counter.done("update_post", change))["undo"] == first["undo"]


async def test_a_write_whose_client_gave_up_is_noted(counter: Counter) -> None:
    begun = counter.line.hangs = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(counter.call, "reply_to_comment", REPLY)
        await begun.wait()
        group.cancel_scope.cancel()
    counter.line.hangs = None
    for _ in range(100):
        await anyio.lowlevel.checkpoint()
    (row,) = await counter.rows()
    assert (row["tool"], row["outcome"]) == ("reply_to_comment", "unknown") and "went away" in row["reason"]


class Slow(Person):
    """Reads the first question, and never answers it."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = anyio.Event()

    async def __call__(self, context: Any, params: Any) -> ElicitResult:
        if not self.reads.is_set():
            self.reads.set()
            await anyio.sleep_forever()
        return await super().__call__(context, params)


async def test_a_handle_is_as_good_as_before_when_the_client_gave_up_while_a_person_was_asked(bench: Desk) -> None:
    mode, slow = Mode(toolsets=(frozenset({"all"}),), confirm="public"), Slow()
    async with line_of(bench) as (line, services), client_of(services, slow, mode=mode, era="legacy") as client:
        arguments = {"text": "Weekly promo", "targets": [{"account": "acc_aurora_facebook"}]}
        prepared = (await client.call_tool("prepare_post", arguments)).structured_content or {}
        handle = {"handle": prepared["handle"]}
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "publish_prepared_post", handle)
            await slow.reads.wait()
            group.cancel_scope.cancel()
        assert ("POST", "/v1/posts") not in line.writes
        done = await client.call_tool("publish_prepared_post", handle)
        assert not done.is_error, text_of(done)


KEYLESS = {**POST, "publish_now": False}
KEYED = {**KEYLESS, "idempotency_key": "once"}


async def test_a_write_whose_runner_died_before_its_outcome_was_kept_is_found_and_not_sent_again(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: Any, **__: Any) -> None:
        raise SystemExit

    message = {"conversation_id": "conv_wa_1", "account_id": "acc_aurora_whatsapp", "text": "Yes"}
    call = Call(services=counter.services, caller=PROCESS, mode=Mode(confirm="never"))
    for operation, arguments in ((SEND_MESSAGE, message), (CREATE_POST, {**POST, "publish_now": False})):
        with monkeypatch.context() as patched:
            patched.setattr(type(counter.services.records), "settle", dies)
            with pytest.raises(SystemExit):
                await call.write(operation, arguments, key=operation.name)
        counter.bench.clock.advance(minutes=6)
        before = len(counter.line.writes)
        await call.write(operation, arguments, key=operation.name)
        assert len(counter.line.writes) == before and "Not sent again" in call.notes[-1]
        noted = [row for row in await counter.rows() if row["tool"] == operation.name]
        assert [row["outcome"] for row in noted] == ["done"], "one write is one entry"


async def test_a_write_is_noted_before_it_leaves(counter: Counter) -> None:
    async def dies() -> Answer:
        raise SystemExit

    call = Call(services=counter.services, caller=PROCESS, mode=Mode(confirm="never"))
    for operation in (HIDE_COMMENT, DELETE_COMMENT):
        with pytest.raises(SystemExit):
            await call.write(operation, COMMENT, approved_by="Ada", send=dies)
    rows = await counter.rows()
    assert {(row["tool"], row["outcome"], row["approved_by"]) for row in rows} == {
        ("hide_comment", "unknown", "Ada"),
        ("delete_comment", "unknown", "Ada"),
    }
    assert all("answer was not seen" in row["reason"] for row in rows)


async def test_what_cannot_be_noted_does_not_leave(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: Any, **__: Any) -> None:
        raise RecordsUnavailable("database is locked")

    with monkeypatch.context() as patched:
        patched.setattr(type(counter.services.records), "note", fails)
        for tool, arguments in (("reply_to_comment", REPLY), ("hide_comment", COMMENT)):
            result = await counter.call(tool, arguments)
            assert result.is_error and "nothing was sent" in text_of(result)
    assert counter.line.writes == []
    await counter.done("reply_to_comment", REPLY)


async def test_what_was_noted_as_done_is_known_to_be_sent_where_the_api_shows_nothing_of_it(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: Any, **__: Any) -> None:
        raise SystemExit

    call = Call(services=counter.services, caller=PROCESS, mode=Mode(confirm="never"))
    with monkeypatch.context() as patched:
        patched.setattr(type(counter.services.records), "settle", dies)
        with pytest.raises(SystemExit):
            await call.write(CREATE_BRAND, {"name": "Harbour"}, key="brand")
    counter.bench.clock.advance(minutes=6)
    made = await call.write(CREATE_BRAND, {"name": "Harbour"}, key="brand")
    brands = (await counter.bench.http.get("/brands")).json()["data"]
    assert [row["id"] for row in brands if row["name"] == "Harbour"] == [made.body["id"]]
    assert [row["outcome"] for row in await counter.rows()] == ["done"]
    assert call.undo == ("delete_brand", {"brand_id": made.body["id"]})


async def test_whoever_works_on_what_was_found_does_not_hide_it_from_the_repetition(counter: Counter) -> None:
    counter.line.after = breaks("POST", "/v1/posts", httpx2.ReadTimeout)
    counter.line.before = refuses("GET", "/v1/posts", 503)
    assert "unknown" in text_of(await counter.call("create_post", KEYED))
    counter.line.after = counter.line.before = None
    (draft,) = [one for one in await counter.bench.posts() if one["text"] == POST["text"]]
    await counter.done("update_post", {"post_id": draft["id"], "title": "Beans"})
    counter.bench.clock.advance(minutes=6)
    assert (await counter.done("create_post", KEYED))["id"] == draft["id"]
    assert counter.line.writes.count(("POST", "/v1/posts")) == 1


async def test_what_may_stand_on_another_page_is_not_taken_for_absent(counter: Counter) -> None:
    counter.line.after = breaks("POST", "/v1/posts", httpx2.ReadTimeout)
    counter.line.before = refuses("GET", "/v1/posts", 503)
    assert "unknown" in text_of(await counter.call("create_post", KEYED))
    counter.line.after = counter.line.before = None
    counter.bench.clock.advance(seconds=1)
    for number in range(51):
        await counter.bench.http.post("/posts", json={"text": f"Of somebody else, {number}."})
    counter.bench.clock.advance(minutes=6)
    again = await counter.call("create_post", KEYED)
    assert again.is_error and "check with list_posts" in text_of(again)
    lost = {"review_id": "rev_none", "account_id": "acc_aurora_google", "text": "Thank you."}
    counter.line.before = cut("POST", "/v1/")
    assert "unknown: check with" in text_of(await counter.call("reply_to_review", lost))


async def test_records_that_fail_after_the_send_do_not_say_that_nothing_was_sent(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any, **__: Any) -> None:
        raise RecordsUnavailable("database is locked")

    asked = {"text": "Weekly promo", "targets": [{"account": "Aurora on Threads"}]}
    prepared = await counter.done("prepare_post", asked)
    with monkeypatch.context() as patched:
        patched.setattr(type(counter.services.records), "settle", fails)
        made = await counter.call("create_brand", {"name": "Kept nowhere"})
        published = await counter.call("publish_prepared_post", {"handle": prepared["handle"]})
    assert not made.is_error and "could not be kept" in text_of(made)
    assert "nothing was sent" not in text_of(published) and "not used up" not in text_of(published)
    counter.bench.clock.advance(minutes=6)
    await counter.call("publish_prepared_post", {"handle": prepared["handle"]})
    assert counter.line.writes.count(("POST", "/v1/posts")) == 1


DEAD = {"text": "New shells.", "targets": [{"account_id": "acc_fjord_threads"}], "publish_now": True}


async def fails_everywhere(answer: Answer) -> Answer:
    raise ApiError(422, "publishing.delivery.all_failed", "all failed", body=answer.body)


async def test_an_older_post_that_failed_is_no_sign_of_a_lost_one(counter: Counter) -> None:
    call = Call(services=counter.services, caller=PROCESS, mode=Mode(confirm="never"))
    with pytest.raises(Failed, match="all_failed"):
        await call.write(CREATE_POST, DEAD, after=fails_everywhere)
    (failed,) = [row["id"] for row in await counter.bench.posts() if row["text"] == DEAD["text"]]
    (row,) = await counter.rows()
    assert row["outcome"] == "failed" and failed in row["target"], "what was made all the same is named"
    counter.line.before = breaks("POST", "/v1/posts", httpx2.ReadTimeout)
    second = await counter.call("create_post", DEAD)
    assert second.is_error and "unknown" in text_of(second) and failed not in text_of(second)


async def test_a_key_that_cannot_be_freed_does_not_hide_what_the_api_said(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any, **__: Any) -> None:
        raise RecordsUnavailable("disk full")

    monkeypatch.setattr(type(counter.services.records), "release", fails)
    call = Call(services=counter.services, caller=PROCESS, mode=Mode(confirm="never"))
    with pytest.raises(Failed, match="all_failed"):
        await call.write(CREATE_POST, DEAD, after=fails_everywhere)


async def test_a_lost_answer_gives_no_undo_for_what_was_so_before(counter: Counter) -> None:
    await counter.done("hide_comment", COMMENT)
    counter.line.after = breaks("POST", HIDE_PATH, httpx2.ReadTimeout)
    again = await counter.done("hide_comment", COMMENT)
    assert "undo" not in again, "it would show what was hidden before"


async def test_who_goes_away_while_more_is_found_out_finds_it_done(counter: Counter) -> None:
    waits = anyio.Event()

    async def hangs(answer: Answer) -> Answer:
        waits.set()
        await anyio.sleep_forever()
        return answer

    call = Call(services=counter.services, caller=PROCESS, mode=Mode(confirm="never"))

    async def write() -> None:
        await call.write(CREATE_BRAND, {"name": "Harbour"}, key="brand", after=hangs)

    async with anyio.create_task_group() as group:
        group.start_soon(write)
        await waits.wait()
        group.cancel_scope.cancel()
    again = await call.write(CREATE_BRAND, {"name": "Harbour"}, key="brand")
    assert "Not sent again" in call.notes[-1] and again.body["name"] == "Harbour"
    assert [row["outcome"] for row in await counter.rows()] == ["done"]


async def test_the_same_words_much_later_are_another_write(counter: Counter) -> None:
    first = await counter.done("create_post", KEYLESS)
    counter.bench.clock.advance(minutes=11)
    counter.line.before = breaks("POST", "/v1/posts", httpx2.ReadTimeout)
    second = await counter.call("create_post", KEYLESS)
    assert second.is_error and "unknown" in text_of(second) and first["id"] not in text_of(second)


async def test_a_retry_that_the_api_has_not_begun_is_not_called_failed_again(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def accepts(request: httpx2.Request) -> httpx2.Response | None:
        # It works through a queue: the post stays as it was for a while.
        return httpx2.Response(200, json={"success": True}) if request.url.path.endswith("/retry") else None

    monkeypatch.setattr(looked_after, "LOOKED_AGAIN_AFTER_SECONDS", (0.0, 0.0))
    counter.line.before = accepts
    result = await counter.call("retry_post", {"post_id": "post_failed"})
    assert not result.is_error and "still being published" in text_of(result), text_of(result)


def test_nothing_is_hidden_again_whose_state_before_is_not_known() -> None:
    assert undo_of("unhide_comment", COMMENT, {"success": True}) is None
    assert undo_of("unhide_comment", COMMENT, {"success": True, "was_hidden": True}) == ("hide_comment", COMMENT)
