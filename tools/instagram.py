"""Instagram: collaboration invites, chat partners, stories and account numbers."""

from typing import Annotated

from pydantic import Field

from auth.scopes import Scope
from tools.answers import Success
from tools.fields import AccountId, Cursor, Foreign, ForeignLink, LimitOf20, Relayed, RelayedJson, RelayedLink, SafeId
from tools.operation import Args, Effect, Operation, Result

GROUP = "Instagram"

InstagramMediaId = Annotated[SafeId, Field(description="Instagram's id of the media.")]

_POSTS_WRITE = "No page names the scope; posts:write is asked, as for other changes to what a profile shows."
_POSTS_READ = "No page names the scope; posts:read is asked, as for other views of published content."
_DMS_READ = "No page names the scope; dms:read is asked, because the person is known from a conversation."
_ACCOUNTS_READ = "No page names the scope; accounts:read is asked, as for other account details."


class Collaborator(Result):
    id: str | None = None
    username: Foreign | None = None
    status: Annotated[str | None, Field(description="accepted, pending or declined.")] = None


class CollaboratorList(Result):
    data: list[Collaborator] | None = None
    count: int | None = None


class Participant(Result):
    id: str | None = None
    name: Foreign | None = None
    username: Foreign | None = None
    profile_pic: Annotated[ForeignLink | None, Field(description="Address that expires within days.")] = None
    follower_count: int | None = None
    is_user_follow_business: Annotated[bool | None, Field(description="They follow the account.")] = None
    is_business_follow_user: Annotated[bool | None, Field(description="The account follows them.")] = None
    is_verified_user: bool | None = None


class Story(Result):
    id: str | None = None
    account_id: str | None = None
    platform: str | None = None
    caption: Relayed | None = None
    media_type: str | None = None
    media_url: RelayedLink | None = None
    permalink: RelayedLink | None = None
    timestamp: str | None = None
    like_count: int | None = None
    comments_count: int | None = None
    shares_count: int | None = None
    view_count: int | None = None
    metadata: Annotated[RelayedJson | None, Field(description="Has is_story and expires_at.")] = None


class StoryList(Result):
    data: list[Story] | None = None
    count: int | None = None
    next_cursor: str | None = None


class InstagramSummary(Result):
    username: Relayed | None = None
    display_name: Relayed | None = None
    picture_url: RelayedLink | None = None
    follower_count: int | None = None
    following_count: int | None = None
    media_count: int | None = None
    period_start: str | None = None
    period_end: str | None = None
    reach: int | None = None
    views: int | None = None
    interactions: int | None = None
    accounts_engaged: int | None = None
    net_follows: int | None = None


class CollaborationArgs(Args):
    account_id: AccountId
    media_id: InstagramMediaId


class GetInstagramParticipant(Args):
    account_id: AccountId
    participant_id: Annotated[SafeId, Field(description="participant_id of a conversation.")]


class ListInstagramStories(Args):
    account_id: AccountId
    limit: LimitOf20 | None = None
    cursor: Cursor | None = None


class GetInstagramSummary(Args):
    account_id: AccountId


ACCEPT_INSTAGRAM_COLLABORATION = Operation(
    name="accept_instagram_collaboration",
    endpoint="POST /platforms/instagram/accounts/{id}/media/{mediaId}/collab/accept",
    group=GROUP,
    title="Accept Instagram collaboration",
    description="Accept an invite to co-author another account's post, which then shows on this profile too. "
    "Invites lapse after 14 days.",
    args=CollaborationArgs,
    result=Success,
    scope=Scope.POSTS_WRITE,
    effect=Effect.PUBLISH,
    open_world=True,
    platforms=("instagram",),
    path_arguments={"id": "account_id"},
    example={"account_id": "acc_aurora_instagram", "media_id": "ig_collab_1"},
    choices=(_POSTS_WRITE,),
)

DECLINE_INSTAGRAM_COLLABORATION = Operation(
    name="decline_instagram_collaboration",
    endpoint="POST /platforms/instagram/accounts/{id}/media/{mediaId}/collab/decline",
    group=GROUP,
    title="Decline Instagram collaboration",
    description="Decline an invite to co-author another account's Instagram post.",
    args=CollaborationArgs,
    result=Success,
    scope=Scope.POSTS_WRITE,
    effect=Effect.UPDATE,
    idempotent=False,
    open_world=True,
    platforms=("instagram",),
    path_arguments={"id": "account_id"},
    example={"account_id": "acc_aurora_instagram", "media_id": "ig_collab_2"},
    choices=(_POSTS_WRITE,),
)

LIST_INSTAGRAM_COLLABORATORS = Operation(
    name="list_instagram_collaborators",
    endpoint="GET /platforms/instagram/accounts/{id}/media/{mediaId}/collaborators",
    group=GROUP,
    title="List Instagram collaborators",
    description="List who was invited to co-author an Instagram post, and their answers. Only for the account that "
    "published it.",
    args=CollaborationArgs,
    result=CollaboratorList,
    scope=Scope.POSTS_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=("instagram",),
    path_arguments={"id": "account_id"},
    example={"account_id": "acc_aurora_instagram", "media_id": "ig_1789001"},
    choices=(_POSTS_READ,),
)

GET_INSTAGRAM_PARTICIPANT = Operation(
    name="get_instagram_participant",
    endpoint="GET /platforms/instagram/accounts/{id}/participants/{participantId}/profile",
    group=GROUP,
    title="Get Instagram participant",
    description="Get the profile of someone in an Instagram conversation, with who follows whom. "
    "Needs that person's consent.",
    args=GetInstagramParticipant,
    result=Participant,
    scope=Scope.DMS_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=("instagram",),
    path_arguments={"id": "account_id"},
    example={"account_id": "acc_aurora_instagram", "participant_id": "u_nadiakarim"},
    choices=(_DMS_READ,),
)

LIST_INSTAGRAM_STORIES = Operation(
    name="list_instagram_stories",
    endpoint="GET /platforms/instagram/accounts/{id}/stories",
    group=GROUP,
    title="List Instagram stories",
    description="List an Instagram account's stories of the last 24 hours.",
    args=ListInstagramStories,
    result=StoryList,
    scope=Scope.POSTS_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=("instagram",),
    path_arguments={"id": "account_id"},
    example={"account_id": "acc_aurora_instagram", "limit": 10},
    choices=(_POSTS_READ,),
)

GET_INSTAGRAM_SUMMARY = Operation(
    name="get_instagram_summary",
    endpoint="GET /platforms/instagram/accounts/{id}/summary",
    group=GROUP,
    title="Get Instagram summary",
    description="Get an Instagram account's profile counts and its totals of the last 30 days (beta). "
    "For one post use get_post_metrics.",
    args=GetInstagramSummary,
    result=InstagramSummary,
    scope=Scope.ACCOUNTS_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=("instagram",),
    path_arguments={"id": "account_id"},
    example={"account_id": "acc_aurora_instagram"},
    choices=(_ACCOUNTS_READ,),
)
