"""Accounts: what the platform still allows, pages and boards."""

from datetime import timedelta

import httpx2
import pytest

from localapi.app import EmbeddedApi
from localapi.tables import NetworkPost
from tests.conftest import HeldClock
from tests.localapi.connecting import problem

pytestmark = pytest.mark.anyio
FACEBOOK = "/v1/accounts/acc_aurora_facebook/pages"
ORGANISATION = "/v1/accounts/acc_fjord_linkedin_page/pages"
BOARDS = "/v1/accounts/acc_fjord_pinterest/boards"


async def publish(api: EmbeddedApi, count: int, **age: float) -> None:
    """Have posts on Instagram that came through its API this long ago."""
    now = api.installation.clock.now() - timedelta(**age)
    async with api.installation.database.write() as session:
        for number in range(count):
            name = f"{age}{number}"
            session.add(
                NetworkPost(
                    id=name,
                    account_id="acc_aurora_instagram",
                    platform="instagram",
                    platform_id=name,
                    delivery_key=name,
                    published_at=now,
                )
            )


@pytest.mark.parametrize(("count", "left"), [(0, 25), (3, 22), (30, 0)])
async def test_instagram_takes_25_posts_in_24_hours(
    api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock, count: int, left: int
) -> None:
    await publish(api, count, hours=23)
    await publish(api, 2, hours=24)
    path = "/v1/accounts/acc_aurora_instagram/limits"
    assert (await http.get(path)).json() == {"posts_remaining": left}
    clock.advance(hours=1)
    assert (await http.get(path)).json() == {"posts_remaining": 25}


async def test_a_platform_without_quotas_has_none_to_tell(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/v1/accounts/acc_fjord_youtube/limits")).json() == {}


async def test_an_inactive_page_does_not_become_the_default(http: httpx2.AsyncClient) -> None:
    page = f"{FACEBOOK}/sapi_page_aurora_roastery"
    await http.patch(page, json={"is_active": False})
    assert problem(await http.patch(page, json={"is_default": True})) == (400, "account.page_inactive")
    assert problem(await http.patch(page, json={"is_active": False, "is_default": True}))[0] == 400
    both = await http.patch(page, json={"is_active": True, "is_default": True})
    assert (both.json()["is_active"], both.json()["is_default"]) == (True, True)
    rows = (await http.get(FACEBOOK)).json()["data"]
    assert [row["id"] for row in rows if row["is_default"]] == ["sapi_page_aurora_roastery"]


async def test_an_unknown_page_is_named(http: httpx2.AsyncClient) -> None:
    refused = await http.patch(f"{FACEBOOK}/sapi_page_nobody", json={"is_active": True})
    assert problem(refused) == (404, "resource.not_found")
    assert refused.json()["error"]["meta"] == {"resource": "page", "id": "sapi_page_nobody"}


async def test_a_linkedin_organisation_is_its_own_page(http: httpx2.AsyncClient) -> None:
    (page,) = (await http.get(ORGANISATION)).json()["data"]
    assert (page["platform_page_id"], page["name"], page["is_active"], page["is_default"]) == (
        "urn:li:organization:77",
        "Fjord Outdoor AS",
        True,
        True,
    )
    changed = await http.patch(f"{ORGANISATION}/{page['id']}", json={"is_active": False})
    assert changed.json()["is_active"] is False
    assert (await http.get(ORGANISATION)).json()["data"] == [changed.json()]


async def test_other_platforms_have_no_pages(http: httpx2.AsyncClient) -> None:
    path = "/v1/accounts/acc_fjord_linkedin/pages"
    assert problem(await http.get(path)) == (400, "account.pages_not_supported")
    assert problem(await http.patch(f"{path}/x", json={"is_active": True})) == (400, "account.pages_not_supported")


async def test_a_board_is_made_renamed_and_deleted(http: httpx2.AsyncClient) -> None:
    made = await http.post(BOARDS, json={"name": " Cabins "})
    assert (made.status_code, made.json()["name"], made.json()["privacy"]) == (201, "Cabins", "PUBLIC")
    path = f"{BOARDS}/{made.json()['id']}"
    renamed = await http.patch(path, json={"name": "Huts", "privacy": "SECRET"})
    assert renamed.json() == {**made.json(), "name": "Huts", "privacy": "SECRET"}
    assert renamed.json() in (await http.get(BOARDS)).json()["data"]
    assert (await http.delete(f"{BOARDS}/{made.json()['board_id']}")).status_code == 204
    gone = await http.patch(path, json={"name": "Huts"})
    assert problem(gone) == (404, "resource.not_found")
    assert gone.json()["error"]["meta"] == {"resource": "board", "id": made.json()["id"]}


@pytest.mark.parametrize("name", ["", " "])
async def test_a_board_has_a_name(http: httpx2.AsyncClient, name: str) -> None:
    assert (await http.post(BOARDS, json={"name": name})).status_code == 400
    board = (await http.get(BOARDS)).json()["data"][0]
    refused = await http.patch(f"{BOARDS}/{board['id']}", json={"name": name})
    assert problem(refused) == (400, "validation.field_required")
    assert board in (await http.get(BOARDS)).json()["data"]


async def test_a_protected_board_keeps_its_privacy(http: httpx2.AsyncClient) -> None:
    made = (await http.post(BOARDS, json={"name": "Cabins", "privacy": "PROTECTED"})).json()
    path = f"{BOARDS}/{made['id']}"
    assert (await http.patch(path, json={"privacy": "PUBLIC"})).status_code == 400
    assert (await http.patch(path, json={"name": "Huts"})).json()["privacy"] == "PROTECTED"
    open_board = (await http.post(BOARDS, json={"name": "Trails"})).json()
    assert (await http.patch(f"{BOARDS}/{open_board['id']}", json={"privacy": "PROTECTED"})).status_code == 400


async def test_boards_are_for_pinterest(http: httpx2.AsyncClient) -> None:
    refused = await http.get("/v1/accounts/acc_fjord_youtube/boards")
    assert problem(refused) == (400, "account.unsupported_platform")
