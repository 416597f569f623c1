"""New comments, messages, reviews and mentions arriving from the simulated platforms."""

import contextlib
import random
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from localapi import faults
from localapi.comments import add_comment
from localapi.context import Caller, Context, Installation, Refusal
from localapi.conversations import Bubble, append, thread_with
from localapi.event_shapes import (
    account_disconnected,
    comment_received,
    mention_received,
    message_event,
    message_status,
    page_removed,
    review_received,
)
from localapi.network import PLATFORMS
from localapi.tables import Account, Conversation, Mention, Message, NetworkPost, Page, Review, User
from localapi.whatsapp_accounts import writer

BY_THEMSELVES = ("comment", "dm", "review", "mention")
KINDS = (
    *BY_THEMSELVES,
    "sent-in-app",
    "referral",
    "postback",
    "delivered",
    "read",
    "undelivered",
    "page-removed",
    "access-revoked",
    "account-removed",
)
"""Besides what people write: a message that the owner sent in the platform's own app, somebody who came by an ad or
pressed a button, how far the last message came, and access that was withdrawn."""

_WHO = (
    ("Lea Fischer", "lea.fischer"),
    ("Omar Haddad", "omar.haddad"),
    ("Ana Sousa", "ana.sousa"),
    ("Bo Lund", "bo.lund"),
)
_AD = {
    "ad_id": "120210000000000",
    "source": "ADS",
    "type": "OPEN_THREAD",
    "ads_context_data": {"ad_title": "Two for one", "photo_url": "https://example.com/ad.jpg"},
}
_SAYINGS = {
    "comment": ("Is this still available?", "Love it!", "My parcel never came.", "¿Abren el domingo?"),
    "dm": ("Hello, are you open today?", "Can I change my order?", "Merci beaucoup !"),
    "review": ("Lovely place.", "Too loud for me.", "Best cake in town."),
    "mention": ("Look what I found", "Third time this month"),
}


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """What arrived: its kind, the account it is for, and its id on the platform."""

    kind: str
    account_id: str
    id: str


async def arrive(
    installation: Installation,
    kind: str,
    *,
    account_id: str | None = None,
    text: str | None = None,
    author: str | None = None,
    rating: int = 5,
) -> Arrival:
    """Let one interaction arrive, for the given account or the first that can have it.

    Raises:
        Refusal: no account can have such a thing, or the given one cannot.
    """
    if kind not in KINDS:
        raise Refusal(400, "validation.field_invalid", f"kind is one of {', '.join(KINDS)}", field="kind")
    async with installation.database.write() as session:
        user = await session.scalar(select(User).limit(1))
        if user is None:
            raise Refusal(404, "auth.user_not_found", "this database has no user yet")
        context = Context(installation=installation, session=session, caller=Caller(user=user, key=None))
        account = await _account(context, kind, account_id)
        name, username = (author, author.lower().replace(" ", ".")) if author else random.choice(_WHO)
        person = (f"u_{username}", name)
        if account.platform == "whatsapp":
            person = await writer(context, account, name)
        words = text or random.choice(_SAYINGS.get(kind, _SAYINGS["dm"]))
        match kind:
            case "comment":
                identifier = await _comment(context, account, words, name, username)
            case "dm":
                identifier = await _message(context, account, words, person)
            case "review":
                identifier = await _review(context, account, words, name, rating)
            case "mention":
                identifier = await _mention(context, account, words, name, username)
            case "sent-in-app" | "referral" | "postback":
                identifier = await _in_a_thread(context, account, kind, words, person)
            case "delivered" | "read" | "undelivered":
                identifier = await _status(context, account, "failed" if kind == "undelivered" else kind)
            case _:
                identifier = await _withdrawn(context, account, kind)
    return Arrival(kind=kind, account_id=account.id, id=identifier)


async def arrive_something(installation: Installation, chance: random.Random | None = None) -> Arrival:
    """Let something arrive, of a kind left to chance among those that the accounts can have.

    Raises:
        Refusal: no account can have any of them.
    """
    *others, last = (chance or random.Random()).sample(BY_THEMSELVES, len(BY_THEMSELVES))
    for kind in others:
        # A workspace without a Google account, say, still gets the other kinds.
        with contextlib.suppress(Refusal):
            return await arrive(installation, kind)
    return await arrive(installation, last)


async def order_failure(installation: Installation, *, account_id: str, kind: str, times: int = 1) -> None:
    """Make the next posts or inbox calls of an account fail; `faults.FAILURES` has the kinds."""
    async with installation.database.write() as session:
        account = await session.get(Account, account_id)
        if account is None:
            raise Refusal(404, "account.not_found", "no such account")
        await faults.order(session, account, fault_id=installation.ids.uuid(), kind=kind, times=times)


async def _account(context: Context, kind: str, account_id: str | None) -> Account:
    def fits(account: Account) -> bool:
        profile = PLATFORMS[account.platform]
        able = {
            "comment": profile.comments.list,
            "dm": profile.dms,
            "review": profile.reviews,
            "mention": profile.mentions_list,
            "referral": "read" in profile.message_statuses,
            "postback": account.platform in {"instagram", "facebook"},
            "delivered": "delivered" in profile.message_statuses,
            "read": "read" in profile.message_statuses,
            "undelivered": "failed" in profile.message_statuses,
            "sent-in-app": profile.dms,
            "page-removed": profile.connect == "pages",
        }
        return able.get(kind, True) and account.status == "active"

    rows = list(await context.session.scalars(context.visible_accounts().order_by(Account.created_at, Account.id)))
    if account_id is not None:
        rows = [row for row in rows if row.id == account_id]
        if not rows:
            raise Refusal(404, "account.not_found", "no such account")
    found = next((row for row in rows if fits(row)), None)
    if found is None:
        raise Refusal(501, "resource.not_supported", f"no connected account here can have a {kind}")
    return found


async def _comment(context: Context, account: Account, text: str, name: str, username: str) -> str:
    post = await context.session.scalar(
        select(NetworkPost)
        .where(NetworkPost.account_id == account.id, NetworkPost.deleted_at.is_(None))
        .order_by(NetworkPost.published_at.desc())
        .limit(1)
        .with_for_update()
    )
    if post is None:
        raise Refusal(404, "post.not_found", "this account has no post to comment on; publish one first")
    comment = await add_comment(
        context, post, text=text, parent=None, author_id=f"u_{username}", author_name=name, author_username=username
    )
    await comment_received(context.session, context.installation, account, post, comment)
    return comment.platform_id


async def _message(context: Context, account: Account, text: str, person: tuple[str, str]) -> str:
    conversation = await _thread(context, account, person)
    message = await append(context, conversation, account, Bubble(text=text), is_incoming=True)
    return message.platform_id


async def _thread(context: Context, account: Account, person: tuple[str, str]) -> Conversation:
    """With somebody, given as id and name, who writes to the account's default page where the platform has pages."""
    pages = select(Page.id).where(Page.account_id == account.id).order_by(Page.is_default.desc(), Page.created_at)
    page_id = await context.session.scalar(pages.limit(1))
    identifier, name = person
    return await thread_with(context, account, identifier, name=name, page_id=page_id)


async def _review(context: Context, account: Account, text: str, name: str, rating: int) -> str:
    row = Review(
        platform_id=PLATFORMS[account.platform].native_id(context.ids.random_hex(32), "review"),
        account_id=account.id,
        rating=rating,
        text=text,
        author_id=f"g_{context.ids.random_hex(8)}",
        author_name=name,
        created_at=context.now,
        updated_at=context.now,
    )
    context.session.add(row)
    await review_received(context.session, context.installation, account, row)
    return row.platform_id


async def _mention(context: Context, account: Account, text: str, name: str, username: str) -> str:
    native = PLATFORMS[account.platform].native_id(context.ids.random_hex(32), "mention")
    row = Mention(
        platform_id=native,
        account_id=account.id,
        mention_type="caption",
        media_id=PLATFORMS[account.platform].native_id(context.ids.random_hex(32), "post"),
        author_id=f"u_{username}",
        author_name=name,
        author_username=username,
        text=text,
        received_at=context.now,
    )
    context.session.add(row)
    await mention_received(context.session, context.installation, account, row)
    return native


async def _in_a_thread(context: Context, account: Account, kind: str, text: str, person: tuple[str, str]) -> str:
    conversation = await _thread(context, account, person)
    if kind == "sent-in-app":
        return (await append(context, conversation, account, Bubble(text=text))).platform_id
    # Neither is a message that the thread shows; what is told of it has the form of one.
    message = Message(
        id=context.ids.uuid(),
        conversation_id=conversation.id,
        platform_id=PLATFORMS[account.platform].native_id(context.ids.random_hex(32), "message"),
        direction="incoming",
        sender_id=conversation.participant_id,
        sender_name=conversation.participant_name,
        text="",
        created_at=context.now,
    )
    conversation.last_inbound_at = context.now
    told: dict[str, Any] = (
        {"referral": _AD} if kind == "referral" else {"title": text, "payload": text.upper().replace(" ", "_")}
    )
    await message_event(context.session, context.installation, account, conversation, message, f"dm.{kind}", told)
    return message.platform_id


async def _status(context: Context, account: Account, status: str) -> str:
    """Let the platform tell how far the last message of the account came."""
    query = (
        select(Message, Conversation)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Conversation.account_id == account.id, Message.direction == "outgoing")
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(1)
    )
    found = (await context.session.execute(query)).first()
    if found is None:
        raise Refusal(404, "resource.not_found", "this account has sent no message yet; send one first")
    message, conversation = found
    message.status, message.status_updated_at = status, context.now
    ids = [message.platform_id]
    await message_status(context.session, context.installation, account, conversation, status, ids)
    return str(message.platform_id)


async def _withdrawn(context: Context, account: Account, kind: str) -> str:
    """The platform takes access away: of one page, of the whole account, or the account with it."""
    session, installation = context.session, context.installation
    if kind == "account-removed":
        await account_disconnected(session, installation, account, "platform_revoked")
        await session.delete(account)
        return account.id
    if kind == "page-removed":
        query = select(Page).where(Page.account_id == account.id).order_by(Page.created_at, Page.id)
        pages = list(await session.scalars(query))
        if not pages:
            raise Refusal(404, "resource.not_found", "this account has no page")
        await page_removed(session, installation, account, pages[0], "page_not_found")
        await session.delete(pages[0])
        if len(pages) > 1:
            return pages[0].platform_page_id
    reason = "all_pages_removed" if kind == "page-removed" else "access_revoked"
    account.status, account.reconnect_reason = "reconnect_required", reason
    await account_disconnected(session, installation, account, reason, has_to_reconnect=True)
    return account.id
