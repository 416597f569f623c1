"""Reads that deserve an address: resources and resource templates."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from mcp.server import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)
from pydantic import ValidationError

from server import results
from server.callers import Caller, NotGranted, exchange
from server.calls import Call, Services
from server.mode import Mode
from server.running_operations import opened_by
from tools.definitions import definitions, operation_named
from tools.operation import AnyOperation
from tools.rest import ApiError, NoAnswer

Context = ServerRequestContext[Any, Any]

JSON = "application/json"
ABOUT_QUOTES = "about_quotes"
"""Where a resource says what its fences mean."""
_VARIABLE = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Address:
    """A URI template, the tool that answers it, and what it is called."""

    uri: str
    tool: str
    title: str
    description: str
    ttl_milliseconds: int = 0


# Kept apart from the declarations so that listing imports no group; a test holds the two together.
ADDRESSES = (
    Address("socialapi://accounts", "list_accounts", "Accounts", "The connected social accounts."),
    Address("socialapi://brands", "list_brands", "Brands", "The brands with their number of accounts."),
    Address("socialapi://posts/{pid}", "get_post", "Post", "A post with the outcome for each target."),
    Address(
        "socialapi://conversations/{id}/messages", "list_messages", "Messages", "A conversation's newest messages."
    ),
    Address(
        "socialapi://platforms/{platform}",
        "get_platform_constraints",
        "Platform",
        "What a platform allows in a post, and which tools work on it.",
        3_600_000,
    ),
    Address(
        "socialapi://webhook-events", "list_webhook_events", "Webhook events", "Events to subscribe to.", 3_600_000
    ),
    Address("socialapi://scopes", "list_key_scopes", "Scopes", "What a key can be allowed to do.", 3_600_000),
)


def tool_of(uri: str) -> str | None:
    """The tool behind an address, or None if there is none."""
    return next((row.tool for row in ADDRESSES if re.fullmatch(_VARIABLE.sub("[^/]+", row.uri), uri)), None)


def _capabilities(platform: str | None) -> dict[str, Any]:
    """The tools that work on a platform, of those that do not work on all."""
    if platform is None:
        return {}
    limited = {name: entry["platforms"] for name, entry in definitions().items() if entry["platforms"]}
    return {
        "tools_that_work": [name for name, platforms in limited.items() if platform in platforms],
        "tools_that_do_not": [name for name, platforms in limited.items() if platform not in platforms],
    }


@dataclass(frozen=True)
class Resources:
    """Handlers of the three resource methods."""

    services: Services
    mode: Mode
    caller: Callable[[Context], Caller]

    async def list_resources(self, ctx: Context, params: PaginatedRequestParams | None) -> ListResourcesResult:
        """Those without variables."""
        return ListResourcesResult(
            resources=[
                Resource(uri=row.uri, name=row.tool, title=row.title, description=row.description, mime_type=JSON)
                for row in ADDRESSES
                if "{" not in row.uri
            ]
        )

    async def list_templates(self, ctx: Context, params: PaginatedRequestParams | None) -> ListResourceTemplatesResult:
        """Those with variables."""
        return ListResourceTemplatesResult(
            resource_templates=[
                ResourceTemplate(
                    uri_template=row.uri, name=row.tool, title=row.title, description=row.description, mime_type=JSON
                )
                for row in ADDRESSES
                if "{" in row.uri
            ]
        )

    async def read(self, ctx: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        """The answer of the read behind an address.

        Raises:
            MCPError: -32602 for an address that is not ours or has nothing behind it; -32603 when the API fails.
        """
        uri = str(params.uri)
        for row in ADDRESSES:
            match = re.fullmatch(_VARIABLE.sub(r"(?P<\1>[^/]+)", row.uri), uri)
            operation = operation_named(row.tool) if match else None
            if match is None or operation is None:
                continue
            try:
                # RFC 6570 §3.2.2: a variable is escaped when it is put in.
                given = {
                    operation.path_names.get(name, name): unquote(value) for name, value in match.groupdict().items()
                }
                args = operation.args.model_validate(given)
                answer = await exchange(self.services.rest, self.caller(ctx), operation, args)
            except ValidationError:
                break
            except NotGranted as error:
                message = f"{uri}: your sign-in does not cover this; sign in again and grant {error.scope}"
                raise MCPError(INTERNAL_ERROR, message, data={"uri": uri, "scope": error.scope}) from None
            except ApiError as error:
                # Only what is about the address itself is the caller's mistake in it; an outage or a bad key is not.
                code = INVALID_PARAMS if error.status in {400, 404, 410, 422} else INTERNAL_ERROR
                message = f"{uri}: {results.relayed(error.message or error.code)}"
                raise MCPError(code, message, data={"uri": uri}) from None
            except NoAnswer as error:
                raise MCPError(INTERNAL_ERROR, f"{uri}: {error.reason}; try again") from None
            body = await self._fenced(ctx, operation, given, answer.body)
            text = results.compact(body | _capabilities(match.groupdict().get("platform")))
            return ReadResourceResult(
                contents=[TextResourceContents(uri=uri, mime_type=JSON, text=text)],
                ttl_ms=row.ttl_milliseconds,
                cache_scope="private",
            )
        known = ", ".join(row.uri for row in ADDRESSES)
        raise MCPError(
            INVALID_PARAMS, f"there is no resource {results.plain(uri)[:200]}; known: {known}", data={"uri": uri}
        )

    async def _fenced(
        self, ctx: Context, operation: AnyOperation, given: Mapping[str, Any], body: dict[str, Any]
    ) -> dict[str, Any]:
        """The body with strangers' words in fences; that they were read counts as in a tool call."""
        call = Call(services=self.services, caller=self.caller(ctx), mode=self.mode, context=ctx)
        threads = opened_by(operation, given)
        fenced = await call.fenced(operation.result, results.fitting(operation, body), threads=threads)
        # First, since whoever reads it should know before the words come.
        return {ABOUT_QUOTES: fenced.note, **fenced.body} if fenced.note else dict(fenced.body)
