"""Databases for tests: SQLite, and PostgreSQL databases of their own, copied from one that is migrated and seeded."""

import asyncio
import os
import shutil
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL, NullPool, create_engine, make_url, text

from localapi.app import EmbeddedApi, Options
from localapi.context import Clock

SERVER = make_url(os.environ.get("SOCIALAPI_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/test"))


def address(url: URL) -> str:
    """As a person would write it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@dataclass
class Postgres:
    """A server, and the template on it that the copies are made from."""

    folder: Path
    """The data folder that belongs to the template: its key and its files."""
    prefix: str = field(default_factory=lambda: f"socialapi_{uuid.uuid4().hex[:12]}")
    _count: int = 0

    def order(self, statement: str, *names: str) -> None:
        """Run a statement of administration."""
        with psycopg.connect(address(SERVER), autocommit=True, connect_timeout=3) as admin:
            admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))  # pyright: ignore[reportArgumentType]

    def seed(self, clock: Clock) -> None:
        """Make the template."""
        self.order("create database {}", self.prefix)
        url = address(SERVER.set(database=self.prefix))

        async def start() -> None:
            options = Options(data=self.folder, database_url=url, with_jobs=False)
            await (await EmbeddedApi.start(options, clock=clock)).close()

        asyncio.run(start())

    @contextmanager
    def empty(self) -> Generator[str]:
        """An address of a database with nothing in it, dropped at the end."""
        self._count += 1
        name = f"{self.prefix}_{self._count}"
        self.order("create database {}", name)
        try:
            yield address(SERVER.set(database=name))
        finally:
            self.order("drop database {} with (force)", name)

    @contextmanager
    def copy(self, folder: Path) -> Generator[str]:
        """An address of a seeded database; what belongs to it on disk goes to the folder."""
        self._count += 1
        name = f"{self.prefix}_{self._count}"
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        self.order("create database {} template {}", name, self.prefix)
        try:
            yield address(SERVER.set(database=name))
        finally:
            self.order("drop database {} with (force)", name)

    def disconnect(self, url: str) -> None:
        """Close every connection to a database from the server's side, as its restart would."""
        with psycopg.connect(address(SERVER), autocommit=True) as admin:
            # Returns when they are gone.
            query = "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = %s"
            admin.execute(query, [make_url(url).database])

    def drop(self) -> None:
        """Remove the template."""
        self.order("drop database if exists {} with (force)", self.prefix)


def is_there() -> bool:
    """Whether a server answers."""
    try:
        psycopg.connect(address(SERVER), connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def rows(options: Options, statement: str) -> list[tuple[object, ...]]:
    """What a statement answers, read from outside the server under test."""
    if options.database_url is None:
        url = make_url(f"sqlite:///{options.data}/localapi.sqlite")
    else:
        url = make_url(options.database_url).set(drivername="postgresql+psycopg")
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def skip_without_server() -> None:
    """Skip loudly."""
    if not is_there():
        pytest.skip(f"NO POSTGRESQL at {SERVER.host}: set SOCIALAPI_TEST_POSTGRES_URL to run this")
