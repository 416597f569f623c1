"""Who is calling the embedded API, and whether this credential may do this."""

import re
from datetime import timedelta
from typing import cast

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from auth.scopes import SCOPES, Access, BroadScope, Permission, Scope, UnknownScope, parse_scopes
from auth.tokens import TokenRefused
from localapi.context import Caller, Clock, Installation, Refusal, key_hash
from localapi.tables import Key, User

KEY_PREFIX = "sapi_key_"
_BEARER = re.compile(r"^Bearer(?:\s+(\S*))?\s*$", re.IGNORECASE)
# A write for each call would make every read a write.
LAST_USED_STEP = timedelta(minutes=1)
# Every request asks this, so it is put together once.
_KEY_AND_USER = select(Key, User).outerjoin(User, User.id == Key.user_id).where(Key.hash == bindparam("hash"))
REACHABLE_PAST_DUE = frozenset({"get_current_user", "update_current_user"})


async def caller_of(installation: Installation, session: AsyncSession, header: str | None) -> Caller:
    """The caller behind an `Authorization` header: by API key, dashboard token or OAuth access token.

    Raises:
        Refusal: 401, with the code that says what is wrong with the credential.
    """
    token = _bearer(header)
    if token.startswith(KEY_PREFIX):
        return await _by_key(session, token)
    try:
        claims = installation.dashboard.verify(token)
    except TokenRefused:
        return await _by_access_token(installation, session, token)
    user = await session.get(User, claims.subject)
    if user is None:
        raise Refusal(401, "auth.not_provisioned", "the user who logged in is gone; log in again as one that is here")
    return Caller(user=user, key=None, is_dashboard=True)


def _bearer(header: str | None) -> str:
    if header is None:
        raise Refusal(401, "auth.missing_header", "send Authorization: Bearer <key or token>")
    match = _BEARER.match(header)
    if match is None:
        raise Refusal(401, "auth.missing_header", "the Authorization header is not of the form Bearer <key or token>")
    if not match[1]:
        raise Refusal(401, "auth.empty_token", "there is nothing after Bearer")
    return match[1]


async def _by_key(session: AsyncSession, token: str) -> Caller:
    found = (await session.execute(_KEY_AND_USER, {"hash": key_hash(token)})).first()
    if found is None or not found[0].is_active:
        raise Refusal(401, "auth.invalid_key", "this key is unknown or was revoked")
    key = found[0]
    user = cast("User | None", found[1])
    if user is None:
        raise Refusal(401, "auth.user_not_found", "the user of this key is gone")
    # A key without scopes has them all.
    return Caller(user=user, key=key, scopes=frozenset(key.scopes) or None, brand_ids=frozenset(key.brand_ids))


async def _by_access_token(installation: Installation, session: AsyncSession, token: str) -> Caller:
    if installation.access_tokens is None:
        raise _invalid_token()
    try:
        claims = installation.access_tokens.verify(token)
        scopes = parse_scopes(claims.scope)
    except (TokenRefused, UnknownScope):
        raise _invalid_token() from None
    user = await session.get(User, claims.subject)
    if user is None:
        raise Refusal(401, "auth.user_not_found", "the user of this token is gone")
    if claims.key_id is not None:
        # Made for this sign-in alone: deleting it in the workspace ends the sign-in.
        key = await session.get(Key, claims.key_id)
        if key is None or not key.is_active or key.user_id != user.id:
            raise _invalid_token()
    return Caller(
        user=user,
        key=None,
        grant_id=claims.grant_id,
        scopes=None if BroadScope.SOCIAL_ALL in scopes else scopes,
        brand_ids=frozenset(claims.brand_ids),
    )


def _invalid_token() -> Refusal:
    return Refusal(401, "auth.invalid_token", "this token is not valid here or has expired; sign in again")


def is_unnoted(caller: Caller, clock: Clock) -> bool:
    """Whether the key was not used within the last minute, as far as is known."""
    key = caller.key
    return key is not None and (key.last_used_at is None or clock.now() - key.last_used_at >= LAST_USED_STEP)


async def note_use(session: AsyncSession, caller: Caller, clock: Clock) -> None:
    """Remember when the key was last used, to the minute."""
    if caller.key is not None and is_unnoted(caller, clock):
        await session.execute(update(Key).where(Key.id == caller.key.id).values(last_used_at=clock.now()))


def check_permission(caller: Caller, permission: Permission) -> None:
    """Refuse what the credential may not do.

    Raises:
        Refusal: 403 for one of the four documented reasons, or for a dashboard route.
    """
    if permission is Access.DASHBOARD and not caller.is_dashboard:
        remedy = "API keys and access tokens cannot; `socialapi-mcp api login` gives a token that can"
        raise Refusal(403, "auth.dashboard_only", f"this is done in the dashboard: {remedy}")
    if not caller.is_restricted or permission in {Access.ALWAYS, Access.PUBLIC}:
        return
    kind = "token" if caller.key is None else "key"
    if permission is Access.ADMIN:
        raise Refusal(403, "auth.insufficient_scope", f"only an unrestricted {kind} may do this")
    if not isinstance(permission, Scope):
        raise Refusal(403, "auth.insufficient_scope", f"a restricted {kind} may not do this")
    if SCOPES[permission].account_level and caller.brand_ids:
        raise Refusal(
            403,
            "auth.insufficient_scope",
            f"a {kind} restricted to brands cannot have the account-level scope {permission}",
            required_scope=str(permission),
        )
    if caller.scopes is not None and permission not in caller.scopes:
        raise Refusal(
            403, "auth.insufficient_scope", f"this {kind} lacks the scope {permission}", required_scope=str(permission)
        )


def check_paid(caller: Caller, operation_name: str, path: str) -> None:
    """402 while a payment is overdue, save for the profile and billing."""
    if caller.user.billing_blocked_at is None or operation_name in REACHABLE_PAST_DUE or path.startswith("/billing/"):
        return
    raise Refusal(402, "billing.past_due", "a payment is overdue; settle it under billing and everything works again")
