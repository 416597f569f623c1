"""X: text posts and threads of them."""

from collections.abc import Sequence
from typing import cast

from localapi.network.draft import FIELD_REQUIRED, Draft, Report
from localapi.network.options import check_booleans, check_choice, path
from localapi.network.platform import CommentCapabilities, PlatformProfile, TextRules

MAX_LENGTH = 280
BOOLEANS = (
    "for_super_followers_only",
    "nullcast",
    "made_with_ai",
    "paid_partnership",
    "auto_populate_reply_metadata",
)
KNOWN = {
    *BOOLEANS,
    "reply_settings",
    "geo_place_id",
    "community_id",
    "in_reply_to_tweet_id",
    "exclude_reply_user_ids",
    "thread",
}


def check(draft: Draft, report: Report) -> None:
    data = draft.platform_data
    for key in sorted(set(data) - KNOWN):
        report.warning(path(key), "X does not know this option; it is left out")
    check_choice(draft, report, "reply_settings", ("following", "mentionedUsers", "subscribers", "verified"))
    check_booleans(draft, report, *BOOLEANS)
    thread = data.get("thread")
    if thread is None:
        return
    if not isinstance(thread, list | tuple):
        report.error(path("thread"), "must be an array of strings")
        return
    if draft.segments:
        report.error(path("thread"), "give either segments or thread, not both")
    for index, text in enumerate(cast("Sequence[object]", thread)):
        if not isinstance(text, str) or not text.strip():
            report.error(path("thread"), "every part of a thread needs text", FIELD_REQUIRED, segment_index=index)
        elif len(text) > MAX_LENGTH:
            report.error(path("thread"), f"part is too long ({len(text)}/{MAX_LENGTH})", segment_index=index)


PROFILE = PlatformProfile(
    slug="twitter",
    name="X",
    # No media of ours: the service publishes text only; ids of files already on X are passed through.
    text=TextRules(max_length=MAX_LENGTH),
    text_only=True,
    attachments=True,
    attachments_mix=True,
    segments=True,
    comments=CommentCapabilities(list=True, reply=True, delete="own", hide=True),
    dms=True,
    mentions_list=True,
    delete_post=True,
    unpublish=True,
    metrics=("likes", "comments", "shares", "views"),
    revokes_grant=True,
    ids={"": "19{digits:.17}"},
    link="https://x.com/{username}/status/{id}",
    check=check,
)
