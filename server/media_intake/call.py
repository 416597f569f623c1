"""What `add_media` is given: the way to the API as its caller, a folder, and a way to tell how far it is."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tools.operation import AnyOperation
from tools.rest import Files

if TYPE_CHECKING:
    from auth.egress import Egress

Progress = Callable[[int, int | None], Awaitable[None]]
"""Bytes done, and of how many if that is known."""

REPORT_EVERY_BYTES = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A page that nothing was uploaded to yet."""

    handle: str
    address: str
    """What the person opens."""
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """What a person uploaded, claimed: no other call has it."""

    file: Path
    filename: str
    handle: str
    give_back: Callable[[], None]
    """Make it available again, for another try."""
    discard: Callable[[], None]


UploadPage = Callable[[str], Awaitable[Waiting | Received]]
"""For one caller: `new` makes a page, its handle then asks for what was uploaded; raises BadFile for another handle."""


class MediaCall(Protocol):
    """One call of `add_media`, as its caller."""

    @property
    def files(self) -> Files:
        """Where local paths may be read."""
        ...

    @property
    def temporary(self) -> Path:
        """A private folder for files that last as long as the call."""
        ...

    @property
    def egress(self) -> "Egress":
        """What addresses are fetched through: an own one with minutes to spend, as `fetching.new_egress` makes it."""
        ...

    @property
    def upload_page(self) -> UploadPage | None:
        """None where there is no HTTP."""
        ...

    async def read(self, operation: AnyOperation, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The body that the API answers; raises as `server.callers.exchange`."""
        ...

    async def write(
        self, operation: AnyOperation, arguments: Mapping[str, Any], *, file: Path | None = None
    ) -> dict[str, Any]:
        """The body that the API answers to a write; a `file` goes the way of `sending.send`, with its progress."""
        ...

    async def progress(self, done: int, total: int | None, message: str) -> None:
        """Tell the client; `message` names the step, whose bytes the numbers count."""
        ...


@dataclass(slots=True)
class Rising:
    """Numbers that never fall, as MCP wants them for progress, from steps that each begin at nothing."""

    send: Callable[[int, int | None, str], Awaitable[None]]
    _step: str = ""
    _base: int = 0
    _done: int = 0

    async def __call__(self, done: int, total: int | None, message: str) -> None:
        """Pass on where the whole of all steps stands; what does not advance is not sent."""
        if message != self._step:
            self._base += self._done
            self._step, self._done = message, 0
        if done <= self._done:
            return
        self._done = done
        await self.send(self._base + done, None if total is None else self._base + total, message)


@dataclass(slots=True)
class Meter:
    """Passes on every megabyte, and the end."""

    report: Progress
    total: int | None = None
    done: int = 0
    _reported: int = field(default=0)

    async def add(self, count: int) -> None:
        """Count bytes."""
        self.done += count
        if self.done - self._reported >= REPORT_EVERY_BYTES or self.done == self.total:
            self._reported = self.done
            await self.report(self.done, self.total)


async def silent(_done: int, _total: int | None) -> None:
    """Tell nobody."""
