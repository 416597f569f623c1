"""Where the records lie: opened by the first call that needs it, and out of order in plain sentences."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from server.records.entries import RecordsUnavailable

if TYPE_CHECKING:
    from sqlalchemy import TextClause
    from sqlalchemy.ext.asyncio import AsyncConnection

    from localapi.database import Database

Value = str | int | None
Values = Mapping[str, Value]
Row = Sequence[Value]

CONNECT_TIMEOUT_SECONDS = 10
# Any constant that nothing else locks.
_LOCK = 7_203_118
_LOG_ATTEMPTS, _LOG_PAUSE_SECONDS = 150, 0.1


class Transaction:
    """Statements that happen together or not at all."""

    def __init__(self, connection: "AsyncConnection", *, is_sqlite: bool) -> None:
        self._connection, self._is_sqlite = connection, is_sqlite

    async def run(self, sql: str, values: Values) -> list[Row]:
        """What the statement answers."""
        result = await self._connection.execute(_statement(sql), {name: _kept(value) for name, value in values.items()})
        return [tuple(row) for row in result.all()]

    async def run_each(self, sql: str, many: Sequence[Values]) -> None:
        """Run the statement with each set of values."""
        if many:
            given = [{name: _kept(value) for name, value in values.items()} for values in many]
            await self._connection.execute(_statement(sql), given)

    async def lock(self, sql: str, values: Values, *, skips_locked: bool = False) -> list[Row]:
        """What a SELECT answers; nobody else changes these rows before the end of the transaction."""
        # SQLite knows one writer at a time.
        suffix = "" if self._is_sqlite else " FOR UPDATE SKIP LOCKED" if skips_locked else " FOR UPDATE"
        return await self.run(sql + suffix, values)


class Storage:
    """One database: a file for one machine, PostgreSQL for many, or memory."""

    def __init__(self, *, file: Path | None = None, url: str | None = None) -> None:
        """`url` is postgresql://…; with neither, everything is in memory and gone with the process."""
        self._file, self._url = file, url
        self._database: Database | None = None
        self._opening, self._writing = asyncio.Lock(), asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether something needed it."""
        return self._database is not None

    async def read(self, sql: str, values: Values) -> list[Row]:
        """What a SELECT answers.

        Raises:
            RecordsUnavailable: the database does not work.
        """
        rows: list[Row] = []
        with anyio.CancelScope(shield=True), _plainly():
            database = await self._opened()
            # In memory there is one connection, so readers queue with writers.
            async with self._writing if database.in_memory else nullcontext(), database.engine.connect() as connection:
                rows = await Transaction(connection, is_sqlite=database.is_sqlite).run(sql, values)
        return rows

    async def write(self, sql: str, values: Values) -> list[Row]:
        """What a statement with RETURNING answers; on the disk when this returns.

        Raises:
            RecordsUnavailable: the database does not work.
        """
        async with self.transaction() as transaction:
            return await transaction.run(sql, values)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction]:
        """Committed at the end, rolled back when an exception leaves it; a caller that goes away does not end it.

        Raises:
            RecordsUnavailable: the database does not work.
        """
        with anyio.CancelScope(shield=True), _plainly():
            database = await self._opened()
            # Writers of one process queue here instead of spinning on SQLite's lock. Without a session, which would
            # cost a third of the time: there are no objects to keep.
            async with (
                self._writing if database.is_sqlite else nullcontext(),
                database.engine.execution_options(immediate=True).begin() as connection,
            ):
                yield Transaction(connection, is_sqlite=database.is_sqlite)

    async def close(self) -> None:
        """Return the connections."""
        if self._database is not None:
            await self._database.close()

    async def _opened(self) -> "Database":
        if self._database is None:
            async with self._opening:
                if self._database is None:
                    self._database = await self._open()
        return self._database

    async def _open(self) -> "Database":
        database = await asyncio.to_thread(_prepared, self._file, self._url)
        if database.in_memory:
            from server.records.tables import metadata

            async with database.engine.begin() as connection:
                await connection.run_sync(metadata.create_all)
        return database


def _prepared(file: Path | None, url: str | None) -> "Database":
    """The database with the present schema. Blocks: importing what is needed for it takes longest."""
    from sqlalchemy import event, make_url

    from auth.migrations.run import secure, upgrade
    from localapi.database import Database, sqlite_url
    from server.records import migrations

    address = "sqlite://"
    if file is not None:
        secure(file)
        _use_write_ahead_log(file)
        address = sqlite_url(file)
    elif url is not None:
        parsed = make_url(url)
        if "connect_timeout" not in parsed.query:
            parsed = parsed.update_query_dict({"connect_timeout": str(CONNECT_TIMEOUT_SECONDS)})
        address = parsed.render_as_string(hide_password=False)
    if address != "sqlite://":
        upgrade(address, folder=Path(migrations.__file__).parent, lock=_LOCK)
    database = Database(address)
    if database.is_sqlite:
        event.listen(database.engine.sync_engine, "connect", _overwrite_what_is_erased)
    return database


def _use_write_ahead_log(file: Path) -> None:
    """Once and for all, before there are tables."""
    with closing(sqlite3.connect(file)) as connection:
        for attempts_left in reversed(range(_LOG_ATTEMPTS)):
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                # SQLite does not wait here for a process that is doing the same.
                if "locked" not in str(error) or not attempts_left:
                    raise
                time.sleep(_LOG_PAUSE_SECONDS)


def _overwrite_what_is_erased(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


@lru_cache(maxsize=256)
def _statement(sql: str) -> "TextClause":
    from sqlalchemy import text

    return text(sql)


def _kept(value: Value) -> Value:
    """A text that every database takes: without NUL, which PostgreSQL refuses, and without halves of characters."""
    if not isinstance(value, str):
        return value
    return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


@contextmanager
def _plainly() -> Generator[None]:
    """Turns whatever a database, a disk or Alembic raises into a sentence, without a statement or a value in it."""
    try:
        yield
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        raise RecordsUnavailable(sentence) from None


def _sentence(error: Exception) -> str | None:
    from alembic.util import CommandError
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError
    from sqlalchemy.exc import TimeoutError as NoConnection

    from localapi.database import Unavailable, advice_on

    if isinstance(error, CommandError):
        return "a newer version of this server wrote the records; run that version, or choose another data folder"
    if isinstance(error, NoConnection):
        return "every connection to the database is in use; try again in a moment"
    if isinstance(error, Unavailable):
        return str(error)
    if isinstance(error, sqlite3.Error):
        # As SQLAlchemy would hand it over.
        return _sentence(DBAPIError("", None, error))
    if isinstance(error, OSError):
        return f"the data folder cannot be used ({error.strerror}); make it writable, or pass --data with another one"
    if isinstance(error, SQLAlchemyError):
        return advice_on(error) or f"the database of the records fails ({type(error).__name__}); see that it works"
    return None
