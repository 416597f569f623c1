"""API keys, access tokens and dashboard tokens: what each may do, and which tokens are none."""

import logging
from collections.abc import AsyncIterator

import httpx2
import pytest

from auth.tokens import Issuer
from localapi.app import EmbeddedApi, Options
from tests.conftest import HeldClock
from tests.localapi.connecting import BACK, begin, connect, consent, problem
from tests.localapi.tokens import (
    DENIED,
    KEY,
    STRANGER,
    access_token,
    bearer,
    claims,
    dashboard_token,
    made_key,
    read,
    signed,
    taking_access_tokens,
)

pytestmark = pytest.mark.anyio

ROUTES = {
    "scope": ("GET", "/v1/posts"),
    "other scope": ("DELETE", "/v1/posts/none"),
    "account-level scope": ("GET", "/v1/webhooks"),
    "unmapped": ("GET", "/v1/billing/plans"),
    "admin": ("GET", "/v1/keys"),
    "dashboard": ("GET", "/v1/oauth/redirect-uris"),
    "always": ("GET", "/v1/users/me"),
}
REFUSED, NOT_AT_THE_DASHBOARD = "auth.insufficient_scope", "auth.dashboard_only"
FULL = {
    "scope": "200",
    "other scope": "post.not_found",
    "account-level scope": "200",
    "unmapped": "200",
    "admin": "200",
    "dashboard": NOT_AT_THE_DASHBOARD,
    "always": "200",
}
LIMITED = {**dict.fromkeys(ROUTES, REFUSED), "dashboard": NOT_AT_THE_DASHBOARD, "always": "200"}
MATRIX = {
    "key": FULL,
    "key without posts:write": {**LIMITED, "scope": "200"},
    "key of a brand": {**LIMITED, "scope": "200", "other scope": "post.not_found"},
    "token of posts:read": {**LIMITED, "scope": "200"},
    "token of every scope but social:all": {
        **LIMITED, "scope": "200", "other scope": "post.not_found", "account-level scope": "200",
    },
    "token of nothing": LIMITED,
    "token of offline_access": LIMITED,
    "token of social:all": FULL,
    "token of a brand": {**LIMITED, "scope": "200", "other scope": "post.not_found"},
    "dashboard token": {**FULL, "dashboard": "200"},
}  # fmt: skip
EVERY_SCOPE = (
    "accounts:read accounts:manage posts:read posts:write media:read media:write "
    "inbox:read inbox:write dms:read dms:send webhooks:manage analytics:read"
)


@pytest.fixture
async def api(clock: HeldClock, seeded: Options) -> AsyncIterator[EmbeddedApi]:
    started = await taking_access_tokens(seeded, clock)
    yield started
    await started.close()


async def credential(name: str, api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock) -> str:
    """The row of the matrix as a bearer."""
    match name:
        case "key":
            return await made_key(http)
        case "key without posts:write":
            return await made_key(http, scopes=["posts:read"])
        case "key of a brand":
            return await made_key(http, brand_ids=["b_aurora"])
        case "token of posts:read":
            return access_token(clock, scope="posts:read")
        case "token of every scope but social:all":
            return access_token(clock, scope=EVERY_SCOPE)
        case "token of nothing":
            return access_token(clock, scope="")
        case "token of offline_access":
            return access_token(clock, scope="offline_access")
        case "token of a brand":
            return access_token(clock, brand_ids=("b_aurora",))
        case "token of social:all":
            return access_token(clock)
        case _:
            return await dashboard_token(api)


@pytest.mark.parametrize("name", MATRIX)
async def test_each_credential_reaches_its_routes_and_no_others(
    name: str, api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    headers = bearer(await credential(name, api, http, clock))
    found: dict[str, str] = {}
    for kind, (method, path) in ROUTES.items():
        response = await http.request(method, path, headers=headers)
        found[kind] = "200" if response.is_success else response.json()["error"]["code"]
        is_refused = found[kind] in {REFUSED, NOT_AT_THE_DASHBOARD}
        assert (response.status_code == 403) == is_refused, response.text
    assert found == MATRIX[name]


@pytest.mark.parametrize(
    ("changed", "path", "meta", "words"),
    [
        ({"scope": "posts:read"}, "/v1/brands", {"required_scope": "accounts:read"}, "this token lacks the scope"),
        ({"brand_ids": ("b_aurora",)}, "/v1/webhooks", {"required_scope": "webhooks:manage"}, "restricted to brands"),
        ({"scope": EVERY_SCOPE}, "/v1/keys", None, "only an unrestricted token"),
    ],
)
async def test_a_refusal_says_what_the_token_lacks(
    changed: dict[str, object], path: str, meta: object, words: str, http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    response = await http.get(path, headers=bearer(access_token(clock, **changed)))
    assert problem(response) == (403, REFUSED)
    error = response.json()["error"]
    assert error.get("meta") == meta
    assert words in error["message"]


async def test_a_token_of_a_brand_sees_that_brand_only(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    one = bearer(access_token(clock, scope="accounts:read posts:read", brand_ids=("b_aurora",)))
    listed = (await http.get("/v1/brands", headers=one)).json()["data"]
    assert [row["id"] for row in listed] == ["b_aurora"]
    accounts = (await http.get("/v1/accounts", headers=one)).json()["data"]
    assert {row["brand_id"] for row in accounts} == {"b_aurora"}
    everything = await http.get("/v1/brands", headers=bearer(access_token(clock)))
    assert everything.json()["count"] == 3


async def test_what_a_token_writes_is_the_users(api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock) -> None:
    for headers in (bearer(access_token(clock)), bearer(await dashboard_token(api))):
        made = await http.post("/v1/posts", json={"text": "Written with a token"}, headers=headers)
        assert made.status_code == 201, made.text
        # With the key, which is another credential of the same user.
        assert (await http.get(f"/v1/posts/{made.json()['id']}")).json()["text"] == "Written with a token"


def wrong(clock: HeldClock) -> dict[str, str]:
    """Tokens that are none, by what is wrong with them."""
    good, now = access_token(clock), int(clock.now().timestamp())
    header = {"alg": "EdDSA", "typ": "at+jwt", "kid": "k1"}
    payload: dict[str, object] = {**read(good, 1)}
    return {
        "no token at all": "hunter2",
        "a letter outside ASCII": good + "\u00e9",
        "of another key": Issuer("k1", STRANGER).issue(claims(clock)),
        "of an unknown key": Issuer("k2", STRANGER).issue(claims(clock)),
        "expired": access_token(clock, issued_at=now - 3700, not_before=now - 3700, expires_at=now - 100),
        "not valid yet": access_token(clock, not_before=now + 100),
        "of another issuer": access_token(clock, issuer="https://evil.example"),
        "for another resource": access_token(clock, audience="https://as.example/other"),
        "of another typ": signed(KEY, {**header, "typ": "JWT"}, payload),
        "unsigned": signed(KEY, {**header, "alg": "none"}, payload).rpartition(".")[0] + ".",
        "with a scope that does not exist": access_token(clock, scope="posts:read posts:fly"),
        "with no brand in its brands": signed(KEY, header, {**payload, "brands": []}),
        "revoked": access_token(clock, grant_id=DENIED),
        "cut": good[:-10],
    }


async def test_a_token_that_is_none_is_refused_without_a_word_of_it(
    http: httpx2.AsyncClient, clock: HeldClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    control = await http.get("/v1/users/me", headers=bearer(access_token(clock)))
    assert control.status_code == 200
    for name, token in wrong(clock).items():
        response = await http.get("/v1/users/me", headers={b"Authorization": f"Bearer {token}".encode("latin-1")})
        assert problem(response) == (401, "auth.invalid_token"), name
        assert token not in response.text + caplog.text, name
        assert "posts:fly" not in response.text + caplog.text


async def test_a_token_expires_while_it_is_used(api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock) -> None:
    tokens = [access_token(clock), await dashboard_token(api)]
    clock.advance(minutes=59)
    assert [(await http.get("/v1/users/me", headers=bearer(token))).status_code for token in tokens] == [200, 200]
    clock.advance(minutes=2)
    for token in tokens:
        assert problem(await http.get("/v1/users/me", headers=bearer(token))) == (401, "auth.invalid_token")


async def test_without_an_authorization_server_access_tokens_are_refused_and_dashboard_tokens_taken(
    seeded: Options, clock: HeldClock
) -> None:
    api = await EmbeddedApi.start(seeded, clock=clock)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=api.app), base_url="http://local") as http:
        refused = await http.get("/v1/users/me", headers=bearer(access_token(clock)))
        assert problem(refused) == (401, "auth.invalid_token")
        assert (await http.get("/v1/users/me", headers=bearer(await dashboard_token(api)))).status_code == 200
    await api.close()


async def test_tokens_of_a_deleted_user_say_that_the_user_is_gone(
    api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    access, dashboard = access_token(clock), await dashboard_token(api)
    assert (await http.delete("/v1/users/me", headers=bearer(access))).status_code == 200
    assert problem(await http.get("/v1/users/me", headers=bearer(access))) == (401, "auth.user_not_found")
    assert problem(await http.get("/v1/users/me", headers=bearer(dashboard))) == (401, "auth.not_provisioned")


async def test_the_browser_keeps_to_the_brands_of_the_token_that_started(
    http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    await connect(http, "pinterest", "stand", brand_id="b_empty")
    started = bearer(access_token(clock, brand_ids=("b_aurora",)))
    outcome = await connect(http, "pinterest", "stand", started)
    assert (outcome["status"], outcome["error"]) == ("error", "account.already_linked")
    assert (await http.get("/v1/accounts?brand_id=b_empty")).json()["count"] == 1


async def test_a_state_belongs_to_the_grant_that_started_it(
    api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    first = access_token(clock, brand_ids=("b_empty",))
    state = (await begin(http, "tiktok", bearer(first))).json()["state"]
    code = (await consent(http, "tiktok", state, "stand")).partition("code=")[2].partition("&")[0]
    body = {"platform": "tiktok", "code": code, "metadata": {"state": state, "redirect_uri": BACK}}
    others = [access_token(clock, grant_id="grant_2"), await dashboard_token(api), await made_key(http)]
    for other in others:
        refused = await http.post("/v1/oauth/exchange", json=body, headers=bearer(other))
        assert problem(refused) == (403, "auth.state_mismatch")
    refreshed = access_token(clock, brand_ids=("b_empty",), token_id="jti_2")
    assert (await http.post("/v1/oauth/exchange", json=body, headers=bearer(refreshed))).status_code == 201


async def test_a_token_does_not_finish_what_a_key_started(
    api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    state = (await begin(http, "tiktok", brand_id="b_empty")).json()["state"]
    code = (await consent(http, "tiktok", state, "stand")).partition("code=")[2].partition("&")[0]
    body = {"platform": "tiktok", "code": code, "metadata": {"state": state, "redirect_uri": BACK}}
    for other in (access_token(clock), await dashboard_token(api)):
        refused = await http.post("/v1/oauth/exchange", json=body, headers=bearer(other))
        assert problem(refused) == (403, "auth.state_mismatch")
    assert (await http.post("/v1/oauth/exchange", json=body)).status_code == 201
