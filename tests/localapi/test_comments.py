"""Comments: what can be done with each, on each platform, and what it changes."""

from datetime import timedelta

import httpx2
import pytest

from localapi.app import EmbeddedApi
from localapi.tables import Comment, NetworkPost
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio
IG, POST = "acc_aurora_instagram", "ig_1789001"
YOUTUBE, VIDEO = "acc_fjord_youtube", "yt_Abc123"
LINKEDIN, SHARE = "acc_fjord_linkedin_page", "urn:li:share:7001"
FB, FB_POST = "acc_aurora_facebook", "100200300400_555"
THREADS, THREAD = "acc_aurora_threads", "th_4401"


async def comments(http: httpx2.AsyncClient, post: str, account: str, **query: str) -> dict[str, dict[str, object]]:
    """The comments at the top of a post, by the platform's id, in their order."""
    response = await http.get(f"/v1/inbox/comments/{post}", params={"account_id": account, **query})
    assert response.status_code == 200, response.text
    return {row["platform_id"]: row for row in response.json()["data"]}


async def count(http: httpx2.AsyncClient, account: str) -> int:
    return int(
        (await http.get("/v1/inbox/comments", params={"account_id": account})).json()["data"][0]["comment_count"]
    )


async def reply(http: httpx2.AsyncClient, to: str) -> str:
    body = {"account_id": IG, "comment_id": to, "text": "Yes"}
    return str((await http.post(f"/v1/inbox/comments/{POST}", json=body)).json()["comment_id"])


async def add_videos(api: EmbeddedApi, clock: HeldClock, number: int) -> None:
    async with api.installation.database.write() as session:
        for index in range(number):
            at = clock.now() - timedelta(minutes=index)
            session.add(
                NetworkPost(
                    id=f"video_{index}",
                    account_id=YOUTUBE,
                    platform="youtube",
                    platform_id=f"yt_{index}",
                    metrics={},
                    comment_count=1,
                    last_comment_at=at,
                    published_at=at,
                )
            )


async def add_youtube_comment(api: EmbeddedApi, clock: HeldClock, name: str, *, likes: int, text: str) -> None:
    async with api.installation.database.write() as session:
        session.add(
            Comment(
                platform_id=name,
                network_post_id="5f0c1d2e-0000-4000-8000-000000000004",
                author_id="u_lea",
                author_name="Lea",
                text=text,
                created_at=clock.now() - timedelta(days=3),
                like_count=likes,
                moderation_status="published",
            )
        )


async def test_replies_to_replies_go_with_a_deleted_comment(http: httpx2.AsyncClient) -> None:
    answer = await reply(http, "ig_c_2r")
    await reply(http, answer)
    assert await count(http, IG) == 7
    path = f"/v1/inbox/comments/{POST}/ig_c_2"
    assert (await http.request("DELETE", path, params={"account_id": IG})).status_code == 200
    assert await count(http, IG) == 3
    assert "ig_c_2" not in await comments(http, POST, IG)
    left = await http.get(f"/v1/inbox/comments/{POST}/{answer}/replies", params={"account_id": IG})
    assert left.status_code == 404


async def test_a_deleted_reply_leaves_the_comment_above_it(http: httpx2.AsyncClient) -> None:
    path = f"/v1/inbox/comments/{POST}/ig_c_2r"
    assert (await http.request("DELETE", path, params={"account_id": IG})).status_code == 200
    above = (await comments(http, POST, IG))["ig_c_2"]
    assert (above["reply_count"], above["has_replies"], await count(http, IG)) == (0, False, 4)


async def test_the_private_reply_is_offered_only_while_it_would_pass(
    http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    path = f"/v1/inbox/comments/{POST}/ig_c_1/private-reply"

    async def offered(name: str) -> bool:
        row = (await http.get(f"/v1/inbox/comments/{POST}", params={"account_id": IG})).json()["data"]
        return next(bool(one["capabilities"]["can_private_reply"]) for one in row if one["platform_id"] == name)

    assert await offered("ig_c_1")
    assert (await http.post(path, json={"account_id": IG, "text": "Hello"})).status_code == 200
    assert not await offered("ig_c_1")
    assert await offered("ig_c_2")
    clock.advance(days=7)
    assert not await offered("ig_c_2")


async def test_a_hidden_comment_says_so_until_it_is_shown_again(http: httpx2.AsyncClient) -> None:
    path = f"/v1/inbox/comments/{POST}/ig_c_4/hide"
    for _ in range(2):
        assert (await http.post(path, json={"account_id": IG})).status_code == 200
        assert (await comments(http, POST, IG))["ig_c_4"]["is_hidden"] is True
    assert (await http.request("DELETE", path, params={"account_id": IG})).status_code == 200
    assert (await comments(http, POST, IG))["ig_c_4"]["is_hidden"] is False


async def test_threads_hides_the_comments_of_others_only(http: httpx2.AsyncClient) -> None:
    rows = await comments(http, THREAD, THREADS)
    for name, status in (("th_c_1", 200), ("th_c_2", 501)):
        response = await http.post(f"/v1/inbox/comments/{THREAD}/{name}/hide", json={"account_id": THREADS})
        assert response.status_code == status
        capabilities = rows[name]["capabilities"]
        assert isinstance(capabilities, dict)
        assert capabilities["can_hide"] is (status == 200)


async def test_youtube_rejects_what_is_hidden(http: httpx2.AsyncClient) -> None:
    path = f"/v1/inbox/comments/{VIDEO}/yt_c_1/hide"
    assert (await http.post(path, json={"account_id": YOUTUBE})).status_code == 200
    assert await comments(http, VIDEO, YOUTUBE) == {}
    assert (await http.request("DELETE", path, params={"account_id": YOUTUBE})).status_code == 200
    assert list(await comments(http, VIDEO, YOUTUBE)) == ["yt_c_1"]


async def test_youtube_comments_are_filtered_by_moderation_and_words(http: httpx2.AsyncClient) -> None:
    assert list(await comments(http, VIDEO, YOUTUBE)) == ["yt_c_1"]
    assert list(await comments(http, VIDEO, YOUTUBE, moderation_status="held_for_review")) == ["yt_c_2"]
    assert list(await comments(http, VIDEO, YOUTUBE, moderation_status="likely_spam")) == []
    assert list(await comments(http, VIDEO, YOUTUBE, q="STOVE")) == ["yt_c_1"]
    assert list(await comments(http, VIDEO, YOUTUBE, q="%")) == []
    # Other platforms cannot filter, so these say nothing there.
    assert len(await comments(http, POST, IG, q="stove", moderation_status="likely_spam")) == 4


async def test_youtube_comments_come_by_time_or_by_relevance(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    await add_youtube_comment(api, clock, "yt_c_8", likes=9, text="The best pot")
    await add_youtube_comment(api, clock, "yt_c_9", likes=2, text="Good pot")
    for order, names in (("recent", ["yt_c_1", "yt_c_9", "yt_c_8"]), ("relevance", ["yt_c_8", "yt_c_9", "yt_c_1"])):
        assert list(await comments(http, VIDEO, YOUTUBE, order=order)) == names
    assert list(await comments(http, VIDEO, YOUTUBE)) == ["yt_c_1", "yt_c_9", "yt_c_8"]
    path, query = f"/v1/inbox/comments/{VIDEO}", {"account_id": YOUTUBE, "limit": "2", "order": "relevance"}
    cursor = (await http.get(path, params=query)).json()["pagination"]["next_cursor"]
    rest = (await http.get(path, params={**query, "cursor": cursor})).json()
    assert [row["platform_id"] for row in rest["data"]] == ["yt_c_1"]
    for other in ({"order": "recent"}, {"q": "pot"}):
        refused = await http.get(path, params={**query, **other, "cursor": cursor})
        assert (refused.status_code, refused.json()["error"]["meta"]) == (400, {"field": "cursor"})


async def test_the_commented_videos_of_an_account_are_one_page(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    await add_videos(api, clock, 3)
    query = {"account_id": YOUTUBE, "limit": "2"}
    page = (await http.get("/v1/inbox/comments", params=query)).json()
    assert [row["id"] for row in page["data"]] == ["video_0", "video_1"]
    assert page["pagination"] == {"has_more": False, "next_cursor": ""}
    elsewhere = (await http.get("/v1/inbox/comments", params={"limit": "1"})).json()["pagination"]["next_cursor"]
    refused = await http.get("/v1/inbox/comments", params={**query, "cursor": elsewhere})
    assert (refused.status_code, refused.json()["error"]["meta"]) == (400, {"field": "cursor"})
    assert (await http.get("/v1/inbox/comments", params={"account_id": "acc_nobody"})).json()["data"] == []


async def test_only_linkedin_says_whether_the_account_likes_a_comment(http: httpx2.AsyncClient) -> None:
    for post, account, name, told in ((SHARE, LINKEDIN, "li_c_1", True), (FB_POST, FB, "fb_c_1", False)):
        path = f"/v1/inbox/comments/{post}/{name}/like"
        before = (await comments(http, post, account))[name]["like_count"]
        assert isinstance(before, int)
        assert (await http.post(path, json={"account_id": account})).status_code == 200
        row = (await comments(http, post, account))[name]
        assert (row["liked_by_viewer"], row["like_count"]) == (told, before + 1)
        assert (await http.request("DELETE", path, params={"account_id": account})).status_code == 200
        row = (await comments(http, post, account))[name]
        assert (row["liked_by_viewer"], row["like_count"]) == (False, before)
