"""What holds for each page of the sign-in, whatever it shows: its form, its looks, and strangers' text that stays text."""

import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auth.display import visible
from auth.pages import (
    HEADERS,
    HSTS_HEADER,
    Asking,
    BrandChoice,
    ConnectedApps,
    Consent,
    PresetChoice,
    Problem,
    ScopeChoice,
    SignIn,
    connected_apps,
    consent,
    notice,
    problem,
    revoked,
    sign_in,
    stylesheet,
)
from tests.auth.pages import APP, APPS, CONSENT, HAS_DOCUMENT, REGISTERED_ITSELF, SIGN_IN, Page

ELEMENTS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "link",
        "body",
        "header",
        "main",
        "section",
        "article",
        "h1",
        "h2",
        "p",
        "a",
        "div",
    ),
    *("dl", "dt", "dd", "ul", "li", "form", "fieldset", "legend", "label", "input", "button", "details", "summary"),
    *("span", "small", "strong", "code", "bdi", "time"),
}
HOSTILE = [
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "</title></h1></main><main><h1>Safe</h1>",
    "</textarea><!-- ",
    "<![CDATA[ ]]> &lt;b&gt; &#60;i&#62; &amp",
    "a\u202etxet desrever\u202c\u2066b\u2069",
    "javascript:alert(1)//http://evil.example/",
    "x" * 4096,
    "<" * 4096,
    "Z" + "\u0335\u0489\u0301" * 1000,
    "line\r\nSet-Cookie: a=b\x00\x1b[31m",
    "half \ud800 of a pair",
]


def pages_saying(text: str) -> dict[str, str]:
    """Every page, with the text in every place that takes one."""
    asking = Asking(
        client_name=text, is_verified=False, domain=text, destination=text, is_loopback_only=True, resource=text
    )
    verified = replace(asking, is_verified=True)
    asked = SignIn(csrf=text, request_id=text, asking=asking, local_user=text, wrong=text, keeps_name=text)
    choosing = Consent(
        csrf=text,
        request_id=text,
        asking=verified,
        account=text,
        account_id=text,
        scopes=(ScopeChoice(name=text, description=text, group=text, presets=(text,)),),
        presets=(PresetChoice(name=text, meaning=text, is_chosen=True),),
        brands=(BrandChoice(brand_id=text, name=text),),
        can_narrow_brands=True,
        key_note=text,
        lifetime_days=30,
        wrong=text,
    )
    app = replace(
        APP,
        grant_id=text,
        client_name=text,
        destination=text,
        scopes=(text,),
        brands=(text,),
        upstream_key=text,
        needs_sign_in=True,
    )
    return {
        "sign-in": sign_in(asked),
        "consent": consent(choosing),
        "apps": connected_apps(ConnectedApps(csrf=text, account=text, apps=(app, app), notice=text)),
        "problem": problem(Problem(title=text, text=text, advice=text)),
        "notice": notice(text, text),
        "after a revocation": connected_apps(replace(APPS, notice=revoked(text, text))),
    }


EVERY_PAGE = {
    **pages_saying("words"),
    "sign-in alone": sign_in(replace(SIGN_IN, request_id=None, asking=None)),
    "sign-in asked": sign_in(replace(SIGN_IN, asking=HAS_DOCUMENT)),
    "consent of five roles": consent(CONSENT),
    "consent without roles": consent(replace(CONSENT, presets=(), brands=(), key_note=None)),
    "consent without permissions": consent(replace(CONSENT, scopes=(), can_narrow_brands=False)),
    "no apps": connected_apps(replace(APPS, apps=())),
    "bare problem": problem(Problem(title="Not possible now", text="The store is away.", advice=None)),
    **{f"hostile {n} {name}": html for n, text in enumerate(HOSTILE) for name, html in pages_saying(text).items()},
}
every_page = pytest.mark.parametrize("html", EVERY_PAGE.values(), ids=EVERY_PAGE.keys())


# What holds for each page


@every_page
def test_a_page_is_well_formed_and_in_the_elements_of_ours(html: str) -> None:
    page = Page(html)
    assert html.startswith("<!doctype html>\n<html lang=")
    assert {element.tag for element in page.elements} <= ELEMENTS
    assert html.encode()


@every_page
def test_a_page_has_a_language_its_landmarks_and_one_heading_that_is_its_title(html: str) -> None:
    page = Page(html)
    assert page.one("html").get("lang") == "en"
    assert page.one("main") and page.one("header")
    assert page.one("h1").text == page.one("title").text != ""
    assert page.one("h1").is_inside(page.one("main"))


@every_page
def test_ids_are_unique_and_every_reference_leads_to_one(html: str) -> None:
    page = Page(html)
    ids = [e.get("id") for e in page.elements if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    for element in page.elements:
        for attribute in ("for", "aria-labelledby", "aria-describedby"):
            assert set((element.get(attribute) or "").split()) <= set(ids)
        address = element.get("href") or ""
        assert not address.startswith("#") or address[1:] in ids


@every_page
def test_every_control_has_a_label_and_every_group_a_name(html: str) -> None:
    page = Page(html)
    labelled = {label.get("for") for label in page.all("label") if label.text.strip()}
    controls = [e for e in page.all("input") if e.get("type") != "hidden"]
    assert {e.get("id") for e in controls} == labelled
    assert all(button.text.strip() and button.get("name") and button.get("value") for button in page.all("button"))
    for group in page.all("fieldset"):
        assert [legend for legend in page.all("legend") if legend.parent is group and legend.text.strip()]


@every_page
def test_nothing_is_inline_and_nothing_comes_from_another_host(html: str) -> None:
    for element in Page(html).elements:
        assert element.tag not in {"script", "style", "iframe", "img", "object"}
        assert not [name for name in element.attributes if name == "style" or name.startswith("on")]
        for name in ("href", "src", "action", "formaction"):
            assert re.match(r"/oauth/|#|$", element.get(name) or "")


@every_page
def test_every_form_is_posted_with_its_token(html: str) -> None:
    page = Page(html)
    for form in page.all("form"):
        assert form.get("method") == "post"
        assert "csrf" in page.hidden(form)


@every_page
def test_headings_skip_no_level(html: str) -> None:
    levels = [element.tag for element in Page(html).elements if element.tag in {"h1", "h2", "h3"}]
    assert levels[0] == "h1" and set(levels[1:]) <= {"h2"}


# What strangers wrote


def assert_stays_text(text: str) -> None:
    plain = pages_saying("words")
    for name, html in pages_saying(text).items():
        assert Page(html).structure == Page(plain[name]).structure


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_no_element_and_no_attribute(text: str) -> None:
    assert_stays_text(text)


@given(st.text(min_size=1).filter(lambda text: visible(text, 9)))
@example("&quot;><b>")
def test_no_text_at_all_adds_an_element_or_an_attribute(text: str) -> None:
    assert_stays_text(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_sent_back_is_what_was_given(text: str) -> None:
    sendable = text.replace("\ud800", "?")
    page = Page(pages_saying(text)["consent"])
    assert page.hidden(page.one("form")) == {"csrf": sendable, "request": sendable, "account": sendable}
    assert page.one("input", name="preset").get("value") == sendable
    assert page.one("input", name="scope").get("value") == sendable
    assert page.one("input", name="brand").get("value") == sendable
    apps = Page(pages_saying(text)["apps"])
    assert apps.hidden(apps.all("form")[0]) == {"csrf": sendable, "grant": sendable}


@pytest.mark.parametrize("text", HOSTILE)
def test_no_page_shows_what_cannot_be_seen_or_goes_on_for_ever(text: str) -> None:
    for html in pages_saying(text).values():
        page = Page(html)
        assert not [letter for letter in page.text if unicodedata.category(letter)[0] == "C" and letter != "\n"]
        parents = [element.parent for element in page.elements]
        assert max(len(e.text) for e in page.elements if not any(e is parent for parent in parents)) < 1000


def test_names_stand_apart_so_that_their_direction_moves_nothing_else() -> None:
    page = Page(consent(replace(CONSENT, asking=replace(REGISTERED_ITSELF, client_name="שלום"))))
    name = page.all("bdi")[0]
    assert name.text == "שלום" and name.parent is page.all("strong")[0]


# Headers and looks


def test_the_headers_let_nothing_in_and_let_forms_lead_away() -> None:
    policy = dict(part.split(" ", 1) for part in HEADERS["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert {name: value for name, value in HEADERS.items() if name != "Content-Security-Policy"} == {
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    assert list(HSTS_HEADER) == ["Strict-Transport-Security"]


def test_the_stylesheet_loads_nothing() -> None:
    style = stylesheet().decode()
    assert "url(" not in style and "@import" not in style and "://" not in style


def colours(*, is_dark: bool) -> dict[str, str]:
    light, dark = re.findall(r":root \{(.*?)\}", stylesheet().decode(), re.DOTALL)
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    return found | dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark)) if is_dark else found


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_every_text_and_every_control_can_be_told_from_its_ground(is_dark: bool) -> None:
    colour = colours(is_dark=is_dark)
    texts = [("ink", "card"), ("soft", "card"), ("soft", "ground"), ("go", "card"), ("on-go", "go")]
    texts += [("on-care", "care"), ("on-wrong", "wrong"), ("on-good", "good")]
    for text, ground in texts:
        assert contrast(colour[text], colour[ground]) >= 4.5, (text, ground)
    for edge in ("edge", "go", "on-wrong"):
        assert contrast(colour[edge], colour["card"]) >= 3, edge
