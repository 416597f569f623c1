"""Use of the plan in the billing period."""

from sqlalchemy import func, select

from localapi.context import PLAN_LIMITS, Context, period_of, wire_time
from localapi.routing import implements
from localapi.tables import Brand, UsagePeriod
from tools.usage import GET_USAGE, GetUsage, Usage

PAGES_PER_BRAND = 5


@implements(GET_USAGE)
async def get_usage(context: Context, args: GetUsage) -> Usage:
    start, end = period_of(context.user, context.now)
    row = await context.session.get(UsagePeriod, {"user_id": context.user.id, "period_start": start})
    limits = PLAN_LIMITS[context.user.plan]
    brands = int(await context.session.scalar(select(func.count()).where(Brand.user_id == context.user.id)) or 0)
    return Usage(
        brands_used=brands,
        brands_limit=limits["brands"],
        profile_units_used=brands,
        profile_units_limit=limits["brands"],
        posts_used=row.posts if row else 0,
        posts_limit=limits["posts"],
        interactions_used=row.interactions if row else 0,
        interactions_limit=limits["interactions"],
        page_allowance=PAGES_PER_BRAND,
        page_billing_exempt=False,
        period_start=wire_time(start),
        period_end=wire_time(end),
    )
