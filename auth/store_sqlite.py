"""The store in one SQLite file: for one machine, never a network file system."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from auth.migrations.run import secure
from auth.records import (
    Denials,
    Grant,
    NewRefreshToken,
    Redeemed,
    Redemption,
    Replayed,
    Reused,
    Rotated,
    Rotation,
    Unavailable,
    Unknown,
)
from auth.sqlite_groups import GroupWriter, unavailable
from auth.store import DENIED_FOR, GRACE
from auth.store_rows import Row, Value, Values, moment, number, stamp
from auth.store_sql import CODES, EXPIRED, FAMILY, GRANTS, SqlStore, deletion, housekeeping, judge

BUSY_TIMEOUT_MILLISECONDS = 15_000
# Writers wait for it, so it gives up soon; the next housekeeping tries again.
_CUT_TIMEOUT_MILLISECONDS = 100
_READERS = 2

_CLAIM = "UPDATE auth_refresh SET used_at = ?, successor_hash = ?, sealed_successor = ? WHERE token_hash = ?"
_USE = "UPDATE auth_grant SET last_used_at = ? WHERE grant_id = ?"
_ADD = "INSERT INTO auth_refresh (token_hash, grant_id, generation, expires_at) VALUES (?, ?, ?, ?)"

T = TypeVar("T")


class SqliteStore(SqlStore):
    """Writes in groups, and has a few reading connections; processes may share the file."""

    def __init__(self, file: Path) -> None:
        """`file` has the present schema (`auth.migrations.run.upgrade`).

        Raises:
            Unavailable: the file cannot be opened.
        """
        self._file = file
        self._closed = False
        try:
            secure(file)
            self._writer = GroupWriter(self._connect)
            self._finding = self._connect()
            self._finding.execute("PRAGMA busy_timeout=0")
        except (OSError, sqlite3.Error) as error:
            raise unavailable(error) from None
        self._local = threading.local()
        self._reading: list[sqlite3.Connection] = []
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="auth-store-read")

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._writer.close()
        await asyncio.to_thread(self._readers.shutdown)
        for connection in (*self._reading, self._finding):
            connection.close()

    async def redeem_code(
        self, code_hash: bytes, *, client_id: str, grant: Grant, refresh: NewRefreshToken | None, now: datetime
    ) -> Redemption:
        def work(database: sqlite3.Connection) -> Redemption:
            row = database.execute(CODES.select("code_hash = ?"), (code_hash,)).fetchone()
            code = None if row is None else CODES.read(row)
            if code is None or (code.client_id, code.grant_id) != (client_id, grant.grant_id):
                return Unknown()
            if code.used_at is not None:
                _revoke(database, code.grant_id, "code_replayed", now)
                return Replayed(grant_id=code.grant_id)
            if code.expires_at <= now:
                return Unknown()
            database.execute(
                "UPDATE auth_code SET used_at = ?, sealed_credential = NULL WHERE code_hash = ?",
                (stamp(now), code_hash),
            )
            database.execute(GRANTS.insert(), GRANTS.values(grant))
            if refresh is not None:
                end = stamp(min(refresh.expires_at, grant.expires_at))
                database.execute(_ADD, (refresh.token_hash, grant.grant_id, 1, end))
            return Redeemed(grant=grant)

        return await self._do(work)

    async def rotate_refresh(
        self,
        token_hash: bytes,
        *,
        client_id: str,
        resource: str | None = None,
        successor: NewRefreshToken,
        sealed_successor: bytes,
        now: datetime,
        grace: timedelta = GRACE,
        meanwhile: Callable[[Grant], object] | None = None,
    ) -> Rotation:
        used_at = stamp(now)

        def work(database: sqlite3.Connection) -> Rotation:
            # The transaction has the file's write lock: what is read here holds until it is over.
            row = database.execute(FAMILY, {"token_hash": token_hash}).fetchone()
            verdict = judge(row, client_id=client_id, resource=resource, successor=successor, now=now, grace=grace)
            if isinstance(verdict, Rotated):
                grant_id = verdict.grant.grant_id
                database.execute(_CLAIM, (used_at, successor.token_hash, sealed_successor, token_hash))
                database.execute(_USE, (used_at, grant_id))
                added = (successor.token_hash, grant_id, verdict.generation, stamp(verdict.expires_at))
                database.execute(_ADD, added)
            elif isinstance(verdict, Reused):
                _revoke(database, verdict.grant.grant_id, "refresh_reused", now)
            return verdict

        def use_the_time(verdict: Rotation) -> None:
            if isinstance(verdict, Rotated) and meanwhile is not None:
                meanwhile(verdict.grant)

        return await self._do(work, use_the_time)

    async def revoke_grant(
        self,
        grant_id: str,
        *,
        because: str,
        now: datetime,
        client_id: str | None = None,
        subject: str | None = None,
    ) -> bool:
        return await self._do(lambda database: _revoke(database, grant_id, because, now, client_id, subject))

    async def mark_upstream_invalid(self, grant_id: str, *, now: datetime) -> bool:
        def work(database: sqlite3.Connection) -> bool:
            marked = database.execute(
                "UPDATE auth_grant SET upstream_invalid_at = ? WHERE grant_id = ?"
                " AND upstream_invalid_at IS NULL AND revoked_at IS NULL",
                (stamp(now), grant_id),
            )
            if marked.rowcount:
                _deny(database, grant_id, now + DENIED_FOR)
            return bool(marked.rowcount)

        return await self._do(work)

    async def activate_signing_key(self, key_id: str, *, now: datetime, old_retires_at: datetime) -> bool:
        def work(database: sqlite3.Connection) -> bool:
            found = "SELECT 1 FROM auth_signing_key WHERE key_id = ? AND state = 'next'"
            if database.execute(found, (key_id,)).fetchone() is None:
                return False
            database.execute(
                "UPDATE auth_signing_key SET state = 'retired', retires_at = ? WHERE state = 'active'",
                (stamp(old_retires_at),),
            )
            database.execute(
                "UPDATE auth_signing_key SET state = 'active', active_from = ? WHERE key_id = ?", (stamp(now), key_id)
            )
            return True

        return await self._do(work)

    async def deny(self, handle: str, *, expires_at: datetime) -> None:
        await self._do(lambda database: _deny(database, handle, expires_at))

    async def list_denied(self, cursor: int, *, now: datetime) -> Denials:
        # Writers queue on the file's lock, so positions become visible in their order.
        statement = (
            "SELECT position, handle, expires_at FROM auth_denied"
            " WHERE position > :cursor AND expires_at > :now ORDER BY position"
        )
        rows = await self._read(statement, {"cursor": cursor, "now": stamp(now)})
        handles = tuple((str(handle), moment(end)) for _, handle, end in rows)
        return Denials(cursor=number(rows[-1][0]) if rows else cursor, handles=handles)

    async def remove_expired(
        self, *, now: datetime, limit: int = 500, keep_events: timedelta = timedelta(days=365)
    ) -> Mapping[str, int]:
        values = housekeeping(now, limit, keep_events)
        # One job each, so that nobody who signs in waits for all of it.
        removed = {table: len(await self._write(deletion(table), values)) for table in EXPIRED}
        try:
            await asyncio.to_thread(self._cut_log)
        except sqlite3.Error as error:
            raise unavailable(error) from None
        return removed

    async def _find(self, statement: str, values: Values) -> list[Row]:
        # It takes less time than a thread takes to wake up; readers of a write-ahead log wait for nobody.
        try:
            return self._finding.execute(statement, values).fetchall()
        except sqlite3.Error:
            # Locked for once, while a log is recovered: wait where nobody else has to.
            return await self._read(statement, values)

    async def _read(self, statement: str, values: Values) -> list[Row]:
        def work() -> list[Row]:
            return self._reader().execute(statement, values).fetchall()

        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, work)
        except (sqlite3.Error, RuntimeError) as error:
            raise unavailable(error) from None

    async def _write(self, statement: str, values: Values) -> list[Row]:
        rows: list[Row] = await self._do(lambda database: database.execute(statement, values).fetchall())
        return rows

    def _do(
        self, work: Callable[[sqlite3.Connection], T], meanwhile: Callable[[T], object] | None = None
    ) -> "asyncio.Future[T]":
        """Run work in a transaction; done when it is on the disk."""
        if self._closed:
            raise Unavailable("the store is closed")
        return self._writer.run(work, meanwhile)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MILLISECONDS}",
            "journal_mode=WAL",
            # FULL: with NORMAL a power cut could take back a rotation that a client was told of.
            "synchronous=FULL",
            # Pages, 64 MB: so much only while writers never pause, and most of it was folded in aside by then.
            "wal_autocheckpoint=16000",
            # What was erased is overwritten, not only unlinked.
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _cut_log(self) -> None:
        """Fold the log into the file, so that nothing is left of what was erased; not while somebody is reading."""
        with closing(self._connect()) as connection:
            connection.execute(f"PRAGMA busy_timeout={_CUT_TIMEOUT_MILLISECONDS}")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
            self._reading.append(connection)
        return connection


def _deny(database: sqlite3.Connection, handle: str, expires_at: datetime) -> None:
    database.execute("INSERT INTO auth_denied (handle, expires_at) VALUES (?, ?)", (handle, stamp(expires_at)))


def _revoke(
    database: sqlite3.Connection,
    grant_id: str,
    because: str,
    now: datetime,
    client_id: str | None = None,
    subject: str | None = None,
) -> bool:
    values: dict[str, Value] = {"id": grant_id, "because": because, "now": stamp(now)}
    done = database.execute(
        "UPDATE auth_grant SET revoked_at = :now, revoked_because = :because, sealed_credential = NULL,"
        " wrapped_key = NULL WHERE grant_id = :id AND revoked_at IS NULL"
        " AND client_id = coalesce(:client_id, client_id) AND subject = coalesce(:subject, subject)",
        {**values, "client_id": client_id, "subject": subject},
    )
    if done.rowcount:
        _deny(database, grant_id, now + DENIED_FOR)
    return bool(done.rowcount)
