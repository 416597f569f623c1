"""What each page of the sign-in says and sends."""

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from auth.pages import (
    Asking,
    BrandChoice,
    Consent,
    Problem,
    connected_apps,
    consent,
    notice,
    problem,
    revoked,
    sign_in,
    stylesheet,
)
from auth.scopes import PRESETS, SCOPES
from tests.auth.pages import APP, APPS, CONSENT, HAS_DOCUMENT, MOMENT, REGISTERED_ITSELF, SIGN_IN, Page

# Sign-in


def test_the_key_is_typed_into_a_field_that_nothing_remembers() -> None:
    page = Page(sign_in(SIGN_IN))
    typed = page.one("input", name="api_key")
    assert typed.get("type") == "password" and "value" not in typed.attributes
    assert typed.get("autocomplete") == "off" and typed.get("spellcheck") == "false"
    assert page.one("label", for_="api-key").text == "Your SocialAPI key"
    assert "checked with the API and not shown again" in page.by_id("key-hint").text
    assert page.one("button").attributes == {"class": "go", "name": "action", "value": "key"}
    form = page.one("form", action="/oauth/sign-in")
    assert page.hidden(form) == {"csrf": "token", "request": "pending"}


def test_a_key_that_is_replaced_is_told_so_with_the_name_of_the_new_one() -> None:
    assert "narrower key of its own, named mcp-claude." in Page(sign_in(replace(SIGN_IN, keeps_name="mcp-claude"))).text
    assert "narrower" not in Page(sign_in(SIGN_IN)).text


def test_signing_in_without_a_request_sends_none_and_leads_to_the_apps() -> None:
    page = Page(sign_in(replace(SIGN_IN, request_id=None, asking=None)))
    assert page.hidden(page.one("form")) == {"csrf": "token"}
    assert "apps are connected to your workspace" in page.text


def test_the_local_workspace_comes_first_in_a_form_of_its_own() -> None:
    page = Page(sign_in(replace(SIGN_IN, local_user="Ada")))
    local, key = page.all("form")
    buttons = page.all("button")
    assert [(b.text, b.get("value")) for b in buttons] == [
        ("Continue as Ada", "local"),
        ("Sign in with this key", "key"),
    ]
    assert buttons[0].is_inside(local) and buttons[1].is_inside(key)
    assert page.hidden(local) == page.hidden(key) == {"csrf": "token", "request": "pending"}
    assert "local sample workspace" in page.text
    assert "local sample workspace" not in Page(sign_in(SIGN_IN)).text


def test_a_refused_key_is_announced_and_tied_to_its_field() -> None:
    page = Page(sign_in(replace(SIGN_IN, wrong="The API does not know this key.")))
    alert = page.one("div", role="alert")
    assert page.by_id("wrong").is_inside(alert) and page.by_id("wrong").text == "The API does not know this key."
    assert page.one("a").get("href") == "#api-key"
    typed = page.by_id("api-key")
    assert typed.get("aria-invalid") == "true" and "wrong" in (typed.get("aria-describedby") or "").split()
    assert not Page(sign_in(SIGN_IN)).all("div", role="alert")


# Who asks


def both_asking(asking: Asking) -> list[Page]:
    return [Page(sign_in(replace(SIGN_IN, asking=asking))), Page(consent(replace(CONSENT, asking=asking)))]


def test_a_client_that_registered_itself_is_said_to_be_unverified_whatever_it_claims() -> None:
    for page in both_asking(replace(REGISTERED_ITSELF, domain="claude.ai")):
        assert page.facts()["App"] == "Claude Desktop Not verified: it gave this name itself"
        assert "claude.ai" not in page.text


def test_a_client_with_a_document_is_shown_with_the_domain_of_it() -> None:
    for page in both_asking(HAS_DOCUMENT):
        assert page.facts()["App"] == "Claude Verified domain: docs.claude.ai"
        assert "Not verified" not in page.text


def test_a_client_that_the_operator_set_up_is_said_to_be() -> None:
    for page in both_asking(replace(HAS_DOCUMENT, domain=None)):
        assert page.facts()["App"] == "Claude Set up by whoever runs this server"


def test_where_the_answer_goes_and_what_it_opens_are_shown() -> None:
    for page in both_asking(HAS_DOCUMENT):
        assert page.facts()["The answer goes to"] == "claude.com"
        assert page.facts()["It will use"] == "https://social.example/mcp"


def test_a_client_on_this_computer_alone_brings_a_warning() -> None:
    warning = "any program on this computer could be the one that listens"
    for page in both_asking(REGISTERED_ITSELF):
        assert warning in page.text
    for page in both_asking(replace(REGISTERED_ITSELF, is_loopback_only=False)):
        assert warning not in page.text


# Consent


def test_consent_names_the_app_the_account_how_long_and_how_to_end_it() -> None:
    page = Page(consent(CONSENT))
    assert page.one("h1").text == "Connect Claude Desktop?"
    assert page.facts()["Signed in as"] == "ada@example.com"
    assert page.facts()["How long"] == "For up to 180 days. You can end it at any time under connected apps."
    assert page.one("a", href="/oauth/apps").text == "connected apps"
    assert "A narrower key is made for this app." in page.text
    assert "For up to one day." in Page(consent(replace(CONSENT, lifetime_days=1))).text


def test_enter_on_a_choice_does_not_approve() -> None:
    page = Page(consent(CONSENT))
    buttons = page.all("button")
    assert [(b.get("name"), b.get("value")) for b in buttons] == [("decision", "deny"), ("decision", "approve")]
    hidden = page.hidden(page.one("form", action="/oauth/consent"))
    assert hidden == {"csrf": "token", "request": "pending", "account": "usr_ada"}


def test_one_role_is_chosen_and_each_says_what_it_means() -> None:
    page = Page(consent(CONSENT))
    roles = page.all("input", name="preset")
    assert [role.get("value") for role in roles] == [preset.name for preset in PRESETS]
    assert [role.get("value") for role in roles if "checked" in role.attributes] == [PRESETS[0].name]
    assert all(role.get("type") == "radio" and "required" in role.attributes for role in roles)
    for role, preset in zip(roles, PRESETS, strict=True):
        assert page.by_id(role.get("aria-labelledby") or "").text == preset.name
        assert page.by_id(role.get("aria-describedby") or "").text == preset.meaning


def test_each_permission_is_ticked_and_tells_its_roles() -> None:
    page = Page(consent(CONSENT))
    ticks = page.all("input", name="scope")
    assert [tick.get("value") for tick in ticks] == [scope.value for scope in SCOPES]
    assert all(tick.get("type") == "checkbox" and "checked" in tick.attributes for tick in ticks)
    assert all(tick.is_inside(page.one("details")) for tick in ticks)
    row = page.one("label", for_=ticks[3].get("id") or "")
    assert row.get("class") == "choice permission in-2 in-4 in-5"
    assert "posts:write" in row.text and "Roles: Drafter, Publisher, Admin" in row.text
    assert "In every role" in page.one("label", for_="scope-1").text
    assert "what the role above includes and is ticked here" in page.one("details").text
    groups = [legend.text for legend in page.all("legend") if legend.is_inside(page.one("details"))]
    assert groups == ["Accounts", "Posts", "Media", "Inbox", "Messages", "Account-level"]


def test_permissions_are_open_where_they_are_the_only_choice_or_one_was_made() -> None:
    assert "open" not in Page(consent(CONSENT)).one("details").attributes
    alone = Page(consent(replace(CONSENT, presets=())))
    assert "open" in alone.one("details").attributes and "role" not in alone.one("details").text
    fewer = tuple(replace(scope, is_ticked=scope.name != "dms:read") for scope in CONSENT.scopes)
    page = Page(consent(replace(CONSENT, scopes=fewer, wrong="Choose at least one permission.")))
    assert "open" in page.one("details").attributes
    unticked = [e.get("value") for e in page.all("input", name="scope") if "checked" not in e.attributes]
    assert unticked == ["dms:read"]


def test_the_stylesheet_steps_rows_back_for_as_many_roles_as_there_are() -> None:
    style = stylesheet().decode()
    for number, _ in enumerate(PRESETS, 1):
        assert f"form:has(#preset-{number}:checked) .permission:not(.in-{number})" in style


def test_brands_are_all_or_some_and_none_is_ticked_beforehand() -> None:
    page = Page(consent(CONSENT))
    extent = page.all("input", name="brands", type="radio")
    assert [(e.get("value"), "checked" in e.attributes) for e in extent] == [("all", True), ("some", False)]
    brands = page.all("input", name="brand", type="checkbox")
    assert [(e.get("value"), "checked" in e.attributes) for e in brands] == [("brand_1", False), ("brand_2", False)]
    assert [page.one("label", for_=e.get("id") or "").text for e in brands] == ["Nordlicht", "Südwind"]


def test_brands_that_were_picked_stay_picked() -> None:
    first, second = CONSENT.brands
    picked = replace(CONSENT, is_some_brands=True, brands=(first, replace(second, is_ticked=True)))
    page = Page(consent(picked))
    chosen = [e.get("value") for e in page.all("input") if e.get("name") != "scope" and "checked" in e.attributes]
    assert chosen == [PRESETS[0].name, "some", "brand_2"]


@pytest.mark.parametrize("page", [replace(CONSENT, can_narrow_brands=False), replace(CONSENT, brands=())])
def test_without_a_choice_of_brands_the_reach_of_the_key_is_named(page: Consent) -> None:
    shown_page = Page(consent(page))
    assert "It reaches the brands that your key reaches, and no others." in shown_page.text
    assert not [e for e in shown_page.all("input") if e.get("name") in {"brand", "brands"}]


def test_a_brand_without_a_name_goes_by_its_id() -> None:
    page = Page(consent(replace(CONSENT, brands=(BrandChoice(brand_id="brand_9", name="\u200b"),))))
    assert page.one("label", for_="brand-1").text == "brand_9"


def test_a_wrong_answer_is_announced_before_the_choices() -> None:
    page = Page(consent(replace(CONSENT, wrong="Choose at least one brand, or all.")))
    assert "Choose at least one brand, or all." in page.one("div", role="alert").text
    assert page.elements.index(page.one("div", role="alert")) < page.elements.index(page.one("form"))
    assert page.one("form").get("id") == "choices" and page.one("form").get("tabindex") == "-1"


# Connected apps


def test_an_app_is_listed_with_all_that_it_has() -> None:
    page = Page(connected_apps(APPS))
    assert page.one("h2").text == "Claude"
    assert page.facts() == {
        "Answers go to": "claude.com",
        "May": "See brands and connected accountsRead private conversations",
        "Brands": "All brands that your key reaches",
        "Connected": "10 March 2026, 12:05 UTC",
        "Last used": "11 March 2026, 12:05 UTC",
        "Its key in your workspace": "mcp-claude",
    }
    assert [e.text for e in page.all("li")] == list(APP.scopes)
    assert "Needs a new sign-in" not in page.text and "ada@example.com" in page.text


def test_each_app_is_disconnected_by_a_button_that_says_which() -> None:
    apps = (APP, replace(APP, grant_id="grant_2", client_name="Cursor"))
    page = Page(connected_apps(replace(APPS, apps=apps)))
    buttons = page.all("button", name="action", value="revoke")
    assert [button.text for button in buttons] == ["Disconnect Claude", "Disconnect Cursor"]
    forms = page.all("form", action="/oauth/apps")
    assert [page.hidden(form).get("grant") for form in forms] == ["grant_1", "grant_2", None]


def test_an_app_that_is_connected_twice_makes_no_two_landmarks_of_one_name() -> None:
    page = Page(connected_apps(replace(APPS, apps=(APP, replace(APP, grant_id="grant_2")))))
    assert len(page.all("article")) == 2 and not page.all("section")


def test_signing_out_is_offered_with_apps_and_without() -> None:
    for apps in (APPS, replace(APPS, apps=())):
        page = Page(connected_apps(apps))
        assert page.one("button", name="action", value="sign-out").text == "Sign out"
    assert "No app is connected to your workspace." in Page(connected_apps(replace(APPS, apps=()))).text


def test_an_app_whose_key_died_asks_for_a_new_sign_in() -> None:
    tired = replace(APP, needs_sign_in=True, upstream_key=None, brands=("Nordlicht",))
    page = Page(connected_apps(replace(APPS, apps=(tired,))))
    assert "Needs a new sign-in" in page.text and "Connect again from the app." in page.text
    assert page.facts()["Brands"] == "Nordlicht" and "Its key in your workspace" not in page.facts()


def test_moments_are_told_in_one_time_zone() -> None:
    there = MOMENT.astimezone(timezone(timedelta(hours=-11)))
    page = Page(connected_apps(replace(APPS, apps=(replace(APP, created_at=there),))))
    assert page.all("time")[0].text == "10 March 2026, 12:05 UTC"
    assert page.all("time")[0].get("datetime") == "2026-03-10T12:05Z"


def test_after_a_revocation_the_key_to_delete_is_named() -> None:
    assert revoked("Claude", None) == "Claude is disconnected."
    page = Page(connected_apps(replace(APPS, apps=(), notice=revoked("Cla\u200bude", "mcp-claude <1>"))))
    told = page.one("div", role="status").text
    assert told.startswith("Claude is disconnected. ") and told.endswith("delete the key mcp-claude <1> there.")
    assert not Page(connected_apps(APPS)).all("div", role="status")


# Problems and notices


def test_a_problem_says_what_to_do_next() -> None:
    page = Page(problem(Problem(title="This is too old", text="It took ten minutes.", advice="Go back to the app.")))
    assert page.one("h1").text == "This is too old"
    assert [p.text for p in page.all("p")] == ["It took ten minutes.", "Go back to the app."]


def test_a_notice_says_what_is_done() -> None:
    page = Page(notice("Signed out", "You can close this window."))
    assert (page.one("h1").text, page.one("p").text) == ("Signed out", "You can close this window.")
