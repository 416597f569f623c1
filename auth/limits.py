"""How often anybody may ask for what costs something: token buckets in the store, in memory or in Redis, and a lockout.

A bucket is one number, the moment at which it will be full again (GCRA), in whole microseconds, which cannot drift.
"""

import hashlib
import heapq
import ipaddress
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from auth.records import Hit
from auth.store import Store
from auth.store_rows import stamp

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

Clock = Callable[[], datetime]

_MICROSECOND = timedelta(microseconds=1)
_NAMES = 100_000
_REDIS_CONNECTIONS = 16
_REDIS_SECONDS = 0.5
"""A limit must not keep anybody waiting for longer."""
_REDIS_PAUSE = timedelta(seconds=5)
"""How long a Redis that is away is left alone."""
_REMIND = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many at once, and as many again in each `per`."""

    capacity: int
    per: timedelta


LIMITS: Mapping[str, Limit] = {
    "register_address": Limit(10, timedelta(hours=1)),
    "register_global": Limit(1000, timedelta(days=1)),
    "authorize_address": Limit(60, timedelta(minutes=1)),
    "document_address": Limit(30, timedelta(minutes=1)),
    "document_host": Limit(10, timedelta(minutes=1)),
    "token_address": Limit(3000, timedelta(minutes=1)),
    "token_client": Limit(120, timedelta(minutes=1)),
    "sign_in_address": Limit(10, timedelta(minutes=10)),
    # A request lives for minutes: with a day to fill up again there are five tries in all.
    "sign_in_request": Limit(5, timedelta(days=1)),
    "introspect_client": Limit(600, timedelta(minutes=1)),
}
"""By what is limited, and whose: `_client` counts by client id and address together, `_global` counts everybody's."""


class Buckets(Protocol):
    """Somewhere to count."""

    async def hit(self, name: str, *, capacity: int, per: timedelta) -> Hit:
        """Take one token from a bucket of `capacity` that fills once in `per`; a refused hit takes nothing."""
        ...


async def hit_limit(buckets: Buckets, limit: str, *whose: str) -> Hit:
    """Count against one of `LIMITS` for an address (see `source`), client id, host or request.

    What clients send is in the bucket's name as a digest only, so it is short and tells nobody's address.
    """
    figures = LIMITS[limit]
    return await buckets.hit(f"{limit}:{_digest(whose)}", capacity=figures.capacity, per=figures.per)


@lru_cache(maxsize=4096)
def source(address: str) -> str:
    """What of an IP address is counted: of IPv6 the /64, as that is what one subscriber has (RFC 6177 §2)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)).network_address)
        parsed = parsed.ipv4_mapped
    return str(parsed)


class StoreBuckets:
    """Counted in the database, so among all processes that share it; raises Unavailable when that is away."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def hit(self, name: str, *, capacity: int, per: timedelta) -> Hit:
        return await self._store.hit_bucket(name, capacity=capacity, per=per, now=self._clock())


class MemoryBuckets:
    """Counted in this process alone."""

    def __init__(self, clock: Clock, *, names: int = _NAMES) -> None:
        """`names` bounds the memory: beyond it, the buckets are forgotten that are nearest to full."""
        self._clock = clock
        self._names = names
        self._full_at: dict[str, int] = {}

    async def hit(self, name: str, *, capacity: int, per: timedelta) -> Hit:
        now, each = stamp(self._clock()), _each(capacity, per)
        full_at = max(self._full_at.get(name, now), now) + each
        wait = full_at - each * capacity - now
        if wait > 0:
            return Hit(is_allowed=False, retry_after_seconds=wait / 1e6)
        self._full_at[name] = full_at
        if len(self._full_at) > self._names:
            self._forget()
        return Hit(is_allowed=True, retry_after_seconds=0)

    def _forget(self) -> None:
        # A tenth at once, so that a flood of names does not sort all of them for each.
        spare = len(self._full_at) - self._names + self._names // 10
        for name in heapq.nsmallest(spare, self._full_at, key=self._full_at.__getitem__):
            del self._full_at[name]


class RedisBuckets:
    """Counted in Redis, or Valkey, for all machines; in this process's memory while that is away."""

    def __init__(self, url: str, clock: Clock) -> None:
        """`url` is redis://, rediss:// or unix://. Connects when it is first needed.

        Raises:
            ValueError: no such address, or the extra `redis` is not installed.
        """
        self._clock = clock
        self._memory = MemoryBuckets(clock)
        self._redis = _connect(url)
        self._script = self._redis.register_script(_SCRIPT)
        self._asks_again_at = self._warns_again_at = datetime.min.replace(tzinfo=UTC)

    async def hit(self, name: str, *, capacity: int, per: timedelta) -> Hit:
        from redis.exceptions import RedisError

        now, each = self._clock(), _each(capacity, per)
        if now >= self._asks_again_at:
            try:
                wait = int(await self._script([f"socialapi:bucket:{name}"], [stamp(now), each, each * capacity]))
            except (RedisError, OSError) as error:
                self._leave_alone(now, type(error).__name__)
            else:
                return Hit(is_allowed=wait == 0, retry_after_seconds=wait / 1e6)
        return await self._memory.hit(name, capacity=capacity, per=per)

    async def close(self) -> None:
        """Return the connections."""
        await self._redis.aclose(close_connection_pool=True)

    def _leave_alone(self, now: datetime, why: str) -> None:
        self._asks_again_at = now + _REDIS_PAUSE
        if now >= self._warns_again_at:
            self._warns_again_at = now + _REMIND
            # The driver's text may quote the address, and that its password.
            logger.warning("Redis cannot be used (%s): limits are counted in this process until it is back", why)


class Lockout:
    """Makes whoever guesses wait: some failures cost nothing, then each doubles the wait. In this process's memory.

    Count by client id and address together: by the client id alone, anybody could lock anybody out.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        free: int = 5,
        first: timedelta = timedelta(seconds=1),
        longest: timedelta = timedelta(minutes=15),
        names: int = _NAMES,
    ) -> None:
        """The failure after which the first wait begins, that wait, the longest, and how many names are kept."""
        self._clock = clock
        self._free, self._first, self._longest = free, first, longest
        self._names = names
        # The oldest failure first.
        self._failures: dict[str, _Failures] = {}

    @property
    def knows_any(self) -> bool:
        """Whether anybody failed lately."""
        return bool(self._failures)

    def check(self, *whose: str) -> Hit:
        """Whether they may try; it counts nothing."""
        wait = self._failures_of(_digest(whose)).ends_at - self._clock()
        return Hit(is_allowed=wait <= timedelta(0), retry_after_seconds=max(wait, timedelta(0)).total_seconds())

    def fail(self, *whose: str) -> None:
        """Note a failure."""
        name, now = _digest(whose), self._clock()
        count = self._failures_of(name).count + 1
        # Doubled a bounded number of times: a timedelta has an end.
        doubled = self._first * 2 ** min(count - self._free, 40) if count >= self._free else timedelta(0)
        self._failures.pop(name, None)
        self._failures[name] = _Failures(count, now + min(doubled, self._longest))
        if len(self._failures) > self._names:
            del self._failures[next(iter(self._failures))]

    def succeed(self, *whose: str) -> None:
        """Forget the failures."""
        self._failures.pop(_digest(whose), None)

    def _failures_of(self, name: str) -> "_Failures":
        failures = self._failures.get(name)
        # As long again as the longest wait, and all is forgiven.
        if failures is None or self._clock() >= failures.ends_at + self._longest:
            return _Failures(0, self._clock())
        return failures


@dataclass(frozen=True, slots=True)
class _Failures:
    count: int
    ends_at: datetime


_SCRIPT = """
local now, each, span = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + each
local wait = full_at - span - now
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
return 0
"""
"""Lua's numbers are exact up to 2^53, which microseconds reach in the year 2255; its own `tostring` is not."""


def _connect(url: str) -> "Redis":
    try:
        from redis.asyncio import BlockingConnectionPool, Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
    except ImportError:
        raise ValueError("limits in Redis need a package that is missing: install socialapi-mcp[redis]") from None
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_REDIS_CONNECTIONS,
            timeout=_REDIS_SECONDS,
            socket_timeout=_REDIS_SECONDS,
            socket_connect_timeout=_REDIS_SECONDS,
            # One more try, for a connection that went stale; the driver's own choice would wait for seconds.
            retry=Retry(NoBackoff(), 1),
        )
    except ValueError:
        raise ValueError("the address of Redis must be redis://HOST, rediss://HOST or unix://FILE") from None
    return Redis(connection_pool=pool)


def _each(capacity: int, per: timedelta) -> int:
    """The microseconds in which one token comes back."""
    each = per // _MICROSECOND // capacity
    if each < 1:
        raise ValueError(f"{capacity} in {per} is more than one in a microsecond")
    return each


def _digest(whose: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(whose).encode("utf-8", "surrogatepass")).hexdigest()[:32]
