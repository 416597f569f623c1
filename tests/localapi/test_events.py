"""Each of the 22 events fires where its cause is, with the data that is documented, and stays in the log for a while."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from localapi.app import EmbeddedApi
from localapi.events import CATALOGUE
from localapi.simulate import arrive, order_failure
from localapi.tables import User
from tests.conftest import HeldClock
from tests.localapi.receivers import Receiver, receiving

pytestmark = pytest.mark.anyio

THREADS, X = {"account_id": "acc_aurora_threads"}, {"account_id": "acc_aurora_twitter"}


@pytest.fixture
async def receiver(http: httpx2.AsyncClient) -> AsyncIterator[Receiver]:
    async with receiving() as one:
        body = {"url": one.url, "events": list(CATALOGUE)}
        assert (await http.post("/v1/webhooks", json=body)).status_code == 201
        one.requests.clear()
        yield one


async def told(api: EmbeddedApi, receiver: Receiver) -> dict[str, dict[str, Any]]:
    """What has arrived since the last look, by event."""
    await api.jobs.run_due()
    await api.jobs.run_due()
    found = {one.event: one.content for one in receiver.requests}
    receiver.requests.clear()
    return found


async def post(http: httpx2.AsyncClient, **body: object) -> dict[str, Any]:
    answer = await http.post("/v1/posts", json={"skip_duplicate_check": True, **body})
    assert answer.status_code < 300 or answer.status_code in {207, 422}, answer.text
    return dict(answer.json())


async def test_posts(api: EmbeddedApi, http: httpx2.AsyncClient, receiver: Receiver, clock: HeldClock) -> None:
    await told(api, receiver)
    when = (clock.now() + timedelta(hours=1)).isoformat()
    planned = await post(http, text="Planned", targets=[THREADS], scheduled_at=when)
    found = await told(api, receiver)
    assert found["post.scheduled"]["data"] == {
        "post_id": planned["id"],
        "status": "scheduled",
        "scheduled_at": planned["scheduled_at"],
        "targets": [{"account_id": THREADS["account_id"], "platform": "threads"}],
    }
    await http.patch(f"/v1/posts/{planned['id']}", json={"text": "Changed", "title": "New"})
    data = (await told(api, receiver))["post.updated"]["data"]
    assert data == {"post_id": planned["id"], "status": "scheduled", "changed_fields": ["text", "title"]}
    await http.delete(f"/v1/posts/{planned['id']}")
    assert (await told(api, receiver))["post.deleted"]["data"] == {"post_id": planned["id"], "was_status": "scheduled"}

    out = await post(http, text="Out", targets=[THREADS], publish_now=True)
    data = (await told(api, receiver))["post.published"]["data"]
    assert (data["post_id"], data["status"]) == (out["id"], "published")
    assert data["results"][0]["status"] == "published" and data["results"][0]["permalink"]

    await order_failure(api.installation, account_id=X["account_id"], kind="api_error", times=2)
    await post(http, text="Half", targets=[THREADS, X], publish_now=True)
    assert (await told(api, receiver))["post.partial"]["data"]["status"] == "partial"
    failed = await post(http, text="None", targets=[X], publish_now=True)
    data = (await told(api, receiver))["post.failed"]["data"]
    assert data["results"][0]["error"]["code"] == "platform.twitter.api_error"
    await http.post(f"/v1/posts/{failed['id']}/retry")
    found = await told(api, receiver)
    assert found["post.retried"]["data"] == {"post_id": failed["id"], "retried_count": 1}
    assert found["post.published"]["data"]["post_id"] == failed["id"]

    page = {"account_id": "acc_aurora_facebook"}
    up = await post(http, text="Up", targets=[page], publish_now=True, skip_validation=True)
    await told(api, receiver)
    taken = await http.post(f"/v1/posts/{up['id']}/unpublish", json={})
    assert taken.status_code == 200, taken.text
    data = (await told(api, receiver))["post.unpublished"]["data"]
    assert data == {"post_id": up["id"], "account_id": None, "unpublished_count": 1}


async def test_the_inbox(api: EmbeddedApi, http: httpx2.AsyncClient, receiver: Receiver) -> None:
    await told(api, receiver)
    at = api.installation
    await arrive(at, "comment", account_id="acc_aurora_facebook", text="How much?")
    found = await told(api, receiver)
    data = found["comment.received"]["data"]
    assert (data["type"], data["content"]["text"]) == ("comment", "How much?") and data["platform_post_id"]
    assert found["comment.received"]["raw_payload"]["value"]["item"] == "comment"

    await arrive(at, "dm", account_id="acc_aurora_instagram", text="Hello")
    data = (await told(api, receiver))["dm.received"]["data"]
    assert data["type"] == "dm" and data["conversation_id"] and set(data["author"]) >= {"id", "name", "username"}
    body = {"account_id": "acc_aurora_instagram", "text": "Hi!"}
    await http.post(f"/v1/inbox/conversations/{data['conversation_id']}/messages", json=body)
    found = await told(api, receiver)
    assert found["dm.sent"]["data"]["content"]["text"] == "Hi!"
    sent = found["dm.status.sent"]["data"]
    assert sent["status"] == "sent" and len(sent["mids"]) == 1 and sent["recipient_id"] == data["author"]["id"]
    await arrive(at, "read", account_id="acc_aurora_instagram")
    assert (await told(api, receiver))["dm.status.read"]["data"]["mids"] == sent["mids"]

    await arrive(at, "referral", account_id="acc_aurora_instagram")
    data = (await told(api, receiver))["dm.referral"]["data"]
    assert data["content"]["text"] == "" and data["metadata"]["referral"]["source"] == "ADS"
    await arrive(at, "postback", account_id="acc_aurora_instagram", text="Opening hours")
    data = (await told(api, receiver))["dm.postback"]["data"]
    assert data["metadata"] == {"title": "Opening hours", "payload": "OPENING_HOURS"}

    await arrive(at, "sent-in-app", account_id="acc_aurora_facebook")
    assert "dm.sent" in await told(api, receiver)
    await arrive(at, "delivered", account_id="acc_aurora_facebook")
    assert (await told(api, receiver))["dm.status.delivered"]["data"]["status"] == "delivered"
    await arrive(at, "review", rating=2, text="Cold coffee")
    data = (await told(api, receiver))["review.received"]["data"]
    assert (data["type"], data["platform"], data["metadata"]["rating"]) == ("review", "google", 2)
    await arrive(at, "mention")
    assert (await told(api, receiver))["mention.received"]["data"]["metadata"]["mention_type"] == "caption"


async def test_a_whatsapp_message_that_fails(api: EmbeddedApi, receiver: Receiver) -> None:
    await told(api, receiver)
    arrived = await arrive(api.installation, "sent-in-app", account_id="acc_aurora_whatsapp")
    await arrive(api.installation, "undelivered", account_id="acc_aurora_whatsapp")
    assert (await told(api, receiver))["dm.status.failed"]["data"]["mids"] == [arrived.id]


async def test_accounts(api: EmbeddedApi, http: httpx2.AsyncClient, receiver: Receiver) -> None:
    await told(api, receiver)
    connected = await http.post(
        "/v1/accounts/connect",
        json={"platform": "telegram", "metadata": {"bot_token": "123456789:" + "A" * 35}},
    )
    assert connected.status_code == 201, connected.text
    data = (await told(api, receiver))["account.connected"]["data"]
    assert data["account_id"] == connected.json()["account_id"]
    assert set(data) == {
        "account_id", "brand_id", "platform", "platform_user_id", "username", "display_name", "profile_picture_url",
        "bio", "profile_url", "user_email", "connected_at",
    }  # fmt: skip
    await http.delete(f"/v1/accounts/{data['account_id']}")
    assert (await told(api, receiver))["account.disconnected"]["data"]["platform"] == "telegram"
    await arrive(api.installation, "page-removed", account_id="acc_aurora_facebook")
    data = (await told(api, receiver))["page.removed"]["data"]
    assert data["reason"] == "page_not_found" and data["name"]
    await arrive(api.installation, "access-revoked", account_id="acc_aurora_threads")
    data = (await told(api, receiver))["account.disconnected"]["data"]
    assert (data["reason"], data["reconnect_required"]) == ("access_revoked", True)
    await arrive(api.installation, "account-removed", account_id="acc_aurora_instagram")
    assert "reconnect_required" not in (await told(api, receiver))["account.disconnected"]["data"]
    assert (await http.get("/v1/accounts/acc_aurora_instagram/limits")).status_code == 404


async def test_the_log_is_filtered_paged_and_newest_first(
    api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    for kind in ("comment", "dm", "comment", "review", "comment"):
        clock.advance(minutes=1)
        await arrive(api.installation, kind)
    everything = (await http.get("/v1/events")).json()
    times = [one["created_at"] for one in everything["events"]]
    assert times == sorted(times, reverse=True) and everything["retention_days"] == 30
    pages, cursor = list[str](), ""
    while True:
        query: dict[str, Any] = {"category": "inbox,account", "limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await http.get("/v1/events", params=query)).json()
        pages += [one["id"] for one in page["events"]]
        cursor = page["pagination"]["next_cursor"]
        if not page["pagination"]["has_more"]:
            break
    assert len(pages) == len(set(pages)) == 5
    only = (await http.get("/v1/events", params={"action": "review.received"})).json()["events"]
    assert [one["platform"] for one in only] == ["google"]
    wrong = await http.get("/v1/events", params={"category": "weather"})
    assert wrong.json()["error"]["meta"]["field"] == "category"


async def test_the_summary_compares_with_the_span_before(
    api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    await arrive(api.installation, "comment")
    clock.advance(hours=25)
    await arrive(api.installation, "comment")
    await arrive(api.installation, "dm")
    await arrive(api.installation, "sent-in-app", account_id="acc_aurora_whatsapp")
    await arrive(api.installation, "undelivered", account_id="acc_aurora_whatsapp")
    clock.advance(seconds=1)
    summary = (await http.get("/v1/events/summary")).json()
    assert summary["total_previous"] == 1
    assert summary["by_category"]["inbox"] == summary["total"] == 5
    assert summary["inbox_breakdown"]["comment.received"] == 1
    assert summary["failed"] == 1 and summary["by_error_category"] == {"platform": 1}


async def test_the_log_ends_with_the_plan(api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock) -> None:
    await arrive(api.installation, "comment")
    clock.advance(days=2)
    assert len((await http.get("/v1/events")).json()["events"]) == 1
    async with api.installation.database.write() as session:
        await session.execute(update(User).values(plan="free"))
    short = (await http.get("/v1/events")).json()
    assert (short["events"], short["retention_days"]) == ([], 1)
