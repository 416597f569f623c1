"""An authority as a whole: the keys that it needs at its start, their change, what it forgets, and what it notes."""

import json
import logging
import sqlite3
from pathlib import Path

import pytest

from auth.broker import NoCredential
from auth.metadata import BadConfiguration
from auth.policy import presets_named
from auth.records import digest
from auth.tokens import TokenRefused
from auth.vault import KeyEncryptionKeys, Secret, WrongKeys
from server.door import SignIn, Turned
from tests.auth.authorities import KEYS, MCP, a_policy, file_url, serving
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio

OTHER = KeyEncryptionKeys(keys={"k1": Secret(b"x" * 32)})


async def test_another_key_encryption_key_is_refused_at_the_start(tmp_path: Path, clock: HeldClock) -> None:
    async with serving(file_url(tmp_path), clock) as served:
        await served.tokens()
    with pytest.raises(WrongKeys, match="k1 is not the one"):
        async with serving(file_url(tmp_path), clock, keys=OTHER):
            pass


async def test_a_change_of_the_key_encryption_key_keeps_every_sign_in(tmp_path: Path, clock: HeldClock) -> None:
    async with serving(file_url(tmp_path), clock) as served:
        tokens = await served.tokens()
        before = await served.authority.credentials.find(
            (await served.authority.verify(tokens["access_token"], MCP)).grant_id
        )
    new = Secret(b"2" * 32)
    async with serving(file_url(tmp_path), clock, keys=KeyEncryptionKeys(keys={"k2": new, **KEYS.keys})) as served:
        await served.authority.keep_house()
    async with serving(file_url(tmp_path), clock, keys=KeyEncryptionKeys(keys={"k2": new})) as served:
        claims = await served.authority.verify(tokens["access_token"], MCP)
        assert (await served.authority.credentials.find(claims.grant_id)).key == before.key
        assert (await served.refresh(tokens["client_id"], tokens["refresh_token"])).status_code == 200


async def test_a_revoked_grant_has_no_credential_and_no_ciphertext(tmp_path: Path, clock: HeldClock) -> None:
    async with serving(file_url(tmp_path), clock) as served:
        tokens = await served.tokens()
        grant_id = (await served.authority.verify(tokens["access_token"], MCP)).grant_id
        await served.authority.credentials.find(grant_id)
        assert await served.authority.revoke(grant_id, because="person", subject="usr_sample")
        with pytest.raises(NoCredential):
            await served.authority.credentials.find(grant_id)
        grant = await served.authority.store.find_grant(grant_id)
        assert grant is not None and (grant.sealed_credential, grant.wrapped_key) == (None, None)


async def test_a_revocation_elsewhere_is_learnt_by_reading_the_deny_list(tmp_path: Path, clock: HeldClock) -> None:
    async with serving(file_url(tmp_path), clock) as here, serving(file_url(tmp_path), clock) as there:
        tokens = await here.tokens()
        claims = await there.authority.verify(tokens["access_token"], MCP)
        assert await here.authority.revoke(claims.grant_id, because="operator")
        await there.authority.read_denials()
        with pytest.raises(TokenRefused, match="revoked"):
            await there.authority.verify(tokens["access_token"], MCP)


async def test_a_key_that_the_api_refuses_ends_refreshing(tmp_path: Path, clock: HeldClock) -> None:
    async with serving(file_url(tmp_path), clock) as served:
        tokens = await served.tokens()
        claims = await served.authority.verify(tokens["access_token"], MCP)
        await served.authority.mark_upstream_invalid(claims.grant_id)
        with pytest.raises(TokenRefused):
            await served.authority.verify(tokens["access_token"], MCP)
        refused = await served.refresh(tokens["client_id"], tokens["refresh_token"])
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


async def test_the_audit_log_tells_the_story_without_a_secret(tmp_path: Path, clock: HeldClock) -> None:
    async with serving(file_url(tmp_path), clock) as served:
        tokens = await served.tokens()
        claims = await served.authority.verify(tokens["access_token"], MCP)
        await served.authority.revoke(claims.grant_id, because="person", subject="usr_sample")
        events = list(await served.authority.store.list_events())
        assert [event.kind for event in reversed(events)] == [
            "client_registered", "signed_in", "code_issued", "tokens_issued", "grant_revoked",
        ]  # fmt: skip
        text = json.dumps([[event.detail, event.subject, event.client_id] for event in events])
        for secret in (served.local_key, tokens["refresh_token"], tokens["access_token"], "sapi_key_"):
            assert secret not in text


async def test_what_is_over_is_removed(tmp_path: Path, clock: HeldClock) -> None:
    async with serving(file_url(tmp_path), clock) as served:
        unused = (await served.register())["client_id"]
        tokens = await served.tokens()
        clock.advance(hours=25)
        await served.authority.keep_house()
        assert await served.authority.store.find_client(unused, now=clock.now()) is None
        assert await served.authority.store.find_client(tokens["client_id"], now=clock.now()) is not None
        assert (await served.refresh(tokens["client_id"], tokens["refresh_token"])).status_code == 200
        clock.advance(days=200)
        await served.authority.keep_house()
        assert await served.authority.store.find_refresh(digest(tokens["refresh_token"])) is None


@pytest.mark.parametrize("wrong", [
    {"issuer": "https://auth.example/path"}, {"issuer": "http://auth.example"}, {"resources": []},
    {"presets": ()},
])  # fmt: skip
def test_a_policy_that_clients_could_not_work_with_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadConfiguration):
        a_policy(**wrong)


def test_presets_are_chosen_by_name_in_the_operators_order() -> None:
    assert [preset.name for preset in presets_named("publisher,  Community   manager")] == [
        "Publisher", "Community manager",
    ]  # fmt: skip
    with pytest.raises(BadConfiguration, match="Analyst, Drafter"):
        presets_named("Root")


async def test_a_credential_that_does_not_open_is_noted_and_is_not_the_clients_fault(
    tmp_path: Path, clock: HeldClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="socialapi_mcp.auth.audit")
    async with serving(file_url(tmp_path), clock) as served:
        tokens = await served.tokens()
        with sqlite3.connect(tmp_path / "auth.sqlite") as outside:
            outside.execute("UPDATE auth_grant SET wrapped_key = zeroblob(61)")
        outside.close()
        turned = await SignIn(served.authority, MCP).admit(f"Bearer {tokens['access_token']}")
        grant_id = (await served.authority.verify(tokens["access_token"], MCP)).grant_id
    assert isinstance(turned, Turned) and turned.status == 503
    assert f"audit unseal_failed subject=usr_sample client={tokens['client_id']} grant={grant_id} {{}}" in caplog.text
