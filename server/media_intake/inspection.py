"""Asks a process of its own what a file is, and bounds how long that may take."""

import asyncio
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from weakref import WeakKeyDictionary

from server.media_intake.looking import Facts
from tools.rest import BadFile

SECONDS = 60.0
AT_ONCE = 2
"""Each may decode a picture of 90 million pixels."""
_CODE = "from server.media_intake.looking import main; main()"
_UNREADABLE = "the file cannot be decoded: its reader gave up on it; save or export it again"
# A semaphore belongs to one event loop.
_places: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def inspect(file: Path, *, seconds: float = SECONDS) -> Facts:
    """The facts of a picture or video.

    Raises:
        BadFile: it is something else, cut off, damaged, a bomb, or takes too long; the text says which.
    """
    async with _places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)):
        told = await _ask(file, seconds)
    try:
        answer = json.loads(told)
    except ValueError:
        raise BadFile(_UNREADABLE) from None
    if "refused" in answer:
        raise BadFile(str(answer["refused"]))
    return Facts(**answer["facts"])


async def _ask(file: Path, seconds: float) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-c",
        _CODE,
        str(file),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(),
    )
    try:
        async with asyncio.timeout(seconds):
            told, _ = await process.communicate()
    except TimeoutError:
        raise BadFile("the file takes too long to decode; make it shorter or smaller") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode or not told:
        raise BadFile(_UNREADABLE)
    return told


def _environment() -> dict[str, str]:
    """The same packages, and nothing of what the server was told, such as its keys."""
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"}
