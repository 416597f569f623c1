"""Connecting an account in a real browser, without script, as a person does it."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsers import started_browser
from tests.e2e.processes import free_port, key, serve


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    data, port = tmp_path_factory.mktemp("data"), free_port()
    server = serve("api", data, port)
    headers = {"Authorization": f"Bearer {key(data)}"}
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        yield client
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started_browser() as started:
        yield started


@pytest.fixture(params=["light", "dark"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(
        java_script_enabled=False, color_scheme=request.param, viewport={"width": 390, "height": 800}
    )
    yield context.new_page()
    context.close()


def begin(api: httpx2.Client, platform: str, **body: str) -> str:
    brand = api.post("/v1/brands", json={"name": "Browser"}).json()["id"]
    response = api.post("/v1/accounts/connect", json={"platform": platform, "brand_id": brand, **body})
    assert response.status_code == 202, response.text
    return str(response.json()["auth_url"])


def test_enter_in_the_field_approves(api: httpx2.Client, page: Page) -> None:
    page.goto(begin(api, "threads"))
    field = page.get_by_label("Handle to connect")
    field.fill("north.wind")
    field.press("Enter")
    expect(page.get_by_role("heading")).to_have_text("Connected")


def test_the_keyboard_reaches_approve_and_then_deny(api: httpx2.Client, page: Page) -> None:
    page.goto(begin(api, "tiktok"))
    page.get_by_label("Handle to connect").focus()
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Approve")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Deny")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading")).to_have_text("Not connected")


def test_the_browser_goes_back_to_the_caller(api: httpx2.Client, page: Page, tmp_path: Path) -> None:
    back = f"{api.base_url}/done".replace("127.0.0.1", "localhost").replace("//done", "/done")
    page.goto(begin(api, "youtube", redirect_uri=back, state="a&b=c"))
    page.get_by_label("Handle to connect").fill("north")
    page.get_by_role("button", name="Approve").click()
    page.wait_for_url(f"{back}?*", wait_until="commit")
    assert "status=success" in page.url
    assert "state=a%26b%3Dc" in page.url


def test_a_missing_handle_says_so(api: httpx2.Client, page: Page) -> None:
    page.goto(begin(api, "instagram"))
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading")).to_have_text("A handle is missing")


def invite(api: httpx2.Client, platform: str) -> tuple[str, str]:
    """A new brand, and the link by which somebody outside connects an account to it."""
    brand = str(api.post("/v1/brands", json={"name": "Invited"}).json()["id"])
    body = {"brand_id": brand, "platform": platform, "expires_in_days": 1}
    response = api.post("/v1/invites", json=body)
    assert response.status_code == 201, response.text
    return brand, str(response.json()["url"])


def test_an_invited_person_chooses_pages_by_keyboard(api: httpx2.Client, page: Page) -> None:
    brand, link = invite(api, "facebook")
    page.goto(link)
    page.get_by_label("Handle to connect").fill(f"guest of {brand}")
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Pages, one or more")).to_be_visible()
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("alert")).to_have_text("choose one page or more")
    page.get_by_role("checkbox", name="Events").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Connect")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading")).to_have_text("Connected")
    (account,) = api.get("/v1/accounts", params={"brand_id": brand}).json()["data"]
    rows = api.get(f"/v1/accounts/{account['id']}/pages").json()["data"]
    assert sorted(row["name"] for row in rows) == [f"guest of {brand} Events", f"guest of {brand} Shop"]


def test_an_invited_person_chooses_one_profile(api: httpx2.Client, page: Page) -> None:
    brand, link = invite(api, "google")
    page.goto(link)
    page.get_by_label("Handle to connect").fill(f"harbour {brand}, station {brand}")
    page.keyboard.press("Enter")
    # The browser itself asks for a choice.
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("heading")).to_have_text("Nearly there")
    page.get_by_role("radio", name="station").check()
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("heading")).to_have_text("Connected")
    (account,) = api.get("/v1/accounts", params={"brand_id": brand}).json()["data"]
    assert account["username"] == f"station {brand}"


@pytest.mark.parametrize("width", [320, 390, 1200])
def test_a_page_fits_the_window(api: httpx2.Client, browser: Browser, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800})
    opened = context.new_page()
    opened.goto(begin(api, "facebook"))
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.locator("main").bounding_box() is not None
    context.close()
