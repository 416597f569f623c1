"""Clients that are known by a URL: their metadata documents, fetched, checked, cached, and fetched again.

A document is cached as its host says, between 5 minutes and a day. Errors and invalid documents never are. While a
host is down, tokens can be refreshed for another day, but no one is asked to consent to a client that cannot be seen.
"""

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Generic, Protocol, TypeVar

from auth.client_metadata import (
    DocumentRefused,
    changed_in_substance,
    is_document_url,
    read_document_url,
    read_metadata,
)
from auth.egress import Egress, EgressRefused, Fetched, NotModified, read_url
from auth.key_sets import KeySetRefused, read_key_set
from auth.records import ClientDocument, Hit
from auth.store import Store
from auth.strict_json import read_object

__all__ = [
    "Buckets",
    "ClientDocuments",
    "DocumentRefused",
    "changed_in_substance",
    "is_document_url",
    "read_document_url",
    "read_metadata",
]

SHORTEST_LIFE = timedelta(minutes=5)
LONGEST_LIFE = timedelta(hours=24)
STALE_IF_ERROR = timedelta(hours=24)
"""For how long beyond its freshness a document serves token requests while its host is down (RFC 5861 §4)."""
KEYS_LIFE = timedelta(minutes=10)
MAX_KEYS_BYTES = 65536
MAX_KEY_SETS = 256
"""Kept in memory."""
FETCHES_PER_HOST = 10
PER = timedelta(minutes=1)

# The client took its document away; every other failure may be a fault of its host.
_GONE = frozenset({404, 410})
_JSON = re.compile(r"application/(?:[a-z0-9!#$&^_.\-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,200}"')

Result = TypeVar("Result")


class Buckets(Protocol):
    """Something that counts how often a host is asked."""

    async def hit(self, name: str, *, capacity: int, per: timedelta) -> Hit:
        """Take one token from a bucket of `capacity` that fills once in `per`."""
        ...


class _Unreachable(DocumentRefused):
    """The host gave no answer that says anything about the client."""


def _allows_all(url: str) -> bool:
    return True


class ClientDocuments:
    """The clients of one authorization server that are known by a URL.

    Args:
        store: where documents are kept.
        egress: how they are fetched.
        clock: the time, aware.
        allows: the operator's policy; which client ids may be used at all.
        buckets: counts the fetches by host; unlimited without.
        allows_private_schemes: whether a redirect URI such as `cursor://…` is accepted.
    """

    def __init__(
        self,
        store: Store,
        egress: Egress,
        *,
        clock: Callable[[], datetime],
        allows: Callable[[str], bool] = _allows_all,
        buckets: Buckets | None = None,
        allows_private_schemes: bool = True,
    ) -> None:
        self._store = store
        self._egress = egress
        self._clock = clock
        self._allows = allows
        self._buckets = buckets
        self._allows_private_schemes = allows_private_schemes
        self._documents = _Shared[ClientDocument]()
        self._key_sets = _Shared[dict[str, Any]]()
        self._known_keys: OrderedDict[str, tuple[dict[str, Any], datetime]] = OrderedDict()

    async def find(self, url: str, *, is_token_request: bool) -> ClientDocument:
        """The document of a client, from the cache while it is fresh, else from its host.

        A token request may get a stale one, up to 24 h beyond its freshness, if the host gives no answer.

        Raises:
            DocumentRefused: not a usable client id, not allowed here, asked too often, not fetched, or not valid.
            Unavailable: the database is away.
        """
        host = read_document_url(url).host
        if not self._allows(url):
            raise DocumentRefused("this server does not accept this client")
        cached = await self._store.find_document(url)
        if cached is not None and self._clock() < cached.fresh_until:
            return cached
        try:
            return await self._documents.join(url, lambda: self._fetch(url, host, cached))
        except DocumentRefused as refused:
            if (
                is_token_request
                and cached is not None
                and isinstance(refused, _Unreachable)
                and self._clock() < cached.fresh_until + STALE_IF_ERROR
            ):
                return cached
            raise DocumentRefused(refused.reason) from None

    async def keys(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """The public keys of a client as a JWK set; those at a `jwks_uri` are up to 10 minutes old.

        Args:
            metadata: what `read_metadata` returned.

        Raises:
            DocumentRefused: the client has no keys, or they were not fetched or not usable.
        """
        if "jwks" in metadata:
            return deepcopy(dict(metadata["jwks"]))
        uri = metadata.get("jwks_uri")
        if not isinstance(uri, str):
            raise DocumentRefused("the client published no keys")
        known = self._known_keys.get(uri)
        if known is not None and self._clock() < known[1]:
            return deepcopy(known[0])
        try:
            return await self._key_sets.join(uri, lambda: self._fetch_keys(uri, is_known=known is not None))
        except DocumentRefused as refused:
            raise DocumentRefused(refused.reason) from None

    async def _fetch(self, url: str, host: str, cached: ClientDocument | None) -> ClientDocument:
        await self._count(url, host, is_known=cached is not None)
        try:
            answer = await self._egress.fetch(url, etag=None if cached is None else cached.etag)
        except EgressRefused as refused:
            kind = DocumentRefused if refused.status in _GONE else _Unreachable
            raise kind(f"the client's metadata document was not fetched: {refused.reason}") from None
        now = self._clock()
        fresh_until = now + lifetime(answer.headers, now=now)
        if isinstance(answer, NotModified) and cached is not None:
            document = replace(cached, fetched_at=now, fresh_until=fresh_until)
        elif isinstance(answer, NotModified):
            raise _Unreachable("the client's host calls a document unchanged that was not fetched before")
        else:
            body = self._read(url, answer)
            etag = answer.headers.get("etag", "")
            document = ClientDocument(
                url=url,
                body=body,
                body_hash=hashlib.sha256(answer.body).digest(),
                etag=etag if _ETAG.fullmatch(etag) else None,
                fetched_at=now,
                fresh_until=fresh_until,
            )
        await self._store.save_document(document)
        return document

    def _read(self, url: str, answer: Fetched) -> str:
        # So that an upload to a host of pictures or texts speaks for no client.
        if not _JSON.fullmatch(answer.headers.get("content-type", "")):
            raise DocumentRefused("the client's metadata document is not served as application/json")
        try:
            body = answer.body.decode("utf-8")
        except UnicodeDecodeError:
            raise DocumentRefused("the client's metadata document is not UTF-8") from None
        read_metadata(url, body, allows_private_schemes=self._allows_private_schemes)
        return body

    async def _fetch_keys(self, uri: str, *, is_known: bool) -> dict[str, Any]:
        try:
            await self._count(uri, read_url(uri).host, is_known=is_known)
            answer = await self._egress.fetch(
                uri, max_bytes=MAX_KEYS_BYTES, accept="application/jwk-set+json, application/json"
            )
            if not isinstance(answer, Fetched):
                raise DocumentRefused("the client's keys were not fetched")
            keys = read_key_set(read_object(answer.body.decode("utf-8")))
        except EgressRefused as refused:
            raise DocumentRefused(f"the client's keys were not fetched: {refused.reason}") from None
        except KeySetRefused as refused:
            raise DocumentRefused(f"the client's keys are unusable: {refused.reason}") from None
        except ValueError:
            raise DocumentRefused("the client's keys are not a JSON object, or repeat a key") from None
        self._known_keys[uri] = keys, self._clock() + KEYS_LIFE
        self._known_keys.move_to_end(uri)
        if len(self._known_keys) > MAX_KEY_SETS:
            self._known_keys.popitem(last=False)
        return deepcopy(keys)

    async def _count(self, url: str, host: str, *, is_known: bool) -> None:
        """Count a fetch; what was valid before counts by itself.

        Else anyone could lock out a client by asking for other documents of its host.
        """
        if self._buckets is None:
            return
        name = f"document_url:{hashlib.sha256(url.encode()).hexdigest()}" if is_known else f"document_host:{host}"
        hit = await self._buckets.hit(name, capacity=FETCHES_PER_HOST, per=PER)
        if not hit.is_allowed:
            seconds = max(1, round(hit.retry_after_seconds + 0.5))
            raise _Unreachable(f"the client's host was asked too often; try again in {seconds} seconds")


class _Shared(Generic[Result]):
    """Work that whoever asks for the same at the same time waits for together."""

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[Result]] = {}

    async def join(self, name: str, start: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """Wait for the work of this name, or begin it. Someone who leaves does not stop it for the others."""
        task = self._running.get(name)
        if task is None:
            task = self._running[name] = asyncio.create_task(start())
            task.add_done_callback(lambda done: self._end(name, done))
        return await asyncio.shield(task)

    def _end(self, name: str, task: asyncio.Task[Result]) -> None:
        del self._running[name]
        if not task.cancelled():
            # Looked at, in case nobody waits any more.
            task.exception()


def lifetime(headers: Mapping[str, str], *, now: datetime) -> timedelta:
    """For how long an answer is fresh by its headers (RFC 9111 §4.2), within our bounds."""
    directives = {
        name.strip().lower(): value.strip().strip('"')
        for name, _, value in (part.partition("=") for part in headers.get("cache-control", "").split(","))
    }
    age = _seconds(headers.get("age", "0")) or timedelta()
    stated = timedelta()
    if not {"no-store", "no-cache"}.isdisjoint(directives):
        pass
    elif "max-age" in directives:
        stated = (_seconds(directives["max-age"]) or timedelta()) - age
    elif (expires := _date(headers.get("expires"))) is not None:
        stated = expires - (_date(headers.get("date")) or now) - age
    return min(max(stated, SHORTEST_LIFE), LONGEST_LIFE)


def _seconds(text: str) -> timedelta | None:
    """Whole seconds; more than ten digits are as good as for ever (RFC 9111 §1.2.2)."""
    text = text.strip()
    if not text.isascii() or not text.isdigit():
        return None
    return timedelta(seconds=min(int(text[:10]), 2**31))


def _date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
