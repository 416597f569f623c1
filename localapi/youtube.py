"""YouTube: channel numbers, sync, and changes to live videos and comments of the simulated platform."""

from sqlalchemy import select, update

from localapi.comments import comment_of, post_of
from localapi.context import Context, Refusal, missing_field
from localapi.inbox import check_text
from localapi.platform_accounts import account_on, live_posts, told
from localapi.post_views import numbers_of
from localapi.routing import implements
from localapi.tables import Account, Comment, NetworkPost
from localapi.tables_platforms import BannedAuthor, Video
from tools.answers import Success
from tools.youtube import (
    EDIT_YOUTUBE_COMMENT,
    GET_YOUTUBE_SUMMARY,
    MODERATE_YOUTUBE_COMMENT,
    SYNC_YOUTUBE_ACCOUNT,
    UPDATE_YOUTUBE_VIDEO,
    EditYoutubeComment,
    ModerateYoutubeComment,
    UpdateYoutubeVideo,
    YoutubeAccount,
    YoutubeSummary,
)

MAX_TITLE = 100
MAX_DESCRIPTION_BYTES = 5000


@implements(GET_YOUTUBE_SUMMARY)
async def get_youtube_summary(context: Context, args: YoutubeAccount) -> YoutubeSummary:
    account = await account_on(context, args.account_id, "youtube", status=400)
    posts = await live_posts(context, account)
    return YoutubeSummary(
        title=account.name,
        handle=account.username,
        thumbnail_url=account.profile_picture_url or "",
        subscriber_count=told(account, "subscriber_count"),
        video_count=max(told(account, "video_count"), len(posts)),
        view_count=told(account, "view_count") + sum(numbers_of(context.now, row)["views"] for row in posts),
    )


@implements(SYNC_YOUTUBE_ACCOUNT)
async def sync_youtube_account(context: Context, args: YoutubeAccount) -> Success:
    account = await account_on(context, args.account_id, "youtube")
    if not told(account, "video_count") and not await live_posts(context, account):
        what = "this channel has no playlist of uploads before its first video"
        raise Refusal(404, "platform.youtube.no_uploads_playlist", what)
    await note_sync(context, account)
    return Success(success=True)


async def note_sync(context: Context, account: Account) -> None:
    """Everything of the simulated platform is here already: only the time is new."""
    await context.session.refresh(account, with_for_update=True)
    account.metadata_ = {**account.metadata_, "synced_at": context.now.isoformat()}


@implements(UPDATE_YOUTUBE_VIDEO)
async def update_youtube_video(context: Context, args: UpdateYoutubeVideo) -> Success:
    if args.title is None and args.description is None and args.visibility is None:
        raise missing_field("title", "say what to change: title, description or visibility")
    await account_on(context, args.account_id, "youtube")
    _, post = await post_of(context, args.account_id, args.video_id, "change videos", to_change=True)
    if args.title is not None:
        title = args.title.strip()
        if not title or len(title) > MAX_TITLE or "<" in title or ">" in title:
            what = f"title has 1 to {MAX_TITLE} characters, without angle brackets"
            raise Refusal(400, "validation.field_invalid", what, field="title")
        post.text = title
    video = await context.session.get(Video, post.id) or Video(
        network_post_id=post.id, description="", visibility="public"
    )
    if args.description is not None:
        if len(args.description.encode()) > MAX_DESCRIPTION_BYTES or "<" in args.description or ">" in args.description:
            what = f"description has at most {MAX_DESCRIPTION_BYTES} bytes, without angle brackets"
            raise Refusal(400, "validation.field_invalid", what, field="description")
        video.description = args.description
    if args.visibility is not None:
        video.visibility = args.visibility
    context.session.add(video)
    return Success(success=True)


@implements(EDIT_YOUTUBE_COMMENT)
async def edit_youtube_comment(context: Context, args: EditYoutubeComment) -> Success:
    check_text(args.text)
    comment = await _comment(context, args.account_id, args.post_id, args.comment_id)
    if not comment.is_owner:
        what = "a channel edits its own comments only; hide or moderate other people's"
        raise Refusal(501, "resource.not_supported", what, platform="youtube")
    comment.text = args.text
    return Success(success=True)


@implements(MODERATE_YOUTUBE_COMMENT)
async def moderate_youtube_comment(context: Context, args: ModerateYoutubeComment) -> Success:
    comment = await _comment(context, args.account_id, args.post_id, args.comment_id)
    comment.moderation_status = args.status
    comment.is_hidden = args.status == "rejected"
    if args.ban_author:
        if comment.is_owner:
            raise Refusal(400, "validation.field_invalid", "a channel cannot ban itself", field="ban_author")
        await _ban(context, args.account_id, comment.author_id)
    return Success(success=True)


async def _ban(context: Context, account_id: str, author_id: str) -> None:
    """Hide what they wrote so far; what they write later is rejected as it comes."""
    if await context.session.get(BannedAuthor, (account_id, author_id)) is None:
        context.session.add(BannedAuthor(account_id=account_id, author_id=author_id))
    posts = select(NetworkPost.id).where(NetworkPost.account_id == account_id)
    await context.session.execute(
        update(Comment)
        .where(Comment.network_post_id.in_(posts), Comment.author_id == author_id)
        .values(moderation_status="rejected", is_hidden=True)
    )


async def _comment(context: Context, account_id: str, post_id: str, comment_id: str) -> Comment:
    await account_on(context, account_id, "youtube")
    _, post = await post_of(context, account_id, post_id, "change comments", to_change=True)
    return await comment_of(context, post, comment_id)
