"""The same API on PostgreSQL: migrated, seeded, called through every example, and publishing."""

import os
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from localapi.app import CannotStart, EmbeddedApi, Options
from localapi.routing import HANDLERS
from tests.conftest import HeldClock
from tests.test_contract import SPOILING
from tools.registry import operations
from tools.rest import ApiError, RestClient

pytestmark = pytest.mark.anyio
SERVER = os.environ.get("SOCIALAPI_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/test")


@pytest.fixture
async def postgres(clock: HeldClock) -> AsyncIterator[EmbeddedApi]:
    try:
        admin = psycopg.connect(SERVER, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        pytest.skip(f"NO POSTGRESQL at {make_url(SERVER).host}: set SOCIALAPI_TEST_POSTGRES_URL to run this")
    name = f"socialapi_{uuid.uuid4().hex[:12]}"
    admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    url = make_url(SERVER).set(database=name).render_as_string(hide_password=False)
    api = await EmbeddedApi.start(Options(database_url=url, with_jobs=False), clock=clock)
    yield api
    await api.close()
    admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
    admin.close()


async def test_a_read_only_server_is_refused_at_the_start(postgres: EmbeddedApi) -> None:
    url = postgres.installation.database.engine.url
    name = url.database
    with psycopg.connect(SERVER, autocommit=True) as admin:
        order = sql.SQL("alter database {} set default_transaction_read_only = on")
        admin.execute(order.format(sql.Identifier(name or "")))
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with pytest.raises(CannotStart, match="read-only"):
        await EmbeddedApi.start(Options(database_url=address, with_jobs=False))


async def test_every_example_answers_on_postgresql(postgres: EmbeddedApi, clock: HeldClock) -> None:
    headers = {"Authorization": f"Bearer {postgres.sample_key}"}
    transport = httpx2.ASGITransport(app=postgres.app)
    wrong: list[str] = []
    async with httpx2.AsyncClient(transport=transport, base_url="http://local/v1", headers=headers) as http:
        rest = RestClient(http=http)
        for operation in operations():
            if operation.name in HANDLERS and operation.name not in SPOILING:
                try:
                    await rest.exchange(operation, operation.args.model_validate(operation.example))
                except ApiError as error:
                    wrong.append(f"{operation.name}: {error} {error.message}")
        assert wrong == []
        due = (clock.now() + timedelta(minutes=1)).isoformat()
        body = {"text": "On PostgreSQL", "targets": [{"account_id": "acc_aurora_threads"}], "scheduled_at": due}
        post = (await http.post("/posts", json=body)).json()
        clock.advance(minutes=2)
        await postgres.jobs.run_due()
        assert (await http.get(f"/posts/{post['id']}")).json()["status"] == "published"
        first = (await http.get("/posts?limit=2")).json()
        second = (await http.get(f"/posts?limit=2&cursor={first['pagination']['next_cursor']}")).json()
        assert not {row["id"] for row in first["data"]} & {row["id"] for row in second["data"]}
