"""The protocol's own conformance suite against the HTTP server, for both revisions."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import INTEROP, suite
from tests.e2e.processes import free_port, serve_app

REVISIONS = ("2025-11-25", "2026-07-28")
COUNT = {
    "2025-11-25": {
        "server-initialize",
        "ping",
        "completion-complete",
        "tools-list",
        "resources-list",
        "prompts-list",
        "dns-rebinding-protection",
    },
    "2026-07-28": {
        "completion-complete",
        "tools-list",
        "resources-list",
        "prompts-list",
        "sep-2164-resource-not-found",
        "caching",
        "dns-rebinding-protection",
        "server-sse-multiple-streams",
        "input-required-result-unsupported-methods",
        "http-header-validation",
    },
}
"""What a server that has none of the suite's fixtures can pass, and this one has to."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    suite("conformance")
    port = free_port()
    process = serve_app("tests.e2e.with_sample_key:app", tmp_path_factory.mktemp("data"), port)
    yield f"http://localhost:{port}/mcp"
    process.kill()
    process.wait()


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_conformance_suite_passes_but_for_what_is_listed(address: str, revision: str, tmp_path: Path) -> None:
    listed = INTEROP / f"expected-failures-{revision}.yml"
    ran = subprocess.run(
        [*suite("conformance"), "server", "--url", address, "--requirements", revision,
         "--expected-failures", str(listed), "-o", str(tmp_path)],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    failed = {scenario: [check for check in checks if check["status"] == "FAILURE"] for scenario, checks in
              results(tmp_path).items()}  # fmt: skip
    assert COUNT[revision] <= failed.keys()
    assert [scenario for scenario in COUNT[revision] if failed[scenario]] == []
    if revision == "2026-07-28":
        assert [check["id"] for check in failed["server-stateless"] if not check["details"]["untestable"]] == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_expected_failure_has_its_reason(revision: str) -> None:
    lines = (INTEROP / f"expected-failures-{revision}.yml").read_text(encoding="utf-8").splitlines()
    listed = [line for line in lines if line.strip().startswith("- ")]
    assert listed
    assert [line for line in listed if not re.fullmatch(r"  - [\w-]+  # .{20,}", line)] == []


def results(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Scenario → its checks; the suite names folders `server-<scenario>-<time>`."""
    return {
        re.sub(r"-\d{4}-\d\d-\d\dT[\d-]+Z$", "", file.parent.name.removeprefix("server-")): json.loads(
            file.read_text(encoding="utf-8")
        )
        for file in folder.glob("*/checks.json")
    }
