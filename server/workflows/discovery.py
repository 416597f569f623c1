"""Finds, describes and runs any operation."""

import difflib
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from mcp.types import CallToolResult

from server import results
from server.answering import ReadOptions, WriteOptions
from server.callers import Caller
from server.calls import Call, Refused
from server.mode import Mode
from server.running_operations import run_operation
from server.workflows import Handler, Outcome
from tools.definitions import definitions, input_schema, operation_named, workflow_named
from tools.discovery import DescribeArgs, FindArgs, RunReadArgs, RunWriteArgs
from tools.operation import AnyOperation, Args, Effect
from tools.registry import ALIASES


async def find_operations(call: Call, args: FindArgs) -> Outcome:
    """The operations that fit, of those that the caller may use."""
    from server.discovery import find, found_text, notes

    who = await call.seen_as()
    best = find(args.query, _is_operation)
    refused = [match.name for match in takewhile(lambda match: not _may_use(who, call.mode, match.name), best)]
    matches = find(args.query, lambda name: _is_operation(name) and _may_use(who, call.mode, name))
    remarks = [*_refusals(call, refused[:2]), *notes(args.query, best)]
    rows = [{"name": match.name, "line": match.line} for match in matches]
    return Outcome(body={"operations": rows, "notes": remarks}, text=found_text(args.query, matches, remarks))


def _is_operation(name: str) -> bool:
    return definitions()[name]["group"] is not None


def _may_use(who: Caller, mode: Mode, name: str) -> bool:
    entry = definitions()[name]
    return who.may_see_one(entry["scopes"]) and mode.allows(name, entry)


def _refusals(call: Call, names: Sequence[str]) -> list[str]:
    """That what fits best is not to be had here, and why: else it would seem that nothing does it."""
    by_mode = [name for name in names if not call.mode.allows(name, definitions()[name])]
    by_sign_in = [name for name in names if name not in by_mode]
    said = (("Not in this mode", by_mode), ("Not allowed by this sign-in or key", by_sign_in))
    return [f"{why}: {', '.join(which)}." for why, which in said if which]


async def describe_operation(call: Call, args: DescribeArgs) -> Outcome:
    """The whole schema of one operation, or of a tool of our own."""
    workflow = workflow_named(args.name)
    if workflow is not None:
        body = {
            "name": workflow.name,
            "description": workflow.description,
            "run_with": workflow.name,
            "example": workflow.example,
            "input_schema": input_schema(workflow),
        }
        if workflow.effect is Effect.READ and not workflow.keeps_form:
            body["options"] = _options(ReadOptions)
        return Outcome(body=body)
    operation = _named(args.name)
    body = {
        "name": operation.name,
        "description": operation.description,
        "scope": str(operation.scope),
        "run_with": "run_read_operation" if operation.effect is Effect.READ else "run_write_operation",
        "platforms": list(operation.platforms) or "all",
        "example": operation.example,
        "input_schema": input_schema(operation),
        "options": _options(ReadOptions if operation.effect is Effect.READ else WriteOptions),
    }
    return Outcome(body=body)


def _options(options: type[Args]) -> str:
    """What is taken besides the schema's arguments, in a line."""
    return f"also takes {', '.join(options.model_fields)}"


async def run_read_operation(call: Call, args: RunReadArgs) -> CallToolResult:
    """Run a read."""
    operation = _named(args.name)
    if operation.effect is not Effect.READ:
        raise Refused(
            f"{operation.name} changes something, and this tool only reads",
            "retry: no",
            "next: call run_write_operation with the same name and arguments, if the person wants that.",
        )
    arguments = _with(args.arguments, select=args.select, detail=args.detail, max_tokens=args.max_tokens)
    return await run_operation(call, operation, arguments, tool=f"run_read_operation {operation.name}")


async def run_write_operation(call: Call, args: RunWriteArgs) -> CallToolResult:
    """Run a write."""
    operation = _named(args.name)
    if operation.effect is Effect.READ:
        raise Refused(
            f"{operation.name} only reads",
            "retry: no",
            "next: call run_read_operation with the same name and arguments.",
        )
    options = {"idempotency_key": args.idempotency_key, "time_zone": args.time_zone}
    return await run_operation(call, operation, _with(args.arguments, **options))


def _with(arguments: Mapping[str, Any] | None, **options: str | int | None) -> dict[str, Any]:
    """The operation's arguments, and the options that were given beside them."""
    own = arguments or {}
    given = {name: value for name, value in options.items() if value is not None}
    twice = [name for name, value in given.items() if own.get(name) is not None and str(own[name]) != str(value)]
    if twice:
        raise Refused(
            f"{' and '.join(twice)} differ: given beside the arguments and, with another value, among them",
            "retry: yes, with each given once",
            "next: call it again; nothing was sent.",
        )
    return {**own, **given}


def _named(name: str) -> AnyOperation:
    operation = operation_named(ALIASES.get(name, name))
    if operation is not None:
        return operation
    known = [one for one, entry in definitions().items() if entry["group"] is not None]
    near = difflib.get_close_matches(name, known, n=3)
    raise Refused(
        f"there is no operation {results.plain(name)}",
        "retry: only with another name",
        f"next: {'did you mean ' + ' or '.join(near) + '? Else call' if near else 'call'} find_operations.",
    )


HANDLERS: Mapping[str, Handler] = {
    "find_operations": find_operations,
    "describe_operation": describe_operation,
    "run_read_operation": run_read_operation,
    "run_write_operation": run_write_operation,
}
