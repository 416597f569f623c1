"""Shared parameter types, with the text that models read."""

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints

from tools.operation import Args
from tools.problems import pattern


@dataclass(frozen=True, slots=True)
class Named:
    """Marks an argument that people say by name: an account, a brand or a platform."""

    kind: Literal["account", "brand", "platform"]


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
    Named("platform"),
]

# The API itself names the platforms that it can connect when it refuses one, and may know one more.
AnyPlatform = Annotated[
    str,
    Field(description="Platform.", min_length=1, max_length=40, json_schema_extra={"enum": list(PLATFORMS)}),
    Named("platform"),
]


def _not_a_path(value: str) -> str:
    if not value.strip("."):
        raise ValueError("dots alone are not an id; pass an id exactly as another call returned it")
    return value


# Wide enough for URNs ("urn:li:share:1"), YouTube ids ("Ugx.9-_") and page posts ("1_2"); without "/", "?", "#",
# "%", white space and control characters, so that no id can leave its segment of the path.
SafeId = Annotated[
    str,
    StringConstraints(
        pattern=pattern(r"^[A-Za-z0-9_.:,()~@=+-]+$", "the id exactly as another call returned it"),
        min_length=1,
        max_length=256,
    ),
    AfterValidator(_not_a_path),
]

AccountId = Annotated[SafeId, Field(description="Account id, from list_accounts."), Named("account")]
BrandId = Annotated[SafeId, Field(description="Brand id, from list_brands."), Named("brand")]
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


def _no_number(value: Any) -> Any:
    # pydantic takes numbers for seconds or milliseconds since 1970, by their size; the API does not.
    is_number = isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value.strip()))
    if is_number:
        raise ValueError("write the time like 2026-03-10T12:00:00Z, not as a number")
    return value


_NUMBER = re.compile(r"[-+]?[0-9._]+(?:[eE][-+]?[0-9]+)?")
Timestamp = Annotated[
    AwareDatetime, BeforeValidator(_no_number), AfterValidator(_in_range), Field(description="RFC 3339 with offset.")
]


def _joined(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip().startswith("["):
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    return ",".join(map(str, value)) if isinstance(value, list) else value


IdList = Annotated[str, BeforeValidator(_joined)]
"""Ids in one text, with commas between; models also send a list."""
AccountIdList = Annotated[IdList, Named("account")]
Text = Annotated[str, StringConstraints(min_length=1)]

# Result fields: values the platform may extend stay open strings, so that a new one does not break a client.
Json = dict[str, Any]


class Words(Enum):
    """Whose words a result field holds; as an annotation it changes no schema. server.fences goes by it."""

    FOREIGN = "a stranger's"
    RELAYED = "the owner's of a managed account, or a platform's: not the user's, and not any passer-by's either"
    FOREIGN_LINK = "an address that a stranger may have chosen"
    RELAYED_LINK = "an address of a managed account, as its platform gives it"
    OWN = "the user's, or the service's about itself"
    PLAIN = "nobody's: an id, a code, a time, a cursor"
    ADDRESS = "nobody's: an address that the service made"


Foreign = Annotated[str, Words.FOREIGN]
Relayed = Annotated[str, Words.RELAYED]
ForeignLink = Annotated[str, Words.FOREIGN_LINK]
RelayedLink = Annotated[str, Words.RELAYED_LINK]
Own = Annotated[str, Words.OWN]
Notice = Annotated[str, Words.OWN]
"""What the service itself says."""
Address = Annotated[str, Words.ADDRESS]
ForeignJson = Annotated[Json, Words.FOREIGN]
RelayedJson = Annotated[Json, Words.RELAYED]
OwnJson = Annotated[Json, Words.OWN]

# By name, because they recur in every group; a value that does not look like one is taken for a stranger's.
_PLAIN_ENDINGS = ("_id", "_ids", "_at", "_status", "_type", "_types", "_category", "_hint", "_cursor", "_lang", "_mode")
_PLAIN_NAMES = frozenset(
    {
        *("id", "reconnect_reason", "status", "outcome", "state", "direction", "action", "code", "caused_by"),
        *("platform", "allowed_platforms", "messaging_product", "type", "kind", "category", "vertical", "language"),
        *("mode", "privacy", "privacy_level_options", "visibility", "plan", "tier", "field", "target"),
        *("event", "events", "scopes", "token", "raw_key", "preview", "secret", "before", "after"),
        *("timestamp", "create_time", "period_start", "period_end", "window_start", "window_end"),
    }
)
_ADDRESS_NAMES = frozenset({"auth_url", "upload_url", "excel_url", "report_url", "link_url", "location", "next"})


def words_of(name: str, annotation: Any, metadata: Iterable[Any] = ()) -> Words | None:
    """Whose words the result field `name` holds, by its mark or by its name; None where neither says.

    `annotation` and `metadata` are those of pydantic's FieldInfo.
    """
    marked = next((mark for mark in metadata if isinstance(mark, Words)), None) or _mark_in(annotation)
    if marked is not None:
        return marked
    if not _is_text(annotation):
        return None
    if name in _ADDRESS_NAMES:
        return Words.ADDRESS
    return Words.PLAIN if name in _PLAIN_NAMES or name.endswith(_PLAIN_ENDINGS) else None


def _mark_in(annotation: Any) -> Words | None:
    """The first mark inside an optional, a list, a map or a union."""
    own = next((mark for mark in getattr(annotation, "__metadata__", ()) if isinstance(mark, Words)), None)
    return own or next((mark for part in get_args(annotation) if (mark := _mark_in(part))), None)


def _is_text(annotation: Any) -> bool:
    """Whether it is text, or an optional or list of it; free-form objects need a mark."""
    parts = get_args(annotation)
    if get_origin(annotation) in {Union, UnionType, list}:
        return all(_is_text(part) for part in parts if part is not NoneType)
    return annotation is str or get_origin(annotation) is Literal


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
