"""Pinterest: one image, pinned to a board."""

from localapi.network.draft import Draft, Report
from localapi.network.options import check_link, check_text, path
from localapi.network.platform import MEBIBYTE, MediaRules, PlatformProfile, TextRules, TitleRules


def check(draft: Draft, report: Report) -> None:
    if "board_id" in draft.platform_data:
        report.error(path("board_id"), "name the board in the target's board_id", "validation.use_board_id")
    elif not draft.board_id:
        report.error("board_id", "a pin needs a board", "validation.board_id_required")
    if len(draft.media) > 1:
        report.error("media", f"exactly one image a pin, not {len(draft.media)} items")
    check_link(draft, report, "link")
    check_text(draft, report, "alt_text", 500)
    check_text(draft, report, "description", PROFILE.text.max_length)


PROFILE = PlatformProfile(
    slug="pinterest",
    name="Pinterest",
    text=TextRules(max_length=800),
    title=TitleRules(max_length=100),
    media=MediaRules(
        image_types=("image/jpeg", "image/png", "image/bmp", "image/tiff", "image/gif", "image/webp"),
        max_image_bytes=20 * MEBIBYTE,
    ),
    image=True,
    delete_post=True,
    unpublish=True,
    metrics=("saves",),
    ids={"": "1{digits:.17}"},
    link="https://www.pinterest.com/pin/{id}/",
    check=check,
)
