"""What both databases do alike: single statements in SQL that SQLite and PostgreSQL share."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from auth.records import (
    AuditEvent,
    Canary,
    Client,
    ClientDocument,
    Code,
    Consent,
    Elsewhere,
    Grant,
    Hit,
    NewRefreshToken,
    PendingRequest,
    RefreshToken,
    Retried,
    Reused,
    Rotated,
    Rotation,
    Session,
    SigningKey,
    Unknown,
)
from auth.store_rows import Row, Rows, Value, Values, moment, number, stamp

CLIENTS = Rows(Client, "client")
DOCUMENTS = Rows(ClientDocument, "client_document")
REQUESTS = Rows(PendingRequest, "request")
CODES = Rows(Code, "code")
GRANTS = Rows(Grant, "grant")
TOKENS = Rows(RefreshToken, "refresh")
CONSENTS = Rows(Consent, "consent")
CANARIES = Rows(Canary, "canary")
KEYS = Rows(SigningKey, "signing_key")
SESSIONS = Rows(Session, "session")
EVENTS = Rows(AuditEvent, "event")

# What is over, by table: key, and condition. A used token whose grant is gone is unknown, as one of a revoked grant is.
EXPIRED: Mapping[str, tuple[str, str]] = {
    "auth_client": ("client_id", "expires_at < :now"),
    # A stale document may still serve token requests for a day.
    "auth_client_document": ("url", "fresh_until < :yesterday"),
    "auth_request": ("request_hash", "expires_at < :now"),
    "auth_code": ("code_hash", "expires_at < :yesterday OR (expires_at < :now AND used_at IS NULL)"),
    "auth_refresh": ("token_hash", "expires_at < :now"),
    "auth_grant": (
        "grant_id",
        "expires_at < :now OR revoked_at < :yesterday",
    ),
    "auth_consent": ("subject, client_id, redirect_host", "expires_at < :now"),
    "auth_jti": ("jti_hash", "expires_at < :now"),
    "auth_denied": ("position", "expires_at < :now"),
    "auth_session": ("session_hash", "expires_at < :now"),
    "auth_bucket": ("name", "full_at < :now"),
    "auth_event": ("event_id", "at < :events_before"),
}

_WIDTH = len(TOKENS.names)
_BOTH = ", ".join([*(f"r.{name}" for name in TOKENS.names), *(f"g.{name}" for name in GRANTS.names)])
MEMBER = (
    f"SELECT {_BOTH} FROM auth_refresh r JOIN auth_grant g ON g.grant_id = r.grant_id WHERE r.token_hash = :token_hash"
)
"""A refresh token and its grant."""
FAMILY = (
    f"SELECT {_BOTH}, s.used_at, s.expires_at FROM auth_refresh r JOIN auth_grant g ON g.grant_id = r.grant_id"
    " LEFT JOIN auth_refresh s ON s.token_hash = r.successor_hash WHERE r.token_hash = :token_hash"
)
"""A refresh token, its grant, and when its successor was used and ends."""


def member(row: Row) -> tuple[RefreshToken, Grant]:
    """A refresh token and its grant from a row of `MEMBER`."""
    return TOKENS.read(row[:_WIDTH]), GRANTS.read(row[_WIDTH:])


def deletion(table: str) -> str:
    """The statement that deletes a bounded number of rows that are over."""
    key, condition = EXPIRED[table]
    return (
        f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {condition} LIMIT :limit) RETURNING 1"
    )


def housekeeping(now: datetime, limit: int, keep_events: timedelta) -> dict[str, Value]:
    """The parameters of `deletion`."""
    return {
        "now": stamp(now),
        "yesterday": stamp(now - timedelta(days=1)),
        "events_before": stamp(now - keep_events),
        "limit": limit,
    }


def judge(
    row: Row | None,
    *,
    client_id: str,
    resource: str | None,
    successor: NewRefreshToken,
    now: datetime,
    grace: timedelta,
) -> Rotation:
    """What a refresh token deserves; `row` is of `FAMILY`. What `Rotated` and `Reused` say is yet to be done."""
    if row is None:
        return Unknown()
    # In the order of RefreshToken's fields: a record of it would be made for nothing else.
    _, _, generation, token_end, used_at, _, sealed_successor = row[:_WIDTH]
    grant = GRANTS.read(row[_WIDTH:-2])
    if grant.client_id != client_id or grant.revoked_at is not None:
        return Unknown()
    is_over = grant.upstream_invalid_at is not None or grant.expires_at <= now
    if used_at is None:
        if is_over or number(token_end) <= stamp(now):
            return Unknown()
        if resource is not None and resource != grant.resource:
            return Elsewhere()
        end = min(successor.expires_at, grant.expires_at)
        return Rotated(grant=grant, generation=number(generation) + 1, expires_at=end)
    successor_used, successor_end = row[-2:]
    if sealed_successor is None or successor_used is not None or now > moment(used_at) + grace:
        return Reused(grant=grant)
    if is_over or successor_end is None or not isinstance(sealed_successor, bytes):
        return Unknown()
    if resource is not None and resource != grant.resource:
        return Elsewhere()
    return Retried(grant=grant, sealed_successor=sealed_successor, expires_at=moment(successor_end))


class SqlStore(ABC):
    """The methods of `auth.store.Store` that need one statement; see there for what they promise."""

    @abstractmethod
    async def _read(self, statement: str, values: Values) -> list[Row]:
        """Rows of a query."""

    async def _find(self, statement: str, values: Values) -> list[Row]:
        """Rows of a query by a key, which touches a few pages."""
        return await self._read(statement, values)

    @abstractmethod
    async def _write(self, statement: str, values: Values) -> list[Row]:
        """Run one statement in a transaction of its own; what it returns. Raises Conflict for a key that exists."""

    async def _change(self, statement: str, **values: Value) -> bool:
        return bool(await self._write(statement, values))

    async def save_client(self, client: Client) -> None:
        await self._write(CLIENTS.upsert("client_id"), CLIENTS.values(client))

    async def find_client(self, client_id: str, *, now: datetime) -> Client | None:
        condition = "client_id = :client_id AND (expires_at IS NULL OR expires_at > :now)"
        rows = await self._find(CLIENTS.select(condition), {"client_id": client_id, "now": stamp(now)})
        return CLIENTS.read(rows[0]) if rows else None

    async def list_clients(self, *, limit: int = 100, after: str = "") -> Sequence[Client]:
        statement = CLIENTS.select("client_id > :after ORDER BY client_id LIMIT :limit")
        return [CLIENTS.read(row) for row in await self._read(statement, {"after": after, "limit": limit})]

    async def touch_client(self, client_id: str, *, now: datetime, expires_at: datetime | None) -> None:
        statement = "UPDATE auth_client SET last_used_at = :now, expires_at = :end WHERE client_id = :client_id"
        end = None if expires_at is None else stamp(expires_at)
        await self._write(statement, {"client_id": client_id, "now": stamp(now), "end": end})

    async def delete_client(self, client_id: str) -> bool:
        statement = "DELETE FROM auth_client WHERE client_id = :client_id RETURNING 1"
        return await self._change(statement, client_id=client_id)

    async def save_document(self, document: ClientDocument) -> None:
        await self._write(DOCUMENTS.upsert("url"), DOCUMENTS.values(document))

    async def find_document(self, url: str) -> ClientDocument | None:
        rows = await self._find(DOCUMENTS.select("url = :url"), {"url": url})
        return DOCUMENTS.read(rows[0]) if rows else None

    async def save_request(self, request: PendingRequest) -> None:
        await self._write(REQUESTS.insert(), REQUESTS.values(request))

    async def find_request(self, request_hash: bytes, *, browser_hash: bytes, now: datetime) -> PendingRequest | None:
        condition = "request_hash = :id AND browser_hash = :browser AND expires_at > :now"
        values: Values = {"id": request_hash, "browser": browser_hash, "now": stamp(now)}
        rows = await self._read(REQUESTS.select(condition), values)
        return REQUESTS.read(rows[0]) if rows else None

    async def consume_request(
        self, request_hash: bytes, *, browser_hash: bytes, now: datetime
    ) -> PendingRequest | None:
        statement = (
            "DELETE FROM auth_request WHERE request_hash = :id AND browser_hash = :browser AND expires_at > :now"
            f" RETURNING {REQUESTS.columns}"
        )
        values: Values = {"id": request_hash, "browser": browser_hash, "now": stamp(now)}
        rows = await self._write(statement, values)
        return REQUESTS.read(rows[0]) if rows else None

    async def save_code(self, code: Code) -> None:
        await self._write(CODES.insert(), CODES.values(code))

    async def find_code(self, code_hash: bytes) -> Code | None:
        rows = await self._find(CODES.select("code_hash = :id"), {"id": code_hash})
        return CODES.read(rows[0]) if rows else None

    async def create_grant(self, grant: Grant) -> None:
        await self._write(GRANTS.insert(), GRANTS.values(grant))

    async def find_grant(self, grant_id: str) -> Grant | None:
        rows = await self._find(GRANTS.select("grant_id = :id"), {"id": grant_id})
        return GRANTS.read(rows[0]) if rows else None

    async def list_grants(self, subject: str, *, now: datetime) -> Sequence[Grant]:
        condition = "subject = :subject AND revoked_at IS NULL AND expires_at > :now ORDER BY created_at DESC, grant_id"
        rows = await self._read(GRANTS.select(condition), {"subject": subject, "now": stamp(now)})
        return [GRANTS.read(row) for row in rows]

    async def list_all_grants(self, *, limit: int = 100, after: str = "", now: datetime) -> Sequence[Grant]:
        condition = "grant_id > :after AND revoked_at IS NULL AND expires_at > :now ORDER BY grant_id LIMIT :limit"
        values: Values = {"after": after, "now": stamp(now), "limit": limit}
        return [GRANTS.read(row) for row in await self._read(GRANTS.select(condition), values)]

    async def touch_grant(self, grant_id: str, *, now: datetime) -> None:
        statement = "UPDATE auth_grant SET last_used_at = :now WHERE grant_id = :id AND last_used_at < :now"
        await self._write(statement, {"id": grant_id, "now": stamp(now)})

    async def list_grants_to_rewrap(self, wrapping_key_id: str, *, limit: int) -> Sequence[Grant]:
        condition = "wrapping_key_id <> :key AND revoked_at IS NULL AND wrapped_key IS NOT NULL LIMIT :limit"
        rows = await self._read(GRANTS.select(condition), {"key": wrapping_key_id, "limit": limit})
        return [GRANTS.read(row) for row in rows]

    async def rewrap_grant(self, grant_id: str, *, old: bytes, new: bytes, wrapping_key_id: str) -> bool:
        statement = (
            "UPDATE auth_grant SET wrapped_key = :new, wrapping_key_id = :key"
            " WHERE grant_id = :id AND wrapped_key = :old RETURNING 1"
        )
        return await self._change(statement, id=grant_id, old=old, new=new, key=wrapping_key_id)

    async def find_refresh(self, token_hash: bytes) -> tuple[RefreshToken, Grant] | None:
        rows = await self._find(MEMBER, {"token_hash": token_hash})
        return member(rows[0]) if rows else None

    async def save_consent(self, consent: Consent) -> None:
        await self._write(CONSENTS.upsert("subject", "client_id", "redirect_host"), CONSENTS.values(consent))

    async def find_consent(self, subject: str, client_id: str, redirect_host: str, *, now: datetime) -> Consent | None:
        condition = "subject = :subject AND client_id = :client AND redirect_host = :host AND expires_at > :now"
        values: Values = {"subject": subject, "client": client_id, "host": redirect_host, "now": stamp(now)}
        rows = await self._read(CONSENTS.select(condition), values)
        return CONSENTS.read(rows[0]) if rows else None

    async def delete_consents(self, subject: str, client_id: str) -> None:
        statement = "DELETE FROM auth_consent WHERE subject = :subject AND client_id = :client"
        await self._write(statement, {"subject": subject, "client": client_id})

    async def add_signing_key(self, key: SigningKey) -> None:
        await self._write(KEYS.insert(), KEYS.values(key))

    async def list_signing_keys(self) -> Sequence[SigningKey]:
        rows = await self._read(KEYS.select("created_at IS NOT NULL ORDER BY created_at, key_id"), {})
        return [KEYS.read(row) for row in rows]

    async def delete_signing_key(self, key_id: str) -> bool:
        return await self._change("DELETE FROM auth_signing_key WHERE key_id = :id RETURNING 1", id=key_id)

    async def rewrap_signing_key(self, key_id: str, *, old: bytes, new: bytes, wrapping_key_id: str) -> bool:
        statement = (
            "UPDATE auth_signing_key SET sealed_private_key = :new, wrapping_key_id = :key"
            " WHERE key_id = :id AND sealed_private_key = :old RETURNING 1"
        )
        return await self._change(statement, id=key_id, old=old, new=new, key=wrapping_key_id)

    async def list_canaries(self) -> Mapping[str, bytes]:
        rows = await self._read(CANARIES.select("key_id IS NOT NULL"), {})
        return {canary.key_id: canary.sealed for canary in map(CANARIES.read, rows)}

    async def save_canaries(self, canaries: Mapping[str, bytes]) -> None:
        for key_id, sealed in canaries.items():
            canary = Canary(key_id=key_id, sealed=sealed)
            await self._write(f"{CANARIES.insert()} ON CONFLICT DO NOTHING", CANARIES.values(canary))

    async def insert_jti(self, jti_hash: bytes, *, expires_at: datetime) -> bool:
        statement = "INSERT INTO auth_jti (jti_hash, expires_at) VALUES (:id, :end) ON CONFLICT DO NOTHING RETURNING 1"
        return await self._change(statement, id=jti_hash, end=stamp(expires_at))

    async def create_session(self, session: Session) -> None:
        await self._write(SESSIONS.insert(), SESSIONS.values(session))

    async def find_session(self, session_hash: bytes, *, now: datetime, idle: timedelta) -> Session | None:
        statement = (
            "UPDATE auth_session SET last_seen_at = :now WHERE session_hash = :id AND expires_at > :now"
            f" AND last_seen_at > :idle_since RETURNING {SESSIONS.columns}"
        )
        values: Values = {"id": session_hash, "now": stamp(now), "idle_since": stamp(now - idle)}
        rows = await self._write(statement, values)
        return SESSIONS.read(rows[0]) if rows else None

    async def rotate_session(self, old_hash: bytes, session: Session) -> bool:
        # One statement, so that the old id dies exactly when the new one begins to work.
        assignments = ", ".join(f"{name} = :{name}" for name in SESSIONS.names)
        statement = f"UPDATE auth_session SET {assignments} WHERE session_hash = :old RETURNING 1"
        return bool(await self._write(statement, {**SESSIONS.values(session), "old": old_hash}))

    async def delete_session(self, session_hash: bytes) -> None:
        await self._write("DELETE FROM auth_session WHERE session_hash = :id", {"id": session_hash})

    async def hit_bucket(self, name: str, *, capacity: int, per: timedelta, now: datetime) -> Hit:
        # A token bucket as one number, the moment at which it will be full: integers cannot drift.
        span = per // timedelta(microseconds=1)
        each, present = span // capacity, stamp(now)
        statement = (
            "INSERT INTO auth_bucket AS b (name, full_at) VALUES (:name, :now + :each) ON CONFLICT (name) DO UPDATE"
            " SET full_at = CASE WHEN b.full_at > :now THEN b.full_at ELSE :now END + :each"
            " WHERE b.full_at + :each <= :now + :span RETURNING full_at"
        )
        values: Values = {"name": name, "now": present, "each": each, "span": each * capacity}
        if await self._write(statement, values):
            return Hit(is_allowed=True, retry_after_seconds=0)
        rows = await self._read("SELECT full_at FROM auth_bucket WHERE name = :name", {"name": name})
        full_at = number(rows[0][0]) if rows else present
        wait = max(full_at + each - each * capacity - present, 0)
        return Hit(is_allowed=False, retry_after_seconds=wait / 1e6)

    async def append_event(self, event: AuditEvent) -> None:
        await self._write(EVENTS.insert(), EVENTS.values(event))

    async def list_events(
        self, *, limit: int = 100, before: str | None = None, subject: str | None = None
    ) -> Sequence[AuditEvent]:
        conditions = ["event_id < :before"] * (before is not None) + ["subject = :subject"] * (subject is not None)
        statement = EVENTS.select(f"{' AND '.join(conditions) or '1 = 1'} ORDER BY event_id DESC LIMIT :limit")
        rows = await self._read(statement, {"before": before, "subject": subject, "limit": limit})
        return [EVENTS.read(row) for row in rows]
