"""Completes arguments of resource templates and prompts: ids, names of brands, platforms, weeks, incidents."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mcp.server import ServerRequestContext
from mcp.types import (
    CompleteRequestParams,
    CompleteResult,
    Completion,
    PromptReference,
    ResourceTemplateReference,
)

from server.callers import Caller, NotGranted, exchange
from server.calls import now
from server.foreign_text import is_plain
from server.prompts import WORKFLOWS
from server.resources import ADDRESSES
from tools.definitions import operation_named
from tools.fields import PLATFORMS
from tools.rest import ApiError, NoAnswer, RestClient

Context = ServerRequestContext[Any, Any]

MAX_VALUES = 100
"""The protocol's bound on one answer."""
MAX_NAME_LENGTH = 200
WEEKS_BACK = 8
INCIDENTS = (
    "product recall",
    "outage",
    "wrong post",
    "data leak",
    "accusation",
    "hacked account",
    "rude answer",
    "accident",
)
"""What goes wrong most, in plain words; whatever else may be typed."""

_ACCOUNTS = ("list_accounts", ("name", "username", "platform"))
_BRANDS = ("list_brands", ("name",))
_POSTS = ("list_posts", ("text", "title"))
_CONVERSATIONS = ("list_conversations", ("participant_name",))
_SOURCES = {
    "account": _ACCOUNTS,
    "account_id": _ACCOUNTS,
    "brand": _BRANDS,
    "brand_id": _BRANDS,
    "post": _POSTS,
    "post_id": _POSTS,
    "pid": _POSTS,
    "conversation": _CONVERSATIONS,
    "conversation_id": _CONVERSATIONS,
    "id": _CONVERSATIONS,
}
"""Argument → the list its ids come from, and the fields a person might type instead of an id."""


@dataclass(frozen=True)
class Completions:
    """Handler of `completion/complete`."""

    rest: RestClient
    caller: Callable[[Context], Caller]
    clock: Callable[[], datetime] = now

    async def complete(self, ctx: Context, params: CompleteRequestParams) -> CompleteResult:
        """What holds, or begins with, what was typed; nothing when it cannot be had."""
        typed = params.argument.value.casefold()
        name = params.argument.name
        if not _is_ours(params.ref):
            found = list[str]()
        elif name == "platform":
            found = [slug for slug in PLATFORMS if typed in slug]
        elif name == "platforms":
            found = _with_one_more(typed)
        elif name == "week":
            found = [value for value in _weeks(self.clock()) if value.casefold().startswith(typed.strip())]
        elif name == "incident":
            found = [kind for kind in INCIDENTS if kind.startswith(typed.strip())]
        elif name == "brand_name":
            found = _names(await self._rows(ctx, _BRANDS[0]), typed)
        else:
            tool, fields = _SOURCES.get(name, ("", ()))
            found = _ids(await self._rows(ctx, tool), typed, fields)
        total = len(found)
        return CompleteResult(
            completion=Completion(values=found[:MAX_VALUES], total=total, has_more=total > MAX_VALUES)
        )

    async def _rows(self, ctx: Context, tool: str) -> list[Mapping[str, Any]]:
        """The first page of a list, as the caller."""
        operation = operation_named(tool)
        if operation is None:
            return []
        args = operation.args.model_validate({"limit": 100} if "limit" in operation.args.model_fields else {})
        try:
            answer = await exchange(self.rest, self.caller(ctx), operation, args)
        except (ApiError, NoAnswer, NotGranted):
            return []
        rows = answer.body.get("data")
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _ids(rows: list[Mapping[str, Any]], typed: str, fields: tuple[str, ...]) -> list[str]:
    return [
        str(row["id"])
        for row in rows
        if row.get("id")
        # A value is shown and put in by itself: nothing but an id may come of a list that strangers write to.
        and is_plain(str(row["id"]))
        and any(typed in str(row.get(key) or "").casefold() for key in ("id", *fields))
    ]


def _names(rows: list[Mapping[str, Any]], typed: str) -> list[str]:
    """Names that the user gave, as they stand; none in which something could hide."""
    names = dict.fromkeys(name for row in rows if isinstance(name := row.get("name"), str))
    return [
        name
        for name in names
        if typed.strip() in name.casefold() and name.isprintable() and len(name) <= MAX_NAME_LENGTH
    ]


def _weeks(today: datetime) -> list[str]:
    """In words, as ISO weeks, and by their Mondays; the newest first."""
    monday = today.date() - timedelta(days=today.weekday())
    mondays = [monday - timedelta(weeks=back) for back in range(WEEKS_BACK)]
    weeks = [f"{day.isocalendar().year}-W{day.isocalendar().week:02}" for day in mondays]
    return ["last week", "this week", *weeks, *(day.isoformat() for day in mondays)]


def _is_ours(ref: PromptReference | ResourceTemplateReference) -> bool:
    """Whether this is a prompt or a template of ours; others complete to nothing."""
    if isinstance(ref, PromptReference):
        return ref.name in [row.name for row in WORKFLOWS]
    return str(ref.uri) in [row.uri for row in ADDRESSES]


def _with_one_more(typed: str) -> list[str]:
    """What was typed, its last part completed; platforms that were named before are not offered again."""
    *before, last = [part.strip() for part in typed.split(",")]
    return [",".join([*before, slug]) for slug in PLATFORMS if last in slug and slug not in before]
