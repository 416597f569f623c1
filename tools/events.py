"""The event log."""

from typing import Annotated, Literal

from pydantic import Field

from auth.scopes import Scope
from tools.answers import PaginationWithLimit
from tools.fields import AccountId, Cursor, Foreign, ForeignJson, LimitOf50, Platform, Timestamp
from tools.operation import Args, Effect, Operation, Result

GROUP = "Events"


class Event(Result):
    account_id: str | None = None
    action: str | None = None
    category: str | None = None
    created_at: str | None = None
    duration_ms: int | None = None
    error_category: str | None = None
    error_message: Foreign | None = None
    id: str | None = None
    metadata: ForeignJson | None = None
    platform: str | None = None
    resource_id: str | None = None
    status: str | None = None
    status_code: int | None = None
    summary: Foreign | None = None


class EventsList(Result):
    events: list[Event] | None = None
    pagination: PaginationWithLimit | None = None
    retention_days: int | None = None


class ListEvents(Args):
    category: Annotated[str | None, Field(description="post, webhook, inbox, api or account; comma-separated.")] = None
    status: Annotated[Literal["ok", "failed"] | None, Field(description="State.")] = None
    platform: Platform | None = None
    account_id: AccountId | None = None
    resource_id: Annotated[str | None, Field(description="Post, endpoint or conversation id.")] = None
    action: Annotated[str | None, Field(description="Action, such as post.published.")] = None
    from_: Annotated[Timestamp | None, Field(alias="from", description="From this time, RFC 3339.")] = None
    to: Annotated[Timestamp | None, Field(description="Up to this time, RFC 3339.")] = None
    cursor: Cursor | None = None
    limit: LimitOf50 | None = None


LIST_EVENTS = Operation(
    name="list_events",
    endpoint="GET /events",
    group=GROUP,
    title="List events",
    description="List the event log, newest first: posts, inbox, accounts and webhook deliveries.",
    args=ListEvents,
    result=EventsList,
    scope=Scope.ANALYTICS_READ,
    effect=Effect.READ,
    open_world=False,
    example={},
    choices=("Status is ok or failed, as the filter is described.",),
)


class EventsSummary(Result):
    by_category: dict[str, int] | None = None
    by_error_category: dict[str, int] | None = None
    failed: int | None = None
    inbox_breakdown: dict[str, int] | None = None
    retention_days: int | None = None
    total: int | None = None
    total_previous: int | None = None


class GetEventSummary(Args):
    from_: Annotated[Timestamp | None, Field(alias="from", description="From this time, RFC 3339.")] = None
    to: Annotated[Timestamp | None, Field(description="Up to this time, RFC 3339.")] = None


GET_EVENT_SUMMARY = Operation(
    name="get_event_summary",
    endpoint="GET /events/summary",
    group=GROUP,
    title="Summarise events",
    description="Count the events of a time span by kind; the last 24 hours unless told.",
    args=GetEventSummary,
    result=EventsSummary,
    scope=Scope.ANALYTICS_READ,
    effect=Effect.READ,
    open_world=False,
    example={},
)
