"""Inbox: reading a list page by page while it changes, and what a cursor continues."""

from collections.abc import Awaitable, Callable

import httpx2
import pytest

from localapi.app import EmbeddedApi
from localapi.simulate import arrive
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio
IG, TG, YOUTUBE, VIDEO = "acc_aurora_instagram", "acc_fjord_telegram", "acc_fjord_youtube", "yt_Abc123"
CONVERSATIONS = {"conv_wa_1", "conv_ig_1", "conv_fb_1", "conv_tg_1", "conv_ig_old"}


async def read(
    http: httpx2.AsyncClient, path: str, limit: int, between: Callable[[int], Awaitable[object]], **query: str
) -> list[str]:
    """The ids of all pages; something happens after each."""
    seen: list[str] = []
    cursor = ""
    for number in range(50):
        given = {**query, "limit": str(limit), **({"cursor": cursor} if cursor else {})}
        response = await http.get(path, params=given)
        assert response.status_code == 200, response.text
        body = response.json()
        assert len(body["data"]) <= limit
        seen += [row["id"] for row in body["data"]]
        cursor = body["pagination"]["next_cursor"]
        assert body["pagination"]["has_more"] == bool(cursor)
        if not cursor:
            return seen
        await between(number)
    raise AssertionError("paging does not end")


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
@pytest.mark.parametrize("seconds", [0, 1, 3600])
async def test_a_conversation_that_moves_to_the_front_is_not_lost(
    http: httpx2.AsyncClient, clock: HeldClock, limit: int, seconds: int
) -> None:
    async def answer(number: int) -> None:
        clock.advance(seconds=seconds)
        if number < 3:
            name, account = (
                ("conv_tg_1", TG),
                ("conv_fb_1", "acc_aurora_facebook"),
                ("conv_wa_1", "acc_aurora_whatsapp"),
            )[number]
            path = f"/v1/inbox/conversations/{name}/messages"
            assert (await http.post(path, json={"account_id": account, "text": "Hi"})).status_code == 200

    seen = await read(http, "/v1/inbox/conversations", limit, answer)
    assert set(seen) == CONVERSATIONS
    assert len(seen) <= len(CONVERSATIONS) + 3


@pytest.mark.parametrize("limit", [1, 2])
async def test_a_post_that_moves_to_the_front_is_not_lost(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock, limit: int
) -> None:
    async def nothing(number: int) -> None: ...

    async def comment(number: int) -> None:
        clock.advance(minutes=1)
        if number < 2:
            await arrive(api.installation, "comment", account_id="acc_fjord_linkedin_page" if number else IG)

    for order in ("desc", "asc"):
        before = await read(http, "/v1/inbox/comments", 100, nothing, sort_order=order)
        assert set(await read(http, "/v1/inbox/comments", limit, comment, sort_order=order)) == set(before)


async def test_what_happened_just_before_the_first_page_comes_once(http: httpx2.AsyncClient) -> None:
    async def nothing(number: int) -> None: ...

    for name, account in (("conv_tg_1", TG), ("conv_ig_old", IG), ("conv_ig_1", IG)):
        body = {"account_id": account, "text": "Hi", **({"message_tag": "HUMAN_AGENT"} if account == IG else {})}
        assert (await http.post(f"/v1/inbox/conversations/{name}/messages", json=body)).status_code == 200
    for limit in (1, 2, 4):
        assert sorted(await read(http, "/v1/inbox/conversations", limit, nothing)) == sorted(CONVERSATIONS)


@pytest.mark.parametrize(
    ("path", "query", "other"),
    [
        ("/v1/inbox/comments", {}, {"sort_order": "asc"}),
        ("/v1/inbox/comments", {"sort_order": "asc"}, {"sort_order": "desc"}),
        ("/v1/inbox/comments", {}, {"platform": "instagram"}),
        ("/v1/inbox/comments", {}, {"min_comments": "2"}),
        ("/v1/inbox/comments", {}, {"brand_id": "b_aurora"}),
        ("/v1/inbox/comments", {}, {"since": "2026-01-01T00:00:00Z"}),
        ("/v1/inbox/conversations", {}, {"status": "archived"}),
        ("/v1/inbox/conversations", {}, {"account_id": IG}),
        ("/v1/inbox/conversations", {}, {"platform": "instagram"}),
        (f"/v1/accounts/{IG}/mentions", {}, {"since": "2026-01-01T00:00:00Z"}),
        ("/v1/inbox/reviews/acc_aurora_google", {}, {"order": "rating_asc"}),
        ("/v1/inbox/reviews/acc_aurora_google", {"order": "rating_asc"}, {"order": "rating_desc"}),
    ],
)
async def test_a_cursor_continues_only_the_list_it_is_from(
    http: httpx2.AsyncClient, path: str, query: dict[str, str], other: dict[str, str]
) -> None:
    first = (await http.get(path, params={**query, "limit": "1"})).json()
    cursor = first.get("pagination", first)["next_cursor"]
    assert (await http.get(path, params={**query, "limit": "1", "cursor": cursor})).status_code == 200
    response = await http.get(path, params={**query, **other, "limit": "1", "cursor": cursor})
    assert (response.status_code, response.json()["error"]["meta"]) == (400, {"field": "cursor"})
