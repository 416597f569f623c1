"""The sample workspace of a fresh database: two brands, every platform, an inbox with something to do."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from localapi.context import Installation, key_hash
from localapi.export_work import workbook
from localapi.seed.pictures import picture
from localapi.tables import (
    Account,
    Base,
    Board,
    Brand,
    Comment,
    Conversation,
    Invite,
    Key,
    Login,
    MediaFile,
    Mention,
    Message,
    NetworkPost,
    OauthState,
    Page,
    PendingConnection,
    Post,
    PostTarget,
    Review,
    User,
)
from localapi.tables_events import Delivery, Webhook
from localapi.tables_platforms import Announcement, Collaboration, Person, PhoneNumber, Story, Template
from localapi.tables_settings import BillingSession, Export

USER_ID = "usr_sample"
WORKSPACE = Path(__file__).with_name("workspace.json")

_TABLES: dict[str, type[Base]] = {
    "brands": Brand,
    "accounts": Account,
    "logins": Login,
    "pages": Page,
    "boards": Board,
    "posts": Post,
    "post_targets": PostTarget,
    "network_posts": NetworkPost,
    "comments": Comment,
    "conversations": Conversation,
    "messages": Message,
    "reviews": Review,
    "mentions": Mention,
    "invites": Invite,
    "oauth_states": OauthState,
    "pending_connections": PendingConnection,
    "stories": Story,
    "collaborations": Collaboration,
    "people": Person,
    "announcements": Announcement,
    "whatsapp_numbers": PhoneNumber,
    "whatsapp_templates": Template,
    "billing_sessions": BillingSession,
}
"""In the order of their foreign keys. A time in the file is written `{"hours": -3}`, from the moment of seeding."""

_WITH_USER = {
    "brands",
    "accounts",
    "logins",
    "posts",
    "conversations",
    "invites",
    "oauth_states",
    "pending_connections",
    "billing_sessions",
}


async def seed(session: AsyncSession, installation: Installation, *, raw_key: str, empty: bool) -> None:
    """Fill an empty database: a user, a full key and, unless `empty`, the sample workspace."""
    now = installation.clock.now()
    session.add(
        User(
            id=USER_ID,
            email="sample@localhost",
            name="Sample Workspace",
            plan="pro",
            allowed_platforms=["linkedin_page"],
            created_at=now - timedelta(days=400),
        )
    )
    await session.flush()
    session.add(_key("key_main", "Main key", raw_key, now))
    if empty:
        session.add(Brand(id="b_default", user_id=USER_ID, name="Default", created_at=now, updated_at=now))
        return
    for identifier, name, scopes in (
        ("key_readonly", "Read-only reports", ["posts:read", "inbox:read"]),
        ("key_spare", "Spare", []),
    ):
        session.add(_key(identifier, name, "sapi_key_" + installation.ids.random_hex(62), now, scopes))
    workspace: dict[str, list[dict[str, Any]]] = json.loads(WORKSPACE.read_text(encoding="utf-8"))
    for table, model in _TABLES.items():
        for row in workspace[table]:
            values = {_attribute(name): _value(value, now) for name, value in row.items()}
            session.add(model(**values, **({"user_id": USER_ID} if table in _WITH_USER else {})))
        await session.flush()
    for identifier, filename, size, hours in (
        ("med_latte", "latte.jpg", (1080, 1080), -30),
        ("med_logo", "logo.png", (512, 512), -50),
    ):
        content = picture(filename, size)
        installation.files.mkdir(parents=True, exist_ok=True)
        (installation.files / identifier).write_bytes(content)
        session.add(
            MediaFile(
                id=identifier,
                user_id=USER_ID,
                filename=filename,
                content_type="image/jpeg" if filename.endswith("jpg") else "image/png",
                kind="image",
                size_bytes=len(content),
                width=size[0],
                height=size[1],
                status="ready",
                path=identifier,
                created_at=now + timedelta(hours=hours),
            )
        )
    await _add_webhook(session, installation, now)
    _add_export(session, now)
    # Uploaded, but nobody has confirmed it yet.
    (installation.files / "med_pending").write_bytes(picture("latte.jpg", (640, 640)))
    session.add(
        MediaFile(
            id="med_pending",
            user_id=USER_ID,
            filename="counter.jpg",
            content_type="image/jpeg",
            kind="image",
            path="med_pending",
            upload_expires_at=now + timedelta(minutes=15),
            created_at=now,
        )
    )


async def _add_webhook(session: AsyncSession, installation: Installation, now: datetime) -> None:
    """An endpoint that nobody runs, paused, with a delivery that failed."""
    session.add(
        Webhook(
            id="wh_sample",
            user_id=USER_ID,
            url="https://hooks.example.com/social",
            events=["comment.received", "post.failed"],
            secret=installation.ids.random_hex(64),
            is_active=False,
            created_at=now - timedelta(days=3),
        )
    )
    await session.flush()
    body = {"event": "comment.received", "data": {"id": "sapi_cmt_1", "content": {"text": "Hello"}}}
    session.add(
        Delivery(
            id="del_failed",
            webhook_id="wh_sample",
            event_type="comment.received",
            body=json.dumps(body, separators=(",", ":")),
            status="failed",
            round=0,
            attempt_count=5,
            created_at=now - timedelta(days=2),
            settled_at=now - timedelta(days=2),
        )
    )


def _add_export(session: AsyncSession, now: datetime) -> None:
    """An export that was made a week ago."""
    video = {
        "platform": "tiktok",
        "platform_video_id": "tt_7301",
        "title": "Latte art in nine seconds",
        "share_url": "https://tiktok.example/tt_7301",
        "view_count": 21000,
        "like_count": 1800,
        "comment_count": 38,
        "share_count": 90,
    }
    session.add(
        Export(
            id="exp_sample",
            user_id=USER_ID,
            account_id="acc_aurora_tiktok",
            platform="tiktok",
            status="completed",
            total_videos=1,
            processed_videos=1,
            videos=[video],
            workbook=workbook([video]),
            created_at=now - timedelta(days=7),
            completed_at=now - timedelta(days=7),
            expires_at=now + timedelta(days=23),
        )
    )


def _key(identifier: str, name: str, raw_key: str, now: datetime, scopes: list[str] | None = None) -> Key:
    return Key(
        id=identifier,
        user_id=USER_ID,
        name=name,
        hash=key_hash(raw_key),
        preview=raw_key[:14] + "...",
        scopes=scopes or [],
        created_at=now,
    )


def _attribute(column: str) -> str:
    return "metadata_" if column == "metadata" else column


def _value(value: Any, now: datetime) -> Any:
    if isinstance(value, dict) and set(value) == {"hours"}:
        return (now + timedelta(hours=value["hours"])).astimezone(UTC)
    return value
