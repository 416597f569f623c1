"""Payment, allowed addresses and X credentials: what the dashboard is for."""

import stat
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from sqlalchemy import select, update

from localapi.app import EmbeddedApi
from localapi.context import period_of
from localapi.tables import Account, User
from localapi.tables_settings import XCredentials
from localapi.x_credentials import reseal
from tests.conftest import HeldClock
from tests.localapi.tokens import dashboard_token

pytestmark = pytest.mark.anyio

PAIR = {"client_id": "abcdef123456", "client_secret": "keep-this-secret"}
X = "/v1/platforms/twitter/credentials"


def refused(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture
async def dashboard(api: EmbeddedApi, http: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """A client with a dashboard token instead of the key."""
    token = await dashboard_token(api)
    transport = httpx2.ASGITransport(app=api.app)
    return httpx2.AsyncClient(
        transport=transport, base_url="http://local", headers={"Authorization": f"Bearer {token}"}
    )


async def person(api: EmbeddedApi) -> User:
    async with api.installation.database.read() as session:
        return (await session.scalars(select(User))).one()


# Billing


async def test_plans_are_listed_from_the_cheapest_on(http: httpx2.AsyncClient) -> None:
    plans = (await http.get("/v1/billing/plans")).json()["plans"]
    assert [one["tier"] for one in plans] == ["free", "starter", "pro", "business", "enterprise"]
    assert plans[2]["popular"] is True and plans[2]["monthly_price_usd"] == 109
    assert plans[0]["limits"] == {
        "profiles": 2,
        "posts_per_month": 10,
        "interactions_per_month": 50,
        "storage_bytes": 104857600,
        "event_retention_days": 1,
        "exports_per_month": 2,
    }


async def checkout(http: httpx2.AsyncClient, **more: str) -> dict[str, Any]:
    answer = await http.post("/v1/billing/checkout", json={"plan": "business", **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def path_of(url: str) -> str:
    return urlsplit(url).path


async def test_a_checkout_changes_the_plan_and_begins_a_period(
    api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    made = await checkout(http, success_url="https://app.example.com/paid?from=here")
    query = {"session_id": made["session_id"]}
    assert (await http.get("/v1/billing/checkout/status", params=query)).json() == {
        "status": "open",
        "plan": "business",
    }
    page = await http.get(path_of(made["url"]))
    assert page.status_code == 200 and "no money moves" in page.text and "$349 a month" in page.text
    assert "script-src" not in page.headers["content-security-policy"] and "<script" not in page.text
    paid = await http.post(path_of(made["url"]), data={"decision": "pay"}, follow_redirects=False)
    assert paid.headers["location"] == f"https://app.example.com/paid?from=here&session_id={made['session_id']}"
    assert (await http.get("/v1/billing/checkout/status", params=query)).json()["status"] == "complete"
    assert (await http.get("/v1/users/me")).json()["plan"] == "business"
    usage = (await http.get("/v1/usage")).json()
    assert usage["period_start"].startswith("2026-03-10T12:00") and usage["period_end"].startswith("2026-04-10T12:00")
    again = await http.post(path_of(made["url"]), data={"decision": "pay"})
    assert again.status_code == 410


async def test_a_checkout_is_cancelled_or_expires(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    made = await checkout(http)
    await http.post(path_of(made["url"]), data={"decision": "cancel"})
    query = {"session_id": made["session_id"]}
    assert (await http.get("/v1/billing/checkout/status", params=query)).json()["status"] == "canceled"
    late = await checkout(http, interval="year")
    clock.advance(hours=24)
    query = {"session_id": late["session_id"]}
    assert (await http.get("/v1/billing/checkout/status", params=query)).json()["status"] == "expired"
    assert (await http.get(path_of(late["url"]))).status_code == 410
    assert (await http.get("/v1/users/me")).json()["plan"] == "pro"


async def test_what_makes_no_sense_is_refused(http: httpx2.AsyncClient) -> None:
    bad = {"plan": "business", "success_url": "javascript:alert(1)"}
    assert refused(await http.post("/v1/billing/checkout", json=bad)) == (400, "validation.field_invalid")
    nobody = await http.get("/v1/billing/checkout/status", params={"session_id": "cs_nobody"})
    assert refused(nobody) == (404, "resource.not_found")
    assert (await http.get("/billing/cs_nobody")).status_code == 404


async def test_past_due_blocks_all_but_profile_and_billing_until_it_is_paid(
    api: EmbeddedApi, http: httpx2.AsyncClient
) -> None:
    portal = (await http.post("/v1/billing/portal", json={"return_url": "https://app.example.com/"})).json()["url"]
    failed = await http.post(path_of(portal), data={"decision": "fail"})
    assert "overdue" in failed.text
    for method, path in (("GET", "/v1/brands"), ("POST", "/v1/posts"), ("GET", "/v1/usage"), ("GET", "/v1/events")):
        assert refused(await http.request(method, path, json={} if method == "POST" else None)) == (
            402,
            "billing.past_due",
        )
    me = (await http.get("/v1/users/me")).json()
    assert me["billing_blocked"] is True and me["billing_blocked_at"]
    assert (await http.patch("/v1/users/me", json={"use_case": "testing"})).status_code == 200
    assert (await http.get("/v1/billing/plans")).status_code == 200
    again = (await http.post("/v1/billing/portal", json={})).json()["url"]
    assert "Paid." in (await http.post(path_of(again), data={"decision": "pay"})).text
    assert (await http.get("/v1/brands")).status_code == 200
    assert (await http.get("/v1/users/me")).json()["billing_blocked"] is False


async def test_the_portal_changes_the_plan(http: httpx2.AsyncClient) -> None:
    portal = path_of((await http.post("/v1/billing/portal", json={})).json()["url"])
    await http.post(portal, data={"decision": "change", "plan": "starter"})
    assert (await http.get("/v1/users/me")).json()["plan"] == "starter"
    assert (await http.post(portal, data={"decision": "change", "plan": "enterprise"})).status_code == 400
    assert (await http.post(portal, data={})).status_code == 400
    # Nothing is due, so there is nothing to pay, and nothing that could fail without a price.
    assert (await http.post(portal, data={"decision": "pay"})).status_code == 400
    await http.post(portal, data={"decision": "change", "plan": "free"})
    assert (await http.post(portal, data={"decision": "fail"})).status_code == 400


@pytest.mark.parametrize(
    ("since", "now", "expected"),
    [
        ((2026, 1, 31), (2026, 2, 10), ((2026, 1, 31), (2026, 2, 28))),
        ((2026, 1, 31), (2026, 2, 28), ((2026, 2, 28), (2026, 3, 31))),
        ((2026, 1, 31), (2027, 3, 1), ((2027, 2, 28), (2027, 3, 31))),
        ((2024, 2, 29), (2025, 12, 31), ((2025, 12, 29), (2026, 1, 29))),
    ],
)
def test_a_paid_period_is_a_month(
    since: tuple[int, int, int], now: tuple[int, int, int], expected: tuple[tuple[int, int, int], ...]
) -> None:
    user = User(id="u", email="", name="", plan="pro", billing_since=datetime(*since, tzinfo=UTC))
    found = period_of(user, datetime(*now, tzinfo=UTC))
    assert found == tuple(datetime(*day, tzinfo=UTC) for day in expected)


# Redirect addresses


async def test_only_the_dashboard_manages_addresses_and_credentials(http: httpx2.AsyncClient) -> None:
    for method, path, body in (
        ("GET", "/v1/oauth/redirect-uris", None),
        ("POST", "/v1/oauth/redirect-uris", {"uri": "https://app.example.com"}),
        ("GET", X, None),
        ("PUT", X, PAIR),
        ("POST", f"{X}/test", PAIR),
    ):
        assert (await http.request(method, path, json=body)).status_code == 403


async def test_the_first_address_turns_checking_on_and_the_last_off(
    dashboard: httpx2.AsyncClient, http: httpx2.AsyncClient
) -> None:
    listed, other = "https://app.example.com/connected", "https://other.example.com/"

    async def connect(uri: str) -> int:
        body = {"platform": "tiktok", "redirect_uri": uri, "brand_id": "b_empty"}
        return (await http.post("/v1/accounts/connect", json=body)).status_code

    assert await connect(other) == 202
    made = await dashboard.post("/v1/oauth/redirect-uris", json={"uri": listed, "label": "App"})
    assert made.status_code == 201 and made.json()["id"].startswith("sapi_ruri_")
    assert await connect(other) == 400 and await connect(listed) == 202
    twice = await dashboard.post("/v1/oauth/redirect-uris", json={"uri": listed})
    assert refused(twice) == (400, "validation.redirect_uri_duplicate")
    assert refused(await dashboard.post("/v1/oauth/redirect-uris", json={"uri": "http://app.example.com"}))[0] == 400
    assert (await dashboard.delete(f"/v1/oauth/redirect-uris/{made.json()['id']}")).status_code == 204
    assert (await dashboard.get("/v1/oauth/redirect-uris")).json() == {"data": [], "count": 0}
    assert await connect(other) == 202


async def test_the_list_holds_twenty(dashboard: httpx2.AsyncClient) -> None:
    for number in range(20):
        made = await dashboard.post("/v1/oauth/redirect-uris", json={"uri": f"https://app.example.com/{number}"})
        assert made.status_code == 201
    full = await dashboard.post("/v1/oauth/redirect-uris", json={"uri": "https://app.example.com/more"})
    assert refused(full) == (400, "validation.field_invalid")


# X credentials


async def test_x_is_connected_with_the_brands_own_credentials_before_the_default(
    dashboard: httpx2.AsyncClient, http: httpx2.AsyncClient
) -> None:
    body = {"platform": "twitter", "brand_id": "b_empty"}
    assert refused(await http.post("/v1/accounts/connect", json=body)) == (412, "byok.credentials_missing")
    assert (await dashboard.put(X, json=PAIR)).status_code == 204
    assert (await http.post("/v1/accounts/connect", json=body)).json()["metadata"] == {"byok_source": "user"}
    other = {"client_id": "brandbrand12", "client_secret": "the-brands-own-secret"}
    assert (await dashboard.put(f"{X}/brand/b_empty", json=other)).status_code == 204
    assert (await http.post("/v1/accounts/connect", json=body)).json()["metadata"] == {"byok_source": "brand"}
    rows = (await dashboard.get(X)).json()
    assert [(row.get("brand_id"), row["client_id_hint"]) for row in rows["data"]] == [
        (None, "abcdef"),
        ("b_empty", "brandb"),
    ]
    assert "secret" not in str(rows)
    assert (await dashboard.delete(f"{X}/brand/b_empty")).status_code == 204
    assert (await http.post("/v1/accounts/connect", json=body)).json()["metadata"] == {"byok_source": "user"}
    assert refused(await dashboard.put(f"{X}/brand/b_nobody", json=other)) == (404, "brand.not_found")


async def test_a_rotated_secret_ends_the_accounts_that_used_it(api: EmbeddedApi, dashboard: httpx2.AsyncClient) -> None:
    async def state() -> tuple[str, str | None]:
        async with api.installation.database.read() as session:
            row = await session.get_one(Account, "acc_aurora_twitter")
            return row.status, row.reconnect_reason

    # It was connected through the default, whatever its brand has since.
    await dashboard.put(X, json=PAIR)
    await dashboard.put(f"{X}/brand/b_aurora", json=PAIR)
    await dashboard.put(f"{X}/brand/b_aurora", json={**PAIR, "client_secret": "another-secret"})
    assert await state() == ("active", None)
    await dashboard.put(X, json={**PAIR, "client_secret": "another-secret"})
    assert await state() == ("reconnect_required", "credentials_rotated")


async def test_a_deleted_brand_takes_its_credentials_along(
    dashboard: httpx2.AsyncClient, http: httpx2.AsyncClient
) -> None:
    await dashboard.put(f"{X}/brand/b_empty", json=PAIR)
    await http.delete("/v1/brands/b_empty")
    assert (await dashboard.get(X)).json()["count"] == 0


async def test_secrets_are_sealed_for_their_row_and_sealed_anew_by_rotation(
    api: EmbeddedApi, dashboard: httpx2.AsyncClient
) -> None:
    await dashboard.put(X, json=PAIR)
    await dashboard.put(f"{X}/brand/b_aurora", json=PAIR)
    box = api.installation.box
    assert stat.S_IMODE(box.file.stat().st_mode) == 0o600
    async with api.installation.database.read() as session:
        before = {row.id: (row.key_id, row.sealed) for row in await session.scalars(select(XCredentials))}
    assert all(b"secret" not in sealed for _, sealed in before.values())
    assert await reseal(api.installation) == 2
    async with api.installation.database.read() as session:
        after = list(await session.scalars(select(XCredentials)))
    assert {row.key_id for row in after} == {box.current_id}
    assert not {key for key, _ in before.values()} & {row.key_id for row in after}
    assert len(box.file.read_text().split(",")) == 1
    one, other = after
    bound = f"x-credentials|{one.user_id}|{one.brand_id}|{one.id}"
    assert "keep-this-secret" in box.unseal(one.key_id, one.sealed, bound_to=bound)
    with pytest.raises(Exception, match="does not open"):
        box.unseal(other.key_id, other.sealed, bound_to=bound)


async def test_pairs_are_tested_without_being_saved_and_not_too_often(dashboard: httpx2.AsyncClient) -> None:
    assert (await dashboard.post(f"{X}/test", json=PAIR)).json() == {"valid": True, "reason": ""}
    bad = (await dashboard.post(f"{X}/test", json={**PAIR, "client_id": "no"})).json()
    assert bad["valid"] is False and "client id" in bad["reason"]
    assert (await dashboard.get(X)).json()["count"] == 0
    for _ in range(8):
        await dashboard.post(f"{X}/test", json=PAIR)
    limited = await dashboard.post(f"{X}/test", json=PAIR)
    assert refused(limited) == (429, "byok.test_rate_limited") and limited.headers["retry-after"] == "60"


async def test_wrong_credentials_are_not_saved(dashboard: httpx2.AsyncClient) -> None:
    for body in ({**PAIR, "client_id": "x"}, {**PAIR, "client_secret": "short"}, {**PAIR, "client_id": ""}):
        answer = await dashboard.put(X, json=body)
        assert answer.status_code == 400 and body["client_secret"] not in answer.text
    assert refused(await dashboard.delete(X)) == (404, "resource.not_found")


async def test_a_free_period_follows_the_day_of_arrival(api: EmbeddedApi, http: httpx2.AsyncClient) -> None:
    async with api.installation.database.write() as session:
        await session.execute(update(User).values(plan="free"))
    user = await person(api)
    usage = (await http.get("/v1/usage")).json()
    start = datetime.fromisoformat(usage["period_start"])
    assert (start - user.created_at).days % 30 == 0
