"""The name that a file gets in the library: readable, harmless, and with the ending of what the file is."""

import re

from auth.display import visible

LONGEST = 100
# What an ending says is replaced where it is wrong; any other ending is part of the name.
_MEANS = {
    "jpg": "jpg", "jpeg": "jpg", "jpe": "jpg", "png": "png", "apng": "png", "gif": "gif", "webp": "webp", "bmp": "bmp",
    "tiff": "tiff", "tif": "tiff", "avif": "avif", "mp4": "mp4", "m4v": "mp4", "mov": "mov", "qt": "mov",
    "webm": "webm", "mkv": "mkv", "avi": "avi",
    **dict.fromkeys(("heic", "svg", "html", "htm", "php", "exe", "txt", "bin"), ""),
}  # fmt: skip
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|%;\'`$&{}\[\]]+')


def library_name(given: str, extension: str) -> str:
    """A name of at most 100 characters, made of whatever was given; the ending is `extension` or means the same."""
    last = given.replace("\\", "/").rpartition("/")[2]
    plain = _NOT_IN_NAMES.sub("-", visible(last, 255)).strip(" .-")
    stem, dot, ending = plain.rpartition(".")
    meaning = _MEANS.get(ending.lower()) if dot else None
    if meaning is None:
        stem = plain
    stem = stem.strip(" .-")[: LONGEST - 6].rstrip(" .-") or "upload"
    return f"{stem}.{ending if meaning == extension else extension}"
