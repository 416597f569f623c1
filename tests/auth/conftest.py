"""A store with nothing in it, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from auth.migrations.run import upgrade
from auth.store import Store
from auth.tables import metadata
from tests.auth.authorities import Served, file_url, serving
from tests.auth.stores import open_store
from tests.conftest import HeldClock
from tests.databases import Postgres, skip_without_server


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    skip_without_server()
    with Postgres(folder=tmp_path_factory.mktemp("postgres")).empty() as url:
        upgrade(url)
        yield url


@pytest.fixture
def store_url(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Its address."""
    if database == "sqlite":
        address = f"sqlite:///{tmp_path}/auth.sqlite"
        upgrade(address)
        return address
    address = str(request.getfixturevalue("migrated"))
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"TRUNCATE {', '.join(metadata.tables)}".encode())
    return address


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    opened = await open_store(store_url)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """One authority for a module's tests: each brings clients of its own, and the clock only moves on."""
    async with serving(file_url(tmp_path_factory.mktemp("auth")), HeldClock()) as running:
        yield running
