"""The public keys of others, as JWK sets (RFC 7517): what of them is kept, and which sets are refused."""

from collections.abc import Mapping
from typing import Any

MAX_KEYS = 20

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
"""Whoever published one of these gave the key away (RFC 7518 §6, RFC 8037 §2)."""
_PUBLIC_MEMBERS = ("kty", "kid", "use", "alg", "crv", "x", "y", "n", "e")
_KINDS = frozenset({"RSA", "EC", "OKP"})


class KeySetRefused(ValueError):
    """A set that nothing can be verified with; `reason` says why, without quoting it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_key_set(value: object) -> dict[str, Any]:
    """The set with the public members that verification uses, and nothing else.

    Keys of other kinds than RSA, EC and OKP are left out, as RFC 7517 §5 asks.

    Raises:
        KeySetRefused: no object with a list `keys` of 1 to 20 objects, a private or symmetric key among them, a
            member that is not ASCII text, or no key of a known kind.
    """
    keys = value.get("keys") if isinstance(value, Mapping) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= MAX_KEYS:
        raise KeySetRefused(f"a key set has a list of 1 to {MAX_KEYS} keys")
    read = [_read_key(key) for key in keys]
    usable = [key for key in read if key["kty"] in _KINDS]
    if not usable:
        raise KeySetRefused("no key of the set is of a known kind")
    return {"keys": usable}


def _read_key(key: object) -> dict[str, str]:
    if not isinstance(key, Mapping) or not isinstance(key.get("kty"), str):
        raise KeySetRefused("a key is an object with a kty")
    if not PRIVATE_MEMBERS.isdisjoint(key):
        raise KeySetRefused("a key set holds a secret or private key: replace that key, it is known to everyone")
    public = {name: key[name] for name in _PUBLIC_MEMBERS if name in key}
    if not all(isinstance(member, str) and member.isascii() for member in public.values()):
        raise KeySetRefused("a member of a key is not text")
    return public
