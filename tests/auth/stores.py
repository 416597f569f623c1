"""Stores under test, and records to put in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auth.records import Code, Grant, NewRefreshToken, Redeemed, digest
from auth.store import Store
from auth.store_postgres import PostgresStore
from auth.store_sqlite import SqliteStore

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
MONTH = timedelta(days=30)


async def open_store(url: str) -> Store:
    """A store at sqlite:///FILE or postgresql://…."""
    if url.startswith("sqlite"):
        return SqliteStore(Path(url.removeprefix("sqlite:///")))
    store = PostgresStore(url)
    await store.open()
    return store


def a_code(name: str, *, client_id: str = "client", grant_id: str = "") -> Code:
    return Code(
        code_hash=digest(name),
        grant_id=grant_id or f"grant-{name}",
        client_id=client_id,
        subject="usr_1",
        redirect_uri="https://client.example/cb",
        scope="posts:read",
        resource="https://host.example/mcp",
        challenge="c" * 43,
        authenticated_at=NOW,
        expires_at=NOW + timedelta(seconds=60),
        sealed_credential=b"sealed under the code",
    )


def a_grant(grant_id: str, *, client_id: str = "client", subject: str = "usr_1") -> Grant:
    return Grant(
        grant_id=grant_id,
        subject=subject,
        client_id=client_id,
        scope="posts:read",
        resource="https://host.example/mcp",
        sealed_credential=b"sealed credential of " + grant_id.encode(),
        wrapped_key=b"wrapped key",
        wrapping_key_id="kek-1",
        authenticated_at=NOW,
        created_at=NOW,
        last_used_at=NOW,
        expires_at=NOW + timedelta(days=180),
    )


def a_token(name: str, *, life: timedelta = MONTH) -> NewRefreshToken:
    return NewRefreshToken(token_hash=digest(name), expires_at=NOW + life)


async def redeem(store: Store, name: str) -> object:
    return await store.redeem_code(
        digest(name), client_id="client", grant=a_grant(f"grant-{name}"), refresh=a_token(f"{name}-1"), now=NOW
    )


async def rotate(
    store: Store,
    old: str,
    new: str,
    *,
    now: datetime = NOW,
    client_id: str = "client",
    resource: str | None = None,
    meanwhile: Callable[[Grant], object] | None = None,
) -> object:
    return await store.rotate_refresh(
        digest(old),
        client_id=client_id,
        resource=resource,
        successor=NewRefreshToken(token_hash=digest(new), expires_at=now + MONTH),
        sealed_successor=f"sealed {new}".encode(),
        now=now,
        meanwhile=meanwhile,
    )


async def family(store: Store, name: str) -> str:
    """The first refresh token of a new grant."""
    await store.save_code(a_code(name))
    assert isinstance(await redeem(store, name), Redeemed)
    return f"{name}-1"
