"""What a post will look like on each platform: how much text shows, what counts, what stands beside it."""

import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from server import results

_LINK = re.compile(r"https?://[^\s<>\"]+")
_HASHTAG = re.compile(r"(?<![\w#&/])#\w+")
_MENTION = re.compile(r"(?<![\w@/])@\w[\w.]*")
_AFTER_A_LINK = ".,;:!?)]}'\u2019”…"
# docs.x.com, counting characters: these ranges weigh one, everything else two, a link 23, an emoji two as a whole.
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
_LINK_WEIGHT = 23
_JOINER, _VARIATION = 0x200D, 0xFE0F
_SKIN_TONES, _FLAG_LETTERS = range(0x1F3FB, 0x1F400), range(0x1F1E6, 0x1F200)
_TEXT_LENGTH, _BESIDE_LENGTH, _END_LENGTH = 300, 80, 24
_PHOTO_SET = 2


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a platform shows posts."""

    label: str
    fold: int | None = None
    """About how many characters a feed shows before “more”; None where it shows all. Apps change it now and then."""
    links_work: bool = True
    """Whether an address in the text can be followed."""
    title: bool = False
    link_option: str | None = None
    """The option that puts a link with its card beside the text."""


LOOKS: Mapping[str, Look] = {
    "instagram": Look(label="Instagram", fold=125, links_work=False),
    "facebook": Look(label="Facebook", fold=477, link_option="link"),
    "threads": Look(label="Threads", link_option="link_attachment"),
    "tiktok": Look(label="TikTok", fold=100, links_work=False),
    "youtube": Look(label="YouTube", fold=150, title=True),
    "twitter": Look(label="X"),
    "linkedin": Look(label="LinkedIn", fold=210, link_option="article_url"),
    "linkedin_page": Look(label="LinkedIn page", fold=210, link_option="article_url"),
    "google": Look(label="Google"),
    "pinterest": Look(label="Pinterest", fold=50, title=True, link_option="link"),
}
_UNITS = {"utf16": "UTF-16 units", "bytes": "bytes"}


def counted(text: str, platform: str, counting_mode: str | None) -> tuple[int, str]:
    """The length as the platform counts it, and the unit: the API's rule, but X weighs characters."""
    if platform == "twitter":
        return _weighted(text), "weighted characters"
    if counting_mode == "bytes":
        return len(text.encode()), _UNITS["bytes"]
    if counting_mode == "utf16":
        return len(text.encode("utf-16-le")) // 2, _UNITS["utf16"]
    return len(text), "characters"


def _weighted(text: str) -> int:
    bare, links = text, links_in(text)
    for link in sorted(links, key=len, reverse=True):
        bare = bare.replace(link, "")
    weight, glued, flag_open = len(links) * _LINK_WEIGHT, False, False
    for code in map(ord, bare):
        is_part = glued or code in {_JOINER, _VARIATION} or code in _SKIN_TONES or (flag_open and code in _FLAG_LETTERS)
        flag_open = code in _FLAG_LETTERS and not flag_open
        glued = code == _JOINER
        if not is_part:
            weight += 1 if any(low <= code <= high for low, high in _LIGHT) else 2
    return weight


def links_in(text: str) -> list[str]:
    """The addresses in a text, in order."""
    return [found.rstrip(_AFTER_A_LINK) for found in _LINK.findall(text)]


def preview(
    target: Mapping[str, Any],
    post: Mapping[str, Any],
    account: Mapping[str, Any],
    limits: Mapping[str, Any],
    files: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """How one target will look.

    Args:
        target: as create_post takes it.
        post: all arguments of create_post.
        account: as list_accounts has it.
        limits: the platform's, as get_platform_constraints has them; may be empty.
        files: library id → as list_media has it, as far as it is known.
    """
    platform = str(account.get("platform"))
    look = LOOKS.get(platform, Look(label=platform))
    options: Mapping[str, Any] = target.get("platform_data") or {}
    media = [_file(item, files) for item in target.get("media", post.get("media")) or []]
    text = str(target.get("text", post.get("text")) or "")
    placement = options.get("content_type")
    shown = _shown(text, look, limits.get("text") or {}, platform=platform, is_photos=_is_photos(options, media))
    if placement == "stories" and text:
        shown |= {"shown": "", "left_out": "stories show no text"}
    title = target.get("title") or options.get("title")
    return _without_empty(
        {
            "account_id": target["account_id"],
            "account": name_of(account),
            "platform": platform,
            "page_id": target.get("page_id"),
            "board_id": target.get("board_id"),
            "placement": placement,
            "visibility": target.get("visibility") or options.get("privacy_level") or "public",
            "text": shown,
            "hashtags": _HASHTAG.findall(_LINK.sub(" ", text)),
            "mentions": [name.rstrip(".") for name in _MENTION.findall(_LINK.sub(" ", text))],
            "links": links_in(text),
            "links_work": look.links_work if links_in(text) else None,
            "link_card": options.get(look.link_option) if look.link_option else None,
            "title": title if look.title or "title" in options else None,
            "title_left_out": True if title and not look.title and "title" not in options else None,
            "first_comment": target.get("first_comment"),
            "media": media,
        }
    )


def name_of(account: Mapping[str, Any]) -> str:
    """“Instagram, Aurora Coffee (@auroracoffee)”."""
    platform = str(account.get("platform"))
    label = LOOKS[platform].label if platform in LOOKS else platform
    name, user = account.get("page_name") or account.get("name"), str(account.get("username") or "").removeprefix("@")
    parts = [_line(str(name)) if name else "", f"(@{_line(user)})" if user else ""]
    return f"{label}, {' '.join(part for part in parts if part)}".rstrip(", ")


def _shown(text: str, look: Look, rules: Mapping[str, Any], *, platform: str, is_photos: bool) -> dict[str, Any]:
    mode = rules.get("counting_mode")
    length, unit = counted(text, platform, mode)
    limit = (rules.get("photo_max_length") if is_photos else None) or rules.get("max_length") or None
    visible = text
    while limit and visible and counted(visible, platform, mode)[0] > limit:
        # Each step takes at least one character, and most of the excess.
        excess = counted(visible, platform, mode)[0] - limit
        visible = visible[: -max(1, excess // 4)]
    is_cut = len(visible) < len(text)
    folds = look.fold is not None and len(visible) > look.fold
    if folds:
        visible = visible[: look.fold].rstrip()
    return {
        "shown": visible,
        "folds": folds or None,
        "cut": is_cut or None,
        "length": length,
        "limit": limit,
        "unit": unit,
    }


def _is_photos(options: Mapping[str, Any], media: Sequence[Mapping[str, Any]]) -> bool:
    stated = options.get("media_type")
    images = [item for item in media if str(item.get("type", "")).startswith("image")]
    return stated == "photo" if stated else len(images) >= _PHOTO_SET and len(images) == len(media)


def _file(item: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    source = str(item["source"])
    known = files.get(source, {})
    name, kind = known.get("filename"), known.get("content_type")
    if item["source_type"] == "url":
        name = unquote(urlsplit(source).path.rpartition("/")[2])
        kind = mimetypes.guess_type(name)[0]
    return _without_empty({"source": source, "name": _line(str(name)) if name else None, "type": kind})


def lines(previews: Sequence[Mapping[str, Any]], text: str) -> list[str]:
    """The previews for reading: the common text once, and of each target what is its own."""
    shown = [f"text: “{_line(text, _TEXT_LENGTH)}”"] if text else []
    for number, one in enumerate(previews, 1):
        shown.append(f"{number}. {_head(one)}")
        shown += [f"   {part}" for part in _parts(one, text)]
    return shown


def _head(one: Mapping[str, Any]) -> str:
    places = [f"{kind.removesuffix('_id')} {one[kind]}" for kind in ("page_id", "board_id") if one.get(kind)]
    said = [str(one["placement"])] if one.get("placement") else []
    return ", ".join([f"{one['account']} [{one['account_id']}]", *map(_line, [*places, *said, str(one["visibility"])])])


def _parts(one: Mapping[str, Any], common: str) -> list[str]:
    parts = [_text_part(one["text"], common)]
    for what in ("hashtags", "mentions", "links"):
        if found := one.get(what):
            parts[0] += f"; {len(found)} {what if len(found) > 1 else what[:-1]}"
    if one.get("links_work") is False:
        parts[0] += " (not clickable there)"
    beside = [what for what in ("title", "first_comment", "link_card") if one.get(what)]
    parts += [f"{what.replace('_', ' ')}: “{_line(str(one[what]), _BESIDE_LENGTH)}”" for what in beside]
    if one.get("title_left_out"):
        parts.append("title: not shown there")
    if media := one.get("media"):
        named = [f"{place} {_line(str(item.get('name') or item['source']))}" for place, item in enumerate(media, 1)]
        parts.append("media: " + ", ".join(named[:4]) + (f" and {len(named) - 4} more" if len(named) > 4 else ""))
    parts += [f"mend: {problem}" for problem in one.get("problems", ())]
    return parts + [f"note: {warning}" for warning in one.get("warnings", ())]


def _text_part(text: Mapping[str, Any], common: str) -> str:
    bounds = f" of {text['limit']}" if text.get("limit") else ""
    part = f"text {text['length']}{bounds} {text['unit']}"
    visible = str(text["shown"])
    if text.get("left_out"):
        return f"{part}; {text['left_out']}"
    if visible and not common.startswith(visible):
        part += f": “{_line(visible, _TEXT_LENGTH)}”"
    ends = f"“…{_line(visible[-_END_LENGTH:])}”"
    if text.get("folds"):
        return f"{part}; “more” after about {len(visible)}: {ends}"
    return f"{part}; cut after {ends}" if text.get("cut") else part


_NO_FENCE = str.maketrans("«»", "  ")
"""A name must not look like the end of a quotation."""


def _line(text: str, length: int = 60) -> str:
    line = " ".join(results.plain(text[: length + 1]).translate(_NO_FENCE).split())
    return line if len(text) <= length else f"{line[:length]}…"


def _without_empty(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_empty(value) if isinstance(value, Mapping) else value
        for name, value in found.items()
        if value not in (None, [], {})
    }
