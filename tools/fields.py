"""Shared parameter types, with the text that models read."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

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
Limit = Annotated[int, Field(ge=1, le=100, description="Rows a page.")]
Timestamp = Annotated[AwareDatetime, Field(description="RFC 3339 with offset.")]
Text = Annotated[str, StringConstraints(min_length=1)]

# Result fields: values the platform may extend stay open strings, so that a new one does not break a client.
Json = dict[str, Any]


class FileArgs(Args):
    """A file, either by content or by path; exactly one of the two."""

    content_base64: Annotated[str | None, Field(description="The file, base64. Instead of path.")] = None
    path: Annotated[
        str | None, Field(description="Local file under the allowed folder; stdio only. Instead of content_base64.")
    ] = None
    filename: Annotated[str | None, Field(max_length=255, description="Name; default: that of path.")] = None
