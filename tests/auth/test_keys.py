"""Signing keys of a running server: first start, rotation with overlap, emergency removal, two processes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from auth.keys import Keys
from auth.migrations.run import upgrade
from auth.signing_keys import PUBLISHED_BEFORE_SIGNING, State, TooEarly
from auth.store import Store
from auth.tokens import TokenRefused
from auth.vault import KeyEncryptionKeys, Secret, UnknownKeyId, Vault
from tests.auth.authorities import KEYS, MCP, Served, file_url, serving
from tests.auth.stores import open_store
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    upgrade(file_url(tmp_path))
    opened = await open_store(file_url(tmp_path))
    yield opened
    await opened.close()


@pytest.fixture
async def served(tmp_path: Path, clock: HeldClock) -> AsyncIterator[Served]:
    async with serving(file_url(tmp_path), clock) as running:
        yield running


async def test_processes_that_start_together_make_one_first_key(store: Store, clock: HeldClock) -> None:
    several = [Keys(store, Vault(KEYS), clock=clock.now) for _ in range(5)]
    loaded = await asyncio.gather(*(keys.load() for keys in several))
    assert len({found.ring.active.key_id for found in loaded}) == 1
    assert len(await store.list_signing_keys()) == 1


async def test_a_key_signs_only_after_every_verifier_had_an_hour_to_read_it(store: Store, clock: HeldClock) -> None:
    keys = Keys(store, Vault(KEYS), clock=clock.now)
    first = (await keys.load()).ring.active.key_id
    with pytest.raises(TooEarly):
        await keys.rotate()
    coming = keys.present.ring.next
    assert coming is not None and keys.present.ring.active.key_id == first
    clock.present += PUBLISHED_BEFORE_SIGNING
    assert await keys.keep_house() == ("activated",)
    assert keys.present.ring.active.key_id == coming.key_id
    assert {key.key_id: key.state for key in keys.present.ring.keys} == {
        first: State.RETIRED,
        coming.key_id: State.ACTIVE,
    }


async def test_a_retired_key_goes_when_its_last_token_is_dead(store: Store, clock: HeldClock) -> None:
    keys = Keys(store, Vault(KEYS), clock=clock.now)
    first = (await keys.load()).ring.active.key_id
    await keys.rotate(at_once=True)
    clock.advance(minutes=61)
    assert await keys.keep_house() == ()
    clock.advance(minutes=62)
    assert await keys.keep_house() == ("removed",)
    assert first not in {key.key_id for key in keys.present.ring.keys}


async def test_tokens_of_the_key_before_stay_good_and_new_ones_have_the_new_kid(served: Served) -> None:
    tokens = await served.tokens()
    await served.authority.keys.rotate(at_once=True)
    renewed = (await served.refresh(tokens["client_id"], tokens["refresh_token"])).json()
    for token in (tokens["access_token"], renewed["access_token"]):
        assert (await served.authority.verify(token, MCP)).client_id == tokens["client_id"]
    document = (await served.program().get("/jwks")).json()
    active = served.authority.keys.present.ring.active.key_id
    registry = JWSRegistry(algorithms=["EdDSA"])
    with pytest.warns(UserWarning, match="EdDSA"):
        read = jwt.decode(renewed["access_token"], KeySet.import_key_set(document), registry=registry)
    assert read.header["kid"] == active and len(document["keys"]) == 2
    assert all(set(key) == {"kty", "crv", "x", "kid", "use", "alg"} for key in document["keys"])


async def test_a_key_that_leaked_dies_with_its_tokens_and_refreshing_goes_on(served: Served) -> None:
    tokens = await served.tokens()
    leaked = served.authority.keys.present.ring.active.key_id
    assert await served.authority.keys.remove(leaked)
    with pytest.raises(TokenRefused):
        await served.authority.verify(tokens["access_token"], MCP)
    renewed = await served.refresh(tokens["client_id"], tokens["refresh_token"])
    assert renewed.status_code == 200
    await served.authority.verify(renewed.json()["access_token"], MCP)
    assert not await served.authority.keys.remove(leaked)


async def test_another_process_learns_of_a_key_by_its_kid_or_within_twenty_seconds(
    store: Store, clock: HeldClock
) -> None:
    here, there = (Keys(store, Vault(KEYS), clock=clock.now) for _ in range(2))
    await here.load()
    await there.load()
    key = await here.rotate(at_once=True)
    clock.advance(seconds=2)
    assert await there.look_for(key.key_id)
    again = await here.rotate(at_once=True)
    clock.advance(seconds=20)
    await there.load_if_old()
    assert there.present.ring.active.key_id == again.key_id


async def test_made_up_key_ids_ask_the_database_once_a_second_at_most(store: Store, clock: HeldClock) -> None:
    keys = Keys(store, Vault(KEYS), clock=clock.now)
    await keys.load()
    read_at = keys.present
    clock.advance(seconds=5)
    assert not await keys.look_for("made up")
    await store.close()
    # Nothing below can ask: the store is closed, and asking it would fail.
    assert not await keys.look_for("made up")
    assert not await keys.look_for("another one")
    assert keys.present is read_at


async def test_private_keys_are_sealed_again_by_the_present_key_encryption_key(store: Store, clock: HeldClock) -> None:
    await Keys(store, Vault(KEYS), clock=clock.now).load()
    both = KeyEncryptionKeys(keys={"k2": Secret(b"2" * 32), **KEYS.keys})
    changed = Keys(store, Vault(both), clock=clock.now)
    await changed.load()
    assert await changed.keep_house() == ("rewrapped",)
    alone = KeyEncryptionKeys(keys={"k2": Secret(b"2" * 32)})
    assert (await Keys(store, Vault(alone), clock=clock.now).load()).ring.active.key_id
    with pytest.raises(UnknownKeyId):
        await Keys(store, Vault(KEYS), clock=clock.now).load()
