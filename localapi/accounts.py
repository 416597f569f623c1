"""Accounts: listing, pages, limits and disconnecting."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from localapi.context import Context, Refusal, unsupported, wire_time
from localapi.event_shapes import account_disconnected
from localapi.network import PLATFORMS
from localapi.routing import implements
from localapi.tables import Account, NetworkPost, Page
from tools.accounts import (
    DISCONNECT_ACCOUNT,
    GET_ACCOUNT_LIMITS,
    GET_CREATOR_INFO,
    LIST_ACCOUNT_PAGES,
    LIST_ACCOUNTS,
    UPDATE_ACCOUNT_PAGE,
    AccountLimits,
    AccountList,
    AccountPage,
    CreatorInfo,
    DisconnectAccount,
    GetAccountLimits,
    GetCreatorInfo,
    InteractionSettings,
    ListAccountPages,
    ListAccounts,
    PageList,
    UpdateAccountPage,
)
from tools.accounts import Account as AccountAnswer
from tools.operation import Empty

LIMIT_HOURS = 24


@implements(LIST_ACCOUNTS)
async def list_accounts(context: Context, args: ListAccounts) -> AccountList:
    query = context.visible_accounts().order_by(Account.created_at, Account.id)
    if args.brand_id:
        query = query.where(Account.brand_id == args.brand_id)
    rows = [await _answer(context, account) for account in await context.session.scalars(query)]
    return AccountList(data=rows, count=len(rows))


@implements(DISCONNECT_ACCOUNT)
async def disconnect_account(context: Context, args: DisconnectAccount) -> Empty:
    account = await context.account(args.account_id)
    await account_disconnected(context.session, context.installation, account, "disconnected_by_user")
    await context.session.delete(account)
    return Empty()


@implements(GET_CREATOR_INFO)
async def get_creator_info(context: Context, args: GetCreatorInfo) -> CreatorInfo:
    account = await context.account(args.account_id)
    if account.platform != "tiktok":
        raise unsupported(account.platform, "tell what a creator may set")
    return CreatorInfo(
        platform=account.platform,
        nickname=account.name,
        avatar_url=account.profile_picture_url or "",
        can_post=True,
        privacy_level_options=["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"],
        max_video_duration_sec=600,
        interaction_settings=InteractionSettings(comment_disabled=False, duet_disabled=False, stitch_disabled=False),
    )


@implements(GET_ACCOUNT_LIMITS)
async def get_account_limits(context: Context, args: GetAccountLimits) -> AccountLimits:
    account = await context.account(args.account_id)
    if account.status != "active":
        raise Refusal(403, "account.reconnection_required", "connect this account again with POST /accounts/connect")
    ceilings = PLATFORMS[account.platform].limits
    if not ceilings:
        return AccountLimits()
    # The platform counts what comes through its API; what people post in its app is not in there.
    published = await context.session.scalar(
        select(func.count()).where(
            NetworkPost.account_id == account.id,
            NetworkPost.delivery_key.is_not(None),
            NetworkPost.published_at > context.now - timedelta(hours=LIMIT_HOURS),
        )
    )
    left = {name: max(0, ceiling - int(published or 0)) for name, ceiling in ceilings.items()}
    return AccountLimits.model_validate(left)


@implements(LIST_ACCOUNT_PAGES)
async def list_account_pages(context: Context, args: ListAccountPages) -> PageList:
    account = await context.account(args.account_id)
    return PageList(data=[_page(row) for row in await _pages(context, account)])


@implements(UPDATE_ACCOUNT_PAGE)
async def update_account_page(context: Context, args: UpdateAccountPage) -> AccountPage:
    account = await context.account(args.account_id)
    await context.lock_user()
    page = next((row for row in await _pages(context, account) if row.id == args.page_id), None)
    if page is None:
        raise Refusal(404, "resource.not_found", "this account has no such page", resource="page", id=args.page_id)
    context.session.add(page)
    if args.is_active is not None:
        page.is_active = args.is_active
    if args.is_default:
        if not page.is_active:
            raise Refusal(400, "account.page_inactive", "switch the page on before you make it the default")
        await context.session.execute(update(Page).where(Page.account_id == account.id).values(is_default=False))
    if args.is_default is not None:
        page.is_default = args.is_default
    await context.session.flush()
    return _page(page)


async def _pages(context: Context, account: Account) -> Sequence[Page]:
    """Pages of an account, oldest first; a LinkedIn organisation is its own only one, kept once it is changed.

    Raises:
        Refusal: 400, this platform has none.
    """
    is_organisation = account.platform == "linkedin_page"
    if PLATFORMS[account.platform].connect != "pages" and not is_organisation:
        raise Refusal(400, "account.pages_not_supported", f"{account.platform} has no pages")
    query = select(Page).where(Page.account_id == account.id).order_by(Page.created_at, Page.id)
    rows = list(await context.session.scalars(query.execution_options(populate_existing=True)))
    return rows or ([_organisation(account)] if is_organisation else [])


def _organisation(account: Account) -> Page:
    return Page(
        id="sapi_page_" + account.id.removeprefix("acc_"),
        account_id=account.id,
        platform_page_id=account.platform_account_id,
        name=account.name,
        username=account.username,
        category="",
        about=account.bio or "",
        followers_count=0,
        is_active=True,
        is_default=True,
        created_at=account.created_at,
    )


async def _answer(context: Context, account: Account) -> AccountAnswer:
    fields: dict[str, Any] = {
        "id": account.id,
        "brand_id": account.brand_id,
        "platform": account.platform,
        "name": account.name,
        "username": account.username,
        "status": account.status,
    }
    for name in ("bio", "profile_picture_url", "reconnect_reason", "login_id"):
        if value := getattr(account, name):
            fields[name] = value
    if account.metadata_:
        fields["metadata"] = account.metadata_
    if PLATFORMS[account.platform].connect == "pages":
        query = select(Page.name).where(Page.account_id == account.id, Page.is_active)
        active = list(await context.session.scalars(query))
        if len(active) == 1:
            fields["page_name"] = active[0]
    return AccountAnswer(**fields)


def _page(row: Page) -> AccountPage:
    return AccountPage(
        id=row.id,
        platform_page_id=row.platform_page_id,
        name=row.name,
        username=row.username,
        category=row.category,
        about=row.about,
        followers_count=row.followers_count,
        is_active=row.is_active,
        is_default=row.is_default,
        enriched_at=wire_time(row.created_at),
    )
