"""Access tokens: JWTs after RFC 9068, signed with Ed25519, for exactly one resource server.

Both happen often, so tokens are written and read here, with cryptography for the signature alone. Nothing of a token is
believed before its signature holds.
"""

import base64
import binascii
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic_core import from_json, to_json

MAX_TOKEN_BYTES = 4096
MAX_LIFETIME_SECONDS = 3600
MAX_SKEW_SECONDS = 30
CACHED_TOKENS = 10_000

# RFC 9864 renamed EdDSA; many verifiers know only the old name, so it is written, and both are read.
ED25519_ALGORITHMS = frozenset({"EdDSA", "Ed25519"})
_TYPE = "at+jwt"
_CACHED_HEADERS = 64
_ONLY_TEXT = {str}
_ONLY_WHOLE_NUMBERS = {int}
_TIME_OR_NONE = {int, type(None)}


class Flaw(StrEnum):
    """Why a token is refused. For logs and tests; a client is told `invalid_token` (RFC 6750 §3.1)."""

    TOO_LONG = "longer than 4096 bytes"
    MALFORMED = "not a compact JWS of canonical base64url and JSON objects without repeated keys"
    TYPE = "typ is not at+jwt"
    CRITICAL = "crit names an extension"
    UNKNOWN_KEY = "no key has this kid"
    ALGORITHM = "alg is not one of the key's"
    SIGNATURE = "the signature does not hold"
    CLAIMS = "a claim is missing or of another type"
    ISSUER = "another issuer"
    AUDIENCE = "another audience, or several"
    EXPIRED = "expired"
    NOT_YET_VALID = "not valid yet"
    REVOKED = "revoked"


class TokenRefused(Exception):
    """A token that is not to be trusted; nothing of its text is in the message."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw


class UnknownKey(TokenRefused):
    """Signed under a `kid` that is not known here, perhaps not yet: the key ring may be reloaded once.

    `key_id` is a stranger's text: compare it, never show it.
    """

    def __init__(self, key_id: str) -> None:
        super().__init__(Flaw.UNKNOWN_KEY)
        self.key_id = key_id


class Claims(NamedTuple):
    """What an access token says (RFC 9068 §2.2). Times are seconds since 1970."""

    issuer: str
    subject: str
    audience: str
    """The one resource that may accept it (RFC 8707)."""
    client_id: str
    scope: str
    """Space-separated, perhaps empty."""
    token_id: str
    grant_id: str
    """The handle by which every token of a grant is revoked."""
    issued_at: int
    not_before: int
    expires_at: int
    authenticated_at: int | None = None
    """When the person signed in; None where no person did."""
    brand_ids: tuple[str, ...] = ()
    """The brands that it is limited to; without any it is not limited."""
    key_id: str | None = None
    """The upstream key that was made for the grant: who deletes it ends what the token may do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VerificationKey:
    """A public key and the algorithms that it is used with: the key decides, not the token."""

    key_id: str
    public_key: Ed25519PublicKey
    algorithms: frozenset[str] = ED25519_ALGORITHMS


class Issuer:
    """Signs access tokens with the active key."""

    def __init__(self, key_id: str, private_key: Ed25519PrivateKey) -> None:
        self._header = _written({"alg": "EdDSA", "typ": _TYPE, "kid": key_id})
        self._private_key = private_key

    def issue(self, claims: Claims) -> str:
        """Return the signed token.

        Raises:
            ValueError: it would be valid for longer than 60 minutes or not at all, or be longer than 4096 bytes,
                which no verifier here reads.
        """
        if not 0 < claims.expires_at - claims.issued_at <= MAX_LIFETIME_SECONDS:
            raise ValueError(f"an access token is valid for 1 to {MAX_LIFETIME_SECONDS} seconds")
        signed = self._header + b"." + _written(_as_json(claims))
        token = signed + b"." + _encode(self._private_key.sign(signed))
        if len(token) > MAX_TOKEN_BYTES:
            raise ValueError(f"an access token has at most {MAX_TOKEN_BYTES} bytes; got {len(token)}")
        return token.decode("ascii")


class DenyList:
    """Grants and tokens that were revoked while tokens of theirs may still be valid.

    Kept in memory and fed by the store, so that asking costs nothing.
    """

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def deny(self, handle: str, *, until: float) -> None:
        """Refuse a grant id or `jti`. `until`: seconds since 1970 at which its last token is dead, skew included."""
        self._until[handle] = max(until, self._until.get(handle, until))

    def denies(self, claims: Claims) -> bool:
        return claims.grant_id in self._until or claims.token_id in self._until

    def forget_expired(self, *, now: float) -> None:
        self._until = {handle: until for handle, until in self._until.items() if until > now}


class Verifier:
    """Verifies access tokens of one issuer for one resource. Belongs to one event loop or thread."""

    def __init__(
        self,
        keys: Iterable[VerificationKey],
        *,
        issuer: str,
        audience: str,
        denied: DenyList,
        clock: Callable[[], float] = time.time,
        skew_seconds: int = MAX_SKEW_SECONDS,
        cached_tokens: int = CACHED_TOKENS,
    ) -> None:
        if not 0 <= skew_seconds <= MAX_SKEW_SECONDS:
            raise ValueError(f"clocks may differ by 0 to {MAX_SKEW_SECONDS} seconds; got {skew_seconds}")
        self._issuer = issuer
        self._audience = audience
        self._denied = denied
        self._clock = clock
        self._skew_seconds = skew_seconds
        self._cached_tokens = cached_tokens
        self._keys: Mapping[str, VerificationKey] = {key.key_id: key for key in keys}
        self._headers: dict[bytes, VerificationKey] = {}
        # By digest: a dump of the memory must not be a list of valid tokens.
        self._verified: OrderedDict[bytes, Claims] = OrderedDict()

    def replace_keys(self, keys: Iterable[VerificationKey]) -> None:
        """Verify with these keys from now on. Once a key is gone, nothing that it signed stays verified."""
        replacement = {key.key_id: key for key in keys}
        if any(replacement.get(key_id) != key for key_id, key in self._keys.items()):
            self._verified.clear()
        self._headers.clear()
        self._keys = replacement

    def verify(self, token: str) -> Claims:
        """Return what a token says, if all of it can be trusted now (RFC 9068 §4, RFC 8725 §3).

        A token that was verified is remembered until it expires; revocation is asked for each time.

        Raises:
            TokenRefused: with the first flaw found.
            UnknownKey: its `kid` is not known here.
        """
        if len(token) > MAX_TOKEN_BYTES:
            raise TokenRefused(Flaw.TOO_LONG)
        try:
            text = token.encode("ascii")
        except UnicodeEncodeError:
            raise TokenRefused(Flaw.MALFORMED) from None
        digest = hashlib.sha256(text).digest()
        claims = self._remembered(digest)
        if claims is None:
            claims = self._verify_afresh(text)
            self._remember(digest, claims)
        if self._denied.denies(claims):
            raise TokenRefused(Flaw.REVOKED)
        return claims

    def _remembered(self, digest: bytes) -> Claims | None:
        claims = self._verified.get(digest)
        if claims is None:
            return None
        if claims.expires_at <= self._clock():
            del self._verified[digest]
            return None
        self._verified.move_to_end(digest)
        return claims

    def _remember(self, digest: bytes, claims: Claims) -> None:
        if claims.expires_at > self._clock():
            self._verified[digest] = claims
            if len(self._verified) > self._cached_tokens:
                self._verified.popitem(last=False)

    def _verify_afresh(self, text: bytes) -> Claims:
        signed, _, signature = text.rpartition(b".")
        header, dot, payload = signed.partition(b".")
        if not dot or b"." in payload:
            raise TokenRefused(Flaw.MALFORMED)
        key = self._headers.get(header) or self._key_for(header)
        try:
            key.public_key.verify(_decode(signature), signed)
        except InvalidSignature:
            raise TokenRefused(Flaw.SIGNATURE) from None
        # Only headers of tokens that hold are remembered, so that nobody else fills the table.
        if len(self._headers) < _CACHED_HEADERS:
            self._headers[header] = key
        claims = _read_claims(_read_object(payload))
        self._check(claims)
        return claims

    def _key_for(self, segment: bytes) -> VerificationKey:
        """Choose the key by `kid` alone: `jwk`, `jku`, `x5u` and `x5c` are a stranger's keys and never looked at."""
        header = _read_object(segment)
        if header.get("typ") != _TYPE:
            raise TokenRefused(Flaw.TYPE)
        if "crit" in header:
            raise TokenRefused(Flaw.CRITICAL)
        key_id = header.get("kid")
        if not isinstance(key_id, str):
            raise TokenRefused(Flaw.MALFORMED)
        key = self._keys.get(key_id)
        if key is None:
            raise UnknownKey(key_id)
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in key.algorithms:
            raise TokenRefused(Flaw.ALGORITHM)
        return key

    def _check(self, claims: Claims) -> None:
        if claims.issuer != self._issuer:
            raise TokenRefused(Flaw.ISSUER)
        if claims.audience != self._audience:
            raise TokenRefused(Flaw.AUDIENCE)
        now = self._clock()
        if claims.expires_at <= now - self._skew_seconds:
            raise TokenRefused(Flaw.EXPIRED)
        if max(claims.not_before, claims.issued_at) > now + self._skew_seconds:
            raise TokenRefused(Flaw.NOT_YET_VALID)


def _as_json(claims: Claims) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "iss": claims.issuer,
        "sub": claims.subject,
        "aud": claims.audience,
        "client_id": claims.client_id,
        "scope": claims.scope,
        "jti": claims.token_id,
        "gid": claims.grant_id,
        "iat": claims.issued_at,
        "nbf": claims.not_before,
        "exp": claims.expires_at,
    }
    if claims.authenticated_at is not None:
        payload["auth_time"] = claims.authenticated_at
    if claims.brand_ids:
        payload["brands"] = list(claims.brand_ids)
    if claims.key_id is not None:
        payload["key"] = claims.key_id
    return payload


def _read_claims(payload: Mapping[str, Any]) -> Claims:
    audience = payload.get("aud")
    if type(audience) is list:
        raise TokenRefused(Flaw.AUDIENCE)
    try:
        claims = Claims(
            issuer=payload["iss"],
            subject=payload["sub"],
            audience=payload["aud"],
            client_id=payload["client_id"],
            scope=payload["scope"],
            token_id=payload["jti"],
            grant_id=payload["gid"],
            issued_at=payload["iat"],
            not_before=payload["nbf"],
            expires_at=payload["exp"],
            authenticated_at=payload.get("auth_time"),
            brand_ids=_read_brands(payload["brands"]) if "brands" in payload else (),
            key_id=_read_text(payload["key"]) if "key" in payload else None,
        )
    except KeyError:
        raise TokenRefused(Flaw.CLAIMS) from None
    texts = (claims.issuer, claims.subject, claims.audience, claims.client_id, claims.token_id, claims.grant_id)
    times = (claims.issued_at, claims.not_before, claims.expires_at)
    # Exact types: True is an int to Python, and 1e999 a float that never expires.
    if (
        set(map(type, texts)) != _ONLY_TEXT
        or set(map(type, times)) != _ONLY_WHOLE_NUMBERS
        or not all(texts)
        or type(claims.scope) is not str
        or type(claims.authenticated_at) not in _TIME_OR_NONE
    ):
        raise TokenRefused(Flaw.CLAIMS)
    return claims


def _read_brands(brands: object) -> tuple[str, ...]:
    """An empty list is refused too: it says that no brand is allowed, and would be read as all of them."""
    if not isinstance(brands, list) or set(map(type, brands)) != _ONLY_TEXT or not all(brands):
        raise TokenRefused(Flaw.CLAIMS)
    return tuple(brands)


def _read_text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TokenRefused(Flaw.CLAIMS)
    return value


def _written(value: Mapping[str, Any]) -> bytes:
    return _encode(to_json(value))


def _encode(value: bytes) -> bytes:
    """Encode as base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(value).rstrip(b"=")


def _decode(segment: bytes) -> bytes:
    """Decode base64url without padding, in its one canonical form (RFC 7515 §2, RFC 4648 §3.5)."""
    left_over = len(segment) % 4
    # The decoder ignores the bits of the last character that belong to no byte.
    if left_over and segment[-1:] not in _LAST[left_over]:
        raise TokenRefused(Flaw.MALFORMED)
    try:
        return binascii.a2b_base64(segment.translate(_STANDARD) + _PADDING[left_over], strict_mode=True)
    except binascii.Error:
        raise TokenRefused(Flaw.MALFORMED) from None


def _read_object(segment: bytes) -> dict[str, Any]:
    text = _decode(segment)
    try:
        value = from_json(text, allow_inf_nan=False)
        # What is the same when it is written again repeats no key. Ours are; for others, and to refuse, look closely.
        if to_json(value) != text:
            value = _DECODER.decode(text.decode("utf-8"))
    except (ValueError, RecursionError):
        raise TokenRefused(Flaw.MALFORMED) from None
    if not isinstance(value, dict):
        raise TokenRefused(Flaw.MALFORMED)
    return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key is repeated")
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


# The standard alphabet for the decoder; what it has besides, padding included, is none of ours.
_STANDARD = bytes.maketrans(b"-_+/=", b"+/!!!")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_LAST = {
    1: frozenset[bytes](),
    2: frozenset((b"A", b"Q", b"g", b"w")),
    3: frozenset(_ALPHABET[at : at + 1] for at in range(0, 64, 4)),
}
"""By the number of characters after the last whole four, which may come last: those whose spare bits are zero."""
_PADDING = (b"", b"===", b"==", b"=")
_DECODER = json.JSONDecoder(object_pairs_hook=_without_repeats, parse_constant=_no_constant)
