"""A page in the middle of a list is read from where it begins, in the order of an index: never sorted, never skipped."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from sqlalchemy import event

from localapi.app import EmbeddedApi

pytestmark = pytest.mark.anyio

COMMENTS = "/v1/inbox/comments/ig_1789001?account_id=acc_aurora_instagram&limit=1"
REPLIES = "/v1/inbox/comments/ig_1789001/ig_c_2/replies?account_id=acc_aurora_instagram&limit=1"


@contextmanager
def selects(api: EmbeddedApi, table: str) -> Generator[list[tuple[str, Any]]]:
    """What is asked of a table in order, with its values."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        if f"FROM {table}" in statement and "ORDER BY" in statement:
            seen.append((statement, values))

    engine = api.installation.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def plan(api: EmbeddedApi, statement: str, values: Any) -> str:
    async with api.installation.database.write() as session:
        connection = await session.connection()
        is_sqlite = api.installation.database.is_sqlite
        if not is_sqlite:
            # A table as small as a sample's is read whole otherwise.
            for way in ("enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_incremental_sort"):
                await connection.exec_driver_sql(f"SET LOCAL {way} = off")
        explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
        found = await connection.exec_driver_sql(explain + statement, values)
        return "\n".join(str(row[-1]) for row in found)


@pytest.mark.parametrize(
    ("path", "index"), [(COMMENTS, "comments_top_page"), (REPLIES, "comments_page")], ids=["comments", "replies"]
)
async def test_the_second_page_of_comments_is_read_by_an_index(
    api: EmbeddedApi, http: httpx2.AsyncClient, path: str, index: str
) -> None:
    first = (await http.get(path)).json()
    cursor = first["pagination"]["next_cursor"] or None
    if cursor is None:
        await http.post(
            "/v1/inbox/comments/ig_1789001",
            json={"account_id": "acc_aurora_instagram", "text": "Thanks.", "comment_id": "ig_c_2"},
        )
        first = (await http.get(path)).json()
        cursor = first["pagination"]["next_cursor"]
    assert cursor
    with selects(api, "comments") as seen:
        second = (await http.get(f"{path}&cursor={quote(cursor)}")).json()
    assert second["data"] and second["data"] != first["data"]
    (statement, values), *_ = seen
    told = await plan(api, statement, values)
    if api.installation.database.is_sqlite:
        assert "TEMP B-TREE" not in told and "(created_at,platform_id)<(?,?)" in told
    else:
        assert index in told and "Sort" not in told
        condition = next(line for line in told.splitlines() if "Index Cond" in line)
        assert "(ROW(created_at" in condition and ") < ROW(" in condition
