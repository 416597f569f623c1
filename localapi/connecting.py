"""Connecting accounts: from the start to the account, by browser, by code, by token or by choice."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.ext.asyncio import AsyncSession

from localapi.context import Context, Refusal, invalid_field, missing_field
from localapi.linking import check_gates, check_invite, known_platform, upsert
from localapi.network import PLATFORMS
from localapi.pending import PageOwner, PageOwners, describe, native_account, owners_of_pages, pend, pend_pages
from localapi.redirects import check_listed, check_redirect
from localapi.routing import implements
from localapi.tables import Account, OauthCode, OauthState, PendingConnection
from tools.accounts import (
    CONNECT_ACCOUNT,
    EXCHANGE_OAUTH_CODE,
    ConnectAccount,
    Connection,
    ExchangedConnection,
    ExchangeOauthCode,
)

STATE_MINUTES = 10
# As they are given out. Nothing else reaches the database, which could not even compare a NUL.
_STATE = re.compile(r"[0-9a-f]{32}")
_CODE = re.compile(r"[0-9a-f]{40}")
_NUMERIC = re.compile(r"[0-9]{1,20}")
_KEPT = ("connection_type",)
NOTHING = "nothing"
"""The handle of a simulated login that may sign in, and has nothing there that could be connected."""
_NOTHING_THERE = {
    "facebook": ("platform.facebook.no_pages", "page"),
    "linkedin_page": ("platform.linkedin.no_pages", "company page"),
    "google": ("platform.google.no_locations", "business location"),
    "youtube": ("platform.youtube.no_channels", "channel"),
}
_BOT_TOKEN = re.compile(r"([0-9]{4,}):[A-Za-z0-9_-]{20,}")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a sign-in at the platform: an account, or a connection that waits for a choice."""

    account: Account | None = None
    pending: PendingConnection | None = None
    owners: PageOwners = field(default_factory=dict[str, PageOwner])


@implements(CONNECT_ACCOUNT)
async def connect_account(context: Context, args: ConnectAccount) -> Connection:
    profile = known_platform(args.platform)
    if args.redirect_uri is not None:
        check_redirect("redirect_uri", args.redirect_uri)
        await check_listed(context, "redirect_uri", args.redirect_uri)
    brand_id = await _brand_for(context, args.brand_id)
    source = await check_gates(context, profile.slug, brand_id)
    metadata = args.metadata or {}
    if profile.connect == "token":
        account = await _connect_bot(context, brand_id, metadata)
        return Connection(
            account_id=account.id, platform=account.platform, username=account.username, display_name=account.name
        )
    state = await start(
        context,
        profile.slug,
        brand_id=brand_id,
        redirect_uri=args.redirect_uri,
        caller_state=args.state or "",
        # Only what a sign-in knows: anything else, a token sent to the wrong platform say, is not kept.
        metadata={name: metadata[name] for name in _KEPT if name in metadata},
    )
    context.status = 202
    if profile.connect == "embedded_signup":
        return Connection(
            auth_url="",
            state=state,
            message="Run the platform's sign-up in a browser, then hand its code to POST /oauth/exchange.",
            metadata={"app_id": "local-app", "config_id": "local-config", "solution_id": "local-solution"},
        )
    begun = Connection(
        auth_url=auth_url(context, profile.slug, state),
        state=state,
        message="Open auth_url in a browser and approve there.",
    )
    return begun if source is None else begun.model_copy(update={"metadata": {"byok_source": source}})


async def _brand_for(context: Context, brand_id: str | None) -> str | None:
    """The brand to connect to, or None for a new one, which a key restricted to brands could not see."""
    allowed = context.caller.brand_ids
    if brand_id is None and len(allowed) > 1:
        raise missing_field("brand_id", "several brands are possible; name the one to connect to, see GET /brands")
    if brand_id is None and allowed:
        (brand_id,) = allowed
    if brand_id is not None:
        await context.brand(brand_id)
    return brand_id


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
            key_id=context.caller.credential_id,
            brand_ids=sorted(context.caller.brand_ids),
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
    known_platform(args.platform)
    if not args.code.strip():
        raise missing_field("code", "code is required: what the platform gave when the person approved")
    if not args.metadata.get("state"):
        raise missing_field("metadata.state", "metadata.state is required: the state that POST /accounts/connect gave")
    if args.platform != "whatsapp":
        if not args.metadata.get("redirect_uri"):
            raise missing_field(
                "metadata.redirect_uri", "metadata.redirect_uri is required: where the code came back to"
            )
        check_redirect("metadata.redirect_uri", str(args.metadata["redirect_uri"]))
        await check_listed(context, "metadata.redirect_uri", str(args.metadata["redirect_uri"]))
    state = await take_state(context, str(args.metadata["state"]), args.platform)
    _check_starter(context, state)
    if args.platform == "whatsapp":
        for name in ("waba_id", "phone_number_id"):
            if not args.metadata.get(name):
                raise missing_field(f"metadata.{name}")
            if _NUMERIC.fullmatch(str(args.metadata[name])) is None:
                raise invalid_field(f"metadata.{name}", f"{name} is a number that the platform's sign-up tells")
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
    return _exchanged(context, await finish(context, state, await take_code(context, args.code, state)))


def _check_starter(context: Context, state: OauthState) -> None:
    """A state is bound to the user and the credential that started the connection; an invite's has none."""
    is_other = state.key_id not in {None, context.caller.credential_id}
    if is_other or state.user_id != context.user.id or not context.caller.may_see(state.brand_id):
        raise Refusal(403, "auth.state_mismatch", "another key or token started this connection")


def _exchanged(context: Context, outcome: Outcome) -> ExchangedConnection:
    if outcome.account is not None:
        row = outcome.account
        return ExchangedConnection(
            account_id=row.id, platform=row.platform, username=row.username, display_name=row.name
        )
    context.status = 200
    if outcome.pending is None:
        raise AssertionError("an outcome is an account or a choice")
    detail = describe(outcome.pending, outcome.owners)
    return ExchangedConnection(
        status="selection_required", **detail.model_dump(exclude={"expires_at"}, exclude_unset=True)
    )


async def find_state(session: AsyncSession, value: str, *, hold: bool = False) -> OauthState | None:
    """Look a state up; `hold` keeps it until the end of the transaction."""
    if _STATE.fullmatch(value) is None:
        return None
    return await session.get(OauthState, value, with_for_update=hold or None)


async def take_state(context: Context, value: str, platform: str) -> OauthState:
    """Use up a state; raises Refusal 400 when it is unknown, used, expired or of another platform."""
    state = await find_state(context.session, value, hold=True)
    if state is None or state.used_at is not None or state.expires_at <= context.now or state.platform != platform:
        raise invalid_field("state", "this state is unknown, used or over ten minutes old; start the connection again")
    state.used_at = context.now
    return state


async def take_code(context: Context, value: str, state: OauthState) -> str:
    """Use up a code of the simulated platform and give the handle that approved.

    Raises:
        Refusal: 400 for a code that is unknown, used or expired, 403 for one of another connection.
    """
    known = _CODE.fullmatch(value) is not None
    code = await context.session.get(OauthCode, value, with_for_update=True) if known else None
    late = code is None or code.used_at is not None or code.expires_at <= context.now
    if code is None or late or code.platform != state.platform:
        raise invalid_field("code", "this code is unknown, used or expired; start the connection again")
    if code.state != state.state:
        raise Refusal(403, "auth.state_mismatch", "this code was given out for another state")
    code.used_at = context.now
    return code.handle


async def finish(context: Context, state: OauthState, handle: str) -> Outcome:
    """Make the account of an approved sign-in, or a pending connection where there is something to choose."""
    source = await check_gates(context, state.platform, state.brand_id)
    await context.lock_user()
    await check_invite(context, state)
    names = [part.strip().lstrip("@") for part in handle.split(",") if part.strip()] or ["someone"]
    if names == [NOTHING] and state.platform in _NOTHING_THERE:
        code, what = _NOTHING_THERE[state.platform]
        raise Refusal(404, code, f"this login has no {what} to connect")
    connect = PLATFORMS[state.platform].connect
    if connect == "pages":
        pending = await pend_pages(context, state, names)
        return Outcome(pending=pending, owners=await owners_of_pages(context, pending))
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
        return Outcome(pending=pend(context, state, candidates))
    name = names[0]
    account = await upsert(context, state, native_id=native_account(state.platform, name), name=name, username=name)
    if source is not None:
        account.metadata_ = {**account.metadata_, "byok_source": source}
    return Outcome(account=account)


async def _connect_bot(context: Context, brand_id: str | None, metadata: dict[str, Any]) -> Account:
    token = metadata.get("bot_token")
    if not token:
        raise missing_field("metadata.bot_token", "Telegram connects with metadata.bot_token")
    match = _BOT_TOKEN.fullmatch(token) if isinstance(token, str) else None
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
