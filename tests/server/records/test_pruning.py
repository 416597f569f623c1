"""What is over goes, in bounded pieces; what is needed stays."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from server.records import AuditEntry, Plan, PlanItem, Records, open_records
from server.settings import Settings
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio


async def fill(records: Records, owner: str, clock: HeldClock, *, count: int = 3) -> None:
    soon = clock.now() + timedelta(hours=1)
    for number in range(count):
        await records.claim(owner, f"key {number}", tool="t", fingerprint="f", now=clock.now())
        await records.note(owner, AuditEntry(at=clock.now(), tool="t", target=str(number), outcome="done"))
        await records.put_handle(owner, "post", f"h{number}", payload="payload", expires_at=soon)
        await records.ask_approval(owner, f"{owner}-{number}", digest="d", summary="s", expires_at=soon)
    await records.taint(owner, now=clock.now(), threads=["a", "b", "c"][:count])
    plan = Plan(plan_id="pln_1", operation="o", digest="d", created_at=clock.now(), expires_at=soon)
    await records.save_plan(owner, plan, [PlanItem(number=number, arguments="{}") for number in range(1, count + 1)])


async def empty(records: Records, clock: HeldClock) -> None:
    """Without what other tests left in the shared database."""
    present = clock.now()
    clock.advance(days=1000)
    await sweep(records, clock, batch=500)
    clock.present = present


async def sweep(records: Records, clock: HeldClock, *, batch: int) -> list[int]:
    counts: list[int] = []
    while changed := await records.prune(now=clock.now(), batch=batch):
        counts.append(changed)
    return counts


async def test_each_kind_goes_at_its_time(records: Records, owner: str, clock: HeldClock) -> None:
    await empty(records, clock)
    await fill(records, owner, clock)
    assert await sweep(records, clock, batch=500) == []
    started = clock.now()
    ages = {
        timedelta(minutes=16): 3,  # taint
        timedelta(hours=1): 3,  # handles emptied
        timedelta(hours=24): 3,  # ledger
        timedelta(days=7, hours=1): 3 + 3 + 3,  # handles, approvals, items
        timedelta(days=90): 3,  # audit
    }
    for age, count in ages.items():
        clock.present = started + age - timedelta(microseconds=1)
        assert await sweep(records, clock, batch=500) == [], age
        clock.present = started + age
        first, *rest = await sweep(records, clock, batch=500)
        # The plan goes with its last items.
        assert (first, rest) == (count + (age.days == 7), []), age


async def test_pieces_are_bounded_and_end(records: Records, owner: str, clock: HeldClock) -> None:
    await empty(records, clock)
    await fill(records, owner, clock, count=3)
    clock.advance(days=100)
    counts = await sweep(records, clock, batch=2)
    # 3 each of ledger, audit, handles, approvals, taint and items; one plan; handles that were emptied before they went.
    assert 6 * 3 + 1 < sum(counts) <= 6 * 3 + 1 + 3
    assert max(counts) <= 8 * 2
    assert await records.plan(owner, "pln_1") is None
    assert await records.items(owner, "pln_1", after=0, limit=9) == []


async def test_a_receipt_is_readable_for_7_days_after_the_end(records: Records, owner: str, clock: HeldClock) -> None:
    await fill(records, owner, clock)
    await records.start_plan(owner, "pln_1", now=clock.now(), lease_seconds=30)
    clock.advance(hours=12)
    await records.finish_plan(owner, "pln_1", state="cancelled", now=clock.now())
    clock.advance(days=6, hours=23)
    await records.prune(now=clock.now())
    assert len(await records.items(owner, "pln_1", after=0, limit=9)) == 3


async def test_what_a_used_or_expired_handle_held_is_nowhere_in_the_files(tmp_path: Path, clock: HeldClock) -> None:
    records = open_records(Settings(data_dir=tmp_path), clock=clock)
    for name in ("used", "expired"):
        secret = f"the secret of the {name} one"
        await records.put_handle("o", "page", name, payload=secret, expires_at=clock.now() + timedelta(hours=1))
    await records.use_handle("o", "page", "used", now=clock.now())
    clock.advance(hours=1)
    await records.prune(now=clock.now())
    await records.close()
    with closing(sqlite3.connect(tmp_path / "records.sqlite")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert [file.name for file in tmp_path.iterdir() if b"the secret of" in file.read_bytes()] == []
