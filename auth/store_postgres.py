"""The store in PostgreSQL: for several machines. Works behind a pooler in transaction mode."""

import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import lru_cache

import psycopg
from psycopg import AsyncConnection
from psycopg.abc import ConnParam
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from auth.gathering import Gathering
from auth.records import (
    Conflict,
    Denials,
    Grant,
    NewRefreshToken,
    Redeemed,
    Redemption,
    RefreshToken,
    Replayed,
    Reused,
    Rotated,
    Rotation,
    Unavailable,
    Unknown,
)
from auth.store import DENIED_FOR, GRACE
from auth.store_rows import Row, Value, Values, moment, number, stamp
from auth.store_sql import EXPIRED, FAMILY, GRANTS, MEMBER, SqlStore, deletion, housekeeping, judge, member

Connection = AsyncConnection[tuple[str | bytes | int | None, ...]]
Given = Mapping[str, Value | Sequence[Value]]
"""Parameters; a sequence is an array."""

# Any constant of our own: one process at a time cleans up.
_CLEANING = 7_203_116

_DENY_SELECT = (
    "INSERT INTO auth_denied (handle, expires_at, transaction_id)"
    " SELECT grant_id, :denied_until, CAST(CAST(pg_current_xact_id() AS text) AS bigint) FROM"
)
_REVOKE = f"""
revoked AS (
  UPDATE auth_grant g SET revoked_at = :now, revoked_because = :because, sealed_credential = NULL, wrapped_key = NULL
  FROM victim v WHERE g.grant_id = v.grant_id AND g.revoked_at IS NULL RETURNING g.grant_id),
denied AS ({_DENY_SELECT} revoked)
"""

REDEEM = f"""
WITH claimed AS (
  UPDATE auth_code SET used_at = :now, sealed_credential = NULL
  WHERE code_hash = :code_hash AND client_id = :client_id AND grant_id = :grant_id
    AND used_at IS NULL AND expires_at > :now
  RETURNING 1),
granted AS (
  INSERT INTO auth_grant ({GRANTS.columns}) SELECT {GRANTS.typed_places} FROM claimed RETURNING grant_id),
added AS (
  INSERT INTO auth_refresh (token_hash, grant_id, generation, expires_at)
  SELECT CAST(:token_hash AS bytea), grant_id, 1, CAST(:token_end AS bigint) FROM granted
  WHERE CAST(:token_hash AS bytea) IS NOT NULL)
SELECT 1 FROM claimed
"""
REPLAYED = f"""
WITH victim AS (
  SELECT grant_id FROM auth_code
  WHERE code_hash = :code_hash AND client_id = :client_id AND grant_id = :grant_id AND used_at IS NOT NULL),
{_REVOKE}
SELECT 1 FROM victim
"""
# The grants are locked first, all in one order: whoever revokes or rotates one of the families waits, and its state is
# read anew after that. Of several that ask for one token here, one gets it, and is known by its successor. Tokens come
# before grants, and no condition is one that an index knows: a plan could begin with all grants that are in force.
ROTATE = f"""
WITH asked AS (
  SELECT * FROM unnest(
    CAST(:token_hash AS bytea[]), CAST(:client_id AS text[]), CAST(:resource AS text[]),
    CAST(:successor_hash AS bytea[]), CAST(:successor_end AS bigint[]), CAST(:sealed_successor AS bytea[]),
    CAST(:now AS bigint[])
  ) AS a (token_hash, client_id, resource, successor_hash, successor_end, sealed_successor, now)),
held AS MATERIALIZED (
  SELECT a.*, r.grant_id, r.generation + 1 AS generation
  FROM asked a JOIN auth_refresh r ON r.token_hash = a.token_hash
  WHERE coalesce(r.used_at, 0) = 0 AND r.expires_at > a.now),
family AS MATERIALIZED (
  SELECT h.token_hash, h.successor_hash, h.sealed_successor, h.now, h.grant_id, h.generation,
    least(g.expires_at, h.successor_end) AS ends_at
  FROM held h JOIN auth_grant g ON g.grant_id = h.grant_id
  WHERE g.client_id = h.client_id AND g.resource = coalesce(h.resource, g.resource) AND g.expires_at > h.now
    AND coalesce(g.revoked_at, g.upstream_invalid_at) IS NULL
  ORDER BY g.grant_id
  FOR NO KEY UPDATE OF g),
claimed AS (
  UPDATE auth_refresh r SET used_at = f.now, successor_hash = f.successor_hash, sealed_successor = f.sealed_successor
  FROM family f WHERE r.token_hash = f.token_hash AND coalesce(r.used_at, 0) = 0
  RETURNING f.successor_hash, f.grant_id, f.generation, f.ends_at, f.now),
added AS (
  INSERT INTO auth_refresh (token_hash, grant_id, generation, expires_at)
  SELECT successor_hash, grant_id, generation, ends_at FROM claimed),
touched AS (
  UPDATE auth_grant g SET last_used_at = c.now FROM claimed c WHERE g.grant_id = c.grant_id
  RETURNING c.successor_hash, c.generation, c.ends_at, {", ".join(f"g.{name}" for name in GRANTS.names)})
SELECT * FROM touched
"""
MEMBERS = MEMBER.replace("= :token_hash", "= ANY(CAST(:hashes AS bytea[]))")
REVOKE = f"""
WITH victim AS (
  SELECT grant_id FROM auth_grant WHERE grant_id = :grant_id
    AND client_id = coalesce(CAST(:client_id AS text), client_id)
    AND subject = coalesce(CAST(:subject AS text), subject)),
{_REVOKE}
SELECT 1 FROM revoked
"""
INVALIDATE = f"""
WITH marked AS (
  UPDATE auth_grant SET upstream_invalid_at = :now
  WHERE grant_id = :grant_id AND upstream_invalid_at IS NULL AND revoked_at IS NULL RETURNING grant_id),
denied AS ({_DENY_SELECT} marked)
SELECT 1 FROM marked
"""
# Everything that this snapshot cannot see yet has a transaction id of at least its xmin.
DENIED = """
SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint), handle, expires_at
FROM (SELECT 1) one LEFT JOIN auth_denied ON transaction_id >= :cursor AND expires_at > :now
"""


class _Lost(Unavailable):
    """The connection broke during a statement."""


class PostgresStore(SqlStore):
    """A pool of connections and statements that are transactions by themselves."""

    def __init__(self, url: str, *, connections: int = 8, patience_seconds: float = 10) -> None:
        """`url` is postgresql://…, with the present schema; `connections` at most, opened as needed.

        A server that is away is waited for so long before anything is `Unavailable`.
        """
        self._patience_seconds = patience_seconds
        # What each refresh needs: planned, sent and committed for many at once.
        self._members = Gathering(self._find_members)
        self._rotations = Gathering(self._rotate)
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            timeout=patience_seconds,
            open=False,
            # The pool waits twice as long after each failure; given up and begun anew, it is back in time.
            reconnect_timeout=patience_seconds / 2,
            reconnect_failed=AsyncConnectionPool.check,
            # A pooler in transaction mode may run each statement on another session: nothing is prepared.
            kwargs={"autocommit": True, "prepare_threshold": None, **_patience(url, patience_seconds)},
        )

    async def open(self) -> None:
        """Connect.

        Raises:
            Unavailable: the server does not answer.
        """
        try:
            await self._pool.open(wait=True, timeout=self._patience_seconds)
        except PoolTimeout:
            raise Unavailable("the PostgreSQL server does not answer; check its address, and that it runs") from None

    async def close(self) -> None:
        await self._pool.close()

    async def redeem_code(
        self, code_hash: bytes, *, client_id: str, grant: Grant, refresh: NewRefreshToken | None, now: datetime
    ) -> Redemption:
        values: Values = {
            **GRANTS.values(grant),
            "code_hash": code_hash,
            "client_id": client_id,
            "now": stamp(now),
            "token_hash": None if refresh is None else refresh.token_hash,
            "token_end": None if refresh is None else stamp(min(refresh.expires_at, grant.expires_at)),
            "because": "code_replayed",
            "denied_until": stamp(now + DENIED_FOR),
        }
        if await self._write(REDEEM, values):
            return Redeemed(grant=grant)
        return Replayed(grant_id=grant.grant_id) if await self._write(REPLAYED, values) else Unknown()

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
        values: Values = {
            "token_hash": token_hash,
            "client_id": client_id,
            "resource": resource,
            "successor_hash": successor.token_hash,
            "successor_end": stamp(successor.expires_at),
            "sealed_successor": sealed_successor,
            "now": stamp(now),
        }
        rotated = await self._rotations.ask(values)
        if rotated is not None:
            return rotated
        # Many ask with what is no token at all: they get no transaction of their own.
        family = await self._members.ask(token_hash)
        if family is None or family[1].client_id != client_id:
            return Unknown()
        async with self._transaction() as connection:
            # Two statements: the second reads what was committed while the first waited for the lock.
            lock = (
                "SELECT 1 FROM auth_grant WHERE grant_id ="
                " (SELECT grant_id FROM auth_refresh WHERE token_hash = :token_hash) FOR NO KEY UPDATE"
            )
            await _run(connection, lock, values)
            found = await _run(connection, FAMILY, values)
            row = found[0] if found else None
            verdict = judge(row, client_id=client_id, resource=resource, successor=successor, now=now, grace=grace)
            if isinstance(verdict, Reused):
                await _run(connection, REVOKE, _revocation(verdict.grant.grant_id, "refresh_reused", now))
            # Good by now, but not when it was asked for: its claim came before the commit that it is from.
            return Unknown() if isinstance(verdict, Rotated) else verdict

    async def find_refresh(self, token_hash: bytes) -> tuple[RefreshToken, Grant] | None:
        return await self._members.ask(token_hash)

    async def _find_members(self, hashes: Sequence[bytes]) -> list[tuple[RefreshToken, Grant] | None]:
        rows = await self._read(MEMBERS, {"hashes": list(hashes)})
        found = {token.token_hash: (token, grant) for token, grant in map(member, rows)}
        return [found.get(one) for one in hashes]

    async def _rotate(self, asked: Sequence[Values]) -> list[Rotated | None]:
        rows = await self._write(ROTATE, {name: [one[name] for one in asked] for name in asked[0]})
        found = {
            row[0]: Rotated(grant=GRANTS.read(row[3:]), generation=number(row[1]), expires_at=moment(row[2]))
            for row in rows
        }
        return [found.get(one["successor_hash"]) for one in asked]

    async def revoke_grant(
        self,
        grant_id: str,
        *,
        because: str,
        now: datetime,
        client_id: str | None = None,
        subject: str | None = None,
    ) -> bool:
        return bool(await self._write(REVOKE, _revocation(grant_id, because, now, client_id, subject)))

    async def mark_upstream_invalid(self, grant_id: str, *, now: datetime) -> bool:
        values: Values = {"grant_id": grant_id, "now": stamp(now), "denied_until": stamp(now + DENIED_FOR)}
        return bool(await self._write(INVALIDATE, values))

    async def activate_signing_key(self, key_id: str, *, now: datetime, old_retires_at: datetime) -> bool:
        values: Values = {"id": key_id, "now": stamp(now), "end": stamp(old_retires_at)}
        async with self._transaction() as connection:
            lock = "SELECT 1 FROM auth_signing_key WHERE key_id = :id AND state = 'next' FOR UPDATE"
            if not await _run(connection, lock, values):
                return False
            retire = "UPDATE auth_signing_key SET state = 'retired', retires_at = :end WHERE state = 'active'"
            await _run(connection, retire, values)
            activate = "UPDATE auth_signing_key SET state = 'active', active_from = :now WHERE key_id = :id"
            await _run(connection, activate, values)
            return True

    async def deny(self, handle: str, *, expires_at: datetime) -> None:
        statement = f"WITH given AS (SELECT CAST(:handle AS text) AS grant_id) {_DENY_SELECT} given"
        await self._write(statement, {"handle": handle, "denied_until": stamp(expires_at)})

    async def list_denied(self, cursor: int, *, now: datetime) -> Denials:
        rows = await self._read(DENIED, {"cursor": cursor, "now": stamp(now)})
        handles = tuple((str(handle), moment(end)) for _, handle, end in rows if handle is not None)
        return Denials(cursor=number(rows[0][0]), handles=handles)

    async def remove_expired(
        self, *, now: datetime, limit: int = 500, keep_events: timedelta = timedelta(days=365)
    ) -> Mapping[str, int]:
        values = {**housekeeping(now, limit, keep_events), "lock": _CLEANING}
        async with self._transaction() as connection:
            ((is_mine,),) = await _run(connection, "SELECT CAST(pg_try_advisory_xact_lock(:lock) AS int)", values)
            if not is_mine:
                return {}
            return {table: len(await _run(connection, deletion(table), values)) for table in EXPIRED}

    async def _read(self, statement: str, values: Given) -> list[Row]:
        try:
            return await self._write(statement, values)
        except _Lost:
            # Nobody knows how far it came, which does not matter here.
            return await self._write(statement, values)

    async def _write(self, statement: str, values: Given) -> list[Row]:
        async with self._connection() as connection:
            return await _run(connection, statement, values)

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[Connection]:
        async with self._connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Connection]:
        """A connection, its errors told without the statement and the values that a driver's text may quote."""
        connection: Connection | None = None
        try:
            connection = await self._take()
            async with connection:
                yield connection
        except psycopg.errors.UniqueViolation:
            raise Conflict("the row exists") from None
        except psycopg.errors.ReadOnlySqlTransaction:
            # A primary that became a standby: connections of another time may find the new one, these never.
            await self._pool.drain()
            raise Unavailable("the PostgreSQL server takes no changes; connect to the primary") from None
        except (psycopg.OperationalError, PoolTimeout, PoolClosed) as error:
            kind = _Lost if connection and connection.closed else Unavailable
            raise kind(f"the PostgreSQL server cannot be used ({type(error).__name__})") from None
        finally:
            if connection:
                await self._pool.putconn(connection)

    async def _take(self) -> Connection:
        """A connection that lives; those that died in the pool, at a restart of the server, are thrown away."""
        while not _is_alive(connection := await self._pool.getconn()):
            try:
                await connection.close()
            finally:
                await self._pool.putconn(connection)
        return connection


async def _run(connection: Connection, statement: str, values: Given) -> list[Row]:
    cursor = await connection.execute(_postgres(statement), values)
    # Asked of the result: the cursor's own description of its columns is made anew each time, and takes longer.
    return list(await cursor.fetchall()) if cursor.pgresult is not None and cursor.pgresult.nfields else []


def _is_alive(connection: Connection) -> bool:
    """Whether the server has not hung up; costs no round trip, as the system knows."""
    try:
        # The first may read the server's farewell, the second then meets the end behind it.
        connection.pgconn.consume_input()
        connection.pgconn.consume_input()
    except psycopg.OperationalError:
        return False
    return True


def _patience(url: str, seconds: float) -> dict[str, ConnParam]:
    """The driver's own limits for a server that vanished without hanging up; what the address says goes first."""
    given = conninfo_to_dict(url)
    defaults = {"connect_timeout": max(2, round(seconds / 2)), "tcp_user_timeout": round(seconds * 1000)}
    return {name: given.get(name, default) for name, default in defaults.items()}


@lru_cache(maxsize=256)
def _postgres(statement: str) -> bytes:
    """The statement with the driver's own placeholders."""
    return re.sub(r":(\w+)", r"%(\1)s", statement).encode()


def _revocation(
    grant_id: str, because: str, now: datetime, client_id: str | None = None, subject: str | None = None
) -> Values:
    return {
        "grant_id": grant_id,
        "because": because,
        "now": stamp(now),
        "denied_until": stamp(now + DENIED_FOR),
        "client_id": client_id,
        "subject": subject,
    }
