"""LinkedIn members: text with an article, an image, images or a video."""

from localapi.network.draft import FIELD_REQUIRED, Draft, Report
from localapi.network.options import check_booleans, check_choice, check_link, check_text, path
from localapi.network.platform import MEBIBYTE, CarouselRules, MediaRules, PlatformProfile, TextRules

CALLS_TO_ACTION = (
    "LEARN_MORE",
    "SIGN_UP",
    "DOWNLOAD",
    "REGISTER",
    "SUBSCRIBE",
    "APPLY",
    "REQUEST_DEMO",
    "JOIN",
    "ATTEND",
)


def check(draft: Draft, report: Report) -> None:
    data = draft.platform_data
    check_link(draft, report, "article_url")
    check_link(draft, report, "cta_url")
    check_choice(draft, report, "cta_label", CALLS_TO_ACTION)
    if not data.get("article_url"):
        if data.get("cta_label"):
            report.error(path("article_url"), "cta_label belongs to an article", FIELD_REQUIRED)
        for key in ("article_title", "article_description"):
            if data.get(key):
                report.warning(path(key), "has no effect without article_url")
    elif draft.media:
        report.warning(path("article_url"), "media take the place of the article")
    check_text(draft, report, "article_title", 400)
    check_text(draft, report, "alt_text", 4086)
    check_booleans(draft, report, "disable_reshare")
    alternatives = data.get("alt_texts")
    if alternatives is not None and not isinstance(alternatives, list | tuple):
        report.error(path("alt_texts"), "must be an array of strings, one an image")


PROFILE = PlatformProfile(
    slug="linkedin",
    name="LinkedIn",
    text=TextRules(max_length=3000, required=True),
    media=MediaRules(
        image_types=("image/jpeg", "image/png", "image/gif"),
        video_types=("video/mp4",),
        max_image_bytes=10 * MEBIBYTE,
        max_video_bytes=500 * MEBIBYTE,
        min_video_seconds=3,
        max_video_seconds=1800,
        max_video_fps=60,
    ),
    carousel=CarouselRules(supported=True, min_items=2, max_items=20, images_only=True),
    text_only=True,
    image=True,
    video=True,
    attachments=True,
    attachments_mix=True,
    visibilities=("public", "connections_only", "logged_in"),
    delete_post=True,
    unpublish=True,
    edit_published=("text",),
    metrics=("likes", "comments"),
    ids={"": "urn:li:share:7{digits:.18}", "comment": "7{digits:.18}"},
    link="https://www.linkedin.com/feed/update/{id}/",
    check=check,
)
