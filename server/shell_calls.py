"""Runs a tool of our own from the shell: whoever types it is the person who would be asked."""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from server import results
from server.asking import Ask
from server.callers import PROCESS
from server.calls import Call, Failed, Refused, Services
from server.mode import of_process
from server.printing import print_out
from server.serve import secret_or_exit
from server.settings import Settings
from server.wiring import open_records_of, rest_client
from server.workflows import run_workflow
from tools.definitions import workflow_named


async def run(settings: Settings, name: str, arguments: Mapping[str, Any]) -> int:
    """Print the answer; 1 when it was refused."""
    workflow = workflow_named(name)
    if workflow is None:
        raise ValueError(name)
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
        sys.stderr.write("\n".join(getattr(block, "text", "") for block in result.content) + "\n")
        return 1
    print_out(json.dumps(result.structured_content, indent=2, ensure_ascii=False))
    return 0
