"""One write as whats_been_done shows it: noted as unknown before it leaves, and with its outcome once that is known."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from server.asking import said
from server.bodies import row_of
from server.records import AuditEntry, RecordsUnavailable
from tools.operation import AnyOperation
from tools.rest import Answer, ApiError, NoAnswer

if TYPE_CHECKING:
    from server.calls import Call

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

CLOCKS_APART = timedelta(minutes=2)
"""By how much the API's clock, or another machine's, may differ from ours."""
_MADE = ("id", "comment_id", "message_id", "media_id", "post_id", "board_id")
"""Fields of an answer that name what was made."""
_ON_ITS_WAY = "it left, and its answer was not seen; look before repeating it"
_PAGE = 200
_PAGES = 10


@dataclass(slots=True)
class Write:
    """A write, and its entry."""

    call: "Call"
    operation: AnyOperation
    arguments: Mapping[str, Any]
    key: str | None
    """What of the ledger is claimed for it."""
    approver: str | None = None
    number: int | None = None
    """Of its entry, once there is one."""
    before: Mapping[str, Any] | None = None
    """What is about to be replaced, as far as its undo needs it."""
    after: Callable[[Answer], Awaitable[Answer]] | None = None
    """Finds out more, once it was answered and noted as done."""

    async def leaves(self) -> None:
        """Note that it leaves now. Raises RecordsUnavailable: then it must not."""
        self.number = await self.call.services.records.note(self.call.owner, self._entry("unknown", _ON_ITS_WAY, {}))

    async def refused(self, reason: str) -> None:
        """Note that a person did not want it."""
        await self.ended("refused", reason)

    async def ended(self, outcome: str, reason: str | None = None, *, body: Mapping[str, Any] | None = None) -> None:
        """Note what came of it; does not raise, as by now it may have happened."""
        records, entry = self.call.services.records, self._entry(outcome, reason, body or {})
        try:
            if self.number is None:
                self.number = await records.note(self.call.owner, entry)
            else:
                await records.revise(
                    self.call.owner, self.number, target=entry.target, outcome=outcome, detail=entry.detail
                )
        except RecordsUnavailable as problem:
            # It has happened: the answer must not say that it has not.
            logger.error("a write cannot be noted: %s", problem)
            self.call.notes.append("What came of this write could not be noted for whats_been_done.")

    async def find(self, since: datetime | None) -> AuditEntry | None:
        """The entry that an earlier runner of the same key made before it was killed: this is what is revised then."""
        # What was noted before it was claimed this time is an older write of the same words.
        began = since or self.call.now
        cursor: str | None = None
        for _ in range(_PAGES):
            try:
                entries, cursor = await self.call.services.records.audit(
                    self.call.owner,
                    since=began,
                    until=self.call.now + CLOCKS_APART,
                    tool=self.operation.name,
                    limit=_PAGE,
                    cursor=cursor,
                )
            except RecordsUnavailable:
                return None
            for entry in entries:
                if json.loads(entry.detail or "{}").get("claim") == self.key and entry.outcome in {"done", "unknown"}:
                    self.number = entry.number
                    return entry
            if cursor is None:
                break
        return None

    def _entry(self, outcome: str, reason: str | None, body: Mapping[str, Any]) -> AuditEntry:
        known = {"reason": reason, "claim": self.key, "made": _made(self.arguments, body) or None}
        detail = {name: value for name, value in known.items() if value is not None}
        return AuditEntry(
            at=self.call.now,
            tool=self.operation.name,
            target=_target(self.operation, self.arguments, body),
            outcome=outcome,
            approver=self.approver,
            detail=json.dumps(detail) if detail else None,
        )


def made_by(entry: AuditEntry) -> dict[str, str]:
    """The ids of what a write made, as its entry has them."""
    made: dict[str, str] = json.loads(entry.detail or "{}").get("made", {})
    return made


def reason_of(error: ApiError | NoAnswer) -> str:
    """Why a write did not work out, in a line."""
    return said(f"{error.code}: {error.message}" if isinstance(error, ApiError) else error.reason)


def _target(operation: AnyOperation, arguments: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    """What was written to, by the ids among the arguments, and what was made, by the answer's; never their text."""
    ids = [
        f"{name}={said(str(value), 80)}"
        for name, value in arguments.items()
        if name.endswith("_id") and name not in operation.secret_arguments
    ]
    targets = arguments.get("targets")
    ids += [
        f"account_id={said(str(target['account_id']), 80)}"
        for target in (targets if isinstance(targets, list) else [])
        if isinstance(target, dict) and target.get("account_id")
    ]
    made = _made(arguments, body)
    ids += [f"{name}={said(value, 80)}" for name, value in made.items() if name not in operation.secret_results]
    return ", ".join(ids)


def _made(arguments: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, str]:
    """The ids of an answer that the arguments do not name."""
    row = row_of(body)
    known = {str(value) for value in arguments.values() if isinstance(value, str)}
    return {name: row[name] for name in _MADE if isinstance(row.get(name), str) and row[name] not in known}
