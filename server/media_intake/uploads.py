"""Pages on which a person uploads one file for the caller who asked: who may have it, for how long, and where it lies.

All of it is in a folder, so that every process of this machine serves every page. A page is named by its handle; the
folder knows only the handle's hash.
"""

import asyncio
import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from server.media_intake.call import Received, UploadPage, Waiting
from tools.media_intake import NEW_PAGE
from tools.rest import BadFile

LIFETIME = timedelta(minutes=15)
"""Of a page until something is uploaded, and then of what was uploaded until it is asked for."""
_UNDER_WAY = timedelta(minutes=15)
"""For how long an upload that began in time may take beyond it."""
MAX_PAGES_OF_A_CALLER = 5
MAX_PAGES = 200
_HANDLE = re.compile(r"[A-Za-z0-9_-]{43}")
_UNKNOWN = 'this upload page is unknown, used or has expired; call add_media with upload "new" for another'


class PageIsGone(Exception):
    """There is no such page, or not any more."""


class PageIsBusy(Exception):
    """An upload to this page is under way, or came already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Page:
    owner: str
    created_at: str
    expires_at: str
    filename: str | None = None
    """Set once something was uploaded."""


class Uploads:
    """The pages of one machine.

    Args:
        folder: private, on a disk with room for the files; made if it is missing.
        address: what the server is reached at, without a path.
        clock: the time, aware.
        random: a handle of 43 letters that nobody guesses.
    """

    def __init__(
        self,
        folder: Path,
        *,
        address: str,
        clock: Callable[[], datetime],
        random: Callable[[], str] = lambda: secrets.token_urlsafe(32),
    ) -> None:
        self._folder, self._address, self._clock, self._random = folder, address.rstrip("/"), clock, random

    @property
    def is_secure(self) -> bool:
        """Whether the pages are reached over https."""
        return self._address.startswith("https://")

    def bound_to(self, owner: str) -> UploadPage:
        """The pages of one caller, by `Caller.identity`: no other gets what comes through them."""

        async def page(handle: str) -> Waiting | Received:
            if handle == NEW_PAGE:
                return await asyncio.to_thread(self.open, owner)
            return await asyncio.to_thread(self.claim, owner, handle)

        return page

    def open(self, owner: str) -> Waiting:
        """Make a page; raises BadFile when the caller, or all together, have too many."""
        self.sweep()
        pages = [page for _, page in self._pages() if page.filename is None and self._is_current(page)]
        if sum(page.owner == owner for page in pages) >= MAX_PAGES_OF_A_CALLER:
            raise BadFile(f"{MAX_PAGES_OF_A_CALLER} upload pages of yours are open; use one of them, or wait a while")
        if len(pages) >= MAX_PAGES:
            raise BadFile("too many upload pages are open on this server; try again in a few minutes, or pass address")
        handle, now = self._random(), self._clock()
        page = _Page(owner=owner, created_at=now.isoformat(), expires_at=(now + LIFETIME).isoformat())
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write(_name(handle), page)
        return self._waiting(handle, page)

    def claim(self, owner: str, handle: str) -> Waiting | Received:
        """What was uploaded, for one call alone; raises BadFile for a page that is not the caller's, or is gone."""
        name = _name(handle)
        page = self._read(name)
        if page is None or not self._is_current(page) or not hmac.compare_digest(page.owner, owner):
            raise BadFile(_UNKNOWN)
        if page.filename is None:
            return self._waiting(handle, page)
        file, taken = self._place(name, "file"), self._place(name, "taken")
        try:
            file.rename(taken)
        except OSError:
            raise BadFile("another call is adding the file of this page; wait for its answer") from None

        def give_back() -> None:
            taken.replace(file)

        return Received(
            file=taken,
            filename=page.filename,
            handle=handle,
            give_back=give_back,
            discard=lambda: self._remove(name),
        )

    def find(self, handle: str) -> datetime:
        """Until when a page can be used; raises PageIsGone."""
        page = self._read(_name(handle)) if _HANDLE.fullmatch(handle) else None
        if page is None or page.filename is not None or not self._is_current(page):
            raise PageIsGone
        return datetime.fromisoformat(page.expires_at)

    def begin(self, handle: str) -> Path:
        """Where to write what is uploaded, for one upload at a time; raises PageIsGone or PageIsBusy."""
        self.find(handle)
        name = _name(handle)
        try:
            os.close(os.open(self._place(name, "busy"), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            raise PageIsBusy from None
        return self._place(name, "part")

    def finish(self, handle: str, filename: str) -> None:
        """Keep what was written; the page takes nothing more. Raises PageIsGone."""
        name = _name(handle)
        page = self._read(name)
        if page is None:
            raise PageIsGone
        self._place(name, "part").rename(self._place(name, "file"))
        expires_at = (self._clock() + LIFETIME).isoformat()
        self._write(name, replace(page, filename=filename, expires_at=expires_at))

    def abort(self, handle: str) -> None:
        """Forget what was written; the page can be used again while it lasts."""
        for ending in ("part", "busy"):
            self._place(_name(handle), ending).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what expired, with its files; called for each new page, and by whoever keeps house."""
        for name, page in list(self._pages()):
            if self._clock() >= datetime.fromisoformat(page.expires_at) + _UNDER_WAY:
                self._remove(name)

    def _waiting(self, handle: str, page: _Page) -> Waiting:
        expires_at = datetime.fromisoformat(page.expires_at)
        return Waiting(handle=handle, address=f"{self._address}/upload/{handle}", expires_at=expires_at)

    def _is_current(self, page: _Page) -> bool:
        return self._clock() < datetime.fromisoformat(page.expires_at)

    def _pages(self) -> Iterator[tuple[str, _Page]]:
        for place in self._folder.glob("*.json"):
            page = self._read(place.stem)
            if page is not None:
                yield place.stem, page

    def _read(self, name: str) -> _Page | None:
        try:
            return _Page(**json.loads(self._place(name, "json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def _write(self, name: str, page: _Page) -> None:
        # Whole or not at all: another process may read it at any moment.
        fresh = self._place(name, "fresh")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            json.dump(asdict(page), opened)
        fresh.replace(self._place(name, "json"))

    def _remove(self, name: str) -> None:
        for ending in ("file", "taken", "part", "busy", "fresh", "json"):
            with suppress(OSError):
                self._place(name, ending).unlink(missing_ok=True)

    def _place(self, name: str, ending: str) -> Path:
        return self._folder / f"{name}.{ending}"


def _name(handle: str) -> str:
    return hashlib.sha256(handle.encode()).hexdigest()[:40]
