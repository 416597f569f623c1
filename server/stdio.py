"""Serves one client over standard input and output."""

import asyncio
import json
import os
import signal
import sys
import threading
from collections import deque
from types import TracebackType
from typing import Any, Self, TypeAlias

import anyio
from mcp.server import Server
from mcp.server.stdio import stdio_server
from mcp.shared._stream_protocols import ReadStream, WriteStream
from mcp.shared.message import SessionMessage
from mcp.types import (
    CONNECTION_CLOSED,
    INVALID_REQUEST,
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    RequestId,
)

CLOSE_SECONDS = 5.0
"""How long what was cancelled may take to close, before the process is left all the same."""

_Item: TypeAlias = SessionMessage | Exception


async def serve_stdio(server: Server[Any], *, drain_seconds: float = 10.0) -> None:
    """Serve until standard input closes, or a signal asks to stop.

    On SIGTERM and SIGINT new requests are refused, and calls in flight may still end: a post that is being published
    is told as published. After `drain_seconds`, or at a second signal, they are cancelled, so that their upstream
    requests end too.
    """
    lines = _Lines()
    async with anyio.create_task_group() as tasks:

        async def stop_on_signal(calls: _Calls) -> None:
            with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
                async for _ in signals:
                    if calls.stopping:
                        break
                    calls.stopping = True
                    tasks.start_soon(drain, calls)
            leave()

        async def drain(calls: _Calls) -> None:
            with anyio.move_on_after(drain_seconds):
                await calls.drained()
                # As if the client had left: what was answered reaches it before everything closes.
                lines.end()
                await anyio.sleep_forever()
            leave()

        def leave() -> None:
            # For a client that reads no more: writing to it blocks a thread that cannot be interrupted.
            signal.signal(signal.SIGALRM, _leave)
            signal.setitimer(signal.ITIMER_REAL, CLOSE_SECONDS)
            tasks.cancel_scope.cancel()

        async with stdio_server(stdin=lines) as (read, write):
            calls = _Calls(read, write, lines.handed_over)
            if sys.platform != "win32":
                tasks.start_soon(stop_on_signal, calls)
            await server.run(calls, calls.answers, server.create_initialization_options())
        tasks.cancel_scope.cancel()


class _Calls:
    """The messages read, of which it remembers those that wait for an answer."""

    def __init__(self, read: ReadStream[_Item], write: WriteStream[SessionMessage], lines: deque[str]) -> None:
        self._read, self._write, self._lines = read, write, lines
        self._waiting: set[RequestId] = set()
        self._none_waits = anyio.Event()
        self._none_waits.set()
        self.stopping = False
        self.answers = _Answers(write, self)

    @property
    def last_context(self) -> Any:
        return getattr(self._read, "last_context", None)

    async def drained(self) -> None:
        """Wait until every request has been answered or cancelled."""
        while self._waiting:
            await self._none_waits.wait()

    def ended(self, request: RequestId) -> None:
        self._waiting.discard(request)
        if not self._waiting:
            self._none_waits.set()

    async def receive(self) -> _Item:
        while True:
            item = await self._read.receive()
            # The SDK makes one item of each line.
            line = self._lines.popleft()
            if not isinstance(item, SessionMessage):
                await self._refuse(line)
                continue
            message = item.message
            if isinstance(message, JSONRPCRequest):
                if self.stopping:
                    error = ErrorData(code=CONNECTION_CLOSED, message="this server is stopping; start it again")
                    await self._write.send(SessionMessage(JSONRPCError(jsonrpc="2.0", id=message.id, error=error)))
                    continue
                if not self._waiting:
                    self._none_waits = anyio.Event()
                self._waiting.add(message.id)
            elif isinstance(message, JSONRPCNotification) and message.method == "notifications/cancelled":
                # It may never be answered.
                self.ended((message.params or {}).get("requestId", ""))
            return item

    async def _refuse(self, line: str) -> None:
        """Answer a line that is no message, which the SDK passes over in silence (JSON-RPC 2.0 §5.1)."""
        if not line.strip():
            return
        code, message, request_id = INVALID_REQUEST, "not a JSON-RPC message: send one object a line", None
        try:
            sent: Any = json.loads(line)
        except (ValueError, RecursionError):
            code, message = PARSE_ERROR, "this line is not JSON"
        else:
            if isinstance(sent, list):
                message = "batches are not part of this protocol: send one object a line"
            if isinstance(sent, dict):
                given: Any = sent.get("id")
                request_id = given if isinstance(given, str | int) and not isinstance(given, bool) else None
        error = ErrorData(code=code, message=message)
        await self._write.send(SessionMessage(JSONRPCError(jsonrpc="2.0", id=request_id, error=error)))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _Item:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        await self._read.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self.aclose()


class _Answers:
    """The messages written; an answer ends the wait for it."""

    def __init__(self, write: WriteStream[SessionMessage], calls: _Calls) -> None:
        self._write, self._calls = write, calls

    async def send(self, item: SessionMessage, /) -> None:
        await self._write.send(item)
        if isinstance(item.message, JSONRPCResponse | JSONRPCError) and item.message.id is not None:
            self._calls.ended(item.message.id)

    async def aclose(self) -> None:
        await self._write.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self.aclose()


class _Lines(anyio.AsyncFile[str]):
    """The lines of standard input, waiting for which can be cancelled.

    The SDK's own reader waits in a thread that the process has to wait for, so that a signal would not end it
    before the client closes its side. This thread is a daemon, and holds no lock of Python's while it reads.
    """

    def __init__(self) -> None:
        super().__init__(sys.stdin)
        self._loop = asyncio.get_running_loop()
        self._read: asyncio.Queue[str | None] = asyncio.Queue()
        self.handed_over: deque[str] = deque()
        """The lines that the SDK has taken and not yet passed on."""
        threading.Thread(target=self._follow, name="stdin", daemon=True).start()

    def __aiter__(self) -> Self:
        return self

    def end(self) -> None:
        """No more lines, whatever the client still sends."""
        self._read.put_nowait(None)

    async def __anext__(self) -> str:
        line = await self._read.get()
        if line is None:
            raise StopAsyncIteration
        self.handed_over.append(line)
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
