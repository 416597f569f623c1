"""What a search finds inside conversations, and times beside those in UTC where a zone is known."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from localapi.tables import Conversation, Message
from server.mode import Mode
from server.workflows.search import CONVERSATIONS_LOOKED_INTO
from tests.conftest import HeldClock
from tests.server.standin import text_of
from tests.server.workflows.desks import Desk, desk
from tests.server.workflows.lines import client_of, line_of, refuses

pytestmark = pytest.mark.anyio
BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")


@pytest.fixture
async def bench(clock: HeldClock) -> AsyncIterator[Desk]:
    async with desk(clock) as made:
        yield made


async def test_a_conversation_is_found_by_an_earlier_message(bench: Desk) -> None:
    async with line_of(bench) as (line, services), client_of(services) as client:
        result = await client.call_tool("search", {"query": "order came cold"})
        rows = json.loads(text_of(result))["results"]
        assert {row["id"].partition(":")[0] for row in rows} == {"comment", "conversation"}
        assert "conversation:conv_fb_1" in {row["id"] for row in rows}
        assert all(set(row) == {"id", "title", "url"} for row in rows)
        line.before = refuses("GET", "/messages")
        rows = json.loads(text_of(await client.call_tool("search", {"query": "order came cold"})))["results"]
        # The rest is found all the same, and what could not be searched is said.
        assert [row["id"].partition(":")[0] for row in rows] == ["comment", "unsearched"]


async def test_the_newest_conversations_are_looked_into_within_bounds(bench: Desk) -> None:
    async with bench.api.installation.database.write() as session:
        for number in range(CONVERSATIONS_LOOKED_INTO + 10):
            at = bench.clock.now() - timedelta(minutes=number)
            session.add(
                Conversation(
                    id=f"conv_many_{number}", user_id="usr_sample", account_id="acc_aurora_instagram",
                    platform="instagram", platform_id=f"t_many_{number}", participant_id=f"u_{number}",
                    participant_name="Somebody", unread_count=0, last_message="Thanks!", last_message_at=at,
                    last_inbound_at=at, created_at=at, updated_at=at,
                )
            )  # fmt: skip
            await session.flush()
            session.add(
                Message(
                    id=f"msg_many_{number}", conversation_id=f"conv_many_{number}", platform_id=f"mid_many_{number}",
                    direction="incoming", sender_id=f"u_{number}", sender_name="Somebody",
                    text="Where is my Zanzibar blend?", status="delivered", created_at=at,
                )
            )  # fmt: skip
    async with line_of(bench) as (line, services), client_of(services) as client:
        rows = json.loads(text_of(await client.call_tool("search", {"query": "zanzibar"})))["results"]
        looked = [path for _method, path in line.left if path.endswith("/messages")]
        assert len(looked) == len(set(looked)) == CONVERSATIONS_LOOKED_INTO
        assert [row["id"] for row in rows] == [
            f"conversation:conv_many_{number}" for number in range(CONVERSATIONS_LOOKED_INTO)
        ]


@pytest.mark.parametrize(("mode", "day", "short"), [
    (Mode(zone=BERLIN), "2026-03-12 13:00 Thu CET", "CET (Europe/Berlin)"),
    (Mode(zone=BERLIN, brand_zones={"b_aurora": TOKYO}), "2026-03-12 21:00 Thu JST", "JST (Asia/Tokyo)"),
])  # fmt: skip
async def test_local_times_stand_beside_those_in_utc(bench: Desk, mode: Mode, day: str, short: str) -> None:
    post = json.loads(text_of(await bench.call("fetch", {"id": "post:post_scheduled"}, mode=mode)))
    assert set(post) == {"id", "title", "text", "url", "metadata"}
    assert post["metadata"]["scheduled_at"].startswith("2026-03-12T12:00")
    assert post["metadata"]["scheduled_at_local"] == day
    plan = await bench.call("plan_bulk", {"action": "reschedule", "what": "posts", "shift_minutes": 60}, mode=mode)
    change = (plan.structured_content or {})["samples"][0]["change"]
    assert change.startswith("2026-03-12 12:00 → 2026-03-12 13:00 UTC") and change.count(short) == 2, change
    (row,) = json.loads(text_of(await bench.call("search", {"query": "half cortados"}, mode=mode)))["results"]
    review = json.loads(text_of(await bench.call("fetch", {"id": row["id"]}, mode=mode)))
    assert short.partition(" ")[0] in review["metadata"]["at_local"]
    thread = json.loads(text_of(await bench.call("fetch", {"id": "conversation:conv_fb_1"}, mode=mode)))
    assert thread["text"].count(short.partition(" ")[0]) == 2


async def test_without_a_zone_times_are_in_utc_alone(bench: Desk) -> None:
    post = json.loads(text_of(await bench.call("fetch", {"id": "post:post_scheduled"})))
    assert "scheduled_at_local" not in post["metadata"]
    plan = await bench.call("plan_bulk", {"action": "reschedule", "what": "posts", "shift_minutes": 60})
    assert (plan.structured_content or {})["samples"][0]["change"].endswith(" UTC")
