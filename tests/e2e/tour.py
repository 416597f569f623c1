"""A walk through every page of the sign-in, as a person meets them."""

import base64
import hashlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import httpx2
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.client_hosts import Published, callback, document_host
from tests.e2e.people import Person
from tests.e2e.processes import free_port, key, serve

VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
HOSTED = "https://planner.example/callback"
BEHIND_A_PROXY = {"X-Forwarded-For": "198.51.100.7"}
"""Whoever comes through one may be anywhere, so that no click signs them in."""


@dataclass(frozen=True)
class Place:
    """A running server, and two apps that ask there."""

    server: str
    key: str
    program: str
    """The client id of a program on this computer that registered itself."""
    hosted: str
    """The client id of an app with a metadata document."""
    redirect: str
    """Where the program awaits its answer."""

    def request(self, **changed: str) -> str:
        """An authorization request of the program."""
        parameters = {
            "response_type": "code",
            "client_id": self.program,
            "redirect_uri": self.redirect,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "resource": f"{self.server}/mcp",
            "state": "the state",
            **changed,
        }
        return f"{self.server}/oauth/authorize?{urlencode(parameters)}"

    def redeem(self, address: str) -> httpx2.Response:
        """Give in the code of an answer, as the program does."""
        form = {
            "grant_type": "authorization_code",
            "client_id": self.program,
            "code": httpx2.URL(address).params["code"],
            "code_verifier": VERIFIER,
            "redirect_uri": self.redirect,
        }
        return httpx2.post(f"{self.server}/oauth/token", data=form)

    def person(self, context: BrowserContext, *, pastes_key: bool = False) -> Person:
        """Somebody at a browser."""
        return Person(context.new_page(), self.server, self.key if pastes_key else None)


@contextmanager
def place(folder: Path, *, port: int | None = None) -> Generator[Place]:
    """Start the server and what is around it."""
    data, port = folder / "data", port or free_port()
    with document_host(folder, {"planner": Published("Planner", (HOSTED,))}) as documents, callback() as redirect:
        process = serve("http", data, port, **documents.environment)
        server = f"http://127.0.0.1:{port}"
        metadata = {"client_name": "Desk", "redirect_uris": [redirect], "token_endpoint_auth_method": "none"}
        program = httpx2.post(f"{server}/oauth/register", json=metadata).json()["client_id"]
        yield Place(server, key(data), program, documents.document("planner"), redirect)
        process.terminate()
        process.wait()


def walk(here: Place, context: BrowserContext) -> Iterator[tuple[str, Page]]:
    """Each page under a name, while it is shown: one may look at it, and leaves it as it is."""
    person = here.person(context)
    page = person.page
    for part in (_signing_in, _deciding, _looking_after, _in_trouble):
        for name in part(here, person):
            yield name, page


def _signing_in(here: Place, person: Person) -> Iterator[str]:
    page = person.page
    page.goto(f"{here.server}/oauth/apps")
    yield "sign-in-for-apps"
    page.goto(here.request())
    yield "sign-in-local"
    page.set_extra_http_headers(BEHIND_A_PROXY)
    page.goto(here.request(client_id=here.hosted, redirect_uri=HOSTED))
    yield "sign-in-key"
    page.set_extra_http_headers({})
    page.goto(here.request())
    page.get_by_label("Your SocialAPI key").fill("sapi_key_" + "ab" * 31)
    page.get_by_role("button", name="Sign in with this key").click()
    expect(page.get_by_role("alert")).to_contain_text("does not know this key")
    yield "sign-in-wrong-key"


def _deciding(here: Place, person: Person) -> Iterator[str]:
    page = person.page
    person.open(here.request(client_id=here.hosted, redirect_uri=HOSTED))
    yield "consent-verified"
    person.open(here.request())
    yield "consent"
    page.get_by_text("Single permissions").click()
    yield "consent-permissions"
    page.get_by_role("radio", name="Only these brands").check()
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Choose at least one brand")
    yield "consent-error"


def _looking_after(here: Place, person: Person) -> Iterator[str]:
    page = person.page
    for role in ("Analyst", "Admin"):
        assert here.redeem(person.granting(role)(here.request())).status_code == 200
    page.goto(f"{here.server}/oauth/apps")
    yield "connected-apps"
    page.get_by_role("button", name="Disconnect").first.click()
    yield "connected-apps-revoked"
    person.disconnect_all()
    page.goto(f"{here.server}/oauth/apps")
    yield "connected-apps-none"
    page.get_by_role("button", name="Sign out").click()
    yield "signed-out"


def _in_trouble(here: Place, person: Person) -> Iterator[str]:
    page = person.page
    page.goto(here.request(client_id="dyn_unknown"))
    yield "problem-unknown-app"
    page.goto(here.request(redirect_uri="https://elsewhere.example/"))
    yield "problem-wrong-place"
    page.goto(f"{here.server}/oauth/consent?request=over")
    yield "problem-over"
