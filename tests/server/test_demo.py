"""What a newcomer sees first: the demo, and the configurations that `http` prints."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from server.demo import run
from tests.e2e.processes import COMMAND, environment, free_port

STEPS = [
    "list_accounts",
    "list_commented_posts",
    "list_comments",
    "reply_to_comment",
    "upload_media",
    "create_post",
    "get_post",
    "get_post_metrics",
]


def demo(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "server.demo"], env={**os.environ, **variables}, capture_output=True, text=True,
        encoding="utf-8", check=False, timeout=120,
    )  # fmt: skip


def test_the_demo_goes_through_the_day_whatever_the_persons_own_settings_are() -> None:
    done = demo(
        SOCIALAPI_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
        SOCIALAPI_API_KEY="sapi_key_" + "0" * 62,
        SOCIALAPI_BASE_URL="http://127.0.0.1:1",
        SOCIALAPI_LOG_LEVEL="loud",
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    called = [line.split()[1] for line in lines if line.startswith("> ")]
    assert list(dict.fromkeys(called)) == STEPS
    # Each call is followed by a short answer.
    assert all(lines[number + 1].startswith("  ") for number, line in enumerate(lines) if line.startswith("> "))
    assert "  published" in lines


def test_a_demo_that_fails_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    async def broken() -> None:
        raise ExceptionGroup("of the client's tasks", [ExceptionGroup("inner", [ValueError("the disk is full")])])

    monkeypatch.setattr("server.demo.main", broken)
    with pytest.raises(SystemExit) as stopped:
        run()
    assert stopped.value.code == 1
    assert capsys.readouterr().err == "the demo stopped: the disk is full\n"


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:
    """The configurations in what the running server printed."""
    data = tmp_path_factory.mktemp("data")
    process = subprocess.Popen(
        [COMMAND, "http", "--port", str(free_port())], env=environment(data), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line.startswith("Stop with"):
            break
    found, decoder, place = list[dict[str, Any]](), json.JSONDecoder(), text.find("{")
    while place >= 0:
        value, end = decoder.raw_decode(text, place)
        found.append(value["mcpServers"]["socialapi"])
        place = text.find("{", end)
    yield found
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)


@pytest.mark.anyio
async def test_the_printed_configuration_for_http_works_as_it_stands(printed: list[dict[str, Any]]) -> None:
    one = printed[0]
    assert one["type"] == "http"
    async with (
        httpx2.AsyncClient(headers=one["headers"]) as http,
        Client(streamable_http_client(one["url"], http_client=http)) as client,
    ):
        listed = await client.call_tool("list_accounts", {})
        assert (listed.structured_content or {})["count"] > 5


@pytest.mark.anyio
async def test_the_printed_configuration_for_stdio_shows_the_same_workspace(printed: list[dict[str, Any]]) -> None:
    over_http, one = printed
    async with (
        httpx2.AsyncClient(headers=over_http["headers"]) as http,
        Client(streamable_http_client(over_http["url"], http_client=http)) as client,
    ):
        assert not (await client.call_tool("create_brand", {"name": "Made over HTTP"})).is_error
    server = StdioServerParameters(command=one["command"], args=one["args"], env=one.get("env"), cwd="/")
    async with Client(server) as client:
        listed = await client.call_tool("list_brands", {})
    assert "Made over HTTP" in str(listed.structured_content)
