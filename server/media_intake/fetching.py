"""Fetches a file from an address that a caller names, from the public internet only, through every redirect."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import aiohttp

from auth.egress import Egress, EgressRefused
from server.media_intake.call import Progress
from server.media_intake.storing import MAX_BYTES, STALL_SECONDS, store
from tools.rest import BadFile

TOTAL_SECONDS = 600.0
MAX_REDIRECTS = 5
FETCHES_AT_ONCE = 16
_MOVED = frozenset({301, 302, 303, 307, 308})
_PIECE = 64 * 1024
_HEADERS = {
    "Accept": "image/*, video/*;q=0.9, */*;q=0.1",
    # A picture is compressed already, and a decoder would have to be bounded.
    "Accept-Encoding": "identity",
    "User-Agent": "socialapi-mcp",
}


def new_egress() -> Egress:
    """What media is fetched through: apart from the sign-in's, so that slow films hold up nobody's."""
    return Egress(total_seconds=TOTAL_SECONDS, at_once=FETCHES_AT_ONCE)


async def fetch(
    egress: Egress,
    address: str,
    file: Path,
    *,
    progress: Progress,
    max_bytes: int = MAX_BYTES,
    stall_seconds: float = STALL_SECONDS,
) -> str:
    """Write what lies at an address to `file`; return the name that the last address has, which may be empty.

    Each redirect is a new question: its address is read, its name resolved and its addresses judged like the first.

    Raises:
        BadFile: not https, not on the public internet, not found, too many redirects, broken off, too slow, too large.
    """
    url = urldefrag(address.strip()).url

    async def read(response: aiohttp.ClientResponse) -> str | BadFile | None:
        location = response.headers.get("location")
        if response.status in _MOVED and location:
            return location
        if response.status != 200:
            return BadFile(f"the host of the address answers with status {response.status}; {_advice(response.status)}")
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            return BadFile("the host sends the file compressed, which was not asked for; pass another address")
        try:
            await store(
                _pieces(response),
                file,
                progress=progress,
                total=response.content_length,
                max_bytes=max_bytes,
                stall_seconds=stall_seconds,
            )
        except BadFile as refused:
            # Raised in here, it would count as a fault of the answer.
            return refused
        except aiohttp.ClientPayloadError:
            return BadFile("the host ended the file before all of it had come; try again, or pass another address")
        return None

    for _ in range(MAX_REDIRECTS + 1):
        try:
            answer = await egress.exchange("GET", url, _HEADERS, None, read)
        except EgressRefused as refused:
            raise BadFile(
                f"the address was not fetched: {refused.reason}; pass a public https address of the file itself"
            ) from None
        if isinstance(answer, BadFile):
            raise answer
        if answer is None:
            return unquote(urlsplit(url).path.rpartition("/")[2])
        url = _next(url, answer)
    raise BadFile(f"the address leads on through more than {MAX_REDIRECTS} others; pass the last one")


def _next(url: str, location: str) -> str:
    try:
        return urldefrag(urljoin(url, location)).url
    except ValueError:
        raise BadFile("the address leads on to something that is no address; pass that of the file itself") from None


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    while piece := await response.content.read(_PIECE):
        yield piece


def _advice(status: int) -> str:
    if status in {401, 403}:
        return "it has to be readable without signing in"
    return "check the address" if status in {404, 410} else "try again later, or pass another address"
