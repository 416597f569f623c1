"""`socialapi-mcp doctor`: is everything here that the server needs?"""

import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from pathlib import Path

import httpx2

from server.callers import caller_of
from server.settings import Settings
from server.wiring import network_client

MAX_CLOCK_SKEW_SECONDS = 60


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `text` says what was found or what to do."""

    name: str
    is_fine: bool
    text: str


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything."""
    findings = [_versions(), _files(settings), _sign_in(settings)]
    if settings.is_embedded:
        return [
            *findings,
            Finding("key", True, "none set: the local API is used, which makes its own"),
            Finding("reachability", True, "the local API runs in this process"),
            Finding("clock", True, "the local API goes by this machine's"),
            _data(settings),
            *await _database(settings),
        ]
    return [*findings, _key(settings), *await _upstream(settings)]


def _versions() -> Finding:
    found = f"socialapi-mcp {version('socialapi-mcp')}, mcp {version('mcp')}, Python {sys.version.split()[0]}"
    is_fine = sys.version_info >= (3, 11)
    return Finding("versions", is_fine, found if is_fine else f"{found}: install Python 3.11 or newer")


def _files(settings: Settings) -> Finding:
    root = settings.readable_folder
    if root is None:
        return Finding("files folder", True, "none: uploads by path are off until SOCIALAPI_FILES_ROOT names a folder")
    if root.is_dir():
        return Finding("files folder", True, str(root))
    return Finding("files folder", False, f"{root} is no folder: make it, or set SOCIALAPI_FILES_ROOT")


def _sign_in(settings: Settings) -> Finding:
    """Whether `socialapi-mcp http` would let people sign in."""
    from server.serve import address
    from server.sign_in import CannotSignIn, given_keys, policy_of, readiness

    here = address(settings)
    ready = readiness(settings, here)
    if not ready.is_on:
        return Finding("sign-in", True, f"off over HTTP: {ready.why_not}")
    try:
        policy_of(settings, here)
        given_keys(settings, here)
    except CannotSignIn as problem:
        return Finding("sign-in", False, str(problem))
    return Finding("sign-in", True, f"on over HTTP, for {here}/mcp")


def _data(settings: Settings) -> Finding:
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".doctor"
        probe.write_bytes(b"doctor")
        probe.unlink()
        (folder / "media").mkdir(exist_ok=True)
        key = folder / "sample_key"
        if key.exists():
            key.read_bytes()
    except OSError as error:
        return Finding(
            "data folder",
            False,
            f"{error.filename or folder}: {error.strerror}; mend that, or set SOCIALAPI_DATA_DIR to one you may write",
        )
    return Finding("data folder", True, str(folder))


async def _database(settings: Settings) -> list[Finding]:
    """The database as it stands; one that is not there yet is made at the first start."""
    if settings.database_url is None:
        files = (settings.data_dir / "localapi.sqlite", settings.data_dir / "jobs.sqlite")
        return [_sqlite(file) for file in files if file.exists()]
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    from localapi.database import Database, Unavailable

    database = Database(settings.database_url)
    try:
        async with database.read() as session:
            await session.execute(text("SELECT 1"))
    except (Unavailable, SQLAlchemyError, OSError):
        reason = "does not answer: check SOCIALAPI_DATABASE_URL, and that its server runs"
        return [Finding("database", False, reason)]
    finally:
        await database.close()
    return [Finding("database", True, "answers")]


def _sqlite(file: Path) -> Finding:
    try:
        with closing(sqlite3.connect(file, timeout=5, isolation_level=None)) as connection:
            # SQLite notices a read-only file at the first write; this one is taken back.
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE doctor_was_here (one INTEGER)")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "full" in str(error) or "disk" in str(error):
            return Finding("database", False, f"{file}: {error}; free some space on its disk")
        return Finding("database", False, f"{file}: {error}; make it writable, or choose another SOCIALAPI_DATA_DIR")
    except sqlite3.Error as error:
        return Finding(
            "database", False, f"{file}: {error}; restore it from a copy, or choose another SOCIALAPI_DATA_DIR"
        )
    return Finding("database", True, f"{file} can be written")


def _key(settings: Settings) -> Finding:
    if settings.api_key is None:
        return Finding("key", False, "none set: put your key into SOCIALAPI_API_KEY")
    if caller_of(f"Bearer {settings.api_key.get_secret_value()}") is None:
        return Finding(
            "key", False, "SOCIALAPI_API_KEY is not of the form sapi_key_ and 62 hexadecimal digits: copy it anew"
        )
    return Finding("key", True, "has the right form")


async def _upstream(settings: Settings) -> list[Finding]:
    headers = {"Authorization": f"Bearer {settings.api_key.get_secret_value()}"} if settings.api_key else {}
    try:
        async with network_client(settings) as http:
            response = await http.get(settings.upstream + "/users/me", headers=headers)
    except httpx2.TransportError:
        reach = f"{settings.upstream} does not answer: check the network, a proxy, and SOCIALAPI_BASE_URL"
        return [Finding("reachability", False, reach)]
    return [*answer_findings(settings.upstream, response), clock_finding(response.headers.get("date"))]


def answer_findings(address: str, response: httpx2.Response) -> list[Finding]:
    """What an answer to GET /users/me says about the address and the key."""
    status = response.status_code
    reached = Finding("reachability", True, f"{address} answers")
    if response.is_success:
        if _is_user(response):
            return [reached, Finding("sign-in", True, "the API accepts the key")]
        what = f"{address} answers, but not as the API does: check SOCIALAPI_BASE_URL"
        return [Finding("reachability", False, what)]
    if status in _SIGN_IN:
        return [reached, Finding("sign-in", False, _SIGN_IN[status])]
    remedy = _REMEDIES.get(status // 100, "check SOCIALAPI_BASE_URL")
    if status == 429:
        remedy = "too many calls; wait a minute, then try again"
    return [Finding("reachability", False, f"{address} answers {status}: {remedy}")]


_SIGN_IN = {
    401: "the API refuses this key: make a new one in the dashboard",
    403: "the API refuses this key: make a new one in the dashboard",
    402: "a payment is overdue: settle it in the dashboard",
}
_REMEDIES = {
    3: "it leads elsewhere; set SOCIALAPI_BASE_URL to where it leads",
    4: "there is no such API; check SOCIALAPI_BASE_URL",
    5: "the service has a failure of its own; try again in a few minutes, then ask its support",
}


def _is_user(response: httpx2.Response) -> bool:
    try:
        body = response.json()
    except ValueError:
        return False
    return isinstance(body, dict) and "id" in body


def clock_finding(date: str | None) -> Finding:
    """How far this clock is from the one that wrote the Date header."""
    try:
        there = parsedate_to_datetime(date or "")
        # A Date header is in UTC, also one that names its zone -0000 and comes back without any.
        there = there if there.tzinfo else there.replace(tzinfo=UTC)
    except ValueError:
        return Finding("clock", True, "the API sends no usable time to compare with")
    skew = abs((datetime.now(UTC) - there).total_seconds())
    if skew <= MAX_CLOCK_SKEW_SECONDS:
        return Finding("clock", True, "agrees with the API's")
    return Finding("clock", False, f"is {skew:.0f} s away from the API's: turn on time synchronisation")
