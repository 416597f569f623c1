"""Who is calling the embedded API, and whether this credential may do this."""

import re
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from auth.scopes import SCOPES, Access, Permission, Scope
from localapi.context import Caller, Clock, Refusal, key_hash
from localapi.tables import Key, User

KEY_PREFIX = "sapi_key_"
_BEARER = re.compile(r"^Bearer(?:\s+(\S*))?\s*$", re.IGNORECASE)
# A write for each call would make every read a write.
LAST_USED_STEP = timedelta(minutes=1)
REACHABLE_PAST_DUE = frozenset({"get_current_user", "update_current_user"})


async def caller_of(session: AsyncSession, header: str | None) -> Caller:
    """The caller behind an `Authorization` header.

    Raises:
        Refusal: 401, with the code that says what is wrong with the credential.
    """
    if header is None:
        raise Refusal(401, "auth.missing_header", "send Authorization: Bearer <key>")
    match = _BEARER.match(header)
    if match is None:
        raise Refusal(401, "auth.missing_header", "the Authorization header is not of the form Bearer <key>")
    token = match[1]
    if not token:
        raise Refusal(401, "auth.empty_token", "there is nothing after Bearer")
    if not token.startswith(KEY_PREFIX):
        raise Refusal(401, "auth.invalid_token", "this token is unknown or has expired")
    key = await session.scalar(select(Key).where(Key.hash == key_hash(token)))
    if key is None or not key.is_active:
        raise Refusal(401, "auth.invalid_key", "this key is unknown or was revoked")
    user = await session.get(User, key.user_id)
    if user is None:
        raise Refusal(401, "auth.user_not_found", "the user of this key is gone")
    return Caller(user=user, key=key, scopes=frozenset(key.scopes), brand_ids=frozenset(key.brand_ids))


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
    if permission is Access.DASHBOARD:
        raise Refusal(403, "auth.dashboard_only", "this is done in the dashboard; API keys cannot")
    if not caller.is_restricted or permission in {Access.ALWAYS, Access.PUBLIC}:
        return
    if permission is Access.ADMIN:
        raise Refusal(403, "auth.insufficient_scope", "only an unrestricted key may do this")
    if not isinstance(permission, Scope):
        raise Refusal(403, "auth.insufficient_scope", "a restricted key may not do this")
    if SCOPES[permission].account_level and caller.brand_ids:
        raise Refusal(
            403,
            "auth.insufficient_scope",
            f"a key restricted to brands cannot have the account-level scope {permission}",
            required_scope=str(permission),
        )
    if caller.scopes and permission not in caller.scopes:
        raise Refusal(
            403, "auth.insufficient_scope", f"this key lacks the scope {permission}", required_scope=str(permission)
        )


def check_paid(caller: Caller, operation_name: str, path: str) -> None:
    """402 while a payment is overdue, save for the profile and billing."""
    if caller.user.billing_blocked_at is None or operation_name in REACHABLE_PAST_DUE or path.startswith("/billing/"):
        return
    raise Refusal(402, "billing.past_due", "a payment is overdue; settle it under billing and everything works again")
