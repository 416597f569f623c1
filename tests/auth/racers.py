"""The work of another process: races at a word of command, or refreshing until it is killed."""

import asyncio
import json
import sys

from auth.records import Retried, Rotated, Unavailable
from auth.store import Store
from tests.auth.stores import open_store, redeem, rotate


async def race(store: Store, name: str, count: int) -> None:
    """For each line `redeem CODE` or `rotate TOKEN` do it many times at once; answer a line with the outcomes."""
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        task, target = line.split()

        async def attempt(number: int, task: str = task, target: str = target) -> tuple[str, str]:
            candidate = f"{target}-{name}-{number}"
            try:
                outcome = await (redeem(store, target) if task == "redeem" else rotate(store, target, candidate))
            except Unavailable as error:
                return "Unavailable", str(error)
            if isinstance(outcome, Retried):
                return "Retried", outcome.sealed_successor.decode().removeprefix("sealed ")
            return type(outcome).__name__, candidate

        print(json.dumps(await asyncio.gather(*map(attempt, range(count)))), flush=True)


async def refresh(store: Store, names: list[str]) -> None:
    """Rotate in chains; print each token only once its rotation was acknowledged."""

    async def chain(name: str) -> None:
        for generation in range(1, sys.maxsize):
            outcome = await rotate(store, f"{name}-{generation}", f"{name}-{generation + 1}")
            assert isinstance(outcome, Rotated)
            print(name, generation + 1, flush=True)

    await asyncio.gather(*map(chain, names))


async def main(task: str, url: str, *arguments: str) -> None:
    store = await open_store(url)
    if task == "race":
        await race(store, arguments[0], int(arguments[1]))
    else:
        await refresh(store, list(arguments))
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
