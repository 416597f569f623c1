"""Requests at the same moment keep the rules that one after the other keep, on both databases."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import select, update

from localapi.app import EmbeddedApi
from localapi.context import PLAN_LIMITS
from localapi.tables import UsagePeriod, User
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio


async def statuses(*requests: Awaitable[httpx2.Response]) -> Counter[int]:
    return Counter(response.status_code for response in await asyncio.gather(*requests))


async def set_plan(api: EmbeddedApi, plan: str) -> None:
    async with api.installation.database.write() as session:
        await session.execute(update(User).values(plan=plan))


async def test_the_first_posts_of_a_period_are_all_counted(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    due = (clock.now() + timedelta(hours=1)).isoformat()
    targets = [{"account_id": "acc_aurora_threads"}]
    found = await statuses(
        *(
            http.post("/v1/posts", json={"text": f"Post {number}", "targets": targets, "scheduled_at": due})
            for number in range(8)
        )
    )
    assert found == {201: 8}
    async with api.installation.database.read() as session:
        assert list(await session.scalars(select(UsagePeriod.posts))) == [8]


async def test_the_last_brand_of_a_plan_is_given_once(
    http: httpx2.AsyncClient, api: EmbeddedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_plan(api, "free")
    monkeypatch.setitem(PLAN_LIMITS["free"], "brands", 4)
    found = await statuses(*(http.post("/v1/brands", json={"name": f"Brand {number}"}) for number in range(6)))
    assert found == {201: 1, 403: 5}


async def test_uploads_together_stay_within_the_plan(
    http: httpx2.AsyncClient, api: EmbeddedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_plan(api, "free")
    used = (await http.get("/v1/media/storage")).json()["used_bytes"]
    monkeypatch.setitem(PLAN_LIMITS["free"], "storage_bytes", used + 1500)
    found = await statuses(*(http.post("/v1/media/upload", files={"file": ("a.bin", b"x" * 1000)}) for _ in range(6)))
    assert found == {201: 1, 413: 5}
    response = await http.post("/v1/media/upload", files={"file": ("a.bin", b"x" * 1000)})
    assert response.json()["error"]["meta"] == {"plan": "free", "max": used + 1500}
    assert response.headers["X-Storage-Used"] == str(used + 1000)


@pytest.mark.parametrize("path", ["/v1/media/med_logo", "/v1/brands/b_empty"])
async def test_what_is_deleted_twice_at_once_is_gone_for_the_second(http: httpx2.AsyncClient, path: str) -> None:
    assert await statuses(*(http.delete(path) for _ in range(4))) == {204: 1, 404: 3}
