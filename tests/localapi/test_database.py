"""A database that stops working says so to callers, and works again when it can."""

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
