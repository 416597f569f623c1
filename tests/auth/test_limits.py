"""Token buckets behave alike wherever they are counted; Redis may go away; whoever guesses waits."""

import asyncio
import logging
import os
import random
import shutil
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from redis.exceptions import RedisError

from auth.limits import LIMITS, Buckets, Limit, Lockout, MemoryBuckets, RedisBuckets, StoreBuckets, hit_limit, source
from auth.migrations.run import upgrade
from auth.records import Hit
from auth.store_sqlite import SqliteStore
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio
SERVER = os.environ.get("SOCIALAPI_TEST_REDIS_URL", "redis://127.0.0.1:6379")
MINUTE = timedelta(minutes=1)
YES = Hit(is_allowed=True, retry_after_seconds=0)


def no(seconds: float) -> Hit:
    return Hit(is_allowed=False, retry_after_seconds=seconds)


@pytest.fixture
async def in_memory(clock: HeldClock) -> Buckets:
    return MemoryBuckets(clock.now)


@pytest.fixture
async def in_store(clock: HeldClock, tmp_path: Path) -> AsyncIterator[Buckets]:
    upgrade(f"sqlite:///{tmp_path}/auth.sqlite")
    store = SqliteStore(tmp_path / "auth.sqlite")
    yield StoreBuckets(store, clock.now)
    await store.close()


@pytest.fixture
async def in_redis(clock: HeldClock) -> AsyncIterator[Buckets]:
    try:
        redis.Redis.from_url(SERVER, socket_connect_timeout=3).ping()
    except RedisError:
        pytest.skip("NO REDIS: set SOCIALAPI_TEST_REDIS_URL to run this")
    buckets = RedisBuckets(SERVER, clock.now)
    yield buckets
    await buckets.close()


@pytest.fixture(params=["in_memory", "in_store", "in_redis"])
def buckets(request: pytest.FixtureRequest) -> Buckets:
    found: Buckets = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def name() -> str:
    """Nobody else's, as the Redis server may be in use."""
    return uuid.uuid4().hex


# What all promise


async def test_a_burst_is_allowed_and_the_rest_is_told_when(buckets: Buckets, name: str) -> None:
    hits = [await buckets.hit(name, capacity=3, per=MINUTE) for _ in range(5)]
    assert hits == [YES, YES, YES, no(20), no(20)]


async def test_one_comes_back_when_it_was_said_and_not_a_microsecond_before(
    buckets: Buckets, name: str, clock: HeldClock
) -> None:
    for _ in range(3):
        await buckets.hit(name, capacity=3, per=MINUTE)
    clock.advance(seconds=20, microseconds=-1)
    assert await buckets.hit(name, capacity=3, per=MINUTE) == no(1e-6)
    clock.advance(microseconds=1)
    hits = [await buckets.hit(name, capacity=3, per=MINUTE) for _ in range(2)]
    assert hits == [YES, no(20)]


async def test_a_bucket_never_holds_more_than_its_capacity(buckets: Buckets, name: str, clock: HeldClock) -> None:
    await buckets.hit(name, capacity=2, per=MINUTE)
    clock.advance(days=400)
    assert [await buckets.hit(name, capacity=2, per=MINUTE) for _ in range(3)] == [YES, YES, no(30)]


async def test_names_are_counted_apart(buckets: Buckets, name: str) -> None:
    assert await buckets.hit(f"{name}-1", capacity=1, per=MINUTE) == YES
    assert await buckets.hit(f"{name}-2", capacity=1, per=MINUTE) == YES
    assert await buckets.hit(f"{name}-1", capacity=1, per=MINUTE) == no(60)


async def test_hits_at_once_are_counted_exactly(buckets: Buckets, name: str) -> None:
    hits = await asyncio.gather(*(buckets.hit(name, capacity=30, per=MINUTE) for _ in range(80)))
    assert sum(hit.is_allowed for hit in hits) == 30


async def test_wherever_it_is_counted_the_answers_are_the_same(
    in_memory: Buckets, in_store: Buckets, in_redis: Buckets, name: str, clock: HeldClock
) -> None:
    chance = random.Random(7)
    seen = set[bool]()
    for _ in range(300):
        clock.advance(microseconds=chance.choice([0, 1, 999_999, 7_000_003, 61_000_000]))
        hits = [await each.hit(name, capacity=7, per=MINUTE) for each in (in_memory, in_store, in_redis)]
        assert hits == [hits[0]] * 3
        seen.add(hits[0].is_allowed)
    assert seen == {True, False}


# The figures


async def test_a_limit_counts_for_each_by_itself(in_memory: Buckets) -> None:
    assert [await hit_limit(in_memory, "sign_in_request", "r1") for _ in range(5)] == [YES] * 5
    assert not (await hit_limit(in_memory, "sign_in_request", "r1")).is_allowed
    assert await hit_limit(in_memory, "sign_in_request", "r2") == YES
    assert await hit_limit(in_memory, "token_client", "r1") == YES


async def test_a_request_has_five_tries_in_all_its_life(in_memory: Buckets, clock: HeldClock) -> None:
    allowed = 0
    for _ in range(60):
        allowed += (await hit_limit(in_memory, "sign_in_request", "r")).is_allowed
        clock.advance(seconds=10)
    assert allowed == 5


async def test_the_figures_are_those_of_the_plan() -> None:
    assert {name: (limit.capacity, limit.per.total_seconds()) for name, limit in LIMITS.items()} == {
        "register_address": (10, 3600),
        "register_global": (1000, 86_400),
        "authorize_address": (60, 60),
        "document_address": (30, 60),
        "document_host": (10, 60),
        "token_address": (3000, 60),
        "token_client": (120, 60),
        "sign_in_address": (10, 600),
        "sign_in_request": (5, 86_400),
        "introspect_client": (600, 60),
    }


async def test_what_a_client_sends_is_in_no_name() -> None:
    class Listener:
        async def hit(self, name: str, *, capacity: int, per: timedelta) -> Hit:
            heard.append((name, Limit(capacity, per)))
            return YES

    heard: list[tuple[str, Limit]] = []
    await hit_limit(Listener(), "token_client", "https://client.example/" + "x" * 5000, "192.0.2.1")
    ((name, limit),) = heard
    assert limit == LIMITS["token_client"]
    assert name.startswith("token_client:") and len(name) < 60 and "192.0.2.1" not in name


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("fe80::1%eth0", "fe80::"),
        ("somewhere", "unknown"),
        ("", "unknown"),
    ],
)
async def test_an_ipv6_address_counts_for_its_subscriber(address: str, counted: str) -> None:
    assert source(address) == counted


async def test_more_than_one_in_a_microsecond_is_no_limit(in_memory: Buckets, name: str) -> None:
    with pytest.raises(ValueError, match="microsecond"):
        await in_memory.hit(name, capacity=2, per=timedelta(microseconds=1))


# Memory


async def test_a_flood_of_names_is_forgotten_before_the_bucket_that_is_used_most(clock: HeldClock) -> None:
    buckets = MemoryBuckets(clock.now, names=100)
    assert [await buckets.hit("guesser", capacity=3, per=MINUTE) for _ in range(3)] == [YES] * 3
    for number in range(1000):
        assert await buckets.hit(f"flood-{number}", capacity=3, per=MINUTE) == YES
    assert await buckets.hit("guesser", capacity=3, per=MINUTE) == no(20)
    # The first of the flood is forgotten: it has its whole burst again.
    assert [await buckets.hit("flood-0", capacity=3, per=MINUTE) for _ in range(3)] == [YES] * 3


# Redis


@contextmanager
def a_redis(folder: Path) -> Generator[str]:
    """A server of one's own, to be killed."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("NO redis-server TO START: install one to run this")
    socket = folder / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
    server = subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        assert any("Ready to accept" in line or "ready to accept" in line for line in server.stdout)
        yield f"unix://{socket}"
    finally:
        server.kill()
        server.communicate()
        socket.unlink(missing_ok=True)


async def test_processes_count_together_in_redis(in_redis: Buckets, name: str, clock: HeldClock) -> None:
    other = RedisBuckets(SERVER, clock.now)
    hits = await asyncio.gather(
        *(each.hit(name, capacity=10, per=MINUTE) for each in (in_redis, other) for _ in range(20))
    )
    assert sum(hit.is_allowed for hit in hits) == 10
    await other.close()


async def test_a_bucket_leaves_redis_when_it_is_full(in_redis: Buckets, name: str) -> None:
    await in_redis.hit(name, capacity=6, per=MINUTE)
    kept = redis.Redis.from_url(SERVER).pttl(f"socialapi:bucket:{name}")
    assert isinstance(kept, int) and 0 < kept <= 10_000


async def test_without_redis_each_process_counts_and_says_so_once_a_minute(
    tmp_path: Path, clock: HeldClock, caplog: pytest.LogCaptureFixture
) -> None:
    buckets = RedisBuckets(f"unix://:hunter2@{tmp_path}/none.sock", clock.now)
    with caplog.at_level(logging.WARNING):
        hits = list[Hit]()
        for _ in range(13):
            hits.append(await buckets.hit("b", capacity=5, per=timedelta(hours=1)))
            clock.advance(seconds=5)
    assert [hit.is_allowed for hit in hits] == [True] * 5 + [False] * 8
    assert [record.getMessage() for record in caplog.records] == [
        "Redis cannot be used (ConnectionError): limits are counted in this process until it is back"
    ] * 2
    assert "hunter2" not in caplog.text
    await buckets.close()


async def test_redis_is_left_alone_for_a_while_and_used_again_when_it_is_back(tmp_path: Path, clock: HeldClock) -> None:
    buckets = RedisBuckets(f"unix://{tmp_path}/redis.sock", clock.now)
    assert await buckets.hit("b", capacity=1, per=MINUTE) == YES
    with a_redis(tmp_path) as url:
        clock.advance(seconds=4)
        # Asking it would have allowed a first one.
        assert await buckets.hit("b", capacity=1, per=MINUTE) == no(56)
        clock.advance(seconds=1)
        assert await buckets.hit("b", capacity=1, per=MINUTE) == YES
        other = RedisBuckets(url, clock.now)
        assert await other.hit("b", capacity=1, per=MINUTE) == no(60)
        await other.close()
    await buckets.close()


async def test_a_restart_of_redis_goes_unnoticed(
    tmp_path: Path, clock: HeldClock, caplog: pytest.LogCaptureFixture
) -> None:
    buckets = RedisBuckets(f"unix://{tmp_path}/redis.sock", clock.now)
    with a_redis(tmp_path):
        assert await buckets.hit("b", capacity=1, per=MINUTE) == YES
    with a_redis(tmp_path) as url:
        # It forgot the script and the bucket; the connection is dead.
        assert await buckets.hit("b", capacity=1, per=MINUTE) == YES
        assert redis.Redis.from_url(url).exists("socialapi:bucket:b") == 1
    assert caplog.records == []
    await buckets.close()


@pytest.mark.parametrize("url", ["http://host", "redis://:secret@host:port", "secret"])
async def test_an_address_that_is_none_of_redis_is_refused_without_being_quoted(url: str, clock: HeldClock) -> None:
    with pytest.raises(ValueError, match="must be redis://") as refusal:
        RedisBuckets(url, clock.now)
    assert "secret" not in str(refusal.value)


async def test_without_the_extra_the_refusal_says_what_to_install(
    clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(ValueError, match=r"install socialapi-mcp\[redis\]"):
        RedisBuckets(SERVER, clock.now)


# The lockout


@pytest.fixture
def lockout(clock: HeldClock) -> Lockout:
    return Lockout(clock.now)


def guess(lockout: Lockout, *whose: str) -> float:
    """Fail, and the seconds to wait after it."""
    lockout.fail(*whose)
    return lockout.check(*whose).retry_after_seconds


async def test_from_the_fifth_failure_on_the_wait_doubles_up_to_a_quarter_of_an_hour(lockout: Lockout) -> None:
    waits = [guess(lockout, "client", "192.0.2.1") for _ in range(100)]
    assert waits[:8] == [0, 0, 0, 0, 1, 2, 4, 8]
    assert waits[13:16] == [512, 900, 900] and waits[-1] == 900


async def test_a_wait_ends_when_it_was_said_and_counts_on(lockout: Lockout, clock: HeldClock) -> None:
    for _ in range(5):
        lockout.fail("client", "192.0.2.1")
    clock.advance(milliseconds=999)
    assert lockout.check("client", "192.0.2.1") == no(0.001)
    clock.advance(milliseconds=1)
    assert lockout.check("client", "192.0.2.1") == YES
    assert guess(lockout, "client", "192.0.2.1") == 2


async def test_nobody_is_locked_out_by_another_address_or_for_another_client(lockout: Lockout) -> None:
    for _ in range(50):
        lockout.fail("client", "192.0.2.1")
    assert lockout.check("client", "192.0.2.2") == YES
    assert lockout.check("other", "192.0.2.1") == YES
    assert lockout.check("client", "192.0.2.1") == no(900)


async def test_success_and_time_forgive(lockout: Lockout, clock: HeldClock) -> None:
    for _ in range(5):
        lockout.fail("a")
        lockout.fail("b")
    lockout.succeed("a")
    assert guess(lockout, "a") == 0
    clock.advance(seconds=1 + 15 * 60 - 1)
    assert guess(lockout, "b") == 2
    clock.advance(seconds=2 + 15 * 60)
    assert guess(lockout, "b") == 0


async def test_a_lockout_keeps_a_bounded_number_of_names(clock: HeldClock) -> None:
    lockout = Lockout(clock.now, names=10, free=1)
    for number in range(11):
        lockout.fail(str(number))
    waits = [lockout.check(str(number)).retry_after_seconds for number in range(11)]
    assert waits == [0] + [1] * 10
