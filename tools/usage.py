"""Use of the plan."""

from auth.scopes import Access
from tools.operation import Args, Effect, Operation, Result

GROUP = "Usage"


class Usage(Result):
    brands_limit: int | None = None
    brands_used: int | None = None
    interactions_limit: int | None = None
    interactions_used: int | None = None
    page_allowance: int | None = None
    page_billing_exempt: bool | None = None
    period_end: str | None = None
    period_start: str | None = None
    posts_limit: int | None = None
    posts_used: int | None = None
    profile_units_limit: int | None = None
    profile_units_used: int | None = None


class GetUsage(Args):
    """No arguments."""


GET_USAGE = Operation(
    name="get_usage",
    endpoint="GET /usage",
    group=GROUP,
    title="Get plan usage",
    description=(
        "Get what the billing period has used of posts, interactions and brands, and its limits; -1 is unlimited."
    ),
    args=GetUsage,
    result=Usage,
    scope=Access.ALWAYS,
    effect=Effect.READ,
    open_world=False,
    example={},
)
