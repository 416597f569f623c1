"""The schema's history leads to the schema, on both databases."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import IntegrityError

from auth.migrations.run import FOLDER, upgrade
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


def an_engine(url: str) -> Engine:
    return create_engine(url if url.startswith("sqlite") else make_url(url).set(drivername="postgresql+psycopg"))


def move(engine: Engine, to: Callable[[Config, str], None], revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        to(config, revision)


def test_processes_that_start_together_migrate_once(url: str) -> None:
    code = f"from auth.migrations.run import upgrade; upgrade({url!r})"
    starting = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(3)]
    assert [process.wait(timeout=60) for process in starting] == [0, 0, 0]


def test_the_migrations_lead_to_the_schema(url: str) -> None:
    upgrade(url)
    upgrade(url)
    engine = an_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "auth_version"})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == "0003"
    engine.dispose()


def test_what_was_kept_under_an_older_schema_is_kept_and_can_go_back(url: str) -> None:
    engine = an_engine(url)
    move(engine, command.upgrade, "0001")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO auth_grant (grant_id, subject, client_id, scope, resource, authenticated_at, created_at,"
                " last_used_at, expires_at) VALUES ('g', 'u', 'c', '', '', 1, 1, 1, 1)"
            )
        )
    move(engine, command.upgrade, "0002")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT grant_id, details FROM auth_grant")).all() == [("g", "{}")]
    move(engine, command.downgrade, "0001")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT * FROM auth_grant")).mappings().one().get("details") is None
    engine.dispose()


def test_refresh_tokens_are_kept_and_a_grant_has_one_that_is_unused(url: str) -> None:
    engine = an_engine(url)
    move(engine, command.upgrade, "0002")
    token = "INSERT INTO auth_refresh (token_hash, grant_id, generation, expires_at, used_at) VALUES (:hash, 'g', :n, 9, :used)"
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO auth_grant (grant_id, subject, client_id, scope, resource, authenticated_at, created_at,"
                " last_used_at, expires_at) VALUES ('g', 'u', 'c', '', '', 1, 1, 1, 1)"
            )
        )
        connection.execute(text(token), [{"hash": b"1", "n": 1, "used": 5}, {"hash": b"2", "n": 2, "used": None}])
    move(engine, command.upgrade, "head")
    found = text("SELECT token_hash, generation, used_at FROM auth_refresh ORDER BY generation")
    with engine.connect() as connection:
        assert connection.execute(found).all() == [(b"1", 1, 5), (b"2", 2, None)]
    with engine.begin() as connection, pytest.raises(IntegrityError):
        connection.execute(text(token), {"hash": b"3", "n": 3, "used": None})
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM auth_grant"))
    move(engine, command.downgrade, "0002")
    with engine.connect() as connection:
        assert connection.execute(found).all() == []
    engine.dispose()


def test_a_local_api_that_leads_on_the_same_database_does_not_hold_the_schema_up(tmp_path: Path) -> None:
    skip_without_server()
    locks = re.findall(r"\b\d_\d{3}_\d{3}\b", (ROOT / "localapi" / "jobs.py").read_text(encoding="utf-8"))
    with Postgres(folder=tmp_path).empty() as address, psycopg.connect(address, autocommit=True) as leader:
        for lock in locks:
            leader.execute("SELECT pg_advisory_lock(%s)", [int(lock)])
        assert leader.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() != (0,)
        upgrade(f"{address}?options=-c%20lock_timeout%3D5s")
