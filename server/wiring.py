"""Settings → REST client → MCP server → ASGI app: the only place that knows all the parts."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx2

from server.settings import Settings
from server.transport import AiohttpTransport, LazyTransport, Uninterrupted
from tools.rest import Files, NoAnswer, RestClient

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from auth.authority import Authority
    from auth.tokens import Claims
    from localapi.app import EmbeddedApi
    from server.door import Door
    from server.records import Records

EMBEDDED_ADDRESS = "http://localapi/v1"


@dataclass
class Embedded:
    """The embedded API of this process, once something needed it."""

    settings: Settings
    memory: bool = False
    empty: bool = False
    simulate: bool = False
    travels: bool = False
    api: "EmbeddedApi | None" = None
    tokens: "RestTokens" = field(default_factory=lambda: RestTokens())

    async def start(self, *, public_url: str | None = None) -> "EmbeddedApi":
        """Start it; raises localapi.app.CannotStart."""
        from localapi.app import EmbeddedApi, Options

        if self.api is None:
            self.api = await EmbeddedApi.start(
                Options(
                    data=self.settings.data_dir,
                    memory=self.memory,
                    empty=self.empty,
                    simulate=self.simulate,
                    travels=self.travels,
                    database_url=self.settings.database_url,
                    public_url=public_url or self.settings.public_url or "http://127.0.0.1:8080",
                    access_tokens=self.tokens,
                )
            )
        return self.api

    async def close(self) -> None:
        """Stop it, if it runs."""
        if self.api is not None:
            await self.api.close()


class RestTokens:
    """Access tokens as the embedded API judges them: by the published keys, and for itself alone."""

    def __init__(self) -> None:
        self.authority: Authority | None = None
        self.resource = ""

    def verify(self, token: str) -> "Claims":
        """What a token says; raises auth.tokens.TokenRefused."""
        from auth.tokens import Flaw, TokenRefused

        if self.authority is None or not self.resource:
            raise TokenRefused(Flaw.UNKNOWN_KEY)
        return self.authority.verifiers[self.resource].verify(token)


@dataclass
class SignedIn:
    """The authorization server of this process, if people can sign in."""

    authority: "Authority | None" = None
    door: "Door | None" = None
    routes: "list[BaseRoute]" = field(default_factory=list["BaseRoute"])
    metrics: "list[BaseRoute]" = field(default_factory=list["BaseRoute"])

    async def open(
        self,
        settings: Settings,
        address: str,
        rest: RestClient,
        embedded: Embedded,
        *,
        is_dev: bool = False,
        serves_mcp: bool = True,
    ) -> None:
        """Start it; raises server.sign_in.CannotSignIn."""
        from auth.routes import routes
        from server import metrics
        from server.door import SignIn
        from server.sign_in import is_here, open_authority

        # By one click only where nobody but this machine can reach the port.
        listens_here = is_here(f"http://{f'[{settings.host}]' if ':' in settings.host else settings.host}")
        key = None if embedded.api is None or not listens_here else embedded.api.sample_key
        authority = await open_authority(
            settings,
            address,
            rest,
            local_key=key,
            memory=embedded.memory,
            is_dev=is_dev,
            serves_mcp=serves_mcp,
        )
        embedded.tokens.authority, embedded.tokens.resource = authority, authority.policy.rest_resource or ""
        self.authority, self.routes = authority, routes(authority)
        self.metrics = metrics.routes(authority, settings.metrics_token)
        self.door = SignIn(authority, authority.policy.resources[0], accepts_keys=settings.accept_api_keys)

    async def close(self) -> None:
        """Stop it."""
        if self.authority is not None:
            await self.authority.close()


@asynccontextmanager
async def open_records_of(settings: Settings, *, memory: bool = False) -> AsyncGenerator["Records"]:
    """The records of this process, tidied up while it runs and closed at its end."""
    from server.records import SystemClock, open_records
    from server.records.housekeeping import kept

    clock = SystemClock()
    async with kept(open_records(settings, memory=memory, clock=clock), clock=clock) as records:
        yield records


@asynccontextmanager
async def rest_client(settings: Settings, *, with_files: bool) -> AsyncGenerator[RestClient]:
    """A REST client for the process's own key: hosted, or embedded and started by the first call."""
    files = Files(root=settings.readable_folder if with_files else None)
    if not settings.is_embedded:
        async with network_client(settings) as http:
            if settings.api_key is not None:
                http.headers["Authorization"] = f"Bearer {settings.api_key.get_secret_value()}"
            yield RestClient(http=http, files=files)
        return
    embedded = Embedded(settings)

    async def make() -> httpx2.AsyncBaseTransport:
        from localapi.app import CannotStart

        try:
            api = await embedded.start()
        except CannotStart as error:
            remedy = "run `socialapi-mcp doctor`, mend what it names, then start the server again"
            raise NoAnswer(f"the local API cannot start: {error}", sent=False, remedy=remedy) from None
        return _WithKey(Uninterrupted(api.app), api.sample_key)

    http = httpx2.AsyncClient(base_url=EMBEDDED_ADDRESS, transport=LazyTransport(make), timeout=_timeout(settings))
    try:
        yield RestClient(http=http, files=files)
    finally:
        await http.aclose()
        await embedded.close()


class _WithKey(httpx2.AsyncBaseTransport):
    """Adds the sample workspace's key, which is known only once the embedded API runs."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, key: str | None) -> None:
        self._inner, self._key = inner, key

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass it on."""
        if self._key is not None and "Authorization" not in request.headers:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close what is behind it."""
        await self._inner.aclose()


def network_client(settings: Settings) -> httpx2.AsyncClient:
    """A pooled client for the hosted API, without a key."""
    return httpx2.AsyncClient(base_url=settings.upstream, transport=AiohttpTransport(), timeout=_timeout(settings))


def embedded_client(api: "EmbeddedApi", settings: Settings) -> httpx2.AsyncClient:
    """A client that calls the embedded API in this process."""
    return httpx2.AsyncClient(base_url=EMBEDDED_ADDRESS, transport=Uninterrupted(api.app), timeout=_timeout(settings))


def _timeout(settings: Settings) -> httpx2.Timeout:
    return httpx2.Timeout(settings.read_timeout_seconds, connect=settings.connect_timeout_seconds)
