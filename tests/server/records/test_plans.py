"""A plan is run once, item by item, by one runner at a time."""

from datetime import timedelta

import pytest

from server.records import LeaseLost, Plan, PlanItem, Records, Taken, open_records
from server.records.entries import SettledState
from server.settings import Settings
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio


def a_plan(clock: HeldClock, name: str = "pln_1") -> Plan:
    ends = clock.now() + timedelta(minutes=30)
    return Plan(plan_id=name, operation="hide_comment", digest="d", created_at=clock.now(), expires_at=ends)


def items(count: int) -> list[PlanItem]:
    return [PlanItem(number=number, arguments=f'{{"id": "cmt_{number}"}}') for number in range(1, count + 1)]


async def start(records: Records, owner: str, clock: HeldClock, name: str = "pln_1") -> str:
    return await records.start_plan(owner, name, now=clock.now(), lease_seconds=30)


async def test_a_plan_is_run_in_order_and_once(records: Records, owner: str, clock: HeldClock) -> None:
    plan = a_plan(clock)
    await records.save_plan(owner, plan, items(5))
    with pytest.raises(Taken):
        await records.save_plan(owner, plan, items(1))
    assert await records.plan(owner, "pln_1") == plan
    assert await start(records, owner, clock) == "started"
    assert await start(records, owner, clock) == "running"
    assert await records.next_items(owner, "pln_1", limit=2) == items(5)[:2]
    done: list[int] = []
    while batch := await records.next_items(owner, "pln_1", limit=2):
        for item in batch:
            done.append(item.number)
            state: SettledState = "failed" if item.number == 2 else "done"
            await records.settle_item(owner, "pln_1", item.number, outcome=f'"{state}"', state=state, now=clock.now())
    assert done == [1, 2, 3, 4, 5]
    await records.settle_item(owner, "pln_1", 2, outcome='"second"', state="done", now=clock.now())
    await records.finish_plan(owner, "pln_1", state="done", now=clock.now())
    found = await records.plan(owner, "pln_1")
    assert found is not None and found.state == "done"
    assert await start(records, owner, clock) == "done"
    receipts = await records.items(owner, "pln_1", after=1, limit=2)
    assert [(item.number, item.state, item.outcome, item.settled_at) for item in receipts] == [
        (2, "failed", '"failed"', clock.now()),
        (3, "done", '"done"', clock.now()),
    ]


async def test_a_plan_that_nobody_started_in_time_is_expired(records: Records, owner: str, clock: HeldClock) -> None:
    await records.save_plan(owner, a_plan(clock), items(1))
    clock.advance(minutes=30)
    assert await start(records, owner, clock) == "expired"
    assert await start(records, owner, clock, "pln_2") == "unknown"
    assert await start(records, f"{owner}-x", clock) == "unknown"


async def test_nobody_sees_or_runs_a_plan_of_another(records: Records, owner: str, clock: HeldClock) -> None:
    await records.save_plan(owner, a_plan(clock), items(1))
    await start(records, owner, clock)
    stranger = f"{owner}-x"
    assert await records.plan(stranger, "pln_1") is None
    assert await records.items(stranger, "pln_1", after=0, limit=9) == []
    assert await records.next_items(stranger, "pln_1", limit=9) == []
    await records.finish_plan(stranger, "pln_1", state="cancelled", now=clock.now())
    await records.settle_item(stranger, "pln_1", 1, outcome="{}", state="done", now=clock.now())
    assert await records.next_items(owner, "pln_1", limit=9) == items(1)


async def test_a_cancelled_plan_hands_out_nothing_more(records: Records, owner: str, clock: HeldClock) -> None:
    await records.save_plan(owner, a_plan(clock), items(3))
    await start(records, owner, clock)
    await records.settle_item(owner, "pln_1", 1, outcome="{}", state="done", now=clock.now())
    await records.finish_plan(owner, "pln_1", state="cancelled", now=clock.now())
    assert await records.next_items(owner, "pln_1", limit=9) == []
    # What was under way then still gets its receipt.
    await records.settle_item(owner, "pln_1", 2, outcome="{}", state="done", now=clock.now())
    await records.finish_plan(owner, "pln_1", state="done", now=clock.now())
    found = await records.plan(owner, "pln_1")
    assert found is not None and found.state == "cancelled"
    assert [item.state for item in await records.items(owner, "pln_1", after=0, limit=9)] == ["done", "done", "planned"]
    assert await start(records, owner, clock) == "done"


async def test_a_sign_of_life_keeps_the_plan_and_silence_loses_it(
    settings: Settings, owner: str, clock: HeldClock
) -> None:
    first, second = open_records(settings, clock=clock), open_records(settings, clock=clock)
    await first.save_plan(owner, a_plan(clock), items(4))
    assert await start(first, owner, clock) == "started"
    for number in (1, 2):
        clock.advance(seconds=29)
        assert await start(second, owner, clock) == "running"
        await first.settle_item(owner, "pln_1", number, outcome="{}", state="done", now=clock.now())
    clock.advance(seconds=29)
    assert len(await first.next_items(owner, "pln_1", limit=9)) == 2
    with pytest.raises(LeaseLost):
        await second.next_items(owner, "pln_1", limit=9)
    clock.advance(seconds=30)
    assert await start(second, owner, clock) == "started"
    assert [item.number for item in await second.next_items(owner, "pln_1", limit=9)] == [3, 4]
    # The first was only slow: what it did is kept, and it stops.
    with pytest.raises(LeaseLost):
        await first.settle_item(owner, "pln_1", 3, outcome='"slow"', state="done", now=clock.now())
    with pytest.raises(LeaseLost):
        await first.next_items(owner, "pln_1", limit=9)
    with pytest.raises(LeaseLost):
        await first.finish_plan(owner, "pln_1", state="done", now=clock.now())
    await second.settle_item(owner, "pln_1", 3, outcome='"again"', state="failed", now=clock.now())
    assert (await second.items(owner, "pln_1", after=2, limit=1))[0].outcome == '"slow"'
    assert [item.number for item in await second.next_items(owner, "pln_1", limit=9)] == [4]
    await first.close()
    await second.close()


async def test_a_plan_is_resumed_only_while_the_ledger_remembers(
    records: Records, owner: str, clock: HeldClock
) -> None:
    await records.save_plan(owner, a_plan(clock), items(2))
    await start(records, owner, clock)
    clock.advance(hours=23)
    assert await start(records, owner, clock) == "started"
    clock.advance(hours=24)
    assert await start(records, owner, clock) == "expired"
