"""Durable work: publishing and webhooks run as DBOS workflows, resumed after a kill, each once.

On SQLite one process of those that share the database works. On PostgreSQL all do: runs wait in queues there, and one
process at a time, the leader, looks for what is due and takes up what a dead one left.
"""

import asyncio
import contextlib
import hashlib
import logging
import os
import secrets
from collections.abc import Callable, Coroutine, Generator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import IO, Any, TypeVar

from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from auth import background
from localapi import delivery, export_work, retention, tidying, webhook_delivery
from localapi.context import Installation
from localapi.engine import STOP_SECONDS, Engine
from localapi.work import KINDS, Run

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

TICK_SECONDS = 0.5
SIMULATION_SECONDS = 20.0
STEP_TIMEOUT_SECONDS = 120.0
LEADER_SECONDS = 1.0
# With DBOS, which tries a statement for ever while the database is away: nobody would see that the lock is lost.
PATIENCE_SECONDS = 30.0
SWEEP_SECONDS = 300.0
# New runs of a kind that are queued in one go, so that thousands of one kind do not keep the others waiting.
QUEUED_AT_ONCE = 200
# Ends of a workflow from which DBOS does not go on by itself.
_BROKEN = ["ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
# DBOS's own bound.
_PRIORITIES = 2**31 - 1
# Any constant: the processes of one database queue on it.
_LOCK = 7_203_115

T = TypeVar("T")
_current: "PublishingJobs | None" = None


class PublishingJobs:
    """One a process. What it holds a lock on tells the other processes that it lives, and which of them leads."""

    def __init__(self, *, system_database_url: str) -> None:
        self._url = system_database_url
        self._is_shared = make_url(system_database_url).get_backend_name() != "sqlite"
        self._installation: Installation | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._woken = asyncio.Event()
        self._lock: IO[bytes] | Connection | None = None
        self._leads = False
        self._executor = "jobs"
        self._engine: Engine | None = None
        self._opening: asyncio.Future[bool] | None = None
        self._started: dict[str, set[str]] = {}
        self._running: set[str] = set()
        self._hops: set[Future[Any]] = set()
        self._stopping = False
        self._sweeps_at = 0.0

    def attach(self, installation: Installation) -> None:
        """Tell it what it works on."""
        self._installation = installation

    @property
    def installation(self) -> Installation:
        """What it works on."""
        if self._installation is None:
            raise RuntimeError("attach() comes first")
        return self._installation

    async def start(self, *, simulate: bool) -> None:
        """Start in the background; other processes may already run the jobs of this database."""
        self._loop, self._stopping = asyncio.get_running_loop(), False
        self._tasks.append(asyncio.create_task(self._run()))
        if simulate:
            self._tasks.append(asyncio.create_task(self._simulate()))

    @property
    def is_stopping(self) -> bool:
        """Whether the process is about to end."""
        return self._stopping

    async def stop(self) -> None:
        """Stop; what is not finished goes on at the next start."""
        self._stopping = True
        await background.end(*self._tasks)
        self._tasks.clear()
        if self._opening is not None:
            # A thread cannot be cancelled: what it was opening is open now, and closed below.
            await asyncio.gather(self._opening, return_exceptions=True)
            self._opening = None
        await self._step_down()

    async def _step_down(self) -> None:
        """Stop running jobs and leave them to other processes; runs under way may end first."""
        global _current
        self._leads = False
        if self._engine is not None:
            await asyncio.to_thread(self._engine.stop_taking)
            # Let the runs under way end, for a while; a video may take longer than that.
            await _while(lambda: bool(self._running))
            await asyncio.to_thread(self._engine.destroy)
            # What they still do on the app's loop has a connection, which is closed once it is given back.
            await _while(lambda: bool(self._hops))
            self._engine, _current = None, None
            self._started.clear()
            self._running.clear()
        if self._lock is not None:
            await asyncio.to_thread(self._lock.close)
            self._lock = None

    async def wake(self) -> None:
        """Look for due work now."""
        self._woken.set()

    async def run_due(self) -> None:
        """Do what is due now without DBOS, for tests that hold the clock; a video needs a later call."""
        for post_id, run in await delivery.due(self.installation):
            for target_id in await delivery.open_targets(self.installation, post_id):
                await delivery.deliver(self.installation, target_id)
            await delivery.settle(self.installation, post_id, run)
        lanes: dict[str, list[webhook_delivery.Due]] = {}
        for one in await webhook_delivery.due(self.installation):
            lanes.setdefault(one.webhook_id, []).append(one)

        async def follow(lane: list[webhook_delivery.Due]) -> None:
            for one in lane:
                with contextlib.suppress(webhook_delivery.Taken):
                    if request := await webhook_delivery.claim(self.installation, one):
                        outcome = await webhook_delivery.send(self.installation, request)
                        await webhook_delivery.note(self.installation, one, outcome)

        await asyncio.gather(*map(follow, lanes.values()))
        for export_id in await export_work.due(self.installation):
            await export_work.make(self.installation, export_id)

    async def tick(self) -> int:
        """Queue a workflow for each run that is due; queueing one again does nothing. Returns how many were new."""
        if self._engine is None or self._stopping:
            return 0
        new = 0
        for kind in KINDS:
            runs = await kind.due(self.installation)
            started = self._started.setdefault(kind.name, set())
            started &= {run.name for run in runs}
            waiting = [run for run in runs if run.name not in started]
            fresh, names = waiting[:QUEUED_AT_ONCE], {run.name for run in waiting[:QUEUED_AT_ONCE]}
            if fresh:
                await _in_thread(self._queue, kind.name, fresh)
                started |= names
                new += len(fresh)
            if len(waiting) > len(fresh):
                await self.wake()
            if idle := sorted(started - self._running - names):
                for name in await _in_thread(self._broken, idle):
                    logger.error("run %s broke off; what it was for gets a new one", name)
                    await kind.again(self.installation, name)
        return new

    def _broken(self, names: list[str]) -> list[str]:
        from dbos import DBOS

        found = DBOS.list_workflows(workflow_ids=names, status=_BROKEN, load_input=False, load_output=False)
        return [row.workflow_id for row in found]

    def _queue(self, kind: str, runs: Sequence[Run]) -> None:
        from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

        for run in runs:
            if self._engine is None:
                return
            workflow, arguments = self._engine.workflows[kind](run.name)
            # DBOS takes the lowest first, and by itself knows the order of what was queued to the millisecond only.
            priority = run.place % _PRIORITIES + 1 if run.lane else None
            with SetWorkflowID(run.name), SetEnqueueOptions(queue_partition_key=run.lane, priority=priority):
                DBOS.enqueue_workflow(kind, workflow, *arguments)

    async def _run(self) -> None:
        while True:
            while not await self._open():
                await asyncio.sleep(LEADER_SECONDS)
            await self._work()
            logger.warning("the lock of the jobs is lost; leaving them to whoever takes it")
            await self._step_down()

    async def _work(self) -> None:
        """Queue what is due, until the lock is lost: the database server was restarted, or closed the connection."""
        while await asyncio.to_thread(self._still_holds):
            is_woken = self._woken.is_set()
            self._woken.clear()
            try:
                if not self._leads:
                    self._leads = await asyncio.to_thread(self._become_leader)
                # Whoever was told of something new queues it, leader or not.
                if self._leads or is_woken:
                    await self.tick()
                if self._leads and self._is_shared:
                    await _in_thread(self._take_up)
                if self._leads:
                    await self._sweep()
            except Exception:
                logger.exception("looking for due work failed; trying again")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._woken.wait()

    async def _sweep(self) -> None:
        """Now and then, delete what is too old."""
        now = asyncio.get_running_loop().time()
        if now < self._sweeps_at:
            return
        self._sweeps_at = now + SWEEP_SECONDS
        await retention.sweep(self.installation)
        await tidying.tidy(self.installation)
        await _in_thread(retention.forget_runs)

    async def _open(self) -> bool:
        """Take the lock and launch. Shielded, so that stop() finds what a thread still opens."""
        self._opening = asyncio.ensure_future(asyncio.to_thread(self._lock_and_launch))
        try:
            return await asyncio.shield(self._opening)
        except Exception:
            logger.exception("publishing cannot start; trying again")
            return False

    def _lock_and_launch(self) -> bool:
        if self._lock is None and not self._take_lock():
            return False
        self._launch()
        return True

    async def _simulate(self) -> None:
        from localapi.simulate import arrive_something

        while True:
            await asyncio.sleep(SIMULATION_SECONDS)
            if not self._leads:
                # Another process leads, and lets things arrive.
                continue
            try:
                await arrive_something(self.installation)
            except Exception:
                logger.exception("nothing could arrive")

    def _take_lock(self) -> bool:
        """On SQLite the only one, which makes the leader; on PostgreSQL one of this process's own."""
        url = make_url(self._url)
        if not self._is_shared:
            self._leads = self._lock_file(Path(url.database or "jobs").with_suffix(".lock"))
            return self._leads
        self._executor = secrets.token_hex(8)
        # Without a pool, as the lock lasts as long as its connection: a pool would keep both.
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT", poolclass=NullPool
        )
        connection = engine.connect()
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _presence(self._executor)})
        self._lock = connection
        return True

    def _become_leader(self) -> bool:
        if not isinstance(self._lock, Connection):
            return True
        return bool(self._lock.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}).scalar())

    def _still_holds(self) -> bool:
        if not isinstance(self._lock, Connection):
            return True
        try:
            self._lock.execute(text("SELECT 1"))
        except DBAPIError:
            return False
        return True

    def _take_up(self) -> None:
        """Queue again what processes left behind that are gone."""
        from dbos import DBOS

        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        others = {row.executor_id for row in pending if row.executor_id and row.executor_id != self._executor}
        for executor in sorted(others):
            if not self._is_gone(executor):
                continue
            left = [row.workflow_id for row in pending if row.executor_id == executor]
            logger.warning("a process is gone; taking up %d runs of its", len(left))
            for kind in KINDS:
                # Into the queue they came from: in DBOS's own they would leave their lane, and be overtaken.
                if of_kind := [name for name in left if name.startswith(f"{kind.name}:")]:
                    DBOS.resume_workflows(of_kind, queue_name=kind.name)

    def _is_gone(self, executor: str) -> bool:
        if not isinstance(self._lock, Connection):
            return False
        lock = {"lock": _presence(executor)}
        if not self._lock.execute(text("SELECT pg_try_advisory_lock(:lock)"), lock).scalar():
            return False
        self._lock.execute(text("SELECT pg_advisory_unlock(:lock)"), lock)
        return True

    def _lock_file(self, path: Path) -> bool:
        if os.name == "nt":
            return True
        import fcntl

        opened = path.open("wb")
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            opened.close()
            return False
        self._lock = opened
        return True

    def _launch(self) -> None:
        global _current
        _current = self
        self._engine = Engine(self._url, executor=self._executor, host=_jobs)

    @contextlib.contextmanager
    def counting(self, name: str) -> Generator[None]:
        """Known as running, so that stop() waits for it."""
        self._running.add(name)
        try:
            yield
        finally:
            self._running.discard(name)

    def hop(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the app's loop from a workflow's thread, and wait for it."""
        return self._begun(work).result(STEP_TIMEOUT_SECONDS)

    async def join(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the app's loop from a workflow's own loop, and wait for it."""
        running = asyncio.wrap_future(self._begun(work))
        async with asyncio.timeout(STEP_TIMEOUT_SECONDS):
            return await running

    def _begun(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        if self._loop is None:
            raise RuntimeError("start() comes first")
        begun = asyncio.run_coroutine_threadsafe(work, self._loop)
        self._hops.add(begun)
        begun.add_done_callback(self._hops.discard)
        return begun


async def _while(holds: Callable[[], bool]) -> None:
    """Wait until it does not hold any more, for STOP_SECONDS at most."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STOP_SECONDS):
            while holds():
                await asyncio.sleep(0.02)


def _presence(executor: str) -> int:
    """The number of the lock by which the others see that a process lives."""
    return int.from_bytes(hashlib.sha256(f"executor:{executor}".encode()).digest()[:8], "big", signed=True)


async def _in_thread(work: Callable[..., T], *arguments: Any) -> T:
    """Do it in a thread, which is left alone when it takes too long: all that is done so may be done twice.

    Raises:
        TimeoutError: it goes on, or tries to.
    """
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await asyncio.to_thread(work, *arguments)


def _jobs() -> PublishingJobs:
    if _current is None:
        raise RuntimeError("the jobs of this process have stopped")
    return _current
