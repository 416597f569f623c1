"""Decodes one file and tells its facts, as a process of its own: hostile bytes meet no memory or secret of the server.

Run by `inspection.inspect`, with the path as its argument; prints one JSON object.
"""

import json
import math
import sys
import warnings
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from server.media_intake.signatures import Form, Refused, recognise

MAX_MEMORY_BYTES = 2 * 1024**3
MAX_PROCESSOR_SECONDS = 60
MAX_FRAMES = 2000
MAX_FRAME_PIXELS = 400_000_000
"""Of all frames of an animation together."""
_TURNED = frozenset({5, 6, 7, 8})
"""EXIF orientations in which width and height are exchanged."""
_ANIMATED = frozenset({"GIF", "PNG", "WEBP", "AVIF"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a file is, by its bytes. Width and height in pixels, as it is shown; None is unknown or does not apply."""

    kind: str
    """image or video."""
    content_type: str
    extension: str
    size_bytes: int
    width: int
    height: int
    is_animated: bool = False
    """A picture that moves."""
    duration_seconds: float | None = None
    codec: str | None = None
    audio_codec: str | None = None
    frames_per_second: float | None = None


def look(path: Path) -> Facts:
    """The facts of a file.

    Raises:
        Refused: it is no picture or video that can be used.
    """
    size = path.stat().st_size
    if not size:
        raise Refused("the file is empty")
    with path.open("rb") as file:
        form = recognise(file, size)
        file.seek(0)
        return _picture(file, form, size) if form.kind == "image" else _film(file, form, size)


def _picture(file: BinaryIO, form: Form, size: int) -> Facts:
    from PIL import Image

    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    Image.init()
    if form.reader not in Image.OPEN:
        raise Refused(f"{form.extension.upper()} pictures cannot be read here; convert it to JPEG or PNG")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=[form.reader]) as image:
                # Read whole: a header alone is only a claim.
                image.load()
                moves = form.reader in _ANIMATED and bool(getattr(image, "is_animated", False))
                seconds = _play(image) if moves else None
                width, height = image.size
                if image.getexif().get(0x0112) in _TURNED:
                    width, height = height, width
    except bombs:
        limit = Image.MAX_IMAGE_PIXELS or 0
        raise Refused(f"the picture has more than {limit // 10**6} million pixels; make it smaller") from None
    except Refused:
        raise
    except (OSError, SyntaxError, ValueError, KeyError, IndexError, EOFError, TypeError):
        raise Refused("the picture cannot be read: it is cut off or damaged; save or transfer it again") from None
    return Facts(
        kind="image", content_type=form.content_type, extension=form.extension, size_bytes=size,
        width=width, height=height, is_animated=moves, duration_seconds=seconds,
    )  # fmt: skip


def _play(image: Any) -> float | None:
    """Decode every frame, and return how long they take together, if they say."""
    frames = image.n_frames
    if frames > MAX_FRAMES or frames * image.width * image.height > MAX_FRAME_PIXELS:
        raise Refused(f"the animation is too large ({frames} frames); make a video (MP4) of it")
    milliseconds = 0.0
    for number in range(frames):
        image.seek(number)
        image.load()
        milliseconds += float(image.info.get("duration") or 0)
    image.seek(0)
    return round(milliseconds / 1000, 3) or None


def _film(file: BinaryIO, form: Form, size: int) -> Facts:
    import av
    from av.error import FFmpegError
    from av.stream import Disposition
    from PIL import Image

    limit = Image.MAX_IMAGE_PIXELS or 0
    try:
        # From the open file and by its one reader: lists of films and references lead to no other file or address.
        with av.open(file, mode="r", format=form.reader, metadata_errors="ignore") as container:
            streams = [one for one in container.streams.video if not one.disposition & Disposition.attached_pic]
            if not streams:
                raise Refused("this is sound without pictures, which posts do not take; make a video of it")
            video = streams[0]
            if video.width * video.height > limit:
                raise Refused(f"the video has more than {limit // 10**6} million pixels; make it smaller")
            audio = next(iter(container.streams.audio), None)
            rate = video.average_rate or video.guessed_rate
            seconds = _seconds(container, video)
            video.codec_context.thread_count = 1
            frame = next(container.decode(video), None)
            if frame is None:
                raise Refused("the video has no picture in it; export it again")
            width, height = frame.width, frame.height
            if abs(frame.rotation) % 180 == 90:
                width, height = height, width
            return Facts(
                kind="video", content_type=form.content_type, extension=form.extension, size_bytes=size,
                width=width, height=height, duration_seconds=seconds, codec=video.codec.canonical_name,
                audio_codec=audio.codec.canonical_name if audio else None,
                frames_per_second=round(float(rate), 3) if rate and math.isfinite(float(rate)) else None,
            )  # fmt: skip
    except (FFmpegError, OSError, ValueError, EOFError, MemoryError):
        raise Refused(
            "the video cannot be read: it is cut off, damaged, or of an unknown codec; export it as MP4 (H.264)"
        ) from None


def _seconds(container: Any, video: Any) -> float | None:
    if container.duration:
        return round(float(container.duration) / 1_000_000, 3)
    if video.duration and video.time_base:
        return round(float(video.duration * video.time_base), 3)
    return None


def _limit() -> None:
    """Bound what this process may use, where the system can."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        for what, most in (
            (resource.RLIMIT_CPU, MAX_PROCESSOR_SECONDS),
            (resource.RLIMIT_AS, MAX_MEMORY_BYTES),
            (resource.RLIMIT_FSIZE, 0),
        ):
            resource.setrlimit(what, (most, most))


def main() -> None:
    """Print the facts of the file that is named, or why it is refused."""
    _limit()
    try:
        told: dict[str, Any] = {"facts": asdict(look(Path(sys.argv[1])))}
    except Refused as refused:
        told = {"refused": str(refused)}
    except MemoryError:
        told = {"refused": "the file takes more memory to decode than this server gives; make it smaller"}
    sys.stdout.write(json.dumps(told))
