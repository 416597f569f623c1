"""The shape of a platform's static facts: limits, capabilities, ids and links."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from localapi.network.draft import FIELD_INVALID, FIELD_REQUIRED, Draft, Report

Connect = Literal["oauth", "pages", "profiles", "token", "embedded_signup"]
CountingMode = Literal["chars", "utf16", "bytes"]

MEBIBYTE = 1024 * 1024
GIBIBYTE = 1024 * MEBIBYTE


@dataclass(frozen=True, kw_only=True)
class TextRules:
    max_length: int
    counting_mode: CountingMode = "chars"
    photo_max_length: int = 0
    max_hashtags: int = 0
    max_mentions: int = 0
    required: bool = False
    # A recommended length only: longer text is a warning.
    advisory: bool = False
    # Options that make a post without text and media worth publishing, such as a link.
    replaced_by: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TitleRules:
    required: bool = False
    max_length: int = 0


@dataclass(frozen=True, kw_only=True)
class MediaRules:
    """Sizes of 0 mean unsupported, other numbers of 0 mean no bound."""

    image_types: tuple[str, ...] = ()
    video_types: tuple[str, ...] = ()
    max_image_bytes: int = 0
    max_video_bytes: int = 0
    min_video_seconds: int = 0
    max_video_seconds: int = 0
    max_video_fps: int = 0
    required_code: str = FIELD_REQUIRED
    image_type_code: str = FIELD_INVALID


@dataclass(frozen=True, kw_only=True)
class CarouselRules:
    supported: bool = False
    min_items: int = 0
    max_items: int = 0
    allow_video: bool = False
    images_only: bool = False
    photos_only: bool = False


@dataclass(frozen=True, kw_only=True)
class SchedulingRules:
    supported: bool = True
    mode: Literal["native", "server_side", ""] = "server_side"


@dataclass(frozen=True, kw_only=True)
class CommentCapabilities:
    """What can be done with comments under own posts."""

    list: bool = False
    reply: bool = False
    delete: Literal["all", "own", "no"] = "no"
    hide: bool = False
    # Threads hides other people's replies only.
    hide_own: bool = True
    like: bool = False
    private_reply: bool = False


def accept(_draft: Draft, _report: Report) -> None:
    """For platforms without rules of their own."""


def _no_limits() -> Mapping[str, int]:
    return {}


@dataclass(frozen=True, kw_only=True)
class PlatformProfile:
    """One platform. `check` adds the rules that no table can express."""

    slug: str
    name: str
    connect: Connect = "oauth"
    publishes: bool = True
    text: TextRules
    title: TitleRules = TitleRules()
    media: MediaRules = MediaRules()
    carousel: CarouselRules = CarouselRules()
    scheduling: SchedulingRules = SchedulingRules()
    # What a post may consist of: text alone, one image, one video.
    text_only: bool = False
    image: bool = False
    video: bool = False
    attachments: bool = False
    attachments_mix: bool = False
    first_comment: bool = False
    segments: bool = False
    visibilities: tuple[str, ...] = ()
    comments: CommentCapabilities = CommentCapabilities()
    dms: bool = False
    dm_interactive: bool = False
    dm_attachments: bool = False
    dm_window_hours: int | None = None
    message_tags: tuple[str, ...] = ()
    # How far a message came, as far as the platform tells: sent, delivered, read, failed.
    message_statuses: tuple[str, ...] = ()
    reviews: bool = False
    mentions_list: bool = False
    mention_reply: bool = False
    delete_post: bool = False
    unpublish: bool = False
    edit_published: tuple[str, ...] = ()
    retry: bool = True
    metrics: tuple[str, ...] = ()
    reel_metrics: tuple[str, ...] = ()
    revokes_grant: bool = False
    limits: Mapping[str, int] = field(default_factory=_no_limits)
    # Templates by kind, "" for every other kind; see native_id and permalink for the names in braces.
    ids: Mapping[str, str]
    link: str = ""
    check: Callable[[Draft, Report], None] = accept

    def native_id(self, random_hex: str, kind: str = "post", owner: str = "") -> str:
        """An id as this platform would give it; the same hex and kind always give the same id."""
        digest = hashlib.sha256(f"{kind}:{random_hex}".encode()).digest()
        return self.ids.get(kind, self.ids[""]).format(
            digits=str(int.from_bytes(digest, "big")),
            letters=base64.urlsafe_b64encode(digest).decode().replace("-", "a").replace("_", "b"),
            hex=digest.hex(),
            owner=owner or "1",
        )

    def permalink(self, native_id: str, username: str) -> str:
        """The public address of a post; empty where posts have none."""
        code = base64.urlsafe_b64encode(hashlib.sha256(native_id.encode()).digest()).decode()[:11]
        return self.link.format(id=native_id, username=username.removeprefix("@"), code=code)
