"""Inbox, comments: what the simulated platforms hold under the user's posts."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from localapi import quota
from localapi.context import Context, Refusal, interaction_id, invalid_field, native_id, unsupported, wire_time
from localapi.faults import refuse_call
from localapi.inbox import check_connected, check_text, list_scope, page_of_moving
from localapi.network import PLATFORMS, PlatformProfile
from localapi.routing import implements
from localapi.tables import Account, Comment, NetworkPost
from localapi.tables_platforms import BannedAuthor
from tools.answers import CommentReply, Pagination, Success
from tools.comments import (
    DELETE_COMMENT,
    HIDE_COMMENT,
    LIKE_COMMENT,
    LIST_COMMENT_REPLIES,
    LIST_COMMENTED_POSTS,
    LIST_COMMENTS,
    REPLY_TO_COMMENT,
    SEND_PRIVATE_REPLY,
    UNHIDE_COMMENT,
    UNLIKE_COMMENT,
    CommentCapabilities,
    CommentedPost,
    CommentedPostList,
    CommentList,
    DeleteComment,
    HideComment,
    InboxComment,
    LikeComment,
    ListCommentedPosts,
    ListCommentReplies,
    ListComments,
    ReplyToComment,
    SendPrivateReply,
    UnhideComment,
    UnlikeComment,
)

PRIVATE_REPLY_DAYS = 7
Order = Sequence[tuple[InstrumentedAttribute[Any], bool]]
NEWEST: Order = ((Comment.created_at, True), (Comment.platform_id, True))
YOUTUBE_ORDERS: Mapping[str, Order] = {"recent": NEWEST, "relevance": ((Comment.like_count, True), *NEWEST)}
"""Likes stand for relevance: nobody can like these comments here, so that no row moves while the list is read."""


@implements(LIST_COMMENTED_POSTS)
async def list_commented_posts(context: Context, args: ListCommentedPosts) -> CommentedPostList:
    accounts = context.visible_accounts()
    if args.brand_id:
        accounts = accounts.where(Account.brand_id == args.brand_id)
    if args.account_id:
        accounts = accounts.where(Account.id == args.account_id)
    query = select(NetworkPost).where(
        NetworkPost.account_id.in_(accounts.with_only_columns(Account.id)),
        NetworkPost.deleted_at.is_(None),
        NetworkPost.comment_count >= max(1, args.min_comments or 0),
        NetworkPost.last_comment_at.is_not(None),
    )
    if args.account_id is None:
        # Live on YouTube: only when its account is asked for.
        query = query.where(NetworkPost.platform != "youtube")
    if args.platform:
        query = query.where(NetworkPost.platform == args.platform)
    if args.since:
        query = query.where(NetworkPost.last_comment_at >= args.since)
    asked = await context.session.scalar(accounts.with_only_columns(Account.platform)) if args.account_id else None
    if asked == "youtube":
        return await _commented_videos(context, args, query)
    order = args.sort_order or "desc"
    scope = list_scope(
        "commented_posts", order, args.account_id, args.brand_id, args.platform, args.min_comments, args.since
    )
    if order == "desc":
        rows, cursor = await page_of_moving(
            context,
            query,
            scope=scope,
            touched_at=NetworkPost.last_comment_at,
            unique=NetworkPost.id,
            limit=args.limit or 25,
            cursor=args.cursor,
        )
    else:
        # What moves in this direction moves ahead of the reader.
        rising = [(NetworkPost.last_comment_at, False), (NetworkPost.id, False)]
        rows, cursor = await context.page(query, scope=scope, order=rising, limit=args.limit or 25, cursor=args.cursor)
    return CommentedPostList(
        data=[_commented_post(context, row) for row in rows],
        pagination=Pagination(has_more=cursor is not None, next_cursor=cursor or ""),
    )


async def _commented_videos(
    context: Context, args: ListCommentedPosts, query: Select[NetworkPost]
) -> CommentedPostList:
    """YouTube is asked live, and gives one page: there is nothing that a cursor could continue."""
    if args.cursor:
        raise invalid_field("cursor", "a YouTube account's list is one page without a cursor; ask with a larger limit")
    keys = (NetworkPost.last_comment_at, NetworkPost.id)
    query = query.order_by(*(key.asc() if args.sort_order == "asc" else key.desc() for key in keys))
    rows = await context.session.scalars(query.limit(args.limit or 25))
    return CommentedPostList(
        data=[_commented_post(context, row) for row in rows], pagination=Pagination(has_more=False, next_cursor="")
    )


@implements(LIST_COMMENTS)
async def list_comments(context: Context, args: ListComments) -> CommentList:
    account, post = await post_of(context, args.account_id, args.post_id, "list comments")
    query = select(Comment).where(Comment.network_post_id == post.id, Comment.parent_id.is_(None))
    scope, order = list_scope("comments", post.id), NEWEST
    if account.platform == "youtube":
        status, wanted = args.moderation_status or "published", args.order or "recent"
        query = query.where(Comment.moderation_status == status)
        if args.q:
            query = query.where(Comment.text.icontains(args.q, autoescape=True))
        scope, order = list_scope("comments", post.id, status, wanted, args.q), YOUTUBE_ORDERS[wanted]
    return await _comments(context, account, query, scope, order, limit=args.limit or 25, cursor=args.cursor)


@implements(LIST_COMMENT_REPLIES)
async def list_comment_replies(context: Context, args: ListCommentReplies) -> CommentList:
    account, post = await post_of(context, args.account_id, args.post_id, "list replies")
    comment = await comment_of(context, post, args.comment_id)
    query = select(Comment).where(Comment.network_post_id == post.id, Comment.parent_id == comment.platform_id)
    scope = list_scope("replies", comment.platform_id)
    return await _comments(context, account, query, scope, NEWEST, limit=args.limit or 10, cursor=args.cursor)


@implements(REPLY_TO_COMMENT)
async def reply_to_comment(context: Context, args: ReplyToComment) -> CommentReply:
    check_text(args.text)
    account, post = await post_of(context, args.account_id, args.post_id, "reply to comments", to_change=True)
    if not PLATFORMS[account.platform].comments.reply:
        raise unsupported(account.platform, "reply to comments")
    parent = await comment_of(context, post, args.comment_id) if args.comment_id else None
    await quota.spend(context, "interactions")
    reply = await add_comment(
        context,
        post,
        text=args.text,
        parent=parent,
        author_id=account.platform_account_id,
        author_name=account.name,
        author_username=account.username,
        is_owner=True,
    )
    return CommentReply(success=True, comment_id=reply.platform_id)


async def add_comment(
    context: Context,
    post: NetworkPost,
    *,
    text: str,
    parent: Comment | None,
    author_id: str,
    author_name: str,
    author_username: str,
    is_owner: bool = False,
) -> Comment:
    """Put a comment under a post of the simulated network. The caller holds the row of the post."""
    is_banned = await context.session.get(BannedAuthor, (post.account_id, author_id)) is not None
    comment = Comment(
        platform_id=PLATFORMS[post.platform].native_id(context.ids.random_hex(32), "comment"),
        network_post_id=post.id,
        parent_id=parent.platform_id if parent else None,
        author_id=author_id,
        author_name=author_name,
        author_username=author_username,
        text=text,
        created_at=context.now,
        is_owner=is_owner,
        is_hidden=is_banned,
        moderation_status="rejected" if is_banned else "published" if post.platform == "youtube" else "",
    )
    context.session.add(comment)
    post.comment_count += 1
    post.last_comment_at = comment.created_at
    if parent is not None:
        parent.reply_count += 1
    await context.session.flush()
    return comment


@implements(DELETE_COMMENT)
async def delete_comment(context: Context, args: DeleteComment) -> Success:
    account, post = await post_of(context, args.account_id, args.post_id, "delete comments", to_change=True)
    comment = await comment_of(context, post, args.comment_id)
    if not _capabilities(context, PLATFORMS[account.platform], comment).can_delete:
        raise unsupported(account.platform, "delete this comment")
    gone = await _with_all_below(context, post, comment)
    for row in gone:
        await context.session.delete(row)
    post.comment_count -= len(gone)
    parent = await context.session.get(Comment, comment.parent_id) if comment.parent_id else None
    if parent is not None:
        parent.reply_count -= 1
    return Success(success=True)


async def _with_all_below(context: Context, post: NetworkPost, comment: Comment) -> list[Comment]:
    """The comment, the replies to it and the replies to those."""
    found, above = [comment], [comment.platform_id]
    while above:
        query = select(Comment).where(Comment.network_post_id == post.id, Comment.parent_id.in_(above))
        below = list(await context.session.scalars(query))
        found += below
        above = [row.platform_id for row in below]
    return found


@implements(HIDE_COMMENT)
async def hide_comment(context: Context, args: HideComment) -> Success:
    return await _set_hidden(context, args, hidden=True)


@implements(UNHIDE_COMMENT)
async def unhide_comment(context: Context, args: UnhideComment) -> Success:
    return await _set_hidden(context, args, hidden=False)


async def _set_hidden(context: Context, args: HideComment | UnhideComment, *, hidden: bool) -> Success:
    account, post = await post_of(context, args.account_id, args.post_id, "hide comments", to_change=True)
    comment = await comment_of(context, post, args.comment_id)
    if not _capabilities(context, PLATFORMS[account.platform], comment).can_hide:
        raise unsupported(account.platform, "hide this comment")
    comment.is_hidden = hidden
    if account.platform == "youtube":
        comment.moderation_status = "rejected" if hidden else "published"
    return Success(success=True)


@implements(LIKE_COMMENT)
async def like_comment(context: Context, args: LikeComment) -> Success:
    return await _set_liked(context, args, liked=True)


@implements(UNLIKE_COMMENT)
async def unlike_comment(context: Context, args: UnlikeComment) -> Success:
    return await _set_liked(context, args, liked=False)


async def _set_liked(context: Context, args: LikeComment | UnlikeComment, *, liked: bool) -> Success:
    account, post = await post_of(context, args.account_id, args.post_id, "like comments", to_change=True)
    comment = await comment_of(context, post, args.comment_id)
    if not PLATFORMS[account.platform].comments.like:
        raise unsupported(account.platform, "like comments")
    if comment.liked_by_viewer != liked:
        comment.liked_by_viewer = liked
        comment.like_count += 1 if liked else -1
    return Success(success=True)


@implements(SEND_PRIVATE_REPLY)
async def send_private_reply(context: Context, args: SendPrivateReply) -> Success:
    check_text(args.text)
    account, post = await post_of(context, args.account_id, args.post_id, "send private replies", to_change=True)
    platform = account.platform
    if not PLATFORMS[platform].comments.private_reply:
        raise unsupported(platform, "send private replies")
    comment = await comment_of(context, post, args.comment_id)
    reason = _no_private_reply(context, comment)
    if reason is not None:
        what = f"this comment cannot get a private reply: {reason}"
        raise Refusal(400, f"platform.{platform}.private_reply_ineligible", what)
    await quota.spend(context, "interactions")
    comment.private_replied_at = context.now
    from localapi.conversations import open_private_thread

    await open_private_thread(context, account, comment, args.text, page_id=post.page_id)
    return Success(success=True)


async def post_of(
    context: Context, account_id: str, post_id: str, what: str, *, to_change: bool = False
) -> tuple[Account, NetworkPost]:
    """The account and its post, by the row's id or the platform's.

    What changes a comment holds the post until it is done, so that its count is right and a check stays true. Every
    writer takes the post before the caller's quota and that before a conversation, so that none waits in a circle.
    """
    account = await context.account(account_id)
    if not PLATFORMS[account.platform].comments.list:
        raise unsupported(account.platform, what)
    check_connected(account)
    query = select(NetworkPost).where(
        NetworkPost.account_id == account.id,
        or_(NetworkPost.id == post_id, NetworkPost.platform_id == post_id),
        NetworkPost.deleted_at.is_(None),
    )
    post = await context.session.scalar(query.with_for_update() if to_change else query)
    if post is None:
        raise Refusal(404, "post.not_found", "this account has no such post; see GET /inbox/comments")
    if to_change:
        await refuse_call(context, account)
    return account, post


async def comment_of(context: Context, post: NetworkPost, comment_id: str) -> Comment:
    """A comment under a post, by its id or the platform's; raises Refusal 404."""
    found = await context.session.scalar(
        select(Comment).where(Comment.network_post_id == post.id, Comment.platform_id == native_id(comment_id))
    )
    if found is None:
        raise Refusal(
            404, "resource.not_found", "this post has no such comment", resource="comment", id=comment_id[:100]
        )
    return found


async def _comments(
    context: Context,
    account: Account,
    query: Select[Comment],
    scope: str,
    order: Order,
    *,
    limit: int,
    cursor: str | None,
) -> CommentList:
    rows, after = await context.page(query, scope=scope, order=order, limit=limit, cursor=cursor)
    profile = PLATFORMS[account.platform]
    return CommentList(
        data=[_inbox_comment(context, row, profile) for row in rows],
        pagination=Pagination(has_more=after is not None, next_cursor=after or ""),
    )


def _capabilities(context: Context, profile: PlatformProfile, comment: Comment) -> CommentCapabilities:
    rules = profile.comments
    return CommentCapabilities(
        can_reply=rules.reply,
        can_delete=rules.delete == "all" or (rules.delete == "own" and comment.is_owner),
        can_hide=rules.hide and (rules.hide_own or not comment.is_owner),
        can_like=rules.like,
        can_private_reply=rules.private_reply and _no_private_reply(context, comment) is None,
    )


def _no_private_reply(context: Context, comment: Comment) -> str | None:
    """Why the comment cannot get a private reply now, or None when it can."""
    if context.now - comment.created_at > timedelta(days=PRIVATE_REPLY_DAYS):
        return f"it is over {PRIVATE_REPLY_DAYS} days old"
    if comment.is_owner:
        return "it is your own"
    return "it had one already" if comment.private_replied_at is not None else None


def _inbox_comment(context: Context, row: Comment, profile: PlatformProfile) -> InboxComment:
    return InboxComment(
        id=interaction_id("cmt", profile.slug, row.platform_id),
        platform_id=row.platform_id,
        platform=profile.slug,
        parent_id=row.parent_id,
        text=row.text,
        author_id=row.author_id,
        author_name=row.author_name,
        author_username=row.author_username,
        author_picture=row.author_picture,
        created_at=wire_time(row.created_at),
        is_owner=row.is_owner,
        is_hidden=row.is_hidden,
        like_count=row.like_count,
        liked_by_viewer=row.liked_by_viewer and profile.slug == "linkedin_page",
        has_replies=row.reply_count > 0,
        reply_count=row.reply_count,
        moderation_status=row.moderation_status,
        capabilities=_capabilities(context, profile, row),
    )


def _commented_post(context: Context, row: NetworkPost) -> CommentedPost:
    return CommentedPost(
        id=row.id,
        user_id=context.user.id,
        account_id=row.account_id,
        page_id=row.page_id or "",
        platform=row.platform,
        platform_id=row.platform_id,
        content=row.text,
        permalink=row.permalink,
        thumbnail=row.thumbnail or "",
        comment_count=row.comment_count,
        like_count=int(row.metrics.get("likes", 0)),
        published_at=wire_time(row.published_at),
        created_at=wire_time(row.published_at),
        updated_at=wire_time(row.last_comment_at or row.published_at),
    )
