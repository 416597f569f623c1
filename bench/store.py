"""`.venv/bin/python bench/store.py`: refresh token rotations on both stores, one after another and 32 at once.

PostgreSQL through SOCIALAPI_TEST_POSTGRES_URL, as in the tests; without a server its rows are left out.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

# The records and the server's address are the tests'.
sys.path.insert(0, str(Path(__file__).parents[1]))

from auth.migrations.run import upgrade
from auth.records import Rotated
from auth.store import Store
from tests.auth.stores import family, open_store, rotate
from tests.databases import Postgres, is_there

SECONDS, ROUNDS = 2.0, 3


async def chain(store: Store, name: str, end: float, taken: list[float]) -> None:
    """Rotate one family until the time is up."""
    token = await family(store, name)
    while (start := time.perf_counter()) < end:
        following = f"{name}-{start}"
        assert isinstance(await rotate(store, token, following), Rotated)
        taken.append(time.perf_counter() - start)
        token = following


async def measure(url: str, families: int) -> tuple[float, float]:
    """Rotations per second, and the median in microseconds; the median round of three."""
    store = await open_store(url)
    rounds = []
    for number in range(ROUNDS):
        taken: list[float] = []
        start = time.perf_counter()
        await asyncio.gather(
            *(chain(store, f"{families}-{number}-{index}", start + SECONDS, taken) for index in range(families))
        )
        rounds.append((len(taken) / (time.perf_counter() - start), statistics.median(taken) * 1e6))
    await store.close()
    return sorted(rounds)[ROUNDS // 2]


@contextmanager
def databases() -> Generator[dict[str, str]]:
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        files = {"SQLite, synchronous=FULL": f"sqlite:///{folder}/auth.sqlite"}
        if not is_there():
            print("NO POSTGRESQL: set SOCIALAPI_TEST_POSTGRES_URL to measure it")
            yield files
            return
        with Postgres(folder=Path(folder)).empty() as url:
            yield {**files, "PostgreSQL": url}


def main() -> None:
    print(f"{'store':26} {'at once':>8} {'rotations/s':>12} {'median µs':>10}")
    with databases() as found:
        for name, url in found.items():
            upgrade(url)
            for families in (1, 32):
                rate, median = asyncio.run(measure(url, families))
                print(f"{name:26} {families:8} {rate:12.0f} {median:10.0f}")


if __name__ == "__main__":
    main()
