"""Posts from a CSV file: its form, its rows, its cost."""

import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from localapi.app import EmbeddedApi
from localapi.tables import User
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio


async def sent(http: httpx2.AsyncClient, content: str | bytes, *, dry_run: bool = False) -> httpx2.Response:
    raw = content.encode() if isinstance(content, str) else content
    files = {"file": ("posts.csv", raw, "text/csv")}
    return await http.post(f"/v1/posts/import?dry_run={str(dry_run).lower()}", files=files)


async def used(http: httpx2.AsyncClient) -> int:
    return int((await http.get("/v1/usage")).json()["posts_used"])


def message(body: dict[str, Any], row: int) -> str:
    return str(next(error["message"] for error in body["errors"] if error["row"] == row))


async def test_every_column_reaches_its_post(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    due = (clock.now() + timedelta(hours=3)).isoformat()
    options = json.dumps({"threads": {"reply_control": "everyone"}}).replace('"', '""')
    rows = (
        "\ufefftext,title,account_ids,scheduled_at,visibility,first_comment,platform_data,board_id\r\n"
        f'"Two lines,\r\nand a comma",Name,acc_aurora_threads | acc_aurora_twitter,{due},public,Hi,"{options}",\r\n'
        "\r\n"
        "A draft,,,,,,,\r\n"
    )
    body = (await sent(http, rows)).json()
    assert (body["total_rows"], body["created"], body["failed"], body["errors"]) == (2, 2, 0, [])
    whole, draft = body["posts"]
    assert (whole["text"], whole["title"], whole["status"]) == ("Two lines,\r\nand a comma", "Name", "scheduled")
    assert [row["account_id"] for row in whole["targets"]] == ["acc_aurora_threads", "acc_aurora_twitter"]
    assert (draft["status"], draft["targets"]) == ("draft", [])
    assert await used(http) == 1


async def test_a_board_is_for_pinterest_only(http: httpx2.AsyncClient) -> None:
    body = (await sent(http, "text,account_ids,board_id\nPin,acc_fjord_pinterest|acc_aurora_threads,9001\n")).json()
    assert [row.get("board_id") for row in body["posts"][0]["targets"]] == ["sapi_board_trails", None]


async def test_rows_that_fail_are_counted_from_one_below_the_header_and_cost_nothing(
    http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    due = (clock.now() + timedelta(hours=3)).isoformat()
    rows = (
        "text,account_ids,scheduled_at,visibility,platform_data\n"
        f"Good,acc_aurora_threads,{due},,\n"
        f"{'x' * 501},acc_aurora_threads,{due},,\n"
        "Past,acc_aurora_threads,2020-01-01T00:00:00Z,,\n"
        ",,,,\n"
        "Seen,,,by nobody,\n"
        "Options,,,,[1]\n"
        "Broken,,,,{\n"
        f"No target,,{due},,\n"
        "A stray, comma,,,,\n"
        f"Good,acc_aurora_threads,{due},,\n"
    )
    body = (await sent(http, rows)).json()
    assert (body["total_rows"], body["created"], body["failed"]) == (10, 1, 9)
    assert [error["row"] for error in body["errors"]] == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert "(501/500)" in message(body, 2)
    assert "past" in message(body, 3)
    assert "visibility" in message(body, 5)
    assert "JSON" in message(body, 7)
    assert "quotes" in message(body, 9)
    assert "same content" in message(body, 10)
    assert await used(http) == 1


async def test_a_dry_run_finds_the_same_and_leaves_nothing(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    due = (clock.now() + timedelta(hours=3)).isoformat()
    rows = f"text,account_ids,scheduled_at\nOne,acc_aurora_threads,{due}\nTwo,acc_nobody,\n"
    dry = (await sent(http, rows, dry_run=True)).json()
    assert (dry["created"], dry["posts"], await used(http)) == (0, [], 0)
    wet = (await sent(http, rows)).json()
    assert (wet["created"], wet["errors"]) == (1, dry["errors"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"Hello\nWorld\n", "first line"),
        (b"title,account_ids\nx,\n", "needs the column text"),
        (b"text,colour\nx,red\n", "does not know colour"),
        (b"text\n\xff\xfe\n", "UTF-8"),
        (b'text\n"open\n', "CSV"),
        (b"text\n" + b"x" * (5 * 1024 * 1024), "5 MB"),
    ],
)
async def test_a_file_of_another_form_is_refused_whole(http: httpx2.AsyncClient, content: bytes, words: str) -> None:
    response = await sent(http, content)
    error = response.json()["error"]
    assert (response.status_code, error["meta"]) == (400, {"field": "file"})
    assert words in error["message"]


async def test_a_batch_over_the_allowance_is_refused_whole(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    async with api.installation.database.write() as session:
        await session.execute(update(User).values(plan="free"))
    due = (clock.now() + timedelta(hours=3)).isoformat()
    rows = "text,account_ids,scheduled_at\n" + "".join(f"Post {n},acc_aurora_threads,{due}\n" for n in range(11))
    response = await sent(http, rows)
    assert (response.status_code, response.json()["error"]["code"]) == (429, "billing.post_limit")
    assert await used(http) == 0
    assert (await sent(http, rows.rsplit("\n", 2)[0] + "\nA draft,,\n")).json()["created"] == 11
