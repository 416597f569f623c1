"""Inbox, comments: read, answer and moderate."""

from typing import Annotated, Literal

from pydantic import Field

from auth.scopes import Scope
from tools.answers import CommentReply, Pagination, Success
from tools.fields import (
    AccountId,
    BrandId,
    CommentId,
    Cursor,
    Foreign,
    ForeignLink,
    Limit,
    LimitOf10,
    Platform,
    PlatformPostId,
    Relayed,
    RelayedLink,
    Timestamp,
    default,
)
from tools.operation import Args, Effect, Operation, Result

GROUP = "Inbox - Comments"
PLATFORMS_WITH_COMMENTS = ("instagram", "facebook", "threads", "youtube", "twitter", "linkedin_page")


class CommentedPost(Result):
    account_id: str | None = None
    comment_count: int | None = None
    content: Relayed | None = None
    created_at: str | None = None
    id: str | None = None
    like_count: int | None = None
    page_id: str | None = None
    permalink: RelayedLink | None = None
    platform: str | None = None
    platform_id: str | None = None
    published_at: str | None = None
    thumbnail: RelayedLink | None = None
    updated_at: str | None = None
    user_id: str | None = None


class CommentedPostList(Result):
    data: list[CommentedPost] | None = None
    pagination: Pagination | None = None


class ListCommentedPosts(Args):
    account_id: AccountId | None = None
    brand_id: BrandId | None = None
    platform: Platform | None = None
    min_comments: Annotated[
        int | None, Field(description="At least so many comments.", ge=0, le=2**31 - 1, **default(0))
    ] = None
    since: Timestamp | None = None
    sort_by: Annotated[Literal["date"] | None, Field(description="Only date.")] = None
    sort_order: Annotated[
        Literal["desc", "asc"] | None, Field(description="Newest or oldest first.", **default("desc"))
    ] = None
    limit: Limit | None = None
    cursor: Cursor | None = None


LIST_COMMENTED_POSTS = Operation(
    name="list_commented_posts",
    endpoint="GET /inbox/comments",
    group=GROUP,
    title="List commented posts",
    description=(
        "List posts that have comments, the latest commented first. Then list_comments shows a post's comments."
    ),
    args=ListCommentedPosts,
    result=CommentedPostList,
    scope=Scope.INBOX_READ,
    effect=Effect.READ,
    open_world=False,
    platforms=("instagram", "facebook", "threads", "youtube", "linkedin_page"),
    example={},
)


class CommentCapabilities(Result):
    can_delete: bool | None = None
    can_hide: bool | None = None
    can_like: bool | None = None
    can_private_reply: bool | None = None
    can_reply: bool | None = None


class InboxComment(Result):
    author_headline: Foreign | None = None
    author_id: str | None = None
    author_name: Foreign | None = None
    author_picture: ForeignLink | None = None
    author_profile_url: ForeignLink | None = None
    author_username: Foreign | None = None
    capabilities: CommentCapabilities | None = None
    created_at: str | None = None
    has_replies: bool | None = None
    id: str | None = None
    is_hidden: bool | None = None
    is_owner: bool | None = None
    like_count: int | None = None
    liked_by_viewer: bool | None = None
    moderation_status: str | None = None
    parent_id: str | None = None
    platform: str | None = None
    platform_id: str | None = None
    reply_count: int | None = None
    text: Foreign | None = None


class CommentList(Result):
    data: list[InboxComment] | None = None
    pagination: Pagination | None = None


class ListComments(Args):
    post_id: PlatformPostId
    account_id: AccountId
    limit: Limit | None = None
    cursor: Cursor | None = None
    moderation_status: Annotated[
        Literal["published", "held_for_review", "likely_spam"] | None,
        Field(description="YouTube only.", **default("published")),
    ] = None
    order: Annotated[
        Literal["recent", "relevance"] | None, Field(description="Order; YouTube only.", **default("recent"))
    ] = None
    q: Annotated[str | None, Field(description="Text to look for; YouTube only.", max_length=256)] = None


LIST_COMMENTS = Operation(
    name="list_comments",
    endpoint="GET /inbox/comments/{postId}",
    group=GROUP,
    title="List comments",
    description="List the comments of one post, with what can be done to each.",
    args=ListComments,
    result=CommentList,
    scope=Scope.INBOX_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=PLATFORMS_WITH_COMMENTS,
    example={"post_id": "ig_1789001", "account_id": "acc_aurora_instagram"},
    choices=("account_id is required, although some of the API's examples leave it out.",),
)


class ListCommentReplies(Args):
    post_id: PlatformPostId
    comment_id: CommentId
    account_id: AccountId
    limit: LimitOf10 | None = None
    cursor: Cursor | None = None


LIST_COMMENT_REPLIES = Operation(
    name="list_comment_replies",
    endpoint="GET /inbox/comments/{postId}/{commentId}/replies",
    group=GROUP,
    title="List replies to a comment",
    description="List the answers below one comment.",
    args=ListCommentReplies,
    result=CommentList,
    scope=Scope.INBOX_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=PLATFORMS_WITH_COMMENTS,
    example={"post_id": "ig_1789001", "comment_id": "ig_c_2", "account_id": "acc_aurora_instagram"},
)


class ReplyToComment(Args):
    post_id: PlatformPostId
    account_id: AccountId
    text: Annotated[str, Field(description="Text.", max_length=2200)]
    comment_id: CommentId | None = None


REPLY_TO_COMMENT = Operation(
    name="reply_to_comment",
    endpoint="POST /inbox/comments/{postId}",
    group=GROUP,
    title="Reply to a comment",
    description=(
        "Answer a comment in public, or comment on the post itself without comment_id. Costs one interaction credit."
    ),
    args=ReplyToComment,
    result=CommentReply,
    scope=Scope.INBOX_WRITE,
    effect=Effect.PUBLISH,
    open_world=True,
    platforms=PLATFORMS_WITH_COMMENTS,
    example={
        "post_id": "ig_1789001",
        "comment_id": "ig_c_1",
        "account_id": "acc_aurora_instagram",
        "text": "Yes, whole beans are on the shelf from Friday.",
    },
    choices=(
        "A private reply has its own operation; private in the body is not taken.",
        "A used-up month is 429 validation.interaction_limit_exhausted.",
    ),
)


class DeleteComment(Args):
    post_id: PlatformPostId
    comment_id: CommentId
    account_id: AccountId


DELETE_COMMENT = Operation(
    name="delete_comment",
    endpoint="DELETE /inbox/comments/{postId}/{commentId}",
    group=GROUP,
    title="Delete a comment",
    description=(
        "Delete a comment on the platform for good; hide_comment can be undone. Threads and X: own replies only."
    ),
    args=DeleteComment,
    result=Success,
    scope=Scope.INBOX_WRITE,
    effect=Effect.DELETE,
    open_world=True,
    platforms=PLATFORMS_WITH_COMMENTS,
    example={"post_id": "ig_1789001", "comment_id": "ig_c_4", "account_id": "acc_aurora_instagram"},
)


class HideComment(Args):
    post_id: PlatformPostId
    comment_id: CommentId
    account_id: AccountId


HIDE_COMMENT = Operation(
    name="hide_comment",
    endpoint="POST /inbox/comments/{postId}/{commentId}/hide",
    group=GROUP,
    title="Hide a comment",
    description="Hide a comment from others; unhide_comment shows it again.",
    args=HideComment,
    result=Success,
    scope=Scope.INBOX_WRITE,
    effect=Effect.UPDATE,
    open_world=True,
    platforms=PLATFORMS_WITH_COMMENTS,
    example={"post_id": "ig_1789001", "comment_id": "ig_c_3", "account_id": "acc_aurora_instagram"},
    destructive=False,
    choices=("X and LinkedIn pages can hide comments, as the pages about those platforms say.",),
)


class UnhideComment(Args):
    post_id: PlatformPostId
    comment_id: CommentId
    account_id: AccountId


UNHIDE_COMMENT = Operation(
    name="unhide_comment",
    endpoint="DELETE /inbox/comments/{postId}/{commentId}/hide",
    group=GROUP,
    title="Unhide a comment",
    description="Show a hidden comment again.",
    args=UnhideComment,
    result=Success,
    scope=Scope.INBOX_WRITE,
    effect=Effect.UPDATE,
    open_world=True,
    platforms=PLATFORMS_WITH_COMMENTS,
    example={"post_id": "ig_1789001", "comment_id": "ig_c_3", "account_id": "acc_aurora_instagram"},
    destructive=False,
)


class LikeComment(Args):
    post_id: PlatformPostId
    comment_id: CommentId
    account_id: AccountId


LIKE_COMMENT = Operation(
    name="like_comment",
    endpoint="POST /inbox/comments/{postId}/{commentId}/like",
    group=GROUP,
    title="Like a comment",
    description="Like a comment as the account. Facebook and LinkedIn pages only.",
    args=LikeComment,
    result=Success,
    scope=Scope.INBOX_WRITE,
    effect=Effect.UPDATE,
    open_world=True,
    platforms=(
        "facebook",
        "linkedin_page",
    ),
    example={"post_id": "100200300400_555", "comment_id": "fb_c_2", "account_id": "acc_aurora_facebook"},
    destructive=False,
)


class UnlikeComment(Args):
    post_id: PlatformPostId
    comment_id: CommentId
    account_id: AccountId


UNLIKE_COMMENT = Operation(
    name="unlike_comment",
    endpoint="DELETE /inbox/comments/{postId}/{commentId}/like",
    group=GROUP,
    title="Unlike a comment",
    description="Take back the account's like of a comment.",
    args=UnlikeComment,
    result=Success,
    scope=Scope.INBOX_WRITE,
    effect=Effect.UPDATE,
    open_world=True,
    platforms=(
        "facebook",
        "linkedin_page",
    ),
    example={"post_id": "100200300400_555", "comment_id": "fb_c_2", "account_id": "acc_aurora_facebook"},
    destructive=False,
)


class SendPrivateReply(Args):
    post_id: PlatformPostId
    comment_id: CommentId
    account_id: AccountId
    text: Annotated[str, Field(description="Text.", max_length=1000)]


SEND_PRIVATE_REPLY = Operation(
    name="send_private_reply",
    endpoint="POST /inbox/comments/{postId}/{commentId}/private-reply",
    group=GROUP,
    title="Reply privately to a comment",
    description=(
        "Send a direct message to a comment's author, once per comment and within seven days. Instagram and Facebook."
    ),
    args=SendPrivateReply,
    result=Success,
    scope=Scope.INBOX_WRITE,
    effect=Effect.PUBLISH,
    open_world=True,
    platforms=(
        "instagram",
        "facebook",
    ),
    example={
        "post_id": "100200300400_555",
        "comment_id": "fb_c_1",
        "account_id": "acc_aurora_facebook",
        "text": "We are sorry. May we call you?",
    },
    choices=("A private reply costs one interaction credit, like any message.",),
)
