"""Whether a write arrived whose answer was lost: the API is asked, and where it cannot tell, nothing is guessed.

What other writes made is no sign of this one, however alike it looks: their ids are in the records. That something is
not there yet proves nothing while the API may still be busy with it: a post can take minutes. Only after `SETTLED`
does absence count as "not sent".
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from server.bodies import has_more, moment, row_of, rows_of
from server.records import RecordsUnavailable
from server.results import check_of
from server.undo import before_change, changes, places_of
from server.write_notes import CLOCKS_APART
from tools.comments import LIST_COMMENT_REPLIES, LIST_COMMENTS
from tools.conversations import LIST_MESSAGES
from tools.operation import AnyOperation, Effect
from tools.posts import GET_POST, LIST_POSTS
from tools.rest import ApiError
from tools.reviews import LIST_REVIEWS

if TYPE_CHECKING:
    from server.calls import Call

SETTLED = timedelta(minutes=5)
_PAGE = 50
_NOTED = 200
"""Writes noted in a few minutes; of more, nothing is concluded."""
_PAGES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known of a write."""

    state: Literal["sent", "not sent", "unknown"]
    words: str
    """A sentence for whoever made the call."""
    status: int = 200
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])


def as_answered(operation: AnyOperation, row: Mapping[str, Any]) -> dict[str, Any]:
    """What was found, in the form of the operation's own answer."""
    fields = operation.result.model_fields
    found = {name: row[name] for name in fields if name in row}
    for name in ("comment_id", "reply_id", "message_id"):
        if name in fields and name not in found and row.get("id"):
            found[name] = row["id"]
    for name in ("success", "ok"):
        if name in fields and name not in found:
            found[name] = True
    return found


class _CannotTell(Exception):
    """What the API shows would look alike either way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Since:
    """What a row must be to be this write's."""

    after: datetime
    others: frozenset[str]
    """The ids of what other writes of this caller made lately."""

    def made(self, row: Mapping[str, Any]) -> bool:
        """Whether it is new, and no other write's."""
        at = moment(row.get("created_at"))
        ids = {str(row.get(name)) for name in ("id", "platform_id", "message_id", "comment_id") if row.get(name)}
        return at is not None and at >= self.after and not ids & self.others


Reader = Callable[["Call", Mapping[str, Any], _Since], Awaitable[Mapping[str, Any] | None]]
"""What there is of a write: the row, or None; raises _CannotTell."""


async def read_back(
    call: "Call",
    operation: AnyOperation,
    arguments: Mapping[str, Any],
    *,
    since: datetime | None,
    entry: int | None = None,
) -> Found:
    """What became of a write that left at `since` and has this entry in the records; does not raise."""
    from server.calls import Failed

    began = since or call.now
    reader = _READERS.get(operation.name)
    check = f"check with {check_of(operation)}"
    try:
        if reader is not None:
            row = await reader(call, arguments, await _since(call, began, entry))
        elif changes(operation.name):
            row = await _changed(call, operation, arguments)
        elif operation.effect is Effect.DELETE and operation.name in _GONE:
            row = {} if await _is_gone(call, operation, arguments) else None
        else:
            raise _CannotTell
    except _CannotTell:
        return Found(state="unknown", words=f"{check} whether it happened")
    except Failed:
        return Found(state="unknown", words=f"the API cannot be asked now; {check} later")
    if row is not None:
        return Found(state="sent", words=f"{check} if in doubt.", body=row)
    if call.now - began >= SETTLED:
        return Found(state="not sent", words="it is not there, and would be by now")
    return Found(state="unknown", words=f"it is not there yet; {check} in some minutes, and do not repeat it before")


async def _since(call: "Call", began: datetime, entry: int | None) -> _Since:
    after = began - CLOCKS_APART
    try:
        entries, _ = await call.services.records.audit(
            call.owner, since=after - CLOCKS_APART, until=call.now + CLOCKS_APART, tool=None, limit=_NOTED, cursor=None
        )
    except RecordsUnavailable:
        raise _CannotTell from None
    if len(entries) == _NOTED:
        raise _CannotTell
    others: set[str] = set()
    for one in entries:
        # What was noted of this very write, before its runner was killed, is what is looked for.
        if entry is None or one.number != entry:
            others.update(json.loads(one.detail or "{}").get("made", {}).values())
    return _Since(after=after, others=frozenset(others))


def _found(rows: Iterable[Mapping[str, Any]], body: Mapping[str, Any], since: _Since) -> Mapping[str, Any] | None:
    """The first of the rows that is this write's; raises _CannotTell where it may stand on another page."""
    row = next((row for row in rows if since.made(row)), None)
    if row is None and has_more(body):
        times = [moment(one.get("created_at")) for one in rows_of(body)]
        if not times or any(at is None or at >= since.after for at in times[-1:]):
            raise _CannotTell
    return row


async def _post(call: "Call", arguments: Mapping[str, Any], since: _Since) -> Mapping[str, Any] | None:
    body = await call.read(LIST_POSTS, {"sort": "created_desc", "limit": _PAGE})
    return _found((row for row in rows_of(body) if _is_such_a_post(row, arguments)), body, since)


def _is_such_a_post(row: Mapping[str, Any], arguments: Mapping[str, Any]) -> bool:
    def accounts(targets: Any) -> list[str]:
        return sorted(str(target.get("account_id")) for target in targets or [] if isinstance(target, dict))

    files = arguments.get("media") or arguments.get("media_ids") or []
    when = arguments.get("scheduled_at")
    is_same_time = when is None or bool(arguments.get("publish_now")) or _is_same_time(row.get("scheduled_at"), when)
    return (
        (row.get("text") or "") == (arguments.get("text") or "")
        and accounts(row.get("targets")) == accounts(arguments.get("targets"))
        and len(row.get("media") or row.get("media_ids") or []) == len(files)
        and is_same_time
    )


async def _published(call: "Call", arguments: Mapping[str, Any], _since: _Since) -> Mapping[str, Any] | None:
    row = row_of(await call.read(GET_POST, {"post_id": arguments["post_id"]}))
    if row.get("status") == "failed":
        # Before it, or because of it.
        raise _CannotTell
    return row if row.get("status") in {"publishing", "published", "partial"} else None


async def _retried(call: "Call", arguments: Mapping[str, Any], _since: _Since) -> Mapping[str, Any] | None:
    row = row_of(await call.read(GET_POST, {"post_id": arguments["post_id"]}))
    if row.get("status") in {"publishing", "published"}:
        return row
    # What is partly out was so before, and a retry may have failed as the first try did.
    raise _CannotTell


async def _message(call: "Call", arguments: Mapping[str, Any], since: _Since) -> Mapping[str, Any] | None:
    if set(arguments) - {"conversation_id", "account_id", "text"}:
        # The platforms keep attachments at addresses of their own, and show cards and buttons as they like.
        raise _CannotTell
    body = await call.read(LIST_MESSAGES, {"conversation_id": arguments["conversation_id"], "limit": _PAGE})
    alike = (
        row
        for row in rows_of(body)
        if row.get("direction") == "outgoing"
        and (row.get("text") or "") == (arguments.get("text") or "")
        and not row.get("attachment_url")
    )
    return _found(alike, body, since)


async def _comment(call: "Call", arguments: Mapping[str, Any], since: _Since) -> Mapping[str, Any] | None:
    given = {name: arguments[name] for name in ("post_id", "account_id", "comment_id") if arguments.get(name)}
    if set(arguments) - {*given, "text"}:
        raise _CannotTell
    operation = LIST_COMMENT_REPLIES if "comment_id" in given else LIST_COMMENTS
    body = await call.read(operation, {**given, "limit": _PAGE})
    alike = (row for row in rows_of(body) if row.get("is_owner") and row.get("text") == arguments.get("text"))
    row = next((row for row in alike if since.made(row)), None)
    if row is None and has_more(body):
        # Replies come in either order.
        raise _CannotTell
    return row


async def _review(call: "Call", arguments: Mapping[str, Any], _since: _Since) -> Mapping[str, Any] | None:
    body = await call.read(LIST_REVIEWS, {"account_id": arguments["account_id"], "limit": _PAGE})
    for row in rows_of(body):
        reply = row.get("reply")
        if row.get("id") == arguments["review_id"] and isinstance(reply, dict):
            return reply if reply.get("text") == arguments.get("text") else None
        if row.get("id") == arguments["review_id"]:
            return None
    # Not among the newest.
    raise _CannotTell


async def _changed(call: "Call", operation: AnyOperation, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What was to be changed, if it is as the call wanted it."""
    row = await before_change(call, operation, arguments)
    wanted = {name: value for name, value in arguments.items() if name not in places_of(operation.name)}
    if row is None or not wanted or any(name not in row or isinstance(wanted[name], list | dict) for name in wanted):
        raise _CannotTell
    is_so = all(row[name] == value or _is_same_time(row[name], value) for name, value in wanted.items())
    return row if is_so else None


def _is_same_time(one: object, other: object) -> bool:
    first = moment(one)
    return first is not None and first == moment(other)


def _hidden(is_hidden: bool) -> Reader:
    async def read(call: "Call", arguments: Mapping[str, Any], _since: _Since) -> Mapping[str, Any] | None:
        given: dict[str, Any] = {name: arguments[name] for name in ("post_id", "account_id")} | {"limit": 100}
        for _ in range(_PAGES):
            body = await call.read(LIST_COMMENTS, given)
            for row in rows_of(body):
                if arguments["comment_id"] in {row.get("id"), row.get("platform_id")}:
                    return {"success": True} if bool(row.get("is_hidden")) is is_hidden else None
            pagination = body.get("pagination")
            cursor = pagination.get("next_cursor") if isinstance(pagination, dict) else None
            if not cursor:
                break
            given["cursor"] = cursor
        # A reply below a comment, or one far down.
        raise _CannotTell

    return read


_READERS: Mapping[str, Reader] = {
    "create_post": _post,
    "publish_post": _published,
    "retry_post": _retried,
    "send_message": _message,
    "reply_to_comment": _comment,
    "reply_to_review": _review,
    "hide_comment": _hidden(True),
    "unhide_comment": _hidden(False),
}
_GONE: Mapping[str, AnyOperation] = {"delete_post": GET_POST}


async def _is_gone(call: "Call", operation: AnyOperation, arguments: Mapping[str, Any]) -> bool:
    from server.calls import Failed

    try:
        await call.read(_GONE[operation.name], {"post_id": arguments["post_id"]})
    except Failed as failure:
        if isinstance(failure.error, ApiError) and failure.error.status in {404, 410}:
            return True
        raise
    return False
