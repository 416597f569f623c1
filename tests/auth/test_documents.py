"""Discovery as clients see it: metadata, keys, caching, other origins, other methods; and what no endpoint ever does."""

from pathlib import Path

import pytest
from starlette.routing import Route

from tests.auth.authorities import ISSUER, MCP, REST, Served, a_policy, file_url, serving
from tests.auth.forging import decoded
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio

SERVER = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"
RESOURCE = "/.well-known/oauth-protected-resource"
KEYS = ("/jwks", "/.well-known/jwks.json")
DOCUMENTS = (SERVER, OPENID, RESOURCE, f"{RESOURCE}/mcp", f"{RESOURCE}/v1", *KEYS)
FOR_PROGRAMS = (
    "/oauth/token",
    "/token",
    "/oauth/register",
    "/register",
    "/oauth/revoke",
    "/revoke",
    "/oauth/introspect",
)
PAGES = ("/oauth/authorize", "/authorize", "/oauth/sign-in", "/oauth/consent", "/oauth/apps")


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_a_document_is_public_cached_and_sets_no_cookie(shared: Served, path: str) -> None:
    response = await shared.program().get(path, headers={"Origin": "https://anywhere.example"})
    assert response.status_code == 200 and response.headers["content-type"] == "application/json"
    assert response.headers["access-control-allow-origin"] == "*"
    kind, _, seconds = response.headers["cache-control"].partition(", max-age=")
    assert kind == "public" and 300 <= int(seconds) <= 3600
    assert "set-cookie" not in response.headers
    head = await shared.program().head(path)
    assert head.status_code == 200 and head.content == b""


@pytest.mark.parametrize("path", [*DOCUMENTS, *FOR_PROGRAMS])
async def test_pages_of_other_origins_may_ask_first(shared: Served, path: str) -> None:
    headers = {"Origin": "https://anywhere.example", "Access-Control-Request-Method": "POST"}
    response = await shared.program().options(path, headers=headers)
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == "*"
    allowed = response.headers["access-control-allow-headers"].lower()
    assert "authorization" in allowed and "content-type" in allowed and "mcp-protocol-version" in allowed
    assert "access-control-allow-credentials" not in response.headers


async def test_the_metadata_names_endpoints_that_are_there(shared: Served) -> None:
    metadata = (await shared.program().get(SERVER)).json()
    assert metadata["issuer"] == ISSUER
    for name, value in metadata.items():
        if name.endswith("_endpoint"):
            path = value.removeprefix(ISSUER)
            assert (await shared.program().options(path)).status_code in {204, 405}, name
    assert metadata["jwks_uri"] == f"{ISSUER}/jwks"
    assert (await shared.program().get("/jwks")).json() == (await shared.program().get(KEYS[1])).json()


async def test_the_metadata_says_what_is_supported_and_nothing_else(shared: Served) -> None:
    metadata = (await shared.program().get(SERVER)).json()
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["response_modes_supported"] == ["query"]
    assert metadata["grant_types_supported"] == ["authorization_code", "refresh_token"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    methods = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]
    assert metadata["token_endpoint_auth_methods_supported"] == methods
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["client_id_metadata_document_supported"] is True
    assert metadata["protected_resources"] == [MCP, REST]
    assert "offline_access" in metadata["scopes_supported"] and "posts:read" in metadata["scopes_supported"]
    assert "openid" not in metadata["scopes_supported"]
    for absent in (
        "dpop_signing_alg_values_supported",
        "pushed_authorization_request_endpoint",
        "device_authorization_endpoint",
    ):
        assert absent not in metadata


async def test_the_openid_alias_says_the_same(shared: Served) -> None:
    metadata, alias = (await shared.program().get(SERVER)).json(), (await shared.program().get(OPENID)).json()
    assert alias.items() >= metadata.items()
    assert alias["code_challenge_methods_supported"] == ["S256"]


async def test_a_resource_names_itself_its_server_and_a_baseline_of_scopes(shared: Served) -> None:
    for path, resource in ((RESOURCE, MCP), (f"{RESOURCE}/mcp", MCP), (f"{RESOURCE}/v1", REST)):
        document = (await shared.program().get(path)).json()
        assert (document["resource"], document["authorization_servers"]) == (resource, [ISSUER])
        assert document["bearer_methods_supported"] == ["header"]
        assert document["scopes_supported"] and "offline_access" not in document["scopes_supported"]


async def test_keys_are_public_halves_that_verify_what_is_issued(shared: Served) -> None:
    keys = (await shared.program().get("/jwks")).json()["keys"]
    assert all(key.keys() == {"kty", "crv", "x", "kid", "use", "alg"} for key in keys)
    assert all((key["kty"], key["crv"], key["use"], key["alg"]) == ("OKP", "Ed25519", "sig", "EdDSA") for key in keys)
    header, _ = decoded((await shared.tokens())["access_token"])
    assert header["kid"] in {key["kid"] for key in keys}


async def test_a_key_is_published_before_it_signs_and_until_its_tokens_are_dead(
    tmp_path: Path, clock: HeldClock
) -> None:
    async with serving(file_url(tmp_path), clock) as served:

        async def published() -> set[str]:
            return {key["kid"] for key in (await served.program().get("/jwks")).json()["keys"]}

        old = decoded((await served.tokens())["access_token"])[0]["kid"]
        new = (await served.authority.keys.announce()).key_id
        assert await published() == {old, new}
        assert decoded((await served.tokens())["access_token"])[0]["kid"] == old
        clock.advance(minutes=61)
        await served.authority.keep_house()
        tokens = await served.tokens()
        assert decoded(tokens["access_token"])[0]["kid"] == new and await published() == {old, new}
        clock.advance(hours=3)
        await served.authority.keep_house()
        assert await published() == {new}
        assert (await served.refresh(tokens["client_id"], tokens["refresh_token"])).status_code == 200


@pytest.mark.parametrize("path", [*DOCUMENTS, *FOR_PROGRAMS, *PAGES, "/oauth/pages.css", "/oauth/nothing"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
async def test_no_method_breaks_an_address(shared: Served, path: str, method: str) -> None:
    response = await shared.program().request(method, path)
    assert response.status_code < 500
    if path in FOR_PROGRAMS and method != "POST":
        assert response.status_code == 405 and "POST" in response.headers["allow"]


async def test_tokens_and_codes_never_come_by_get(shared: Served) -> None:
    answers = [await shared.program().get(f"{path}?grant_type=authorization_code&token=x") for path in FOR_PROGRAMS]
    assert {answer.status_code for answer in answers} == {405}


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_forbids_frames_scripts_caches_and_referrers(shared: Served, path: str) -> None:
    response = await shared.program().get(path)
    headers = response.headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "script-src" not in policy
    assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")
    assert (headers["referrer-policy"], headers["cache-control"]) == ("no-referrer", "no-store")
    assert headers["strict-transport-security"].startswith("max-age=")
    assert "access-control-allow-origin" not in headers


async def test_nothing_is_served_that_this_list_does_not_name(shared: Served) -> None:
    paths = {route.path for route in shared.app.routes if isinstance(route, Route)}
    assert paths == {*DOCUMENTS, f"{RESOURCE}/{{resource:path}}", *FOR_PROGRAMS, *PAGES, "/oauth/pages.css"}


async def test_switches_show_in_the_documents(tmp_path: Path, clock: HeldClock) -> None:
    policy = a_policy(allows_client_credentials=True, allows_client_documents=False)
    async with serving(file_url(tmp_path), clock, policy=policy) as served:
        metadata = (await served.program().get(SERVER)).json()
        assert "client_credentials" in metadata["grant_types_supported"]
        assert metadata.get("client_id_metadata_document_supported") in {None, False}
