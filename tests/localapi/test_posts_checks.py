"""Posts: what is refused before it costs anything, and what becomes of places that are gone at their time."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from localapi.app import EmbeddedApi
from localapi.tables import Account, Page
from tests.conftest import HeldClock
from tests.localapi.test_posts import FACEBOOK, GOOGLE, PICTURE, THREADS, X, created, published, refused, shown, states

pytestmark = pytest.mark.anyio
PIN = {"account_id": "acc_fjord_pinterest", "board_id": "sapi_board_trails"}
YOUTUBE = {"account_id": "acc_fjord_youtube"}
VIDEO = [{"source_type": "url", "source": "https://example.com/film.mp4", "type": "video"}]


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1/a.jpg", "http://169.254.169.254/", "ftp://example.com/a", "javascript:1", "not a url"]
)
async def test_media_that_no_platform_could_fetch_is_refused_before_it_costs_a_credit(
    http: httpx2.AsyncClient, clock: HeldClock, address: str
) -> None:
    media = [{"source_type": "url", "source": address, "type": "image"}]
    due = (clock.now() + timedelta(hours=1)).isoformat()
    before = (await http.get("/v1/usage")).json()
    body = {"text": "Hello", "targets": [THREADS], "scheduled_at": due, "media": media}
    response = await http.post("/v1/posts", json=body)
    assert refused(response) == (400, "validation.field_invalid")
    checked = (
        await http.post("/v1/posts/validate", json={"text": "Hello", "targets": [THREADS], "media": media})
    ).json()
    assert (checked["valid"], checked["errors"][0]["field"]) == (False, "media")
    assert (await http.get("/v1/usage")).json() == before


async def test_a_file_of_no_name_is_refused_in_a_draft_too(http: httpx2.AsyncClient) -> None:
    response = await http.post("/v1/posts", json={"text": "Hello", "media": [{"source_type": "url", "source": ""}]})
    assert response.status_code == 400


async def test_the_check_finds_what_creating_would_refuse(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    past = (clock.now() - timedelta(days=1)).isoformat()
    async with api.installation.database.write() as session:
        await session.execute(update(Account).where(Account.id == X["account_id"]).values(status="reconnect_required"))
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"targets": [{**PIN, "board_id": "nope"}], "media": PICTURE}, "targets.0.board_id"),
        ({"targets": [{**PIN, "page_id": "other"}], "media": PICTURE}, "targets.0.board_id"),
        ({"targets": [{**FACEBOOK, "page_id": "nope"}]}, "page_id"),
        ({"targets": [{**THREADS, "scheduled_at": past}]}, "targets.0.scheduled_at"),
        ({"targets": [THREADS], "scheduled_at": past}, "scheduled_at"),
        ({"targets": [THREADS, THREADS]}, "targets"),
        ({"targets": [X]}, "account_id"),
    ]
    for body, field in wrong:
        response = await http.post("/v1/posts/validate", json={"text": "Hello", **body})
        assert response.status_code == 200, response.text
        assert field in [issue["field"] for issue in response.json()["errors"]], body
    fine = await http.post("/v1/posts/validate", json={"text": "Hello", "targets": [THREADS, FACEBOOK]})
    assert fine.json()["valid"] is True


async def test_a_page_that_is_off_takes_no_posts(http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock) -> None:
    due = (clock.now() + timedelta(hours=1)).isoformat()
    post = await created(http, scheduled_at=due, targets=[FACEBOOK])
    async with api.installation.database.write() as session:
        await session.execute(update(Page).values(is_active=False))
    response = await http.post("/v1/posts", json={"text": "Off", "targets": [FACEBOOK], "publish_now": True})
    assert refused(response) == (400, "account.no_active_page")
    clock.advance(hours=2)
    await api.jobs.run_due()
    failed = (await shown(http, post["id"]))["targets"][0]
    assert failed["error"]["code"] == "publishing.delivery.page_resolve_failed"


async def test_a_board_that_is_gone_takes_no_pin(http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock) -> None:
    due = (clock.now() + timedelta(hours=1)).isoformat()
    post = await created(http, scheduled_at=due, targets=[PIN], media=PICTURE)
    assert (await http.delete("/v1/accounts/acc_fjord_pinterest/boards/sapi_board_trails")).status_code == 204
    clock.advance(hours=2)
    await api.jobs.run_due()
    failed = await shown(http, post["id"])
    assert (failed["status"], failed["targets"][0]["error"]["category"]) == ("failed", "validation")


async def test_what_is_live_is_changed_by_the_names_of_its_options_and_checked_again(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    film = await published(http, api, clock, YOUTUBE, title="Ridge", media=VIDEO)
    clock.advance(minutes=1)
    await api.jobs.run_due()
    assert (await shown(http, film["id"]))["status"] == "published"
    changes: list[tuple[dict[str, Any], int]] = [
        ({"platform_data": {"youtube": {"tags": ["ridge"]}}}, 200),
        ({"platform_data": {"youtube": {"playlist_id": "x"}}}, 501),
        ({"title": "x" * 101}, 400),
        ({"visibility": "connections_only"}, 400),
    ]
    for change, status in changes:
        response = await http.patch(f"/v1/posts/{film['id']}", json=change)
        assert response.status_code == status, (change, response.text)
    words = await published(http, api, clock, FACEBOOK)
    for text in ("", "x" * 63_300):
        assert (await http.patch(f"/v1/posts/{words['id']}", json={"text": text})).status_code == 400
    event = await published(http, api, clock, GOOGLE)
    mask = {"platform_data": {"google": {"updateMask": "summary"}}}
    assert (await http.patch(f"/v1/posts/{event['id']}", json=mask)).status_code == 200


@pytest.mark.parametrize("gone", [True, False], ids=["disconnected", "to be connected again"])
async def test_what_cannot_be_taken_down_stays_and_says_so(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock, gone: bool
) -> None:
    post = await published(http, api, clock, THREADS)
    if gone:
        assert (await http.delete(f"/v1/accounts/{THREADS['account_id']}")).status_code == 204
    else:
        async with api.installation.database.write() as session:
            change = update(Account).where(Account.id == THREADS["account_id"]).values(status="reconnect_required")
            await session.execute(change)
    down = await http.post(f"/v1/posts/{post['id']}/unpublish", json={})
    assert refused(down) == (403, "account.reconnection_required")
    deleted = (await http.delete(f"/v1/posts/{post['id']}")).json()
    assert (deleted["deleted"], deleted["results"][0]["outcome"]) == (False, "failed")


async def test_a_post_that_is_down_everywhere_is_cancelled(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    post = await published(http, api, clock, THREADS, FACEBOOK)
    await http.post(f"/v1/posts/{post['id']}/unpublish", json={"account_id": THREADS["account_id"]})
    assert (await shown(http, post["id"]))["status"] == "published"
    await http.post(f"/v1/posts/{post['id']}/unpublish", json={})
    assert (await shown(http, post["id"]))["status"] == "cancelled"


async def test_the_time_of_a_post_follows_its_first_target(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    soon, later = [(clock.now() + timedelta(hours=hours)).isoformat() for hours in (1, 5)]
    post = await created(http, targets=[{**THREADS, "scheduled_at": soon}])
    changed = await http.patch(f"/v1/posts/{post['id']}", json={"targets": [{**THREADS, "scheduled_at": later}]})
    assert changed.json()["scheduled_at"] == changed.json()["targets"][0]["scheduled_at"]
    assert changed.json()["scheduled_at"] > post["scheduled_at"]


async def test_a_post_that_waits_for_a_later_target_can_be_called_off(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    month = (clock.now() + timedelta(days=30)).isoformat()
    soon = (clock.now() + timedelta(hours=1)).isoformat()
    post = await created(http, scheduled_at=soon, targets=[THREADS, {**FACEBOOK, "scheduled_at": month}])
    clock.advance(hours=2)
    await api.jobs.run_due()
    assert states(await shown(http, post["id"])) == ["published", "pending"]
    deleted = (await http.delete(f"/v1/posts/{post['id']}")).json()
    assert deleted["deleted"] is True
    assert (await http.get(f"/v1/posts/{post['id']}")).status_code == 404


async def test_the_posts_of_a_thread_are_told_whichever_way_they_were_given(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    options = {"twitter": {"thread": ["two", "three"]}}
    by_option = await published(http, api, clock, X, platform_data=options)
    by_segments = await published(http, api, clock, X, text="Other", segments=[{"text": "two"}, {"text": "three"}])
    for post in (by_option, by_segments):
        assert len(post["targets"][0]["metadata"]["thread_post_ids"]) == 3


async def test_a_published_target_shows_its_numbers_in_lists_too(http: httpx2.AsyncClient) -> None:
    listed = (await http.get("/v1/posts?status=published")).json()["data"]
    targets = [target for post in listed for target in post["targets"] if target["status"] == "published"]
    assert targets
    assert all("metrics" in target for target in targets)
    asked = (await http.get("/v1/posts/post_published/metrics")).json()["data"]["targets"]
    shown_there = (await shown(http, "post_published"))["targets"]
    assert [row["metrics"] for row in asked] == [row["metrics"] for row in shown_there]
    assert any("metrics_synced_at" in row for row in shown_there)


async def test_a_single_video_on_instagram_is_a_reel(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    due = (clock.now() + timedelta(minutes=1)).isoformat()
    post = await created(http, scheduled_at=due, targets=[{"account_id": "acc_aurora_instagram"}], media=VIDEO)
    clock.advance(minutes=2)
    await api.jobs.run_due()
    clock.advance(minutes=2)
    await api.jobs.run_due()
    assert (await shown(http, post["id"]))["targets"][0]["media_type"] == "reel"


async def test_options_that_no_platform_would_see_are_refused(http: httpx2.AsyncClient) -> None:
    response = await http.post("/v1/posts", json={"text": "Hello", "platform_data": {"threads": "everyone"}})
    assert refused(response) == (400, "validation.field_invalid")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"text\n" + b"row\n" * 1001, "split it"),
        (b"text\n", "no rows"),
        (b"text,text\na,b\n", "twice"),
        (b"text\n" + b"a" * 140_000 + b"\n", "field larger than"),
        (b"text\n\xff\n", "UTF-8"),
    ],
    ids=["many", "none", "twice", "long", "binary"],
)
async def test_a_file_is_refused_for_its_true_reason(http: httpx2.AsyncClient, content: bytes, words: str) -> None:
    response = await http.post("/v1/posts/import?dry_run=true", files={"file": ("p.csv", content, "text/csv")})
    assert refused(response) == (400, "validation.field_invalid")
    assert words in response.json()["error"]["message"]


async def test_a_cell_that_cannot_be_read_fails_its_row_only(http: httpx2.AsyncClient) -> None:
    content = b'text,platform_data\nfine,\ndeep,"' + b"[" * 100_000 + b'"\nnul\x00,\n'
    response = await http.post("/v1/posts/import?dry_run=true", files={"file": ("p.csv", content, "text/csv")})
    assert response.status_code == 200, response.text
    assert [row["row"] for row in response.json()["errors"]] == [2, 3]


async def test_taking_down_says_where_it_did_and_where_it_could_not(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    post = await published(http, api, clock, {"account_id": "acc_aurora_instagram"}, THREADS, media=PICTURE)
    response = await http.post(f"/v1/posts/{post['id']}/unpublish", json={})
    assert refused(response) == (501, "resource.not_supported")
    message = response.json()["error"]["message"]
    assert message == "still up on instagram, which cannot take posts down; taken down on threads"
