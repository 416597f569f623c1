"""The command line, apart from stdio."""

import asyncio
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, NoReturn
from urllib.parse import parse_qs, urlsplit

from cyclopts import App, Parameter

from server.cli_sign_in import APPS
from server.printing import print_out
from server.serve import mode_or_exit, run_api, run_http, run_stdio, settings_or_exit, stop
from server.settings import Confirm


def _version() -> str:
    # Named, because cyclopts would look for a distribution called like our package `server`.
    return version("socialapi-mcp")


app = App(
    name="socialapi-mcp",
    help="Run social media accounts from an AI assistant: MCP over stdio (default) or HTTP.",
    version=_version,
    version_flags=["--version"],
)


for part in APPS:
    app.command(part)


@app.default
@app.command(name="stdio")
def stdio(
    *,
    toolsets: str | None = None,
    read_only: bool = False,
    draft_only: bool = False,
    confirm: Confirm | None = None,
    allow_secret_arguments: bool = False,
) -> None:
    """Serve MCP over standard input and output.

    Args:
        toolsets: Tools to list, separated by commas: core (default), all, inbox, publishing, …
        read_only: Refuse everything that changes something.
        draft_only: Refuse everything that changes something but drafts.
        confirm: What a person is asked about first: never, destructive, or public.
        allow_secret_arguments: Take X credentials and bot tokens as arguments, where a model reads them.
    """
    run_stdio(
        settings_or_exit(
            toolsets=toolsets,
            read_only=read_only or None,
            draft_only=draft_only or None,
            confirm=confirm,
            allow_secret_arguments=allow_secret_arguments or None,
        )
    )


@app.command(name="http")
def http(
    *,
    host: str | None = None,
    port: int | None = None,
    public_url: str | None = None,
    workers: int = 1,
    data: Path | None = None,
    database: str | None = None,
    memory: bool = False,
    empty: bool = False,
    simulate: bool = False,
    dev: bool = False,
    toolsets: str | None = None,
    read_only: bool = False,
    draft_only: bool = False,
    confirm: Confirm | None = None,
    allow_secret_arguments: bool = False,
) -> None:
    """Serve MCP over HTTP at /mcp; without SOCIALAPI_API_KEY on the local REST API, served at /v1.

    Args:
        host: Address to listen on.
        port: Port to listen on.
        public_url: Address that clients reach the server at, when it is not the one listened on.
        workers: Processes.
        data: Folder of the local API's data.
        database: PostgreSQL address for the local API.
        memory: Forget everything at the end.
        empty: Start without the sample workspace.
        simulate: Let new comments and messages arrive by themselves.
        dev: Keep the key-encryption key of sign-ins in the data folder, also at a public address.
        toolsets: Tools to list, separated by commas: core (default), all, inbox, publishing, …
        read_only: Refuse everything that changes something.
        draft_only: Refuse everything that changes something but drafts.
        confirm: What a person is asked about first: never, destructive, or public.
        allow_secret_arguments: Take X credentials and bot tokens as arguments, where a model reads them.
    """
    _refuse_password(database)
    settings = settings_or_exit(
        host=host,
        port=port,
        public_url=public_url,
        data_dir=data,
        database_url=database,
        toolsets=toolsets,
        read_only=read_only or None,
        draft_only=draft_only or None,
        confirm=confirm,
        allow_secret_arguments=allow_secret_arguments or None,
    )
    if workers < 1:
        stop("--workers takes a number from 1 on")
    if workers > 1 and memory:
        stop("several workers cannot share a database in memory; leave out --memory")
    if not settings.is_embedded and (memory or empty or simulate):
        stop("--memory, --empty and --simulate are of the local API; leave them out, or unset SOCIALAPI_API_KEY")
    run_http(settings, workers=workers, memory=memory, empty=empty, simulate=simulate, dev=dev)


api_app = App(
    name="api",
    help="Serve the local REST API alone, at /v1; or log in to it.",
    version=_version,
    version_flags=["--version"],
)
app.command(api_app)


@api_app.default
def api(
    *,
    host: str | None = None,
    port: int | None = None,
    public_url: str | None = None,
    data: Path | None = None,
    database: str | None = None,
    memory: bool = False,
    empty: bool = False,
    simulate: bool = False,
    clock: bool = False,
) -> None:
    """Serve the local REST API alone, at /v1.

    Args:
        host: Address to listen on.
        port: Port to listen on.
        public_url: Address that browsers reach the server at, when it is not the one listened on.
        data: Folder of the data.
        database: PostgreSQL address, instead of SQLite in the folder.
        memory: Forget everything at the end.
        empty: Start without the sample workspace.
        simulate: Let new comments, messages, reviews and mentions arrive by themselves.
        clock: Let testers on this machine advance the clock, at /control/clock.
    """
    _refuse_password(database)
    settings = settings_or_exit(host=host, port=port, public_url=public_url, data_dir=data, database_url=database)
    from server.sign_in import is_here

    if clock and not is_here(f"http://{settings.host}"):
        stop("--clock is for this machine alone; leave it out, or listen on 127.0.0.1")
    run_api(settings, memory=memory, empty=empty, simulate=simulate, travels=clock)


@api_app.command(name="rotate-key")
def rotate_key(*, data: Path | None = None, database: str | None = None) -> None:
    """Encrypt the stored X credentials under a new key, and forget the old one; the API may run meanwhile.

    Args:
        data: Folder of the local API's data, with the file api_keys.
        database: PostgreSQL address of the local API.
    """
    from localapi.dashboard import CannotLogIn
    from localapi.secret_box import CannotUnseal
    from server.login import rotate as run

    _refuse_password(database)
    settings = settings_or_exit(data_dir=data, database_url=database)
    try:
        count = asyncio.run(run(settings))
    except (CannotLogIn, CannotUnseal) as problem:
        stop(str(problem))
    sys.stdout.write(f"a new key is in use; sealed anew: {count}\n")


@api_app.command(name="login")
def login(*, user: str | None = None, data: Path | None = None, database: str | None = None) -> None:
    """Print a dashboard token for the local API, which reaches what no API key does; it lasts one hour.

    Args:
        user: E-mail address or id of the user, when there are several.
        data: Folder of the local API's data.
        database: PostgreSQL address of the local API.
    """
    from localapi.dashboard import CannotLogIn
    from server.login import login as run
    from server.login import usage

    _refuse_password(database)
    settings = settings_or_exit(data_dir=data, database_url=database)
    try:
        made = asyncio.run(run(settings, user))
    except CannotLogIn as error:
        stop(str(error))
    print_out(made.token)
    sys.stderr.write(usage(made))


@app.command(name="tools")
def tools(*, as_json: Annotated[bool, Parameter(name="--json", negative="")] = False) -> None:
    """Print the catalogue, as a table or as JSON; the table ends with the tools that are more than one operation.

    Args:
        as_json: A list of {name, method, path, group, scope, effect, title}, operations only.
    """
    from tools.registry import WORKFLOW_MODULES, operations, workflows_in

    rows = [
        {
            "name": row.name,
            "method": row.method,
            "path": row.path,
            "group": row.group,
            "scope": str(row.scope),
            "effect": str(row.effect),
            "title": row.title,
        }
        for row in operations()
    ]
    if as_json:
        print_out(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    widths = {key: max(len(row[key]) for row in rows) for key in ("name", "method", "path", "scope", "effect")}
    for row in rows:
        print_out("  ".join(row[key].ljust(width) for key, width in widths.items()) + "  " + row["title"])
    print_out("\nTools of this server's own:")
    for module in WORKFLOW_MODULES:
        for own in workflows_in(module):
            print_out(f"{own.name.ljust(widths['name'])}  {str(own.effect).ljust(widths['effect'])}  {own.title}")


@app.command(name="call")
def call(
    name: str, *pairs: str, as_json: Annotated[str | None, Parameter(name="--json")] = None, typed: str | None = None
) -> None:
    """Run one tool and print the answer; exit 1 when the API refuses, 2 when the arguments are wrong.

    Args:
        name: Name of the tool; see `socialapi-mcp tools`.
        pairs: Arguments as key=value; objects and lists as JSON.
        as_json: Arguments as one JSON object.
        typed: Name of the brand, account or user that is deleted with all that belongs to it.
    """
    raise SystemExit(asyncio.run(_call(name, _arguments(pairs, as_json), typed)))


def _arguments(pairs: tuple[str, ...], as_json: str | None) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    if as_json is not None:
        try:
            loaded: Any = json.loads(as_json)
        except ValueError as error:
            _usage(f"--json is not JSON: {error}")
        except RecursionError:
            _usage("--json is nested too deeply")
        if not isinstance(loaded, dict):
            _usage("--json takes an object, such as '{\"limit\": 5}'")
        arguments |= loaded
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            _usage(f"{pair!r} is not key=value")
        if key in arguments:
            _usage(f"{key} is given twice")
        arguments[key] = value
    return arguments


async def _call(name: str, arguments: dict[str, Any], typed: str | None) -> int:
    from server import logs, results
    from server.shell_operations import refused, run
    from tools.definitions import definitions, operation_named, workflow_named
    from tools.problems import did_you_mean

    operation = operation_named(name)
    if operation is None and workflow_named(name) is None:
        _usage(
            f"there is no tool {name[:80]!r}; {did_you_mean(name, list(definitions()))}`socialapi-mcp tools` lists them"
        )
    settings = settings_or_exit()
    logs.set_up(settings.log_level)
    mode = mode_or_exit(settings)
    if not mode.allows(name, definitions()[name]):
        return refused(results.failure(mode.refusal(name)), 1)
    if operation is not None:
        return await run(settings, operation, arguments, typed)
    from server import shell_calls

    return await shell_calls.run(settings, name, arguments, typed)


@app.command(name="simulate")
def simulate(
    kind: str,
    *,
    account: str | None = None,
    text: str | None = None,
    author: str | None = None,
    rating: int = 5,
    times: int = 1,
    data: Path | None = None,
    database: str | None = None,
) -> None:
    """Let something arrive at the local API, or make an account's next posts or answers fail.

    Args:
        kind: comment, dm, review or mention; or fail-auth, fail-rate_limit, fail-api_error, fail-timeout and its like.
        account: Account, by its id or name; by default the first that can have it.
        text: What it says.
        author: Who says it.
        rating: Stars of a review, 1 to 5.
        times: How many arrive, or how many of the next posts and answers fail.
        data: Folder of the local API's data.
        database: PostgreSQL address of the local API.
    """
    from server.simulation import simulate as run

    _refuse_password(database)
    if data is not None and database is None and not (data / "localapi.sqlite").exists():
        stop(f"{data} holds no data of the local API; run `socialapi-mcp api --data {data}` first, or leave out --data")
    settings = settings_or_exit(data_dir=data, database_url=database)
    raise SystemExit(
        asyncio.run(run(settings, kind, account=account, text=text, author=author, rating=rating, times=times))
    )


@app.command(name="doctor")
def doctor() -> None:
    """Check key, reachability, versions, data folder and clock, and say what to do about each failure."""
    from server.doctor import examine

    findings = asyncio.run(examine(settings_or_exit()))
    for finding in findings:
        print_out(f"{'ok  ' if finding.is_fine else 'FAIL'}  {finding.name}: {finding.text}")
    raise SystemExit(0 if all(finding.is_fine for finding in findings) else 1)


def _refuse_password(database: str | None) -> None:
    """Everybody on the machine sees a command line; the environment only its owner."""
    if database is None:
        return
    try:
        parts = urlsplit(database)
        has_password = bool(parts.password) or "password" in parse_qs(parts.query)
    except ValueError:
        return
    if has_password:
        stop("a password in --database shows in the process list; set SOCIALAPI_DATABASE_URL instead")


def _usage(message: str) -> NoReturn:
    sys.stderr.write(f"socialapi-mcp: {message}\n")
    raise SystemExit(2)
