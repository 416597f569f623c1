"""What the authorization server asks of its database, one method for each intention.

Contested steps (claiming a code, rotating a token, consuming a request, inserting a `jti`, hitting a bucket) are
atomic on every backend, also among processes. The caller passes the time; machines that share a database keep their
clocks within 5 s of each other. Every method may raise `Unavailable`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from auth.records import (
    AuditEvent,
    Client,
    ClientDocument,
    Code,
    Consent,
    Denials,
    Grant,
    Hit,
    NewRefreshToken,
    PendingRequest,
    Redemption,
    RefreshToken,
    Rotation,
    Session,
    SigningKey,
)

GRACE = timedelta(seconds=120)
"""How long a rotated refresh token answers with the same successor: clients refresh from several processes at once."""
DENIED_FOR = timedelta(minutes=65)
"""How long a revoked grant stays on the deny list: the longest access token, and clocks that disagree."""


class Store(Protocol):
    """The state of one authorization server."""

    # Clients

    async def save_client(self, client: Client) -> None:
        """Register a client, or replace its registration (RFC 7591 §3)."""
        ...

    async def find_client(self, client_id: str, *, now: datetime) -> Client | None:
        """A client that has not expired."""
        ...

    async def list_clients(self, *, limit: int = 100, after: str = "") -> Sequence[Client]:
        """Clients by id, expired ones too; `after` is the last id of the page before."""
        ...

    async def touch_client(self, client_id: str, *, now: datetime, expires_at: datetime | None) -> None:
        """Note that a client was used, and until when that keeps it."""
        ...

    async def delete_client(self, client_id: str) -> bool:
        """Remove a registration; grants given to it stay and can be revoked. False if there was none."""
        ...

    async def save_document(self, document: ClientDocument) -> None:
        """Cache a client's metadata document; replaces the one before."""
        ...

    async def find_document(self, url: str) -> ClientDocument | None:
        """The cached document, fresh or stale; the caller judges by `fresh_until`."""
        ...

    # Authorization requests and codes

    async def save_request(self, request: PendingRequest) -> None:
        """Keep an authorization request until it is answered."""
        ...

    async def find_request(self, request_hash: bytes, *, browser_hash: bytes, now: datetime) -> PendingRequest | None:
        """A request of this browser that waits for its answer; another browser's is None."""
        ...

    async def consume_request(
        self, request_hash: bytes, *, browser_hash: bytes, now: datetime
    ) -> PendingRequest | None:
        """Take a request away to answer it: of calls at the same time one gets it. Another browser consumes nothing."""
        ...

    async def save_code(self, code: Code) -> None:
        """Keep a code that is about to be sent to the client.

        Raises:
            Conflict: the code exists.
        """
        ...

    async def find_code(self, code_hash: bytes) -> Code | None:
        """The code, used or not, for the checks that must precede its claim (RFC 6749 §4.1.3, RFC 7636 §4.6)."""
        ...

    async def redeem_code(
        self, code_hash: bytes, *, client_id: str, grant: Grant, refresh: NewRefreshToken | None, now: datetime
    ) -> Redemption:
        """Claim a code once, and create its grant and first refresh token in the same transaction.

        `grant.grant_id` is the code's. A used code revokes its grant, in one transaction too (RFC 6749 §4.1.2); a
        foreign client neither claims nor revokes.
        """
        ...

    # Grants

    async def create_grant(self, grant: Grant) -> None:
        """Keep a grant that came without a code.

        Raises:
            Conflict: the grant exists.
        """
        ...

    async def find_grant(self, grant_id: str) -> Grant | None:
        """A grant in whatever state."""
        ...

    async def list_grants(self, subject: str, *, now: datetime) -> Sequence[Grant]:
        """A person's grants that are neither revoked nor over, the newest first."""
        ...

    async def list_all_grants(self, *, limit: int = 100, after: str = "", now: datetime) -> Sequence[Grant]:
        """Everybody's grants that are neither revoked nor over, by id; `after` is the last id of the page before."""
        ...

    async def touch_grant(self, grant_id: str, *, now: datetime) -> None:
        """Note that a grant was used."""
        ...

    async def revoke_grant(
        self,
        grant_id: str,
        *,
        because: str,
        now: datetime,
        client_id: str | None = None,
        subject: str | None = None,
    ) -> bool:
        """End a family: its credential is erased, its tokens are dead, its id is on the deny list.

        Where `client_id` or `subject` is given, a grant of another one is left alone (RFC 7009 §2.1). True if this
        call revoked it, False if it was over or foreign.
        """
        ...

    async def mark_upstream_invalid(self, grant_id: str, *, now: datetime) -> bool:
        """Note that the upstream refuses the credential: no refreshing any more, and denied. True the first time."""
        ...

    async def list_grants_to_rewrap(self, wrapping_key_id: str, *, limit: int) -> Sequence[Grant]:
        """Live grants whose key is wrapped by another key-encryption key than this."""
        ...

    async def rewrap_grant(self, grant_id: str, *, old: bytes, new: bytes, wrapping_key_id: str) -> bool:
        """Replace a wrapped key, if it is still `old`."""
        ...

    # Refresh tokens

    async def find_refresh(self, token_hash: bytes) -> tuple[RefreshToken, Grant] | None:
        """A refresh token and its grant in whatever state, for revocation and introspection (RFC 7009, RFC 7662)."""
        ...

    async def rotate_refresh(
        self,
        token_hash: bytes,
        *,
        client_id: str,
        resource: str | None = None,
        successor: NewRefreshToken,
        sealed_successor: bytes,
        now: datetime,
        grace: timedelta = GRACE,
        meanwhile: Callable[[Grant], object] | None = None,
    ) -> Rotation:
        """Claim a refresh token once and add its successor (OAuth 2.1 §4.3.1).

        Nobody has to read the token before: whoever may not have it, or names another `resource`, claims nothing.

        A used token answers `Retried` within `grace` of its use while its successor is unused; otherwise its grant
        is revoked in the same transaction. A foreign client neither claims nor revokes.

        `meanwhile` may be called with the grant of a claimed token while the disk works, and may not: nothing that it
        makes may leave before this has returned `Rotated`.
        """
        ...

    # Consents

    async def save_consent(self, consent: Consent) -> None:
        """Remember a consent; replaces the one before."""
        ...

    async def find_consent(self, subject: str, client_id: str, redirect_host: str, *, now: datetime) -> Consent | None:
        """A consent that has not expired."""
        ...

    async def delete_consents(self, subject: str, client_id: str) -> None:
        """Forget what a person consented to for a client."""
        ...

    # Signing keys

    async def add_signing_key(self, key: SigningKey) -> None:
        """Add a key.

        Raises:
            Conflict: the id exists, or the key is active and another one is.
        """
        ...

    async def list_signing_keys(self) -> Sequence[SigningKey]:
        """All keys, the oldest first."""
        ...

    async def activate_signing_key(self, key_id: str, *, now: datetime, old_retires_at: datetime) -> bool:
        """Let the next key sign and retire the active one, in one step. False if the key is not `next`.

        Raises:
            Conflict: another key was activated at the same time.
        """
        ...

    async def delete_signing_key(self, key_id: str) -> bool:
        """Remove a key, active or not: its tokens are dead. False if there was none."""
        ...

    async def rewrap_signing_key(self, key_id: str, *, old: bytes, new: bytes, wrapping_key_id: str) -> bool:
        """Replace a sealed private key, if it is still `old`."""
        ...

    # Canaries

    async def list_canaries(self) -> Mapping[str, bytes]:
        """What each key-encryption key sealed when it was first seen, by key id: another key cannot open it."""
        ...

    async def save_canaries(self, canaries: Mapping[str, bytes]) -> None:
        """Add those whose key id is new; one that exists is never replaced."""
        ...

    # Single use and denial

    async def insert_jti(self, jti_hash: bytes, *, expires_at: datetime) -> bool:
        """Note an assertion's id; False if it was there, so the assertion is a replay (RFC 7523 §3)."""
        ...

    async def deny(self, handle: str, *, expires_at: datetime) -> None:
        """Put a grant id or the `jti` of an access token on the deny list."""
        ...

    async def list_denied(self, cursor: int, *, now: datetime) -> Denials:
        """What the deny list gained since a cursor; 0 asks for all."""
        ...

    # Sessions

    async def create_session(self, session: Session) -> None:
        """Keep a new session."""
        ...

    async def find_session(self, session_hash: bytes, *, now: datetime, idle: timedelta) -> Session | None:
        """A session that neither ended nor idled too long; notes that it was seen."""
        ...

    async def rotate_session(self, old_hash: bytes, session: Session) -> bool:
        """Replace a session by one with another id, at sign-in and at a change of rights. False if it was gone."""
        ...

    async def delete_session(self, session_hash: bytes) -> None:
        """Sign out."""
        ...

    # Limits, audit, housekeeping

    async def hit_bucket(self, name: str, *, capacity: int, per: timedelta, now: datetime) -> Hit:
        """Take one token from a bucket of `capacity` that fills once in `per`; a refused hit takes nothing."""
        ...

    async def append_event(self, event: AuditEvent) -> None:
        """Write a line of the audit log."""
        ...

    async def list_events(
        self, *, limit: int = 100, before: str | None = None, subject: str | None = None
    ) -> Sequence[AuditEvent]:
        """Audit lines, the newest first; `before` is the last id of the page before."""
        ...

    async def remove_expired(
        self, *, now: datetime, limit: int = 500, keep_events: timedelta = timedelta(days=365)
    ) -> Mapping[str, int]:
        """Delete at most `limit` rows of each kind that are over; the numbers deleted by table.

        Used codes stay 24 h and used refresh tokens until their expiry, so that a replay is noticed. Empty if
        another process is at it.
        """
        ...

    async def close(self) -> None:
        """Finish what was begun and return the connections."""
        ...
