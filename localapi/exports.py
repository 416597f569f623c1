"""Exports of video numbers: asked for, followed, and read when they are done."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from localapi.billing import EXPORTS_A_MONTH
from localapi.context import Context, Refusal, invalid_field, period_start, wire_time
from localapi.export_pages import address
from localapi.export_work import PLATFORMS_WITH_EXPORTS
from localapi.inbox import check_connected
from localapi.routing import implements
from localapi.tables_settings import Export
from tools.exports import (
    CREATE_EXPORT,
    GET_EXPORT,
    LIST_EXPORT_VIDEOS,
    LIST_EXPORTS,
    CreateExport,
    ExportAccepted,
    ExportItem,
    ExportResultURLs,
    ExportsList,
    ExportStatus,
    ExportVideoItem,
    ExportVideos,
    GetExport,
    ListExports,
    ListExportVideos,
)

LISTED = 50
COOLDOWN = {
    "free": timedelta(days=7),
    "starter": timedelta(hours=24),
    "pro": timedelta(hours=1),
    "business": timedelta(hours=1),
    "enterprise": timedelta(0),
}
OPEN = ("pending", "processing")


@implements(CREATE_EXPORT)
async def create_export(context: Context, args: CreateExport) -> ExportAccepted:
    account = await context.account(args.account_id)
    if account.platform not in PLATFORMS_WITH_EXPORTS:
        known = ", ".join(PLATFORMS_WITH_EXPORTS)
        raise Refusal(
            400, "account.unsupported_platform", f"exports are for {known}; this account is on another platform"
        )
    check_connected(account)
    plan = context.user.plan
    if args.include_vision and plan == "free":
        raise invalid_field("include_vision", "the free plan has no description of what is seen")
    await context.lock_user()
    await _check_allowance(context, account.id)
    row = Export(
        id=context.ids.uuid(),
        user_id=context.user.id,
        account_id=account.id,
        platform=account.platform,
        status="pending",
        with_transcripts=bool(args.include_transcript),
        with_vision=bool(args.include_vision),
        created_at=context.now,
    )
    context.session.add(row)
    context.status = 202
    context.after_commit.append(context.installation.jobs.wake)
    return ExportAccepted(
        id=row.id, account_id=account.id, platform=row.platform, status=row.status, created_at=wire_time(row.created_at)
    )


async def _check_allowance(context: Context, account_id: str) -> None:
    plan = context.user.plan
    mine = select(func.count()).select_from(Export).where(Export.user_id == context.user.id)
    if await context.session.scalar(mine.where(Export.status.in_(OPEN))):
        what = "another export is being made; wait for it"
        raise Refusal(429, "billing.export_concurrent", what, plan=plan, max=1, retry_after_seconds=5)
    last = await context.session.scalar(
        select(func.max(Export.created_at)).where(
            Export.user_id == context.user.id, Export.account_id == account_id, Export.status != "failed"
        )
    )
    left = timedelta(0) if last is None else last + COOLDOWN[plan] - context.now
    if left > timedelta(0):
        what = f"this account was exported lately; the {plan} plan waits {COOLDOWN[plan]} in between"
        raise Refusal(
            429, "billing.export_cooldown", what, plan=plan, max=1, retry_after_seconds=int(left.total_seconds()) + 1
        )
    most = EXPORTS_A_MONTH[plan]
    since = period_start(context.user, context.now)
    used = await context.session.scalar(mine.where(Export.created_at >= since, Export.status != "failed"))
    if 0 <= most <= int(used or 0):
        what = f"the {plan} plan has {most} exports a period, and all are used"
        raise Refusal(429, "billing.export_limit", what, plan=plan, max=most)


@implements(LIST_EXPORTS)
async def list_exports(context: Context, args: ListExports) -> ExportsList:
    query = select(Export).where(Export.user_id == context.user.id)
    if args.status:
        query = query.where(Export.status == args.status)
    rows = await context.session.scalars(query.order_by(Export.created_at.desc(), Export.id.desc()).limit(LISTED))
    return ExportsList(exports=[ExportItem.model_validate(_fields(row)) for row in rows])


@implements(GET_EXPORT)
async def get_export(context: Context, args: GetExport) -> ExportStatus:
    row = await _find(context, args.export_id)
    fields = _fields(row)
    if row.status == "completed" and not _is_over(context.now, row):
        fields["result"] = ExportResultURLs(
            excel_url=address(context.installation, row.id, "videos.xlsx"),
            report_url=address(context.installation, row.id, "report.html"),
        )
    return ExportStatus.model_validate(fields)


@implements(LIST_EXPORT_VIDEOS)
async def list_export_videos(context: Context, args: ListExportVideos) -> ExportVideos:
    row = await _find(context, args.export_id)
    if row.status != "completed":
        raise invalid_field("export_id", f"this export is {row.status}; its videos are there when it is completed")
    if _is_over(context.now, row):
        raise invalid_field("export_id", "this export has expired; start another one")
    videos = [ExportVideoItem.model_validate(video) for video in row.videos]
    return ExportVideos(account_id=row.account_id, platform=row.platform, videos=videos)


def _is_over(now: datetime, row: Export) -> bool:
    return row.expires_at is not None and row.expires_at <= now


async def _find(context: Context, export_id: str) -> Export:
    row = await context.session.get(Export, export_id)
    if row is None or row.user_id != context.user.id:
        raise Refusal(404, "resource.not_found", "no such export; see GET /exports", resource="export", id=export_id)
    return row


def _fields(row: Export) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": row.id,
        "account_id": row.account_id,
        "platform": row.platform,
        "status": row.status,
        "total_videos": row.total_videos,
        "processed_videos": row.processed_videos,
        "created_at": wire_time(row.created_at),
    }
    for name, value in (("completed_at", row.completed_at), ("expires_at", row.expires_at)):
        if value is not None:
            fields[name] = wire_time(value)
    if row.error:
        fields["error"] = row.error
    return fields
