"""`make bench`: our server beside the bare SDK doing the same, medians of one run."""

import asyncio
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

HERE = Path(__file__).parent
COMMAND = [str(Path(sys.executable).with_name("socialapi-mcp"))]
BARE = [sys.executable, str(HERE / "bare.py")]
STARTS, LISTS, CALLS = 7, 15, 100
READY_SECONDS = 60
Call = tuple[str, dict[str, Any]]
READ: Call = ("list_brands", {})
WRITE: Call = ("mark_conversation_read", {"conversation_id": "conv_ig_1"})
NAMES = ("tools/list", "read call", "write call")


def environment(data: str) -> dict[str, str]:
    """None of the person's own settings: they may lead to the hosted API."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SOCIALAPI_")}
    return {**kept, "SOCIALAPI_DATA_DIR": data, "PYTHONPATH": str(HERE.parent)}


async def first_answer(command: list[str], data: str) -> float:
    """Milliseconds from spawning the process to its answer to `initialize`."""
    server = StdioServerParameters(command=command[0], args=command[1:], env=environment(data))
    start = time.perf_counter()
    async with Client(server, mode="legacy"):
        return (time.perf_counter() - start) * 1000


async def taken(work: Callable[[], Awaitable[Any]]) -> float:
    start = time.perf_counter()
    result = await work()
    assert not getattr(result, "is_error", False), result
    return (time.perf_counter() - start) * 1000


async def in_turn(mine: Callable[[], Awaitable[Any]], theirs: Callable[[], Awaitable[Any]], times: int) -> list[float]:
    """Median milliseconds of both, one after the other so that the machine's moods fall on both."""
    for work in (mine, theirs):
        await work()
    pairs = [(await taken(mine), await taken(theirs)) for _ in range(times)]
    return [statistics.median(column) for column in zip(*pairs, strict=True)]


async def compare(mine: Client, theirs: Client) -> list[list[float]]:
    return [
        await in_turn(mine.list_tools, theirs.list_tools, LISTS),
        await in_turn(lambda: mine.call_tool(*READ), lambda: theirs.call_tool(*READ), CALLS),
        await in_turn(lambda: mine.call_tool(*WRITE), lambda: theirs.call_tool(*WRITE), CALLS),
    ]


@asynccontextmanager
async def over_stdio(command: list[str], data: str) -> AsyncGenerator[Client]:
    server = StdioServerParameters(command=command[0], args=command[1:], env=environment(data))
    async with Client(server) as client:
        yield client


@asynccontextmanager
async def over_http(command: list[str], data: str, *, with_port: Callable[[int], list[str]]) -> AsyncGenerator[Client]:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([*command, *with_port(port)], env=environment(data), stdout=subprocess.DEVNULL)
    try:
        await ready(port, process)
        key = Path(data, "sample_key")
        headers = {"Authorization": f"Bearer {key.read_text().strip()}"} if key.exists() else {}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=http)) as client,
        ):
            yield client
    finally:
        process.terminate()
        process.wait()


async def ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise SystemExit("a server did not start")


async def main() -> None:
    rows: list[tuple[str, float, float]] = []
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        starts = [(await first_answer(COMMAND, one), await first_answer(BARE, two)) for _ in range(STARTS)]
        mine, theirs = (statistics.median(column) for column in zip(*starts, strict=True))
        rows.append(("stdio: spawn to first answer", mine, theirs))
        async with over_stdio(COMMAND, one) as ours, over_stdio(BARE, two) as bare:
            medians = await compare(ours, bare)
        rows += [(f"stdio: {name}", pair[0], pair[1]) for name, pair in zip(NAMES, medians, strict=True)]
        async with (
            over_http(COMMAND, one, with_port=lambda port: ["http", "--port", str(port)]) as ours,
            over_http(BARE, two, with_port=lambda port: [str(port)]) as bare,
        ):
            medians = await compare(ours, bare)
        rows += [(f"HTTP: {name}", pair[0], pair[1]) for name, pair in zip(NAMES, medians, strict=True)]
    cores, python = os.cpu_count(), platform.python_version()
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {cores} cores, Python {python}, mcp {version('mcp')}, medians in milliseconds\n"
    )
    print("| | ours | bare SDK | ratio |\n| --- | ---: | ---: | ---: |")
    for name, one_ms, two_ms in rows:
        print(f"| {name} | {one_ms:.1f} | {two_ms:.1f} | {one_ms / two_ms:.2f} |")


if __name__ == "__main__":
    asyncio.run(main())
