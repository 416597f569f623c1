"""`add_media` end to end: from each source through the embedded API's own operations into its library."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError

from server.media_intake.tool import add_media
from tests.auth.hosts import answer, open_host
from tests.server.media_intake.calls import Call
from tests.server.media_intake.samples import film, picture
from tests.server.standin import refusal
from tools.media_intake import AddMediaArgs
from tools.rest import ApiError, BadFile, Files, RestClient

pytestmark = pytest.mark.anyio


@pytest.fixture
async def call(http: httpx2.AsyncClient, tmp_path: Path) -> AsyncIterator[Call]:
    root, temporary = tmp_path / "root", tmp_path / "temporary"
    root.mkdir()
    temporary.mkdir()
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=http._transport.app),  # type: ignore[attr-defined]  # pyright: ignore
        base_url="http://127.0.0.1:8080/v1",
        headers=http.headers,
    ) as client:
        yield Call(rest=RestClient(http=client), temporary=temporary, files=Files(root=root))


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


async def added(call: Call, **arguments: Any) -> dict[str, Any]:
    answer = await add_media(call, AddMediaArgs.model_validate(arguments))
    assert call.left_behind == []
    return answer


async def refused(call: Call, **arguments: Any) -> str:
    with pytest.raises(BadFile) as told:
        await add_media(call, AddMediaArgs.model_validate(arguments))
    assert call.left_behind == []
    return str(told.value)


async def in_library(call: Call, media_id: str) -> dict[str, Any]:
    listed = (await call.rest.http.get("/media")).json()["data"]
    return next(row for row in listed if row["id"] == media_id)


async def test_a_picture_in_base64_is_in_the_library_with_its_facts_and_fits(call: Call) -> None:
    content = picture("JPEG", (1080, 1080))
    answer = await added(
        call,
        content_base64=encoded(content),
        filename="../My <shop>/the\u202ewindow.png",
        platforms=["twitter", "instagram"],
    )
    assert answer["uploaded"] is True
    assert answer["filename"] == "thewindow.jpg"
    assert answer["facts"] == {
        "kind": "image",
        "content_type": "image/jpeg",
        "size_bytes": len(content),
        "width": 1080,
        "height": 1080,
        "is_animated": False,
    }
    assert [row["platform"] for row in answer["fits"]] == ["twitter", "instagram"]
    assert answer["fits"][0]["fits_as"] == [] and answer["fits"][1]["fits_as"] == ["feed", "carousel", "story"]
    stored = await in_library(call, answer["media_id"])
    assert (stored["content_type"], stored["size_bytes"]) == ("image/jpeg", len(content))
    assert stored["filename"] == answer["filename"]
    assert call.operations == ["get_platform_constraints", "upload_media"]


async def test_base64_with_line_breaks_and_as_a_data_url_is_read(call: Call) -> None:
    content = picture("PNG", (600, 500))
    lines = base64.encodebytes(content).decode()
    assert len(content) * 4 // 3 > 300
    for text in (lines, f"data:image/png;base64,{encoded(content)}"):
        answer = await added(call, content_base64=text)
        assert answer["facts"]["size_bytes"] == len(content)


async def test_a_local_film_goes_to_an_address_of_its_own_and_is_verified(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.media_intake.tool.SMALL_BYTES", 1000)
    content = film(seconds=4, size=(180, 320))
    assert call.files.root is not None
    (call.files.root / "reel.MOV").write_bytes(content)
    answer = await added(call, path="reel.MOV", platforms=["instagram", "youtube"])
    assert answer["filename"] == "reel.mp4"
    assert answer["facts"]["codec"] == "h264" and answer["facts"]["duration_seconds"] == pytest.approx(4, abs=0.2)
    assert answer["fits"][0]["fits_as"] == ["reel", "carousel", "story"]
    stored = await in_library(call, answer["media_id"])
    assert (stored["content_type"], stored["size_bytes"]) == ("video/mp4", len(content))
    assert call.operations == ["get_platform_constraints", "create_upload_url", "verify_media"]
    assert "upload_url" not in str(answer)
    done = [row[0] for row in call.told]
    assert done == sorted(set(done)) and call.told[-1] == (2 * len(content), 2 * len(content), "uploading")
    assert (call.files.root / "reel.MOV").read_bytes() == content


async def test_a_picture_at_an_address_is_added_under_its_own_name(call: Call, tmp_path: Path) -> None:
    async with open_host(tmp_path) as host:
        content = picture("PNG", (1000, 800))
        host.answers = answer(content)
        call.egress = host.egress()
        found = await added(call, address=host.url("/photos/team%20day?w=1"))
        assert found["filename"] == "team day.png"
        assert (await in_library(call, found["media_id"]))["size_bytes"] == len(content)
        host.answers = answer(b"<!doctype html><title>Sign in</title>", "Content-Type: image/png")
        assert "web page" in await refused(call, address=host.url("/photo.png"))
        host.answers = answer(content[:-40])
        assert "cut off" in await refused(call, address=host.url("/photo.png"))


async def test_a_file_that_fits_nowhere_is_not_uploaded(call: Call) -> None:
    answer = await added(call, content_base64=encoded(picture("WEBP")), platforms=["instagram", "google"])
    assert answer["uploaded"] is False and "media_id" not in answer
    assert [row["instead"] for row in answer["fits"]] == ["convert it to JPEG", "convert it to JPEG"]
    assert call.operations == ["get_platform_constraints"]


async def test_a_brand_is_checked_for_the_platforms_it_is_connected_to(call: Call) -> None:
    brands = (await call.rest.http.get("/brands")).json()["data"]
    content = encoded(picture("JPEG", (1080, 1080)))
    for brand in brands:
        accounts = (await call.rest.http.get("/accounts", params={"brand_id": brand["id"]})).json()["data"]
        wanted = {row["platform"] for row in accounts} - {"telegram", "whatsapp"}
        if not wanted:
            continue
        answer = await added(call, content_base64=content, brand=brand["id"])
        assert {row["platform"] for row in answer["fits"]} == wanted
    told = await refused(call, content_base64=content, brand="b_nobody")
    assert "no brand has the id b_nobody" in told and "“Aurora Coffee” (id b_aurora)" in told


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"content_base64": "%%%%"}, "not base64"),
        ({"content_base64": "YWJ"}, "not base64"),
        ({"content_base64": ""}, "empty"),
        ({"content_base64": encoded(b"<svg/>")}, "SVG"),
        ({"path": "../secret"}, "no such file"),
        ({"path": "missing.png"}, "no such file"),
        ({"path": "/etc/passwd"}, "leads out of"),
        ({"path": "pipe"}, "not a regular file"),
        ({"path": "link"}, "leads out of"),
        ({"upload": "new"}, "no upload page here"),
        ({"upload": "abc"}, "no upload page here"),
        ({"address": "http://example.com/a.png"}, "https"),
    ],
)
async def test_a_source_that_cannot_be_used_says_why(call: Call, arguments: dict[str, str], sentence: str) -> None:
    assert call.files.root is not None
    os.mkfifo(call.files.root / "pipe")
    (call.files.root / "link").symlink_to("/etc/hosts")
    assert sentence in await refused(call, **arguments)


async def test_paths_are_refused_where_the_server_is_not_the_persons_own(call: Call) -> None:
    call.files = Files()
    assert "only over stdio" in await refused(call, path="a.png")


async def test_a_file_over_the_bound_is_refused_before_it_is_read(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.media_intake.tool.MAX_BYTES", 1000)
    assert call.files.root is not None
    (call.files.root / "a.png").write_bytes(picture("PNG", (400, 400)))
    assert "over 1000 bytes" in await refused(call, path="a.png")


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"address": "https://a.example/", "path": "a"},
        {"path": "a", "platforms": ["myspace"]},
        {"path": "a", "url": "b"},
        {"address": "https://a.example/" + "a" * 2048},
        {"upload": "a" * 65},
    ],
)
def test_arguments_that_do_not_say_one_thing_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AddMediaArgs.model_validate(arguments)


def test_a_platform_that_is_named_twice_is_checked_once() -> None:
    assert AddMediaArgs(path="a", platforms=["twitter", "instagram", "twitter"]).platforms == ["twitter", "instagram"]


async def test_what_the_api_refuses_is_passed_on_and_nothing_stays(call: Call) -> None:
    def refuse(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            limits = {"instagram": {"media": {"supported_image_types": ["image/jpeg"]}}}
            return httpx2.Response(200, json={"data": limits})
        return httpx2.Response(413, json=refusal("billing.storage_quota", "Full."))

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(refuse), base_url="https://api.test/v1") as http:
        full = Call(rest=RestClient(http=http), temporary=call.temporary)
        with pytest.raises(ApiError, match="storage_quota"):
            await add_media(full, AddMediaArgs(content_base64=encoded(picture("JPEG"))))
    assert full.left_behind == []


async def test_a_call_that_is_cancelled_leaves_no_file(call: Call, tmp_path: Path) -> None:
    async with open_host(tmp_path) as host:
        reached = asyncio.Event()

        async def hold(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + bytes(200_000))
            await writer.drain()
            reached.set()
            await asyncio.sleep(3600)

        host.answers = hold
        call.egress = host.egress()
        running = asyncio.create_task(add_media(call, AddMediaArgs(address=host.url())))
        await reached.wait()
        assert len(call.left_behind) == 1
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert call.left_behind == []
