"""`tools/list` and `tools/call`, straight from the declarations; errors become results here and only here."""

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from importlib.metadata import version
from typing import Any, TypeVar

from mcp.server import Server, ServerRequestContext
from mcp.server.caching import CacheHint
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    Tool,
)
from pydantic import ValidationError

from auth.scopes import Permission, Scope
from server import completions, prompts, resources, results
from server.callers import FOR_DRAFTS, PROCESS, Caller, NotGranted, OnlyDrafts, exchange, permission_named
from server.instructions import INSTRUCTIONS
from server.running import Running, calling
from tools.definitions import definitions, operation_named
from tools.registry import ALIASES
from tools.rest import ApiError, BadFile, NoAnswer, RestClient

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

NAME = "socialapi-mcp"
LIST_TTL_MILLISECONDS = 3_600_000
MAX_LISTINGS = 64
REQUEST_CANCELLED = -32800
"""As the Language Server Protocol has it: MCP wants no answer to a cancelled request, but the response has to end."""

Context = ServerRequestContext[Any, Any]
P = TypeVar("P")
R = TypeVar("R")


def build_server(rest: RestClient) -> Server[Any]:
    """An MCP server whose every call goes through one REST client."""
    listings = _Listings()

    async def list_tools(ctx: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        return listings.of(caller(ctx))

    async def call_tool(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
        name = ALIASES.get(params.name, params.name)
        operation = operation_named(name)
        if operation is None:
            raise MCPError(INVALID_PARAMS, f"there is no tool {results.plain(params.name)[:80]}; see tools/list")
        try:
            args = operation.args.model_validate(params.arguments or {})
            answer = await exchange(rest, caller(ctx), operation, args)
        except ValidationError as error:
            return results.bad_arguments(operation, error)
        except NotGranted as error:
            return results.not_granted(operation, error.scope)
        except OnlyDrafts:
            return results.only_drafts(operation)
        except BadFile as error:
            return results.bad_file(operation, error)
        except ApiError as error:
            return results.api_error(operation, error)
        except NoAnswer as error:
            return results.no_answer(operation, error)
        return results.success(operation, answer)

    hint = CacheHint(ttl_ms=LIST_TTL_MILLISECONDS, scope="private")
    listed = resources.Resources(rest, caller)
    return Server(
        NAME,
        version=version(NAME),
        title="SocialAPI.AI",
        instructions=INSTRUCTIONS,
        cache_hints={
            "tools/list": hint,
            "prompts/list": hint,
            "resources/list": hint,
            "resources/templates/list": hint,
        },
        get_tool_input_schema=_input_schema,
        on_list_tools=guarded(list_tools),
        on_call_tool=guarded(call_tool),
        on_list_resources=guarded(listed.list_resources),
        on_list_resource_templates=guarded(listed.list_templates),
        on_read_resource=guarded(listed.read),
        on_list_prompts=guarded(prompts.list_prompts),
        on_get_prompt=guarded(prompts.get_prompt),
        on_completion=guarded(completions.Completions(rest, caller).complete),
    )


class _Listings:
    """What `tools/list` answers, made once for each set of scopes."""

    def __init__(self) -> None:
        self._rows = [
            (name, permission_named(entry["scope"]), Tool.model_validate(entry["tool"]))
            for name, entry in definitions().items()
        ]
        self._made: dict[object, ListToolsResult] = {}

    def of(self, who: Caller) -> ListToolsResult:
        """The tools that the caller's credential allows, in the order of the catalogue."""
        kind = who.scopes, who.drafts_only
        found = self._made.get(kind)
        if found is None:
            found = ListToolsResult(
                tools=[tool for name, permission, tool in self._rows if _is_listed(who, name, permission, tool)],
                ttl_ms=LIST_TTL_MILLISECONDS,
                # Private, because the list depends on what the caller's credential allows.
                cache_scope="private",
            )
            # There are a few roles, and as many sets as people untick; beyond that, each list is made anew.
            if len(self._made) < MAX_LISTINGS:
                self._made[kind] = found
        return found


def _is_listed(who: Caller, name: str, permission: Permission, tool: Tool) -> bool:
    if not who.may_see(permission):
        return False
    is_read = tool.annotations is not None and tool.annotations.read_only_hint
    return not who.drafts_only or permission is not Scope.POSTS_WRITE or bool(is_read) or name in FOR_DRAFTS


def caller(ctx: Context) -> Caller:
    """Who sent this request: over HTTP the bearer's, over stdio whoever started the process."""
    state = getattr(ctx.request, "state", None)
    found = getattr(state, "caller", None)
    return found if isinstance(found, Caller) else PROCESS


def guarded(handler: Callable[[Context, P], Awaitable[R]]) -> Callable[[Context, P], Awaitable[R]]:
    """The handler, of whose bugs a client learns a reference only.

    On connections of the older protocol an uncaught exception would reach the client as text.
    """

    @wraps(handler)
    async def safe(ctx: Context, params: P) -> R:
        try:
            return await _cancellable(ctx, handler(ctx, params))
        except MCPError:
            raise
        except Exception as error:
            reference = secrets.token_hex(4)
            logger.error("%s failed, reference %s", ctx.method, reference, exc_info=error)
            raise MCPError(INTERNAL_ERROR, f"this server failed; its log has the reason under {reference}") from None

    return safe


async def _cancellable(ctx: Context, answer: Awaitable[R]) -> R:
    """The answer; over HTTP and the older protocol a cancellation comes as a request of its own, and ends this one."""
    running = getattr(getattr(ctx.request, "state", None), "running", None)
    if not isinstance(running, Running) or ctx.request is None:
        return await answer
    with running.tracked(calling(ctx.request.scope, caller(ctx), ctx.request_id)):
        return await answer
    raise MCPError(REQUEST_CANCELLED, "cancelled by the client")


def _input_schema(name: str) -> Mapping[str, Any] | None:
    entry = definitions().get(name)
    if entry is None:
        return None
    schema: Mapping[str, Any] = entry["tool"]["inputSchema"]
    return schema
