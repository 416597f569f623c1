"""An authorization server in the test's own process, a browser's and a client's side of it, and the real API behind."""

import base64
import hashlib
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx2
from starlette.applications import Starlette

from auth.authority import Authority, LocalUser
from auth.clients import Documents
from auth.limits import MemoryBuckets
from auth.migrations.run import upgrade
from auth.policy import Policy
from auth.routes import routes
from auth.vault import KeyEncryptionKeys, Secret, Vault
from localapi.app import EmbeddedApi, Options
from server.upstream import RestUpstream
from server.wiring import RestTokens
from tests.auth.stores import open_store
from tests.conftest import HeldClock
from tools.rest import RestClient

ISSUER = "https://auth.example"
MCP = f"{ISSUER}/mcp"
REST = f"{ISSUER}/v1"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
CALLBACK = "https://client.example/cb"
KEYS = KeyEncryptionKeys(keys={"k1": Secret(b"k" * 32)})


def a_policy(**more: Any) -> Policy:
    return replace(Policy(issuer=ISSUER, resources=[MCP, REST], rest_resource=REST), **more)


@dataclass
class Served:
    """A running authority, the API behind it, and how to talk to both."""

    authority: Authority
    api: EmbeddedApi
    app: Starlette
    clock: HeldClock
    local_key: str
    address: str = "203.0.113.7"

    def browser(self, address: str | None = None) -> "Browser":
        """A browser with a cookie jar of its own."""
        return Browser(self, self._client(address))

    def program(self, address: str | None = None) -> httpx2.AsyncClient:
        """A client's program: no cookies that matter, no redirects followed."""
        return self._client(address)

    def _client(self, address: str | None) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app=self.app, client=(address or self.address, 4711))
        return httpx2.AsyncClient(transport=transport, base_url=self.authority.policy.issuer)

    async def register(self, **more: Any) -> dict[str, Any]:
        """A client that registered by itself; a public one unless told otherwise."""
        metadata = {
            "client_name": "Test client",
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none",
            **more,
        }
        response = await self.program().post("/oauth/register", json=metadata)
        assert response.status_code == 201, response.text
        found: dict[str, Any] = response.json()
        return found

    async def token(self, client_id: str | None = None, /, **fields: Any) -> httpx2.Response:
        """A request at the token endpoint."""
        headers = fields.pop("headers", {})
        given = {**({} if client_id is None else {"client_id": client_id}), **fields}
        return await self.program().post("/oauth/token", data=given, headers=headers)

    async def redeem(self, client_id: str, code: str, **more: Any) -> httpx2.Response:
        fields = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER, "redirect_uri": CALLBACK}
        return await self.token(client_id, **{**fields, **more})

    async def refresh(self, client_id: str, token: str, **more: Any) -> httpx2.Response:
        return await self.token(client_id, grant_type="refresh_token", refresh_token=token, **more)

    async def tokens(self, client_id: str | None = None, **consent: Any) -> dict[str, Any]:
        """A whole sign-in: the answer of the token endpoint, with the client's id."""
        known = client_id or str((await self.register())["client_id"])
        code = await self.browser().code(known, **consent)
        response = await self.redeem(known, code)
        assert response.status_code == 200, response.text
        return {**response.json(), "client_id": known}


@dataclass
class Browser:
    """A person's browser: follows no redirect by itself, so that a test sees each step."""

    served: Served
    http: httpx2.AsyncClient
    page: str = field(default="", init=False)

    def parameters(self, client_id: str, **more: str | None) -> dict[str, str]:
        """An authorization request in order; None leaves a parameter out."""
        given: dict[str, str | None] = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": CALLBACK,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "state": "the state",
            "resource": MCP,
        }
        return {name: value for name, value in {**given, **more}.items() if value is not None}

    async def get(self, address: str, **more: Any) -> httpx2.Response:
        response = await self.http.get(address, **more)
        self.page = response.text
        return response

    async def post(self, address: str, data: Mapping[str, Any], **more: Any) -> httpx2.Response:
        response = await self.http.post(address, data=data, **more)
        self.page = response.text or self.page
        return response

    def hidden(self, name: str) -> str:
        """The value of a hidden field of the page."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page)
        assert found is not None, f"no field {name} in the page"
        return unescape(found[1])

    def values(self, name: str) -> list[str]:
        """The values of every field of that name in the page."""
        return [unescape(one) for one in re.findall(rf'name="{name}" value="([^"]*)"', self.page)]

    async def open(self, client_id: str, **more: str | None) -> httpx2.Response:
        """Open an authorization request, up to the sign-in or consent page, or the refusal."""
        response = await self.get("/oauth/authorize", params=self.parameters(client_id, **more))
        while response.status_code == 303 and response.headers["location"].startswith("/"):
            response = await self.get(response.headers["location"])
        return response

    async def sign_in(self, key: str | None = None, **headers: str) -> httpx2.Response:
        """Post the sign-in form of the page, and follow to the next page."""
        given = {"csrf": self.hidden("csrf"), "action": "key", "api_key": key or self.served.local_key}
        for name in ("request", "back"):
            if f'name="{name}"' in self.page:
                given[name] = self.hidden(name)
        response = await self.post("/oauth/sign-in", given, headers=headers)
        if response.status_code == 303:
            return await self.get(response.headers["location"])
        return response

    async def consent(
        self,
        *,
        preset: str = "Admin",
        scopes: Sequence[str] | None = None,
        brands: Sequence[str] = (),
        decision: str = "approve",
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Post the consent form of the page."""
        given = {
            "csrf": self.hidden("csrf"),
            "request": self.hidden("request"),
            "account": self.hidden("account"),
            "preset": preset,
            "scope": list(self.values("scope") if scopes is None else scopes),
            "brands": "some" if brands else "all",
            "brand": list(brands),
            "decision": decision,
        }
        return await self.post("/oauth/consent", given, headers=headers or {})

    async def code(self, client_id: str, **consent: Any) -> str:
        """A whole sign-in: the code that the client gets."""
        request = consent.pop("request", {})
        key = consent.pop("key", None)
        await self.open(client_id, **request)
        await self.sign_in(key)
        response = await self.consent(**consent)
        assert response.status_code == 303, response.text
        return httpx2.URL(response.headers["location"]).params["code"]


@asynccontextmanager
async def serving(
    url: str,
    clock: HeldClock,
    *,
    policy: Policy | None = None,
    documents: Documents | None = None,
    is_local: bool = False,
    limits_enforced: bool = False,
    keys: KeyEncryptionKeys = KEYS,
) -> AsyncGenerator[Served]:
    """An authority on the database at `url`, with the sample workspace as the API behind it."""
    upgrade(url)
    tokens = RestTokens()
    api = await EmbeddedApi.start(Options(memory=True, with_jobs=False, access_tokens=tokens), clock=clock)
    transport = httpx2.ASGITransport(app=api.app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localapi/v1") as http:
        key = api.sample_key or ""
        authority = Authority(
            policy=policy or a_policy(),
            store=await open_store(url),
            vault=Vault(keys),
            upstream=RestUpstream(RestClient(http=http)),
            buckets=MemoryBuckets(clock.now),
            documents=documents,
            local_user=LocalUser(name="Sample", key=Secret(key)) if is_local else None,
            clock=clock.now,
            limits_enforced=limits_enforced,
        )
        try:
            await authority.start(in_background=False)
            tokens.authority, tokens.resource = authority, REST
            yield Served(
                authority=authority, api=api, app=Starlette(routes=routes(authority)), clock=clock, local_key=key
            )
        finally:
            await authority.close()
            await api.close()


def file_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'auth.sqlite'}"


MINUTE = timedelta(minutes=1)
