"""The schema's history leads to the schema, on both databases."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, make_url

from auth.migrations.run import upgrade
from auth.tables import metadata
from tests.databases import Postgres, skip_without_server

ROOT = Path(__file__).parents[2]


@pytest.fixture
def url(database: str, tmp_path: Path) -> Iterator[str]:
    if database == "sqlite":
        yield f"sqlite:///{tmp_path}/auth.sqlite"
        return
    skip_without_server()
    with Postgres(folder=tmp_path).empty() as address:
        yield address


def test_processes_that_start_together_migrate_once(url: str) -> None:
    code = f"from auth.migrations.run import upgrade; upgrade({url!r})"
    starting = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(3)]
    assert [process.wait(timeout=60) for process in starting] == [0, 0, 0]


def test_the_migrations_lead_to_the_schema(url: str) -> None:
    upgrade(url)
    upgrade(url)
    is_sqlite = url.startswith("sqlite")
    engine = create_engine(url if is_sqlite else make_url(url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "auth_version"})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == "0001"
    engine.dispose()
