import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import KeySet, OKPKey

from auth.signing_keys import KeyRing, KeyRingError, SigningKey, State, TooEarly, create_key, open_private_key
from auth.vault import CannotOpen, KeyEncryptionKeys, Vault

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
VAULT = Vault(KeyEncryptionKeys.parse("k:" + base64.b64encode(bytes(32)).decode()))


def key(number: int, now: datetime = NOW) -> SigningKey:
    return create_key(VAULT, Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32), now=now)


def states(ring: KeyRing) -> dict[str, State]:
    return {key.key_id: key.state for key in ring.keys}


def test_a_key_is_published_before_it_signs_and_after() -> None:
    first, second = key(1), key(2)
    ring = KeyRing.start(first, now=NOW).announce(second)
    with pytest.raises(TooEarly) as refusal:
        ring.rotate(now=NOW + timedelta(minutes=61, microseconds=-1))
    assert refusal.value.ready_at == NOW + timedelta(minutes=61)

    rotated = NOW + timedelta(minutes=61)
    ring = ring.rotate(now=rotated)
    assert states(ring) == {first.key_id: State.RETIRED, second.key_id: State.ACTIVE}
    assert ring.active.active_from == rotated

    gone = rotated + timedelta(hours=2, minutes=1, seconds=30)
    assert ring.without_expired(now=gone - timedelta(microseconds=1)) == ring
    assert states(ring.without_expired(now=gone)) == {second.key_id: State.ACTIVE}


def test_the_document_has_public_members_of_every_key_and_joserfc_reads_it() -> None:
    ring = KeyRing.start(key(1), now=NOW).announce(key(2)).rotate(now=NOW + timedelta(hours=2)).announce(key(3))
    document = json.loads(ring.document())
    assert [set(member) for member in document["keys"]] == [{"kid", "use", "alg", "kty", "crv", "x"}] * 3
    read = KeySet.import_key_set(document)
    assert [(found.kid, found.thumbprint()) for found in read.keys] == [(k.key_id, k.key_id) for k in ring.keys]
    assert [found.key_id for found in ring.verification_keys()] == [k.key_id for k in ring.keys]


def test_removing_the_active_key_leaves_another_that_signs_at_once() -> None:
    ring = KeyRing.start(key(1), now=NOW).announce(key(2))
    removed = ring.remove(key(1).key_id, replacement=key(3), now=NOW)
    assert states(removed) == {key(2).key_id: State.NEXT, key(3).key_id: State.ACTIVE}
    assert key(1).key_id.encode() not in removed.document()


def test_removing_a_waiting_key_leaves_the_active_one() -> None:
    ring = KeyRing.start(key(1), now=NOW).announce(key(2))
    assert states(ring.remove(key(2).key_id, replacement=key(3), now=NOW)) == {key(1).key_id: State.ACTIVE}
    with pytest.raises(KeyRingError, match="no key has this kid"):
        ring.remove("unknown", replacement=key(3), now=NOW)


def test_a_ring_has_one_active_key_and_no_kid_twice() -> None:
    ring = KeyRing.start(key(1), now=NOW)
    for keys in ((), (key(1),), (*ring.keys, replace(key(2), state=State.ACTIVE)), (*ring.keys, key(1))):
        with pytest.raises(KeyRingError):
            KeyRing(keys)
    with pytest.raises(KeyRingError, match="at most one"):
        ring.announce(key(2)).announce(key(3))
    with pytest.raises(KeyRingError, match="no key is next"):
        ring.rotate(now=NOW)


def test_a_private_key_opens_for_its_own_record_only() -> None:
    first, second = key(1), key(2)
    assert open_private_key(first, VAULT).private_bytes_raw() == b"\x01" * 32
    with pytest.raises(CannotOpen):
        open_private_key(replace(first, private_key=second.private_key), VAULT)
    with pytest.raises(CannotOpen, match="public"):
        open_private_key(replace(first, public_bytes=second.public_bytes), VAULT)


def test_the_kid_is_the_thumbprint() -> None:
    assert key(1).key_id == OKPKey.import_key({k: v for k, v in key(1).jwk().items() if k != "kid"}).thumbprint()
