"""Records under test: in a file, in memory and in PostgreSQL."""

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from server.records import Records, open_records
from server.settings import Settings
from tests.conftest import HeldClock
from tests.databases import Postgres, skip_without_server


@pytest.fixture(scope="session")
def shared_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One for all tests, for each has owners of its own."""
    skip_without_server()
    with Postgres(folder=tmp_path_factory.mktemp("records")).empty() as url:
        yield url


@pytest.fixture
def settings(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Where records lie that outlast a process."""
    if database == "sqlite":
        return Settings(data_dir=tmp_path)
    return Settings(data_dir=tmp_path, database_url=request.getfixturevalue("shared_database"))


@pytest.fixture(params=["file", "memory", "postgresql"])
async def records(request: pytest.FixtureRequest, tmp_path: Path, clock: HeldClock) -> AsyncIterator[Records]:
    url = request.getfixturevalue("shared_database") if request.param == "postgresql" else None
    opened = open_records(Settings(data_dir=tmp_path, database_url=url), memory=request.param == "memory", clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
def owner() -> str:
    return f"owner-{uuid.uuid4().hex}"
