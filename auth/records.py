"""What the authorization server keeps, and how a contested step can end.

Codes, tokens, secrets and session ids appear here only as their SHA-256 (32 bytes): each is 256 random bits, so a
slow hash would protect nothing. Whatever is called `sealed` is ciphertext that the store cannot read. Times are
aware datetimes, kept to the microsecond. A `scope` is space-separated (RFC 6749 §3.3).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


def digest(secret: str) -> bytes:
    """The only form in which a code, token, secret or session id is stored: SHA-256, 32 bytes."""
    return hashlib.sha256(secret.encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered client: by the operator, or dynamically (RFC 7591). Metadata documents are not kept here."""

    client_id: str
    metadata: str
    """Its registration, as JSON text."""
    secret_hash: bytes | None = None
    """None for a public client."""
    secret_expires_at: datetime | None = None
    auth_method: str = "none"
    """One of `token_endpoint_auth_methods_supported` (RFC 8414 §2)."""
    is_auth_method_chosen: bool = False
    """False if the method is RFC 7591's default, so Basic and post are both taken."""
    created_at: datetime
    last_used_at: datetime | None = None
    expires_at: datetime | None = None
    """None for a client of the operator's; a dynamic one slides with its use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDocument:
    """A client's metadata document as fetched; its URL is the client id."""

    url: str
    body: str
    body_hash: bytes
    """SHA-256: a grant remembers it, so that a changed document asks for consent again."""
    etag: str | None = None
    fetched_at: datetime
    fresh_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRequest:
    """An authorization request between the redirect and the answer, bound to one browser."""

    request_hash: bytes
    browser_hash: bytes
    """Of the cookie of the browser that opened it."""
    csrf_hash: bytes
    parameters: str
    """The checked parameters, as JSON text."""
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """An authorization code (RFC 6749 §4.1.2) and what it was issued for."""

    code_hash: bytes
    grant_id: str
    """The grant that redeeming it will create."""
    client_id: str
    subject: str
    redirect_uri: str
    scope: str
    resource: str
    challenge: str
    """PKCE S256 (RFC 7636 §4.2)."""
    document_hash: bytes | None = None
    authenticated_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    sealed_credential: bytes | None = None
    """The upstream key, sealed under a key derived from the code; gone once it is redeemed."""
    details: str = "{}"
    """What pages and the broker need to know, as JSON text: client name, brands, upstream key id; never a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a person allowed a client: the family to which its tokens belong."""

    grant_id: str
    subject: str
    client_id: str
    scope: str
    resource: str
    sealed_credential: bytes | None
    """The upstream key under the grant's own key; None after revocation."""
    wrapped_key: bytes | None
    """The grant's own key under the key-encryption key."""
    wrapping_key_id: str | None
    document_hash: bytes | None = None
    authenticated_at: datetime
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    """The absolute end: no refresh token of the family outlives it."""
    upstream_invalid_at: datetime | None = None
    """Since when the upstream refuses the credential: no refreshing, sign in again."""
    revoked_at: datetime | None = None
    revoked_because: str | None = None
    details: str = "{}"
    """What pages and the broker need to know, as JSON text: client name, brands, upstream key id; never a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """One generation of a grant's refresh token."""

    token_hash: bytes
    grant_id: str
    generation: int
    """1 for the token that came with the grant."""
    expires_at: datetime
    used_at: datetime | None = None
    successor_hash: bytes | None = None
    sealed_successor: bytes | None = None
    """The next token, sealed under a key derived from this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRefreshToken:
    """A refresh token about to be handed out; it ends with its grant, if that is earlier."""

    token_hash: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a person chose to have remembered about a client at one redirect host."""

    subject: str
    client_id: str
    redirect_host: str
    scope: str
    granted_at: datetime
    expires_at: datetime


class KeyState(StrEnum):
    """The life of a signing key: published, signing, verifying only; then the row is deleted."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key pair for access tokens."""

    key_id: str
    public_key: str
    """A JWK with public members only, as JSON text (RFC 7517)."""
    sealed_private_key: bytes
    wrapping_key_id: str
    state: KeyState
    created_at: datetime
    active_from: datetime | None = None
    retires_at: datetime | None = None
    """When it may be deleted: no token that it signed is valid any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """What a key-encryption key sealed when it was first seen, so that a wrong key is noticed at the start."""

    key_id: str
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Denials:
    """What the deny list gained."""

    cursor: int
    """For the next question; opaque, it only grows. An entry can come twice, never be left out."""
    handles: tuple[tuple[str, datetime], ...]
    """A grant id or `jti`, and until when it is denied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A person signed in at the browser pages."""

    session_hash: bytes
    subject: str
    authenticated_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    """The absolute end."""
    sealed: bytes | None = None
    """What the pages keep for the person, sealed under a key derived from the session id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """The answer of a token bucket."""

    is_allowed: bool
    retry_after_seconds: float
    """0 if allowed; else when the next hit will be (RFC 6585 §4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One security event. No secret, and no text that a client chose, belongs in it."""

    event_id: str
    """UUID version 7, so the ids sort by time."""
    at: datetime
    kind: str
    subject: str | None = None
    client_id: str | None = None
    grant_id: str | None = None
    detail: str = "{}"
    """JSON text."""


class Conflict(Exception):
    """The row exists already, or another process was faster; read again and decide anew."""


class Unavailable(Exception):
    """The database refuses to work; the text says how, without a statement or a value in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """No such code or token: never issued, expired, of another client, or of a grant that is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """The code was claimed by this call and its grant exists."""

    grant: Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The code had been used; its grant is revoked by now (RFC 6749 §4.1.2)."""

    grant_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """The token was claimed by this call and the successor is valid."""

    grant: Grant
    generation: int
    """The successor's."""
    expires_at: datetime
    """The successor's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """The token was rotated a moment ago and its successor is still unused: hand out that one again."""

    grant: Grant
    sealed_successor: bytes
    expires_at: datetime
    """The successor's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reused:
    """The token had been used before; its grant is revoked by now (RFC 9700 §4.14.2)."""

    grant: Grant
    """As it was before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """The token is good, for another resource than the one named (RFC 8707 §2.2); nothing was changed."""


Redemption = Redeemed | Replayed | Unknown
Rotation = Rotated | Retried | Reused | Elsewhere | Unknown
