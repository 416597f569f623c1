"""Publishing as a caller meets it: schedule, outcome, retry, removal and credits."""

from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import update

from localapi.app import EmbeddedApi
from localapi.simulate import order_failure
from localapi.tables import User
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio
THREADS, X = {"account_id": "acc_aurora_threads"}, {"account_id": "acc_aurora_twitter"}


async def created(http: httpx2.AsyncClient, **body: object) -> dict[str, object]:
    response = await http.post("/v1/posts", json={"text": "Hello", **body})
    assert response.status_code == 201, response.text
    return dict(response.json())


async def test_a_scheduled_post_goes_out_when_its_time_comes(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    due = (clock.now() + timedelta(hours=1)).isoformat()
    post = await created(http, scheduled_at=due, targets=[THREADS, X])
    await api.jobs.run_due()
    assert (await http.get(f"/v1/posts/{post['id']}")).json()["status"] == "scheduled"
    clock.advance(hours=1, seconds=1)
    await api.jobs.run_due()
    await api.jobs.run_due()
    done = (await http.get(f"/v1/posts/{post['id']}")).json()
    assert done["status"] == "published"
    assert [row["status"] for row in done["targets"]] == ["published", "published"]
    again = (await http.get(f"/v1/posts/{done['targets'][0]['platform_post_id']}")).json()
    assert again["id"] == post["id"]


async def test_only_failed_targets_are_retried(http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock) -> None:
    await order_failure(api.installation, account_id=X["account_id"], kind="rate_limit")
    due = (clock.now() + timedelta(minutes=1)).isoformat()
    post = await created(http, scheduled_at=due, targets=[THREADS, X])
    clock.advance(minutes=2)
    await api.jobs.run_due()
    partial = (await http.get(f"/v1/posts/{post['id']}")).json()
    assert partial["status"] == "partial"
    assert partial["targets"][1]["error"]["code"] == "platform.twitter.rate_limit"
    assert (await http.post(f"/v1/posts/{post['id']}/retry")).json() == {"success": True}
    await api.jobs.run_due()
    whole = (await http.get(f"/v1/posts/{post['id']}")).json()
    assert (whole["status"], whole["retry_count"]) == ("published", 1)
    assert whole["targets"][0]["platform_post_id"] == partial["targets"][0]["platform_post_id"]
    assert (await http.post(f"/v1/posts/{post['id']}/retry")).status_code == 409


async def test_the_same_content_is_refused_for_a_day(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    body = {"text": "Twice?", "targets": [THREADS], "scheduled_at": (clock.now() + timedelta(hours=2)).isoformat()}
    await created(http, **body)
    assert (await http.post("/v1/posts", json=body)).status_code == 409
    await created(http, **body, skip_duplicate_check=True)


async def test_times_in_the_past_and_without_offset_are_refused(http: httpx2.AsyncClient) -> None:
    for when in ("2020-01-01T00:00:00Z", "2030-01-01T00:00:00", "tomorrow"):
        response = await http.post("/v1/posts", json={"text": "x", "targets": [THREADS], "scheduled_at": when})
        assert response.status_code == 400
        assert response.json()["error"]["meta"]["field"] == "scheduled_at"


async def test_a_post_that_its_platform_would_refuse_is_not_scheduled(
    http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    due = (clock.now() + timedelta(hours=1)).isoformat()
    response = await http.post("/v1/posts", json={"text": "x" * 501, "targets": [THREADS], "scheduled_at": due})
    assert response.status_code == 400
    assert "(501/500)" in response.json()["error"]["message"]


async def test_platforms_that_cannot_delete_keep_the_post(http: httpx2.AsyncClient) -> None:
    body = (await http.delete("/v1/posts/post_published")).json()
    assert body["deleted"] is False
    assert {row["platform"]: row["outcome"] for row in body["results"]} == {
        "instagram": "not_supported",
        "facebook": "deleted",
    }
    assert (await http.delete("/v1/posts/post_draft")).json() == {"success": True, "deleted": True, "results": []}
    assert (await http.get("/v1/posts/post_draft")).status_code == 404


async def test_unpublishing_does_what_it_can_and_says_what_it_cannot(http: httpx2.AsyncClient) -> None:
    response = await http.post("/v1/posts/post_published/unpublish")
    assert response.status_code == 501
    targets = (await http.get("/v1/posts/post_published")).json()["targets"]
    assert [row["status"] for row in targets] == ["published", "cancelled"]


async def test_the_free_plan_ends_after_ten_posts(http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock) -> None:
    async with api.installation.database.write() as session:
        await session.execute(update(User).values(plan="free"))
    due = (clock.now() + timedelta(hours=1)).isoformat()
    body = {"targets": [THREADS], "scheduled_at": due}
    for number in range(10):
        response = await http.post("/v1/posts", json={**body, "text": f"Post {number}"})
        assert response.headers["X-Posts-Remaining"] == str(9 - number)
    refused = await http.post("/v1/posts", json={**body, "text": "One more"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "validation.post_limit_exhausted")
    assert (await http.get("/v1/usage")).json()["posts_used"] == 10
    clock.advance(days=31)
    assert (await http.get("/v1/usage")).json()["posts_used"] == 0
