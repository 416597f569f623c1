"""Shared parameter types, with the text that models read."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints

from tools.operation import Args

PLATFORMS = (
    "instagram",
    "facebook",
    "threads",
    "tiktok",
    "youtube",
    "twitter",
    "linkedin",
    "linkedin_page",
    "google",
    "pinterest",
    "telegram",
    "whatsapp",
)
PUBLISHING_PLATFORMS = tuple(name for name in PLATFORMS if name not in {"telegram", "whatsapp"})
"""Those that take posts; the other two only carry messages."""

Platform = Annotated[
    Literal[
        "instagram",
        "facebook",
        "threads",
        "tiktok",
        "youtube",
        "twitter",
        "linkedin",
        "linkedin_page",
        "google",
        "pinterest",
        "telegram",
        "whatsapp",
    ],
    Field(description="Platform."),
]

# The API itself names the platforms that it can connect when it refuses one, and may know one more.
AnyPlatform = Annotated[
    str, Field(description="Platform.", min_length=1, max_length=40, json_schema_extra={"enum": list(PLATFORMS)})
]


def _not_a_path(value: str) -> str:
    if not value.strip("."):
        raise ValueError("dots alone are not an id; pass an id exactly as another call returned it")
    return value


# Wide enough for URNs ("urn:li:share:1"), YouTube ids ("Ugx.9-_") and page posts ("1_2"); without "/", "?", "#",
# "%", white space and control characters, so that no id can leave its segment of the path.
SafeId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_.:,()~@=+-]+$", min_length=1, max_length=256),
    AfterValidator(_not_a_path),
]

AccountId = Annotated[SafeId, Field(description="Account id, from list_accounts.")]
BrandId = Annotated[SafeId, Field(description="Brand id, from list_brands.")]
PageId = Annotated[SafeId, Field(description="Page id, from list_account_pages.")]
PostId = Annotated[SafeId, Field(description="Post id, from list_posts.")]
AnyPostId = Annotated[SafeId, Field(description="Post id, ours or the platform's.")]
PlatformPostId = Annotated[SafeId, Field(description="Post id, from list_commented_posts.")]
CommentId = Annotated[SafeId, Field(description="Comment id, from list_comments.")]
ConversationId = Annotated[SafeId, Field(description="Conversation id, from list_conversations.")]
ReviewId = Annotated[SafeId, Field(description="Review id, from list_reviews.")]
MediaId = Annotated[SafeId, Field(description="Media id, from list_media or upload_media.")]

Cursor = Annotated[str, Field(description="next_cursor of the page before.", max_length=2048)]


def default(value: Any) -> dict[str, Any]:
    """What the API takes for an argument that is left out: shown in the schema, and not sent."""
    return {"json_schema_extra": {"default": value}}


Limit = Annotated[int, Field(ge=1, le=100, description="Rows a page.", **default(25))]
LimitOf10 = Annotated[int, Field(ge=1, le=100, description="Rows a page.", **default(10))]
LimitOf20 = Annotated[int, Field(ge=1, le=100, description="Rows a page.", **default(20))]
LimitOf50 = Annotated[int, Field(ge=1, le=100, description="Rows a page.", **default(50))]


def _in_range(value: datetime) -> datetime:
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise ValueError("this time lies outside the years 1 to 9999 in UTC") from None
    return value


Timestamp = Annotated[AwareDatetime, AfterValidator(_in_range), Field(description="RFC 3339 with offset.")]


def _joined(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip().startswith("["):
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    return ",".join(map(str, value)) if isinstance(value, list) else value


IdList = Annotated[str, BeforeValidator(_joined)]
"""Ids in one text, with commas between; models also send a list."""
Text = Annotated[str, StringConstraints(min_length=1)]

# Result fields: values the platform may extend stay open strings, so that a new one does not break a client.
Json = dict[str, Any]


ArgsT = TypeVar("ArgsT", bound=Args)


def kind_is_named(source: ArgsT) -> ArgsT:
    """A check for arguments with source_type and type: what lies at a platform cannot be looked at."""
    if getattr(source, "source_type", None) == "platform_attachment_id" and getattr(source, "type", None) is None:
        raise ValueError("type: required with platform_attachment_id")
    return source


class FileArgs(Args):
    """A file, either by content or by path; exactly one of the two."""

    max_bytes: ClassVar[int] = 50 * 1024 * 1024
    """Largest file that the API takes here; beyond it, create_upload_url."""

    content_base64: Annotated[str | None, Field(description="The file, base64. Instead of path.")] = None
    path: Annotated[
        str | None, Field(description="Local file under the allowed folder; stdio only. Instead of content_base64.")
    ] = None
    filename: Annotated[str | None, Field(max_length=255, description="Name; default: that of path.")] = None
