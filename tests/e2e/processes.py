"""Starts the real command as a process, and waits until it answers."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2

COMMAND = str(Path(sys.executable).with_name("socialapi-mcp"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SOCIALAPI_")}
    return {**kept, "SOCIALAPI_DATA_DIR": str(data)}


def serve(command: str, data: Path, port: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [COMMAND, command, "--port", str(port)],
        env=environment(data),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    path = "/health" if command == "http" else "/v1/brands"
    for _ in range(600):
        try:
            httpx2.get(f"http://127.0.0.1:{port}{path}", timeout=1)
            return process
        except httpx2.TransportError:
            if process.poll() is not None:
                raise AssertionError(f"{command} ended with {process.returncode}") from None
            time.sleep(0.05)
    raise AssertionError(f"{command} does not answer")


def key(data: Path) -> str:
    return (data / "sample_key").read_text(encoding="ascii").strip()
