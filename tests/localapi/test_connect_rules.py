"""Connecting: whose brand an account lands in, whose state it is, and what is no state at all."""

import asyncio

import httpx2
import pytest
from sqlalchemy import update

from localapi.app import EmbeddedApi
from localapi.tables import Base, User
from tests.localapi.connecting import BACK, begin, connect, consent, problem, query, restricted

pytestmark = pytest.mark.anyio
FJORD_BOT = {"bot_token": "7001000:" + "a" * 30}


async def bot(http: httpx2.AsyncClient, headers: dict[str, str] | None = None, **body: object) -> httpx2.Response:
    body = {"platform": "telegram", "metadata": FJORD_BOT, **body}
    return await http.post("/v1/accounts/connect", json=body, headers=headers or {})


async def test_a_key_of_one_brand_connects_to_that_brand(http: httpx2.AsyncClient) -> None:
    made = await bot(http, await restricted(http, "b_aurora"))
    assert made.status_code == 201
    accounts = (await http.get("/v1/accounts?brand_id=b_aurora")).json()["data"]
    assert made.json()["account_id"] in [row["id"] for row in accounts]
    assert (await http.get("/v1/brands")).json()["count"] == 3


async def test_a_key_of_several_brands_names_the_one_to_connect_to(http: httpx2.AsyncClient) -> None:
    refused = await bot(http, await restricted(http, "b_aurora", "b_empty"))
    assert problem(refused) == (400, "validation.field_required")
    assert refused.json()["error"]["meta"] == {"field": "brand_id"}


async def test_a_restricted_key_does_not_take_an_account_from_another_brand(http: httpx2.AsyncClient) -> None:
    there = (await bot(http, brand_id="b_empty")).json()["account_id"]
    key = await restricted(http, "b_aurora")
    assert problem(await bot(http, key)) == (409, "account.already_linked")
    accounts = (await http.get("/v1/accounts?brand_id=b_empty")).json()["data"]
    assert [row["id"] for row in accounts] == [there]


async def test_the_browser_keeps_to_the_brands_of_the_key_that_started(http: httpx2.AsyncClient) -> None:
    await connect(http, "pinterest", "stand", brand_id="b_empty")
    outcome = await connect(http, "pinterest", "stand", await restricted(http, "b_aurora"))
    assert (outcome["status"], outcome["error"]) == ("error", "account.already_linked")
    assert (await http.get("/v1/accounts?brand_id=b_empty")).json()["count"] == 1


@pytest.mark.parametrize(("locked", "brands"), [(False, 0), (True, 1)])
async def test_an_account_moves_unless_accounts_are_locked_to_brands(
    api: EmbeddedApi, http: httpx2.AsyncClient, locked: bool, brands: int
) -> None:
    async with api.installation.database.write() as session:
        await session.execute(update(User).values(lock_accounts_to_brand=locked))
    await connect(http, "pinterest", "stand", brand_id="b_empty")
    outcome = await connect(http, "pinterest", "stand", brand_id="b_aurora")
    assert outcome.get("error") == ("account.already_linked" if locked else None)
    assert (await http.get("/v1/accounts?brand_id=b_empty")).json()["count"] == brands


async def test_one_of_many_handles_gets_the_brands_only_place(http: httpx2.AsyncClient) -> None:
    callbacks = [
        await consent(
            http,
            "threads",
            (await begin(http, "threads", brand_id="b_empty", redirect_uri=BACK)).json()["state"],
            f"handle{number}",
        )
        for number in range(6)
    ]
    outcomes = [query(row) for row in await asyncio.gather(*map(http.get, callbacks))]
    assert sorted(row.get("error", "") for row in outcomes) == ["", *["account.already_linked"] * 5]
    assert (await http.get("/v1/accounts?brand_id=b_empty")).json()["count"] == 1


async def test_the_same_account_connected_at_once_is_one_account(http: httpx2.AsyncClient) -> None:
    answers = await asyncio.gather(*(bot(http) for _ in range(6)))
    assert [row.status_code for row in answers] == [201] * 6
    assert len({row.json()["account_id"] for row in answers}) == 1


@pytest.mark.parametrize(
    "token", ["7001000:" + "a" * 30 + "\n", "١٢٣٤٥٦٧:" + "a" * 30, 7001000, ["7001000:" + "a" * 30]]
)
async def test_what_only_resembles_a_bot_token_connects_nothing(http: httpx2.AsyncClient, token: object) -> None:
    refused = await bot(http, brand_id="b_empty", metadata={"bot_token": token})
    assert problem(refused) == (401, "platform.telegram.auth")


async def test_the_sample_bot_can_be_connected_again(http: httpx2.AsyncClient) -> None:
    made = await bot(http, brand_id="b_fjord", metadata={"bot_token": "7001:" + "a" * 30})
    assert (made.status_code, made.json()["account_id"]) == (201, "acc_fjord_telegram")


@pytest.mark.parametrize("platform", ["telegram", "threads", "whatsapp"])
async def test_a_bot_token_is_nowhere_afterwards(http: httpx2.AsyncClient, api: EmbeddedApi, platform: str) -> None:
    body = {"platform": platform, "brand_id": "b_empty", "metadata": FJORD_BOT}
    answer = await http.post("/v1/accounts/connect", json=body)
    async with api.installation.database.write() as session:
        rows = [repr((await session.execute(table.select())).all()) for table in Base.metadata.sorted_tables]
    assert not [text for text in [answer.text, *rows] if FJORD_BOT["bot_token"] in text]


@pytest.mark.parametrize("value", ["%00", "", "%ED%A0%80", "0" * 31, "0" * 32])
async def test_what_is_no_state_gets_the_error_page(http: httpx2.AsyncClient, value: str) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    answers = [
        await http.get(f"/connect/threads?state={value}"),
        await http.get(f"/connect/google/choose?state={value}"),
        await http.get(f"/oauth/callback/threads?state={value}"),
        await http.post("/connect/threads", content=f"state={value}&handle=x&decision=approve".encode(), headers=form),
    ]
    assert [row.status_code for row in answers] == [400, 404, 400, 400]
    assert all("That did not work" in row.text for row in answers)


async def test_a_handle_keeps_only_what_can_be_read(http: httpx2.AsyncClient) -> None:
    await connect(http, "threads", "st\0and\n", brand_id="b_empty")
    assert (await http.get("/v1/accounts?brand_id=b_empty")).json()["data"][0]["username"] == "stand"


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"platform": "myspace", "metadata": {}}, 400, "account.unsupported_platform", None),
        ({"metadata": {}}, 400, "validation.field_required", "metadata.state"),
        ({"metadata": {"state": "STATE"}}, 400, "validation.field_required", "metadata.redirect_uri"),
        ({"metadata": {"state": "\0", "redirect_uri": BACK}}, 400, "validation.field_invalid", "metadata"),
        ({"metadata": {"state": "STATE", "redirect_uri": BACK}, "code": "\0"}, 400, "validation.field_invalid", "code"),
    ],
)
async def test_an_exchange_needs_all_its_parts(
    http: httpx2.AsyncClient, body: dict[str, object], status: int, code: str, field: str | None
) -> None:
    state = (await begin(http, "tiktok", brand_id="b_empty")).json()["state"]
    filled = {"platform": "tiktok", "code": "x", **body}
    metadata = filled["metadata"]
    assert isinstance(metadata, dict)
    filled["metadata"] = {name: state if value == "STATE" else value for name, value in metadata.items()}
    refused = await http.post("/v1/oauth/exchange", json=filled)
    assert problem(refused) == (status, code)
    assert refused.json()["error"].get("meta", {}).get("field") == field


async def test_a_code_belongs_to_its_state(http: httpx2.AsyncClient) -> None:
    mine, other = [(await begin(http, "tiktok", brand_id="b_empty")).json()["state"] for _ in range(2)]
    code = (await consent(http, "tiktok", other, "stand")).partition("code=")[2].partition("&")[0]
    body = {"platform": "tiktok", "code": code, "metadata": {"state": mine, "redirect_uri": BACK}}
    assert problem(await http.post("/v1/oauth/exchange", json=body)) == (403, "auth.state_mismatch")


async def test_a_state_belongs_to_its_key(http: httpx2.AsyncClient) -> None:
    state = (await begin(http, "tiktok", brand_id="b_empty")).json()["state"]
    code = (await consent(http, "tiktok", state, "stand")).partition("code=")[2].partition("&")[0]
    body = {"platform": "tiktok", "code": code, "metadata": {"state": state, "redirect_uri": BACK}}
    other = await restricted(http, "b_empty")
    refused = await http.post("/v1/oauth/exchange", json=body, headers=other)
    assert problem(refused) == (403, "auth.state_mismatch")
    assert (await http.post("/v1/oauth/exchange", json=body)).status_code == 201


@pytest.mark.parametrize(
    "uri", [" https://a.example", "https://a.example/\r\nx", "https://a.\texample", "http://evil.example\\@localhost"]
)
async def test_an_address_that_browsers_read_otherwise_is_refused(http: httpx2.AsyncClient, uri: str) -> None:
    refused = await begin(http, "threads", redirect_uri=uri)
    assert problem(refused) == (400, "validation.field_invalid")
    assert refused.json()["error"]["meta"] == {"field": "redirect_uri"}


async def test_the_callers_state_query_and_fragment_come_back(http: httpx2.AsyncClient) -> None:
    back = "https://app.example.com/done?keep=a%20b#part"
    begun = await begin(http, "threads", brand_id="b_empty", redirect_uri=back, state="s &=é")
    sent = await http.get(await consent(http, "threads", begun.json()["state"], "stand"))
    account = (await http.get("/v1/accounts?brand_id=b_empty")).json()["data"][0]["id"]
    assert sent.headers["location"].endswith("#part")
    assert sent.headers["location"].startswith("https://app.example.com/done?keep=a%20b&")
    assert query(sent) == {
        "keep": "a b",
        "platform": "threads",
        "state": "s &=é",
        "status": "success",
        "account_id": account,
    }


async def test_a_closed_platform_names_the_plan(api: EmbeddedApi, http: httpx2.AsyncClient) -> None:
    async with api.installation.database.write() as session:
        await session.execute(update(User).values(allowed_platforms=[]))
    refused = await begin(http, "linkedin_page", brand_id="b_empty")
    assert problem(refused) == (403, "billing.platform_not_available")
    assert refused.json()["error"]["meta"] == {"plan": "pro"}
