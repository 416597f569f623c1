"""The command line as people and scripts meet it: what it prints, on which stream, and with which exit code."""

import json
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from server.serve import address, settings_or_exit
from tests.e2e.processes import COMMAND, environment, free_port, key
from tests.server.commands import refused, run, run_on_read_only

ROOT = Path(__file__).parents[2]
DAY = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"


def test_the_version_is_the_one_of_pyproject(tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert run(tmp_path, "--version").stdout.strip() == project["version"]


def test_the_catalogue_as_a_list_and_as_a_table(tmp_path: Path) -> None:
    rows = json.loads(run(tmp_path, "tools", "--json").stdout)
    listed = sorted((row["method"], row["path"]) for row in rows)
    reference = (ROOT / "tests" / "contract" / "operations.tsv").read_text(encoding="ascii").splitlines()[1:]
    assert listed == sorted(tuple(line.split("\t")) for line in reference)
    assert len(listed) == 135
    assert set(rows[0]) == {"name", "method", "path", "group", "scope", "effect", "title"}
    operations, _, own = run(tmp_path, "tools").stdout.partition("\n\n")
    assert len(operations.splitlines()) == 135
    assert {"triage_inbox", "publish_prepared_post"} < {line.split()[0] for line in own.splitlines()}


def test_a_call_prints_the_answer_and_its_failures_say_whose_they_are(tmp_path: Path) -> None:
    done = run(tmp_path, "call", "list_brands")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["count"] == 3
    by_pair = run(tmp_path, "call", "get_post", "post_id=post_draft")
    by_json = run(tmp_path, "call", "get_post", "--json", '{"post_id": "post_draft"}')
    assert json.loads(by_pair.stdout) == json.loads(by_json.stdout)
    missing = run(tmp_path, "call", "get_post", "post_id=no_such_post")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "post.not_found" in missing.stderr
    misspelt = run(tmp_path, "call", "list_brands", "limitt=1")
    assert (misspelt.returncode, misspelt.stdout) == (2, "")
    assert "limitt" in misspelt.stderr
    own = run(tmp_path, "call", "triage_inbox", "limitt=1")
    assert (own.returncode, own.stdout) == (2, "") and "did you mean limit?" in own.stderr
    ids = run(tmp_path, "call", "list_brands", "select=data[].id")
    assert len(json.loads(ids.stdout)) == 3


def test_a_write_of_the_shell_happens_once_is_noted_and_can_be_taken_back(tmp_path: Path) -> None:
    post = ("call", "create_post", "text=Once", 'targets=[{"account_id": "Aurora on Threads"}]')
    timed = (*post, f"scheduled_at={DAY}T09:00", "time_zone=Africa/Lagos")
    first = run(tmp_path, *timed)
    assert first.returncode == 0, first.stderr
    made = json.loads(first.stdout)
    assert made["scheduled_at"] == f"{DAY}T08:00:00.000Z"
    again = run(tmp_path, *timed)
    assert json.loads(again.stdout) == made and "Not sent again" in again.stderr
    meant = run(tmp_path, *timed, "idempotency_key=second", "skip_duplicate_check=true")
    assert json.loads(meant.stdout)["id"] != made["id"]
    undo = next(line for line in first.stderr.splitlines() if line.startswith("undo: "))
    taken_back = run(tmp_path, *undo.removeprefix("undo: socialapi-mcp ").split())
    assert taken_back.returncode == 0, taken_back.stderr
    assert "post.not_found" in run(tmp_path, "call", "get_post", f"post_id={made['id']}").stderr
    refused_one = run(tmp_path, "call", "create_post", "text=Late", f"scheduled_at={DAY}T09:00")
    assert refused_one.returncode == 1 and "no offset" in refused_one.stderr
    noted = run(tmp_path, "call", "whats_been_done", "as_csv=true").stdout.splitlines()
    assert noted[0] == "at,tool,target,outcome,approved_by,reason"
    assert [line.split(",")[1] for line in noted[1:]] == ["delete_post", "create_post", "create_post"]
    assert noted[1].endswith("done,the person at the shell,")


def test_a_call_takes_names_where_one_fits_and_does_nothing_where_several_do(tmp_path: Path) -> None:
    done = run(tmp_path, "call", "list_comments", "account_id=Aurora on Instagram", "post_id=ig_1789001")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["data"] and "acc_aurora_instagram" in done.stderr
    several = run(tmp_path, "call", "list_comments", "account_id=Aurora", "post_id=ig_1789001")
    assert (several.returncode, several.stdout) == (1, "")
    assert "fits 7 accounts" in several.stderr and "acc_aurora_threads" in several.stderr


def test_what_takes_so_much_with_it_needs_its_name_typed_in_the_shell_too(tmp_path: Path) -> None:
    done = run(tmp_path, "call", "delete_brand", "brand_id=b_empty")
    assert (done.returncode, done.stdout) == (1, "") and "--typed 'Pop-up Stand'" in done.stderr
    assert json.loads(run(tmp_path, "call", "list_brands").stdout)["count"] == 3
    done = run(tmp_path, "call", "delete_brand", "brand_id=b_empty", "--typed", "Pop-up Stand")
    assert done.returncode == 0, done.stderr
    assert json.loads(run(tmp_path, "call", "list_brands").stdout)["count"] == 2


@pytest.mark.parametrize(
    ("variable", "call"),
    [
        ("SOCIALAPI_READ_ONLY", ("delete_post", "post_id=post_draft")),
        ("SOCIALAPI_READ_ONLY", ("run_bulk", "plan=p")),
        ("SOCIALAPI_DRAFT_ONLY", ("publish_post", "post_id=post_draft")),
    ],
)
def test_the_modes_bind_the_shell_as_well(tmp_path: Path, variable: str, call: tuple[str, ...]) -> None:
    done = run(tmp_path, "call", *call, **{variable: "1"})
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{call[0]} was not called" in done.stderr
    assert not (tmp_path / "localapi.sqlite").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("create_post", "text=Out", "publish_now=true", 'targets=[{"account_id": "acc_aurora_threads"}]'),
        ("create_post", "text=Later", f"scheduled_at={DAY}T10:00:00Z"),
        ("update_post", "post_id=post_published", "text=Another"),
        ("delete_post", "post_id=post_published"),
    ],
)
def test_drafts_only_are_drafts_only_in_the_shell(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run(tmp_path, "call", *arguments, SOCIALAPI_DRAFT_ONLY="1")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{arguments[0]} was not called" in done.stderr


def test_a_draft_is_written_where_drafts_alone_are_allowed(tmp_path: Path) -> None:
    done = run(tmp_path, "call", "create_post", "text=A draft", SOCIALAPI_DRAFT_ONLY="1")
    assert json.loads(done.stdout)["status"] == "draft"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("tool",), "did you mean tools?"),
        (("--read-only", "call", "list_brands"), "call has to come first"),
        (("call", "no_such_tool"), "no_such_tool"),
        (("call", "triag_inbox"), "did you mean triage_inbox?"),
        (("call",), "call needs NAME"),
        (("simulate", "fail-aut"), "did you mean fail-auth?"),
        (("simulate", "comment", "--account", "Aurora"), "fits 7 accounts"),
        (("call", "list_brands", "limit"), "key=value"),
        (("call", "list_brands", "--json", "{"), "not JSON"),
        (("call", "list_brands", "--json", "[1]"), "object"),
        (("simulate", "comment", "--rating", "9"), "--rating"),
        (("simulate", "applause"), "comment, dm, review, mention"),
        (("simulate", "fail-auth"), "--account"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(tmp_path: Path, arguments: tuple[str, ...], word: str) -> None:
    refused(run(tmp_path, *arguments), 2, word)


@pytest.mark.parametrize("kind", ["comment", "dm", "review", "mention"])
def test_something_arrives(tmp_path: Path, kind: str) -> None:
    done = run(tmp_path, "simulate", kind)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{kind} ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "abc"),
        ("PORT", "70000"),
        ("BASE_URL", "nonsense"),
        ("BASE_URL", "http://[bad"),
        ("BASE_URL", "ftp://api.example.com"),
        ("PUBLIC_URL", "mcp.example.com"),
        ("DATABASE_URL", "hunter2"),
        ("DATABASE_URL", "mysql://user:hunter2@host/name"),
        ("DATABASE_URL", "postgresql://user:hunter2@host:many/name"),
        ("LOG_LEVEL", "loud"),
        ("MAX_CALLS_IN_FLIGHT", "0"),
    ],
)
def test_a_wrong_setting_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    monkeypatch.setenv(f"SOCIALAPI_{name}", value)
    with pytest.raises(SystemExit) as left:
        settings_or_exit()
    said = capsys.readouterr().err
    assert left.value.code == 1
    assert len(said.splitlines()) == 1
    assert f"SOCIALAPI_{name}" in said
    assert "hunter2" not in said


def test_something_arrives_at_an_account_by_name_and_never_in_a_folder_without_data(tmp_path: Path) -> None:
    done = run(tmp_path, "simulate", "comment", "--account", "Aurora on Instagram")
    assert done.stdout.endswith("arrived at acc_aurora_instagram\n")
    refused(run(tmp_path, "simulate", "comment", "--data", str(tmp_path / "other")), 1, "holds no data")
    assert not (tmp_path / "other").exists()


def test_a_wrong_setting_ends_stdio_with_one_line(tmp_path: Path) -> None:
    refused(run(tmp_path, SOCIALAPI_BASE_URL="nonsense"), 1, "SOCIALAPI_BASE_URL")


@pytest.mark.parametrize("command", ["http", "api"])
def test_a_port_in_use_is_one_line(tmp_path: Path, command: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused(run(tmp_path, command, "--port", str(taken.getsockname()[1])), 1, "--port")


@pytest.mark.parametrize("command", ["http", "api"])
def test_a_data_folder_that_cannot_be_made_is_one_line(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").touch()
    refused(run(tmp_path / "file" / "data", command, "--port", str(free_port())), 1, "--data")


@pytest.mark.parametrize("command", ["http", "api"])
def test_a_database_that_is_none_is_one_line(tmp_path: Path, command: str) -> None:
    (tmp_path / "localapi.sqlite").write_text("this is a letter, not a database\n" * 99, encoding="ascii")
    refused(run(tmp_path, command, "--port", str(free_port())), 1, str(tmp_path))


def test_several_workers_do_not_share_memory(tmp_path: Path) -> None:
    refused(run(tmp_path, "http", "--workers", "2", "--memory"), 1, "--memory")


@contextmanager
def workers(tmp_path: Path, chosen: Path, port: int) -> Generator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [COMMAND, "http", "--workers", "2", "--port", str(port), "--data", str(chosen)],
        env=environment(tmp_path / "default"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def _status_of_brands(process: subprocess.Popen[bytes], data: Path, port: int) -> int:
    for _ in range(600):
        try:
            headers = {"Authorization": f"Bearer {key(data)}"}
            return httpx2.get(f"http://127.0.0.1:{port}/v1/brands", headers=headers, timeout=30).status_code
        except (httpx2.TransportError, FileNotFoundError):
            assert process.poll() is None, "the server ended"
            time.sleep(0.05)
    raise AssertionError("the server does not answer")


@pytest.mark.skipif(sys.platform == "win32", reason="the server stops by a signal")
def test_workers_serve_the_data_that_the_command_line_named(tmp_path: Path) -> None:
    chosen, port = tmp_path / "chosen", free_port()
    with workers(tmp_path, chosen, port) as process:
        assert _status_of_brands(process, chosen, port) == 200
    assert not (tmp_path / "default").exists()


def test_the_doctor_is_content_with_a_fresh_machine(tmp_path: Path) -> None:
    done = run(tmp_path, "doctor", SOCIALAPI_FILES_ROOT=str(tmp_path))
    assert done.returncode == 0, done.stdout
    assert "FAIL" not in done.stdout


def test_the_doctor_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "localapi.sqlite").write_text("this is a letter, not a database\n" * 99, encoding="ascii")
    done = run(tmp_path, "doctor", SOCIALAPI_FILES_ROOT=str(tmp_path / "gone"))
    assert done.returncode == 1
    assert "SOCIALAPI_FILES_ROOT" in done.stdout
    assert "SOCIALAPI_DATA_DIR" in done.stdout


@pytest.mark.parametrize("command", ["http", "api"])
@pytest.mark.parametrize("files", ["localapi.sqlite*", "jobs.sqlite*"])
def test_a_read_only_database_is_one_line(tmp_path: Path, command: str, files: str) -> None:
    refused(run_on_read_only(tmp_path, files, command, "--port", str(free_port())), 1, "read-only", str(tmp_path))


@pytest.mark.parametrize("command", [("call", "create_brand", "name=New"), ("simulate", "comment")])
def test_a_read_only_database_is_told_to_who_runs_one_command(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = run_on_read_only(tmp_path, "localapi.sqlite*", *command)
    assert done.returncode == 1, done
    assert "read-only" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [("call", "list_brands"), ("simulate", "comment"), ("api", "--port", "PORT")])
def test_a_data_folder_that_is_read_only_is_told_in_words(tmp_path: Path, command: tuple[str, ...]) -> None:
    assert run(tmp_path, "call", "list_brands").returncode == 0
    tmp_path.chmod(0o500)
    try:
        words = [str(free_port()) if part == "PORT" else part for part in command]
        done = run_on_read_only(tmp_path, "nothing", *words)
    finally:
        tmp_path.chmod(0o700)
    assert done.returncode == 1, done
    assert str(tmp_path) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@host:5432/name",
        "postgresql:///name?host=/var/run/postgresql",
        "postgresql+psycopg://host/name",
    ],
)
def test_databases_are_reached_by_name_by_socket_and_by_driver(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("SOCIALAPI_DATABASE_URL", url)
    assert settings_or_exit().database_url == url


@pytest.mark.parametrize("command", [("http",), ("api",), ("api", "login"), ("simulate", "comment")])
@pytest.mark.parametrize("address", ["postgresql://u:hunter2@127.0.0.1:1/name", "postgresql:///name?password=hunter2"])
def test_a_password_on_the_command_line_is_refused(tmp_path: Path, command: tuple[str, ...], address: str) -> None:
    done = run(tmp_path, *command, "--database", address)
    refused(done, 1, "SOCIALAPI_DATABASE_URL", "process list")
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize("command", [("call", "list_brands"), ("api", "--port", "0"), ("doctor",)])
@pytest.mark.parametrize("name", ["media", "jobs.sqlite"])
def test_a_data_folder_with_something_else_in_it_is_one_line(
    tmp_path: Path, command: tuple[str, ...], name: str
) -> None:
    (tmp_path / name).write_text("this is a letter\n" * 99, encoding="ascii")
    port = [str(free_port()) if part == "0" else part for part in command]
    done = run(tmp_path, *port, SOCIALAPI_FILES_ROOT=str(tmp_path))
    assert done.returncode == 1, done
    assert name in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("address", ["postgresql://nobody@127.0.0.1:1/x", "postgresql://u@no.such.host.invalid/x"])
def test_a_database_server_that_cannot_be_reached_is_one_line(tmp_path: Path, address: str) -> None:
    done = run(tmp_path, "api", "--port", str(free_port()), SOCIALAPI_DATABASE_URL=address)
    refused(done, 1, "database server", "check")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("call", "list_posts", "limit=1", "limit=2"), "limit is given twice"),
        (("call", "list_posts", "--json", '{"limit": 1}', "limit=2"), "limit is given twice"),
        (("call", "list_posts", "--json", "[" * 100_000), "nested too deeply"),
    ],
)
def test_arguments_that_would_be_lost_are_refused(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    refused(run(tmp_path, *arguments), 2, words)


@pytest.mark.parametrize("arguments", [("http", "--workers", "0"), ("http", "--port", "0"), ("api", "--port", "70000")])
def test_numbers_that_cannot_be_are_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    refused(run(tmp_path, *arguments), 1)


def test_a_reader_that_stops_early_is_no_failure(tmp_path: Path) -> None:
    pipe = f"{COMMAND} tools --json | head -n 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {pipe}"], env=environment(tmp_path), capture_output=True, text=True,
        encoding="utf-8", check=False, timeout=60,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("[\n", "")


@pytest.mark.parametrize(
    ("host", "shown"),
    [("::1", "http://[::1]:8080"), ("::", "http://127.0.0.1:8080"), ("0.0.0.0", "http://127.0.0.1:8080")],
)
def test_an_address_is_shown_as_clients_can_use_it(monkeypatch: pytest.MonkeyPatch, host: str, shown: str) -> None:
    monkeypatch.setenv("SOCIALAPI_HOST", host)
    assert address(settings_or_exit()) == shown


def test_the_doctor_finds_a_read_only_database(tmp_path: Path) -> None:
    done = run_on_read_only(tmp_path, "localapi.sqlite*", "doctor")
    assert done.returncode == 1
    assert "localapi.sqlite" in done.stdout
    assert "readonly" in done.stdout


def test_the_doctor_names_key_and_address_of_a_hosted_api(tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    done = run(tmp_path, "doctor", SOCIALAPI_BASE_URL=address, SOCIALAPI_API_KEY="sapi_key_tooshort")
    assert done.returncode == 1
    assert "SOCIALAPI_API_KEY" in done.stdout
    assert f"{address}/v1 does not answer" in done.stdout
    assert "tooshort" not in done.stdout


def test_the_whole_machine_is_no_folder_to_read_from_unless_it_was_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOCIALAPI_FILES_ROOT", raising=False)
    monkeypatch.chdir("/")
    assert settings_or_exit().readable_folder is None
    done = subprocess.run(
        [COMMAND, "call", "upload_media", "path=/etc/hostname"], env=environment(tmp_path), cwd="/",
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "SOCIALAPI_FILES_ROOT" in done.stderr
    monkeypatch.chdir(tmp_path)
    assert settings_or_exit().readable_folder == tmp_path.resolve()
    monkeypatch.setenv("SOCIALAPI_FILES_ROOT", "/")
    assert settings_or_exit().readable_folder == Path("/")


@pytest.mark.parametrize("option", ["--memory", "--empty", "--simulate"])
def test_an_option_of_the_local_api_is_refused_beside_a_hosted_one(tmp_path: Path, option: str) -> None:
    refused(run(tmp_path, "http", option, SOCIALAPI_API_KEY="sapi_key_" + "0" * 62), 1, option, "SOCIALAPI_API_KEY")
