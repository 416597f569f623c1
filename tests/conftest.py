"""What every test may ask for: a seeded embedded API with a clock that the test holds."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from localapi.app import EmbeddedApi, Options
from tests.databases import Postgres, skip_without_server


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class HeldClock:
    """A clock that moves only when the test says so."""

    present: datetime = field(default_factory=lambda: datetime(2026, 3, 10, 12, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.present

    def advance(self, **delta: float) -> None:
        self.present += timedelta(**delta)


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    skip_without_server()
    server = Postgres(folder=tmp_path_factory.mktemp("postgres"))
    try:
        server.seed(HeldClock())
        yield server
    finally:
        server.drop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def stored(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Options]:
    """Data that outlasts a process, on either database; nothing is in it yet."""
    if database == "sqlite":
        yield Options(data=tmp_path)
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.empty() as url:
        yield Options(data=tmp_path, database_url=url)


@pytest.fixture
def seeded(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Options]:
    """The sample workspace at the hour of the held clock, on either database."""
    if database == "sqlite":
        yield Options(memory=True, with_jobs=False)
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.copy(tmp_path) as url:
        yield Options(data=tmp_path, database_url=url, with_jobs=False)


@pytest.fixture
async def api(clock: HeldClock, seeded: Options) -> AsyncIterator[EmbeddedApi]:
    started = await EmbeddedApi.start(seeded, clock=clock)
    yield started
    await started.close()


@pytest.fixture
async def http(api: EmbeddedApi) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=api.app)
    headers = {"Authorization": f"Bearer {api.sample_key}"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://local", headers=headers) as client:
        yield client
