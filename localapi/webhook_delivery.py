"""What is sent to webhook endpoints, when, and what is noted of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from localapi.context import Installation
from localapi.tables_events import Attempt, Delivery, Event, Webhook
from localapi.webhook_sending import TIMEOUT_SECONDS, Outcome

SCHEDULE = (
    timedelta(0),
    timedelta(seconds=30),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=3),
)
"""How long after the attempt before each one is made; after the last the delivery has failed (behaviour §12)."""
LEASE = timedelta(seconds=TIMEOUT_SECONDS + 20)
"""How long an attempt belongs to the process that claimed it: the whole of a slow answer, and a margin for noting it
and for clocks that differ. Then whoever made it is taken for dead, and another process may make it."""
PER_ENDPOINT = 8
"""Attempts of one endpoint looked at in one round: more than a lane gets through until the next."""
_LOOKED_AT = 1000


class Taken(Exception):
    """Somebody may be making the attempt at this moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An attempt that is to be made now."""

    webhook_id: str
    delivery_id: str
    round: int
    number: int
    position: int = 0
    """By which those of one endpoint follow each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An attempt that was claimed: what is to be sent where."""

    url: str
    body: bytes
    secret: str
    event: str
    timestamp: int
    delivery_id: str


async def due(installation: Installation) -> list[Due]:
    """The attempts whose time has come, those of one endpoint in the order of creation.

    First the first one of each endpoint, then the second ones: neither a long backlog nor a slow endpoint keeps those
    of others from being looked at. What is being made stays among them until it is noted.
    """
    when = (Delivery.next_attempt_at, Delivery.position)
    ranked = (
        select(
            Delivery.webhook_id,
            Delivery.id,
            Delivery.round,
            Delivery.attempt_count,
            *when,
            func.row_number().over(partition_by=Delivery.webhook_id, order_by=when).label("place"),
        )
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .where(Delivery.status == "pending", Delivery.next_attempt_at <= installation.clock.now(), Webhook.is_active)
        .subquery()
    ).c
    query = (
        select(ranked.webhook_id, ranked.id, ranked.round, ranked.attempt_count, ranked.position)
        .where(ranked.place <= PER_ENDPOINT)
        .order_by(ranked.place, ranked.next_attempt_at, ranked.position)
        .limit(_LOOKED_AT)
    )
    async with installation.database.read() as session:
        return [
            Due(webhook_id=webhook_id, delivery_id=delivery_id, round=round_, number=made + 1, position=position)
            for webhook_id, delivery_id, round_, made, position in await session.execute(query)
        ]


async def claim(installation: Installation, one: Due) -> Request | None:
    """Take an attempt for this process, so that no other makes it too; None where it is not to be made any more.

    Raises:
        Taken: claimed already, and the claim has not run out.
    """
    async with installation.database.write() as session:
        delivery = await _open(session, one)
        webhook = None if delivery is None else await session.get(Webhook, delivery.webhook_id)
        if delivery is None or webhook is None or not webhook.is_active:
            return None
        now = installation.clock.now()
        if delivery.claimed_until is not None and delivery.claimed_until > now:
            raise Taken
        delivery.claimed_until = now + LEASE
        return Request(
            url=webhook.url,
            body=delivery.body.encode(),
            secret=webhook.secret,
            event=delivery.event_type,
            timestamp=int(now.timestamp()),
            delivery_id=delivery.id,
        )


async def send(installation: Installation, request: Request) -> Outcome:
    """Send what was claimed, once."""
    return await installation.sender.send(
        request.url,
        request.body,
        secret=request.secret,
        event=request.event,
        timestamp=request.timestamp,
        delivery_id=request.delivery_id,
    )


async def note(installation: Installation, one: Due, outcome: Outcome) -> None:
    """Write down how an attempt ended, and when the next one is to be made."""
    async with installation.database.write() as session:
        delivery = await _open(session, one)
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
        delivery.attempt_count, delivery.claimed_until = one.number, None
        delivery.response_status_code, delivery.response_duration_ms = outcome.status_code, outcome.duration_ms
        if outcome.is_success:
            delivery.status, delivery.next_attempt_at, delivery.settled_at = "success", None, now
        elif one.number >= len(SCHEDULE):
            delivery.status, delivery.next_attempt_at, delivery.settled_at = "failed", None, now
        else:
            delivery.next_attempt_at = now + SCHEDULE[one.number]
        if delivery.settled_at is not None:
            session.add(_settled(installation, webhook, delivery, outcome))


BROKEN = Outcome(error="sending broke here; the log of the server says how")


async def give_up(installation: Installation, one: Due) -> None:
    """Count an attempt that broke here each time it was tried as a failed one, so that its endpoint is not stuck."""
    await note(installation, one, BROKEN)


async def _open(session: AsyncSession, one: Due) -> Delivery | None:
    """The delivery, if this attempt is still to be made; nobody else changes it until the transaction ends."""
    query = select(Delivery).where(
        Delivery.id == one.delivery_id,
        Delivery.status == "pending",
        Delivery.round == one.round,
        Delivery.attempt_count == one.number - 1,
    )
    return await session.scalar(query.with_for_update())


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
