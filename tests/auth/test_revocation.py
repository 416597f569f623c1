"""Ending tokens (RFC 7009) and telling about them (RFC 7662), through the endpoints."""

from typing import Any

import httpx2
import pytest

from auth.records import digest
from auth.tokens import TokenRefused
from tests.auth.assertions import keyholder
from tests.auth.authorities import ISSUER, MCP, Served
from tests.auth.forging import put_client, put_code

pytestmark = pytest.mark.anyio


async def revoke(served: Served, **fields: str) -> httpx2.Response:
    return await served.program().post("/oauth/revoke", data=fields)


async def issued(served: Served, **registration: Any) -> tuple[dict[str, str], dict[str, str]]:
    """How a client proves itself, and its tokens."""
    client = await served.register(**registration)
    proof = {"client_id": client["client_id"]}
    if "client_secret" in client:
        proof["client_secret"] = client["client_secret"]
    code = await put_code(served, client["client_id"])
    tokens = await served.redeem(client["client_id"], code, **{k: v for k, v in proof.items() if k != "client_id"})
    assert tokens.status_code == 200, tokens.text
    return proof, tokens.json()


async def is_alive(served: Served, access_token: str) -> bool:
    try:
        await served.authority.verify(access_token, MCP)
    except TokenRefused:
        return False
    return True


@pytest.mark.parametrize("method", ["none", "client_secret_post"])
@pytest.mark.parametrize("path", ["/oauth/revoke", "/revoke"])
async def test_a_refresh_token_takes_its_whole_family_with_it(shared: Served, method: str, path: str) -> None:
    proof, tokens = await issued(shared, token_endpoint_auth_method=method)
    response = await shared.program().post(path, data={**proof, "token": tokens["refresh_token"]})
    assert response.status_code == 200 and response.headers["cache-control"] == "no-store"
    assert not await is_alive(shared, tokens["access_token"])
    refused = await shared.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"], **proof)
    assert refused.json()["error"] == "invalid_grant"


async def test_an_old_refresh_token_ends_its_family_too(shared: Served) -> None:
    proof, tokens = await issued(shared)
    renewed = (await shared.refresh(proof["client_id"], tokens["refresh_token"])).json()
    assert (await revoke(shared, token=tokens["refresh_token"], **proof)).status_code == 200
    assert not await is_alive(shared, renewed["access_token"])


async def test_revoking_destroys_the_sealed_key(shared: Served) -> None:
    proof, tokens = await issued(shared)
    grant_id = (await shared.authority.verify(tokens["access_token"], MCP)).grant_id
    await revoke(shared, token=tokens["refresh_token"], **proof)
    grant = await shared.authority.store.find_grant(grant_id)
    assert grant is not None and grant.sealed_credential is None and grant.wrapped_key is None


async def test_an_access_token_dies_alone(shared: Served) -> None:
    proof, tokens = await issued(shared)
    other = (await shared.refresh(proof["client_id"], tokens["refresh_token"])).json()
    assert (await revoke(shared, token=tokens["access_token"], **proof)).status_code == 200
    assert not await is_alive(shared, tokens["access_token"])
    assert await is_alive(shared, other["access_token"])
    assert (await shared.refresh(proof["client_id"], other["refresh_token"])).status_code == 200


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "something", ""])
async def test_a_hint_is_only_a_hint(shared: Served, hint: str) -> None:
    for name in ("access_token", "refresh_token"):
        proof, tokens = await issued(shared)
        response = await revoke(shared, token=tokens[name], token_type_hint=hint, **proof)
        assert response.status_code == 200 and not await is_alive(shared, tokens["access_token"])


@pytest.mark.parametrize("token", ["nothing", "rt_unknown", "a.b.c", "ac_unknown", "\U0001f600"])
async def test_an_unknown_token_is_answered_like_a_known_one(shared: Served, token: str) -> None:
    proof, _ = await issued(shared)
    response = await revoke(shared, token=token, **proof)
    assert (response.status_code, response.json()) == (200, {})


async def test_only_a_client_that_proves_itself_revokes(shared: Served) -> None:
    proof, tokens = await issued(shared, token_endpoint_auth_method="client_secret_post")
    for wrong in ({"client_id": proof["client_id"]}, {**proof, "client_secret": "wrong"}, {"client_id": "nobody"}, {}):
        refused = await revoke(shared, token=tokens["refresh_token"], **wrong)
        assert refused.status_code == 400 and refused.json()["error"] == "invalid_client"
    assert await is_alive(shared, tokens["access_token"])


async def test_a_signing_client_revokes_with_an_assertion(shared: Served) -> None:
    client = await keyholder(shared, "EdDSA")
    code = await put_code(shared, client.client_id)
    tokens = (await shared.redeem(client.client_id, code, **client.fields())).json()
    assert (await revoke(shared, token=tokens["refresh_token"], **client.fields())).status_code == 200
    assert not await is_alive(shared, tokens["access_token"])


async def test_a_request_without_a_token_or_with_two_is_none(shared: Served) -> None:
    proof, _ = await issued(shared)
    assert (await revoke(shared, **proof)).json()["error"] == "invalid_request"
    twice = await shared.program().post("/oauth/revoke", data={**proof, "token": ["a", "b"]})
    assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")


async def asking(served: Served, token: str, *, may: bool = True, **more: str) -> httpx2.Response:
    """What a resource server of the operator's is told about a token."""
    client_id = await put_client(
        served, metadata={"introspection": may}, secret_hash=digest("s"), auth_method="client_secret_post"
    )
    fields = {"client_id": client_id, "client_secret": "s", "token": token, **more}
    return await served.program().post("/oauth/introspect", data=fields)


async def test_a_resource_server_is_told_what_a_token_says(shared: Served) -> None:
    proof, tokens = await issued(shared)
    now = int(shared.clock.now().timestamp())
    response = await asking(shared, tokens["access_token"])
    body = response.json()
    assert response.headers["cache-control"] == "no-store" and response.headers["content-type"] == "application/json"
    assert body.pop("jti")
    assert body == {
        "active": True,
        "scope": "posts:read posts:write",
        "client_id": proof["client_id"],
        "token_type": "Bearer",
        "exp": now + 3600,
        "iat": now,
        "nbf": now,
        "sub": "usr_sample",
        "aud": MCP,
        "iss": ISSUER,
    }
    refresh = (await asking(shared, tokens["refresh_token"])).json()
    assert refresh["active"] is True and refresh["client_id"] == proof["client_id"]
    assert "token_type" not in refresh


async def test_of_every_other_token_it_is_told_nothing(shared: Served) -> None:
    proof, tokens = await issued(shared)
    revoked, gone = await issued(shared)
    await revoke(shared, token=gone["refresh_token"], **revoked)
    renewed = (await shared.refresh(proof["client_id"], tokens["refresh_token"])).json()
    for token in ("x", "rt_x", "ac_x", gone["access_token"], gone["refresh_token"], tokens["refresh_token"],
                  shared.local_key, tokens["access_token"] + "x"):  # fmt: skip
        assert (await asking(shared, token)).json() == {"active": False}
    shared.clock.advance(minutes=61)
    assert (await asking(shared, renewed["access_token"])).json() == {"active": False}
    assert (await asking(shared, renewed["refresh_token"])).json()["active"] is True
    shared.clock.advance(days=30)
    assert (await asking(shared, renewed["refresh_token"])).json() == {"active": False}


async def test_only_clients_that_the_operator_allows_may_ask(shared: Served) -> None:
    proof, tokens = await issued(shared)
    refused = await asking(shared, tokens["access_token"], may=False)
    assert (refused.status_code, refused.json()["error"]) == (403, "unauthorized_client")
    own = await shared.program().post("/oauth/introspect", data={**proof, "token": tokens["access_token"]})
    assert own.status_code == 403
    nobody = await shared.program().post("/oauth/introspect", data={"token": tokens["access_token"]})
    assert (nobody.status_code, nobody.json()["error"]) == (400, "invalid_client")
    registered = await shared.program().post(
        "/oauth/register", json={"redirect_uris": ["https://c.example/"], "introspection": True}
    )
    known = await shared.authority.clients.find(registered.json()["client_id"], now=shared.clock.now())
    assert known is not None and not known.may_introspect


async def test_a_question_without_a_token_is_none(shared: Served) -> None:
    refused = await asking(shared, "")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
