"""One unused refresh token a grant, held by an index of those alone, and grants that end before their used tokens"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

_COLUMNS = 'token_hash, grant_id, generation, expires_at, used_at, successor_hash, sealed_successor'
_UNUSED = sa.text('used_at IS NULL')


def upgrade() -> None:
    """Apply."""
    if op.get_bind().dialect.name == 'sqlite':
        _rebuild()
    else:
        op.drop_constraint('auth_refresh_grant_id_fkey', 'auth_refresh', type_='foreignkey')
        op.drop_constraint('auth_refresh_generation', 'auth_refresh', type_='unique')
    op.create_index(
        'auth_refresh_unused', 'auth_refresh', ['grant_id'], unique=True, sqlite_where=_UNUSED, postgresql_where=_UNUSED
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index('auth_refresh_unused', 'auth_refresh')
    # Tokens of grants that are gone would break what is put back.
    op.execute('DELETE FROM auth_refresh WHERE grant_id NOT IN (SELECT grant_id FROM auth_grant)')
    if op.get_bind().dialect.name == 'sqlite':
        _rebuild(
            sa.ForeignKeyConstraint(['grant_id'], ['auth_grant.grant_id']),
            sa.UniqueConstraint('grant_id', 'generation', name='auth_refresh_generation'),
        )
    else:
        op.create_unique_constraint('auth_refresh_generation', 'auth_refresh', ['grant_id', 'generation'])
        op.create_foreign_key('auth_refresh_grant_id_fkey', 'auth_refresh', 'auth_grant', ['grant_id'], ['grant_id'])


def _rebuild(*constraints: sa.Constraint) -> None:
    # By hand: Alembic's rebuilding of a table would lose its strictness, and SQLite drops no constraint otherwise.
    op.execute('PRAGMA secure_delete=ON')
    op.create_table('auth_refresh_anew',
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('grant_id', sa.Text(), nullable=False),
    sa.Column('generation', sa.INTEGER(), autoincrement=False, nullable=False),
    sa.Column('expires_at', sa.INTEGER(), autoincrement=False, nullable=False),
    sa.Column('used_at', sa.INTEGER(), autoincrement=False, nullable=True),
    sa.Column('successor_hash', sa.LargeBinary(), nullable=True),
    sa.Column('sealed_successor', sa.LargeBinary(), nullable=True),
    *constraints,
    sa.PrimaryKeyConstraint('token_hash'),
    sqlite_strict=True
    )
    op.execute(f'INSERT INTO auth_refresh_anew ({_COLUMNS}) SELECT {_COLUMNS} FROM auth_refresh')
    op.drop_table('auth_refresh')
    op.rename_table('auth_refresh_anew', 'auth_refresh')
    op.create_index('auth_refresh_expiry', 'auth_refresh', ['expires_at'])
