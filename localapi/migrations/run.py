"""Brings a database to the present schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, make_url, text

from auth.migrations.run import ONE_AT_A_TIME

FOLDER = Path(__file__).parent
# Any constant: processes that start together queue on it.
_LOCK = 7_203_114


def upgrade(url: str) -> None:
    """Run what is missing; blocks, so call it in a thread. Several processes may start at once."""
    parsed = make_url(url)
    is_sqlite = parsed.get_backend_name() == "sqlite"
    engine = create_engine(parsed.set(drivername="sqlite" if is_sqlite else "postgresql+psycopg"))
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    try:
        with ONE_AT_A_TIME, engine.connect() as connection:
            if is_sqlite:
                connection.exec_driver_sql("PRAGMA busy_timeout=15000")
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            else:
                connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
                connection.commit()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    finally:
        engine.dispose()
