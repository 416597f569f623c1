"""What is over in the records goes by itself, and a database that is away stops nobody."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from server.records import open_records
from server.records.housekeeping import EVERY_SECONDS, kept, tidy
from server.settings import Settings
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio


class _Rounds:
    """Lets a number of rounds pass at once, then stops."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.waited: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.left -= 1
        if self.left < 0:
            raise asyncio.CancelledError


async def test_what_is_long_over_is_removed(clock: HeldClock, tmp_path: Path) -> None:
    records = open_records(Settings(data_dir=tmp_path), clock=clock)
    for number in range(3):
        await records.put_handle("me", "reveal", f"handle-{number}", payload="x", expires_at=clock.now())
    clock.advance(days=8)
    with pytest.raises(asyncio.CancelledError):
        await tidy(records, clock=clock, wait=_Rounds(1))
    assert await records.prune(now=clock.now()) == 0
    # The place is free again.
    await records.put_handle("me", "reveal", "handle-0", payload="y", expires_at=clock.now() + timedelta(days=1))
    await records.close()


async def test_records_that_nobody_needed_are_not_opened(clock: HeldClock, tmp_path: Path) -> None:
    records, rounds = open_records(Settings(data_dir=tmp_path), clock=clock), _Rounds(2)
    with pytest.raises(asyncio.CancelledError):
        await tidy(records, clock=clock, wait=rounds)
    assert not records.is_open and list(tmp_path.iterdir()) == [] and rounds.waited == [EVERY_SECONDS] * 3


async def test_they_are_closed_at_the_end(clock: HeldClock, tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    async with kept(open_records(Settings(data_dir=tmp_path), clock=clock), clock=clock) as records:
        await records.put_handle("me", "reveal", "handle", payload="x", expires_at=clock.now())
        assert len(asyncio.all_tasks()) > len(before)
    assert asyncio.all_tasks() == before
    # A connection that was left open would fail the tests.
    async with kept(open_records(Settings(data_dir=tmp_path), clock=clock), clock=clock) as again:
        clock.advance(minutes=-1)
        assert await again.peek_handle("me", "reveal", "handle", now=clock.now()) == "x"
