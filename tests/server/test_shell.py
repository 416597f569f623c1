"""Single calls from the shell: shown as clients see them, with times of one's own, and run by whatever name."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.server.commands import run

BERLIN = {"SOCIALAPI_TIME_ZONE": "Europe/Berlin"}


def _body(data: Path, *arguments: str, **variables: str) -> Any:
    done = run(data, "call", *arguments, **variables)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_times_are_shown_in_the_zone_of_the_settings_and_of_the_call(tmp_path: Path) -> None:
    assert "created_at_local" not in _body(tmp_path, "get_post", "post_id=post_draft")
    assert _body(tmp_path, "get_post", "post_id=post_draft", **BERLIN)["created_at_local"].endswith(("CET", "CEST"))
    tokyo = _body(tmp_path, "get_post", "post_id=post_draft", "time_zone=Asia/Tokyo", **BERLIN)
    assert tokyo["created_at_local"].endswith("JST")
    picked = _body(tmp_path, "list_posts", "select=data[].created_at_local", "limit=1", **BERLIN)
    assert len(picked) == 1
    brand = _body(tmp_path, "create_brand", "name=Zoned", **BERLIN)
    assert brand["created_at_local"].endswith(("CET", "CEST"))
    wrong = run(tmp_path, "call", "get_post", "post_id=post_draft", "time_zone=Mars/Olympus")
    assert (wrong.returncode, wrong.stdout) == (1, "") and "Mars/Olympus" in wrong.stderr
    inbox = _body(tmp_path, "triage_inbox", "time_zone=Asia/Tokyo", "limit=3")
    assert all(row["at_local"].endswith("JST") for row in inbox["rows"])


def test_reads_take_detail_and_a_bound(tmp_path: Path) -> None:
    whole = _body(tmp_path, "list_posts")
    # Where somebody works on the posts meanwhile, their counts differ.
    again = _body(tmp_path, "list_posts", "detail=full")
    assert [sorted(row) for row in again["data"]] == [sorted(row) for row in whole["data"]]
    assert len(json.dumps(_body(tmp_path, "list_posts", "detail=brief"))) < len(json.dumps(whole))
    small = run(tmp_path, "call", "list_posts", "max_tokens=400")
    assert small.returncode == 0 and len(small.stdout) < len(json.dumps(whole)) / 2
    assert "left out" in small.stderr and "left out" not in small.stdout
    few = _body(tmp_path, "list_posts", "select=data[].id", "max_tokens=200")
    assert few and all(isinstance(one, str) for one in few)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("list_posts", "zzzzzz=1"), ("zzzzzz", "select", "detail", "max_tokens", "time_zone")),
        (("list_posts", "detial=full"), ("detail",)),
        (("list_posts", "detail=some"), ("detail",)),
        (("create_brand", "name=X", "qqqqqq=1"), ("qqqqqq", "idempotency_key", "time_zone")),
        (("triage_inbox", "zzzzzz=1"), ("zzzzzz", "select", "max_tokens", "time_zone")),
        (("run_write_operation", "name=create_brand", 'arguments={"qqqqqq": 1}'), ("qqqqqq", "name: required")),
    ],
)
def test_what_is_unknown_is_told_with_all_that_is_known(
    tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    done = run(tmp_path, "call", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert not [word for word in words if word not in done.stderr], done.stderr


def test_an_operation_that_is_run_by_name_is_run_as_if_called_itself(tmp_path: Path) -> None:
    deletion = ("run_write_operation", "name=delete_brand", 'arguments={"brand_id": "b_empty"}')
    untyped = run(tmp_path, "call", *deletion)
    assert (untyped.returncode, untyped.stdout) == (1, "") and "--typed 'Pop-up Stand'" in untyped.stderr
    done = run(tmp_path, "call", *deletion, "--typed", "Pop-up Stand")
    assert done.returncode == 0, done.stderr
    assert _body(tmp_path, "run_read_operation", "name=list_brands")["count"] == 2
    ids = _body(tmp_path, "run_read_operation", "name=list_brands", "select=data[].id")
    assert ids == _body(tmp_path, "list_brands", "select=data[].id")
    given = 'arguments={"name": "By name"}'
    made = run(tmp_path, "call", "run_write_operation", "name=create_brand", given, "time_zone=Asia/Tokyo")
    assert json.loads(made.stdout)["created_at_local"].endswith("JST") and "undo: socialapi-mcp call" in made.stderr
    wrong = run(tmp_path, "call", "run_read_operation", "name=create_brand", given)
    assert wrong.returncode == 1 and "run_write_operation" in wrong.stderr
    nothing = run(tmp_path, "call", "run_write_operation", "name=no_such_thing")
    assert nothing.returncode == 1 and "there is no operation" in nothing.stderr
    only_reads = run(tmp_path, "call", *deletion, "--typed", "x", SOCIALAPI_READ_ONLY="1")
    assert (only_reads.returncode, only_reads.stdout) == (1, "") and "reads only" in only_reads.stderr
    only_drafts = run(
        tmp_path, "call", "run_write_operation", "name=publish_post", 'arguments={"post_id": "post_draft"}',
        SOCIALAPI_DRAFT_ONLY="1",
    )  # fmt: skip
    assert only_drafts.returncode == 1 and "prepares drafts" in only_drafts.stderr
