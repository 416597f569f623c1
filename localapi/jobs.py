"""Durable work: publishing runs as DBOS workflows, resumed after a kill, each delivery once."""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Coroutine, Generator
from pathlib import Path
from typing import IO, Any, TypeVar

from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from localapi import delivery
from localapi.context import Installation
from localapi.database import Unavailable

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

TICK_SECONDS = 0.5
SIMULATION_SECONDS = 20.0
STEP_TIMEOUT_SECONDS = 120.0
VIDEO_POLL_SECONDS = 0.5
LEADER_SECONDS = 1.0
STOP_SECONDS = 5.0
# Before a broken step is tried again, and twice as long each further time.
RETRY_SECONDS = 0.3
# Ends of a workflow from which DBOS does not go on by itself.
_BROKEN = ["ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
# Any constant: the processes of one database queue on it.
_LOCK = 7_203_115

T = TypeVar("T")
_current: "PublishingJobs | None" = None


class PublishingJobs:
    """One a process; of the processes on one database only the one that holds the lock runs jobs."""

    def __init__(self, *, system_database_url: str) -> None:
        self._url = system_database_url
        self._installation: Installation | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._woken = asyncio.Event()
        self._lock: IO[bytes] | Connection | None = None
        self._workflow: Any = None
        self._opening: asyncio.Future[bool] | None = None
        self._started: set[str] = set()
        self._running: set[str] = set()
        self._stopping = False

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
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._opening is not None:
            # A thread cannot be cancelled: what it was opening is open now, and closed below.
            await asyncio.gather(self._opening, return_exceptions=True)
            self._opening = None
        await self._step_down()

    async def _step_down(self) -> None:
        """Stop running jobs and let another process lead; deliveries under way may end first."""
        global _current
        if self._workflow is not None:
            await self._wait_for_running()
            from dbos import DBOS

            await asyncio.to_thread(DBOS.destroy, workflow_completion_timeout_sec=0)
            self._workflow, _current = None, None
            self._started.clear()
            self._running.clear()
        if self._lock is not None:
            await asyncio.to_thread(self._lock.close)
            self._lock = None

    async def _wait_for_running(self) -> None:
        """Let the runs under way end, for a while; a video may take longer than that."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                while self._running:
                    await asyncio.sleep(0.02)

    async def wake(self) -> None:
        """Look for due work now."""
        self._woken.set()

    async def run_due(self) -> None:
        """Deliver what is due now without DBOS, for tests that hold the clock; a video needs a later call."""
        for post_id, run in await delivery.due(self.installation):
            for target_id in await delivery.open_targets(self.installation, post_id):
                await delivery.deliver(self.installation, target_id)
            await delivery.settle(self.installation, post_id, run)

    async def tick(self) -> int:
        """Start a workflow for each run that is due; starting one again does nothing. Returns how many were new."""
        if self._workflow is None or self._stopping:
            return 0
        names = {f"publish:{post_id}:{run}" for post_id, run in await delivery.due(self.installation)}
        self._started &= names
        fresh = sorted(names - self._started)
        if fresh:
            await asyncio.to_thread(self._start_workflows, fresh)
            self._started.update(fresh)
        if idle := sorted(names - self._running):
            for name in await asyncio.to_thread(self._broken, idle):
                logger.error("run %s broke off; its post gets a new one", name)
                _, post_id, run = name.split(":")
                await delivery.again(self.installation, post_id, int(run))
        return len(fresh)

    def _broken(self, names: list[str]) -> list[str]:
        from dbos import DBOS

        found = DBOS.list_workflows(workflow_ids=names, status=_BROKEN, load_input=False, load_output=False)
        return [row.workflow_id for row in found]

    def _start_workflows(self, names: list[str]) -> None:
        from dbos import DBOS, SetWorkflowID

        for name in names:
            _, post_id, run = name.split(":")
            with SetWorkflowID(name):
                DBOS.start_workflow(self._workflow, post_id, int(run))

    async def _run(self) -> None:
        while True:
            while not await self._open():
                await asyncio.sleep(LEADER_SECONDS)
            await self._lead()
            logger.warning("the lock of the jobs is lost; leaving them to whoever takes it")
            await self._step_down()

    async def _lead(self) -> None:
        """Start what is due, until the lock is lost: the database server was restarted, or closed the connection."""
        while await asyncio.to_thread(self._still_leads):
            try:
                await self.tick()
            except Exception:
                logger.exception("looking for due posts failed; trying again")
            self._woken.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), TICK_SECONDS)

    async def _open(self) -> bool:
        """Lead and launch, unless another process leads. Shielded, so that stop() finds what a thread still opens."""
        self._opening = asyncio.ensure_future(asyncio.to_thread(self._lead_and_launch))
        try:
            return await asyncio.shield(self._opening)
        except Exception:
            logger.exception("publishing cannot start; trying again")
            return False

    def _lead_and_launch(self) -> bool:
        if self._lock is None and not self._become_leader():
            return False
        self._launch()
        return True

    async def _simulate(self) -> None:
        from localapi.simulate import arrive_something

        while True:
            await asyncio.sleep(SIMULATION_SECONDS)
            if self._workflow is None:
                # Another process leads, and lets things arrive.
                continue
            try:
                await arrive_something(self.installation)
            except Exception:
                logger.exception("nothing could arrive")

    def _become_leader(self) -> bool:
        url = make_url(self._url)
        if url.get_backend_name() == "sqlite":
            return self._lock_file(Path(url.database or "jobs").with_suffix(".lock"))
        # Without a pool, as the lock lasts as long as its connection: a pool would keep both.
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT", poolclass=NullPool
        )
        connection = engine.connect()
        if connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}).scalar():
            self._lock = connection
            return True
        connection.close()
        return False

    def _still_leads(self) -> bool:
        if not isinstance(self._lock, Connection):
            return True
        try:
            self._lock.execute(text("SELECT 1"))
        except DBAPIError:
            return False
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
        """Start DBOS, which also resumes the workflows that a killed process left behind."""
        global _current
        from dbos import DBOS

        url = make_url(self._url)
        if url.get_backend_name() != "sqlite":
            url = url.set(drivername="postgresql+psycopg")
        _current = self
        DBOS(
            config={
                "name": "socialapi-mcp",
                "system_database_url": url.render_as_string(hide_password=False),
                "application_version": "1",
                "executor_id": "jobs",
                "log_level": "ERROR",
                "enable_otlp": False,
                "use_listen_notify": False,
                "notification_listener_polling_interval_sec": 0.05,
            }
        )
        self._workflow = _register()
        DBOS.launch()

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
        if self._loop is None:
            raise RuntimeError("start() comes first")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(STEP_TIMEOUT_SECONDS)


def _register() -> Any:
    """Declare the workflow to DBOS. Its functions are found again by name after a restart, so names must stay."""
    from dbos import DBOS
    from dbos import error as dbos_error

    @DBOS.step(name="open_targets", retries_allowed=True, max_attempts=5, interval_seconds=RETRY_SECONDS)
    def open_targets(post_id: str) -> list[str]:
        return _patiently(lambda installation: delivery.open_targets(installation, post_id))

    @DBOS.step(name="deliver", retries_allowed=True, max_attempts=5, interval_seconds=RETRY_SECONDS)
    def deliver(target_id: str) -> bool:
        try:
            return _patiently(lambda installation: delivery.deliver(installation, target_id))
        except Exception:
            logger.exception("delivering target %s failed", target_id)
            raise

    @DBOS.step(name="give_up", retries_allowed=True, max_attempts=5, interval_seconds=RETRY_SECONDS)
    def give_up(target_id: str) -> None:
        _patiently(lambda installation: delivery.give_up(installation, target_id))

    @DBOS.step(name="settle", retries_allowed=True, max_attempts=5, interval_seconds=RETRY_SECONDS)
    def settle(post_id: str, run: int) -> None:
        _patiently(lambda installation: delivery.settle(installation, post_id, run))

    @DBOS.workflow(name="publish")
    def publish(post_id: str, run: int) -> None:
        with _jobs().counting(f"publish:{post_id}:{run}"):
            for target_id in open_targets(post_id):
                try:
                    while not deliver(target_id):
                        DBOS.sleep(VIDEO_POLL_SECONDS)
                except dbos_error.DBOSMaxStepRetriesExceeded:
                    # Tried five times. Its other targets and its outcome must not hang on this one.
                    give_up(target_id)
            settle(post_id, run)

    return publish


def _patiently(work: Callable[[Installation], Coroutine[Any, Any, T]]) -> T:
    """Do a piece of work on the app's loop; while the database is away it is no failed attempt, and waits.

    Raises:
        Unavailable: still away when the process stops; what is open goes on at the next start.
    """
    jobs = _jobs()
    while True:
        try:
            result: T = jobs.hop(work(jobs.installation))
        except Unavailable:
            if jobs.is_stopping:
                raise
            time.sleep(RETRY_SECONDS)
        else:
            return result


def _jobs() -> PublishingJobs:
    if _current is None:
        raise RuntimeError("the jobs of this process have stopped")
    return _current
