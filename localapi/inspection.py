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
_STILL_BRANDS = tuple(b"ftyp" + brand for brand in (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis"))
_STARTS: tuple[tuple[bytes, int, str], ...] = (
    (b"ftyp", 4, "mov"),
    (b"moov", 4, "mov"),
    (b"mdat", 4, "mov"),
    (b"wide", 4, "mov"),
    (b"\x1a\x45\xdf\xa3", 0, "matroska"),
    (b"AVI ", 8, "avi"),
    (b"WAVE", 8, "wav"),
    (b"OggS", 0, "ogg"),
    (b"fLaC", 0, "flac"),
    (b"ID3", 0, "mp3"),
    (b"\xff\xfb", 0, "mp3"),
    (b"\xff\xf3", 0, "mp3"),
    (b"\xff\xf2", 0, "mp3"),
    (b"\xff\xf1", 0, "aac"),
    (b"\xff\xf9", 0, "aac"),
)
"""Bytes, where they stand, and FFmpeg's name for the one reader that is tried."""
_VIDEOS = {"mov": "video/mp4", "matroska": "video/x-matroska", "avi": "video/x-msvideo"}
_AUDIO = {"mp3": "audio/mpeg", "ogg": "audio/ogg", "wav": "audio/wav", "flac": "audio/flac", "aac": "audio/aac"}


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
        start = opened.read(64)
        # HEIF and AVIF are pictures in the container of films (ISO 23008-12).
        if start[4:12] in _STILL_BRANDS:
            return None
        reader = next((name for sign, at, name in _STARTS if start[at : at + len(sign)] == sign), None)
        if reader is None:
            return None
        opened.seek(0)
        try:
            # From the open file and by its one reader: lists of films and references lead to no other file or address.
            with av.open(opened, mode="r", format=reader, metadata_errors="ignore") as container:
                seconds = container.duration / av.time_base if container.duration else None
                # The cover of a song is a stream of one picture.
                moving = [one for one in container.streams.video if not one.disposition & Disposition.attached_pic]
                if not moving:
                    content_type = _AUDIO.get(reader, "audio/mp4")
                    has_sound = bool(container.streams.audio)
                    sound = Inspection(content_type=content_type, kind="audio", duration_seconds=seconds)
                    return sound if has_sound else None
                if reader not in _VIDEOS:
                    return None
                video = moving[0]
                return Inspection(
                    content_type=_film_type(reader, start),
                    kind="video",
                    width=video.width,
                    height=video.height,
                    duration_seconds=seconds,
                )
        except (FFmpegError, OSError, ValueError):
            return None


def _film_type(reader: str, start: bytes) -> str:
    if reader == "matroska" and b"webm" in start:
        return "video/webm"
    # ISO 14496-12 §4.3: the brand stands behind the type of the box; QuickTime of old has no such box.
    if reader == "mov" and (start[8:12] == b"qt  " or start[4:8] != b"ftyp"):
        return "video/quicktime"
    return _VIDEOS[reader]


def _plain(file: Path) -> Inspection:
    with file.open("rb") as opened:
        start = opened.read(8)
    content_type = "application/pdf" if start.startswith(b"%PDF-") else "application/octet-stream"
    return Inspection(content_type=content_type, kind="file")
