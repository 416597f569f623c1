"""Runs one operation for a call: from arguments as a model wrote them to the result that it reads."""

from collections.abc import Callable, Mapping
from typing import Any

from mcp.types import CallToolResult
from pydantic import ValidationError

from server import results
from server.answering import ReadOptions, WriteOptions, answer, taken_apart
from server.asking import Ask
from server.calls import Call, Refused
from server.secret_values import filled, given_back
from server.times import BadTime, scheduled, zone_here, zone_named
from tools.brief import BRIEF_FIELDS
from tools.operation import AnyOperation, Effect

_OPENED_BY = frozenset({"list_messages", "get_conversation"})


async def run_operation(call: Call, operation: AnyOperation, arguments: Mapping[str, Any]) -> CallToolResult:
    """The result of an operation; raises Failed, Ask, and Refused for what is not carried out."""
    try:
        if operation.effect is Effect.READ:
            reading, own = taken_apart(ReadOptions, arguments)
            return await _read(call, operation, own, reading)
        writing, own = taken_apart(WriteOptions, arguments)
    except ValidationError as error:
        return results.bad_arguments(operation, error)
    return await _write(call, operation, own, writing)


async def _read(call: Call, operation: AnyOperation, arguments: dict[str, Any], options: ReadOptions) -> CallToolResult:
    own = await call.named(operation.args, arguments)
    body = results.fitting(operation, await call.read(operation, own))
    return await answer(
        call,
        operation.name,
        own,
        body,
        options,
        result=operation.result,
        brief=BRIEF_FIELDS.get(operation.name, ()),
        threads=opened_by(operation, own),
    )


async def _write(
    call: Call, operation: AnyOperation, arguments: dict[str, Any], options: WriteOptions
) -> CallToolResult:
    own = await timed(call, await call.named(operation.args, arguments), options.time_zone)
    if operation.secret_arguments:
        own = await filled(call, operation, own)
    try:
        made = await call.write(operation, own, key=options.idempotency_key)
    except (Ask, Refused):
        await given_back(call)
        raise
    return await written(call, operation, made.body)


def opened_by(operation: AnyOperation, arguments: Mapping[str, Any]) -> list[str]:
    """The conversation that a read opens, if it does: its person may be written to."""
    opened = operation.name in _OPENED_BY and arguments.get("conversation_id")
    return [str(opened)] if opened else []


async def written(call: Call, operation: AnyOperation, body: dict[str, Any]) -> CallToolResult:
    """A write's answer: what happened, and the call that takes it back."""
    # Also what a write answers with is read: a conversation that it changed shows what was said last.
    fenced = await call.fenced(operation.result, results.fitting(operation, body))
    shown = dict(fenced.body)
    if call.undo is not None:
        tool, arguments = call.undo
        shown["undo"] = {"tool": tool, "arguments": arguments}
    return results.answered(shown, [*call.notes, *filter(None, [fenced.note])])


async def timed(call: Call, arguments: dict[str, Any], zone_name: str | None) -> dict[str, Any]:
    """The arguments with every time to publish as a moment; a local time needs a zone."""
    zone = zone_here(arguments, call.mode.zone, await call.zones())
    try:
        if zone_name is not None:
            zone = zone_named(zone_name)

        def moment(text: str) -> str:
            return scheduled(text, zone, call.now).isoformat()

        return _with_moments(arguments, moment)
    except BadTime as problem:
        raise Refused(f"nothing was sent: {problem}", "retry: yes, with another time", "next: call it again.") from None


def _with_moments(arguments: Mapping[str, Any], moment: Callable[[str], str]) -> dict[str, Any]:
    return {name: _with_moment(name, item, moment) for name, item in arguments.items()}


def _with_moment(name: str, value: Any, moment: Callable[[str], str]) -> Any:
    if name == "scheduled_at" and isinstance(value, str) and value:
        return moment(value)
    if isinstance(value, dict):
        return _with_moments(value, moment)
    return [_with_moment("", item, moment) for item in value] if isinstance(value, list) else value
