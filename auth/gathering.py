"""Does what many ask for at the same time in one go: what comes while one statement is on its way shares the next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from auth.records import Unavailable

A = TypeVar("A")
R = TypeVar("R")


class _Waiting(NamedTuple, Generic[A, R]):
    asked: A
    answer: "asyncio.Future[R]"


class Gathering(Generic[A, R]):
    """Calls of one kind, of one event loop. A call that comes alone does not wait for company."""

    def __init__(self, work: Callable[[Sequence[A]], Awaitable[Sequence[R]]], *, most: int = 64) -> None:
        """`work` answers up to `most` questions, in their order. Where it fails, each is asked again by itself."""
        self._work, self._most = work, most
        self._waiting: list[_Waiting[A, R]] = []
        self._running: asyncio.Task[None] | None = None

    async def ask(self, asked: A) -> R:
        """One answer; raises what `work` raises for it."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()
        self._waiting.append(_Waiting(asked, answer))
        if self._running is None:
            # A task of its own: whoever gives up waiting must not stop what others wait for.
            self._running = loop.create_task(self._run())
        return await answer

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._answer(batch)
        finally:
            # At once: whoever asks between the last look and the task's end has to find nobody running.
            self._running = None
            for one in self._waiting:
                # Only left where the loop is going down.
                one.answer.cancel()

    async def _answer(self, batch: list[_Waiting[A, R]]) -> None:
        try:
            answers = await self._work([one.asked for one in batch])
        except Exception as error:  # noqa: BLE001 - each waiting call raises it
            if len(batch) == 1 or isinstance(error, Unavailable):
                _fail(batch, error)
            else:
                for one in batch:
                    await self._answer([one])
            return
        except BaseException:
            for one in batch:
                one.answer.cancel()
            raise
        for one, answer in zip(batch, answers, strict=True):
            if not one.answer.done():
                one.answer.set_result(answer)


def _fail(batch: Sequence[_Waiting[A, R]], error: Exception) -> None:
    for one in batch:
        if not one.answer.done():
            one.answer.set_exception(error)
