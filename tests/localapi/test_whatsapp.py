"""WhatsApp: numbers, business profile, templates with their review, and sending them."""

import asyncio
from typing import Any

import httpx2
import pytest

from localapi.app import EmbeddedApi
from localapi.whatsapp_rules import check, filled
from tests.conftest import HeldClock
from tools.whatsapp_models import TemplateDraft

pytestmark = pytest.mark.anyio

WA = "acc_aurora_whatsapp"
NUMBER = f"/v1/platforms/whatsapp/phone-numbers/{WA}"
TEMPLATES = f"/v1/platforms/whatsapp/accounts/{WA}/templates"
SEND = f"/v1/platforms/whatsapp/accounts/{WA}/send-template"
BODY = {"type": "BODY", "text": "Hi {{1}}, all is ready.", "example": {"body_text": [["Ines"]]}}


def refused(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def draft(**changed: Any) -> dict[str, Any]:
    return {"name": "all_ready", "language": "en_US", "category": "UTILITY", "components": [BODY], **changed}


def message(template: str = "order_ready", *values: str, **changed: Any) -> dict[str, Any]:
    parts = [{"type": "body", "parameters": [{"type": "text", "text": value} for value in values]}] if values else []
    return {"to": "15550002222", "template_name": template, "language": "en_US", "components": parts, **changed}


async def connected(http: httpx2.AsyncClient) -> str:
    """A fresh number of another brand."""
    begun = await http.post("/v1/accounts/connect", json={"platform": "whatsapp", "brand_id": "b_fjord"})
    assert begun.status_code == 202 and begun.json()["auth_url"] == "" and begun.json()["metadata"]["config_id"]
    body = {
        "platform": "whatsapp",
        "code": "from-the-sign-up",
        "metadata": {"state": begun.json()["state"], "waba_id": "990011", "phone_number_id": "15559990000"},
    }
    made = await http.post("/v1/oauth/exchange", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["accounts"][0]["account_id"] if "accounts" in made.json() else made.json()["account_id"])


async def test_a_number_goes_from_unverified_to_registered_and_released(
    http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    number = f"/v1/platforms/whatsapp/phone-numbers/{await connected(http)}"
    assert (await http.get(f"{number}/status")).json() == {"verified": False, "registered": False}
    assert refused(await http.post(f"{number}/register", json={"pin": "482915"})) == (409, "resource.conflict")
    assert refused(await http.post(f"{number}/verify-code", json={"code": "123456"}))[0] == 502
    asked = {"method": "SMS", "language": "en_US"}
    assert (await http.post(f"{number}/request-code", json=asked)).status_code == 204
    assert refused(await http.post(f"{number}/verify-code", json={"code": "000000"}))[0] == 502
    clock.advance(minutes=10)
    assert refused(await http.post(f"{number}/verify-code", json={"code": "123456"}))[0] == 502
    await http.post(f"{number}/request-code", json=asked)
    assert (await http.post(f"{number}/verify-code", json={"code": "123456"})).status_code == 204
    assert refused(await http.post(f"{number}/register", json={"pin": "12"})) == (400, "validation.field_invalid")
    assert (await http.post(f"{number}/register", json={"pin": "482915"})).status_code == 204
    assert (await http.get(f"{number}/status")).json() == {"verified": True, "registered": True}
    assert (await http.post(f"{number}/deregister")).status_code == 204
    assert (await http.get(f"{number}/status")).json() == {"verified": True, "registered": False}


async def test_codes_are_not_guessed(http: httpx2.AsyncClient) -> None:
    await http.post(f"{NUMBER}/request-code", json={"method": "VOICE", "language": "en"})
    for guess in range(5):
        assert refused(await http.post(f"{NUMBER}/verify-code", json={"code": f"00000{guess}"}))[0] == 502
    assert refused(await http.post(f"{NUMBER}/verify-code", json={"code": "123456"}))[0] == 502


async def test_numbers_are_whatsapps_own(http: httpx2.AsyncClient) -> None:
    other = "/v1/platforms/whatsapp/phone-numbers/acc_aurora_instagram/status"
    assert refused(await http.get(other)) == (400, "account.unsupported_platform")
    nobody = "/v1/platforms/whatsapp/phone-numbers/19999/business-profile"
    assert refused(await http.get(nobody)) == (404, "resource.not_found")


async def test_the_profile_is_merged(http: httpx2.AsyncClient) -> None:
    path = "/v1/platforms/whatsapp/phone-numbers/15550001111/business-profile"
    before = (await http.get(path)).json()
    assert (await http.put(path, json={"about": "Open late", "websites": ["https://a.example"]})).status_code == 204
    after = (await http.get(path)).json()
    assert after == {**before, "about": "Open late", "websites": ["https://a.example"]}
    assert refused(await http.put(path, json={})) == (400, "validation.field_required")
    assert refused(await http.put(path, json={"about": "x" * 140})) == (400, "validation.field_invalid")
    three = {"websites": ["https://a.example"] * 3}
    assert refused(await http.put(path, json=three)) == (400, "validation.field_invalid")


async def test_a_template_is_reviewed_then_edited_once_a_day(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    made = await http.post(TEMPLATES, json=draft())
    assert made.status_code == 201 and made.json()["status"] == "PENDING"
    one = f"/v1/platforms/whatsapp/templates/{made.json()['id']}"
    assert refused(await http.put(one, json={"components": [BODY]})) == (409, "resource.conflict")
    assert refused(await http.post(TEMPLATES, json=draft())) == (409, "resource.conflict")
    clock.advance(minutes=1)
    assert (await http.get(one)).json()["status"] == "APPROVED"
    assert (await http.put(one, json={"components": [BODY]})).status_code == 204
    assert (await http.get(one)).json()["status"] == "PENDING"
    clock.advance(minutes=1)
    assert refused(await http.put(one, json={"components": [BODY]})) == (409, "resource.conflict")
    clock.advance(days=1)
    assert (await http.put(one, json={"components": [BODY]})).status_code == 204


async def test_advertising_is_no_utility(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    loud = {"type": "BODY", "text": "Big sale: 20% off everything"}
    checked = await http.post("/v1/platforms/whatsapp/templates/validate", json=draft(components=[loud]))
    assert checked.json()["valid"] is True and checked.json()["warnings"][0]["field"] == "category"
    made = (await http.post(TEMPLATES, json=draft(name="loud", components=[loud]))).json()
    clock.advance(minutes=1)
    one = (await http.get(f"/v1/platforms/whatsapp/templates/{made['id']}")).json()
    assert one["status"] == "REJECTED"
    assert refused(await http.post(SEND, json=message("loud"))) == (404, "whatsapp.template_not_found")


async def test_templates_are_paged_and_deleted_in_all_languages(http: httpx2.AsyncClient) -> None:
    names, cursor = list[str](), ""
    while True:
        page = (await http.get(TEMPLATES, params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
        names += [row["name"] for row in page["data"]]
        cursor = page["paging"]["cursors"]["after"]
        if not cursor:
            break
    assert len(names) == 6 and names == sorted(names)
    assert (await http.delete(TEMPLATES, params={"name": "old_hours"})).status_code == 204
    assert refused(await http.delete(TEMPLATES, params={"name": "old_hours"})) == (404, "whatsapp.template_not_found")
    assert len((await http.get(TEMPLATES)).json()["data"]) == 4
    assert refused(await http.get("/v1/platforms/whatsapp/templates/1")) == (404, "whatsapp.template_not_found")


async def test_a_template_goes_out_beyond_the_window_and_into_the_thread(http: httpx2.AsyncClient) -> None:
    sent = await http.post(SEND, json=message("order_ready", "Ines"))
    assert sent.status_code == 200, sent.text
    told = sent.json()
    assert told["contacts"] == [{"input": "15550002222", "wa_id": "15550002222"}]
    assert told["messages"][0]["id"].startswith("wamid.") and told["messages"][0]["message_status"] == "accepted"
    rows = (await http.get("/v1/inbox/conversations", params={"account_id": WA})).json()["data"]
    thread = next(row for row in rows if row["participant_id"] == "15550002222")
    assert thread["last_message"] == "Hi Ines, your order is ready."
    free = {"account_id": WA, "text": "Anything else?"}
    answer = await http.post(f"/v1/inbox/conversations/{thread['id']}/messages", json=free)
    assert refused(answer) == (400, "whatsapp.window_closed")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (message("nobody_knows"), (404, "whatsapp.template_not_found")),
        (message("order_ready", "Ines", language="fr"), (404, "whatsapp.template_not_found")),
        (message("order_ready"), (400, "validation.field_invalid")),
        (message("order_ready", "Ines", "twice"), (400, "validation.field_invalid")),
        (message("spring_roast", "too much"), (400, "validation.field_invalid")),
        (message("loud_offer"), (409, "whatsapp.template_paused")),
        (message("spring_roast", to="15550003333"), (403, "whatsapp.user_opted_out")),
        (message("order_ready", "Ines", to="+15550002222"), (400, "validation.field_invalid")),
    ],
)
async def test_what_cannot_be_sent_is_refused(
    http: httpx2.AsyncClient, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert refused(await http.post(SEND, json=body)) == expected


async def test_advertising_is_capped_for_each_person(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    for _ in range(2):
        assert (await http.post(SEND, json=message("spring_roast"))).status_code == 200
    third = await http.post(SEND, json=message("spring_roast"))
    assert refused(third) == (429, "whatsapp.frequency_cap") and int(third.headers["retry-after"]) > 0
    assert (await http.post(SEND, json=message("spring_roast", to="15550004444"))).status_code == 200
    clock.advance(days=1)
    assert (await http.post(SEND, json=message("spring_roast"))).status_code == 200


async def test_a_released_number_sends_nothing(http: httpx2.AsyncClient) -> None:
    await http.post(f"{NUMBER}/deregister")
    assert refused(await http.post(SEND, json=message("spring_roast"))) == (400, "whatsapp.undeliverable")
    free = await http.post("/v1/inbox/conversations/conv_wa_1/messages", json={"account_id": WA, "text": "Hello"})
    assert refused(free) == (400, "whatsapp.undeliverable")


async def test_requests_at_once_do_not_pass_the_cap(http: httpx2.AsyncClient) -> None:
    for number in range(3):
        body = message("spring_roast", to=f"1555000777{number}")
        answers = await asyncio.gather(*(http.post(SEND, json=body) for _ in range(6)))
        assert sorted(answer.status_code for answer in answers) == [200, 200, 429, 429, 429, 429]


def test_a_value_that_looks_like_a_variable_stays_as_it_is() -> None:
    assert filled("A {{1}} B {{2}}", ["{{2}}", "x"]) == "A {{2}} B x"


async def test_without_an_account_there_are_no_templates(api: EmbeddedApi, http: httpx2.AsyncClient) -> None:
    await http.delete(f"/v1/accounts/{WA}")
    assert refused(await http.get("/v1/platforms/whatsapp/templates/7700000000000001")) == (404, "whatsapp.no_account")


HEADER = {"type": "HEADER", "format": "TEXT", "text": "Hello"}


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"name": "All Ready"}, (None, "name")),
        ({"language": "english"}, (None, "language")),
        ({"components": [HEADER]}, (None, "components")),
        ({"components": [BODY, BODY]}, (None, "components")),
        ({"components": [{"type": "BODY", "text": "x" * 1025}]}, (0, "text")),
        ({"components": [{"type": "BODY", "text": "Hi {{2}} there"}]}, (0, "text")),
        ({"components": [{"type": "BODY", "text": "Hi {{name}} there"}]}, (0, "text")),
        ({"components": [{"type": "BODY", "text": "Hi {{1} there"}]}, (0, "text")),
        ({"components": [{"type": "BODY", "text": "{{1}} hi", "example": {"body_text": [["a"]]}}]}, (0, "text")),
        ({"components": [{"type": "BODY", "text": "Hi {{1}} there"}]}, (0, "example")),
        (
            {"components": [{"type": "BODY", "text": "Hi {{1}} you", "example": {"body_text": [["a", "b"]]}}]},
            (0, "example"),
        ),
        ({"components": [{**BODY, "format": "TEXT"}]}, (0, "format")),
        ({"components": [{"type": "HEADER", "format": "IMAGE"}, BODY]}, (0, "example")),
        ({"components": [{"type": "HEADER", "text": "{{1}} and {{2}}"}, BODY]}, (0, "text")),
        ({"components": [{**HEADER, "text": "x" * 61}, BODY]}, (0, "text")),
        ({"components": [BODY, {"type": "FOOTER", "text": "Bye {{1}}."}]}, (1, "text")),
        ({"components": [BODY, {"type": "BUTTONS"}]}, (1, "buttons")),
        (
            {"components": [BODY, {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "x" * 26}]}]},
            (1, "buttons.0.text"),
        ),
        (
            {"components": [BODY, {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Go"}]}]},
            (1, "buttons.0.url"),
        ),
        (
            {
                "components": [
                    BODY,
                    {
                        "type": "BUTTONS",
                        "buttons": [{"type": "URL", "text": "Go", "url": "https://a.example/{{1}}"}],
                    },
                ]
            },
            (1, "buttons.0.example"),
        ),
        (
            {"components": [BODY, {"type": "BUTTONS", "buttons": [{"type": "COPY_CODE", "text": "Copy"}]}]},
            (1, "buttons.0.text"),
        ),
        (
            {
                "components": [
                    BODY,
                    {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "A", "url": "https://a.example"}] * 3},
                ]
            },
            (1, "buttons"),
        ),
        (
            {"components": [BODY, {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "A"}] * 11}]},
            (1, "buttons"),
        ),
        ({"components": [BODY, {"type": "BUTTONS", "buttons": [{"type": "PHONE_NUMBER", "text": "A"}]}]},
         (1, "buttons.0.phone_number")),
    ],
)  # fmt: skip
def test_each_rule_of_a_template_is_told_with_its_place(changed: dict[str, Any], where: tuple[int | None, str]) -> None:
    found = check(TemplateDraft.model_validate(draft(**changed)))
    assert where in [(one.component_index, one.field) for one in found.errors]


def test_a_whole_template_is_in_order() -> None:
    buttons = [
        {"type": "QUICK_REPLY", "text": "Yes"},
        {"type": "URL", "text": "Look", "url": "https://a.example/{{1}}", "example": {"url": ["1"]}},
        {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+15550001111"},
    ]
    header = {"type": "HEADER", "text": "For {{1}}", "example": {"header_text": ["Ines"]}}
    parts = [header, BODY, {"type": "FOOTER", "text": "Bye"}, {"type": "BUTTONS", "buttons": buttons}]
    assert check(TemplateDraft.model_validate(draft(components=parts))).errors == []


async def test_creating_refuses_what_the_check_finds(http: httpx2.AsyncClient) -> None:
    wrong = draft(components=[{"type": "BODY", "text": "Hi {{1}} there"}])
    answer = await http.post(TEMPLATES, json=wrong)
    assert refused(answer) == (400, "validation.field_invalid")
    assert answer.json()["error"]["meta"]["field"] == "components.0.example"


async def test_another_brand_that_names_the_same_business_reaches_no_template_of_it(http: httpx2.AsyncClient) -> None:
    begun = await http.post("/v1/accounts/connect", json={"platform": "whatsapp", "brand_id": "b_fjord"})
    body = {
        "platform": "whatsapp",
        "code": "from-the-sign-up",
        "metadata": {"state": begun.json()["state"], "waba_id": "880011", "phone_number_id": "15559990001"},
    }
    made = (await http.post("/v1/oauth/exchange", json=body)).json()
    account = str(made["accounts"][0]["account_id"] if "accounts" in made else made["account_id"])
    listed = await http.get(f"/v1/platforms/whatsapp/accounts/{account}/templates")
    assert listed.json()["data"] == []
