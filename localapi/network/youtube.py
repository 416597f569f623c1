"""YouTube: one video with a title."""

from datetime import datetime

from localapi.network.draft import Draft, Report
from localapi.network.options import check_booleans, check_choice, path, strings
from localapi.network.platform import (
    GIBIBYTE,
    CommentCapabilities,
    MediaRules,
    PlatformProfile,
    SchedulingRules,
    TextRules,
    TitleRules,
)

MAX_TAG_CHARACTERS = 500


def check(draft: Draft, report: Report) -> None:
    if len(draft.media) > 1:
        report.error("media", f"exactly one video a post, not {len(draft.media)} items")
    publish_at = draft.platform_data.get("publish_at")
    if publish_at is not None:
        if draft.visibility not in (None, "private"):
            report.error(path("publish_at"), "a video that appears later has to be private until then")
        if not _is_timestamp(publish_at):
            report.error(path("publish_at"), "must be RFC 3339 with an offset")
    check_choice(draft, report, "license", ("youtube", "creativeCommon"))
    check_booleans(draft, report, "made_for_kids", "embeddable", "public_stats_viewable")
    check_booleans(draft, report, "contains_synthetic_media", "notify_subscribers")
    _check_tags(draft, report)
    title = draft.effective_title
    if title is not None and ("<" in title or ">" in title):
        report.error("title", "YouTube refuses angle brackets in titles")


def _is_timestamp(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _check_tags(draft: Draft, report: Report) -> None:
    value = draft.platform_data.get("tags")
    if value is None:
        return
    tags = strings(value)
    if tags is None:
        report.error(path("tags"), "must be an array of strings or comma-separated")
    elif (length := len(",".join(tags))) > MAX_TAG_CHARACTERS:
        report.error(path("tags"), f"tags are too long together ({length}/{MAX_TAG_CHARACTERS})")


PROFILE = PlatformProfile(
    slug="youtube",
    name="YouTube",
    text=TextRules(max_length=5000, counting_mode="bytes"),
    title=TitleRules(required=True, max_length=100),
    media=MediaRules(video_types=("video/*",), max_video_bytes=256 * GIBIBYTE, max_video_seconds=43_200),
    scheduling=SchedulingRules(mode="native"),
    video=True,
    first_comment=True,
    visibilities=("public", "private", "unlisted"),
    comments=CommentCapabilities(list=True, reply=True, delete="all", hide=True),
    delete_post=True,
    unpublish=True,
    edit_published=(
        "title",
        "text",
        "visibility",
        "tags",
        "category_id",
        "embeddable",
        "license",
        "public_stats_viewable",
        "made_for_kids",
        "contains_synthetic_media",
    ),
    metrics=("likes", "comments", "views"),
    revokes_grant=True,
    ids={"": "{letters:.11}", "comment": "Ugx{letters:.20}AaABAg"},
    link="https://www.youtube.com/watch?v={id}",
    check=check,
)
