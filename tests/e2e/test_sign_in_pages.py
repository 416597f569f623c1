"""The pages of the sign-in in the real product and a real browser: for everybody, by keyboard, without script."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, ViewportSize, expect

from tests.e2e.browsers import started_browser
from tests.e2e.node import MODULES, node
from tests.e2e.tour import Place, place, walk

PHONE: ViewportSize = {"width": 390, "height": 800}
JUDGED: Mapping[Literal["light", "dark"], dict[str, Any]] = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}
"""By every rule of axe-core, and in the dark by what may differ there."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place(tmp_path_factory.mktemp("place")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started_browser() as started:
        yield started


def test_axe_finds_no_violation_in_light_and_dark(here: Place, browser: Browser) -> None:
    node("axe-core")
    axe = (MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    # Past the pages' own policy, for the judge's script alone.
    context = browser.new_context(bypass_csp=True)
    found: dict[str, Any] = {}
    for name, page in walk(here, context):
        page.evaluate(axe)
        for scheme, rules in JUDGED.items():
            page.emulate_media(color_scheme=scheme)
            for row in page.evaluate("rules => axe.run(rules)", rules)["violations"]:
                found[f"{name}, {scheme}: {row['id']}"] = [part["html"] for part in row["nodes"]]
    context.close()
    assert not found, json.dumps(found, indent=1)


def test_every_page_is_quiet_and_fits_a_phone(here: Place, browser: Browser) -> None:
    context = browser.new_context()
    said: list[str] = []
    too_wide: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # A browser writes down each answer of 400 and above, and these pages have such a status on purpose.
        if not message.text.startswith("Failed to load resource: the server responded with a status of 4"):
            said.append(f"{message.type}: {message.text}")

    context.on("console", hear)
    context.on("weberror", lambda error: said.append(str(error.error)))
    names = list[str]()
    for name, page in walk(here, context):
        names.append(name)
        for width in (320, 390, 1200):
            page.set_viewport_size({"width": width, "height": 800})
            if page.evaluate("document.documentElement.scrollWidth") > width:
                too_wide.append(f"{name} at {width}")
        assert page.evaluate("document.styleSheets[0].cssRules.length") > 20, name
    context.close()
    assert not said
    assert not too_wide
    assert len(names) == len(set(names))


@pytest.mark.parametrize("pastes_key", [False, True], ids=["click", "key"])
def test_the_whole_sign_in_works_without_script(here: Place, browser: Browser, pastes_key: bool) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    person = here.person(context, pastes_key=pastes_key)
    answer = person.granting("Drafter")(here.request())
    tokens = here.redeem(answer)
    assert tokens.status_code == 200 and "posts:write" in tokens.json()["scope"]
    assert person.disconnect_all() == 1
    context.close()


def tab_to(wanted: Locator) -> None:
    """Press Tab until the control has the focus."""
    for _ in range(40):
        wanted.page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError("it is out of reach by keyboard")


def test_the_keyboard_alone_signs_in_and_disconnects(here: Place, browser: Browser) -> None:
    context = browser.new_context()
    page = here.person(context).page
    page.goto(here.request())
    tab_to(page.get_by_role("button", name=re.compile("^Continue as")))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect Desk?")
    tab_to(page.get_by_role("radio", name="Analyst"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Drafter")).to_be_checked()
    tab_to(page.locator("summary"))
    page.keyboard.press("Enter")
    tab_to(page.get_by_role("checkbox", name="See brands and connected accounts"))
    page.keyboard.press("Space")
    tab_to(page.get_by_role("button", name="Connect", exact=True))
    page.keyboard.press("Enter")
    page.wait_for_url("**/callback?*")
    scopes = here.redeem(page.url).json()["scope"].split()
    assert "posts:write" in scopes and "accounts:read" not in scopes
    page.goto(f"{here.server}/oauth/apps")
    tab_to(page.get_by_role("button", name="Disconnect Desk"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Desk is disconnected")
    context.close()


def test_enter_on_a_choice_never_agrees(here: Place, browser: Browser) -> None:
    context = browser.new_context()
    person = here.person(context)
    person.open(here.request())
    person.page.get_by_role("radio", name="Admin").focus()
    person.page.keyboard.press("Enter")
    person.page.wait_for_url("**/callback?*")
    assert "error=access_denied" in person.page.url
    context.close()


def test_two_tabs_do_not_disturb_each_other(here: Place, browser: Browser) -> None:
    context = browser.new_context()
    first, second = here.person(context), here.person(context)
    first.open(here.request(state="first", scope="posts:read"))
    second.open(here.request(state="second", scope="inbox:read"))
    answer = first.grant("Analyst")
    assert "state=first" in answer and here.redeem(answer).json()["scope"] == "posts:read"
    # What signed them in went with the first answer, and the second request waits until they have signed in again.
    second.page.get_by_role("button", name="Connect", exact=True).click()
    second.sign_in()
    answer = second.grant("Analyst")
    assert "state=second" in answer and here.redeem(answer).json()["scope"] == "inbox:read"
    context.close()


@pytest.mark.parametrize("decision", ["Connect", "Do not connect"])
def test_going_back_after_the_answer_says_that_it_is_over(here: Place, browser: Browser, decision: str) -> None:
    context = browser.new_context()
    person = here.person(context)
    person.open(here.request())
    person.page.get_by_role("button", name=decision, exact=True).click()
    person.page.wait_for_url("**/callback?*")
    person.page.go_back()
    expect(person.page.get_by_role("heading", level=1)).to_have_text("This sign-in is over")
    context.close()
