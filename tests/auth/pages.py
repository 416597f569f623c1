"""A sign-in page as a browser reads it, and samples of what each page shows."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from auth.pages import Asking, BrandChoice, ConnectedApp, ConnectedApps, Consent, PresetChoice, ScopeChoice, SignIn
from auth.scopes import PRESETS, SCOPES

VOID = {"meta", "link", "input", "br"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    parent: "Element | None"
    texts: list[str] = field(default_factory=list[str])

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def get(self, name: str) -> str | None:
        return self.attributes.get(name)

    def is_inside(self, other: "Element") -> bool:
        return self.parent is other or (self.parent is not None and self.parent.is_inside(other))


class Page(HTMLParser):
    """The elements of a page, in order; fails where one is not closed, or closed in a wrong place."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute of {tag} is given twice"
        element = Element(tag, dict(attrs), self._open[-1] if self._open else None)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError("no page has comments")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError("no page has declarations within")

    def all(self, tag: str, **attributes: str) -> list[Element]:
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            e for e in self.elements if e.tag == tag and all(e.get(name) == value for name, value in wanted.items())
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} of {tag} {attributes}"
        return found[0]

    def by_id(self, identifier: str) -> Element:
        (found,) = [e for e in self.elements if e.get("id") == identifier]
        return found

    def facts(self) -> dict[str, str]:
        terms, meanings = self.all("dt"), self.all("dd")
        return {term.text: meaning.text for term, meaning in zip(terms, meanings, strict=True)}

    def hidden(self, form: Element) -> dict[str | None, str | None]:
        return {e.get("name"): e.get("value") for e in self.all("input", type="hidden") if e.is_inside(form)}

    @property
    def text(self) -> str:
        return self.one("body").text

    @property
    def structure(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(element.tag, tuple(element.attributes)) for element in self.elements]


MOMENT = datetime(2026, 3, 10, 12, 5, tzinfo=UTC)
REGISTERED_ITSELF = Asking(
    client_name="Claude Desktop",
    is_verified=False,
    domain=None,
    destination="an app on this computer",
    is_loopback_only=True,
    resource="https://social.example/mcp",
)
HAS_DOCUMENT = replace(
    REGISTERED_ITSELF,
    client_name="Claude",
    is_verified=True,
    domain="docs.claude.ai",
    destination="claude.com",
    is_loopback_only=False,
)
SIGN_IN = SignIn(csrf="token", request_id="pending", asking=REGISTERED_ITSELF, local_user=None, wrong=None)
CONSENT = Consent(
    csrf="token",
    request_id="pending",
    asking=REGISTERED_ITSELF,
    account="ada@example.com",
    account_id="usr_ada",
    scopes=tuple(
        ScopeChoice(
            name=scope.value,
            description=about.description,
            group=about.group,
            presets=tuple(preset.name for preset in PRESETS if scope in preset.scopes),
        )
        for scope, about in SCOPES.items()
    ),
    presets=tuple(
        PresetChoice(name=preset.name, meaning=preset.meaning, is_chosen=preset is PRESETS[0]) for preset in PRESETS
    ),
    brands=(BrandChoice(brand_id="brand_1", name="Nordlicht"), BrandChoice(brand_id="brand_2", name="Südwind")),
    can_narrow_brands=True,
    key_note="A narrower key is made for this app.",
    lifetime_days=180,
    wrong=None,
)
APP = ConnectedApp(
    grant_id="grant_1",
    client_name="Claude",
    destination="claude.com",
    scopes=("See brands and connected accounts", "Read private conversations"),
    brands=(),
    created_at=MOMENT,
    last_used_at=MOMENT + timedelta(days=1),
    upstream_key="mcp-claude",
    needs_sign_in=False,
)
APPS = ConnectedApps(csrf="token", account="ada@example.com", apps=(APP,), notice=None)
