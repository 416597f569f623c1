"""Runs the real command to its end, for tests."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.processes import COMMAND, environment


def run(data: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *arguments], env={**environment(data), **variables}, capture_output=True, text=True, timeout=60,
        encoding="utf-8", check=False,
    )  # fmt: skip


def refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """One line on standard error, nothing on standard output."""
    assert done.returncode == code, done
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def run_on_read_only(data: Path, files: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command on a used data folder of which some files cannot be written, also when we are root."""
    if not (data / "localapi.sqlite").exists():
        assert run(data, "call", "list_brands").returncode == 0
        (data / "jobs.sqlite").touch()
    for file in data.glob(files):
        file.chmod(0o400)
    command = [COMMAND, *arguments]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root writes to read-only files, and there is no setpriv to give that up")
        command = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all", *command]
    return subprocess.run(command, env=environment(data), capture_output=True, text=True, check=False, timeout=60)
