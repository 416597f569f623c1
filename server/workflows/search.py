"""Finds what was written, by words, and shows it whole: posts, comments, conversations, reviews and mentions."""

import json
import re
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any
from urllib.parse import quote, unquote

from mcp.types import CallToolResult, TextContent

from server import results
from server.bodies import row_of, rows_of
from server.calls import Call, Failed, Refused
from server.shaping import View, shape
from server.workflows import Handler
from server.workflows.gathering import Item, Kind, Wanted, gather
from tools.conversations import GET_CONVERSATION, LIST_MESSAGES
from tools.posts import GET_POST, LIST_POSTS
from tools.search import FetchArgs, FetchResult, SearchArgs, SearchResult

MOST_RESULTS = 20
TITLE_CHARACTERS = 80
MESSAGES_SHOWN = 50
TEXT_CHARACTERS = 1900
"""What a fence takes in one piece, and a little less."""
_WORD = re.compile(r"\w+", re.UNICODE)
_KINDS: tuple[Kind, ...] = ("comment", "message", "review", "mention")


async def search(call: Call, args: SearchArgs) -> CallToolResult:
    """Everything that holds all the words, the newest first within its kind."""
    words = [word.casefold() for word in _WORD.findall(args.query)] or args.query.casefold().split()
    if not words:
        return await _answer(call, "search", SearchResult, {"results": list[Any]()})
    posts, problems = list[dict[str, str]](), list[str]()
    try:
        for row in rows_of(await call.read(LIST_POSTS, {"search": args.query, "limit": MOST_RESULTS})):
            title = f"Post ({row.get('status')}): {_short(str(row.get('text') or row.get('title') or ''))}"
            posts.append(_result(f"post:{row.get('id')}", title, _link_of(row)))
    except Failed as failure:
        problems.append(failure.reason)
    try:
        found = await gather(call, Wanted())
    except Failed as failure:
        items: list[Item] = []
        problems.append(failure.reason)
    else:
        items = [item for item in found.items if _holds(f"{item.text} {item.author}", words)]
        problems += found.failures
    if not posts and not items and problems:
        raise Refused(f"nothing could be searched: {problems[0]}", "retry: yes, later", "next: tell the person.")
    rows = posts[: MOST_RESULTS // 2]
    rows += [_item_result(item) for item in items[: MOST_RESULTS - len(rows)]]
    return await _answer(call, "search", SearchResult, {"results": rows})


async def fetch(call: Call, args: FetchArgs) -> CallToolResult:
    """One of them whole."""
    kind, _, rest = args.id.partition(":")
    parts = [unquote(part) for part in rest.split(":")]
    reader = _FETCHERS.get(kind)
    if reader is None or not all(parts):
        raise _none(args.id)
    body = await reader(call, args.id, parts)
    if body is None:
        raise _none(args.id)
    return await _answer(call, "fetch", FetchResult, body, threads=parts[:1] if kind == "conversation" else [])


async def _post(call: Call, name: str, parts: list[str]) -> dict[str, Any] | None:
    row = row_of(await call.read(GET_POST, {"post_id": parts[0]}))
    if not row:
        return None
    text = str(row.get("text") or "")
    kept = ("status", "scheduled_at", "published_at", "targets")
    return {
        "id": name,
        "title": f"Post ({row.get('status')}): {_short(text)}",
        "text": text,
        "url": _link_of(row) or _own(name),
        "metadata": {field: row[field] for field in kept if row.get(field)},
    }


async def _conversation(call: Call, name: str, parts: list[str]) -> dict[str, Any] | None:
    row = row_of(await call.read(GET_CONVERSATION, {"conversation_id": parts[0]}))
    written = rows_of(await call.read(LIST_MESSAGES, {"conversation_id": parts[0], "limit": MESSAGES_SHOWN}))
    lines = [f"{one.get('created_at')} {_sender(one)}: {one.get('text')}"[:TEXT_CHARACTERS] for one in written]
    # The newest, as far as they go into one text.
    ends = accumulate(len(line) + 1 for line in lines)
    shown = [line for line, end in zip(lines, ends, strict=True) if end <= TEXT_CHARACTERS] or lines[:1]
    earlier = {"earlier": f"there may be more: list_messages conversation_id={parts[0]}"}
    is_all = len(shown) == len(lines) < MESSAGES_SHOWN
    return {
        "id": name,
        "title": f"Conversation with {row.get('participant_name')} on {row.get('platform')}",
        "text": "\n".join(reversed(shown)),
        "url": _own(name),
        "metadata": {field: row[field] for field in ("status", "unread_count") if row.get(field) is not None}
        | ({} if is_all else earlier),
    }


def _sender(row: Mapping[str, Any]) -> str:
    return "we" if row.get("direction") == "outgoing" else str(row.get("sender_name") or "they")


async def _item(call: Call, name: str, parts: list[str]) -> dict[str, Any] | None:
    kind = name.partition(":")[0]
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
    rating = {} if item.rating is None else {"rating": item.rating}
    at = {} if item.at is None else {"at": item.at.isoformat()}
    return {
        "id": name,
        "title": _title(item),
        "text": item.text,
        "url": item.link or _own(name),
        "metadata": {"author": item.author, "platform": item.platform, "answered": item.is_answered, **rating, **at},
    }


Fetcher = Callable[[Call, str, list[str]], Any]
_FETCHERS: Mapping[str, Fetcher] = {
    "post": _post,
    "conversation": _conversation,
    "comment": _item,
    "review": _item,
    "mention": _item,
}


async def _answer(
    call: Call, tool: str, result: Any, body: dict[str, Any], threads: list[str] | None = None
) -> CallToolResult:
    """Exactly one text of JSON, as its readers want it."""
    fenced = await call.fenced(result, body, threads=threads or [])
    shown = shape(tool, {}, fenced.body, View(detail="full")).body
    text = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=shown)


def _item_result(item: Item) -> dict[str, str]:
    name = _name(item)
    return _result(name, _title(item), item.link)


def _result(name: str, title: str, link: str) -> dict[str, str]:
    return {"id": name, "title": title, "url": link or _own(name)}


def _name(item: Item) -> str:
    if item.kind == "message":
        return f"conversation:{quote(item.id, safe='')}"
    parts = [item.account_id, item.post_id, item.id] if item.kind == "comment" else [item.account_id, item.id]
    return ":".join([item.kind, *(quote(part, safe="") for part in parts)])


def _title(item: Item) -> str:
    stars = "" if item.rating is None else f" ({item.rating} stars)"
    return f"{item.kind.capitalize()}{stars} by {item.author} on {item.platform}: {_short(item.text)}"


def _own(name: str) -> str:
    """An address of ours for what has none of its own."""
    kind, _, rest = name.partition(":")
    return f"socialapi://{kind}s/{rest.rpartition(':')[2]}"


def _link_of(row: Mapping[str, Any]) -> str:
    targets = row.get("targets")
    for target in targets if isinstance(targets, list) else []:
        for field in ("permalink", "url", "platform_post_url"):
            if isinstance(target, dict) and target.get(field):
                return str(target[field])
    return ""


def _holds(text: str, words: list[str]) -> bool:
    folded = text.casefold()
    return all(word in folded for word in words)


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
