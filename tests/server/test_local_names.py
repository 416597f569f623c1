"""Who types localhost where 127.0.0.1 was printed signs in all the same: each name finds the document that says it."""

from pathlib import Path

import httpx2
import pytest

from auth.policy import Policy
from auth.routes import routes
from server.asgi import create_app
from server.dispatch import build_server
from server.door import SignIn
from server.settings import Settings
from server.sign_in import policy_of
from tests.auth.authorities import CALLBACK, VERIFIER, file_url, serving
from tests.conftest import HeldClock
from tests.server.standin import StandIn

pytestmark = pytest.mark.anyio

HERE = "http://127.0.0.1:8080"
ALSO = "http://localhost:8080"


@pytest.mark.parametrize(("address", "names"), [
    (HERE, (ALSO,)), (ALSO, (HERE,)), ("https://social.example", ()), ("https://localhost:8443", ()),
])  # fmt: skip
def test_only_this_machine_has_other_names(address: str, names: tuple[str, ...]) -> None:
    assert policy_of(Settings(), address).local_names == names


async def test_each_name_of_the_machine_leads_through_a_whole_sign_in(tmp_path: Path, clock: HeldClock) -> None:
    policy = Policy(issuer=HERE, resources=[f"{HERE}/mcp"], local_names=(ALSO,))
    async with serving(file_url(tmp_path), clock, policy=policy) as served, StandIn().client() as rest:
        door = SignIn(served.authority, f"{HERE}/mcp")
        app = create_app(build_server(rest), public_urls=[HERE], door=door, sign_in=routes(served.authority))
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url=ALSO) as typed:
            challenge = (await typed.post("/mcp", json={})).headers["www-authenticate"]
            assert f'resource_metadata="{ALSO}/.well-known/oauth-protected-resource/mcp"' in challenge
            for path in ("/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"):
                document = (await typed.get(path)).json()
                assert (document["resource"], document["authorization_servers"]) == (f"{ALSO}/mcp", [HERE])
            there = (
                await typed.get("/.well-known/oauth-protected-resource/mcp", headers={"host": "127.0.0.1:8080"})
            ).json()
            assert there["resource"] == f"{HERE}/mcp"
            client_id = (await served.register())["client_id"]
            code = await served.browser().code(client_id, request={"resource": f"{ALSO}/mcp"})
            answer = await served.token(
                client_id,
                grant_type="authorization_code",
                code=code,
                code_verifier=VERIFIER,
                redirect_uri=CALLBACK,
                resource=f"{ALSO}/mcp",
            )
            assert answer.status_code == 200, answer.text
            claims = await served.authority.verify(answer.json()["access_token"], f"{HERE}/mcp")
            assert claims.audience == f"{HERE}/mcp"
            again = await served.refresh(client_id, answer.json()["refresh_token"], resource=f"{ALSO}/mcp")
            assert again.status_code == 200


async def test_a_foreign_name_changes_nothing_and_is_no_resource(tmp_path: Path, clock: HeldClock) -> None:
    policy = Policy(issuer=HERE, resources=[f"{HERE}/mcp"], local_names=(ALSO,))
    assert policy.named(f"{HERE}/mcp", "evil.example") == f"{HERE}/mcp"
    async with serving(file_url(tmp_path), clock, policy=policy) as served:
        client_id = (await served.register())["client_id"]
        for resource in (
            "http://localhost.evil.example/mcp",
            "http://localhost:8081/mcp",
            "http://localhost:8080@evil/mcp",
        ):
            refused = await served.browser().open(client_id, resource=resource)
            assert httpx2.URL(refused.headers["location"]).params["error"] == "invalid_target"
