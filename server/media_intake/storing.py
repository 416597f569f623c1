"""Writes what arrives piece by piece to a file: bounded in size, in memory, and in how slowly it may come."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

from server.media_intake.call import Meter, Progress
from tools.rest import BadFile

MAX_BYTES = 1024 * 1024 * 1024
"""Of one file; larger ones go to an address of create_upload_url without passing through here."""
STALL_SECONDS = 20.0
LEAST_BYTES = 64 * 1024
"""What has to come in STALL_SECONDS; a sender who drips holds a place for nothing."""
_HELD_BYTES = 1024 * 1024


class TooLarge(BadFile):
    """The file is over a bound, in bytes."""

    def __init__(self, max_bytes: int) -> None:
        self.size = f"{max_bytes // 1024**2} MB" if max_bytes >= 1024**2 else f"{max_bytes} bytes"
        advice = "PUT it to an address of create_upload_url, then call verify_media"
        super().__init__(f"the file is over {self.size}; {advice}")


async def store(
    pieces: AsyncIterator[bytes],
    file: Path,
    *,
    progress: Progress,
    total: int | None = None,
    max_bytes: int = MAX_BYTES,
    stall_seconds: float = STALL_SECONDS,
) -> int:
    """Write all pieces to `file`, and return how many bytes they were.

    Raises:
        BadFile: more than `max_bytes`, too slow, nothing at all, or no room to keep it.
        OSError: whatever the source raises.
    """
    if total is not None and total > max_bytes:
        raise TooLarge(max_bytes)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    try:
        size = await _pour(pieces, descriptor, Meter(progress, total), max_bytes, stall_seconds)
    finally:
        os.close(descriptor)
    if not size:
        raise BadFile("the file is empty")
    return size


async def _pour(
    pieces: AsyncIterator[bytes], descriptor: int, meter: Meter, max_bytes: int, stall_seconds: float
) -> int:
    held = bytearray()
    loop = asyncio.get_running_loop()
    last = 0
    stall = asyncio.timeout(stall_seconds)
    try:
        async with stall:
            async for piece in pieces:
                held += piece
                await meter.add(len(piece))
                if meter.done > max_bytes:
                    raise TooLarge(max_bytes)
                if meter.done - last >= LEAST_BYTES:
                    last = meter.done
                    stall.reschedule(loop.time() + stall_seconds)
                if len(held) >= _HELD_BYTES:
                    await _write(descriptor, bytes(held))
                    held.clear()
    except TimeoutError:
        if not stall.expired():
            raise
        raise BadFile("the file came too slowly; try again, or pass it in another way") from None
    await _write(descriptor, bytes(held))
    return meter.done


async def _write(descriptor: int, data: bytes) -> None:
    def write() -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    try:
        await asyncio.to_thread(write)
    except OSError:
        raise BadFile("this server has no room to keep the file; try again later, or pass a smaller one") from None
