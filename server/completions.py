"""Completes account, brand, platform, post and conversation arguments of resource templates and prompts."""

from collections.abc import Callable
from dataclasses import dataclass
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
from server.foreign_text import is_plain
from server.prompts import WORKFLOWS
from server.resources import ADDRESSES
from tools.definitions import operation_named
from tools.fields import PLATFORMS
from tools.rest import ApiError, NoAnswer, RestClient

Context = ServerRequestContext[Any, Any]

MAX_VALUES = 100
"""The protocol's bound on one answer."""

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

    async def complete(self, ctx: Context, params: CompleteRequestParams) -> CompleteResult:
        """Ids whose own text or name holds what was typed; nothing when they cannot be had."""
        typed = params.argument.value.casefold()
        name = params.argument.name
        if not _is_ours(params.ref):
            found = list[str]()
        elif name == "platform":
            found = [slug for slug in PLATFORMS if typed in slug]
        elif name == "platforms":
            found = _with_one_more(typed)
        else:
            found = await self._ids(ctx, name, typed)
        total = len(found)
        return CompleteResult(
            completion=Completion(values=found[:MAX_VALUES], total=total, has_more=total > MAX_VALUES)
        )

    async def _ids(self, ctx: Context, name: str, typed: str) -> list[str]:
        tool, fields = _SOURCES.get(name, ("", ()))
        operation = operation_named(tool)
        if operation is None:
            return []
        args = operation.args.model_validate({"limit": 100} if "limit" in operation.args.model_fields else {})
        try:
            answer = await exchange(self.rest, self.caller(ctx), operation, args)
        except (ApiError, NoAnswer, NotGranted):
            return []
        rows = answer.body.get("data")
        return [
            str(row["id"])
            for row in (rows if isinstance(rows, list) else [])
            if isinstance(row, dict)
            and row.get("id")
            # A value is shown and put in by itself: nothing but an id may come of a list that strangers write to.
            and is_plain(str(row["id"]))
            and any(typed in str(row.get(key) or "").casefold() for key in ("id", *fields))
        ]


def _is_ours(ref: PromptReference | ResourceTemplateReference) -> bool:
    """Whether this is a prompt or a template of ours; others complete to nothing."""
    if isinstance(ref, PromptReference):
        return ref.name in [row.name for row in WORKFLOWS]
    return str(ref.uri) in [row.uri for row in ADDRESSES]


def _with_one_more(typed: str) -> list[str]:
    """What was typed, its last part completed; platforms that were named before are not offered again."""
    *before, last = [part.strip() for part in typed.split(",")]
    return [",".join([*before, slug]) for slug in PLATFORMS if last in slug and slug not in before]
