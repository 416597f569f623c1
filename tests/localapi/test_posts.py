"""Posts: times of single targets, retries, edits, removal, lookup, lists and what a delivery does."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select, update

from localapi import delivery
from localapi.app import EmbeddedApi
from localapi.simulate import order_failure
from localapi.tables import Account, Comment, MediaFile, NetworkPost, Post, PostTarget, UsagePeriod
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio
THREADS, X = {"account_id": "acc_aurora_threads"}, {"account_id": "acc_aurora_twitter"}
GOOGLE, FACEBOOK = {"account_id": "acc_aurora_google"}, {"account_id": "acc_aurora_facebook"}
PICTURE = [{"source_type": "media_id", "source": "med_latte"}]


async def created(http: httpx2.AsyncClient, **body: object) -> dict[str, Any]:
    response = await http.post("/v1/posts", json={"text": "Hello", **body})
    assert response.status_code == 201, response.text
    return dict(response.json())


async def published(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock, *targets: object, **body: object
) -> dict[str, Any]:
    """A post whose run is over, whatever came of it."""
    due = (clock.now() + timedelta(minutes=1)).isoformat()
    post = await created(http, scheduled_at=due, targets=list(targets), **body)
    clock.advance(minutes=2)
    await api.jobs.run_due()
    return await shown(http, post["id"])


async def shown(http: httpx2.AsyncClient, post_id: str) -> dict[str, Any]:
    response = await http.get(f"/v1/posts/{post_id}")
    assert response.status_code == 200, response.text
    return dict(response.json())


def states(post: dict[str, Any]) -> list[str]:
    return [row["status"] for row in post["targets"]]


def refused(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


async def test_a_target_with_a_later_time_of_its_own_waits_for_it(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    first, later = clock.now() + timedelta(hours=1), clock.now() + timedelta(hours=5)
    post = await created(
        http, scheduled_at=first.isoformat(), targets=[THREADS, {**X, "scheduled_at": later.isoformat()}]
    )
    clock.advance(hours=2)
    await api.jobs.run_due()
    half = await shown(http, post["id"])
    assert (half["status"], states(half)) == ("publishing", ["published", "pending"])
    await api.jobs.run_due()
    assert states(await shown(http, post["id"])) == ["published", "pending"]
    clock.advance(hours=4)
    await api.jobs.run_due()
    whole = await shown(http, post["id"])
    assert (whole["status"], states(whole)) == ("published", ["published", "published"])
    assert whole["targets"][0]["platform_post_id"] == half["targets"][0]["platform_post_id"]


async def test_a_target_with_an_earlier_time_than_its_post_goes_first(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    early, late = clock.now() + timedelta(hours=1), clock.now() + timedelta(hours=5)
    post = await created(
        http, scheduled_at=late.isoformat(), targets=[THREADS, {**X, "scheduled_at": early.isoformat()}]
    )
    clock.advance(hours=2)
    await api.jobs.run_due()
    assert states(await shown(http, post["id"])) == ["pending", "published"]


async def test_the_time_of_a_target_may_not_be_over(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    past, ahead = (clock.now() - timedelta(hours=1)).isoformat(), (clock.now() + timedelta(hours=1)).isoformat()
    body = {"text": "x", "scheduled_at": ahead, "targets": [THREADS, {**X, "scheduled_at": past}]}
    response = await http.post("/v1/posts", json=body)
    assert response.status_code == 400
    assert response.json()["error"]["meta"]["field"] == "targets.1.scheduled_at"


async def test_publishing_now_ignores_every_time(http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock) -> None:
    later = (clock.now() + timedelta(hours=5)).isoformat()
    targets = [{**THREADS, "scheduled_at": later}]
    post = await created(http, publish_now=True, scheduled_at="2020-01-01T00:00:00Z", targets=targets)
    assert post["status"] == "publishing"
    assert "scheduled_at" not in post and "scheduled_at" not in post["targets"][0]
    await api.jobs.run_due()
    assert (await shown(http, post["id"]))["status"] == "published"


async def test_a_retry_leaves_alone_what_cannot_or_must_not_be_repeated(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    for target in (GOOGLE, X):
        await order_failure(api.installation, account_id=target["account_id"], kind="api_error")
    post = await published(http, api, clock, THREADS, GOOGLE, X)
    assert (post["status"], states(post)) == ("partial", ["published", "failed", "failed"])
    url = f"/v1/posts/{post['id']}"
    assert (await http.post(f"{url}/unpublish", json=THREADS)).status_code == 200
    assert (await http.post(f"{url}/retry")).status_code == 200
    await api.jobs.run_due()
    after = await shown(http, post["id"])
    assert (after["status"], states(after)) == ("partial", ["cancelled", "failed", "published"])
    assert refused(await http.post(f"{url}/retry")) == (400, "post.no_retryable_deliveries")


async def test_a_failed_post_with_new_targets_can_be_retried(http: httpx2.AsyncClient, api: EmbeddedApi) -> None:
    changed = await http.patch("/v1/posts/post_failed", json={"targets": [THREADS]})
    assert changed.status_code == 200, changed.text
    assert (await http.post("/v1/posts/post_failed/retry")).status_code == 200
    await api.jobs.run_due()
    assert (await shown(http, "post_failed"))["status"] == "published"


async def test_each_retry_costs_one_credit(http: httpx2.AsyncClient, api: EmbeddedApi) -> None:
    async def used() -> int:
        async with api.installation.database.read() as session:
            return int(await session.scalar(select(func.coalesce(func.sum(UsagePeriod.posts), 0))) or 0)

    before = await used()
    await http.post("/v1/posts/post_partial/retry")
    assert await used() == before + 1


async def test_a_scheduled_post_keeps_at_least_one_target(http: httpx2.AsyncClient) -> None:
    response = await http.patch("/v1/posts/post_scheduled", json={"targets": []})
    assert refused(response) == (400, "validation.field_required")
    assert len((await shown(http, "post_scheduled"))["targets"]) == 2


async def test_a_post_on_its_way_can_be_neither_changed_nor_deleted(http: httpx2.AsyncClient) -> None:
    post = await created(http, publish_now=True, targets=[THREADS])
    url = f"/v1/posts/{post['id']}"
    for response in (
        await http.patch(url, json={"hidden": True}),
        await http.delete(url),
        await http.post(f"{url}/publish"),
        await http.post(f"{url}/retry"),
    ):
        assert refused(response) == (409, "post.state_invalid")


async def test_a_published_post_is_edited_where_every_platform_can(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    able = await published(http, api, clock, FACEBOOK)
    assert (await http.patch(f"/v1/posts/{able['id']}", json={"text": "Better"})).json()["text"] == "Better"
    async with api.installation.database.read() as session:
        query = select(NetworkPost.text).where(NetworkPost.platform_id == able["targets"][0]["platform_post_id"])
        assert await session.scalar(query) == "Better"
    mixed = await published(http, api, clock, FACEBOOK, THREADS, text="Both")
    assert refused(await http.patch(f"/v1/posts/{mixed['id']}", json={"text": "x"})) == (501, "resource.not_supported")
    assert refused(await http.patch(f"/v1/posts/{able['id']}", json={"title": "x"})) == (501, "resource.not_supported")


async def test_hidden_posts_are_listed_only_on_request(http: httpx2.AsyncClient) -> None:
    assert (await http.patch("/v1/posts/post_published", json={"hidden": True})).json()["hidden"] is True
    for query, is_there in (("", False), ("?hidden=true", True)):
        ids = [row["id"] for row in (await http.get(f"/v1/posts{query}")).json()["data"]]
        assert ("post_published" in ids) is is_there


async def test_the_same_content_for_another_place_is_no_duplicate(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    due = (clock.now() + timedelta(hours=1)).isoformat()

    def pin(board: str) -> dict[str, object]:
        target = {"account_id": "acc_fjord_pinterest", "board_id": board}
        return {"scheduled_at": due, "targets": [target], "media": PICTURE}

    await created(http, **pin("sapi_board_trails"))
    await created(http, **pin("sapi_board_old"))
    again = await http.post("/v1/posts", json={"text": "Hello", **pin("9001")})
    assert refused(again) == (409, "resource.conflict")
    assert "skip_duplicate_check" in again.json()["error"]["message"]
    for _ in range(2):
        await created(http, text="Only a draft", targets=[THREADS])


async def test_a_pin_needs_a_board_of_its_account(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    due = (clock.now() + timedelta(hours=1)).isoformat()
    for target, code in (
        ({}, "validation.board_id_required"),
        ({"board_id": "nowhere"}, "validation.field_invalid"),
        ({"board_id": "9001", "page_id": "9001"}, "validation.field_invalid"),
    ):
        targets = [{"account_id": "acc_fjord_pinterest", **target}]
        body = {"text": "Pin", "media": PICTURE, "scheduled_at": due, "targets": targets}
        assert refused(await http.post("/v1/posts", json=body)) == (400, code)


async def test_the_same_place_twice_in_one_post_fails_the_second_time(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    post = await published(http, api, clock, THREADS, THREADS)
    assert (post["status"], states(post)) == ("partial", ["published", "failed"])
    assert post["targets"][1]["error"]["code"] == "publishing.duplicate_target"


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/a.jpg",
        "http://10.1.2.3/a.jpg",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/a.jpg",
        "http://[::ffff:10.0.0.1]/a.jpg",
        "http://localhost./a.jpg",
        "http://2130706433/a.jpg",
        "http://0x7f.0.0.1/a.jpg",
        "http://db.internal/a.jpg",
        "ftp://example.com/a.jpg",
        "http://[::1/a.jpg",
    ],
)
async def test_media_at_addresses_that_are_not_public_fails(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock, address: str
) -> None:
    media = [{"source_type": "url", "source": address, "type": "image"}]
    post = await published(http, api, clock, THREADS, media=media, skip_validation=True)
    assert post["status"] == "failed"
    assert post["targets"][0]["error"]["category"] == "validation"


async def test_what_a_target_lacks_at_its_time_is_named(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    due = (clock.now() + timedelta(hours=1)).isoformat()
    post = await created(http, scheduled_at=due, media=PICTURE, targets=[THREADS, X, FACEBOOK], skip_validation=True)
    async with api.installation.database.write() as session:
        await session.execute(update(MediaFile).where(MediaFile.id == "med_latte").values(status="pending"))
        change = update(Account).where(Account.id == X["account_id"])
        await session.execute(change.values(status="reconnect_required"))
    assert (await http.delete(f"/v1/accounts/{THREADS['account_id']}")).status_code == 204
    clock.advance(hours=2)
    await api.jobs.run_due()
    failed = await shown(http, post["id"])
    assert failed["status"] == "failed"
    assert [row["error"]["code"] for row in failed["targets"]] == [
        "publishing.delivery.account_load_failed",
        "account.reconnection_required",
        "media.not_found",
    ]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("auth", "platform.threads.auth"),
        ("rate_limit", "platform.threads.rate_limit"),
        ("api_error", "platform.threads.api_error"),
        ("timeout", "publishing.delivery.timeout"),
    ],
)
async def test_ordered_failures_happen_as_often_as_ordered(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock, kind: str, code: str
) -> None:
    await order_failure(api.installation, account_id=THREADS["account_id"], kind=kind)
    assert (await published(http, api, clock, THREADS))["targets"][0]["error"]["code"] == code
    assert (await published(http, api, clock, THREADS, text="Next"))["status"] == "published"


async def test_a_repeated_delivery_happens_once(http: httpx2.AsyncClient, api: EmbeddedApi) -> None:
    post = await created(http, publish_now=True, targets=[FACEBOOK], first_comment="First!")
    await delivery.due(api.installation)
    (target_id,) = await delivery.open_targets(api.installation, post["id"])
    await asyncio.gather(*(delivery.deliver(api.installation, target_id) for _ in range(5)))
    async with api.installation.database.read() as session:
        made = list(await session.scalars(select(NetworkPost).where(NetworkPost.delivery_key.is_not(None))))
        assert len(made) == 1
        comments = list(await session.scalars(select(Comment).where(Comment.network_post_id == made[0].id)))
    assert [(row.text, row.is_owner) for row in comments] == [("First!", True)]


async def test_a_video_takes_the_platform_its_time(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    media = [{"source_type": "url", "source": "https://example.com/a.mp4", "type": "video"}]
    post = await published(http, api, clock, THREADS, media=media)
    assert post["status"] == "publishing"
    await api.jobs.run_due()
    assert (await shown(http, post["id"]))["status"] == "publishing"
    clock.advance(seconds=api.installation.network_seconds)
    await api.jobs.run_due()
    done = await shown(http, post["id"])
    assert (done["status"], done["targets"][0]["metadata"]) == ("published", {})


async def test_a_target_that_is_given_up_lets_its_post_settle(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    post = await created(http, publish_now=True, targets=[THREADS, X])
    ((_, run),) = await delivery.due(api.installation)
    first, second = await delivery.open_targets(api.installation, post["id"])
    await delivery.deliver(api.installation, first)
    await delivery.give_up(api.installation, second)
    await delivery.give_up(api.installation, first)
    await delivery.settle(api.installation, post["id"], run)
    after = await shown(http, post["id"])
    assert (after["status"], states(after)) == ("partial", ["published", "failed"])


async def test_an_old_run_does_not_settle_a_newer_one(http: httpx2.AsyncClient, api: EmbeddedApi) -> None:
    post = await created(http, publish_now=True, targets=[THREADS])
    ((_, run),) = await delivery.due(api.installation)
    await delivery.again(api.installation, post["id"], run)
    await delivery.again(api.installation, post["id"], run)
    for target_id in await delivery.open_targets(api.installation, post["id"]):
        await delivery.deliver(api.installation, target_id)
    await delivery.settle(api.installation, post["id"], run)
    assert (await shown(http, post["id"]))["status"] == "publishing"
    await delivery.settle(api.installation, post["id"], run + 1)
    assert (await shown(http, post["id"]))["status"] == "published"


async def test_numbers_start_small_grow_by_the_clock_and_stay_the_same(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    post = await published(http, api, clock, FACEBOOK, GOOGLE)
    url = f"/v1/posts/{post['id']}/metrics"

    async def numbers() -> list[dict[str, Any]]:
        return list((await http.get(url)).json()["data"]["targets"])

    new = await numbers()
    assert new[0]["metrics"]["likes"] == 0
    clock.advance(hours=10)
    old = await numbers()
    assert old == await numbers()
    assert old[0]["metrics"]["likes"] > 0
    assert old[0]["metrics"]["saves"] == 0
    assert old[1]["metrics"] == {"likes": 0, "comments": 0, "shares": 0, "saves": 0, "extra": {}}
    assert "metrics_synced_at" not in old[1]
    await http.post(f"/v1/posts/{post['id']}/unpublish", json=GOOGLE)
    assert [row["platform"] for row in await numbers()] == ["facebook"]


async def test_a_platform_id_of_several_posts_is_ambiguous(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    post = await published(http, api, clock, FACEBOOK)
    async with api.installation.database.write() as session:
        await session.execute(
            update(PostTarget).where(PostTarget.post_id == post["id"]).values(platform_post_id="ig_1789001")
        )
    for path in ("", "/metrics"):
        assert refused(await http.get(f"/v1/posts/ig_1789001{path}")) == (409, "ambiguous_post_id")
    assert refused(await http.delete("/v1/posts/ig_1789001")) == (404, "post.not_found")


async def test_an_account_to_be_reconnected_keeps_its_post_for_another_try(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    post = await published(http, api, clock, THREADS, X)
    for status, outcomes in (("reconnect_required", ["failed", "deleted"]), ("active", ["deleted"])):
        async with api.installation.database.write() as session:
            change = update(Account).where(Account.id == THREADS["account_id"]).values(status=status)
            await session.execute(change)
        body = (await http.delete(f"/v1/posts/{post['id']}")).json()
        assert [row["outcome"] for row in body["results"]] == outcomes
        assert body["deleted"] is (status == "active")
    assert (await http.get(f"/v1/posts/{post['id']}")).status_code == 404


@pytest.mark.parametrize("sort", ["scheduled_asc", "scheduled_desc", "created_asc", "created_desc"])
async def test_pages_hold_every_post_once_and_in_order(http: httpx2.AsyncClient, clock: HeldClock, sort: str) -> None:
    for number in range(9):
        due = {"scheduled_at": (clock.now() + timedelta(hours=20 - number)).isoformat()} if number % 3 else {}
        await created(http, text=f"Post {number}", targets=[THREADS], **due)
        clock.advance(minutes=number % 2)
    rows: list[dict[str, Any]] = []
    cursor = ""
    while True:
        body = (await http.get(f"/v1/posts?sort={sort}&limit=4&cursor={cursor}")).json()
        rows += body["data"]
        cursor = body["pagination"]["next_cursor"]
        if not body["pagination"]["has_more"]:
            break
    assert len({row["id"] for row in rows}) == len(rows) == 14
    by_schedule = sort.startswith("scheduled")
    times = [row.get("scheduled_at", row["created_at"]) if by_schedule else row["created_at"] for row in rows]
    assert times == sorted(times, reverse=sort.endswith("desc"))


async def test_lists_are_narrowed(http: httpx2.AsyncClient) -> None:
    async def found(query: str) -> set[str]:
        return {row["id"] for row in (await http.get(f"/v1/posts?{query}")).json()["data"]}

    assert await found("status=draft") == {"post_draft"}
    assert await found("search=WINTER") == {"post_published"}
    assert await found("search=%25") == set()
    assert await found("brand_id=b_fjord") == {"post_failed"}
    assert await found("platform=instagram") == {"post_published"}
    assert await found("account_ids=acc_aurora_instagram,acc_fjord_threads") == {"post_published", "post_failed"}
    assert await found("brand_id=b_fjord&platform=facebook") == set()


async def test_a_key_of_one_brand_sees_and_targets_only_that(http: httpx2.AsyncClient) -> None:
    key = (await http.post("/v1/keys", json={"name": "fjord", "brand_ids": ["b_fjord"]})).json()["raw_key"]
    headers = {"Authorization": f"Bearer {key}"}
    assert [row["id"] for row in (await http.get("/v1/posts", headers=headers)).json()["data"]] == ["post_failed"]
    for response in (
        await http.get("/v1/posts/post_published", headers=headers),
        await http.delete("/v1/posts/post_partial", headers=headers),
    ):
        assert refused(response) == (404, "post.not_found")
    body = {"text": "x", "targets": [THREADS]}
    assert refused(await http.post("/v1/posts", json=body, headers=headers)) == (404, "account.not_found")


async def test_media_wins_over_the_older_list_and_fills_it(http: httpx2.AsyncClient) -> None:
    post = await created(http, media=PICTURE, media_ids=["med_logo"])
    assert post["media_ids"] == ["med_latte"]
    assert (await created(http, media_ids=["med_logo"]))["media"] == [{"source_type": "media_id", "source": "med_logo"}]


async def test_options_of_a_target_win_over_those_of_the_post(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock
) -> None:
    post = await published(
        http,
        api,
        clock,
        {"account_id": "acc_aurora_instagram", "platform_data": {"content_type": "stories"}},
        {"account_id": "acc_fjord_instagram"},
        media=PICTURE,
        text="",
        platform_data={"instagram": {"content_type": "feed"}},
    )
    assert [row["media_type"] for row in post["targets"]] == ["stories", "feed"]


async def test_nothing_is_due_means_nothing_is_written(api: EmbeddedApi) -> None:
    async with api.installation.database.read() as session:
        before = [(row.id, row.run) for row in await session.scalars(select(Post).order_by(Post.id))]
    assert await delivery.due(api.installation) == []
    async with api.installation.database.read() as session:
        assert [(row.id, row.run) for row in await session.scalars(select(Post).order_by(Post.id))] == before
