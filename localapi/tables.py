"""What the embedded API stores: one class a table."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

JsonObject = dict[str, Any]
JsonList = list[Any]


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, kept in UTC also where the database has no zones (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times; turn the rest into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs an offset")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back that SQLite drops."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Registers the tables."""

    type_annotation_map = {
        datetime: UtcDateTime(),
        JsonObject: JSON,
        JsonList: JSON,
        str: String(),
        int: BigInteger(),
    }


class User(Base):
    __tablename__ = "users"

    id: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str]
    name: Mapped[str]
    avatar_url: Mapped[str] = mapped_column(default="")
    plan: Mapped[str] = mapped_column(default="free")
    onboarding: Mapped[bool] = mapped_column(default=True)
    use_case: Mapped[str] = mapped_column(default="")
    referral: Mapped[str] = mapped_column(default="")
    lock_accounts_to_brand: Mapped[bool] = mapped_column(default=False)
    beta_tester: Mapped[bool] = mapped_column(default=False)
    facebook_page_selection: Mapped[bool] = mapped_column(default=True)
    allowed_platforms: Mapped[JsonList] = mapped_column(default=list)
    billing_blocked_at: Mapped[datetime | None]
    billing_since: Mapped[datetime | None]
    """When the present plan was paid for first; none for a free one, and for the sample's."""
    created_at: Mapped[datetime]


class UsagePeriod(Base):
    """Counters of one billing period; a new row starts a new period at nought."""

    __tablename__ = "usage_periods"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    period_start: Mapped[datetime] = mapped_column(primary_key=True)
    posts: Mapped[int] = mapped_column(default=0)
    interactions: Mapped[int] = mapped_column(default=0)


class Key(Base):
    __tablename__ = "keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of the whole key, hexadecimal: 248 random bits need no slow hash."""
    preview: Mapped[str]
    scopes: Mapped[JsonList] = mapped_column(default=list)
    brand_ids: Mapped[JsonList] = mapped_column(default=list)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class Brand(Base):
    __tablename__ = "brands"

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Account(Base):
    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("user_id", "platform", "platform_account_id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brands.id", ondelete="CASCADE"), index=True)
    platform: Mapped[str]
    platform_account_id: Mapped[str]
    name: Mapped[str]
    username: Mapped[str]
    bio: Mapped[str | None]
    profile_picture_url: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="active")
    """active or reconnect_required."""
    reconnect_reason: Mapped[str | None]
    login_id: Mapped[str | None] = mapped_column(index=True)
    metadata_: Mapped[JsonObject] = mapped_column("metadata", default=dict)
    created_at: Mapped[datetime]


class Page(Base):
    """A Facebook page under an account."""

    __tablename__ = "pages"

    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    platform_page_id: Mapped[str]
    name: Mapped[str]
    username: Mapped[str] = mapped_column(default="")
    category: Mapped[str] = mapped_column(default="")
    about: Mapped[str] = mapped_column(default="")
    followers_count: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    is_default: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class Login(Base):
    """A Facebook credential that several brands share; `pages` is what the simulated login manages."""

    __tablename__ = "logins"

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    platform_user_id: Mapped[str]
    pages: Mapped[JsonList] = mapped_column(default=list)
    """[{platform_page_id, name, category, picture_url}]."""
    created_at: Mapped[datetime]


class Board(Base):
    """A Pinterest board on the simulated network."""

    __tablename__ = "boards"

    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    native_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    privacy: Mapped[str] = mapped_column(default="PUBLIC")
    created_at: Mapped[datetime]


class OauthState(Base):
    """One started connection: the state that the platform must bring back, once, within ten minutes."""

    __tablename__ = "oauth_states"

    state: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    key_id: Mapped[str | None]
    """Of the key that started it, or another credential's `Caller.credential_id`."""
    brand_ids: Mapped[JsonList] = mapped_column(default=list, server_default="[]")
    """The brands that this credential was restricted to then."""
    platform: Mapped[str]
    brand_id: Mapped[str | None]
    invite_id: Mapped[str | None]
    redirect_uri: Mapped[str | None]
    caller_state: Mapped[str] = mapped_column(default="")
    metadata_: Mapped[JsonObject] = mapped_column("metadata", default=dict)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class OauthCode(Base):
    """A code that the simulated platform gave out after approval; single use."""

    __tablename__ = "oauth_codes"

    code: Mapped[str] = mapped_column(primary_key=True)
    platform: Mapped[str]
    state: Mapped[str]
    handle: Mapped[str]
    """What the person typed on the approval page."""
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class PendingConnection(Base):
    __tablename__ = "pending_connections"

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    platform: Mapped[str]
    brand_id: Mapped[str | None]
    invite_id: Mapped[str | None]
    login_id: Mapped[str | None]
    state: Mapped[str | None] = mapped_column(index=True)
    """The state that it came of, by which the browser that holds it may choose."""
    candidates: Mapped[JsonList] = mapped_column(default=list)
    lost_access: Mapped[JsonList] = mapped_column(default=list, server_default="[]")
    """[{platform_page_id, name, brand_id, brand_name}]: assigned pages that this sign-in no longer reaches."""
    expires_at: Mapped[datetime]
    consumed_at: Mapped[datetime | None]


class Invite(Base):
    __tablename__ = "invites"

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    brand_id: Mapped[str] = mapped_column(ForeignKey("brands.id", ondelete="CASCADE"), index=True)
    platform: Mapped[str]
    token: Mapped[str] = mapped_column(unique=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class MediaFile(Base):
    """A file of the library; `path` is relative to the media folder."""

    __tablename__ = "media"

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    filename: Mapped[str]
    content_type: Mapped[str]
    kind: Mapped[str] = mapped_column(default="file")
    """image, video, audio or file, by the bytes."""
    size_bytes: Mapped[int] = mapped_column(default=0)
    width: Mapped[int | None]
    height: Mapped[int | None]
    duration_seconds: Mapped[float | None]
    status: Mapped[str] = mapped_column(default="pending")
    """pending, ready or failed."""
    path: Mapped[str] = mapped_column(default="")
    upload_token_hash: Mapped[str | None] = mapped_column(index=True)
    upload_expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(index=True)


class Post(Base):
    __tablename__ = "posts"
    __table_args__ = (Index("posts_due", "status", "scheduled_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(Text, default="")
    title: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="draft")
    """draft, scheduled, publishing, published, partial, failed or cancelled."""
    visibility: Mapped[str] = mapped_column(default="public")
    media: Mapped[JsonList] = mapped_column(default=list)
    segments: Mapped[JsonList] = mapped_column(default=list)
    first_comment: Mapped[str] = mapped_column(Text, default="")
    platform_data: Mapped[JsonObject] = mapped_column(default=dict)
    scheduled_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    hidden: Mapped[bool] = mapped_column(default=False)
    retry_count: Mapped[int] = mapped_column(default=0)
    run: Mapped[int] = mapped_column(default=0)
    """Counts the publishing runs; part of the workflow's id, so that a run exists once."""
    content_hash: Mapped[str] = mapped_column(default="", index=True)
    sort_at: Mapped[datetime] = mapped_column(index=True)
    """scheduled_at, or created_at without one: what lists are ordered by."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PostTarget(Base):
    """One delivery of a post: to one account, or one page or board of it."""

    __tablename__ = "post_targets"

    id: Mapped[str] = mapped_column(primary_key=True)
    post_id: Mapped[str] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    account_id: Mapped[str] = mapped_column(index=True)
    """No foreign key: a target outlives its account and then fails at delivery."""
    page_id: Mapped[str | None]
    board_id: Mapped[str | None]
    platform: Mapped[str]
    overrides: Mapped[JsonObject] = mapped_column(default=dict)
    """text, title, media, visibility, first_comment, platform_data of this target only."""
    status: Mapped[str] = mapped_column(default="pending")
    """pending, publishing, published, failed or cancelled."""
    scheduled_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    platform_post_id: Mapped[str | None] = mapped_column(index=True)
    permalink: Mapped[str | None]
    media_type: Mapped[str | None]
    error: Mapped[JsonObject | None] = mapped_column(JSON(none_as_null=True))
    metadata_: Mapped[JsonObject] = mapped_column("metadata", default=dict)


class NetworkPost(Base):
    """A post as the simulated platform has it, ours or written there; row of the commented-post list."""

    __tablename__ = "network_posts"
    __table_args__ = (UniqueConstraint("account_id", "platform_id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    page_id: Mapped[str | None]
    board_id: Mapped[str | None]
    platform: Mapped[str]
    platform_id: Mapped[str] = mapped_column(index=True)
    delivery_key: Mapped[str | None] = mapped_column(unique=True)
    """Target and run that made it: the platform refuses a second post with the same one."""
    text: Mapped[str] = mapped_column(Text, default="")
    thumbnail: Mapped[str | None]
    permalink: Mapped[str] = mapped_column(default="")
    metrics: Mapped[JsonObject] = mapped_column(default=dict)
    comment_count: Mapped[int] = mapped_column(default=0)
    last_comment_at: Mapped[datetime | None] = mapped_column(index=True)
    published_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class Comment(Base):
    __tablename__ = "comments"
    __table_args__ = (
        Index("comments_page", "network_post_id", "parent_id", "created_at", "platform_id"),
        # PostgreSQL does not read the other one in its order where the parent is null.
        Index(
            "comments_top_page",
            "network_post_id",
            "created_at",
            "platform_id",
            postgresql_where=sql("parent_id IS NULL"),
            sqlite_where=sql("parent_id IS NULL"),
        ),
    )

    platform_id: Mapped[str] = mapped_column(primary_key=True)
    network_post_id: Mapped[str] = mapped_column(ForeignKey("network_posts.id", ondelete="CASCADE"))
    parent_id: Mapped[str | None]
    """platform_id of the comment above, none at the top."""
    author_id: Mapped[str]
    author_name: Mapped[str]
    author_username: Mapped[str] = mapped_column(default="")
    author_picture: Mapped[str] = mapped_column(default="")
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    is_owner: Mapped[bool] = mapped_column(default=False)
    is_hidden: Mapped[bool] = mapped_column(default=False)
    liked_by_viewer: Mapped[bool] = mapped_column(default=False)
    like_count: Mapped[int] = mapped_column(default=0)
    reply_count: Mapped[int] = mapped_column(default=0)
    moderation_status: Mapped[str] = mapped_column(default="")
    private_replied_at: Mapped[datetime | None]


class Conversation(Base):
    __tablename__ = "conversations"
    __table_args__ = (Index("conversations_page", "user_id", "status", "last_message_at", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    page_id: Mapped[str | None]
    platform: Mapped[str]
    platform_id: Mapped[str]
    participant_id: Mapped[str]
    participant_name: Mapped[str]
    participant_picture: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="active")
    unread_count: Mapped[int] = mapped_column(default=0)
    last_message: Mapped[str] = mapped_column(Text, default="")
    last_message_at: Mapped[datetime]
    last_inbound_at: Mapped[datetime | None]
    """Starts the messaging window; none: the person never wrote."""
    blocked: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Message(Base):
    __tablename__ = "messages"
    __table_args__ = (Index("messages_page", "conversation_id", "created_at", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    platform_id: Mapped[str] = mapped_column(index=True)
    direction: Mapped[str]
    """incoming or outgoing."""
    sender_id: Mapped[str]
    sender_name: Mapped[str]
    text: Mapped[str] = mapped_column(Text, default="")
    attachment_type: Mapped[str | None]
    attachment_url: Mapped[str | None]
    interactive: Mapped[JsonObject | None] = mapped_column(JSON(none_as_null=True))
    status: Mapped[str] = mapped_column(default="sent")
    status_updated_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Review(Base):
    __tablename__ = "reviews"

    platform_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    rating: Mapped[int]
    text: Mapped[str] = mapped_column(Text, default="")
    author_id: Mapped[str]
    author_name: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    reply_text: Mapped[str | None] = mapped_column(Text)
    reply_at: Mapped[datetime | None]


class Mention(Base):
    __tablename__ = "mentions"

    platform_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    mention_type: Mapped[str]
    """caption or comment."""
    media_id: Mapped[str]
    comment_id: Mapped[str | None]
    author_id: Mapped[str]
    author_name: Mapped[str]
    author_username: Mapped[str] = mapped_column(default="")
    text: Mapped[str] = mapped_column(Text, default="")
    permalink: Mapped[str] = mapped_column(default="")
    received_at: Mapped[datetime]


class Fault(Base):
    """A failure ordered by a tester: the next `remaining` posts or inbox calls of the account fail like this."""

    __tablename__ = "faults"

    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    """A name in `faults.FAILURES`."""
    remaining: Mapped[int] = mapped_column(default=1)


class Setting(Base):
    """One value of the installation itself, such as the key that signs cursors."""

    __tablename__ = "settings"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
