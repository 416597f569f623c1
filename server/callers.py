"""The one place where a bearer becomes a caller."""

import hashlib
import re
from dataclasses import dataclass

_BEARER = re.compile(r"(?i:bearer) +(sapi_key_[0-9a-fA-F]{62})")


@dataclass(frozen=True)
class Caller:
    """Who calls: the header that the REST API is to see, or None for the process's own key."""

    authorization: str | None = None

    @property
    def identity(self) -> str:
        """A name for limits and logs, from which the credential cannot be had back."""
        return hashlib.sha256((self.authorization or "process").encode()).hexdigest()[:16]


PROCESS = Caller()
"""Whoever started the process: the key comes from the environment."""


def caller_of(header: str | None) -> Caller | None:
    """The caller behind an `Authorization` header, or None when there is none or it is malformed.

    A well-formed key that nobody knows passes: the REST API answers for it.
    """
    match = _BEARER.fullmatch((header or "").strip())
    return Caller(f"Bearer {match[1]}") if match else None
