"""Processes that want the same thing at the same moment, and one that is killed; on both databases."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from auth.records import Retried, Rotated, digest
from auth.store import Store
from tests.auth.stores import a_code, family, rotate

pytestmark = pytest.mark.anyio
ROUNDS = int(os.environ.get("SOCIALAPI_RACE_ROUNDS", "20"))
"""A thousand and more to be sure; a few to notice that something broke."""
EACH = 25
"""Attempts of each of two processes."""
CHAINS = 8
LOAD = 100
"""Rotations before a kill, and of another process after it."""


@asynccontextmanager
async def process(*arguments: str) -> AsyncGenerator[Process]:
    """Another process of `racers`; killed at the end."""
    command = [sys.executable, "-m", "tests.auth.racers", *arguments]
    started = await asyncio.create_subprocess_exec(*command, cwd=Path(__file__).parents[2], stdin=PIPE, stdout=PIPE)
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


async def line(of: Process) -> str:
    assert of.stdout
    with anyio.fail_after(60):
        text = await of.stdout.readline()
    return text.decode()


async def at_once(task: str, target: str, racers: list[Process]) -> list[tuple[str, str]]:
    """The outcomes of all attempts of all racers: kind, and successor."""
    for racer in racers:
        assert racer.stdin
        racer.stdin.write(f"{task} {target}\n".encode())
    answers = await asyncio.gather(*map(line, racers))
    return [(str(kind), str(successor)) for answer in answers for kind, successor in json.loads(answer)]


async def test_two_processes_redeem_a_code_once_and_rotate_a_token_once(store_url: str, store: Store) -> None:
    count = str(EACH)
    async with process("race", store_url, "a", count) as one, process("race", store_url, "b", count) as two:
        racers = [one, two]
        assert [await line(racer) for racer in racers] == ["ready\n"] * 2
        for number in range(ROUNDS):
            await store.save_code(a_code(f"contested{number}"))
            redemptions = await at_once("redeem", f"contested{number}", racers)
            assert Counter(kind for kind, _ in redemptions) == {"Redeemed": 1, "Replayed": 2 * EACH - 1}
            token = await family(store, f"ac{number}")
            rotations = await at_once("rotate", token, racers)
            assert Counter(kind for kind, _ in rotations) == {"Rotated": 1, "Retried": 2 * EACH - 1}
            (successor,) = {successor for _, successor in rotations}
            assert isinstance(await rotate(store, successor, f"next{number}"), Rotated)


async def test_a_killed_process_loses_no_acknowledged_rotation_and_disturbs_no_other(
    store_url: str, store: Store
) -> None:
    names = {who: [f"{who}{number}" for number in range(CHAINS)] for who in ("lasting", "killed")}
    for name in (name for each in names.values() for name in each):
        await family(store, name)
    acknowledged = list[str]()
    arrived = asyncio.Event()

    async def drain(of: Process) -> None:
        assert of.stdout
        async for text in of.stdout:
            # The last one may be cut off by the kill.
            acknowledged.extend([text.decode()] * text.endswith(b"\n"))
            arrived.set()

    async def until(count: int, who: str) -> None:
        with anyio.fail_after(60):
            while sum(text.startswith(who) for text in acknowledged) < count:
                arrived.clear()
                await arrived.wait()

    async with process("refresh", store_url, *names["lasting"]) as survivor, asyncio.TaskGroup() as reading:
        reading.create_task(drain(survivor))
        async with process("refresh", store_url, *names["killed"]) as victim:
            draining = reading.create_task(drain(victim))
            await until(LOAD, "lasting")
            await until(LOAD, "killed")
            victim.kill()
            await draining
        await until(sum(text.startswith("lasting") for text in acknowledged) + LOAD, "lasting")
        survivor.kill()
    tokens = ["-".join(text.split()) for text in acknowledged]
    found = await asyncio.gather(*(store.find_refresh(digest(token)) for token in tokens))
    assert [token for token, kept in zip(tokens, found, strict=True) if kept is None] == []
    for name in (name for each in names.values() for name in each):
        newest = max(int(text.split()[1]) for text in acknowledged if text.split()[0] == name)
        # It may have been rotated without an acknowledgement: then the grace hands out its successor.
        assert isinstance(await rotate(store, f"{name}-{newest}", f"{name}-end"), Rotated | Retried)
