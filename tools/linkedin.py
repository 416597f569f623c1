"""LinkedIn: numbers of a company page and its posts."""

from auth.scopes import Scope
from tools.fields import AccountId, Relayed, RelayedLink
from tools.operation import Args, Effect, Operation, Result

GROUP = "LinkedIn"


class LinkedinPostInsight(Result):
    post_id: str | None = None
    text: Relayed | None = None
    permalink: RelayedLink | None = None
    created_at: str | None = None
    impressions: int | None = None
    unique_views: int | None = None
    clicks: int | None = None
    likes: int | None = None
    comments: int | None = None
    shares: int | None = None
    engagement_rate: float | None = None


class LinkedinPageInsights(Result):
    follower_count: int | None = None
    posts: list[LinkedinPostInsight] | None = None


class LinkedinInsights(Result):
    data: LinkedinPageInsights | None = None


class GetLinkedinInsights(Args):
    account_id: AccountId


GET_LINKEDIN_INSIGHTS = Operation(
    name="get_linkedin_insights",
    endpoint="GET /platforms/linkedin/insights",
    group=GROUP,
    title="Get LinkedIn insights",
    description="Get a company page's follower count and the numbers of its posts (beta). "
    "For one post use get_post_metrics.",
    args=GetLinkedinInsights,
    result=LinkedinInsights,
    scope=Scope.ANALYTICS_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=("linkedin_page",),
    example={"account_id": "acc_fjord_linkedin_page"},
    choices=("No page names the scope; of the two that fit, the tighter analytics:read is asked, not posts:read.",),
)
