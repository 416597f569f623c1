"""What every test may ask for: a seeded embedded API with a clock that the test holds."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from localapi.app import EmbeddedApi, Options


@pytest.fixture
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


@pytest.fixture
async def api(clock: HeldClock) -> AsyncIterator[EmbeddedApi]:
    started = await EmbeddedApi.start(Options(memory=True, with_jobs=False), clock=clock)
    yield started
    await started.close()


@pytest.fixture
async def http(api: EmbeddedApi) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=api.app)
    headers = {"Authorization": f"Bearer {api.sample_key}"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://local", headers=headers) as client:
        yield client
