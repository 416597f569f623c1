"""Facebook pages: text, links, photos, albums, videos, reels and stories."""

from localapi.network.draft import Draft, DraftMedia, Report
from localapi.network.options import check_booleans, check_integer, check_link, check_pair, check_text, path
from localapi.network.platform import (
    GIBIBYTE,
    MEBIBYTE,
    CarouselRules,
    CommentCapabilities,
    MediaRules,
    PlatformProfile,
    SchedulingRules,
    TextRules,
)

PLACEMENTS = ("feed", "reel", "stories")
MIN_AGE, MAX_AGE = 13, 65
PORTRAIT = (1080, 1920)
MIN_STORY_SIZE = (540, 960)


def check(draft: Draft, report: Report) -> None:
    placement = draft.placement
    if placement is not None and placement not in PLACEMENTS:
        report.warning("content_type", f"Facebook has no {placement!r}; this goes to the feed")
    if placement == "reel":
        if len(draft.media) != 1 or draft.count("image"):
            report.error("media", "a reel is exactly one video")
        for item in draft.media:
            _check_short_video(item, report, "reel")
    elif placement == "stories":
        _check_story(draft, report)
    _check_options(draft, report, in_feed=placement not in ("reel", "stories"))


def _check_short_video(item: DraftMedia, report: Report, what: str) -> None:
    if item.duration_seconds is not None and not 3 <= item.duration_seconds <= 90:
        report.warning("media", f"a {what}'s video should run for 3 to 90 s, not {item.duration_seconds:g}")
    if item.width and item.height:
        if item.width * PORTRAIT[1] != item.height * PORTRAIT[0]:
            report.warning("media", f"a {what} should be 9:16, not {item.width}x{item.height}")
        if item.width < MIN_STORY_SIZE[0] or item.height < MIN_STORY_SIZE[1]:
            report.warning("media", f"a {what} should be at least 540x960, not {item.width}x{item.height}")


def _check_story(draft: Draft, report: Report) -> None:
    if len(draft.media) != 1:
        report.error("media", f"a story has one photo or one video, not {len(draft.media)} items")
    for item in draft.media:
        if item.kind == "video":
            _check_short_video(item, report, "story")
        if item.content_type == "image/png" and (item.size_bytes or 0) > MEBIBYTE:
            report.warning("media", "a PNG above 1 MB may look blurred in a story")
    if draft.text:
        report.warning("text", "stories have no text; it is left out")
    if draft.first_comment:
        report.warning("first_comment", "stories take no first comment; it is left out")


def _check_options(draft: Draft, report: Report, *, in_feed: bool) -> None:
    check_link(draft, report, "link")
    check_link(draft, report, "cta_link")
    check_pair(draft, report, "cta_type", "cta_link")
    check_text(draft, report, "title", 255)
    check_text(draft, report, "alt_text", 1000)
    check_booleans(draft, report, "share_to_feed")
    low = check_integer(draft, report, "min_age", MIN_AGE, MAX_AGE)
    high = check_integer(draft, report, "max_age", MIN_AGE, MAX_AGE)
    if low is not None and high is not None and low > high:
        report.error(path("min_age"), f"{low} is above max_age ({high})")
    data = draft.platform_data
    one_image = len(draft.media) == 1 and draft.count("image") == 1
    if (data.get("min_age") or data.get("max_age")) and (not in_feed or draft.count("video") or one_image):
        report.warning(path("min_age"), "ages limit text, link and album posts only")
    if data.get("alt_text") and not one_image:
        report.warning(path("alt_text"), "is used for a single photo only")
    if data.get("title") and not draft.count("video"):
        report.warning(path("title"), "is used for a single video only")


PROFILE = PlatformProfile(
    slug="facebook",
    name="Facebook",
    connect="pages",
    text=TextRules(max_length=63_206, replaced_by=("link",)),
    media=MediaRules(
        image_types=("image/jpeg", "image/png", "image/bmp", "image/gif", "image/tiff"),
        video_types=("video/mp4", "video/quicktime", "video/x-msvideo", "video/x-matroska", "video/webm"),
        max_image_bytes=10 * MEBIBYTE,
        max_video_bytes=10 * GIBIBYTE,
        max_video_seconds=14_400,
        max_video_fps=60,
    ),
    carousel=CarouselRules(supported=True, min_items=2, max_items=10, images_only=True),
    scheduling=SchedulingRules(mode="native"),
    text_only=True,
    image=True,
    video=True,
    first_comment=True,
    comments=CommentCapabilities(list=True, reply=True, delete="all", hide=True, like=True, private_reply=True),
    dms=True,
    message_statuses=("sent", "delivered", "read"),
    dm_interactive=True,
    dm_attachments=True,
    dm_window_hours=24,
    message_tags=(
        "HUMAN_AGENT",
        "ACCOUNT_UPDATE",
        "CONFIRMED_EVENT_UPDATE",
        "CUSTOMER_FEEDBACK",
        "POST_PURCHASE_UPDATE",
    ),
    mentions_list=True,
    mention_reply=True,
    delete_post=True,
    unpublish=True,
    edit_published=("text",),
    metrics=("likes", "comments", "shares"),
    reel_metrics=("likes", "comments", "views"),
    revokes_grant=True,
    ids={
        "": "1{digits:.15}",
        "post": "{owner}_1{digits:.14}",
        "comment": "1{digits:.14}_2{digits:.14}",
        "message": "m_{letters:.40}",
    },
    link="https://www.facebook.com/{id}",
    check=check,
)
