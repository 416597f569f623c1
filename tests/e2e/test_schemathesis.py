"""schemathesis, by the document that the local API gives of itself: nothing breaks, and every answer is as described."""

import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.processes import environment, free_port, key, serve

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "ignored_auth",
)
# More with SOCIALAPI_SCHEMATHESIS_EXAMPLES, for a run by hand.
EXAMPLES = os.environ.get("SOCIALAPI_SCHEMATHESIS_EXAMPLES", "3")


def test_every_answer_is_as_the_document_says(tmp_path: Path) -> None:
    port = free_port()
    server = serve("api", tmp_path / "data", port)
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        *("--config-file", str(Path(__file__).with_name("schemathesis.toml"))),
        *("run", f"http://127.0.0.1:{port}/v1/openapi.json"),
        *("--header", f"Authorization: Bearer {key(tmp_path / 'data')}"),
        *("--max-examples", EXAMPLES, "--seed", "1", "--workers", "1", "--phases", "examples,fuzzing"),
        # Whoever deletes the user has nothing left to try.
        *(
            "--exclude-operation-id",
            "delete_current_user",
            "--checks",
            os.environ.get("SOCIALAPI_SCHEMATHESIS_CHECKS", ",".join(CHECKS)),
        ),
    ]
    try:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, timeout=600, check=False
        )
    finally:
        server.terminate()
        server.wait()
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Tested: 134" in done.stdout
