"""Brings the authorization server's database to the present schema."""

import os
import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text

FOLDER = Path(__file__).parent
# Any constant that nothing else locks: the local API leads under one for as long as it runs.
_LOCK = 7_203_117
ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps what it works on in globals: two threads of a process must not migrate at once."""


def upgrade(url: str, *, folder: Path = FOLDER, lock: int = _LOCK) -> None:
    """Run what is missing, whole or not at all; blocks, so call it in a thread.

    `url` is sqlite:///FILE or postgresql://…, `folder` has the migrations. Several processes may start at once: they
    queue on the lock of the SQLite file or on an advisory lock of PostgreSQL, and the later ones find nothing left to
    do. A new SQLite file gets mode 0600.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = _sqlite(Path(parsed.database or ""))
    else:
        # Unprepared and with a lock that ends with the transaction: a pooler may change the session in between.
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"), hide_parameters=True, connect_args={"prepare_threshold": None}
        )
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    try:
        with ONE_AT_A_TIME, engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def _sqlite(file: Path) -> Engine:
    secure(file)
    engine = create_engine(f"sqlite:///{file}", connect_args={"isolation_level": None, "timeout": 15})
    # The driver would begin too late for DDL; the lock of IMMEDIATE is what processes queue on.
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def secure(file: Path) -> None:
    """Let nobody but the owner read a database file; SQLite gives its side files the same mode."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    file.chmod(0o600)
