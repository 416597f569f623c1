"""The embedded API, whole: starts the database, the jobs and the routes, and seeds the sample workspace."""

import asyncio
import contextlib
import secrets
import sqlite3
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp

from sqlalchemy import make_url, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.applications import Starlette

from auth import background
from localapi import openapi, pages, reference, travel
from localapi.context import AccessTokens, Clock, Cursors, Ids, Installation, SystemClock, key_hash
from localapi.dashboard import SETTING as DASHBOARD_KEY
from localapi.dashboard import DashboardTokens
from localapi.database import Database, Unavailable, advice_on, sqlite_url
from localapi.jobs import PublishingJobs
from localapi.routing import create_app
from localapi.secret_box import SecretBox
from localapi.seed import seed
from localapi.tables import Key, Setting, User
from localapi.travel import TravelClock
from localapi.webhook_sending import Sender

GROUPS = (
    "accounts",
    "connecting",
    "pinterest",
    "brands",
    "invites",
    "comments",
    "conversations",
    "reviews",
    "mentions",
    "posts",
    "posts_import",
    "posts_validate",
    "media",
    "usage",
    "keys",
    "users",
    "webhooks",
    "event_log",
    "notices",
    "instagram",
    "youtube",
    "profiles",
    "facebook_logins",
    "whatsapp",
    "whatsapp_templates",
    "billing",
    "redirect_uris",
    "x_credentials",
    "exports",
)
"""Modules with handlers; importing one registers them."""


class CannotStart(Exception):
    """The embedded API cannot start; the text says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to run it. Without `database_url` the data lies in SQLite under `data`, or in memory."""

    data: Path | None = None
    memory: bool = False
    database_url: str | None = None
    empty: bool = False
    """Start without the sample workspace: one user and one key only."""
    public_url: str = "http://127.0.0.1:8080"
    simulate: bool = False
    """Let new comments, messages, reviews and mentions arrive by themselves."""
    with_jobs: bool = True
    """Run scheduled publishing here; tests that drive the clock do it by hand."""
    travels: bool = False
    """Let testers on this machine advance the clock, at /control/clock."""
    access_tokens: AccessTokens | None = None
    """Takes the OAuth access tokens that it verifies; their subject is the id of a user here."""


@dataclass(kw_only=True)
class EmbeddedApi:
    """A running API; `app` is the ASGI app that answers under `/v1`."""

    app: Starlette
    installation: Installation
    jobs: PublishingJobs
    sample_key: str | None
    following: asyncio.Task[None] | None = None
    """Keeps an advanced clock the same in all processes."""

    @classmethod
    async def start(cls, options: Options, *, clock: Clock | None = None, ids: Ids | None = None) -> "EmbeddedApi":
        """Open, migrate, seed and start everything.

        Raises:
            CannotStart: the data folder or the database cannot be used.
        """
        travelling = TravelClock() if options.travels else None
        clock, ids = clock or travelling or SystemClock(), ids or Ids()
        folder = _folder(options)
        url = options.database_url or ("sqlite://" if options.memory else sqlite_url(folder / "localapi.sqlite"))
        database = Database(url)
        try:
            await _create_tables(database, url)
            _make_private(url)
            async with database.write() as session:
                cursors = Cursors(key=bytes.fromhex(await _setting(session, "cursor_key")))
                dashboard_seed = bytes.fromhex(await _setting(session, DASHBOARD_KEY))
                # A read-only database takes a transaction to write, and refuses only what is written in it.
                await session.execute(update(Setting).values(value=Setting.value))
            _check_folder(folder, with_jobs=options.with_jobs and database.is_sqlite)
        except (Unavailable, DBAPIError, OSError) as error:
            await database.close()
            where = f"{folder}" if database.is_sqlite else "database server"
            raise CannotStart(f"{_reason(error)} ({where})") from None
        for group in GROUPS:
            import_module(f"localapi.{group}")
        jobs = PublishingJobs(
            system_database_url=options.database_url
            if not database.is_sqlite and options.database_url
            else sqlite_url(folder / "jobs.sqlite")
        )
        installation = Installation(
            database=database,
            clock=clock,
            ids=ids,
            cursors=cursors,
            files=folder / "media",
            public_url=options.public_url.rstrip("/"),
            jobs=jobs,
            dashboard=DashboardTokens(dashboard_seed, clock=clock, ids=ids),
            box=SecretBox(folder),
            sender=Sender(options.public_url),
            access_tokens=options.access_tokens,
            # Without jobs there is no outcome to wait for.
            answer_wait_seconds=2.0 if options.with_jobs else 0.0,
        )
        if travelling is not None:
            await travelling.read(database)
        sample_key = await _sample_key(installation, folder, options)
        jobs.attach(installation)
        if options.with_jobs:
            await jobs.start(simulate=options.simulate)
        more, following = [*pages.routes(installation), *openapi.routes(), *reference.routes()], None
        if travelling is not None:
            more += travel.routes(installation, travelling)
            following = asyncio.create_task(travelling.follow(database, jobs.wake))
        app = create_app(installation, more)
        return cls(app=app, installation=installation, jobs=jobs, sample_key=sample_key, following=following)

    async def close(self) -> None:
        """Stop the jobs and return the connections; waits for running deliveries."""
        if self.following is not None:
            await background.end(self.following)
        await self.jobs.stop()
        await self.installation.sender.close()
        await self.installation.database.close()


def _folder(options: Options) -> Path:
    if options.memory or options.data is None:
        return Path(mkdtemp(prefix="socialapi-"))
    try:
        options.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = options.data / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise CannotStart(
            f"the data folder {options.data} cannot be written ({error.strerror}); pass --data or SOCIALAPI_DATA_DIR"
        ) from None
    return options.data


def _check_folder(folder: Path, *, with_jobs: bool) -> None:
    """Find out now: files are written, and the jobs open their database, later, where nobody waits for an answer."""
    (folder / "media").mkdir(parents=True, exist_ok=True)
    key = folder / "sample_key"
    if key.exists():
        key.read_bytes()
    if not with_jobs:
        return
    for name in ("jobs.sqlite", "jobs.lock"):
        try:
            with (folder / name).open("ab"):
                pass
        except PermissionError:
            raise Unavailable("the database of the jobs is read-only; make the data folder writable") from None
    try:
        with contextlib.closing(sqlite3.connect(folder / "jobs.sqlite")) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.DatabaseError:
        raise Unavailable("jobs.sqlite is no database; remove it: what was to be published is started again") from None


def _reason(error: Exception) -> str:
    """In words that say what to do."""
    if isinstance(error, Unavailable):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'the data folder'}: {error.strerror}; mend that, or pass --data with another folder"
    return advice_on(error) or "the database cannot be opened or written"


async def _create_tables(database: Database, url: str) -> None:
    if database.in_memory:
        await database.create()
        return
    from localapi.migrations.run import upgrade

    await asyncio.to_thread(upgrade, url)


def _make_private(url: str) -> None:
    """Nobody else on the machine reads a database file: the key that dashboard tokens are signed with is in it."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return
    for ending in ("", "-wal", "-shm"):
        # One that is not there, or is somebody else's to guard.
        with contextlib.suppress(OSError):
            file = Path(parsed.database + ending)
            file.chmod(file.stat().st_mode & 0o700)


async def _setting(session: AsyncSession, name: str) -> str:
    """The installation's value of that name: 32 random bytes, made once."""
    found = await session.get(Setting, name)
    if found is None:
        found = Setting(name=name, value=secrets.token_hex(32))
        session.add(found)
    return found.value


async def _sample_key(installation: Installation, folder: Path, options: Options) -> str | None:
    """Seed an empty database; the first key lies in a file that only its owner reads."""
    file = folder / "sample_key"
    async with installation.database.write() as session:
        is_used = await session.get(Setting, "seeded") is not None
        if is_used or await session.scalar(select(User.id).limit(1)) is not None:
            known = file.read_text(encoding="ascii").strip() if file.exists() else ""
            key = await session.scalar(select(Key).where(Key.hash == key_hash(known), Key.is_active))
            return known if key is not None else None
        raw_key = "sapi_key_" + installation.ids.random_hex(62)
        await seed(session, installation, raw_key=raw_key, empty=options.empty)
        # Who deletes their user deletes the sample with it, and does not want it back at the next start.
        session.add(Setting(name="seeded", value="yes"))
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(raw_key + "\n", encoding="ascii")
    return raw_key
