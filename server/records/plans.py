"""Bulk plans: one runner at a time, and after a kill another goes on where it stopped.

An item that was cut off is handed out again, so each goes through the ledger under a key of its own.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from auth.store_rows import moment, number, stamp
from server.records import ledger
from server.records.entries import (
    Clock,
    ItemState,
    LeaseLost,
    Plan,
    PlanItem,
    PlanStart,
    PlanState,
    SettledState,
    Taken,
)
from server.records.storage import Row, Storage, Transaction, Value

KEPT = timedelta(days=7)
"""From when a plan is over or can be started no more."""
RESUMED_WITHIN = ledger.KEPT
"""After that the ledger knows no more what was under way at the kill."""

_SAVE = """
INSERT INTO mcp_plan (owner, plan_id, operation, digest, state, created_at, expires_at, kept_until)
VALUES (:owner, :plan_id, :operation, :digest, :state, :created_at, :expires_at, :kept_until)
ON CONFLICT (owner, plan_id) DO NOTHING RETURNING 1
"""
_SAVE_ITEM = """
INSERT INTO mcp_plan_item (owner, plan_id, number, arguments, state, outcome, settled_at)
VALUES (:owner, :plan_id, :number, :arguments, :state, :outcome, :settled_at)
"""
_PLAN = """
SELECT operation, digest, created_at, expires_at, state, active_at, lease, runner FROM mcp_plan
WHERE owner = :owner AND plan_id = :plan_id
"""
_START = """
UPDATE mcp_plan SET state = 'running', runner = :runner, active_at = :now, lease = :lease
WHERE owner = :owner AND plan_id = :plan_id AND (
  (state = 'planned' AND expires_at > :now)
  OR (state = 'running' AND active_at + lease <= :now AND active_at > :resumed_after))
RETURNING 1
"""
_RENEW = """
UPDATE mcp_plan SET active_at = :now
WHERE owner = :owner AND plan_id = :plan_id AND state = 'running' AND runner = :runner RETURNING 1
"""
_ITEMS = """
SELECT number, arguments, state, outcome, settled_at FROM mcp_plan_item
WHERE owner = :owner AND plan_id = :plan_id AND number > :after ORDER BY number LIMIT :limit
"""
_NEXT = """
SELECT number, arguments, state, outcome, settled_at FROM mcp_plan_item
WHERE owner = :owner AND plan_id = :plan_id AND state = 'planned' ORDER BY number LIMIT :limit
"""
_SETTLE = """
UPDATE mcp_plan_item SET state = :state, outcome = :outcome, settled_at = :now
WHERE owner = :owner AND plan_id = :plan_id AND number = :number AND state = 'planned' RETURNING 1
"""
# Whoever runs it may say that it is done; anybody may stop it.
_FINISH = """
UPDATE mcp_plan SET state = :state, kept_until = :kept_until
WHERE owner = :owner AND plan_id = :plan_id AND state IN ('planned', 'running')
  AND (runner = :runner OR :state = 'cancelled')
RETURNING 1
"""
_PLAN_STATES: dict[str, PlanState] = {
    "planned": "planned",
    "running": "running",
    "done": "done",
    "cancelled": "cancelled",
}
_ITEM_STATES: dict[str, ItemState] = {"planned": "planned", "done": "done", "failed": "failed", "unknown": "unknown"}


class Plans:
    """Plans, their items, and who runs them."""

    def __init__(self, storage: Storage, *, clock: Clock) -> None:
        self._storage, self._clock = storage, clock
        self._runs: dict[tuple[str, str], str] = {}

    async def save_plan(self, owner: str, plan: Plan, items: Sequence[PlanItem]) -> None:
        """Keep a plan with all its items.

        Raises:
            RecordsUnavailable: the database does not work.
            Taken: the owner has a plan of this id.
        """
        place = _place(owner, plan.plan_id)
        values: dict[str, Value] = {
            **place,
            "operation": plan.operation,
            "digest": plan.digest,
            "state": plan.state,
            "created_at": stamp(plan.created_at),
            "expires_at": stamp(plan.expires_at),
            "kept_until": stamp(plan.expires_at + KEPT),
        }
        rows: list[dict[str, Value]] = [
            {
                **place,
                "number": item.number,
                "arguments": item.arguments,
                "state": item.state,
                "outcome": item.outcome,
                "settled_at": None if item.settled_at is None else stamp(item.settled_at),
            }
            for item in items
        ]
        async with self._storage.transaction() as transaction:
            is_new = bool(await transaction.run(_SAVE, values))
            if is_new:
                await transaction.run_each(_SAVE_ITEM, rows)
        if not is_new:
            raise Taken

    async def plan(self, owner: str, plan_id: str) -> Plan | None:
        """A plan of this owner, in whatever state.

        Raises:
            RecordsUnavailable: the database does not work.
        """
        for operation, digest, created_at, expires_at, state, *_ in await self._storage.read(
            _PLAN, _place(owner, plan_id)
        ):
            return Plan(
                plan_id=plan_id,
                operation=str(operation),
                digest=str(digest),
                created_at=moment(created_at),
                expires_at=moment(expires_at),
                state=_PLAN_STATES[str(state)],
            )
        return None

    async def start_plan(self, owner: str, plan_id: str, *, now: datetime, lease_seconds: float) -> PlanStart:
        """Begin a plan, or go on with one whose runner gave no sign for the time of its lease.

        `done` also stands for cancelled. One that was begun can be resumed for 24 h after the last sign of its runner.

        Raises:
            RecordsUnavailable: the database does not work.
        """
        place, runner = _place(owner, plan_id), secrets.token_hex(8)
        values: dict[str, Value] = {
            **place,
            "runner": runner,
            "now": stamp(now),
            "lease": round(lease_seconds * 1_000_000),
            "resumed_after": stamp(now - RESUMED_WITHIN),
        }
        async with self._storage.transaction() as transaction:
            if await transaction.run(_START, values):
                self._runs[owner, plan_id] = runner
                return "started"
            rows = await transaction.run(_PLAN, place)
        return _why_not(rows[0], now) if rows else "unknown"

    async def next_items(self, owner: str, plan_id: str, *, limit: int) -> list[PlanItem]:
        """What is to be done next, in order, and a sign of life; nothing once the plan is finished or cancelled.

        Raises:
            LeaseLost: this process does not run the plan.
            RecordsUnavailable: the database does not work.
        """
        async with self._storage.transaction() as transaction:
            if not await self._renew(transaction, owner, plan_id, self._clock.now()):
                return []
            rows = await transaction.run(_NEXT, {**_place(owner, plan_id), "limit": limit})
        return [_item(row) for row in rows]

    async def settle_item(
        self, owner: str, plan_id: str, number: int, *, outcome: str, state: SettledState, now: datetime
    ) -> None:
        """Keep what came of an item, the first time it is told, and give a sign of life.

        Raises:
            LeaseLost: this process does not run the plan; the outcome is kept all the same.
            RecordsUnavailable: the database does not work.
        """
        place = _place(owner, plan_id)
        values: dict[str, Value] = {**place, "number": number, "outcome": outcome, "state": state, "now": stamp(now)}
        async with self._storage.transaction() as transaction:
            await transaction.run(_SETTLE, values)
            try:
                await self._renew(transaction, owner, plan_id, now)
                is_lost = False
            except LeaseLost:
                is_lost = True
        if is_lost:
            raise LeaseLost

    async def items(self, owner: str, plan_id: str, *, after: int, limit: int) -> list[PlanItem]:
        """Items in whatever state, in order; `after` is the last number of the page before, 0 for the first.

        Raises:
            RecordsUnavailable: the database does not work.
        """
        values: dict[str, Value] = {**_place(owner, plan_id), "after": after, "limit": limit}
        return [_item(row) for row in await self._storage.read(_ITEMS, values)]

    async def finish_plan(self, owner: str, plan_id: str, *, state: PlanState, now: datetime) -> None:
        """Note that a plan is `done`, as its runner, or `cancelled`, as anybody; the first stays.

        Raises:
            LeaseLost: it is to be `done`, and this process does not run it.
            RecordsUnavailable: the database does not work.
        """
        place = _place(owner, plan_id)
        values: dict[str, Value] = {
            **place,
            "state": state,
            "runner": self._runs.get((owner, plan_id), ""),
            "kept_until": stamp(now + KEPT),
        }
        async with self._storage.transaction() as transaction:
            is_finished = bool(await transaction.run(_FINISH, values))
            rows = [] if is_finished else await transaction.run(_PLAN, place)
        self._runs.pop((owner, plan_id), None)
        if rows and rows[0][4] in {"planned", "running"}:
            raise LeaseLost

    async def _renew(self, transaction: Transaction, owner: str, plan_id: str, now: datetime) -> bool:
        """Give a sign of life; False where there is nothing to run any more, LeaseLost where another does."""
        place = _place(owner, plan_id)
        values: dict[str, Value] = {**place, "runner": self._runs.get((owner, plan_id), ""), "now": stamp(now)}
        if await transaction.run(_RENEW, values):
            return True
        rows = await transaction.run(_PLAN, place)
        self._runs.pop((owner, plan_id), None)
        if rows and rows[0][4] in {"planned", "running"}:
            raise LeaseLost
        return False


def _place(owner: str, plan_id: str) -> dict[str, Value]:
    return {"owner": owner, "plan_id": plan_id}


def _why_not(row: Row, now: datetime) -> PlanStart:
    _, _, _, _, state, active_at, lease, _ = row
    if state in {"done", "cancelled"}:
        return "done"
    if state == "running" and number(active_at) + number(lease) > stamp(now):
        return "running"
    return "expired"


def _item(row: Row) -> PlanItem:
    position, arguments, state, outcome, settled_at = row
    return PlanItem(
        number=number(position),
        arguments=str(arguments),
        state=_ITEM_STATES[str(state)],
        outcome=None if outcome is None else str(outcome),
        settled_at=None if settled_at is None else moment(settled_at),
    )
