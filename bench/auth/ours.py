"""Our authorization server as the measurement runs it: `ours.py --port N --database URL [--log-level info]`.

Besides its own routes it answers as the yardstick does: POST /bench/families?count=32 makes refresh tokens, POST
/bench/token an access token. /open and /guarded are one small app, without and with the check of a bearer.
"""

import argparse
import base64
import gc
import json
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

sys.path.insert(0, str(Path(__file__).parents[2]))

from auth.authority import Authority, random_text, system_clock
from auth.broker import ChildKey, GrantDetails, Person
from auth.issuing import issue
from auth.limits import MemoryBuckets
from auth.migrations.run import upgrade
from auth.policy import Policy
from auth.records import Client, Code, Grant, NewRefreshToken, Redeemed, digest
from auth.routes import Served, routes
from auth.scopes import Scope as Permission
from auth.store import Store
from auth.store_postgres import PostgresStore
from auth.store_sqlite import SqliteStore
from auth.vault import KeyEncryptionKeys, Secret, Vault, seal_under_token
from server import http_protocol, logs
from server.callers import Caller
from server.door import SignIn

# As behind a proxy that ends TLS.
ISSUER = "https://auth.example"
CLIENT, SECRET = "bench", "s" * 43
SCOPE = "accounts:read posts:read posts:write media:read inbox:read"
OWN_GRANT = "grant-of-the-client"
BODY = b'{"status":"ok"}'


class NoUpstream:
    """Nothing that is measured asks the API behind it."""

    async def identify(self, key: Secret) -> Person:
        raise AssertionError("nobody signs in here")

    async def mint(self, key: Secret, *, name: str, scopes: Sequence[Permission], brand_ids: Sequence[str]) -> ChildKey:
        raise AssertionError("nobody signs in here")

    async def discard(self, key: Secret, child: ChildKey) -> None:
        raise AssertionError("nobody signs in here")


class Prepared:
    """The authority and what it starts with: a client, its grant, and families on demand."""

    def __init__(self, url: str) -> None:
        self.resource = f"{ISSUER}/mcp"
        store: Store = SqliteStore(Path(url.removeprefix("sqlite:///"))) if is_file(url) else PostgresStore(url)
        self.authority = Authority(
            policy=Policy(issuer=ISSUER, resources=[self.resource], allows_client_credentials=True),
            store=store,
            vault=Vault(KeyEncryptionKeys(keys={"k1": Secret(b"k" * 32)})),
            upstream=NoUpstream(),
            buckets=MemoryBuckets(system_clock),
            limits_enforced=False,
        )

    async def start(self) -> None:
        store = self.authority.store
        if isinstance(store, PostgresStore):
            await store.open()
        await self.authority.start()
        metadata = {
            "client_name": "Bench",
            "grant_types": ["client_credentials", "authorization_code", "refresh_token"],
            "grant_id": OWN_GRANT,
            "introspection": True,
        }
        await store.save_client(
            Client(
                client_id=CLIENT,
                metadata=json.dumps(metadata),
                secret_hash=digest(SECRET),
                auth_method="client_secret_basic",
                is_auth_method_chosen=True,
                created_at=system_clock(),
            )
        )
        await store.create_grant(self.grant(OWN_GRANT))

    def grant(self, grant_id: str) -> Grant:
        now = system_clock()
        sealed = self.authority.credentials.seal(
            Secret("sapi_key_" + "0" * 62), grant_id=grant_id, subject="usr_1", resource=self.resource
        )
        return Grant(
            grant_id=grant_id,
            subject="usr_1",
            client_id=CLIENT,
            scope=SCOPE,
            resource=self.resource,
            sealed_credential=sealed.sealed,
            wrapped_key=sealed.wrapped_key,
            wrapping_key_id=sealed.wrapping_key_id,
            authenticated_at=now,
            created_at=now,
            last_used_at=now,
            expires_at=now + timedelta(days=180),
            details=GrantDetails(client_name="Bench", redirect_host="client.example").as_json(),
        )

    async def family(self) -> tuple[Grant, str]:
        """A grant as a redeemed code leaves it, and its first refresh token."""
        grant, raw_code, raw_token, now = (
            self.grant(random_text()),
            random_text(),
            f"rt_{random_text()}",
            system_clock(),
        )
        code = Code(
            code_hash=digest(raw_code),
            grant_id=grant.grant_id,
            client_id=CLIENT,
            subject=grant.subject,
            redirect_uri="https://client.example/cb",
            scope=SCOPE,
            resource=self.resource,
            challenge="c" * 43,
            authenticated_at=now,
            expires_at=now + timedelta(seconds=60),
            sealed_credential=seal_under_token(Secret("key"), token=Secret(raw_code), purpose="pasted-key"),
        )
        await self.authority.store.save_code(code)
        token = NewRefreshToken(token_hash=digest(raw_token), expires_at=now + timedelta(days=30))
        redeemed = await self.authority.store.redeem_code(
            code.code_hash, client_id=CLIENT, grant=grant, refresh=token, now=now
        )
        assert isinstance(redeemed, Redeemed)
        return grant, raw_token

    async def families(self, request: Request) -> Response:
        made = [await self.family() for _ in range(int(request.query_params["count"]))]
        return PlainTextResponse("".join(f"{token}\n" for _, token in made))

    async def token(self, request: Request) -> Response:
        grant, _ = await self.family()
        return PlainTextResponse(f"{issue(self.authority, grant, SCOPE)['access_token']}\n")


def guarded(inner: ASGIApp, door: SignIn) -> ASGIApp:
    """The app behind the door of /mcp."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope["headers"]).get(b"authorization")
        admitted = await door.admit(None if given is None else given.decode("latin-1"))
        if isinstance(admitted, Caller):
            await inner(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": admitted.status, "headers": list(admitted.headers)})
        await send({"type": "http.response.body", "body": admitted.message.encode()})

    return app


async def small(scope: Scope, receive: Receive, send: Send) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


def application(url: str) -> ASGIApp:
    prepared = Prepared(url)
    behind = guarded(small, SignIn(prepared.authority, prepared.resource))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        await prepared.start()
        # As the server does when it has started.
        gc.freeze()
        yield
        await prepared.authority.close()

    more = [
        Route("/bench/families", prepared.families, methods=["POST"]),
        Route("/bench/token", prepared.token, methods=["POST"]),
    ]
    served = Served(routes=[*routes(prepared.authority), *more], lifespan=lifespan)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # Beside the router, whose share would make the door look cheaper than it is.
        chosen = {"/open": small, "/guarded": behind}.get(scope.get("path", ""), served)
        await chosen(scope, receive, send)

    return app


def is_file(url: str) -> bool:
    return url.startswith("sqlite:")


def basic() -> str:
    """The `Authorization` header of the client."""
    return "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--database", required=True)
    options.add_argument("--log-level", default="warning")
    options.add_argument("--http", default=http_protocol.NAME)
    given = options.parse_args()
    logs.set_up(given.log_level)
    upgrade(given.database)
    uvicorn.run(
        application(given.database),
        host="127.0.0.1",
        port=given.port,
        loop="uvloop",
        http=given.http,
        access_log=False,
        log_config=None,
        log_level="warning",
        lifespan="on",
    )


if __name__ == "__main__":
    main()
