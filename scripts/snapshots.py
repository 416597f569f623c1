"""Writes one file for each tool as a client receives it, so that a change of what assistants see shows in review."""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Literal

import httpx2
from mcp import Client

from server.dispatch import build_server
from server.mode import Mode
from tools.rest import RestClient
from tools.surfaces import named

FOLDER = Path(__file__).parents[1] / "tests" / "snapshots" / "tools"
Era = Literal["legacy", "auto"]


async def snapshots(mode: Era = "auto") -> dict[str, str]:
    """File name → text, for every tool that a client of one protocol era is shown."""
    everything = Mode(toolsets=(named("all"),))
    # Nothing listens there: without the accounts, no platform's tools are hidden.
    async with httpx2.AsyncClient(base_url="http://127.0.0.1:9") as http:
        server = build_server(RestClient(http=http), everything)
        async with Client(server, mode=mode) as client:
            tools = (await client.list_tools()).tools
    return {
        f"{tool.name}.json": json.dumps(
            tool.model_dump(mode="json", by_alias=True, exclude_none=True), indent=2, ensure_ascii=False, sort_keys=True
        )
        + "\n"
        for tool in tools
    }


def stale(wanted: dict[str, str]) -> list[str]:
    """The names of files that differ, are missing, or belong to no tool any more."""
    found = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def main() -> int:
    """Write them, or with --check say which are not up to date and exit 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check: bool = parser.parse_args().check
    wanted = asyncio.run(snapshots())
    changed = stale(wanted)
    if check:
        for name in changed:
            print(f"{name} is not what a client receives; run make generate and look at the difference")
        return 1 if changed else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in changed:
        if name in wanted:
            (FOLDER / name).write_text(wanted[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
