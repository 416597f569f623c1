"""The operator's commands, run as a person would on the data of a server."""

import json
from pathlib import Path

import pytest

from auth.policy import TrustedIssuer
from auth.vault import Secret
from server.administration import (
    CannotAdminister,
    add_client,
    add_link,
    key_rows,
    read_clients,
    read_key,
    revoke_key,
    rotate_keys,
)
from tests.auth.authorities import MCP, a_policy, file_url, serving
from tests.conftest import HeldClock
from tests.server.commands import run

pytestmark = pytest.mark.anyio

IDP = TrustedIssuer(issuer="https://idp.example", jwks_uri="https://idp.example/jwks")


async def test_a_client_with_credentials_acts_with_the_key_that_it_was_given(tmp_path: Path, clock: HeldClock) -> None:
    policy = a_policy(allows_client_credentials=True)
    async with serving(file_url(tmp_path), clock, policy=policy) as served:
        file = tmp_path / "key"
        file.write_text(served.local_key + "\n", encoding="ascii")
        made = await add_client(
            served.authority,
            {
                "client_name": "Robot",
                "grant_types": ["client_credentials"],
                "api_key_file": file,
                "scope": "posts:read",
            },
        )
        answer = await served.token(
            None, grant_type="client_credentials", client_id=made["client_id"], client_secret=made["client_secret"]
        )
        body = answer.json()
        assert answer.status_code == 200 and body["scope"] == "posts:read" and "refresh_token" not in body
        claims = await served.authority.verify(body["access_token"], MCP)
        assert claims.client_id == made["client_id"] and claims.authenticated_at is None
        child = (await served.authority.credentials.find(claims.grant_id)).key
        assert child != Secret(served.local_key)
        wider = await served.token(None, grant_type="client_credentials", scope="posts:write", **made)
        assert wider.json()["error"] == "invalid_scope"


@pytest.mark.parametrize(("metadata", "says"), [
    ({"client_name": "x", "redirect_uris": ["javascript:alert(1)"]}, "redirect URI 1"),
    ({"client_name": "x"}, "redirect_uris"),
    ({"client_name": "x", "grant_types": ["client_credentials"]}, "--key-file"),
    ({"client_name": "x", "introspection": True, "token_endpoint_auth_method": "none"}, "not --public"),
    ({"client_name": "x", "redirect_uris": ["https://x.example/cb"], "client_id": "https://x.example/"}, "taken"),
    ({"client_name": "x", "redirect_uris": ["https://x.example/cb"], "scope": "posts:fly"}, "scope must be of"),
])  # fmt: skip
async def test_a_client_that_makes_no_sense_is_refused(
    tmp_path: Path, clock: HeldClock, metadata: dict[str, object], says: str
) -> None:
    async with serving(file_url(tmp_path), clock) as served:
        with pytest.raises(CannotAdminister, match=says):
            await add_client(served.authority, metadata)
        assert await served.authority.store.list_clients() == []


async def test_a_link_needs_a_trusted_issuer_and_happens_once(tmp_path: Path, clock: HeldClock) -> None:
    async with serving(file_url(tmp_path), clock, policy=a_policy(trusted_issuers=(IDP,))) as served:
        key = Secret(served.local_key)
        given = {"subject": "ann", "tenant": "", "key": key, "scope": "posts:read"}
        with pytest.raises(CannotAdminister, match="TRUSTED_ISSUERS"):
            await add_link(served.authority, issuer="https://other.example", **given)  # type: ignore[arg-type]
        grant = await add_link(served.authority, issuer=IDP.issuer, **given)  # type: ignore[arg-type]
        assert (grant.subject, grant.scope) == ("usr_sample", "posts:read")
        with pytest.raises(CannotAdminister, match="already"):
            await add_link(served.authority, issuer=IDP.issuer, **given)  # type: ignore[arg-type]


async def test_keys_are_listed_rotated_and_removed(tmp_path: Path, clock: HeldClock) -> None:
    async with serving(file_url(tmp_path), clock) as served:
        first = key_rows(served.authority)[0]["kid"]
        assert "signs by itself from 2026-03-10T13:01:00" in await rotate_keys(served.authority, at_once=False)
        assert "was published before" in await rotate_keys(served.authority, at_once=False)
        assert "signs now" in await rotate_keys(served.authority, at_once=True)
        assert [row["state"] for row in key_rows(served.authority)] == ["retired", "active"]
        assert "is gone" in await revoke_key(served.authority, first)
        with pytest.raises(CannotAdminister, match="keys list"):
            await revoke_key(served.authority, first)


@pytest.mark.parametrize("text", ["", "{}", "[1]", "no json"])
def test_a_file_of_clients_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "clients.json"
    file.write_text(text)
    with pytest.raises(CannotAdminister, match=r"clients\.json"):
        read_clients(file)
    with pytest.raises(CannotAdminister, match="API key"):
        read_key(tmp_path / "nothing")


def test_the_commands_work_from_a_shell(tmp_path: Path) -> None:
    loaded = tmp_path / "clients.json"
    loaded.write_text(
        json.dumps([{"client_id": "planner", "client_name": "Planner", "redirect_uris": ["https://p.example/cb"]}])
    )
    made = run(tmp_path, "clients", "load", str(loaded))
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["client_id"] == "planner"
    assert json.loads(made.stdout)["client_secret"].startswith("cs_")
    listed = run(tmp_path, "clients", "list")
    assert "planner" in listed.stdout and "cs_" not in listed.stdout
    gone = run(tmp_path, "grants", "revoke", "gr_none")
    assert (gone.returncode, "grants list" in gone.stderr) == (1, True)


async def test_the_last_use_of_a_client_that_acts_by_itself_is_known_to_the_hour(
    tmp_path: Path, clock: HeldClock
) -> None:
    async with serving(file_url(tmp_path), clock, policy=a_policy(allows_client_credentials=True)) as served:
        file = tmp_path / "key"
        file.write_text(served.local_key, encoding="ascii")
        made = await add_client(
            served.authority, {"client_name": "Robot", "grant_types": ["client_credentials"], "api_key_file": file}
        )
        begun, uses = clock.now(), list[float]()
        for minutes in (59, 1, 30, 30):
            clock.advance(minutes=minutes)
            answer = await served.token(None, grant_type="client_credentials", **made)
            grant_id = (await served.authority.verify(answer.json()["access_token"], MCP)).grant_id
            grant = await served.authority.store.find_grant(grant_id)
            assert grant is not None
            uses.append((grant.last_used_at - begun).total_seconds() / 60)
    assert uses == [0, 60, 60, 120]
