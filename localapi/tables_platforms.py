"""What the simulated platforms know besides posts and messages, and the service's own notices: one class a table."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from localapi.tables import Base, JsonList, JsonObject


class Story(Base):
    """An Instagram story, there for 24 hours."""

    __tablename__ = "stories"

    platform_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    caption: Mapped[str] = mapped_column(Text, default="")
    media_type: Mapped[str] = mapped_column(default="IMAGE")
    media_url: Mapped[str] = mapped_column(default="")
    permalink: Mapped[str] = mapped_column(default="")
    like_count: Mapped[int] = mapped_column(default=0)
    view_count: Mapped[int] = mapped_column(default=0)
    published_at: Mapped[datetime]


class Collaboration(Base):
    """An invite to co-author an Instagram post."""

    __tablename__ = "collaborations"
    __table_args__ = (UniqueConstraint("media_id", "invited_id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    media_id: Mapped[str] = mapped_column(index=True)
    publisher_id: Mapped[str]
    """The platform's id of the account that published the post."""
    invited_id: Mapped[str] = mapped_column(index=True)
    invited_username: Mapped[str]
    status: Mapped[str] = mapped_column(default="pending")
    """pending, accepted or declined."""
    invited_at: Mapped[datetime]


class Person(Base):
    """Somebody on a platform, as far as they let businesses see them."""

    __tablename__ = "people"

    platform_id: Mapped[str] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    username: Mapped[str]
    picture_url: Mapped[str] = mapped_column(default="")
    follower_count: Mapped[int] = mapped_column(default=0)
    is_verified: Mapped[bool] = mapped_column(default=False)
    follows: Mapped[str] = mapped_column(default="")
    """Ids of our accounts that they follow, separated by commas."""
    followed_by: Mapped[str] = mapped_column(default="")
    consents: Mapped[bool] = mapped_column(default=True)


class Video(Base):
    """What YouTube keeps of a video besides its post."""

    __tablename__ = "videos"

    network_post_id: Mapped[str] = mapped_column(ForeignKey("network_posts.id", ondelete="CASCADE"), primary_key=True)
    description: Mapped[str] = mapped_column(Text, default="")
    visibility: Mapped[str] = mapped_column(default="public")


class BannedAuthor(Base):
    """Somebody whose comments a channel does not show any more."""

    __tablename__ = "banned_authors"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    author_id: Mapped[str] = mapped_column(primary_key=True)


class Announcement(Base):
    """A notice of the service."""

    __tablename__ = "announcements"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """maintenance, incident, product_update or breaking_change."""
    title: Mapped[str]
    body: Mapped[str] = mapped_column(Text)
    link_url: Mapped[str | None]
    link_label: Mapped[str | None]
    window_start: Mapped[datetime | None]
    window_end: Mapped[datetime | None]
    visible_from: Mapped[datetime]
    visible_until: Mapped[datetime | None]


class AnnouncementSeen(Base):
    __tablename__ = "announcements_seen"

    announcement_id: Mapped[str] = mapped_column(ForeignKey("announcements.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    seen_at: Mapped[datetime]


class Feedback(Base):
    """What a user told the makers."""

    __tablename__ = "feedback"

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    message: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class PhoneNumber(Base):
    """The state of a WhatsApp number: unverified, verified, registered or released."""

    __tablename__ = "whatsapp_numbers"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    is_verified: Mapped[bool] = mapped_column(default=False)
    is_registered: Mapped[bool] = mapped_column(default=False)
    code: Mapped[str | None]
    """What the simulated line received, until it is used or ten minutes old."""
    code_expires_at: Mapped[datetime | None]
    wrong_codes: Mapped[int] = mapped_column(default=0)
    profile: Mapped[JsonObject] = mapped_column(default=dict)


class Template(Base):
    """A message template in one language."""

    __tablename__ = "whatsapp_templates"
    __table_args__ = (UniqueConstraint("business_id", "name", "language"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    business_id: Mapped[str] = mapped_column(index=True)
    """The WhatsApp business account, which several numbers may share."""
    name: Mapped[str]
    language: Mapped[str]
    category: Mapped[str]
    status: Mapped[str] = mapped_column(default="PENDING")
    components: Mapped[JsonList] = mapped_column(default=list)
    submitted_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]


class TemplateMessage(Base):
    """One template that was sent, for the limits of the platform."""

    __tablename__ = "whatsapp_sent"
    __table_args__ = (Index("whatsapp_sent_to", "account_id", "recipient", "sent_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    recipient: Mapped[str]
    category: Mapped[str]
    sent_at: Mapped[datetime]
