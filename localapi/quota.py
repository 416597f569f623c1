"""Plan limits: counting, refusing and reporting what a billing period holds."""

from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from localapi.context import PLAN_LIMITS, Context, Refusal, period_start
from localapi.tables import UsagePeriod

_WORDS = {
    "posts": ("validation.post_limit_exhausted", "X-Posts-Limit", "X-Posts-Remaining"),
    "interactions": ("validation.interaction_limit_exhausted", "X-Interactions-Limit", "X-Interactions-Remaining"),
}


async def current_period(context: Context) -> UsagePeriod:
    """The user's counters of now, made when missing; locked against other writers where the database can."""
    start = period_start(context.user, context.now)
    key = {"user_id": context.user.id, "period_start": start}
    row = await context.session.get(UsagePeriod, key, with_for_update=True)
    if row is None:
        # A period's first requests may come at once, and one of them makes the row.
        insert = sqlite_insert if context.installation.database.is_sqlite else postgresql_insert
        await context.session.execute(
            insert(UsagePeriod).values(**key, posts=0, interactions=0).on_conflict_do_nothing()
        )
        row = await context.session.get_one(UsagePeriod, key, with_for_update=True)
    return row


async def spend(context: Context, kind: str, count: int = 1, *, code: str | None = None) -> None:
    """Take `count` credits of `kind` (posts or interactions) and set the plan's headers.

    Only the free plan is bounded; others are counted. Call it in the transaction that does the work, so that a
    failure gives the credits back.

    Raises:
        Refusal: 429 when the period has too few left; nothing is taken.
    """
    default_code, limit_header, remaining_header = _WORDS[kind]
    limit = PLAN_LIMITS[context.user.plan][kind]
    row = await current_period(context)
    used = row.posts if kind == "posts" else row.interactions
    if limit >= 0:
        left = max(0, limit - used)
        context.headers |= {limit_header: str(limit), remaining_header: str(left if left < count else left - count)}
    if 0 <= limit < used + count:
        raise Refusal(
            429,
            code or default_code,
            f"the {context.user.plan} plan has {limit} {kind} a period and {max(0, limit - used)} are left",
            plan=context.user.plan,
            max=limit,
        )
    if kind == "posts":
        row.posts = used + count
    else:
        row.interactions = used + count
