"""Dashboard tokens, which stand for a person at the dashboard; `socialapi-mcp api login` hands them out."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from auth.tokens import Claims, DenyList, Issuer, VerificationKey, Verifier
from localapi.context import Clock, Ids
from localapi.tables import Setting, User

LIFETIME = timedelta(hours=1)
SETTING = "dashboard_key"
"""Name of the `Setting` with the seed of the key, 32 random bytes in hexadecimal."""

# No web addresses, as access tokens have for both (RFC 8414 §2, RFC 8707 §2): neither kind can pass as the other, not
# even under one key. They name no address of this server, which has another one whenever it listens elsewhere; that a
# token is of this installation, its key says.
ISSUER = "socialapi-mcp-dashboard"
AUDIENCE = "socialapi-mcp-local-api"
_CLIENT = "socialapi-mcp-api-login"


class CannotLogIn(Exception):
    """There is no token to be had; the text says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Login:
    """A token just issued."""

    token: str
    expires_at: datetime


class DashboardTokens:
    """Issues and verifies the dashboard tokens of one installation."""

    def __init__(self, seed: bytes, *, clock: Clock, ids: Ids) -> None:
        """`seed`: the 32 bytes of the Ed25519 key (RFC 8032 §5.1.5)."""
        private_key = Ed25519PrivateKey.from_private_bytes(seed)
        public_key = private_key.public_key()
        key_id = "dashboard-" + hashlib.sha256(public_key.public_bytes_raw()).hexdigest()[:16]
        self._clock, self._ids = clock, ids
        self._issuer = Issuer(key_id, private_key)
        self._verifier = Verifier(
            [VerificationKey(key_id=key_id, public_key=public_key)],
            issuer=ISSUER,
            audience=AUDIENCE,
            denied=DenyList(),
            clock=lambda: clock.now().timestamp(),
        )

    def issue(self, user: User) -> Login:
        """A token for an hour, for everything that belongs to the user."""
        now = self._clock.now().replace(microsecond=0)
        expires_at = now + LIFETIME
        token_id = self._ids.uuid()
        claims = Claims(
            issuer=ISSUER,
            subject=user.id,
            audience=AUDIENCE,
            client_id=_CLIENT,
            scope="",
            token_id=token_id,
            grant_id=token_id,
            issued_at=int(now.timestamp()),
            not_before=int(now.timestamp()),
            expires_at=int(expires_at.timestamp()),
        )
        return Login(token=self._issuer.issue(claims), expires_at=expires_at)

    def verify(self, token: str) -> Claims:
        """What a token says; raises auth.tokens.TokenRefused."""
        return self._verifier.verify(token)


async def log_in(session: AsyncSession, named: str | None, *, clock: Clock, ids: Ids) -> Login:
    """A token for the user that is named by e-mail address or id, or for the only one.

    Raises:
        CannotLogIn: no such user or several, or no server was ever started on this database.
    """
    seed = await session.get(Setting, SETTING)
    if seed is None:
        raise CannotLogIn("this database was made by an older version; start the server on it once, then log in again")
    query = select(User).order_by(User.created_at, User.id).limit(2)
    if named is not None:
        query = query.where(or_(User.email == named, User.id == named))
    found = list(await session.scalars(query))
    if len(found) == 1:
        return DashboardTokens(bytes.fromhex(seed.value), clock=clock, ids=ids).issue(found[0])
    if found:
        advice = "name yours with --user EMAIL" if named is None else "name yours by its id, with --user ID"
        raise CannotLogIn(f"several users fit; {advice}")
    if named is not None:
        raise CannotLogIn("no user here has this address or id; check --user, or leave it out if there is only one")
    raise CannotLogIn("there is no user here any more; choose another data folder with --data, and start the server")
