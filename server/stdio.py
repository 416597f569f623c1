"""Serves one client over standard input and output."""

import asyncio
import os
import signal
import sys
import threading
from typing import Any, Self

import anyio
from mcp.server import Server
from mcp.server.stdio import stdio_server

DRAIN_SECONDS = 5.0
"""How long what was cancelled by a signal may take to close, before the process is left all the same."""


async def serve_stdio(server: Server[Any]) -> None:
    """Serve until standard input closes, or a signal asks to stop.

    On SIGTERM and SIGINT calls in flight are cancelled, so that their upstream requests end too.
    """
    async with anyio.create_task_group() as tasks:

        async def stop_on_signal() -> None:
            with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
                async for _ in signals:
                    tasks.cancel_scope.cancel()
                    # For a client that reads no more: writing to it blocks a thread that cannot be interrupted.
                    signal.signal(signal.SIGALRM, _leave)
                    signal.setitimer(signal.ITIMER_REAL, DRAIN_SECONDS)
                    return

        if sys.platform != "win32":
            tasks.start_soon(stop_on_signal)
        async with stdio_server(stdin=_Lines()) as (read, write):
            await server.run(read, write, server.create_initialization_options())
        tasks.cancel_scope.cancel()


class _Lines(anyio.AsyncFile[str]):
    """The lines of standard input, waiting for which can be cancelled.

    The SDK's own reader waits in a thread that the process has to wait for, so that a signal would not end it
    before the client closes its side. This thread is a daemon, and holds no lock of Python's while it reads.
    """

    def __init__(self) -> None:
        super().__init__(sys.stdin)
        self._loop = asyncio.get_running_loop()
        self._read: asyncio.Queue[str | None] = asyncio.Queue()
        threading.Thread(target=self._follow, name="stdin", daemon=True).start()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        line = await self._read.get()
        if line is None:
            raise StopAsyncIteration
        return line

    def _follow(self) -> None:
        number, rest = sys.stdin.fileno(), b""
        try:
            while chunk := os.read(number, 65_536):
                *lines, last = chunk.split(b"\n")
                if lines:
                    self._hand_over((rest + lines[0]).decode(errors="replace"))
                    for line in lines[1:]:
                        self._hand_over(line.decode(errors="replace"))
                    rest = last
                else:
                    rest += last
            if rest:
                self._hand_over(rest.decode(errors="replace"))
            self._hand_over(None)
        except (OSError, RuntimeError):
            # The terminal went away, or the loop has been closed: there is nobody to hand anything to.
            if not self._loop.is_closed():
                self._hand_over(None)

    def _hand_over(self, line: str | None) -> None:
        self._loop.call_soon_threadsafe(self._read.put_nowait, line)


def _leave(_signal: int, _frame: object) -> None:
    sys.stderr.flush()
    os._exit(0)
