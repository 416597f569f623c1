"""Deletes events and deliveries that are older than their owner's plan keeps them, a little at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import InstrumentedAttribute

from localapi.context import RETENTION_DAYS, Installation
from localapi.tables import User
from localapi.tables_events import Delivery, Event, Webhook

BATCH = 500
"""Rows a transaction deletes, so that nobody waits long for its locks."""
_BATCHES = 20
RUNS_KEPT = timedelta(days=1)
"""Of a run that is over nothing is needed; for a day somebody may want to look."""
_RUNS_AT_ONCE = 2000
_OVER = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
# The counts of an endpoint's last seven days are made of its deliveries, on any plan.
_DELIVERIES_DAYS = 7


async def sweep(installation: Installation, *, batches: int = _BATCHES) -> int:
    """Delete what is too old, at most so many batches of each table and plan; returns how many rows went.

    Attempts go with their delivery. A delivery that still waits stays, however old it is.
    """
    now, gone = installation.clock.now(), 0
    for plan, days in RETENTION_DAYS.items():
        events = (
            select(Event.id)
            .join(User, User.id == Event.user_id)
            .where(User.plan == plan, Event.created_at < now - timedelta(days=days))
        )
        before = now - timedelta(days=max(days, _DELIVERIES_DAYS))
        deliveries = (
            select(Delivery.position)
            .join(Webhook, Webhook.id == Delivery.webhook_id)
            .join(User, User.id == Webhook.user_id)
            .where(User.plan == plan, Delivery.status != "pending", Delivery.settled_at < before)
        )
        gone += await _delete(installation, Event, Event.id, events, batches)
        gone += await _delete(installation, Delivery, Delivery.position, deliveries, batches)
    return gone


def forget_runs() -> None:
    """Delete what DBOS keeps of runs that are over. It goes by the machine's own clock."""
    from dbos import DBOS

    before = (datetime.now(UTC) - RUNS_KEPT).isoformat()
    over = DBOS.list_workflows(
        status=_OVER, completed_before=before, limit=_RUNS_AT_ONCE, load_input=False, load_output=False
    )
    if over:
        DBOS.delete_workflows([row.workflow_id for row in over])


async def _delete(
    installation: Installation,
    table: type[Event | Delivery],
    key: InstrumentedAttribute[Any],
    stale: Select[Any],
    batches: int,
) -> int:
    gone = 0
    for _ in range(batches):
        # Looking comes first, so that an idle server does not take the write lock.
        async with installation.database.read() as session:
            found = list(await session.scalars(stale.limit(BATCH)))
        if not found:
            break
        async with installation.database.write() as session:
            # Asked once more: one of them may have been set to be sent again meanwhile.
            rows = list(await session.scalars(stale.where(key.in_(found)).with_for_update(of=table)))
            await session.execute(delete(table).where(key.in_(rows)))
        gone += len(rows)
        if len(found) < BATCH:
            break
    return gone
