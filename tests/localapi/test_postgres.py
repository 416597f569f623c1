"""What only PostgreSQL has: a server that is read-only."""

import pytest
from sqlalchemy import make_url

from localapi.app import CannotStart, EmbeddedApi, Options
from tests.databases import Postgres

pytestmark = pytest.mark.anyio


async def test_a_read_only_server_is_refused_at_the_start(postgres: Postgres) -> None:
    with postgres.empty() as url:
        await (await EmbeddedApi.start(Options(database_url=url, with_jobs=False))).close()
        postgres.order("alter database {} set default_transaction_read_only = on", str(make_url(url).database))
        with pytest.raises(CannotStart, match="read-only"):
            await EmbeddedApi.start(Options(database_url=url, with_jobs=False))
