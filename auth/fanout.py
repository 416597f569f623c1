"""Tells the other machines at once what was revoked, through Redis; without it they read the deny list each second.

A message is a hint only: whoever misses one, or has no Redis, learns the same from the database.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from auth import background

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

CHANNEL = "socialapi:denied"
_PAUSE_SECONDS = 5.0


class RedisFanout:
    """Publishes that there is something new on the deny list, and reads the list when others publish."""

    def __init__(self, url: str) -> None:
        """`url` is redis://, rediss:// or unix://.

        Raises:
            ValueError: no such address, or the extra `redis` is not installed.
        """
        try:
            from redis.asyncio import Redis
        except ImportError:
            raise ValueError("fan-out needs a package that is missing: install socialapi-mcp[redis]") from None
        self._redis: Any = Redis.from_url(url, socket_connect_timeout=2)
        self._listening: asyncio.Task[None] | None = None
        self._is_ready = asyncio.Event()

    def listen(self, read_denials: Callable[[], Awaitable[None]]) -> None:
        """Read the deny list whenever somebody says that there is something new."""
        self._listening = asyncio.create_task(self._listen(read_denials))

    async def ready(self) -> None:
        """Wait until messages are heard."""
        await self._is_ready.wait()

    async def announce(self) -> None:
        """Say that there is something new; a Redis that is away is left alone."""
        from redis.exceptions import RedisError

        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(1):
                await self._redis.publish(CHANNEL, json.dumps({"new": True}))

    async def close(self) -> None:
        """Stop listening and return the connections."""
        if self._listening is not None:
            await background.end(self._listening)
        await self._redis.aclose()

    async def _listen(self, read_denials: Callable[[], Awaitable[None]]) -> None:
        from redis.exceptions import RedisError

        is_away = False
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(CHANNEL)
                    self._is_ready.set()
                    is_away = False
                    async for message in channel.listen():
                        if message["type"] == "message":
                            await read_denials()
            except (RedisError, OSError) as problem:
                if not is_away:
                    name = type(problem).__name__
                    logger.warning("Redis cannot be used (%s): revocations are read each second", name)
                is_away = True
            except Exception:
                logger.exception("a revocation could not be read")
            await asyncio.sleep(_PAUSE_SECONDS)
