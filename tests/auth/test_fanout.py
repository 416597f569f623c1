"""Revocations through Redis reach another machine at once; a Redis that is away changes nothing but the delay."""

import asyncio
import os
from pathlib import Path

import pytest
import redis
from redis.exceptions import RedisError

from auth.authority import Authority
from auth.fanout import RedisFanout
from auth.tokens import TokenRefused
from tests.auth.authorities import MCP, file_url, serving
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio
SERVER = os.environ.get("SOCIALAPI_TEST_REDIS_URL", "redis://127.0.0.1:6379")


async def _refused(authority: Authority, token: str) -> None:
    while True:
        try:
            await authority.verify(token, MCP)
        except TokenRefused:
            return
        await asyncio.sleep(0.005)


async def test_another_machine_hears_of_a_revocation_without_reading_the_list_by_itself(
    tmp_path: Path, clock: HeldClock
) -> None:
    try:
        redis.Redis.from_url(SERVER, socket_connect_timeout=3).ping()
    except RedisError:
        pytest.skip("NO REDIS: set SOCIALAPI_TEST_REDIS_URL to run this")
    async with serving(file_url(tmp_path), clock) as here, serving(file_url(tmp_path), clock) as there:
        here.authority.fanout, there.authority.fanout = RedisFanout(SERVER), RedisFanout(SERVER)
        there.authority.fanout.listen(there.authority.read_denials)
        tokens = await here.tokens()
        claims = await there.authority.verify(tokens["access_token"], MCP)
        await there.authority.fanout.ready()
        await here.authority.revoke(claims.grant_id, because="operator")
        # Nothing else reads the list here: no background work runs in this test.
        async with asyncio.timeout(20):
            await _refused(there.authority, tokens["access_token"])


async def test_a_redis_that_is_away_delays_nothing(tmp_path: Path, clock: HeldClock) -> None:
    async with serving(file_url(tmp_path), clock) as served:
        served.authority.fanout = RedisFanout("redis://127.0.0.1:1")
        served.authority.fanout.listen(served.authority.read_denials)
        tokens = await served.tokens()
        claims = await served.authority.verify(tokens["access_token"], MCP)
        assert await served.authority.revoke(claims.grant_id, because="operator")
        with pytest.raises(TokenRefused):
            await served.authority.verify(tokens["access_token"], MCP)
