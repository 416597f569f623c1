"""Ending what runs in the background."""

import asyncio

import pytest

from auth import background

pytestmark = pytest.mark.anyio


async def test_a_task_that_loses_a_cancellation_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "AGAIN_SECONDS", 0.001)
    heard = list[str]()

    async def hard_of_hearing() -> None:
        for _ in range(3):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                heard.append("cancelled")
        raise ValueError("over")

    task = asyncio.create_task(hard_of_hearing())
    other = asyncio.create_task(asyncio.sleep(3600))
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await background.end(task, other)
    assert heard == ["cancelled"] * 3
    assert task.done() and other.cancelled()


async def test_what_is_over_or_never_was_is_not_waited_for() -> None:
    over = asyncio.create_task(asyncio.sleep(0))
    await over
    async with asyncio.timeout(30):
        await background.end()
        await background.end(over)
    assert not over.cancelled()
