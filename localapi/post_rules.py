"""Publishing: from what a caller asks for to targets, times and checks of a post."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select

from localapi.context import Context, Refusal, invalid_field, unsupported, wire_time
from localapi.drafts import DUPLICATE_HOURS, check, draft_of, fingerprint, overrides_of, refuse_errors
from localapi.network import PLATFORMS
from localapi.tables import Account, Board, Page, Post, PostTarget
from tools.posts import Target


def publication_time(context: Context, post_level: datetime | None, targets: Sequence[Target]) -> datetime | None:
    """The time of the schedule; the earliest of the targets' own when the post names none.

    Raises:
        Refusal: one of the times is over.
    """
    times = {f"targets.{place}.scheduled_at": one.scheduled_at for place, one in enumerate(targets) if one.scheduled_at}
    for name, when in ({"scheduled_at": post_level} | times).items():
        if when is not None and when <= context.now:
            raise invalid_field(name, f"{wire_time(when)} is in the past; it is now {wire_time(context.now)}")
    return post_level or min(times.values(), default=None)


def check_options(platform_data: Mapping[str, Any]) -> None:
    """Refuse options that no platform would see: each platform's stand in an object of their own."""
    for name, options in platform_data.items():
        if name in PLATFORMS and not isinstance(options, dict):
            raise invalid_field("platform_data", f"platform_data.{name} must be an object of options")


async def targets_for(context: Context, post_id: str, targets: Sequence[Target]) -> list[PostTarget]:
    """Rows for the targets asked for, each an account that the caller sees.

    Raises:
        Refusal: no such account, page or board, or a platform without posts.
    """
    rows: list[PostTarget] = []
    for position, target in enumerate(targets):
        account = await context.account(target.account_id)
        if not PLATFORMS[account.platform].publishes:
            raise unsupported(account.platform, "take posts")
        is_pinterest = account.platform == "pinterest"
        rows.append(
            PostTarget(
                id=context.ids.uuid(),
                post_id=post_id,
                position=position,
                account_id=account.id,
                page_id=None if is_pinterest else await _page(context, account, target),
                board_id=await _board(context, account, target, position) if is_pinterest else None,
                platform=account.platform,
                overrides=overrides_of(target),
                status="pending",
                scheduled_at=target.scheduled_at,
                metadata_={},
            )
        )
    return rows


async def _page(context: Context, account: Account, target: Target) -> str | None:
    """The page asked for, or the account's default one; None for accounts without pages."""
    pages = select(Page.id).where(Page.account_id == account.id, Page.is_active)
    if target.page_id is None:
        default = await context.session.scalar(pages.where(Page.is_default))
        if default is None and await context.session.scalar(select(Page.id).where(Page.account_id == account.id)):
            raise Refusal(
                400,
                "account.no_active_page",
                "no page of this account is active and its default; see PATCH /accounts/{id}/pages/{pageId}",
            )
        return default
    found = await context.session.scalar(pages.where(Page.id == target.page_id))
    if found is None:
        raise Refusal(400, "account.page_inactive", "this account has no such active page", field="page_id")
    return found


async def _board(context: Context, account: Account, target: Target, position: int) -> str | None:
    """The board, by our id or Pinterest's; that one has to be named is for the validation to say."""
    if target.page_id and target.board_id:
        raise invalid_field(f"targets.{position}.board_id", "page_id is another name for board_id; give one")
    wanted = target.board_id or target.page_id
    if wanted is None:
        return None
    found = await context.session.scalar(
        select(Board.id).where(Board.account_id == account.id, or_(Board.id == wanted, Board.native_id == wanted))
    )
    if found is None:
        name = f"targets.{position}.board_id"
        raise invalid_field(name, "this account has no such board; see GET /accounts/{id}/boards")
    return found


async def refuse_invalid(context: Context, post: Post, targets: Sequence[PostTarget]) -> None:
    """Raise what the platforms of the targets would not take."""
    drafts = [
        await draft_of(
            context,
            platform=row.platform,
            account_id=row.account_id,
            text=post.text,
            title=post.title or None,
            media=post.media,
            platform_data=post.platform_data,
            segments=[str(segment["text"]) for segment in post.segments],
            visibility=post.visibility if post.visibility != "public" else None,
            board_id=row.board_id,
            first_comment=post.first_comment or None,
            overrides=row.overrides,
        )
        for row in targets
    ]
    refuse_errors(check(drafts))


def content_hash(post: Post, targets: Sequence[PostTarget]) -> str:
    """The same for posts with the same text and media for the same places."""
    places = [(f"{row.account_id}/{row.page_id or row.board_id or ''}", row.overrides) for row in targets]
    return fingerprint(post.text, post.media, places)


async def refuse_duplicate(context: Context, post: Post) -> None:
    """Raise 409 when the same went out, or is about to, within a day."""
    twin = await context.session.scalar(
        select(Post.id).where(
            Post.user_id == context.user.id,
            Post.content_hash == post.content_hash,
            Post.status.in_(("scheduled", "publishing", "published", "partial")),
            Post.created_at > context.now - timedelta(hours=DUPLICATE_HOURS),
        )
    )
    if twin is not None:
        raise Refusal(
            409,
            "resource.conflict",
            f"post {twin} has the same content for the same accounts; skip_duplicate_check allows it again",
            resource="post",
            id=twin,
        )
