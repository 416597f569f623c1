"""Clients with a metadata document, at the endpoints: what becomes of a grant when the document changes or is away."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from auth.client_documents import DocumentRefused
from auth.records import ClientDocument
from auth.tokens import TokenRefused
from tests.auth.authorities import CALLBACK, MCP, Served, file_url, serving
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio

URL = "https://client.example/oauth/client.json"


@dataclass
class Published:
    """What the client says of itself now; None while its host is away."""

    clock: HeldClock
    members: dict[str, Any] | None = field(
        default_factory=lambda: {
            "client_id": URL,
            "client_name": "Planner",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
        }
    )

    asked: list[str] = field(default_factory=list[str])

    async def find(self, url: str, *, is_token_request: bool) -> ClientDocument:
        self.asked.append(url)
        if url != URL or self.members is None:
            raise DocumentRefused("its host does not answer")
        now = self.clock.now()
        return ClientDocument(
            url=url,
            body=json.dumps(self.members),
            body_hash=b"h" * 32,
            fetched_at=now,
            fresh_until=now + timedelta(days=1),
        )

    async def keys(self, metadata: Any) -> dict[str, Any]:
        raise DocumentRefused("it has no keys")


@pytest.fixture
def published(clock: HeldClock) -> Published:
    return Published(clock)


@pytest.fixture
async def served(tmp_path: Path, clock: HeldClock, published: Published) -> AsyncIterator[Served]:
    async with serving(file_url(tmp_path), clock, documents=published) as running:
        yield running


async def test_a_client_is_known_by_its_document_without_registering(served: Served) -> None:
    browser = served.browser()
    page = await browser.open(URL)
    assert page.status_code == 200 and "Verified domain" in page.text and "client.example" in page.text
    tokens = await served.tokens(URL)
    assert (await served.authority.verify(tokens["access_token"], MCP)).client_id == URL
    assert (await served.refresh(URL, tokens["refresh_token"])).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"client_name": "Another name"},
        {"redirect_uris": [CALLBACK, "https://evil.example/cb"]},
        {"jwks_uri": "https://client.example/jwks"},
    ],
)
async def test_who_becomes_another_has_to_ask_again(
    served: Served, published: Published, change: dict[str, Any]
) -> None:
    tokens = await served.tokens(URL)
    assert published.members is not None
    published.members |= change
    refused = await served.refresh(URL, tokens["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    with pytest.raises(TokenRefused):
        await served.authority.verify(tokens["access_token"], MCP)
    again = await served.tokens(URL)
    assert (await served.refresh(URL, again["refresh_token"])).status_code == 200


async def test_who_holds_anothers_token_makes_the_server_fetch_nothing(served: Served, published: Published) -> None:
    tokens = await served.tokens(URL)
    published.asked.clear()
    for given in (tokens["refresh_token"], "rt_nothing", ""):
        refused = await served.refresh("https://other.example/client", given)
        assert refused.json()["error"] == "invalid_client"
    assert published.asked == []
    assert (await served.refresh(URL, tokens["refresh_token"])).status_code == 200
    assert published.asked == [URL]


async def test_a_change_without_substance_disturbs_nobody(served: Served, published: Published) -> None:
    tokens = await served.tokens(URL)
    assert published.members is not None
    published.members |= {"redirect_uris": [CALLBACK, f"{CALLBACK}/2"], "software_version": "2", "scope": "posts:read"}
    assert (await served.refresh(URL, tokens["refresh_token"])).status_code == 200


async def test_a_document_that_is_away_is_told_to_person_and_client(served: Served, published: Published) -> None:
    tokens = await served.tokens(URL)
    published.members = None
    page = await served.browser().open(URL)
    assert page.status_code == 400 and "location" not in page.headers and "does not answer" in page.text
    refused = await served.refresh(URL, tokens["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client")


async def test_a_redirect_uri_that_was_withdrawn_meanwhile_gets_no_code(served: Served, published: Published) -> None:
    browser = served.browser()
    await browser.open(URL)
    await browser.sign_in()
    assert published.members is not None
    published.members["redirect_uris"] = ["https://client.example/elsewhere"]
    answer = await browser.consent()
    assert answer.status_code == 400 and "location" not in answer.headers


async def test_one_installation_ends_its_own_grant_only(served: Served) -> None:
    """The id of a document is shared by every installation of the client (workers-oauth-provider 0.10.3)."""
    mine, other = await served.tokens(URL), await served.tokens(URL)
    data = {"client_id": URL, "token": mine["refresh_token"]}
    response: httpx2.Response = await served.program().post("/oauth/revoke", data=data)
    assert response.status_code == 200
    assert (await served.refresh(URL, mine["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await served.refresh(URL, other["refresh_token"])).status_code == 200
