"""Inbox: what is refused, and with which words."""

import httpx2
import pytest
from sqlalchemy import update

from localapi.app import EmbeddedApi
from localapi.context import native_id
from localapi.tables import Account

pytestmark = pytest.mark.anyio
IG, POST = "acc_aurora_instagram", "ig_1789001"
DIRECT = "/v1/inbox/conversations/conv_ig_1/messages"


async def disconnect(api: EmbeddedApi, account_id: str) -> None:
    """Let the platform take back its permission."""
    async with api.installation.database.write() as session:
        await session.execute(update(Account).where(Account.id == account_id).values(status="reconnect_required"))


@pytest.mark.parametrize("text", ["   ", "\n\t"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"/v1/inbox/comments/{POST}", {"account_id": IG}),
        (f"/v1/inbox/comments/{POST}/ig_c_1/private-reply", {"account_id": IG}),
        ("/v1/inbox/reviews/rev_2/reply", {"account_id": "acc_aurora_google"}),
        (DIRECT, {"account_id": IG}),
        (DIRECT, {"account_id": IG, "buttons": [{"type": "postback", "title": "Yes", "payload": "Y"}]}),
        (f"/v1/accounts/{IG}/mentions/reply", {"media_id": "ig_m_9001"}),
    ],
)
async def test_a_text_that_nobody_would_see_is_refused_and_costs_nothing(
    http: httpx2.AsyncClient, path: str, body: dict[str, object], text: str
) -> None:
    response = await http.post(path, json={**body, "text": text})
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["meta"]) == (400, "validation.field_required", {"field": "text"})
    assert (await http.get("/v1/usage")).json()["interactions_used"] == 0


@pytest.mark.parametrize("path", [f"/v1/inbox/comments/{POST}", f"/v1/inbox/comments/{POST}/ig_c_1/private-reply"])
async def test_an_empty_text_is_no_text(http: httpx2.AsyncClient, path: str) -> None:
    response = await http.post(path, json={"account_id": IG, "text": ""})
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["meta"]) == (400, "validation.field_required", {"field": "text"})


@pytest.mark.parametrize(
    ("method", "path", "account"),
    [
        ("GET", f"/v1/inbox/comments/{POST}?account_id={IG}", IG),
        ("GET", "/v1/inbox/reviews/acc_aurora_google", "acc_aurora_google"),
        ("GET", f"/v1/accounts/{IG}/mentions", IG),
        ("POST", f"/v1/accounts/{IG}/mentions/reply", IG),
        ("POST", DIRECT, IG),
    ],
)
async def test_an_account_that_lost_its_connection_has_to_come_back_first(
    http: httpx2.AsyncClient, api: EmbeddedApi, method: str, path: str, account: str
) -> None:
    await disconnect(api, account)
    body = {"account_id": IG, "media_id": "ig_m_9001", "text": "Hi"} if method == "POST" else None
    response = await http.request(method, path, json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (403, "account.reconnection_required")


@pytest.mark.parametrize(
    ("path", "body", "meta"),
    [
        ("/v1/inbox/reviews/rev_9/reply", {"account_id": "acc_aurora_google"}, {"resource": "review", "id": "rev_9"}),
        (f"/v1/accounts/{IG}/mentions/reply", {"media_id": "ig_m_0"}, {"resource": "mention", "id": "ig_m_0"}),
        (
            f"/v1/inbox/comments/{POST}",
            {"account_id": IG, "comment_id": "ig_c_0"},
            {"resource": "comment", "id": "ig_c_0"},
        ),
    ],
)
async def test_what_is_not_there_is_named(
    http: httpx2.AsyncClient, path: str, body: dict[str, str], meta: dict[str, str]
) -> None:
    response = await http.post(path, json={**body, "text": "Hi"})
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["meta"]) == (404, "resource.not_found", meta)


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        (None, ["rev_1", "rev_2", "rev_3", "rev_4"]),
        ("newest", ["rev_1", "rev_2", "rev_3", "rev_4"]),
        ("rating_asc", ["rev_2", "rev_4", "rev_3", "rev_1"]),
        ("rating_desc", ["rev_1", "rev_3", "rev_4", "rev_2"]),
    ],
)
async def test_reviews_come_by_time_or_by_rating(http: httpx2.AsyncClient, order: str | None, ids: list[str]) -> None:
    query = {"order": order} if order else {}
    rows = (await http.get("/v1/inbox/reviews/acc_aurora_google", params=query)).json()["data"]
    assert [native_id(row["id"]) for row in rows] == ids


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/v1/inbox/reviews/acc_aurora_google", 50),
        ("/v1/inbox/conversations/conv_ig_1/messages", 200),
        ("/v1/inbox/conversations", 100),
        ("/v1/inbox/comments", 100),
        (f"/v1/accounts/{IG}/mentions", 100),
    ],
)
async def test_a_page_has_no_more_rows_than_its_list_allows(http: httpx2.AsyncClient, path: str, most: int) -> None:
    assert (await http.get(path, params={"limit": str(most)})).status_code == 200
    for limit in (0, most + 1):
        response = await http.get(path, params={"limit": str(limit)})
        assert (response.status_code, response.json()["error"]["meta"]) == (400, {"field": "limit"})


@pytest.mark.parametrize("order", ["oldest", "rating"])
async def test_an_unknown_order_of_reviews_is_refused(http: httpx2.AsyncClient, order: str) -> None:
    response = await http.get("/v1/inbox/reviews/acc_aurora_google", params={"order": order})
    assert (response.status_code, response.json()["error"]["meta"]) == (400, {"field": "order"})
