"""`make bench`: our server beside the bare SDK, medians of one run."""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

HERE = Path(__file__).parent
COMMAND = str(Path(sys.executable).with_name("socialapi-mcp"))
STARTS, CALLS = 7, 60
PORT, BARE_PORT = 18431, 18432
Call = tuple[str, dict[str, Any]]


async def timed(work: Callable[[], Awaitable[object]], times: int) -> float:
    """Median milliseconds of one call."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        await work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


async def first_answer(server: StdioServerParameters) -> None:
    async with Client(server, mode="legacy"):
        pass


async def measure(client: Client, read: Call, write: Call) -> list[float]:
    listing = await timed(lambda: client.list_tools(), 15)
    await client.call_tool(*read)
    return [
        listing,
        await timed(lambda: client.call_tool(*read), CALLS),
        await timed(lambda: client.call_tool(*write), CALLS),
    ]


async def main() -> None:
    echo: Call = ("echo", {"text": "hello"})
    read: Call = ("list_brands", {})
    write: Call = ("mark_conversation_read", {"conversation_id": "conv_ig_1"})
    rows: list[tuple[str, float, float]] = []
    with TemporaryDirectory() as data:
        environment = {**os.environ, "SOCIALAPI_DATA_DIR": data}
        ours = StdioServerParameters(command=COMMAND, env=environment)
        bare = StdioServerParameters(command=sys.executable, args=[str(HERE / "bare.py")])
        rows.append(
            (
                "stdio: spawn to first answer",
                await timed(lambda: first_answer(ours), STARTS),
                await timed(lambda: first_answer(bare), STARTS),
            )
        )
        names = ("tools/list", "read call", "write call")
        async with Client(ours) as mine, Client(bare) as theirs:
            mine_all, theirs_all = await measure(mine, read, write), await measure(theirs, echo, echo)
        rows += [(f"stdio: {name}", one, two) for name, one, two in zip(names, mine_all, theirs_all, strict=True)]
        key = (Path(data) / "sample_key").read_text().strip()
        servers = [
            subprocess.Popen([COMMAND, "http", "--port", str(PORT)], env=environment, stdout=subprocess.DEVNULL),
            subprocess.Popen([sys.executable, str(HERE / "bare.py"), str(BARE_PORT)]),
        ]
        try:
            await asyncio.sleep(8)
            headers = {"Authorization": f"Bearer {key}"}
            async with (
                httpx2.AsyncClient(headers=headers) as http,
                Client(streamable_http_client(f"http://127.0.0.1:{PORT}/mcp", http_client=http)) as mine,
                Client(streamable_http_client(f"http://127.0.0.1:{BARE_PORT}/mcp")) as theirs,
            ):
                mine_all, theirs_all = await measure(mine, read, write), await measure(theirs, echo, echo)
            rows += [(f"HTTP: {name}", one, two) for name, one, two in zip(names, mine_all, theirs_all, strict=True)]
        finally:
            for server in servers:
                server.terminate()
                server.wait()
    print(f"{'median milliseconds':32}{'ours':>10}{'bare SDK':>10}{'ratio':>8}")
    for name, one, two in rows:
        print(f"{name:32}{one:10.1f}{two:10.1f}{one / two:8.2f}")


if __name__ == "__main__":
    asyncio.run(main())
