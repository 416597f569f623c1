"""Webhooks: verification, signatures, the schedule of retries, and the delivery log, with a real receiver."""

import hashlib
import hmac
from collections.abc import AsyncIterator

import httpx2
import pytest
from socialapi.webhooks import verify_signature
from sqlalchemy import update

from localapi.app import EmbeddedApi
from localapi.simulate import arrive
from localapi.tables import User
from localapi.webhook_delivery import SCHEDULE
from localapi.webhook_sending import Sender
from tests.conftest import HeldClock
from tests.localapi.receivers import Receiver, receiving

pytestmark = pytest.mark.anyio

ALL = ["comment.received", "dm.received", "post.scheduled", "post.published"]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


async def register(http: httpx2.AsyncClient, receiver: Receiver, *events: str) -> dict[str, str]:
    made = await http.post("/v1/webhooks", json={"url": receiver.url, "events": list(events or ALL)})
    assert made.status_code == 201, made.text
    return dict(made.json())


async def comment(api: EmbeddedApi, text: str = "Hello") -> None:
    await arrive(api.installation, "comment", account_id="acc_aurora_instagram", text=text)


async def deliveries(http: httpx2.AsyncClient, webhook_id: str, **query: str) -> list[dict[str, object]]:
    return list((await http.get(f"/v1/webhooks/{webhook_id}/deliveries", params=query)).json()["data"])


async def test_a_new_endpoint_is_pinged_and_told_its_secret_once(http: httpx2.AsyncClient, receiver: Receiver) -> None:
    made = await register(http, receiver)
    (ping,) = receiver.requests
    assert ping.event == "webhook.test" and ping.delivery is None
    assert ping.content["data"]["verification"] is True
    assert len(made["secret"]) == 64 and set(made) == {"id", "url", "events", "secret", "message"}
    assert verify_signature(secret=made["secret"], payload=ping.body, signature=ping.headers["x-socialapi-signature"])
    shown = (await http.get(f"/v1/webhooks/{made['id']}")).json()
    assert shown["secret_hint"] == made["secret"][-4:] and shown["is_active"] is True
    assert made["secret"] not in str(shown) + (await http.get("/v1/webhooks")).text


@pytest.mark.parametrize("answer", [500, 404, 302])
async def test_what_does_not_answer_with_2xx_is_not_saved(
    http: httpx2.AsyncClient, receiver: Receiver, answer: int
) -> None:
    receiver.answers, receiver.location = [answer], receiver.url
    before = (await http.get("/v1/webhooks")).json()["count"]
    refused = await http.post("/v1/webhooks", json={"url": receiver.url, "events": ALL})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "webhook_verification_failed")
    assert (await http.get("/v1/webhooks")).json()["count"] == before
    # A redirect is not followed: it could lead anywhere.
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://example.com/hook", "validation.field_invalid"),
        ("https://10.0.0.7/hook", "validation.field_invalid"),
        ("https://169.254.169.254/latest", "validation.field_invalid"),
        ("https://[fe80::1]/hook", "validation.field_invalid"),
        ("https://[::ffff:10.0.0.7]/hook", "validation.field_invalid"),
        ("https://167772167/hook", "validation.field_invalid"),
        ("https://user@example.com/hook", "validation.field_invalid"),
        ("http://127.0.0.1:1/hook", "webhook_verification_failed"),
        ("https://[::1]:1/hook", "webhook_verification_failed"),
    ],
)
async def test_no_endpoint_lies_inside(http: httpx2.AsyncClient, url: str, code: str) -> None:
    refused = await http.post("/v1/webhooks", json={"url": url, "events": ALL})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, code), refused.text


async def test_an_endpoint_is_not_moved_inside_either(http: httpx2.AsyncClient, receiver: Receiver) -> None:
    made = await register(http, receiver)
    refused = await http.patch(f"/v1/webhooks/{made['id']}", json={"url": "https://192.168.0.1/hook"})
    assert (refused.status_code, refused.json()["error"]["meta"]["field"]) == (400, "url")
    assert "on the public internet" in refused.json()["error"]["message"]
    assert (await http.get(f"/v1/webhooks/{made['id']}")).json()["url"] == receiver.url


async def test_a_server_on_the_internet_sends_nothing_to_its_own_machine(receiver: Receiver) -> None:
    sender = Sender("https://social.example")
    for url in (receiver.url, "https://127.1/hook", "https://[::1]/hook", "https://api.localhost/hook"):
        assert sender.problem(url) is not None, url
    assert sender.problem("https://example.com/hook") is sender.problem("https://1.1.1.1:8443/hook") is None
    for url in (receiver.url, f"https://127.0.0.1:{receiver.port}/hook"):
        outcome = await sender.send(url, b"{}", secret="s", event="webhook.test", timestamp=1)
        assert not outcome.is_success and outcome.error
    assert receiver.requests == []
    await sender.close()


async def test_events_arrive_signed_in_both_ways(
    api: EmbeddedApi, http: httpx2.AsyncClient, receiver: Receiver, clock: HeldClock
) -> None:
    made = await register(http, receiver)
    await comment(api, "Ça va ? 🙂")
    await api.jobs.run_due()
    got = receiver.requests[-1]
    assert got.event == "comment.received" and got.content["event"] == "comment.received"
    assert got.content["data"]["content"]["text"] == "Ça va ? 🙂"
    assert got.content["raw_payload"]["field"] == "comments"
    assert verify_signature(secret=made["secret"], payload=got.body, signature=got.headers["x-socialapi-signature"])
    assert not verify_signature(
        secret=made["secret"], payload=got.body + b" ", signature=got.headers["x-socialapi-signature"]
    )
    stamp = got.headers["x-socialapi-timestamp"]
    assert int(stamp) == int(clock.now().timestamp())
    timed = hmac.new(made["secret"].encode(), stamp.encode() + b"." + got.body, hashlib.sha256).hexdigest()
    assert got.headers["x-socialapi-signature-v2"] == f"sha256={timed}"
    (row,) = await deliveries(http, made["id"])
    assert (row["id"], row["status"], row["attempt_count"]) == (got.delivery, "success", 1)
    detail = (await http.get(f"/v1/webhooks/{made['id']}/deliveries/{got.delivery}")).json()
    assert detail["payload"] == got.content and detail["attempts"][0]["response_body"] == "answered 200"


async def test_a_failing_endpoint_gets_five_attempts_at_the_documented_times(
    api: EmbeddedApi, http: httpx2.AsyncClient, receiver: Receiver, clock: HeldClock
) -> None:
    made = await register(http, receiver, "comment.received")
    receiver.answers = [500, 503, 404, 500, 500]
    await comment(api)
    for number, wait in enumerate(SCHEDULE, start=1):
        if wait:
            clock.advance(seconds=wait.total_seconds() - 1)
            await api.jobs.run_due()
            assert len(receiver.requests) == number, "too early"
            clock.advance(seconds=1)
        await api.jobs.run_due()
        assert len(receiver.requests) == number + 1
    clock.advance(days=2)
    await api.jobs.run_due()
    attempts = receiver.requests[1:]
    assert len(attempts) == 5 and len({one.delivery for one in attempts}) == 1
    assert len({one.headers["x-socialapi-timestamp"] for one in attempts}) == 5
    (row,) = await deliveries(http, made["id"], status="failed")
    assert (row["attempt_count"], row["response_status_code"]) == (5, 500)
    logged = (await http.get("/v1/events", params={"category": "webhook"})).json()["events"]
    assert [(one["action"], one["resource_id"], one["status_code"]) for one in logged if one["status"] == "failed"] == [
        ("delivery.failed", made["id"], 500)
    ]


async def test_an_endpoint_that_hangs_or_is_away_is_tried_again(
    api: EmbeddedApi, http: httpx2.AsyncClient, receiver: Receiver, clock: HeldClock
) -> None:
    made = await register(http, receiver)
    object.__setattr__(api.installation, "sender", Sender(api.installation.public_url, timeout_seconds=0.2))
    receiver.answers = ["hang"]
    await comment(api)
    await api.jobs.run_due()
    clock.advance(seconds=30)
    await api.jobs.run_due()
    (row,) = await deliveries(http, made["id"])
    detail = (await http.get(f"/v1/webhooks/{made['id']}/deliveries/{row['id']}")).json()
    assert row["status"] == "success"
    assert [(one["status_code"], one["error_message"]) for one in detail["attempts"]] == [
        (0, "the answer took too long"),
        (200, ""),
    ]


async def test_a_slow_endpoint_delays_no_other_and_each_gets_its_events_in_order(
    api: EmbeddedApi, http: httpx2.AsyncClient, receiver: Receiver
) -> None:
    async with receiving() as slow:
        await register(http, slow)
        await register(http, receiver)
        object.__setattr__(api.installation, "sender", Sender(api.installation.public_url, timeout_seconds=0.3))
        slow.answers = ["hang"]
        for number in range(6):
            await comment(api, f"Number {number}")
        await api.jobs.run_due()
        texts = [one.content["data"]["content"]["text"] for one in receiver.requests[1:]]
        assert texts == [f"Number {number}" for number in range(6)]
        assert [one.content["data"]["content"]["text"] for one in slow.requests[1:]] == texts
        assert receiver.most_at_once == 1


async def test_a_failed_delivery_is_sent_again_by_hand_with_the_schedule_anew(
    api: EmbeddedApi, http: httpx2.AsyncClient, receiver: Receiver, clock: HeldClock
) -> None:
    made = await register(http, receiver, "comment.received")
    receiver.answers = [500] * 6
    await comment(api)
    for wait in SCHEDULE:
        clock.advance(seconds=wait.total_seconds())
        await api.jobs.run_due()
    (row,) = await deliveries(http, made["id"])
    again = await http.post(f"/v1/webhooks/{made['id']}/deliveries/{row['id']}/retry")
    assert (again.status_code, again.json()["status"], again.json()["attempt_count"]) == (200, "pending", 0)
    await api.jobs.run_due()
    clock.advance(seconds=30)
    await api.jobs.run_due()
    (row,) = await deliveries(http, made["id"])
    assert (row["status"], row["attempt_count"]) == ("success", 2)
    assert {one.delivery for one in receiver.requests[1:]} == {row["id"]}
    stats = (await http.get(f"/v1/webhooks/{made['id']}")).json()["stats"]
    assert stats["last_24h"] == {"delivered": 1, "failed": 0}


async def test_a_paused_endpoint_gets_nothing_until_it_is_active_again(
    api: EmbeddedApi, http: httpx2.AsyncClient, receiver: Receiver
) -> None:
    made = await register(http, receiver)
    receiver.answers = [500]
    await comment(api, "before")
    await api.jobs.run_due()
    await http.patch(f"/v1/webhooks/{made['id']}", json={"is_active": False})
    await comment(api, "meanwhile")
    await api.jobs.run_due()
    assert len(receiver.requests) == 2
    await http.patch(f"/v1/webhooks/{made['id']}", json={"is_active": True})
    (row,) = await deliveries(http, made["id"])
    await http.post(f"/v1/webhooks/{made['id']}/deliveries/{row['id']}/retry")
    await api.jobs.run_due()
    assert receiver.requests[-1].content["data"]["content"]["text"] == "before"


async def test_while_payment_is_overdue_events_are_dropped_but_logged(
    api: EmbeddedApi, http: httpx2.AsyncClient, receiver: Receiver, clock: HeldClock
) -> None:
    made = await register(http, receiver)
    async with api.installation.database.write() as session:
        await session.execute(update(User).values(billing_blocked_at=clock.now()))
    await comment(api)
    await api.jobs.run_due()
    async with api.installation.database.write() as session:
        await session.execute(update(User).values(billing_blocked_at=None))
    await api.jobs.run_due()
    assert len(receiver.requests) == 1 and await deliveries(http, made["id"]) == []
    logged = (await http.get("/v1/events", params={"action": "comment.received"})).json()["events"]
    assert len(logged) == 1


async def test_only_what_was_subscribed_to_is_sent_and_what_is_deleted_is_gone(
    api: EmbeddedApi, http: httpx2.AsyncClient, receiver: Receiver
) -> None:
    made = await register(http, receiver, "dm.received")
    await comment(api)
    await api.jobs.run_due()
    assert receiver.events == ["webhook.test"]
    await http.patch(f"/v1/webhooks/{made['id']}", json={"events": ["comment.received"]})
    await comment(api)
    assert (await http.delete(f"/v1/webhooks/{made['id']}")).json() == {"ok": True}
    await api.jobs.run_due()
    assert receiver.events == ["webhook.test"]
    assert (await http.get(f"/v1/webhooks/{made['id']}")).status_code == 404


async def test_a_test_call_tells_how_the_endpoint_answered(http: httpx2.AsyncClient, receiver: Receiver) -> None:
    made = await register(http, receiver)
    receiver.answers = [418]
    body = {"event_type": "comment.received", "payload": {"event": "comment.received", "data": {"id": "x"}}}
    told = (await http.post(f"/v1/webhooks/{made['id']}/test", json=body)).json()
    assert (told["status"], told["response_status_code"], told["response_body"]) == ("failed", 418, "answered 418")
    assert receiver.requests[-1].delivery is None and receiver.requests[-1].content == body["payload"]
    (row,) = await deliveries(http, made["id"])
    assert row["id"] == told["delivery_id"]


async def test_deliveries_are_paged_and_filtered(
    api: EmbeddedApi, http: httpx2.AsyncClient, receiver: Receiver
) -> None:
    made = await register(http, receiver)
    for number in range(5):
        await comment(api, f"Number {number}")
    await arrive(api.installation, "dm", account_id="acc_aurora_instagram")
    await api.jobs.run_due()
    path, seen, cursor = f"/v1/webhooks/{made['id']}/deliveries", list[str](), None
    while True:
        page = (await http.get(path, params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
        seen += [row["id"] for row in page["data"]]
        cursor = page.get("next_cursor")
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 6
    assert len(await deliveries(http, made["id"], event_type="dm.received")) == 1


async def test_another_users_webhook_is_not_there(http: httpx2.AsyncClient) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/deliveries"), ("GET", "/deliveries/x")):
        answer = await http.request(method, f"/v1/webhooks/wh_nobody{path}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "resource.not_found")


async def test_the_catalogue_has_22_events(http: httpx2.AsyncClient) -> None:
    answer = (await http.get("/v1/webhooks/events")).json()
    assert answer["count"] == len({one["event"] for one in answer["data"]}) == 22
    assert {one["category"] for one in answer["data"]} == {"posts", "inbox", "accounts"}
