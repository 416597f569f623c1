"""Starts the real command as a process, and waits until it answers."""

import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

COMMAND = str(Path(sys.executable).with_name("socialapi-mcp"))
PATIENCE_SECONDS = 240
"""Several workers at once take minutes to import all of it on a machine that is busy."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SOCIALAPI_")}
    return {**kept, "SOCIALAPI_DATA_DIR": str(data)}


def serve(command: str, data: Path, port: int, *more: str, **variables: str) -> subprocess.Popen[bytes]:
    """`socialapi-mcp http` or `api`, answering."""
    path = "/health" if command == "http" else "/v1/brands"
    address = f"http://127.0.0.1:{port}{path}"
    return _started([COMMAND, command, "--port", str(port), *more], data, address, **variables)


def serve_app(factory: str, data: Path, port: int) -> subprocess.Popen[bytes]:
    """An ASGI app of the tests' own, in a process of its own, answering at /health."""
    return _started(
        [sys.executable, "-m", "uvicorn", "--factory", factory, "--port", str(port), "--lifespan", "on"],
        data,
        f"http://127.0.0.1:{port}/health",
    )


def _started(command: list[str], data: Path, address: str, **variables: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        command, env=environment(data) | variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends_at:
        if _answers(address):
            return process
        if process.poll() is not None:
            raise AssertionError(f"{command} ended with {process.returncode}")
        time.sleep(0.05)
    process.kill()
    process.wait()
    raise AssertionError(f"{command} does not answer")


def _answers(address: str) -> bool:
    # By the plainest of clients: a better one costs the starting process more than it needs itself.
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=1)
    try:
        connection.request("GET", parts.path)
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def key(data: Path) -> str:
    return (data / "sample_key").read_text(encoding="ascii").strip()
