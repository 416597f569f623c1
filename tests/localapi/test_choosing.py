"""Choosing: pages of a Facebook login, one of several Google profiles, over the API and in the browser."""

import re
from html import unescape

import httpx2
import pytest
from sqlalchemy import select, update

from localapi.app import EmbeddedApi
from localapi.tables import Account
from tests.conftest import HeldClock
from tests.localapi.connecting import begin, connect, consent, invited, open_invite, problem, query

pytestmark = pytest.mark.anyio


async def pages_offered(http: httpx2.AsyncClient, connection_id: str) -> list[str]:
    detail = (await http.get(f"/v1/accounts/pending/{connection_id}")).json()
    return [row["platform_page_id"] for row in detail["pages"]]


async def select_pages(http: httpx2.AsyncClient, connection_id: str, page_ids: list[str]) -> httpx2.Response:
    return await http.post(f"/v1/accounts/pending/{connection_id}/select", json={"page_ids": page_ids})


async def facebook(http: httpx2.AsyncClient, handle: str, *chosen: int, brand_id: str) -> str:
    """Connect the chosen pages of a login; the account."""
    connection = (await connect(http, "facebook", handle, brand_id=brand_id))["connection_id"]
    offered = await pages_offered(http, connection)
    made = await select_pages(http, connection, [offered[index] for index in chosen])
    assert made.status_code == 201, made.text
    return str(made.json()["account_id"])


async def pages_held(http: httpx2.AsyncClient, account_id: str) -> dict[str, tuple[bool, bool]]:
    rows = (await http.get(f"/v1/accounts/{account_id}/pages")).json()["data"]
    return {row["name"]: (row["is_active"], row["is_default"]) for row in rows}


def choices(page: httpx2.Response) -> list[str]:
    assert "Nearly there" in page.text, page.text
    return [unescape(value) for value in re.findall(r'name="choice" value="([^"]+)"', page.text)]


async def test_an_invited_person_chooses_pages_without_a_key(api: EmbeddedApi, http: httpx2.AsyncClient) -> None:
    _, token = await invited(http, "facebook")
    sent = await http.get(await open_invite(http, token, "guest"))
    state = query(sent)["state"]
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=api.app), base_url="http://local") as guest:
        offered = choices(await guest.get(sent.headers["location"]))
        nothing = await guest.post("/connect/facebook/choose", data={"state": state})
        assert (nothing.status_code, 'role="alert"' in nothing.text) == (400, True)
        done = await guest.post("/connect/facebook/choose", data={"state": state, "choice": offered[1:]})
        again = await guest.post("/connect/facebook/choose", data={"state": state, "choice": offered[:1]})
    assert "Connected" in done.text
    assert again.status_code == 404
    (account,) = (await http.get("/v1/accounts?brand_id=b_empty")).json()["data"]
    assert await pages_held(http, account["id"]) == {"guest Events": (True, True), "guest Shop": (True, False)}
    assert (await http.get(f"/v1/invite/{token}")).status_code == 410


async def test_an_invited_person_chooses_one_profile(http: httpx2.AsyncClient) -> None:
    _, token = await invited(http, "google")
    sent = await http.get(await open_invite(http, token, "<b>harbour</b>, station"))
    page = await http.get(sent.headers["location"])
    assert "<b>" not in page.text
    form = {"state": query(sent)["state"], "choice": choices(page)[1]}
    assert "Connected" in (await http.post("/connect/google/choose", data=form)).text
    (account,) = (await http.get("/v1/accounts?brand_id=b_empty")).json()["data"]
    assert account["username"] == "station"


async def test_an_invite_revoked_before_the_choice_connects_nothing(http: httpx2.AsyncClient) -> None:
    identifier, token = await invited(http, "google")
    sent = await http.get(await open_invite(http, token, "harbour, station"))
    offered = choices(await http.get(sent.headers["location"]))
    await http.delete(f"/v1/invites/{identifier}")
    form = {"state": query(sent)["state"], "choice": offered[0]}
    refused = await http.post("/connect/google/choose", data=form)
    assert (refused.status_code, "used or revoked" in refused.text) == (400, True)
    assert (await http.get("/v1/accounts?brand_id=b_empty")).json()["count"] == 0


async def test_a_choice_that_the_caller_makes_is_not_offered_in_the_browser(http: httpx2.AsyncClient) -> None:
    begun = await begin(http, "google", redirect_uri="https://app.example.com/done")
    state = begun.json()["state"]
    await http.get(await consent(http, "google", state, "harbour, station"))
    assert (await http.get(f"/connect/google/choose?state={state}")).status_code == 404


@pytest.mark.parametrize(
    ("connection", "body", "field"),
    [
        ("facebook", {"platform_account_id": "x"}, "page_ids"),
        ("google", {"page_ids": ["x"]}, "platform_account_id"),
    ],
)
async def test_the_other_platforms_kind_of_choice_is_refused(
    http: httpx2.AsyncClient, connection: str, body: dict[str, object], field: str
) -> None:
    identifier = (await connect(http, connection, "one, two", brand_id="b_empty"))["connection_id"]
    refused = await http.post(f"/v1/accounts/pending/{identifier}/select", json=body)
    assert problem(refused) == (400, "validation.field_required")
    assert refused.json()["error"]["meta"] == {"field": field}


async def test_a_page_chosen_twice_is_one_page(http: httpx2.AsyncClient) -> None:
    account = await facebook(http, "stand", 0, 0, brand_id="b_empty")
    assert await pages_held(http, account) == {"stand": (True, True)}


async def test_a_pending_connection_is_used_once_and_names_itself_when_gone(
    http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    used, late = [(await connect(http, "facebook", "stand"))["connection_id"] for _ in range(2)]
    offered = await pages_offered(http, used)
    await select_pages(http, used, offered[:1])
    again = await select_pages(http, used, offered[:1])
    assert problem(again) == (404, "resource.not_found")
    assert again.json()["error"]["meta"] == {"resource": "pending_connection", "id": used}
    clock.advance(minutes=30)
    assert (await http.get(f"/v1/accounts/pending/{late}")).status_code == 404


async def test_signing_in_again_without_a_brand_revives_every_brand_of_the_login(
    api: EmbeddedApi, http: httpx2.AsyncClient
) -> None:
    first = await facebook(http, "stand", 0, brand_id="b_empty")
    second = await facebook(http, "stand", 1, brand_id="b_fjord")
    async with api.installation.database.write() as session:
        await session.execute(
            update(Account).where(Account.id.in_((first, second))).values(status="reconnect_required")
        )
    connection = (await connect(http, "facebook", "stand"))["connection_id"]
    detail = (await http.get(f"/v1/accounts/pending/{connection}")).json()
    assert [row["assignable"] for row in detail["pages"]] == [True, True, True]
    assert detail["lost_access"] == []
    async with api.installation.database.read() as session:
        query_ = select(Account.status).where(Account.id.in_((first, second)))
        assert list(await session.scalars(query_)) == ["active", "active"]
    both = [row["platform_page_id"] for row in detail["pages"][:2]]
    assert problem(await select_pages(http, connection, both)) == (400, "validation.field_invalid")
    made = await select_pages(http, connection, both[:1])
    assert (made.status_code, made.json()["account_id"]) == (201, first)


async def test_pages_out_of_reach_are_listed_and_come_back_with_access(http: httpx2.AsyncClient) -> None:
    account = await facebook(http, "stand, other", 0, 1, 3, brand_id="b_empty")
    rows = (await http.get(f"/v1/accounts/{account}/pages")).json()["data"]
    off = next(row for row in rows if row["name"] == "stand Events")
    await http.patch(f"/v1/accounts/{account}/pages/{off['id']}", json={"is_active": False})
    connection = (await connect(http, "facebook", "stand"))["connection_id"]
    lost = (await http.get(f"/v1/accounts/pending/{connection}")).json()["lost_access"]
    assert [(row["name"], row["brand_id"], row["brand_name"]) for row in lost] == [("other", "b_empty", "Pop-up Stand")]
    assert (await pages_held(http, account))["other"] == (False, False)
    await connect(http, "facebook", "stand, other")
    held = await pages_held(http, account)
    assert held == {"stand": (True, True), "stand Events": (False, False), "other": (True, False)}


async def test_a_brand_holds_five_pages_of_one_login(http: httpx2.AsyncClient) -> None:
    await facebook(http, "stand, other", 0, 1, 2, 3, 4, brand_id="b_empty")
    connection = (await connect(http, "facebook", "stand, other", brand_id="b_empty"))["connection_id"]
    sixth = await select_pages(http, connection, (await pages_offered(http, connection))[5:])
    assert problem(sixth) == (403, "platform.facebook.page_cap")
    elsewhere = (await connect(http, "facebook", "third", brand_id="b_empty"))["connection_id"]
    refused = await select_pages(http, elsewhere, await pages_offered(http, elsewhere))
    assert problem(refused) == (409, "account.different_login")


async def test_a_page_of_another_brand_is_not_assignable(http: httpx2.AsyncClient) -> None:
    await facebook(http, "stand", 0, brand_id="b_empty")
    connection = (await connect(http, "facebook", "stand", brand_id="b_fjord"))["connection_id"]
    pages = (await http.get(f"/v1/accounts/pending/{connection}")).json()["pages"]
    assert [row["assignable"] for row in pages] == [False, True, True]
    refused = await select_pages(http, connection, [pages[0]["platform_page_id"]])
    assert problem(refused) == (400, "validation.field_invalid")
