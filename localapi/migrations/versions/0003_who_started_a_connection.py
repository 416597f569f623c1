"""Who started a connection"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table('oauth_states', schema=None) as batch_op:
        batch_op.add_column(sa.Column('brand_ids', sa.JSON(), nullable=False, server_default='[]'))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table('oauth_states', schema=None) as batch_op:
        batch_op.drop_column('brand_ids')
