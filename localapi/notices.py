"""Announcements and feedback."""

from typing import Any

from sqlalchemy import or_, select

from localapi.context import Context, Refusal, missing_field, wire_time
from localapi.routing import implements
from localapi.tables_platforms import Announcement, AnnouncementSeen, Feedback
from tools.announcements import (
    LIST_ANNOUNCEMENTS,
    MARK_ANNOUNCEMENT_SEEN,
    AnnouncementItem,
    AnnouncementsList,
    ListAnnouncements,
    MarkAnnouncementSeen,
)
from tools.answers import Ok
from tools.feedback import SEND_FEEDBACK, SendFeedback


@implements(LIST_ANNOUNCEMENTS)
async def list_announcements(context: Context, args: ListAnnouncements) -> AnnouncementsList:
    query = select(AnnouncementSeen.announcement_id).where(AnnouncementSeen.user_id == context.user.id)
    seen = set(await context.session.scalars(query))
    rows = await context.session.scalars(
        select(Announcement)
        .where(*_visible(context))
        .order_by(Announcement.visible_from.desc(), Announcement.id.desc())
    )
    data = [_answer(row, is_seen=row.id in seen) for row in rows]
    return AnnouncementsList(data=data, count=len(data))


@implements(MARK_ANNOUNCEMENT_SEEN)
async def mark_announcement_seen(context: Context, args: MarkAnnouncementSeen) -> Ok:
    row = await context.session.scalar(
        select(Announcement).where(Announcement.id == args.announcement_id, *_visible(context))
    )
    if row is None:
        raise Refusal(
            404,
            "resource.not_found",
            "no such notice, or it has expired; see GET /announcements",
            resource="announcement",
            id=args.announcement_id,
        )
    await context.lock_user()
    if await context.session.get(AnnouncementSeen, (row.id, context.user.id)) is None:
        context.session.add(AnnouncementSeen(announcement_id=row.id, user_id=context.user.id, seen_at=context.now))
    return Ok(ok=True)


@implements(SEND_FEEDBACK)
async def send_feedback(context: Context, args: SendFeedback) -> Ok:
    if not args.message.strip():
        raise missing_field("message", "message is empty")
    context.session.add(
        Feedback(
            id=context.ids.uuid(),
            user_id=context.user.id,
            kind=args.type,
            message=args.message.strip(),
            created_at=context.now,
        )
    )
    return Ok(ok=True)


def _visible(context: Context) -> tuple[Any, ...]:
    return (
        Announcement.visible_from <= context.now,
        or_(Announcement.visible_until.is_(None), Announcement.visible_until > context.now),
    )


def _answer(row: Announcement, *, is_seen: bool) -> AnnouncementItem:
    fields: dict[str, Any] = {
        "id": row.id,
        "kind": row.kind,
        "title": row.title,
        "body": row.body,
        "seen": is_seen,
    }
    if row.link_url:
        fields |= {"link_url": row.link_url, "link_label": row.link_label or ""}
    if row.kind == "maintenance":
        fields |= {"window_start": wire_time(row.window_start), "window_end": wire_time(row.window_end)}
    return AnnouncementItem.model_validate(fields)
