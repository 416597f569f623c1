"""Billing: plans, and pages of this machine on which a plan is chosen and payment simulated."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from localapi.context import PLAN_LIMITS, RETENTION_DAYS, Context, Refusal
from localapi.redirects import check_redirect
from localapi.routing import implements
from localapi.tables import User
from localapi.tables_settings import BillingSession
from tools.billing import (
    CREATE_BILLING_PORTAL,
    CREATE_CHECKOUT,
    GET_CHECKOUT_STATUS,
    LIST_PLANS,
    BillingPlan,
    BillingPlanLimits,
    BillingPlans,
    BillingPortal,
    Checkout,
    CheckoutStatus,
    CreateBillingPortal,
    CreateCheckout,
    GetCheckoutStatus,
    ListPlans,
)

CHECKOUT_LIFETIME = timedelta(hours=24)
PORTAL_LIFETIME = timedelta(hours=1)
EXPORTS_A_MONTH = {"free": 2, "starter": 10, "pro": 20, "business": -1, "enterprise": -1}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a plan is called and costs, in whole dollars; -1 is agreed upon."""

    name: str
    tagline: str
    monthly: int
    annual: int
    is_popular: bool = False


PLANS: Mapping[str, Plan] = {
    "free": Plan(name="Hobby", tagline="To try things out", monthly=0, annual=0),
    "starter": Plan(name="Side Hustle", tagline="For a business beside the job", monthly=29, annual=276),
    "pro": Plan(name="Full Send", tagline="For teams that post every day", monthly=109, annual=1044, is_popular=True),
    "business": Plan(name="Empire", tagline="For agencies with many brands", monthly=349, annual=3348),
    "enterprise": Plan(name="Enterprise", tagline="For everybody else, by agreement", monthly=-1, annual=-1),
}
"""From the cheapest on."""


@implements(LIST_PLANS)
async def list_plans(context: Context, args: ListPlans) -> BillingPlans:
    return BillingPlans(plans=[_plan(tier, plan) for tier, plan in PLANS.items()])


@implements(CREATE_CHECKOUT)
async def create_checkout(context: Context, args: CreateCheckout) -> Checkout:
    for name in ("success_url", "cancel_url"):
        if (value := getattr(args, name)) is not None:
            check_redirect(name, value)
    row = BillingSession(
        id=context.ids.prefixed("cs_", 48),
        user_id=context.user.id,
        kind="checkout",
        plan=args.plan,
        interval=args.interval or "month",
        status="open",
        success_url=args.success_url,
        cancel_url=args.cancel_url,
        created_at=context.now,
        expires_at=context.now + CHECKOUT_LIFETIME,
    )
    context.session.add(row)
    return Checkout(url=f"{context.installation.public_url}/billing/{row.id}", session_id=row.id)


@implements(CREATE_BILLING_PORTAL)
async def create_billing_portal(context: Context, args: CreateBillingPortal) -> BillingPortal:
    if args.return_url is not None:
        check_redirect("return_url", args.return_url)
    row = BillingSession(
        id=context.ids.prefixed("bps_", 48),
        user_id=context.user.id,
        kind="portal",
        status="open",
        success_url=args.return_url,
        created_at=context.now,
        expires_at=context.now + PORTAL_LIFETIME,
    )
    context.session.add(row)
    return BillingPortal(url=f"{context.installation.public_url}/billing/{row.id}")


@implements(GET_CHECKOUT_STATUS)
async def get_checkout_status(context: Context, args: GetCheckoutStatus) -> CheckoutStatus:
    row = await context.session.get(BillingSession, args.session_id)
    if row is None or row.user_id != context.user.id or row.kind != "checkout":
        what = "no such checkout; begin one with POST /billing/checkout"
        raise Refusal(404, "resource.not_found", what, resource="checkout", id=args.session_id)
    is_expired = row.status == "open" and row.expires_at <= context.now
    return CheckoutStatus(status="expired" if is_expired else row.status, plan=row.plan)


def pay(context: Context, user: User, plan: str) -> None:
    """A payment went through: the plan begins anew, and nothing is blocked any more."""
    user.plan = plan
    user.billing_since = None if plan == "free" else context.now
    user.billing_blocked_at = None


def _plan(tier: str, plan: Plan) -> BillingPlan:
    limits = PLAN_LIMITS[tier]
    return BillingPlan(
        tier=tier,
        name=plan.name,
        tagline=plan.tagline,
        monthly_price_usd=plan.monthly,
        annual_price_usd=plan.annual,
        popular=plan.is_popular,
        limits=BillingPlanLimits(
            profiles=limits["brands"],
            posts_per_month=limits["posts"],
            interactions_per_month=limits["interactions"],
            storage_bytes=limits["storage_bytes"],
            event_retention_days=RETENTION_DAYS[tier],
            exports_per_month=EXPORTS_A_MONTH[tier],
        ),
    )
