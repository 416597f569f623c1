"""Choices in the browser"""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table('pending_connections', schema=None) as batch_op:
        batch_op.add_column(sa.Column('state', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('lost_access', sa.JSON(), nullable=False, server_default='[]'))
        batch_op.create_index(batch_op.f('ix_pending_connections_state'), ['state'])


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table('pending_connections', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_pending_connections_state'))
        batch_op.drop_column('lost_access')
        batch_op.drop_column('state')
