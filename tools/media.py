"""Media library: pictures and videos for posts."""

from typing import Annotated

from pydantic import Field

from auth.scopes import Scope
from tools.answers import Success
from tools.fields import Address, Cursor, FileArgs, Foreign, LimitOf50, MediaId
from tools.operation import Args, Effect, Empty, Operation, Result

GROUP = "Media Library"


class MediaItem(Result):
    content_type: str | None = None
    created_at: str | None = None
    filename: Foreign | None = None
    id: str | None = None
    size_bytes: int | None = None
    status: str | None = None
    url: Address | None = None


class MediaList(Result):
    count: int | None = None
    data: list[MediaItem] | None = None
    next_cursor: str | None = None


class ListMedia(Args):
    limit: LimitOf50 | None = None
    cursor: Cursor | None = None


LIST_MEDIA = Operation(
    name="list_media",
    endpoint="GET /media",
    group=GROUP,
    title="List media",
    description="List the files of the media library that are ready, newest first.",
    args=ListMedia,
    result=MediaList,
    scope=Scope.MEDIA_READ,
    effect=Effect.READ,
    open_world=False,
    example={},
    choices=("A page holds 50 unless told, as the reference says.",),
)


class DeleteMedia(Args):
    media_id: MediaId


DELETE_MEDIA = Operation(
    name="delete_media",
    endpoint="DELETE /media/{id}",
    group=GROUP,
    title="Delete a file",
    description="Delete a file from the library. One that a post uses is refused.",
    args=DeleteMedia,
    result=Empty,
    scope=Scope.MEDIA_WRITE,
    effect=Effect.DELETE,
    open_world=False,
    example={"media_id": "med_logo"},
    path_arguments={"id": "media_id"},
    choices=("A file in use is refused with 409 rather than taken off its posts.",),
)


class StorageUsage(Result):
    count: int | None = None
    limit_bytes: int | None = None
    used_bytes: int | None = None


class GetMediaStorage(Args):
    """No arguments."""


GET_MEDIA_STORAGE = Operation(
    name="get_media_storage",
    endpoint="GET /media/storage",
    group=GROUP,
    title="Get storage use",
    description="Get the bytes used, the plan's limit and the number of files.",
    args=GetMediaStorage,
    result=StorageUsage,
    scope=Scope.MEDIA_READ,
    effect=Effect.READ,
    open_world=False,
    example={},
)


class MediaUploadInfo(Result):
    expires_at: str | None = None
    media_id: str | None = None
    upload_url: str | None = None


class CreateUploadUrl(Args):
    media_type: Annotated[str, Field(description="MIME type, such as image/png.")]
    filename: Annotated[str, Field(description="File name.")]


CREATE_UPLOAD_URL = Operation(
    name="create_upload_url",
    endpoint="GET /media/upload-url",
    group=GROUP,
    title="Create an upload address",
    description=(
        "Get an address to PUT a large file to within 15 minutes; then verify_media. Small files: upload_media."
    ),
    args=CreateUploadUrl,
    result=MediaUploadInfo,
    scope=Scope.MEDIA_WRITE,
    effect=Effect.CREATE,
    open_world=False,
    example={"media_type": "image/png", "filename": "menu.png"},
    choices=("The answer has no public address: a file is used by its id.",),
)


class MediaUpload(Result):
    media_id: str | None = None


class UploadMedia(FileArgs):
    """No arguments."""


UPLOAD_MEDIA = Operation(
    name="upload_media",
    endpoint="POST /media/upload",
    group=GROUP,
    title="Upload a file",
    description="Upload a picture or video of at most 50 MB to the library, ready to use at once.",
    args=UploadMedia,
    result=MediaUpload,
    scope=Scope.MEDIA_WRITE,
    effect=Effect.CREATE,
    open_world=False,
    example={
        # A picture of one dot.
        "content_base64": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
        "filename": "dot.png",
    },
    upload="file",
)


class VerifyMedia(Args):
    media_id: MediaId


VERIFY_MEDIA = Operation(
    name="verify_media",
    endpoint="POST /media/{id}/verify",
    group=GROUP,
    title="Confirm an upload",
    description="Confirm that the file was PUT to its upload address, which makes it ready.",
    args=VerifyMedia,
    result=Success,
    scope=Scope.MEDIA_WRITE,
    effect=Effect.UPDATE,
    open_world=False,
    example={"media_id": "med_pending"},
    path_arguments={"id": "media_id"},
    destructive=False,
)
