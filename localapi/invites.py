"""Invites: links by which somebody outside connects an account to a brand."""

from datetime import timedelta

from sqlalchemy import func, select

from localapi.connecting import auth_url, start
from localapi.context import Caller, Context, Refusal, invalid_field, wire_time
from localapi.linking import check_gates, known_platform
from localapi.routing import implements
from localapi.tables import Account, Invite, User
from tools.invites import (
    CREATE_INVITE,
    LIST_INVITES,
    REDEEM_INVITE,
    REVOKE_INVITE,
    CreatedInvite,
    CreateInvite,
    InviteList,
    InviteRedirect,
    ListInvites,
    RedeemInvite,
    RevokeInvite,
)
from tools.invites import Invite as InviteAnswer
from tools.operation import Empty


@implements(LIST_INVITES)
async def list_invites(context: Context, args: ListInvites) -> InviteList:
    brand = await context.brand(args.brand_id)
    query = select(Invite).where(Invite.brand_id == brand.id).order_by(Invite.created_at.desc(), Invite.id)
    rows = [
        InviteAnswer(
            id=row.id,
            platform=row.platform,
            token=row.token,
            url=_url(context, row),
            is_active=row.is_active and row.expires_at > context.now,
            created_at=wire_time(row.created_at),
            expires_at=wire_time(row.expires_at),
        )
        for row in await context.session.scalars(query)
    ]
    return InviteList(data=rows, count=len(rows))


@implements(CREATE_INVITE)
async def create_invite(context: Context, args: CreateInvite) -> CreatedInvite:
    profile = known_platform(args.platform)
    brand = await context.brand(args.brand_id)
    if profile.connect in {"token", "embedded_signup"}:
        raise invalid_field("platform", "choose a platform that people connect in a browser")
    await check_gates(context, args.platform, brand.id)
    await context.lock_user()
    open_invite = await context.session.scalar(
        select(func.count()).where(
            Invite.brand_id == brand.id,
            Invite.platform == args.platform,
            Invite.is_active,
            Invite.expires_at > context.now,
        )
    )
    if open_invite:
        raise Refusal(409, "resource.conflict", "this brand has an open invite for that platform; revoke it first")
    taken = await context.session.scalar(
        select(func.count()).where(Account.brand_id == brand.id, Account.platform == args.platform)
    )
    if taken:
        raise Refusal(409, "resource.conflict", "this brand has an account of that platform already")
    row = Invite(
        id=context.ids.uuid(),
        user_id=context.user.id,
        brand_id=brand.id,
        platform=args.platform,
        token=context.ids.random_hex(41),
        created_at=context.now,
        expires_at=context.now + timedelta(days=args.expires_in_days),
    )
    context.session.add(row)
    return CreatedInvite(
        id=row.id, platform=row.platform, token=row.token, url=_url(context, row), expires_at=wire_time(row.expires_at)
    )


@implements(REVOKE_INVITE)
async def revoke_invite(context: Context, args: RevokeInvite) -> Empty:
    row = await context.session.scalar(
        select(Invite).where(Invite.id == args.invite_id, Invite.user_id == context.user.id).with_for_update()
    )
    if row is None or row.used_at is not None or not row.is_active:
        raise Refusal(
            404, "resource.not_found", "no such open invite; see GET /invites", resource="invite", id=args.invite_id
        )
    row.is_active = False
    return Empty()


@implements(REDEEM_INVITE)
async def redeem_invite(context: Context, args: RedeemInvite) -> InviteRedirect:
    row = await context.session.scalar(select(Invite).where(Invite.token == args.token))
    if row is None:
        raise Refusal(404, "resource.not_found", "there is no such invite", resource="invite", id=args.token)
    if not row.is_active or row.used_at is not None or row.expires_at <= context.now:
        raise Refusal(410, "invite.expired", "this invite was used or has expired; ask for a new one")
    user = await context.session.get(User, row.user_id)
    if user is None:
        raise Refusal(410, "invite.expired", "the sender of this invite is gone")
    sender = Context(installation=context.installation, session=context.session, caller=Caller(user=user, key=None))
    await check_gates(sender, row.platform, row.brand_id)
    state = await start(sender, row.platform, brand_id=row.brand_id, invite_id=row.id)
    return InviteRedirect(location=auth_url(sender, row.platform, state))


def _url(context: Context, row: Invite) -> str:
    return f"{context.installation.public_url}/invite/{row.token}"
