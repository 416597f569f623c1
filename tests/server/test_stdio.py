"""Serving over standard input and output, in a process of its own; what goes to the log; the import guard."""

import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from server.instructions import INSTRUCTIONS
from server.logs import JsonLines, redact
from tests.server.standin import KEY
from tools.surfaces import CORE

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio, httpx2, signal, sys
from server.dispatch import build_server
from server.stdio import serve_stdio
from tools.rest import RestClient

class Hanging(httpx2.AsyncBaseTransport):
    async def handle_async_request(self, request):
        sys.stderr.write("asked\\n"); sys.stderr.flush()
        answer = asyncio.Event()
        if sys.platform != "win32":
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, answer.set)
        try:
            await answer.wait()
        except asyncio.CancelledError:
            sys.stderr.write("cancelled\\n"); sys.stderr.flush()
            raise
        return httpx2.Response(200, json={"data": []})

async def main():
    async with httpx2.AsyncClient(base_url="http://x/v1", transport=Hanging()) as http:
        await serve_stdio(build_server(RestClient(http=http)), drain_seconds=float(sys.argv[1]))
    sys.stderr.write("closed\\n"); sys.stderr.flush()

asyncio.run(main())
"""
HELLO = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}  # fmt: skip
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}
CALL = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list_brands", "arguments": {}}}


def _start(drain_seconds: float = 60) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(drain_seconds)], cwd=ROOT, text=True, encoding="utf-8",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    _send(process, HELLO)
    assert json.loads(process.stdout.readline())["result"]["serverInfo"]["name"] == "socialapi-mcp"
    _send(process, READY)
    return process


def _send(process: subprocess.Popen[str], message: object) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()


def _wait_for_call(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    _send(process, CALL)
    assert process.stderr.readline() == "asked\n"


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_everything_closed_while_input_stays_open(number: signal.Signals) -> None:
    process = _start()
    try:
        process.send_signal(number)
        # Standard input stays open: the process has to end all the same.
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == "closed\n"
    finally:
        process.kill()
        process.communicate()


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_call_in_flight_still_answers_after_a_signal_and_a_new_one_is_refused(number: signal.Signals) -> None:
    process = _start()
    try:
        _wait_for_call(process)
        process.send_signal(number)
        # The signal is taken by the same loop that reads, some time after it was sent.
        refused = _until_refused(process)
        assert "stopping" in refused["error"]["message"]
        process.send_signal(signal.SIGUSR1)
        assert process.stdout is not None and process.stderr is not None
        answers = [json.loads(line) for line in process.stdout]
        assert answers[-1]["id"] == CALL["id"]
        assert answers[-1]["result"]["structuredContent"] == {"data": []}
        assert process.wait(10) == 0
        assert process.stderr.read() == "closed\n"
    finally:
        process.kill()
        process.communicate()


def _until_refused(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    for number in range(100, 10_000):
        _send(process, {"jsonrpc": "2.0", "id": number, "method": "ping"})
        answer = json.loads(process.stdout.readline())
        assert answer["id"] == number
        if "error" in answer:
            return answer
    raise AssertionError("the signal was not taken")


@posix
@pytest.mark.parametrize("twice", [False, True])
def test_a_call_is_cancelled_when_draining_takes_too_long_or_at_a_second_signal(twice: bool) -> None:
    process = _start(drain_seconds=60 if twice else 0)
    try:
        _wait_for_call(process)
        process.send_signal(signal.SIGTERM)
        if twice:
            _until_refused(process)
            process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == "cancelled\nclosed\n"
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("line", "request_id", "code", "words"),
    [
        ("{bad json}", None, -32700, "not JSON"),
        ("[" * 100_000, None, -32700, "not JSON"),
        ("[]", None, -32600, "batches"),
        ('"x"', None, -32600, "one object a line"),
        ('{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": 5}', 7, -32600, "JSON-RPC"),
        ('{"jsonrpc": "2.0", "id": "a", "method": 5}', "a", -32600, "JSON-RPC"),
    ],
)
def test_a_line_that_is_no_message_is_answered_and_the_next_one_too(
    line: str, request_id: object, code: int, words: str
) -> None:
    process = _start()
    try:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(f"\n{line}\n")
        _send(process, {"jsonrpc": "2.0", "id": 9, "method": "tools/list"})
        refused, listed = json.loads(process.stdout.readline()), json.loads(process.stdout.readline())
        assert (refused.get("id"), refused["error"]["code"]) == (request_id, code)
        assert words in refused["error"]["message"]
        assert (listed["id"], len(listed["result"]["tools"])) == (9, len(CORE))
    finally:
        process.kill()
        process.communicate()


def test_it_ends_when_standard_input_closes() -> None:
    process = _start()
    try:
        _wait_for_call(process)
        _out, log = process.communicate(timeout=10)
        assert process.returncode == 0
        assert "cancelled" in log
        assert "closed" in log
    finally:
        process.kill()


@pytest.mark.parametrize("secret", [
    KEY,
    f"Authorization: Bearer {KEY}",
    "authorization: bearer eyJhbGciOi.abc.def",
    "client_secret=s3cr3t-value",
    '{"client_secret": "s3cr3t-value"}',
    "{'client_secret': 's3cr3t-value'}",
    "postgresql://user:s3cr3t-value@host/db",
    "refreshed with rt_0123456789abcdefghijs3cr3t-value",
    "code ac_0123456789abcdefghijs3cr3t-value",
    "secret cs_0123456789abcdefghijs3cr3t-value",
    "token eyJhbGciOiJFZERTQSJ9.s3cr3t-value.s3cr3t-value",
    "code_verifier=s3cr3t-value&x=1",
])  # fmt: skip
def test_secrets_are_blacked_out(secret: str) -> None:
    hidden = redact(f"before {secret} after")
    for part in (KEY, "s3cr3t-value", "eyJhbGciOi"):
        assert part not in hidden
    assert hidden.startswith("before ")
    assert "after" in hidden


def test_a_log_line_is_one_json_object_also_for_a_traceback() -> None:
    try:
        raise RuntimeError(f"Bearer {KEY}")
    except RuntimeError:
        record = logging.LogRecord("socialapi_mcp.x", logging.ERROR, "f", 1, "broke\n%s", (KEY,), sys.exc_info())
    line = JsonLines().format(record)
    assert "\n" not in line
    assert KEY not in line
    assert set(json.loads(line)) == {"time", "level", "logger", "message", "traceback"}


def test_instructions_are_under_two_kilobytes() -> None:
    assert len(INSTRUCTIONS.encode()) < 2048


@pytest.mark.parametrize("name", ["tools", "auth", "localapi"])
def test_another_package_of_our_name_is_refused_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("", encoding="utf-8")
    program = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]; import server"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8",
        check=False, env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    assert done.returncode == 1
    assert repr(name) in done.stderr
    assert "environment of its own" in done.stderr
