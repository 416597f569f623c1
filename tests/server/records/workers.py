"""The work of another process: races at a word of command, and a plan until it is killed."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from server.records import Records, open_records
from server.records.entries import SettledState
from server.settings import Settings

START = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
"""As the tests' own clock has it, which costs seconds to import."""
LEASE_SECONDS = 30


@dataclass
class Clock:
    present: datetime

    def now(self) -> datetime:
        return self.present


async def race(records: Records, now: datetime, count: int) -> None:
    """For each line `TASK OWNER` do it many times at once; answer a line with the states."""

    async def claim(owner: str) -> str:
        return (await records.claim(owner, "key", tool="t", fingerprint="f", now=now)).state

    async def use(owner: str) -> str:
        return (await records.use_handle(owner, "post", "h", now=now)).state

    async def take(owner: str) -> str:
        return "none" if await records.take_approval(owner, "d", now=now) is None else "taken"

    async def decide(owner: str) -> str:
        return str(await records.decide_approval(owner, approved=True, by="a", now=now))

    async def start(owner: str) -> str:
        return await records.start_plan(owner, "pln", now=now, lease_seconds=LEASE_SECONDS)

    tasks: dict[str, Callable[[str], Awaitable[str]]] = {
        "claim": claim,
        "use": use,
        "take": take,
        "decide": decide,
        "start": start,
    }
    await records.plan("nobody", "pln")
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        task, owner = line.split()
        print(json.dumps(await asyncio.gather(*(tasks[task](owner) for _ in range(count)))), flush=True)


async def run_plan(records: Records, now: datetime, owner: str, effects: Path) -> None:
    """Run a plan as a careful caller does: each item through the ledger, its effect a line in a file."""
    print(await records.start_plan(owner, "pln", now=now, lease_seconds=LEASE_SECONDS), flush=True)
    while batch := await records.next_items(owner, "pln", limit=10):
        for item in batch:
            key = f"pln:{item.number}"
            claim = await records.claim(owner, key, tool="t", fingerprint=item.arguments, now=now)
            if claim.state == "new":
                await records.sending(owner, key, now=now)
                with effects.open("a", encoding="utf-8") as file:
                    file.write(f"{item.number}\n")
                await records.settle(owner, key, outcome="done", certain=True, now=now)
            state: SettledState = "done" if claim.state in {"new", "done"} else "unknown"
            await records.settle_item(
                owner, "pln", item.number, outcome=f"{os.getpid()} {claim.state}", state=state, now=now
            )
            print(item.number, flush=True)
    await records.finish_plan(owner, "pln", state="done", now=now)


async def hold(records: Records, now: datetime, owner: str) -> None:
    """Claim two keys, send for one of them, and never come back."""
    for key in ("sent", "unsent"):
        await records.claim(owner, key, tool="t", fingerprint="f", now=now)
    await records.sending(owner, "sent", now=now)
    print("holding", flush=True)
    await asyncio.to_thread(sys.stdin.readline)


async def main(task: str, folder: str, url: str, seconds: str, *arguments: str) -> None:
    clock = Clock(START + timedelta(seconds=float(seconds)))
    records = open_records(Settings(data_dir=Path(folder), database_url=url or None), clock=clock)
    if task == "race":
        await race(records, clock.now(), int(arguments[0]))
    elif task == "run_plan":
        await run_plan(records, clock.now(), arguments[0], Path(arguments[1]))
    else:
        await hold(records, clock.now(), arguments[0])
    await records.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
