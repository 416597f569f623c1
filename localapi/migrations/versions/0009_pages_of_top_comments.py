"""An index for the pages of comments that answer no other"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table('comments', schema=None) as batch_op:
        batch_op.create_index(
            'comments_top_page',
            ['network_post_id', 'created_at', 'platform_id'],
            unique=False,
            postgresql_where=sa.text('parent_id IS NULL'),
            sqlite_where=sa.text('parent_id IS NULL'),
        )


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table('comments', schema=None) as batch_op:
        batch_op.drop_index('comments_top_page')
