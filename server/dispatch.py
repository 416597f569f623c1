"""`tools/list` and `tools/call`, straight from the declarations; errors become results here and only here."""

import logging
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import wraps
from importlib.metadata import version
from typing import Any, TypeVar

import anyio
from mcp.server import Server, ServerRequestContext
from mcp.server.caching import CacheHint
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    InputRequiredResult,
    ListToolsResult,
    PaginatedRequestParams,
    Tool,
)

from auth.scopes import Scope
from server import completions, prompts, resources, results
from server.asking import ANSWERED_WITHIN, Ask
from server.callers import FOR_DRAFTS, PROCESS, Caller
from server.calls import Call, Failed, Refused, Services
from server.instructions import INSTRUCTIONS
from server.mode import Mode, of_request
from server.platforms import Connected, is_of_platforms
from server.running import Running, calling
from server.running_operations import run_operation
from server.workflows import run_workflow
from tools.definitions import Definition, definitions, operation_named, workflow_named
from tools.operation import Operation
from tools.registry import ALIASES
from tools.rest import RestClient

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

NAME = "socialapi-mcp"
LIST_TTL_MILLISECONDS = 3_600_000
PLATFORMS_TTL_MILLISECONDS = 60_000
"""Where the list depends on which accounts are connected."""
MAX_LISTINGS = 64
REQUEST_CANCELLED = -32800
"""As the Language Server Protocol has it: MCP wants no answer to a cancelled request, but the response has to end."""

Context = ServerRequestContext[Any, Any]
P = TypeVar("P")
R = TypeVar("R")


def build_server(rest: RestClient, process: Mode | None = None, services: Services | None = None) -> Server[Any]:
    """An MCP server whose every call goes through one REST client, in the mode of its process."""
    process, services = process or Mode(), services or Services(rest=rest)
    listings, connected = _Listings(), Connected()

    async def list_tools(ctx: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        who, mode = caller(ctx), _mode(process, ctx)
        platforms, call = None, Call(services=services, caller=who, mode=mode, context=ctx)
        if listings.has_any_of_platforms(mode):
            platforms = await connected.of(call)
        return listings.of(await call.seen_as(), mode, platforms)

    async def call_tool(ctx: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
        name = ALIASES.get(params.name, params.name)
        entry, tool = definitions().get(name), operation_named(name) or workflow_named(name)
        if entry is None or tool is None:
            raise MCPError(INVALID_PARAMS, f"there is no tool {results.plain(params.name)[:80]}; see tools/list")
        call = Call(services=services, caller=caller(ctx), mode=_mode(process, ctx), context=ctx, params=params)
        if not call.mode.allows(name, entry):
            return results.failure(call.mode.refusal(name))
        try:
            if isinstance(tool, Operation):
                return await run_operation(call, tool, params.arguments or {})
            return await run_workflow(call, tool, params.arguments or {})
        except Refused as refusal:
            return results.failure(refusal.lines)
        except Failed as failure:
            return failure.result
        except Ask as question:
            return question.result

    @asynccontextmanager
    async def lifespan(_server: Server[Any]) -> AsyncGenerator[dict[str, Any]]:
        try:
            yield {}
        finally:
            with anyio.CancelScope(shield=True):
                await services.records.close()

    hint = CacheHint(ttl_ms=LIST_TTL_MILLISECONDS, scope="private")
    listed = resources.Resources(services, process, caller)
    server: Server[Any] = Server(
        NAME,
        version=version(NAME),
        title="SocialAPI.AI",
        instructions=INSTRUCTIONS,
        lifespan=lifespan,
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
        on_completion=guarded(completions.Completions(rest, caller, services.clock).complete),
    )
    # A question's state counts for the caller, the tool, its arguments and some minutes only.
    security = RequestStateSecurity(
        keys=[services.key("request-state")],
        ttl=ANSWERED_WITHIN.total_seconds(),
        bind_principal=lambda ctx: caller(ctx).identity,
    )
    server.middleware.append(RequestStateBoundary(security, default_audience=NAME))
    return server


class _Listings:
    """What `tools/list` answers, made once for each set of scopes, each mode, and each set of platforms."""

    def __init__(self) -> None:
        self._rows = [(name, entry, Tool.model_validate(entry["tool"])) for name, entry in definitions().items()]
        self._bound = {name: entry for name, entry in definitions().items() if is_of_platforms(name, entry)}
        self._made: dict[object, ListToolsResult] = {}

    def has_any_of_platforms(self, mode: Mode) -> bool:
        """Whether the list depends on which platforms are connected."""
        return any(mode.lists(name, entry) for name, entry in self._bound.items())

    def of(self, who: Caller, mode: Mode, platforms: frozenset[str] | None) -> ListToolsResult:
        """The tools that the credential allows, the mode shows, and a platform is connected for; in a fixed order."""
        kind = who.scopes, who.drafts_only, mode.key, platforms
        found = self._made.get(kind)
        if found is None:
            found = ListToolsResult(
                tools=[
                    tool
                    for name, entry, tool in self._rows
                    if _is_listed(who, mode, name, entry) and self._is_reachable(name, platforms)
                ],
                ttl_ms=LIST_TTL_MILLISECONDS if platforms is None else PLATFORMS_TTL_MILLISECONDS,
                # Private, because the list depends on what the caller's credential allows.
                cache_scope="private",
            )
            # There are a few roles, and as many sets as people untick; beyond that, each list is made anew.
            if len(self._made) < MAX_LISTINGS:
                self._made[kind] = found
        return found

    def _is_reachable(self, name: str, platforms: frozenset[str] | None) -> bool:
        return platforms is None or name not in self._bound or not platforms.isdisjoint(self._bound[name]["platforms"])


def _is_listed(who: Caller, mode: Mode, name: str, entry: Definition) -> bool:
    if not mode.lists(name, entry) or not who.may_see_one(entry["scopes"]):
        return False
    is_read = entry["tool"]["annotations"]["readOnlyHint"]
    writes_posts = Scope.POSTS_WRITE in entry["scopes"]
    return not who.drafts_only or not writes_posts or is_read or name in FOR_DRAFTS or bool(entry.get("drafts"))


def _mode(process: Mode, ctx: Context) -> Mode:
    """The mode of a request; what it names and does not exist is the client's mistake."""
    try:
        return of_request(process, ctx.request)
    except ValueError as error:
        raise MCPError(INVALID_PARAMS, str(error)) from None


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
