"""Access tokens and dashboard tokens, for tests."""

import base64
import json
from dataclasses import replace
from typing import Any

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from auth.tokens import Claims, DenyList, Issuer, VerificationKey, Verifier
from localapi.app import EmbeddedApi, Options
from localapi.dashboard import SETTING
from localapi.tables import Setting, User
from tests.conftest import HeldClock

SERVER, RESOURCE = "https://as.example", "https://as.example/mcp"
KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
DENIED = "grant_denied"
SAMPLE = "usr_sample"


async def taking_access_tokens(options: Options, clock: HeldClock) -> EmbeddedApi:
    """The API, with an authorization server beside it."""
    denied = DenyList()
    denied.deny(DENIED, until=clock.now().timestamp() + 3600)
    verifier = Verifier(
        [VerificationKey(key_id="k1", public_key=KEY.public_key())],
        issuer=SERVER, audience=RESOURCE, denied=denied, clock=lambda: clock.now().timestamp(),
    )  # fmt: skip
    return await EmbeddedApi.start(replace(options, access_tokens=verifier), clock=clock)


def claims(clock: HeldClock, **changed: Any) -> Claims:
    now = int(clock.now().timestamp())
    made = Claims(
        issuer=SERVER, subject=SAMPLE, audience=RESOURCE, client_id="client_1", scope="social:all", token_id="jti_1",
        grant_id="grant_1", issued_at=now, not_before=now, expires_at=now + 3600,
    )  # fmt: skip
    return made._replace(**changed)


def access_token(clock: HeldClock, **changed: Any) -> str:
    return Issuer("k1", KEY).issue(claims(clock, **changed))


async def user(api: EmbeddedApi) -> User:
    async with api.installation.database.read() as session:
        return (await session.scalars(select(User))).one()


async def dashboard_token(api: EmbeddedApi) -> str:
    return api.installation.dashboard.issue(await user(api)).token


async def dashboard_seed(api: EmbeddedApi) -> bytes:
    async with api.installation.database.read() as session:
        return bytes.fromhex((await session.get_one(Setting, SETTING)).value)


def signed(private: Ed25519PrivateKey, header: dict[str, str], payload: dict[str, object]) -> str:
    """A token of any header and payload."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, payload)]
    signature = base64.urlsafe_b64encode(private.sign(b".".join(parts))).rstrip(b"=")
    return b".".join([*parts, signature]).decode()


def read(token: str, part: int) -> dict[str, str]:
    return dict(json.loads(base64.urlsafe_b64decode(token.split(".")[part] + "==")))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def made_key(http: httpx2.AsyncClient, **fields: object) -> str:
    response = await http.post("/v1/keys", json={"name": "Made", **fields})
    return str(response.json()["raw_key"])
