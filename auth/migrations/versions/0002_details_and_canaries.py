"""Details of codes and grants, and the canaries of key-encryption keys"""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    # Added in place: rebuilding a table would lose its strictness on SQLite.
    for table in ('auth_code', 'auth_grant'):
        op.add_column(table, sa.Column('details', sa.Text(), server_default='{}', nullable=False))
    op.create_table('auth_canary',
    sa.Column('key_id', sa.Text(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('key_id'),
    sqlite_autoincrement=False,
    sqlite_strict=True
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table('auth_canary')
    for table in ('auth_grant', 'auth_code'):
        op.drop_column(table, 'details')
