"""The connection to SQLite or PostgreSQL, and its transactions."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from sqlalchemy import event, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import StaticPool

from localapi.tables import Base

BUSY_TIMEOUT_MILLISECONDS = 15_000


class Unavailable(Exception):
    """The database refuses to work; the text says how and what to do, without a statement or a value in it."""


class Database:
    """One database. Writers of one process queue here instead of spinning on SQLite's lock."""

    def __init__(self, url: str) -> None:
        """`url` is sqlite:///FILE, sqlite:// (in memory) or postgresql://…."""
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.in_memory = self.is_sqlite and parsed.database in {None, "", ":memory:"}
        driver = "sqlite+aiosqlite" if self.is_sqlite else "postgresql+psycopg"
        options: dict[str, Any] = {"poolclass": StaticPool} if self.in_memory else {"pool_size": 8, "max_overflow": 8}
        if not self.is_sqlite:
            options["pool_pre_ping"] = True
        self.engine: AsyncEngine = create_async_engine(
            # What people wrote does not belong into a log of failed statements.
            parsed.set(drivername=driver),
            hide_parameters=True,
            **options,
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._writing = asyncio.Lock()
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)

    async def create(self) -> None:
        """Make the tables of an empty database (tests and in-memory use; files are migrated instead)."""
        async with self.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncSession]:
        """A session that only reads. In memory there is one connection, so readers queue with writers.

        A caller that goes away in the middle of a statement costs a connection, and in memory all tables with it; so
        the statements come to their end, here as in `write`.
        """
        if self.in_memory:
            async with self.write() as session:
                yield session
            return
        with anyio.CancelScope(shield=True), _plainly():
            async with self._sessions() as session:
                yield session

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncSession]:
        """A session in one transaction, committed at the end, rolled back when an exception leaves it.

        Raises:
            Unavailable: read-only, full, locked for too long, or gone.
        """
        async with _optional(self._writing if self.is_sqlite else None):
            # The lock of a connection that is thrown away stays until its last cursor is.
            with anyio.CancelScope(shield=True), _plainly():
                async with self._sessions(info={"immediate": True}) as session, session.begin():
                    await session.connection(execution_options={"immediate": True})
                    yield session

    async def close(self) -> None:
        """Return the connections."""
        await self.engine.dispose()


@asynccontextmanager
async def _optional(lock: asyncio.Lock | None) -> AsyncGenerator[None]:
    if lock is None:
        yield
    else:
        async with lock:
            yield


class _plainly:  # noqa: N801 (used like a function)
    """Turns a driver's error into Unavailable where the operator can mend it."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Translate by the driver's own words; anything else passes."""
        advice = advice_on(error)
        if advice is not None:
            raise Unavailable(advice) from None


def advice_on(error: BaseException | None) -> str | None:
    """What the operator can do about a driver's error, by the driver's own words; None where it is ours to mend."""
    # These two quote what a caller sent, which may hold any word.
    is_about_the_server = isinstance(error, DBAPIError) and not isinstance(error, IntegrityError | DataError)
    words = str(error.orig).lower() if isinstance(error, DBAPIError) and is_about_the_server else ""
    return next((advice for sign, advice in _SIGNS.items() if sign in words), None)


_SIGNS = {
    "readonly": "the database is read-only; make the data folder writable or pass --data with another one",
    "read-only": "the database is read-only; connect to a primary, or grant writing",
    "full": "no space is left for the database; free some and try again",
    "disk i/o": "the disk under the database fails; check it, then restart",
    "unable to open": "the database file cannot be opened; check the data folder and its permissions",
    "locked": "another process holds the database; stop it, or use PostgreSQL for several processes",
    "connection refused": "the database server does not answer; start it, or check the address",
    "malformed": "the database file is damaged; restore it from a copy, or choose another data folder",
    "not a database": "the database file is damaged or none; restore it from a copy, or choose another data folder",
    "authentication failed": "the database server refuses this user or password; check the database address",
    "fatal:  role": "the database server does not know this user; check the database address",
    "fatal:  database": "the database server does not have this database; create it, or check the address",
    "resolve": "the name of the database server cannot be resolved; check the database address",
    "name or service not known": "the name of the database server cannot be resolved; check the database address",
    "timeout": "the database server does not answer in time; check its address, and that it runs",
    "accepting connections": "the database server takes no connections now; try again when it does",
    "starting up": "the database server is starting; try again in a moment",
    "shutting down": "the database server is stopping; try again when it is back",
    "terminating connection": "the database server is stopping; try again when it is back",
    "connection is closed": "the database server went away; try again when it is back",
    "no space left": "no space is left for the database; free some and try again",
    "deadlock": "two requests waited for each other; try again",
    "server closed the connection": "the database server went away; try again when it is back",
}


def sqlite_url(file: Path) -> str:
    """The address of a database file."""
    return f"sqlite:///{file}"


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # SQLite's own knows A to Z only, and people search in their language.
    connection.create_function("lower", 1, _lower, deterministic=True)
    # The driver's own BEGIN comes too late for reads and too early for DDL: SQLAlchemy's documented remedy is to
    # switch it off and begin by ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MILLISECONDS}",
        "journal_mode=WAL",
        # FULL: an accepted post survives the power cord, not only a killed process.
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _begin_sqlite(connection: Any) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
