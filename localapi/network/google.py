"""Google Business Profile: local posts with at most one image, and reviews."""

from collections.abc import Mapping
from typing import cast

from localapi.network.draft import FIELD_REQUIRED, Draft, Report
from localapi.network.options import check_choice, path
from localapi.network.platform import MEBIBYTE, MediaRules, PlatformProfile, TextRules

TOPICS = ("STANDARD", "EVENT", "OFFER", "ALERT")


def check(draft: Draft, report: Report) -> None:
    check_choice(draft, report, "topicType", TOPICS)
    topic = draft.platform_data.get("topicType")
    if topic in ("EVENT", "OFFER"):
        _check_event(draft, report, str(topic))
    if topic == "ALERT" and not draft.platform_data.get("alertType"):
        report.error(path("alertType"), "an alert needs its type", FIELD_REQUIRED)
    if draft.platform_data.get("offer") and topic != "OFFER":
        report.warning(path("offer"), "is used with topicType OFFER only")
    if len(draft.media) > 1 and not draft.count("video"):
        report.warning("media", f"one image is shown; {len(draft.media) - 1} left out")


def _check_event(draft: Draft, report: Report, topic: str) -> None:
    event = _map(draft.platform_data.get("event"))
    if not event.get("title"):
        report.error(path("event.title"), f"{topic} posts need a title", FIELD_REQUIRED)
    schedule = _map(event.get("schedule"))
    dates: list[tuple[int, ...]] = []
    for key in ("startDate", "endDate"):
        date = _map(schedule.get(key))
        parts = tuple(part for name in ("year", "month", "day") if isinstance(part := date.get(name), int))
        if len(parts) < 3:
            report.error(path(f"event.schedule.{key}"), "needs year, month and day", FIELD_REQUIRED)
        else:
            dates.append(parts)
    if len(dates) == 2 and dates[1] < dates[0]:
        report.error(path("event.schedule.endDate"), "lies before startDate")


def _map(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


PROFILE = PlatformProfile(
    slug="google",
    name="Google Business Profile",
    connect="profiles",
    text=TextRules(max_length=1500, required=True, advisory=True),
    media=MediaRules(image_types=("image/jpeg", "image/png"), max_image_bytes=5 * MEBIBYTE),
    text_only=True,
    image=True,
    reviews=True,
    delete_post=True,
    unpublish=True,
    edit_published=("text", "event", "offer", "alertType", "callToAction", "updateMask"),
    retry=False,
    revokes_grant=True,
    ids={"": "{digits:.19}", "review": "AbFvOq{letters:.40}"},
    link="https://local.google.com/place?lpsid={id}",
    check=check,
)
