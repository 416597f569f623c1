"""DBOS as the jobs use it: how it starts, and how it ends without leaving anybody waiting."""

import threading
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import make_url

from localapi.work import KINDS, THREADS, Host, Starter

QUEUE_POLL_SECONDS = 0.1
STOP_SECONDS = 5.0


class Engine:
    """DBOS while it runs; one a process, since DBOS is one."""

    def __init__(self, url: str, *, executor: str, host: Callable[[], Host]) -> None:
        """Start it, which also resumes the workflows that a killed process left behind."""
        from dbos import DBOS

        self._ending, self._is_over = threading.Lock(), False
        is_shared = make_url(url).get_backend_name() != "sqlite"
        address = make_url(url).set(drivername="postgresql+psycopg" if is_shared else "sqlite")
        self._dbos: Any = DBOS(
            config={
                "name": "socialapi-mcp",
                "system_database_url": address.render_as_string(hide_password=False),
                "application_version": "1",
                "executor_id": executor,
                "log_level": "ERROR",
                "enable_otlp": False,
                "use_listen_notify": False,
                "notification_listener_polling_interval_sec": 0.05,
                "max_executor_threads": THREADS,
            }
        )
        self.workflows: dict[str, Starter] = {kind.name: kind.register(host) for kind in KINDS}
        try:
            self._launch()
        except BaseException:
            # Half started it would go on in its threads, and keep the process from ending.
            self.stop_taking()
            self.destroy()
            raise

    def _launch(self) -> None:
        self._dbos.launch()
        for kind in KINDS:
            self._dbos.register_queue(
                kind.name,
                partition_concurrency=1 if kind.has_lanes else None,
                worker_concurrency=kind.at_once,
                polling_interval_sec=QUEUE_POLL_SECONDS,
                on_conflict="always_update",
            )

    def stop_taking(self) -> None:
        """Take nothing more from the queues: what is taken while the rest closes is reported as an error."""
        # A statement of a database that is away is tried for ever, in threads that the process waits for at its end.
        if (database := self._dbos._sys_db_field) is not None:
            database._retry_connection_errors = False
        for event in self._dbos.background_thread_stop_events:
            event.set()
        until = time.monotonic() + STOP_SECONDS
        for thread in threading.enumerate():
            if thread.name.startswith("queue-worker-"):
                thread.join(max(0.0, until - time.monotonic()))

    def destroy(self) -> None:
        """End; what is not finished goes on at the next start."""
        # A stop may come while a lost lock already made it end.
        with self._ending:
            if not self._is_over:
                self._dbos.destroy(workflow_completion_timeout_sec=0)
                self._is_over = True
