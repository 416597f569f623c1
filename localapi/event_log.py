"""The event log: what happened, newest first, for as long as the plan keeps it."""

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from localapi.context import RETENTION_DAYS, Context, invalid_field, wire_time
from localapi.inbox import list_scope
from localapi.routing import implements
from localapi.tables_events import Event
from tools.answers import PaginationWithLimit
from tools.events import (
    GET_EVENT_SUMMARY,
    LIST_EVENTS,
    EventsList,
    EventsSummary,
    GetEventSummary,
    ListEvents,
)
from tools.events import Event as EventAnswer

CATEGORIES = ("post", "webhook", "inbox", "api", "account")


@implements(LIST_EVENTS)
async def list_events(context: Context, args: ListEvents) -> EventsList:
    categories = [part.strip() for part in (args.category or "").split(",") if part.strip()]
    unknown = [one for one in categories if one not in CATEGORIES]
    if unknown:
        raise invalid_field("category", f"category is of {', '.join(CATEGORIES)}, separated by commas")
    days = RETENTION_DAYS[context.user.plan]
    query = select(Event).where(Event.user_id == context.user.id, Event.created_at >= _kept_since(context))
    if categories:
        query = query.where(Event.category.in_(categories))
    for column, value in (
        (Event.status, args.status),
        (Event.platform, args.platform),
        (Event.account_id, args.account_id),
        (Event.resource_id, args.resource_id),
        (Event.action, args.action),
    ):
        if value:
            query = query.where(column == value)
    if args.from_:
        query = query.where(Event.created_at >= args.from_)
    if args.to:
        query = query.where(Event.created_at <= args.to)
    limit = args.limit or 50
    rows, cursor = await context.page(
        query,
        scope=list_scope(
            "events",
            ",".join(sorted(categories)),
            args.status,
            args.platform,
            args.account_id,
            args.resource_id,
            args.action,
            args.from_,
            args.to,
        ),
        order=[(Event.created_at, True), (Event.id, True)],
        limit=limit,
        cursor=args.cursor,
    )
    return EventsList(
        events=[_answer(row) for row in rows],
        pagination=PaginationWithLimit(has_more=cursor is not None, limit=limit, next_cursor=cursor or ""),
        retention_days=days,
    )


@implements(GET_EVENT_SUMMARY)
async def get_event_summary(context: Context, args: GetEventSummary) -> EventsSummary:
    # Nothing is older than the log keeps it, and nothing is of the future.
    end = min(args.to or context.now, context.now)
    if end <= _kept_since(context):
        raise invalid_field("to", "the log does not reach back so far; see retention_days")
    start = max(args.from_ or end - timedelta(hours=24), _kept_since(context))
    if start >= end:
        raise invalid_field("from", "from has to be before to, and in the past")
    rows = await context.session.execute(
        select(Event.category, Event.action, Event.status, Event.error_category, func.count())
        .where(*_within(context, start, end))
        .group_by(Event.category, Event.action, Event.status, Event.error_category)
    )
    by_category, by_error, inbox = Counter[str](), Counter[str](), Counter[str]()
    failed = 0
    for category, action, status, error, count in rows:
        by_category[category] += count
        failed += count if status == "failed" else 0
        if error:
            by_error[error] += count
        if category == "inbox":
            inbox[action] += count
    # The span before it, as long, for comparison.
    previous = await context.session.scalar(
        select(func.count()).select_from(Event).where(*_within(context, start - (end - start), start))
    )
    return EventsSummary(
        by_category=dict(by_category),
        by_error_category=dict(by_error),
        failed=failed,
        inbox_breakdown=dict(inbox),
        retention_days=RETENTION_DAYS[context.user.plan],
        total=by_category.total(),
        total_previous=int(previous or 0),
    )


def _within(context: Context, start: datetime, end: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Event.user_id == context.user.id,
        Event.created_at >= max(start, _kept_since(context)),
        Event.created_at < end,
    )


def _kept_since(context: Context) -> datetime:
    return context.now - timedelta(days=RETENTION_DAYS[context.user.plan])


def _answer(row: Event) -> EventAnswer:
    fields: dict[str, object] = {
        "id": row.id,
        "category": row.category,
        "action": row.action,
        "status": row.status,
        "summary": row.summary,
        "metadata": row.metadata_,
        "created_at": wire_time(row.created_at),
    }
    for name in ("platform", "account_id", "resource_id", "error_message", "error_category", "status_code", "duration_ms"):  # fmt: skip
        if value := getattr(row, name):
            fields[name] = value
    return EventAnswer.model_validate(fields)
