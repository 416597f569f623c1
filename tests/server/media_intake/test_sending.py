"""A large file is streamed to the address that the API made for it, and nothing of ours goes along."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiohttp import web

from server.media_intake.call import Rising
from server.media_intake.sending import send
from server.transport import AiohttpTransport
from tools.media import CREATE_UPLOAD_URL, LIST_MEDIA
from tools.rest import NoAnswer, RestClient

pytestmark = pytest.mark.anyio

ARGUMENTS = {"media_type": "video/mp4", "filename": "a.mp4"}
KEY = "Bearer sapi_key_secret"


async def keep(done: int, total: int | None) -> None:
    assert total is None or done <= total


async def outcome(file: Path, put: Callable[[httpx2.Request], httpx2.Response], **body: Any) -> Any:
    """What comes of sending a file, with an API that makes the address in `body`."""
    made = {"media_id": "m1", "upload_url": "https://store.test/put?signature=1", **body}

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json=made) if request.method == "GET" else put(request)

    headers = {"Authorization": KEY}
    async with httpx2.AsyncClient(
        transport=httpx2.MockTransport(answer), base_url="https://api.test/v1", headers=headers
    ) as http:
        rest = RestClient(http=http)
        return await send(rest, CREATE_UPLOAD_URL, ARGUMENTS, file, authorization=KEY, progress=keep)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "film").write_bytes(b"x" * 700_000)
    return tmp_path / "film"


async def test_the_file_is_put_whole_without_the_key(file: Path) -> None:
    seen: list[httpx2.Request] = []

    def put(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200)

    assert await outcome(file, put) == {"media_id": "m1"}
    (request,) = seen
    assert str(request.url) == "https://store.test/put?signature=1"
    assert request.content == file.read_bytes()
    assert request.headers["content-type"] == "video/mp4" and request.headers["content-length"] == "700000"
    assert "authorization" not in request.headers and "transfer-encoding" not in request.headers


@pytest.mark.parametrize("status", [302, 403, 500])
async def test_a_store_that_does_not_take_the_file_leaves_nothing_uncertain(file: Path, status: int) -> None:
    def put(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, headers={"Location": "https://elsewhere.test/"}, text="<b>secret</b>")

    with pytest.raises(NoAnswer) as told:
        await outcome(file, put)
    assert (told.value.reason, told.value.sent) == (f"the file store refused the file (HTTP {status})", False)


@pytest.mark.parametrize("error", [httpx2.ConnectError("no"), httpx2.ReadTimeout("slow"), httpx2.WriteError("cut")])
async def test_a_store_that_cannot_be_reached_is_said_in_words(file: Path, error: httpx2.TransportError) -> None:
    def put(_request: httpx2.Request) -> httpx2.Response:
        raise error

    with pytest.raises(NoAnswer, match="file store"):
        await outcome(file, put)


@pytest.mark.parametrize("address", ["http://store.test/", "file:///etc/passwd", "nowhere", "https://", None, 5])
async def test_an_address_that_is_less_protected_than_the_api_is_not_used(file: Path, address: Any) -> None:
    def put(_request: httpx2.Request) -> httpx2.Response:
        raise AssertionError("something was sent")

    with pytest.raises(NoAnswer):
        await outcome(file, put, upload_url=address)


async def test_an_operation_without_a_file_is_a_mistake_of_ours(file: Path) -> None:
    async with httpx2.AsyncClient(base_url="https://api.test/v1") as http:
        with pytest.raises(TypeError):
            await send(RestClient(http=http), LIST_MEDIA, {}, file, authorization=None, progress=keep)


async def test_over_the_network_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    size = 48 * 1024 * 1024
    film = tmp_path / "film"
    with film.open("wb") as opened:
        opened.truncate(size)
    received: list[tuple[int, str | None]] = []

    async def serve(request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response({"media_id": "m1", "upload_url": f"http://{request.host}/put"})
        count = 0
        async for piece in request.content.iter_chunked(65536):
            count += len(piece)
        received.append((count, request.headers.get("Content-Length")))
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    told: list[int] = []

    async def count(done: int, _total: int | None) -> None:
        told.append(done)

    transport = AiohttpTransport()
    try:
        async with httpx2.AsyncClient(base_url=f"http://{host}:{port}/v1", transport=transport) as http:
            tracemalloc.start()
            await send(RestClient(http=http), CREATE_UPLOAD_URL, ARGUMENTS, film, authorization=None, progress=count)
            peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        await runner.cleanup()
    assert received == [(size, str(size))]
    assert peak < 12 * 1024 * 1024
    assert told == sorted(told) and told[-1] == size and len(told) >= 40


async def test_progress_rises_over_all_steps() -> None:
    told: list[tuple[int, int | None, str]] = []

    async def note(done: int, total: int | None, message: str) -> None:
        told.append((done, total, message))

    rising = Rising(note)
    for done, total, message in (
        (5, None, "fetching"),
        (9, 9, "fetching"),
        (9, 9, "fetching"),
        (0, 9, "uploading"),
        (4, 9, "uploading"),
        (9, 9, "uploading"),
    ):
        await rising(done, total, message)
    assert told == [(5, None, "fetching"), (9, 9, "fetching"), (13, 18, "uploading"), (18, 18, "uploading")]
