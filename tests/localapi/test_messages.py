"""Direct messages: what they may hold, when they may go, and what is left to see of them."""

import json
from urllib.parse import urlsplit

import httpx2
import pytest
from sqlalchemy import update

from localapi.app import EmbeddedApi
from localapi.simulate import arrive
from localapi.tables import Conversation
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio
IG, FB, TG = "acc_aurora_instagram", "acc_aurora_facebook", "acc_fjord_telegram"
INSTAGRAM, FACEBOOK, TELEGRAM = (
    f"/v1/inbox/conversations/{name}/messages" for name in ("conv_ig_1", "conv_fb_1", "conv_tg_1")
)
URL_BUTTON = {"type": "url", "title": "Menu", "url": "https://aurora.example.com/menu"}


async def newest(http: httpx2.AsyncClient, path: str) -> dict[str, str]:
    message: dict[str, str] = (await http.get(path, params={"limit": "1"})).json()["data"][0]
    return message


async def listed(http: httpx2.AsyncClient, conversation_id: str) -> dict[str, object]:
    row: dict[str, object] = (await http.get(f"/v1/inbox/conversations/{conversation_id}")).json()["data"]
    return row


@pytest.mark.parametrize("address", ["http://127.0.0.1/a.jpg", "http://169.254.169.254/a", "nope", "file:///etc/hosts"])
@pytest.mark.parametrize(
    ("field", "content"),
    [
        ("attachment_url", {"attachment_url": "ADDRESS"}),
        ("attachments.0.source", {"attachments": [{"source": "ADDRESS", "source_type": "url"}]}),
        ("buttons.0.url", {"buttons": [{**URL_BUTTON, "url": "ADDRESS"}]}),
        ("cards.0.image_url", {"cards": [{"title": "Tea", "image_url": "ADDRESS"}]}),
        ("cards.0.buttons.0.url", {"cards": [{"title": "Tea", "buttons": [{**URL_BUTTON, "url": "ADDRESS"}]}]}),
    ],
)
async def test_an_address_has_to_be_public(
    http: httpx2.AsyncClient, address: str, field: str, content: dict[str, object]
) -> None:
    body = json.dumps({"account_id": IG, "text": "Look", **content}).replace("ADDRESS", address)
    response = await http.post(INSTAGRAM, content=body)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["meta"]) == (400, "validation.field_invalid", {"field": field})
    assert (await http.get("/v1/usage")).json()["interactions_used"] == 0


async def test_a_button_opens_no_script(http: httpx2.AsyncClient) -> None:
    buttons = [{**URL_BUTTON, "url": "javascript:alert(1)"}]
    response = await http.post(INSTAGRAM, json={"account_id": IG, "text": "Look", "buttons": buttons})
    assert (response.status_code, response.json()["error"]["meta"]) == (400, {"field": "buttons.0.url"})


async def test_a_button_says_what_it_does(http: httpx2.AsyncClient) -> None:
    for name, button in (("payload", {"type": "postback", "title": "A"}), ("url", {"type": "url", "title": "A"})):
        for field, content in (
            (f"buttons.0.{name}", {"buttons": [button]}),
            (f"cards.0.buttons.0.{name}", {"cards": [{"title": "Tea", "buttons": [button]}]}),
        ):
            response = await http.post(INSTAGRAM, json={"account_id": IG, "text": "Look", **content})
            assert (response.status_code, response.json()["error"]["meta"]) == (400, {"field": field})


async def test_only_a_message_of_the_conversation_can_be_quoted(http: httpx2.AsyncClient) -> None:
    body = {"account_id": IG, "text": "Yes"}
    for known in ("msg_1", "mid_msg_1"):
        assert (await http.post(INSTAGRAM, json={**body, "reply_to_message_id": known})).status_code == 200
    for unknown in ("nope", "msg_2"):
        response = await http.post(INSTAGRAM, json={**body, "reply_to_message_id": unknown})
        error = response.json()["error"]
        assert (response.status_code, error["code"]) == (404, "resource.not_found")
        assert error["meta"] == {"resource": "message", "id": unknown}


async def test_a_tag_lets_no_interactive_message_through(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    clock.advance(days=2)
    tagged = {"account_id": FB, "text": "Which?", "message_tag": "HUMAN_AGENT"}
    for content in (
        {"buttons": [URL_BUTTON]},
        {"quick_replies": [{"title": "Tea"}]},
        {"cards": [{"title": "Tea"}]},
    ):
        response = await http.post(FACEBOOK, json={**tagged, **content})
        assert (response.status_code, response.json()["error"]["code"]) == (400, "platform.facebook.window_closed")
    assert (await http.post(FACEBOOK, json=tagged)).status_code == 200


async def test_each_platform_has_its_own_tags(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    refused = await http.post(INSTAGRAM, json={"account_id": IG, "text": "Hi", "message_tag": "ACCOUNT_UPDATE"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "validation.invalid_message_tag")
    taken = {"account_id": FB, "text": "Hi", "message_tag": "ACCOUNT_UPDATE"}
    assert (await http.post(FACEBOOK, json=taken)).status_code == 200
    ignored = {"account_id": TG, "text": "Hi", "message_tag": "ACCOUNT_UPDATE"}
    assert (await http.post(TELEGRAM, json=ignored)).status_code == 200
    clock.advance(days=8)
    late = await http.post(FACEBOOK, json={**taken, "message_tag": "HUMAN_AGENT"})
    assert late.json()["error"]["code"] == "platform.facebook.window_closed"


async def test_cards_show_in_the_list_by_the_first_title(http: httpx2.AsyncClient) -> None:
    cards = [{"title": "Winter roast"}, {"title": "Filter"}]
    assert (await http.post(INSTAGRAM, json={"account_id": IG, "cards": cards})).status_code == 200
    assert (await listed(http, "conv_ig_1"))["last_message"] == "Winter roast"


async def test_a_file_of_the_library_is_shown_by_its_preview_address(http: httpx2.AsyncClient) -> None:
    attachments = [{"source": "med_logo", "source_type": "media_id"}]
    assert (await http.post(INSTAGRAM, json={"account_id": IG, "attachments": attachments})).status_code == 200
    message = await newest(http, INSTAGRAM)
    media = (await http.get("/v1/media")).json()["data"]
    assert message["attachment_url"] == next(row["url"] for row in media if row["id"] == "med_logo")
    assert message["attachment_type"] == "image"
    assert (await http.get(urlsplit(message["attachment_url"]).path)).status_code == 200


async def test_a_platforms_own_attachment_is_no_way_into_the_library(http: httpx2.AsyncClient) -> None:
    attachments = [{"source": "media:med_logo", "source_type": "platform_attachment_id", "type": "image"}]
    assert (await http.post(INSTAGRAM, json={"account_id": IG, "attachments": attachments})).status_code == 200
    message = await newest(http, INSTAGRAM)
    assert (message["attachment_type"], message["attachment_url"]) == ("image", "")


async def test_one_message_for_the_text_and_for_each_attachment(http: httpx2.AsyncClient) -> None:
    attachments = [
        {"source": f"https://files.example.com/{name}", "source_type": "url"}
        for name in ("a.jpg", "b.mp4", "c.pdf?x=.jpg")
    ]
    sent = (await http.post(INSTAGRAM, json={"account_id": IG, "text": "Here", "attachments": attachments})).json()
    assert len(sent["message_ids"]) == 4
    assert sent["message_id"] == sent["message_ids"][0]
    rows = {row["platform_id"]: row for row in (await http.get(INSTAGRAM)).json()["data"]}
    shown = [(rows[number]["text"], rows[number]["attachment_type"]) for number in sent["message_ids"]]
    assert shown == [("Here", ""), ("", "image"), ("", "video"), ("", "file")]
    assert (await http.get("/v1/usage")).json()["interactions_used"] == 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.jpg", "image"), ("a.JPEG", "image"), ("a.webp", "image"), ("a.mp4", "file"), ("a.mp3", "file"), ("a", "file")],
)
async def test_telegram_has_photos_and_documents(http: httpx2.AsyncClient, name: str, kind: str) -> None:
    body = {"account_id": TG, "attachment_url": f"https://files.example.com/{name}"}
    assert (await http.post(TELEGRAM, json=body)).status_code == 200
    assert (await newest(http, TELEGRAM))["attachment_type"] == kind


async def test_telegram_reaches_nobody_who_left_the_bot(http: httpx2.AsyncClient, api: EmbeddedApi) -> None:
    async with api.installation.database.write() as session:
        await session.execute(update(Conversation).where(Conversation.id == "conv_tg_1").values(blocked=True))
    response = await http.post(TELEGRAM, json={"account_id": TG, "text": "Hi"})
    assert (response.status_code, response.json()["error"]["code"]) == (403, "telegram.cannot_message")


async def test_reading_resets_the_count_of_unread(http: httpx2.AsyncClient, api: EmbeddedApi) -> None:
    await arrive(api.installation, "dm", account_id=TG, author="Ana Sousa")
    await arrive(api.installation, "dm", account_id=TG, author="Ana Sousa")
    rows = (await http.get("/v1/inbox/conversations", params={"account_id": TG})).json()["data"]
    row = next(row for row in rows if row["participant_name"] == "Ana Sousa")
    assert row["unread_count"] == 2
    assert (await http.post(f"/v1/inbox/conversations/{row['id']}/read")).status_code == 200
    assert (await listed(http, row["id"]))["unread_count"] == 0


async def test_conversations_of_one_page(http: httpx2.AsyncClient) -> None:
    main = (await http.get("/v1/inbox/conversations", params={"page_id": "sapi_page_aurora_main"})).json()["data"]
    other = (await http.get("/v1/inbox/conversations", params={"page_id": "sapi_page_aurora_roastery"})).json()["data"]
    assert ([row["id"] for row in main], other) == (["conv_fb_1"], [])


async def test_a_message_without_content_lacks_its_text(http: httpx2.AsyncClient) -> None:
    body = {"account_id": "acc_aurora_instagram"}
    response = await http.post("/v1/inbox/conversations/conv_ig_1/messages", json=body)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["meta"]) == (400, "validation.field_required", {"field": "text"})
