"""Instagram: every post has media; feed, carousel, reel or story."""

from localapi.network.draft import Draft, Report
from localapi.network.options import check_booleans, check_integer, check_link, check_text, path, strings
from localapi.network.platform import (
    MEBIBYTE,
    CarouselRules,
    CommentCapabilities,
    MediaRules,
    PlatformProfile,
    TextRules,
)

PLACEMENTS = ("feed", "reel", "carousel", "stories")
MAX_COLLABORATORS = 3
STORY_VIDEO_SECONDS = 60


def check(draft: Draft, report: Report) -> None:
    # Without a content type the placement follows from the media, as the service's own samples do it.
    placement = draft.placement
    if placement is not None and placement not in PLACEMENTS:
        report.error("content_type", f"{placement!r} is not one of {', '.join(PLACEMENTS)}")
    elif draft.media:
        _check_placement(draft, report, placement)
    for item in draft.media:
        if item.content_type == "image/png":
            report.warning("media", "Instagram may refuse PNG; JPEG is safe")
        ratio = item.width / item.height if item.width and item.height else None
        if item.kind == "image" and placement != "stories" and ratio is not None and not 0.8 <= ratio <= 1.91:
            report.warning("media", "Instagram may refuse an image outside 4:5 to 1.91:1")
    _check_options(draft, report)


def _check_placement(draft: Draft, report: Report, placement: object) -> None:
    count = len(draft.media)
    if placement == "feed" and count != 1:
        report.error("media", f"a feed post has one item, not {count}; several make a carousel")
    elif placement == "reel":
        if count != 1 or draft.count("image"):
            report.error("media", "a reel is exactly one video")
        for item in draft.media:
            if item.width and item.height and item.width * 16 != item.height * 9:
                report.warning("media", "reels are shown in 9:16")
    elif placement == "stories":
        if count != 1:
            report.error("media", f"a story has one item, not {count}")
        if draft.text:
            report.warning("text", "stories have no caption; the text is left out")
        if any((item.duration_seconds or 0) > STORY_VIDEO_SECONDS for item in draft.media):
            report.warning("media", f"a story's video runs for at most {STORY_VIDEO_SECONDS} s")
    elif placement == "carousel" and count < 2:
        report.error("media", f"a carousel has at least two items ({count}/2)")


def _check_options(draft: Draft, report: Report) -> None:
    check_booleans(draft, report, "share_to_feed")
    check_text(draft, report, "alt_text", 1000)
    check_link(draft, report, "cover_url")
    check_integer(draft, report, "video_cover_timestamp_ms", 0)
    if draft.platform_data.get("cover_url") and draft.platform_data.get("video_cover_timestamp_ms") is not None:
        report.warning(path("video_cover_timestamp_ms"), "has no effect beside cover_url")
    collaborators = draft.platform_data.get("collaborators")
    if collaborators is not None:
        names = strings(collaborators)
        if names is None:
            report.error(path("collaborators"), "must be user names, as an array or comma-separated")
        elif len(names) > MAX_COLLABORATORS:
            report.error(path("collaborators"), f"too many collaborators ({len(names)}/{MAX_COLLABORATORS})")


PROFILE = PlatformProfile(
    slug="instagram",
    name="Instagram",
    text=TextRules(max_length=2200, max_hashtags=30, max_mentions=20),
    media=MediaRules(
        image_types=("image/jpeg", "image/png"),
        video_types=("video/mp4", "video/quicktime"),
        max_image_bytes=8 * MEBIBYTE,
        max_video_bytes=300 * MEBIBYTE,
        min_video_seconds=3,
        max_video_seconds=900,
        max_video_fps=60,
    ),
    carousel=CarouselRules(supported=True, min_items=2, max_items=10, allow_video=True),
    image=True,
    video=True,
    attachments=True,
    first_comment=True,
    comments=CommentCapabilities(list=True, reply=True, delete="all", hide=True, private_reply=True),
    dms=True,
    message_statuses=("sent", "read"),
    dm_interactive=True,
    dm_attachments=True,
    dm_window_hours=24,
    message_tags=("HUMAN_AGENT",),
    mentions_list=True,
    mention_reply=True,
    metrics=("likes", "comments"),
    revokes_grant=True,
    limits={"posts_remaining": 25},
    ids={"": "17{digits:.15}", "post": "18{digits:.15}", "message": "aWdfZAG1{letters:.32}"},
    link="https://www.instagram.com/p/{code}/",
    check=check,
)
