import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.client_documents import ClientDocuments, DocumentRefused, lifetime, read_metadata
from auth.egress import Egress
from auth.migrations.run import upgrade
from auth.records import ClientDocument, Hit
from auth.store import Store
from tests.auth.hosts import HERE, OTHER_NAME, PUBLIC_KEY, URL, Host, Resolver, answer, document, open_host
from tests.auth.stores import open_store
from tests.conftest import HeldClock

# Lifetime

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 300),
        ({"cache-control": "max-age=3600"}, 3600),
        ({"cache-control": 'public, MAX-AGE="3600", immutable'}, 3600),
        ({"cache-control": "max-age=3600", "age": "600"}, 3000),
        ({"cache-control": "max-age=3600", "age": "4000"}, 300),
        ({"cache-control": "max-age=1"}, 300),
        ({"cache-control": "max-age=-5"}, 300),
        ({"cache-control": "max-age=soon"}, 300),
        ({"cache-control": "max-age=\u0663"}, 300),
        ({"cache-control": "max-age=31536000"}, 86400),
        ({"cache-control": "max-age=" + "9" * 5000}, 86400),
        ({"cache-control": "no-store, max-age=3600"}, 300),
        ({"cache-control": "no-cache"}, 300),
        ({"cache-control": "max-age=3600", "expires": "0"}, 3600),
        ({"expires": "Tue, 10 Mar 2026 14:00:00 GMT"}, 7200),
        ({"expires": "Tue, 10 Mar 2026 14:00:00 GMT", "date": "Tue, 10 Mar 2026 13:00:00 GMT"}, 3600),
        ({"expires": "Tue, 10 Mar 2026 14:00:00 GMT", "age": "600"}, 6600),
        ({"expires": "Tue, 10 Mar 2026 11:00:00 GMT"}, 300),
        ({"expires": "Tue, 10 Mar 9026 11:00:00 GMT"}, 86400),
        ({"expires": "Tue, 10 Mar 99999999999999999999 11:00:00 GMT"}, 300),
        ({"expires": "0"}, 300),
    ],
)
def test_a_lifetime_is_the_stated_one_within_bounds(headers: dict[str, str], seconds: int) -> None:
    assert lifetime(headers, now=NOW) == timedelta(seconds=seconds)


@given(st.dictionaries(st.sampled_from(["cache-control", "expires", "date", "age"]), st.text()))
def test_no_header_makes_a_lifetime_leave_its_bounds(headers: dict[str, str]) -> None:
    assert timedelta(minutes=5) <= lifetime(headers, now=NOW) <= timedelta(hours=24)


# Finding


class Counted:
    """Buckets in the store."""

    def __init__(self, store: Store, clock: HeldClock) -> None:
        self._store = store
        self._clock = clock

    async def hit(self, name: str, *, capacity: int, per: timedelta) -> Hit:
        return await self._store.hit_bucket(name, capacity=capacity, per=per, now=self._clock.now())


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    address = f"sqlite:///{tmp_path}/auth.sqlite"
    upgrade(address)
    opened = await open_store(address)
    yield opened
    await opened.close()


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with open_host(tmp_path) as opened:
        yield opened


@pytest.fixture
async def egress(host: Host) -> AsyncIterator[Egress]:
    opened = host.egress(Resolver([[HERE]]), total_seconds=5)
    yield opened
    await opened.close()


@pytest.fixture
def documents(store: Store, egress: Egress, clock: HeldClock) -> ClientDocuments:
    return ClientDocuments(store, egress, clock=clock.now, buckets=Counted(store, clock))


def served(body: str, *headers: str, kind: str = "application/json") -> bytes:
    return answer(body.encode(), f"Content-Type: {kind}", *headers)


async def reason(documents: ClientDocuments, url: str, *, is_token_request: bool = False) -> str:
    with pytest.raises(DocumentRefused) as refused:
        await documents.find(url, is_token_request=is_token_request)
    return refused.value.reason


@pytest.mark.anyio
async def test_a_document_is_fetched_once_and_kept_while_it_is_fresh(
    documents: ClientDocuments, host: Host, store: Store, clock: HeldClock
) -> None:
    url = host.url()
    host.answers = served(document(url), 'ETag: "1"', "Cache-Control: max-age=3600")
    found = await documents.find(url, is_token_request=False)
    assert found == ClientDocument(
        url=url,
        body=document(url),
        body_hash=hashlib.sha256(document(url).encode()).digest(),
        etag='"1"',
        fetched_at=clock.now(),
        fresh_until=clock.now() + timedelta(hours=1),
    )
    clock.advance(seconds=3599)
    assert await documents.find(url, is_token_request=True) == found == await store.find_document(url)
    assert host.connections == 1


@pytest.mark.anyio
async def test_a_stale_document_is_asked_about_by_its_entity_tag(
    documents: ClientDocuments, host: Host, store: Store, clock: HeldClock
) -> None:
    url = host.url()
    host.answers = served(document(url), 'ETag: W/"1"')
    first = await documents.find(url, is_token_request=False)
    clock.advance(minutes=5)
    host.answers = b"HTTP/1.1 304 Not Modified\r\nCache-Control: max-age=600\r\n\r\n"
    second = await documents.find(url, is_token_request=False)
    assert second == replace(first, fetched_at=clock.now(), fresh_until=clock.now() + timedelta(minutes=10))
    assert second == await store.find_document(url)
    assert 'If-None-Match: W/"1"\r\n' in host.requests[1]

    clock.advance(minutes=10)
    host.answers = served(document(url, client_name="Another"), "ETag: not quoted")
    third = await documents.find(url, is_token_request=False)
    assert (third.body, third.etag) == (document(url, client_name="Another"), None)
    clock.advance(minutes=5)
    await documents.find(url, is_token_request=False)
    assert [("If-None-Match" in request) for request in host.requests] == [False, True, True, False]


BROKEN = [
    answer(b"", status="500 Broken"),
    answer(b"", "Location: /other", status="302 Found"),
    b"",
    answer(b"x" * 6000, "Content-Type: application/json"),
]


@pytest.mark.anyio
@pytest.mark.parametrize("broken", BROKEN)
async def test_errors_are_not_cached(documents: ClientDocuments, host: Host, store: Store, broken: bytes) -> None:
    host.answers = broken
    for is_token_request in (False, True):
        assert "not fetched" in await reason(documents, host.url(), is_token_request=is_token_request)
    assert await store.find_document(host.url()) is None
    host.answers = served(document(host.url()))
    assert await documents.find(host.url(), is_token_request=False)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "invalid",
    [
        served("{}"),
        served(document(client_id="https://evil.example/")),
        answer(b'{"a": "\xff"}', "Content-Type: application/json"),
        served("<html></html>", kind="text/html"),
    ],
)
async def test_invalid_documents_are_not_cached_and_replace_nothing(
    documents: ClientDocuments, host: Host, store: Store, clock: HeldClock, invalid: bytes
) -> None:
    host.answers = invalid
    await reason(documents, host.url())
    assert await store.find_document(host.url()) is None

    host.answers = served(document(host.url()))
    valid = await documents.find(host.url(), is_token_request=False)
    clock.advance(minutes=5)
    host.answers = invalid
    # A host that answers is not down: what it says of the client counts.
    for is_token_request in (False, True):
        await reason(documents, host.url(), is_token_request=is_token_request)
    assert await store.find_document(host.url()) == valid


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["text/plain", "image/png", "text/json", "application/jsonp", "application/xml+jsonx"])
async def test_only_json_by_its_media_type_is_a_document(documents: ClientDocuments, host: Host, kind: str) -> None:
    host.answers = served(document(host.url()), kind=kind)
    assert "application/json" in await reason(documents, host.url())


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/oauth+json"])
async def test_json_types_of_any_name_are_documents(documents: ClientDocuments, host: Host, kind: str) -> None:
    host.answers = served(document(host.url()), kind=kind)
    assert await documents.find(host.url(), is_token_request=False)


@pytest.mark.anyio
@pytest.mark.parametrize("broken", BROKEN)
async def test_while_a_host_is_down_its_document_serves_token_requests_for_a_day_and_nothing_else(
    documents: ClientDocuments, host: Host, clock: HeldClock, broken: bytes
) -> None:
    host.answers = served(document(host.url()))
    found = await documents.find(host.url(), is_token_request=False)
    host.answers = broken
    clock.advance(minutes=5)
    assert "not fetched" in await reason(documents, host.url())
    clock.advance(hours=24, seconds=-1)
    assert await documents.find(host.url(), is_token_request=True) == found
    assert "not fetched" in await reason(documents, host.url())
    clock.advance(seconds=1)
    assert "not fetched" in await reason(documents, host.url(), is_token_request=True)


@pytest.mark.anyio
@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
async def test_a_document_that_was_taken_away_serves_nothing(
    documents: ClientDocuments, host: Host, clock: HeldClock, status: str
) -> None:
    host.answers = served(document(host.url()))
    await documents.find(host.url(), is_token_request=False)
    clock.advance(minutes=5)
    host.answers = answer(b"", status=status)
    assert "not fetched" in await reason(documents, host.url(), is_token_request=True)


@pytest.mark.anyio
async def test_an_unusable_or_forbidden_client_id_asks_no_host(store: Store, egress: Egress, host: Host) -> None:
    documents = ClientDocuments(store, egress, clock=HeldClock().now, allows=lambda url: url.endswith("/allowed"))
    host.answers = served(document(host.url("/allowed")))
    assert await documents.find(host.url("/allowed"), is_token_request=False)
    for url in (host.url("/forbidden"), host.url("/a/../allowed"), host.url("/allowed").replace("https", "http")):
        await reason(documents, url)
    assert host.connections == 1


@pytest.mark.anyio
async def test_private_use_schemes_can_be_switched_off(store: Store, egress: Egress, host: Host) -> None:
    body = document(host.url(), redirect_uris=["cursor://anysphere.cursor-mcp/oauth/callback"])
    host.answers = served(body)
    strict = ClientDocuments(store, egress, clock=HeldClock().now, allows_private_schemes=False)
    assert "private-use" in await reason(strict, host.url())
    assert (await ClientDocuments(store, egress, clock=HeldClock().now).find(host.url(), is_token_request=False)).body


@pytest.mark.anyio
async def test_a_client_forbidden_later_gets_no_tokens_from_the_cache(
    documents: ClientDocuments, store: Store, egress: Egress, host: Host, clock: HeldClock
) -> None:
    host.answers = served(document(host.url()))
    await documents.find(host.url(), is_token_request=False)
    strict = ClientDocuments(store, egress, clock=clock.now, allows=set[str]().__contains__)
    assert "does not accept" in await reason(strict, host.url(), is_token_request=True)


@pytest.mark.anyio
async def test_requests_at_the_same_time_share_one_fetch(documents: ClientDocuments, host: Host) -> None:
    url, may_answer = host.url(), asyncio.Event()

    async def write(writer: asyncio.StreamWriter) -> None:
        await may_answer.wait()
        writer.write(served(document(url)))

    host.answers = write
    leaving = asyncio.create_task(documents.find(url, is_token_request=False))
    while not host.requests:
        await asyncio.sleep(0)
    waiting = [asyncio.create_task(documents.find(url, is_token_request=False)) for _ in range(20)]
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    may_answer.set()
    found = await asyncio.gather(*waiting)
    assert len({document.body_hash for document in found}) == 1
    assert host.connections == 1


@pytest.mark.anyio
async def test_a_shared_fetch_that_fails_refuses_everyone_and_is_tried_again(
    documents: ClientDocuments, host: Host
) -> None:
    host.answers = answer(b"", status="500 Broken")
    outcomes = await asyncio.gather(
        *(documents.find(host.url(), is_token_request=False) for _ in range(5)), return_exceptions=True
    )
    assert {type(outcome) for outcome in outcomes} == {DocumentRefused}
    before = host.connections
    await reason(documents, host.url())
    assert host.connections == before + 1


# Limits


@pytest.mark.anyio
async def test_a_host_is_asked_for_ten_new_documents_a_minute(
    documents: ClientDocuments, host: Host, clock: HeldClock
) -> None:
    known = host.url("/known")
    host.answers = served(document(known))
    await documents.find(known, is_token_request=False)
    clock.advance(minutes=5)
    for number in range(10):
        await reason(documents, host.url(f"/{number}"))
    before = host.connections
    assert await reason(documents, host.url("/10")) == ("the client's host was asked too often; try again in 6 seconds")
    assert host.connections == before
    # Strangers who ask for other documents of a host lock out neither a known client nor another host.
    assert await documents.find(known, is_token_request=False)
    other = host.url(name=OTHER_NAME)
    host.answers = served(document(other))
    assert await documents.find(other, is_token_request=False)
    clock.advance(seconds=6)
    host.answers = served(document(host.url("/10")))
    assert await documents.find(host.url("/10"), is_token_request=False)


@pytest.mark.anyio
async def test_a_known_document_is_asked_for_ten_times_a_minute_then_tokens_get_the_stale_one(
    documents: ClientDocuments, host: Host, clock: HeldClock
) -> None:
    host.answers = served(document(host.url()))
    found = await documents.find(host.url(), is_token_request=False)
    clock.advance(minutes=5)
    host.answers = answer(b"", status="500 Broken")
    for _ in range(10):
        assert "not fetched" in await reason(documents, host.url())
    assert "too often" in await reason(documents, host.url())
    assert await documents.find(host.url(), is_token_request=True) == found
    assert host.connections == 11


# Keys


def with_keys_at(host: Host, path: str = "/jwks.json") -> dict[str, Any]:
    return read_metadata(URL, document(token_endpoint_auth_method="private_key_jwt", jwks_uri=host.url(path)))


@pytest.mark.anyio
async def test_keys_in_the_document_need_no_fetch(documents: ClientDocuments, host: Host) -> None:
    metadata = read_metadata(URL, document(jwks={"keys": [{**PUBLIC_KEY, "alg": "EdDSA", "x5u": "https://a.example"}]}))
    keys = await documents.keys(metadata)
    assert keys == {"keys": [{**PUBLIC_KEY, "alg": "EdDSA"}]}
    keys["keys"].clear()
    assert (await documents.keys(metadata))["keys"]
    assert host.connections == 0


@pytest.mark.anyio
async def test_a_client_without_keys_has_none(documents: ClientDocuments) -> None:
    with pytest.raises(DocumentRefused, match="no keys"):
        await documents.keys(read_metadata(URL, document()))


@pytest.mark.anyio
async def test_keys_at_an_address_are_fetched_and_kept_for_ten_minutes(
    documents: ClientDocuments, host: Host, clock: HeldClock
) -> None:
    unknown = {"kty": "AKP", "pub": "1"}
    host.answers = answer(json.dumps({"keys": [{**PUBLIC_KEY, "x5c": ["a"]}, unknown]}).encode())
    metadata = with_keys_at(host)
    both = await asyncio.gather(documents.keys(metadata), documents.keys(metadata))
    assert list(both) == [{"keys": [PUBLIC_KEY]}] * 2
    assert "Accept: application/jwk-set+json, application/json\r\n" in host.requests[0]
    both[0]["keys"].clear()
    clock.advance(seconds=599)
    for _ in range(2):
        kept = await documents.keys(metadata)
        assert kept == {"keys": [PUBLIC_KEY]}
        kept["keys"].clear()
    assert host.connections == 1
    clock.advance(seconds=1)
    host.answers = answer(json.dumps({"keys": [{**PUBLIC_KEY, "kid": "2"}]}).encode())
    assert await documents.keys(metadata) == {"keys": [{**PUBLIC_KEY, "kid": "2"}]}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("whole", "reason"),
    [
        (answer(b"", status="404 Not Found"), "not fetched"),
        (answer(b"", "Location: https://10.0.0.1/", status="302 Found"), "not fetched"),
        (answer(b" " * 65537), "more than 65536"),
        (answer(b"\xff"), "not a JSON object"),
        (answer(b'{"keys": [], "keys": []}'), "not a JSON object"),
        (answer(b'{"keys": []}'), "unusable"),
        (answer(json.dumps({"keys": [{**PUBLIC_KEY, "d": "c2VjcmV0"}]}).encode()), "secret or private"),
    ],
)
async def test_unusable_keys_are_refused_and_not_kept(
    documents: ClientDocuments, host: Host, whole: bytes, reason: str
) -> None:
    host.answers = whole
    with pytest.raises(DocumentRefused, match=reason):
        await documents.keys(with_keys_at(host))
    host.answers = answer(json.dumps({"keys": [PUBLIC_KEY]}).encode() + b" " * 60_000)
    assert await documents.keys(with_keys_at(host)) == {"keys": [PUBLIC_KEY]}


@pytest.mark.anyio
async def test_addresses_of_keys_are_limited_by_host_and_guarded_like_documents(
    documents: ClientDocuments, host: Host, clock: HeldClock
) -> None:
    known = with_keys_at(host, "/known")
    host.answers = answer(json.dumps({"keys": [PUBLIC_KEY]}).encode())
    await documents.keys(known)
    clock.advance(minutes=10)
    host.answers = answer(b"{}")
    for number in range(10):
        with pytest.raises(DocumentRefused, match="unusable"):
            await documents.keys(with_keys_at(host, f"/{number}"))
    with pytest.raises(DocumentRefused, match="too often"):
        await documents.keys(with_keys_at(host, "/10"))
    inside = read_metadata(URL, document(jwks_uri="https://169.254.169.254/jwks.json"))
    with pytest.raises(DocumentRefused, match="public internet"):
        await documents.keys(inside)
    assert host.connections == 11
    host.answers = answer(json.dumps({"keys": [PUBLIC_KEY]}).encode())
    assert await documents.keys(known) == {"keys": [PUBLIC_KEY]}


@pytest.mark.anyio
async def test_the_oldest_keys_are_forgotten_first(
    documents: ClientDocuments, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auth.client_documents.MAX_KEY_SETS", 2)
    host.answers = answer(json.dumps({"keys": [PUBLIC_KEY]}).encode())
    for path in ("/1", "/2", "/3", "/3", "/2", "/1"):
        await documents.keys(with_keys_at(host, path))
    assert [request.split()[1] for request in host.requests] == ["/1", "/2", "/3", "/1"]
