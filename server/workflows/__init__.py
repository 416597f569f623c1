"""Handlers of the tools that are more than one REST call: one module for each that declares some in `tools`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from mcp.types import CallToolResult
from pydantic import ValidationError

from server import results
from server.answering import MOST_TOKENS, ReadOptions, answer, taken_apart
from server.calls import Call, Refused
from server.records import RecordsUnavailable
from tools.definitions import definitions
from tools.operation import Effect
from tools.workflow import AnyWorkflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a handler answers; fences, local times and bounds are put around it."""

    body: dict[str, Any]
    """Structured content."""
    text: str | None = None
    """What a model reads in its place, where that is not the body as compact JSON."""
    notes: tuple[str, ...] = ()
    """Lines to add."""


UNBOUND = ReadOptions(max_tokens=MOST_TOKENS)
"""For the outcome of a write, of which nothing may be missing."""

Handler = Callable[[Call, Any], Awaitable[Outcome | CallToolResult]]


def handler_of(workflow: AnyWorkflow) -> Handler:
    """The function `HANDLERS[name]` of the module that is named like the declaring one; imports it only."""
    module = import_module(f"server.workflows.{definitions()[workflow.name]['module']}")
    handlers: Mapping[str, Handler] = module.HANDLERS
    return handlers[workflow.name]


async def run_workflow(call: Call, workflow: AnyWorkflow, arguments: Mapping[str, Any]) -> CallToolResult:
    """The result of a tool of our own; raises Failed, Ask and Refused. Names stand for ids, where exactly one fits."""
    # What has a form of its own takes no options, and refuses them by name.
    is_shaped = workflow.effect is Effect.READ and not workflow.keeps_form
    try:
        options, own = taken_apart(ReadOptions, arguments) if is_shaped else (ReadOptions(), dict(arguments))
        own = await call.named(workflow.args, own)
        args = workflow.args.model_validate(own)
    except ValidationError as error:
        return results.bad_arguments(workflow, error)
    try:
        outcome = await handler_of(workflow)(call, args)
    except RecordsUnavailable as problem:
        raise Refused(
            f"{workflow.name} did not come to its end: {problem}",
            "retry: yes, once the records can be written again; what was sent before is not sent again",
            "next: tell the person; whats_been_done shows what was written.",
        ) from None
    if isinstance(outcome, CallToolResult):
        return outcome
    return await answer(
        call,
        workflow.name,
        own,
        outcome.body,
        options if is_shaped else UNBOUND,
        result=workflow.result,
        notes=outcome.notes,
        text=outcome.text,
    )
