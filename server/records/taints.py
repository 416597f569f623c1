"""Who has read strangers' text in the last minutes, and in which conversations."""

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from auth.store_rows import moment, stamp
from server.records.entries import RecordsUnavailable, Taint
from server.records.storage import Storage, Value

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

TAINTED_FOR = timedelta(minutes=15)
REWRITTEN_AFTER = timedelta(minutes=1)
"""What was noted less than this ago is not written again; other processes add as much to how long it counts."""

_TAINT = """
INSERT INTO mcp_taint (owner, thread, writer, at) VALUES (:owner, :thread, :writer, :at)
ON CONFLICT (owner, thread) DO UPDATE SET writer = excluded.writer, at = excluded.at
WHERE mcp_taint.at <= excluded.at
"""
_TAINTED = "SELECT thread, at FROM mcp_taint WHERE owner = :owner AND writer <> :writer AND at > :after"
_MANY_OWNERS = 1024


@dataclass(slots=True)
class _Read:
    at: datetime
    written_at: datetime | None = None
    """When the database was last told."""


class Taints:
    """Kept in memory for this process, and in the database for the others."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._writer = secrets.token_hex(8)
        self._read: dict[str, dict[str, _Read]] = {}
        self._swept_at = _MANY_OWNERS

    async def taint(self, owner: str, *, now: datetime, threads: Sequence[str]) -> None:
        """Note that an answer holds strangers' text, from these conversations or, without any, from elsewhere.

        Does not raise: this process knows it at once, and the database is told again at the next time.
        """
        mine = self._mine(owner, now)
        for thread in set(threads) or {""}:
            mine.setdefault(thread, _Read(now)).at = now
        stale = {
            thread: read
            for thread, read in mine.items()
            # Which conversation was opened last matters to the second.
            if read.written_at is None
            or (read.at == now and (thread != "" or read.written_at <= now - REWRITTEN_AFTER))
        }
        # All in one order, so that two processes do not wait for each other.
        rows: list[dict[str, Value]] = [
            {"owner": owner, "thread": thread, "writer": self._writer, "at": stamp(read.at)}
            for thread, read in sorted(stale.items())
        ]
        if not rows:
            return
        try:
            async with self._storage.transaction() as transaction:
                await transaction.run_each(_TAINT, rows)
        except RecordsUnavailable as problem:
            logger.warning("other processes do not learn yet that strangers' text was read: %s", problem)
            return
        for read in stale.values():
            read.written_at = now

    async def tainted(self, owner: str, *, now: datetime) -> Taint | None:
        """What was read within 15 minutes by any process; one more minute for what others read.

        Raises:
            RecordsUnavailable: the database does not work, and this process read nothing.
        """
        found = {thread: read.at for thread, read in self._mine(owner, now).items()}
        after = now - TAINTED_FOR - REWRITTEN_AFTER
        try:
            rows = await self._storage.read(_TAINTED, {"owner": owner, "writer": self._writer, "after": stamp(after)})
        except RecordsUnavailable:
            if not found:
                raise
            rows = []
        for thread, at in rows:
            found[str(thread)] = max(moment(at), found.get(str(thread), moment(at)))
        if not found:
            return None
        opened = {thread: at for thread, at in found.items() if thread}
        last = [thread for thread, at in opened.items() if at == max(opened.values())]
        return Taint(at=max(found.values()), threads=frozenset(opened), being_read=last[0] if len(last) == 1 else None)

    def _mine(self, owner: str, now: datetime) -> dict[str, _Read]:
        """What this process read for an owner; what is too old is forgotten."""
        after = now - TAINTED_FOR
        if len(self._read) >= self._swept_at:
            self._read = {
                name: reads for name, reads in self._read.items() if any(read.at > after for read in reads.values())
            }
            self._swept_at = max(_MANY_OWNERS, 2 * len(self._read))
        kept = {thread: read for thread, read in self._read.get(owner, {}).items() if read.at > after}
        self._read[owner] = kept
        return kept
