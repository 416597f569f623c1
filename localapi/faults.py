"""Failures that a tester ordered: the next posts or inbox calls of an account fail as a platform would fail them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from localapi.context import Context, Refusal, invalid_field
from localapi.tables import Account, Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How a platform fails; the braces in `code` stand for its name."""

    code: str
    message: str
    category: str = "platform"
    caused_by: str = "platform"
    status: int | None = None
    """Of a refused call; without one, only posts fail like this."""
    in_posts: bool = True
    platforms: frozenset[str] | None = None
    """None is all of them."""
    codes: Mapping[str, str] | None = None
    """Of platforms that have a name of their own for it."""
    retry_after_seconds: int | None = None

    def code_on(self, platform: str) -> str:
        """What the platform calls it."""
        return (self.codes or {}).get(platform, self.code.format(platform))


_INSTAGRAM = frozenset({"instagram"})
FAILURES: Mapping[str, Failure] = {
    "auth": Failure(
        code="platform.{}.auth",
        message="the platform no longer accepts this account's token",
        category="auth",
        caused_by="user",
        status=401,
    ),
    "rate_limit": Failure(
        code="platform.{}.rate_limit",
        message="the platform asked to slow down",
        category="rate_limit",
        status=429,
        retry_after_seconds=60,
    ),
    "api_error": Failure(code="platform.{}.api_error", message="the platform failed", status=502),
    "timeout": Failure(
        code="publishing.delivery.timeout",
        message="the platform took too long",
        codes={"tiktok": "publish_timeout"},
    ),
    "permission": Failure(
        code="platform.{}.permission_denied",
        message="the account was connected without the permission that this needs",
        category="auth",
        caused_by="user",
        status=403,
        platforms=frozenset({"instagram", "facebook", "whatsapp", "youtube"}),
        codes={"youtube": "platform.youtube.insufficientPermissions"},
    ),
    "container_failed": Failure(
        code="platform.instagram.container_failed",
        message="Instagram could not make a post of the media",
        platforms=_INSTAGRAM,
    ),
    "container_expired": Failure(
        code="platform.instagram.container_expired",
        message="the media waited for over a day to be published",
        platforms=_INSTAGRAM,
    ),
    "container_timeout": Failure(
        code="platform.instagram.container_timeout",
        message="Instagram was still working on the media after five minutes",
        platforms=_INSTAGRAM,
    ),
    "unknown": Failure(
        code="whatsapp.unknown",
        message="WhatsApp answered with an error that has no meaning here",
        status=500,
        in_posts=False,
        platforms=frozenset({"whatsapp"}),
    ),
}
"""By the word after `fail-` in the command that orders them."""


async def order(session: AsyncSession, account: Account, *, fault_id: str, kind: str, times: int) -> None:
    """Make the next calls of an account fail.

    Raises:
        Refusal: there is no such failure, or the account's platform never fails like this.
    """
    failure = FAILURES.get(kind)
    if failure is None or (failure.platforms is not None and account.platform not in failure.platforms):
        known = [name for name, one in FAILURES.items() if one.platforms is None or account.platform in one.platforms]
        raise invalid_field("kind", f"{account.platform} fails with {', '.join(known)}; not with {kind[:40]}")
    session.add(Fault(id=fault_id, account_id=account.id, kind=kind, remaining=times))


async def of_post(session: AsyncSession, account: Account) -> dict[str, Any] | None:
    """The error of a target that was ordered to fail, which uses the order up; None where there is none."""
    fault = await _next(session, account, [name for name, one in FAILURES.items() if one.in_posts])
    if fault is None:
        return None
    fault.remaining -= 1
    failure = FAILURES[fault.kind]
    return {
        "code": failure.code_on(account.platform),
        "category": failure.category,
        "caused_by": failure.caused_by,
        "message": failure.message,
    }


async def refuse_call(context: Context, account: Account) -> None:
    """Raise what a call to the platform was ordered to fail with. Call it before anything is charged or changed."""
    fault = await _next(context.session, account, [name for name, one in FAILURES.items() if one.status is not None])
    if fault is None:
        return
    failure = FAILURES[fault.kind]
    fault.remaining -= 1
    # The order is used up, although the request is refused.
    await context.session.commit()
    code, seconds = failure.code_on(account.platform), failure.retry_after_seconds
    meta = {"retry_after": seconds} if code == "platform.telegram.rate_limit" else {}
    raise Refusal(failure.status or 502, code, failure.message, retry_after_seconds=seconds, **meta)


async def _next(session: AsyncSession, account: Account, kinds: list[str]) -> Fault | None:
    query = select(Fault).where(Fault.account_id == account.id, Fault.remaining > 0, Fault.kind.in_(kinds))
    found: Fault | None = await session.scalar(query.order_by(Fault.id).limit(1).with_for_update())
    return found
