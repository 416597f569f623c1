"""Inbox: what holds when the same thing is asked for many times at once."""

import asyncio

import httpx2
import pytest

from localapi.app import EmbeddedApi
from localapi.simulate import arrive

pytestmark = pytest.mark.anyio
IG, POST = "acc_aurora_instagram", "ig_1789001"
FB, FB_POST = "acc_aurora_facebook", "100200300400_555"


async def at_once(http: httpx2.AsyncClient, method: str, path: str, *, times: int, **body: str) -> list[int]:
    """The statuses of the same request, sent so many times at once, in rising order."""
    # The first use of a key writes to its row, which would put the others in a line.
    assert (await http.post("/v1/inbox/conversations/conv_ig_1/read")).status_code == 200
    query, content = (body, None) if method == "DELETE" else (None, body)
    requests = (http.request(method, path, params=query, json=content) for _ in range(times))
    responses = await asyncio.gather(*requests)
    return sorted(response.status_code for response in responses)


async def comment(http: httpx2.AsyncClient, account: str, post: str, number: str) -> dict[str, object]:
    rows = (await http.get(f"/v1/inbox/comments/{post}", params={"account_id": account})).json()["data"]
    return next(row for row in rows if row["platform_id"] == number)


async def test_private_replies_at_once_send_one_message(http: httpx2.AsyncClient) -> None:
    path = f"/v1/inbox/comments/{POST}/ig_c_1/private-reply"
    assert await at_once(http, "POST", path, times=8, account_id=IG, text="Hello") == [200] + [400] * 7
    conversations = (await http.get("/v1/inbox/conversations", params={"account_id": IG})).json()["data"]
    threads = [row["id"] for row in conversations if row["participant_name"] == "Mara Lind"]
    assert len(threads) == 1
    assert len((await http.get(f"/v1/inbox/conversations/{threads[0]}/messages")).json()["data"]) == 1
    assert (await http.get("/v1/usage")).json()["interactions_used"] == 1


async def test_replies_to_a_review_at_once_publish_one(http: httpx2.AsyncClient) -> None:
    path = "/v1/inbox/reviews/rev_2/reply"
    statuses = await at_once(http, "POST", path, times=8, account_id="acc_aurora_google", text="Sorry")
    assert statuses == [200] + [409] * 7


async def test_a_comment_deleted_at_once_is_counted_once(http: httpx2.AsyncClient) -> None:
    path = f"/v1/inbox/comments/{POST}/ig_c_4"
    assert await at_once(http, "DELETE", path, times=4, account_id=IG) == [200, 404, 404, 404]
    rows = (await http.get("/v1/inbox/comments", params={"account_id": IG})).json()["data"]
    assert rows[0]["comment_count"] == 4


async def test_likes_at_once_count_one(http: httpx2.AsyncClient) -> None:
    path = f"/v1/inbox/comments/{FB_POST}/fb_c_1/like"
    assert await at_once(http, "POST", path, times=8, account_id=FB) == [200] * 8
    assert (await comment(http, FB, FB_POST, "fb_c_1"))["like_count"] == 1
    assert await at_once(http, "DELETE", path, times=8, account_id=FB) == [200] * 8
    assert (await comment(http, FB, FB_POST, "fb_c_1"))["like_count"] == 0


async def test_a_comment_hidden_while_it_is_deleted_is_gone(http: httpx2.AsyncClient) -> None:
    path = f"/v1/inbox/comments/{POST}/ig_c_3"
    hiding, deleting = await asyncio.gather(
        at_once(http, "POST", f"{path}/hide", times=4, account_id=IG),
        at_once(http, "DELETE", path, times=1, account_id=IG),
    )
    assert set(hiding) <= {200, 404}
    assert deleting == [200]
    assert (await http.post(f"{path}/hide", json={"account_id": IG})).status_code == 404


async def test_replies_at_once_are_all_counted(http: httpx2.AsyncClient) -> None:
    path = f"/v1/inbox/comments/{POST}"
    assert await at_once(http, "POST", path, times=6, account_id=IG, comment_id="ig_c_1", text="Yes") == [200] * 6
    assert (await comment(http, IG, POST, "ig_c_1"))["reply_count"] == 6
    rows = (await http.get("/v1/inbox/comments", params={"account_id": IG})).json()["data"]
    assert rows[0]["comment_count"] == 11


async def test_writers_of_all_kinds_at_once_wait_for_each_other(http: httpx2.AsyncClient, api: EmbeddedApi) -> None:
    """Whoever takes two rows takes them in the same order as the others, so that the database breaks up no circle."""
    under, direct = f"/v1/inbox/comments/{FB_POST}", "/v1/inbox/conversations/conv_fb_1/messages"
    said = {"account_id": FB, "text": "Hi"}
    # Greta Holm wrote fb_c_1 and is the other end of conv_fb_1.
    assert (await http.post(f"{under}/fb_c_1/private-reply", json=said)).status_code == 200
    arrivals = [arrive(api.installation, kind, account_id=FB, author="Greta Holm") for kind in ("comment", "dm") * 3]
    requests = [
        http.post(path, json=body)
        for path, body in (
            (direct, said),
            (under, {**said, "comment_id": "fb_c_1"}),
            (f"{under}/fb_c_2/private-reply", said),
            (f"{under}/fb_c_1/like", said),
            (f"{under}/fb_c_1/hide", said),
        )
        * 4
    ]
    responses, _ = await asyncio.gather(asyncio.gather(*requests), asyncio.gather(*arrivals))
    assert sorted(response.status_code for response in responses) == [200] * 17 + [400] * 3
    rows = (await http.get("/v1/inbox/comments", params={"account_id": FB})).json()["data"]
    assert rows[0]["comment_count"] == 2 + 4 + 3
    messages = (await http.get(direct, params={"limit": "200"})).json()["data"]
    assert len(messages) == 2 + 1 + 4


async def test_messages_of_one_person_at_once_begin_one_conversation(
    http: httpx2.AsyncClient, api: EmbeddedApi
) -> None:
    await asyncio.gather(*(arrive(api.installation, "dm", account_id=IG, author="Ana Sousa") for _ in range(6)))
    rows = (await http.get("/v1/inbox/conversations", params={"account_id": IG})).json()["data"]
    assert [row["unread_count"] for row in rows if row["participant_name"] == "Ana Sousa"] == [6]
