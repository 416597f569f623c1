"""The counters at /metrics: true, complete, and only for who has the token."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from auth.audit import Kind
from auth.limits import LIMITS
from server import metrics
from server.asgi import create_api
from tests.auth.authorities import Served, file_url, serving
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio

TOKEN = "read-me-if-you-know-this"


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(file_url(tmp_path), HeldClock()) as one:
        yield one


async def read(served: Served, authorization: str | None, token: SecretStr | None) -> httpx2.Response:
    async def nothing(scope: object, receive: object, send: object) -> None:
        raise AssertionError("nobody asks the API")

    routes = metrics.routes(served.authority, token)
    app = create_api(nothing, public_urls=[], metrics=routes)
    headers = [] if authorization is None else [(b"authorization", authorization.encode("latin-1"))]
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://10.1.2.3:9") as client:
        return await client.get("/metrics", headers=headers)


def series(text: str, name: str) -> dict[str, float]:
    """The values of one counter by its first label."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name:
                found[sample.labels.get("kind") or sample.labels["limit"]] = sample.value
    return found


async def test_what_happened_is_counted_by_kind_and_limit(served: Served) -> None:
    served.authority.limits_enforced = True
    await served.authority.audit.note(Kind.REFRESHED)
    await served.authority.audit.note(Kind.SIGNED_IN, subject="usr_1")
    for _ in range(11):
        await served.authority.hit("register_address", "192.0.2.7")
    answer = await read(served, f"Bearer {TOKEN}", SecretStr(TOKEN))
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")
    events = series(answer.text, "socialapi_auth_events_total")
    assert set(events) == {kind.value for kind in Kind}
    assert (events["refreshed"], events["signed_in"], events["limited"], events["code_replayed"]) == (1, 1, 1, 0)
    hits = series(answer.text, "socialapi_auth_limit_hits_total")
    assert set(hits) == set(LIMITS) and hits["register_address"] == 11
    assert series(answer.text, "socialapi_auth_limit_refusals_total")["register_address"] == 1
    assert "192.0.2.7" not in answer.text and "usr_1" not in answer.text


@pytest.mark.parametrize("given", [None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer é"])
async def test_without_the_token_nothing_is_told(served: Served, given: str | None) -> None:
    answer = await read(served, given, SecretStr(TOKEN))
    assert answer.status_code == 401
    assert "socialapi_auth" not in answer.text and TOKEN not in answer.text


async def test_without_a_token_in_the_settings_it_is_not_there(served: Served) -> None:
    assert metrics.routes(served.authority, None) == []
