"""Runs one operation for a call: from arguments as a model wrote them to the result that it reads."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from mcp.types import CallToolResult
from pydantic import ConfigDict, Field, ValidationError

from server import results
from server.asking import Ask
from server.calls import Call, Refused
from server.fences import fence
from server.naming import NotOne, resolve
from server.secret_values import filled, given_back
from server.shaping import BadSelect, View, shape
from server.times import BadTime, scheduled, with_local, zone_named
from tools.brief import BRIEF_FIELDS
from tools.operation import AnyOperation, Args, Effect

MOST_TOKENS = 50_000
_OPENED_BY = frozenset({"list_messages", "get_conversation"})


class ReadOptions(Args):
    """What every read takes besides its own arguments."""

    model_config = ConfigDict(extra="ignore")

    select: Annotated[str | None, Field(max_length=500)] = None
    detail: Literal["brief", "full"] = "brief"
    max_tokens: Annotated[int, Field(ge=200, le=MOST_TOKENS)] = 6000


class WriteOptions(Args):
    """What every write takes besides its own arguments."""

    model_config = ConfigDict(extra="ignore")

    idempotency_key: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    time_zone: Annotated[str | None, Field(max_length=64)] = None


async def run_operation(call: Call, operation: AnyOperation, arguments: Mapping[str, Any]) -> CallToolResult:
    """The result of an operation; raises Failed, Ask, and Refused for what is not carried out."""
    options_type = ReadOptions if operation.effect is Effect.READ else WriteOptions
    own = {name: value for name, value in arguments.items() if name not in options_type.model_fields}
    try:
        options = options_type.model_validate(arguments)
    except ValidationError as error:
        return results.bad_arguments(operation, error)
    try:
        own, notes = await resolve(operation.args, own, call.read)
    except NotOne as problem:
        raise Refused(
            *problem.lines,
            "retry: yes, with an id",
            "next: if it is not clear which is meant, ask the person.",
        ) from None
    call.notes += notes
    if isinstance(options, ReadOptions):
        body = await call.read(operation, own)
        return await shown(call, operation, own, body, options)
    own = _timed(call, own, options.time_zone)
    if operation.secret_arguments:
        own = await filled(call, operation, own)
    try:
        answer = await call.write(operation, own, key=options.idempotency_key)
    except (Ask, Refused):
        await given_back(call)
        raise
    return await written(call, operation, answer.body)


async def shown(
    call: Call, operation: AnyOperation, arguments: Mapping[str, Any], body: dict[str, Any], options: ReadOptions
) -> CallToolResult:
    """A read's answer: strangers' words fenced, cut to what matters, times in the caller's zone."""
    fitting = results.fitting(operation, body)
    fenced = fence(operation.result, fitting)
    if fenced.holds_foreign:
        await call.services.records.taint(call.owner, now=call.now, threads=opened_by(operation, arguments))
    view = View(select=options.select, detail=options.detail, max_tokens=options.max_tokens)
    local = with_local(fenced.body, call.mode.zone_of(str(arguments.get("brand_id") or "")))
    try:
        shaped = shape(operation.name, arguments, local, view, brief=BRIEF_FIELDS.get(operation.name, ()))
    except BadSelect as problem:
        raise Refused(str(problem), "retry: yes, with another select", "next: call it again.") from None
    return results.answered(shaped.body, [*call.notes, *filter(None, [fenced.note]), *shaped.notes])


def opened_by(operation: AnyOperation, arguments: Mapping[str, Any]) -> list[str]:
    """The conversation that a read opens, if it does: its person may be written to."""
    opened = operation.name in _OPENED_BY and arguments.get("conversation_id")
    return [str(opened)] if opened else []


async def written(call: Call, operation: AnyOperation, body: dict[str, Any]) -> CallToolResult:
    """A write's answer: what happened, and the call that takes it back."""
    fenced = fence(operation.result, results.fitting(operation, body))
    if fenced.holds_foreign:
        # Also what a write answers with was read: a conversation it changed shows what was said last.
        await call.services.records.taint(call.owner, now=call.now, threads=[])
    answer = dict(fenced.body)
    if call.undo is not None:
        tool, arguments = call.undo
        answer["undo"] = {"tool": tool, "arguments": arguments}
    return results.answered(answer, [*call.notes, *filter(None, [fenced.note])])


def _timed(call: Call, arguments: dict[str, Any], zone_name: str | None) -> dict[str, Any]:
    """The arguments with every time to publish as a moment; a local time needs a zone."""
    zone = call.mode.zone_of(str(arguments.get("brand_id") or ""))
    try:
        if zone_name is not None:
            zone = zone_named(zone_name)

        def moment(text: str) -> str:
            return scheduled(text, zone, call.now).isoformat()

        return {name: _with_moments({name: value}, moment)[name] for name, value in arguments.items()}
    except BadTime as problem:
        raise Refused(f"nothing was sent: {problem}", "retry: yes, with another time", "next: call it again.") from None


def _with_moments(value: Any, moment: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {
            name: moment(item)
            if name == "scheduled_at" and isinstance(item, str) and item
            else _with_moments(item, moment)
            for name, item in value.items()
        }
    return [_with_moments(item, moment) for item in value] if isinstance(value, list) else value
