"""The pages by which a person agrees and looks at a secret, in the real product and a real browser, without script."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.e2e.browsers import started_browser
from tests.e2e.node import MODULES, node
from tests.e2e.people import Person
from tests.e2e.person_tour import address_in, call, walk
from tests.e2e.tour import Place, place

PHONE: ViewportSize = {"width": 390, "height": 800}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place(tmp_path_factory.mktemp("place")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started_browser() as started:
        yield started


def signed_in_at(here: Place, page: Page, address: str) -> None:
    """Open a page as a person does who was not signed in before."""
    page.goto(address)
    if page.title() == "Sign in":
        Person(page, here.server).sign_in()
    expect(page).to_have_url(address)


def test_a_person_agrees_to_a_deletion_and_looks_at_a_new_key(here: Place, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    media = {"brand_id": "b_empty"}
    failed, text = call(here, "delete_brand", media)
    assert failed
    signed_in_at(here, page, address_in(text))
    expect(page.get_by_role("heading", level=1)).to_have_text("Your assistant asks you first")
    expect(page.get_by_role("heading", level=2)).to_contain_text("Delete a brand")
    page.get_by_label("Type the name to go ahead").fill("something else")
    page.get_by_role("button", name="Go ahead").click()
    expect(page.get_by_role("alert")).to_contain_text("not the name")
    assert call(here, "delete_brand", media)[0]
    name = page.locator("#typed-hint blockquote").inner_text()
    page.get_by_label("Type the name to go ahead").fill(name)
    page.get_by_role("button", name="Go ahead").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You agreed")
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("Go back to your assistant")
    failed, text = call(here, "delete_brand", media)
    assert not failed, text
    assert "b_empty" not in call(here, "list_brands", {})[1]

    failed, text = call(here, "create_key", {"name": "Reports", "scopes": ["posts:read"]})
    assert not failed and "sapi_key_" not in text
    page.goto(address_in(text))
    expect(page.locator("code.secret")).to_have_count(0)
    page.get_by_role("button", name="Show it once").click()
    key = page.locator("code.secret").inner_text()
    assert re.fullmatch(r"sapi_key_[0-9a-f]{62}", key)
    posts = httpx2.get(f"{here.server}/v1/posts", headers={"Authorization": f"Bearer {key}"}, verify=False)
    assert posts.status_code == 200
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("It was shown already")
    context.close()


def test_the_keyboard_alone_refuses_and_enter_in_the_field_is_no_yes(here: Place, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    arguments = {"account_id": "acc_fjord_telegram"}
    _, text = call(here, "disconnect_account", arguments)
    signed_in_at(here, page, address_in(text))
    page.get_by_label("Type the name to go ahead").fill(page.locator("#typed-hint blockquote").inner_text())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("You refused")
    assert call(here, "disconnect_account", arguments)[0]
    context.close()


def test_axe_finds_no_violation_and_every_page_fits_a_phone(here: Place, browser: Browser) -> None:
    node("axe-core")
    axe = (MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    context = browser.new_context(bypass_csp=True, viewport=PHONE)
    page = context.new_page()
    found: dict[str, Any] = {}
    too_wide: list[str] = []
    for name in walk(here, page):
        page.evaluate(axe)
        for width in (320, 390, 1200):
            page.set_viewport_size({"width": width, "height": 800})
            if page.evaluate("document.documentElement.scrollWidth") > width:
                too_wide.append(f"{name} at {width}")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for row in page.evaluate("axe.run()")["violations"]:
                found[f"{name}, {scheme}: {row['id']}"] = [part["html"] for part in row["nodes"]]
    context.close()
    assert not found, json.dumps(found, indent=1)
    assert not too_wide
