"""The media library: uploads, presigned uploads, and files on disk under the data folder."""

import asyncio
import contextlib
import hashlib
import os
import re
from datetime import timedelta
from pathlib import Path

from sqlalchemy import String, cast, func, or_, select
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from localapi import signed
from localapi.context import PLAN_LIMITS, Context, Installation, Refusal, invalid_field, missing_field, wire_time
from localapi.database import Unavailable
from localapi.inspection import inspect
from localapi.routing import error_response, implements
from localapi.tables import MediaFile, Post, PostTarget
from tools.answers import Success
from tools.media import (
    CREATE_UPLOAD_URL,
    DELETE_MEDIA,
    GET_MEDIA_STORAGE,
    LIST_MEDIA,
    UPLOAD_MEDIA,
    VERIFY_MEDIA,
    CreateUploadUrl,
    DeleteMedia,
    GetMediaStorage,
    ListMedia,
    MediaItem,
    MediaList,
    MediaUpload,
    MediaUploadInfo,
    StorageUsage,
    UploadMedia,
    VerifyMedia,
)
from tools.operation import Empty

UPLOAD_MINUTES = 15
_MEDIA_TYPE = re.compile(r"[a-z]+/[A-Za-z0-9.+-]{1,100}")
MAX_PRESIGNED_BYTES = 5 * 1024 * 1024 * 1024
_NO_SPACE = "no space is left for files, or their folder cannot be written; free some and try again"


@implements(LIST_MEDIA)
async def list_media(context: Context, args: ListMedia) -> MediaList:
    query = select(MediaFile).where(MediaFile.user_id == context.user.id, MediaFile.status == "ready")
    rows, cursor = await context.page(
        query,
        scope="media",
        order=[(MediaFile.created_at, True), (MediaFile.id, True)],
        limit=args.limit or 50,
        cursor=args.cursor,
    )
    data = [_item(context.installation, row) for row in rows]
    await _storage_headers(context)
    return MediaList(data=data, count=len(data), **({"next_cursor": cursor} if cursor else {}))


@implements(GET_MEDIA_STORAGE)
async def get_media_storage(context: Context, args: GetMediaStorage) -> StorageUsage:
    used, limit, count = await _storage_headers(context)
    return StorageUsage(used_bytes=used, limit_bytes=limit, count=count)


@implements(UPLOAD_MEDIA)
async def upload_media(context: Context, args: UploadMedia) -> MediaUpload:
    upload = context.upload
    if upload is None or not upload.content:
        raise missing_field("file", "the file is empty or missing")
    await context.lock_user()
    used, limit, _ = await _storage_headers(context)
    _check_quota(context, used, limit, len(upload.content))
    context.headers["X-Storage-Used"] = str(used + len(upload.content))
    row = MediaFile(
        id=context.ids.uuid(), user_id=context.user.id, filename=_clean(upload.filename), content_type="",
        status="ready", created_at=context.now,
    )  # fmt: skip
    row.path = row.id
    file = context.installation.files / row.path
    await asyncio.to_thread(_write, file, upload.content)
    await _measure(row, file)
    context.session.add(row)
    return MediaUpload(media_id=row.id)


@implements(CREATE_UPLOAD_URL)
async def create_upload_url(context: Context, args: CreateUploadUrl) -> MediaUploadInfo:
    if not _MEDIA_TYPE.fullmatch(args.media_type):
        raise invalid_field("media_type", "media_type is no MIME type; write it like image/png")
    used, limit, _ = await _storage_headers(context)
    _check_quota(context, used, limit, 1)
    token = context.ids.random_hex(48)
    row = MediaFile(
        id=context.ids.uuid(),
        user_id=context.user.id,
        filename=_clean(args.filename),
        content_type=args.media_type,
        status="pending",
        upload_token_hash=_hash(token),
        upload_expires_at=context.now + timedelta(minutes=UPLOAD_MINUTES),
        created_at=context.now,
    )
    row.path = row.id
    context.session.add(row)
    return MediaUploadInfo(
        media_id=row.id,
        upload_url=f"{context.installation.public_url}/uploads/{token}",
        expires_at=wire_time(row.upload_expires_at),
    )


@implements(VERIFY_MEDIA)
async def verify_media(context: Context, args: VerifyMedia) -> Success:
    row = await _find(context, args.media_id)
    if row.status == "ready":
        return Success(success=True)
    file = context.installation.files / row.path
    if row.status == "failed" or not await asyncio.to_thread(file.is_file):
        row.status = "failed"
        await context.session.commit()
        raise Refusal(404, "media.not_found", "nothing was uploaded for this file; get a new upload address")
    used, limit, _ = await _storage_headers(context)
    size = (await asyncio.to_thread(file.stat)).st_size
    try:
        _check_quota(context, used, limit, size)
    except Refusal:
        row.status = "failed"
        await context.session.commit()
        await asyncio.to_thread(file.unlink, missing_ok=True)
        raise
    await _measure(row, file)
    row.status, row.upload_token_hash = "ready", None
    context.headers["X-Storage-Used"] = str(used + row.size_bytes)
    return Success(success=True)


@implements(DELETE_MEDIA)
async def delete_media(context: Context, args: DeleteMedia) -> Empty:
    row = await _find(context, args.media_id)
    # JSON columns hold the ids as quoted text; a match there is looked at again below.
    sign = f'%"{row.id}"%'
    used = await context.session.scalar(
        select(Post.id)
        .outerjoin(PostTarget, PostTarget.post_id == Post.id)
        .where(
            Post.user_id == context.user.id,
            or_(*(cast(column, String).like(sign) for column in (Post.media, Post.segments, PostTarget.overrides))),
        )
        .limit(1)
    )
    if used is not None:
        raise Refusal(409, "media.in_use", f"post {used} uses this file; take it off there first")
    await context.session.delete(row)
    file = context.installation.files / row.path

    async def remove() -> None:
        await asyncio.to_thread(file.unlink, missing_ok=True)

    context.after_commit.append(remove)
    return Empty()


async def receive(installation: Installation, request: Request) -> Response:
    """PUT /uploads/{token}: take the bytes of a presigned upload, to a file of its own."""
    async with installation.database.read() as session:
        row = await session.scalar(
            select(MediaFile).where(MediaFile.upload_token_hash == _hash(request.path_params["token"]))
        )
    is_open = row is not None and row.status == "pending" and row.upload_expires_at is not None
    if row is None or not is_open or (row.upload_expires_at or installation.clock.now()) <= installation.clock.now():
        return _refused(request, 403, "this upload address is unknown or has expired; get a new one")
    if request.headers.get("content-type", "").partition(";")[0].strip() != row.content_type:
        return _refused(request, 400, f"send Content-Type: {row.content_type}, as the address was made for")
    file = installation.files / row.path
    partial = file.with_suffix(f".{os.getpid()}.part")
    try:
        size = await _stream(request, partial)
    except OSError:
        partial.unlink(missing_ok=True)
        return _refused(request, 503, _NO_SPACE, code="system.unavailable")
    if not 0 < size <= MAX_PRESIGNED_BYTES:
        partial.unlink(missing_ok=True)
        return _refused(
            request, 400 if size == 0 else 413, "the body is empty" if size == 0 else "the file is over 5 GB"
        )
    await asyncio.to_thread(partial.replace, file)
    return Response(status_code=200)


async def preview(installation: Installation, request: Request) -> Response:
    """GET /media/{id}/{signature}/{until}: the file itself, by a short-lived address."""
    media_id, signature, until = (request.path_params[part] for part in ("media_id", "signature", "until"))
    if not signed.is_good(installation, signature, until, "media", media_id):
        return _refused(request, 403, "this preview address is unknown or has expired; list the media again")
    async with installation.database.read() as session:
        row = await session.get(MediaFile, media_id)
    file = installation.files / (row.path if row else "-")
    if row is None or not await asyncio.to_thread(file.is_file):
        return _refused(request, 404, "the file is gone")
    # Never rendered as a page of this origin, whatever the bytes are.
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}
    return FileResponse(file, media_type=row.content_type, headers=headers)


async def _stream(request: Request, file: Path) -> int:
    size = 0
    with await asyncio.to_thread(file.open, "wb") as opened:
        async for chunk in request.stream():
            size += len(chunk)
            if size > MAX_PRESIGNED_BYTES:
                break
            await asyncio.to_thread(opened.write, chunk)
    return size


def _refused(request: Request, status: int, message: str, *, code: str | None = None) -> JSONResponse:
    return error_response(request, Refusal(status, code or f"http.{status}", message))


async def _storage_headers(context: Context) -> tuple[int, int, int]:
    """Bytes used, the plan's limit and the number of files; sets the two storage headers."""
    used, count = (
        await context.session.execute(
            select(func.coalesce(func.sum(MediaFile.size_bytes), 0), func.count()).where(
                MediaFile.user_id == context.user.id, MediaFile.status == "ready"
            )
        )
    ).one()
    limit = PLAN_LIMITS[context.user.plan]["storage_bytes"]
    context.headers |= {"X-Storage-Used": str(int(used)), "X-Storage-Limit": str(limit)}
    return int(used), limit, int(count)


def _check_quota(context: Context, used: int, limit: int, size: int) -> None:
    if 0 <= limit < used + size:
        raise Refusal(
            413,
            "billing.storage_quota",
            f"the plan stores {limit} bytes and {max(0, limit - used)} are free; delete files or change the plan",
            plan=context.user.plan,
            max=limit,
        )


async def _find(context: Context, media_id: str) -> MediaFile:
    await context.lock_user()
    row = await context.session.scalar(
        select(MediaFile).where(MediaFile.id == media_id, MediaFile.user_id == context.user.id)
    )
    if row is None:
        raise Refusal(404, "media.not_found", "no such file; see GET /media")
    return row


async def _measure(row: MediaFile, file: Path) -> None:
    seen = await asyncio.to_thread(inspect, file)
    row.size_bytes = (await asyncio.to_thread(file.stat)).st_size
    row.content_type, row.kind = seen.content_type, seen.kind
    row.width, row.height, row.duration_seconds = seen.width, seen.height, seen.duration_seconds


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError:
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)
        raise Unavailable(_NO_SPACE) from None


def _clean(filename: str) -> str:
    """The last part of a name, without control characters."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in name if letter.isprintable())[:255] or "upload"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def preview_address(installation: Installation, media_id: str) -> str:
    """Where a browser sees the file, for the next 15 minutes."""
    return signed.address(installation, "media", media_id)


def _item(installation: Installation, row: MediaFile) -> MediaItem:
    return MediaItem(
        id=row.id,
        filename=row.filename,
        content_type=row.content_type,
        size_bytes=row.size_bytes,
        status=row.status,
        url=preview_address(installation, row.id),
        created_at=wire_time(row.created_at),
    )
