"""What is sent to webhook endpoints, when, and what is noted of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from localapi.context import Installation
from localapi.tables_events import Attempt, Delivery, Event, Webhook
from localapi.webhook_sending import Outcome

SCHEDULE = (
    timedelta(0),
    timedelta(seconds=30),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=3),
)
"""How long after the attempt before each one is made; after the last the delivery has failed (behaviour §12)."""
_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An attempt that is to be made now."""

    webhook_id: str
    delivery_id: str
    round: int
    number: int


async def due(installation: Installation) -> list[Due]:
    """The attempts whose time has come, those of one endpoint in the order of creation."""
    query = (
        select(Delivery.webhook_id, Delivery.id, Delivery.round, Delivery.attempt_count)
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .where(Delivery.status == "pending", Delivery.next_attempt_at <= installation.clock.now(), Webhook.is_active)
        .order_by(Delivery.next_attempt_at, Delivery.position)
        .limit(_LOOKED_AT)
    )
    async with installation.database.read() as session:
        rows = await session.execute(query)
        return [Due(webhook_id=one, delivery_id=two, round=three, number=four + 1) for one, two, three, four in rows]


async def attempt(installation: Installation, one: Due) -> None:
    """Make an attempt and note it. May be repeated: what is noted already is not done again."""
    async with installation.database.read() as session:
        delivery = await _open(session, one)
        webhook = None if delivery is None else await session.get(Webhook, delivery.webhook_id)
    if delivery is None or webhook is None or not webhook.is_active:
        return
    now = installation.clock.now()
    outcome = await installation.sender.send(
        webhook.url,
        delivery.body.encode(),
        secret=webhook.secret,
        event=delivery.event_type,
        timestamp=int(now.timestamp()),
        delivery_id=delivery.id,
    )
    await note(installation, one, outcome)


async def note(installation: Installation, one: Due, outcome: Outcome) -> None:
    """Write down how an attempt ended, and when the next one is to be made."""
    async with installation.database.write() as session:
        delivery = await _open(session, one, to_change=True)
        webhook = None if delivery is None else await session.get(Webhook, delivery.webhook_id)
        if delivery is None or webhook is None:
            return
        now = installation.clock.now()
        session.add(
            Attempt(
                id=installation.ids.uuid(),
                delivery_id=delivery.id,
                number=one.number,
                status_code=outcome.status_code,
                response_body=outcome.body,
                error_message=outcome.error,
                duration_ms=outcome.duration_ms,
                created_at=now,
            )
        )
        delivery.attempt_count = one.number
        delivery.response_status_code, delivery.response_duration_ms = outcome.status_code, outcome.duration_ms
        if outcome.is_success:
            delivery.status, delivery.next_attempt_at, delivery.settled_at = "success", None, now
        elif one.number >= len(SCHEDULE):
            delivery.status, delivery.next_attempt_at, delivery.settled_at = "failed", None, now
        else:
            delivery.next_attempt_at = now + SCHEDULE[one.number]
        if delivery.settled_at is not None:
            session.add(_settled(installation, webhook, delivery, outcome))


async def give_up(installation: Installation, one: Due) -> None:
    """Count an attempt that broke here each time it was tried as a failed one, so that its endpoint is not stuck."""
    await note(installation, one, Outcome(error="sending broke here; the log of the server says how"))


async def _open(session: AsyncSession, one: Due, *, to_change: bool = False) -> Delivery | None:
    """The delivery, if this attempt is still to be made."""
    query = select(Delivery).where(
        Delivery.id == one.delivery_id,
        Delivery.status == "pending",
        Delivery.round == one.round,
        Delivery.attempt_count == one.number - 1,
    )
    return await session.scalar(query.with_for_update() if to_change else query)


def _settled(installation: Installation, webhook: Webhook, delivery: Delivery, outcome: Outcome) -> Event:
    failed = delivery.status == "failed"
    tries = f"{delivery.attempt_count} attempt{'s' if delivery.attempt_count > 1 else ''}"
    detail: Mapping[str, Any] = {"delivery_id": delivery.id, "event_type": delivery.event_type}
    return Event(
        id=installation.ids.uuid(),
        user_id=webhook.user_id,
        category="webhook",
        action="delivery.failed" if failed else "delivery.success",
        status="failed" if failed else "ok",
        resource_id=webhook.id,
        summary=f"{delivery.event_type} {'did not reach' if failed else 'reached'} its endpoint in {tries}.",
        error_message=(outcome.error or f"the endpoint answered {outcome.status_code}") if failed else "",
        error_category="webhook" if failed else "",
        status_code=outcome.status_code,
        duration_ms=outcome.duration_ms,
        metadata_=dict(detail),
        created_at=installation.clock.now(),
    )
