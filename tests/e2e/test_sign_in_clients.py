"""The official clients sign in to the real command, with a person at a real browser, from the first 401 to the end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browsers import started_browser
from tests.e2e.client_hosts import DocumentHost, Published, callback, document_host
from tests.e2e.driven_clients import KINDS, NAMES, DrivenClient, Kind, driven_client
from tests.e2e.people import Person
from tests.e2e.processes import free_port, key, serve

Registration = Literal["dynamic", "document"]
READING = {"accounts:read", "posts:read", "media:read", "inbox:read", "dms:read", "analytics:read"}
LIST_POSTS = ("list_posts", {"limit": 1, "status": "published"})


@dataclass(frozen=True)
class World:
    """The server, and what is around it."""

    server: str
    key: str
    documents: DocumentHost
    redirect: str
    browser: Browser

    def person(self, registration: Registration) -> Person:
        """Somebody new, who has the key or clicks, so that both ways are gone."""
        page = self.browser.new_context().new_page()
        return Person(page, self.server, self.key if registration == "document" else None)

    def speak(self, access_token: str) -> httpx2.Response:
        """What the server says to a token."""
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json, text/event-stream"}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        return httpx2.post(f"{self.server}/mcp", json=message, headers=headers)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    data, port, folder = tmp_path_factory.mktemp("data"), free_port(), tmp_path_factory.mktemp("host")
    published = {kind: Published(name) for kind, name in NAMES.items()}
    with started_browser() as browser, document_host(folder, published) as documents, callback() as redirect:
        process = serve("http", data, port, **documents.environment)
        yield World(f"http://127.0.0.1:{port}", key(data), documents, redirect, browser)
        process.terminate()
        process.wait()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def start(world: World, kind: Kind, registration: Registration) -> Any:
    config = {"server": f"{world.server}/mcp", "redirect": world.redirect}
    if registration == "document":
        config["document"] = world.documents.document(kind)
    return driven_client(kind, config)


@pytest.mark.parametrize("registration", ["dynamic", "document"])
def test_a_client_signs_in_stays_steps_up_and_is_disconnected(
    world: World, kind: Kind, registration: Registration
) -> None:
    person = world.person(registration)
    with start(world, kind, registration) as client:
        calls_as_analyst(
            client, person, NAMES[kind], None if registration == "dynamic" else world.documents.document(kind)
        )
        goes_on_by_itself(world, client)
        steps_up(client, person, f"{kind} {registration}")
        ends(world, client, person)
    person.page.context.close()


def calls_as_analyst(client: DrivenClient, person: Person, name: str, document: str | None) -> None:
    """The first call leads to the pages, which say what is known of the client, and is then made."""

    def decide(url: str) -> str:
        person.open(url)
        expect(person.page.get_by_role("heading", level=1)).to_have_text(f"Connect {name}?")
        known = "Not verified" if document is None else "Verified domain: 127.0.0.1"
        expect(person.page.get_by_role("main")).to_contain_text(known)
        return person.grant("Analyst")

    answer = client.call(*LIST_POSTS, person=decide)
    assert answer["structuredContent"]["data"][0]["status"] == "published"
    tokens = client.tokens()
    assert set(tokens["scope"].split()) == READING
    assert tokens["client_id"] == document or (document is None and tokens["client_id"].startswith("dyn_"))


def goes_on_by_itself(world: World, client: DrivenClient) -> None:
    """An access token that is over is replaced, and nobody is asked."""
    old = client.tokens()
    gone = {"token": old["access_token"], "client_id": old["client_id"]}
    assert httpx2.post(f"{world.server}/oauth/revoke", data=gone).status_code == 200
    assert world.speak(old["access_token"]).status_code == 401
    client.expire()
    assert not client.call(*LIST_POSTS).get("isError")
    new = client.tokens()
    assert new["refresh_token"] != old["refresh_token"] and new["scope"] == old["scope"]


def steps_up(client: DrivenClient, person: Person, text: str) -> None:
    """A call beyond the role asks for more, keeps what there was, and is then made."""
    asked: list[str] = []

    def decide(url: str) -> str:
        asked.extend(parse_qs(urlsplit(url).query)["scope"][0].split())
        return person.granting("Publisher")(url)

    due = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="seconds")
    post = {"text": text, "targets": [{"account_id": "acc_aurora_threads"}], "scheduled_at": due}
    answer = client.call("create_post", post, person=decide)
    assert not answer.get("isError"), answer
    assert READING | {"posts:write"} <= set(asked)
    assert set(client.tokens()["scope"].split()) == READING | {"posts:write", "media:write"} & set(asked)


def ends(world: World, client: DrivenClient, person: Person) -> None:
    """Who disconnects the app turns away its next call; the client asks again, and takes a no for an answer."""
    last = client.tokens()
    assert person.disconnect_all() >= 1
    refused = world.speak(last["access_token"])
    assert refused.status_code == 401 and 'error="invalid_token"' in refused.headers["www-authenticate"]
    asked: list[str] = []

    def decide(url: str) -> str:
        asked.append(url)
        return person.denying(url)

    client.refused(*LIST_POSTS, person=decide)
    assert len(asked) == 1 and "error=access_denied" in person.page.url
