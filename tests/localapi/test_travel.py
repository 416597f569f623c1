"""The clock that testers advance: for programs on this machine, forward only, the same for all processes."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from sqlalchemy import select

from localapi.app import EmbeddedApi, Options
from localapi.tables import Setting
from tests.localapi.receivers import receiving

pytestmark = pytest.mark.anyio


def client(api: EmbeddedApi, address: str = "127.0.0.1") -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=api.app, client=(address, 5000))
    headers = {"Authorization": f"Bearer {api.sample_key}"}
    return httpx2.AsyncClient(transport=transport, base_url="http://local", headers=headers)


async def test_a_retry_comes_as_soon_as_the_clock_says_so(stored: Options) -> None:
    options = Options(data=stored.data, database_url=stored.database_url, travels=True, with_jobs=False)
    api = await EmbeddedApi.start(options)
    async with client(api) as http, receiving() as receiver:
        made = await http.post("/v1/webhooks", json={"url": receiver.url, "events": ["dm.sent"]})
        assert made.status_code == 201
        receiver.answers = [500]
        body = {"account_id": "acc_aurora_instagram", "text": "Hello"}
        await http.post("/v1/inbox/conversations/conv_ig_1/messages", json=body)
        await api.jobs.run_due()
        await api.jobs.run_due()
        assert len(receiver.requests) == 2
        advanced = await http.post("/control/clock", json={"advance_seconds": 30})
        assert advanced.json()["ahead_seconds"] == 30
        ahead = datetime.fromisoformat(advanced.json()["now"]) - datetime.now(UTC)
        assert timedelta(seconds=25) < ahead < timedelta(seconds=35)
        await api.jobs.run_due()
        assert len(receiver.requests) == 3
    async with api.installation.database.read() as session:
        assert await session.scalar(select(Setting.value).where(Setting.name == "clock_ahead_seconds")) == "30.0"
    await api.close()
    again = await EmbeddedApi.start(options)
    async with client(again) as http:
        assert (await http.get("/control/clock")).json()["ahead_seconds"] == 30
    await again.close()


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'{"advance_seconds": "x"}', b'{"advance_seconds": -1}',
                                  b'{"advance_seconds": true}', b'{"advance_seconds": 1e20}'])  # fmt: skip
async def test_what_is_no_way_forward_is_refused(body: bytes) -> None:
    api = await EmbeddedApi.start(Options(memory=True, with_jobs=False, travels=True))
    async with client(api) as http:
        refused = await http.post("/control/clock", content=body)
        assert (refused.status_code, refused.json()["error"]["meta"]["field"]) == (400, "advance_seconds")
    await api.close()


async def test_nobody_else_touches_the_clock() -> None:
    api = await EmbeddedApi.start(Options(memory=True, with_jobs=False, travels=True))
    async with client(api, "192.0.2.7") as http:
        assert (await http.post("/control/clock", json={"advance_seconds": 1})).status_code == 403
    async with client(api) as http:
        headers = {"Origin": "http://127.0.0.1:8080"}
        answer = await http.post("/control/clock", json={"advance_seconds": 1}, headers=headers)
        assert answer.status_code == 403
    await api.close()
    plain = await EmbeddedApi.start(Options(memory=True, with_jobs=False))
    async with client(plain) as http:
        assert (await http.get("/control/clock")).status_code == 404
    await plain.close()
