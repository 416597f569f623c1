"""Checks a draft against its platform's rules, and shows those rules in the API's form."""

import re
from fnmatch import fnmatchcase

from localapi.network import PLATFORMS
from localapi.network.draft import FIELD_INVALID, FIELD_REQUIRED, Draft, DraftMedia, Issue, Report
from localapi.network.platform import CountingMode, PlatformProfile
from localapi.network.tiktok import is_photo_post

__all__ = ["Draft", "DraftMedia", "Issue", "Report", "constraints", "text_length", "validate"]

UNSUPPORTED_SOURCE = "publishing.media.unsupported_source"
MIXING_UNSUPPORTED = "publishing.media.mixing_unsupported"


def validate(draft: Draft) -> Report:
    """All findings for one target; an unknown platform is an error like any other."""
    report = Report(platform=draft.platform, target=draft.account_id)
    profile = PLATFORMS.get(draft.platform)
    if profile is None:
        report.error("platform", f"no platform {draft.platform!r}")
        return report
    if not profile.publishes:
        report.error("platform", f"{profile.name} has no posts to publish", "resource.not_supported")
        return report
    # First what the platform says of itself: it is more exact than the general rules.
    profile.check(draft, report)
    _check_text(draft, profile, report)
    _check_title(draft, profile, report)
    _check_media(draft, profile, report)
    _check_segments(draft, profile, report)
    if draft.first_comment and not profile.first_comment:
        report.warning("first_comment", f"{profile.name} takes no first comment; it is left out")
    if draft.visibility is not None and draft.visibility not in profile.visibilities:
        if profile.visibilities:
            report.error("visibility", f"{profile.name} has only {', '.join(profile.visibilities)}")
        elif draft.visibility != "public":
            report.warning("visibility", f"has no effect on {profile.name}")
    return report


def text_length(text: str, mode: CountingMode) -> int:
    """Length in the unit the platform counts in."""
    if mode == "bytes":
        return len(text.encode(errors="surrogatepass"))
    if mode == "utf16":
        return len(text.encode("utf-16-le", errors="surrogatepass")) // 2
    return len(text)


def _check_text(draft: Draft, profile: PlatformProfile, report: Report) -> None:
    rules = profile.text
    if not draft.text.strip():
        if rules.required:
            report.error("text", f"{profile.name} needs text", FIELD_REQUIRED)
        elif profile.text_only and not draft.media and not any(draft.platform_data.get(k) for k in rules.replaced_by):
            report.error("text", "a post needs text or media", FIELD_REQUIRED)
    limit = rules.photo_max_length if rules.photo_max_length and is_photo_post(draft) else rules.max_length
    _check_length(draft.text, limit, profile, report)
    for sign, most, what in (("#", rules.max_hashtags, "hashtags"), ("@", rules.max_mentions, "mentions")):
        found = len(re.findall(rf"(?<!\w){sign}\w", draft.text))
        if most and found > most:
            report.error("text", f"too many {what} for {profile.name} ({found}/{most})")


def _check_length(text: str, limit: int, profile: PlatformProfile, report: Report, index: int | None = None) -> None:
    actual = text_length(text, profile.text.counting_mode)
    if actual <= limit:
        return
    if profile.text.advisory:
        report.warning(
            "text", f"{profile.name} may cut or refuse text this long ({actual}/{limit})", segment_index=index
        )
    else:
        report.error("text", f"text is too long for {profile.name} ({actual}/{limit})", segment_index=index)


def _check_title(draft: Draft, profile: PlatformProfile, report: Report) -> None:
    title = draft.effective_title
    if profile.title.required and not (title or "").strip():
        report.error("title", f"{profile.name} needs a title", FIELD_REQUIRED)
    elif title and profile.title.max_length and len(title) > profile.title.max_length:
        report.error("title", f"title is too long for {profile.name} ({len(title)}/{profile.title.max_length})")


def _check_media(draft: Draft, profile: PlatformProfile, report: Report) -> None:
    if not draft.media:
        if not profile.text_only and not report.has_error("media"):
            report.error("media", f"{profile.name} does not publish without media", profile.media.required_code)
        return
    _check_attachments(draft, profile, report)
    if not report.has_error("media"):
        _check_composition(draft, profile, report)
    for position, item in enumerate(draft.media, 1):
        if not item.is_attachment:
            _check_item(item, position, profile, report)


def _check_attachments(draft: Draft, profile: PlatformProfile, report: Report) -> None:
    attachments = [item for item in draft.media if item.is_attachment]
    if not attachments:
        return
    if not profile.attachments:
        report.error("media", f"{profile.name} takes no platform_attachment_id", UNSUPPORTED_SOURCE)
    elif not profile.attachments_mix and len(draft.media) > 1:
        report.error("media", f"on {profile.name} a platform_attachment_id stands alone", MIXING_UNSUPPORTED)
    if any(item.type is None for item in attachments):
        report.error("media", "a platform_attachment_id needs its type", FIELD_REQUIRED)


def _check_composition(draft: Draft, profile: PlatformProfile, report: Report) -> None:
    """How many items, and which together. Attachment-only posts are the platform's own affair."""
    count, rules = len(draft.media), profile.carousel
    if count < 2 or all(item.is_attachment for item in draft.media):
        return
    if not rules.supported:
        # Google shows the first image of several; what cannot be published at all is reported item by item.
        return
    if draft.count("video") and not rules.allow_video:
        mixed = draft.count("video") < count
        what = "videos and images cannot be mixed" if mixed else f"one video a post, not {count}"
        report.error("media", f"{what} on {profile.name}")
    if count > rules.max_items:
        report.error("media", f"too many items for {profile.name} ({count}/{rules.max_items})")
    elif count < rules.min_items:
        report.error("media", f"too few items for {profile.name} ({count}/{rules.min_items})")
    if rules.photos_only and any(item.content_type == "image/gif" for item in draft.media):
        report.error("media", f"{profile.name} takes photos only, no GIF", profile.media.image_type_code)


def _check_item(item: DraftMedia, position: int, profile: PlatformProfile, report: Report) -> None:
    if item.problem is not None:
        report.error("media", f"item {position}: {item.problem}")
        return
    rules = profile.media
    kind = item.kind
    if kind is None:
        if not rules.image_types and not rules.video_types:
            report.error("media", f"{profile.name} takes no media of this service")
        return
    if kind not in ("image", "video"):
        report.error("media", f"item {position}: {kind} cannot be published on {profile.name}")
        return
    is_image = kind == "image"
    types = rules.image_types if is_image else rules.video_types
    if not types:
        report.error("media", f"item {position}: {profile.name} takes no {kind}s")
        return
    if item.content_type and not any(fnmatchcase(item.content_type, known) for known in types):
        code = rules.image_type_code if is_image else FIELD_INVALID
        report.error("media", f"item {position}: {profile.name} takes no {item.content_type}", code)
    largest = rules.max_image_bytes if is_image else rules.max_video_bytes
    if item.size_bytes is not None and item.size_bytes > largest:
        report.error("media", f"item {position}: file is too large ({item.size_bytes}/{largest} bytes)")
    if not is_image and item.duration_seconds is not None:
        seconds = item.duration_seconds
        if rules.max_video_seconds and seconds > rules.max_video_seconds:
            report.error("media", f"item {position}: video is too long ({seconds:g}/{rules.max_video_seconds} s)")
        elif seconds < rules.min_video_seconds:
            report.error("media", f"item {position}: video is too short ({seconds:g}/{rules.min_video_seconds} s)")


def _check_segments(draft: Draft, profile: PlatformProfile, report: Report) -> None:
    if draft.segments and not profile.segments:
        # An error, as dropping them would publish half of what was written.
        report.error("segments", f"{profile.name} has no threads of posts here")
        return
    for index, text in enumerate(draft.segments):
        if not text.strip():
            report.error("text", "every segment needs text", FIELD_REQUIRED, segment_index=index)
        _check_length(text, profile.text.max_length, profile, report, index)


def constraints(profile: PlatformProfile) -> dict[str, object]:
    """The platform's limits as the API shows them."""
    text, media, carousel = profile.text, profile.media, profile.carousel
    return {
        "text": {
            "max_length": text.max_length,
            "counting_mode": text.counting_mode,
            "photo_max_length": text.photo_max_length,
            "max_hashtags": text.max_hashtags,
            "max_mentions": text.max_mentions,
        },
        "media": {
            "supported_image_types": list(media.image_types),
            "supported_video_types": list(media.video_types),
            "max_image_size_bytes": media.max_image_bytes,
            "max_video_size_bytes": media.max_video_bytes,
            "min_video_duration_sec": media.min_video_seconds,
            "max_video_duration_sec": media.max_video_seconds,
            "max_video_fps": media.max_video_fps,
        },
        "carousel": {
            "supported": carousel.supported,
            "min_items": carousel.min_items,
            "max_items": carousel.max_items,
            "allow_video": carousel.allow_video,
            "images_only": carousel.images_only,
            "photos_only": carousel.photos_only,
        },
        "scheduling": {"supported": profile.scheduling.supported, "mode": profile.scheduling.mode},
        "supports_platform_attachment_id": profile.attachments,
        "supports_mixed_media": profile.attachments_mix,
    }
