"""Shows what was done."""

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from io import StringIO
from typing import Any

from server import results
from server.calls import Call, Refused
from server.records import AuditEntry, RecordsUnavailable
from server.token_estimate import estimate
from server.workflows import Handler, Outcome
from tools.record import DoneArgs

SHOWN_DAYS = 7
CSV_TOKENS = 5500
"""A page of CSV, a little less than an answer may have; next_cursor goes on."""
COLUMNS = ("at", "tool", "target", "outcome", "approved_by", "reason")
_FORMULA = frozenset("=+-@\t\r")


async def whats_been_done(call: Call, args: DoneArgs) -> Outcome:
    """The writes of this caller, newest first."""
    since = args.since or call.now - timedelta(days=SHOWN_DAYS)
    try:
        entries, cursor = await call.services.records.audit(
            call.owner,
            since=since,
            until=args.until or call.now + timedelta(seconds=1),
            tool=args.tool,
            limit=args.limit,
            cursor=args.cursor,
        )
    except RecordsUnavailable as problem:
        raise Refused(
            f"what was done cannot be read: {problem}", "retry: yes, later", "next: tell the person."
        ) from None
    except ValueError:
        raise Refused(
            "cursor is none of this list",
            "retry: yes, without cursor",
            "next: pass next_cursor of the page before, unchanged.",
        ) from None
    if args.as_csv and len(entries) > 1:
        tokens = estimate(as_csv([row(entry) for entry in entries]))
        if tokens > CSV_TOKENS:
            fewer = max(1, len(entries) * CSV_TOKENS // tokens * 9 // 10)
            return await whats_been_done(call, args.model_copy(update={"limit": fewer}))
    body: dict[str, Any] = {"data": [row(entry) for entry in entries], "next_cursor": cursor}
    notes = () if entries else (f"Nothing was written since {since:%Y-%m-%d %H:%M} UTC.",)
    if args.as_csv and cursor is not None:
        # The text has no place for it.
        notes = (f'More: call whats_been_done with cursor: "{cursor}"',)
    return Outcome(body=body, text=as_csv(body["data"]) if args.as_csv else None, notes=notes)


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """The writes as CSV (RFC 4180), in which no cell is a formula to a spreadsheet."""
    out = StringIO()
    written = csv.writer(out)
    written.writerow(COLUMNS)
    for one in rows:
        cells = [str(one[name] or "") for name in COLUMNS]
        written.writerow([f"'{cell}" if cell[:1] in _FORMULA else cell for cell in cells])
    return out.getvalue()


def row(entry: AuditEntry) -> dict[str, Any]:
    """One write as it is shown and exported."""
    detail = {} if entry.detail is None else json.loads(entry.detail)
    return {
        "at": entry.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "tool": entry.tool,
        "target": entry.target,
        "outcome": entry.outcome,
        "approved_by": entry.approver,
        "reason": None if detail.get("reason") is None else results.relayed(str(detail["reason"])),
    }


HANDLERS: Mapping[str, Handler] = {"whats_been_done": whats_been_done}
