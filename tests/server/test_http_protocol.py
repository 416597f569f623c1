"""What an answer writes leaves in one piece, a chunk of a stream leaves at once, and nothing is lost at the end."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from server.http_protocol import JoinedWrites

pytestmark = pytest.mark.anyio
ASKED = b"GET / HTTP/1.1\r\nhost: here\r\n"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Recorded(asyncio.Transport):
    """What reached the kernel, in its pieces; `None` is the end."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes | None] = []

    def write(self, data: Any) -> None:
        self.pieces.append(bytes(data))

    def close(self) -> None:
        self.pieces.append(None)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return None in self.pieces

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name in {"peername", "sockname"} else default

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def connected(app: ASGIApp) -> tuple[JoinedWrites, Recorded]:
    config = Config(app, lifespan="off", log_config=None)
    config.load()
    protocol, transport = JoinedWrites(config, ServerState(), {}), Recorded()
    protocol.connection_made(transport)
    return protocol, transport


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(100):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("it did not come about")


async def small(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"here"})


async def test_head_and_body_leave_together() -> None:
    protocol, transport = connected(small)
    protocol.data_received(ASKED + b"\r\n")
    await until(lambda: bool(transport.pieces))
    (piece,) = transport.pieces
    assert piece is not None
    assert piece.startswith(b"HTTP/1.1 200 OK\r\n") and piece.endswith(b"\r\n\r\nhere")


async def test_two_requests_at_once_are_answered_in_their_order() -> None:
    protocol, transport = connected(small)
    protocol.data_received((ASKED + b"\r\n") * 2)
    await until(lambda: b"".join(piece or b"" for piece in transport.pieces).count(b"here") == 2)
    protocol.data_received(ASKED + b"connection: close\r\n\r\n")
    await until(transport.is_closing)
    assert b"".join(piece or b"" for piece in transport.pieces).count(b"here") == 3
    # The last answer came before the end.
    assert transport.pieces[-1] is None and (transport.pieces[-2] or b"").endswith(b"here")


async def test_a_chunk_of_a_stream_does_not_wait_for_the_next() -> None:
    go_on = asyncio.Event()

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await go_on.wait()
        await send({"type": "http.response.body", "body": b"second"})

    protocol, transport = connected(stream)
    protocol.data_received(ASKED + b"\r\n")
    await until(lambda: bool(transport.pieces))
    assert len(transport.pieces) == 1 and (transport.pieces[0] or b"").endswith(b"5\r\nfirst\r\n")
    go_on.set()
    await until(lambda: len(transport.pieces) == 2)
    assert transport.pieces[1] == b"6\r\nsecond\r\n0\r\n\r\n"


async def test_who_says_no_more_still_gets_the_answer() -> None:
    protocol, transport = connected(small)
    protocol.data_received(ASKED + b"\r\n")
    # The answer is written in this turn, and would leave with the next.
    await until(lambda: bool(protocol.cycle) and protocol.cycle.response_complete)
    assert transport.pieces == []
    protocol.eof_received()
    assert len(transport.pieces) == 1 and (transport.pieces[0] or b"").endswith(b"\r\n\r\nhere")


async def test_who_writes_on_and_on_is_held_to_what_the_client_reads() -> None:
    chunks = list[int]()

    async def flood(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(100):
            await send({"type": "http.response.body", "body": b"x" * 30_000, "more_body": True})
            chunks.append(number)

    protocol, transport = connected(flood)
    passed_on, size = transport.write, 0

    def write(data: Any) -> None:
        nonlocal size
        passed_on(data)
        size += len(data)
        if size > 200_000:
            protocol.pause_writing()

    transport.write = write  # type: ignore[method-assign]
    protocol.data_received(ASKED + b"\r\n")
    for _ in range(20):
        await asyncio.sleep(0)
    assert 200_000 < size < 300_000 and len(chunks) < 12
    protocol.resume_writing()
    protocol.connection_lost(None)


async def test_what_is_written_after_the_end_is_refused_to_its_writer() -> None:
    protocol, transport = connected(small)
    protocol.transport.close()
    protocol.transport.write(b"late")
    assert transport.pieces == [None, b"late"]


async def test_a_body_that_is_used_again_leaves_as_it_was_sent() -> None:
    async def reusing(scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray(b"AAAA")
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"8")]})
        await send({"type": "http.response.body", "body": body, "more_body": True})
        body[:] = b"BBBB"
        await send({"type": "http.response.body", "body": body})

    protocol, transport = connected(reusing)
    protocol.data_received(ASKED + b"\r\n")
    await until(lambda: bool(transport.pieces))
    assert (transport.pieces[0] or b"").endswith(b"\r\n\r\nAAAABBBB")
