"""What the ids and files of a call stand for, looked up for a person who has to agree to it."""

import csv
import io
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from server.asking import said
from server.bodies import row_of, rows_of
from server.foreign_text import LINE_END, clean
from server.platform_names import platform_label
from server.times import both, zone_here
from tools.accounts import GET_PENDING_CONNECTION
from tools.brands import LIST_BRANDS
from tools.comments import LIST_COMMENTED_POSTS, LIST_COMMENTS
from tools.conversations import GET_CONVERSATION
from tools.facebook import LIST_FACEBOOK_LOGIN_PAGES
from tools.fields import FileArgs
from tools.invites import LIST_INVITES
from tools.keys import LIST_KEYS
from tools.media import LIST_MEDIA
from tools.pinterest import LIST_PINTEREST_BOARDS
from tools.posts import GET_POST
from tools.redirect_uris import LIST_REDIRECT_URIS
from tools.rest import BadFile
from tools.reviews import LIST_REVIEWS
from tools.webhooks import GET_WEBHOOK
from tools.whatsapp import GET_WHATSAPP_TEMPLATE

if TYPE_CHECKING:
    from server.calls import Call

Lines = list[tuple[str, str]]
Names = Mapping[tuple[str, str], str]
ABOUT_ACCOUNTS = frozenset({"post_id", "content_base64", "path"})
"""Arguments behind which accounts stand."""

_LONGEST_POST = 1500
_LONGEST_FOREIGN = 1000
_LONGEST_NAME = 100
_ROWS = 100
_FILES = 50
_FIRST_ROWS = 3
_MOST_TARGETS = 20
_MOST_BRANDS = 10
"""Invites are listed by brand; of more brands the look-up would cost too much."""
_OWN_QUOTES = str.maketrans("„“", "””")
_FOREIGN_QUOTES = str.maketrans("„“”‟", "''''")


async def meanings(call: "Call", arguments: Mapping[str, Any], names: Names, *, without: Collection[str] = ()) -> Lines:
    """What each id stands for, as lines with their labels; what cannot be read is said, and nothing is raised.

    `without`: arguments of which nothing is told.
    """
    from server.calls import Failed

    lines: Lines = []
    for name, (label, look_up) in _LOOK_UPS.items():
        if name in without or not isinstance(arguments.get(name), str) or not arguments[name]:
            continue
        try:
            lines += await look_up(call, arguments, names)
        except Failed as failed:
            lines.append((label, f"could not be read ({said(failed.reason, 200)})"))
    told = {name: value for name, value in arguments.items() if name not in without}
    if wanted := list(dict.fromkeys(_library_ids(told))):
        try:
            lines.append(("files", await _library_names(call, wanted)))
        except Failed as failed:
            lines.append(("files", f"could not be read ({said(failed.reason, 200)})"))
    return lines + _file(call, told, names)


def own(text: str, limit: int = _LONGEST_POST) -> str:
    """The user's own text in quotation marks on one line; what was cut is counted behind them."""
    whole = LINE_END.join(said(line, len(line)) for line in text.strip().splitlines()).translate(_OWN_QUOTES)
    return f"„{whole}“" if len(whole) <= limit else f"„{whole[:limit]}“ (+{len(whole) - limit:,} characters)"


def foreign(text: str, limit: int = _LONGEST_FOREIGN) -> str:
    """A stranger's text in quotation marks that it cannot end."""
    return f"„{clean(text, limit=limit).translate(_FOREIGN_QUOTES)}“"


async def _post(call: "Call", arguments: Mapping[str, Any], names: Names) -> Lines:
    from server.calls import Failed

    try:
        post = row_of(await call.read(GET_POST, {"post_id": arguments["post_id"]}))
    except Failed:
        if "account_id" not in arguments:
            raise
        # What was posted elsewhere is known by its comments alone.
        asked = {"account_id": arguments["account_id"], "limit": _ROWS}
        row = _row(await call.read(LIST_COMMENTED_POSTS, asked), arguments["post_id"])
        return [("post", own(_text(row, "content")))] if _text(row, "content") else []
    if not _text(post, "id"):
        return []
    words = _text(post, "text")
    lines = [("post", own(words) if words else "without a text of its own")]
    if title := _text(post, "title"):
        lines.append(("post title", own(title, 200)))
    status = _text(post, "status") or "unknown"
    if status == "scheduled" and _text(post, "scheduled_at"):
        times = both(post["scheduled_at"], zone_here(post, call.mode.zone, await call.zones()))
        status += f", for {' = '.join(times.values())}"
    lines.append(("post status", status))
    targets = _dicts(post.get("targets"))
    where = [_target(target, names) for target in targets[:_MOST_TARGETS]]
    more = [f"and {len(targets) - _MOST_TARGETS} more"] if len(targets) > _MOST_TARGETS else []
    lines.append(("post goes to", "; ".join(where + more) or "nowhere yet"))
    for number, target in enumerate(targets[:_MOST_TARGETS], 1):
        if _text(target, "text") not in {"", words}:
            lines.append((f"post text {number}", own(target["text"])))
    files = len(post.get("media") or post.get("media_ids") or ())
    return [*lines, ("post files", str(files))] if files else lines


def _target(target: Mapping[str, Any], names: Names) -> str:
    account = _text(target, "account_id")
    told = names.get(("account", account)) or f"{account} on {platform_label(_text(target, 'platform'))}"
    error = target.get("error")
    why = _text(error, "message") if isinstance(error, Mapping) else ""
    status = _text(target, "status")
    return f"{told}{f', {status}' if status else ''}{f': {foreign(why, 200)}' if why else ''}"


async def _comment(call: "Call", arguments: Mapping[str, Any], _names: Names) -> Lines:
    if not arguments.get("post_id") or not arguments.get("account_id"):
        return []
    asked = {"post_id": arguments["post_id"], "account_id": arguments["account_id"], "limit": _ROWS}
    row = _row(await call.read(LIST_COMMENTS, asked), arguments["comment_id"])
    if not row:
        return [("comment", f"not among the {_ROWS} latest of this post")]
    return [("comment by", _who(row, "author_name", "author_username")), ("comment", foreign(_text(row, "text")))]


async def _conversation(call: "Call", arguments: Mapping[str, Any], _names: Names) -> Lines:
    row = row_of(await call.read(GET_CONVERSATION, {"conversation_id": arguments["conversation_id"]}))
    if not _text(row, "id"):
        return []
    who = f"{_who(row, 'participant_name')} on {platform_label(_text(row, 'platform'))}"
    last = _text(row, "last_message")
    return [("conversation with", who), ("last message", foreign(last) if last else "none")]


async def _review(call: "Call", arguments: Mapping[str, Any], _names: Names) -> Lines:
    if not arguments.get("account_id"):
        return []
    body = await call.read(LIST_REVIEWS, {"account_id": arguments["account_id"], "limit": 50})
    row = _row(body, arguments["review_id"])
    if not row:
        return [("review", "not among the 50 latest of this account")]
    author = row.get("author")
    who = _who(author if isinstance(author, Mapping) else {}, "name", "username")
    text = _text(row, "text")
    stars = [("review stars", f"{row['rating']} of 5")] if isinstance(row.get("rating"), int) else []
    return [("review by", who), *stars, ("review", foreign(text) if text else "without a text")]


async def _library_file(call: "Call", arguments: Mapping[str, Any], _names: Names) -> Lines:
    if arguments.get("account_id"):
        # The platform's own file, not one of the library.
        return []
    row = _row(await call.read(LIST_MEDIA, {"limit": _FILES}), arguments["media_id"])
    return [("file", foreign(_text(row, "filename"), _LONGEST_NAME) if row else f"not among the {_FILES} latest")]


def _library_ids(value: Any) -> Iterator[str]:
    """The ids of library files in lists of them, however deep."""
    if isinstance(value, list):
        for one in value:
            yield from _library_ids(one)
    elif isinstance(value, Mapping):
        if value.get("source_type") == "media_id" and isinstance(value.get("source"), str):
            yield value["source"]
        ids = value.get("media_ids")
        yield from (one for one in ids if isinstance(one, str)) if isinstance(ids, list) else ()
        for one in value.values():
            yield from _library_ids(one)


async def _library_names(call: "Call", wanted: list[str]) -> str:
    body = await call.read(LIST_MEDIA, {"limit": _FILES})
    found = {one: _text(_row(body, one), "filename") for one in wanted[:_MOST_TARGETS]}
    shown = [f"{foreign(name, _LONGEST_NAME)} (id {one})" if name else one for one, name in found.items()]
    return "; ".join(shown + ([f"and {len(wanted) - _MOST_TARGETS} more"] if len(wanted) > _MOST_TARGETS else []))


async def _key(call: "Call", arguments: Mapping[str, Any], _names: Names) -> Lines:
    row = _row(await call.read(LIST_KEYS, {}), arguments["key_id"])
    preview = said(_text(row, "preview"), 40)
    return [("key", f"{own(_text(row, 'name'), _LONGEST_NAME)}{f', {preview}' if preview else ''}")] if row else []


async def _webhook(call: "Call", arguments: Mapping[str, Any], _names: Names) -> Lines:
    row = row_of(await call.read(GET_WEBHOOK, {"webhook_id": arguments["webhook_id"]}))
    return [("webhook", foreign(row["url"], 300))] if _text(row, "url") else []


async def _invite(call: "Call", arguments: Mapping[str, Any], _names: Names) -> Lines:
    for brand in rows_of(await call.read(LIST_BRANDS, {}))[:_MOST_BRANDS]:
        row = _row(await call.read(LIST_INVITES, {"brand_id": str(brand.get("id"))}), arguments["invite_id"])
        if row:
            shown = f"“{clean(_text(brand, 'name'), limit=80)}” (id {said(str(brand.get('id')), 80)})"
            return [("invite", f"to connect {platform_label(_text(row, 'platform'))} for {shown}")]
    return [("invite", "not found")]


async def _template(call: "Call", arguments: Mapping[str, Any], _names: Names) -> Lines:
    row = row_of(await call.read(GET_WHATSAPP_TEMPLATE, {"template_id": arguments["template_id"]}))
    return [("template", own(row["name"], _LONGEST_NAME))] if _text(row, "name") else []


async def _board(call: "Call", arguments: Mapping[str, Any], _names: Names) -> Lines:
    if not arguments.get("account_id"):
        return []
    row = _row(await call.read(LIST_PINTEREST_BOARDS, {"account_id": arguments["account_id"]}), arguments["board_id"])
    return [("board", foreign(_text(row, "name"), _LONGEST_NAME) if row else "not found")]


async def _redirect_address(call: "Call", arguments: Mapping[str, Any], _names: Names) -> Lines:
    row = _row(await call.read(LIST_REDIRECT_URIS, {}), arguments["redirect_uri_id"])
    return [("redirect address", foreign(_text(row, "uri"), 300))] if row else []


async def _connection(call: "Call", arguments: Mapping[str, Any], _names: Names) -> Lines:
    """What is chosen of an unfinished connection, by name."""
    row = row_of(await call.read(GET_PENDING_CONNECTION, {"connection_id": arguments["connection_id"]}))
    chosen = {str(one) for one in [arguments.get("platform_account_id"), *(arguments.get("page_ids") or ())] if one}
    offered = [*_dicts(row.get("profiles")), *_dicts(row.get("pages"))]
    found = [one for one in offered if chosen & {one.get("platform_account_id"), one.get("platform_page_id")}]
    names = "; ".join(_who(one, "display_name") if one.get("display_name") else _who(one, "name") for one in found)
    return [("connects", f"{names or 'nothing that is offered'}, on {platform_label(_text(row, 'platform'))}")]


async def _page(call: "Call", arguments: Mapping[str, Any], _names: Names) -> Lines:
    if not arguments.get("login_id"):
        return []
    body = await call.read(LIST_FACEBOOK_LOGIN_PAGES, {"login_id": arguments["login_id"]})
    pages = _dicts(row_of(body).get("pages"))
    row = next((one for one in pages if one.get("platform_page_id") == arguments["platform_page_id"]), {})
    return [("page", _who(row, "name") if row else "not found")]


_LookUp = Callable[["Call", Mapping[str, Any], Names], Awaitable[Lines]]
_LOOK_UPS: Mapping[str, tuple[str, _LookUp]] = {
    # Argument → what a person calls it, and where it is read.
    "post_id": ("post", _post),
    "comment_id": ("comment", _comment),
    "conversation_id": ("conversation with", _conversation),
    "review_id": ("review", _review),
    "media_id": ("file", _library_file),
    "key_id": ("key", _key),
    "webhook_id": ("webhook", _webhook),
    "invite_id": ("invite", _invite),
    "template_id": ("template", _template),
    "board_id": ("board", _board),
    "connection_id": ("connects", _connection),
    "platform_page_id": ("page", _page),
    "redirect_uri_id": ("redirect address", _redirect_address),
}


def _file(call: "Call", arguments: Mapping[str, Any], names: Names) -> Lines:
    """A file's name and size; of a table of posts, how many there are and the first of them."""
    given = {name: arguments.get(name) for name in ("content_base64", "path", "filename")}
    if not given["content_base64"] and not given["path"]:
        return []
    try:
        filename, content = call.services.rest.files.read(FileArgs.model_validate(given))
    except (BadFile, ValueError) as problem:
        return [("file", f"could not be read ({said(str(problem), 200)})")]
    shown = foreign(filename, _LONGEST_NAME)
    rows = _posts_in(content)
    if rows is None:
        return [("file", f"{shown}, {len(content):,} bytes")]
    timed = sum(bool(row.get("scheduled_at")) for row in rows)
    lines = [
        ("file", f"{shown}, a table of {len(rows)} post{'' if len(rows) == 1 else 's'}, {timed} with a time to go out")
    ]
    ids = dict.fromkeys(
        one.strip() for row in rows for one in (row.get("account_ids") or "").replace(";", ",").split(",")
    )
    accounts = [names.get(("account", one)) or said(one, 80) for one in ids if one]
    if accounts:
        more = f"; and {len(accounts) - _MOST_TARGETS} more" if len(accounts) > _MOST_TARGETS else ""
        lines.append(("file posts to", "; ".join(accounts[:_MOST_TARGETS]) + more))
    for number, row in enumerate(rows[:_FIRST_ROWS], 1):
        lines.append((f"row {number}", own(row.get("text") or "", 300)))
    if len(rows) > _FIRST_ROWS:
        lines.append(("", f"and {len(rows) - _FIRST_ROWS} more rows"))
    return lines


def _posts_in(content: bytes) -> list[dict[str, str]] | None:
    """The rows of a table of posts, or None where the file is none."""
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        columns = [column.strip() for column in reader.fieldnames or ()]
        if "text" not in columns:
            return None
        reader.fieldnames = columns
        # The values beyond the columns have no name, and the API refuses their row.
        return [{name: value for name, value in row.items() if isinstance(value, str)} for row in reader]
    except (UnicodeDecodeError, csv.Error):
        return None


def _row(body: Mapping[str, Any], wanted: str) -> dict[str, Any]:
    """The row of that id; empty where there is none."""
    return next((row for row in rows_of(body) if wanted in {row.get("id"), row.get("platform_id")}), {})


def _who(row: Mapping[str, Any], name: str, handle: str = "") -> str:
    names = [foreign(text, _LONGEST_NAME) for text in (_text(row, name), _text(row, handle)) if text]
    return f"{names[0]} ({names[1]})" if len(names) > 1 else names[0] if names else "somebody without a name"


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
