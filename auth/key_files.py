"""Files of key-encryption keys: `id:base64` of 32 bytes, separated by commas, read and written by their owner alone."""

import base64
import contextlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path


def new_key(key_id: str = "k1") -> str:
    """An entry for such a file."""
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


def ensure(file: Path, entry: str) -> None:
    """Make the file unless there is one; of several processes at once, one makes it. Raises OSError."""
    if file.exists():
        return
    # Written aside and linked, so that no process ever reads half of it.
    aside = _aside(file, entry)
    try:
        with contextlib.suppress(FileExistsError):
            os.link(aside, file)
    finally:
        aside.unlink()


def replace(file: Path, entries: Sequence[str]) -> None:
    """Put other keys in its place, at once. Raises OSError."""
    _aside(file, ",".join(entries)).replace(file)


def _aside(file: Path, text: str) -> Path:
    aside = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(aside, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w", encoding="ascii") as opened:
        opened.write(text + "\n")
    return aside
