"""Questions that are asked at the same time are answered together, each with its own answer or failure."""

import asyncio
from collections.abc import Sequence

import pytest

from auth.gathering import Gathering
from auth.records import Conflict, Unavailable

pytestmark = pytest.mark.anyio


class Desk:
    """Answers with the double of a number, when it is let; what it was asked at once is in `batches`."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.let = asyncio.Event()
        self.let.set()
        self.failure: Exception | None = None

    async def work(self, asked: Sequence[int]) -> list[int]:
        self.batches.append(list(asked))
        await self.let.wait()
        if self.failure is not None and 13 in asked:
            raise self.failure
        return [2 * one for one in asked]


async def test_what_comes_while_one_is_on_its_way_shares_the_next() -> None:
    desk = Desk()
    gathering = Gathering(desk.work, most=3)
    desk.let.clear()
    first = asyncio.create_task(gathering.ask(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(gathering.ask(number)) for number in (2, 3, 4, 5)]
    await asyncio.sleep(0)
    desk.let.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6, 8, 10]
    assert desk.batches == [[1], [2, 3, 4], [5]]


async def test_who_asks_again_at_once_is_answered() -> None:
    desk = Desk()
    gathering = Gathering(desk.work)
    for number in range(100):
        assert await gathering.ask(number) == 2 * number


async def test_one_that_fails_fails_alone() -> None:
    desk = Desk()
    gathering = Gathering(desk.work)
    desk.failure = Conflict("there")
    answers = await asyncio.gather(*map(gathering.ask, (1, 13, 2)), return_exceptions=True)
    assert answers == [2, desk.failure, 4]


async def test_an_outage_is_told_to_all_without_asking_for_each() -> None:
    desk = Desk()
    gathering = Gathering(desk.work)
    desk.failure = Unavailable("away")
    answers = await asyncio.gather(*map(gathering.ask, (1, 13, 2)), return_exceptions=True)
    assert answers == [desk.failure] * 3
    assert desk.batches == [[1, 13, 2]]


async def test_who_gives_up_waiting_stops_nobody_else() -> None:
    desk = Desk()
    gathering = Gathering(desk.work)
    desk.let.clear()
    tasks = [asyncio.create_task(gathering.ask(number)) for number in (1, 2)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    tasks[0].cancel()
    desk.let.set()
    assert await tasks[1] == 4
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
