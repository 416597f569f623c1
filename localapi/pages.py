"""The browser's side of connecting: the simulated platform's consent page, the callback, invites and uploads."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from html import escape

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from localapi import billing_pages, export_pages, media
from localapi.connecting import find_state, finish, take_code, take_state
from localapi.context import Caller, Context, Installation, Refusal
from localapi.database import Unavailable
from localapi.invites import redeem_invite
from localapi.linking import context_of
from localapi.network import PLATFORMS
from localapi.page import go, page
from localapi.pending import choose, describe, is_open, owners_of_pages
from localapi.routing import error_response
from localapi.tables import OauthCode, OauthState, PendingConnection, User
from tools.accounts import PendingConnectionDetail
from tools.invites import RedeemInvite

CODE_MINUTES = 10
# A login of the simulated Facebook has three pages a name, and a handle's worth of names.
MAX_CHOICES = 1000
MAX_HANDLE_LENGTH = 200


def routes(installation: Installation) -> list[BaseRoute]:
    """The pages and the upload addresses."""

    def bound(
        handler: Callable[[Installation, Request], Awaitable[Response]], *, is_page: bool = True
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                return await handler(installation, request)
            except Refusal as refusal:
                return page("That did not work", f"<p>{escape(refusal.message)}</p>", status=refusal.status)
            except Unavailable as error:
                if not is_page:
                    return error_response(request, Refusal(503, "system.unavailable", str(error)))
                return page("Not possible now", f"<p>{escape(str(error))}</p>", status=503)

        return endpoint

    return [
        Route("/connect/{platform}", bound(ask), methods=["GET"]),
        Route("/connect/{platform}", bound(answer), methods=["POST"]),
        Route("/connect/{platform}/choose", bound(offer), methods=["GET"]),
        Route("/connect/{platform}/choose", bound(chosen), methods=["POST"]),
        Route("/oauth/callback/{platform}", bound(callback), methods=["GET"]),
        Route("/invite/{token}", bound(invite), methods=["GET"]),
        Route("/billing/{session_id}", bound(billing_pages.show), methods=["GET"]),
        Route("/billing/{session_id}", bound(billing_pages.answer), methods=["POST"]),
        Route("/exports/{export_id}/{name}/{signature}/{until}", bound(export_pages.download), methods=["GET"]),
        Route("/uploads/{token}", bound(media.receive, is_page=False), methods=["PUT"]),
        Route("/media/{media_id}/{signature}/{until}", bound(media.preview, is_page=False), methods=["GET"]),
    ]


async def ask(installation: Installation, request: Request) -> Response:
    """Ask the person for a handle, and whether to approve."""
    platform = await _known_state(installation, request.path_params["platform"], request.query_params.get("state", ""))
    name = escape(PLATFORMS[platform].name)
    state = escape(request.query_params["state"])
    # Approve comes first: Enter in the field presses a form's first button.
    several = "<p>Several profiles: separate them with commas.</p>" if PLATFORMS[platform].connect != "oauth" else ""
    return page(
        f"Connect {name}",
        f"""<p>This page stands in for {name}. Nothing leaves this machine, and no password is needed.</p>
<form method="post" action="/connect/{escape(platform)}">
<input type="hidden" name="state" value="{state}">
<label for="handle">Handle to connect</label>
<input id="handle" name="handle" maxlength="{MAX_HANDLE_LENGTH}" autocomplete="off" placeholder="mybrand">
{several}
<div class="actions"><button class="go" name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button></div>
</form>""",
    )


async def answer(installation: Installation, request: Request) -> Response:
    """Take the person's answer, as the platform would, and go back to the callback."""
    form = await request.form(max_fields=5)
    platform = await _known_state(installation, request.path_params["platform"], str(form.get("state", "")))
    state, handle = str(form["state"]), _handle(form.get("handle", ""))
    if form.get("decision") != "approve":
        query = {"error": "access_denied", "error_description": "The person said no", "state": state}
        return go(f"/oauth/callback/{platform}", query)
    if not handle:
        return page("A handle is missing", "<p>Go back and type the handle to connect.</p>", status=400)
    code = installation.ids.random_hex(40)
    async with installation.database.write() as session:
        session.add(
            OauthCode(
                code=code,
                platform=platform,
                state=state,
                handle=handle,
                expires_at=installation.clock.now() + timedelta(minutes=CODE_MINUTES),
            )
        )
    return go(f"/oauth/callback/{platform}", {"code": code, "state": state})


def _handle(value: object) -> str:
    return "".join(letter for letter in str(value) if letter.isprintable()).strip()[:MAX_HANDLE_LENGTH]


async def callback(installation: Installation, request: Request) -> Response:
    """What the platform comes back to: connect, then send the browser on as the caller asked."""
    platform, query = request.path_params["platform"], request.query_params
    async with installation.database.write() as session:
        found = await find_state(session, query.get("state", ""))
        context = await context_of(installation, session, found) if found else None
        if found is None or context is None:
            raise Refusal(400, "auth.state_mismatch", "this sign-in is unknown or too old; start the connection again")
        back = found.redirect_uri
        result = {"platform": platform, "state": found.caller_state}
        state = await take_state(context, found.state, platform)
        try:
            async with session.begin_nested():
                result |= await _outcome(context, state, query)
        except Refusal as refusal:
            result |= {"status": "error", "error": refusal.code, "error_description": refusal.message}
    if back is None and result["status"] == "selection_required":
        # The state is the form's secret, as on the consent page: only the browser that came with it has it.
        return go(f"/connect/{platform}/choose", {"state": state.state})
    if back is not None:
        return go(back, result)
    return _result_page(result)


async def _outcome(context: Context, state: OauthState, query: Mapping[str, str]) -> dict[str, str]:
    if query.get("error"):
        return {
            "status": "error",
            "error": query["error"],
            "error_description": query.get("error_description", ""),
        }
    outcome = await finish(context, state, await take_code(context, query.get("code", ""), state))
    if outcome.pending is not None:
        return {"status": "selection_required", "connection_id": outcome.pending.id}
    return {"status": "success", "account_id": outcome.account.id if outcome.account else ""}


async def offer(installation: Installation, request: Request) -> Response:
    """Show what a sign-in found, to choose from."""
    state = request.query_params.get("state", "")
    async with installation.database.read() as session:
        context, pending = await _choice(installation, session, request.path_params["platform"], state)
        return _choice_page(state, describe(pending, await owners_of_pages(context, pending)))


async def chosen(installation: Installation, request: Request) -> Response:
    """Connect what was chosen."""
    form = await request.form(max_fields=MAX_CHOICES)
    state = str(form.get("state", ""))
    async with installation.database.write() as session:
        context, pending = await _choice(installation, session, request.path_params["platform"], state)
        try:
            async with session.begin_nested():
                await choose(context, pending, [str(value) for value in form.getlist("choice")])
        except Refusal as refusal:
            detail = describe(pending, await owners_of_pages(context, pending))
            return _choice_page(state, detail, refusal=refusal)
    return _result_page({"status": "success"})


async def _choice(
    installation: Installation, session: AsyncSession, platform: str, value: str
) -> tuple[Context, PendingConnection]:
    """The open choice of a state, with whoever started it; one that has an address of its own is made over there."""
    state = await find_state(session, value)
    context = await context_of(installation, session, state) if state else None
    if state is not None and context is not None and state.redirect_uri is None and state.platform == platform:
        query = select(PendingConnection).where(PendingConnection.state == state.state)
        pending = await session.scalar(query.with_for_update())
        if pending is not None and is_open(context, pending):
            return context, pending
    raise Refusal(404, "resource.not_found", "This choice is unknown, made or over 30 minutes old. Start it again.")


async def invite(installation: Installation, request: Request) -> Response:
    """An invite link: go to the platform's consent page."""
    async with installation.database.write() as session:
        nobody = User(id="", email="", name="", plan="free")
        context = Context(installation=installation, session=session, caller=Caller(user=nobody, key=None))
        try:
            args = RedeemInvite(token=request.path_params["token"])
        except ValidationError:
            raise Refusal(404, "resource.not_found", "there is no such invite", resource="invite") from None
        answer = await redeem_invite(context, args)
    return RedirectResponse(answer.location or "/", 302)


async def _known_state(installation: Installation, platform: str, state: str) -> str:
    async with installation.database.read() as session:
        found = await find_state(session, state)
    now = installation.clock.now()
    if found is None or found.platform != platform or found.used_at is not None or found.expires_at <= now:
        raise Refusal(
            400, "auth.state_mismatch", "This sign-in is unknown, used or over ten minutes old. Start it again."
        )
    return found.platform


def _result_page(result: dict[str, str]) -> Response:
    match result["status"]:
        case "success":
            text = "<p>The account is connected. You can close this window.</p>"
            return page("Connected", text)
        case _:
            return page("Not connected", f"<p>{escape(result.get('error_description') or result['error'])}</p>")


def _choice_page(state: str, detail: PendingConnectionDetail, *, refusal: Refusal | None = None) -> Response:
    platform = detail.platform or ""
    name = escape(PLATFORMS[platform].name)
    several = detail.pages is not None
    rows = [
        _choice_row("checkbox", one.platform_page_id, one.name, one.category, is_free=bool(one.assignable))
        for one in detail.pages or []
    ] + [
        _choice_row("radio", profile.platform_account_id, profile.display_name, profile.username)
        for profile in detail.profiles or []
    ]
    wrong = f'<p class="wrong" id="wrong" role="alert">{escape(refusal.message)}</p>' if refusal else ""
    described = ' aria-describedby="wrong"' if refusal else ""
    return page(
        "Nearly there",
        f"""<p>{name} offers more than one. Choose what to connect.</p>{wrong}
<form method="post" action="/connect/{escape(platform)}/choose">
<input type="hidden" name="state" value="{escape(state)}">
<fieldset{described}><legend>{"Pages, one or more" if several else "Profile"}</legend>
{"".join(rows)}</fieldset>
<div class="actions"><button class="go">Connect</button></div>
</form>""",
        status=refusal.status if refusal else 200,
    )


def _choice_row(kind: str, value: str | None, title: str | None, hint: str | None, *, is_free: bool = True) -> str:
    attributes = " required" if kind == "radio" else "" if is_free else " disabled"
    note = escape(hint or "") if is_free else "already in use by another brand"
    return (
        f'<label class="choice"><input type="{kind}" name="choice" value="{escape(value or "")}"{attributes}>'
        f"<span>{escape(title or '')} <small>{note}</small></span></label>"
    )
