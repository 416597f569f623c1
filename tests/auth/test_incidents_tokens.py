"""Incidents of other authorization servers, tried on ours through its endpoints: tokens, keys, fetches and races."""

import ast
import asyncio
import gzip
import json
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette

from auth.client_documents import ClientDocuments
from auth.clients import Clients
from auth.egress import Egress
from auth.records import Session, digest
from auth.routes import routes
from auth.vault import Secret, seal_under_token
from server.settings import Settings
from server.sign_in import open_authority
from tests.auth.assertions import keyholder, public_keys, sign
from tests.auth.authorities import MCP, REST, Browser, Served, serving
from tests.auth.authorities import file_url as database_in
from tests.auth.doors import LIST, call, open_door, result_of
from tests.auth.forging import decoded, forgeries, put_client, put_code, signing_key
from tests.auth.hosts import HERE, Host, Resolver, answer, document, open_host
from tests.conftest import HeldClock
from tools.rest import RestClient

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]


@pytest.fixture
def served(shared: Served) -> Served:
    return shared


def test_no_address_is_ever_opened_by_a_shell_or_a_browser() -> None:
    """Incident 1, CVE-2025-6514 (mcp-remote): no code of ours starts a program with an address from outside."""
    for file in [*ROOT.glob("auth/*.py"), *ROOT.glob("server/*.py"), *ROOT.glob("tools/*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {"webbrowser", "subprocess", "pty"} & set(names), file
            assert not (isinstance(node, ast.Attribute) and node.attr in {"system", "popen", "startfile"}), file


async def test_no_forged_token_passes_the_door(served: Served) -> None:
    """Incident 7, authlib CVE-2026-27962, CVE-2026-28802 and their kin: every laxity of JOSE, one 401 for each."""
    token = (await served.tokens())["access_token"]
    asking = {"client_secret": "s", "client_id": await _resource_server(served)}
    async with open_door(served) as door:
        assert (await door.send(LIST, token)).status_code == 200
        door.upstream.requests.clear()
        for name, forged in forgeries(token, signing_key(served)).items():
            refused = await door.send(call("list_brands"), forged)
            assert refused.status_code == 401, name
            assert 'error="invalid_token"' in refused.headers["www-authenticate"], name
            told = await served.program().post("/oauth/introspect", data={**asking, "token": forged})
            assert told.json() in ({"active": False}, *([LONG] if len(forged) > 65536 else [])), name
        assert door.upstream.requests == []


LONG = {"error": "invalid_request", "error_description": "the body is over 65536 bytes"}


async def _resource_server(served: Served) -> str:
    """A client that may ask about tokens."""
    return await put_client(
        served, metadata={"introspection": True}, secret_hash=digest("s"), auth_method="client_secret_post"
    )


async def test_no_forged_assertion_authenticates_a_client(served: Served) -> None:
    """Incident 7, CVE-2026-27962 (`jwk` header), CVE-2026-28802 (`alg: none`), unknown `crit`: in assertions too."""
    client = await keyholder(served, "EdDSA")
    honest = sign(client.claims())
    tried = {
        **{name: forged for name, forged in forgeries(honest, signing_key(served)).items() if "typ" not in name},
        "another's key": sign(client.claims(), "ES256"),
        "HS256 with the public key": _hmac_signed(client.claims()),
    }
    for name, assertion in tried.items():
        code = await put_code(served, client.client_id)
        refused = await served.redeem(client.client_id, code, **client.fields(assertion))
        assert refused.status_code in {400, 413} and "access_token" not in refused.text, name
    code = await put_code(served, client.client_id)
    assert (await served.redeem(client.client_id, code, **client.fields())).status_code == 200


def _hmac_signed(claims: dict[str, object]) -> str:
    from joserfc import jwt
    from joserfc.jwk import OctKey

    public = json.dumps(public_keys("EdDSA")["keys"][0]).encode()
    return jwt.encode({"alg": "HS256", "kid": "OKP"}, claims, OctKey.import_key(public))


async def _signed_in_as(served: Served, subject: str) -> Browser:
    """A browser of another person, who signed in with a full key a moment ago."""
    browser, now = served.browser(), served.clock.now()
    secret = served.authority.random()
    await served.authority.store.create_session(
        Session(
            session_hash=digest(secret),
            subject=subject,
            authenticated_at=now,
            last_seen_at=now,
            expires_at=now + timedelta(hours=1),
            sealed=seal_under_token(Secret(json.dumps({"mark": ""})), token=Secret(secret), purpose="pasted-key"),
        )
    )
    browser.http.cookies.set("__Host-session", secret)
    return browser


async def test_a_handle_of_anothers_is_no_use(served: Served) -> None:
    """Incident 11 (handle hijacking): a grant's id ends it for its own person only."""
    client_id = (await served.register())["client_id"]
    mine = served.browser()
    token = (await served.redeem(client_id, await mine.code(client_id))).json()["access_token"]
    grant_id = decoded(token)[1]["gid"]
    other = await _signed_in_as(served, "usr_other")
    page = await other.get("/oauth/apps")
    assert page.status_code == 200 and grant_id not in page.text
    await other.post("/oauth/apps", {"csrf": other.hidden("csrf"), "action": "revoke", "grant": grant_id})
    assert (await served.authority.verify(token, MCP)).grant_id == grant_id
    await mine.get("/oauth/apps")
    await mine.post("/oauth/apps", {"csrf": mine.hidden("csrf"), "action": "revoke", "grant": grant_id})
    async with open_door(served) as door:
        assert (await door.send(LIST, token)).status_code == 401


async def test_the_id_of_anothers_call_cannot_cancel_it(served: Served) -> None:
    """Incident 11 (handle hijacking): request ids count within one grant, whatever machine and program they come from."""
    started, release = asyncio.Event(), asyncio.Event()
    tokens, other = await served.tokens(), await served.tokens()
    cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    async with open_door(served) as door, asyncio.timeout(20):
        inner = door.upstream.handle_async_request

        async def held(request: httpx2.Request) -> httpx2.Response:
            started.set()
            await release.wait()
            return await inner(request)

        door.upstream.handle_async_request = held  # type: ignore[method-assign]
        running = asyncio.create_task(door.send(call("list_brands"), tokens["access_token"]))
        await started.wait()
        assert (await door.send(cancel, other["access_token"])).status_code == 202
        release.set()
        assert not result_of(await running).get("isError")


async def test_a_clients_token_never_goes_upstream(served: Served) -> None:
    """Incident 12 (token passthrough): the API sees the key of the grant, and nothing of the bearer."""
    tokens = await served.tokens(scopes=["accounts:read"], preset="Analyst")
    async with open_door(served) as door:
        assert not result_of(await door.send(call("list_brands"), tokens["access_token"])).get("isError")
        (request,) = door.upstream.requests
        assert request.headers["authorization"].startswith("Bearer sapi_key_")
        assert tokens["access_token"] not in door.upstream.text
        assert tokens["access_token"].split(".")[2] not in door.upstream.text


async def test_a_token_for_another_resource_is_refused(served: Served) -> None:
    """Incident 12 (token passthrough): what was issued for the REST API opens no door here."""
    tokens = await served.tokens(request={"resource": REST})
    assert decoded(tokens["access_token"])[1]["aud"] == REST
    async with open_door(served) as door:
        refused = await door.send(call("list_brands"), tokens["access_token"])
        assert refused.status_code == 401 and door.upstream.requests == []


@asynccontextmanager
async def _with_documents(folder: Path, egress: Egress) -> AsyncGenerator[Served]:
    """An authority that fetches metadata documents this way."""
    clock, url = HeldClock(), database_in(folder)
    async with serving(url, clock) as served:
        store = served.authority.store
        served.authority.clients = Clients(store, ClientDocuments(store, egress, clock=clock.now))
        yield served


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with open_host(tmp_path) as running:
        yield running


PRIVATE = [
    "127.0.0.1",
    "127.1",
    "0x7f000001",
    "2130706433",
    "017700000001",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:10.0.0.1]",
    "[64:ff9b::a00:1]",
    "169.254.169.254",
    "10.0.0.1",
    "0.0.0.0",
    "client.example",
]


async def test_no_client_id_makes_this_server_ask_its_own_network(tmp_path: Path, host: Host) -> None:
    """Incident 13 (SSRF through metadata documents): refused before a connection, in each spelling, also by name."""
    guarded = Egress(resolve=Resolver([[HERE]]), ports=frozenset({443, host.port}), ssl_context=host.authority)
    async with _with_documents(tmp_path, guarded) as served:
        for name in PRIVATE:
            page = await served.browser().open(f"https://{name}:{host.port}/client.json")
            assert page.status_code == 400 and "location" not in page.headers
            assert "not on the public internet" in page.text, name
    assert host.connections == 0


@pytest.mark.parametrize("name", ["127.0.0.1", "169.254.169.254", "[fd00::1]"])
async def test_the_server_as_it_is_started_fetches_from_the_public_internet_only(tmp_path: Path, name: str) -> None:
    """Incident 13: the settings as they are without the operator's doing."""
    address = "http://127.0.0.1:8080"
    async with httpx2.AsyncClient(base_url="http://api.test/v1") as rest:
        settings = Settings(data_dir=tmp_path)
        authority = await open_authority(settings, address, RestClient(http=rest), in_background=False)
        transport = httpx2.ASGITransport(app=Starlette(routes=routes(authority)))
        async with httpx2.AsyncClient(transport=transport, base_url=address) as person:
            try:
                for port, reason in (("", "public internet"), (":6379", "port of the URL"), (":80", "port of the URL")):
                    asked = {"client_id": f"https://{name}{port}/client.json"}
                    page = await person.get("/oauth/authorize", params=asked)
                    assert page.status_code == 400 and reason in page.text
            finally:
                await authority.close()


async def test_no_answer_of_a_clients_host_leads_further(tmp_path: Path, host: Host) -> None:
    """Incident 13: redirects are not followed, long bodies and bombs not read, another's or an odd document not taken."""
    url, is_json, redirect_uri = host.url(), "Content-Type: application/json", "https://client.example/callback"
    long, bomb = document(url, x="x" * 6000).encode(), gzip.compress(document(url, x="x" * 60_000).encode())
    async with _with_documents(tmp_path, host.egress()) as served:
        for bad in (
            answer(document(url).encode(), is_json, f"Location: {host.url('/other')}", status="302 Found"),
            answer(long, is_json),
            answer(bomb, is_json, "Content-Encoding: gzip"),
            answer(document("https://client.example/other").encode(), is_json),
            answer(document(url).encode(), "Content-Type: text/html"),
        ):
            host.answers = bad
            host.requests.clear()
            page = await served.browser().open(url, redirect_uri=redirect_uri)
            assert page.status_code == 400 and "could not be used" in page.text and len(host.requests) == 1
        host.answers = answer(document(url).encode(), is_json)
        page = await served.browser().open(url, redirect_uri=redirect_uri)
        assert page.status_code == 200 and "Verified domain" in page.text and "client.example" in page.text


async def test_the_address_of_a_clients_keys_is_guarded_too(tmp_path: Path, host: Host) -> None:
    """Incident 13 (SSRF through `jwks_uri`): a registration may name any; it is asked like a document."""
    guarded = Egress(resolve=Resolver([[HERE]]), ports=frozenset({443, host.port}), ssl_context=host.authority)
    async with _with_documents(tmp_path, guarded) as served:
        registered = await served.register(token_endpoint_auth_method="private_key_jwt", jwks_uri=host.url("/jwks"))
        client = (await keyholder(served, "EdDSA")).claims(iss=registered["client_id"], sub=registered["client_id"])
        code = await put_code(served, registered["client_id"])
        fields = {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
        refused = await served.redeem(registered["client_id"], code, client_assertion=sign(client), **fields)
        assert refused.json()["error"] == "invalid_client"
    assert host.connections == 0


@pytest.mark.parametrize("name", ["https://evil.example", "https://auth.example.evil.example", "http://localhost.evil"])
async def test_a_foreign_name_reaches_nothing(served: Served, name: str) -> None:
    """Incident 14 (DNS rebinding), CVE-2025-66416 (mcp), CVE-2026-34742, GHSA-89vp-x53w-74fx: every address checks."""
    async with open_door(served) as door:
        foreign, own = door.program(name), door.program()
        paths = {str(getattr(route, "path", "")) for route in door.app.routes} - {"/health"}
        assert {"/mcp", "/oauth/token", "/oauth/authorize", "/jwks", "/oauth/register", "/register"} <= paths
        for path in paths:
            methods = {"GET", "POST"}
            assert {(await foreign.request(method, path)).status_code for method in methods} <= {401, 405, 421}
            if not path.startswith("/mcp"):
                assert 421 in {(await foreign.request(method, path)).status_code for method in methods}, path
                assert 421 not in {(await own.request(method, path)).status_code for method in methods}, path
        token = (await served.tokens())["access_token"]
        headers = {**door.headers, "Authorization": f"Bearer {token}"}
        for path in ("/mcp", "/mcp/x/inbox"):
            assert (await foreign.post(path, json=LIST, headers=headers)).status_code == 421
            assert (await own.post(path, json=LIST, headers=headers)).status_code == 200


async def test_of_twenty_redemptions_at_once_one_wins(store_url: str, clock: HeldClock) -> None:
    """Incident 15 (races in authlib's pattern, the SDK, better-auth): read-then-write gives several tokens."""
    async with serving(store_url, clock) as racing:
        client_id = (await racing.register())["client_id"]
        code = await put_code(racing, client_id)
        answers = await asyncio.gather(*(racing.redeem(client_id, code) for _ in range(20)))
        assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 19}
        assert {answer.json().get("error") for answer in answers} == {None, "invalid_grant"}


async def test_of_twenty_refreshes_at_once_all_get_one_successor(store_url: str, clock: HeldClock) -> None:
    """Incident 15, for refresh tokens: one rotation, and the others repeat it."""
    async with serving(store_url, clock) as racing:
        client_id = (await racing.register())["client_id"]
        tokens = (await racing.redeem(client_id, await put_code(racing, client_id))).json()
        answers = await asyncio.gather(*(racing.refresh(client_id, tokens["refresh_token"]) for _ in range(20)))
        successors = {answer.json()["refresh_token"] for answer in answers}
        assert len(successors) == 1 and successors != {tokens["refresh_token"]}


async def test_of_twenty_uses_of_an_assertion_at_once_one_counts(store_url: str, clock: HeldClock) -> None:
    """Incident 15 (better-auth #9096, `jti`): twenty codes and one assertion give one answer."""
    async with serving(store_url, clock) as racing:
        client = await keyholder(racing, "EdDSA")
        fields = client.fields()
        codes = [await put_code(racing, client.client_id) for _ in range(20)]
        answers = await asyncio.gather(*(racing.redeem(client.client_id, code, **fields) for code in codes))
        assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 19}
        assert {answer.json().get("error") for answer in answers} == {None, "invalid_client"}


async def test_a_client_ends_its_own_tokens_only(served: Served) -> None:
    """Incident 16 (workers-oauth-provider before 0.8.0): a foreign revocation is answered 200 and changes nothing."""
    tokens = await served.tokens()
    foreign = (await served.register())["client_id"]
    for name in ("refresh_token", "access_token"):
        answer = await served.program().post("/oauth/revoke", data={"client_id": foreign, "token": tokens[name]})
        assert answer.status_code == 200
    assert (await served.authority.verify(tokens["access_token"], MCP)).client_id == tokens["client_id"]
    assert (await served.refresh(tokens["client_id"], tokens["refresh_token"])).status_code == 200


async def test_part_of_a_code_or_token_does_nothing(served: Served) -> None:
    """Incident 16 (grants ended by the prefix of a code): only the whole text names anything."""
    client_id = (await served.register())["client_id"]
    code = await put_code(served, client_id)
    for near in (code[:-1], code + "x", code[:-1] + "~", code[:20]):
        assert (await served.redeem(client_id, near)).json()["error"] == "invalid_grant"
    tokens = (await served.redeem(client_id, code)).json()
    for near in (code[:-1] + "~", code + "x"):
        await served.redeem(client_id, near)
    refresh = tokens["refresh_token"]
    for near in (refresh[:-1], refresh + "x", refresh[:-1] + "~"):
        assert (await served.refresh(client_id, near)).json()["error"] == "invalid_grant"
        await served.program().post("/oauth/revoke", data={"client_id": client_id, "token": near})
    assert (await served.refresh(client_id, refresh)).status_code == 200


@pytest.mark.parametrize(
    "grant_type",
    [
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:openid:params:grant-type:ciba",
        "password",
        "implicit",
        "client_credentials",
    ],
)
async def test_what_is_not_offered_is_not_there(served: Served, grant_type: str) -> None:
    """Incident 20, CVE-2026-45337 (better-auth, device flow): no such grant, no such endpoint, nothing in metadata."""
    client_id = await put_client(
        served,
        metadata={"grant_types": ["authorization_code", grant_type]},
        secret_hash=digest("s"),
        auth_method="client_secret_post",
    )
    fields = {"device_code": "x", "username": "a", "password": "b", "assertion": "x", "subject_token": "x"}
    refused = await served.token(client_id, grant_type=grant_type, client_secret="s", **fields)
    assert (refused.status_code, refused.json()["error"]) == (400, "unsupported_grant_type")
    metadata = (await served.program().get("/.well-known/oauth-authorization-server")).json()
    assert grant_type not in metadata["grant_types_supported"]
    assert not [name for name in metadata if "device" in name or "backchannel" in name]
    for path in ("/oauth/device", "/oauth/device_authorization", "/device"):
        assert (await served.program().post(path)).status_code == 404
