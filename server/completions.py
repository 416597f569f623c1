"""Completes account, brand, platform, post and conversation arguments of resource templates and prompts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mcp.server import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    PromptReference,
    ResourceTemplateReference,
)

from server import results
from server.callers import Caller
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
        _check_reference(params.ref)
        typed = params.argument.value.casefold()
        name = params.argument.name
        if name == "platform":
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
            answer = await self.rest.exchange(operation, args, authorization=self.caller(ctx).authorization)
        except (ApiError, NoAnswer):
            return []
        rows = answer.body.get("data")
        return [
            str(row["id"])
            for row in (rows if isinstance(rows, list) else [])
            if isinstance(row, dict)
            and row.get("id")
            and any(typed in str(row.get(key) or "").casefold() for key in ("id", *fields))
        ]


def _check_reference(ref: PromptReference | ResourceTemplateReference) -> None:
    """Refuse what is neither a prompt nor a template of ours, with -32602."""
    if isinstance(ref, PromptReference):
        kind, name, known = "prompt", ref.name, [row.name for row in WORKFLOWS]
    else:
        kind, name, known = "resource template", str(ref.uri), [row.uri for row in ADDRESSES]
    if name not in known:
        raise MCPError(INVALID_PARAMS, f"there is no {kind} {results.plain(name)[:100]}; known: {', '.join(known)}")


def _with_one_more(typed: str) -> list[str]:
    """What was typed, its last part completed; platforms that were named before are not offered again."""
    *before, last = [part.strip() for part in typed.split(",")]
    return [",".join([*before, slug]) for slug in PLATFORMS if last in slug and slug not in before]
