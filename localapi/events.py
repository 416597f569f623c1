"""Events: what happened is logged, and queued for the webhooks that want it, in the transaction of its cause."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from localapi.context import Installation
from localapi.tables import User
from localapi.tables_events import Delivery, Event, Webhook

CATALOGUE: Mapping[str, tuple[str, str]] = {
    "post.scheduled": ("posts", "A post got a time at which it goes out."),
    "post.published": ("posts", "A post is out on all of its targets."),
    "post.partial": ("posts", "A post is out on some of its targets; the others failed."),
    "post.failed": ("posts", "A post went out nowhere."),
    "post.updated": ("posts", "A draft, scheduled or failed post was edited."),
    "post.deleted": ("posts", "A post was deleted."),
    "post.unpublished": ("posts", "A published post was taken down, everywhere or for one account."),
    "post.retried": ("posts", "Failed targets of a post are tried again."),
    "comment.received": ("inbox", "Somebody commented on a post."),
    "dm.received": ("inbox", "Somebody sent a direct message."),
    "dm.sent": ("inbox", "A direct message went out, from here or from the platform's own app."),
    "dm.referral": ("inbox", "Somebody opened a conversation through an ad or a link."),
    "dm.postback": ("inbox", "Somebody pressed a button in a conversation."),
    "dm.status.sent": ("inbox", "The platform took messages over."),
    "dm.status.delivered": ("inbox", "Messages reached the person's device."),
    "dm.status.read": ("inbox", "The person read messages."),
    "dm.status.failed": ("inbox", "The platform could not deliver messages."),
    "review.received": ("inbox", "Somebody wrote a review."),
    "mention.received": ("inbox", "Somebody mentioned an account."),
    "account.connected": ("accounts", "An account was connected."),
    "account.disconnected": ("accounts", "An account was disconnected, or its access was withdrawn."),
    "page.removed": ("accounts", "A page is no longer there or no longer granted."),
}
"""Category and meaning of what webhooks may subscribe to."""

_IN_THE_LOG = {"posts": "post", "inbox": "inbox", "accounts": "account"}
MAX_PAYLOAD_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an event is about, for the log."""

    platform: str = ""
    account_id: str = ""
    resource_id: str = ""
    error_message: str = ""
    error_category: str = ""


async def record(
    session: AsyncSession,
    installation: Installation,
    user_id: str,
    name: str,
    data: Mapping[str, Any] | BaseModel,
    *,
    subject: Subject,
    raw_payload: Mapping[str, Any] | None = None,
) -> None:
    """Log an event of the catalogue, and queue it for each active webhook that subscribes to it.

    While payment is overdue nothing is queued, and nothing is made up for later (behaviour §6). `raw_payload` is what
    the platform sent, for what comes from a platform.
    """
    category, meaning = CATALOGUE[name]
    now = installation.clock.now()
    failed = name in {"post.failed", "dm.status.failed"}
    session.add(
        Event(
            id=installation.ids.uuid(),
            user_id=user_id,
            category=_IN_THE_LOG[category],
            action=name,
            status="failed" if failed else "ok",
            platform=subject.platform,
            account_id=subject.account_id,
            resource_id=subject.resource_id,
            summary=meaning,
            error_message=subject.error_message,
            error_category=subject.error_category,
            metadata_={},
            created_at=now,
        )
    )
    user = await session.get(User, user_id)
    if user is None or user.billing_blocked_at is not None:
        return
    query = select(Webhook).where(Webhook.user_id == user_id, Webhook.is_active).order_by(Webhook.created_at)
    wanting = [row for row in await session.scalars(query) if name in row.events]
    if not wanting:
        return
    body = body_of(name, data, raw_payload)
    for webhook in wanting:
        session.add(
            Delivery(
                id=installation.ids.uuid(),
                webhook_id=webhook.id,
                event_type=name,
                body=body,
                status="pending",
                round=0,
                attempt_count=0,
                next_attempt_at=now,
                created_at=now,
            )
        )


def body_of(name: str, data: Mapping[str, Any] | BaseModel, raw_payload: Mapping[str, Any] | None = None) -> str:
    """The body of a webhook request: `{event, data, raw_payload?}`."""
    plain = data.model_dump(mode="json", by_alias=True, exclude_unset=True) if isinstance(data, BaseModel) else data
    body = {"event": name, "data": plain}
    if raw_payload is not None:
        body["raw_payload"] = raw_payload
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)
