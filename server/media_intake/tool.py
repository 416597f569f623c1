"""`add_media`: get the file, look at it, compare it with the platforms, upload it, and answer what came of it."""

import asyncio
import base64
import os
import re
import stat
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from server.media_intake.call import MediaCall, Progress, Received, Waiting
from server.media_intake.fit import fit
from server.media_intake.inspection import inspect
from server.media_intake.looking import Facts
from server.media_intake.naming import library_name
from server.media_intake.sending import SMALL_BYTES
from server.media_intake.storing import MAX_BYTES, TooLarge, store
from server.naming import MAX_SHOWN, titles
from server.results import plain
from tools.accounts import LIST_ACCOUNTS
from tools.media import CREATE_UPLOAD_URL, UPLOAD_MEDIA, VERIFY_MEDIA
from tools.media_intake import NEW_PAGE, AddMediaArgs
from tools.posts import GET_PLATFORM_CONSTRAINTS
from tools.rest import BadFile, NoAnswer

_DATA_URL = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)
_PIECE = 256 * 1024
Limits = Mapping[str, Mapping[str, Any] | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Taken:
    """A file that is ours for the time of the call."""

    file: Path
    name: str


async def add_media(call: MediaCall, args: AddMediaArgs) -> dict[str, Any]:
    """Put one file into the media library.

    Returns:
        `media_id`, `filename`, `facts` and `fits`, a row for each platform as `fit.fit` makes it. A file that fits
        none of them is not uploaded: `uploaded` is false. For `upload`, before the person has uploaded: `status`
        waiting, with the `page` to give them and its `handle`.

    Raises:
        BadFile: the source or the file cannot be used; the text says why and what to do.
        ApiError, NoAnswer: the API refused, or gave no answer; what a person uploaded stays for another try.
    """
    if args.upload == NEW_PAGE:
        return _shown_page(await _page(call, NEW_PAGE))
    limits = await _limits(call, args)
    if args.upload is None:
        async with _source(call, args) as taken:
            return await _add(call, args, taken, limits)
    state = await _page(call, args.upload)
    return _shown_page(state) if isinstance(state, Waiting) else await _from_page(call, args, state, limits)


async def _page(call: MediaCall, handle: str) -> Waiting | Received:
    if call.upload_page is None:
        raise BadFile("there is no upload page here; pass path, address or content_base64")
    return await call.upload_page(handle)


def _shown_page(state: Waiting | Received) -> dict[str, Any]:
    if isinstance(state, Received):
        raise TypeError("a new page cannot have received anything")
    return {
        "status": "waiting",
        "page": state.address,
        "handle": state.handle,
        "expires_at": state.expires_at.isoformat(timespec="seconds"),
        "next": "give the person the page; once they have uploaded, call add_media with upload set to the handle",
    }


async def _from_page(call: MediaCall, args: AddMediaArgs, received: Received, limits: Limits) -> dict[str, Any]:
    try:
        answer = await _add(call, args, _Taken(file=received.file, name=received.filename), limits)
    except BadFile:
        await asyncio.to_thread(received.discard)
        raise
    except BaseException:
        # The person has done their part: whatever failed here, they need not upload again.
        received.give_back()
        raise
    await asyncio.to_thread(received.discard)
    return answer


async def _add(call: MediaCall, args: AddMediaArgs, taken: _Taken, limits: Limits) -> dict[str, Any]:
    facts = await inspect(taken.file)
    rows = [fit(platform, limits[platform], facts) for platform in limits]
    name = library_name(args.filename or taken.name, facts.extension)
    answer = {"filename": name, "facts": _shown(facts), "fits": rows}
    if not any(row["fits_as"] for row in rows):
        advice = "it fits none of these platforms; mend it as the rows say, then add it again"
        return {"uploaded": False, **answer, "next": advice}
    return {"uploaded": True, "media_id": await _upload(call, taken.file, name, facts), **answer}


async def _upload(call: MediaCall, file: Path, name: str, facts: Facts) -> str:
    is_small = facts.size_bytes <= SMALL_BYTES
    if is_small:
        body = await call.write(UPLOAD_MEDIA, {"filename": name}, file=file)
    else:
        given = {"media_type": facts.content_type, "filename": name}
        body = await call.write(CREATE_UPLOAD_URL, given, file=file)
    media_id = body.get("media_id")
    if not isinstance(media_id, str):
        raise NoAnswer("the API's answer does not have its documented shape", sent=True)
    if not is_small:
        await call.write(VERIFY_MEDIA, {"media_id": media_id})
    return media_id


def _shown(facts: Facts) -> dict[str, Any]:
    return {
        name: value
        for name, value in asdict(facts).items()
        if value is not None and name != "extension" and (name != "is_animated" or facts.kind == "image")
    }


async def _limits(call: MediaCall, args: AddMediaArgs) -> Limits:
    """The limits of each platform that the file is meant for, as the API tells its caller; None: it takes no posts."""
    named: Sequence[str] | None = args.platforms
    if args.brand is not None:
        connected = await _platforms_of_brand(call, args.brand)
        named = [name for name in named if name in connected] if named else connected
    body = await call.read(GET_PLATFORM_CONSTRAINTS, {})
    known: Mapping[str, Any] = body.get("data") or {}
    chosen = list(known) if named is None else named
    if args.brand is not None and args.platforms is None:
        # Accounts that only carry messages say nothing about posts.
        chosen = [name for name in chosen if name in known]
    if not chosen:
        raise BadFile("the brand has no connected account that takes posts; pass platforms, or leave brand out")
    return {name: known.get(name) for name in chosen}


async def _platforms_of_brand(call: MediaCall, brand_id: str) -> list[str]:
    known = {identifier: shown for (_, identifier), shown in (await titles({"brand"}, call.read)).items()}
    if brand_id not in known:
        listed = list(known.values())
        more = f" and {len(listed) - MAX_SHOWN} more, see list_brands" if len(listed) > MAX_SHOWN else ""
        raise BadFile(
            f"no brand has the id {plain(brand_id, 100)}; pass one of these: {', '.join(listed[:MAX_SHOWN])}{more}"
        )
    accounts: list[dict[str, Any]] = (await call.read(LIST_ACCOUNTS, {"brand_id": brand_id})).get("data") or []
    return list(dict.fromkeys(str(account.get("platform")) for account in accounts))


@asynccontextmanager
async def _source(call: MediaCall, args: AddMediaArgs) -> AsyncGenerator[_Taken]:
    """The file in the call's own folder, removed afterwards whatever happens."""
    try:
        descriptor, place = await asyncio.to_thread(tempfile.mkstemp, prefix="media-", dir=call.temporary)
    except OSError:
        raise BadFile("this server has no room to keep the file; try again later") from None
    os.close(descriptor)
    file = Path(place)
    try:
        if args.address is not None:
            # aiohttp, which this brings, is not needed by a server that fetches nothing.
            from server.media_intake.fetching import fetch

            name = await fetch(call.egress, args.address, file, progress=_step(call, "fetching"))
        elif args.path is not None:
            name = await _copy(call, args.path, file)
        else:
            name = ""
            await store(_decoded(args.content_base64 or ""), file, progress=_step(call, "reading"))
        yield _Taken(file=file, name=name)
    finally:
        # Not in a thread: also where the call is cancelled, nothing stays.
        file.unlink(missing_ok=True)  # noqa: ASYNC240


def _step(call: MediaCall, message: str) -> Progress:
    async def report(done: int, total: int | None) -> None:
        await call.progress(done, total, message)

    return report


async def _copy(call: MediaCall, path: str, file: Path) -> str:
    """A copy, so that what was looked at is what is uploaded, whoever writes to the original meanwhile."""
    found = call.files.locate(path)
    # Checked again by what was opened: a pipe or a link may have taken the file's place.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = await asyncio.to_thread(os.open, found, flags)
    except OSError:
        raise BadFile("the file cannot be read; check its permissions") from None
    try:
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode):
            raise BadFile("the path is not a regular file")
        if seen.st_size > MAX_BYTES:
            raise TooLarge(MAX_BYTES)
        await store(_read(descriptor), file, progress=_step(call, "reading"), total=seen.st_size)
    except OSError:
        raise BadFile("the file cannot be read; try again") from None
    finally:
        os.close(descriptor)
    return found.name


async def _read(descriptor: int) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(os.read, descriptor, _PIECE):
        yield piece


async def _decoded(text: str) -> AsyncIterator[bytes]:
    start = _DATA_URL.match(text)
    at = start.end() if start else 0
    rest = ""
    try:
        while at < len(text):
            # Line breaks are taken out, as many encoders put them in.
            rest += "".join(text[at : at + _PIECE].split())
            at += _PIECE
            whole = len(rest) if at >= len(text) else len(rest) // 4 * 4
            yield await asyncio.to_thread(base64.b64decode, rest[:whole], validate=True)
            rest = rest[whole:]
    except ValueError:
        raise BadFile("content_base64 is not base64; encode the file's bytes, or pass address") from None
