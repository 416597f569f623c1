"""What the PostgreSQL store promises besides: rivals that meet at a lock, and connections that die."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

import anyio
import psycopg
import pytest
from sqlalchemy import make_url

from auth.records import Retried, Rotated, Unavailable, Unknown, digest
from auth.store import Store
from auth.store_postgres import PostgresStore
from tests.auth.stores import NOW, a_grant, family, open_store, rotate
from tests.databases import Postgres

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


async def test_a_token_that_became_good_after_its_claim_is_not_said_to_be_rotated(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await family(store, "ac")

    async def find_none(asked: object) -> None:
        return None

    assert isinstance(store, PostgresStore)
    monkeypatch.setattr(store._rotations, "ask", find_none)  # pyright: ignore[reportPrivateUsage]
    assert await rotate(store, "ac-1", "ac-2") == Unknown()
    monkeypatch.undo()
    assert await store.find_refresh(digest("ac-2")) is None
    assert isinstance(await rotate(store, "ac-1", "ac-2"), Rotated)


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


# A server that goes away


@contextmanager
def away(url: str) -> Generator[None]:
    """A time in which the server takes no connections, and has hung up on all."""
    server, name = Postgres(folder=Path()), str(make_url(url).database)
    server.order("alter database {} allow_connections false", name)
    try:
        server.disconnect(url)
        yield
    finally:
        server.order("alter database {} allow_connections true", name)


async def use_every_connection(store: Store) -> None:
    await asyncio.gather(*(store.find_grant("none") for _ in range(50)))


async def test_a_restart_of_the_server_goes_unnoticed(store_url: str, store: Store) -> None:
    await family(store, "ac")
    await use_every_connection(store)
    Postgres(folder=Path()).disconnect(store_url)
    assert isinstance(await rotate(store, "ac-1", "ac-2"), Rotated)
    await use_every_connection(store)
    Postgres(folder=Path()).disconnect(store_url)
    await asyncio.gather(*(family(store, f"ac{number}") for number in range(30)))


class Discouraged(logging.Handler):
    """Notices when the pool stops trying to connect."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.happened = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if "reconnection attempt" in record.getMessage():
            self.happened.set()


async def test_whoever_comes_while_the_server_is_away_waits_for_it(store_url: str) -> None:
    store = PostgresStore(store_url, patience_seconds=4, connections=1)
    await store.open()
    await family(store, "ac")
    discouraged = Discouraged()
    logging.getLogger("psycopg.pool").addHandler(discouraged)
    with away(store_url):
        waiting = [asyncio.create_task(rotate(store, "ac-1", f"candidate-{number}")) for number in range(20)]
        with anyio.fail_after(30):
            await discouraged.happened.wait()
    logging.getLogger("psycopg.pool").removeHandler(discouraged)
    outcomes = await asyncio.gather(*waiting)
    assert Counter(map(type, outcomes)) == {Rotated: 1, Retried: 19}
    await store.close()


async def test_after_a_long_absence_the_first_who_comes_is_served(store_url: str) -> None:
    store = PostgresStore(store_url, patience_seconds=2)
    await store.open()
    await use_every_connection(store)
    with away(store_url):
        for _ in range(2):
            with pytest.raises(Unavailable):
                await store.find_grant("none")
    assert await store.find_grant("none") is None
    await store.close()


async def hang_up_on_whoever_waits(url: str) -> None:
    await until_waiting(url, 1)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        query = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database()"
        await connection.execute(f"{query} AND wait_event_type = 'Lock'".encode())


@asynccontextmanager
async def locked(url: str) -> AsyncGenerator[None]:
    """A time in which nobody reads or writes grants."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute("LOCK TABLE auth_grant IN ACCESS EXCLUSIVE MODE")
        yield


async def test_a_question_is_asked_again_that_the_server_hung_up_on(store_url: str, store: Store) -> None:
    await family(store, "ac")
    async with locked(store_url):
        asking = asyncio.create_task(store.find_grant("grant-ac"))
        await hang_up_on_whoever_waits(store_url)
    assert await asking == a_grant("grant-ac")


async def test_a_change_is_never_made_twice(store_url: str, store: Store) -> None:
    await family(store, "ac")
    async with locked(store_url):
        changing = asyncio.create_task(rotate(store, "ac-1", "ac-2"))
        await hang_up_on_whoever_waits(store_url)
    with pytest.raises(Unavailable, match="cannot be used"):
        await changing
    assert isinstance(await rotate(store, "ac-1", "ac-3"), Rotated)


async def test_a_standby_is_unavailable_and_the_next_who_comes_connects_anew(store_url: str, store: Store) -> None:
    server, name = Postgres(folder=Path()), str(make_url(store_url).database)
    server.order("alter database {} set default_transaction_read_only to on", name)
    server.disconnect(store_url)
    await use_every_connection(store)
    # Sessions that are open keep the setting with which they began.
    server.order("alter database {} reset default_transaction_read_only", name)
    with pytest.raises(Unavailable, match="connect to the primary"):
        await store.create_grant(a_grant("g"))
    await store.create_grant(a_grant("g"))
    assert await store.find_grant("g") == a_grant("g")
