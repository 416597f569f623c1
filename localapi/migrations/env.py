"""Alembic's entry: runs migrations on the connection that `run.py` hands over."""

from alembic import context

from localapi import tables_events, tables_platforms, tables_settings
from localapi.tables import Base

# Imported for its tables.
_ = tables_events, tables_platforms, tables_settings

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    version_table="localapi_version",
)
with context.begin_transaction():
    context.run_migrations()
