"""Deliveries of several processes: each attempt is claimed by one, and no endpoint keeps others from their turn."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest
from dbos import DBOS
from sqlalchemy import insert

from localapi import webhook_delivery
from localapi.app import EmbeddedApi, Options
from localapi.simulate import arrive
from localapi.tables_events import Delivery, Webhook
from localapi.webhook_delivery import LEASE, PER_ENDPOINT, SCHEDULE, Due, Taken
from localapi.webhook_sending import TIMEOUT_SECONDS, Outcome, Sender
from tests.conftest import HeldClock
from tests.localapi.receivers import Receiver, receiving
from tests.localapi.test_jobs import running, until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


async def one_due(api: EmbeddedApi, http: httpx2.AsyncClient, receiver: Receiver) -> Due:
    made = await http.post("/v1/webhooks", json={"url": receiver.url, "events": ["comment.received"]})
    await arrive(api.installation, "comment", account_id="acc_aurora_instagram", text="Hello")
    (due,) = [one for one in await webhook_delivery.due(api.installation) if one.webhook_id == made.json()["id"]]
    return due


async def test_of_many_processes_one_makes_an_attempt(
    api: EmbeddedApi, http: httpx2.AsyncClient, receiver: Receiver
) -> None:
    one = await one_due(api, http, receiver)
    claims = [webhook_delivery.claim(api.installation, one) for _ in range(8)]
    found = await asyncio.gather(*claims, return_exceptions=True)
    assert [type(claim) for claim in found].count(Taken) == 7
    await api.jobs.run_due()
    assert receiver.events == ["webhook.test"], "what is claimed was sent by another"


async def test_a_claim_outlives_a_slow_answer_and_runs_out_after_a_kill(
    api: EmbeddedApi, http: httpx2.AsyncClient, receiver: Receiver, clock: HeldClock
) -> None:
    one = await one_due(api, http, receiver)
    first = await webhook_delivery.claim(api.installation, one)
    clock.advance(seconds=2 * TIMEOUT_SECONDS)
    with pytest.raises(Taken):
        await webhook_delivery.claim(api.installation, one)
    clock.advance(seconds=LEASE.total_seconds() - 2 * TIMEOUT_SECONDS)
    second = await webhook_delivery.claim(api.installation, one)
    assert first is not None and second is not None and first.delivery_id == second.delivery_id
    await webhook_delivery.note(api.installation, one, Outcome(status_code=500))
    # Noted, so that it is nobody's to make any more; the next one is free for all.
    assert await webhook_delivery.claim(api.installation, one) is None
    clock.advance(seconds=SCHEDULE[1].total_seconds())
    await api.jobs.run_due()
    assert receiver.requests[-1].delivery == one.delivery_id


async def test_a_long_backlog_leaves_the_others_their_turn(
    api: EmbeddedApi, http: httpx2.AsyncClient, receiver: Receiver, clock: HeldClock
) -> None:
    made = (await http.post("/v1/webhooks", json={"url": receiver.url, "events": ["dm.received"]})).json()
    earlier = clock.now() - timedelta(minutes=1)
    waiting = {
        "webhook_id": made["id"],
        "event_type": "dm.received",
        "body": "{}",
        "next_attempt_at": earlier,
        "created_at": earlier,
    }
    async with api.installation.database.write() as session:
        await session.execute(insert(Delivery), [{"id": f"waiting-{number}", **waiting} for number in range(1200)])
    other = await one_due(api, http, receiver)
    due = await webhook_delivery.due(api.installation)
    assert [one.delivery_id for one in due if one.webhook_id == made["id"]] == [
        f"waiting-{number}" for number in range(PER_ENDPOINT)
    ]
    assert other in due[:2]


async def test_to_one_endpoint_events_go_in_order_while_another_hangs(stored: Options) -> None:
    async with running(stored) as (api, http), receiving() as slow, receiving() as quick:
        for receiver in (slow, quick):
            await http.post("/v1/webhooks", json={"url": receiver.url, "events": ["comment.received"]})
        slow.answers = ["hang"]
        texts = [f"Number {number}" for number in range(2 * PER_ENDPOINT)]
        for text in texts:
            await arrive(api.installation, "comment", account_id="acc_aurora_instagram", text=text)
        await api.jobs.wake()

        async def is_there() -> bool:
            return len(quick.requests) == 1 + len(texts)

        await until(is_there)
        # Less than its ten seconds later: the other one still waits for the first answer.
        assert len(slow.requests) == 2
        assert [one.content["data"]["content"]["text"] for one in quick.requests[1:]] == texts
        assert quick.most_at_once == 1


async def test_many_slow_endpoints_are_waited_for_at_once(stored: Options) -> None:
    async with running(stored) as (api, http), receiving() as receiver:
        object.__setattr__(api.installation, "sender", Sender(api.installation.public_url, timeout_seconds=20))
        made = await http.post("/v1/webhooks", json={"url": receiver.url, "events": ["comment.received"]})
        async with api.installation.database.write() as session:
            known = await session.get_one(Webhook, made.json()["id"])
            for number in range(79):
                kept = {"user_id": known.user_id, "url": known.url, "events": known.events, "secret": known.secret}
                session.add(Webhook(id=f"wh_{number}", created_at=known.created_at, **kept))
        receiver.answers = ["hang"] * 80
        await arrive(api.installation, "comment", account_id="acc_aurora_instagram", text="Hello")
        await api.jobs.wake()

        async def are_all_waited_for() -> bool:
            return receiver.at_once == 80

        # More than there are threads.
        await until(are_all_waited_for)


async def test_what_was_queued_while_its_endpoint_was_paused_goes_on_when_it_is_active(stored: Options) -> None:
    async with running(stored) as (api, http), receiving() as receiver:
        object.__setattr__(api.installation, "sender", Sender(api.installation.public_url, timeout_seconds=1.5))
        made = (await http.post("/v1/webhooks", json={"url": receiver.url, "events": ["comment.received"]})).json()
        receiver.answers = ["hang"]
        for text in ("slow", "queued behind it"):
            await arrive(api.installation, "comment", account_id="acc_aurora_instagram", text=text)
        await api.jobs.wake()

        async def hangs() -> bool:
            return receiver.at_once == 1

        await until(hangs)
        behind = [one for one in await webhook_delivery.due(api.installation) if one.webhook_id == made["id"]][1]
        name = f"webhook:{behind.webhook_id}:{behind.delivery_id}:{behind.round}:{behind.number}"

        async def is_over() -> bool:
            status = await asyncio.to_thread(DBOS.get_workflow_status, name)
            return status is not None and status.status == "SUCCESS"

        await http.patch(f"/v1/webhooks/{made['id']}", json={"is_active": False})
        await until(is_over)
        await http.patch(f"/v1/webhooks/{made['id']}", json={"is_active": True})

        async def has_arrived() -> bool:
            return bool(receiver.requests[-1].content["data"].get("content", {}).get("text") == "queued behind it")

        await until(has_arrived)
