"""Whether a file fits a platform, as what, and what would: by the limits that the API tells, and by placement rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from server.media_intake.looking import Facts

_MEBIBYTE = 1024 * 1024
_NAMES = {
    "image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WebP", "image/bmp": "BMP",
    "image/tiff": "TIFF", "image/avif": "AVIF", "video/mp4": "MP4", "video/quicktime": "MOV", "video/webm": "WebM",
    "video/x-matroska": "MKV", "video/x-msvideo": "AVI", "video/*": "any video", "image/*": "any picture",
}  # fmt: skip
_NOUNS = {"image": "picture", "video": "video"}
_SAFE_CODECS = frozenset({"h264", "hevc", "vp8", "vp9", "av1"})
_FRAME_TOLERANCE = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """Where on a platform a file may appear, with what the platform documents for it."""

    name: str
    min_seconds: float = 0
    max_seconds: float = 0
    """Of a video; 0 is no bound."""
    is_portrait: bool = False
    """Shown in 9:16."""
    ratios: tuple[float, float] | None = None
    """Width by height, from and to."""


# Instagram and Facebook document these; the API's limits do not tell them apart.
_PLACEMENTS: Mapping[tuple[str, str], tuple[Placement, ...]] = {
    ("instagram", "image"): (
        Placement(name="feed", ratios=(0.8, 1.91)),
        Placement(name="carousel", ratios=(0.8, 1.91)),
        Placement(name="story", is_portrait=True),
    ),
    ("instagram", "video"): (
        Placement(name="reel", is_portrait=True),
        Placement(name="carousel"),
        Placement(name="story", is_portrait=True, max_seconds=60),
    ),
    ("facebook", "image"): (
        Placement(name="feed"),
        Placement(name="album"),
        Placement(name="story", is_portrait=True),
    ),
    ("facebook", "video"): (
        Placement(name="feed"),
        Placement(name="reel", is_portrait=True, min_seconds=3, max_seconds=90),
        Placement(name="story", is_portrait=True, min_seconds=3, max_seconds=90),
    ),
}


def fit(platform: str, limits: Mapping[str, Any] | None, facts: Facts) -> dict[str, Any]:
    """One row: `platform`, `fits_as` (placements), and as needed `why`, `instead`, `not_as` and `notes`.

    Args:
        platform: its name in the API.
        limits: the platform's entry in the answer of get_platform_constraints; None where it has none.
        facts: the file.
    """
    if limits is None:
        return _unfit(platform, "takes no posts, so no files for them", None)
    media: Mapping[str, Any] = limits.get("media") or {}
    types: Sequence[str] = media.get(f"supported_{facts.kind}_types") or ()
    if not types:
        return _without(platform, media, facts)
    wants, haves, remedies = _differences(media, types, facts)
    if wants:
        noun = _NOUNS[facts.kind]
        why = f"a {noun} must be {_joined(wants)}; this is {_joined(haves)}"
        return _unfit(platform, why, _joined(remedies, " and "))
    placements = _PLACEMENTS.get((platform, facts.kind)) or _general(limits, facts)
    return _placed(platform, placements, facts)


def _unfit(platform: str, why: str, instead: str | None) -> dict[str, Any]:
    row: dict[str, Any] = {"platform": platform, "fits_as": [], "why": why}
    return row if instead is None else {**row, "instead": instead}


def _without(platform: str, media: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    other = "video" if facts.kind == "image" else "image"
    others: Sequence[str] = media.get(f"supported_{other}_types") or ()
    if not others:
        return _unfit(platform, "posts there take no files of the media library", "post the text without it")
    return _unfit(
        platform,
        f"posts there take no {_NOUNS[facts.kind]}s, only {_NOUNS[other]}s",
        f"pass a {_NOUNS[other]} ({_names(others)})",
    )


def _differences(
    media: Mapping[str, Any], types: Sequence[str], facts: Facts
) -> tuple[list[str], list[str], list[str]]:
    """What is asked for, what the file has instead, and what would mend it: of whatever differs."""
    wants, haves, remedies = list[str](), list[str](), list[str]()

    def differs(want: str, have: str, remedy: str) -> None:
        wants.append(want)
        haves.append(have)
        remedies.append(remedy)

    if not any(fnmatchcase(facts.content_type, known) for known in types):
        best = _NAMES.get(types[0], types[0])
        differs(_names(types), _NAMES.get(facts.content_type, facts.content_type), f"convert it to {best}")
    largest = _number(media, f"max_{facts.kind}_size_bytes")
    if 0 < largest < facts.size_bytes:
        most = _size(largest)
        differs(f"at most {most}", _size(facts.size_bytes, than=largest), f"make it smaller than {most}")
    seconds = facts.duration_seconds
    if facts.kind == "video" and seconds is not None:
        longest, shortest = _number(media, "max_video_duration_sec"), _number(media, "min_video_duration_sec")
        if 0 < longest < seconds:
            differs(f"at most {longest:g} s long", f"{seconds:g} s long", f"cut it to {longest:g} s")
        if seconds < shortest:
            differs(f"at least {shortest:g} s long", f"{seconds:g} s long", f"make it {shortest:g} s or longer")
    fastest = _number(media, "max_video_fps")
    if facts.kind == "video" and 0 < fastest < (facts.frames_per_second or 0) - _FRAME_TOLERANCE:
        differs(
            f"at most {fastest:g} frames/s",
            f"{facts.frames_per_second:g} frames/s",
            f"export it at {fastest:g} frames/s",
        )
    return wants, haves, remedies


def _general(limits: Mapping[str, Any], facts: Facts) -> tuple[Placement, ...]:
    """Alone or among several, by the limits on carousels."""
    carousel: Mapping[str, Any] = limits.get("carousel") or {}
    is_supported = bool(carousel.get("supported"))
    if facts.kind == "video":
        together = is_supported and carousel.get("allow_video") and not carousel.get("images_only")
        return (Placement(name="video"), Placement(name="carousel")) if together else (Placement(name="video"),)
    if carousel.get("photos_only"):
        # Where only photos go together, a photo does not go alone.
        least, most = carousel.get("min_items"), carousel.get("max_items")
        return (Placement(name=f"one of {least} to {most} photos, not alone"),)
    return (Placement(name="image"), Placement(name="carousel")) if is_supported else (Placement(name="image"),)


def _placed(platform: str, placements: Sequence[Placement], facts: Facts) -> dict[str, Any]:
    fits = list[str]()
    not_as = dict[str, str]()
    notes = dict[str, None]()
    for place in placements:
        problem = _too_long_or_short(place, facts)
        if problem is None:
            fits.append(place.name)
            notes.update(dict.fromkeys(_advice(place, facts)))
        else:
            not_as[place.name] = problem
    notes.update(dict.fromkeys(_general_advice(platform, facts)))
    row: dict[str, Any] = {"platform": platform, "fits_as": fits}
    if not_as:
        row["not_as"] = not_as
    if notes:
        row["notes"] = list(notes)
    return row


def _too_long_or_short(place: Placement, facts: Facts) -> str | None:
    seconds = facts.duration_seconds
    if facts.kind != "video" or seconds is None:
        return None
    if 0 < place.max_seconds < seconds:
        return f"runs for at most {place.max_seconds:g} s; this runs for {seconds:g} s: cut it"
    if seconds < place.min_seconds:
        return f"runs for at least {place.min_seconds:g} s; this runs for {seconds:g} s"
    return None


def _advice(place: Placement, facts: Facts) -> list[str]:
    found = list[str]()
    size = f"this is {facts.width}x{facts.height}"
    if place.is_portrait and abs(facts.width * 16 - facts.height * 9) > facts.height * 0.2:
        found.append(f"a {place.name} is shown in 9:16; {size}")
    if place.ratios is not None and not place.ratios[0] <= facts.width / facts.height <= place.ratios[1]:
        found.append(f"outside 4:5 to 1.91:1 it may be refused or cropped; {size}")
    return found


def _general_advice(platform: str, facts: Facts) -> list[str]:
    found = list[str]()
    if platform == "instagram" and facts.content_type == "image/png":
        found.append("PNG may be refused; JPEG is safe")
    if facts.kind == "image" and facts.is_animated:
        found.append("it may be shown without moving; as MP4 it moves")
    if facts.kind == "video" and facts.codec is not None and facts.codec not in _SAFE_CODECS:
        found.append(f"the codec {facts.codec} may be refused; H.264 is safe")
    return found


def _number(media: Mapping[str, Any], name: str) -> float:
    value = media.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0


def _size(count: float, *, than: float | None = None) -> str:
    """In MB, with as many places as tell it from the limit."""
    text = f"{count / _MEBIBYTE:.1f}".removesuffix(".0")
    if than is not None and text == _size(than).removesuffix(" MB"):
        return f"{count:.0f} bytes"
    return f"{text} MB"


def _names(types: Sequence[str]) -> str:
    return _joined([_NAMES.get(name, name) for name in types], ", ", last=" or ")


def _joined(parts: Sequence[str], between: str = ", ", *, last: str | None = None) -> str:
    if last is not None and len(parts) > 1:
        return between.join(parts[:-1]) + last + parts[-1]
    return between.join(parts)
