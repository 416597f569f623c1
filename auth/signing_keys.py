"""The keys that sign access tokens, and when each may: next, active, retired, gone.

A ring is a value: each step returns another one for the store to keep. A key is published long before it signs, so
that no verifier meets it unprepared, and stays published until the last token that it signed is dead.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from auth.tokens import VerificationKey
from auth.vault import CannotOpen, SealedKey, Secret, Vault

ACCESS_TOKEN_LIFETIME = timedelta(minutes=60)
SKEW = timedelta(seconds=30)
DOCUMENT_LIFETIME = timedelta(hours=1)
"""For how long a verifier may keep the key document (`max-age`)."""
PROPAGATION = timedelta(seconds=60)
"""Within which every replica reloads the ring."""

PUBLISHED_BEFORE_SIGNING = DOCUMENT_LIFETIME + PROPAGATION
KEPT_AFTER_SIGNING = ACCESS_TOKEN_LIFETIME + SKEW + DOCUMENT_LIFETIME + PROPAGATION


class State(StrEnum):
    """A key that is gone has no record."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRED = "retired"


class KeyRingError(ValueError):
    """A step that the ring does not allow."""


class TooEarly(KeyRingError):
    """The next key is not published for long enough; `ready_at` says when it will be."""

    def __init__(self, ready_at: datetime) -> None:
        super().__init__(f"the next key may sign from {ready_at.isoformat()} on")
        self.ready_at = ready_at


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningKey:
    """One key pair: the public half in clear (32 bytes), the private half sealed."""

    key_id: str
    public_bytes: bytes
    private_key: SealedKey
    state: State
    created_at: datetime
    active_from: datetime | None = None
    gone_at: datetime | None = None
    """From when on a retired key may be deleted."""

    def jwk(self) -> dict[str, str]:
        """The public members alone (RFC 8037 §2)."""
        return {**_public_jwk(self.public_bytes), "kid": self.key_id, "use": "sig", "alg": "EdDSA"}


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys that are not gone.

    Raises:
        KeyRingError: two keys of one `kid`, more than one next key, or not exactly one active key.
    """

    keys: tuple[SigningKey, ...]

    def __post_init__(self) -> None:
        if len({key.key_id for key in self.keys}) != len(self.keys):
            raise KeyRingError("two keys have the same kid")
        if len(self._in(State.ACTIVE)) != 1:
            raise KeyRingError("exactly one key is active")
        if len(self._in(State.NEXT)) > 1:
            raise KeyRingError("at most one key is next")

    @classmethod
    def start(cls, key: SigningKey, *, now: datetime) -> "KeyRing":
        """A new ring, whose first key signs at once: no verifier has an older document."""
        return cls((_activated(key, now),))

    @property
    def active(self) -> SigningKey:
        return self._in(State.ACTIVE)[0]

    @property
    def next(self) -> SigningKey | None:
        waiting = self._in(State.NEXT)
        return waiting[0] if waiting else None

    def announce(self, key: SigningKey) -> "KeyRing":
        """Publish the key that will sign after the active one."""
        return KeyRing((*self.keys, replace(key, state=State.NEXT)))

    def rotate(self, *, now: datetime) -> "KeyRing":
        """Let the next key sign, and retire the active one.

        Raises:
            TooEarly: the next key was published less than 61 minutes ago.
            KeyRingError: no key is next.
        """
        coming = self.next
        if coming is None:
            raise KeyRingError("no key is next; announce one first")
        ready_at = coming.created_at + PUBLISHED_BEFORE_SIGNING
        if now < ready_at:
            raise TooEarly(ready_at)
        leaving = replace(self.active, state=State.RETIRED, gone_at=now + KEPT_AFTER_SIGNING)
        return self._with({leaving.key_id: leaving, coming.key_id: _activated(coming, now)})

    def without_expired(self, *, now: datetime) -> "KeyRing":
        """Drop retired keys whose last token is dead."""
        return KeyRing(tuple(key for key in self.keys if key.gone_at is None or now < key.gone_at))

    def remove(self, key_id: str, *, replacement: SigningKey, now: datetime) -> "KeyRing":
        """Delete a key that may have leaked: every token that it signed dies.

        If it was the active one, the replacement signs at once, unpublished as it is: waiting would trust the thief
        for an hour. It is unused where another key was removed.

        Raises:
            KeyRingError: no key has this `kid`.
        """
        remaining = tuple(key for key in self.keys if key.key_id != key_id)
        if len(remaining) == len(self.keys):
            raise KeyRingError("no key has this kid")
        if self.active.key_id == key_id:
            remaining = (*remaining, _activated(replacement, now))
        return KeyRing(remaining)

    def verification_keys(self) -> tuple[VerificationKey, ...]:
        return tuple(
            VerificationKey(key_id=key.key_id, public_key=Ed25519PublicKey.from_public_bytes(key.public_bytes))
            for key in self.keys
        )

    def document(self) -> bytes:
        """The JWK set (RFC 7517 §5) of the next, active and retired keys, as JSON."""
        return json.dumps({"keys": [key.jwk() for key in self.keys]}, separators=(",", ":")).encode()

    def _in(self, state: State) -> list[SigningKey]:
        return [key for key in self.keys if key.state is state]

    def _with(self, changed: Mapping[str, SigningKey]) -> "KeyRing":
        return KeyRing(tuple(changed.get(key.key_id, key) for key in self.keys))


def create_key(vault: Vault, private_key: Ed25519PrivateKey, *, now: datetime) -> SigningKey:
    """Seal a new key pair. Its `kid` is the thumbprint of the public half (RFC 7638)."""
    public_bytes = private_key.public_key().public_bytes_raw()
    canonical = json.dumps(_public_jwk(public_bytes), separators=(",", ":"), sort_keys=True)
    key_id = _encoded(hashlib.sha256(canonical.encode()).digest())
    return SigningKey(
        key_id=key_id,
        public_bytes=public_bytes,
        private_key=vault.seal_signing_key(Secret(private_key.private_bytes_raw()), key_id),
        state=State.NEXT,
        created_at=now,
    )


def open_private_key(key: SigningKey, vault: Vault) -> Ed25519PrivateKey:
    """Return the private half.

    Raises:
        UnknownKeyId: sealed by a key-encryption key that is not in the list.
        CannotOpen: damaged, or not the half that belongs to the public one.
    """
    private_key = Ed25519PrivateKey.from_private_bytes(vault.open_signing_key(key.private_key, key.key_id).reveal())
    if private_key.public_key().public_bytes_raw() != key.public_bytes:
        raise CannotOpen("the private signing key does not belong to the public one")
    return private_key


def _activated(key: SigningKey, now: datetime) -> SigningKey:
    return replace(key, state=State.ACTIVE, active_from=now)


def _public_jwk(public_bytes: bytes) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": _encoded(public_bytes)}


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
