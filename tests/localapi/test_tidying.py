"""What is over is removed, in batches; what somebody can still ask for stays."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx2
import pytest
from sqlalchemy import func, select

from localapi import tidying
from localapi.app import EmbeddedApi
from localapi.tables import OauthCode, OauthState, PendingConnection
from localapi.tables_settings import Export, XTest
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio

USER = "usr_sample"


def export(name: str, expires_at: datetime | None, *, made_at: datetime) -> Export:
    return Export(
        id=name,
        user_id=USER,
        account_id="acc_aurora_tiktok",
        platform="tiktok",
        status="completed",
        videos=[{"title": "One"}],
        total_videos=1,
        workbook=b"workbook",
        created_at=made_at,
        expires_at=expires_at,
    )


async def test_workbooks_of_expired_exports_go_and_the_exports_stay_listed(
    api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying, "WORKBOOKS", 2)
    monkeypatch.setattr(tidying, "PAUSE_SECONDS", 0)
    old = clock.now() - timedelta(days=60)
    async with api.installation.database.write() as session:
        session.add_all([export(f"exp_{number}", clock.now(), made_at=old) for number in range(5)])
        session.add(export("exp_kept", clock.now() + timedelta(seconds=1), made_at=old))
    link = urlsplit((await http.get("/v1/exports/exp_kept")).json()["result"]["excel_url"]).path
    assert await tidying.tidy(api.installation) >= 5
    async with api.installation.database.read() as session:
        with_workbook = set(await session.scalars(select(Export.id).where(Export.workbook.is_not(None))))
        emptied = await session.get_one(Export, "exp_0")
    assert with_workbook == {"exp_kept", "exp_sample"}
    assert (emptied.videos, emptied.total_videos) == ([], 1)
    listed = {row["id"] for row in (await http.get("/v1/exports")).json()["exports"]}
    assert {"exp_0", "exp_kept"} <= listed
    assert (await http.get(link)).status_code == 200
    clock.advance(seconds=1)
    assert (await http.get(link)).status_code == 410
    assert await tidying.tidy(api.installation) == 1


async def test_what_a_sign_in_left_and_counted_tests_go(
    api: EmbeddedApi, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying, "BATCH", 3)
    monkeypatch.setattr(tidying, "PAUSE_SECONDS", 0)
    await tidying.tidy(api.installation)
    async with api.installation.database.write() as session:
        for number in range(7):
            session.add(XTest(id=f"old-{number}", user_id=USER, at=clock.now()))
            code = f"{number:040}"
            session.add(OauthCode(code=code, platform="tiktok", state="", handle="a", expires_at=clock.now()))
        session.add(OauthState(state="a" * 32, user_id=USER, platform="tiktok", expires_at=clock.now()))
        session.add(PendingConnection(id="pc_old", user_id=USER, platform="google", expires_at=clock.now()))
    assert await tidying.tidy(api.installation) == 0
    clock.advance(minutes=1)
    assert await tidying.tidy(api.installation) == 7
    clock.advance(days=1)
    assert await tidying.tidy(api.installation) >= 9
    async with api.installation.database.read() as session:
        assert await session.get(OauthState, "a" * 32) is None
        assert await session.get(PendingConnection, "pc_old") is None
        for table in (XTest, OauthCode):
            assert await session.scalar(select(func.count()).select_from(table)) == 0
