"""Events and deliveries go when the plan no longer keeps them, in small batches."""

from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import delete, func, insert, select, update

from localapi import retention
from localapi.app import EmbeddedApi
from localapi.tables import User
from localapi.tables_events import Attempt, Delivery, Event, Webhook
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio


async def count(api: EmbeddedApi, table: type[Event | Delivery | Attempt]) -> int:
    async with api.installation.database.read() as session:
        return int(await session.scalar(select(func.count()).select_from(table)) or 0)


async def make(api: EmbeddedApi, clock: HeldClock, plan: str) -> None:
    """Events of each of 100 days, and as many deliveries, of which every second one still waits."""
    async with api.installation.database.write() as session:
        await session.execute(update(User).values(plan=plan))
        for table in (Attempt, Delivery, Event):
            await session.execute(delete(table))
        webhook = await session.scalar(select(Webhook).limit(1))
        assert webhook is not None
        days = [(number, clock.now() - timedelta(days=number)) for number in range(100)]
        event = {"user_id": webhook.user_id, "category": "post", "action": "post.published", "metadata_": {}}
        await session.execute(insert(Event), [{"id": f"e{n}", "created_at": day, **event} for n, day in days])
        delivery = {"webhook_id": webhook.id, "event_type": "post.published", "body": "{}"}
        rows = [
            {"id": f"d{n}{status}", "status": status, "created_at": day, "settled_at": settled, **delivery}
            for n, day in days
            for status, settled in (("success", day), ("pending", None))
        ]
        await session.execute(insert(Delivery), rows)
        attempt = {"number": 1, "duration_ms": 1}
        await session.execute(
            insert(Attempt),
            [{"id": row["id"], "delivery_id": row["id"], "created_at": clock.now(), **attempt} for row in rows],
        )


@pytest.mark.parametrize(("plan", "events", "deliveries"), [("free", 2, 8), ("pro", 31, 31), ("business", 91, 91)])
async def test_what_the_plan_keeps_stays(
    api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock, plan: str, events: int, deliveries: int
) -> None:
    await make(api, clock, plan)
    shown = (await http.get("/v1/events", params={"limit": 100})).json()["events"]
    await retention.sweep(api.installation)
    assert (await http.get("/v1/events", params={"limit": 100})).json()["events"] == shown
    kept = [await count(api, table) for table in (Event, Delivery, Attempt)]
    assert kept == [events, 100 + deliveries, 100 + deliveries]
    assert await retention.sweep(api.installation) == 0


async def test_a_sweep_is_bounded_and_the_next_one_goes_on(
    api: EmbeddedApi, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make(api, clock, "starter")
    monkeypatch.setattr(retention, "BATCH", 10)
    assert await retention.sweep(api.installation, batches=2) == 2 * 20
    assert await count(api, Event) == 80
    while await retention.sweep(api.installation, batches=2):
        pass
    assert [await count(api, table) for table in (Event, Delivery)] == [8, 108]
