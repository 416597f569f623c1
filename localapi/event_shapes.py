"""What webhooks tell of posts, interactions and accounts, and what the platform would have sent (behaviour §13)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from localapi.context import Installation, interaction_id, wire_time
from localapi.conversation_views import LIBRARY
from localapi.events import Subject, record
from localapi.media import preview_address
from localapi.network import PLATFORMS
from localapi.tables import (
    Account,
    Comment,
    Conversation,
    Mention,
    Message,
    NetworkPost,
    Page,
    Post,
    PostTarget,
    Review,
)
from localapi.tables import User as UserRow
from tools.answers import Author, Content, ContentMedia, Interaction

_META = frozenset({"facebook", "instagram"})
_PROFILES = {
    "instagram": "https://www.instagram.com/{username}/",
    "threads": "https://www.threads.net/@{username}",
    "tiktok": "https://www.tiktok.com/@{username}",
    "twitter": "https://x.com/{username}",
    "facebook": "https://www.facebook.com/{id}",
    "linkedin": "https://www.linkedin.com/in/{id}",
    "youtube": "https://www.youtube.com/channel/{id}",
    "google": "https://business.google.com/{id}",
}


async def post_event(
    session: AsyncSession, installation: Installation, post: Post, name: str, data: Mapping[str, Any]
) -> None:
    """An event of a post."""
    error = next((target.get("error") for target in data.get("results", ()) if target.get("error")), None) or {}
    subject = Subject(
        resource_id=post.id,
        error_message=str(error.get("message", "")) if name in {"post.failed", "post.partial"} else "",
        error_category=str(error.get("category", "")) if name in {"post.failed", "post.partial"} else "",
    )
    await record(session, installation, post.user_id, name, {"post_id": post.id, **data}, subject=subject)


def scheduled(post: Post, targets: Sequence[PostTarget]) -> dict[str, Any]:
    """The data of `post.scheduled`."""
    return {
        "status": post.status,
        "scheduled_at": wire_time(post.scheduled_at),
        "targets": [{"account_id": row.account_id, "platform": row.platform} for row in targets],
    }


async def comment_received(
    session: AsyncSession, installation: Installation, account: Account, post: NetworkPost, comment: Comment
) -> None:
    """Somebody else wrote a comment."""
    metadata = {"parent_id": comment.parent_id} if account.platform == "threads" and comment.parent_id else {}
    shown = Interaction(
        id=interaction_id("cmt", account.platform, comment.platform_id),
        type="comment",
        platform=account.platform,
        account_id=account.id,
        author=_author(comment.author_id, comment.author_name, comment.author_username, comment.author_picture),
        content=Content(text=comment.text, media=[]),
        received_at=wire_time(comment.created_at),
        metadata=metadata,
    )
    more = {"permalink": post.permalink} if account.platform == "instagram" else {}
    if account.platform in _META:
        more["platform_post_id"] = post.platform_id
    shown = shown.model_copy(update=more)
    raw = _change(post, comment) if account.platform in _META else None
    await _inbox(session, installation, account, "comment.received", shown, comment.platform_id, raw)


async def message_event(
    session: AsyncSession,
    installation: Installation,
    account: Account,
    conversation: Conversation,
    message: Message,
    name: str,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """A message that came or went, or a referral or pressed button, which come as messages without content."""
    address = message.attachment_url or ""
    if address.startswith(LIBRARY):
        address = preview_address(installation, address.removeprefix(LIBRARY))
    media = [ContentMedia(type=message.attachment_type, url=address)] if message.attachment_type else []
    ours = _author(account.platform_account_id, account.name, account.username, account.profile_picture_url or "")
    theirs = _author(conversation.participant_id, conversation.participant_name, "", conversation.participant_picture)
    shown = Interaction(
        id=interaction_id("dm", account.platform, message.platform_id),
        type="dm",
        platform=account.platform,
        account_id=account.id,
        conversation_id=conversation.id,
        author=ours if message.direction == "outgoing" else theirs,
        recipient=theirs if message.direction == "outgoing" else ours,
        content=Content(text=message.text, media=media),
        received_at=wire_time(message.created_at),
        metadata=dict(metadata or {}),
    )
    if conversation.page_id:
        shown = shown.model_copy(update={"page_id": conversation.page_id})
    raw = {"mid": message.platform_id, "text": message.text} if account.platform in _META else None
    await _inbox(session, installation, account, name, shown, conversation.id, raw)


async def message_status(
    session: AsyncSession,
    installation: Installation,
    account: Account,
    conversation: Conversation,
    status: str,
    native_ids: Sequence[str],
) -> None:
    """How far messages came, on platforms that tell."""
    if status not in PLATFORMS[account.platform].message_statuses:
        return
    data = {"status": status, "mids": list(native_ids), "recipient_id": conversation.participant_id}
    subject = Subject(
        platform=account.platform,
        account_id=account.id,
        resource_id=conversation.id,
        error_message="the platform could not deliver the message" if status == "failed" else "",
        error_category="platform" if status == "failed" else "",
    )
    await record(session, installation, account.user_id, f"dm.status.{status}", data, subject=subject)


async def review_received(session: AsyncSession, installation: Installation, account: Account, review: Review) -> None:
    """A customer wrote a review."""
    shown = Interaction(
        id=interaction_id("rev", account.platform, review.platform_id),
        type="review",
        platform=account.platform,
        account_id=account.id,
        author=_author(review.author_id, review.author_name, "", ""),
        content=Content(text=review.text, media=[]),
        received_at=wire_time(review.created_at),
        metadata={"rating": review.rating},
    )
    await _inbox(session, installation, account, "review.received", shown, review.platform_id, None)


async def mention_received(
    session: AsyncSession, installation: Installation, account: Account, mention: Mention
) -> None:
    """Somebody mentioned the account."""
    await _inbox(
        session,
        installation,
        account,
        "mention.received",
        mention_shown(mention, account.platform),
        mention.platform_id,
        None,
    )


def mention_shown(row: Mention, platform: str) -> Interaction:
    """A mention as lists and webhooks show it."""
    return Interaction(
        id=interaction_id("mnt", platform, row.platform_id),
        type="mention",
        platform=platform,
        account_id=row.account_id,
        author=Author(id=row.author_id, name=row.author_name, username=row.author_username),
        content=Content(text=row.text),
        permalink=row.permalink,
        platform_post_id=row.media_id,
        received_at=wire_time(row.received_at),
        metadata={
            "mention_type": row.mention_type,
            "media_id": row.media_id,
            **({"comment_id": row.comment_id} if row.comment_id else {}),
        },
    )


async def account_connected(session: AsyncSession, installation: Installation, account: Account) -> None:
    """An account was connected, or connected again."""
    user = await session.get(UserRow, account.user_id)
    data = {
        "account_id": account.id,
        "brand_id": account.brand_id,
        "platform": account.platform,
        "platform_user_id": account.platform_account_id,
        "username": account.username,
        "display_name": account.name,
        "profile_picture_url": account.profile_picture_url or "",
        "bio": account.bio or "",
        "profile_url": _profile_url(account),
        "user_email": user.email if user else "",
        "connected_at": wire_time(installation.clock.now()),
    }
    await _account(session, installation, account, "account.connected", data)


async def account_disconnected(
    session: AsyncSession, installation: Installation, account: Account, reason: str, *, has_to_reconnect: bool = False
) -> None:
    """An account is gone, or its access is."""
    data: dict[str, Any] = {"account_id": account.id, "platform": account.platform, "reason": reason}
    if has_to_reconnect:
        data["reconnect_required"] = True
    await _account(session, installation, account, "account.disconnected", data)


async def page_removed(
    session: AsyncSession, installation: Installation, account: Account, page: Page, reason: str
) -> None:
    """A page is out of reach."""
    data = {
        "account_id": account.id,
        "platform_page_id": page.platform_page_id,
        "name": page.name,
        "platform": account.platform,
        "reason": reason,
    }
    await _account(session, installation, account, "page.removed", data)


async def _account(
    session: AsyncSession, installation: Installation, account: Account, name: str, data: Mapping[str, Any]
) -> None:
    subject = Subject(platform=account.platform, account_id=account.id, resource_id=account.id)
    await record(session, installation, account.user_id, name, data, subject=subject)


async def _inbox(
    session: AsyncSession,
    installation: Installation,
    account: Account,
    name: str,
    shown: Interaction,
    resource_id: str,
    raw: Mapping[str, Any] | None,
) -> None:
    subject = Subject(platform=account.platform, account_id=account.id, resource_id=resource_id)
    await record(session, installation, account.user_id, name, shown, subject=subject, raw_payload=raw)


def _author(identifier: str, name: str, username: str, picture: str) -> Author:
    return Author(id=identifier, name=name, username=username, avatar_url=picture)


def _change(post: NetworkPost, comment: Comment) -> dict[str, Any]:
    """The entry of `changes` that Meta sends for a comment."""
    if post.platform == "instagram":
        value: dict[str, Any] = {
            "from": {"id": comment.author_id, "username": comment.author_username},
            "media": {"id": post.platform_id},
            "id": comment.platform_id,
            "text": comment.text,
        }
        return {"field": "comments", "value": value}
    return {
        "field": "feed",
        "value": {
            "item": "comment",
            "verb": "add",
            "comment_id": comment.platform_id,
            "post_id": post.platform_id,
            "from": {"id": comment.author_id, "name": comment.author_name},
            "message": comment.text,
            "created_time": int(comment.created_at.timestamp()),
        },
    }


def _profile_url(account: Account) -> str:
    pattern = _PROFILES.get(account.platform, "")
    return pattern.format(username=account.username, id=account.platform_account_id)
