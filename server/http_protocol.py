"""How uvicorn talks HTTP here: what an answer writes within one turn of the event loop leaves in one piece.

uvicorn writes head and body of an answer by themselves, and uvloop hands each to the kernel at once: two packets, and a
quarter of the time of a small answer.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

NAME = "server.http_protocol:JoinedWrites"
"""For uvicorn's `http`: a name, which its worker processes can import."""


class _Joining(asyncio.Transport):
    """A transport that passes on what was written when the loop has nothing else to do in this turn, or before it ends.

    Nothing is held for longer: a chunk of a stream leaves in the turn that it was written in.
    """

    def __init__(self, inner: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._inner, self._soon = inner, loop.call_soon
        self._held: list[bytes] = []

    def write(self, data: Any) -> None:
        if not self._held:
            self._soon(self._pass_on)
        self._held.append(data)

    def _pass_on(self) -> None:
        if self._held:
            data = b"".join(self._held)
            self._held.clear()
            self._inner.write(data)

    def close(self) -> None:
        self._pass_on()
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
        super().connection_made(_Joining(transport, self.loop))
