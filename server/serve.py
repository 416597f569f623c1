"""Runs the long-lived commands: stdio, http and api."""

import asyncio
import gc
import json
import os
import socket
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from server import logs
from server.mode import Mode, of_process
from server.settings import NARROWED_BY, Settings
from tools.problems import in_words

WORKER_VARIABLE = "SOCIALAPI_WORKER_OPTIONS"
"""How options of the command line that are no settings reach the workers: as JSON."""


def settings_or_exit(**overrides: object) -> Settings:
    """The settings, or one line for each that is wrong, and exit 1."""
    given: dict[str, Any] = {name: value for name, value in overrides.items() if value is not None}
    try:
        if "toolsets" in given and (before := Settings().toolsets) is not None:
            # The operator's setting holds: who starts the server may narrow it, not widen it.
            given["toolsets"] = f"{before}{NARROWED_BY}{given['toolsets']}"
        return Settings(**given)
    except ValidationError as error:
        lines = [
            f"SOCIALAPI_{'_'.join(map(str, problem['loc'])).upper()}: {in_words(problem)}"
            for problem in error.errors(include_url=False)
        ]
        stop("; ".join(lines))


def mode_or_exit(settings: Settings) -> Mode:
    """The mode that the settings choose, or one line and exit 1."""
    try:
        return of_process(settings)
    except ValueError as error:
        _leave(str(error))


def secret_or_exit(settings: Settings, *, memory: bool = False, is_alone: bool = False) -> bytes:
    """What this server signs and seals with, or one line and exit 1."""
    from server.shared_secret import NoSharedSecret, shared_secret

    try:
        return shared_secret(settings, memory=memory, is_alone=is_alone)
    except NoSharedSecret as error:
        _leave(str(error))


def stop(message: str) -> NoReturn:
    """Say why on standard error, and exit 1."""
    sys.stderr.write(f"socialapi-mcp: {message}\n")
    raise SystemExit(1)


def _leave(message: str) -> NoReturn:
    """As `stop`, from inside the web server, which would print a traceback around an exception."""
    sys.stderr.write(f"socialapi-mcp: {message}\n")
    sys.stderr.flush()
    os._exit(1)


def run_stdio(settings: Settings) -> None:
    """Serve one client over standard input and output."""
    logs.set_up(settings.log_level)

    async def serve() -> None:
        from server.calls import Services
        from server.dispatch import build_server
        from server.key_scopes import KeyScopes
        from server.stdio import serve_stdio
        from server.wiring import open_records_of, rest_client

        async with rest_client(settings, with_files=True) as rest, open_records_of(settings) as records:
            services = Services(
                rest=rest,
                secret=secret_or_exit(settings, is_alone=True),
                records=records,
                # The sample workspace's own is a full one, and asking would start the API.
                key_scopes=None if settings.is_embedded else KeyScopes(),
            )
            server = build_server(rest, mode_or_exit(settings), services)
            # Start-up objects live for ever: the collector need not look at them again.
            gc.freeze()
            await serve_stdio(server, drain_seconds=settings.drain_seconds)

    asyncio.run(serve())


def run_http(settings: Settings, *, workers: int, **embedded: Any) -> None:
    """Serve streamable HTTP at /mcp, and the embedded API at /v1 when there is no upstream."""
    import uvicorn

    from server import http_protocol

    logs.set_up(settings.log_level)
    _check_port(settings)
    if workers > 1:
        os.environ |= _worker_environment(
            settings, simulate=bool(embedded.get("simulate")), dev=bool(embedded.pop("dev", False)), workers=workers
        )
        _announce_when_embedded(settings, **embedded)
        uvicorn.run(
            "server.serve:worker_app", factory=True, host=settings.host, port=settings.port, workers=workers,
            http=http_protocol.NAME, ws="none", log_level="warning", log_config=None, lifespan="on",
            timeout_graceful_shutdown=round(settings.drain_seconds),
        )  # fmt: skip
        return
    uvicorn.run(
        application(settings, announcing=True, **embedded), host=settings.host, port=settings.port,
        http=http_protocol.NAME, ws="none", log_level="warning", log_config=None, lifespan="on",
        timeout_graceful_shutdown=round(settings.drain_seconds),
    )  # fmt: skip


def worker_app() -> Any:
    """The app of one worker process; its settings come by the environment."""
    settings = settings_or_exit()
    logs.set_up(settings.log_level)
    return application(settings, announcing=False, **json.loads(os.environ.get(WORKER_VARIABLE, "{}")))


def _worker_environment(settings: Settings, *, simulate: bool, dev: bool, workers: int) -> dict[str, str]:
    """Everything that the command line can say, so that the workers serve what was announced."""
    given = {
        "SOCIALAPI_HOST": settings.host,
        "SOCIALAPI_PORT": str(settings.port),
        "SOCIALAPI_PUBLIC_URL": settings.public_url,
        "SOCIALAPI_DATA_DIR": str(settings.data_dir.absolute()),
        "SOCIALAPI_DATABASE_URL": settings.database_url,
        "SOCIALAPI_TOOLSETS": settings.toolsets,
        "SOCIALAPI_READ_ONLY": "1" if settings.read_only else None,
        "SOCIALAPI_DRAFT_ONLY": "1" if settings.draft_only else None,
        "SOCIALAPI_CONFIRM": settings.confirm,
        "SOCIALAPI_ALLOW_SECRET_ARGUMENTS": "1" if settings.allow_secret_arguments else None,
        # Each counts for itself; together they hold the bound, rounded up.
        "SOCIALAPI_MAX_CALLS_IN_FLIGHT": str(-(-settings.max_calls_in_flight // workers)),
        WORKER_VARIABLE: json.dumps({"simulate": simulate, "dev": dev}),
    }
    return {name: value for name, value in given.items() if value is not None}


def _announce_when_embedded(settings: Settings, **embedded: Any) -> None:
    """Start the embedded API once before the workers do, so that it is seeded by one process, and print its key."""
    from server.wiring import Embedded

    async def once() -> None:
        key = None
        if settings.is_embedded:
            holder = Embedded(settings, **embedded)
            key = (await holder.start(public_url=address(settings))).sample_key
            await holder.close()
        announce(settings, key)

    asyncio.run(_plainly(once()))


async def _plainly(work: Any) -> None:
    from localapi.app import CannotStart

    try:
        await work
    except CannotStart as error:
        stop(str(error))


def application(settings: Settings, *, announcing: bool, **embedded: Any) -> Any:
    """The ASGI app; everything that needs a running loop is made when it starts."""
    from starlette.types import Message, Receive, Scope, Send

    inner: Any = None

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal inner
        if scope["type"] != "lifespan":
            await inner(scope, receive, send)
            return
        ended: list[Message] = []

        async def hold_the_end(message: Message) -> None:
            # Once it is told, uvicorn lets the signal end the process, in the middle of what is still to be closed.
            if message["type"].startswith("lifespan.shutdown."):
                ended.append(message)
            else:
                await send(message)

        async with _parts(settings, announcing=announcing, **embedded) as made:
            inner = made
            await inner(scope, receive, hold_the_end)
        for message in ended:
            await send(message)

    return app


@asynccontextmanager
async def _parts(settings: Settings, *, announcing: bool, **embedded: Any) -> AsyncGenerator[Any]:
    from localapi.app import CannotStart
    from server import card, person_pages, welcome
    from server.asgi import Limits, create_app
    from server.calls import Services, now
    from server.dispatch import build_server
    from server.key_scopes import KeyScopes
    from server.media_intake import upload_page
    from server.media_intake.uploads import Uploads
    from server.sign_in import CannotSignIn, readiness
    from server.wiring import Embedded, SignedIn, embedded_client, network_client, open_records_of
    from tools.rest import RestClient

    here = address(settings)
    is_dev = bool(embedded.pop("dev", False))
    holder = Embedded(settings, **embedded)
    api = None
    if settings.is_embedded:
        try:
            api = await holder.start(public_url=here)
        except CannotStart as error:
            _leave(str(error))
    http = embedded_client(api, settings) if api else network_client(settings)
    rest = RestClient(http=http)
    ready, signed_in = readiness(settings, here), SignedIn()
    if ready.is_on:
        try:
            await signed_in.open(settings, here, rest, holder, is_dev=is_dev)
        except CannotSignIn as error:
            _leave(str(error))
    authority = signed_in.authority
    async with open_records_of(settings, memory=holder.memory) as records:
        folder = Path(tempfile.gettempdir()) if holder.memory else settings.data_dir
        uploads = Uploads(folder / "uploads", address=here, clock=now)
        services = Services(
            rest=rest,
            secret=secret_or_exit(settings, memory=holder.memory),
            records=records,
            # Where nobody can sign in, nobody could open a page.
            address=None if authority is None else here,
            uploads=uploads,
            key_scopes=KeyScopes(),
        )
        for_people = [] if authority is None else person_pages.routes(services, authority)
        app = create_app(
            build_server(rest, mode_or_exit(settings), services),
            public_urls=[here],
            embedded=api.app if api else None,
            limits=Limits(max_body_bytes=settings.max_body_bytes, max_calls_in_flight=settings.max_calls_in_flight),
            door=signed_in.door,
            sign_in=[*signed_in.routes, *for_people, *upload_page.routes(uploads), *card.routes(here)],
            metrics=signed_in.metrics,
            page=welcome.Page(address=here, can_sign_in=authority is not None, is_local=api is not None),
        )
        gc.freeze()
        if announcing:
            announce(settings, api.sample_key if api else None)
        try:
            yield app
        finally:
            await signed_in.close()
            await http.aclose()
            await holder.close()


def run_api(settings: Settings, **embedded: Any) -> None:
    """Serve the embedded REST API alone, at /v1, with its sign-in."""
    import uvicorn
    from starlette.types import Receive, Scope, Send

    from server import http_protocol

    logs.set_up(settings.log_level)
    _check_port(settings)
    inner: Any = None

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal inner
        if scope["type"] != "lifespan":
            await inner(scope, receive, send)
            return
        await receive()
        async with _api_parts(settings, **embedded) as made:
            inner = made
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        http=http_protocol.NAME,
        ws="none",
        log_level="warning",
        log_config=None,
        lifespan="on",
        timeout_graceful_shutdown=round(settings.drain_seconds),
    )


@asynccontextmanager
async def _api_parts(settings: Settings, **embedded: Any) -> AsyncGenerator[Any]:
    from localapi.app import CannotStart
    from server.asgi import create_api
    from server.sign_in import CannotSignIn, given_keys, readiness
    from server.wiring import Embedded, SignedIn, embedded_client
    from tools.rest import RestClient

    here, holder, signed_in = address(settings), Embedded(settings, **embedded), SignedIn()
    try:
        api = await holder.start(public_url=here)
    except CannotStart as error:
        _leave(str(error))
    http = embedded_client(api, settings)
    ready = readiness(settings, here)
    why_not = ready.why_not
    if ready.is_on:
        try:
            given_keys(settings, here)
            await signed_in.open(settings, here, RestClient(http=http), holder, serves_mcp=False)
        except CannotSignIn as error:
            # The API is of use without it: every key works.
            why_not = str(error)
    key = api.sample_key or "(in use since before)"
    sign_in = "" if why_not is None else f"nobody can sign in: {why_not}\n"
    sys.stdout.write(f"Local REST API: {here}/v1\nkey: {key}\n{sign_in}")
    sys.stdout.flush()
    try:
        yield create_api(api.app, public_urls=[here], sign_in=signed_in.routes, metrics=signed_in.metrics)
    finally:
        await signed_in.close()
        await http.aclose()
        await holder.close()


def address(settings: Settings) -> str:
    """Where clients reach the server."""
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host
    host = f"[{host}]" if ":" in host else host
    return (settings.public_url or f"http://{host}:{settings.port}").rstrip("/")


def announce(settings: Settings, key: str | None) -> None:
    """Print how to connect: address, key and a configuration to paste."""
    from server.connect_help import connection_help
    from server.sign_in import readiness

    sys.stdout.write(
        connection_help(
            address(settings),
            key,
            embedded=settings.is_embedded,
            variables=_same(settings),
            no_sign_in=readiness(settings, address(settings)).why_not,
        )
    )
    sys.stdout.flush()


def _same(settings: Settings) -> dict[str, str]:
    """Variables by which a server that a client starts itself has the same data; none that may hold a secret."""
    variables: dict[str, str] = {}
    if settings.is_embedded and "data_dir" in settings.model_fields_set:
        variables["SOCIALAPI_DATA_DIR"] = str(settings.data_dir.absolute())
    if settings.database_url is not None:
        variables["SOCIALAPI_DATABASE_URL"] = "the address that this server was started with"
    if not settings.is_embedded:
        variables["SOCIALAPI_API_KEY"] = "sapi_key_…"
        if settings.base_url is not None:
            variables["SOCIALAPI_BASE_URL"] = settings.base_url
    return variables


def _check_port(settings: Settings) -> None:
    """Fail with a sentence where the server's own failure would be a traceback."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            place = f"{settings.host}:{settings.port}"
            stop(f"cannot listen on {place} ({error.strerror}); choose another with --port or SOCIALAPI_PORT")
