import asyncio
import gzip
import ssl
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from auth.egress import Egress, EgressRefused, Fetched, NotModified, read_url
from tests.auth.hosts import HERE, NAME, Address, Host, Resolver, Write, answer, open_host

PUBLIC = IPv4Address("93.184.216.34")
PRIVATE = IPv4Address("10.0.0.1")


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with open_host(tmp_path) as opened:
        yield opened


async def refusal(egress: Egress, url: str, *, max_bytes: int = 5120, etag: str | None = None) -> str:
    with pytest.raises(EgressRefused) as refused:
        await egress.fetch(url, max_bytes=max_bytes, etag=etag)
    await egress.close()
    return refused.value.reason


# URLs


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://client.example/", "does not begin with https"),
        ("ftp://client.example/", "does not begin with https"),
        ("//client.example/", "does not begin with https"),
        ("https:client.example", "does not begin with https"),
        ("https:///client.json", "no host"),
        ("https://:443/", "no host"),
        ("https://user@client.example/", "user information"),
        ("https://client.example@10.0.0.1/", "user information"),
        ("https://client.example:443@10.0.0.1/", "user information"),
        ("https://client.example/#a", "fragment"),
        ("https://client.example/#", "fragment"),
        ("https://client.example\\@10.0.0.1/", "characters"),
        ("https://client.example/a b", "characters"),
        (" https://client.example/", "characters"),
        ("https://client.example/\n", "characters"),
        ("https://client.example/a\tb", "characters"),
        ("https://client.example/\x00", "characters"),
        ("https://client.example/%zz", "characters"),
        ("https://cl\u0456ent.example/", "characters"),
        ("https://\uff11\uff10.0.0.1/", "characters"),
        ("https://127\u30020\u30020\u30021/", "characters"),
        ("https://client.example:0/", "port"),
        ("https://client.example:0443/", "port"),
        ("https://client.example:65536/", "port"),
        ("https://client.example:/", "port"),
        ("https://client.example:443:80/", "port"),
        ("https://client..example/", "neither a name"),
        ("https://client.example./", "neither a name"),
        ("https://127.0.0.1./", "neither a name"),
        ("https://-client.example/", "neither a name"),
        ("https://client.example%2f10.0.0.1/", "not an address"),
        ("https://10.0.0.1%2f.client.example/", "neither a name"),
        ("https://" + "a" * 64 + ".example/", "neither a name"),
        ("https://" + "a." * 127 + "example/", "neither a name"),
        ("https://256.1.1.1/", "not an address"),
        ("https://1.2.3.4.5/", "not an address"),
        ("https://0x1ffffffff/", "not an address"),
        ("https://client.example.0x7f/", "not an address"),
        ("https://[::1/", "no host"),
        ("https://[::g]/", "no host"),
        ("https://[1:2]/", "not an address"),
        ("https://[fe80::1%25eth0]/", "no host"),
        ("https://client.example/" + "a" * 2048, "2048"),
    ],
)
def test_a_url_that_could_be_read_in_two_ways_is_refused(url: str, reason: str) -> None:
    with pytest.raises(EgressRefused, match=reason) as refused:
        read_url(url)
    assert url.strip() not in refused.value.reason


def test_a_url_is_sent_as_it_was_written() -> None:
    target = read_url("HTTPS://Client.Example:443/a/%2e%2E/%41?q=%2f+1")
    assert (target.host, target.port, target.address) == ("client.example", 443, None)
    assert str(target.url) == "https://client.example/a/%2e%2E/%41?q=%2f+1"
    assert str(read_url("https://client.example:8443").url) == "https://client.example:8443/"
    assert str(read_url("https://[2606:4700:0::1111]/a").url) == "https://[2606:4700::1111]/a"


LOOPBACK = ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "017700000001", "0x7F.1", "127.0.1"]
PRIVATE_LITERALS = [
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:10.0.0.1]",
    "[64:ff9b::a00:1]",
    "[0:0::7f00:1]",
    "0",
    "10.1",
]
METADATA = [
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "169.254.43518",
]


@pytest.mark.anyio
@pytest.mark.parametrize("literal", [*LOOPBACK, *PRIVATE_LITERALS, *METADATA])
async def test_a_private_address_is_refused_in_every_spelling(host: Host, literal: str) -> None:
    resolver = Resolver([[PUBLIC]])
    egress = Egress(resolve=resolver, ports=frozenset({host.port}), ssl_context=host.authority)
    assert await refusal(egress, host.url(name=literal)) == "the host of the URL is not on the public internet"
    assert (host.connections, resolver.asked) == (0, [])


@pytest.mark.anyio
@pytest.mark.parametrize("port", [22, 80, 6379, 8443])
async def test_other_ports_than_443_are_refused_without_asking_the_network(port: int) -> None:
    resolver = Resolver([[PUBLIC]])
    reason = await refusal(Egress(resolve=resolver), f"https://client.example:{port}/")
    assert reason == "the port of the URL is not allowed"
    assert resolver.asked == []


# Names


@pytest.mark.anyio
async def test_the_name_is_in_host_sni_and_certificate_and_the_address_is_the_checked_one(host: Host) -> None:
    host.answers = answer(b'{"a":1}', 'ETag: "1"', "Vary: a", "vary: b", "Set-Cookie: a=1")
    resolver = Resolver([[HERE]])
    egress = host.egress(resolver)
    for _ in range(2):
        fetched = await egress.fetch(host.url("/a/../%2e/client.json?x=1"))
        assert isinstance(fetched, Fetched)
        assert fetched.body == b'{"a":1}'
        assert fetched.headers["etag"] == '"1"' and fetched.headers["vary"] == "a, b"
    await egress.close()
    assert resolver.asked == [NAME, NAME]
    assert host.names == [NAME, NAME]
    lines = host.requests[1].split("\r\n")
    assert lines[0] == "GET /a/../%2e/client.json?x=1 HTTP/1.1"
    assert f"Host: {NAME}:{host.port}" in lines
    assert "Accept: application/json" in lines
    assert not any(line.lower().startswith(("cookie", "authorization", "referer")) for line in lines)


@pytest.mark.anyio
async def test_an_address_is_fetched_under_its_own_certificate(host: Host) -> None:
    egress = host.egress()
    fetched = await egress.fetch(host.url(name="127.1"))
    assert isinstance(fetched, Fetched)
    assert f"Host: 127.0.0.1:{host.port}" in host.requests[0]
    await egress.close()


@pytest.mark.anyio
async def test_one_private_address_among_public_ones_refuses_the_name(host: Host) -> None:
    mapped = IPv6Address("::ffff:10.0.0.1")
    answers: list[list[Address]] = [[HERE, PRIVATE], [PRIVATE, HERE], [HERE, mapped]]
    for addresses in answers:
        reason = await refusal(host.egress(Resolver([addresses])), host.url())
        assert reason == "the host of the URL is not on the public internet"
    assert host.connections == 0


@pytest.mark.anyio
async def test_a_name_that_is_rebound_cannot_move_a_connection(host: Host) -> None:
    resolver = Resolver([[HERE], [PRIVATE]])
    egress = host.egress(resolver)
    assert isinstance(await egress.fetch(host.url()), Fetched)
    assert (resolver.asked, host.connections) == ([NAME], 1)
    assert await refusal(egress, host.url()) == "the host of the URL is not on the public internet"
    assert host.connections == 1


@pytest.mark.anyio
async def test_a_broken_connection_is_neither_retried_nor_resolved_again(host: Host) -> None:
    host.answers = b""
    resolver = Resolver([[HERE], [PRIVATE]])
    assert await refusal(host.egress(resolver), host.url()) == "the host closed the connection"
    assert (resolver.asked, host.connections) == ([NAME], 1)


@pytest.mark.anyio
async def test_names_without_addresses_are_refused(host: Host) -> None:
    async def fails(name: str) -> list[IPv4Address]:
        raise OSError(f"no such name: {name}")

    for resolve in (fails, Resolver([[]])):
        assert await refusal(Egress(resolve=resolve), f"https://{NAME}/") == "the host of the URL has no address"


@pytest.mark.anyio
async def test_a_mapped_address_is_judged_and_reached_as_the_one_it_means(host: Host) -> None:
    egress = host.egress(Resolver([[IPv6Address("::ffff:127.0.0.1")]]))
    assert isinstance(await egress.fetch(host.url()), Fetched)
    await egress.close()


@pytest.mark.anyio
async def test_only_four_addresses_of_a_name_are_tried(host: Host) -> None:
    silent = [HERE + number for number in range(1, 5)]
    for addresses, is_reached in (([*silent[:3], HERE], True), ([*silent, HERE], False)):
        egress = Egress(
            resolve=Resolver([addresses]),
            is_allowed=lambda address: address.is_loopback,
            ports=frozenset({host.port}),
            ssl_context=host.authority,
        )
        if is_reached:
            assert isinstance(await egress.fetch(host.url()), Fetched)
        else:
            assert await refusal(egress, host.url()) == "no connection to the host"
        await egress.close()


@pytest.mark.anyio
async def test_thirty_two_fetches_run_at_once_and_the_next_one_waits(host: Host) -> None:
    may_answer = asyncio.Event()
    asked: list[str] = []

    async def resolve(name: str) -> list[IPv4Address]:
        asked.append(name)
        await may_answer.wait()
        return [HERE]

    egress = Egress(
        resolve=resolve, is_allowed=lambda _: True, ports=frozenset({host.port}), ssl_context=host.authority
    )
    running = [asyncio.create_task(egress.fetch(host.url())) for _ in range(33)]
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(asked) == 32
    may_answer.set()
    assert {type(fetched) for fetched in await asyncio.gather(*running)} == {Fetched}
    assert len(asked) == 33
    await egress.close()


@pytest.mark.anyio
async def test_the_system_is_asked_where_no_resolver_is_given(host: Host) -> None:
    egress = Egress(ports=frozenset({host.port}), ssl_context=host.authority)
    assert await refusal(egress, host.url(name="localhost")) == "the host of the URL is not on the public internet"
    assert host.connections == 0


@pytest.mark.anyio
async def test_a_foreign_certificate_is_refused(host: Host) -> None:
    reason = "the certificate of the host is not trusted"
    assert await refusal(host.egress(), host.url(name="foreign.example")) == reason
    host.authority = ssl.create_default_context()
    assert await refusal(host.egress(), host.url()) == reason
    assert host.requests == []


@pytest.mark.anyio
async def test_no_proxy_of_the_environment_is_used(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    egress = host.egress()
    assert isinstance(await egress.fetch(host.url()), Fetched)
    await egress.close()


# Answers


@pytest.mark.anyio
@pytest.mark.parametrize("location", ["https://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "/client.json"])
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_redirects_are_not_followed(host: Host, status: str, location: str) -> None:
    host.answers = answer(b"", f"Location: {location}", status=status)
    assert await refusal(host.egress(), host.url()) == "the host answers with another status than 200"
    assert host.connections == 1


@pytest.mark.anyio
@pytest.mark.parametrize("status", [201, 203, 204, 206, 304, 400, 404, 410, 500, 503])
async def test_every_status_but_200_is_refused_and_told(host: Host, status: int) -> None:
    host.answers = answer(b"" if status in {204, 304} else b"{}", status=f"{status} secret-reason")
    egress = host.egress()
    with pytest.raises(EgressRefused) as refused:
        await egress.fetch(host.url())
    assert refused.value.status == status
    assert "secret" not in str(refused.value)
    await egress.close()


@pytest.mark.anyio
async def test_not_modified_is_an_answer_to_an_entity_tag_only(host: Host) -> None:
    host.answers = b'HTTP/1.1 304 Not Modified\r\nETag: "2"\r\n\r\n'
    egress = host.egress()
    unchanged = await egress.fetch(host.url(), etag='"2"')
    assert isinstance(unchanged, NotModified) and unchanged.headers["etag"] == '"2"'
    assert 'If-None-Match: "2"' in host.requests[0]
    assert await refusal(egress, host.url()) == "the host answers with another status than 200"


@pytest.mark.anyio
async def test_a_body_may_be_as_long_as_allowed_and_not_longer(host: Host) -> None:
    body = b"x" * 5120
    chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
    until_close = b"HTTP/1.1 200 OK\r\n\r\n"
    for whole in (answer(body), (chunked % (len(body), body.decode())).encode(), until_close + body):
        host.answers = whole
        egress = host.egress()
        fetched = await egress.fetch(host.url())
        assert isinstance(fetched, Fetched) and fetched.body == body
        await egress.close()
    long = b"x" * 6144
    for whole in (answer(long), (chunked % (len(long), long.decode())).encode(), until_close + long):
        host.answers = whole
        assert await refusal(host.egress(), host.url()) == "the answer has more than 5120 bytes"


def compressed(body: bytes) -> bytes:
    return answer(gzip.compress(body, mtime=0), "Content-Encoding: gzip")


@pytest.mark.anyio
async def test_a_compressed_body_is_measured_decoded(host: Host) -> None:
    host.answers = compressed(b"x" * 5120)
    egress = host.egress()
    fetched = await egress.fetch(host.url())
    assert isinstance(fetched, Fetched) and fetched.body == b"x" * 5120
    await egress.close()
    host.answers = compressed(b"x" * 5121)
    assert await refusal(host.egress(), host.url()) == "the answer has more than 5120 bytes"


def endless(head: bytes, piece: bytes) -> Write:
    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            # Draining yields only once the other side is behind.
            await asyncio.sleep(0)

    return write


def bombs() -> list[Write]:
    """Zeros without end, of which each byte sent takes 1000 of memory; and blocks that decode to nothing."""
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
    zeros = zlib.compressobj(wbits=-15)
    megabyte = zeros.compress(bytes(1_000_000)) + zeros.flush(zlib.Z_FULL_FLUSH)
    nothing = b"\x00\x00\x00\xff\xff"
    return [endless(head, megabyte), endless(head, nothing * 100)]


@pytest.mark.anyio
async def test_decoding_stops_a_bomb_that_never_ends(host: Host) -> None:
    for bomb in bombs():
        host.answers = bomb
        assert await refusal(host.egress(), host.url()) == "the answer has more than 5120 bytes"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("whole", "reason"),
    [
        (answer(gzip.compress(b"{}", mtime=0)[:-4], "Content-Encoding: gzip"), "broken"),
        (answer(gzip.compress(b"{}", mtime=0) + b"more", "Content-Encoding: gzip"), "broken"),
        (answer(b"{}", "Content-Encoding: gzip"), "broken"),
        (answer(b"{}", "Content-Encoding: br"), "coding"),
        (answer(b"{}", "Content-Encoding: gzip", "Content-Encoding: gzip"), "coding"),
        (answer(b"{}", "Content-Encoding: gzip, gzip"), "coding"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", "broken"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}a", "broken"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "broken"),
        (answer(b"{}", *(f"X-{number}: 1" for number in range(64))), "headers"),
        (answer(b"{}", "X: " + "a" * 9000), "broken"),
        (answer(b"{}", *(f"X-{number}: " + "a" * 8000 for number in range(1000))), "broken"),
    ],
)
async def test_a_malformed_answer_is_refused(host: Host, whole: bytes, reason: str) -> None:
    host.answers = whole
    assert reason in await refusal(host.egress(), host.url())


@pytest.mark.anyio
async def test_decoding_a_bomb_takes_little_memory(host: Host) -> None:
    # A piece of 4 KiB holds 4 MB; the bomb is as long as it may be while compressed.
    host.answers = answer(gzip.compress(bytes(5_000_000)), "Content-Encoding: gzip")
    egress = host.egress()
    assert isinstance(await egress.fetch(host.url(), max_bytes=5_000_000), Fetched)
    tracemalloc.start()
    try:
        assert await refusal(egress, host.url()) == "the answer has more than 5120 bytes"
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


async def write_slowly(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def write_headers_slowly(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def write_nothing(writer: asyncio.StreamWriter) -> None:
    await asyncio.get_running_loop().create_future()


@pytest.mark.anyio
@pytest.mark.parametrize("slow", [write_slowly, write_headers_slowly, write_nothing])
async def test_the_total_time_ends_an_answer_that_never_ends(host: Host, slow: Write) -> None:
    host.answers = slow
    assert await refusal(host.egress(total_seconds=0.3), host.url()) == "the answer took too long"


@pytest.mark.anyio
async def test_the_total_time_ends_a_resolver_that_never_answers(host: Host) -> None:
    async def waits(name: str) -> list[IPv4Address]:
        await asyncio.get_running_loop().create_future()
        return [PUBLIC]

    assert await refusal(Egress(resolve=waits, total_seconds=0.05), f"https://{NAME}/") == "the answer took too long"


@pytest.mark.anyio
async def test_nothing_is_fetched_after_close(host: Host) -> None:
    egress = host.egress()
    await egress.close()
    assert await refusal(egress, host.url()) == "this server is shutting down"
    assert host.connections == 0
