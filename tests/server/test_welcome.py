"""Who opens the server's address in a browser reads what it is for; programs are answered as before."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from server.asgi import create_app
from server.dispatch import build_server
from server.welcome import Page
from tests.server.standin import StandIn

pytestmark = pytest.mark.anyio
HERE = "https://mcp.example.com"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with StandIn().client() as rest:
        shown = Page(address=HERE, can_sign_in=True, is_local=True)
        app = create_app(build_server(rest), public_urls=[HERE], page=shown)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=HERE) as client:
            yield client


async def test_a_browser_is_told_what_to_do_with_the_address(http: httpx2.AsyncClient) -> None:
    for path, status in (("/", 200), ("/mcp", 401), ("/mcp/x/inbox", 401)):
        response = await http.get(path, headers=BROWSER)
        assert response.status_code == status
        assert response.headers["content-type"].startswith("text/html")
        assert f"{HERE}/mcp" in response.text and "/oauth/apps" in response.text
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert response.headers["x-frame-options"] == "DENY"
        assert response.headers["strict-transport-security"]
    assert (await http.get("/mcp", headers=BROWSER)).headers["www-authenticate"].startswith("Bearer")


async def test_the_toolsets_of_an_address_are_kept_or_what_is_wrong_with_them_is_said(http: httpx2.AsyncClient) -> None:
    chosen = await http.get("/mcp/x/publishing,inbox", headers=BROWSER)
    assert f"{HERE}/mcp/x/inbox,publishing" in chosen.text
    wrong = await http.get("/mcp/x/inboxx%3Cb%3E", headers=BROWSER)
    assert f"{HERE}/mcp<" in wrong.text and "inboxx&lt;b&gt;" in wrong.text and "analytics" in wrong.text


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json, text/event-stream", "*/*"])
async def test_a_program_is_answered_in_json(http: httpx2.AsyncClient, accept: str) -> None:
    response = await http.get("/mcp", headers={"Accept": accept})
    assert (response.status_code, response.headers["content-type"]) == (401, "application/json")


async def test_another_name_of_this_machine_gets_no_page(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/", headers={**BROWSER, "Host": "evil.example"})).status_code in {403, 421}


def test_the_page_names_only_what_there_is() -> None:
    html = Page(address=HERE, can_sign_in=False, is_local=False).html("/")
    assert "/oauth/apps" not in html and "/v1/docs" not in html and "API key" in html
