"""What a file is by its bytes, and that a file which names other files leads to none of them."""

import io
from pathlib import Path
from typing import Any

import av
import pytest

from localapi.inspection import inspect
from tests.server.media_intake.samples import film, picture, song


def sound(container: str, codec: str) -> bytes:
    opened = io.BytesIO()
    with av.open(opened, mode="w", format=container) as output:
        stream: Any = output.add_stream(codec, rate=44100)
        form = stream.codec_context.codec.audio_formats[0].name
        quiet: Any = av.AudioFrame(format=form, layout="stereo", samples=1024)
        quiet.sample_rate = 44100
        for plane in quiet.planes:
            plane.update(bytes(plane.buffer_size))
        stream.layout = "stereo"
        output.mux(stream.encode(quiet))
        output.mux(stream.encode(None))
    return opened.getvalue()


@pytest.mark.parametrize(
    ("container", "codec", "content_type"),
    [
        ("mp4", "h264", "video/mp4"),
        ("mov", "h264", "video/quicktime"),
        ("webm", "libvpx-vp9", "video/webm"),
        ("matroska", "h264", "video/x-matroska"),
        ("avi", "mpeg4", "video/x-msvideo"),
    ],
)
def test_a_film_is_known_by_its_container(container: str, codec: str, content_type: str, tmp_path: Path) -> None:
    file = tmp_path / "upload"
    file.write_bytes(film(container, codec=codec))
    found = inspect(file)
    assert (found.kind, found.content_type, found.width, found.height) == ("video", content_type, 64, 64)
    assert found.duration_seconds == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (song(), "audio/mp4"),
        (sound("mp3", "mp3"), "audio/mpeg"),
        (sound("ogg", "flac"), "audio/ogg"),
        (sound("flac", "flac"), "audio/flac"),
        (sound("wav", "pcm_s16le"), "audio/wav"),
        (sound("adts", "aac"), "audio/aac"),
    ],
)
def test_sound_is_known_by_its_container(content: bytes, content_type: str, tmp_path: Path) -> None:
    file = tmp_path / "upload"
    file.write_bytes(content)
    found = inspect(file)
    assert (found.kind, found.content_type, found.width) == ("audio", content_type, None)


@pytest.mark.parametrize(
    "list_of_films",
    [
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.0,\nother.ts\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile other.ts\n",
    ],
)
def test_a_list_of_films_is_a_file_and_leads_to_no_other(list_of_films: str, tmp_path: Path) -> None:
    (tmp_path / "other.ts").write_bytes(film("mpegts", codec="mpeg2video"))
    file = tmp_path / "upload"
    file.write_text(list_of_films)
    assert inspect(file).content_type == "application/octet-stream"


def test_a_picture_in_a_containers_clothes_is_a_picture(tmp_path: Path) -> None:
    file = tmp_path / "upload.mp4"
    file.write_bytes(picture("AVIF"))
    assert (inspect(file).kind, inspect(file).content_type) == ("image", "image/avif")
