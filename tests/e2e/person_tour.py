"""A walk through the pages that a person opens while an assistant waits: to agree, to give or see a secret, to upload."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
from playwright.sync_api import FilePayload, Page, expect

from tests.e2e.people import Person
from tests.e2e.tour import Place
from tests.server.media_intake.samples import picture


def call(here: Place, tool: str, arguments: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether a tool failed, and its whole answer as text."""
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
    headers = {"Authorization": f"Bearer {here.key}", "Accept": "application/json, text/event-stream"}
    answer = httpx2.post(f"{here.server}/mcp", json=message, headers=headers, timeout=60, verify=False).text
    text = answer if answer.startswith("{") else answer.partition("data: {")[2].join("{\n").partition("\n")[0]
    if not answer.startswith("{"):
        (text,) = [line.removeprefix("data: ") for line in answer.splitlines() if line.startswith("data: {")]
    return bool(json.loads(text)["result"].get("isError")), text


def address_in(text: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+/(?:approve|reveal|secrets|upload)/[\w-]+", text)
    assert found is not None, text
    return found[0]


def walk(here: Place, page: Page) -> Iterator[str]:
    """Each page under a name, while it is shown: to somebody who is not signed in at the start."""
    page.goto(f"{here.server}/mcp")
    yield "address"
    page.goto(address_in(call(here, "disconnect_account", {"account_id": "acc_aurora_instagram"})[1]))
    if page.title() == "Sign in":
        yield "sign-in-for-a-page"
        Person(page, here.server).sign_in()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Your assistant asks you first")
    yield "approve-typed"
    page.get_by_label("Type the name to go ahead").fill("something else")
    page.get_by_role("button", name="Go ahead").click()
    expect(page.get_by_role("alert")).to_be_visible()
    yield "approve-wrong"
    page.goto(address_in(call(here, "revoke_key", {"key_id": "key_spare"})[1]))
    yield "approve"
    page.get_by_role("button", name="Go ahead").click()
    expect(heading).to_have_text("You agreed")
    yield "approved"
    page.goto(address_in(call(here, "connect_account", {"platform": "telegram", "brand_id": "b_fjord"})[1]))
    yield "secret"
    page.get_by_label("Bot token of your Telegram bot").fill("7001999:" + "b" * 34)
    page.get_by_role("button", name="Use it for this").click()
    expect(heading).to_have_text("Thank you")
    yield "secret-given"
    page.goto(address_in(call(here, "create_key", {"name": "Reports of the month"})[1]))
    yield "reveal"
    page.get_by_role("button", name="Show it once").click()
    expect(page.locator("code.secret")).to_be_visible()
    yield "revealed"
    page.reload()
    yield "revealed-before"
    page.goto(address_in(call(here, "add_media", {"upload": "new"})[1]))
    yield "upload"
    page.get_by_label("Picture or video").set_input_files(file("notes.txt", "text/plain", b"no picture"))
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("alert")).to_be_visible()
    yield "upload-wrong"
    page.get_by_label("Picture or video").set_input_files(file("harbour.png", "image/png", picture(size=(1080, 810))))
    page.get_by_role("button", name="Upload").click()
    expect(heading).to_have_text("Uploaded")
    yield "uploaded"
    page.goto(f"{here.server}/approve/{'x' * 32}")
    yield "not-yours"


def file(name: str, content_type: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": content_type, "buffer": content}
