"""Encryption of what the store keeps: upstream keys, signing keys, and what waits for a token to be presented.

An upstream key is sealed under a key of its own grant; that key is wrapped by a key-encryption key (KEK) which the
operator holds. Changing the KEK wraps 32 bytes a grant again and leaves the secrets alone. All of it is AES-256-GCM
with random nonces; the context is authenticated, so a row cannot be moved to another grant.
"""

import base64
import binascii
import hmac
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NO_SALT = bytes(32)
NONCE_BYTES = 12
_FORMAT = b"\x01"
_KEY_ID = re.compile(r"[A-Za-z0-9_\-]{1,32}")
_CANARY = b"socialapi-mcp canary"
_MAX_FILE_BYTES = 65_536

Purpose = Literal["refresh-successor", "pasted-key"]


class Secret:
    """Bytes that no log, message, traceback or pickle shows. `reveal` is the only way to them."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes | str) -> None:
        self._value = value.encode() if isinstance(value, str) else bytes(value)

    def reveal(self) -> bytes:
        return self._value

    def __repr__(self) -> str:
        return "Secret(hidden)"

    def __str__(self) -> str:
        return "hidden"

    def __format__(self, specification: str) -> str:
        return "hidden"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value, other._value)

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: object) -> "Secret":
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not pickled")


class VaultError(Exception):
    """Something sealed stays closed, or the keys are not usable. Says no key and no secret."""


class BadKeys(VaultError):
    """The list of keys, or its file, cannot be used."""


class UnknownKeyId(VaultError):
    """Wrapped by a KEK that the list does not have."""


class CannotOpen(VaultError):
    """Damaged, sealed for another context, or under another key of the same id."""


class WrongKeys(VaultError):
    """The KEKs are not those with which this database was sealed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyEncryptionKeys:
    """KEKs by id, the current one first."""

    keys: Mapping[str, Secret]

    @property
    def current_id(self) -> str:
        return next(iter(self.keys))

    @classmethod
    def parse(cls, text: str) -> "KeyEncryptionKeys":
        """Read `kid1:base64,kid0:base64`, each key 32 bytes in standard base64; the first one is current.

        Raises:
            BadKeys: naming the position of what is wrong, never its text.
        """
        keys: dict[str, Secret] = {}
        for position, entry in enumerate(text.strip().split(","), start=1):
            key_id, colon, encoded = entry.strip().partition(":")
            if not colon or not _KEY_ID.fullmatch(key_id):
                raise BadKeys(f"key {position} is not id:base64 with an id of 1 to 32 letters, digits, - and _")
            if key_id in keys:
                raise BadKeys(f"key {position} repeats an id")
            try:
                value = base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                raise BadKeys(f"key {position} is not base64") from None
            if len(value) != KEY_BYTES:
                raise BadKeys(f"key {position} has {len(value)} bytes; it needs {KEY_BYTES}")
            keys[key_id] = Secret(value)
        return cls(keys=keys)

    @classmethod
    def from_file(cls, path: Path) -> "KeyEncryptionKeys":
        """Read the list from a file that only its owner may read (mode 0600 or less).

        Raises:
            BadKeys: not readable, not a regular file, open to others, or not a list of keys.
        """
        try:
            with path.open("rb") as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode):
                    raise BadKeys(f"{path} is not a regular file")
                if os.name == "posix" and found.st_mode & 0o077:
                    raise BadKeys(f"{path} is open to others; run: chmod 600 {path}")
                text = file.read(_MAX_FILE_BYTES).decode("ascii")
        except OSError as problem:
            raise BadKeys(f"{path} cannot be read: {problem.strerror}") from None
        except UnicodeDecodeError:
            raise BadKeys(f"{path} is not a list of keys") from None
        return cls.parse(text)


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantContext:
    """What a sealed upstream key belongs to; opening it needs the same."""

    grant_id: str
    subject: str
    resource: str

    def associated_data(self) -> bytes:
        return _joined("v1", self.grant_id, self.subject, self.resource)


@dataclass(frozen=True, kw_only=True, slots=True)
class SealedCredential:
    """An upstream key as the store keeps it."""

    sealed: bytes
    wrapped_key: bytes
    wrapping_key_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SealedKey:
    """A signing key as the store keeps it, directly under a KEK."""

    sealed: bytes
    wrapping_key_id: str


class Vault:
    """Seals and opens with the operator's KEKs."""

    def __init__(self, keys: KeyEncryptionKeys) -> None:
        self._keys = keys

    @property
    def current_key_id(self) -> str:
        return self._keys.current_id

    def seal_credential(self, credential: Secret, context: GrantContext) -> SealedCredential:
        """Seal an upstream key under a new key of the grant, and wrap that."""
        grant_key = Secret(AESGCM.generate_key(256))
        return SealedCredential(
            sealed=_seal(grant_key, credential, context.associated_data()),
            wrapped_key=self._wrap(grant_key, context),
            wrapping_key_id=self.current_key_id,
        )

    def open_credential(self, record: SealedCredential, context: GrantContext) -> Secret:
        """Return the upstream key. Hold it no longer than a call needs.

        Raises:
            UnknownKeyId: wrapped by a KEK that is not in the list.
            CannotOpen: damaged, or of another grant, subject or resource.
        """
        return _open(self._unwrap(record, context), record.sealed, context.associated_data())

    def rewrap(self, record: SealedCredential, context: GrantContext) -> SealedCredential:
        """Wrap the grant's key by the current KEK. The sealed upstream key stays as it is.

        Raises:
            UnknownKeyId, CannotOpen: as for `open_credential`.
        """
        if record.wrapping_key_id == self.current_key_id:
            return record
        return SealedCredential(
            sealed=record.sealed,
            wrapped_key=self._wrap(self._unwrap(record, context), context),
            wrapping_key_id=self.current_key_id,
        )

    def seal_signing_key(self, private_key: Secret, key_id: str) -> SealedKey:
        sealed = _seal(self._key(self.current_key_id), private_key, _joined("signing", key_id))
        return SealedKey(sealed=sealed, wrapping_key_id=self.current_key_id)

    def open_signing_key(self, record: SealedKey, key_id: str) -> Secret:
        """Return a private signing key.

        Raises:
            UnknownKeyId: sealed by a KEK that is not in the list.
            CannotOpen: damaged, or of another `kid`.
        """
        return _open(self._key(record.wrapping_key_id), record.sealed, _joined("signing", key_id))

    def derive(self, purpose: str) -> tuple[Secret, ...]:
        """Keys of 32 bytes for cookies and forms, one a KEK, the current one first (RFC 5869)."""
        return tuple(_derived(key, f"v1|derived|{purpose}") for key in self._keys.keys.values())

    def canaries(self) -> Mapping[str, bytes]:
        """A sealed known text for each KEK, by its id, for the store to keep."""
        return {
            key_id: _seal(key, Secret(_CANARY), _joined("canary", key_id)) for key_id, key in self._keys.keys.items()
        }

    def check_canaries(self, stored: Mapping[str, bytes]) -> None:
        """Refuse to start with KEKs that did not seal this database. An empty store has no canaries and passes.

        A KEK that was taken out after rotation is no error, as long as one of the list is known.

        Raises:
            WrongKeys: a key differs from the one that had its id, or none of the stored ids is in the list.
        """
        known = [key_id for key_id in stored if key_id in self._keys.keys]
        if stored and not known:
            raise WrongKeys("none of the key-encryption keys has sealed this database")
        for key_id in known:
            try:
                _open(self._key(key_id), stored[key_id], _joined("canary", key_id))
            except CannotOpen:
                raise WrongKeys(f"key-encryption key {key_id} is not the one that sealed this database") from None

    def _key(self, key_id: str) -> Secret:
        try:
            return self._keys.keys[key_id]
        except KeyError:
            raise UnknownKeyId(f"the key-encryption key {key_id} is not in the list of keys") from None

    def _wrap(self, grant_key: Secret, context: GrantContext) -> bytes:
        return _seal(self._key(self.current_key_id), grant_key, _wrapping_context(self.current_key_id, context))

    def _unwrap(self, record: SealedCredential, context: GrantContext) -> Secret:
        return _open(
            self._key(record.wrapping_key_id), record.wrapped_key, _wrapping_context(record.wrapping_key_id, context)
        )


def seal_under_token(secret: Secret, *, token: Secret, purpose: Purpose) -> bytes:
    """Seal under a key derived from a token or code of 256 random bits, which alone can open it again (RFC 5869)."""
    return _seal(_derived(token, f"v1|token|{purpose}"), secret, purpose.encode())


def open_under_token(sealed: bytes, *, token: Secret, purpose: Purpose) -> Secret:
    """Open what `seal_under_token` sealed.

    Raises:
        CannotOpen: another token or purpose, or damaged.
    """
    return _open(_derived(token, f"v1|token|{purpose}"), sealed, purpose.encode())


def seal_with(key: Secret, secret: Secret, *context: str) -> bytes:
    """Seal under a key of 32 bytes; whoever opens it has to name the same context."""
    return _seal(key, secret, _joined(*context))


def open_with(key: Secret, sealed: bytes, *context: str) -> Secret:
    """Open what `seal_with` sealed.

    Raises:
        CannotOpen: another key or context, or damaged.
    """
    return _open(key, sealed, _joined(*context))


def _wrapping_context(key_id: str, context: GrantContext) -> bytes:
    return b"wrap|" + key_id.encode() + b"|" + context.associated_data()


def _joined(*parts: str) -> bytes:
    """Join with |, which is escaped inside a part: two contexts never look alike."""
    return "|".join(part.replace("%", "%25").replace("|", "%7C") for part in parts).encode()


def _derived(key: Secret, info: str) -> Secret:
    """HKDF with SHA-256 and no salt (RFC 5869 §2), of which one block is enough: a sixth of what the library takes."""
    extracted = hmac.digest(_NO_SALT, key.reveal(), "sha256")
    return Secret(hmac.digest(extracted, info.encode() + b"\x01", "sha256"))


def _seal(key: Secret, secret: Secret, associated_data: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return _FORMAT + nonce + AESGCM(key.reveal()).encrypt(nonce, secret.reveal(), associated_data)


def _open(key: Secret, sealed: bytes, associated_data: bytes) -> Secret:
    start = len(_FORMAT) + NONCE_BYTES
    if not sealed.startswith(_FORMAT) or len(sealed) < start:
        raise CannotOpen("what was sealed has an unknown format")
    try:
        return Secret(AESGCM(key.reveal()).decrypt(sealed[len(_FORMAT) : start], sealed[start:], associated_data))
    except InvalidTag:
        raise CannotOpen("what was sealed does not open with this key and context") from None
