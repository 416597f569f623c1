"""What a file is comes from its bytes; what cannot be used is refused with a sentence that says what to do."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from PIL import Image

from server.media_intake import inspection
from server.media_intake.inspection import inspect
from server.media_intake.looking import Facts, look
from server.media_intake.signatures import Refused
from tests.server.media_intake.samples import animation, film, picture, song
from tools.rest import BadFile

pytestmark = pytest.mark.anyio


def facts_of(content: bytes, folder: Path, name: str = "file") -> Facts:
    file = folder / name
    file.write_bytes(content)
    return look(file)


def refusal(content: bytes, folder: Path) -> str:
    with pytest.raises(Refused) as refused:
        facts_of(content, folder)
    return str(refused.value)


@pytest.mark.parametrize(
    ("form", "content_type", "extension"),
    [
        ("JPEG", "image/jpeg", "jpg"),
        ("PNG", "image/png", "png"),
        ("GIF", "image/gif", "gif"),
        ("WEBP", "image/webp", "webp"),
        ("BMP", "image/bmp", "bmp"),
        ("TIFF", "image/tiff", "tiff"),
        ("AVIF", "image/avif", "avif"),
    ],
)
def test_a_picture_is_known_by_its_bytes_whatever_it_is_called(
    form: str, content_type: str, extension: str, tmp_path: Path
) -> None:
    content = picture(form)
    assert facts_of(content, tmp_path, "claims.mp4") == Facts(
        kind="image", content_type=content_type, extension=extension, size_bytes=len(content), width=120, height=90
    )


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_an_animation_says_that_it_moves_and_for_how_long(form: str, tmp_path: Path) -> None:
    facts = facts_of(animation(form), tmp_path)
    assert (facts.kind, facts.is_animated, facts.duration_seconds) == ("image", True, 0.3)


def test_a_photo_that_is_shown_upright_is_measured_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    facts = facts_of(picture("JPEG", exif=exif), tmp_path)
    assert (facts.width, facts.height) == (90, 120)


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
def test_a_film_has_its_size_length_rate_and_codec(
    container: str, codec: str, content_type: str, tmp_path: Path
) -> None:
    facts = facts_of(film(container, codec=codec, seconds=2, size=(96, 64), rate=20), tmp_path)
    assert (facts.kind, facts.content_type, facts.width, facts.height) == ("video", content_type, 96, 64)
    assert facts.codec == codec.removeprefix("libvpx-")
    assert facts.frames_per_second == pytest.approx(20)
    assert facts.duration_seconds == pytest.approx(2, abs=0.11)
    assert facts.audio_codec is None


def test_the_sound_of_a_film_is_named(tmp_path: Path) -> None:
    assert facts_of(film(with_sound=True), tmp_path).audio_codec == "aac"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "the file is empty"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        (b"\xef\xbb\xbf\n  <html>", "web page"),
        ("\ufeff<html>".encode("utf-16-le"), "web page"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "SVG"),
        (b"<svg onload=alert(1)>", "SVG"),
        (b"<?php system($_GET[0]);", "web page"),
        (b'{"error": "not found"}', "JSON"),
        (b"MZ\x90\x00" + bytes(500), "program"),
        (b"\x7fELF" + bytes(500), "program"),
        (b"#!/bin/sh\nrm -rf /", "script"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "list of films"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PK\x03\x04" + bytes(100), "archive"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "HEIC"),
        (b"ID3\x04" + bytes(100), "sound"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "sound"),
        (b"just some text", "no picture or video"),
        (b"\x9c\x01\x02\x03" * 3000, "no picture or video"),
    ],
)
def test_what_is_no_picture_or_film_is_named_for_what_it_is(content: bytes, sentence: str, tmp_path: Path) -> None:
    assert sentence in refusal(content, tmp_path)


def test_a_song_is_no_film(tmp_path: Path) -> None:
    assert "sound without pictures" in refusal(song(), tmp_path)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_a_picture_that_is_cut_off_is_refused(form: str, part: float, tmp_path: Path) -> None:
    content = picture(form, (300, 200))
    assert "cut off" in refusal(content[: int(len(content) * part)], tmp_path)


@pytest.mark.parametrize(
    ("container", "codec", "options"),
    [
        ("mp4", "h264", {}),
        ("mp4", "h264", {"movflags": "faststart"}),
        ("mov", "h264", {}),
        ("webm", "libvpx-vp9", {}),
        ("avi", "mpeg4", {}),
    ],
)
def test_a_film_that_is_cut_off_is_refused(container: str, codec: str, options: dict[str, str], tmp_path: Path) -> None:
    content = film(container, codec=codec, seconds=3, options=options)
    assert "cut off" in refusal(content[: len(content) * 3 // 4], tmp_path)


def test_bytes_behind_the_end_are_refused(tmp_path: Path) -> None:
    for content in (picture("PNG"), picture("WEBP"), film()):
        assert "follow the end" in refusal(content + b"\xff" * 16, tmp_path)


def test_a_file_that_is_two_things_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", "a")
    for content in (picture("JPEG"), picture("GIF"), film()):
        assert "archive at the same time" in refusal(content + packed.getvalue(), tmp_path)
    assert "PDF at the same time" in refusal(picture("JPEG", comment=b"%PDF-1.4"), tmp_path)
    assert "web page or script" in refusal(picture("JPEG", comment=b"*/</style><SCRIPT>alert(1)"), tmp_path)
    assert "web page or script" in refusal(picture("JPEG") + b"<?php eval($_POST[0]);", tmp_path)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    """A PNG of one bit a pixel, all zero: a few kilobytes that decode to millions of pixels."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width // 8 + 1) * height), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_decompression_bomb_is_refused_by_its_pixels(tmp_path: Path) -> None:
    content = bomb(20_000, 20_000)
    assert len(content) < 100_000
    assert "million pixels" in refusal(content, tmp_path)
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(100_000_000), 9))
    png = picture("PNG")
    assert "cannot be read" in refusal(png[:33] + text + png[33:], tmp_path)


def test_an_animation_of_endless_frames_is_refused(tmp_path: Path) -> None:
    one = animation("GIF", 2)
    start = one.index(b"\x21\xf9", one.index(b"\x21\xf9") + 1)
    assert "animation is too large" in refusal(one[:start] + one[start:-1] * 2100 + b";", tmp_path)


async def test_it_is_asked_in_a_process_that_knows_nothing_of_the_servers_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOCIALAPI_KEY", "sapi_key_secret")
    file = tmp_path / "a.png"
    file.write_bytes(picture("PNG"))
    facts = await inspect(file)
    assert (facts.content_type, facts.width, facts.height) == ("image/png", 120, 90)
    file.write_bytes(b"<html>")
    with pytest.raises(BadFile, match="web page"):
        await inspect(file)
    code = "import os,json,sys; sys.stdout.write(json.dumps({'refused': str(sorted(os.environ))}))"
    monkeypatch.setattr(inspection, "_CODE", code)
    with pytest.raises(BadFile) as told:
        await inspect(file)
    assert "SOCIALAPI" not in str(told.value) and "PYTHONPATH" in str(told.value)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import os; os.kill(os.getpid(), 11)", "its reader gave up"),
        ("raise RuntimeError('/secret/path')", "its reader gave up"),
        ("print('no json')", "its reader gave up"),
        ("while True: pass", "too long to decode"),
    ],
)
async def test_a_reader_that_breaks_or_hangs_harms_nobody(
    code: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "_CODE", code)
    with pytest.raises(BadFile, match=sentence):
        await inspect(tmp_path / "any", seconds=5 if "while" not in code else 0.5)


async def test_a_reader_cannot_take_the_machines_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("resource")
    code = "from server.media_intake.looking import _limit; _limit(); bytearray(3 * 1024**3)"
    monkeypatch.setattr(inspection, "_CODE", code)
    with pytest.raises(BadFile, match="its reader gave up"):
        await inspect(tmp_path / "any")
