"""A database that stops working says so to callers, and works again when it can."""

import anyio
import anyio.lowlevel
import httpx2
import pytest
from sqlalchemy import text

from localapi.app import EmbeddedApi

pytestmark = pytest.mark.anyio


async def _limit(api: EmbeddedApi, pages: int) -> None:
    async with api.installation.database.read() as session:
        await session.execute(text(f"PRAGMA max_page_count = {pages}"))


# On PostgreSQL the server keeps the bound, not we.
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_full_database_refuses_writes_in_plain_words_and_recovers(
    http: httpx2.AsyncClient, api: EmbeddedApi
) -> None:
    # In memory there is one connection, and SQLite's own bound on it is what a full disk is to a file.
    await _limit(api, 1)
    body = {"text": "x" * 60_000}
    refused = await http.post("/v1/posts", json=body)
    assert refused.status_code == 503
    assert refused.json()["error"]["code"] == "system.unavailable"
    assert "no space" in refused.json()["error"]["message"]
    assert (await http.get("/v1/brands")).status_code == 200
    await _limit(api, 1_000_000)
    assert (await http.post("/v1/posts", json=body)).status_code == 201


_SLOW = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 300000) SELECT count(*) FROM c"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", ["read", "write"])
async def test_who_goes_away_in_the_middle_of_a_statement_takes_no_table_and_no_lock_along(
    http: httpx2.AsyncClient, api: EmbeddedApi, kind: str
) -> None:
    begun = anyio.Event()

    async def ask() -> None:
        store = api.installation.database
        async with store.read() if kind == "read" else store.write() as session:
            begun.set()
            await session.execute(text(_SLOW))

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await begun.wait()
        await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    assert (await http.get("/v1/brands")).json()["count"] == 3
    assert (await http.post("/v1/posts", json={"text": "Still here."})).status_code == 201
