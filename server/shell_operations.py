"""Runs one operation of the API from the shell, with names where ids belong; apart, as it needs few of our modules.

Whoever types it is the person who would be asked. A write is noted and happens once, as for an assistant.
"""

import json
import shlex
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from mcp.types import CallToolResult
from pydantic import ConfigDict, Field, ValidationError

from server import looked_after, results
from server.answering import MOST_TOKENS, WriteOptions, taken_apart
from server.callers import PROCESS, OnlyDrafts
from server.calls import Call, Failed, Refused, Services
from server.confirmation import name_to_be_typed
from server.mode import Mode, of_process
from server.naming import NotOne, resolve, takes_names
from server.printing import print_out
from server.running_operations import timed
from server.serve import secret_or_exit
from server.settings import Settings
from server.shaping import MAX_SELECT, MIN_TOKENS, BadSelect, View, shape
from server.times import BadTime, with_local, zone_here, zone_named
from server.undo import without_undo
from server.wiring import open_records_of, rest_client
from tools.brief import BRIEF_FIELDS
from tools.definitions import definitions
from tools.operation import AnyOperation, Args, Effect
from tools.problems import did_you_mean
from tools.rest import ApiError, BadFile, NoAnswer
from tools.workflow import AnyWorkflow

_APPROVER = "the person at the shell"
_UNBOUND = 10_000_000
"""Tokens of an answer that nobody bounds: there is no model whose window it would fill."""


class ShellReadOptions(Args):
    """What every read takes here, as `answering.ReadOptions` elsewhere; what is left out leaves the answer whole."""

    model_config = ConfigDict(extra="ignore")

    select: Annotated[str | None, Field(max_length=MAX_SELECT)] = None
    detail: Literal["brief", "full"] = "full"
    max_tokens: Annotated[int | None, Field(ge=MIN_TOKENS, le=MOST_TOKENS)] = None
    time_zone: Annotated[str | None, Field(max_length=64)] = None


async def run(settings: Settings, operation: AnyOperation, arguments: Mapping[str, Any], typed: str | None) -> int:
    """Print what it answers; 1 when it was refused, 2 when the arguments are wrong."""
    from localapi.app import CannotStart

    mode = of_process(settings)
    try:
        if not mode.allows(operation.name, definitions()[operation.name]):
            raise Refused(*mode.refusal(operation.name))
        body = await run_operation(settings, operation, arguments, typed=typed)
    except ValidationError as error:
        result, code = wrong(operation, error, _options_of(operation)), 2
    except Failed as failure:
        # The settings of this machine allow drafts only, no sign-in does.
        is_mode = isinstance(failure.error, OnlyDrafts)
        result = results.failure(mode.refusal(operation.name)) if is_mode else failure.result
        code = 2 if isinstance(failure.error, ValidationError | BadFile) else 1
    except (Refused, NotOne) as refusal:
        result, code = results.failure(refusal.lines), 1
    except BadSelect as problem:
        result, code = results.failure([str(problem)]), 2
    except ApiError as error:
        result, code = results.api_error(operation, error), 1
    except NoAnswer as error:
        result, code = results.no_answer(operation, error), 1
    except CannotStart as problem:
        result, code = results.failure([str(problem)]), 1
    else:
        print_out(json.dumps(body, indent=2, ensure_ascii=False))
        return 0
    return refused(result, code)


async def run_operation(
    settings: Settings, operation: AnyOperation, arguments: Mapping[str, Any], *, typed: str | None = None
) -> Any:
    """The body that the API answers with, or what `select` takes of it; notes are said on standard error.

    `typed`: the name of the brand, account or user that is deleted, as whoever calls typed it.

    Raises:
        server.calls.Failed: it did not work out.
        server.calls.Refused: it is not carried out.
        pydantic.ValidationError: the arguments are not right.
        server.naming.NotOne: a name does not fit exactly one account or brand.
        server.shaping.BadSelect: nothing can be selected so.
        tools.rest.ApiError, NoAnswer, BadFile: as `RestClient.exchange`.
        localapi.app.CannotStart: the local API's data cannot be used.
    """
    if operation.effect is Effect.READ:
        return await _read(settings, operation, arguments)
    options, own = taken_apart(WriteOptions, arguments)
    check(operation.args, own)
    mode = mode_in(replace(of_process(settings), confirm="never"), options.time_zone)
    async with rest_client(settings, with_files=True) as rest, open_records_of(settings) as records:
        services = Services(rest=rest, secret=secret_or_exit(settings, is_alone=True), records=records)
        call = Call(services=services, caller=PROCESS, mode=mode)
        own = await timed(call, await call.named(operation.args, own), options.time_zone)
        name = await name_to_be_typed(call, operation, own)
        if name is not None and (typed or "").strip() != name.strip():
            raise Refused(
                f"{operation.name} was not called: this cannot be undone, and its name was not typed",
                f"next: if that is meant, add --typed {shlex.quote(name)}",
            )
        watch, key = looked_after.watch(call, operation, own), options.idempotency_key
        made = await call.write(operation, own, key=key, approved_by=_APPROVER, send=watch.send, after=watch.after)
        body = await _with_local(call, own, made.body)
    undo = without_undo(operation.name, own) if call.undo is None else f"undo: {_command(*call.undo)}"
    _say([*call.notes, *filter(None, [undo])])
    return body


async def _read(settings: Settings, operation: AnyOperation, arguments: Mapping[str, Any]) -> Any:
    options, own = taken_apart(ShellReadOptions, arguments)
    check(operation.args, own)
    mode = mode_in(of_process(settings), options.time_zone)
    async with rest_client(settings, with_files=True) as rest:
        call = Call(services=Services(rest=rest), caller=PROCESS, mode=mode)
        own, notes = await resolve(operation.args, own, call.read)
        args = operation.args.model_validate(own)
        _say(notes)
        body = await _with_local(call, own, (await rest.exchange(operation, args)).body)
    brief = BRIEF_FIELDS.get(operation.name, ())
    if options.max_tokens is None and (options.select is not None or options.detail == "full" or not brief):
        if options.select is None:
            return body
        from server.selection import select

        return select(options.select, body)
    view = View(
        select=options.select,
        detail=options.detail if brief else "full",
        max_tokens=options.max_tokens or _UNBOUND,
    )
    shaped = shape(operation.name, own, body, view, brief=brief)
    _say(shaped.notes)
    return shaped.body if options.select is None else shaped.body.get("selected")


async def _with_local(call: Call, arguments: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    zones = await call.zones()
    local: dict[str, Any] = with_local(dict(body), zone_here(arguments, call.mode.zone, zones), zones)
    return local


def mode_in(mode: Mode, zone_name: str | None) -> Mode:
    """The mode with the time zone that a call names, which then counts for every brand.

    Raises:
        server.calls.Refused: there is no such zone.
    """
    if zone_name is None:
        return mode
    try:
        return replace(mode, zone=zone_named(zone_name), brand_zones={})
    except BadTime as problem:
        raise Refused(f"nothing was sent: {problem}", "next: call it again with another time_zone.") from None


def _options_of(operation: AnyOperation) -> type[Args]:
    return ShellReadOptions if operation.effect is Effect.READ else WriteOptions


def wrong(tool: AnyOperation | AnyWorkflow, error: ValidationError, options: type[Args] | None) -> CallToolResult:
    """What is wrong with the arguments; where one is unknown, with the options that are taken beside them."""
    result = results.bad_arguments(tool, error)
    unknown = [
        str(problem["loc"][0])
        for problem in error.errors(include_url=False)
        if problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1
    ]
    if options is None or not unknown:
        return result
    names = list(options.model_fields)
    meant = "".join(dict.fromkeys(did_you_mean(name, names) for name in unknown))
    lines = [str(getattr(block, "text", "")) for block in result.content]
    return results.failure([*lines, f"also taken: {', '.join(names)}{f'; {meant.rstrip()}' if meant else ''}"])


def check(args: type[Args], arguments: Mapping[str, Any]) -> None:
    """Refuse what is not right before anything is started, unless a name or a local time may stand there.

    Raises:
        pydantic.ValidationError: the arguments are not right.
    """
    try:
        args.model_validate(arguments)
    except ValidationError as error:
        places = [problem["loc"] for problem in error.errors()]
        if not any("scheduled_at" in place or (place[:1] and place[0] in takes_names(args)) for place in places):
            raise


def refused(result: CallToolResult, code: int) -> int:
    """Say why not, and give the code to end with."""
    sys.stderr.write("\n".join(getattr(block, "text", "") for block in result.content) + "\n")
    return code


def _say(lines: Iterable[str]) -> None:
    sys.stderr.writelines(f"{line}\n" for line in lines)


def _command(tool: str, arguments: Mapping[str, Any]) -> str:
    """The command that takes it back."""
    pairs = [
        f"{name}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in arguments.items()
    ]
    return shlex.join(["socialapi-mcp", "call", tool, *pairs])
