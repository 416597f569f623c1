"""What the embedded API stores of events, webhook endpoints and what was sent to them: one class a table."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from localapi.tables import Base, JsonList, JsonObject


class Event(Base):
    """A row of the event log."""

    __tablename__ = "events"
    __table_args__ = (Index("events_page", "user_id", "created_at", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    category: Mapped[str]
    """post, inbox, account, webhook or api."""
    action: Mapped[str]
    status: Mapped[str] = mapped_column(default="ok")
    """ok or failed."""
    platform: Mapped[str] = mapped_column(default="")
    account_id: Mapped[str] = mapped_column(default="")
    """No foreign key: the log outlives accounts."""
    resource_id: Mapped[str] = mapped_column(default="")
    summary: Mapped[str] = mapped_column(default="")
    error_message: Mapped[str] = mapped_column(Text, default="")
    error_category: Mapped[str] = mapped_column(default="")
    status_code: Mapped[int | None]
    duration_ms: Mapped[int | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata", default=dict)
    created_at: Mapped[datetime] = mapped_column(index=True)


class Webhook(Base):
    """An endpoint of the user's that events are sent to."""

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    url: Mapped[str]
    events: Mapped[JsonList] = mapped_column(default=list)
    secret: Mapped[str]
    """Signs what is sent, so it cannot be kept as a hash."""
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class Delivery(Base):
    """One event for one endpoint; `position` is the order of creation."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("webhook_deliveries_page", "webhook_id", "created_at", "position"),
        Index("webhook_deliveries_due", "status", "next_attempt_at", "position"),
    )

    position: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True, autoincrement=True
    )
    id: Mapped[str] = mapped_column(unique=True)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event_type: Mapped[str]
    body: Mapped[str] = mapped_column(Text)
    """What is signed and sent, byte for byte."""
    status: Mapped[str] = mapped_column(default="pending")
    """pending, success or failed."""
    round: Mapped[int] = mapped_column(default=0)
    """Counts the retries by hand, each of which begins the schedule anew."""
    attempt_count: Mapped[int] = mapped_column(default=0)
    """Of this round."""
    next_attempt_at: Mapped[datetime | None]
    """None once it is settled."""
    claimed_until: Mapped[datetime | None]
    """Until then the attempt that is to be made next belongs to the process that claimed it."""
    response_status_code: Mapped[int | None]
    response_duration_ms: Mapped[int | None]
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None] = mapped_column(index=True)


class Attempt(Base):
    """One try at a delivery."""

    __tablename__ = "webhook_attempts"

    id: Mapped[str] = mapped_column(primary_key=True)
    delivery_id: Mapped[str] = mapped_column(ForeignKey("webhook_deliveries.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    status_code: Mapped[int | None]
    response_body: Mapped[str] = mapped_column(Text, default="")
    error_message: Mapped[str] = mapped_column(default="")
    duration_ms: Mapped[int]
    created_at: Mapped[datetime]
