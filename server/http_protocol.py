"""How uvicorn talks HTTP here: what an answer writes within one turn of the event loop leaves in one piece.

uvicorn writes head and body of an answer by themselves, and uvloop hands each to the kernel at once: two packets, and a
quarter of the time of a small answer.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

NAME = "server.http_protocol:JoinedWrites"
"""For uvicorn's `http`: a name, which its worker processes can import."""


_MOST_HELD = 65_536
"""Bytes. More would be copied for little, and whoever writes on and on has to be told when the client reads slowly."""


class _Joining(asyncio.Transport):
    """A transport that passes on what was written with the loop's next turn, or before the connection ends."""

    def __init__(self, inner: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._inner, self._soon = inner, loop.call_soon
        self._held: list[bytes] = []
        self._size = 0

    def write(self, data: Any) -> None:
        if self._inner.is_closing() or len(data) >= _MOST_HELD:
            # What cannot be sent any more is refused to whoever writes it.
            self.pass_on()
            self._inner.write(data)
            return
        if not self._held:
            self._soon(self.pass_on)
        self._held.append(bytes(data))
        self._size += len(data)
        if self._size >= _MOST_HELD:
            self.pass_on()

    def pass_on(self) -> None:
        """Write what is held."""
        if self._held:
            data = b"".join(self._held)
            self._held.clear()
            self._size = 0
            self._inner.write(data)

    def close(self) -> None:
        self.pass_on()
        self._inner.close()

    def abort(self) -> None:
        self._held.clear()
        self._inner.abort()

    def is_closing(self) -> bool:
        return self._inner.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._inner.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._inner.pause_reading()

    def resume_reading(self) -> None:
        self._inner.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._inner.set_protocol(protocol)


class JoinedWrites(HttpToolsProtocol):
    """uvicorn's protocol over httptools, on a transport that joins writes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._joining = _Joining(transport, self.loop)
        super().connection_made(self._joining)

    def eof_received(self) -> None:
        # A client that says no more may still read: after this its connection is closed.
        self._joining.pass_on()
        super().eof_received()
