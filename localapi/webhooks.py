"""Webhooks: endpoints, their verification, test calls, and the delivery log."""

import json
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update

from localapi import events
from localapi.context import Context, Refusal, invalid_field, missing_field, wire_time
from localapi.routing import implements
from localapi.tables_events import Attempt, Delivery, Webhook
from localapi.webhook_sending import Outcome
from tools.answers import Ok
from tools.webhooks import (
    CREATE_WEBHOOK,
    DELETE_WEBHOOK,
    GET_WEBHOOK,
    GET_WEBHOOK_DELIVERY,
    LIST_WEBHOOK_DELIVERIES,
    LIST_WEBHOOK_EVENTS,
    LIST_WEBHOOKS,
    RETRY_WEBHOOK_DELIVERY,
    TEST_WEBHOOK,
    UPDATE_WEBHOOK,
    CreatedWebhook,
    CreateWebhook,
    DeliveryArgs,
    DeliveryAttempt,
    DeliveryCounts,
    DeliveryDetail,
    DeliveryList,
    ListWebhookDeliveries,
    ListWebhookEvents,
    ListWebhooks,
    TestWebhook,
    UpdateWebhook,
    WebhookArgs,
    WebhookDetail,
    WebhookEventInfo,
    WebhookEventList,
    WebhookList,
    WebhookStats,
    WebhookTest,
)
from tools.webhooks import Delivery as DeliveryAnswer
from tools.webhooks import Webhook as WebhookAnswer

PING = "webhook.test"


@implements(LIST_WEBHOOK_EVENTS)
async def list_webhook_events(context: Context, args: ListWebhookEvents) -> WebhookEventList:
    data = [
        WebhookEventInfo(event=name, category=category, description=meaning)
        for name, (category, meaning) in events.CATALOGUE.items()
    ]
    return WebhookEventList(data=data, count=len(data))


@implements(LIST_WEBHOOKS)
async def list_webhooks(context: Context, args: ListWebhooks) -> WebhookList:
    query = select(Webhook).where(Webhook.user_id == context.user.id).order_by(Webhook.created_at, Webhook.id)
    data = [_answer(row) for row in await context.session.scalars(query)]
    return WebhookList(data=data, count=len(data))


@implements(CREATE_WEBHOOK)
async def create_webhook(context: Context, args: CreateWebhook) -> CreatedWebhook:
    _check_url(context, args.url)
    row = Webhook(
        id=context.ids.prefixed("wh_"),
        user_id=context.user.id,
        url=args.url,
        events=list(dict.fromkeys(args.events)),
        secret=context.ids.random_hex(64),
        is_active=True,
        created_at=context.now,
    )
    # After this transaction: nobody else is to wait for the endpoint's answer.
    context.late_result = lambda: _register(context, row)
    return CreatedWebhook()


async def _register(context: Context, row: Webhook) -> CreatedWebhook:
    ping = events.body_of(PING, {"webhook_id": row.id, "verification": True})
    outcome = await _send_now(context, row, PING, ping)
    if not outcome.is_success:
        raise Refusal(400, "webhook_verification_failed", f"nothing was saved: {_why(outcome)}; it must answer 2xx")
    async with context.installation.database.write() as session:
        session.add(row)
    return CreatedWebhook(
        id=row.id,
        url=row.url,
        events=row.events,
        secret=row.secret,
        message="Keep the secret: it is not shown again. It signs every request to this endpoint.",
    )


@implements(GET_WEBHOOK)
async def get_webhook(context: Context, args: WebhookArgs) -> WebhookDetail:
    row = await _find(context, args.webhook_id)
    return WebhookDetail(
        **_answer(row).model_dump(exclude_unset=True),
        secret_hint=row.secret[-4:],
        stats=WebhookStats(
            last_24h=await _counts(context, row, context.now - timedelta(hours=24)),
            last_7d=await _counts(context, row, context.now - timedelta(days=7)),
        ),
    )


@implements(UPDATE_WEBHOOK)
async def update_webhook(context: Context, args: UpdateWebhook) -> WebhookAnswer:
    if args.url is None and args.events is None and args.is_active is None:
        raise missing_field("url", "say what to change: url, events or is_active")
    row = await _find(context, args.webhook_id)
    if args.url is not None:
        _check_url(context, args.url)
        row.url = args.url
    if args.events is not None:
        row.events = list(dict.fromkeys(args.events))
    if args.is_active is not None:
        if args.is_active and not row.is_active:
            await _run_anew(context, row)
        row.is_active = args.is_active
        context.after_commit.append(context.installation.jobs.wake)
    return _answer(row)


async def _run_anew(context: Context, row: Webhook) -> None:
    """Let what waited go on: a run that came while the endpoint was paused is over, and no name is run twice."""
    is_free = or_(Delivery.claimed_until.is_(None), Delivery.claimed_until <= context.now)
    await context.session.execute(
        update(Delivery)
        .where(Delivery.webhook_id == row.id, Delivery.status == "pending", is_free)
        .values(round=Delivery.round + 1)
    )


@implements(DELETE_WEBHOOK)
async def delete_webhook(context: Context, args: WebhookArgs) -> Ok:
    await context.session.delete(await _find(context, args.webhook_id))
    return Ok(ok=True)


@implements(TEST_WEBHOOK)
async def test_webhook(context: Context, args: TestWebhook) -> WebhookTest:
    row = await _find(context, args.webhook_id)
    body = json.dumps(args.payload, separators=(",", ":"), ensure_ascii=False)
    context.late_result = lambda: _try_out(context, row, args.event_type, body)
    return WebhookTest()


async def _try_out(context: Context, row: Webhook, name: str, body: str) -> WebhookTest:
    delivery_id, now = context.ids.uuid(), context.now
    outcome = await _send_now(context, row, name, body)
    status = "success" if outcome.is_success else "failed"
    async with context.installation.database.write() as session:
        if await session.get(Webhook, row.id) is None:
            raise _no_webhook(row.id)
        session.add(
            Delivery(
                id=delivery_id,
                webhook_id=row.id,
                event_type=name,
                body=body,
                status=status,
                round=0,
                attempt_count=1,
                response_status_code=outcome.status_code,
                response_duration_ms=outcome.duration_ms,
                created_at=now,
                settled_at=now,
            )
        )
        await session.flush()
        session.add(
            Attempt(
                id=context.ids.uuid(),
                delivery_id=delivery_id,
                number=1,
                status_code=outcome.status_code,
                response_body=outcome.body,
                error_message=outcome.error,
                duration_ms=outcome.duration_ms,
                created_at=now,
            )
        )
    return WebhookTest(
        delivery_id=delivery_id,
        status=status,
        response_status_code=outcome.status_code or 0,
        response_body=outcome.body or outcome.error,
        response_duration_ms=outcome.duration_ms,
    )


@implements(LIST_WEBHOOK_DELIVERIES)
async def list_webhook_deliveries(context: Context, args: ListWebhookDeliveries) -> DeliveryList:
    webhook = await _find(context, args.webhook_id)
    query = select(Delivery).where(Delivery.webhook_id == webhook.id)
    if args.status:
        query = query.where(Delivery.status == args.status)
    if args.event_type:
        query = query.where(Delivery.event_type == args.event_type)
    rows, cursor = await context.page(
        query,
        scope=f"deliveries:{webhook.id}:{args.status or ''}:{args.event_type or ''}",
        order=[(Delivery.created_at, True), (Delivery.position, True)],
        limit=args.limit or 50,
        cursor=args.cursor,
    )
    data = [DeliveryAnswer.model_validate(_delivery(row)) for row in rows]
    # At the end the field is left out: the vendor's own client takes an empty one for another page.
    return DeliveryList(data=data, count=len(data), **({"next_cursor": cursor} if cursor else {}))


@implements(GET_WEBHOOK_DELIVERY)
async def get_webhook_delivery(context: Context, args: DeliveryArgs) -> DeliveryDetail:
    return await _detail(context, await _find_delivery(context, args))


@implements(RETRY_WEBHOOK_DELIVERY)
async def retry_webhook_delivery(context: Context, args: DeliveryArgs) -> DeliveryDetail:
    row = await _find_delivery(context, args)
    if row.status != "pending":
        row.status, row.round, row.attempt_count = "pending", row.round + 1, 0
        row.settled_at = None
    # One that waits for its next attempt goes out now, and keeps its place in the schedule.
    row.next_attempt_at = context.now
    await context.session.flush()
    context.after_commit.append(context.installation.jobs.wake)
    return await _detail(context, row)


def _check_url(context: Context, url: str) -> None:
    problem = context.installation.sender.problem(url)
    if problem is not None:
        raise invalid_field("url", problem)


async def _send_now(context: Context, row: Webhook, name: str, body: str) -> Outcome:
    return await context.installation.sender.send(
        row.url, body.encode(), secret=row.secret, event=name, timestamp=int(context.now.timestamp())
    )


def _why(outcome: Outcome) -> str:
    return outcome.error or f"the endpoint answered {outcome.status_code}"


async def _find(context: Context, webhook_id: str) -> Webhook:
    found = await context.session.scalar(
        select(Webhook).where(Webhook.id == webhook_id, Webhook.user_id == context.user.id)
    )
    if found is None:
        raise _no_webhook(webhook_id)
    return found


def _no_webhook(webhook_id: str) -> Refusal:
    return Refusal(404, "resource.not_found", "no such webhook; see GET /webhooks", resource="webhook", id=webhook_id)


async def _find_delivery(context: Context, args: DeliveryArgs) -> Delivery:
    webhook = await _find(context, args.webhook_id)
    found = await context.session.scalar(
        select(Delivery).where(Delivery.id == args.delivery_id, Delivery.webhook_id == webhook.id).with_for_update()
    )
    if found is None:
        what = "this webhook has no such delivery; see GET /webhooks/{id}/deliveries"
        raise Refusal(404, "resource.not_found", what, resource="delivery", id=args.delivery_id)
    return found


async def _counts(context: Context, webhook: Webhook, since: datetime) -> DeliveryCounts:
    rows = await context.session.execute(
        select(Delivery.status, func.count())
        .where(Delivery.webhook_id == webhook.id, Delivery.settled_at >= since)
        .group_by(Delivery.status)
    )
    found = {status: int(count) for status, count in rows}
    return DeliveryCounts(delivered=found.get("success", 0), failed=found.get("failed", 0))


def _answer(row: Webhook) -> WebhookAnswer:
    return WebhookAnswer(
        id=row.id, url=row.url, events=row.events, is_active=row.is_active, created_at=wire_time(row.created_at)
    )


def _delivery(row: Delivery) -> dict[str, object]:
    return {
        "id": row.id,
        "event_type": row.event_type,
        "description": events.CATALOGUE.get(row.event_type, ("", ""))[1],
        "status": row.status,
        "attempt_count": row.attempt_count,
        "response_status_code": row.response_status_code or 0,
        "response_duration_ms": row.response_duration_ms or 0,
        "created_at": wire_time(row.created_at),
    }


async def _detail(context: Context, row: Delivery) -> DeliveryDetail:
    query = select(Attempt).where(Attempt.delivery_id == row.id).order_by(Attempt.created_at, Attempt.number)
    attempts = [
        DeliveryAttempt(
            attempt_number=one.number,
            status_code=one.status_code or 0,
            response_body=one.response_body,
            error_message=one.error_message,
            duration_ms=one.duration_ms,
            created_at=wire_time(one.created_at),
        )
        for one in await context.session.scalars(query)
    ]
    fields = {**_delivery(row), "endpoint_id": row.webhook_id, "payload": json.loads(row.body), "attempts": attempts}
    return DeliveryDetail.model_validate(fields)
