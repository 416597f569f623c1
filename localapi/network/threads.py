"""Threads: short text with or without media."""

from localapi.network.draft import Draft, Report
from localapi.network.options import check_choice, check_link
from localapi.network.platform import (
    GIBIBYTE,
    MEBIBYTE,
    CarouselRules,
    CommentCapabilities,
    MediaRules,
    PlatformProfile,
    TextRules,
)

REPLY_CONTROLS = ("everyone", "accounts_you_follow", "mentioned_only")


def check(draft: Draft, report: Report) -> None:
    check_choice(draft, report, "reply_control", REPLY_CONTROLS)
    check_link(draft, report, "link_attachment")
    if draft.media and draft.platform_data.get("link_attachment"):
        report.warning("platform_data.link_attachment", "a link is shown on posts without media only")


PROFILE = PlatformProfile(
    slug="threads",
    name="Threads",
    text=TextRules(max_length=500, replaced_by=("link_attachment",)),
    media=MediaRules(
        image_types=("image/jpeg", "image/png"),
        video_types=("video/mp4", "video/quicktime"),
        max_image_bytes=8 * MEBIBYTE,
        max_video_bytes=GIBIBYTE,
        max_video_seconds=300,
        max_video_fps=60,
    ),
    carousel=CarouselRules(supported=True, min_items=2, max_items=20, allow_video=True),
    text_only=True,
    image=True,
    video=True,
    attachments=True,
    comments=CommentCapabilities(list=True, reply=True, delete="own", hide=True, hide_own=False),
    delete_post=True,
    unpublish=True,
    revokes_grant=True,
    ids={"": "18{digits:.15}"},
    link="https://www.threads.com/@{username}/post/{code}",
    check=check,
)
