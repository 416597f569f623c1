"""Grants without a browser: clients that act for themselves, and people whose enterprise vouches for them (ID-JAG)."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auth.client_documents import DocumentRefused
from auth.links import link_id
from auth.policy import TrustedIssuer
from auth.records import ClientDocument, Grant, digest
from auth.vault import Secret
from tests.auth.assertions import public_keys, sign
from tests.auth.authorities import ISSUER, MCP, REST, Served, a_policy, file_url, serving
from tests.auth.forging import UPSTREAM_KEY, decoded, put_client
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio

IDP = "https://idp.example"
IDP_KEYS = f"{IDP}/jwks"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SECRET = "a secret of the operator's"


class IdentityProvider:
    """Where the keys of the enterprise's provider are."""

    async def find(self, url: str, *, is_token_request: bool) -> ClientDocument:
        raise DocumentRefused("there are no documents here")

    async def keys(self, metadata: Any) -> dict[str, Any]:
        assert metadata["jwks_uri"] == IDP_KEYS
        return public_keys("ES256")


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    policy = a_policy(
        allows_client_credentials=True,
        trusted_issuers=(TrustedIssuer(issuer=IDP, jwks_uri=IDP_KEYS),),
    )
    url = file_url(tmp_path_factory.mktemp("auth"))
    async with serving(url, HeldClock(), policy=policy, documents=IdentityProvider()) as running:
        yield running


async def put_grant(served: Served, grant_id: str, **changes: Any) -> str:
    """A grant that the operator bound or linked: it holds an upstream key, and no client has its tokens yet."""
    now = served.clock.now()
    subject = str(changes.pop("subject", "usr_sample"))
    sealed = served.authority.credentials.seal(Secret(UPSTREAM_KEY), grant_id=grant_id, subject=subject, resource=MCP)
    grant = Grant(
        grant_id=grant_id,
        subject=subject,
        client_id="operator",
        scope="posts:read posts:write",
        resource=MCP,
        sealed_credential=sealed.sealed,
        wrapped_key=sealed.wrapped_key,
        wrapping_key_id=sealed.wrapping_key_id,
        authenticated_at=now,
        created_at=now,
        last_used_at=now,
        expires_at=now + timedelta(days=180),
    )
    await served.authority.store.create_grant(replace(grant, **changes))
    return grant_id


async def robot(served: Served, **metadata: Any) -> str:
    """A client with a secret that may act for itself and for linked people."""
    given = {"grant_types": ["client_credentials", JWT_BEARER], "redirect_uris": [], **metadata}
    return await put_client(served, metadata=given, secret_hash=digest(SECRET), auth_method="client_secret_post")


async def by_itself(served: Served, client_id: str, **more: str) -> Any:
    return await served.token(client_id, **{"grant_type": "client_credentials", "client_secret": SECRET, **more})


async def test_a_bound_client_gets_a_token_of_its_own_and_no_refresh_token(served: Served) -> None:
    client_id = await robot(served, grant_id=await put_grant(served, "gr_robot"))
    response = await by_itself(served, client_id, scope="posts:read", resource=f"{MCP}/")
    body = response.json()
    assert body.keys() == {"access_token", "token_type", "expires_in", "scope"}
    claims = decoded(body["access_token"])[1]
    assert (claims["client_id"], claims["aud"], claims["scope"], claims["gid"]) == (
        client_id,
        MCP,
        "posts:read",
        "gr_robot",
    )
    assert "auth_time" not in claims
    assert (await by_itself(served, client_id)).json()["scope"] == "posts:read posts:write"


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"scope": "dms:read"}, "invalid_scope"),
        ({"scope": "nonsense"}, "invalid_scope"),
        ({"resource": REST}, "invalid_target"),
        ({"resource": "https://evil.example/mcp"}, "invalid_target"),
        ({"client_secret": "wrong"}, "invalid_client"),
    ],
)
async def test_a_bound_client_gets_no_more_than_was_bound(served: Served, more: dict[str, str], error: str) -> None:
    client_id = await robot(served, grant_id=await put_grant(served, f"gr_{served.authority.random()[:9]}"))
    refused = await by_itself(served, client_id, **more)
    assert (refused.status_code, refused.json()["error"]) == (400, error)


async def test_only_clients_that_the_operator_bound_act_for_themselves(served: Served) -> None:
    unbound = await robot(served)
    assert (await by_itself(served, unbound)).json()["error"] == "unauthorized_client"
    public = await put_client(served, metadata={"grant_types": ["client_credentials"], "grant_id": "gr_robot"})
    assert (await served.token(public, grant_type="client_credentials")).json()["error"] == "invalid_client"
    not_registered = await robot(served, grant_types=["authorization_code"])
    assert (await by_itself(served, not_registered)).json()["error"] == "unauthorized_client"
    itself = await served.program().post(
        "/oauth/register",
        json={"redirect_uris": ["https://c.example/"], "grant_types": ["authorization_code", "client_credentials"]},
    )
    assert itself.json()["error"] == "invalid_client_metadata"


async def test_a_bound_client_stops_with_its_grant(served: Served) -> None:
    client_id = await robot(served, grant_id=await put_grant(served, "gr_over"))
    assert (await by_itself(served, client_id)).status_code == 200
    await served.authority.revoke("gr_over", because="operator")
    assert (await by_itself(served, client_id)).json()["error"] == "unauthorized_client"


def claims_of(served: Served, client: str, **changes: Any) -> dict[str, Any]:
    now = int(served.clock.now().timestamp())
    whole = {
        "iss": IDP,
        "sub": "anna",
        "aud": ISSUER,
        "client_id": client,
        "jti": served.authority.random(),
        "iat": now,
        "exp": now + 300,
        "resource": MCP,
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def jag(claims: dict[str, Any], *, algorithm: str = "ES256", typ: str | None = "oauth-id-jag+jwt") -> str:
    return sign(claims, algorithm, **({} if typ is None else {"typ": typ}))


async def vouched(served: Served, client_id: str, assertion: str, **more: str) -> Any:
    fields = {"grant_type": JWT_BEARER, "client_secret": SECRET, "assertion": assertion, **more}
    return await served.token(client_id, **fields)


@pytest.fixture(scope="module")
async def anna(served: Served) -> str:
    """The id of a client that the enterprise speaks through; Anna is linked."""
    await put_grant(served, link_id(IDP, "anna"), subject="usr_anna")
    return await robot(served)


async def test_a_linked_person_is_vouched_for(served: Served, anna: str) -> None:
    response = await vouched(served, anna, jag(claims_of(served, anna, scope="posts:read")))
    body = response.json()
    assert response.status_code == 200 and "refresh_token" not in body
    claims = decoded(body["access_token"])[1]
    assert (claims["sub"], claims["client_id"], claims["scope"]) == ("usr_anna", anna, "posts:read")
    assert claims["aud"] == MCP


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"aud": [ISSUER]}, "invalid_grant"),
        ({"aud": [ISSUER, "https://other.example"]}, "invalid_grant"),
        ({"aud": f"{ISSUER}/oauth/token"}, "invalid_grant"),
        ({"aud": None}, "invalid_grant"),
        ({"client_id": "another"}, "invalid_grant"),
        ({"client_id": None}, "invalid_grant"),
        ({"cnf": {"jkt": "x"}}, "invalid_grant"),
        ({"authorization_details": []}, "invalid_grant"),
        ({"iss": "https://evil.example"}, "invalid_grant"),
        ({"iss": None}, "invalid_grant"),
        ({"sub": "bert"}, "invalid_grant"),
        ({"sub": None}, "invalid_grant"),
        ({"sub": 7}, "invalid_grant"),
        ({"tenant": "other"}, "invalid_grant"),
        ({"jti": None}, "invalid_grant"),
        ({"iat": None}, "invalid_grant"),
        ({"exp": None}, "invalid_grant"),
        ({"resource": REST}, "invalid_target"),
        ({"resource": "https://evil.example/mcp"}, "invalid_target"),
        ({"resource": [MCP]}, "invalid_grant"),
        ({"scope": "dms:read"}, "invalid_scope"),
        ({"scope": ["posts:read"]}, "invalid_grant"),
    ],
)
async def test_an_assertion_that_says_anything_else_gives_nothing(
    served: Served, anna: str, changes: dict[str, Any], error: str
) -> None:
    refused = await vouched(served, anna, jag(claims_of(served, anna, **changes)))
    assert (refused.status_code, refused.json()["error"]) == (400, error)


@pytest.mark.parametrize(("seconds", "is_good"), [(-31, False), (-29, True), (600, True), (601, False)])
async def test_it_ends_soon_and_has_not_ended(served: Served, anna: str, seconds: int, is_good: bool) -> None:
    end = int(served.clock.now().timestamp()) + seconds
    response = await vouched(served, anna, jag(claims_of(served, anna, exp=end)))
    assert response.status_code == (200 if is_good else 400)


async def test_it_counts_once(served: Served, anna: str) -> None:
    assertion = jag(claims_of(served, anna))
    assert (await vouched(served, anna, assertion)).status_code == 200
    assert (await vouched(served, anna, assertion)).json()["error"] == "invalid_grant"


async def test_its_type_and_its_signature_are_the_providers(served: Served, anna: str) -> None:
    for assertion in (
        jag(claims_of(served, anna), typ="JWT"),
        jag(claims_of(served, anna), typ=None),
        jag(claims_of(served, anna), typ="at+jwt"),
        jag(claims_of(served, anna), algorithm="EdDSA"),
        "not.an.assertion",
        json.dumps(claims_of(served, anna)),
    ):
        refused = await vouched(served, anna, assertion)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert (await served.token(anna, grant_type=JWT_BEARER, client_secret=SECRET)).json()["error"] == "invalid_request"


async def test_the_client_asks_for_less_but_not_for_more(served: Served, anna: str) -> None:
    wide = jag(claims_of(served, anna, scope="posts:read posts:write"))
    assert (await vouched(served, anna, wide, scope="posts:read")).json()["scope"] == "posts:read"
    narrow = jag(claims_of(served, anna, scope="posts:read"))
    assert (await vouched(served, anna, narrow, scope="posts:write")).json()["error"] == "invalid_scope"
    foreign = jag(claims_of(served, anna))
    assert (await vouched(served, anna, foreign, resource=REST)).json()["error"] == "invalid_target"


async def test_a_public_client_speaks_for_no_enterprise(served: Served) -> None:
    public = await put_client(served, metadata={"grant_types": [JWT_BEARER]})
    assertion = jag(claims_of(served, public))
    refused = await served.token(public, grant_type=JWT_BEARER, assertion=assertion)
    assert refused.json()["error"] == "invalid_client"


async def test_who_was_unlinked_gets_nothing_more(served: Served) -> None:
    client_id = await robot(served)
    grant_id = await put_grant(served, link_id(IDP, "carl"), subject="usr_carl")
    assert (await vouched(served, client_id, jag(claims_of(served, client_id, sub="carl")))).status_code == 200
    await served.authority.revoke(grant_id, because="operator")
    refused = await vouched(served, client_id, jag(claims_of(served, client_id, sub="carl")))
    assert refused.json()["error"] == "invalid_grant"


async def test_an_issuer_may_be_kept_to_some_clients(tmp_path: Path, clock: HeldClock) -> None:
    trusted = TrustedIssuer(issuer=IDP, jwks_uri=IDP_KEYS, clients=("another",))
    policy = a_policy(trusted_issuers=(trusted,))
    async with serving(file_url(tmp_path), clock, policy=policy, documents=IdentityProvider()) as kept:
        await put_grant(kept, link_id(IDP, "anna"))
        client_id = await robot(kept)
        refused = await vouched(kept, client_id, jag(claims_of(kept, client_id)))
        assert refused.json()["error"] == "invalid_grant"
