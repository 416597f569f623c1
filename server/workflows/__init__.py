"""Handlers of the tools that are more than one REST call: one module for each that declares some in `tools`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from mcp.types import CallToolResult
from pydantic import ValidationError

from server import results
from server.calls import Call, Refused
from server.naming import NotOne, resolve
from tools.definitions import definitions
from tools.workflow import AnyWorkflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a handler answers."""

    body: dict[str, Any]
    """Structured content."""
    text: str | None = None
    """What a model reads, where it is more than the body as compact JSON."""


Handler = Callable[[Call, Any], Awaitable[Outcome | CallToolResult]]


def handler_of(workflow: AnyWorkflow) -> Handler:
    """The function `HANDLERS[name]` of the module that is named like the declaring one; imports it only."""
    module = import_module(f"server.workflows.{definitions()[workflow.name]['module']}")
    handlers: Mapping[str, Handler] = module.HANDLERS
    return handlers[workflow.name]


async def run_workflow(call: Call, workflow: AnyWorkflow, arguments: Mapping[str, Any]) -> CallToolResult:
    """The result of a tool of our own; raises Failed and Refused. Names stand for ids, where exactly one fits."""
    try:
        resolved, notes = await resolve(workflow.args, arguments, call.read)
    except NotOne as problem:
        raise Refused(*problem.lines) from None
    call.notes += notes
    try:
        args = workflow.args.model_validate(resolved)
    except ValidationError as error:
        return results.bad_arguments(workflow, error)
    outcome = await handler_of(workflow)(call, args)
    return outcome if isinstance(outcome, CallToolResult) else results.told(outcome.body, outcome.text)
