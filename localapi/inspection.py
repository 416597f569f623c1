"""What a file really is, read from its bytes: names and headers are only claims."""

import warnings
from dataclasses import dataclass
from pathlib import Path

MAX_PIXELS = 200_000_000
"""A picture with more is taken for a decompression bomb."""

DECODED_PIXELS = 40_000_000
"""Larger ones are checked less closely, so that one upload does not take half a gigabyte of memory."""

_IMAGES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp", "BMP": "image/bmp",
           "TIFF": "image/tiff", "MPO": "image/jpeg", "AVIF": "image/avif"}  # fmt: skip
_VIDEOS = (
    ("webm", "video/webm"),
    ("matroska", "video/x-matroska"),
    ("avi", "video/x-msvideo"),
    ("mp4", "video/mp4"),
)
_STILL_BRANDS = tuple(b"ftyp" + brand for brand in (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis"))
_AUDIO = {"mp3": "audio/mpeg", "ogg": "audio/ogg", "wav": "audio/wav", "flac": "audio/flac"}


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """The type by the bytes; width and height in pixels, duration in seconds, where there are any."""

    content_type: str
    kind: str
    """image, video, audio or file."""
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None


def inspect(file: Path) -> Inspection:
    """Look at a file; never raises for what it contains. Blocks: call it in a thread."""
    return _image(file) or _moving(file) or _plain(file)


def _image(file: Path) -> Inspection | None:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    # All formats: named ones are looked for among those that are loaded already.
    Image.init()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=[name for name in _IMAGES if name in Image.OPEN]) as image:
                width, height = image.size
                content_type = _IMAGES[image.format or ""]
                # A header alone is a claim too: a truncated or forged picture fails here.
                if width * height <= DECODED_PIXELS:
                    image.load()
                else:
                    image.verify()
    except (OSError, SyntaxError, ValueError, KeyError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    return Inspection(content_type=content_type, kind="image", width=width, height=height)


def _moving(file: Path) -> Inspection | None:
    import av
    from av.error import FFmpegError
    from av.stream import Disposition

    with file.open("rb") as opened:
        start = opened.read(12)
    # HEIF and AVIF are pictures in the container of films (ISO 23008-12).
    if start[4:] in _STILL_BRANDS:
        return None
    try:
        with av.open(str(file), metadata_errors="ignore") as container:
            names = container.format.name
            seconds = container.duration / av.time_base if container.duration else None
            # The cover of a song is a stream of one picture.
            moving = [one for one in container.streams.video if not one.disposition & Disposition.attached_pic]
            if moving:
                video = moving[0]
                content_type = next((kind for sign, kind in _VIDEOS if sign in names), None)
                if content_type is None:
                    return None
                if content_type == "video/mp4" and start[8:12] == b"qt  ":
                    content_type = "video/quicktime"
                return Inspection(
                    content_type=content_type,
                    kind="video",
                    width=video.width,
                    height=video.height,
                    duration_seconds=seconds,
                )
            if container.streams.audio:
                content_type = next((kind for sign, kind in _AUDIO.items() if sign in names), "audio/mp4")
                return Inspection(content_type=content_type, kind="audio", duration_seconds=seconds)
    except (FFmpegError, OSError, ValueError):
        return None
    return None


def _plain(file: Path) -> Inspection:
    with file.open("rb") as opened:
        start = opened.read(8)
    content_type = "application/pdf" if start.startswith(b"%PDF-") else "application/octet-stream"
    return Inspection(content_type=content_type, kind="file")
