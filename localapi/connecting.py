"""Connecting accounts: from the start to the account, by browser, by code, by token or by choice."""

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from sqlalchemy import func, select

from localapi.brands import add_brand
from localapi.context import Context, Refusal, invalid_field, missing_field, wire_time
from localapi.network import PLATFORMS
from localapi.routing import implements
from localapi.tables import Account, Brand, Invite, Login, OauthCode, OauthState, Page, PendingConnection
from tools.accounts import (
    CONNECT_ACCOUNT,
    EXCHANGE_OAUTH_CODE,
    GET_PENDING_CONNECTION,
    SELECT_PENDING_CONNECTION,
    ConnectAccount,
    ConnectedAccount,
    Connection,
    ExchangedConnection,
    ExchangeOauthCode,
    GetPendingConnection,
    PendingConnectionDetail,
    PendingProfile,
    SelectPendingConnection,
)
from tools.answers import CandidatePage

STATE_MINUTES = 10
PENDING_MINUTES = 30
MAX_PAGES = 5
_BOT_TOKEN = re.compile(r"^(\d{5,}):[A-Za-z0-9_-]{20,}$")
_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a sign-in at the platform: an account, or a connection that waits for a choice."""

    account: Account | None = None
    pending: PendingConnection | None = None


@implements(CONNECT_ACCOUNT)
async def connect_account(context: Context, args: ConnectAccount) -> Connection:
    profile = PLATFORMS.get(args.platform)
    if profile is None:
        known = ", ".join(PLATFORMS)
        raise Refusal(400, "account.unsupported_platform", f"there is no {args.platform[:40]!r}; choose from {known}")
    if args.redirect_uri is not None:
        _check_redirect(args.redirect_uri)
    if args.brand_id is not None:
        await context.brand(args.brand_id)
    _check_gates(context, profile.slug)
    metadata = args.metadata or {}
    if profile.connect == "token":
        account = await _connect_bot(context, args.brand_id, metadata)
        return Connection(
            account_id=account.id, platform=account.platform, username=account.username, display_name=account.name
        )
    state = await start(
        context,
        profile.slug,
        brand_id=args.brand_id,
        redirect_uri=args.redirect_uri,
        caller_state=args.state or "",
        metadata=metadata,
    )
    context.status = 202
    if profile.connect == "embedded_signup":
        return Connection(
            auth_url="",
            state=state,
            message="Run the platform's sign-up in a browser, then hand its code to POST /oauth/exchange.",
            metadata={"app_id": "local-app", "config_id": "local-config", "solution_id": "local-solution"},
        )
    return Connection(
        auth_url=auth_url(context, profile.slug, state),
        state=state,
        message="Open auth_url in a browser and approve there.",
    )


def auth_url(context: Context, platform: str, state: str) -> str:
    """Where a person approves."""
    return f"{context.installation.public_url}/connect/{platform}?{urlencode({'state': state})}"


async def start(
    context: Context,
    platform: str,
    *,
    brand_id: str | None,
    redirect_uri: str | None = None,
    caller_state: str = "",
    metadata: dict[str, Any] | None = None,
    invite_id: str | None = None,
) -> str:
    """A new state: 32 hexadecimal digits, for ten minutes, once."""
    state = context.ids.random_hex(32)
    context.session.add(
        OauthState(
            state=state,
            user_id=context.user.id,
            key_id=context.caller.key.id if context.caller.key else None,
            platform=platform,
            brand_id=brand_id,
            invite_id=invite_id,
            redirect_uri=redirect_uri,
            caller_state=caller_state,
            metadata_=metadata or {},
            expires_at=context.now + timedelta(minutes=STATE_MINUTES),
        )
    )
    return state


@implements(EXCHANGE_OAUTH_CODE)
async def exchange_oauth_code(context: Context, args: ExchangeOauthCode) -> ExchangedConnection:
    state = await take_state(context, str(args.metadata.get("state", "")), args.platform)
    if state.key_id is not None and context.caller.key is not None and state.key_id != context.caller.key.id:
        raise Refusal(403, "auth.state_mismatch", "another key started this connection")
    if args.platform == "whatsapp":
        for name in ("waba_id", "phone_number_id"):
            if not args.metadata.get(name):
                raise missing_field(f"metadata.{name}")
        number = str(args.metadata["phone_number_id"])
        account = await upsert(
            context,
            state,
            native_id=number,
            name="WhatsApp number",
            username=number,
            metadata={"phone_number_id": number, "waba_id": str(args.metadata["waba_id"])},
        )
        return _exchanged(context, Outcome(account=account))
    return _exchanged(context, await finish(context, state, await take_code(context, args.code, args.platform)))


def _exchanged(context: Context, outcome: Outcome) -> ExchangedConnection:
    if outcome.account is not None:
        row = outcome.account
        return ExchangedConnection(
            account_id=row.id, platform=row.platform, username=row.username, display_name=row.name
        )
    context.status = 200
    if outcome.pending is None:
        raise AssertionError("an outcome is an account or a choice")
    detail = _detail(outcome.pending, {})
    return ExchangedConnection(
        status="selection_required", **detail.model_dump(exclude={"expires_at"}, exclude_unset=True)
    )


async def take_state(context: Context, value: str, platform: str) -> OauthState:
    """Use up a state; raises Refusal 400 when it is unknown, used, expired or of another platform."""
    state = await context.session.get(OauthState, value, with_for_update=True)
    if state is None or state.used_at is not None or state.expires_at <= context.now or state.platform != platform:
        raise invalid_field("state", "this state is unknown, used or over ten minutes old; start the connection again")
    state.used_at = context.now
    return state


async def take_code(context: Context, value: str, platform: str) -> str:
    """Use up a code of the simulated platform and give the handle that approved."""
    code = await context.session.get(OauthCode, value, with_for_update=True)
    if code is None or code.used_at is not None or code.expires_at <= context.now or code.platform != platform:
        raise invalid_field("code", "this code is unknown, used or expired; start the connection again")
    code.used_at = context.now
    return code.handle


async def finish(context: Context, state: OauthState, handle: str) -> Outcome:
    """Make the account of an approved sign-in, or a pending connection where there is something to choose."""
    names = [part.strip().lstrip("@") for part in handle.split(",") if part.strip()] or ["someone"]
    connect = PLATFORMS[state.platform].connect
    if connect == "pages":
        return Outcome(pending=await _pending_pages(context, state, names))
    if connect == "profiles" and len(names) > 1:
        candidates = [
            {
                "platform_account_id": native_account(state.platform, name),
                "display_name": name,
                "username": name,
                "profile_picture_url": "",
                "bio": "",
            }
            for name in names
        ]
        return Outcome(pending=_pend(context, state, candidates))
    name = names[0]
    account = await upsert(context, state, native_id=native_account(state.platform, name), name=name, username=name)
    return Outcome(account=account)


def native_account(platform: str, handle: str) -> str:
    """The simulated platform's id of a handle, always the same."""
    digits = str(int(hashlib.sha256(f"{platform}:{handle.casefold()}".encode()).hexdigest()[:14], 16))
    return f"accounts/{digits[:6]}/locations/{digits}" if platform == "google" else digits


async def _pending_pages(context: Context, state: OauthState, names: list[str]) -> PendingConnection:
    owner = native_account("facebook", names[0])
    login = await context.session.scalar(
        select(Login).where(Login.user_id == state.user_id, Login.platform_user_id == owner)
    )
    pages = [
        {
            "platform_page_id": native_account("page", f"{name}{suffix}"),
            "name": f"{name}{suffix}",
            "category": "Local business",
            "picture_url": "",
        }
        for name in names
        for suffix in ("", " Events", " Shop")
    ]
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
    pending = _pend(context, state, list(login.pages))
    pending.login_id = login.id
    return pending


def _pend(context: Context, state: OauthState, candidates: list[dict[str, Any]]) -> PendingConnection:
    pending = PendingConnection(
        id=context.ids.prefixed("pc_", 32),
        user_id=state.user_id,
        platform=state.platform,
        brand_id=state.brand_id,
        invite_id=state.invite_id,
        candidates=candidates,
        expires_at=context.now + timedelta(minutes=PENDING_MINUTES),
    )
    context.session.add(pending)
    return pending


@implements(GET_PENDING_CONNECTION)
async def get_pending_connection(context: Context, args: GetPendingConnection) -> PendingConnectionDetail:
    pending = await _find(context, args.connection_id)
    return _detail(pending, await _owners(context, pending))


@implements(SELECT_PENDING_CONNECTION)
async def select_pending_connection(context: Context, args: SelectPendingConnection) -> ConnectedAccount:
    pending = await _find(context, args.connection_id)
    if pending.platform == "facebook":
        account = await _select_pages(context, pending, args.page_ids or [])
    else:
        chosen = next(
            (row for row in pending.candidates if row["platform_account_id"] == args.platform_account_id), None
        )
        if chosen is None:
            raise invalid_field("platform_account_id", "this is none of the profiles; see GET /accounts/pending/{id}")
        account = await upsert(
            context,
            pending,
            native_id=chosen["platform_account_id"],
            name=chosen["display_name"],
            username=chosen["username"],
        )
    pending.consumed_at = context.now
    return ConnectedAccount(
        account_id=account.id, platform=account.platform, username=account.username, display_name=account.name
    )


async def _select_pages(context: Context, pending: PendingConnection, page_ids: list[str]) -> Account:
    known = {row["platform_page_id"]: row for row in pending.candidates}
    owners = await _owners(context, pending)
    for page_id in page_ids:
        if page_id not in known:
            raise invalid_field("page_ids", f"{page_id[:60]} is none of the pages; see GET /accounts/pending/{{id}}")
        if page_id in owners and owners[page_id][0] != pending.brand_id:
            raise invalid_field("page_ids", f"page {page_id} belongs to another brand of yours")
    first = known[page_ids[0]]
    account = None
    if pending.brand_id is not None:
        account = await context.session.scalar(
            select(Account).where(Account.brand_id == pending.brand_id, Account.platform == "facebook")
        )
        if account is not None and account.login_id not in {None, pending.login_id}:
            raise Refusal(409, "account.different_login", "this brand uses another Facebook login")
    if account is None:
        account = await upsert(context, pending, native_id=page_ids[0], name=first["name"], username=first["name"])
    account.login_id, account.status = pending.login_id, "active"
    held = {
        row.platform_page_id for row in await context.session.scalars(select(Page).where(Page.account_id == account.id))
    }
    if len(held | set(page_ids)) > MAX_PAGES:
        raise Refusal(403, "platform.facebook.page_cap", f"a brand holds at most {MAX_PAGES} pages")
    for page_id in page_ids:
        if page_id not in held:
            context.session.add(
                Page(
                    id=context.ids.prefixed("sapi_page_"),
                    account_id=account.id,
                    platform_page_id=page_id,
                    name=known[page_id]["name"],
                    category=known[page_id]["category"],
                    is_default=not held and page_id == page_ids[0],
                    created_at=context.now,
                )
            )
    return account


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
    platform = origin.platform
    known = await context.session.scalar(
        select(Account).where(
            Account.user_id == origin.user_id, Account.platform == platform, Account.platform_account_id == native_id
        )
    )
    if known is not None:
        if origin.brand_id is not None and known.brand_id != origin.brand_id:
            if context.user.lock_accounts_to_brand:
                raise Refusal(409, "account.already_linked", "this account belongs to another brand and may not move")
            await _check_free(context, origin.brand_id, platform)
            known.brand_id = origin.brand_id
        known.status, known.reconnect_reason = "active", None
        await _use_invite(context, origin)
        return known
    brand_id = origin.brand_id
    if brand_id is None:
        brand_id = (await add_brand(context, name)).id
    else:
        await _check_free(context, brand_id, platform)
    account = Account(
        id=context.ids.prefixed("acc_"),
        user_id=origin.user_id,
        brand_id=brand_id,
        platform=platform,
        platform_account_id=native_id,
        name=name,
        username=username,
        status="active",
        metadata_=metadata or {},
        created_at=context.now,
    )
    context.session.add(account)
    await context.session.flush()
    await _use_invite(context, origin)
    return account


async def _check_free(context: Context, brand_id: str, platform: str) -> None:
    if await context.session.get(Brand, brand_id) is None:
        raise Refusal(404, "brand.not_found", "the brand of this connection is gone")
    taken = await context.session.scalar(
        select(func.count()).where(Account.brand_id == brand_id, Account.platform == platform)
    )
    if taken:
        raise Refusal(
            409, "account.already_linked", f"this brand has a {platform} account already; disconnect it first"
        )


async def _use_invite(context: Context, origin: OauthState | PendingConnection) -> None:
    invite = await context.session.get(Invite, origin.invite_id) if origin.invite_id else None
    if invite is not None:
        invite.used_at, invite.is_active = context.now, False


def _check_redirect(uri: str) -> None:
    try:
        parts = urlsplit(uri)
        # The port is parsed when it is asked for.
        host = parts.hostname if parts.port is None or parts.port > 0 else None
    except ValueError:
        raise invalid_field("redirect_uri", "this is not an address that a browser can go to") from None
    if parts.scheme == "https" and host:
        return
    if parts.scheme == "http" and host in _LOCAL_HOSTS:
        return
    raise invalid_field("redirect_uri", "use https, or http on localhost")


def _check_gates(context: Context, platform: str) -> None:
    if platform == "linkedin_page" and platform not in context.user.allowed_platforms:
        raise Refusal(403, "billing.platform_not_available", "LinkedIn pages are in beta and not open to this user")
    if platform == "twitter":
        raise Refusal(
            412,
            "byok.credentials_missing",
            "X needs app credentials of your own, which this version of the local API cannot store",
            platform=platform,
        )


async def _connect_bot(context: Context, brand_id: str | None, metadata: dict[str, Any]) -> Account:
    token = metadata.get("bot_token")
    if not token:
        raise missing_field("metadata.bot_token", "Telegram connects with metadata.bot_token")
    match = _BOT_TOKEN.match(str(token))
    if match is None:
        raise Refusal(401, "platform.telegram.auth", "this is no bot token; get one from BotFather")
    origin = OauthState(state="", user_id=context.user.id, platform="telegram", brand_id=brand_id, metadata_={})
    # The token itself is of no use here, so it is not kept.
    return await upsert(
        context,
        origin,
        native_id=match[1],
        name=f"Bot {match[1]}",
        username=f"bot{match[1]}",
        metadata={"bot_id": match[1]},
    )


async def _find(context: Context, connection_id: str) -> PendingConnection:
    found = await context.session.get(PendingConnection, connection_id, with_for_update=True)
    mine = found is not None and found.user_id == context.user.id and context.caller.may_see(found.brand_id)
    if found is None or not mine or found.consumed_at is not None or found.expires_at <= context.now:
        raise Refusal(404, "resource.not_found", "this connection is unknown, used or over 30 minutes old; start again")
    return found


async def _owners(context: Context, pending: PendingConnection) -> dict[str, tuple[str, str, str]]:
    """Page → (brand, its name, account), for pages that brands of the user already have."""
    rows = await context.session.execute(
        select(Page.platform_page_id, Brand.id, Brand.name, Account.id)
        .join(Account, Account.id == Page.account_id)
        .join(Brand, Brand.id == Account.brand_id)
        .where(Account.user_id == pending.user_id)
    )
    return {page: (brand, name, account) for page, brand, name, account in rows}


def _detail(pending: PendingConnection, owners: dict[str, tuple[str, str, str]]) -> PendingConnectionDetail:
    fields: dict[str, Any] = {
        "connection_id": pending.id,
        "platform": pending.platform,
        "expires_at": wire_time(pending.expires_at),
    }
    if pending.platform == "facebook":
        pages = [_candidate(row, owners, pending.brand_id) for row in pending.candidates]
        fields |= {"login_id": pending.login_id, "lost_access": [], "pages": pages}
    else:
        fields["profiles"] = [PendingProfile(**row) for row in pending.candidates]
    return PendingConnectionDetail(**fields)


def _candidate(row: dict[str, Any], owners: dict[str, tuple[str, str, str]], brand_id: str | None) -> CandidatePage:
    owner = owners.get(row["platform_page_id"])
    return CandidatePage(
        **row,
        assignable=owner is None or owner[0] == brand_id,
        assigned_brand_id=owner[0] if owner else "",
        assigned_brand_name=owner[1] if owner else "",
        assigned_account_id=owner[2] if owner else "",
    )
