"""Runs one operation of the API from the shell, with names where ids belong; apart, as it needs few of our modules.

Whoever types it is the person who would be asked. A write is noted and happens once, as for an assistant.
"""

import json
import shlex
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from server.answering import ReadOptions, WriteOptions, taken_apart
from server.callers import PROCESS
from server.calls import Call, Refused, Services
from server.confirmation import name_to_be_typed
from server.mode import of_process
from server.naming import resolve, takes_names
from server.running_operations import timed
from server.serve import secret_or_exit
from server.settings import Settings
from server.wiring import open_records_of, rest_client
from tools.operation import AnyOperation, Args, Effect

_APPROVER = "the person at the shell"


async def run_operation(
    settings: Settings, operation: AnyOperation, arguments: Mapping[str, Any], *, typed: str | None = None
) -> Any:
    """The body that the API answers with, or what `select` takes of it; notes are said on standard error.

    `typed`: the name of the brand, account or user that is deleted, as whoever calls typed it.

    Raises:
        server.calls.Failed: a write's arguments are not right, or it did not work out.
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
    async with rest_client(settings, with_files=True) as rest, open_records_of(settings) as records:
        services = Services(rest=rest, secret=secret_or_exit(settings, is_alone=True), records=records)
        call = Call(services=services, caller=PROCESS, mode=replace(of_process(settings), confirm="never"))
        own = await timed(call, await call.named(operation.args, own), options.time_zone)
        name = await name_to_be_typed(call, operation, own)
        if name is not None and (typed or "").strip() != name.strip():
            raise Refused(
                f"{operation.name} was not called: this cannot be undone, and its name was not typed",
                f"next: if that is meant, add --typed {shlex.quote(name)}",
            )
        made = await call.write(operation, own, key=options.idempotency_key, approved_by=_APPROVER)
    _say([*call.notes, *([] if call.undo is None else [f"undo: {_command(*call.undo)}"])])
    return made.body


async def _read(settings: Settings, operation: AnyOperation, arguments: Mapping[str, Any]) -> Any:
    # The shell gets the whole answer: there is no model whose window it would fill.
    options, own = taken_apart(ReadOptions, {name: arguments[name] for name in arguments if name == "select"})
    own = {name: value for name, value in arguments.items() if name != "select"}
    check(operation.args, own)
    async with rest_client(settings, with_files=True) as rest:

        async def read(source: AnyOperation, given: Mapping[str, Any]) -> dict[str, Any]:
            return (await rest.exchange(source, source.args.model_validate(given))).body

        own, notes = await resolve(operation.args, own, read)
        args = operation.args.model_validate(own)
        _say(notes)
        body = (await rest.exchange(operation, args)).body
    if options.select is None:
        return body
    from server.selection import select

    return select(options.select, body)


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


def _say(lines: Iterable[str]) -> None:
    sys.stderr.writelines(f"{line}\n" for line in lines)


def _command(tool: str, arguments: Mapping[str, Any]) -> str:
    """The command that takes it back."""
    pairs = [
        f"{name}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in arguments.items()
    ]
    return shlex.join(["socialapi-mcp", "call", tool, *pairs])
