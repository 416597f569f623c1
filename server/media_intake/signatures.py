"""What a file is by its first bytes, and whether it ends where its own structure says: no decoder is asked yet."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Literal

Kind = Literal["image", "video"]

_HEAD = 64 * 1024
_MAX_PARTS = 1_000_000
"""Boxes or chunks; a file with more is a way to keep a reader busy."""
_FIELD = re.compile(rb"[ -~\xa9]{4}")


class Refused(Exception):
    """A file that cannot be used; the text is a sentence for the caller."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """A format that is taken."""

    kind: Kind
    content_type: str
    extension: str
    reader: str
    """The format's name for pillow or, of a film, for FFmpeg: no other reader is tried."""


JPEG = Form(kind="image", content_type="image/jpeg", extension="jpg", reader="JPEG")
PNG = Form(kind="image", content_type="image/png", extension="png", reader="PNG")
GIF = Form(kind="image", content_type="image/gif", extension="gif", reader="GIF")
WEBP = Form(kind="image", content_type="image/webp", extension="webp", reader="WEBP")
BMP = Form(kind="image", content_type="image/bmp", extension="bmp", reader="BMP")
TIFF = Form(kind="image", content_type="image/tiff", extension="tiff", reader="TIFF")
AVIF = Form(kind="image", content_type="image/avif", extension="avif", reader="AVIF")
MP4 = Form(kind="video", content_type="video/mp4", extension="mp4", reader="mov")
MOV = Form(kind="video", content_type="video/quicktime", extension="mov", reader="mov")
WEBM = Form(kind="video", content_type="video/webm", extension="webm", reader="matroska")
MKV = Form(kind="video", content_type="video/x-matroska", extension="mkv", reader="matroska")
AVI = Form(kind="video", content_type="video/x-msvideo", extension="avi", reader="avi")

_SIMPLE: tuple[tuple[bytes, Form], ...] = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"BM", BMP),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
)
_PROGRAM = "this is a program, not a picture or video"
_ARCHIVE = "this is an archive; unpack it and pass the picture or video in it"
_SOUND = "this is sound without pictures, which posts do not take; make a video of it"
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"MZ", _PROGRAM),
    (b"\x7fELF", _PROGRAM),
    (b"\xfe\xed\xfa", _PROGRAM),
    (b"\xce\xfa\xed\xfe", _PROGRAM),
    (b"\xcf\xfa\xed\xfe", _PROGRAM),
    (b"\xca\xfe\xba\xbe", _PROGRAM),
    (b"\x00asm", _PROGRAM),
    (b"#!", "this is a script, not a picture or video"),
    (b"#EXTM3U", "this is a list of films, not a film; pass the film itself"),
    (b"%PDF-", "this is a PDF; export the page as JPEG or PNG"),
    (b"%!PS", "this is PostScript; export it as JPEG or PNG"),
    (b"8BPS", "this is a Photoshop document; export it as JPEG or PNG"),
    (b"PK\x03\x04", _ARCHIVE),
    (b"PK\x05\x06", _ARCHIVE),
    (b"Rar!", _ARCHIVE),
    (b"7z\xbc\xaf'\x1c", _ARCHIVE),
    (b"\x1f\x8b", _ARCHIVE),
    (b"BZh", _ARCHIVE),
    (b"\xfd7zXZ", _ARCHIVE),
    (b"ID3", _SOUND),
    (b"fLaC", _SOUND),
    (b"\xff\xfb", _SOUND),
    (b"\xff\xf3", _SOUND),
    (b"\xff\xf1", _SOUND),
    (b"OggS", "this is an Ogg file, which no platform takes; convert it to MP4 (H.264)"),
    (b"FLV\x01", "this is Flash video; convert it to MP4 (H.264)"),
    (b"\x00\x00\x01\xba", "this is MPEG video, which no platform takes; convert it to MP4 (H.264)"),
    (b"0&\xb2u\x8ef\xcf\x11", "this is Windows Media; convert it to MP4 (H.264)"),
)
_HEIC = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"})
_QUICKTIME = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_TEXT = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<?php")
# What a browser or an interpreter would run, hidden in a comment or behind the end.
_HIDDEN = (b"<script", b"<?php", b"<html", b"<!doctype html")


def recognise(file: BinaryIO, size: int) -> Form:
    """The format by the first bytes, whatever the file is called.

    Raises:
        Refused: it is none that is taken, is cut off, or is something else as well.
    """
    head = file.read(_HEAD)
    form = _by_signature(head)
    if form is None:
        raise Refused(_what_else(head))
    _refuse_second_nature(file, head, size)
    check = _ENDS.get(form.reader)
    if check is not None:
        check(file, size)
    return form


def _by_signature(head: bytes) -> Form | None:
    if head[:4] == b"RIFF":
        return {b"WEBP": WEBP, b"AVI ": AVI}.get(head[8:12])
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return WEBM if b"webm" in head[:64] else MKV
    box = head[4:8]
    if box == b"ftyp":
        return _by_brand(head[8:12])
    if box in _QUICKTIME and len(head) >= 8:
        return MOV
    return next((form for sign, form in _SIMPLE if head.startswith(sign)), None)


def _by_brand(brand: bytes) -> Form:
    if brand in _HEIC:
        raise Refused("this is a HEIC photo, which no platform takes; convert it to JPEG")
    if brand in {b"avif", b"avis"}:
        return AVIF
    if brand in {b"M4A ", b"M4B "}:
        raise Refused(_SOUND)
    return MOV if brand == b"qt  " else MP4


def _what_else(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf")
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        text = head.replace(b"\0", b"")[2:]
    text = text.lstrip().lower()
    if b"<svg" in text and text.startswith(b"<"):
        return "this is an SVG drawing, which can hold scripts; export it as PNG or JPEG"
    if text.startswith(_TEXT):
        return "this is a web page, not a file; pass the address of the picture or video itself"
    if text.startswith((b"<?xml", b"<!", b"<")):
        return "this is XML, not a picture or video"
    if text.startswith((b"{", b"[")):
        return "this is JSON, not a picture or video"
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return _SOUND
    found = next((sentence for sign, sentence in _OTHERS if head.startswith(sign)), None)
    return found or "this is no picture or video that is known here; pass JPEG, PNG, GIF, WebP, MP4, MOV or WebM"


def _refuse_second_nature(file: BinaryIO, head: bytes, size: int) -> None:
    """Refuse a file that another program takes for something else (a polyglot)."""
    file.seek(max(0, size - _HEAD - 22))
    tail = file.read()
    # PDF readers look for the mark in the first 1024 bytes.
    if b"%PDF-" in head[:1024]:
        raise Refused("this file is a PDF at the same time; save the picture anew")
    at = tail.rfind(b"PK\x05\x06")
    # An archive is read from its end: the length of its comment leads exactly there (ZIP, end of central directory).
    if 0 <= at <= len(tail) - 22 and at + 22 + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail):
        raise Refused("this file is an archive at the same time; save the picture or video anew")
    for part in (head.lower(), tail.lower()):
        if any(sign in part for sign in _HIDDEN):
            raise Refused("this file holds a web page or script; save the picture or video anew, without metadata")


def _cut_off(what: str) -> Refused:
    return Refused(f"the {what} is cut off: its end is missing; transfer or export it again")


def _followed() -> Refused:
    return Refused("other data follow the end of the file's content; save it anew with another program")


def _check_png(file: BinaryIO, size: int) -> None:
    at = 8
    for _ in range(_MAX_PARTS):
        file.seek(at)
        start = file.read(8)
        if len(start) < 8:
            raise _cut_off("picture")
        at += 12 + int.from_bytes(start[:4], "big")
        if at > size:
            raise _cut_off("picture")
        if start[4:] == b"IEND":
            break
    if at != size:
        raise _followed()


def _check_gif(file: BinaryIO, size: int) -> None:
    file.seek(max(0, size - 64))
    # The trailer; some programs fill up with zeros behind it.
    if not file.read().rstrip(b"\0").endswith(b";"):
        raise _cut_off("picture")


def _check_riff(what: str, *, may_be_followed: bool) -> Callable[[BinaryIO, int], None]:
    def check(file: BinaryIO, size: int) -> None:
        file.seek(4)
        length = int.from_bytes(file.read(4), "little") + 8
        length += length & 1
        if length > size + 1:
            raise _cut_off(what)
        # Long AVI files have several of these chunks, one after the other.
        if length < size and not may_be_followed:
            raise _followed()

    return check


def _check_boxes(file: BinaryIO, size: int) -> None:
    """Walk the top-level boxes (ISO 14496-12 §4.2): they fill the file, and one of them is its index."""
    at, has_index = 0, False
    for _ in range(_MAX_PARTS):
        if at >= size:
            break
        file.seek(at)
        start = file.read(16)
        if len(start) < 8 or not _FIELD.fullmatch(start[4:8]):
            if not start.strip(b"\0"):
                break
            raise _followed()
        length = int.from_bytes(start[:4], "big")
        if length == 1:
            length = int.from_bytes(start[8:16], "big")
        elif length == 0:
            length = size - at
        if length < 8:
            raise _followed()
        has_index = has_index or start[4:8] in {b"moov", b"meta"}
        at += length
    if at > size or not has_index:
        raise _cut_off("file")


def _check_ebml(file: BinaryIO, size: int) -> None:
    """The segment ends within the file (RFC 8794 §6); a live recording does not say where it ends."""
    file.seek(4)
    header = _vint(file)
    if header is None or header > size:
        raise _cut_off("video")
    file.seek(header, 1)
    if file.read(4) != b"\x18\x53\x80\x67":
        raise Refused("the video is damaged: it has no content; export it again")
    length = _vint(file)
    if length is not None and file.tell() + length > size:
        raise _cut_off("video")


def _vint(file: BinaryIO) -> int | None:
    """A number of variable length; None is 'not known'."""
    first = file.read(1)
    if not first or not first[0]:
        raise Refused("the video is damaged: its structure cannot be read; export it again")
    width = 9 - first[0].bit_length()
    rest = file.read(width - 1)
    value = int.from_bytes(bytes([first[0] & ((1 << (8 - width)) - 1)]) + rest, "big")
    return None if value == (1 << (7 * width)) - 1 else value


_ENDS: dict[str, Callable[[BinaryIO, int], None]] = {
    "PNG": _check_png,
    "GIF": _check_gif,
    "WEBP": _check_riff("picture", may_be_followed=False),
    "avi": _check_riff("video", may_be_followed=True),
    "mov": _check_boxes,
    "AVIF": _check_boxes,
    "matroska": _check_ebml,
}
