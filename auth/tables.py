"""The schema of the authorization server's database, for SQLite and PostgreSQL.

Only migrations read it; queries are written by hand. Times are microseconds since 1970, hashes SHA-256.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

# STRICT tables of SQLite know no BIGINT; their INTEGER is as wide.
_Number = sa.BigInteger().with_variant(sqlite.INTEGER(), "sqlite")

metadata = sa.MetaData()


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=null)


def _bytes(name: str, *, key: bool = False, null: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, primary_key=key, nullable=null)


def _details() -> sa.Column[str]:
    return sa.Column("details", sa.Text, nullable=False, server_default="{}")


def _number(name: str, *, key: bool = False, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, _Number, primary_key=key, nullable=null, autoincrement=False)


def _table(name: str, *parts: sa.schema.SchemaItem, autoincrement: bool = False) -> sa.Table:
    # Its own prefix: the database may be shared with the local API.
    return sa.Table(f"auth_{name}", metadata, *parts, sqlite_strict=True, sqlite_autoincrement=autoincrement)


_table(
    "client",
    _text("client_id", key=True),
    _text("metadata"),
    _bytes("secret_hash", null=True),
    _number("secret_expires_at", null=True),
    _text("auth_method"),
    _number("is_auth_method_chosen"),
    _number("created_at"),
    _number("last_used_at", null=True),
    _number("expires_at", null=True),
    sa.Index("auth_client_expiry", "expires_at"),
)
_table(
    "client_document",
    _text("url", key=True),
    _text("body"),
    _bytes("body_hash"),
    _text("etag", null=True),
    _number("fetched_at"),
    _number("fresh_until"),
    sa.Index("auth_client_document_expiry", "fresh_until"),
)
_table(
    "request",
    _bytes("request_hash", key=True),
    _bytes("browser_hash"),
    _bytes("csrf_hash"),
    _text("parameters"),
    _number("expires_at"),
    sa.Index("auth_request_expiry", "expires_at"),
)
_table(
    "code",
    _bytes("code_hash", key=True),
    # No foreign key: the grant begins when the code is redeemed.
    _text("grant_id"),
    _text("client_id"),
    _text("subject"),
    _text("redirect_uri"),
    _text("scope"),
    _text("resource"),
    _text("challenge"),
    _bytes("document_hash", null=True),
    _number("authenticated_at"),
    _number("expires_at"),
    _number("used_at", null=True),
    _bytes("sealed_credential", null=True),
    _details(),
    sa.Index("auth_code_expiry", "expires_at"),
)
_table(
    "grant",
    _text("grant_id", key=True),
    _text("subject"),
    _text("client_id"),
    _text("scope"),
    _text("resource"),
    _bytes("sealed_credential", null=True),
    _bytes("wrapped_key", null=True),
    _text("wrapping_key_id", null=True),
    _bytes("document_hash", null=True),
    _number("authenticated_at"),
    _number("created_at"),
    _number("last_used_at"),
    _number("expires_at"),
    _number("upstream_invalid_at", null=True),
    _number("revoked_at", null=True),
    _text("revoked_because", null=True),
    _details(),
    sa.Index("auth_grant_subject", "subject"),
    sa.Index("auth_grant_expiry", "expires_at"),
    sa.Index("auth_grant_revoked", "revoked_at"),
    sa.Index("auth_grant_wrapping", "wrapping_key_id"),
)
_UNUSED = sa.text("used_at IS NULL")
_table(
    "refresh",
    _bytes("token_hash", key=True),
    # No foreign key: used tokens may outlive a grant that is over, and no index of them all is needed to delete it.
    _text("grant_id"),
    _number("generation"),
    _number("expires_at"),
    _number("used_at", null=True),
    _bytes("successor_hash", null=True),
    _bytes("sealed_successor", null=True),
    # Whatever happens at once, a grant has one token that can be used; those that were used need no place in here.
    sa.Index("auth_refresh_unused", "grant_id", unique=True, sqlite_where=_UNUSED, postgresql_where=_UNUSED),
    sa.Index("auth_refresh_expiry", "expires_at"),
)
_table(
    "consent",
    _text("subject", key=True),
    _text("client_id", key=True),
    _text("redirect_host", key=True),
    _text("scope"),
    _number("granted_at"),
    _number("expires_at"),
    sa.Index("auth_consent_expiry", "expires_at"),
)
_ACTIVE = sa.text("state = 'active'")
_table(
    "signing_key",
    _text("key_id", key=True),
    _text("public_key"),
    _bytes("sealed_private_key"),
    _text("wrapping_key_id"),
    _text("state"),
    _number("created_at"),
    _number("active_from", null=True),
    _number("retires_at", null=True),
    sa.CheckConstraint("state IN ('next', 'active', 'retired')", name="auth_signing_key_state"),
    sa.Index("auth_signing_key_active", "state", unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE),
)
_table(
    "canary",
    _text("key_id", key=True),
    _bytes("sealed"),
)
_table(
    "jti",
    _bytes("jti_hash", key=True),
    _number("expires_at"),
    sa.Index("auth_jti_expiry", "expires_at"),
)
_table(
    "denied",
    sa.Column("position", _Number, sa.Identity(), primary_key=True),
    _text("handle"),
    _number("expires_at"),
    # PostgreSQL's positions become visible out of order, its transaction ids can be read without gaps.
    _number("transaction_id", null=True),
    sa.Index("auth_denied_transaction", "transaction_id"),
    sa.Index("auth_denied_expiry", "expires_at"),
    # A position that was deleted must not come again, or a reader's cursor is beyond it.
    autoincrement=True,
)
_table(
    "session",
    _bytes("session_hash", key=True),
    _text("subject"),
    _number("authenticated_at"),
    _number("last_seen_at"),
    _number("expires_at"),
    _bytes("sealed", null=True),
    sa.Index("auth_session_expiry", "expires_at"),
)
_table(
    "bucket",
    _text("name", key=True),
    _number("full_at"),
    sa.Index("auth_bucket_expiry", "full_at"),
)
_table(
    "event",
    _text("event_id", key=True),
    _number("at"),
    _text("kind"),
    _text("subject", null=True),
    _text("client_id", null=True),
    _text("grant_id", null=True),
    _text("detail"),
    sa.Index("auth_event_at", "at"),
    sa.Index("auth_event_subject", "subject", "event_id"),
)
