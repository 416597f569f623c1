"""Operations of one platform: Instagram, YouTube, TikTok, LinkedIn, Facebook logins; and the service's notices."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from localapi.app import EmbeddedApi
from localapi.simulate import arrive
from localapi.tables import Account, Comment, NetworkPost
from localapi.tables_platforms import Feedback, Video
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio

IG, YT, FJORD_IG = "acc_aurora_instagram", "acc_fjord_youtube", "acc_fjord_instagram"
INSTAGRAM, YOUTUBE = f"/v1/platforms/instagram/accounts/{IG}", f"/v1/platforms/youtube/accounts/{YT}"


def refused(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_a_collaboration_is_accepted_once(http: httpx2.AsyncClient) -> None:
    path = f"{INSTAGRAM}/media/ig_collab_1/collab"
    assert (await http.post(f"{path}/accept")).json() == {"success": True}
    assert refused(await http.post(f"{path}/accept")) == (400, "validation.field_invalid")
    assert refused(await http.post(f"{path}/decline")) == (400, "validation.field_invalid")
    summary = (await http.get(f"{INSTAGRAM}/summary")).json()
    assert summary["media_count"] == 2


async def test_a_collaboration_is_declined_or_lapses(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    path = f"{INSTAGRAM}/media/ig_collab_1/collab"
    clock.advance(days=14)
    assert refused(await http.post(f"{path}/decline")) == (400, "validation.field_invalid")
    assert refused(await http.post(f"{INSTAGRAM}/media/ig_1789001/collab/accept")) == (404, "resource.not_found")
    elsewhere = "/v1/platforms/instagram/accounts/acc_aurora_threads/media/ig_collab_1/collab/accept"
    assert refused(await http.post(elsewhere)) == (501, "resource.not_supported")


async def test_a_post_that_was_taken_down_is_co_authored_no_more(api: EmbeddedApi, http: httpx2.AsyncClient) -> None:
    async with api.installation.database.write() as session:
        session.add(
            NetworkPost(
                id="np_collab",
                account_id=FJORD_IG,
                platform="instagram",
                platform_id="ig_collab_1",
                metrics={},
                published_at=api.installation.clock.now(),
                deleted_at=api.installation.clock.now(),
            )
        )
    answer = await http.post(f"{INSTAGRAM}/media/ig_collab_1/collab/accept")
    assert refused(answer) == (404, "resource.not_found")


async def test_only_the_publisher_sees_who_was_invited(http: httpx2.AsyncClient) -> None:
    seen = (await http.get(f"{INSTAGRAM}/media/ig_1789001/collaborators")).json()
    assert [(one["username"], one["status"]) for one in seen["data"]] == [
        ("fjordoutdoor", "accepted"),
        ("northmill", "pending"),
    ]
    other = f"/v1/platforms/instagram/accounts/{FJORD_IG}/media/ig_1789001/collaborators"
    assert refused(await http.get(other)) == (404, "resource.not_found")


async def test_a_participant_is_shown_if_they_agree(http: httpx2.AsyncClient) -> None:
    shown = (await http.get(f"{INSTAGRAM}/participants/u_nadiakarim/profile")).json()
    assert (shown["username"], shown["is_user_follow_business"], shown["is_business_follow_user"]) == (
        "nadia.karim",
        True,
        False,
    )
    assert refused(await http.get(f"{INSTAGRAM}/participants/u_kimlee/profile")) == (403, "platform.instagram.230")
    stranger = f"/v1/platforms/instagram/accounts/{FJORD_IG}/participants/u_nadiakarim/profile"
    assert refused(await http.get(stranger)) == (404, "resource.not_found")


async def test_stories_are_there_for_a_day_and_published_ones_join_them(
    api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    (story,) = (await http.get(f"{INSTAGRAM}/stories")).json()["data"]
    assert story["metadata"]["is_story"] is True and story["metadata"]["expires_at"] > story["timestamp"]
    media = [{"source_type": "url", "source": "https://example.com/a.jpg", "type": "image"}]
    body = {
        "text": "",
        "media": media,
        "publish_now": True,
        "targets": [{"account_id": IG, "platform_data": {"content_type": "stories"}}],
    }
    made = await http.post("/v1/posts", json=body)
    assert made.status_code == 201, made.text
    await api.jobs.run_due()
    first = (await http.get(f"{INSTAGRAM}/stories", params={"limit": 1})).json()
    assert first["data"][0]["media_url"] == "https://example.com/a.jpg"
    second = (await http.get(f"{INSTAGRAM}/stories", params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert second["data"][0]["id"] == "ig_story_1" and "next_cursor" not in second
    clock.advance(hours=24)
    assert (await http.get(f"{INSTAGRAM}/stories")).json()["count"] == 0


async def test_an_instagram_summary_counts_thirty_days(api: EmbeddedApi, http: httpx2.AsyncClient) -> None:
    summary = (await http.get(f"{INSTAGRAM}/summary")).json()
    assert summary["follower_count"] == 6120 and summary["views"] >= summary["reach"] > 0
    async with api.installation.database.write() as session:
        account = await session.get_one(Account, IG)
        account.metadata_ = {**account.metadata_, "without_insights": True}
    assert refused(await http.get(f"{INSTAGRAM}/summary")) == (403, "platform.instagram.insights_scope_missing")


async def test_a_channel_is_summed_up_and_synced(api: EmbeddedApi, http: httpx2.AsyncClient) -> None:
    summary = (await http.get(f"{YOUTUBE}/summary")).json()
    assert (summary["title"], summary["subscriber_count"]) == ("Fjord Outdoor", 15400)
    assert (await http.post(f"{YOUTUBE}/sync")).json() == {"success": True}
    async with api.installation.database.read() as session:
        assert "synced_at" in (await session.get_one(Account, YT)).metadata_
    wrong = f"/v1/platforms/youtube/accounts/{IG}/summary"
    assert refused(await http.get(wrong)) == (400, "account.unsupported_platform")


async def test_a_live_video_is_edited(api: EmbeddedApi, http: httpx2.AsyncClient) -> None:
    path = f"{YOUTUBE}/videos/yt_Abc123"
    body = {"title": "Three days", "description": "With one pot", "visibility": "unlisted"}
    assert (await http.patch(path, json=body)).json() == {"success": True}
    async with api.installation.database.read() as session:
        video = (await session.scalars(select(Video))).one()
        assert (video.description, video.visibility) == ("With one pot", "unlisted")
    assert refused(await http.patch(path, json={})) == (400, "validation.field_required")
    assert refused(await http.patch(path, json={"title": "x" * 101})) == (400, "validation.field_invalid")
    assert refused(await http.patch(path, json={"title": "<b>"})) == (400, "validation.field_invalid")
    assert refused(await http.patch(f"{YOUTUBE}/videos/nope", json=body)) == (404, "post.not_found")


async def test_comments_are_edited_if_own_moderated_and_their_author_banned(
    api: EmbeddedApi, http: httpx2.AsyncClient
) -> None:
    def about(comment: str, **more: Any) -> tuple[str, dict[str, Any]]:
        return f"/v1/platforms/youtube/comments/{comment}", {"account_id": YT, "post_id": "yt_Abc123", **more}

    path, body = about("yt_c_own", text="Edited")
    assert (await http.patch(path, json=body)).json() == {"success": True}
    path, body = about("yt_c_1", text="Not mine")
    assert refused(await http.patch(path, json=body)) == (501, "resource.not_supported")

    async def listed(status: str) -> set[str]:
        query = {"account_id": YT, "moderation_status": status}
        rows = (await http.get("/v1/inbox/comments/yt_Abc123", params=query)).json()["data"]
        return {row["platform_id"] if "platform_id" in row else row["id"] for row in rows}

    before = await listed("held_for_review")
    path, body = about("yt_c_1", status="held_for_review")
    assert (await http.post(f"{path}/moderate", json=body)).json() == {"success": True}
    assert len(await listed("held_for_review")) == len(before) + 1
    path, body = about("yt_c_1", status="published", ban_author=True)
    assert refused(await http.post(f"{path}/moderate", json=body))[0] == 400
    path, body = about("yt_c_2", status="rejected", ban_author=True)
    assert (await http.post(f"{path}/moderate", json=body)).json() == {"success": True}
    await arrive(api.installation, "comment", account_id=YT, author="Link Farm", text="again")
    async with api.installation.database.read() as session:
        rows = await session.scalars(select(Comment).where(Comment.text == "again"))
        (row,) = rows.all()
        assert (row.author_id, row.moderation_status) == ("u_link.farm", "published")
    path, body = about("yt_c_own", status="rejected", ban_author=True)
    assert refused(await http.post(f"{path}/moderate", json=body)) == (400, "validation.field_invalid")


async def test_a_banned_author_is_rejected_from_then_on(api: EmbeddedApi, http: httpx2.AsyncClient) -> None:
    await arrive(api.installation, "comment", account_id=YT, author="Loud Voice", text="first")
    async with api.installation.database.read() as session:
        first = (await session.scalars(select(Comment).where(Comment.text == "first"))).one()
    body = {"account_id": YT, "post_id": "yt_Abc123", "status": "rejected", "ban_author": True}
    await http.post(f"/v1/platforms/youtube/comments/{first.platform_id}/moderate", json=body)
    await arrive(api.installation, "comment", account_id=YT, author="Loud Voice", text="second")
    async with api.installation.database.read() as session:
        rows = await session.scalars(select(Comment).where(Comment.author_id == first.author_id))
        assert {row.moderation_status for row in rows} == {"rejected"}


async def test_tiktok_and_linkedin_tell_their_numbers(http: httpx2.AsyncClient) -> None:
    profile = (await http.get("/v1/platforms/tiktok/accounts/acc_aurora_tiktok/summary")).json()
    assert profile["follower_count"] == 8210 and profile["likes_count"] >= 40200
    assert (await http.post("/v1/platforms/tiktok/accounts/acc_aurora_tiktok/sync")).json() == {"success": True}
    query = {"account_id": "acc_fjord_linkedin_page"}
    insights = (await http.get("/v1/platforms/linkedin/insights", params=query)).json()["data"]
    assert insights["follower_count"] == 3480 and insights["posts"][0]["post_id"] == "urn:li:share:7001"
    wrong = await http.get("/v1/platforms/linkedin/insights", params={"account_id": "acc_fjord_linkedin"})
    assert refused(wrong) == (400, "account.unsupported_platform")


async def test_a_page_of_a_login_is_given_to_a_brand(http: httpx2.AsyncClient) -> None:
    path = "/v1/platforms/facebook/logins/cred_aurora/pages"
    pages = {one["platform_page_id"]: one for one in (await http.get(path)).json()["pages"]}
    assert pages["100200300400"]["assigned_brand_name"] == "Aurora Coffee"
    assert not pages["100200300400"]["assignable"] and pages["100200300402"]["assignable"]
    made = await http.post(f"{path}/100200300402/assign", json={"brand_id": "b_aurora"})
    assert (made.status_code, made.json()["account_id"]) == (201, "acc_aurora_facebook")
    assert refused(await http.post(f"{path}/100200300400/assign", json={"brand_id": "b_fjord"}))[0] == 409
    assert refused(await http.post(f"{path}/nope/assign", json={"brand_id": "b_aurora"}))[0] == 404
    assert refused(await http.post(f"{path}/100200300402/assign", json={"brand_id": "b_nobody"})) == (
        404,
        "brand.not_found",
    )
    assert refused(await http.get("/v1/platforms/facebook/logins/cred_nobody/pages")) == (404, "resource.not_found")


async def test_a_free_page_makes_an_account_for_a_brand_that_has_none(http: httpx2.AsyncClient) -> None:
    path = "/v1/platforms/facebook/logins/cred_aurora/pages/100200300402/assign"
    made = (await http.post(path, json={"brand_id": "b_fjord"})).json()
    pages = (await http.get(f"/v1/accounts/{made['account_id']}/pages")).json()["data"]
    assert [one["platform_page_id"] for one in pages] == ["100200300402"]


async def test_notices_are_seen_once_and_expire(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    first = (await http.get("/v1/announcements")).json()
    assert [(one["kind"], one["seen"]) for one in first["data"]] == [("maintenance", False), ("product_update", False)]
    assert "window_start" in first["data"][0] and "window_start" not in first["data"][1]
    for _ in range(2):
        assert (await http.post("/v1/announcements/ann_maintenance/seen")).json() == {"ok": True}
    assert (await http.get("/v1/announcements")).json()["data"][0]["seen"] is True
    clock.advance(hours=49)
    assert (await http.get("/v1/announcements")).json()["count"] == 1
    assert refused(await http.post("/v1/announcements/ann_maintenance/seen")) == (404, "resource.not_found")


async def test_feedback_is_kept(api: EmbeddedApi, http: httpx2.AsyncClient) -> None:
    assert (await http.post("/v1/feedback", json={"type": "bug", "message": " It broke. "})).json() == {"ok": True}
    async with api.installation.database.read() as session:
        assert (await session.scalars(select(Feedback))).one().message == "It broke."
    assert refused(await http.post("/v1/feedback", json={"type": "bug", "message": "  "})) == (
        400,
        "validation.field_required",
    )
    assert refused(await http.post("/v1/feedback", json={"type": "praise", "message": "x"}))[0] == 400
