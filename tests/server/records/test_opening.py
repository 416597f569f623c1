"""Records are opened when they are needed, privately, and say plainly why they cannot be."""

import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, make_url, text

from auth.migrations.run import upgrade as upgrade_sign_ins
from localapi.migrations.run import upgrade as upgrade_local_api
from server.records import Claim, Records, RecordsUnavailable, open_records
from server.records.tables import metadata
from server.settings import Settings
from tests.conftest import HeldClock
from tests.databases import Postgres, skip_without_server
from tests.e2e.test_full_disk import fill, small_disk

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]
__all__ = ["small_disk"]


async def claim(records: Records, clock: HeldClock, key: str = "key") -> Claim:
    return await records.claim("owner", key, tool="t", fingerprint="f", now=clock.now())


async def test_nothing_is_opened_before_it_is_needed(tmp_path: Path, clock: HeldClock) -> None:
    records = open_records(Settings(data_dir=tmp_path / "data"), clock=clock)
    assert not records.is_open and not (tmp_path / "data").exists()
    await claim(records, clock)
    assert records.is_open
    await records.close()


def test_making_the_records_imports_no_database() -> None:
    code = (
        "import sys\n"
        "from server.records import open_records\nfrom server.settings import Settings\n"
        "open_records(Settings(), clock=None)\n"
        "print([name for name in ('sqlalchemy', 'alembic', 'aiosqlite', 'psycopg', 'localapi.database')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_only_the_owner_of_the_files_may_read_them(tmp_path: Path, clock: HeldClock) -> None:
    folder = tmp_path / "data"
    before = os.umask(0)
    try:
        records = open_records(Settings(data_dir=folder), clock=clock)
        await claim(records, clock)
        modes = {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"records.sqlite": 0o600, "records.sqlite-wal": 0o600, "records.sqlite-shm": 0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    await records.close()


async def test_what_is_acknowledged_is_on_the_disk(tmp_path: Path, clock: HeldClock) -> None:
    records = open_records(Settings(data_dir=tmp_path), clock=clock)
    await claim(records, clock)
    read = records._storage.read  # pyright: ignore[reportPrivateUsage]
    found = [(await read(f"PRAGMA {name}", {}))[0][0] for name in ("journal_mode", "synchronous", "secure_delete")]
    assert found == ["wal", 2, 1]
    await records.close()


async def test_memory_leaves_no_file_and_ends_with_the_process(tmp_path: Path, clock: HeldClock) -> None:
    settings = Settings(data_dir=tmp_path, database_url="postgresql://nobody@127.0.0.1:1/none")
    for _ in range(2):
        records = open_records(settings, memory=True, clock=clock)
        assert (await claim(records, clock)).state == "new"
        assert (await claim(records, clock)).state == "running"
        await records.close()
    assert list(tmp_path.iterdir()) == []


def damage(folder: Path) -> None:
    (folder / "records.sqlite").write_bytes(b"not a database at all" * 500)


def block(folder: Path) -> None:
    folder.rmdir()
    folder.write_text("a file in the place of the folder")


def outrun(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "records.sqlite")) as connection:
        connection.executescript("CREATE TABLE mcp_version (version_num); INSERT INTO mcp_version VALUES ('9999')")


@pytest.mark.parametrize(
    ("breaking", "sentence"),
    [(damage, "damaged or none; restore it"), (block, "the data folder cannot be used"), (outrun, "a newer version")],
)
async def test_what_is_broken_is_said_and_can_be_mended(
    tmp_path: Path, clock: HeldClock, breaking: Callable[[Path], None], sentence: str
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    breaking(folder)
    records = open_records(Settings(data_dir=folder), clock=clock)
    for _ in range(2):
        with pytest.raises(RecordsUnavailable, match=sentence) as refusal:
            await claim(records, clock)
        assert refusal.value.__cause__ is None
    (folder if folder.is_file() else folder / "records.sqlite").unlink()
    assert (await claim(records, clock)).state == "new"
    await records.close()


async def test_a_database_server_that_is_not_there_is_said_without_its_password(
    tmp_path: Path, clock: HeldClock
) -> None:
    url = "postgresql://somebody:hunter2@127.0.0.1:1/none"
    records = open_records(Settings(data_dir=tmp_path, auth_database_url=url), clock=clock)
    with pytest.raises(RecordsUnavailable, match="does not answer") as refusal:
        await claim(records, clock)
    assert "hunter2" not in str(refusal.value)
    await records.close()


async def test_a_full_disk_refuses_claims_and_recovers(small_disk: Path, clock: HeldClock) -> None:
    records = open_records(Settings(data_dir=small_disk), clock=clock)
    assert (await claim(records, clock)).state == "new"
    await records.settle("owner", "key", outcome='"first"', certain=True, now=clock.now())
    fill(small_disk / "ballast")

    async def claim_many() -> None:
        for number in range(1000):
            await claim(records, clock, f"{number} {'x' * 150}")

    with pytest.raises(RecordsUnavailable, match="no space"):
        await claim_many()
    # Reading goes on.
    assert await records.approval("owner", "unknown", now=clock.now()) is None
    (small_disk / "ballast").unlink()
    assert (await claim(records, clock)).outcome == '"first"'
    assert (await claim(records, clock, "another")).state == "new"
    await records.close()


async def test_a_restart_of_the_database_server_costs_a_sentence_at_most(tmp_path: Path, clock: HeldClock) -> None:
    skip_without_server()
    server = Postgres(folder=tmp_path)
    with server.empty() as url:
        records = open_records(Settings(data_dir=tmp_path, database_url=url), clock=clock)
        assert (await claim(records, clock)).state == "new"
        server.disconnect(url)
        assert (await claim(records, clock)).state == "running"
        await records.close()


@pytest.fixture
def url(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    if database == "sqlite":
        return f"sqlite:///{tmp_path}/records.sqlite"
    return str(request.getfixturevalue("shared_database"))


async def test_the_migrations_lead_to_the_schema(url: str, settings: Settings, clock: HeldClock) -> None:
    records = open_records(settings, clock=clock)
    await records.plan("owner", "pln")
    await records.close()
    engine = create_engine(url if url.startswith("sqlite") else make_url(url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "mcp_version"})
        assert compare_metadata(context, metadata) == []
        if url.startswith("sqlite"):
            strict = connection.execute(text("SELECT count(*) FROM pragma_table_list WHERE strict")).scalar()
            assert strict == len(metadata.tables)
    engine.dispose()


def test_processes_that_start_together_migrate_once(tmp_path: Path, database: str) -> None:
    code = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom server.records import open_records\n"
        "from server.settings import Settings\n"
        "settings = Settings(data_dir=Path(sys.argv[1]), database_url=sys.argv[2] or None)\n"
        "async def main():\n"
        "    records = open_records(settings, clock=None)\n"
        "    await records.plan('owner', 'pln')\n"
        "    await records.close()\n"
        "asyncio.run(main())"
    )

    def start_two(url: str) -> list[int]:
        command = [sys.executable, "-c", code, str(tmp_path), url]
        starting = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
        return [process.wait(timeout=180) for process in starting]

    if database == "sqlite":
        assert start_two("") == [0, 0]
        return
    skip_without_server()
    with Postgres(folder=tmp_path).empty() as url:
        assert start_two(url) == [0, 0]


async def test_one_database_holds_the_records_beside_everything_else(tmp_path: Path, clock: HeldClock) -> None:
    skip_without_server()
    with Postgres(folder=tmp_path).empty() as url:
        others = [threading.Thread(target=run, args=(url,)) for run in (upgrade_local_api, upgrade_sign_ins)]
        for other in others:
            other.start()
        records = open_records(Settings(data_dir=tmp_path, database_url=url), clock=clock)
        assert (await claim(records, clock)).state == "new"
        for other in others:
            other.join()
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
        with engine.connect() as connection:
            tables = set(connection.execute(text("SELECT tablename FROM pg_tables")).scalars())
        engine.dispose()
        assert {"mcp_ledger", "mcp_version", "auth_grant", "auth_version", "localapi_version"} <= tables
        assert {name for name in metadata.tables if not re.fullmatch("mcp_[a-z_]+", name)} == set()
        await records.close()
