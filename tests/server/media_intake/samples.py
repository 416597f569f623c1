"""Real pictures and films, small, made by the libraries that also read them."""

import io
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from PIL import Image


def picture(form: str = "PNG", size: tuple[int, int] = (120, 90), **options: Any) -> bytes:
    mode = "P" if form == "GIF" else "RGB"
    opened = io.BytesIO()
    # A gradient, so that no format can say it in a few bytes.
    Image.linear_gradient("L").resize(size).convert(mode).save(opened, form, **options)
    return opened.getvalue()


def animation(form: str = "GIF", frames: int = 3) -> bytes:
    images = [Image.new("RGB", (40, 30), (number * 60, 10, 200)) for number in range(frames)]
    opened = io.BytesIO()
    images[0].save(opened, form, save_all=True, append_images=images[1:], duration=100)
    return opened.getvalue()


def film(
    container: str = "mp4",
    *,
    seconds: float = 1.0,
    size: tuple[int, int] = (64, 64),
    rate: int = 10,
    codec: str = "h264",
    with_sound: bool = False,
    options: dict[str, str] | None = None,
) -> bytes:
    # Some options make FFmpeg read again what it wrote.
    with tempfile.NamedTemporaryFile(suffix=".film") as file:
        _write_film(file.name, container, seconds, size, rate, codec, with_sound=with_sound, options=options or {})
        return Path(file.name).read_bytes()


def _write_film(
    name: str,
    container: str,
    seconds: float,
    size: tuple[int, int],
    rate: int,
    codec: str,
    *,
    with_sound: bool,
    options: dict[str, str],
) -> None:
    with av.open(name, mode="w", format=container, options=options) as output:
        stream: Any = output.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        sound: Any = output.add_stream("aac", rate=44100) if with_sound else None
        for number in range(round(seconds * rate)):
            shade = number * 7 % 256
            frame: Any = _frame_of(Image.new("RGB", size, (shade, 255 - shade, 90)))
            frame.pts, frame.time_base = number, Fraction(1, rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if sound is not None:
            _add_silence(output, sound)


def song() -> bytes:
    opened = io.BytesIO()
    with av.open(opened, mode="w", format="mp4") as output:
        _add_silence(output, output.add_stream("aac", rate=44100))
    return opened.getvalue()


def _frame_of(image: Image.Image) -> Any:
    # PyAV does not type it.
    made: Any = av.VideoFrame
    return made.from_image(image)


def _add_silence(output: Any, sound: Any) -> None:
    quiet = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
    quiet.sample_rate = 44100
    for plane in quiet.planes:
        plane.update(bytes(plane.buffer_size))
    output.mux(sound.encode(quiet))
    output.mux(sound.encode(None))
