"""Runs a tool of our own from the shell: whoever types it is the person who would be asked."""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mcp.types import CallToolResult
from pydantic import ValidationError

from server import results
from server.answering import ReadOptions, taken_apart
from server.asking import Ask
from server.callers import PROCESS
from server.calls import Call, Failed, Refused, Services
from server.mode import of_process
from server.printing import print_out
from server.serve import secret_or_exit
from server.settings import Settings
from server.shell_operations import check
from server.wiring import open_records_of, rest_client
from server.workflows import run_workflow
from server.workflows.record import as_csv
from tools.definitions import workflow_named
from tools.operation import Effect
from tools.record import WHATS_BEEN_DONE


async def run(settings: Settings, name: str, arguments: Mapping[str, Any]) -> int:
    """Print the answer; 1 when it was refused, 2 when the arguments are wrong."""
    workflow = workflow_named(name)
    if workflow is None:
        raise ValueError(name)
    try:
        takes_options = workflow.effect is Effect.READ and not workflow.keeps_form
        check(workflow.args, taken_apart(ReadOptions, arguments)[1] if takes_options else arguments)
    except ValidationError as error:
        return _refused(results.bad_arguments(workflow, error), 2)
    mode = replace(of_process(settings), confirm="never")
    async with rest_client(settings, with_files=True) as rest, open_records_of(settings) as records:
        services = Services(rest=rest, secret=secret_or_exit(settings, is_alone=True), records=records)
        try:
            result = await run_workflow(Call(services=services, caller=PROCESS, mode=mode), workflow, arguments)
        except Refused as refusal:
            result = results.failure(refusal.lines)
        except Failed as failure:
            result = failure.result
        except Ask:
            result = results.failure([f"{name} asks for a person's name to be typed; call its operation by name"])
    if result.is_error:
        return _refused(result, 1)
    body = result.structured_content or {}
    if name == WHATS_BEEN_DONE.name and arguments.get("as_csv") not in {None, False, "false"}:
        print_out(as_csv(body["data"]).replace("\r\n", "\n").rstrip("\n"))
        if body.get("next_cursor"):
            sys.stderr.write(f"more: cursor={body['next_cursor']}\n")
        return 0
    print_out(json.dumps(body, indent=2, ensure_ascii=False))
    return 0


def _refused(result: CallToolResult, code: int) -> int:
    sys.stderr.write("\n".join(getattr(block, "text", "") for block in result.content) + "\n")
    return code
