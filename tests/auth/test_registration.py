"""Dynamic registration: what is taken, what is refused and how, and how long it lasts."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from auth.records import digest
from tests.auth.assertions import key_for, public_keys
from tests.auth.authorities import CALLBACK, Served, a_policy, file_url, serving
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio

CLIENTS: dict[str, list[str]] = {
    "Claude": ["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"],
    "ChatGPT": ["https://chatgpt.com/connector_platform_oauth_redirect"],
    "Cursor": [
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "https://www.cursor.com/agents/mcp/oauth/callback",
        "http://localhost:8787/callback",
    ],
    "VS Code": [
        "https://vscode.dev/redirect",
        "https://insiders.vscode.dev/redirect",
        "http://127.0.0.1/",
        "http://127.0.0.1:33418/",
    ],
    "Claude Code": ["http://localhost:54212/callback"],
    "A native app": ["com.example.app:/cb"],
}


async def register(served: Served, metadata: Any, **headers: str) -> httpx2.Response:
    return await served.program().post("/oauth/register", json=metadata, headers=headers)


@pytest.mark.parametrize("name", CLIENTS)
async def test_what_real_clients_register_is_taken_and_answered_to(shared: Served, name: str) -> None:
    uris = CLIENTS[name]
    client_id = (await shared.register(client_name=name, redirect_uris=uris))["client_id"]
    for uri in uris:
        page = await shared.browser().open(client_id, redirect_uri=uri)
        assert page.status_code == 200 and name in page.text
    if name == "VS Code":
        assert (await shared.browser().open(client_id, redirect_uri="http://127.0.0.1:61234/")).status_code == 200


@pytest.mark.parametrize("path", ["/oauth/register", "/register"])
async def test_an_answer_holds_the_id_and_all_that_was_registered(shared: Served, path: str) -> None:
    metadata = {"redirect_uris": [CALLBACK], "client_name": "Planner", "scope": "posts:read", "software_id": "x",
                "client_uri": "https://client.example/", "application_type": "web", "logo_uri": "https://x.example/",
                "contacts": ["a@b.example"], "unknown": 1}  # fmt: skip
    response = await shared.program().post(path, json=metadata)
    body = response.json()
    assert response.status_code == 201 and response.headers["cache-control"] == "no-store"
    assert response.headers["access-control-allow-origin"] == "*"
    assert (
        body.items()
        >= {
            "client_name": "Planner",
            "redirect_uris": [CALLBACK],
            "scope": "posts:read",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_basic",
            "client_id_issued_at": int(shared.clock.now().timestamp()),
        }.items()
    )
    assert body["client_secret"] and body["client_secret_expires_at"] > shared.clock.now().timestamp()
    # What is not used is not kept, and what is not served is not promised (RFC 7591 §2, RFC 7592).
    assert not {"logo_uri", "contacts", "unknown", "registration_client_uri", "registration_access_token"} & body.keys()


async def test_ids_are_never_addresses_and_never_come_twice(shared: Served) -> None:
    ids = {(await shared.register())["client_id"] for _ in range(5)}
    assert len(ids) == 5 and not any(one.startswith("https:") for one in ids)


@pytest.mark.parametrize("method", ["none", "private_key_jwt"])
async def test_a_client_without_a_secret_is_given_none(shared: Served, method: str) -> None:
    body = await shared.register(token_endpoint_auth_method=method, jwks=public_keys("ES256"))
    assert not {"client_secret", "client_secret_expires_at"} & body.keys()


async def test_a_secret_is_kept_as_its_digest(shared: Served) -> None:
    body = await shared.register(token_endpoint_auth_method="client_secret_post")
    kept = await shared.authority.store.find_client(body["client_id"], now=shared.clock.now())
    assert kept is not None and kept.secret_hash == digest(body["client_secret"])
    assert body["client_secret"] not in repr(kept) and len(body["client_secret"]) >= 43


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"redirect_uris": None}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": CALLBACK}, "invalid_redirect_uri"),
        ({"redirect_uris": [7]}, "invalid_redirect_uri"),
        ({"redirect_uris": [CALLBACK] * 21}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://client.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://client.example/" + "x" * 2048]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://127.0.0.1/cb"], "application_type": "web"}, "invalid_redirect_uri"),
        ({"redirect_uris": ["app://cb"], "application_type": "web"}, "invalid_redirect_uri"),
        ({"application_type": "toaster"}, "invalid_client_metadata"),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"grant_types": ["refresh_token"]}, "invalid_client_metadata"),
        ({"grant_types": ["authorization_code", "password"]}, "invalid_client_metadata"),
        ({"grant_types": ["authorization_code", "client_credentials"]}, "invalid_client_metadata"),
        (
            {"grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer"]},
            "invalid_client_metadata",
        ),
        ({"grant_types": "authorization_code"}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"response_types": ["code", "token"]}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": ["none"]}, "invalid_client_metadata"),
        ({"scope": "nonsense"}, "invalid_client_metadata"),
        ({"scope": ["posts:read"]}, "invalid_client_metadata"),
        ({"client_name": 7}, "invalid_client_metadata"),
        ({"client_name": "x" * 513}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"jwks": {"keys": []}}, "invalid_client_metadata"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "AA"}]}}, "invalid_client_metadata"),
        ({"jwks": "x"}, "invalid_client_metadata"),
    ],
)
async def test_what_breaks_a_rule_is_refused_in_the_word_of_rfc_7591(
    shared: Served, wrong: dict[str, Any], error: str
) -> None:
    refused = await register(shared, {"redirect_uris": [CALLBACK], **wrong})
    assert (refused.status_code, refused.json()["error"]) == (400, error)
    assert refused.headers["cache-control"] == "no-store"


async def test_a_private_key_is_refused_and_not_repeated(shared: Served) -> None:
    private = key_for("ES256").as_dict(private=True)
    refused = await register(shared, {"redirect_uris": [CALLBACK], "jwks": {"keys": [private]}})
    assert refused.status_code == 400 and private["d"] not in refused.text
    both = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt",
            "jwks": public_keys("ES256"), "jwks_uri": "https://client.example/jwks"}  # fmt: skip
    assert (await register(shared, both)).json()["error"] == "invalid_client_metadata"


HALF_A_CHARACTER = b'{"redirect_uris": ["https://client.example/cb"], "software_id": "\\ud800"}'


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'"x"', b"{", b"\xff\xfe", b"[" * 60_000, b"null", b"redirect_uris=x", HALF_A_CHARACTER],
)
async def test_what_is_no_json_object_is_refused(shared: Served, content: bytes) -> None:
    refused = await shared.program().post("/oauth/register", content=content)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client_metadata")


async def test_a_body_without_end_is_given_up(shared: Served) -> None:
    refused = await shared.program().post("/oauth/register", content=b" " * 70_000)
    assert refused.status_code == 413


async def test_a_registration_that_nobody_uses_goes_after_a_day(shared: Served) -> None:
    client_id = (await shared.register())["client_id"]
    shared.clock.advance(hours=24)
    page = await shared.browser().open(client_id)
    assert page.status_code == 400 and "not known" in page.text


async def test_use_keeps_a_registration_for_ninety_days(shared: Served) -> None:
    used, left = (await shared.register())["client_id"], (await shared.register())["client_id"]
    for client_id in (used, left):
        assert (await shared.browser().open(client_id)).status_code == 200
    shared.clock.advance(days=89)
    assert (await shared.browser().open(used)).status_code == 200
    shared.clock.advance(days=2)
    assert (await shared.browser().open(used)).status_code == 200
    assert (await shared.browser().open(left)).status_code == 400


async def test_where_it_is_switched_off_nobody_registers(tmp_path: Path, clock: HeldClock) -> None:
    async with serving(file_url(tmp_path), clock, policy=a_policy(allows_registration=False)) as closed:
        refused = await register(closed, {"redirect_uris": [CALLBACK]})
        assert (refused.status_code, refused.json()["error"]) == (403, "access_denied")
        metadata = (await closed.program().get("/.well-known/oauth-authorization-server")).json()
        assert "registration_endpoint" not in metadata


async def test_private_use_schemes_can_be_switched_off(tmp_path: Path, clock: HeldClock) -> None:
    async with serving(file_url(tmp_path), clock, policy=a_policy(allows_private_schemes=False)) as strict:
        refused = await register(strict, {"redirect_uris": CLIENTS["Cursor"]})
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_redirect_uri")
