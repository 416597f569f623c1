"""Writes to one SQLite file in groups: works that come while a commit waits for the disk share the next one.

The statements of a group run on the event loop, where they take less time than threads take to pass the interpreter's
lock around; only what waits runs in a thread: the commit for the disk, and the lock of another process. The log is
folded into the file aside, since a commit that did it would keep everybody waiting for a tenth of a second.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from auth.records import Conflict, Unavailable

BATCH = 64
"""Works in a group: their statements hold up the loop."""
FOLDED_AFTER = 2000
"""Works: a few megabytes of log. Pages that change often are written into the file once."""
_TURNS = 8
"""Of the loop, that a group waits for more at most."""

Work = Callable[[sqlite3.Connection], object]
T = TypeVar("T")


class _Job(NamedTuple):
    work: Work
    future: "asyncio.Future[Any]"
    loop: asyncio.AbstractEventLoop
    meanwhile: Callable[[Any], object] | None


class GroupWriter:
    """Runs works in transactions; several event loops may use it, one of them writes for all."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        """`connect` opens the file with the patience that another process's lock deserves."""
        self._patient = connect()
        self._prompt = connect()
        self._prompt.execute("PRAGMA busy_timeout=0")
        self._aside = connect()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="auth-store-write")
        self._folder = ThreadPoolExecutor(1, thread_name_prefix="auth-store-fold")
        self._folding: Future[None] | None = None
        self._unfolded = 0
        self._waiting: list[_Job] = []
        self._is_writing = False
        self._lock = threading.Lock()
        self._flushing: asyncio.Task[None] | None = None

    def run(
        self, work: Callable[[sqlite3.Connection], T], meanwhile: Callable[[T], object] | None = None
    ) -> "asyncio.Future[T]":
        """Run work in a transaction; done when it is on the disk.

        `meanwhile` may be called with what work returned while the disk works, and may not: what it raises is lost,
        and nothing that it makes may be shown before the future is done.

        Raises:
            Conflict: it broke a constraint; what others wrote stands.
            Unavailable: the file cannot be written.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._lock:
            self._waiting.append(_Job(work, future, loop, meanwhile))
        self._go_on()
        return future

    async def close(self) -> None:
        """Finish what waits, and close."""
        if (flushing := self._flushing) is not None:
            loop = flushing.get_loop()
            if loop is asyncio.get_running_loop():
                # Waited for, not awaited: whoever gives up closing must not stop what others wait for.
                await asyncio.wait([flushing])
            while loop.is_running() and not flushing.done():  # noqa: ASYNC110 - a loop that ends would tell nobody
                await asyncio.sleep(0.01)
        for executor in (self._thread, self._folder):
            await asyncio.to_thread(executor.shutdown)
        for connection in (self._prompt, self._patient, self._aside):
            connection.close()

    def _fold(self, works: int) -> None:
        """Fold the log once there is enough of it; the writes go on meanwhile."""
        self._unfolded += works
        if self._unfolded < FOLDED_AFTER or (self._folding is not None and not self._folding.done()):
            return
        self._unfolded = 0
        # Without a thread it stays until another time; what was written is written.
        with suppress(RuntimeError):
            self._folding = self._folder.submit(_fold, self._aside)

    def _go_on(self) -> None:
        """Let this loop write what waits, if no loop does."""
        with self._lock:
            if self._is_writing or not self._waiting:
                return
            self._is_writing = True
        # A task of its own: whoever gives up waiting must not stop what others wait for.
        self._flushing = asyncio.get_running_loop().create_task(self._flush())

    async def _flush(self) -> None:
        """Write what waits, group after group."""
        batch: list[_Job] = []
        try:
            while batch := await self._gathered():
                _answer(batch, await self._commit(batch))
                self._fold(len(batch))
        except BaseException as error:
            # Perhaps this loop is going down: another one writes on.
            with self._lock:
                self._is_writing = False
            _answer(
                batch, [Unavailable("the write was broken off; whether it is on the disk is not known")] * len(batch)
            )
            self._hand_over(asyncio.get_running_loop() if isinstance(error, asyncio.CancelledError) else None)
            raise

    def _hand_over(self, ending: asyncio.AbstractEventLoop | None) -> None:
        for loop in {job.loop for job in self._waiting} - {ending}:
            # One that was closed meanwhile has nobody left who waits, and one that ends just now does nothing.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._go_on)

    async def _gathered(self) -> list[_Job]:
        """What waits, once a turn of the loop has brought nothing more.

        Those who were answered by the last group come back within a few turns, and a commit costs the same for one.
        """
        known = 0
        for _ in range(_TURNS):
            if not known < len(self._waiting) < BATCH:
                break
            known = len(self._waiting)
            await asyncio.sleep(0)
        with self._lock:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            self._is_writing = bool(batch)
        return batch

    async def _commit(self, batch: list[_Job]) -> list[object]:
        """What each work returned or raised; nothing is returned before it is on the disk."""
        database, works = self._prompt, [job.work for job in batch]
        try:
            database.execute("BEGIN IMMEDIATE")
        except sqlite3.Error:
            # Another process writes just now: wait for it where nobody else has to.
            return await _ended(self._thread.submit(_patiently, self._patient, works))
        try:
            outcomes = [work(database) for work in works]
            if not database.in_transaction:
                raise sqlite3.OperationalError("the transaction was rolled back")
        except Exception:  # noqa: BLE001 - whatever it was, each is tried again by itself
            if database.in_transaction:
                database.execute("ROLLBACK")
            return await _ended(self._thread.submit(_patiently, self._patient, works))
        try:
            began = threading.Lock()
            began.acquire()
            committing = self._thread.submit(_write_out, database, began)
            # The thread needs the interpreter's lock to begin, and would get it late from a loop that goes on.
            began.acquire()
            _use_the_time(batch, outcomes)
            await _ended(committing)
        except (sqlite3.Error, RuntimeError) as error:
            # Or no thread could be begun: nothing may keep the file's lock.
            if database.in_transaction:
                database.execute("ROLLBACK")
            return [unavailable(error)] * len(works)
        return outcomes


def _fold(database: sqlite3.Connection) -> None:
    # Nobody asks for the outcome: what is wrong with the file is for those to say who write.
    database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


def _write_out(database: sqlite3.Connection, began: threading.Lock) -> None:
    began.release()
    database.execute("COMMIT")


def _use_the_time(batch: list[_Job], outcomes: list[object]) -> None:
    here = asyncio.get_running_loop()
    for job, outcome in zip(batch, outcomes, strict=True):
        if job.meanwhile is not None and job.loop is here:
            with suppress(Exception):
                job.meanwhile(outcome)


async def _ended(waited: "Future[T]") -> T:
    """What a thread returns. Who is cancelled waits all the same: the connection is in use until then."""
    try:
        return await asyncio.shield(asyncio.wrap_future(waited))
    except asyncio.CancelledError:
        with suppress(Exception):
            waited.result()
        raise


def _patiently(database: sqlite3.Connection, works: list[Work]) -> list[object]:
    """What each work returned or raised; nothing is returned before it is on the disk."""
    try:
        database.execute("BEGIN IMMEDIATE")
        outcomes = [_attempt(database, work) for work in works]
        database.execute("COMMIT")
    except sqlite3.Error as error:
        if database.in_transaction:
            database.execute("ROLLBACK")
        return [unavailable(error)] * len(works)
    return outcomes


def _attempt(database: sqlite3.Connection, work: Work) -> object:
    # A savepoint each: one that fails takes back its own rows and nobody else's.
    database.execute("SAVEPOINT job")
    try:
        outcome = work(database)
    except Exception as error:
        if isinstance(error, sqlite3.OperationalError | sqlite3.DatabaseError) and not database.in_transaction:
            raise
        database.execute("ROLLBACK TO job")
        outcome = Conflict("the row exists") if isinstance(error, sqlite3.IntegrityError) else error
    database.execute("RELEASE job")
    return outcome


def _answer(batch: list[_Job], outcomes: list[object]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], object]]] = {}
    for job, outcome in zip(batch, outcomes, strict=True):
        by_loop.setdefault(job.loop, []).append((job.future, outcome))
    for loop, answers in by_loop.items():
        # A loop that was closed meanwhile has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, answers)


def _settle(answers: list[tuple["asyncio.Future[Any]", object]]) -> None:
    for future, outcome in answers:
        if future.done():
            continue
        if isinstance(outcome, sqlite3.Error):
            future.set_exception(unavailable(outcome))
        elif isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


def unavailable(error: Exception) -> Unavailable:
    return Unavailable(f"the SQLite file cannot be used: {error}")
