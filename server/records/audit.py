"""The audit: every write, for the person it was made for."""

import re
from datetime import datetime, timedelta

from auth.store_rows import moment, number, stamp
from server.records.entries import AuditEntry
from server.records.storage import Storage

KEPT = timedelta(days=90)

_NOTE = """
INSERT INTO mcp_audit (owner, at, tool, target, outcome, approver, detail)
VALUES (:owner, :at, :tool, :target, :outcome, :approver, :detail) RETURNING number
"""
_REVISE = """
UPDATE mcp_audit SET target = :target, outcome = :outcome, detail = :detail
WHERE owner = :owner AND number = :number RETURNING 1
"""
_AUDIT = """
SELECT at, tool, target, outcome, approver, detail, number FROM mcp_audit
WHERE owner = :owner AND at >= :since AND at < :until
  AND at <= :last_at AND (at < :last_at OR number < :last_number)
  AND tool = coalesce(CAST(:tool AS text), tool)
ORDER BY at DESC, number DESC LIMIT :limit
"""
_END = 2**63 - 1
_CURSOR = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")


class Audit:
    """What was done."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def note(self, owner: str, entry: AuditEntry) -> int:
        """Keep an entry for 90 days; its number, by which what came of it can be noted later.

        Raises:
            RecordsUnavailable: the database does not work.
        """
        rows = await self._storage.write(
            _NOTE,
            {
                "owner": owner,
                "at": stamp(entry.at),
                "tool": entry.tool,
                "target": entry.target,
                "outcome": entry.outcome,
                "approver": entry.approver,
                "detail": entry.detail,
            },
        )
        return number(rows[0][0])

    async def revise(self, owner: str, entry_number: int, *, target: str, outcome: str, detail: str | None) -> None:
        """Note what came of an entry; when it was and who allowed it stay.

        Raises:
            RecordsUnavailable: the database does not work.
        """
        values = {"target": target, "outcome": outcome, "detail": detail, "owner": owner, "number": entry_number}
        await self._storage.write(_REVISE, values)

    async def audit(
        self, owner: str, *, since: datetime, until: datetime, tool: str | None, limit: int, cursor: str | None
    ) -> tuple[list[AuditEntry], str | None]:
        """Entries from `since` to before `until`, the newest first, and the cursor of the next page, if there is one.

        Raises:
            RecordsUnavailable: the database does not work.
            ValueError: the cursor is none of ours.
        """
        last_at, last_number = (_END, _END) if cursor is None else _place(cursor)
        rows = await self._storage.read(
            _AUDIT,
            {
                "owner": owner,
                "since": stamp(since),
                "until": stamp(until),
                "last_at": last_at,
                "last_number": last_number,
                "tool": tool,
                "limit": limit + 1,
            },
        )
        page = rows[:limit]
        entries = [
            AuditEntry(
                at=moment(at),
                tool=str(used),
                target=str(target),
                outcome=str(outcome),
                approver=None if approver is None else str(approver),
                detail=None if detail is None else str(detail),
                number=number(entry_number),
            )
            for at, used, target, outcome, approver, detail, entry_number in page
        ]
        return entries, f"{page[-1][0]}-{page[-1][6]}" if len(rows) > limit and page else None


def _place(cursor: str) -> tuple[int, int]:
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise ValueError("not a cursor of this list; leave it out to begin with the newest entry")
    return int(match[1]), int(match[2])
