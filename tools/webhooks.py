"""Webhooks: endpoints that receive events, their test calls and their delivery log."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from auth.scopes import Access, Scope
from tools.answers import Ok
from tools.fields import Cursor, Foreign, ForeignJson, Json, LimitOf50, Notice, Own, SafeId
from tools.operation import Args, Effect, Operation, Result
from tools.problems import pattern

GROUP = "Webhooks"

WebhookEvent = Literal[
    "post.scheduled",
    "post.published",
    "post.partial",
    "post.failed",
    "post.updated",
    "post.deleted",
    "post.unpublished",
    "post.retried",
    "comment.received",
    "dm.received",
    "dm.sent",
    "dm.referral",
    "dm.postback",
    "dm.status.sent",
    "dm.status.delivered",
    "dm.status.read",
    "dm.status.failed",
    "review.received",
    "mention.received",
    "account.connected",
    "account.disconnected",
    "page.removed",
]
EventList = Annotated[list[WebhookEvent], Field(min_length=1, description="Events to receive.")]
# Plain http reaches this machine only: a local server may deliver there, the hosted one refuses it.
EndpointUrl = Annotated[
    str,
    StringConstraints(
        pattern=pattern(
            r"^(https://[^\s/]\S*|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/\S*)?)$",
            "an https address; plain http is for this machine alone, such as http://127.0.0.1:9000/",
        ),
        max_length=2048,
    ),
    Field(description="Endpoint address, https."),
]
WebhookId = Annotated[SafeId, Field(description="Webhook id, from list_webhooks.")]
DeliveryId = Annotated[SafeId, Field(description="Delivery id, from list_webhook_deliveries.")]

_STATUS_WORDS = (
    "The reference says success where clients and older pages say delivered; the filter takes success, "
    "and results keep whatever word arrives."
)


class Webhook(Result):
    id: str | None = None
    url: Own | None = None
    events: list[str] | None = None
    is_active: bool | None = None
    created_at: str | None = None


class WebhookList(Result):
    data: list[Webhook] | None = None
    count: int | None = None


class CreatedWebhook(Result):
    id: str | None = None
    url: Own | None = None
    events: list[str] | None = None
    secret: Annotated[Own | None, Field(description="Signing secret; shown only this once.")] = None
    message: Notice | None = None


class DeliveryCounts(Result):
    delivered: int | None = None
    failed: int | None = None


class WebhookStats(Result):
    last_24h: DeliveryCounts | None = None
    last_7d: DeliveryCounts | None = None


class WebhookDetail(Webhook):
    secret_hint: Annotated[str | None, Field(description="Last 4 characters of the secret.")] = None
    stats: WebhookStats | None = None


class WebhookTest(Result):
    delivery_id: str | None = None
    status: str | None = None
    response_status_code: int | None = None
    response_body: Foreign | None = None
    response_duration_ms: int | None = None


class Delivery(Result):
    id: str | None = None
    event_type: str | None = None
    description: Foreign | None = None
    status: Annotated[str | None, Field(description="pending, success (or delivered), failed.")] = None
    attempt_count: int | None = None
    response_status_code: int | None = None
    response_duration_ms: int | None = None
    created_at: str | None = None


class DeliveryList(Result):
    data: list[Delivery] | None = None
    count: int | None = None
    next_cursor: str | None = None


class DeliveryAttempt(Result):
    attempt_number: int | None = None
    status_code: int | None = None
    response_body: Foreign | None = None
    error_message: Foreign | None = None
    duration_ms: int | None = None
    created_at: str | None = None


class DeliveryDetail(Delivery):
    endpoint_id: str | None = None
    # The reference types the body as numbers, an artefact of its generator; both shapes must parse.
    payload: Annotated[ForeignJson | list[int] | Foreign | None, Field(description="The body that was sent.")] = None
    attempts: list[DeliveryAttempt] | None = None


class WebhookEventInfo(Result):
    event: str | None = None
    category: Annotated[str | None, Field(description="posts, inbox or accounts.")] = None
    description: Notice | None = None


class WebhookEventList(Result):
    data: list[WebhookEventInfo] | None = None
    count: int | None = None


class ListWebhooks(Args):
    pass


class CreateWebhook(Args):
    url: EndpointUrl
    events: EventList


class WebhookArgs(Args):
    webhook_id: WebhookId


class UpdateWebhook(Args):
    webhook_id: WebhookId
    url: EndpointUrl | None = None
    events: EventList | None = None
    is_active: Annotated[bool | None, Field(description="false pauses deliveries.")] = None


class TestWebhook(Args):
    __test__ = False  # pytest would take the name for a test class.

    webhook_id: WebhookId
    event_type: Annotated[WebhookEvent, Field(description="Event to imitate.")]
    payload: Annotated[Json, Field(description="Body to send, a JSON object.")]


class ListWebhookDeliveries(Args):
    webhook_id: WebhookId
    status: Annotated[Literal["success", "failed", "pending"] | None, Field(description="Only these.")] = None
    event_type: Annotated[WebhookEvent | None, Field(description="Only this event.")] = None
    cursor: Cursor | None = None
    limit: LimitOf50 | None = None


class DeliveryArgs(Args):
    webhook_id: WebhookId
    delivery_id: DeliveryId


class ListWebhookEvents(Args):
    pass


LIST_WEBHOOKS = Operation(
    name="list_webhooks",
    endpoint="GET /webhooks",
    group=GROUP,
    title="List webhooks",
    description="List all webhook endpoints with their events. get_webhook adds delivery counts.",
    args=ListWebhooks,
    result=WebhookList,
    scope=Scope.WEBHOOKS_MANAGE,
    effect=Effect.READ,
    open_world=False,
    example={},
)

CREATE_WEBHOOK = Operation(
    name="create_webhook",
    endpoint="POST /webhooks",
    group=GROUP,
    title="Create webhook",
    description="Register an https endpoint for events. It is pinged and must answer 2xx; the secret is shown once.",
    args=CreateWebhook,
    result=CreatedWebhook,
    scope=Scope.WEBHOOKS_MANAGE,
    effect=Effect.CREATE,
    open_world=True,
    secret_results=frozenset({"secret"}),
    example={"url": "https://hooks.example.com/social", "events": ["comment.received", "post.failed"]},
    choices=(
        "Besides https, http to a loopback address is sent on: the local API takes it, the hosted one refuses it.",
        "The secret is 64 hexadecimal digits.",
    ),
)

GET_WEBHOOK = Operation(
    name="get_webhook",
    endpoint="GET /webhooks/{id}",
    group=GROUP,
    title="Get webhook",
    description="Get one webhook endpoint with delivery counts of the last 24 hours and 7 days.",
    args=WebhookArgs,
    result=WebhookDetail,
    scope=Scope.WEBHOOKS_MANAGE,
    effect=Effect.READ,
    open_world=False,
    path_arguments={"id": "webhook_id"},
    example={"webhook_id": "wh_sample"},
)

UPDATE_WEBHOOK = Operation(
    name="update_webhook",
    endpoint="PATCH /webhooks/{id}",
    group=GROUP,
    title="Update webhook",
    description="Change a webhook's address, events or active state; at least one of them.",
    args=UpdateWebhook,
    result=Webhook,
    scope=Scope.WEBHOOKS_MANAGE,
    effect=Effect.UPDATE,
    open_world=False,
    path_arguments={"id": "webhook_id"},
    example={"webhook_id": "wh_sample", "events": ["comment.received", "dm.received"]},
)

DELETE_WEBHOOK = Operation(
    name="delete_webhook",
    endpoint="DELETE /webhooks/{id}",
    group=GROUP,
    title="Delete webhook",
    description="Remove a webhook endpoint; queued deliveries may still arrive once. update_webhook can pause it.",
    args=WebhookArgs,
    result=Ok,
    scope=Scope.WEBHOOKS_MANAGE,
    effect=Effect.DELETE,
    open_world=False,
    path_arguments={"id": "webhook_id"},
    example={"webhook_id": "wh_sample"},
)

TEST_WEBHOOK = Operation(
    name="test_webhook",
    endpoint="POST /webhooks/{id}/test",
    group=GROUP,
    title="Test webhook",
    description="Send a made-up event to a webhook endpoint now and return how it answered.",
    args=TestWebhook,
    result=WebhookTest,
    scope=Scope.WEBHOOKS_MANAGE,
    effect=Effect.CREATE,
    open_world=True,
    path_arguments={"id": "webhook_id"},
    example={
        "webhook_id": "wh_sample",
        "event_type": "comment.received",
        "payload": {"event": "comment.received", "data": {"id": "sapi_cmt_1", "content": {"text": "Hello"}}},
    },
    choices=("The reference types payload as a list of numbers; a JSON object is sent.",),
)

LIST_WEBHOOK_DELIVERIES = Operation(
    name="list_webhook_deliveries",
    endpoint="GET /webhooks/{id}/deliveries",
    group=GROUP,
    title="List webhook deliveries",
    description="List what was sent to a webhook endpoint. get_webhook_delivery shows body and attempts of one.",
    args=ListWebhookDeliveries,
    result=DeliveryList,
    scope=Scope.WEBHOOKS_MANAGE,
    effect=Effect.READ,
    open_world=False,
    path_arguments={"id": "webhook_id"},
    example={"webhook_id": "wh_sample", "status": "failed"},
    choices=(_STATUS_WORDS,),
)

GET_WEBHOOK_DELIVERY = Operation(
    name="get_webhook_delivery",
    endpoint="GET /webhooks/{id}/deliveries/{did}",
    group=GROUP,
    title="Get webhook delivery",
    description="Get one webhook delivery with the body sent and every attempt.",
    args=DeliveryArgs,
    result=DeliveryDetail,
    scope=Scope.WEBHOOKS_MANAGE,
    effect=Effect.READ,
    open_world=False,
    path_arguments={"id": "webhook_id", "did": "delivery_id"},
    example={"webhook_id": "wh_sample", "delivery_id": "del_failed"},
    choices=(_STATUS_WORDS,),
)

RETRY_WEBHOOK_DELIVERY = Operation(
    name="retry_webhook_delivery",
    endpoint="POST /webhooks/{id}/deliveries/{did}/retry",
    group=GROUP,
    title="Retry webhook delivery",
    description="Queue a failed webhook delivery again.",
    args=DeliveryArgs,
    result=DeliveryDetail,
    scope=Scope.WEBHOOKS_MANAGE,
    effect=Effect.CREATE,
    open_world=True,
    path_arguments={"id": "webhook_id", "did": "delivery_id"},
    example={"webhook_id": "wh_sample", "delivery_id": "del_failed"},
)

LIST_WEBHOOK_EVENTS = Operation(
    name="list_webhook_events",
    endpoint="GET /webhooks/events",
    group=GROUP,
    title="List webhook events",
    description="List the events that webhooks can subscribe to.",
    args=ListWebhookEvents,
    result=WebhookEventList,
    scope=Access.ALWAYS,
    effect=Effect.READ,
    open_world=False,
    example={},
    resource="socialapi://webhook-events",
)
