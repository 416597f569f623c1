"""The reads of one answer: a few at once, told to a client that waits, with a line for whatever did not work out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio

from server.bodies import has_more, rows_of
from server.calls import Call, Failed
from tools.operation import AnyOperation

READS_AT_ONCE = 6


@dataclass(kw_only=True)
class Reads:
    """Reads as one caller, and keeps what went wrong."""

    call: Call
    failures: list[str] = field(default_factory=list[str])
    """A line for each read that did not work out."""
    unread: list[str] = field(default_factory=list[str])
    """A line for whatever was left out, because it was too much."""
    _done: int = 0
    _slots: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(READS_AT_ONCE))

    async def rows(self, operation: AnyOperation, arguments: Mapping[str, Any], what: str) -> list[dict[str, Any]]:
        """The rows of one page; a failure is noted, and means none."""
        return await self.page(operation, arguments, what) or []

    async def page(
        self, operation: AnyOperation, arguments: Mapping[str, Any], what: str, *, may_be_cut: bool = False
    ) -> list[dict[str, Any]] | None:
        """The rows of one page, or None where it cannot be read. `may_be_cut`: nobody misses the other pages."""
        async with self._slots:
            try:
                body = await self.call.read(operation, arguments)
            except Failed as failure:
                self.failures.append(f"{what}: {failure.reason}")
                return None
        await self.tell(f"read {what}")
        rows = rows_of(body)
        if has_more(body) and not may_be_cut:
            self.unread.append(f"{what}: more than {len(rows)}; {operation.name} has the rest")
        return rows

    async def tell(self, message: str) -> None:
        """Tell the client that one more read is done."""
        self._done += 1
        await self.call.progress(self._done, message=message)
