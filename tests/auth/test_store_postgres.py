"""What the PostgreSQL store promises besides: rivals that meet at a lock, and connections that die."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta

import anyio
import psycopg
import pytest

from auth.records import Retried, Rotated, Unknown, digest
from auth.store import Store
from tests.auth.stores import NOW, family, open_store, rotate

pytestmark = pytest.mark.anyio
SECOND = timedelta(seconds=1)


@pytest.fixture
def database() -> str:
    return "postgresql"


@pytest.fixture
async def rival(store_url: str) -> AsyncIterator[Store]:
    """Another process's store, as far as the database can tell."""
    opened = await open_store(store_url)
    yield opened
    await opened.close()


@asynccontextmanager
async def held(url: str, grant_id: str) -> AsyncGenerator[None]:
    """Keep the lock of a grant's row; whoever is waiting for it goes on at the end, in the order of arrival."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute("SELECT 1 FROM auth_grant WHERE grant_id = %s FOR UPDATE", [grant_id])
        yield


async def until_waiting(url: str, count: int) -> None:
    """Until so many sessions wait for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        with anyio.fail_after(30):
            while (await (await connection.execute(query)).fetchone()) != (count,):
                pass


async def in_turn(url: str, *steps: Coroutine[object, object, object]) -> list[object]:
    """What steps answer that all began before the first of them could end, and went on in their order."""
    async with held(url, "grant-ac"):
        tasks = list[asyncio.Task[object]]()
        for step in steps:
            tasks.append(asyncio.create_task(step))
            await until_waiting(url, len(tasks))
    return list(await asyncio.gather(*tasks))


async def test_of_two_rotations_that_both_found_the_token_unused_one_counts(
    store_url: str, store: Store, rival: Store
) -> None:
    await family(store, "ac")
    first, second = await in_turn(store_url, rotate(store, "ac-1", "first"), rotate(rival, "ac-1", "second"))
    assert isinstance(first, Rotated)
    assert isinstance(second, Retried) and second.sealed_successor == b"sealed first"
    assert await store.find_refresh(digest("second")) is None


async def test_a_revocation_wins_that_is_committed_after_a_rotation_began(
    store_url: str, store: Store, rival: Store
) -> None:
    await family(store, "ac")
    revoked, outcome = await in_turn(
        store_url, rival.revoke_grant("grant-ac", because="person", now=NOW), rotate(store, "ac-1", "ac-2")
    )
    assert (revoked, outcome) == (True, Unknown())
    assert await store.find_refresh(digest("ac-2")) is None
    found = await store.find_refresh(digest("ac-1"))
    assert found is not None and found[0].used_at is None


async def test_a_denial_that_is_committed_late_is_not_left_out(store_url: str, store: Store) -> None:
    statement = (
        b"INSERT INTO auth_denied (handle, expires_at, transaction_id)"
        b" VALUES ('slow', 9000000000000000, pg_current_xact_id()::text::bigint)"
    )
    async with await psycopg.AsyncConnection.connect(store_url) as slow:
        await slow.execute(statement)
        await store.deny("quick", expires_at=NOW + SECOND)
        first = await store.list_denied(0, now=NOW)
        assert [handle for handle, _ in first.handles] == ["quick"]
        await slow.commit()
    assert "slow" in [handle for handle, _ in (await store.list_denied(first.cursor, now=NOW)).handles]
