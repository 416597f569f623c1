"""The protocol's own conformance suite against the authorization server; a person's part is done over plain HTTP."""

import json
import re
import subprocess
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx2
import pytest

from tests.e2e.node import suite
from tests.e2e.processes import COMMAND, environment, free_port, serve


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    suite("conformance")
    data, port = tmp_path_factory.mktemp("data"), free_port()
    process = serve("http", data, port)
    yield f"http://127.0.0.1:{port}", data
    process.kill()
    process.wait()


def test_the_authorization_scenarios_pass(served: tuple[str, Path], tmp_path: Path) -> None:
    address, data = served
    port = free_port()
    ran = subprocess.run(
        [COMMAND, "clients", "add", "Suite", "--redirect-uri", f"http://127.0.0.1:{port}/callback", "--public"],
        env=environment(data) | {"SOCIALAPI_PORT": address.rpartition(":")[2]},
        capture_output=True,
        text=True,
        check=True,
    )
    client_id = json.loads(ran.stdout)["client_id"]
    with subprocess.Popen(
        [*suite("conformance"), "authorization", "--url", address, "--client-id", client_id, "-p", str(port),
         "--resource", f"{address}/mcp", "-o", str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        said = list[str]()
        for line in process.stdout or ():
            said.append(line)
            found = re.search(r"https?://\S+/oauth/authorize\?\S+", line)
            if found is not None:
                _approve(found[0])
        process.wait(timeout=60)
    text = "".join(said)
    assert process.returncode == 0, text
    assert re.findall(r"✓ (authorization-[a-z-]+: \d+ passed, \d+ failed)", text) == [
        "authorization-server-metadata-endpoint: 2 passed, 0 failed",
        "authorization-code-grant: 1 passed, 0 failed",
    ], text


def _approve(address: str) -> None:
    """Sign in as the local user, and grant what was asked for."""
    with httpx2.Client(follow_redirects=True) as browser:
        page = browser.get(address)
        form = {"csrf": _field(page, "csrf"), "request": _field(page, "request"), "action": "local"}
        page = browser.post(page.url.join("/oauth/sign-in"), data=form)
        answer: dict[str, str | list[str]] = {
            "csrf": _field(page, "csrf"),
            "request": _field(page, "request"),
            "preset": "Analyst",
            "scope": re.findall(r'name="scope" value="([^"]*)"', page.text),
            "brands": "all",
            "decision": "approve",
        }
        assert browser.post(page.url.join("/oauth/consent"), data=answer).status_code == 200


def _field(page: httpx2.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found is not None, page.text[:500]
    return unescape(found[1])
