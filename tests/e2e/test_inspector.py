"""MCP Inspector's command line lists and calls, over stdio and over HTTP."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import suite
from tests.e2e.processes import COMMAND, environment, free_port, key, serve
from tools.definitions import definitions
from tools.surfaces import CORE

ERAS = ("legacy", "modern")


@dataclass
class Inspector:
    """One way to reach the server."""

    data: Path
    target: list[str]
    options: list[str] = field(default_factory=list[str])

    def __call__(self, method: str, *more: str, era: str = "legacy") -> Any:
        ran = subprocess.run(
            [*suite("mcp-inspector"), "--cli", *self.target, *self.options,
             "--protocol-era", era, "--method", method, *more],
            env=environment(self.data), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout[-1000:] + ran.stderr[-2000:]
        return json.loads(ran.stdout)


@pytest.fixture(scope="module", params=["stdio", "http"])
def inspect(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inspector]:
    suite("mcp-inspector")
    data = tmp_path_factory.mktemp("data")
    if request.param == "stdio":
        yield Inspector(data, [COMMAND])
        return
    port = free_port()
    process = serve("http", data, port)
    yield Inspector(data, [f"http://127.0.0.1:{port}/mcp"], ["--header", f"Authorization: Bearer {key(data)}"])
    process.kill()
    process.wait()


@pytest.mark.parametrize("era", ERAS)
def test_every_tool_is_listed_and_its_schema_portable(inspect: Inspector, era: str) -> None:
    listed = inspect("tools/list", "--strict", era=era)
    assert [tool["name"] for tool in listed["tools"]] == [name for name in definitions() if name in CORE]


@pytest.mark.parametrize("era", ERAS)
def test_a_tool_is_called(inspect: Inspector, era: str) -> None:
    answer = inspect("tools/call", "--tool-name", "list_posts", "--tool-arg", "limit=1", "status=published", era=era)
    assert not answer.get("isError")
    (post,) = answer["structuredContent"]["data"]
    assert post["status"] == "published"


def test_resources_and_prompts_are_listed_and_read(inspect: Inspector) -> None:
    uris = [row["uri"] for row in inspect("resources/list")["resources"]]
    assert "socialapi://accounts" in uris
    (content,) = inspect("resources/read", "--uri", "socialapi://accounts")["contents"]
    assert json.loads(content["text"])["data"]
    names = [row["name"] for row in inspect("prompts/list")["prompts"]]
    assert "triage_inbox" in names
