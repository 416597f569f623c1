"""What the inbox's groups share: checks before anything is charged, and pages of lists that move meanwhile."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Select, and_, not_
from sqlalchemy.orm import InstrumentedAttribute

from localapi.context import Context, Refusal, missing_field
from localapi.tables import Account

RowT = TypeVar("RowT")

LONGEST_WRITE = timedelta(seconds=10)
"""Longer than a transaction takes from reading the clock to its commit, waiting for locks included."""
REMEMBERED_ROWS = 20
"""So many ids fit into a cursor of 2048 characters."""


def check_text(text: str | None) -> None:
    """Refuse a text that nobody would see: it is empty, or nothing but white space."""
    if not (text or "").strip():
        raise missing_field("text")


def check_connected(account: Account) -> None:
    """Refuse what needs the platform while it no longer lets the account in."""
    if account.status != "active":
        raise Refusal(403, "account.reconnection_required", "connect this account again with POST /accounts/connect")


def list_scope(name: str, *filters: object) -> str:
    """Names a list with its filters and order, so that a cursor continues no other one."""
    return f"{name}:{hashlib.blake2b(repr(filters).encode(), digest_size=8).hexdigest()}"


async def page_of_moving(
    context: Context,
    query: Select[RowT],
    *,
    scope: str,
    touched_at: InstrumentedAttribute[Any],
    unique: InstrumentedAttribute[str],
    limit: int,
    cursor: str | None,
) -> tuple[list[RowT], str | None]:
    """One page, the latest touched first, of a list whose rows move to the front while it is read.

    Every row that the first page could have had comes at least once: behind the oldest row follow those touched since
    the first page, the earliest first. As `touched_at` only grows, a row that the reader has not had yet moves either
    among these or further ahead in them, never behind the reader. A row that was read and then touched comes again.
    """
    walk = _Walk(part="older", begun=context.now)
    if cursor:
        part, begun, known, position = context.installation.cursors.open(scope, cursor)
        walk = _Walk(part=part, begun=datetime.fromisoformat(begun), known=known, position=position)
    rows: list[RowT] = []
    if walk.part == "older":
        falling = [(touched_at, True), (unique, True)]
        rows, walk.position = await context.page(
            query, scope=f"{scope}:older", order=falling, limit=limit, cursor=walk.position
        )
        fresh = [getattr(row, unique.key) for row in rows if getattr(row, touched_at.key) >= walk.since]
        walk.known = [*walk.known, *fresh][:REMEMBERED_ROWS]
        if walk.position is not None:
            return rows, walk.seal(context, scope)
        if cursor is None:
            return rows, None
        walk.part = "touched"
    had = and_(unique.in_(walk.known), touched_at <= walk.begun)
    touched, position = await context.page(
        query.where(touched_at >= walk.since, not_(had)),
        scope=f"{scope}:touched",
        order=[(touched_at, False), (unique, False)],
        limit=max(1, limit - len(rows)),
        cursor=walk.position,
    )
    if touched and len(rows) == limit:
        return rows, walk.seal(context, scope)
    walk.position = position
    return [*rows, *touched], None if position is None else walk.seal(context, scope)


@dataclass(kw_only=True)
class _Walk:
    """How far a reader is: what its cursor carries."""

    part: str
    """older: down from the front as it was; touched: up through what was touched since."""
    begun: datetime
    """When the first page was read."""
    known: list[str] = field(default_factory=list[str])
    """Rows read already that would come again although nothing happened to them."""
    position: str | None = None
    """Cursor within the part."""

    @property
    def since(self) -> datetime:
        """What was touched before this was committed before the first page was read."""
        return self.begun - LONGEST_WRITE

    def seal(self, context: Context, scope: str) -> str:
        return context.installation.cursors.seal(scope, [self.part, self.begun, self.known, self.position])
