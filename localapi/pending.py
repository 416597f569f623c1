"""Pending connections: what a sign-in offers to choose from, the choice, and Facebook's logins."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select

from localapi.context import Context, Refusal, invalid_field, missing_field, wire_time
from localapi.event_shapes import page_removed
from localapi.linking import upsert
from localapi.routing import implements
from localapi.tables import Account, Brand, Login, OauthState, Page, PendingConnection
from tools.accounts import (
    GET_PENDING_CONNECTION,
    SELECT_PENDING_CONNECTION,
    ConnectedAccount,
    GetPendingConnection,
    LostPageAccess,
    PendingConnectionDetail,
    PendingProfile,
    SelectPendingConnection,
)
from tools.answers import CandidatePage

PENDING_MINUTES = 30
MAX_PAGES = 5


@dataclass(frozen=True, kw_only=True)
class PageOwner:
    """The brand of the user that has a page already."""

    brand_id: str
    brand_name: str
    account_id: str


PageOwners = Mapping[str, PageOwner]
"""By the platform's id of the page."""


def native_account(platform: str, handle: str) -> str:
    """The simulated platform's id of a handle, always the same."""
    digits = str(int(hashlib.sha256(f"{platform}:{handle.casefold()}".encode()).hexdigest()[:14], 16))
    return f"accounts/{digits[:6]}/locations/{digits}" if platform == "google" else digits


def pend(context: Context, state: OauthState, candidates: Sequence[dict[str, Any]]) -> PendingConnection:
    """Keep what there is to choose from, for half an hour."""
    pending = PendingConnection(
        id=context.ids.prefixed("pc_", 32),
        user_id=state.user_id,
        platform=state.platform,
        brand_id=state.brand_id,
        invite_id=state.invite_id,
        state=state.state,
        candidates=list(candidates),
        lost_access=[],
        expires_at=context.now + timedelta(minutes=PENDING_MINUTES),
    )
    context.session.add(pending)
    return pending


async def pend_pages(context: Context, state: OauthState, names: Sequence[str]) -> PendingConnection:
    """Offer the pages of a Facebook login; signing in with a known one again refreshes it in all its brands.

    The first name is the person, and each name brings three pages. A name left out the next time is access withdrawn.
    """
    owner = native_account("facebook", names[0])
    login = await context.session.scalar(
        select(Login).where(
            Login.user_id == state.user_id,
            or_(Login.platform_user_id == owner, Login.platform_user_id == names[0]),
        )
    )
    pages = _pages_of(names)
    lost: list[dict[str, Any]] = []
    if login is None:
        login = Login(
            id=context.ids.prefixed("cred_"),
            user_id=state.user_id,
            platform_user_id=owner,
            pages=pages,
            created_at=context.now,
        )
        context.session.add(login)
        await context.session.flush()
    else:
        # The sample login has pages that no name brings forth: they stay.
        lost = await _renew(context, login, pages if login.platform_user_id == owner else list(login.pages))
    pending = pend(context, state, list(login.pages))
    pending.login_id, pending.lost_access = login.id, lost
    return pending


def _pages_of(names: Sequence[str]) -> list[dict[str, Any]]:
    titles = dict.fromkeys(f"{name}{suffix}" for name in names for suffix in ("", " Events", " Shop"))
    return [
        {
            "platform_page_id": native_account("page", title),
            "name": title,
            "category": "Local business",
            "picture_url": "",
        }
        for title in titles
    ]


async def _renew(context: Context, login: Login, granted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give every brand of a login the new token; tell which assigned pages it no longer reaches.

    A page out of reach is switched off, still assigned, and on again once access is back. One that the user switched
    off stays off.
    """
    before = {row["platform_page_id"] for row in login.pages}
    now = {row["platform_page_id"] for row in granted}
    login.pages = granted
    rows = await context.session.execute(
        select(Page, Account, Brand)
        .join(Account, Account.id == Page.account_id)
        .join(Brand, Brand.id == Account.brand_id)
        .where(Account.login_id == login.id)
        .order_by(Page.created_at, Page.id)
    )
    lost = list[dict[str, Any]]()
    for page, account, brand in rows:
        account.status, account.reconnect_reason = "active", None
        if page.platform_page_id in before - now:
            page.is_active = False
            await page_removed(context.session, context.installation, account, page, "access_revoked")
            lost.append(
                {
                    "platform_page_id": page.platform_page_id,
                    "name": page.name,
                    "brand_id": brand.id,
                    "brand_name": brand.name,
                }
            )
        elif page.platform_page_id in now - before:
            page.is_active = True
    return lost


@implements(GET_PENDING_CONNECTION)
async def get_pending_connection(context: Context, args: GetPendingConnection) -> PendingConnectionDetail:
    pending = await _find(context, args.connection_id)
    return describe(pending, await owners_of_pages(context, pending))


@implements(SELECT_PENDING_CONNECTION)
async def select_pending_connection(context: Context, args: SelectPendingConnection) -> ConnectedAccount:
    pending = await _find(context, args.connection_id)
    chosen = args.page_ids if pending.platform == "facebook" else [args.platform_account_id or ""]
    account = await choose(context, pending, chosen or [])
    return ConnectedAccount(
        account_id=account.id, platform=account.platform, username=account.username, display_name=account.name
    )


async def choose(context: Context, pending: PendingConnection, chosen: Sequence[str]) -> Account:
    """Finish a pending connection with the chosen pages, or with the one chosen profile."""
    await context.lock_user()
    if pending.platform == "facebook":
        account = await _choose_pages(context, pending, list(dict.fromkeys(chosen)))
    else:
        account = await _choose_profile(context, pending, next(iter(chosen), ""))
    pending.consumed_at = context.now
    return account


async def _choose_profile(context: Context, pending: PendingConnection, profile_id: str) -> Account:
    if not profile_id:
        raise missing_field("platform_account_id", "choose one profile")
    found = next((row for row in pending.candidates if row["platform_account_id"] == profile_id), None)
    if found is None:
        raise invalid_field("platform_account_id", "this is none of the profiles; see GET /accounts/pending/{id}")
    return await upsert(
        context,
        pending,
        native_id=found["platform_account_id"],
        name=found["display_name"],
        username=found["username"],
    )


async def _choose_pages(context: Context, pending: PendingConnection, page_ids: Sequence[str]) -> Account:
    if not page_ids:
        raise missing_field("page_ids", "choose one page or more")
    known = {row["platform_page_id"]: row for row in pending.candidates}
    for page_id in page_ids:
        if page_id not in known:
            raise invalid_field("page_ids", f"{page_id[:60]} is none of the pages; see GET /accounts/pending/{{id}}")
    await _settle_brand(context, pending, page_ids)
    account = await _account_for(context, pending, page_ids[0], known[page_ids[0]]["name"])
    await _hold(context, account, [known[page_id] for page_id in page_ids])
    return account


async def _settle_brand(context: Context, pending: PendingConnection, page_ids: Sequence[str]) -> None:
    """Refuse pages of other brands; a connection without a brand goes to the one that has the pages already."""
    owners = await owners_of_pages(context, pending)
    for page_id in page_ids:
        owner = owners.get(page_id)
        if owner is None:
            continue
        if pending.brand_id not in {None, owner.brand_id}:
            raise invalid_field("page_ids", f"page {page_id} belongs to another brand of yours")
        pending.brand_id = owner.brand_id


async def _account_for(context: Context, pending: PendingConnection, page_id: str, name: str) -> Account:
    # upsert knows an account by its first page; a brand's account may have been made with another one.
    account = None
    if pending.brand_id is not None:
        account = await context.session.scalar(
            select(Account).where(Account.brand_id == pending.brand_id, Account.platform == "facebook")
        )
    if account is not None and account.login_id not in {None, pending.login_id}:
        raise Refusal(409, "account.different_login", "this brand uses another Facebook login")
    native_id = account.platform_account_id if account else page_id
    account = await upsert(context, pending, native_id=native_id, name=name, username=name)
    account.login_id = pending.login_id
    return account


async def _hold(context: Context, account: Account, chosen: Sequence[Mapping[str, Any]]) -> None:
    query = select(Page).where(Page.account_id == account.id)
    held = {row.platform_page_id: row for row in await context.session.scalars(query)}
    if len(held.keys() | {row["platform_page_id"] for row in chosen}) > MAX_PAGES:
        raise Refusal(403, "platform.facebook.page_cap", f"a brand holds at most {MAX_PAGES} pages")
    has_default = any(page.is_default for page in held.values())
    for row in chosen:
        page = held.get(row["platform_page_id"])
        if page is None:
            page = Page(
                id=context.ids.prefixed("sapi_page_"),
                account_id=account.id,
                platform_page_id=row["platform_page_id"],
                name=row["name"],
                category=row["category"],
                created_at=context.now,
            )
            context.session.add(page)
        page.is_active = True
        if not has_default:
            page.is_default = has_default = True


async def _find(context: Context, connection_id: str) -> PendingConnection:
    found = await context.session.get(PendingConnection, connection_id, with_for_update=True)
    mine = found is not None and found.user_id == context.user.id and context.caller.may_see(found.brand_id)
    if found is None or not mine or not is_open(context, found):
        raise Refusal(
            404,
            "resource.not_found",
            f"this connection is unknown, used or over {PENDING_MINUTES} minutes old; start again",
            resource="pending_connection",
            id=connection_id,
        )
    return found


def is_open(context: Context, pending: PendingConnection) -> bool:
    """Whether a choice can still be made."""
    return pending.consumed_at is None and pending.expires_at > context.now


async def owners_of_pages(context: Context, pending: PendingConnection) -> PageOwners:
    """Who has which page already, among the brands of the user."""
    rows = await context.session.execute(
        select(Page.platform_page_id, Brand.id, Brand.name, Account.id)
        .join(Account, Account.id == Page.account_id)
        .join(Brand, Brand.id == Account.brand_id)
        .where(Account.user_id == pending.user_id, Account.platform == "facebook")
    )
    return {page: PageOwner(brand_id=brand, brand_name=name, account_id=account) for page, brand, name, account in rows}


def describe(pending: PendingConnection, owners: PageOwners) -> PendingConnectionDetail:
    """As the API shows a pending connection."""
    fields: dict[str, Any] = {
        "connection_id": pending.id,
        "platform": pending.platform,
        "expires_at": wire_time(pending.expires_at),
    }
    if pending.platform == "facebook":
        fields |= {
            "login_id": pending.login_id,
            "lost_access": [LostPageAccess(**row) for row in pending.lost_access],
            "pages": [_candidate(row, owners, pending.brand_id) for row in pending.candidates],
        }
    else:
        fields["profiles"] = [PendingProfile(**row) for row in pending.candidates]
    return PendingConnectionDetail(**fields)


def _candidate(row: dict[str, Any], owners: PageOwners, brand_id: str | None) -> CandidatePage:
    owner = owners.get(row["platform_page_id"])
    return CandidatePage(
        **row,
        assignable=owner is None or brand_id in {None, owner.brand_id},
        assigned_brand_id=owner.brand_id if owner else "",
        assigned_brand_name=owner.brand_name if owner else "",
        assigned_account_id=owner.account_id if owner else "",
    )


async def login_pages(context: Context, login: Login) -> list[CandidatePage]:
    """Every page of a login with the brand that has it; one that is free may be given to a brand."""
    owners = await owners_of_pages(context, _of_login(login, brand_id=None))
    pages = [_candidate(row, owners, None) for row in login.pages]
    return [page.model_copy(update={"assignable": page.platform_page_id not in owners}) for page in pages]


async def assign_page(context: Context, login: Login, brand: Brand, page_id: str) -> Account:
    """Give a free page of a login to a brand, whose Facebook account is made if it has none.

    Raises:
        Refusal: 404, the login has no such page; 409, another brand has it or this one uses another login; 403, the
            brand is full.
    """
    row = next((row for row in login.pages if row["platform_page_id"] == page_id), None)
    if row is None:
        what = "this login has no such page; see GET /platforms/facebook/logins/{loginId}/pages"
        raise Refusal(404, "resource.not_found", what, resource="page", id=page_id)
    origin = _of_login(login, brand_id=brand.id)
    owner = (await owners_of_pages(context, origin)).get(page_id)
    if owner is not None and owner.brand_id != brand.id:
        raise Refusal(409, "account.already_linked", f"another brand has this page: {owner.brand_name}")
    account = await _account_for(context, origin, page_id, row["name"])
    await _hold(context, account, [row])
    return account


def _of_login(login: Login, *, brand_id: str | None) -> PendingConnection:
    """A choice from all pages of a login, which is made at once and not kept."""
    return PendingConnection(
        id="", user_id=login.user_id, platform="facebook", brand_id=brand_id, login_id=login.id, candidates=login.pages
    )
