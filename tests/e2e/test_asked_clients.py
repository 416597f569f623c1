"""A person who is asked in clients of the TypeScript SDK, of either generation: who declines is obeyed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import INTEROP, node
from tests.e2e.processes import PATIENCE_SECONDS

DECLINES: dict[str, Any] = {"action": "decline"}
AGREES: dict[str, Any] = {"action": "accept", "content": {"approve": True}}


@pytest.mark.parametrize(("generation", "version"), [(2, "2026-07-28"), (1, None)])
def test_a_typescript_client_asks_its_person(generation: int, version: str | None, tmp_path: Path) -> None:
    package = {1: "@modelcontextprotocol/sdk/package.json", 2: "@modelcontextprotocol/client/package.json"}[generation]
    told = {
        "generation": generation,
        "command": str(Path(sys.executable).with_name("socialapi-mcp")),
        "args": ["stdio"],
        "env": {"SOCIALAPI_DATA_DIR": str(tmp_path)},
        "tool": "run_write_operation",
        "arguments": {"name": "delete_post", "arguments": {"post_id": "post_draft"}},
        "answers": [DECLINES, AGREES, AGREES],
    }
    ran = subprocess.run(
        [*node(package), str(INTEROP / "asked_client.mjs"), json.dumps(told)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    declined, agreed, again = found["results"]
    assert found["version"] == version
    assert declined["isError"] and "the person said no" in declined["text"]
    assert not agreed["isError"] and '"deleted":true' in agreed["text"], "it was there: who declined was obeyed"
    assert not again["isError"] and "Not sent again" in again["text"]
    assert len(found["asked"]) == 2 and all("Oat milk week" in message for message in found["asked"])
