"""The simulated platforms' rules: for each platform what passes, what is refused and what only warns."""

from dataclasses import replace
from typing import Any

import pytest

from localapi.network import PLATFORMS
from localapi.network.validation import Draft, DraftMedia, constraints, text_length, validate
from tools.fields import PLATFORMS as SLUGS
from tools.fields import SafeId
from tools.operation import Args

JPEG = DraftMedia(content_type="image/jpeg", width=1080, height=1080, size_bytes=200_000)
PNG = DraftMedia(content_type="image/png", width=1080, height=1080, size_bytes=200_000)
GIF = DraftMedia(content_type="image/gif")
WEBP = DraftMedia(content_type="image/webp")
MP4 = DraftMedia(content_type="video/mp4", width=1080, height=1920, size_bytes=9_000_000, duration_seconds=30)
LANDSCAPE = replace(MP4, width=1920, height=1080)
LONG = replace(MP4, duration_seconds=100_000)
SHORT = replace(MP4, duration_seconds=1)
HUGE = replace(JPEG, size_bytes=10**9)
PDF = DraftMedia(content_type="application/pdf")
UNKNOWN = DraftMedia(source_type="url")
ATTACHED = DraftMedia(source_type="platform_attachment_id", type="image")

GOOD: dict[str, Draft] = {
    "instagram": Draft(platform="instagram", text="Morning light", media=[JPEG], visibility="public"),
    "facebook": Draft(platform="facebook", text="Open at eight", first_comment="See you"),
    "threads": Draft(platform="threads", text="Short and warm"),
    "tiktok": Draft(platform="tiktok", text="Pour", media=[MP4], platform_data={"privacy_level": "SELF_ONLY"}),
    "youtube": Draft(platform="youtube", title="How we roast", media=[MP4], visibility="unlisted"),
    "twitter": Draft(platform="twitter", text="One", segments=["Two", "Three"]),
    "linkedin": Draft(platform="linkedin", text="We are hiring", visibility="connections_only"),
    "linkedin_page": Draft(platform="linkedin_page", text="We are hiring", visibility="logged_in"),
    "google": Draft(platform="google", text="New opening hours", media=[JPEG]),
    "pinterest": Draft(platform="pinterest", media=[JPEG], board_id="9001", title="Trails"),
}

INVALID, REQUIRED = "validation.field_invalid", "validation.field_required"
MISMATCH = "validation.media_type_mismatch"
DATE = {"year": 2030, "month": 5, "day": 2}


def data(platform: str, **options: object) -> Draft:
    return replace(GOOD[platform], platform_data={**GOOD[platform].platform_data, **options})


def draft(platform: str, **changes: Any) -> Draft:
    return replace(GOOD[platform], **changes)


def media(platform: str, *items: DraftMedia, **options: object) -> Draft:
    return replace(data(platform, **options), media=items)


def event(topic: str, **values: object) -> Draft:
    return data("google", topicType=topic, event=values)


ACCEPTED: list[Draft] = [
    *GOOD.values(),
    media("instagram", *[JPEG, MP4] * 5, content_type="carousel"),
    media("instagram", MP4, content_type="reel", collaborators="@one, two"),
    media("instagram", ATTACHED),
    media("instagram", UNKNOWN),
    media("facebook", *[JPEG] * 10),
    media("facebook", MP4, content_type="reel"),
    data("facebook", cta_type="SHOP_NOW", cta_link="https://a.example", min_age=18, max_age=65),
    Draft(platform="facebook", platform_data={"link": "https://a.example"}),
    media("threads", *[JPEG, MP4] * 10, reply_control="mentioned_only"),
    media("tiktok", *[JPEG] * 35),
    media("tiktok", WEBP, WEBP, photo_cover_index=1),
    data("tiktok", privacy_level="PUBLIC_TO_EVERYONE", brand_disclosure_on=True, brand_content_toggle=True),
    replace(data("youtube", publish_at="2030-01-01T00:00:00Z", tags="a, b"), visibility=None),
    draft("youtube", title=None, platform_data={"title": "Among the options"}),
    media("twitter", ATTACHED),
    replace(data("twitter", thread=["Two"], reply_settings="verified"), segments=()),
    media("linkedin", *[JPEG] * 20),
    media("linkedin", ATTACHED, JPEG),
    data("linkedin", article_url="https://a.example", cta_label="REGISTER"),
    event("EVENT", title="Tasting", schedule={"startDate": DATE, "endDate": DATE}),
    data("pinterest", link="https://a.example", alt_text="A path"),
]

REFUSED: list[tuple[Draft, str, str]] = [
    (draft("instagram", media=()), "media", REQUIRED),
    (draft("instagram", text="x" * 2201), "text", INVALID),
    (draft("instagram", text="#a " * 31), "text", INVALID),
    (draft("instagram", text="@a " * 21), "text", INVALID),
    (draft("instagram", content_type="story"), "content_type", INVALID),
    (media("instagram", JPEG, JPEG, content_type="feed"), "media", INVALID),
    (media("instagram", JPEG, content_type="reel"), "media", INVALID),
    (media("instagram", JPEG, content_type="carousel"), "media", INVALID),
    (media("instagram", JPEG, JPEG, content_type="stories"), "media", INVALID),
    (media("instagram", *[JPEG] * 11), "media", INVALID),
    (media("instagram", HUGE), "media", INVALID),
    (media("instagram", GIF), "media", INVALID),
    (media("instagram", PDF), "media", INVALID),
    (media("instagram", LONG), "media", INVALID),
    (media("instagram", SHORT), "media", INVALID),
    (media("instagram", ATTACHED, JPEG), "media", "publishing.media.mixing_unsupported"),
    (media("instagram", replace(ATTACHED, type=None)), "media", REQUIRED),
    (data("instagram", collaborators=["a", "b", "c", "d"]), "platform_data.collaborators", INVALID),
    (data("instagram", collaborators=7), "platform_data.collaborators", INVALID),
    (data("instagram", share_to_feed="yes"), "platform_data.share_to_feed", INVALID),
    (draft("facebook", text=" "), "text", REQUIRED),
    (draft("facebook", text="x" * 63_207), "text", INVALID),
    (media("facebook", JPEG, MP4), "media", INVALID),
    (media("facebook", MP4, MP4), "media", INVALID),
    (media("facebook", *[JPEG] * 11), "media", INVALID),
    (media("facebook", JPEG, content_type="reel"), "media", INVALID),
    (media("facebook", JPEG, MP4, content_type="stories"), "media", INVALID),
    (media("facebook", ATTACHED), "media", "publishing.media.unsupported_source"),
    (data("facebook", cta_type="SHOP_NOW"), "platform_data.cta_link", REQUIRED),
    (data("facebook", cta_link="https://a.example"), "platform_data.cta_type", REQUIRED),
    (data("facebook", min_age=12), "platform_data.min_age", INVALID),
    (data("facebook", max_age=66), "platform_data.max_age", INVALID),
    (data("facebook", min_age=30, max_age=20), "platform_data.min_age", INVALID),
    (data("facebook", link="ftp://a.example"), "platform_data.link", INVALID),
    (draft("threads", text="x" * 501), "text", INVALID),
    (draft("threads", text=""), "text", REQUIRED),
    (draft("threads", segments=["more"]), "segments", INVALID),
    (media("threads", *[JPEG] * 21), "media", INVALID),
    (media("threads", ATTACHED, MP4), "media", "publishing.media.mixing_unsupported"),
    (data("threads", reply_control="nobody"), "platform_data.reply_control", INVALID),
    (data("tiktok", privacy_level=None), "privacy_level", "privacy_level_required"),
    (data("tiktok", privacy_level="EVERYONE"), "privacy_level", INVALID),
    (draft("tiktok", media=()), "media", "platform.tiktok.media_required"),
    (draft("tiktok", text="\N{HOT BEVERAGE}\ufe0f" * 1101), "text", INVALID),
    (draft("tiktok", text="\N{PARTY POPPER}" * 1101), "text", INVALID),
    (replace(media("tiktok", JPEG, JPEG), text="x" * 91), "text", INVALID),
    (media("tiktok", JPEG), "media", MISMATCH),
    (media("tiktok", MP4, JPEG), "media", MISMATCH),
    (media("tiktok", MP4, MP4), "media", INVALID),
    (media("tiktok", MP4, media_type="photo"), "media", MISMATCH),
    (media("tiktok", JPEG, media_type="photo"), "media", INVALID),
    (media("tiktok", *[JPEG] * 36), "media", INVALID),
    (media("tiktok", PNG, JPEG), "media", "validation.unsupported_photo_format"),
    (media("tiktok", JPEG, JPEG, photo_cover_index=2), "platform_data.photo_cover_index", INVALID),
    (data("tiktok", brand_content_toggle=True), "brand_content", INVALID),
    (data("tiktok", brand_disclosure_on=True), "brand_content", INVALID),
    (data("tiktok", media_type="gif"), "platform_data.media_type", INVALID),
    (draft("youtube", title=None), "title", REQUIRED),
    (draft("youtube", title="x" * 101), "title", INVALID),
    (draft("youtube", text="é" * 2501), "text", INVALID),
    (draft("youtube", media=()), "media", REQUIRED),
    (draft("youtube", media=(MP4, MP4)), "media", INVALID),
    (draft("youtube", media=(JPEG,)), "media", INVALID),
    (draft("youtube", media=(ATTACHED,)), "media", "publishing.media.unsupported_source"),
    (draft("youtube", visibility="connections_only"), "visibility", INVALID),
    (data("youtube", publish_at="2030-01-01T00:00:00Z"), "platform_data.publish_at", INVALID),
    (replace(data("youtube", publish_at="soon"), visibility="private"), "platform_data.publish_at", INVALID),
    (data("youtube", license="mit"), "platform_data.license", INVALID),
    (data("youtube", tags=["x" * 501]), "platform_data.tags", INVALID),
    (draft("twitter", text=""), "text", REQUIRED),
    (draft("twitter", text="x" * 281), "text", INVALID),
    (draft("twitter", segments=["fine", "x" * 281]), "text", INVALID),
    (draft("twitter", segments=[" "]), "text", REQUIRED),
    (media("twitter", JPEG), "media", INVALID),
    (media("twitter", UNKNOWN), "media", INVALID),
    (data("twitter", reply_settings="all"), "platform_data.reply_settings", INVALID),
    (data("twitter", thread=["Two"]), "platform_data.thread", INVALID),
    (replace(data("twitter", thread=["x" * 281]), segments=()), "platform_data.thread", INVALID),
    (draft("linkedin", text="", media=[JPEG]), "text", REQUIRED),
    (draft("linkedin", text="x" * 3001), "text", INVALID),
    (draft("linkedin", visibility="unlisted"), "visibility", INVALID),
    (media("linkedin", JPEG, MP4), "media", INVALID),
    (media("linkedin", *[JPEG] * 21), "media", INVALID),
    (data("linkedin", cta_label="REGISTER"), "platform_data.article_url", REQUIRED),
    (data("linkedin", article_url="https://a.example", cta_label="BUY"), "platform_data.cta_label", INVALID),
    (draft("linkedin_page", visibility="connections_only"), "visibility", INVALID),
    (draft("linkedin_page", text=""), "text", REQUIRED),
    (draft("google", text=""), "text", REQUIRED),
    (media("google", MP4), "media", INVALID),
    (media("google", ATTACHED), "media", "publishing.media.unsupported_source"),
    (data("google", topicType="NEWS"), "platform_data.topicType", INVALID),
    (data("google", topicType="ALERT"), "platform_data.alertType", REQUIRED),
    (event("EVENT", schedule={"startDate": DATE, "endDate": DATE}), "platform_data.event.title", REQUIRED),
    (event("EVENT", title="Tasting", schedule={"endDate": DATE}), "platform_data.event.schedule.startDate", REQUIRED),
    (
        event("OFFER", title="Two for one", schedule={"startDate": DATE, "endDate": {**DATE, "year": 2029}}),
        "platform_data.event.schedule.endDate",
        INVALID,
    ),
    (draft("pinterest", board_id=None), "board_id", "validation.board_id_required"),
    (data("pinterest", board_id="9001"), "platform_data.board_id", "validation.use_board_id"),
    (draft("pinterest", media=()), "media", REQUIRED),
    (draft("pinterest", media=(JPEG, JPEG)), "media", INVALID),
    (draft("pinterest", media=(MP4,)), "media", INVALID),
    (draft("pinterest", text="x" * 801), "text", INVALID),
    (draft("pinterest", title="x" * 101), "title", INVALID),
    (data("pinterest", alt_text="x" * 501), "platform_data.alt_text", INVALID),
    (data("pinterest", link="https://a.example/" + "x" * 2048), "platform_data.link", INVALID),
    (data("pinterest", link="a.example"), "platform_data.link", INVALID),
    (Draft(platform="telegram", text="Hello"), "platform", "resource.not_supported"),
    (Draft(platform="whatsapp", text="Hello"), "platform", "resource.not_supported"),
    (Draft(platform="myspace", text="Hello"), "platform", INVALID),
]

WARNED: list[tuple[Draft, str]] = [
    (media("instagram", PNG), "media"),
    (media("instagram", replace(JPEG, width=400)), "media"),
    (media("instagram", LANDSCAPE, content_type="reel"), "media"),
    (draft("instagram", content_type="stories"), "text"),
    (
        data("instagram", cover_url="https://a.example/c.jpg", video_cover_timestamp_ms=5),
        "platform_data.video_cover_timestamp_ms",
    ),
    (media("facebook", LANDSCAPE, content_type="reel"), "media"),
    (media("facebook", replace(MP4, duration_seconds=120), content_type="reel"), "media"),
    (media("facebook", replace(PNG, size_bytes=2_000_000), content_type="stories"), "media"),
    (media("facebook", MP4, content_type="stories"), "first_comment"),
    (draft("facebook", content_type="event"), "content_type"),
    (draft("threads", first_comment="Hi"), "first_comment"),
    (draft("threads", visibility="private"), "visibility"),
    (media("tiktok", JPEG, JPEG, disable_duet=True), "platform_data.disable_duet"),
    (data("twitter", colour="red"), "platform_data.colour"),
    (draft("google", text="x" * 1501), "text"),
    (media("google", JPEG, JPEG), "media"),
]


@pytest.mark.parametrize("accepted", ACCEPTED, ids=lambda d: d.platform)
def test_good_drafts_pass(accepted: Draft) -> None:
    assert validate(accepted).errors == []


@pytest.mark.parametrize(("refused", "field", "code"), REFUSED)
def test_bad_drafts_are_refused(refused: Draft, field: str, code: str) -> None:
    report = validate(replace(refused, account_id="acc_1"))
    assert not report.valid
    assert {(issue.field, issue.code) for issue in report.errors} == {(field, code)}
    assert {(issue.platform, issue.target) for issue in report.errors} == {(refused.platform, "acc_1")}


@pytest.mark.parametrize(("warned", "field"), WARNED)
def test_doubtful_drafts_warn_and_pass(warned: Draft, field: str) -> None:
    report = validate(warned)
    assert report.valid
    assert field in {issue.field for issue in report.warnings}


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("value", [None, "", "x", 7, -1.5, True, [], [1], {}, {"a": None}])
def test_no_option_of_a_wrong_type_breaks_the_check(slug: str, value: object) -> None:
    keys = {field.removeprefix("platform_data.").split(".")[0] for _, field, _ in REFUSED}
    options = dict.fromkeys([*keys, "content_type", "title", "tags", "thread", "alt_texts", "event"], value)
    validate(Draft(platform=slug, platform_data=options, media=[UNKNOWN, JPEG]))


def test_messages_show_the_length_and_the_limit() -> None:
    assert "(2350/2200)" in validate(draft("instagram", text="x" * 2350)).errors[0].message
    assert "(10000/5000)" in validate(draft("youtube", text="é" * 5000)).errors[0].message


def test_segments_are_named_by_their_position() -> None:
    report = validate(draft("twitter", segments=["fine", "x" * 281]))
    assert [issue.segment_index for issue in report.errors] == [1]


def test_length_is_counted_in_the_platforms_unit() -> None:
    text = "a\N{PARTY POPPER}"
    assert [text_length(text, mode) for mode in ("chars", "utf16", "bytes")] == [2, 3, 5]


def test_platforms_are_those_of_the_tools() -> None:
    assert tuple(PLATFORMS) == SLUGS


class _WithId(Args):
    id: SafeId


@pytest.mark.parametrize("slug", SLUGS)
def test_native_ids_are_stable_distinct_and_usable_in_paths(slug: str) -> None:
    profile = PLATFORMS[slug]
    for kind in ("post", "comment", "message", "review"):
        ids = {profile.native_id(f"{number:032x}", kind, "100200300400") for number in range(200)}
        assert len(ids) == 200
        assert profile.native_id("ab", kind) == profile.native_id("ab", kind)
        for native_id in ids:
            _WithId(id=native_id)
    link = profile.permalink(profile.native_id("ab"), "@aurora")
    assert link.startswith("https://") is profile.publishes
    assert "{" not in link


@pytest.mark.parametrize("slug", SLUGS)
def test_constraints_have_the_shape_of_the_api(slug: str) -> None:
    profile = PLATFORMS[slug]
    shape = constraints(profile)
    assert set(shape) == {
        "text",
        "media",
        "carousel",
        "scheduling",
        "supports_platform_attachment_id",
        "supports_mixed_media",
    }
    assert shape["scheduling"] == {"supported": profile.publishes, "mode": profile.scheduling.mode}
