"""Connecting: consent page, callback, choice, expiry, and the address bar's journey."""

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio
BACK = "https://app.example.com/done?keep=1"


async def approve(
    http: httpx2.AsyncClient, platform: str, handle: str, decision: str = "approve", **body: str
) -> httpx2.Response:
    """Walk through the pages; the last answer, which is not followed."""
    begun = await http.post("/v1/accounts/connect", json={"platform": platform, **body})
    assert begun.status_code == 202, begun.text
    state = begun.json()["state"]
    page = await http.get(f"/connect/{platform}?state={state}")
    assert page.status_code == 200
    assert "Local simulation" in page.text
    form = {"state": state, "handle": handle, "decision": decision}
    sent = await http.post(f"/connect/{platform}", data=form)
    assert sent.status_code == 302
    return await http.get(sent.headers["location"])


def query(response: httpx2.Response) -> dict[str, str]:
    assert response.headers["location"].startswith("https://app.example.com/done?")
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["location"]).query).items()}


async def test_an_approved_account_is_connected(http: httpx2.AsyncClient) -> None:
    answer = query(await approve(http, "threads", "stand", brand_id="b_empty", redirect_uri=BACK, state="mine"))
    assert answer["status"] == "success"
    assert answer["state"] == "mine"
    assert answer["keep"] == "1"
    rows = (await http.get("/v1/accounts?brand_id=b_empty")).json()["data"]
    assert [(row["id"], row["username"]) for row in rows] == [(answer["account_id"], "stand")]


async def test_no_means_no(http: httpx2.AsyncClient) -> None:
    answer = query(await approve(http, "threads", "", "deny", brand_id="b_empty", redirect_uri=BACK))
    assert (answer["status"], answer["error"]) == ("error", "access_denied")
    assert (await http.get("/v1/accounts?brand_id=b_empty")).json()["count"] == 0


async def test_without_an_address_to_return_to_a_page_says_how_it_went(http: httpx2.AsyncClient) -> None:
    page = await approve(http, "tiktok", "<b>stand</b>", brand_id="b_empty")
    assert "Connected" in page.text
    assert "<b>" not in page.text


async def test_facebook_asks_which_pages(http: httpx2.AsyncClient) -> None:
    answer = query(await approve(http, "facebook", "Stand", brand_id="b_empty", redirect_uri=BACK))
    assert answer["status"] == "selection_required"
    path = f"/v1/accounts/pending/{answer['connection_id']}"
    pages = (await http.get(path)).json()["pages"]
    chosen = [row["platform_page_id"] for row in pages[:2]]
    assert (await http.post(f"{path}/select", json={"page_ids": ["1"]})).status_code == 400
    made = await http.post(f"{path}/select", json={"page_ids": chosen})
    assert made.status_code == 201
    assert len((await http.get(f"/v1/accounts/{made.json()['account_id']}/pages")).json()["data"]) == 2
    assert (await http.post(f"{path}/select", json={"page_ids": chosen})).status_code == 404


async def test_states_and_choices_expire(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    state = (await http.post("/v1/accounts/connect", json={"platform": "threads"})).json()["state"]
    clock.advance(minutes=11)
    assert (await http.get(f"/connect/threads?state={state}")).status_code == 400
    clock.advance(minutes=20)
    assert (await http.get("/v1/accounts/pending/pc_00000000000000000000000000000001")).status_code == 404


async def test_a_code_can_be_exchanged_by_the_caller_once(http: httpx2.AsyncClient) -> None:
    begun = (await http.post("/v1/accounts/connect", json={"platform": "tiktok", "brand_id": "b_empty"})).json()
    form = {"state": begun["state"], "handle": "stand", "decision": "approve"}
    sent = await http.post("/connect/tiktok", data=form)
    code = parse_qs(urlsplit(sent.headers["location"]).query)["code"][0]
    body = {"platform": "tiktok", "code": code, "metadata": {"state": begun["state"], "redirect_uri": BACK}}
    made = await http.post("/v1/oauth/exchange", json=body)
    assert (made.status_code, made.json()["username"]) == (201, "stand")
    assert (await http.post("/v1/oauth/exchange", json=body)).status_code == 400


async def test_an_invite_brings_an_account_once(http: httpx2.AsyncClient) -> None:
    token = "5a3c9e1f7b2d4c6e8a0b1c2d3e4f5a6b7c8d9e0f1"
    sent = await http.get(f"/invite/{token}")
    assert sent.status_code == 302
    parts = urlsplit(sent.headers["location"])
    state = parse_qs(parts.query)["state"][0]
    done = await http.post(parts.path, data={"state": state, "handle": "guest", "decision": "approve"})
    assert "Connected" in (await http.get(done.headers["location"])).text
    assert (await http.get(f"/v1/invite/{token}")).status_code == 410
    assert (await http.get("/v1/invite/0000")).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"platform": "myspace"}, 400, "account.unsupported_platform"),
        ({"platform": "twitter"}, 412, "byok.credentials_missing"),
        ({"platform": "telegram", "metadata": {"bot_token": "x"}}, 401, "platform.telegram.auth"),
        ({"platform": "threads", "redirect_uri": "http://evil.example"}, 400, "validation.field_invalid"),
        ({"platform": "threads", "redirect_uri": "http://localhost:8080done"}, 400, "validation.field_invalid"),
        ({"platform": "threads", "redirect_uri": "https://[::1"}, 400, "validation.field_invalid"),
        ({"platform": "threads", "brand_id": "b_nobody"}, 404, "brand.not_found"),
    ],
)
async def test_what_cannot_be_connected(
    http: httpx2.AsyncClient, body: dict[str, object], status: int, code: str
) -> None:
    response = await http.post("/v1/accounts/connect", json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
