"""Invites: once, while they are open, and only for what the sender may connect."""

import asyncio

import httpx2
import pytest
from sqlalchemy import update

from localapi.app import EmbeddedApi
from localapi.tables import User
from tests.conftest import HeldClock
from tests.localapi.connecting import connect, invited, open_invite, problem

pytestmark = pytest.mark.anyio


async def accounts(http: httpx2.AsyncClient) -> list[str]:
    return [row["username"] for row in (await http.get("/v1/accounts?brand_id=b_empty")).json()["data"]]


async def test_an_invite_revoked_after_it_was_opened_connects_nothing(http: httpx2.AsyncClient) -> None:
    identifier, token = await invited(http, "tiktok")
    callback = await open_invite(http, token, "guest")
    assert (await http.delete(f"/v1/invites/{identifier}")).status_code == 204
    assert "used or revoked" in (await http.get(callback)).text
    assert await accounts(http) == []


async def test_an_invite_that_expired_after_it_was_opened_connects_nothing(
    http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    _, token = await invited(http, "tiktok")
    clock.advance(hours=23, minutes=55)
    callback = await open_invite(http, token, "guest")
    clock.advance(minutes=6)
    assert "has expired" in (await http.get(callback)).text
    assert await accounts(http) == []


async def test_of_two_opened_tabs_one_connects(http: httpx2.AsyncClient) -> None:
    _, token = await invited(http, "tiktok")
    tabs = [await open_invite(http, token, handle) for handle in ("one", "two")]
    pages = [page.text for page in await asyncio.gather(*map(http.get, tabs))]
    assert sorted("used or revoked" in page for page in pages) == [False, True]
    assert len(await accounts(http)) == 1


async def test_an_expired_invite_is_gone(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    _, token = await invited(http, "tiktok")
    clock.advance(days=1)
    assert problem(await http.get(f"/v1/invite/{token}")) == (410, "invite.expired")
    assert (await http.get(f"/invite/{token}")).status_code == 410


async def test_an_invites_address_without_a_token_in_it_is_unknown(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/invite/%00")).status_code == 404
    unknown = await http.delete("/v1/invites/inv_nobody")
    assert unknown.json()["error"]["meta"] == {"resource": "invite", "id": "inv_nobody"}


async def test_an_invite_for_a_closed_platform_is_refused_when_made_and_when_opened(
    api: EmbeddedApi, http: httpx2.AsyncClient
) -> None:
    _, token = await invited(http, "linkedin_page")
    async with api.installation.database.write() as session:
        await session.execute(update(User).values(allowed_platforms=[]))
    assert problem(await http.get(f"/v1/invite/{token}")) == (403, "billing.platform_not_available")
    body = {"brand_id": "b_aurora", "platform": "linkedin_page", "expires_in_days": 1}
    assert problem(await http.post("/v1/invites", json=body)) == (403, "billing.platform_not_available")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"platform": "twitter"}, 412, "byok.credentials_missing"),
        ({"platform": "myspace"}, 400, "account.unsupported_platform"),
        ({"platform": "telegram"}, 400, "validation.field_invalid"),
        ({"expires_in_days": 2}, 400, "validation.field_invalid"),
        ({"expires_in_days": None}, 400, "validation.field_invalid"),
    ],
)
async def test_what_nobody_can_be_invited_to(
    http: httpx2.AsyncClient, body: dict[str, object], status: int, code: str
) -> None:
    filled = {"brand_id": "b_empty", "platform": "tiktok", "expires_in_days": 1, **body}
    refused = await http.post("/v1/invites", json=filled)
    assert problem(refused) == (status, code)
    if "expires_in_days" in body:
        assert all(days in refused.json()["error"]["message"] for days in ("1", "3", "7", "14", "30"))


async def test_a_brand_has_one_open_invite_per_platform(http: httpx2.AsyncClient) -> None:
    body = {"brand_id": "b_empty", "platform": "tiktok", "expires_in_days": 1}
    made = await asyncio.gather(*(http.post("/v1/invites", json=body) for _ in range(6)))
    assert sorted(row.status_code for row in made) == [201, *[409] * 5]


async def test_a_brand_that_has_the_platform_invites_nobody(http: httpx2.AsyncClient) -> None:
    await connect(http, "tiktok", "stand", brand_id="b_empty")
    body = {"brand_id": "b_empty", "platform": "tiktok", "expires_in_days": 1}
    assert problem(await http.post("/v1/invites", json=body)) == (409, "resource.conflict")
