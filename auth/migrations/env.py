"""Alembic's entry: runs migrations on the connection that `run.py` hands over."""

from alembic import context

from auth.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
    version_table="auth_version",
)
with context.begin_transaction():
    context.run_migrations()
