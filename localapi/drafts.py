"""From what a caller sends to what a platform would get: merged per target, and checked."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import select

from localapi.addresses import address_problem
from localapi.context import Context, Refusal
from localapi.network import PLATFORMS
from localapi.network.draft import Draft, DraftMedia, Report
from localapi.network.validation import validate
from localapi.tables import MediaFile
from tools.posts import MediaSource, Segment, Target

DUPLICATE_HOURS = 24
OVERRIDES = ("text", "title", "visibility", "first_comment", "platform_data")


class Content(Protocol):
    """What create, update and validate have in common."""

    @property
    def media(self) -> list[MediaSource] | None:
        """Files, in order."""
        ...

    @property
    def media_ids(self) -> list[str] | None:
        """The older form."""
        ...


def media_of(content: Content) -> list[dict[str, Any]] | None:
    """The media list as it is kept; None when nothing was said about media.

    Raises:
        Refusal: a platform_attachment_id without its type.
    """
    if content.media is None:
        if content.media_ids is None:
            return None
        # Addresses in the older list were never supported and are dropped, as documented.
        return [{"source_type": "media_id", "source": one} for one in content.media_ids if "://" not in one]
    for index, item in enumerate(content.media):
        if item.source_type == "platform_attachment_id" and item.type is None:
            name = f"media.{index}.type"
            raise Refusal(400, "validation.field_required", "platform_attachment_id needs type", field=name)
    return [item.model_dump(mode="json", exclude_none=True) for item in content.media]


def overrides_of(target: Target) -> dict[str, Any]:
    """What a target says for itself only."""
    said = {name: value for name in OVERRIDES if (value := getattr(target, name)) is not None}
    media = media_of(target)
    return said if media is None else {**said, "media": media}


def merged_options(platform: str, post_level: Mapping[str, Any], target_level: Mapping[str, Any]) -> dict[str, Any]:
    """The platform's options: those of the post, with the target's own on top."""
    of_post = post_level.get(platform)
    return {**(of_post if isinstance(of_post, dict) else {}), **target_level}


async def draft_of(
    context: Context,
    *,
    platform: str,
    account_id: str | None,
    text: str,
    title: str | None,
    media: Sequence[Mapping[str, Any]],
    platform_data: Mapping[str, Any],
    segments: Sequence[str],
    visibility: str | None,
    board_id: str | None,
    first_comment: str | None,
    overrides: Mapping[str, Any],
) -> Draft:
    """One target's draft, its library files measured."""
    chosen = overrides.get("media", media)
    return Draft(
        platform=platform,
        account_id=account_id,
        text=overrides.get("text", text) or "",
        title=overrides.get("title", title),
        media=[await _media(context, item) for item in chosen],
        platform_data=merged_options(platform, platform_data, overrides.get("platform_data", {})),
        segments=segments,
        visibility=overrides.get("visibility", visibility),
        board_id=board_id,
        first_comment=overrides.get("first_comment", first_comment),
    )


async def _media(context: Context, item: Mapping[str, Any]) -> DraftMedia:
    if item["source_type"] != "media_id":
        wrong = address_problem(str(item["source"])) if item["source_type"] == "url" else None
        return DraftMedia(source_type=item["source_type"], type=item.get("type"), problem=wrong)
    row = await context.session.scalar(
        select(MediaFile).where(MediaFile.id == item["source"], MediaFile.user_id == context.user.id)
    )
    if row is None or row.status != "ready":
        what = "is not in the library" if row is None else "was not verified yet, so it is not ready"
        raise Refusal(400, "validation.field_invalid", f"media {item['source'][:60]} {what}", field="media")
    return DraftMedia(
        source_type="media_id",
        type=row.kind,
        content_type=row.content_type,
        width=row.width,
        height=row.height,
        duration_seconds=row.duration_seconds,
        size_bytes=row.size_bytes,
    )


def check(drafts: Sequence[Draft]) -> list[Report]:
    """What each target's platform says."""
    return [validate(draft) for draft in drafts]


def refuse_errors(reports: Sequence[Report]) -> None:
    """Raise the first error of the reports, with all of them in its words."""
    errors = [issue for report in reports for issue in report.errors]
    if not errors:
        return
    words = "; ".join(f"{issue.platform} {issue.field}: {issue.message}" for issue in errors[:5])
    first = errors[0]
    status = (
        422 if first.code.startswith("publishing.media.") else 501 if first.code == "resource.not_supported" else 400
    )
    raise Refusal(status, first.code, words, field=first.field, platform=first.platform)


def fingerprint(text: str, media: Sequence[Any], targets: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """The same for posts that would look the same to people."""
    look = [text.strip(), list(media), sorted((account, json.dumps(said, sort_keys=True)) for account, said in targets)]
    return hashlib.sha256(json.dumps(look, sort_keys=True).encode()).hexdigest()


def segment_texts(segments: Sequence[Segment] | None) -> list[str]:
    """The further posts of a thread."""
    return [segment.text for segment in segments or []]


def publishes(platform: str) -> bool:
    """Whether posts can go there at all."""
    return PLATFORMS[platform].publishes
