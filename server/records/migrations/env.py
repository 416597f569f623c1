"""Alembic's entry: runs migrations on the connection that `auth.migrations.run.upgrade` hands over."""

from alembic import context

from server.records.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
    version_table="mcp_version",
)
with context.begin_transaction():
    context.run_migrations()
