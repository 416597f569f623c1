"""Walking through a connection, for tests."""

from urllib.parse import parse_qs, urlsplit

import httpx2

BACK = "https://app.example.com/done?keep=1"


def query(response: httpx2.Response) -> dict[str, str]:
    """What the browser brings along to where it is sent."""
    parts = urlsplit(response.headers["location"]).query
    return {name: values[0] for name, values in parse_qs(parts, keep_blank_values=True).items()}


async def restricted(http: httpx2.AsyncClient, *brand_ids: str) -> dict[str, str]:
    """The header of a new key for these brands only."""
    made = await http.post("/v1/keys", json={"name": "Of one brand", "brand_ids": list(brand_ids)})
    return {"Authorization": f"Bearer {made.json()['raw_key']}"}


async def begin(
    http: httpx2.AsyncClient, platform: str, headers: dict[str, str] | None = None, **body: str
) -> httpx2.Response:
    """POST /accounts/connect."""
    return await http.post("/v1/accounts/connect", json={"platform": platform, **body}, headers=headers or {})


async def consent(http: httpx2.AsyncClient, platform: str, state: str, handle: str) -> str:
    """Approve at the platform; the callback's address, not opened yet."""
    form = {"state": state, "handle": handle, "decision": "approve"}
    sent = await http.post(f"/connect/{platform}", data=form)
    assert sent.status_code == 302, sent.text
    return str(sent.headers["location"])


async def connect(
    http: httpx2.AsyncClient, platform: str, handle: str, headers: dict[str, str] | None = None, **body: str
) -> dict[str, str]:
    """Connect by the browser, and come back to the caller with the outcome."""
    begun = await begin(http, platform, headers, redirect_uri=BACK, **body)
    assert begun.status_code == 202, begun.text
    return query(await http.get(await consent(http, platform, begun.json()["state"], handle)))


async def invited(http: httpx2.AsyncClient, platform: str) -> tuple[str, str]:
    """A new invite to b_empty: its id and its token."""
    body = {"brand_id": "b_empty", "platform": platform, "expires_in_days": 1}
    made = await http.post("/v1/invites", json=body)
    assert made.status_code == 201, made.text
    return made.json()["id"], made.json()["token"]


async def open_invite(http: httpx2.AsyncClient, token: str, handle: str) -> str:
    """Open an invite's page and approve; the callback's address, not opened yet."""
    sent = await http.get(f"/invite/{token}")
    assert sent.status_code == 302, sent.text
    parts = urlsplit(sent.headers["location"])
    return await consent(http, parts.path.rpartition("/")[2], parse_qs(parts.query)["state"][0], handle)


def problem(response: httpx2.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return response.status_code, response.json()["error"]["code"]
