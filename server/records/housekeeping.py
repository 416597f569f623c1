"""Removes what is over from the records, now and then, for as long as the process runs."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from auth import background
from server.records import Records
from server.records.entries import Clock, RecordsUnavailable

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

EVERY_SECONDS = 300.0
BATCH = 500


@asynccontextmanager
async def kept(records: Records, *, clock: Clock) -> AsyncGenerator[Records]:
    """The records with somebody who tidies them up; closed at the end."""
    tidying = asyncio.create_task(tidy(records, clock=clock))
    try:
        yield records
    finally:
        await background.end(tidying)
        await records.close()


async def tidy(records: Records, *, clock: Clock, wait: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Every five minutes, if anything was kept at all; does not end."""
    while True:
        await wait(EVERY_SECONDS)
        try:
            while records.is_open and await records.prune(now=clock.now(), batch=BATCH) >= BATCH:
                await wait(0)
        except RecordsUnavailable as problem:
            logger.warning("what is over in the records cannot be removed: %s", problem)
