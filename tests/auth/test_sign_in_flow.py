"""A sign-in from the first request to the last token, as a browser and a client see it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import update

from auth.records import Client, Unavailable, digest
from auth.tokens import TokenRefused
from localapi.context import key_hash
from localapi.tables import Key, User
from tests.auth.authorities import CALLBACK, ISSUER, MCP, REST, Served, file_url, serving
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def served(tmp_path: Path, clock: HeldClock) -> AsyncIterator[Served]:
    async with serving(file_url(tmp_path), clock) as running:
        yield running


async def test_a_client_gets_tokens_for_what_the_person_chose(served: Served) -> None:
    client_id = (await served.register())["client_id"]
    browser = served.browser()
    await browser.open(client_id, scope="posts:read posts:write inbox:read")
    page = await browser.sign_in()
    assert page.status_code == 200 and browser.values("scope") == ["posts:read", "posts:write", "inbox:read"]
    answer = await browser.consent(preset="Publisher", scopes=["posts:read", "posts:write"])
    location = httpx2.URL(answer.headers["location"])
    assert answer.status_code == 303 and str(location).startswith(CALLBACK + "?")
    assert (location.params["state"], location.params["iss"]) == ("the state", ISSUER)

    response = await served.redeem(client_id, location.params["code"])

    body = response.json()
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "posts:read posts:write")
    assert response.headers["cache-control"] == "no-store"
    claims = await served.authority.verify(body["access_token"], MCP)
    assert (claims.subject, claims.client_id, claims.scope) == ("usr_sample", client_id, "posts:read posts:write")
    assert body["refresh_token"].startswith("rt_")


async def test_a_refresh_rotates_and_repeats_itself_within_the_grace(served: Served) -> None:
    tokens = await served.tokens()
    first = await served.refresh(tokens["client_id"], tokens["refresh_token"])
    again = await served.refresh(tokens["client_id"], tokens["refresh_token"])
    assert first.status_code == again.status_code == 200
    assert first.json()["refresh_token"] == again.json()["refresh_token"] != tokens["refresh_token"]
    assert first.json()["access_token"] != again.json()["access_token"]


async def test_a_refresh_token_that_comes_back_later_ends_the_family(served: Served) -> None:
    tokens = await served.tokens()
    renewed = (await served.refresh(tokens["client_id"], tokens["refresh_token"])).json()
    served.clock.advance(seconds=121)
    late = await served.refresh(tokens["client_id"], tokens["refresh_token"])
    assert (late.status_code, late.json()["error"]) == (400, "invalid_grant")
    successor = await served.refresh(tokens["client_id"], renewed["refresh_token"])
    assert successor.json()["error"] == "invalid_grant"
    with pytest.raises(TokenRefused):
        await served.authority.verify(renewed["access_token"], MCP)


async def test_a_code_that_is_used_twice_ends_what_it_gave(served: Served) -> None:
    client_id = (await served.register())["client_id"]
    code = await served.browser().code(client_id)
    tokens = (await served.redeem(client_id, code)).json()
    second = await served.redeem(client_id, code)
    assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")
    assert (await served.refresh(client_id, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    with pytest.raises(TokenRefused):
        await served.authority.verify(tokens["access_token"], MCP)


async def test_the_given_key_makes_a_narrower_one_and_is_dropped(served: Served) -> None:
    tokens = await served.tokens(preset="Analyst", brands=["b_aurora"])
    claims = await served.authority.verify(tokens["access_token"], MCP)
    credential = await served.authority.credentials.find(claims.grant_id)
    child = credential.key.reveal().decode()
    assert child != served.local_key and child.startswith("sapi_key_")
    headers = {"Authorization": f"Bearer {child}"}
    transport = httpx2.ASGITransport(app=served.api.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://local", headers=headers) as api:
        brands = (await api.get("/v1/brands")).json()["data"]
        refused = await api.post("/v1/posts", json={"text": "no"})
    assert [brand["id"] for brand in brands] == ["b_aurora"]
    assert refused.status_code == 403


async def test_nobody_reads_the_key_out_of_the_database(served: Served, tmp_path: Path) -> None:
    tokens = await served.tokens()
    await served.authority.store.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for secret in (served.local_key, tokens["refresh_token"], tokens["access_token"]):
        assert secret.encode() not in kept
    assert digest(tokens["refresh_token"]) in kept


async def test_a_restricted_key_is_capped_and_kept(served: Served) -> None:
    headers = {"Authorization": f"Bearer {served.local_key}"}
    transport = httpx2.ASGITransport(app=served.api.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://local", headers=headers) as api:
        made = await api.post("/v1/keys", json={"name": "posts", "scopes": ["posts:read"]})
    key = made.json()["raw_key"]
    client_id = (await served.register())["client_id"]
    browser = served.browser()
    await browser.open(client_id)
    await browser.sign_in(key)
    offered = set(browser.values("scope"))
    assert "posts:read" in offered and not offered & {"inbox:read", "dms:read", "webhooks:manage", "analytics:read"}
    code = httpx2.URL((await browser.consent(preset="Analyst")).headers["location"]).params["code"]
    tokens = (await served.redeem(client_id, code)).json()
    claims = await served.authority.verify(tokens["access_token"], MCP)
    assert claims.scope == "posts:read"
    assert (await served.authority.credentials.find(claims.grant_id)).key.reveal().decode() == key


async def test_a_wrong_key_is_refused_without_an_echo(served: Served) -> None:
    client_id = (await served.register())["client_id"]
    browser = served.browser()
    await browser.open(client_id)
    wrong = "sapi_key_" + "ab" * 31
    page = await browser.sign_in(wrong)
    assert page.status_code == 401 and wrong not in page.text and "does not know this key" in page.text


async def test_who_revokes_at_the_connected_apps_ends_the_grant(served: Served) -> None:
    client_id = (await served.register(client_name="Planner"))["client_id"]
    browser = served.browser()
    code = await browser.code(client_id)
    tokens = (await served.redeem(client_id, code)).json()
    page = await browser.get("/oauth/apps")
    assert page.status_code == 200 and "Planner" in page.text and "sample@localhost" in page.text
    form = {"csrf": browser.hidden("csrf"), "action": "revoke", "grant": browser.hidden("grant")}
    done = await browser.post("/oauth/apps", form)
    assert "Planner is disconnected" in done.text
    with pytest.raises(TokenRefused):
        await served.authority.verify(tokens["access_token"], MCP)
    assert (await served.refresh(client_id, tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_key_that_stays_behind_is_told_by_the_name_that_the_workspace_lists(served: Served) -> None:
    client_id = (await served.register(client_name="Planner"))["client_id"]
    browser = served.browser()
    await served.redeem(client_id, await browser.code(client_id))
    headers = {"Authorization": f"Bearer {served.local_key}"}
    transport = httpx2.ASGITransport(app=served.api.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://local", headers=headers) as api:
        (made,) = [key for key in (await api.get("/v1/keys")).json()["data"] if key["name"].startswith("Planner")]
    page = await browser.get("/oauth/apps")
    assert f"{made['name']} ({made['id']})" in page.text
    form = {"csrf": browser.hidden("csrf"), "action": "revoke", "grant": browser.hidden("grant")}
    assert f"delete the key {made['name']} ({made['id']}) there" in (await browser.post("/oauth/apps", form)).text


async def test_who_says_no_sends_the_client_a_refusal(served: Served) -> None:
    client_id = (await served.register())["client_id"]
    browser = served.browser()
    await browser.open(client_id)
    await browser.sign_in()
    answer = httpx2.URL((await browser.consent(decision="deny")).headers["location"])
    assert dict(answer.params) == {
        "error": "access_denied",
        "error_description": "the person said no",
        "state": "the state",
        "iss": ISSUER,
    }


async def test_the_rest_api_takes_tokens_that_are_for_it_within_their_scopes_and_brands(served: Served) -> None:
    client_id = (await served.register())["client_id"]
    code = await served.browser().code(
        client_id, request={"resource": REST}, preset="Analyst", brands=["b_aurora"], scopes=["accounts:read"]
    )
    tokens = (await served.redeem(client_id, code)).json()
    transport = httpx2.ASGITransport(app=served.api.app)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://local", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    ) as api:
        brands = await api.get("/v1/brands")
        assert [brand["id"] for brand in brands.json()["data"]] == ["b_aurora"]
        assert (await api.get("/v1/posts")).json()["error"]["code"] == "auth.insufficient_scope"
        assert (await api.get("/v1/keys")).status_code == 403
        await served.program().post("/oauth/revoke", data={"token": tokens["refresh_token"], "client_id": client_id})
        revoked = await api.get("/v1/brands")
    assert (revoked.status_code, revoked.json()["error"]["code"]) == (401, "auth.invalid_token")


async def test_a_token_for_mcp_opens_nothing_at_the_rest_api(served: Served) -> None:
    tokens = await served.tokens()
    transport = httpx2.ASGITransport(app=served.api.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://local") as api:
        answer = await api.get("/v1/brands", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "auth.invalid_token")


async def test_a_role_for_drafts_is_not_offered_where_only_scopes_are_known(served: Served) -> None:
    client_id = (await served.register())["client_id"]
    browser = served.browser()
    await browser.open(client_id, resource=REST)
    await browser.sign_in()
    assert "Drafter" not in browser.values("preset") and "Publisher" in browser.values("preset")
    refused = await browser.consent(preset="Drafter")
    assert refused.status_code == 422 and "Choose one of these roles" in refused.text


async def test_another_account_than_the_page_showed_grants_nothing(served: Served) -> None:
    """Two tabs: what was agreed to as one person must not be granted as another who signed in meanwhile."""
    other_key, installation = "sapi_key_" + "0c" * 31, served.api.installation
    async with installation.database.write() as session:
        session.add(User(id="usr_other", email="other@example.com", name="Other", created_at=served.clock.now()))
        await session.flush()
        session.add(
            Key(id="key_other", user_id="usr_other", name="other", hash=key_hash(other_key), preview="…0c0c",
                created_at=served.clock.now())
        )  # fmt: skip
    client_id = (await served.register())["client_id"]
    browser = served.browser()
    await browser.open(client_id)
    sign_in = browser.page
    await browser.sign_in()
    as_sample, browser.page = browser.page, sign_in
    assert "other@example.com" in (await browser.sign_in(other_key)).text
    browser.page = as_sample

    again = await browser.consent()

    assert again.status_code == 409 and "location" not in again.headers
    assert "other@example.com" in again.text and "Another account" in again.text
    assert (await browser.consent()).status_code == 303


async def test_a_restricted_key_gives_no_token_for_the_rest_api(served: Served) -> None:
    """There a token is judged by itself: it would reach brands, and write, where the key behind it may not."""
    transport = httpx2.ASGITransport(app=served.api.app)
    headers = {"Authorization": f"Bearer {served.local_key}"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://local", headers=headers) as api:
        restricted = {"name": "posts", "scopes": ["posts:read", "accounts:read"], "brand_ids": ["b_aurora"]}
        key = (await api.post("/v1/keys", json=restricted)).json()["raw_key"]
    client_id = (await served.register())["client_id"]
    browser, elsewhere = served.browser(), served.browser()
    await browser.open(client_id, resource=REST)
    page = await browser.sign_in(key)
    assert page.status_code == 403 and "restricted" in page.text and 'name="preset"' not in page.text

    await elsewhere.open(client_id)
    for_mcp = await elsewhere.sign_in(key)
    assert for_mcp.status_code == 200 and 'name="preset"' in for_mcp.text


def _api(served: Served, token: str) -> httpx2.AsyncClient:
    """The REST API, as a holder of this token or key calls it."""
    transport = httpx2.ASGITransport(app=served.api.app)
    return httpx2.AsyncClient(
        transport=transport, base_url="http://local", headers={"Authorization": f"Bearer {token}"}
    )


async def test_deleting_the_key_of_a_sign_in_ends_its_tokens_at_the_rest_api(served: Served) -> None:
    client_id = (await served.register())["client_id"]
    code = await served.browser().code(client_id, request={"resource": REST}, preset="Analyst")
    token = (await served.redeem(client_id, code)).json()["access_token"]
    async with _api(served, token) as app, _api(served, served.local_key) as owner:
        assert (await app.get("/v1/brands")).status_code == 200
        made = next(
            key for key in (await owner.get("/v1/keys")).json()["data"] if key["name"].startswith("Test client")
        )
        await owner.delete(f"/v1/keys/{made['id']}")
        refused = await app.get("/v1/brands")
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "auth.invalid_token")


async def test_a_restricted_key_sees_and_ends_only_what_was_granted_with_it(served: Served) -> None:
    client_id = (await served.register(client_name="Owners app"))["client_id"]
    owners = (await served.redeem(client_id, await served.browser().code(client_id))).json()
    grant_id = (await served.authority.verify(owners["access_token"], MCP)).grant_id
    async with _api(served, served.local_key) as owner:
        key = (await owner.post("/v1/keys", json={"name": "guest", "scopes": ["posts:read"]})).json()["raw_key"]
    guest_client = (await served.register(client_name="Guests app"))["client_id"]
    guest = served.browser()
    await guest.code(guest_client, key=key, preset="Analyst")
    code = await guest.code(guest_client, key=key, preset="Analyst")
    assert (await served.redeem(guest_client, code)).status_code == 200
    page = await guest.get("/oauth/apps")
    assert "Guests app" in page.text and "Owners app" not in page.text
    await guest.post("/oauth/apps", {"csrf": guest.hidden("csrf"), "action": "revoke", "grant": grant_id})
    assert await served.authority.verify(owners["access_token"], MCP)
    owner_page = served.browser()
    await owner_page.get("/oauth/sign-in")
    await owner_page.sign_in()
    assert "Guests app" in owner_page.page and "Owners app" in owner_page.page


async def test_a_workspace_with_an_overdue_payment_is_told_so_and_keeps_its_full_key(served: Served) -> None:
    async with served.api.installation.database.write() as session:
        await session.execute(update(User).values(billing_blocked_at=served.clock.now()))
    client_id = (await served.register())["client_id"]
    browser = served.browser()
    await browser.open(client_id)
    page = await browser.sign_in()
    assert page.status_code == 403 and "A payment is overdue" in page.text


async def test_a_key_that_was_made_for_nobody_is_deleted_again(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(code: object) -> None:
        raise Unavailable("the database went away")

    client_id = (await served.register())["client_id"]
    browser = served.browser()
    await browser.open(client_id)
    await browser.sign_in()
    monkeypatch.setattr(served.authority.store, "save_code", away)
    assert (await browser.consent()).status_code == 503
    async with _api(served, served.local_key) as owner:
        keys = (await owner.get("/v1/keys")).json()["data"]
    assert [key["is_active"] for key in keys if key["name"].startswith("Test client")] == [False]


async def test_brands_that_no_token_could_name_are_refused_while_the_person_can_choose(served: Served) -> None:
    client_id = "app_" + "x" * 1890
    await served.authority.store.save_client(
        Client(
            client_id=client_id,
            metadata=json.dumps({"client_name": "Long", "redirect_uris": [CALLBACK]}),
            created_at=served.clock.now(),
        )
    )
    browser = served.browser()
    await browser.open(client_id, resource=REST)
    await browser.sign_in()
    refused = await browser.consent(preset="Analyst", brands=["b_aurora"])
    assert refused.status_code == 422 and "choose fewer, or all of them" in refused.text
    allowed = await browser.consent(preset="Analyst")
    code = httpx2.URL(allowed.headers["location"]).params["code"]
    assert (await served.redeem(client_id, code)).status_code == 200
