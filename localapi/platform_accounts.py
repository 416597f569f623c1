"""Whose account an operation of one platform is about, and what its posts come to."""

from collections.abc import Sequence

from sqlalchemy import select

from localapi.context import Context, Refusal
from localapi.inbox import check_connected
from localapi.tables import Account, NetworkPost


async def account_on(context: Context, account_id: str, platform: str, *, status: int = 501) -> Account:
    """A connected account on this platform.

    Raises:
        Refusal: 404; 403 if it has to be connected again; `status` (501 or 400) for another platform's.
    """
    account = await context.account(account_id)
    if account.platform != platform:
        code = "resource.not_supported" if status == 501 else "account.unsupported_platform"
        raise Refusal(status, code, f"this is for {platform}; the account is on {account.platform}", platform=platform)
    check_connected(account)
    return account


async def live_posts(context: Context, account: Account) -> Sequence[NetworkPost]:
    """Its posts that are up, the newest first."""
    query = (
        select(NetworkPost)
        .where(NetworkPost.account_id == account.id, NetworkPost.deleted_at.is_(None))
        .order_by(NetworkPost.published_at.desc(), NetworkPost.id)
    )
    return list(await context.session.scalars(query))


def told(account: Account, name: str) -> int:
    """A number that the simulated profile has."""
    value = account.metadata_.get(name, 0)
    return int(value) if isinstance(value, int | float) else 0
