"""Plans and payment."""

from typing import Annotated, Literal

from pydantic import Field

from auth.scopes import Access
from tools.fields import Address, Notice, SafeId
from tools.operation import Args, Effect, Operation, Result

GROUP = "Billing"


class Checkout(Result):
    url: Address | None = None
    session_id: str | None = None


class CreateCheckout(Args):
    plan: Annotated[Literal["starter", "pro", "business"], Field(description="Plan to pay for.")]
    interval: Annotated[Literal["month", "year"] | None, Field(description="How often to pay.")] = None
    success_url: Annotated[str | None, Field(description="Where to go after paying.")] = None
    cancel_url: Annotated[str | None, Field(description="Where to go otherwise.")] = None


CREATE_CHECKOUT = Operation(
    name="create_checkout",
    endpoint="POST /billing/checkout",
    group=GROUP,
    title="Start a checkout",
    description="Get an address where a person pays for a plan.",
    args=CreateCheckout,
    result=Checkout,
    scope=Access.UNMAPPED,
    effect=Effect.CREATE,
    open_world=True,
    example={"plan": "pro"},
    choices=("Body and answer are not documented: plan and interval go in, url and session_id come back.",),
)


class BillingPortal(Result):
    url: Address | None = None


class CreateBillingPortal(Args):
    return_url: Annotated[str | None, Field(description="Where to go afterwards.")] = None


CREATE_BILLING_PORTAL = Operation(
    name="create_billing_portal",
    endpoint="POST /billing/portal",
    group=GROUP,
    title="Open the billing portal",
    description="Get an address where a person manages payment and invoices.",
    args=CreateBillingPortal,
    result=BillingPortal,
    scope=Access.UNMAPPED,
    effect=Effect.CREATE,
    open_world=True,
    example={},
    choices=("Body and answer are not documented: return_url goes in, url comes back.",),
)


class CheckoutStatus(Result):
    status: str | None = None
    plan: str | None = None


class GetCheckoutStatus(Args):
    session_id: Annotated[SafeId, Field(description="Id from create_checkout.")]


GET_CHECKOUT_STATUS = Operation(
    name="get_checkout_status",
    endpoint="GET /billing/checkout/status",
    group=GROUP,
    title="Get a checkout's state",
    description="Get whether a checkout was paid.",
    args=GetCheckoutStatus,
    result=CheckoutStatus,
    scope=Access.UNMAPPED,
    effect=Effect.READ,
    open_world=False,
    example={"session_id": "cs_sample"},
    choices=("Parameters are not documented: session_id goes in, status and plan come back.",),
)


class BillingPlanLimits(Result):
    event_retention_days: int | None = None
    exports_per_month: int | None = None
    interactions_per_month: int | None = None
    posts_per_month: int | None = None
    profiles: int | None = None
    storage_bytes: int | None = None


class BillingPlan(Result):
    annual_price_usd: int | None = None
    limits: BillingPlanLimits | None = None
    monthly_price_usd: int | None = None
    name: Notice | None = None
    popular: bool | None = None
    tagline: Notice | None = None
    tier: str | None = None


class BillingPlans(Result):
    plans: list[BillingPlan] | None = None


class ListPlans(Args):
    """No arguments."""


LIST_PLANS = Operation(
    name="list_plans",
    endpoint="GET /billing/plans",
    group=GROUP,
    title="List plans",
    description="List the plans with prices and limits, cheapest first; -1 is unlimited.",
    args=ListPlans,
    result=BillingPlans,
    scope=Access.UNMAPPED,
    effect=Effect.READ,
    open_world=False,
    example={},
)
