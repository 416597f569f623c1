"""What the embedded API stores of payment, allowed addresses, X credentials and exports: one class a table."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from localapi.tables import Base, JsonList


class BillingSession(Base):
    """A page on which somebody pays, or manages what they pay."""

    __tablename__ = "billing_sessions"

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    """checkout or portal."""
    plan: Mapped[str] = mapped_column(default="")
    interval: Mapped[str] = mapped_column(default="month")
    status: Mapped[str] = mapped_column(default="open")
    """open, complete, canceled; open ones expire."""
    success_url: Mapped[str | None]
    cancel_url: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class RedirectUri(Base):
    """An address that connections may return to."""

    __tablename__ = "redirect_uris"
    __table_args__ = (UniqueConstraint("user_id", "uri"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    uri: Mapped[str]
    label: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]


class XCredentials(Base):
    """App credentials for X: the user's default, or one brand's."""

    __tablename__ = "x_credentials"
    __table_args__ = (UniqueConstraint("user_id", "brand_id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    brand_id: Mapped[str] = mapped_column(default="")
    """Empty for the default."""
    client_id_hint: Mapped[str]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class XTest(Base):
    """One test of X credentials, for the limit."""

    __tablename__ = "x_tests"
    __table_args__ = (Index("x_tests_recent", "user_id", "at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    at: Mapped[datetime]


class Export(Base):
    """An export of an account's videos."""

    __tablename__ = "exports"
    __table_args__ = (Index("exports_page", "user_id", "created_at", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    account_id: Mapped[str]
    """No foreign key: what was exported outlives the account."""
    platform: Mapped[str]
    status: Mapped[str] = mapped_column(default="pending")
    """pending, processing, completed or failed."""
    with_transcripts: Mapped[bool] = mapped_column(default=False)
    with_vision: Mapped[bool] = mapped_column(default=False)
    total_videos: Mapped[int] = mapped_column(default=0)
    processed_videos: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    videos: Mapped[JsonList] = mapped_column(default=list)
    workbook: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
