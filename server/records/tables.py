"""The schema of the records, for SQLite and PostgreSQL.

Only migrations and databases in memory read it; queries are written by hand. Times are microseconds since 1970.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

# STRICT tables of SQLite know no BIGINT; their INTEGER is as wide.
_Number = sa.BigInteger().with_variant(sqlite.INTEGER(), "sqlite")

metadata = sa.MetaData()


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=null)


def _number(name: str, *, key: bool = False, null: bool = False, counts: bool = False) -> sa.Column[int]:
    return sa.Column(name, _Number, primary_key=key, nullable=null, autoincrement=counts)


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    # Its own prefix: the database may be shared with the local API and the sign-ins.
    sa.Table(f"mcp_{name}", metadata, *parts, sqlite_strict=True)


_table(
    "ledger",
    _text("owner", key=True),
    _text("key", key=True),
    _text("tool"),
    _text("fingerprint"),
    # Which claim it is: a call that was overtaken has another.
    _text("token"),
    _number("claimed_at"),
    _number("sent_at", null=True),
    _number("lease_until"),
    _text("outcome", null=True),
    _number("is_certain"),
    _number("kept_until"),
    sa.Index("mcp_ledger_end", "kept_until"),
)
_table(
    "audit",
    _number("number", key=True, counts=True),
    _text("owner"),
    _number("at"),
    _text("tool"),
    _text("target"),
    _text("outcome"),
    _text("approver", null=True),
    _text("detail", null=True),
    sa.Index("mcp_audit_order", "owner", "at", "number"),
    sa.Index("mcp_audit_age", "at"),
)
_table(
    "handle",
    _text("owner", key=True),
    _text("kind", key=True),
    _text("handle_id", key=True),
    # None once it was used or has expired.
    _text("payload", null=True),
    _number("expires_at"),
    _number("used_at", null=True),
    sa.Index("mcp_handle_end", "expires_at"),
)
_table(
    "approval",
    _text("approval_id", key=True),
    _text("owner"),
    _text("digest"),
    _text("summary"),
    _number("expires_at"),
    _number("is_approved", null=True),
    _text("decided_by", null=True),
    _number("decided_at", null=True),
    _number("used_at", null=True),
    sa.Index("mcp_approval_digest", "owner", "digest"),
    sa.Index("mcp_approval_end", "expires_at"),
)
_table(
    "taint",
    _text("owner", key=True),
    # Empty for text that belongs to no conversation.
    _text("thread", key=True),
    # Which process noted it.
    _text("writer"),
    _number("at"),
    sa.Index("mcp_taint_age", "at"),
)
_table(
    "plan",
    _text("owner", key=True),
    _text("plan_id", key=True),
    _text("operation"),
    _text("digest"),
    _text("state"),
    _number("created_at"),
    _number("expires_at"),
    # Which run it is, the last sign of it, and how long without one it counts as running.
    _text("runner", null=True),
    _number("active_at", null=True),
    _number("lease", null=True),
    _number("kept_until"),
    sa.Index("mcp_plan_end", "kept_until"),
)
_table(
    "plan_item",
    _text("owner", key=True),
    _text("plan_id", key=True),
    _number("number", key=True),
    _text("arguments"),
    _text("state"),
    _text("outcome", null=True),
    _number("settled_at", null=True),
)
