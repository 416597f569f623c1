"""YouTube: channel numbers, sync, and changes to live videos and comments."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from auth.scopes import Scope
from tools.answers import Success
from tools.fields import AccountId, CommentId, PlatformPostId, Relayed, RelayedLink, SafeId, Text
from tools.operation import Args, Effect, Operation, Result

GROUP = "YouTube"

_ACCOUNTS_READ = "No page names the scope; accounts:read is asked, as for other account details."
_ACCOUNTS_MANAGE = "No page names the scope; accounts:manage is asked, because syncing changes what is stored."
_POSTS_WRITE = "No page names the scope; posts:write is asked, as for editing a post."


class YoutubeSummary(Result):
    title: Relayed | None = None
    handle: Relayed | None = None
    thumbnail_url: RelayedLink | None = None
    subscriber_count: int | None = None
    video_count: int | None = None
    view_count: int | None = None


class YoutubeAccount(Args):
    account_id: AccountId


class UpdateYoutubeVideo(Args):
    account_id: AccountId
    video_id: Annotated[SafeId, Field(description="YouTube's id of the video.")]
    title: Annotated[str | None, Field(description="New title.")] = None
    description: Annotated[str | None, Field(description="New description.")] = None
    visibility: Annotated[Literal["public", "unlisted", "private"] | None, Field(description="Who may watch.")] = None


class EditYoutubeComment(Args):
    comment_id: CommentId
    account_id: AccountId
    post_id: PlatformPostId
    text: Annotated[Text, Field(description="New text.")]


class ModerateYoutubeComment(Args):
    comment_id: CommentId
    account_id: AccountId
    post_id: PlatformPostId
    status: Annotated[Literal["published", "held_for_review", "rejected"], Field(description="New state.")]
    ban_author: Annotated[bool | None, Field(description="Also ban the author; only with rejected.")] = None

    @model_validator(mode="after")
    def _bans_only_whom_it_rejects(self) -> Self:
        if self.ban_author and self.status != "rejected":
            raise ValueError("ban_author: only with status rejected")
        return self


GET_YOUTUBE_SUMMARY = Operation(
    name="get_youtube_summary",
    endpoint="GET /platforms/youtube/accounts/{id}/summary",
    group=GROUP,
    title="Get YouTube summary",
    description="Get a YouTube channel's subscriber, video and view counts.",
    args=YoutubeAccount,
    result=YoutubeSummary,
    scope=Scope.ACCOUNTS_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=("youtube",),
    path_arguments={"id": "account_id"},
    example={"account_id": "acc_fjord_youtube"},
    choices=(_ACCOUNTS_READ,),
)

SYNC_YOUTUBE_ACCOUNT = Operation(
    name="sync_youtube_account",
    endpoint="POST /platforms/youtube/accounts/{id}/sync",
    group=GROUP,
    title="Sync YouTube account",
    description="Fetch a YouTube channel's uploads now.",
    args=YoutubeAccount,
    result=Success,
    scope=Scope.ACCOUNTS_MANAGE,
    effect=Effect.UPDATE,
    destructive=False,
    open_world=True,
    platforms=("youtube",),
    path_arguments={"id": "account_id"},
    example={"account_id": "acc_fjord_youtube"},
    choices=(_ACCOUNTS_MANAGE,),
)

UPDATE_YOUTUBE_VIDEO = Operation(
    name="update_youtube_video",
    endpoint="PATCH /platforms/youtube/accounts/{id}/videos/{videoId}",
    group=GROUP,
    title="Update YouTube video",
    description="Change title, description or visibility of a live YouTube video. "
    "For posts not yet published use update_post.",
    args=UpdateYoutubeVideo,
    result=Success,
    scope=Scope.POSTS_WRITE,
    effect=Effect.UPDATE,
    open_world=True,
    platforms=("youtube",),
    path_arguments={"id": "account_id"},
    example={"account_id": "acc_fjord_youtube", "video_id": "yt_Abc123", "title": "Three days on the ridge"},
    choices=(
        _POSTS_WRITE,
        "The reference lists no credential for it; one is sent, as everywhere else.",
    ),
)

EDIT_YOUTUBE_COMMENT = Operation(
    name="edit_youtube_comment",
    endpoint="PATCH /platforms/youtube/comments/{commentId}",
    group=GROUP,
    title="Edit YouTube comment",
    description="Replace the text of a YouTube comment the channel wrote itself.",
    args=EditYoutubeComment,
    result=Success,
    scope=Scope.INBOX_WRITE,
    effect=Effect.UPDATE,
    open_world=True,
    platforms=("youtube",),
    example={
        "comment_id": "yt_c_own",
        "account_id": "acc_fjord_youtube",
        "post_id": "yt_Abc123",
        "text": "Thanks! The full route is in the description.",
    },
)

MODERATE_YOUTUBE_COMMENT = Operation(
    name="moderate_youtube_comment",
    endpoint="POST /platforms/youtube/comments/{commentId}/moderate",
    group=GROUP,
    title="Moderate YouTube comment",
    description="Publish, hold or reject a YouTube comment; a rejection can also ban its author from the channel.",
    args=ModerateYoutubeComment,
    result=Success,
    scope=Scope.INBOX_WRITE,
    effect=Effect.UPDATE,
    open_world=True,
    platforms=("youtube",),
    example={
        "comment_id": "yt_c_1",
        "account_id": "acc_fjord_youtube",
        "post_id": "yt_Abc123",
        "status": "held_for_review",
    },
)
