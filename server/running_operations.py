"""Runs one operation for a call: from arguments as a model wrote them to the result that it reads."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

from mcp.types import CallToolResult
from pydantic import ValidationError

from server import looked_after, results
from server.answering import ReadOptions, WriteOptions, answer, taken_apart
from server.asking import Ask
from server.bodies import row_of
from server.calls import Call, Failed, Refused
from server.platforms import changed
from server.secret_values import filled, given_back
from server.shaping import View, shape
from server.times import BadTime, has_local_time, scheduled, with_local, zone_here, zone_named
from server.token_estimate import estimate
from tools.brief import BRIEF_FIELDS
from tools.definitions import operation_named
from tools.operation import AnyOperation, Effect

MOST_TOKENS_OF_A_WRITE = 5_800
"""Of a write's answer without its notes, which are few and short."""
_LONGEST_UNDO = 3_000
_OPENED_BY = frozenset({"list_messages", "get_conversation"})


async def run_operation(
    call: Call, operation: AnyOperation, arguments: Mapping[str, Any], *, tool: str | None = None
) -> CallToolResult:
    """The result of an operation; `tool`: as notes name it, where it was not called by its own name.

    Raises:
        Failed, Ask, Refused: it is not carried out.
    """
    try:
        if operation.effect is Effect.READ:
            reading, own = taken_apart(ReadOptions, arguments)
            return await _read(call, operation, own, reading, tool or operation.name)
        writing, own = taken_apart(WriteOptions, arguments)
    except ValidationError as error:
        return results.bad_arguments(operation, error)
    return await _write(call, operation, own, writing)


async def _read(
    call: Call, operation: AnyOperation, arguments: dict[str, Any], options: ReadOptions, tool: str
) -> CallToolResult:
    own = await call.named(operation.args, arguments)
    body = results.fitting(operation, await call.read(operation, own))
    return await answer(
        call,
        tool,
        own,
        body,
        options,
        result=operation.result,
        brief=BRIEF_FIELDS.get(operation.name, ()),
        threads=opened_by(operation, own),
        place=await _conversation_of(call, own),
    )


async def _conversation_of(call: Call, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a conversation says of its account, where the call names nothing but the conversation and zones differ."""
    if "conversation_id" not in arguments or "account_id" in arguments or not await call.zones():
        return None
    with suppress(Failed):
        return await _looked_up(call, "get_conversation", "conversation_id", arguments)
    return None


async def _looked_up(call: Call, name: str, argument: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    # By name: serving does not need the module until then.
    source = operation_named(name)
    return {} if source is None else row_of(await call.read(source, {argument: arguments[argument]}))


async def _write(
    call: Call, operation: AnyOperation, arguments: dict[str, Any], options: WriteOptions
) -> CallToolResult:
    own = await timed(call, await call.named(operation.args, arguments), options.time_zone)
    if operation.secret_arguments:
        own = await filled(call, operation, own)
    try:
        watch = looked_after.watch(call, operation, own)
        made = await call.write(operation, own, key=options.idempotency_key, send=watch.send, after=watch.after)
    except (Ask, Refused):
        await given_back(call)
        raise
    except Failed:
        # It may have been done all the same.
        changed(call, operation)
        raise
    changed(call, operation)
    return await written(call, operation, own, made.body)


def opened_by(operation: AnyOperation, arguments: Mapping[str, Any]) -> list[str]:
    """The conversation that a read opens, if it does: its person may be written to."""
    opened = operation.name in _OPENED_BY and arguments.get("conversation_id")
    return [str(opened)] if opened else []


async def written(
    call: Call, operation: AnyOperation, arguments: Mapping[str, Any], body: dict[str, Any]
) -> CallToolResult:
    """A write's answer: what happened, and the call that takes it back, which is whole or left out."""
    # Also what a write answers with is read: a conversation that it changed shows what was said last.
    like = looked_after.shown_as(operation)
    fenced = await call.fenced(like.result, results.fitting(like, body))
    zones = await call.zones()
    local = with_local(dict(fenced.body), zone_here(arguments, call.mode.zone, zones), zones)
    undo = None if call.undo is None else {"tool": call.undo[0], "arguments": call.undo[1]}
    if undo is None:
        # Serving does not need it until something was written.
        from server.undo import without_undo

        call.notes += filter(None, [without_undo(operation.name, arguments)])
    size = 0 if undo is None else estimate(results.compact(undo))
    if size > _LONGEST_UNDO:
        undo, size = None, 0
        call.notes.append("What was there before is too long to be repeated here, so no undo is given.")
    shaped = shape(operation.name, arguments, local, View(detail="full", max_tokens=MOST_TOKENS_OF_A_WRITE - size))
    if shaped.notes:
        call.notes.append(f"Long texts are cut here, not in what was written; {results.check_of(operation)} shows it.")
    if not shaped.body:
        call.notes.append(f"Done: {operation.title}.")
    shown = shaped.body if undo is None else {**shaped.body, "undo": undo}
    return results.answered(shown, [*call.notes, *filter(None, [fenced.note])])


async def timed(call: Call, arguments: dict[str, Any], zone_name: str | None) -> dict[str, Any]:
    """The arguments with every time to publish as a moment; a local time needs a zone."""
    try:
        if zone_name is not None:
            return _with_moments(call, arguments, zone_named(zone_name), {})
        zones = await call.zones()
        place: Mapping[str, Any] = arguments
        if zones and has_local_time(arguments) and zone_here(arguments, None, zones) is None:
            place = await _post_of(call, arguments)
        return _with_moments(call, arguments, zone_here(place, call.mode.zone, zones), zones)
    except BadTime as problem:
        raise Refused(f"nothing was sent: {problem}", "retry: yes, with another time", "next: call it again.") from None


async def _post_of(call: Call, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a call's post says of its brand and accounts, where the call names nothing but the post."""
    if "post_id" not in arguments or arguments.get("targets"):
        return arguments
    return await _looked_up(call, "get_post", "post_id", arguments)


def _with_moments(
    call: Call, arguments: Mapping[str, Any], zone: ZoneInfo | None, zones: Mapping[str, ZoneInfo]
) -> dict[str, Any]:
    return {name: _with_moment(call, name, item, zone, zones) for name, item in arguments.items()}


def _with_moment(call: Call, name: str, value: Any, zone: ZoneInfo | None, zones: Mapping[str, ZoneInfo]) -> Any:
    if name == "scheduled_at" and isinstance(value, str) and value:
        return scheduled(value, zone, call.now).isoformat()
    if isinstance(value, dict):
        # A target's own time is one of its account's brand.
        return _with_moments(call, value, zone_here(value, zone, zones), zones)
    return [_with_moment(call, "", item, zone, zones) for item in value] if isinstance(value, list) else value
