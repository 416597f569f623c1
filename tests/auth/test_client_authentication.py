"""How clients prove who they are at the token endpoint: by nothing, a secret in two places, or a signature."""

import base64
import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth.clients import Clients, KnownClient
from auth.records import ClientDocument, digest
from tests.auth.assertions import ALGORITHMS, ASSERTION, Keyholder, key_for, keyholder, public_keys, sign
from tests.auth.authorities import CALLBACK, ISSUER, VERIFIER, Served, serving
from tests.auth.forging import encoded, put_client, put_code
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio


def basic(client_id: str, secret: str) -> dict[str, str]:
    """The Authorization header, each half form-encoded (RFC 6749 §2.3.1)."""
    text = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


async def redeemed(served: Served, client_id: str, **more: Any) -> httpx2.Response:
    """A good code, redeemed with this proof; with `named=False` the form leaves the client's name to the proof."""
    named = [client_id] if more.pop("named", True) else []
    fields = {"code": await put_code(served, client_id), "code_verifier": VERIFIER, "redirect_uri": CALLBACK, **more}
    return await served.token(*named, grant_type="authorization_code", **fields)


async def test_a_public_client_says_its_id_alone(shared: Served) -> None:
    client_id = (await shared.register())["client_id"]
    assert (await redeemed(shared, client_id)).status_code == 200
    for more in ({"client_secret": "x"}, {"headers": basic(client_id, "")}, {"headers": basic(client_id, "x")}):
        refused = await redeemed(shared, client_id, **more)
        assert refused.status_code in {400, 401} and refused.json()["error"] == "invalid_client"


async def test_an_unknown_client_is_refused(shared: Served) -> None:
    for client_id in ("nobody", "", "dyn_" + "x" * 3000, "https://client.example/x"):
        refused = await shared.redeem(client_id, "ac_x")
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client")
        assert "www-authenticate" not in refused.headers


async def test_a_secret_is_taken_where_the_client_registered_to_send_it(shared: Served) -> None:
    for method in ("client_secret_basic", "client_secret_post"):
        client = await shared.register(token_endpoint_auth_method=method)
        client_id, secret = client["client_id"], client["client_secret"]
        by_basic = await redeemed(shared, client_id, named=False, headers=basic(client_id, secret))
        by_post = await redeemed(shared, client_id, client_secret=secret)
        good, bad = (by_basic, by_post) if method == "client_secret_basic" else (by_post, by_basic)
        assert good.status_code == 200
        assert bad.json()["error"] == "invalid_client"


async def test_a_client_that_chose_no_method_may_use_either(shared: Served) -> None:
    metadata = {"redirect_uris": [CALLBACK]}
    client = (await shared.program().post("/oauth/register", json=metadata)).json()
    client_id, secret = client["client_id"], client["client_secret"]
    assert client["token_endpoint_auth_method"] == "client_secret_basic"
    assert (await redeemed(shared, client_id, headers=basic(client_id, secret))).status_code == 200
    assert (await redeemed(shared, client_id, client_secret=secret)).status_code == 200
    assert (await redeemed(shared, client_id)).json()["error"] == "invalid_client"


async def test_the_halves_of_basic_are_form_encoded(shared: Served) -> None:
    secret = "a b+c%&=:ü"
    client_id = await put_client(shared, secret_hash=digest(secret), auth_method="client_secret_basic")
    assert (await redeemed(shared, client_id, named=False, headers=basic(client_id, secret))).status_code == 200
    plain = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    refused = await redeemed(shared, client_id, named=False, headers={"Authorization": f"Basic {plain}"})
    assert refused.status_code == 401


async def test_who_tried_basic_is_challenged_to_it(shared: Served) -> None:
    client = await shared.register(token_endpoint_auth_method="client_secret_basic")
    refused = await redeemed(shared, client["client_id"], headers=basic(client["client_id"], "wrong"))
    assert refused.status_code == 401 and refused.headers["www-authenticate"].startswith("Basic ")
    assert "WWW-Authenticate" in refused.headers["access-control-expose-headers"]
    for proof in ({"client_secret": "wrong"}, {}):
        refused = await redeemed(shared, client["client_id"], **proof)
        assert refused.status_code == 400 and "www-authenticate" not in refused.headers


async def test_one_way_at_a_time(shared: Served) -> None:
    client = await shared.register(token_endpoint_auth_method="client_secret_basic")
    client_id, secret = client["client_id"], client["client_secret"]
    signed: dict[str, Any] = {"client_assertion": "a.b.c", "client_assertion_type": ASSERTION}
    for more in (
        {"headers": basic(client_id, secret), "client_secret": secret},
        {"headers": basic(client_id, secret), **signed},
        {"client_secret": secret, **signed},
    ):
        refused = await redeemed(shared, client_id, **more)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")


async def test_two_names_in_one_request_are_refused(shared: Served) -> None:
    client = await shared.register(token_endpoint_auth_method="client_secret_basic")
    other = await shared.register()
    headers = basic(client["client_id"], client["client_secret"])
    refused = await redeemed(shared, other["client_id"], headers=headers)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")


async def test_a_confidential_client_authenticates_at_refresh_too(shared: Served) -> None:
    client = await shared.register(token_endpoint_auth_method="client_secret_post")
    client_id, secret = client["client_id"], client["client_secret"]
    tokens = (await redeemed(shared, client_id, client_secret=secret)).json()
    assert (await shared.refresh(client_id, tokens["refresh_token"])).json()["error"] == "invalid_client"
    assert (await shared.refresh(client_id, tokens["refresh_token"], client_secret=secret)).status_code == 200


async def test_a_secret_runs_out_when_it_was_said(shared: Served) -> None:
    client = await shared.register(token_endpoint_auth_method="client_secret_post")
    end = client["client_secret_expires_at"]
    client_id = await put_client(
        shared,
        secret_hash=digest("s"),
        auth_method="client_secret_post",
        secret_expires_at=shared.clock.now().fromtimestamp(end, shared.clock.now().tzinfo),
    )
    shared.clock.advance(seconds=end - shared.clock.now().timestamp() - 1)
    assert (await redeemed(shared, client_id, client_secret="s")).status_code == 200
    shared.clock.advance(seconds=1)
    assert (await redeemed(shared, client_id, client_secret="s")).json()["error"] == "invalid_client"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_client_signs_with_each_algorithm_of_the_metadata(shared: Served, algorithm: str) -> None:
    client = await keyholder(shared, *ALGORITHMS)
    metadata = (await shared.program().get("/.well-known/oauth-authorization-server")).json()
    assert algorithm in metadata["token_endpoint_auth_signing_alg_values_supported"]
    fields = client.fields(sign(client.claims(), algorithm))
    assert (await redeemed(shared, client.client_id, **fields)).status_code == 200
    # The assertion names the client, so the form need not.
    fields = client.fields(sign(client.claims(), algorithm))
    assert (await redeemed(shared, client.client_id, named=False, **fields)).status_code == 200


@pytest.mark.parametrize("audience", [ISSUER, f"{ISSUER}/oauth/token", f"{ISSUER}/token", [ISSUER]])
async def test_an_assertion_is_for_this_server(shared: Served, audience: object) -> None:
    client = await keyholder(shared, "EdDSA")
    fields = client.fields(sign(client.claims(aud=audience)))
    assert (await redeemed(shared, client.client_id, **fields)).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://evil.example"},
        {"aud": f"{ISSUER}/"},
        {"aud": None},
        {"iss": "another"},
        {"iss": None},
        {"exp": None},
        {"exp": "soon"},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 513},
        {"sub": None},
        {"sub": 7},
    ],
)
async def test_an_assertion_with_a_wrong_claim_is_refused(shared: Served, claims: dict[str, Any]) -> None:
    client = await keyholder(shared, "EdDSA")
    refused = await redeemed(shared, client.client_id, **client.fields(sign(client.claims(**claims))))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client")


@pytest.mark.parametrize(
    ("seconds", "is_good"), [(-31, False), (-29, True), (600, True), (601, False), (10**12, False)]
)
async def test_an_assertion_ends_soon_and_has_not_ended(shared: Served, seconds: int, is_good: bool) -> None:
    client = await keyholder(shared, "EdDSA")
    end = int(shared.clock.now().timestamp()) + seconds
    response = await redeemed(shared, client.client_id, **client.fields(sign(client.claims(exp=end))))
    assert response.status_code == (200 if is_good else 400)


async def test_an_assertion_counts_once_at_whatever_endpoint(shared: Served) -> None:
    client = await keyholder(shared, "EdDSA")
    fields = client.fields()
    assert (await redeemed(shared, client.client_id, **fields)).status_code == 200
    assert (await redeemed(shared, client.client_id, **fields)).json()["error"] == "invalid_client"
    again = await shared.program().post("/oauth/revoke", data={**fields, "token": "rt_x"})
    assert again.json()["error"] == "invalid_client"


@pytest.mark.parametrize("character", ["\\ud800", "\\u0000"])
async def test_text_that_no_database_takes_is_refused(store_url: str, clock: HeldClock, character: str) -> None:
    async with serving(store_url, clock) as served:
        client = await keyholder(served, "EdDSA")
        for name in ("jti", "sub", "iss"):
            whole = client.claims(**{name: "MARK"})
            for named in (True, False):
                proof = client.fields(_sign_text(whole, character))
                refused = await redeemed(served, client.client_id, named=named, **proof)
                assert refused.status_code == 400
                assert refused.json()["error"] in {"invalid_client", "invalid_request"}
        refused = await redeemed(served, client.client_id, named=False, headers=basic("a\0b", "x"))
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


def _sign_text(claims: dict[str, Any], instead: str) -> str:
    """A good signature over claims in which MARK is an escape that no UTF-8 text can hold."""
    private = key_for("EdDSA").private_key
    assert isinstance(private, Ed25519PrivateKey)
    payload = json.dumps(claims).replace("MARK", instead).encode()
    text = f"{encoded({'alg': 'EdDSA', 'kid': 'OKP'})}.{encoded(payload)}"
    return f"{text}.{encoded(private.sign(text.encode()))}"


async def test_who_registered_a_secret_cannot_sign_and_the_other_way_round(shared: Served) -> None:
    signer = await keyholder(shared, "EdDSA")
    assert (await redeemed(shared, signer.client_id)).json()["error"] == "invalid_client"
    assert (await redeemed(shared, signer.client_id, client_secret="x")).json()["error"] == "invalid_client"
    secret = await shared.register(token_endpoint_auth_method="client_secret_post")
    assertion = sign(Keyholder(shared, secret["client_id"]).claims())
    refused = await redeemed(shared, secret["client_id"], client_assertion=assertion, client_assertion_type=ASSERTION)
    assert refused.json()["error"] == "invalid_client"


async def test_an_assertion_of_another_type_is_none(shared: Served) -> None:
    client = await keyholder(shared, "EdDSA")
    fields = {**client.fields(), "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}
    assert (await redeemed(shared, client.client_id, **fields)).json()["error"] == "invalid_client"


async def test_a_document_client_that_prefers_to_sign_may_do_without(shared: Served) -> None:
    """As ChatGPT publishes itself: private_key_jwt first, `none` offered."""
    url, now = "https://client.example/oauth/client.json", shared.clock.now()
    document = {
        "client_id": url,
        "client_name": "Signer",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
        "jwks": public_keys("ES256"),
    }
    kept = ClientDocument(
        url=url, body=json.dumps(document), body_hash=b"h" * 32, fetched_at=now, fresh_until=now + timedelta(days=1)
    )

    class Documents:
        async def find(self, url: str, *, is_token_request: bool) -> ClientDocument:
            return kept

        async def keys(self, metadata: Any) -> dict[str, Any]:
            raise AssertionError(metadata)

    before = shared.authority.clients
    shared.authority.clients = Clients(shared.authority.store, Documents())
    try:
        found = await shared.authority.clients.find(url, now=now)
        assert isinstance(found, KnownClient) and found.document_hash is not None
        assert (await redeemed(shared, url)).status_code == 200
        fields = {
            "client_assertion_type": ASSERTION,
            "client_assertion": sign(Keyholder(shared, url).claims(), "ES256"),
        }
        assert (await redeemed(shared, url, **fields)).status_code == 200
        wrong = sign(Keyholder(shared, url).claims(jti="2"), "EdDSA")
        assert (await redeemed(shared, url, client_assertion=wrong, client_assertion_type=ASSERTION)).status_code == 400
    finally:
        shared.authority.clients = before
