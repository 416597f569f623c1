"""TikTok: one video, or a set of photos; the creator chooses who may see it."""

from localapi.network.draft import Draft, Report
from localapi.network.options import check_booleans, check_choice, check_integer, path
from localapi.network.platform import GIBIBYTE, MEBIBYTE, CarouselRules, MediaRules, PlatformProfile, TextRules

PRIVACY_LEVELS = (
    "PUBLIC_TO_EVERYONE",
    "MUTUAL_FOLLOW_FRIENDS",
    "FOLLOWER_OF_CREATOR",
    "FRIENDS_ONLY",
    "SELF_ONLY",
)
# The switch that tells viewers of a commercial interest; both spellings are in use.
DISCLOSURE_KEYS = ("brand_disclosure_on", "brand_content_disclosure_on")


def is_photo_post(draft: Draft) -> bool:
    """What the draft says, else what its media suggest."""
    stated = draft.platform_data.get("media_type")
    if stated in ("photo", "video"):
        return stated == "photo"
    return draft.count("image") >= 2 and not draft.count("video")


def check(draft: Draft, report: Report) -> None:
    data = draft.platform_data
    check_choice(draft, report, "media_type", ("video", "photo"))
    privacy = data.get("privacy_level")
    if not privacy:
        report.error("privacy_level", "TikTok asks who may see the post", "privacy_level_required")
    elif privacy not in PRIVACY_LEVELS:
        report.error("privacy_level", f"{privacy!r} is not one of {', '.join(PRIVACY_LEVELS)}")
    photos = is_photo_post(draft)
    if photos:
        _check_photos(draft, report)
    elif draft.count("image"):
        report.error("media", "a TikTok video post cannot hold images", "validation.media_type_mismatch")
    elif len(draft.media) > 1:
        report.error("media", f"one video a post, not {len(draft.media)}")
    if data.get("brand_content_toggle") is True and privacy == "SELF_ONLY":
        report.error("brand_content", "branded content cannot be visible to its author alone")
    disclosed = any(data.get(key) is True for key in DISCLOSURE_KEYS)
    if disclosed and not (data.get("brand_content_toggle") is True or data.get("brand_organic_toggle") is True):
        report.error("brand_content", "a disclosure needs brand_content_toggle or brand_organic_toggle")
    check_booleans(draft, report, "brand_content_toggle", "brand_organic_toggle", *DISCLOSURE_KEYS)
    check_booleans(draft, report, "disable_comment", "disable_duet", "disable_stitch", "is_aigc", "auto_add_music")
    check_integer(draft, report, "video_cover_timestamp_ms", 0)
    for key in ("auto_add_music", "photo_cover_index"):
        if not photos and key in data:
            report.warning(path(key), "is used for photos only")


def _check_photos(draft: Draft, report: Report) -> None:
    if draft.count("video"):
        report.error("media", "a TikTok photo post cannot hold videos", "validation.media_type_mismatch")
    elif len(draft.media) == 1:
        report.error("media", "a TikTok photo post needs at least two photos (1/2)")
    check_integer(draft, report, "photo_cover_index", 0, max(len(draft.media) - 1, 0))
    for key in ("disable_duet", "disable_stitch", "video_cover_timestamp_ms"):
        if key in draft.platform_data:
            report.warning(path(key), "has no effect on photos")


PROFILE = PlatformProfile(
    slug="tiktok",
    name="TikTok",
    text=TextRules(max_length=2200, counting_mode="utf16", photo_max_length=90),
    media=MediaRules(
        image_types=("image/jpeg", "image/webp"),
        video_types=("video/mp4", "video/quicktime", "video/webm"),
        max_image_bytes=20 * MEBIBYTE,
        max_video_bytes=4 * GIBIBYTE,
        min_video_seconds=3,
        max_video_seconds=600,
        max_video_fps=60,
        required_code="platform.tiktok.media_required",
        image_type_code="validation.unsupported_photo_format",
    ),
    carousel=CarouselRules(supported=True, min_items=2, max_items=35, images_only=True, photos_only=True),
    video=True,
    metrics=("likes", "comments", "shares", "views"),
    revokes_grant=True,
    ids={"": "7{digits:.18}"},
    link="https://www.tiktok.com/@{username}/video/{id}",
    check=check,
)
