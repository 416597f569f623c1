"""Publishing: write, check, schedule, publish, measure and remove posts."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from auth.scopes import Access, Scope
from tools.answers import PaginationWithLimit, Success
from tools.fields import (
    PUBLISHING_PLATFORMS,
    AccountId,
    AccountIdList,
    AnyPostId,
    BrandId,
    Cursor,
    FileArgs,
    Json,
    Limit,
    Named,
    Notice,
    Own,
    OwnJson,
    PageId,
    Platform,
    PostId,
    Relayed,
    RelayedJson,
    RelayedLink,
    SafeId,
    Timestamp,
    default,
    kind_is_named,
)
from tools.operation import Args, Effect, Operation, Result

GROUP = "Publishing"


class MediaSource(Args):
    source: Annotated[str, Field(description="The address or id.", min_length=1)]
    source_type: Annotated[Literal["url", "media_id", "platform_attachment_id"], Field(description="What source is.")]
    type: Annotated[
        Literal["image", "video", "audio", "file"] | None,
        Field(description="Kind; required with platform_attachment_id."),
    ] = None

    _names_its_kind = model_validator(mode="after")(kind_is_named)


class Segment(Args):
    text: Annotated[str, Field(description="Text.")]
    media: Annotated[list[MediaSource] | None, Field(description="Files, in order.")] = None
    media_ids: Annotated[list[str] | None, Field(description="Older form of media: library ids.")] = None


class Target(Args):
    account_id: AccountId
    board_id: Annotated[SafeId | None, Field(description="Pinterest board id.")] = None
    first_comment: Annotated[str | None, Field(description="Comment to add below: Instagram, Facebook, YouTube.")] = (
        None
    )
    media: Annotated[list[MediaSource] | None, Field(description="Files, in order.")] = None
    media_ids: Annotated[list[str] | None, Field(description="Older form of media: library ids.")] = None
    page_id: PageId | None = None
    platform_data: Annotated[Json | None, Field(description="Options of this platform: {option: value}.")] = None
    scheduled_at: Annotated[
        Timestamp | None, Field(description="When to publish: RFC 3339 with offset, in the future.")
    ] = None
    text: Annotated[str | None, Field(description="Text.")] = None
    title: Annotated[str | None, Field(description="Title.")] = None
    visibility: Annotated[
        Literal["public", "private", "unlisted", "connections_only", "logged_in"] | None,
        Field(description="Who sees it."),
    ] = None


class PostMedia(Result):
    source: Own | None = None
    source_type: str | None = None
    type: str | None = None


class TargetError(Result):
    category: str | None = None
    caused_by: str | None = None
    code: str | None = None
    message: Relayed | None = None


class TargetMetrics(Result):
    comments: int | None = None
    extra: RelayedJson | None = None
    likes: int | None = None
    saves: int | None = None
    shares: int | None = None


class PostTarget(Result):
    account_id: str | None = None
    board_id: str | None = None
    error: TargetError | None = None
    first_comment: Own | None = None
    media: list[PostMedia] | None = None
    media_ids: list[str] | None = None
    media_type: str | None = None
    metadata: OwnJson | None = None
    metrics: TargetMetrics | None = None
    metrics_synced_at: str | None = None
    page_id: str | None = None
    permalink: RelayedLink | None = None
    platform: str | None = None
    platform_post_id: str | None = None
    published_at: str | None = None
    scheduled_at: str | None = None
    status: str | None = None
    text: Own | None = None
    title: Own | None = None
    visibility: str | None = None


class Post(Result):
    created_at: str | None = None
    hidden: bool | None = None
    id: str | None = None
    media: list[PostMedia] | None = None
    media_ids: list[str] | None = None
    published_at: str | None = None
    retry_count: int | None = None
    scheduled_at: str | None = None
    status: str | None = None
    targets: list[PostTarget] | None = None
    text: Own | None = None
    title: Own | None = None
    updated_at: str | None = None
    visibility: str | None = None


class CreatePost(Args):
    first_comment: Annotated[str | None, Field(description="Comment to add below: Instagram, Facebook, YouTube.")] = (
        None
    )
    media: Annotated[list[MediaSource] | None, Field(description="Files, in order.")] = None
    media_ids: Annotated[list[str] | None, Field(description="Older form of media: library ids.")] = None
    platform_data: Annotated[Json | None, Field(description="Options by platform: {platform: {option: value}}.")] = None
    publish_now: Annotated[bool | None, Field(description="Publish at once; scheduled_at is then ignored.")] = None
    scheduled_at: Annotated[
        Timestamp | None, Field(description="When to publish: RFC 3339 with offset, in the future.")
    ] = None
    segments: Annotated[list[Segment] | None, Field(description="Further posts of an X thread.")] = None
    skip_duplicate_check: Annotated[bool | None, Field(description="Allow the same content again within a day.")] = None
    skip_validation: Annotated[bool | None, Field(description="Leave out the platforms' checks.")] = None
    targets: Annotated[list[Target] | None, Field(description="One entry for each account.")] = None
    text: Annotated[str | None, Field(description="Text.")] = None
    title: Annotated[str | None, Field(description="Title.")] = None
    visibility: Annotated[
        Literal["public", "private", "unlisted", "connections_only", "logged_in"] | None,
        Field(description="Who sees it."),
    ] = None


CREATE_POST = Operation(
    name="create_post",
    endpoint="POST /posts",
    group=GROUP,
    title="Create a post",
    description=(
        "Create a draft, schedule a post with scheduled_at, or publish it with publish_now, to any number of "
        "accounts. Scheduling and publishing cost one post credit."
    ),
    args=CreatePost,
    result=Post,
    scope=Scope.POSTS_WRITE,
    effect=Effect.PUBLISH,
    open_world=True,
    example={"text": "Fresh beans on the shelf.", "targets": [{"account_id": "acc_aurora_threads"}]},
    choices=(
        "text may be left out when there is media, as the guides show.",
        "unlisted is taken as a visibility too, because YouTube has it.",
        "A post whose targets have different times is publishing from the first of them until the last one is out.",
        "A used-up month is 429 validation.post_limit_exhausted; imports answer billing.post_limit.",
        "Outcomes stand in targets, not in platforms.",
        "Ids are opaque: any documented form is taken.",
    ),
    platforms=PUBLISHING_PLATFORMS,
)


class PostList(Result):
    data: list[Post] | None = None
    pagination: PaginationWithLimit | None = None


class ListPosts(Args):
    account_ids: Annotated[AccountIdList | None, Field(description="Account ids, comma-separated.")] = None
    brand_id: BrandId | None = None
    status: Annotated[
        Literal["draft", "scheduled", "publishing", "published", "partial", "failed", "cancelled"] | None,
        Field(description="State."),
    ] = None
    platform: Annotated[Platform | None, Field(description="Platform.")] = None
    page_id: PageId | None = None
    from_: Annotated[Timestamp | None, Field(alias="from", description="From this time, RFC 3339.")] = None
    to: Annotated[Timestamp | None, Field(description="Up to this time, RFC 3339.")] = None
    search: Annotated[str | None, Field(description="Text to look for, in any case.")] = None
    sort: Annotated[
        Literal["scheduled_asc", "scheduled_desc", "created_asc", "created_desc"] | None,
        Field(description="Order.", **default("scheduled_asc")),
    ] = None
    cursor: Cursor | None = None
    limit: Limit | None = None
    hidden: Annotated[bool | None, Field(description="Include hidden posts.", **default(False))] = None


LIST_POSTS = Operation(
    name="list_posts",
    endpoint="GET /posts",
    group=GROUP,
    title="List posts",
    description=(
        "List posts by state, account, brand, platform, time or text. Hidden posts are left out unless asked for."
    ),
    args=ListPosts,
    result=PostList,
    scope=Scope.POSTS_READ,
    effect=Effect.READ,
    open_world=False,
    example={"status": "draft"},
)


class GetPost(Args):
    post_id: AnyPostId


GET_POST = Operation(
    name="get_post",
    endpoint="GET /posts/{pid}",
    group=GROUP,
    title="Get a post",
    description="Get one post with the outcome for each target, by our id or the platform's.",
    args=GetPost,
    result=Post,
    scope=Scope.POSTS_READ,
    effect=Effect.READ,
    open_world=False,
    example={"post_id": "post_published"},
    path_arguments={"pid": "post_id"},
    resource="socialapi://posts/{pid}",
)


class UpdatePost(Args):
    post_id: PostId
    first_comment: Annotated[str | None, Field(description="Comment to add below: Instagram, Facebook, YouTube.")] = (
        None
    )
    hidden: Annotated[bool | None, Field(description="True keeps it out of lists.")] = None
    media: Annotated[list[MediaSource] | None, Field(description="Files, in order.")] = None
    media_ids: Annotated[list[str] | None, Field(description="Older form of media: library ids.")] = None
    platform_data: Annotated[Json | None, Field(description="Options by platform: {platform: {option: value}}.")] = None
    scheduled_at: Annotated[
        Timestamp | None, Field(description="When to publish: RFC 3339 with offset, in the future.")
    ] = None
    segments: Annotated[list[Segment] | None, Field(description="Further posts of an X thread.")] = None
    skip_validation: Annotated[bool | None, Field(description="Leave out the platforms' checks.")] = None
    targets: Annotated[list[Target] | None, Field(description="One entry for each account.")] = None
    text: Annotated[str | None, Field(description="Text.")] = None
    title: Annotated[str | None, Field(description="Title.")] = None
    visibility: Annotated[
        Literal["public", "private", "unlisted", "connections_only", "logged_in"] | None,
        Field(description="Who sees it."),
    ] = None


UPDATE_POST = Operation(
    name="update_post",
    endpoint="PATCH /posts/{pid}",
    group=GROUP,
    title="Edit a post",
    description=(
        "Change a draft, scheduled or failed post, or what a platform lets change of a published one. targets, if "
        "given, replace the list. Does not publish: see publish_post."
    ),
    args=UpdatePost,
    result=Post,
    scope=Scope.POSTS_WRITE,
    effect=Effect.UPDATE,
    open_world=True,
    example={"post_id": "post_draft", "text": "Oat milk week starts Tuesday."},
    path_arguments={"pid": "post_id"},
    choices=(
        "unlisted is taken as a visibility too, because YouTube has it.",
        "Published posts can be edited where the platform's own page says so; elsewhere the answer is 501.",
    ),
    platforms=PUBLISHING_PLATFORMS,
)


class DeleteOutcome(Result):
    account_id: str | None = None
    message: Relayed | None = None
    outcome: str | None = None
    platform: str | None = None


class PostDeletion(Result):
    deleted: bool | None = None
    results: list[DeleteOutcome] | None = None
    success: bool | None = None


class DeletePost(Args):
    post_id: PostId


DELETE_POST = Operation(
    name="delete_post",
    endpoint="DELETE /posts/{pid}",
    group=GROUP,
    title="Delete a post",
    description=(
        "Delete a post here and on each platform that allows it; the answer says which did. Not while it is publishing."
    ),
    args=DeletePost,
    result=PostDeletion,
    scope=Scope.POSTS_WRITE,
    effect=Effect.DELETE,
    open_world=True,
    example={"post_id": "post_failed"},
    path_arguments={"pid": "post_id"},
    choices=(
        "Platforms that cannot delete answer 200 with the outcome not_supported, and the post is kept.",
        "All platforms are asked; there is no choice of one by platform.",
    ),
    platforms=PUBLISHING_PLATFORMS,
)


class RetryPost(Args):
    post_id: PostId


RETRY_POST = Operation(
    name="retry_post",
    endpoint="POST /posts/{pid}/retry",
    group=GROUP,
    title="Retry a failed post",
    description="Publish again to the targets that failed; the others are left alone. Costs one post credit.",
    args=RetryPost,
    result=Success,
    scope=Scope.POSTS_WRITE,
    effect=Effect.PUBLISH,
    open_world=True,
    example={"post_id": "post_partial"},
    path_arguments={"pid": "post_id"},
    platforms=tuple(name for name in PUBLISHING_PLATFORMS if name != "google"),
    choices=("A used-up month is 429 validation.post_limit_exhausted; imports answer billing.post_limit.",),
)


class UnpublishPost(Args):
    post_id: PostId
    account_id: AccountId | None = None


UNPUBLISH_POST = Operation(
    name="unpublish_post",
    endpoint="POST /posts/{pid}/unpublish",
    group=GROUP,
    title="Unpublish a post",
    description="Take a published post off one account or all, and keep its record here.",
    args=UnpublishPost,
    result=Success,
    scope=Scope.POSTS_WRITE,
    effect=Effect.DELETE,
    open_world=True,
    example={"post_id": "post_partial", "account_id": "acc_aurora_facebook"},
    path_arguments={"pid": "post_id"},
    platforms=tuple(name for name in PUBLISHING_PLATFORMS if name not in {"instagram", "tiktok"}),
    choices=("What a platform lets delete can be unpublished there; only Instagram is named as unable.",),
)


class PostMetrics(Result):
    post_id: str | None = None
    targets: list[PostTarget] | None = None


class PostMetricsAnswer(Result):
    data: PostMetrics | None = None


class GetPostMetrics(Args):
    post_id: AnyPostId


GET_POST_METRICS = Operation(
    name="get_post_metrics",
    endpoint="GET /posts/{pid}/metrics",
    group=GROUP,
    title="Get post metrics",
    description="Get likes, comments, shares and more of a published post, for each target.",
    args=GetPostMetrics,
    result=PostMetricsAnswer,
    scope=Scope.POSTS_READ,
    effect=Effect.READ,
    open_world=True,
    example={"post_id": "post_published"},
    path_arguments={"pid": "post_id"},
    platforms=tuple(name for name in PUBLISHING_PLATFORMS if name != "google"),
)


class ImportRowError(Result):
    message: Notice | None = None
    row: int | None = None


class PostImport(Result):
    created: int | None = None
    errors: list[ImportRowError] | None = None
    failed: int | None = None
    posts: list[Post] | None = None
    total_rows: int | None = None


class ImportPosts(FileArgs):
    max_bytes = 5 * 1024 * 1024

    dry_run: Annotated[bool | None, Field(description="Check only, create nothing.")] = None


IMPORT_POSTS = Operation(
    name="import_posts",
    endpoint="POST /posts/import",
    group=GROUP,
    title="Import posts from CSV",
    description=(
        "Create posts from a CSV file with the columns text, title, account_ids, scheduled_at, visibility, "
        "first_comment, platform_data, board_id, at most 5 MB. Rows with scheduled_at go out; dry_run checks only."
    ),
    args=ImportPosts,
    result=PostImport,
    scope=Scope.POSTS_WRITE,
    effect=Effect.PUBLISH,
    open_world=True,
    example={"content_base64": "dGV4dCx0aXRsZQpIZWxsbyBmcm9tIGEgZmlsZSwK", "filename": "posts.csv", "dry_run": True},
    upload="file",
    query=frozenset({"dry_run"}),
    choices=("The file has a header row, rows are counted from 1 below it, and platform_data is JSON.",),
)


class CarouselConstraints(Result):
    allow_video: bool | None = None
    images_only: bool | None = None
    max_items: int | None = None
    min_items: int | None = None
    photos_only: bool | None = None
    supported: bool | None = None


class MediaConstraints(Result):
    max_image_size_bytes: int | None = None
    max_video_duration_sec: int | None = None
    max_video_fps: int | None = None
    max_video_size_bytes: int | None = None
    min_video_duration_sec: int | None = None
    supported_image_types: list[str] | None = None
    supported_video_types: list[str] | None = None


class SchedulingConstraints(Result):
    mode: str | None = None
    supported: bool | None = None


class TextConstraints(Result):
    counting_mode: str | None = None
    max_hashtags: int | None = None
    max_length: int | None = None
    max_mentions: int | None = None
    photo_max_length: int | None = None


class PlatformConstraints(Result):
    carousel: CarouselConstraints | None = None
    media: MediaConstraints | None = None
    scheduling: SchedulingConstraints | None = None
    supports_mixed_media: bool | None = None
    supports_platform_attachment_id: bool | None = None
    text: TextConstraints | None = None


class PlatformConstraintsAnswer(Result):
    data: dict[str, PlatformConstraints] | None = None


class GetPlatformConstraints(Args):
    platform: Platform | None = None


GET_PLATFORM_CONSTRAINTS = Operation(
    name="get_platform_constraints",
    endpoint="GET /posts/validate",
    group=GROUP,
    title="Get platform limits",
    description="Get what each platform allows in a post: text length, media, carousels, scheduling.",
    args=GetPlatformConstraints,
    result=PlatformConstraintsAnswer,
    scope=Access.ALWAYS,
    effect=Effect.READ,
    open_world=False,
    example={"platform": "instagram"},
    choices=("Counts as the capability catalogue that every key may read.",),
)


class ValidationIssue(Result):
    field: str | None = None
    message: Notice | None = None
    platform: str | None = None
    segment_index: int | None = None
    target: str | None = None


class PostCheck(Result):
    errors: list[ValidationIssue] | None = None
    valid: bool | None = None
    warnings: list[ValidationIssue] | None = None


class ValidatePost(Args):
    account_ids: Annotated[list[str] | None, Field(description="Accounts to check for."), Named("account")] = None
    media: Annotated[list[MediaSource] | None, Field(description="Files, in order.")] = None
    media_ids: Annotated[list[str] | None, Field(description="Older form of media: library ids.")] = None
    platform_data: Annotated[Json | None, Field(description="Options by platform: {platform: {option: value}}.")] = None
    platforms: Annotated[list[Platform] | None, Field(description="Platforms to check for.")] = None
    scheduled_at: Annotated[
        Timestamp | None, Field(description="When to publish: RFC 3339 with offset, in the future.")
    ] = None
    segments: Annotated[list[Segment] | None, Field(description="Further posts of an X thread.")] = None
    targets: Annotated[list[Target] | None, Field(description="One entry for each account.")] = None
    text: Annotated[str | None, Field(description="Text.")] = None


VALIDATE_POST = Operation(
    name="validate_post",
    endpoint="POST /posts/validate",
    group=GROUP,
    title="Check a post",
    description="Check a post against its platforms' rules without saving or publishing it.",
    args=ValidatePost,
    result=PostCheck,
    scope=Scope.POSTS_READ,
    effect=Effect.READ,
    open_world=False,
    example={"text": "Fresh beans on the shelf.", "platforms": ["threads", "twitter"]},
    choices=(
        "unlisted is taken as a visibility too, because YouTube has it.",
        "Checking changes nothing, so posts:read is enough.",
        "Findings stand in errors and warnings, not in issues.",
    ),
    platforms=PUBLISHING_PLATFORMS,
)


class PublishPost(Args):
    post_id: PostId


PUBLISH_POST = Operation(
    name="publish_post",
    endpoint="POST /posts/{pid}/publish",
    group=GROUP,
    title="Publish a post now",
    description="Publish a draft or scheduled post now. Costs one post credit.",
    args=PublishPost,
    result=Post,
    scope=Scope.POSTS_WRITE,
    effect=Effect.PUBLISH,
    open_world=True,
    example={"post_id": "post_scheduled"},
    path_arguments={"pid": "post_id"},
    choices=(
        "Publishing runs in the background; an outcome that is there at once is answered at once.",
        "A used-up month is 429 validation.post_limit_exhausted; imports answer billing.post_limit.",
    ),
    platforms=PUBLISHING_PLATFORMS,
)
