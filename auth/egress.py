"""The one place from which URLs chosen by strangers are asked: client metadata documents, key sets and webhooks.

Such a URL may point into our own network (server-side request forgery). So it is read strictly, its name is resolved
once, every address must be public, and the connection goes to an address that was checked, while Host, SNI and the
certificate are those of the name: whatever DNS says next changes nothing. No redirect, proxy, cookie or second try.
"""

import asyncio
import re
import socket
import ssl
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from typing import TypeVar

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from auth.addresses import Address, is_public, unwrapped

__all__ = [
    "Egress",
    "EgressRefused",
    "Fetched",
    "NotModified",
    "Replied",
    "Resolve",
    "Target",
    "is_public",
    "read_url",
]

T = TypeVar("T")

Resolve = Callable[[str], Awaitable[Sequence[Address]]]
"""All addresses of a name; raises OSError if there is none."""

MAX_URL_CHARACTERS = 2048
MAX_HEADERS = 64
MAX_HEADER_BYTES = 8190
"""Of one header line."""
FETCHES_AT_ONCE = 32
ADDRESSES_TRIED = 4
"""A name with hundreds of addresses must not turn one fetch into hundreds of connections."""
NAMES_AT_ONCE = 16
_PIECE = 4096
_GZIP_OVERHEAD = 1024
"""How much longer than what it holds a compressed body may be."""

_CHARACTERS = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
_PARTS = re.compile(r"https://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?P<query>\?[^#]*)?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::(?P<port>[1-9][0-9]{0,4}))?")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_\-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# A host whose last label is a number is an IPv4 address to every network stack: 127.1, 0x7f.1, 2130706433.
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)")


class EgressRefused(Exception):
    """Nothing was fetched. `reason` may be shown to anyone: no URL and nothing of the answer is in it."""

    def __init__(self, reason: str, *, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        """Of the answer, if that is why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """An answer of status 200."""

    body: bytes
    """Decoded."""
    headers: Mapping[str, str]
    """By names in lower case; repeated ones are joined by a comma (RFC 9110 §5.3)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NotModified:
    """An answer of status 304: what was fetched under the entity tag is still current."""

    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Replied:
    """What came back for what was sent."""

    status: int
    body: bytes
    """The start of it, as it was sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A URL that was read strictly."""

    host: str
    """In lower case; an IPv6 address without brackets, an IPv4 address in its one full spelling."""
    address: Address | None
    """The host, where it is an address."""
    port: int
    path: str
    """As given, also escaped; empty if there is none."""
    query: str
    """With its question mark, or empty."""

    @property
    def url(self) -> URL:
        """To be sent as it was written: yarl would resolve escaped dots."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == 443 else f":{self.port}"
        return URL(f"https://{host}{port}{self.path or '/'}{self.query}", encoded=True)


def read_url(text: str) -> Target:
    """Read an https URL as strictly as possible, without asking the network.

    Raises:
        EgressRefused: longer than 2048 characters, a character that RFC 3986 §2 does not allow, not https, a fragment,
            user information, a port out of 1 to 65535, or a host that is neither a name nor an address.
    """
    if len(text) > MAX_URL_CHARACTERS:
        raise EgressRefused(f"the URL has more than {MAX_URL_CHARACTERS} characters")
    if not _CHARACTERS.fullmatch(text):
        raise EgressRefused("the URL has characters that RFC 3986 does not allow")
    if "#" in text:
        raise EgressRefused("the URL has a fragment")
    parts = _PARTS.fullmatch(text)
    if parts is None:
        raise EgressRefused("the URL does not begin with https://")
    if "@" in parts["authority"]:
        raise EgressRefused("the URL has user information")
    authority = _AUTHORITY.fullmatch(parts["authority"])
    if authority is None or int(authority["port"] or 443) > 65535:
        raise EgressRefused("the URL has no host, or a port that is no number from 1 to 65535")
    address = _read_address(authority["host"])
    host = authority["host"].lower() if address is None else str(address)
    if address is None and (len(host) > 253 or not _NAME.fullmatch(host)):
        raise EgressRefused("the host of the URL is neither a name of letters, digits and hyphens nor an address")
    return Target(
        host=host,
        address=address,
        port=int(authority["port"] or 443),
        path=parts["path"],
        query=parts["query"] or "",
    )


class Egress:
    """Fetches from the public internet.

    Args:
        resolve: how to find the addresses of a name; the system's way by default.
        is_allowed: which addresses may be connected to; a v4-mapped address is asked about as IPv4.
        ports: which ports may be connected to; None is any.
        total_seconds: for one fetch, from the first question to the last byte.
        ssl_context: whom to trust; the system's authorities by default.
        at_once: how many may be under way.
        names_at_once: how many names may be looked up by the system at the same time.
    """

    def __init__(
        self,
        *,
        resolve: Resolve | None = None,
        is_allowed: Callable[[Address], bool] = is_public,
        ports: frozenset[int] | None = frozenset({443}),
        total_seconds: float = 8.0,
        ssl_context: ssl.SSLContext | None = None,
        at_once: int = FETCHES_AT_ONCE,
        names_at_once: int = NAMES_AT_ONCE,
    ) -> None:
        # Threads of its own: name servers of strangers that never answer must not hold up anyone else's names.
        self._threads = ThreadPoolExecutor(names_at_once, thread_name_prefix="egress-names")
        self._resolve = resolve or self._ask_system
        self._is_allowed = is_allowed
        self._ports = ports
        self._total_seconds = total_seconds
        self._ssl_context = ssl_context
        self._places = asyncio.Semaphore(at_once)
        self._is_closed = False

    async def fetch(
        self, url: str, *, max_bytes: int = 5120, accept: str = "application/json", etag: str | None = None
    ) -> Fetched | NotModified:
        """GET a URL once; `NotModified` only if an entity tag was given.

        Raises:
            EgressRefused: the URL, its port or one of its addresses is not allowed; no connection, no trusted
                certificate, no answer in time; a status other than 200; more than `max_bytes` when decoded.
        """
        headers = {"Accept": accept, "Accept-Encoding": "gzip", "User-Agent": "socialapi-mcp"}
        if etag is not None:
            headers["If-None-Match"] = etag

        async def read(response: aiohttp.ClientResponse) -> Fetched | NotModified:
            answer = _read_headers(response)
            if response.status == 304 and "If-None-Match" in headers:
                return NotModified(headers=answer)
            if response.status != 200:
                raise EgressRefused("the host answers with another status than 200", status=response.status)
            return Fetched(body=await _read_body(response, answer, max_bytes), headers=answer)

        return await self.exchange("GET", url, headers, None, read)

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str], max_bytes: int = 2048) -> Replied:
        """POST to a URL once; whatever status comes is an answer, of whose body the start is read.

        Raises:
            EgressRefused: as `fetch`, but for the answer's status and length.
        """
        # Nothing compressed is asked for, so that the start of an answer can be shown as it came.
        sent = {"Accept-Encoding": "identity", "User-Agent": "socialapi-mcp", **headers}

        async def read(response: aiohttp.ClientResponse) -> Replied:
            start = bytearray()
            while len(start) < max_bytes and (piece := await response.content.read(max_bytes - len(start))):
                start += piece
            return Replied(status=response.status, body=bytes(start))

        return await self.exchange("POST", url, sent, body, read)

    async def exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        read: Callable[[aiohttp.ClientResponse], Awaitable[T]],
    ) -> T:
        """Ask a URL once, and return what `read` makes of the answer, whatever its status; it may read in pieces.

        Raises:
            EgressRefused: the URL, its port or one of its addresses is not allowed; no connection, no trusted
                certificate, no answer in time, or one that is broken.
        """
        target = read_url(url)
        if self._ports is not None and target.port not in self._ports:
            raise EgressRefused("the port of the URL is not allowed")
        try:
            async with asyncio.timeout(self._total_seconds), self._places:
                addresses = await self._find_addresses(target)
                return await self._send(method, target, addresses, headers, body, read)
        except TimeoutError:
            raise EgressRefused("the answer took too long") from None
        except aiohttp.ClientSSLError:
            raise EgressRefused("the certificate of the host is not trusted") from None
        except aiohttp.ClientConnectorError:
            raise EgressRefused("no connection to the host") from None
        except (aiohttp.ClientError, OSError, ValueError, zlib.error):
            raise EgressRefused("the answer is broken") from None

    async def close(self) -> None:
        """Fetch no more; whoever waits for an answer still gets it."""
        self._is_closed = True
        self._threads.shutdown(wait=False)

    async def _find_addresses(self, target: Target) -> list[Address]:
        if self._is_closed:
            raise EgressRefused("this server is shutting down")
        if target.address is None:
            try:
                found = await self._resolve(target.host)
            except TimeoutError:
                raise
            except OSError:
                found = ()
        else:
            found = (target.address,)
        addresses = [unwrapped(address) for address in found]
        if not addresses:
            raise EgressRefused("the host of the URL has no address")
        # One bad address refuses all: whoever mixes them is trying which one is taken.
        if not all(map(self._is_allowed, addresses)):
            raise EgressRefused("the host of the URL is not on the public internet")
        return addresses[:ADDRESSES_TRIED]

    async def _ask_system(self, name: str) -> Sequence[Address]:
        def ask() -> list[Address]:
            return [ip_address(answer[4][0]) for answer in socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)]

        return await asyncio.get_running_loop().run_in_executor(self._threads, ask)

    async def _send(
        self,
        method: str,
        target: Target,
        addresses: Sequence[Address],
        headers: Mapping[str, str],
        body: bytes | None,
        read: Callable[[aiohttp.ClientResponse], Awaitable[T]],
    ) -> T:
        if self._ssl_context is None:
            self._ssl_context = ssl.create_default_context()
        # A session for each fetch: strangers share no connection, and no other request can use these addresses.
        connector = aiohttp.TCPConnector(
            resolver=_Checked(addresses), use_dns_cache=False, ssl=self._ssl_context, force_close=True
        )
        async with (
            aiohttp.ClientSession(
                connector=connector,
                trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None),
                read_bufsize=_PIECE,
                max_line_size=MAX_HEADER_BYTES,
                max_field_size=MAX_HEADER_BYTES,
                middlewares=(_once,),
            ) as session,
            session.request(method, target.url, headers=headers, data=body, allow_redirects=False) as response,
        ):
            return await read(response)


class _Checked(AbstractResolver):
    """Answers aiohttp with addresses that were checked, and never asks the network."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """There is nothing to close."""


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a GET on the errors caught last."""
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        raise EgressRefused("the host closed the connection") from None


def _read_headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    if len(response.headers) > MAX_HEADERS:
        raise EgressRefused(f"the answer has more than {MAX_HEADERS} headers")
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        known = headers.get(name.lower())
        headers[name.lower()] = value if known is None else f"{known}, {value}"
    return headers


async def _read_body(response: aiohttp.ClientResponse, headers: Mapping[str, str], max_bytes: int) -> bytes:
    """Read and decode a body piece by piece, never holding more than allowed."""
    coding = headers.get("content-encoding", "identity").lower()
    if coding not in {"identity", "gzip"}:
        raise EgressRefused("the answer is in a coding that was not asked for")
    gzip = zlib.decompressobj(wbits=31) if coding == "gzip" else None
    allowance = max_bytes if gzip is None else max_bytes + _GZIP_OVERHEAD
    body = bytearray()
    while piece := await response.content.read(_PIECE):
        allowance -= len(piece)
        body += piece if gzip is None else gzip.decompress(piece, max_bytes + 1 - len(body))
        if allowance < 0 or len(body) > max_bytes:
            raise EgressRefused(f"the answer has more than {max_bytes} bytes")
    if gzip is not None and (not gzip.eof or gzip.unused_data):
        raise EgressRefused("the answer is broken")
    return bytes(body)


def _read_address(host: str) -> Address | None:
    """The address that a host is in whatever spelling, as a network stack reads it; None for a name."""
    try:
        if host.startswith("["):
            return unwrapped(IPv6Address(host[1:-1]))
        if not _NUMERIC.fullmatch(host):
            return None
        return IPv4Address(socket.inet_aton(host))
    except (AddressValueError, OSError):
        raise EgressRefused("the host of the URL is not an address, though it looks like one") from None
