"""Exports: their way to completion, the workbook, and the limits of the plan."""

import io
from urllib.parse import urlsplit

import httpx2
import pytest
from openpyxl import load_workbook
from sqlalchemy import delete, update

from localapi.app import EmbeddedApi
from localapi.export_work import workbook
from localapi.tables import NetworkPost, User
from localapi.tables_settings import Export
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio

START = "/v1/accounts/acc_aurora_tiktok/export"


def refused(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def start(http: httpx2.AsyncClient, **body: bool) -> str:
    made = await http.post(START, json=body)
    assert (made.status_code, made.json()["status"]) == (202, "pending"), made.text
    return str(made.json()["id"])


async def test_an_export_is_made_and_downloaded(api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock) -> None:
    export_id = await start(http, include_transcript=True, include_vision=True)
    assert refused(await http.get(f"/v1/exports/{export_id}/videos")) == (400, "validation.field_invalid")
    assert "result" not in (await http.get(f"/v1/exports/{export_id}")).json()
    await api.jobs.run_due()
    done = (await http.get(f"/v1/exports/{export_id}")).json()
    assert (done["status"], done["total_videos"], done["processed_videos"]) == ("completed", 1, 1)
    videos = (await http.get(f"/v1/exports/{export_id}/videos")).json()["videos"]
    assert videos[0]["platform_video_id"] == "tt_7301" and videos[0]["like_count"] == 1902
    assert videos[0]["transcript_lang"] == "en" and videos[0]["vision_elements"]
    path = urlsplit(done["result"]["excel_url"]).path
    file = await http.get(path)
    sheet = load_workbook(io.BytesIO(file.content)).active
    assert sheet is not None
    header, row = [list(line) for line in sheet.iter_rows(values_only=True)]
    assert dict(zip(header, row, strict=True))["like_count"] == 1902
    report = await http.get(urlsplit(done["result"]["report_url"]).path)
    assert "Latte art" in report.text
    assert (await http.get(path[:-1] + "9")).status_code == 410
    clock.advance(minutes=16)
    assert (await http.get(path)).status_code == 410
    listed = (await http.get("/v1/exports", params={"status": "completed"})).json()["exports"]
    assert export_id in [one["id"] for one in listed]


async def test_a_finished_export_expires(api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock) -> None:
    export_id = await start(http)
    await api.jobs.run_due()
    clock.advance(days=30)
    assert "result" not in (await http.get(f"/v1/exports/{export_id}")).json()
    assert refused(await http.get(f"/v1/exports/{export_id}/videos")) == (400, "validation.field_invalid")


async def test_an_export_of_an_account_that_left_fails_and_costs_nothing(
    api: EmbeddedApi, http: httpx2.AsyncClient
) -> None:
    export_id = await start(http)
    await http.delete("/v1/accounts/acc_aurora_tiktok")
    await api.jobs.run_due()
    failed = (await http.get(f"/v1/exports/{export_id}")).json()
    assert failed["status"] == "failed" and "disconnected" in failed["error"]


async def test_one_at_a_time_then_a_pause_then_the_allowance(
    api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    async with api.installation.database.write() as session:
        await session.execute(update(User).values(plan="free"))
        await session.execute(delete(Export))
    await start(http)
    assert refused(await http.post(START, json={})) == (429, "billing.export_concurrent")
    await api.jobs.run_due()
    paused = await http.post(START, json={})
    assert refused(paused) == (429, "billing.export_cooldown")
    assert int(paused.headers["retry-after"]) == 7 * 86400 + 1
    clock.advance(days=7)
    await start(http)
    await api.jobs.run_due()
    clock.advance(days=7)
    over = await http.post(START, json={})
    assert refused(over) == (429, "billing.export_limit")
    assert over.json()["error"]["meta"] == {"plan": "free", "max": 2}
    clock.advance(days=30)
    await start(http)


async def test_what_cannot_be_exported_is_refused(api: EmbeddedApi, http: httpx2.AsyncClient) -> None:
    other = await http.post("/v1/accounts/acc_aurora_instagram/export", json={})
    assert refused(other) == (400, "account.unsupported_platform")
    assert refused(await http.post("/v1/accounts/acc_nobody/export", json={})) == (404, "account.not_found")
    assert refused(await http.get("/v1/exports/nobody")) == (404, "resource.not_found")
    async with api.installation.database.write() as session:
        await session.execute(update(User).values(plan="free"))
    assert refused(await http.post(START, json={"include_vision": True})) == (400, "validation.field_invalid")


async def test_a_plan_bounds_videos_and_transcripts(api: EmbeddedApi, http: httpx2.AsyncClient) -> None:
    async with api.installation.database.write() as session:
        await session.execute(update(User).values(plan="free"))
        for number in range(40):
            session.add(
                NetworkPost(
                    id=f"more-{number}",
                    account_id="acc_aurora_tiktok",
                    platform="tiktok",
                    platform_id=f"tt_more_{number}",
                    text=f"Video {number}",
                    metrics={},
                    published_at=api.installation.clock.now(),
                )
            )
    export_id = await start(http, include_transcript=True)
    await api.jobs.run_due()
    videos = (await http.get(f"/v1/exports/{export_id}/videos")).json()["videos"]
    assert len(videos) == 30 and sum("transcript" in video for video in videos) == 10


def test_what_people_wrote_is_no_formula() -> None:
    video = {"title": '=HYPERLINK("https://evil.example")', "description": "+1", "platform_video_id": "1"}
    sheet = load_workbook(io.BytesIO(workbook([video]))).active
    assert sheet is not None
    (values,) = list(sheet.iter_rows(min_row=2, values_only=True))
    assert values[1] == "'" + video["title"] and values[2] == "'+1"
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
