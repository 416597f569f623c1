"""What is checked before publishing (a draft for one target), and what the check reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

FIELD_INVALID = "validation.field_invalid"
FIELD_REQUIRED = "validation.field_required"


@dataclass(frozen=True, kw_only=True)
class DraftMedia:
    """One media item; None is unknown, as for a URL nobody has fetched yet."""

    source_type: str = "media_id"
    type: str | None = None
    content_type: str | None = None
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    size_bytes: int | None = None
    problem: str | None = None
    """Why no platform could take it, whichever it is."""

    @property
    def kind(self) -> str | None:
        """image, video, audio or file; None when neither the type nor the content type is known."""
        if self.type or not self.content_type:
            return self.type
        family = self.content_type.partition("/")[0]
        return family if family in ("image", "video", "audio") else "file"

    @property
    def is_attachment(self) -> bool:
        """Whether the file already lies on the platform."""
        return self.source_type == "platform_attachment_id"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One target of a post, with the post-level values already merged in."""

    platform: str
    account_id: str | None = None
    text: str = ""
    title: str | None = None
    media: Sequence[DraftMedia] = ()
    platform_data: Mapping[str, object] = field(default_factory=dict[str, object])
    segments: Sequence[str] = ()
    visibility: str | None = None
    board_id: str | None = None
    first_comment: str | None = None
    content_type: str | None = None

    @property
    def placement(self) -> object:
        """Where on the platform: feed, reel, stories or carousel; None when left to the service."""
        return self.content_type or self.platform_data.get("content_type")

    @property
    def effective_title(self) -> str | None:
        """The title, which some platforms also accept among their options."""
        if self.title:
            return self.title
        option = self.platform_data.get("title")
        return option if isinstance(option, str) else None

    def count(self, kind: str) -> int:
        """How many media items are of this kind."""
        return sum(item.kind == kind for item in self.media)


@dataclass(frozen=True, kw_only=True)
class Issue:
    """One finding. `code` is for an endpoint that answers with an error instead of a report."""

    platform: str
    field: str
    message: str
    target: str | None = None
    segment_index: int | None = None
    code: str = FIELD_INVALID


@dataclass(kw_only=True)
class Report:
    """Findings for one target. Errors block; warnings do not."""

    platform: str
    target: str | None = None
    errors: list[Issue] = field(default_factory=list[Issue])
    warnings: list[Issue] = field(default_factory=list[Issue])

    @property
    def valid(self) -> bool:
        return not self.errors

    def error(self, name: str, message: str, code: str = FIELD_INVALID, *, segment_index: int | None = None) -> None:
        self.errors.append(self._issue(name, message, code, segment_index))

    def warning(self, name: str, message: str, *, segment_index: int | None = None) -> None:
        self.warnings.append(self._issue(name, message, FIELD_INVALID, segment_index))

    def has_error(self, name: str) -> bool:
        """Whether this field already has an error, so that a general rule need not repeat a specific one."""
        return any(issue.field == name for issue in self.errors)

    def _issue(self, name: str, message: str, code: str, segment_index: int | None) -> Issue:
        return Issue(
            platform=self.platform,
            field=name,
            message=message,
            target=self.target,
            segment_index=segment_index,
            code=code,
        )
