"""What a handler is given: the caller, a session, the clock, ids and the installation."""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import uuid
from calendar import monthrange
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, Select, and_, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from auth.tokens import Claims
from localapi.database import Database
from localapi.tables import Account, Brand, Key, User, UtcDateTime

if TYPE_CHECKING:
    from localapi.dashboard import DashboardTokens
    from localapi.secret_box import SecretBox
    from localapi.webhook_sending import Sender

RowT = TypeVar("RowT")

PLAN_LIMITS: dict[str, dict[str, int]] = {
    "free": {"brands": 2, "posts": 10, "interactions": 50, "storage_bytes": 104_857_600},
    "starter": {"brands": 10, "posts": -1, "interactions": -1, "storage_bytes": -1},
    "pro": {"brands": 50, "posts": -1, "interactions": -1, "storage_bytes": -1},
    "business": {"brands": 200, "posts": -1, "interactions": -1, "storage_bytes": -1},
    "enterprise": {"brands": -1, "posts": -1, "interactions": -1, "storage_bytes": -1},
}
"""-1 is without limit."""
RETENTION_DAYS = {"free": 1, "starter": 7, "pro": 30, "business": 90, "enterprise": 90}
"""How long the event log keeps what happened."""


class Refusal(Exception):
    """A handler's refusal, sent in the API's error envelope."""

    def __init__(
        self, status: int, code: str, message: str, *, retry_after_seconds: int | None = None, **meta: Any
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.meta = status, code, message, meta
        self.retry_after_seconds = retry_after_seconds
        self.headers: dict[str, str] = {}


def missing_field(name: str, message: str | None = None) -> Refusal:
    """400 for a field that is not there."""
    return Refusal(400, "validation.field_required", message or f"{name} is required", field=name)


def invalid_field(name: str, message: str) -> Refusal:
    """400 for a field whose value will not do."""
    return Refusal(400, "validation.field_invalid", message, field=name)


def no_account() -> Refusal:
    """404, also for accounts of other users and of brands the key may not see."""
    return Refusal(404, "account.not_found", "no such account; see GET /accounts")


def unsupported(platform: str, what: str) -> Refusal:
    """501: the platform cannot do it, now or later."""
    return Refusal(501, "resource.not_supported", f"{platform} cannot {what}", platform=platform)


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present."""
        return datetime.now(UTC)


class Jobs(Protocol):
    """Runs what happens later; implemented by `localapi.jobs`."""

    async def wake(self) -> None:
        """Look for due work now. Call it after the transaction that made the work is committed."""
        ...


class AccessTokens(Protocol):
    """Verifies OAuth access tokens; `auth.tokens.Verifier` is one."""

    def verify(self, token: str) -> Claims:
        """What a token says; raises auth.tokens.TokenRefused."""
        ...


@dataclass(frozen=True)
class Ids:
    """Makes ids of the documented forms."""

    random_hex: Callable[[int], str] = field(default=lambda size: secrets.token_hex((size + 1) // 2)[:size])

    def uuid(self) -> str:
        """A random UUID, as posts, media, conversations and keys have."""
        return str(uuid.UUID(hex=self.random_hex(32), version=4))

    def prefixed(self, prefix: str, size: int = 16) -> str:
        """`acc_` + hexadecimal, and its like."""
        return prefix + self.random_hex(size)


_ALPHABET = "ABCDEFGHIJKLMNPQRSTUVWXYZ12345679"


def interaction_id(kind: str, platform: str, native_id: str) -> str:
    """`sapi_<kind>_…`, from which the native id can be had back; kind is cmt, rev, dm or mnt."""
    number = int.from_bytes(f"{platform}:{native_id}".encode(), "big")
    digits = ""
    while number:
        number, rest = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[rest] + digits
    return f"sapi_{kind}_{digits}"


def native_id(any_id: str) -> str:
    """The platform's id behind a `sapi_…` id; anything else is a platform's id already."""
    parts = any_id.split("_", 2)
    if len(parts) != 3 or parts[0] != "sapi" or not set(parts[2]) <= set(_ALPHABET):
        return any_id
    number = 0
    for letter in parts[2]:
        number = number * len(_ALPHABET) + _ALPHABET.index(letter)
    try:
        text = number.to_bytes((number.bit_length() + 7) // 8, "big").decode()
    except UnicodeDecodeError:
        return any_id
    return text.partition(":")[2] or any_id


@dataclass(frozen=True)
class Cursors:
    """Signs the position of a page, so that a cursor can neither be made up nor used for another list."""

    key: bytes

    def seal(self, scope: str, position: Sequence[Any]) -> str:
        """An opaque cursor for the list named `scope`."""
        body = json.dumps([scope, *position], default=lambda value: value.isoformat()).encode()
        return base64.urlsafe_b64encode(self._mark(body) + body).decode().rstrip("=")

    def open(self, scope: str, cursor: str) -> list[Any]:
        """The position in it.

        Raises:
            Refusal: not ours, tampered with, or of another list.
        """
        try:
            # Strictly, because the decoder would pass over what is no part of it.
            if "=" in cursor:
                raise ValueError
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            body = raw[16:]
            if not hmac.compare_digest(raw[:16], self._mark(body)):
                raise ValueError
            found, *position = json.loads(body)
            if found != scope:
                raise ValueError
        except ValueError:
            raise invalid_field(
                "cursor",
                "this cursor is not from this list; start again without it, then pass next_cursor on unchanged",
            ) from None
        return list(position)

    def _mark(self, body: bytes) -> bytes:
        return hmac.digest(self.key, body, "sha256")[:16]


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What all requests of one embedded API share."""

    database: Database
    clock: Clock
    ids: Ids
    cursors: Cursors
    files: Path
    """Folder of the media files."""
    public_url: str
    """Address that browsers reach this server at, without a slash at the end."""
    jobs: Jobs
    dashboard: "DashboardTokens"
    box: "SecretBox"
    """For secrets that have to come back in clear."""
    sender: "Sender"
    """To webhook endpoints."""
    access_tokens: AccessTokens | None = None
    """None where no authorization server gives any out."""
    network_seconds: float = 3.0
    """How long a platform takes over a video; images and text are taken at once."""
    answer_wait_seconds: float = 2.0
    """How long publishing now waits for the outcome before it answers `publishing`."""
    tasks: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whose credential came with the request, and what it is restricted to."""

    user: User
    key: Key | None
    """None for a token, and for what nobody's credential did, such as a visit to an invite."""
    grant_id: str | None = None
    """Of an OAuth access token."""
    is_dashboard: bool = False
    scopes: frozenset[str] | None = None
    """None is without bounds; with none in it, nothing is allowed that asks for one."""
    brand_ids: frozenset[str] = frozenset()
    """Without any, all brands of the user."""

    @property
    def is_restricted(self) -> bool:
        return self.scopes is not None or bool(self.brand_ids)

    @property
    def credential_id(self) -> str | None:
        """The same for each call with the same credential: a key, all tokens of a grant, or any dashboard token."""
        if self.key is not None:
            return self.key.id
        if self.grant_id is not None:
            return f"grant:{self.grant_id}"
        return "dashboard" if self.is_dashboard else None

    def may_see(self, brand_id: str | None) -> bool:
        """Whether the credential's brands include this one; an unrestricted one sees all."""
        return not self.brand_ids or brand_id in self.brand_ids


@dataclass(kw_only=True)
class Upload:
    """The file part of a multipart request."""

    filename: str
    content_type: str
    content: bytes


@dataclass(kw_only=True)
class Context:
    """One request: set `status` and `headers` to change the answer's."""

    installation: Installation
    session: AsyncSession
    caller: Caller
    upload: Upload | None = None
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    after_commit: list[Callable[[], Awaitable[None]]] = field(default_factory=list[Callable[[], Awaitable[None]]])
    """Run when the transaction is through, before the answer goes out."""
    late_result: Callable[[], Awaitable[Any]] | None = None
    """Makes the answer after the commit, where the handler's own could be out of date by then."""

    @property
    def now(self) -> datetime:
        return self.installation.clock.now()

    @property
    def user(self) -> User:
        return self.caller.user

    @property
    def ids(self) -> Ids:
        return self.installation.ids

    def visible_accounts(self) -> Select[Account]:
        """Accounts of the user, within the key's brands."""
        query = select(Account).where(Account.user_id == self.user.id)
        return query.where(Account.brand_id.in_(self.caller.brand_ids)) if self.caller.brand_ids else query

    async def lock_user(self) -> None:
        """Let no other request of this user count or change what belongs to them until this one is through.

        SQLite has one writer at a time anyway; PostgreSQL has not. The weaker of the two write locks: the strong one
        would wait for every insert that refers to the user.
        """
        query = select(User).where(User.id == self.user.id).with_for_update(key_share=True)
        await self.session.scalar(query.execution_options(populate_existing=True))

    async def account(self, account_id: str) -> Account:
        """One visible account; raises Refusal 404."""
        found = await self.session.scalar(self.visible_accounts().where(Account.id == account_id))
        if found is None:
            raise no_account()
        return found

    async def brand(self, brand_id: str) -> Brand:
        """One visible brand; raises Refusal 404."""
        found = await self.session.scalar(select(Brand).where(Brand.id == brand_id, Brand.user_id == self.user.id))
        if found is None or not self.caller.may_see(brand_id):
            raise Refusal(404, "brand.not_found", "no such brand; see GET /brands")
        return found

    async def page(
        self,
        query: Select[RowT],
        *,
        scope: str,
        order: Sequence[tuple[InstrumentedAttribute[Any], bool]],
        limit: int,
        cursor: str | None,
    ) -> tuple[list[RowT], str | None]:
        """One page by key: rows and the cursor of the next page, or None at the end.

        `order` lists (column, descending) with a unique column last, so that inserts neither repeat nor skip a row.
        """
        if cursor:
            query = query.where(_after(order, self.installation.cursors.open(scope, cursor)))
        query = query.order_by(*(column.desc() if descending else column.asc() for column, descending in order))
        rows = list(await self.session.scalars(query.limit(limit + 1)))
        if len(rows) <= limit:
            return rows, None
        last = rows[limit - 1]
        position = [getattr(last, column.key) for column, _ in order]
        return rows[:limit], self.installation.cursors.seal(scope, position)


def _after(order: Sequence[tuple[InstrumentedAttribute[Any], bool]], position: Sequence[Any]) -> ColumnElement[bool]:
    if len(position) != len(order):
        raise invalid_field("cursor", "this cursor is not from this list; start again without it")
    columns, bounds = [column for column, _ in order], list[ColumnElement[Any]]()
    for column, value in zip(columns, position, strict=True):
        is_time = isinstance(column.type, UtcDateTime)
        bounds.append(
            literal(datetime.fromisoformat(value) if is_time and isinstance(value, str) else value, column.type)
        )
    directions = {descending for _, descending in order}
    if len(directions) == 1:
        # As one comparison of rows, which an index answers from where it begins; with OR it would begin at the front.
        here, there = tuple_(*columns), tuple_(*bounds)
        return here < there if directions == {True} else here > there
    steps: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for (column, descending), bound in zip(order, bounds, strict=True):
        steps.append(and_(*equal, column < bound if descending else column > bound))
        equal.append(column == bound)
    return or_(*steps)


def wire_time(value: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the millisecond: `2026-02-15T14:30:00.000Z`."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def key_hash(raw_key: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(raw_key.encode()).hexdigest()


def period_start(user: User, now: datetime) -> datetime:
    """Start of the billing period: the month since payment began, or 30 days from the day the user came."""
    return period_of(user, now)[0]


def period_of(user: User, now: datetime) -> tuple[datetime, datetime]:
    """Start and end of the billing period. A paid plan's is a month, on the day of the payment or the month's last."""
    if user.plan == "free" or user.billing_since is None:
        start = user.created_at + max(0, (now - user.created_at) // timedelta(days=30)) * timedelta(days=30)
        return start, start + timedelta(days=30)
    months = max(0, (now.year - user.billing_since.year) * 12 + now.month - user.billing_since.month)
    while months and _months_after(user.billing_since, months) > now:
        months -= 1
    return _months_after(user.billing_since, months), _months_after(user.billing_since, months + 1)


def _months_after(start: datetime, months: int) -> datetime:
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))
