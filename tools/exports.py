"""Exports of video analytics."""

from typing import Annotated, Literal

from pydantic import Field

from auth.scopes import Scope
from tools.fields import AccountId, Foreign, Relayed, RelayedLink, SafeId
from tools.operation import Args, Effect, Operation, Result

GROUP = "Exports"


class ExportAccepted(Result):
    account_id: str | None = None
    created_at: str | None = None
    id: str | None = None
    platform: str | None = None
    status: str | None = None


class CreateExport(Args):
    account_id: AccountId
    include_transcript: Annotated[bool | None, Field(description="Add transcripts.")] = None
    include_vision: Annotated[bool | None, Field(description="Add what is seen; not on the free plan.")] = None


CREATE_EXPORT = Operation(
    name="create_export",
    endpoint="POST /accounts/{id}/export",
    group=GROUP,
    title="Start an analytics export",
    description="Start an export of an account's videos and their numbers; get_export tells when it is done.",
    args=CreateExport,
    result=ExportAccepted,
    scope=Scope.ANALYTICS_READ,
    effect=Effect.CREATE,
    open_world=False,
    platforms=("tiktok",),
    example={"account_id": "acc_aurora_tiktok"},
    path_arguments={"id": "account_id"},
    choices=(
        "The allowance is counted by the month, as in the plan table.",
        "TikTok is the one platform whose export is described.",
    ),
)


class ExportItem(Result):
    account_id: str | None = None
    completed_at: str | None = None
    created_at: str | None = None
    error: Relayed | None = None
    expires_at: str | None = None
    id: str | None = None
    platform: str | None = None
    processed_videos: int | None = None
    status: str | None = None
    total_videos: int | None = None


class ExportsList(Result):
    exports: list[ExportItem] | None = None


class ListExports(Args):
    status: Annotated[Literal["pending", "processing", "completed", "failed"] | None, Field(description="State.")] = (
        None
    )


LIST_EXPORTS = Operation(
    name="list_exports",
    endpoint="GET /exports",
    group=GROUP,
    title="List exports",
    description="List the 50 newest analytics exports.",
    args=ListExports,
    result=ExportsList,
    scope=Scope.ANALYTICS_READ,
    effect=Effect.READ,
    open_world=False,
    example={},
)


class ExportResultURLs(Result):
    excel_url: str | None = None
    report_url: str | None = None


class ExportStatus(Result):
    account_id: str | None = None
    completed_at: str | None = None
    created_at: str | None = None
    error: Relayed | None = None
    expires_at: str | None = None
    id: str | None = None
    platform: str | None = None
    processed_videos: int | None = None
    result: ExportResultURLs | None = None
    status: str | None = None
    total_videos: int | None = None


class GetExport(Args):
    export_id: Annotated[SafeId, Field(description="Export id.")]


GET_EXPORT = Operation(
    name="get_export",
    endpoint="GET /exports/{id}",
    group=GROUP,
    title="Get an export",
    description="Get the progress of an export and, when completed, its download addresses.",
    args=GetExport,
    result=ExportStatus,
    scope=Scope.ANALYTICS_READ,
    effect=Effect.READ,
    open_world=False,
    example={"export_id": "exp_sample"},
    path_arguments={"id": "export_id"},
)


class ExportVideoItem(Result):
    comment_count: int | None = None
    cover_image_url: RelayedLink | None = None
    create_time: str | None = None
    description: Relayed | None = None
    duration_seconds: int | None = None
    height: int | None = None
    like_count: int | None = None
    platform: str | None = None
    platform_video_id: str | None = None
    share_count: int | None = None
    share_url: RelayedLink | None = None
    title: Relayed | None = None
    transcript: Foreign | None = None
    transcript_lang: str | None = None
    view_count: int | None = None
    vision_category: Foreign | None = None
    vision_elements: list[Foreign] | None = None
    vision_summary: Foreign | None = None
    width: int | None = None


class ExportVideos(Result):
    account_id: str | None = None
    platform: str | None = None
    videos: list[ExportVideoItem] | None = None


class ListExportVideos(Args):
    export_id: Annotated[SafeId, Field(description="Export id.")]


LIST_EXPORT_VIDEOS = Operation(
    name="list_export_videos",
    endpoint="GET /exports/{id}/videos",
    group=GROUP,
    title="List videos of an export",
    description="List the videos of a completed export with their numbers.",
    args=ListExportVideos,
    result=ExportVideos,
    scope=Scope.ANALYTICS_READ,
    effect=Effect.READ,
    open_world=False,
    example={"export_id": "exp_sample"},
    path_arguments={"id": "export_id"},
)
