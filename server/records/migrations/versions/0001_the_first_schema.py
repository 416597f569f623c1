"""The first schema"""

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table('mcp_approval',
    sa.Column('approval_id', sa.Text(), nullable=False),
    sa.Column('owner', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('expires_at', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('is_approved', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=True),
    sa.Column('decided_by', sa.Text(), nullable=True),
    sa.Column('decided_at', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=True),
    sa.Column('used_at', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=True),
    sa.PrimaryKeyConstraint('approval_id'),
    sqlite_strict=True
    )
    op.create_index('mcp_approval_digest', 'mcp_approval', ['owner', 'digest'], unique=False)
    op.create_index('mcp_approval_end', 'mcp_approval', ['expires_at'], unique=False)
    op.create_table('mcp_audit',
    sa.Column('number', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('owner', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('tool', sa.Text(), nullable=False),
    sa.Column('target', sa.Text(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('approver', sa.Text(), nullable=True),
    sa.Column('detail', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('number'),
    sqlite_strict=True
    )
    op.create_index('mcp_audit_age', 'mcp_audit', ['at'], unique=False)
    op.create_index('mcp_audit_order', 'mcp_audit', ['owner', 'at', 'number'], unique=False)
    op.create_table('mcp_handle',
    sa.Column('owner', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('handle_id', sa.Text(), nullable=False),
    sa.Column('payload', sa.Text(), nullable=True),
    sa.Column('expires_at', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('used_at', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=True),
    sa.PrimaryKeyConstraint('owner', 'kind', 'handle_id'),
    sqlite_strict=True
    )
    op.create_index('mcp_handle_end', 'mcp_handle', ['expires_at'], unique=False)
    op.create_table('mcp_ledger',
    sa.Column('owner', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('tool', sa.Text(), nullable=False),
    sa.Column('fingerprint', sa.Text(), nullable=False),
    sa.Column('token', sa.Text(), nullable=False),
    sa.Column('claimed_at', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('sent_at', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=True),
    sa.Column('lease_until', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.Column('is_certain', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('kept_until', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('owner', 'key'),
    sqlite_strict=True
    )
    op.create_index('mcp_ledger_end', 'mcp_ledger', ['kept_until'], unique=False)
    op.create_table('mcp_plan',
    sa.Column('owner', sa.Text(), nullable=False),
    sa.Column('plan_id', sa.Text(), nullable=False),
    sa.Column('operation', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('created_at', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('expires_at', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('runner', sa.Text(), nullable=True),
    sa.Column('active_at', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=True),
    sa.Column('lease', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=True),
    sa.Column('kept_until', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('owner', 'plan_id'),
    sqlite_strict=True
    )
    op.create_index('mcp_plan_end', 'mcp_plan', ['kept_until'], unique=False)
    op.create_table('mcp_plan_item',
    sa.Column('owner', sa.Text(), nullable=False),
    sa.Column('plan_id', sa.Text(), nullable=False),
    sa.Column('number', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('arguments', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.Column('settled_at', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=True),
    sa.PrimaryKeyConstraint('owner', 'plan_id', 'number'),
    sqlite_strict=True
    )
    op.create_table('mcp_taint',
    sa.Column('owner', sa.Text(), nullable=False),
    sa.Column('thread', sa.Text(), nullable=False),
    sa.Column('writer', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite'), autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('owner', 'thread'),
    sqlite_strict=True
    )
    op.create_index('mcp_taint_age', 'mcp_taint', ['at'], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index('mcp_taint_age', table_name='mcp_taint')
    op.drop_table('mcp_taint')
    op.drop_table('mcp_plan_item')
    op.drop_index('mcp_plan_end', table_name='mcp_plan')
    op.drop_table('mcp_plan')
    op.drop_index('mcp_ledger_end', table_name='mcp_ledger')
    op.drop_table('mcp_ledger')
    op.drop_index('mcp_handle_end', table_name='mcp_handle')
    op.drop_table('mcp_handle')
    op.drop_index('mcp_audit_order', table_name='mcp_audit')
    op.drop_index('mcp_audit_age', table_name='mcp_audit')
    op.drop_table('mcp_audit')
    op.drop_index('mcp_approval_end', table_name='mcp_approval')
    op.drop_index('mcp_approval_digest', table_name='mcp_approval')
    op.drop_table('mcp_approval')
