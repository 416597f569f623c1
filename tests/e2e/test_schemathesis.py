"""schemathesis, by the document that the local API gives of itself: nothing breaks, and every answer is as described."""

import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.processes import environment, free_port, serve

# More, or others, for a run by hand.
EXAMPLES = os.environ.get("SOCIALAPI_SCHEMATHESIS_EXAMPLES", "2")
SEED = os.environ.get("SOCIALAPI_SCHEMATHESIS_SEED", "1")


def test_every_answer_is_as_the_document_says(tmp_path: Path) -> None:
    port = free_port()
    server = serve("api", tmp_path / "data", port)
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        *("--config-file", str(Path(__file__).with_name("schemathesis.toml"))),
        *("run", f"http://127.0.0.1:{port}/v1/openapi.json", "--checks", "all"),
        # The one credential that every route takes.
        *("--header", f"Authorization: Bearer {dashboard_token(tmp_path)}"),
        *("--max-examples", EXAMPLES, "--seed", SEED, "--workers", "1"),
        # Whoever deletes the user has nothing left to try.
        *("--exclude-operation-id", "delete_current_user"),
    ]
    try:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, timeout=1200, check=False
        )
    finally:
        server.terminate()
        server.wait()
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Tested: 134" in done.stdout


def dashboard_token(folder: Path) -> str:
    command = [sys.executable, "-P", "-m", "server.main", "api", "login", "--data", str(folder / "data")]
    done = subprocess.run(command, env=environment(folder), capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.strip()
