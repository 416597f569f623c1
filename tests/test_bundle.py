"""The desktop bundle: packed, unpacked in another folder, started as its manifest says."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import suite

ROOT = Path(__file__).parents[1]
UV = shutil.which("uv") or next((str(path) for path in ROOT.glob(".venv-bootstrap/bin/uv")), None)
NEEDED = {"manifest.json", "pyproject.toml", "uv.lock", "server/main.py", "tools/schemas.json", "auth/scopes.py"}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("bundle")
    # Packed beside it, so that the one in dist/ stays as it is.
    program = (
        "import runpy, sys, pathlib; runpy.run_path(sys.argv[1], run_name='packing')['pack'](pathlib.Path(sys.argv[2]))"
    )
    packed = place / "socialapi-mcp.mcpb"
    subprocess.run([sys.executable, "-c", program, str(ROOT / "scripts" / "bundle.py"), str(packed)], check=True)
    with zipfile.ZipFile(packed) as bundle:
        bundle.extractall(place / "unpacked")
    return place / "unpacked"


def test_it_has_what_it_needs_and_nothing_else(unpacked: Path) -> None:
    names = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert names >= NEEDED
    assert [name for name in names if name.endswith((".pyc", ".sqlite", ".env")) or name.startswith("tests")] == []


def test_the_bundles_own_tool_accepts_the_manifest(unpacked: Path) -> None:
    command = [*suite("mcpb"), "validate", str(unpacked / "manifest.json")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_setting_of_the_manifest_is_one_of_ours(unpacked: Path) -> None:
    from server.settings import Settings

    manifest = json.loads((unpacked / "manifest.json").read_text(encoding="utf-8"))
    environment = manifest["server"]["mcp_config"]["env"]
    assert {name.removeprefix("SOCIALAPI_").lower() for name in environment} <= set(Settings.model_fields)
    assert {f"${{user_config.{name}}}" for name in manifest["user_config"]} == set(environment.values())
    assert manifest["user_config"]["api_key"]["sensitive"] is True


@pytest.mark.skipif(UV is None, reason="uv is not installed: the bundle cannot be started")
def test_it_starts_and_answers_from_where_it_was_unpacked(unpacked: Path, tmp_path: Path) -> None:
    config = json.loads((unpacked / "manifest.json").read_text(encoding="utf-8"))["server"]["mcp_config"]
    assert config["command"] == "uv"
    arguments = [str(argument).replace("${__dirname}", str(unpacked)) for argument in config["args"]]
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("SOCIALAPI_") and name != "VIRTUAL_ENV"
    }
    # What a host passes when the person fills nothing in.
    empty = dict.fromkeys(config["env"], "")
    messages: list[dict[str, object]] = [
        {
            "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
        },
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list_brands", "arguments": {}}},
    ]  # fmt: skip
    process = subprocess.Popen(
        [str(UV), *arguments], cwd=tmp_path, text=True, encoding="utf-8",
        env={**kept, **empty, "SOCIALAPI_DATA_DIR": str(tmp_path / "data")},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        answers: list[Any] = []
        for message in messages:
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
            if "id" in message:
                line = process.stdout.readline()
                assert line, process.stderr.read() if process.stderr else "no answer"
                answers.append(json.loads(line))
    finally:
        # Closing standard input ends it.
        process.communicate(timeout=60)
    assert answers[0]["result"]["serverInfo"]
    assert "Aurora Coffee" in json.dumps(answers[1]["result"])
    assert process.returncode == 0
