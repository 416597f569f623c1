"""A post is shown as its platforms will show it, and published exactly so, once."""

import asyncio
import json
import string
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from mcp import Client
from sqlalchemy import update

from auth.scopes import Scope
from localapi.simulate import order_failure
from localapi.tables import User
from server.callers import Caller
from server.dispatch import build_server
from server.mode import Mode
from server.records import RecordsUnavailable
from server.token_estimate import estimate
from server.workflows.previews import counted
from server.workflows.sealed_posts import KIND, LIFETIME
from tests.conftest import HeldClock
from tests.server.answering import Person
from tests.server.standin import text_of
from tests.server.workflows.desks import Desk, desk
from tests.server.workflows.lines import breaks, client_of, line_of, refuses

pytestmark = pytest.mark.anyio

THREADS = "acc_aurora_threads"
FACEBOOK = "acc_aurora_facebook"
INSTAGRAM = "acc_aurora_instagram"
X = "acc_aurora_twitter"
PLAIN: dict[str, Any] = {"text": "Fresh beans on the shelf.", "accounts": [THREADS, FACEBOOK]}
ELSEWHERE = "acc_fjord_linkedin"


@pytest.mark.parametrize(
    ("text", "platform", "mode", "length"),
    [
        ("café", "instagram", "chars", 4),
        ("café", "youtube", "bytes", 5),
        ("😀", "tiktok", "utf16", 2),
        ("日本", "twitter", "chars", 4),
        ("a 👨‍👩‍👧 🇳🇴🇸🇪 👍🏽", "twitter", "chars", 12),
        ("see https://example.org/a/very/long/path?with=a&query=too, ok", "twitter", "chars", 4 + 23 + 4),
    ],
)
def test_length_is_counted_by_the_platforms_own_rule(text: str, platform: str, mode: str, length: int) -> None:
    assert counted(text, platform, mode)[0] == length


@pytest.fixture
async def bench(clock: HeldClock) -> AsyncIterator[Desk]:
    async with desk(clock) as made:
        yield made


async def prepared(bench: Desk, arguments: dict[str, Any], **how: Any) -> dict[str, Any]:
    """What prepare_post says of a post with which nothing is wrong."""
    result = await bench.call("prepare_post", arguments, **how)
    assert not result.is_error, text_of(result)
    body: dict[str, Any] | None = result.structured_content
    assert body is not None
    return body


async def publish(bench: Desk, handle: str, **how: Any) -> tuple[bool, str, dict[str, Any]]:
    """Whether it was refused, the text, and the structure."""
    result = await bench.call("publish_prepared_post", {"handle": handle}, **how)
    return bool(result.is_error), text_of(result), result.structured_content or {}


async def test_each_target_is_shown_as_its_platform_shows_it(bench: Desk) -> None:
    text = f"{'Beans. ' * 20}#coffee with @fjordoutdoor: https://aurora.example/{'a' * 60}."
    result = await bench.call(
        "prepare_post",
        {
            "text": text,
            "accounts": [INSTAGRAM, FACEBOOK, X],
            "media": [],
            "first_comment": "Which one?",
            "title": "Roast",
            "options": {
                "instagram": {"media": ["med_latte"], "content_type": "feed"},
                FACEBOOK: {"link": "https://aurora.example/roast"},
                "twitter": {"reply_settings": "following"},
            },
        },
    )
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    instagram, facebook, x = result.structured_content["targets"]
    assert instagram["account"] == "Instagram, Aurora Coffee (@auroracoffee)"
    assert (instagram["placement"], instagram["visibility"]) == ("feed", "public")
    assert instagram["text"] == {
        "shown": text[:125].rstrip(),
        "folds": True,
        "length": len(text),
        "limit": 2200,
        "unit": "characters",
    }
    assert instagram["links_work"] is False
    assert instagram["media"] == [{"source": "med_latte", "name": "latte.jpg", "type": "image/jpeg"}]
    assert facebook["text"]["shown"] == text
    assert facebook["link_card"] == "https://aurora.example/roast"
    assert facebook["first_comment"] == "Which one?"
    # X counts a link as 23 characters, however long it is.
    assert x["text"]["length"] == len(text) - len(f"https://aurora.example/{'a' * 60}") + 23
    assert x["text"]["unit"] == "weighted characters"
    assert any("first comment" in warning for warning in x["warnings"])
    for one in (instagram, facebook, x):
        assert (one["hashtags"], one["mentions"]) == (["#coffee"], ["@fjordoutdoor"])
        assert one["links"] == [f"https://aurora.example/{'a' * 60}"]
    assert "not clickable there" in text_of(result)
    assert result.structured_content["handle"] in text_of(result)
    assert bench.wire.posted == []
    assert estimate(text_of(result)) <= 600


async def test_what_is_sent_is_what_was_prepared_and_nothing_else(bench: Desk) -> None:
    shown = await prepared(
        bench,
        {
            "text": "For all of them.",
            "accounts": [FACEBOOK, "acc_fjord_pinterest"],
            "media": ["med_latte"],
            "targets": [{"account": THREADS, "text": "For Threads.", "media": []}],
            "options": {"pinterest": {"board_id": "sapi_board_trails", "title": "Trails"}},
        },
    )
    refused, text, outcome = await publish(bench, shown["handle"])
    assert not refused, text
    assert [json.loads(body) for body in bench.wire.posted] == [
        {
            "text": "For all of them.",
            "media": [{"source": "med_latte", "source_type": "media_id"}],
            "publish_now": True,
            "targets": [
                {"account_id": FACEBOOK},
                {"account_id": "acc_fjord_pinterest", "board_id": "sapi_board_trails", "title": "Trails"},
                {"account_id": THREADS, "text": "For Threads.", "media": []},
            ],
        }
    ]
    (made,) = [post for post in await bench.posts() if post["id"] == outcome["post_id"]]
    assert made["text"] == "For all of them."


async def test_a_handle_with_one_changed_character_is_refused_and_the_right_one_still_works(bench: Desk) -> None:
    handle: str = (await prepared(bench, PLAIN))["handle"]
    alphabet = string.ascii_letters + string.digits + "-_ =\u0430"
    for place, letter in enumerate(handle):
        others = [other for other in alphabet if other != letter]
        # Every place, and over the places every letter.
        for other in others[place % 9 :: 9]:
            refused, text, _ = await publish(bench, f"{handle[:place]}{other}{handle[place + 1 :]}")
            assert refused
            assert "outcome: not sent" in text
        refused, _, _ = await publish(bench, handle[:place] + handle[place + 1 :])
        assert refused
    assert bench.wire.posted == []
    assert not (await publish(bench, handle))[0]


async def test_a_kept_post_with_one_changed_character_is_refused(bench: Desk) -> None:
    later = (bench.clock.now() + timedelta(days=1)).isoformat()
    arguments = {**PLAIN, "media": ["med_latte"], "scheduled_at": later, "first_comment": "Which?"}
    handle: str = (await prepared(bench, arguments))["handle"]
    handle_id = handle.removeprefix("post_")[:16]
    place = {"owner": "0" * 32, "kind": KIND, "id": handle_id}
    (row,) = await bench.storage.read(
        "SELECT payload, owner FROM mcp_handle WHERE kind = :kind AND handle_id = :id", {"kind": KIND, "id": handle_id}
    )
    payload, place["owner"] = str(row[0]), str(row[1])
    assert all(part in payload for part in ("Fresh beans", THREADS, "med_latte", later[:13]))
    change = (
        "UPDATE mcp_handle SET payload = :payload WHERE owner = :owner AND kind = :kind AND handle_id = :id RETURNING 1"
    )
    for index, letter in enumerate(payload):
        other = "b" if letter == "a" else "a"
        assert await bench.storage.write(change, {**place, "payload": payload[:index] + other + payload[index + 1 :]})
        refused, text, _ = await publish(bench, handle)
        assert refused
        assert "was not made for what is kept" in text
    assert bench.wire.posted == []
    await bench.storage.write(change, {**place, "payload": payload})
    assert not (await publish(bench, handle))[0]


async def test_another_callers_handle_is_unknown_and_stays_usable_for_its_own(bench: Desk) -> None:
    handle = (await prepared(bench, PLAIN))["handle"]
    stranger = Caller(authorization=f"Bearer {bench.api.sample_key}", subject="somebody else")
    refused, text, _ = await publish(bench, handle, caller=stranger)
    assert refused
    assert "no post was prepared for you" in text
    assert not (await publish(bench, handle))[0]


async def test_a_handle_of_another_secret_is_refused(bench: Desk) -> None:
    handle = (await prepared(bench, PLAIN))["handle"]
    bench.services = type(bench.services)(
        rest=bench.services.rest, clock=bench.clock.now, records=bench.services.records
    )
    refused, text, _ = await publish(bench, handle)
    assert refused
    assert "was not made for what is kept" in text


async def test_a_handle_expires_after_15_minutes(bench: Desk) -> None:
    early, late = [(await prepared(bench, {**PLAIN, "text": text}))["handle"] for text in ("Early", "Late")]
    bench.clock.present += LIFETIME - timedelta(seconds=1)
    assert not (await publish(bench, early))[0]
    bench.clock.advance(seconds=1)
    refused, text, _ = await publish(bench, late)
    assert refused
    assert "has expired" in text
    assert len(bench.wire.posted) == 1


async def test_a_used_handle_is_refused_and_tells_what_it_led_to(bench: Desk) -> None:
    handle = (await prepared(bench, PLAIN))["handle"]
    _, _, outcome = await publish(bench, handle)
    refused, text, _ = await publish(bench, handle)
    assert refused
    assert f"it led to post {outcome['post_id']}" in text
    assert len(bench.wire.posted) == 1


async def test_of_a_hundred_uses_at_once_one_publishes(bench: Desk) -> None:
    handle = (await prepared(bench, PLAIN))["handle"]
    before = len(await bench.posts())
    results = await asyncio.gather(*(publish(bench, handle) for _ in range(100)))
    assert [refused for refused, _, _ in results].count(False) == 1
    assert len(bench.wire.posted) == 1
    assert len(await bench.posts()) == before + 1


async def test_a_scheduled_post_names_both_times_and_how_to_call_it_off(bench: Desk) -> None:
    local = {**PLAIN, "scheduled_at": "2026-03-29 09:30"}
    refused = await bench.call("prepare_post", local)
    assert refused.is_error
    assert "no time zone is known" in text_of(refused)
    gap = await bench.call("prepare_post", {**local, "scheduled_at": "2026-03-29 02:30", "time_zone": "Europe/Berlin"})
    assert gap.is_error
    assert "does not exist" in text_of(gap)
    shown = await prepared(bench, {**local, "time_zone": "Europe/Berlin"})
    assert shown["scheduled_at"] == {"utc": "2026-03-29T07:30:00Z", "local": "2026-03-29 09:30 CEST (Europe/Berlin)"}
    _, text, outcome = await publish(bench, shown["handle"])
    assert (outcome["outcome"], outcome["status"]) == ("sent", "scheduled")
    assert outcome["undo"] == {"tool": "delete_post", "arguments": {"post_id": outcome["post_id"]}}
    assert "calls it off" in text
    (made,) = [post for post in await bench.posts() if post["id"] == outcome["post_id"]]
    assert made["scheduled_at"].startswith("2026-03-29T07:30:00")


async def test_the_only_brands_zone_is_taken_before_the_callers(bench: Desk) -> None:
    from zoneinfo import ZoneInfo

    bench.mode = Mode(zone=ZoneInfo("UTC"), brand_zones={"b_aurora": ZoneInfo("Asia/Tokyo")})
    of_one = await prepared(bench, {**PLAIN, "scheduled_at": "2026-03-29 09:30"})
    of_two = await prepared(bench, {**PLAIN, "accounts": [THREADS, ELSEWHERE], "scheduled_at": "2026-03-29 09:30"})
    assert of_one["scheduled_at"]["utc"] == "2026-03-29T00:30:00Z"
    assert of_two["scheduled_at"]["utc"] == "2026-03-29T09:30:00Z"


async def test_a_time_that_passed_meanwhile_is_not_published(bench: Desk) -> None:
    soon = (bench.clock.now() + timedelta(minutes=5)).isoformat()
    handle = (await prepared(bench, {**PLAIN, "scheduled_at": soon}))["handle"]
    bench.clock.advance(minutes=5)
    refused, text, _ = await publish(bench, handle)
    assert refused
    assert "is over" in text
    assert bench.wire.posted == []


async def test_every_target_says_what_to_mend_and_there_is_no_handle(bench: Desk) -> None:
    arguments = {
        "text": "x" * 501,
        "accounts": [THREADS, FACEBOOK, "acc_fjord_youtube", "acc_fjord_threads", "acc_aurora_whatsapp", THREADS],
        "options": {"pinterest": {"board_id": "b"}, "facebook": "link"},
    }
    result = await bench.call("prepare_post", arguments)
    assert result.is_error
    assert result.structured_content is not None
    assert "handle" not in result.structured_content
    threads, facebook, youtube, lost, whatsapp, again = result.structured_content["targets"]
    assert any("(501/500)" in problem for problem in threads["problems"])
    assert "problems" not in facebook
    assert {problem.partition(":")[0] for problem in youtube["problems"]} == {"title", "media"}
    assert any("connected again" in problem for problem in lost["problems"])
    assert any("takes no posts" in problem for problem in whatsapp["problems"])
    assert any("named twice" in problem for problem in again["problems"])
    assert [line.partition(":")[0] for line in result.structured_content["mend"]] == [
        "options.pinterest",
        "options.facebook",
    ]
    assert "next: mend" in text_of(result)


async def test_a_file_that_one_target_lacks_is_that_targets_to_mend(bench: Desk) -> None:
    arguments = {"text": "Beans", "accounts": [FACEBOOK], "targets": [{"account": THREADS, "media": ["med_nowhere"]}]}
    result = await bench.call("prepare_post", arguments)
    assert result.is_error
    assert result.structured_content is not None
    facebook, threads = result.structured_content["targets"]
    assert "problems" not in facebook
    assert any("med_nowhere" in problem for problem in threads["problems"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"text": "x"}, "accounts: name at least one"),
        ({"text": "x", "accounts": ["acc_nobody"]}, "no account is called acc_nobody"),
        ({"text": "x", "accounts": ["Nobody's shop"]}, "fits none of the"),
        ({"text": "x", "accounts": ["Aurora Coffee"]}, "accounts"),
        ({**PLAIN, "media": ["file:///etc/passwd"]}, "is no public http or https address"),
        ({**PLAIN, "scheduled_at": "2020-01-01T00:00:00Z"}, "is past"),
        ({**PLAIN, "time_zone": "Mars/Olympus", "scheduled_at": "2026-04-01 09:00"}, "no time zone"),
        ({"text": "x", "targets": [{"account": THREADS, "txt": "y"}]}, "txt is unknown; known: account, text"),
    ],
)
async def test_what_cannot_be_meant_is_refused_with_a_reason(bench: Desk, arguments: dict[str, Any], said: str) -> None:
    result = await bench.call("prepare_post", arguments)
    assert result.is_error
    assert said in text_of(result)


async def test_a_name_is_taken_where_one_account_fits(bench: Desk) -> None:
    shown = await prepared(bench, {"text": "Beans", "accounts": ["Aurora on Threads"]})
    assert [target["account_id"] for target in shown["targets"]] == [THREADS]


async def test_a_plan_without_credits_gives_no_handle(bench: Desk) -> None:
    async with bench.api.installation.database.write() as session:
        await session.execute(update(User).values(plan="free"))
    later = (bench.clock.now() + timedelta(days=1)).isoformat()
    shown = await prepared(bench, PLAIN)
    assert (shown["credits"]["limit"], shown["credits"]["left"]) == (10, 10)
    for number in range(10):
        body = {"text": f"Post {number}", "targets": [{"account_id": THREADS}], "scheduled_at": later}
        assert (await bench.http.post("/posts", json=body)).status_code == 201
    result = await bench.call("prepare_post", {**PLAIN, "text": "One more"})
    assert result.is_error
    assert "no post credits are left" in text_of(result)
    # The one prepared before finds the same, and can be used when there are credits again.
    refused, text, outcome = await publish(bench, shown["handle"])
    assert refused
    assert outcome == {"outcome": "not sent"}
    assert "was not used up" in text


async def test_what_was_refused_before_it_was_sent_leaves_the_handle_usable(bench: Desk) -> None:
    handle = (await prepared(bench, PLAIN))["handle"]
    refused, text, _ = await publish(bench, handle, mode=Mode(read_only=True))
    assert refused
    assert "The handle was not used up" in text
    granted = Caller(scopes=frozenset({Scope.POSTS_READ}))
    refused, text, outcome = await publish(bench, handle, caller=granted)
    assert (refused, outcome) == (True, {"outcome": "not sent"})
    bench.wire.breaks = httpx2.ConnectError
    refused, text, outcome = await publish(bench, handle)
    assert (refused, outcome) == (True, {"outcome": "not sent"})
    bench.wire.breaks = None
    assert bench.wire.posted == []
    assert not (await publish(bench, handle))[0]


async def test_the_apis_refusal_leaves_the_handle_usable(bench: Desk) -> None:
    first, second = [(await prepared(bench, PLAIN))["handle"] for _ in range(2)]
    _, _, outcome = await publish(bench, first)
    refused, text, _ = await publish(bench, second)
    assert refused
    assert "same content" in text
    assert "outcome: not sent" in text
    assert (await bench.http.delete(f"/posts/{outcome['post_id']}")).status_code in {200, 409}
    bench.clock.advance(minutes=1)
    assert "was not used up" in (await publish(bench, second))[1]


async def test_an_answer_that_never_came_is_looked_for_and_uses_the_handle_up(bench: Desk) -> None:
    handle = (await prepared(bench, PLAIN))["handle"]
    before = len(await bench.posts())
    bench.wire.breaks = httpx2.ReadTimeout
    refused, text, outcome = await publish(bench, handle)
    # It had arrived, and the server looked.
    assert not refused and outcome["outcome"] == "sent", text
    bench.wire.breaks = None
    refused, text, _ = await publish(bench, handle)
    assert refused
    assert len(await bench.posts()) == before + 1


async def test_what_was_unknown_is_looked_for_when_the_handle_is_used_again(bench: Desk) -> None:
    async with line_of(bench) as (line, services), client_of(services, Person()) as client:
        handle = {"handle": ((await client.call_tool("prepare_post", PLAIN)).structured_content or {})["handle"]}
        line.after, line.before = breaks("POST", "/v1/posts", httpx2.ReadTimeout), refuses("GET", "/v1/posts", 503)
        unknown = await client.call_tool("publish_prepared_post", handle)
        assert unknown.is_error and "outcome: unknown" in text_of(unknown)
        line.after = line.before = None
        bench.clock.advance(minutes=1)
        again = await client.call_tool("publish_prepared_post", handle)
        assert not again.is_error and "earlier use of the handle had arrived" in text_of(again), text_of(again)
        assert line.writes.count(("POST", "/v1/posts")) == 1
        done = (await client.call_tool("whats_been_done", {})).structured_content or {}
        assert [row["outcome"] for row in done["data"]] == ["done"]
        used = await client.call_tool("publish_prepared_post", handle)
        assert used.is_error and "it led to post" in text_of(used)


async def test_a_call_that_was_cut_off_uses_the_handle_up(bench: Desk) -> None:
    handle = (await prepared(bench, PLAIN))["handle"]
    running = asyncio.create_task(publish(bench, handle))
    while not bench.wire.posted:
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    refused, text, _ = await publish(bench, handle)
    assert refused
    assert "another one is using" in text
    bench.clock.advance(minutes=3)
    refused, text, _ = await publish(bench, handle)
    assert not refused and "earlier use of the handle had arrived" in text
    assert len(bench.wire.posted) == 1


async def test_who_prepares_drafts_only_is_told_how_to_keep_one(bench: Desk) -> None:
    ways: tuple[dict[str, Any], ...] = ({"mode": Mode(draft_only=True)}, {"caller": Caller(drafts_only=True)})
    for how in ways:
        result = await bench.call("prepare_post", PLAIN, **how)
        assert not result.is_error
        assert result.structured_content is not None
        assert "handle" not in result.structured_content
        assert "to keep it as a draft, call create_post" in text_of(result)
        answer = await bench.http.post("/posts", json=result.structured_content["draft"])
        assert (answer.status_code, answer.json()["status"]) == (201, "draft")
    handle = (await prepared(bench, PLAIN))["handle"]
    assert (await publish(bench, handle, mode=Mode(draft_only=True)))[0]
    assert (await publish(bench, handle, caller=Caller(drafts_only=True)))[0]
    # The two drafts that the test made itself.
    assert len(bench.wire.posted) == 2


async def test_the_outcome_names_each_targets_address_error_and_undo(clock: HeldClock) -> None:
    async with desk(clock, with_jobs=True) as bench:
        arguments = {"text": "Roast", "accounts": [INSTAGRAM, FACEBOOK], "media": ["med_latte"]}
        _, text, outcome = await publish(bench, (await prepared(bench, arguments))["handle"])
        instagram, facebook = outcome["targets"]
        assert outcome["status"] == "published"
        assert instagram["permalink"].startswith("https://www.instagram.com/")
        assert "undo" not in instagram
        where = {"post_id": outcome["post_id"], "account_id": FACEBOOK}
        assert facebook["undo"] == {"tool": "unpublish_post", "arguments": where}
        assert "no undo by the API" in text
        await order_failure(bench.api.installation, account_id=FACEBOOK, kind="api_error", times=5)
        alone = {"text": "Again", "accounts": [FACEBOOK]}
        refused, text, outcome = await publish(bench, (await prepared(bench, alone))["handle"])
        assert (refused, outcome["outcome"], outcome["status"]) == (True, "sent", "failed")
        (facebook,) = outcome["targets"]
        assert facebook["error"]["code"]
        assert facebook["next"] == {"tool": "retry_post", "arguments": {"post_id": outcome["post_id"]}}
        assert "retry_post" in text


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_client_prepares_and_publishes(bench: Desk, era: Any) -> None:
    server = build_server(bench.services.rest, Mode(confirm="never"), bench.services)
    async with Client(server, mode=era) as client:
        shown = await client.call_tool("prepare_post", PLAIN)
        assert shown.structured_content is not None
        done = await client.call_tool("publish_prepared_post", {"handle": shown.structured_content["handle"]})
    assert not done.is_error, text_of(done)
    assert len(bench.wire.posted) == 1


async def test_records_that_cannot_be_written_leave_the_handle_as_it_was(
    bench: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any, **__: Any) -> None:
        raise RecordsUnavailable("disk full")

    handle = (await prepared(bench, PLAIN))["handle"]
    with monkeypatch.context() as patched:
        patched.setattr(type(bench.services.records), "claim", fails)
        refused, text, _ = await publish(bench, handle)
        assert refused and "not published: disk full" in text and "outcome: not sent" in text
    with monkeypatch.context() as patched:
        patched.setattr(type(bench.services.records), "put_handle", fails)
        unkept = await bench.call("prepare_post", PLAIN)
        assert unkept.is_error and "disk full" in text_of(unkept)
    refused, text, _ = await publish(bench, handle)
    assert not refused, text
