"""Linking: what a brand may connect, and the account that comes of it."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from localapi.brands import add_brand
from localapi.context import Caller, Context, Installation, Refusal
from localapi.event_shapes import account_connected
from localapi.network import PLATFORMS
from localapi.network.platform import PlatformProfile
from localapi.tables import Account, Brand, Invite, Key, OauthState, PendingConnection, User
from localapi.x_credentials import source_of


async def context_of(installation: Installation, session: AsyncSession, state: OauthState) -> Context | None:
    """Act for whoever started a connection; None: the user is gone.

    A key's brands are those that it has now, a token's those that it was issued with.
    """
    user = await session.get(User, state.user_id)
    key = await session.get(Key, state.key_id) if state.key_id else None
    if user is None:
        return None
    brand_ids = frozenset[str](key.brand_ids if key else state.brand_ids)
    return Context(installation=installation, session=session, caller=Caller(user=user, key=None, brand_ids=brand_ids))


def known_platform(slug: str) -> PlatformProfile:
    """The platform's facts; raises Refusal 400."""
    profile = PLATFORMS.get(slug)
    if profile is None:
        known = ", ".join(PLATFORMS)
        raise Refusal(400, "account.unsupported_platform", f"there is no {slug[:40]!r}; choose from {known}")
    return profile


async def check_gates(context: Context, platform: str, brand_id: str | None) -> str | None:
    """Refuse a platform that is not open to the user (403), or that lacks app credentials (412).

    Returns whose credentials are used, "brand" or "user", where the platform needs any.
    """
    if platform == "linkedin_page" and platform not in context.user.allowed_platforms:
        raise Refusal(
            403,
            "billing.platform_not_available",
            "LinkedIn pages are in beta and not open to this user",
            plan=context.user.plan,
        )
    if platform == "twitter":
        return await source_of(context, brand_id)
    return None


async def check_invite(context: Context, origin: OauthState | PendingConnection) -> Invite | None:
    """The invite behind a connection, held until the end of the transaction; None where there is none.

    Raises:
        Refusal: 410 when it has expired, 400 when it was used or revoked since its page was opened.
    """
    if origin.invite_id is None:
        return None
    invite = await context.session.get(Invite, origin.invite_id, with_for_update=True)
    if invite is None or invite.used_at is not None or not invite.is_active:
        raise Refusal(400, "invite.invalid", "this invite was used or revoked; ask for a new one")
    if invite.expires_at <= context.now:
        raise Refusal(410, "invite.expired", "this invite has expired; ask for a new one")
    return invite


async def upsert(
    context: Context,
    origin: OauthState | PendingConnection,
    *,
    native_id: str,
    name: str,
    username: str,
    metadata: dict[str, Any] | None = None,
) -> Account:
    """Connect an account: a known one gets its new token and moves if it may, an unknown one is made."""
    await context.lock_user()
    if not context.caller.may_see(origin.brand_id):
        raise Refusal(404, "brand.not_found", "the key or token that started this connection has no such brand")
    invite = await check_invite(context, origin)
    known = await context.session.scalar(
        select(Account).where(
            Account.user_id == origin.user_id,
            Account.platform == origin.platform,
            Account.platform_account_id == native_id,
        )
    )
    if known is not None:
        await _refresh(context, origin, known)
        account = known
    else:
        account = await _make(context, origin, native_id=native_id, name=name, username=username, metadata=metadata)
    if invite is not None:
        invite.used_at, invite.is_active = context.now, False
    await account_connected(context.session, context.installation, account)
    return account


async def _refresh(context: Context, origin: OauthState | PendingConnection, known: Account) -> None:
    if not context.caller.may_see(known.brand_id):
        raise Refusal(
            409, "account.already_linked", "this account belongs to a brand that this key or token cannot see"
        )
    if origin.brand_id is not None and known.brand_id != origin.brand_id:
        if context.user.lock_accounts_to_brand:
            raise Refusal(409, "account.already_linked", "this account belongs to another brand and may not move")
        await _check_free(context, origin.brand_id, origin.platform)
        known.brand_id = origin.brand_id
    known.status, known.reconnect_reason = "active", None


async def _make(
    context: Context,
    origin: OauthState | PendingConnection,
    *,
    native_id: str,
    name: str,
    username: str,
    metadata: dict[str, Any] | None,
) -> Account:
    brand_id = origin.brand_id
    if brand_id is None:
        brand_id = (await add_brand(context, name)).id
    else:
        await _check_free(context, brand_id, origin.platform)
    account = Account(
        id=context.ids.prefixed("acc_"),
        user_id=origin.user_id,
        brand_id=brand_id,
        platform=origin.platform,
        platform_account_id=native_id,
        name=name,
        username=username,
        status="active",
        metadata_=metadata or {},
        created_at=context.now,
    )
    context.session.add(account)
    await context.session.flush()
    return account


async def _check_free(context: Context, brand_id: str, platform: str) -> None:
    # Held, so that the brand cannot be deleted between this look and the account's insert.
    brand = await context.session.get(Brand, brand_id, with_for_update={"read": True, "key_share": True})
    if brand is None:
        raise Refusal(404, "brand.not_found", "the brand of this connection is gone")
    taken = await context.session.scalar(
        select(func.count()).where(Account.brand_id == brand_id, Account.platform == platform)
    )
    if taken:
        raise Refusal(
            409, "account.already_linked", f"this brand has a {platform} account already; disconnect it first"
        )
