"""A server that is told to stop answers the calls it has taken."""

import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from tests.e2e.processes import COMMAND, environment, free_port, serve
from tests.server.standin import KEY

CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_brands", "arguments": {}}}
HEADERS = {"Authorization": f"Bearer {KEY}", "Accept": "application/json, text/event-stream"}


class Api(BaseHTTPRequestHandler):
    """An API that answers when the test lets it."""

    asked, let = threading.Event(), threading.Event()

    def do_GET(self) -> None:
        self.asked.set()
        assert self.let.wait(30)
        body = b'{"count":0,"data":[]}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_call_in_flight_over_http_is_answered_after_sigterm(workers: str, tmp_path: Path) -> None:
    Api.asked.clear()
    Api.let.clear()
    api = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=api.serve_forever, daemon=True).start()
    port = free_port()
    base = f"http://127.0.0.1:{api.server_port}/v1"
    server = serve("http", tmp_path, port, "--workers", workers, SOCIALAPI_API_KEY=KEY, SOCIALAPI_BASE_URL=base)
    answers: list[httpx2.Response] = []

    def call() -> None:
        answers.append(httpx2.post(f"http://127.0.0.1:{port}/mcp", json=CALL, headers=HEADERS, timeout=30))

    caller = threading.Thread(target=call)
    try:
        caller.start()
        assert Api.asked.wait(30)
        server.send_signal(signal.SIGTERM)
        # It is stopping as soon as it takes no new connection.
        _until_refused(port)
        Api.let.set()
        caller.join(30)
        assert '"structuredContent":{"data":[],"count":0}' in answers[0].text.replace(": ", ":").replace(", ", ",")
        assert server.wait(20) in {0, -signal.SIGTERM}
    finally:
        Api.let.set()
        server.kill()
        server.wait()
        api.shutdown()
        api.server_close()


def until_it_answers(port: int) -> None:
    for _ in range(400):
        try:
            httpx2.get(f"http://127.0.0.1:{port}/v1/brands", timeout=5)
        except httpx2.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("it does not answer")


def _until_refused(port: int) -> None:
    for _ in range(10_000):
        try:
            httpx2.get(f"http://127.0.0.1:{port}/health", timeout=1)
        except httpx2.TransportError:
            return
    raise AssertionError("it goes on taking connections")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["http", "api"])
def test_a_server_that_is_stopped_ends_without_a_word(command: str, stop: signal.Signals, tmp_path: Path) -> None:
    port = free_port()
    server = subprocess.Popen(
        [COMMAND, command, "--port", str(port), "--data", str(tmp_path / "data")],
        env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        # What says how to stop it is the end of what it says when it is ready.
        assert server.stdout is not None
        told = next((line for line in server.stdout if "Ctrl-C" in line or line.startswith("key: ")), "")
        assert told
        until_it_answers(port)
        server.send_signal(stop)
        told, _ = server.communicate(timeout=30)
    finally:
        server.kill()
    assert "Traceback" not in told and '"error"' not in told, told
    assert server.returncode in {0, -stop}
