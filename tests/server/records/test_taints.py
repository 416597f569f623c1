"""That strangers' text was read is known for 15 minutes, in every process, and without a database in this one."""

import logging
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from server.records import Records, RecordsUnavailable, Taint, open_records
from server.settings import Settings
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio


async def test_it_lasts_15_minutes_for_each_conversation(records: Records, owner: str, clock: HeldClock) -> None:
    assert await records.tainted(owner, now=clock.now()) is None
    await records.taint(owner, now=clock.now(), threads=["cnv_1"])
    first = clock.now()
    assert await records.tainted(owner, now=first) == Taint(first, {"cnv_1"}, "cnv_1")
    clock.advance(minutes=10)
    await records.taint(owner, now=clock.now(), threads=["cnv_2", "cnv_2"])
    second = clock.now()
    assert await records.tainted(owner, now=second) == Taint(second, {"cnv_1", "cnv_2"}, "cnv_2")
    clock.advance(minutes=5)
    assert await records.tainted(owner, now=clock.now()) == Taint(second, {"cnv_2"}, "cnv_2")
    assert await records.tainted(f"{owner}-x", now=clock.now()) is None
    clock.advance(minutes=10)
    assert await records.tainted(owner, now=clock.now()) is None


async def test_text_outside_of_conversations_counts_too(records: Records, owner: str, clock: HeldClock) -> None:
    await records.taint(owner, now=clock.now(), threads=[])
    assert await records.tainted(owner, now=clock.now()) == Taint(clock.now(), frozenset())


async def test_every_process_knows_at_least_as_long(settings: Settings, owner: str, clock: HeldClock) -> None:
    reader, other = open_records(settings, clock=clock), open_records(settings, clock=clock)
    last = datetime.min
    # Repeated reading is not written each time; what is skipped must not end early elsewhere.
    for _ in range(7):
        await reader.taint(owner, now=clock.now(), threads=["cnv_1"])
        last = clock.now()
        clock.advance(seconds=25)
    found = await other.tainted(owner, now=clock.now())
    assert found is not None and found.threads == {"cnv_1"}
    assert last - found.at < timedelta(minutes=1)
    await other.taint(owner, now=clock.now(), threads=["cnv_2"])
    assert (await reader.tainted(owner, now=clock.now()) or Taint(last, set())).threads == {"cnv_1", "cnv_2"}
    clock.present = last + timedelta(minutes=15) - timedelta(seconds=1)
    assert await other.tainted(owner, now=clock.now()) is not None
    await reader.close()
    # A restart washes nothing off.
    again = open_records(settings, clock=clock)
    assert await again.tainted(owner, now=clock.now()) is not None
    clock.advance(minutes=5)
    assert await again.tainted(owner, now=clock.now()) is None
    await again.close()
    await other.close()


async def test_every_process_knows_which_conversation_was_opened_last(
    settings: Settings, owner: str, clock: HeldClock
) -> None:
    reader, other = open_records(settings, clock=clock), open_records(settings, clock=clock)
    for thread, seconds in (("cnv_1", 5), ("cnv_2", 45), ("cnv_1", 5)):
        await reader.taint(owner, now=clock.now(), threads=[thread])
        clock.advance(seconds=seconds)
    for records in (reader, other):
        found = await records.tainted(owner, now=clock.now())
        assert found is not None and found.being_read == "cnv_1"
        await records.close()


async def test_reading_goes_on_without_a_database_and_is_told_later(
    tmp_path: Path, owner: str, clock: HeldClock, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "data"
    folder.write_text("in the way")
    settings = Settings(data_dir=folder)
    records, other = open_records(settings, clock=clock), open_records(settings, clock=clock)
    with caplog.at_level(logging.WARNING):
        await records.taint(owner, now=clock.now(), threads=["cnv_secret"])
    assert "cnv_secret" not in caplog.text and owner not in caplog.text and "data folder" in caplog.text
    assert await records.tainted(owner, now=clock.now()) == Taint(clock.now(), {"cnv_secret"}, "cnv_secret")
    with pytest.raises(RecordsUnavailable):
        await records.tainted(f"{owner}-x", now=clock.now())
    folder.unlink()
    clock.advance(seconds=1)
    await records.taint(owner, now=clock.now(), threads=["cnv_2"])
    found = await other.tainted(owner, now=clock.now())
    assert found is not None and found.threads == {"cnv_secret", "cnv_2"}
    await records.close()
    await other.close()


async def test_many_owners_are_forgotten_when_their_time_is_over(clock: HeldClock) -> None:
    records = open_records(Settings(), memory=True, clock=clock)
    await records.taint("first", now=clock.now(), threads=["cnv_1"])
    clock.advance(minutes=20)
    for number in range(1_100):
        assert await records.tainted(f"owner {number}", now=clock.now()) is None
    await records.taint("last", now=clock.now(), threads=["cnv_2"])
    assert await records.tainted("last", now=clock.now()) == Taint(clock.now(), {"cnv_2"}, "cnv_2")
    assert await records.tainted("first", now=clock.now()) is None
    await records.close()
