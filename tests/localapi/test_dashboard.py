"""Dashboard tokens: which ones are none, and who gets one."""

import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete

from auth.tokens import DenyList, Issuer, TokenRefused, VerificationKey, Verifier
from localapi.app import EmbeddedApi, Options
from localapi.context import Ids
from localapi.dashboard import AUDIENCE, ISSUER, SETTING, CannotLogIn, DashboardTokens, log_in
from localapi.tables import Setting, User
from tests.conftest import HeldClock
from tests.localapi.connecting import problem
from tests.localapi.tokens import (
    KEY,
    RESOURCE,
    SAMPLE,
    SERVER,
    STRANGER,
    bearer,
    claims,
    dashboard_seed,
    dashboard_token,
    read,
    signed,
    taking_access_tokens,
    user,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def api(clock: HeldClock, seeded: Options) -> AsyncIterator[EmbeddedApi]:
    started = await taking_access_tokens(seeded, clock)
    yield started
    await started.close()


async def test_a_forged_dashboard_token_is_refused(
    api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    genuine = await dashboard_token(api)
    seed = await dashboard_seed(api)
    key_id, own = read(genuine, 0)["kid"], Ed25519PrivateKey.from_private_bytes(seed)
    now = int(clock.now().timestamp())
    true = claims(clock, issuer=ISSUER, audience=AUDIENCE)
    other_installation = DashboardTokens(b"\x07" * 32, clock=clock, ids=Ids())
    forged = {
        "by a stranger": Issuer(key_id, STRANGER).issue(true),
        "by the key of access tokens": Issuer("k1", KEY).issue(true),
        "of another installation": other_installation.issue(await user(api)).token,
        "for another audience": Issuer(key_id, own).issue(true._replace(audience=RESOURCE)),
        "by another issuer": Issuer(key_id, own).issue(true._replace(issuer=SERVER)),
        "expired": Issuer(key_id, own).issue(
            true._replace(issued_at=now - 3700, not_before=now - 3700, expires_at=now - 100)
        ),
        "of another typ": signed(own, {"alg": "EdDSA", "typ": "JWT", "kid": key_id}, {**read(genuine, 1)}),
        "cut": genuine[:-10],
    }
    for name, token in forged.items():
        response = await http.get("/v1/oauth/redirect-uris", headers=bearer(token))
        assert problem(response) == (401, "auth.invalid_token"), name
        assert token not in response.text
    control = await http.get("/v1/oauth/redirect-uris", headers=bearer(Issuer(key_id, own).issue(true)))
    assert control.status_code == 200


async def test_neither_kind_of_token_passes_as_the_other_even_under_one_key(
    api: EmbeddedApi, http: httpx2.AsyncClient, clock: HeldClock
) -> None:
    genuine = await dashboard_token(api)
    own = Ed25519PrivateKey.from_private_bytes(await dashboard_seed(api))
    key_id = read(genuine, 0)["kid"]
    careless = Verifier(
        [VerificationKey(key_id=key_id, public_key=own.public_key())],
        issuer=SERVER, audience=RESOURCE, denied=DenyList(), clock=lambda: clock.now().timestamp(),
    )  # fmt: skip
    access = Issuer(key_id, own).issue(claims(clock))
    assert careless.verify(access).subject == SAMPLE
    with pytest.raises(TokenRefused):
        careless.verify(genuine)
    with pytest.raises(TokenRefused):
        api.installation.dashboard.verify(access)
    assert problem(await http.get("/v1/oauth/redirect-uris", headers=bearer(access))) == (401, "auth.invalid_token")


async def logged_in(api: EmbeddedApi, named: str | None) -> str:
    installation = api.installation
    async with installation.database.read() as session:
        made = await log_in(session, named, clock=installation.clock, ids=installation.ids)
    return str(installation.dashboard.verify(made.token).subject)


async def test_who_logs_in_is_named_where_there_are_several(api: EmbeddedApi, clock: HeldClock) -> None:
    assert await logged_in(api, None) == SAMPLE
    assert await logged_in(api, "sample@localhost") == SAMPLE
    async with api.installation.database.write() as session:
        for number, email in enumerate(("ada@example.com", "two@example.com", "two@example.com")):
            session.add(User(id=f"usr_{number}", email=email, name="Other", plan="free", created_at=clock.now()))
    assert await logged_in(api, "ada@example.com") == "usr_0"
    assert await logged_in(api, "usr_2") == "usr_2"
    with pytest.raises(CannotLogIn, match="--user EMAIL"):
        await logged_in(api, None)
    with pytest.raises(CannotLogIn, match="--user ID"):
        await logged_in(api, "two@example.com")
    with pytest.raises(CannotLogIn, match="check --user"):
        await logged_in(api, "nobody@example.com")


async def test_nobody_logs_in_where_no_user_or_no_key_is(api: EmbeddedApi) -> None:
    async with api.installation.database.write() as session:
        await session.execute(delete(User))
    with pytest.raises(CannotLogIn, match="no user here"):
        await logged_in(api, None)
    async with api.installation.database.write() as session:
        await session.execute(delete(Setting).where(Setting.name == SETTING))
    with pytest.raises(CannotLogIn, match="start the server"):
        await logged_in(api, None)


async def test_a_dashboard_token_outlasts_a_restart(stored: Options, clock: HeldClock) -> None:
    first = await EmbeddedApi.start(replace(stored, with_jobs=False), clock=clock)
    token = await dashboard_token(first)
    await first.close()
    # Elsewhere, because the person who logs in does not know where the server listens.
    moved = replace(stored, with_jobs=False, public_url="https://social.example")
    again = await EmbeddedApi.start(moved, clock=clock)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=again.app), base_url="http://local") as http:
        assert (await http.get("/v1/users/me", headers=bearer(token))).json()["id"] == SAMPLE
    await again.close()


@pytest.mark.skipif(sys.platform == "win32", reason="files have no modes there")
async def test_nobody_else_on_the_machine_reads_the_key(tmp_path: Path) -> None:
    # As an older version left it.
    (tmp_path / "localapi.sqlite").touch(mode=0o644)
    (tmp_path / "localapi.sqlite").chmod(0o644)
    api = await EmbeddedApi.start(Options(data=tmp_path, with_jobs=False))
    modes = {file.name: file.stat().st_mode & 0o077 for file in tmp_path.glob("localapi.sqlite*")}
    await api.close()
    assert modes == dict.fromkeys(("localapi.sqlite", "localapi.sqlite-wal", "localapi.sqlite-shm"), 0)
