"""Takes away what nobody needs to remember any more, a bounded piece at a time."""

from datetime import datetime, timedelta

from auth.store_rows import stamp
from server.records import audit, taints
from server.records.storage import Storage

KEPT_EXPIRED = timedelta(days=7)
"""How long a handle or an approval that is over can still be told from one that never was."""

# The items of a plan go before it: a plan may have more of them than one piece.
_REMOVED = (
    ("mcp_ledger", "owner, key", "kept_until <= :now"),
    ("mcp_audit", "number", "at <= :audited"),
    ("mcp_handle", "owner, kind, handle_id", "expires_at <= :expired"),
    ("mcp_approval", "approval_id", "expires_at <= :expired"),
    ("mcp_taint", "owner, thread", "at <= :tainted"),
    (
        "mcp_plan_item",
        "owner, plan_id, number",
        "(owner, plan_id) IN (SELECT owner, plan_id FROM mcp_plan WHERE kept_until <= :now)",
    ),
    (
        "mcp_plan",
        "owner, plan_id",
        "kept_until <= :now AND NOT EXISTS (SELECT 1 FROM mcp_plan_item i"
        " WHERE i.owner = mcp_plan.owner AND i.plan_id = mcp_plan.plan_id)",
    ),
)
_CHOOSE = "SELECT {keys} FROM {table} WHERE {condition} LIMIT :batch"
_REMOVE = "DELETE FROM {table} WHERE {match}"
_EMPTY = "UPDATE {table} SET payload = NULL WHERE {match}"


async def prune(storage: Storage, *, now: datetime, batch: int) -> int:
    """Remove up to `batch` rows of each kind, and empty as many handles; how many rows that were.

    Raises:
        RecordsUnavailable: the database does not work.
    """
    values = {
        "now": stamp(now),
        "audited": stamp(now - audit.KEPT),
        "expired": stamp(now - KEPT_EXPIRED),
        "tainted": stamp(now - taints.TAINTED_FOR - taints.REWRITTEN_AFTER),
    }
    # What a handle held may be secret, and can be used no more.
    emptied = ("mcp_handle", "owner, kind, handle_id", "expires_at <= :now AND payload IS NOT NULL")
    pieces = [(_EMPTY, *emptied), *((_REMOVE, *piece) for piece in _REMOVED)]
    changed = 0
    for change, table, keys, condition in pieces:
        needed = {name: value for name, value in values.items() if f":{name}" in condition}
        choose = _CHOOSE.format(keys=keys, table=table, condition=condition)
        names = keys.split(", ")
        match = " AND ".join(f"{name} = :{name}" for name in names)
        # One transaction each, so that no call waits for all of it.
        async with storage.transaction() as transaction:
            # Processes that clean up at the same time pass each other's rows over.
            rows = await transaction.lock(choose, {**needed, "batch": batch}, skips_locked=True)
            places = [dict(zip(names, row, strict=True)) for row in rows]
            await transaction.run_each(change.format(table=table, match=match), places)
        changed += len(rows)
    return changed
