"""Inbox: comments, conversations, reviews and mentions, with their rules."""

import httpx2
import pytest

from localapi.app import EmbeddedApi
from localapi.simulate import arrive
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio
IG, POST = "acc_aurora_instagram", "ig_1789001"


async def every(http: httpx2.AsyncClient, path: str, **query: str) -> list[str]:
    """The ids of all pages, two rows a page."""
    seen: list[str] = []
    cursor = ""
    for _ in range(50):
        response = await http.get(path, params={**query, "limit": "2", **({"cursor": cursor} if cursor else {})})
        assert response.status_code == 200, response.text
        body = response.json()
        seen += [row["id"] for row in body["data"]]
        cursor = body.get("pagination", body).get("next_cursor") or ""
        if not cursor:
            return seen
    raise AssertionError("paging does not end")


@pytest.mark.parametrize(
    ("path", "query", "count"),
    [
        ("/v1/posts", {}, 5),
        ("/v1/posts", {"sort": "created_desc"}, 5),
        ("/v1/inbox/comments", {}, 5),
        (f"/v1/inbox/comments/{POST}", {"account_id": IG}, 4),
        ("/v1/inbox/conversations", {}, 5),
        ("/v1/inbox/conversations/conv_fb_1/messages", {}, 2),
        ("/v1/inbox/reviews/acc_aurora_google", {}, 4),
        ("/v1/inbox/reviews/acc_aurora_google", {"order": "rating_asc"}, 4),
        (f"/v1/accounts/{IG}/mentions", {}, 2),
        ("/v1/media", {}, 2),
    ],
)
async def test_pages_repeat_and_skip_nothing(
    http: httpx2.AsyncClient, path: str, query: dict[str, str], count: int
) -> None:
    seen = await every(http, path, **query)
    assert len(seen) == len(set(seen)) == count


async def test_a_page_stays_where_it_was_while_comments_arrive(http: httpx2.AsyncClient, api: EmbeddedApi) -> None:
    path = f"/v1/inbox/comments/{POST}?account_id={IG}&limit=2"
    first = (await http.get(path)).json()
    await arrive(api.installation, "comment", account_id=IG, text="New!")
    second = (await http.get(f"{path}&cursor={first['pagination']['next_cursor']}")).json()
    assert not {row["id"] for row in first["data"]} & {row["id"] for row in second["data"]}
    assert len(second["data"]) == 2


async def test_a_made_up_or_foreign_cursor_is_refused(http: httpx2.AsyncClient) -> None:
    foreign = (await http.get("/v1/posts?limit=1")).json()["pagination"]["next_cursor"]
    for cursor in ("abc", foreign, foreign[:-4] + "AAAA", "é"):
        response = await http.get("/v1/media", params={"cursor": cursor})
        assert response.status_code == 400
        assert response.json()["error"]["meta"] == {"field": "cursor"}


async def test_a_platform_that_cannot_answers_501(http: httpx2.AsyncClient) -> None:
    response = await http.post(f"/v1/inbox/comments/{POST}/ig_c_1/like", json={"account_id": IG})
    assert response.status_code == 501
    assert response.json()["error"]["code"] == "resource.not_supported"


async def test_one_private_reply_for_each_comment(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    path, body = f"/v1/inbox/comments/{POST}/ig_c_1/private-reply", {"account_id": IG, "text": "Hello"}
    assert (await http.post(path, json=body)).status_code == 200
    again = await http.post(path, json=body)
    assert again.json()["error"]["code"] == "platform.instagram.private_reply_ineligible"
    clock.advance(days=8)
    late = await http.post(f"/v1/inbox/comments/{POST}/ig_c_2/private-reply", json=body)
    assert late.json()["error"]["code"] == "platform.instagram.private_reply_ineligible"


async def test_the_messaging_window_closes_after_a_day(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    path, body = "/v1/inbox/conversations/conv_ig_1/messages", {"account_id": IG, "text": "Hi"}
    assert (await http.post(path, json=body)).status_code == 200
    clock.advance(hours=25)
    closed = await http.post(path, json=body)
    assert (closed.status_code, closed.json()["error"]["code"]) == (400, "platform.instagram.window_closed")
    tagged = await http.post(path, json={**body, "message_tag": "HUMAN_AGENT"})
    assert tagged.status_code == 200


async def test_interactive_messages_keep_to_their_limits(http: httpx2.AsyncClient) -> None:
    path = "/v1/inbox/conversations/conv_ig_1/messages"
    good = {"account_id": IG, "text": "Which?", "quick_replies": [{"title": "Tea"}, {"title": "Coffee"}]}
    assert (await http.post(path, json=good)).status_code == 200
    many = {**good, "quick_replies": [{"title": str(number)} for number in range(14)]}
    assert (await http.post(path, json=many)).status_code == 400
    untold = {"account_id": IG, "quick_replies": [{"title": "Tea"}]}
    assert (await http.post(path, json=untold)).json()["error"]["meta"] == {"field": "text"}
    whatsapp = {**good, "account_id": "acc_aurora_whatsapp"}
    assert (await http.post("/v1/inbox/conversations/conv_wa_1/messages", json=whatsapp)).status_code == 501


async def test_the_payload_of_a_button_or_quick_reply_is_text(http: httpx2.AsyncClient) -> None:
    path = "/v1/inbox/conversations/conv_ig_1/messages"
    button = {"type": "postback", "title": "My order", "payload": "VIEW_ORDER"}
    for interactive in (
        {"buttons": [button]},
        {"quick_replies": [{"title": "Tea", "payload": "TEA"}]},
        {"cards": [{"title": "Beans", "buttons": [button]}]},
    ):
        response = await http.post(path, json={"account_id": IG, "text": "Which?", **interactive})
        assert response.status_code == 200, response.text


async def test_a_review_is_answered_once(http: httpx2.AsyncClient) -> None:
    body = {"account_id": "acc_aurora_google", "text": "Thank you"}
    review = (await http.get("/v1/inbox/reviews/acc_aurora_google")).json()["data"][0]["id"]
    assert (await http.post(f"/v1/inbox/reviews/{review}/reply", json=body)).status_code == 200
    assert (await http.post(f"/v1/inbox/reviews/{review}/reply", json=body)).status_code == 409
    other = await http.get(f"/v1/inbox/reviews/{IG}")
    assert (other.status_code, other.json()["error"]["code"]) == (422, "account.platform_unsupported")


async def test_a_restricted_key_does_what_its_scopes_say(http: httpx2.AsyncClient) -> None:
    async def made(**restriction: list[str]) -> dict[str, str]:
        body = (await http.post("/v1/keys", json={"name": "k", **restriction})).json()
        return {"Authorization": f"Bearer {body['raw_key']}"}

    reader = await made(scopes=["posts:read"])
    assert (await http.get("/v1/posts", headers=reader)).status_code == 200
    lacking = await http.get("/v1/inbox/comments", headers=reader)
    assert lacking.json()["error"]["meta"] == {"required_scope": "inbox:read"}
    assert (await http.get("/v1/keys", headers=reader)).json()["error"]["code"] == "auth.insufficient_scope"
    assert (await http.get("/v1/usage", headers=reader)).status_code == 200

    fjord = await made(brand_ids=["b_fjord"])
    rows = (await http.get("/v1/accounts", headers=fjord)).json()["data"]
    assert {row["brand_id"] for row in rows} == {"b_fjord"}
    assert (await http.get(f"/v1/accounts/{IG}/limits", headers=fjord)).status_code == 404
    level = await http.get("/v1/webhooks", headers=fjord)
    assert level.json()["error"]["meta"] == {"required_scope": "webhooks:manage"}


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "auth.missing_header"),
        ("Bearer", "auth.empty_token"),
        ("Bearer sapi_key_" + "0" * 62, "auth.invalid_key"),
        ("Bearer eyJ", "auth.invalid_token"),
    ],
)
async def test_credentials_that_will_not_do(api: EmbeddedApi, header: str | None, code: str) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=api.app), base_url="http://local") as http:
        response = await http.get("/v1/brands", headers={"Authorization": header} if header else {})
    assert (response.status_code, response.json()["error"]["code"]) == (401, code)


async def test_request_ids_are_adopted_or_made(http: httpx2.AsyncClient) -> None:
    kept = await http.get("/v1/nothing", headers={"X-Request-ID": "mine-1"})
    assert (kept.status_code, kept.headers["X-Request-ID"], kept.json()["request_id"]) == (404, "mine-1", "mine-1")
    made = await http.get("/v1/brands", headers={"X-Request-ID": "not allowed!"})
    assert len(made.headers["X-Request-ID"]) == 8


async def test_bodies_that_are_not_json_objects_are_refused(http: httpx2.AsyncClient) -> None:
    for content in (b"{", b"[]", b"\xff"):
        response = await http.post("/v1/brands", content=content, headers={"Content-Type": "application/json"})
        assert (response.status_code, response.json()["error"]["code"]) == (400, "validation.body_invalid")
    huge = await http.post("/v1/brands", content=b"x" * (1024 * 1024 + 1))
    assert huge.status_code == 413
