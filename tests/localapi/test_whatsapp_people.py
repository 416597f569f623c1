"""WhatsApp: who answers whom, how fast a number may write, and what goes with its brand and user."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from localapi.app import EmbeddedApi
from localapi.simulate import arrive
from localapi.tables_platforms import Template
from tests.conftest import HeldClock
from tests.localapi.test_whatsapp import SEND, WA, connected, draft, message, refused

pytestmark = pytest.mark.anyio


async def replied(http: httpx2.AsyncClient, api: EmbeddedApi, who: str) -> tuple[int, int]:
    """How many conversations there are with whoever got a template, and what a free answer to them comes to."""
    await arrive(api.installation, "dm", account_id=WA, author=who, text="Perfect")
    rows = (await http.get("/v1/inbox/conversations", params={"account_id": WA, "limit": 100})).json()["data"]
    threads = [row for row in rows if row["participant_id"] == "15550002222"]
    free = {"account_id": WA, "text": "See you soon"}
    answer = await http.post(f"/v1/inbox/conversations/{threads[0]['id']}/messages", json=free)
    return len(threads), answer.status_code


@pytest.mark.parametrize("who", ["15550002222", "+1 (555) 000-2222"])
async def test_an_answer_to_a_template_opens_the_window_of_its_conversation(
    api: EmbeddedApi, http: httpx2.AsyncClient, who: str
) -> None:
    assert (await http.post(SEND, json=message("order_ready", "Ines"))).status_code == 200
    assert await replied(http, api, who) == (1, 200)


async def test_whoever_wrote_before_is_known_by_their_name_and_gets_templates_by_their_number(
    api: EmbeddedApi, http: httpx2.AsyncClient
) -> None:
    await arrive(api.installation, "dm", account_id=WA, author="Ines Rocha", text="Perfect")
    await http.post(SEND, json=message("order_ready", "Ines", to="351915550101"))
    await arrive(api.installation, "dm", account_id=WA, author="Somebody New", text="Hello")
    rows = (await http.get("/v1/inbox/conversations", params={"account_id": WA})).json()["data"]
    assert {row["participant_name"]: row["last_message"] for row in rows} == {
        "Ines Rocha": "Hi Ines, your order is ready.",
        "Somebody New": "Hello",
    }
    assert all(row["participant_id"].isdigit() for row in rows)


async def test_templates_go_with_their_brand(api: EmbeddedApi, http: httpx2.AsyncClient) -> None:
    account = await connected(http)
    other = f"/v1/platforms/whatsapp/accounts/{account}/templates"
    assert (await http.post(other, json=draft())).status_code == 201
    assert (await http.delete("/v1/brands/b_aurora")).status_code == 204
    assert await businesses(api) == {"b_fjord"}
    assert (await http.delete("/v1/brands/b_fjord")).status_code == 204
    assert await businesses(api) == set()


async def test_templates_go_with_their_user(api: EmbeddedApi, http: httpx2.AsyncClient) -> None:
    assert (await http.delete("/v1/users/me")).status_code == 200
    assert await businesses(api) == set()


async def businesses(api: EmbeddedApi) -> set[str]:
    """The brands of the businesses that have templates."""
    async with api.installation.database.read() as session:
        return {one.split("|")[1] for one in await session.scalars(select(Template.business_id))}


async def test_whoever_opted_out_gets_no_free_answer_either(api: EmbeddedApi, http: httpx2.AsyncClient) -> None:
    await arrive(api.installation, "dm", account_id=WA, author="15550003333")
    rows = (await http.get("/v1/inbox/conversations", params={"account_id": WA})).json()["data"]
    thread = next(row["id"] for row in rows if row["participant_id"] == "15550003333")
    answer = await http.post(f"/v1/inbox/conversations/{thread}/messages", json={"account_id": WA, "text": "Hello"})
    assert refused(answer) == (403, "whatsapp.user_opted_out")


async def test_one_person_gets_so_many_messages_a_minute(
    api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    free = {"account_id": WA, "text": "Another one"}
    for _ in range(9):
        answer = await http.post("/v1/inbox/conversations/conv_wa_1/messages", json=free)
        assert answer.status_code == 200, answer.text
    same = message("order_ready", "Ines", to="351915550101")
    assert (await http.post(SEND, json=same)).status_code == 200
    over = await http.post(SEND, json=same)
    assert refused(over) == (429, "whatsapp.pair_rate_limit") and over.headers["retry-after"] == "60"
    answer = await http.post("/v1/inbox/conversations/conv_wa_1/messages", json=free)
    assert refused(answer) == (429, "whatsapp.pair_rate_limit")
    assert (await http.post(SEND, json=message("order_ready", "Ines"))).status_code == 200
    clock.advance(minutes=1)
    assert (await http.post(SEND, json=same)).status_code == 200


async def test_a_number_sends_so_many_messages_a_second(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    for number in range(80):
        body = message("order_ready", "Ines", to=f"1555000{9000 + number}")
        assert (await http.post(SEND, json=body)).status_code == 200
    over = await http.post(SEND, json=message("order_ready", "Ines"))
    assert refused(over) == (429, "whatsapp.throughput_exceeded") and over.headers["retry-after"] == "1"
    clock.advance(seconds=1)
    assert (await http.post(SEND, json=message("order_ready", "Ines"))).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "a@b"}, "email"),
        ({"email": "a@b .example"}, "email"),
        ({"email": f"{'x' * 120}@a.example"}, "email"),
        ({"websites": ["a.example"]}, "websites.0"),
        ({"websites": ["https://a.example", "ftp://a.example"]}, "websites.1"),
        ({"websites": ["javascript:alert(1)"]}, "websites.0"),
        ({"websites": ["https://a.example/" + "x" * 256]}, "websites.0"),
        ({"websites": ["https://"]}, "websites.0"),
        ({"websites": ["https://a.example/ b"]}, "websites.0"),
        ({"description": "x" * 513}, "description"),
        ({"about": " "}, "about"),
    ],
)
async def test_a_profile_takes_only_what_can_be_shown(
    http: httpx2.AsyncClient, body: dict[str, Any], field: str
) -> None:
    answer = await http.put("/v1/platforms/whatsapp/phone-numbers/15550001111/business-profile", json=body)
    assert refused(answer) == (400, "validation.field_invalid")
    assert answer.json()["error"]["meta"]["field"] == field


async def test_what_a_profile_shows_can_be_taken_away(http: httpx2.AsyncClient) -> None:
    path = "/v1/platforms/whatsapp/phone-numbers/15550001111/business-profile"
    shown = {"email": "hello@aurora.example", "websites": ["https://a.example", "http://b.example/x?y=1"]}
    assert (await http.put(path, json=shown)).status_code == 204
    assert (await http.put(path, json={"email": "", "websites": []})).status_code == 204
    after = (await http.get(path)).json()
    assert (after["email"], after["websites"]) == ("", [])


@pytest.mark.parametrize(
    ("changed", "expected", "field"),
    [
        ({"code": ""}, "validation.field_required", "code"),
        ({"code": "  "}, "validation.field_required", "code"),
        ({"waba_id": ""}, "validation.field_required", "metadata.waba_id"),
        ({"phone_number_id": "my number"}, "validation.field_invalid", "metadata.phone_number_id"),
        ({"waba_id": "../1"}, "validation.field_invalid", "metadata.waba_id"),
    ],
)
async def test_a_sign_up_says_all_there_is_to_say(
    http: httpx2.AsyncClient, changed: dict[str, str], expected: str, field: str
) -> None:
    begun = await http.post("/v1/accounts/connect", json={"platform": "whatsapp", "brand_id": "b_fjord"})
    told = {"code": "from-the-sign-up", "waba_id": "990011", "phone_number_id": "15559990000", **changed}
    body = {"platform": "whatsapp", "code": told.pop("code"), "metadata": {"state": begun.json()["state"], **told}}
    answer = await http.post("/v1/oauth/exchange", json=body)
    assert refused(answer) == (400, expected)
    assert answer.json()["error"]["meta"]["field"] == field
