"""What a write costs in records: claims settled a second, one after another and 16 at once, on both databases.

Run with `.venv/bin/python -P -m bench.records`, which needs PostgreSQL as the tests do.
"""

import asyncio
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

from server.records import Records, open_records
from server.settings import Settings
from tests.databases import Postgres

COUNT = 400


class Now:
    def now(self) -> datetime:
        return datetime.now(UTC)


async def pairs(records: Records, at_once: int) -> float:
    owner = uuid.uuid4().hex

    async def run(first: int) -> None:
        for number in range(first, COUNT, at_once):
            await records.claim(owner, str(number), tool="create_post", fingerprint="f", now=datetime.now(UTC))
            await records.settle(owner, str(number), outcome="{}", certain=True, now=datetime.now(UTC))

    started = time.perf_counter()
    await asyncio.gather(*map(run, range(at_once)))
    return COUNT / (time.perf_counter() - started)


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Postgres(folder=Path(folder)).empty() as url:
        file = Settings(data_dir=Path(folder))
        served = Settings(data_dir=Path(folder), database_url=url)
        kinds = {"SQLite file": (file, False), "memory": (file, True), "PostgreSQL": (served, False)}
        for kind, (settings, memory) in kinds.items():
            records = open_records(settings, memory=memory, clock=Now())
            started = time.perf_counter()
            await records.plan("nobody", "none")
            opened = time.perf_counter() - started
            row = [f"{await pairs(records, at_once):6.0f}/s {at_once:2} at once" for at_once in (1, 16)]
            used = time.process_time()
            await pairs(records, 1)
            cost = (time.process_time() - used) / COUNT * 1000
            sys.stdout.write(f"{kind:12} {row[0]}, {row[1]}, {cost:.2f} ms of processor, opened in {opened:.2f} s\n")
            await records.close()


asyncio.run(main())
