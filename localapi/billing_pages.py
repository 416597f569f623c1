"""The pages of a checkout and of the billing portal: plainly a simulation, no money and no card."""

from html import escape

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from localapi.billing import PLANS, pay
from localapi.context import Caller, Context, Installation, Refusal
from localapi.page import go, page
from localapi.tables import User
from localapi.tables_settings import BillingSession

_NO_MONEY = "<p>No card is asked for, and no money moves: this page stands in for the payment service.</p>"


async def show(installation: Installation, request: Request) -> Response:
    """The page of a session."""
    async with installation.database.read() as session:
        row, user = await _find(installation, session, request.path_params["session_id"])
        return _checkout(row) if row.kind == "checkout" else _portal(row, user)


async def answer(installation: Installation, request: Request) -> Response:
    """What the person chose on it."""
    form = await request.form(max_fields=5)
    decision = str(form.get("decision", ""))
    async with installation.database.write() as session:
        row, user = await _find(installation, session, request.path_params["session_id"], to_change=True)
        context = Context(installation=installation, session=session, caller=Caller(user=user, key=None))
        if row.kind == "checkout":
            return _answer_checkout(context, row, user, decision)
        return _answer_portal(context, row, user, decision, str(form.get("plan", "")))


def _answer_checkout(context: Context, row: BillingSession, user: User, decision: str) -> Response:
    if decision == "pay":
        row.status = "complete"
        pay(context, user, row.plan)
        if row.success_url:
            return go(row.success_url, {"session_id": row.id})
        return page("Paid", f"<p>The plan is {escape(PLANS[row.plan].name)} now. You can close this window.</p>")
    row.status = "canceled"
    if row.cancel_url:
        return go(row.cancel_url, {"session_id": row.id})
    return page("Not paid", "<p>Nothing was changed. You can close this window.</p>")


def _answer_portal(context: Context, row: BillingSession, user: User, decision: str, plan: str) -> Response:
    if decision == "fail" and user.plan != "free":
        # The first charge failed, and so did the second, which is tried by itself.
        user.billing_blocked_at = user.billing_blocked_at or context.now
    elif decision == "pay" and user.billing_blocked_at is not None:
        pay(context, user, user.plan)
    elif decision == "change" and plan in PLANS and plan != "enterprise":
        pay(context, user, plan)
    elif decision == "back" and row.success_url:
        return go(row.success_url, {})
    else:
        raise Refusal(400, "validation.field_invalid", "choose one of the buttons", field="decision")
    return _portal(row, user)


def _checkout(row: BillingSession) -> Response:
    plan = PLANS[row.plan]
    price = f"${plan.annual} a year" if row.interval == "year" else f"${plan.monthly} a month"
    return page(
        f"Pay for {escape(plan.name)}",
        f"""{_NO_MONEY}<p><strong>{escape(plan.name)}</strong>, {price}</p>
<form method="post" action="/billing/{escape(row.id)}">
<div class="actions"><button class="go" name="decision" value="pay">Pay</button>
<button name="decision" value="cancel">Cancel</button></div></form>""",
    )


def _portal(row: BillingSession, user: User) -> Response:
    options = "".join(
        f'<option value="{tier}"{" selected" if tier == user.plan else ""}>{escape(plan.name)}</option>'
        for tier, plan in PLANS.items()
        if tier != "enterprise"
    )
    is_blocked = user.billing_blocked_at is not None
    state = "Payment is overdue: the API answers nothing but billing and the profile." if is_blocked else "Paid."
    settle = '<button class="go" name="decision" value="pay">Pay what is due</button>' if is_blocked else ""
    fail = "" if is_blocked or user.plan == "free" else '<button name="decision" value="fail">Let payment fail</button>'
    back = '<button name="decision" value="back">Back</button>' if row.success_url else ""
    return page(
        "Billing",
        f"""{_NO_MONEY}<p role="status"><strong>{escape(PLANS[user.plan].name)}</strong>. {state}</p>
<form method="post" action="/billing/{escape(row.id)}">
<label for="plan">Plan</label><select id="plan" name="plan">{options}</select>
<div class="actions"><button name="decision" value="change">Change plan</button>{settle}{fail}{back}</div></form>""",
    )


async def _find(
    installation: Installation, session: AsyncSession, session_id: str, *, to_change: bool = False
) -> tuple[BillingSession, User]:
    """An open session and its user; raises Refusal 404 or 410."""
    row = await session.get(BillingSession, session_id, with_for_update=True if to_change else None)
    user = None if row is None else await session.get(User, row.user_id, with_for_update=True if to_change else None)
    if row is None or user is None:
        raise Refusal(404, "resource.not_found", "There is no such page. Start again where you came from.")
    if row.status != "open" or row.expires_at <= installation.clock.now():
        raise Refusal(410, "resource.gone", "This page was used or has expired. Start again where you came from.")
    return row, user
