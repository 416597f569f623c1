"""Secrets that have to come back in clear, encrypted at rest with a key that lies beside the database."""

import base64
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from auth import key_files
from auth.vault import BadKeys, KeyEncryptionKeys

FILE_NAME = "api_keys"
_NONCE_BYTES = 12


class CannotUnseal(Exception):
    """Sealed by a key that is not in the file, or damaged. The text says what to do."""


class SecretBox:
    """AES-256-GCM under the first key of a file, mode 0600, which is made when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / FILE_NAME
        self._keys: KeyEncryptionKeys | None = None

    def seal(self, secret: str, *, bound_to: str) -> tuple[str, bytes]:
        """The id of the key and the ciphertext, which opens only for what it is bound to, such as a row's id."""
        # Another process may have changed the key since; sealed by the old one, nobody could open it.
        self._keys = None
        keys = self._load()
        nonce = os.urandom(_NONCE_BYTES)
        cipher = AESGCM(keys.keys[keys.current_id].reveal())
        return keys.current_id, nonce + cipher.encrypt(nonce, secret.encode(), bound_to.encode())

    def unseal(self, key_id: str, sealed: bytes, *, bound_to: str) -> str:
        """The secret.

        Raises:
            CannotUnseal: another key, another row, or damaged.
        """
        keys = self._load()
        if key_id not in keys.keys:
            # Rotated by another process since it was read.
            self._keys = None
            keys = self._load()
        key = keys.keys.get(key_id)
        if key is None:
            raise CannotUnseal(
                f"the key {key_id} is not in {self.file}; restore the file that belongs to this database"
            )
        try:
            nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            return AESGCM(key.reveal()).decrypt(nonce, rest, bound_to.encode()).decode()
        except InvalidTag:
            raise CannotUnseal("a stored secret does not open; save it again") from None

    @property
    def current_id(self) -> str:
        """The id of the key that seals now."""
        return self._load().current_id

    def add_key(self) -> str:
        """Put a new key in front; the old ones still open what they sealed."""
        return self._write([_new_key(), *self._lines(self._load())])

    def keep_only(self, key_id: str) -> None:
        """Forget all keys but one."""
        keys = self._load()
        self._write([line for line in self._lines(keys) if line.startswith(f"{key_id}:")])

    def _load(self) -> KeyEncryptionKeys:
        if self._keys is None:
            key_files.ensure(self.file, _new_key())
            try:
                self._keys = KeyEncryptionKeys.from_file(self.file)
            except BadKeys as problem:
                raise CannotUnseal(str(problem)) from None
        return self._keys

    @staticmethod
    def _lines(keys: KeyEncryptionKeys) -> list[str]:
        return [f"{name}:{base64.b64encode(key.reveal()).decode()}" for name, key in keys.keys.items()]

    def _write(self, lines: list[str]) -> str:
        key_files.replace(self.file, lines)
        self._keys = None
        return self._load().current_id


def _new_key() -> str:
    return key_files.new_key(f"a{secrets.token_hex(4)}")
