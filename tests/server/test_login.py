"""`socialapi-mcp api login`, beside a running server and without one."""

import sqlite3
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.databases import Postgres
from tests.e2e.processes import free_port, key, serve
from tests.server.commands import refused, run, run_on_read_only

DASHBOARD = "/v1/oauth/redirect-uris"


@contextmanager
def serving(data: Path, port: int, command: str = "api", **variables: str) -> Generator[subprocess.Popen[bytes]]:
    process = serve(command, data, port, **variables)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def asked(port: int, path: str, token: str) -> tuple[int, str | None]:
    """Status and code of an answer."""
    address = f"http://127.0.0.1:{port}{path}"
    response = httpx2.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    return response.status_code, None if response.is_success else response.json()["error"]["code"]


@pytest.mark.parametrize("command", ["api", "http"])
def test_who_logs_in_reaches_what_no_key_does(tmp_path: Path, command: str) -> None:
    port = free_port()
    with serving(tmp_path, port, command):
        done = run(tmp_path, "api", "login")
        assert done.returncode == 0, done.stderr
        (token,) = done.stdout.splitlines()
        assert "one hour" in done.stderr and "Authorization: Bearer" in done.stderr
        assert token not in done.stderr
        assert asked(port, DASHBOARD, key(tmp_path)) == (403, "auth.dashboard_only")
        assert asked(port, DASHBOARD, token) == (200, None)
        assert asked(port, "/v1/keys", token) == (200, None)
        assert asked(port, DASHBOARD, token[:-10]) == (401, "auth.invalid_token")


def test_a_token_is_good_where_it_was_issued_only_and_also_before_the_server_runs(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for data in (here, there):
        assert run(data, "call", "list_brands").returncode == 0
    mine = run(tmp_path / "default", "api", "login", "--data", str(here), "--user", "sample@localhost").stdout.strip()
    other = run(there, "api", "login").stdout.strip()
    port = free_port()
    with serving(here, port):
        assert asked(port, DASHBOARD, mine) == (200, None)
        assert asked(port, DASHBOARD, other) == (401, "auth.invalid_token")
    assert not (tmp_path / "default").exists()


def test_who_logs_in_on_postgresql_reads_the_servers_database(postgres: Postgres, tmp_path: Path) -> None:
    port = free_port()
    with postgres.empty() as url:
        refused(run(tmp_path, "api", "login", SOCIALAPI_DATABASE_URL=url), 1, "socialapi-mcp api")
        with serving(tmp_path, port, SOCIALAPI_DATABASE_URL=url):
            token = run(tmp_path, "api", "login", SOCIALAPI_DATABASE_URL=url).stdout.strip()
            assert asked(port, DASHBOARD, token) == (200, None)


def test_where_there_is_no_local_api_nothing_is_made(tmp_path: Path) -> None:
    data = tmp_path / "none"
    refused(run(data, "api", "login"), 1, str(data), "--data", "socialapi-mcp api")
    assert not data.exists()


def test_a_database_that_is_not_the_local_apis_is_one_line(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "localapi.sqlite")) as connection:
        connection.execute("CREATE TABLE letters (text TEXT)")
    refused(run(tmp_path, "api", "login"), 1, "socialapi-mcp api")
    (tmp_path / "localapi.sqlite").write_text("this is a letter, not a database\n" * 99, encoding="ascii")
    refused(run(tmp_path, "api", "login"), 1, "damaged", "choose another data folder")


@pytest.mark.parametrize("address", ["postgresql://nobody@127.0.0.1:1/x", "postgresql://u@no.such.host.invalid/x"])
def test_a_database_server_that_cannot_be_reached_is_one_line(tmp_path: Path, address: str) -> None:
    refused(run(tmp_path, "api", "login", SOCIALAPI_DATABASE_URL=address), 1, "database server", "check")


def test_nobody_of_that_name_is_one_line(tmp_path: Path) -> None:
    assert run(tmp_path, "call", "list_brands").returncode == 0
    refused(run(tmp_path, "api", "login", "--user", "nobody@example.com"), 1, "--user")


@pytest.mark.skipif(sys.platform == "win32", reason="files have no modes there")
def test_a_database_that_is_read_only_is_enough(tmp_path: Path) -> None:
    done = run_on_read_only(tmp_path, "localapi.sqlite*", "api", "login")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(".") == 2


@pytest.mark.parametrize(
    ("arguments", "word"), [(("api", "logon"), "logon"), (("api", "login", "--port", "1"), "--port")]
)
def test_what_is_no_command_of_the_api_exits_with_2(tmp_path: Path, arguments: tuple[str, ...], word: str) -> None:
    refused(run(tmp_path, *arguments), 2, word)


def test_api_shows_the_version_as_before(tmp_path: Path) -> None:
    assert run(tmp_path, "api", "--version").stdout == run(tmp_path, "--version").stdout
