"""A person uploads one file on a page, once and in time, and only the caller who asked for it gets it."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from server.media_intake.call import Received, Waiting
from server.media_intake.tool import add_media
from server.media_intake.upload_page import routes
from server.media_intake.uploads import MAX_PAGES_OF_A_CALLER, Uploads
from tests.conftest import HeldClock
from tests.server.media_intake.calls import Call
from tests.server.media_intake.samples import picture
from tools.media_intake import AddMediaArgs
from tools.rest import ApiError, BadFile, RestClient

pytestmark = pytest.mark.anyio

ME, OTHER = "caller-one", "caller-two"


@pytest.fixture
def uploads(tmp_path: Path, clock: HeldClock) -> Uploads:
    return Uploads(tmp_path / "uploads", address="https://mcp.example/", clock=clock.now)


@asynccontextmanager
async def browser(uploads: Uploads, **options: Any) -> AsyncGenerator[httpx2.AsyncClient]:
    app = Starlette(routes=routes(uploads, **options))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="https://mcp.example") as client:
        yield client


def waiting(uploads: Uploads, owner: str = ME) -> Waiting:
    return uploads.open(owner)


def left(uploads: Uploads, tmp_path: Path) -> list[str]:
    return sorted(place.suffix for place in (tmp_path / "uploads").iterdir())


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def one(self, tag: str) -> dict[str, str | None]:
        (found,) = [attributes for name, attributes in self.tags if name == tag]
        return found


async def test_the_page_is_a_plain_form_that_works_without_script(uploads: Uploads) -> None:
    page = waiting(uploads)
    assert page.address == f"https://mcp.example/upload/{page.handle}" and len(page.handle) == 43
    async with browser(uploads) as client:
        response = await client.get(page.address)
        style = await client.get("/oauth/pages.css")
    assert response.status_code == 200 and style.headers["content-type"].startswith("text/css")
    seen = Page(response.text)
    form, field = seen.one("form"), [row for tag, row in seen.tags if tag == "input"]
    assert form == {"method": "post", "action": f"/upload/{page.handle}", "enctype": "multipart/form-data"}
    assert len(field) == 1 and field[0]["type"] == "file" and "required" in field[0]
    assert seen.one("label")["for"] == field[0]["id"]
    assert not {"script", "img", "iframe"} & {tag for tag, _ in seen.tags}
    assert seen.one("html") == {"lang": "en"}
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "form-action 'self'" in policy and "frame-ancestors 'none'" in policy
    assert "script-src" not in policy and "unsafe" not in policy
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["strict-transport-security"]


async def test_what_a_person_uploads_reaches_the_caller_who_asked_once(uploads: Uploads, tmp_path: Path) -> None:
    page, content = waiting(uploads), picture("PNG", (200, 100))
    async with browser(uploads) as client:
        files = {"file": ("C:\\photos\\Our <new> shop.jpeg", content, "text/html")}
        response = await client.post(page.address, files=files)
        assert response.status_code == 200
        assert "image/png, 200 by 100 pixels" in response.text and "<new>" not in response.text
        again = await client.post(page.address, files=files)
        assert again.status_code == 404
        assert (await client.get(page.address)).status_code == 404
    with pytest.raises(BadFile, match="unknown, used or has expired"):
        await uploads.bound_to(OTHER)(page.handle)
    received = await uploads.bound_to(ME)(page.handle)
    assert isinstance(received, Received)
    assert (received.filename, received.file.read_bytes()) == ("Our -new- shop.png", content)
    assert received.file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BadFile, match="another call"):
        await uploads.bound_to(ME)(page.handle)
    received.discard()
    assert left(uploads, tmp_path) == []
    with pytest.raises(BadFile, match="unknown, used or has expired"):
        await uploads.bound_to(ME)(page.handle)


async def test_the_folder_does_not_tell_a_handle(uploads: Uploads, tmp_path: Path) -> None:
    page = waiting(uploads)
    (place,) = (tmp_path / "uploads").iterdir()
    assert place.stem == hashlib.sha256(page.handle.encode()).hexdigest()[:40]
    assert page.handle not in place.read_text()
    assert (tmp_path / "uploads").stat().st_mode & 0o777 == 0o700


async def test_a_page_expires_and_what_was_uploaded_too(uploads: Uploads, clock: HeldClock, tmp_path: Path) -> None:
    early, late = waiting(uploads), waiting(uploads)
    clock.advance(minutes=14)
    async with browser(uploads) as client:
        await client.post(late.address, files={"file": ("a.png", picture())})
        clock.advance(minutes=2)
        assert (await client.get(early.address)).status_code == 404
        assert (await client.post(early.address, files={"file": ("a.png", picture())})).status_code == 404
    with pytest.raises(BadFile):
        await uploads.bound_to(ME)(early.handle)
    received = await uploads.bound_to(ME)(late.handle)
    assert isinstance(received, Received)
    received.give_back()
    clock.advance(minutes=60)
    with pytest.raises(BadFile):
        await uploads.bound_to(ME)(late.handle)
    uploads.sweep()
    assert left(uploads, tmp_path) == []


@pytest.mark.parametrize(
    ("files", "data", "sentence"),
    [
        ({"file": ("a.png", b"<svg onload=alert(1)>")}, None, "SVG drawing"),
        ({"file": ("a.png", b"")}, None, "file is empty"),
        ({"other": ("a.png", picture())}, None, "No file was chosen"),
        ({"file": ("a.png", picture()[:-30])}, None, "cut off"),
        ({"file": ("a.png", picture("BMP", (700, 700)))}, None, "over 1 MB; choose a smaller one"),
        (None, {"file": "text"}, "choose a file"),
    ],
)
async def test_a_file_that_cannot_be_used_is_told_to_the_person_who_may_choose_another(
    uploads: Uploads, tmp_path: Path, files: Any, data: Any, sentence: str
) -> None:
    page = waiting(uploads)
    async with browser(uploads, max_bytes=1024**2) as client:
        response = await client.post(page.address, files=files, data=data)
        assert response.status_code == 422
        assert sentence in response.text.lower() or sentence in response.text
        assert 'role="alert"' in response.text and 'aria-invalid="true"' in response.text
        assert left(uploads, tmp_path) == [".json"]
        assert isinstance(await uploads.bound_to(ME)(page.handle), Waiting)
        assert (await client.post(page.address, files={"file": ("a.png", picture())})).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x\r\n",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + picture(),
        b"nonsense",
        b"--x\r\n" + b"A: b\r\n" * 100 + b"\r\n",
        b"--x\r\nContent-Disposition: " + b"a" * 20_000,
        b'--x\r\nContent-Disposition: form-data; name="junk"\r\n\r\n' + b"j" * 400_000 + b"\r\n--x--\r\n",
    ],
)
async def test_a_broken_form_keeps_nothing(uploads: Uploads, tmp_path: Path, body: bytes) -> None:
    page = waiting(uploads)
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    async with browser(uploads, max_bytes=100_000) as client:
        response = await client.post(page.address, content=body, headers=headers)
    assert response.status_code == 422
    assert left(uploads, tmp_path) == [".json"]


async def test_a_form_that_another_site_posts_is_refused(uploads: Uploads) -> None:
    page = waiting(uploads)
    async with browser(uploads) as client:
        files = {"file": ("a.png", picture())}
        response = await client.post(page.address, files=files, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert isinstance(await uploads.bound_to(ME)(page.handle), Waiting)


@pytest.mark.parametrize("handle", ["x", "a" * 43, "..%2F..%2Fetc", "%00", "new", "a" * 400])
async def test_a_handle_that_nobody_was_given_finds_nothing(uploads: Uploads, handle: str) -> None:
    waiting(uploads)
    async with browser(uploads) as client:
        for response in (await client.get(f"/upload/{handle}"), await client.post(f"/upload/{handle}")):
            assert response.status_code == 404
            assert "Ask your assistant for a new page" in response.text or response.text == "Not Found"


async def test_of_two_uploads_at_once_one_is_kept(uploads: Uploads) -> None:
    page = waiting(uploads)
    async with browser(uploads) as client:
        posts = [client.post(page.address, files={"file": (f"{n}.png", picture())}) for n in range(5)]
        statuses = sorted([response.status_code for response in await asyncio.gather(*posts)])
    assert statuses.count(200) == 1 and set(statuses[1:]) <= {404, 409}


async def test_an_upload_that_drips_or_breaks_off_frees_the_page(uploads: Uploads, tmp_path: Path) -> None:
    page = waiting(uploads)
    start = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + picture()

    async def drips() -> AsyncIterator[bytes]:
        yield start
        await asyncio.get_running_loop().create_future()

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    async with browser(uploads, stall_seconds=0.2) as client:
        response = await client.post(page.address, content=drips(), headers=headers)
        assert response.status_code == 422 and "too slowly" in response.text
    assert left(uploads, tmp_path) == [".json"]


async def test_a_caller_has_a_few_pages_at_a_time(uploads: Uploads, clock: HeldClock) -> None:
    for _ in range(MAX_PAGES_OF_A_CALLER):
        waiting(uploads)
    with pytest.raises(BadFile, match="upload pages of yours are open"):
        waiting(uploads)
    waiting(uploads, OTHER)
    clock.advance(minutes=15)
    waiting(uploads)


async def test_every_process_of_the_machine_serves_every_page(
    uploads: Uploads, clock: HeldClock, tmp_path: Path
) -> None:
    page = waiting(uploads)
    second = Uploads(tmp_path / "uploads", address="https://mcp.example", clock=clock.now)
    async with browser(second) as client:
        assert (await client.post(page.address, files={"file": ("a.png", picture())})).status_code == 200
    assert isinstance(await uploads.bound_to(ME)(page.handle), Received)


async def test_the_tool_gives_the_page_and_then_adds_what_came(
    uploads: Uploads, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    http.base_url = httpx2.URL("http://local/v1")
    call = Call(rest=RestClient(http=http), temporary=temporary, upload_page=uploads.bound_to(ME))
    first = await add_media(call, AddMediaArgs(upload="new"))
    assert first["status"] == "waiting" and first["expires_at"] == "2026-03-10T12:15:00+00:00"
    still = await add_media(call, AddMediaArgs(upload=first["handle"]))
    assert still == first
    async with browser(uploads) as client:
        await client.post(first["page"], files={"file": ("menu.png", picture("PNG", (900, 900)))})

    def down(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(503, json={"error": {"code": "system.unavailable", "message": "Later."}})

    async def at_once(_seconds: float) -> None:
        return None

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(down), base_url="https://api.test") as away:
        broken = Call(RestClient(http=away, wait=at_once), temporary, upload_page=uploads.bound_to(ME))
        with pytest.raises(ApiError):
            await add_media(broken, AddMediaArgs(upload=first["handle"]))
    answer = await add_media(call, AddMediaArgs(upload=first["handle"], platforms=["instagram"]))
    assert answer["uploaded"] and answer["filename"] == "menu.png"
    assert answer["fits"][0]["fits_as"] == ["feed", "carousel", "story"]
    assert left(uploads, tmp_path) == [] and call.left_behind == []
    with pytest.raises(BadFile):
        await add_media(call, AddMediaArgs(upload=first["handle"]))
