"""Finds what was written, by words, and shows it whole: posts, comments, conversations, reviews and mentions."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import accumulate
from math import ceil
from typing import Any
from urllib.parse import quote, unquote

import anyio
from mcp.types import CallToolResult, TextContent

from server import results
from server.answering import MOST_TOKENS
from server.bodies import row_of, rows_of
from server.calls import Call, Failed, Refused
from server.foreign_text import LINE_END, clean, is_address, is_plain, is_platform_address
from server.shaping import View, shape
from server.times import with_local, zone_here
from server.token_estimate import estimate
from server.workflows import Handler
from server.workflows.gathering import Item, Kind, Wanted, gather
from server.workflows.items import plain_id
from server.workflows.reads import Reads
from server.workflows.search_parts import (
    MORE,
    UNSEARCHED,
    Posts,
    Watched,
    holds,
    more_entry,
    on_entry,
    posts_with,
    unsearched_entry,
)
from tools.comments import LIST_COMMENTED_POSTS
from tools.conversations import GET_CONVERSATION, LIST_MESSAGES
from tools.posts import GET_POST
from tools.search import FetchArgs, FetchedPost, FetchResult, Found, SearchArgs

MOST_RESULTS = 20
TITLE_CHARACTERS = 80
MESSAGES_SHOWN = 50
CONVERSATIONS_LOOKED_INTO = 15
"""By one search, newest first."""
TEXT_CHARACTERS = 1900
"""What a fence takes in one piece, and a little less."""
TOKENS, TOKENS_OF_A_TEXT, TOKENS_OF_A_CALL, TOKENS_OF_ENTRIES = 6000, 5000, 100, 700
"""What an answer may cost; of it our own text at most, the line that names the call for the rest, and what is said
behind the results of a search."""
_MOST_GROWTH = 8
"""By which cleaning lengthens a text at most, and more."""
_WORD = re.compile(r"\w+", re.UNICODE)
_KINDS: tuple[Kind, ...] = ("comment", "message", "review", "mention")


async def search(call: Call, args: SearchArgs) -> CallToolResult:
    """Everything that holds all the words, the newest first within its kind; then what there is to say of the rest.

    Its readers take results and nothing else, so that is said in entries of the same form, which fetch explains.
    """
    said = _WORD.findall(args.query) or args.query.split()
    words = [word.casefold() for word in said]
    if not words:
        return _told({"results": list[Any]()})
    watched, unsearched = Watched.of(call), list[dict[str, str]]()
    posts = Posts([])
    try:
        posts = await posts_with(watched, said)
    except Failed as failure:
        unsearched.append(unsearched_entry("posts", failure.reason))
    reads, items = Reads(call=watched), list[Item]()
    inbox = "comments, conversations, reviews and mentions"
    try:
        found = await gather(watched, Wanted(looks_for_answers=False), reads)
    except Failed as failure:
        unsearched.append(unsearched_entry(inbox, failure.reason))
    else:
        inside = await _inside(reads, [item for item in found.items if not _is_found(item, words)], words)
        items = [item for item in found.items if _is_found(item, words) or item.key in inside]
        if found.failures:
            what = f"{len(found.failures)} parts of {inbox}"
            unsearched.append(unsearched_entry(what, f"such as {found.failures[0]}"))
    if watched.searched_nothing and unsearched:
        raise watched.refusal()
    # What one of the two leaves is the other's.
    rows = [_post_result(row) for row in posts.rows[: max(MOST_RESULTS // 2, MOST_RESULTS - len(items))]]
    others = [_item_result(item) for item in items[: MOST_RESULTS - len(rows)]]
    fenced = await call.fenced(Found, {"posts": rows, "items": others})
    body = {"results": [*fenced.body["posts"], *fenced.body["items"]]}
    results = shape("search", {}, body, View(detail="full", max_tokens=TOKENS - TOKENS_OF_ENTRIES)).body["results"]
    shown = min(len(rows), len(results))
    rest = more_entry(
        said,
        posts=len(posts.rows) - shown,
        are_all=posts.are_all,
        others=len(items) - (len(results) - shown),
    )
    return _told({"results": [*results, *rest, *unsearched]})


def _post_result(row: Mapping[str, Any]) -> dict[str, str]:
    name = _id("post", str(row.get("id") or ""))
    return {"id": name, "title": _post_title(row), "url": _usable(_link_of(row)) or _own(name)}


def _is_found(item: Item, words: list[str]) -> bool:
    return holds(f"{item.text} {item.author}", words)


async def _inside(reads: Reads, items: Sequence[Item], words: list[str]) -> set[str]:
    """The keys of those conversations, of the newest, whose messages hold all the words."""
    found = set[str]()

    async def look(item: Item) -> None:
        given = {"conversation_id": item.id, "limit": MESSAGES_SHOWN}
        what = f"messages of conversation {plain_id(item.id)}"
        written = await reads.page(LIST_MESSAGES, given, what, may_be_cut=True)
        texts = [str(one.get("text") or "") for one in written or ()]
        if holds(" ".join([item.author, *texts]), words):
            found.add(item.key)

    async with anyio.create_task_group() as tasks:
        for item in [item for item in items if item.kind == "message"][:CONVERSATIONS_LOOKED_INTO]:
            tasks.start_soon(look, item)
    return found


async def fetch(call: Call, args: FetchArgs) -> CallToolResult:
    """One of them whole, or as much as an answer takes with the call that gets the rest."""
    kind, _, rest = args.id.partition(":")
    parts = [unquote(part) for part in rest.split(":")]
    reader = _FETCHERS.get(kind)
    if reader is None or not all(parts):
        raise _none(args.id)
    found = await reader(call, kind, parts)
    if found is None:
        raise _none(args.id)
    fenced = await call.fenced(found.result, found.body, threads=parts[:1] if kind == "conversation" else [])
    zones = await call.zones()
    # What the form asks for holds no times; they stand in the metadata.
    zone = zone_here(found.place, call.mode.zone, zones)
    local = fenced.body | {"metadata": with_local(fenced.body.get("metadata", {}), zone, zones)}
    shaped = shape("fetch", {}, local, View(detail="full", max_tokens=TOKENS - TOKENS_OF_A_CALL))
    body = shaped.body
    if found.is_cut or shaped.notes:
        body["metadata"] = {**body.get("metadata", {}), "rest": found.rest}
    return _told(body)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whole:
    """What one id leads to."""

    result: type[FetchResult | FetchedPost]
    body: dict[str, Any]
    is_cut: bool
    """Whether the text is shorter than what was written."""
    rest: str
    """What gets the rest, to be said where something was cut."""
    place: Mapping[str, Any]
    """What says whose time zone counts."""


async def _post(call: Call, kind: str, parts: list[str]) -> _Whole | None:
    row = row_of(await call.read(GET_POST, {"post_id": parts[0]}))
    if not row:
        return None
    name, text = _id(kind, parts[0]), str(row.get("text") or "")
    shown = _affordable(text)
    kept = ("status", "scheduled_at", "published_at", "targets")
    # Times in the caller's zone and notes come to what the row costs.
    tokens = min(MOST_TOKENS, 1000 * ceil(estimate(json.dumps(row, ensure_ascii=False)) * 1.2 / 1000 + 1))
    return _Whole(
        result=FetchedPost,
        body={
            "id": name,
            "title": _post_title(row),
            "text": shown,
            "url": _usable(_link_of(row)) or _own(name),
            "metadata": {field: row[field] for field in kept if row.get(field)},
        },
        is_cut=shown != text,
        rest=f"get_post post_id={parts[0]} detail=full max_tokens={tokens}",
        place=row,
    )


def _affordable(text: str) -> str:
    """As much of our own text as an answer takes, with a mark of what is missing."""
    length = len(text)
    while length and (cost := estimate(json.dumps(text[:length], ensure_ascii=False))) > TOKENS_OF_A_TEXT:
        length = min(length - 1, length * TOKENS_OF_A_TEXT // cost)
    return text if length == len(text) else f"{text[:length]}… (+{len(text) - length} characters)"


async def _conversation(call: Call, kind: str, parts: list[str]) -> _Whole | None:
    row = row_of(await call.read(GET_CONVERSATION, {"conversation_id": parts[0]}))
    written = rows_of(await call.read(LIST_MESSAGES, {"conversation_id": parts[0], "limit": MESSAGES_SHOWN}))
    zone = zone_here(row, call.mode.zone, await call.zones())
    lines = [_line(with_local(one, zone)) for one in written]
    # The newest, as far as they go into one text.
    ends = accumulate(len(clean(line)) + len(LINE_END) for line in lines)
    shown = [line for line, end in zip(lines, ends, strict=True) if end <= TEXT_CHARACTERS + len(LINE_END)] or lines[:1]
    name, rest = _id(kind, parts[0]), f"list_messages conversation_id={parts[0]}"
    is_all = len(shown) == len(lines) < MESSAGES_SHOWN
    text = "\n".join(line[:TEXT_CHARACTERS] for line in reversed(shown))
    return _Whole(
        result=FetchResult,
        body={
            "id": name,
            "title": f"Conversation with {row.get('participant_name')} on {row.get('platform')}",
            "text": text,
            "url": _own(name),
            "metadata": {field: row[field] for field in ("status", "unread_count") if row.get(field) is not None}
            | ({} if is_all else {"earlier": f"there may be more: {rest}"}),
        },
        is_cut=any(len(line) > TEXT_CHARACTERS for line in shown) or _is_fence_short(text),
        rest=f"{rest} detail=full",
        place=row,
    )


def _line(row: Mapping[str, Any]) -> str:
    local = row.get("created_at_local")
    return f"{row.get('created_at')}{f' ({local})' if local else ''} {_sender(row)}: {row.get('text')}"


def _sender(row: Mapping[str, Any]) -> str:
    return "we" if row.get("direction") == "outgoing" else str(row.get("sender_name") or "they")


async def _item(call: Call, kind: str, parts: list[str]) -> _Whole | None:
    wanted = Wanted(
        kinds=frozenset(one for one in _KINDS if one == kind),
        account_ids=frozenset({parts[0]}),
        post_id=parts[1] if kind == "comment" and len(parts) > 2 else None,
        most_rows=100,
    )
    found = await gather(call, wanted)
    item = next((one for one in found.items if one.kind == kind and one.id == parts[-1]), None)
    if item is None and found.failures:
        raise Refused(f"it cannot be looked up now: {found.failures[0]}", "retry: yes, later", "next: tell the person.")
    if item is None:
        return None
    if kind == "comment" and not item.link and item.post_id:
        item = replace(item, link=await _link_of_commented(call, item))
    name, link = _id(kind, *parts), _link_of_item(item)
    rating = {} if item.rating is None else {"rating": item.rating}
    at = {} if item.at is None else {"at": item.at.isoformat()}
    other = {"link": item.link} if item.link and not link else {}
    where = f"on {item.platform}" if is_plain(item.platform) else "on its platform"
    return _Whole(
        result=FetchResult,
        body={
            "id": name,
            "title": _title(item),
            "text": item.text,
            "url": link or _own(name),
            "metadata": {
                "author": item.author,
                "platform": item.platform,
                "answered": item.is_answered,
                **rating,
                **at,
                **other,
            },
        },
        is_cut=_is_fence_short(item.text),
        rest=f"no call has it: strangers' texts end here at this length; the person reads the rest {where}",
        place={"account_id": item.account_id},
    )


async def _link_of_commented(call: Call, item: Item) -> str:
    """The address of the post that was commented, which only the list of such posts has; as search gave it."""
    with suppress(Failed):
        rows = rows_of(await call.read(LIST_COMMENTED_POSTS, {"account_id": item.account_id, "limit": 100}))
        return next((str(row.get("permalink") or "") for row in rows if row.get("id") == item.post_id), "")
    return ""


def _is_fence_short(text: str) -> bool:
    """Whether a stranger's text is longer than what a fence takes."""
    return clean(text) != clean(text, limit=max(2000, _MOST_GROWTH * len(text)))


async def _entry(call: Call, kind: str, parts: list[str]) -> _Whole | None:
    """What search said behind its results."""
    if len(parts) != 1 or (kind == UNSEARCHED and parts[0] not in {"posts", "inbox"}):
        return None
    return _Whole(result=FetchedPost, body=on_entry(_id(kind, *parts), kind, parts[0]), is_cut=False, rest="", place={})


Fetcher = Callable[[Call, str, list[str]], Awaitable[_Whole | None]]
_FETCHERS: Mapping[str, Fetcher] = {
    "post": _post,
    "conversation": _conversation,
    "comment": _item,
    "review": _item,
    "mention": _item,
    MORE: _entry,
    UNSEARCHED: _entry,
}


def _told(body: dict[str, Any]) -> CallToolResult:
    """Exactly one text of JSON, as its readers want it."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=body)


def _item_result(item: Item) -> dict[str, str]:
    name = _name(item)
    return {"id": name, "title": _title(item), "url": _link_of_item(item) or _own(name)}


def _name(item: Item) -> str:
    if item.kind == "message":
        return _id("conversation", item.id)
    parts = [item.account_id, item.post_id, item.id] if item.kind == "comment" else [item.account_id, item.id]
    return _id(item.kind, *parts)


def _id(kind: str, *parts: str) -> str:
    """An id of ours: whatever a platform puts into its own, nothing of it can be read as a text or an address."""
    return ":".join([kind, *(quote(part, safe="").replace(".", "%2E") for part in parts)])


def _post_title(row: Mapping[str, Any]) -> str:
    status = str(row.get("status"))
    return (
        f"Post ({status if is_plain(status) else 'unknown'}): {_short(str(row.get('text') or row.get('title') or ''))}"
    )


def _title(item: Item) -> str:
    stars = "" if item.rating is None else f" ({item.rating} stars)"
    return f"{item.kind.capitalize()}{stars} by {item.author} on {item.platform}: {_short(item.text)}"


def _own(name: str) -> str:
    """An address of ours for what has none of its own."""
    kind, _, rest = name.partition(":")
    return f"socialapi://{kind}s/{rest.rpartition(':')[2]}"


def _usable(link: str) -> str:
    """The address, if it is one that can be opened as it stands; else nothing, and it stays in its own field."""
    return link if link.startswith("https://") and is_address(link) else ""


def _link_of_item(item: Item) -> str:
    # Beside a mention lies what a stranger may have chosen: only a platform's own address is as good as ours.
    if item.kind == "mention" and not is_platform_address(item.link):
        return ""
    return _usable(item.link)


def _link_of(row: Mapping[str, Any]) -> str:
    targets = row.get("targets")
    for target in targets if isinstance(targets, list) else []:
        for field in ("permalink", "url", "platform_post_url"):
            if isinstance(target, dict) and target.get(field):
                return str(target[field])
    return ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_CHARACTERS else line[:TITLE_CHARACTERS] + "…"


def _none(name: str) -> Refused:
    return Refused(
        f"there is nothing by the id {results.plain(name, 100)}",
        "retry: no",
        "next: call search, and pass an id of its results.",
    )


HANDLERS: Mapping[str, Handler] = {"search": search, "fetch": fetch}
