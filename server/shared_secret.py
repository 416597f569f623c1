"""The secret with which this server signs and seals for itself: one for every process that answers for it."""

import logging
import secrets

from auth import key_files
from auth.vault import BadKeys, KeyEncryptionKeys, Vault
from server.settings import Settings

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

SECRET_FILE = "server_key"  # noqa: S105
_PURPOSE = "server"
_BYTES = 32


class NoSharedSecret(Exception):
    """The operator's keys, or the data folder, cannot be used; the text says why."""


def shared_secret(settings: Settings, *, memory: bool = False, is_alone: bool = False) -> bytes:
    """32 bytes: from the operator's first key, else from a key file in the data folder, which the first process makes.

    Args:
        settings: where the keys and the data folder are.
        memory: nothing is kept; random.
        is_alone: nobody else has to agree, so that a data folder that cannot be written is no reason not to start.

    Raises:
        NoSharedSecret: keys or the folder cannot be used.
    """
    try:
        given = _given(settings)
        if given is None and memory:
            return secrets.token_bytes(_BYTES)
        # HKDF (RFC 5869), so that it says nothing about the key, which seals other things.
        return Vault(given or _of_folder(settings)).derive(_PURPOSE)[0].reveal()
    except BadKeys as problem:
        raise NoSharedSecret(f"the keys of this server cannot be used: {problem}") from None
    except OSError as problem:
        if is_alone:
            logger.warning("the data folder cannot hold this server's key: what it signs ends with it")
            return secrets.token_bytes(_BYTES)
        reason = f"the data folder {settings.data_dir} cannot hold this server's key ({problem.strerror})"
        raise NoSharedSecret(reason) from None


def _given(settings: Settings) -> KeyEncryptionKeys | None:
    if settings.auth_keys is not None:
        return KeyEncryptionKeys.parse(settings.auth_keys.get_secret_value())
    if settings.auth_keys_file is not None:
        return KeyEncryptionKeys.from_file(settings.auth_keys_file)
    return None


def _of_folder(settings: Settings) -> KeyEncryptionKeys:
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = settings.data_dir / SECRET_FILE
    key_files.ensure(file, key_files.new_key())
    return KeyEncryptionKeys.from_file(file)
