"""How a file goes to the API: the small one in one request, the large one to an address made for it, from disk."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx2

from server.media_intake.call import Meter, Progress
from tools.media import CREATE_UPLOAD_URL, UPLOAD_MEDIA
from tools.operation import AnyOperation
from tools.rest import Files, NoAnswer, RestClient

SMALL_BYTES = 8 * 1024 * 1024
"""Up to here a file is read whole and sent with `upload_media`."""
_PIECE = 256 * 1024
_TIMEOUT = {"connect": 20.0, "pool": 20.0, "read": 600.0, "write": 600.0}
"""Seconds; the answer to a PUT comes when all of it has arrived."""


async def send(
    rest: RestClient,
    operation: AnyOperation,
    arguments: Mapping[str, Any],
    file: Path,
    *,
    authorization: str | None,
    progress: Progress,
) -> dict[str, Any]:
    """Run `upload_media` with a file, or `create_upload_url` and PUT the file to the address that it makes.

    Returns:
        The API's body; of `create_upload_url`, without the address, which was used.

    Raises:
        ApiError, NoAnswer, BadFile: as `RestClient.exchange`; a PUT that fails leaves nothing in the library.
    """
    if operation.name == UPLOAD_MEDIA.name:
        given = {"path": file.name, "filename": arguments["filename"]}
        client = RestClient(http=rest.http, files=Files(root=file.parent), wait=rest.wait)
        answer = await client.exchange(operation, operation.args.model_validate(given), authorization=authorization)
        size = (await asyncio.to_thread(file.stat)).st_size
        await progress(size, size)
        return answer.body
    if operation.name != CREATE_UPLOAD_URL.name:
        raise TypeError(f"{operation.name} takes no file")
    args = operation.args.model_validate(dict(arguments))
    body = (await rest.exchange(operation, args, authorization=authorization)).body
    address = body.get("upload_url")
    if not isinstance(address, str):
        raise NoAnswer("the API's answer does not have its documented shape", sent=False)
    await _put(rest.http, address, file, content_type=arguments["media_type"], progress=progress)
    return {name: value for name, value in body.items() if name != "upload_url"}


async def _put(http: httpx2.AsyncClient, address: str, file: Path, *, content_type: str, progress: Progress) -> None:
    size = (await asyncio.to_thread(file.stat)).st_size
    meter = Meter(progress, size)

    async def pieces() -> AsyncIterator[bytes]:
        with await asyncio.to_thread(file.open, "rb") as opened:
            while piece := await asyncio.to_thread(opened.read, _PIECE):
                yield piece
                await meter.add(len(piece))

    target = _target(http, address)
    # Made by hand: what the client adds to each request, such as a key, is not for the address of a file store.
    request = httpx2.Request(
        "PUT",
        target,
        headers={"Content-Type": content_type, "Content-Length": str(size), "User-Agent": "socialapi-mcp"},
        content=pieces(),
        extensions={"timeout": _TIMEOUT},
    )
    try:
        response = await http.send(request, auth=None, follow_redirects=False)
    except httpx2.TimeoutException:
        raise NoAnswer("the file store did not take the file in time", sent=False) from None
    except httpx2.TransportError:
        raise NoAnswer("the connection to the file store broke", sent=False) from None
    if not response.is_success:
        raise NoAnswer(f"the file store refused the file (HTTP {response.status_code})", sent=False)


def _target(http: httpx2.AsyncClient, address: str) -> httpx2.URL:
    """Where to PUT: as the API said, and never less protected on the way than the API itself."""
    try:
        target = httpx2.URL(address)
    except httpx2.InvalidURL:
        target = httpx2.URL("")
    allowed = {"https"} if http.base_url.scheme == "https" else {"https", "http"}
    if target.scheme not in allowed or not target.host:
        raise NoAnswer("the API gave no usable address for the file", sent=False)
    return target
