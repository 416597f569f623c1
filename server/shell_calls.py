"""Runs a tool of our own from the shell: whoever types it is the person who would be asked."""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mcp.types import CallToolResult
from pydantic import ValidationError

from server import results, shell_operations
from server.answering import ReadOptions, taken_apart
from server.asking import Ask
from server.callers import PROCESS
from server.calls import Call, Failed, Refused, Services
from server.mode import Mode, of_process
from server.printing import print_out
from server.serve import secret_or_exit
from server.settings import Settings
from server.shell_operations import check, mode_in, refused
from server.wiring import open_records_of, rest_client
from server.workflows import run_workflow
from server.workflows.record import as_csv
from tools.definitions import operation_named, workflow_named
from tools.discovery import RUN_READ_OPERATION, RUN_WRITE_OPERATION
from tools.operation import AnyOperation, Effect
from tools.record import WHATS_BEEN_DONE
from tools.registry import ALIASES
from tools.workflow import AnyWorkflow


class _Options(ReadOptions):
    """What a read of our own takes here; where a tool has one of these itself, it is the tool's."""

    time_zone: str | None = None


async def run(settings: Settings, name: str, arguments: Mapping[str, Any], typed: str | None = None) -> int:
    """Print the answer; 1 when it was refused, 2 when the arguments are wrong."""
    workflow = workflow_named(name)
    if workflow is None:
        raise ValueError(name)
    mode, given = replace(of_process(settings), confirm="never"), dict(arguments)
    takes_options = workflow.effect is Effect.READ and not workflow.keeps_form
    try:
        if takes_options:
            options, own = taken_apart(_Options, given)
            check(workflow.args, own)
            given.pop("time_zone", None)
            mode = mode_in(mode, options.time_zone)
        else:
            check(workflow.args, given)
    except ValidationError as error:
        return refused(shell_operations.wrong(workflow, error, _Options if takes_options else None), 2)
    except Refused as refusal:
        return refused(results.failure(refusal.lines), 1)
    meant = _meant(workflow, given) if name in {RUN_READ_OPERATION.name, RUN_WRITE_OPERATION.name} else None
    if meant is not None:
        return await shell_operations.run(settings, *meant, typed)
    result = await _result(settings, workflow, given, mode)
    if result.is_error:
        return refused(result, 1)
    body = result.structured_content or {}
    if name == WHATS_BEEN_DONE.name and given.get("as_csv") not in {None, False, "false"}:
        print_out(as_csv(body["data"]).replace("\r\n", "\n").rstrip("\n"))
        if body.get("next_cursor"):
            sys.stderr.write(f"more: cursor={body['next_cursor']}\n")
        return 0
    print_out(json.dumps(body, indent=2, ensure_ascii=False))
    return 0


async def _result(
    settings: Settings, workflow: AnyWorkflow, arguments: Mapping[str, Any], mode: Mode
) -> CallToolResult:
    async with rest_client(settings, with_files=True) as rest, open_records_of(settings) as records:
        services = Services(rest=rest, secret=secret_or_exit(settings, is_alone=True), records=records)
        try:
            return await run_workflow(Call(services=services, caller=PROCESS, mode=mode), workflow, arguments)
        except Refused as refusal:
            return results.failure(refusal.lines)
        except Failed as failure:
            return failure.result
        except Ask:
            what = f"{workflow.name} asks for a person's name to be typed; call its operation by name"
            return results.failure([what])


def _meant(workflow: AnyWorkflow, arguments: Mapping[str, Any]) -> tuple[AnyOperation, dict[str, Any]] | None:
    """The operation and its arguments that a runner is asked for; None where the runner itself refuses it."""
    asked = workflow.args.model_validate(arguments).model_dump(exclude_unset=True, exclude_none=True)
    name = str(asked.pop("name"))
    own: dict[str, Any] = asked.pop("arguments", {})
    operation = operation_named(ALIASES.get(name, name))
    reads = workflow.name == RUN_READ_OPERATION.name
    if operation is None or (operation.effect is Effect.READ) is not reads:
        return None
    if any(own.get(option) is not None and str(own[option]) != str(value) for option, value in asked.items()):
        return None
    return operation, {**own, **asked}
