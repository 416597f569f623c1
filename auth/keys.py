"""The signing keys of a running server: kept in the store, read by every process within a minute."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth import records
from auth.records import Conflict
from auth.signing_keys import (
    KEPT_AFTER_SIGNING,
    PUBLISHED_BEFORE_SIGNING,
    KeyRing,
    SigningKey,
    State,
    TooEarly,
    create_key,
    open_private_key,
)
from auth.store import Store
from auth.tokens import Issuer, VerificationKey
from auth.vault import SealedKey, Vault

RELOAD_EVERY = timedelta(seconds=20)
ASK_EVERY = timedelta(seconds=1)
UNKNOWN_FOR = timedelta(seconds=60)
"""How long a `kid` that nobody knows is not asked for again."""
_MAX_UNKNOWN = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """The keys as of one reading."""

    ring: KeyRing
    issuer: Issuer
    verification: tuple[VerificationKey, ...]
    document: bytes


class Keys:
    """Reads, makes, rotates and removes signing keys. Private halves are opened once, for the active key alone."""

    def __init__(self, store: Store, vault: Vault, *, clock: Callable[[], datetime]) -> None:
        self._store, self._vault, self._clock = store, vault, clock
        self._loaded: Loaded | None = None
        self._read_at: datetime | None = None
        self._unknown: dict[str, datetime] = {}
        self._watchers: list[Callable[[tuple[VerificationKey, ...]], None]] = []

    @property
    def present(self) -> Loaded:
        if self._loaded is None:
            raise RuntimeError("the keys were not loaded")
        return self._loaded

    def watch(self, changed: Callable[[tuple[VerificationKey, ...]], None]) -> None:
        """Call back with the verification keys whenever they change."""
        self._watchers.append(changed)

    async def load(self) -> Loaded:
        """Read the keys, and make the first one where there is none.

        Raises:
            VaultError: a private key is sealed by a key-encryption key that is not given.
            Unavailable: the database does not answer.
        """
        rows = await self._store.list_signing_keys()
        if not any(row.state is records.KeyState.ACTIVE for row in rows):
            await self._add(KeyRing.start(self._new(), now=self._clock()).active)
            rows = await self._store.list_signing_keys()
        ring = KeyRing(tuple(_of_row(row) for row in rows))
        self._read_at = self._clock()
        if self._loaded is None or self._loaded.ring != ring:
            issuer = Issuer(ring.active.key_id, open_private_key(ring.active, self._vault))
            verification = ring.verification_keys()
            self._loaded = Loaded(ring=ring, issuer=issuer, verification=verification, document=ring.document())
            for changed in self._watchers:
                changed(verification)
        return self._loaded

    async def load_if_old(self) -> None:
        """Read again if the last reading is older than 20 s."""
        if self._read_at is None or self._clock() - self._read_at >= RELOAD_EVERY:
            await self.load()

    async def look_for(self, key_id: str) -> bool:
        """Read again because of a `kid` that is not known; False if it is still unknown, or was a minute ago."""
        now = self._clock()
        asked_at = self._unknown.get(key_id)
        if asked_at is not None and now - asked_at < UNKNOWN_FOR:
            return False
        # Made-up ids must not become as many questions to the database.
        if self._read_at is not None and timedelta(0) <= now - self._read_at < ASK_EVERY:
            return False
        found = any(key.key_id == key_id for key in (await self.load()).verification)
        if not found:
            if len(self._unknown) >= _MAX_UNKNOWN:
                self._unknown = {kid: at for kid, at in self._unknown.items() if now - at < UNKNOWN_FOR}
            if len(self._unknown) < _MAX_UNKNOWN:
                self._unknown[key_id] = now
        return found

    async def announce(self) -> SigningKey:
        """Publish the key that signs next; the one that waits already, if there is one."""
        ring = (await self.load()).ring
        if ring.next is not None:
            return ring.next
        key = self._new()
        await self._add(key)
        await self.load()
        return key

    async def rotate(self, *, at_once: bool = False) -> SigningKey:
        """Let the next key sign; the one before keeps verifying for two hours.

        Raises:
            TooEarly: it was published less than 61 minutes ago, and `at_once` is not given. Verifiers that read the
                key document an hour ago would not know it.
        """
        coming = await self.announce()
        ready_at = coming.created_at + PUBLISHED_BEFORE_SIGNING
        now = self._clock()
        if now < ready_at and not at_once:
            raise TooEarly(ready_at)
        await self._store.activate_signing_key(coming.key_id, now=now, old_retires_at=now + KEPT_AFTER_SIGNING)
        await self.load()
        return coming

    async def remove(self, key_id: str) -> bool:
        """Delete a key that may have leaked: all its tokens die, refresh tokens live on. False if it is unknown.

        Another key signs at once, where it was the active one.
        """
        ring = (await self.load()).ring
        if all(key.key_id != key_id for key in ring.keys):
            return False
        await self._store.delete_signing_key(key_id)
        if ring.active.key_id == key_id:
            replacement = ring.next or self._new()
            now = self._clock()
            if ring.next is None:
                await self._add(KeyRing.start(replacement, now=now).active)
            else:
                await self._store.activate_signing_key(replacement.key_id, now=now, old_retires_at=now)
        await self.load()
        return True

    async def keep_house(self) -> tuple[str, ...]:
        """Activate a key that waited long enough, drop dead ones, wrap private keys again; what was done."""
        ring = (await self.load()).ring
        now, done = self._clock(), list[str]()
        if ring.next is not None and now >= ring.next.created_at + PUBLISHED_BEFORE_SIGNING:
            await self.rotate()
            done.append("activated")
        for key in self.present.ring.keys:
            if key.gone_at is not None and key.gone_at <= now:
                await self._store.delete_signing_key(key.key_id)
                done.append("removed")
            elif key.private_key.wrapping_key_id != self._vault.current_key_id:
                await self._rewrap(key)
                done.append("rewrapped")
        if done:
            await self.load()
        return tuple(done)

    async def _rewrap(self, key: SigningKey) -> None:
        private = self._vault.open_signing_key(key.private_key, key.key_id)
        sealed = self._vault.seal_signing_key(private, key.key_id)
        await self._store.rewrap_signing_key(
            key.key_id, old=key.private_key.sealed, new=sealed.sealed, wrapping_key_id=sealed.wrapping_key_id
        )

    def _new(self) -> SigningKey:
        return create_key(self._vault, Ed25519PrivateKey.generate(), now=self._clock())

    async def _add(self, key: SigningKey) -> None:
        # Another process that started at the same moment may have made the first key.
        try:
            await self._store.add_signing_key(_to_row(key))
        except Conflict:
            return


def _to_row(key: SigningKey) -> records.SigningKey:
    return records.SigningKey(
        key_id=key.key_id,
        public_key=json.dumps(key.jwk()),
        sealed_private_key=key.private_key.sealed,
        wrapping_key_id=key.private_key.wrapping_key_id,
        state=records.KeyState(key.state.value),
        created_at=key.created_at,
        active_from=key.active_from,
        retires_at=key.gone_at,
    )


def _of_row(row: records.SigningKey) -> SigningKey:
    encoded = json.loads(row.public_key)["x"]
    return SigningKey(
        key_id=row.key_id,
        public_bytes=base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)),
        private_key=SealedKey(sealed=row.sealed_private_key, wrapping_key_id=row.wrapping_key_id),
        state=State(row.state.value),
        created_at=row.created_at,
        active_from=row.active_from,
        gone_at=row.retires_at,
    )
