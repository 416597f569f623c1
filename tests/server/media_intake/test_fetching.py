"""A file at an address comes from the public internet only, whatever the host tries, and never whole into memory."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from auth.egress import Egress
from server.media_intake.call import silent
from server.media_intake.fetching import fetch, new_egress
from tests.auth.hosts import HERE, NAME, OTHER_NAME, Host, Resolver, answer, open_host
from tests.server.media_intake.samples import picture
from tools.rest import BadFile

pytestmark = pytest.mark.anyio

PRIVATE = IPv4Address("10.0.0.1")
METADATA = IPv4Address("169.254.169.254")


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with open_host(tmp_path) as opened:
        yield opened


async def refusal(egress: Egress, address: str, file: Path, **options: float) -> str:
    bounds = {"max_bytes": int(options.get("max_bytes", 10**6)), "stall_seconds": options.get("stall_seconds", 20.0)}
    with pytest.raises(BadFile) as refused:
        await fetch(egress, address, file, progress=silent, **bounds)  # type: ignore[arg-type]
    await egress.close()
    return str(refused.value)


def moved(*locations: str, status: int = 302) -> "Moves":
    return Moves([answer(b"", f"Location: {place}", status=f"{status} Found") for place in locations])


class Moves:
    """Answers one after the other, then the last for ever."""

    def __init__(self, answers: list[bytes]) -> None:
        self.answers, self.count = answers, 0

    async def __call__(self, writer: asyncio.StreamWriter) -> None:
        writer.write(self.answers[min(self.count, len(self.answers) - 1)])
        self.count += 1


async def test_a_file_is_fetched_with_its_progress_and_name(host: Host, tmp_path: Path) -> None:
    content = picture("PNG", (1600, 1200))
    content += bytes(3 * 1024 * 1024)
    host.answers = answer(content, "Content-Type: text/html")
    told: list[tuple[int, int | None]] = []

    async def progress(done: int, total: int | None) -> None:
        told.append((done, total))

    file = tmp_path / "got"
    name = await fetch(host.egress(), host.url("/a/My%20photo.png?size=large#top"), file, progress=progress)
    assert name == "My photo.png"
    assert file.read_bytes() == content
    assert file.stat().st_mode & 0o777 == 0o600
    assert told[-1] == (len(content), len(content)) and len(told) == 3
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    lines = host.requests[0].split("\r\n")
    assert lines[0] == "GET /a/My%20photo.png?size=large HTTP/1.1"
    assert "Accept-Encoding: identity" in lines
    assert not any(line.lower().startswith(("cookie", "authorization", "referer")) for line in lines)


@pytest.mark.parametrize(
    "address",
    [
        "http://client.example/a.png",
        "file:///etc/passwd",
        "ftp://client.example/a.png",
        "https://user:secret@client.example/a.png",
        "https://127.0.0.1/a.png",
        "https://2130706433/a.png",
        "https://[::1]/a.png",
        "https://[::ffff:169.254.169.254]/latest/meta-data/",
        "https://169.254.169.254/latest/meta-data/",
        "https://client.example:22/",
        "https://client.example/a b.png",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "",
    ],
)
async def test_an_address_that_is_not_public_https_is_refused_unasked(address: str, tmp_path: Path) -> None:
    egress = new_egress()
    resolved = Resolver([[HERE]])
    egress._resolve = resolved  # pyright: ignore[reportPrivateUsage]
    assert "the address was not fetched" in await refusal(egress, address, tmp_path / "got")
    assert resolved.asked == []
    assert not (tmp_path / "got").exists()


async def test_redirects_are_followed_and_each_name_is_resolved_anew(host: Host, tmp_path: Path) -> None:
    content = picture()
    first = answer(b"", f"Location: {host.url('/second', name=OTHER_NAME)}", status="301 Moved")
    second = answer(b"", "Location: third.png", status="307 Moved")
    host.answers = Moves([first, second, answer(content)])
    resolver = Resolver([[HERE]])
    name = await fetch(host.egress(resolver), host.url("/first"), tmp_path / "got", progress=silent)
    assert (name, (tmp_path / "got").read_bytes()) == ("third.png", content)
    assert resolver.asked == [NAME, OTHER_NAME, OTHER_NAME]
    assert host.names == [NAME, OTHER_NAME, OTHER_NAME]


@pytest.mark.parametrize(
    "location",
    [
        "http://client.example/a.png",
        "https://127.0.0.2/a.png",
        "https://169.254.169.254/latest/meta-data/iam/",
        "https://[::ffff:10.0.0.1]/",
        "https://0x0a000001/",
        "//10.0.0.1/",
        "file:///etc/passwd",
        "https://[::1",
        "https://admin@client.example/",
    ],
)
async def test_a_redirect_to_somewhere_private_is_refused(host: Host, location: str, tmp_path: Path) -> None:
    host.answers = moved(location)
    told = await refusal(host.egress(), host.url(), tmp_path / "got")
    assert "the address was not fetched" in told or "no address" in told
    assert host.connections == 1


async def test_a_redirect_to_a_name_that_means_a_private_address_is_refused(host: Host, tmp_path: Path) -> None:
    host.answers = moved(f"https://{OTHER_NAME}/")
    resolver = Resolver([[HERE], [METADATA]])
    told = await refusal(host.egress(resolver), host.url(), tmp_path / "got")
    assert "not on the public internet" in told
    assert (resolver.asked, host.connections) == ([NAME, OTHER_NAME], 1)


async def test_a_name_that_is_rebound_between_redirects_is_judged_again(host: Host, tmp_path: Path) -> None:
    host.answers = moved("/again")
    resolver = Resolver([[HERE], [HERE, PRIVATE]])
    assert "not on the public internet" in await refusal(host.egress(resolver), host.url(), tmp_path / "got")
    assert host.connections == 1


async def test_a_circle_of_redirects_ends(host: Host, tmp_path: Path) -> None:
    host.answers = moved("/again")
    assert "more than 5 others" in await refusal(host.egress(), host.url(), tmp_path / "got")
    assert host.connections == 6


@pytest.mark.parametrize(
    ("whole", "sentence"),
    [
        (answer(b"gone", status="404 Not Found"), "status 404; check the address"),
        (answer(b"no", status="403 Forbidden"), "readable without signing in"),
        (answer(b"no", status="500 Oops"), "status 500; try again later"),
        (answer(b"", status="302 Found"), "status 302"),
        (answer(b""), "the file is empty"),
        (answer(b"x", "Content-Encoding: gzip"), "compressed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", "before all of it had come"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nonly ", "before all of it had come"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", "broken"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nmore than that", "broken"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc", "broken"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\nabc", "over 1000000 bytes"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "broken"),
        (b"", "closed the connection"),
    ],
)
async def test_a_bad_answer_is_refused_with_what_to_do(host: Host, whole: bytes, sentence: str, tmp_path: Path) -> None:
    host.answers = whole
    assert sentence in await refusal(host.egress(), host.url(), tmp_path / "got")


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(bytes(100_000))
        await writer.drain()
        await asyncio.sleep(0)


async def test_a_body_without_end_is_cut_at_the_bound_and_takes_little_memory(host: Host, tmp_path: Path) -> None:
    host.answers = endless
    tracemalloc.start()
    try:
        told = await refusal(host.egress(), host.url(), tmp_path / "got", max_bytes=64 * 1024 * 1024)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "over 64 MB; PUT it to an address of create_upload_url" in told
    assert peak < 12 * 1024 * 1024


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b"x" * 100)
        await writer.drain()
        await asyncio.sleep(0.01)


async def test_a_host_that_drips_is_left(host: Host, tmp_path: Path) -> None:
    host.answers = drip
    assert "too slowly" in await refusal(host.egress(), host.url(), tmp_path / "got", stall_seconds=0.3)


async def test_the_total_time_ends_a_fetch_that_is_never_slow_enough(host: Host, tmp_path: Path) -> None:
    host.answers = drip
    assert "took too long" in await refusal(host.egress(total_seconds=0.3), host.url(), tmp_path / "got")
