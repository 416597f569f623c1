"""The pages by which a person does what only a person may: agree, type a secret, look at one. Never the model.

Each belongs to the person whom a call is made for, and opens only in a browser where that person is signed in. Opening
a page changes nothing, so that previews of links use nothing up; each form counts once.
"""

import json
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from auth.authority import Authority
from auth.browser import Browser
from auth.errors import NotForTheClient
from auth.forms import first
from auth.plans import Values
from auth.routes import for_people
from auth.sign_in import address_for, find_session, read_page_form, session_name
from auth.vault import CannotOpen
from server import person_views as views
from server.asking import owner_of, said
from server.calls import Services
from server.records import Approval, RecordsUnavailable, Taken
from server.secret_values import REVEAL, TYPED, opened, sealed

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

MOST_LETTERS = 4096
"""Of a secret that is typed."""
_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")
_AGAIN = "Ask your assistant to try again"
_LOST = "If you have not seen the secret that should be here, have it replaced: then the old one is worth nothing."
_FORM_ACTION = "; form-action 'self'"
"""Unlike the sign-in's, these forms lead nowhere else."""


@dataclass(frozen=True, slots=True)
class _Visit:
    """Somebody who is signed in, at one page."""

    services: Services
    browser: Browser
    person: str
    """The name under which their records are kept."""
    account: str
    page_id: str
    path: str
    values: Values
    """Of the form, if one was posted."""

    @property
    def csrf(self) -> str:
        return self.browser.csrf(self.browser.session_secret or "", self.path)


_Answer = Callable[[_Visit], Awaitable[Response]]


def routes(services: Services, authority: Authority) -> list[BaseRoute]:
    """The pages, to be served under this server's own names, beside the authority's own routes."""
    pages: tuple[tuple[str, _Answer, _Answer], ...] = (
        ("approve", _show_approval, _decide),
        ("secrets", _show_secrets, _take_secrets),
        ("reveal", _offer, _reveal),
    )
    found: list[BaseRoute] = []
    for name, show, act in pages:
        for method, answer in (("GET", show), ("POST", act)):
            endpoint = for_people(
                authority, _for_one_person(services, name, answer), nothing="Nothing was done.", again=_AGAIN
            )
            found.append(Route(f"/{name}/{{page_id}}", endpoint, methods=[method]))
    return found


def _for_one_person(
    services: Services, name: str, answer: _Answer
) -> Callable[[Authority, Request], Awaitable[Response]]:
    async def endpoint(authority: Authority, request: Request) -> Response:
        browser, page_id = Browser(authority, request), request.path_params["page_id"]
        path: str = f"/{name}/{page_id}"
        values: Values = {}
        if not _ID.fullmatch(page_id):
            raise NotForTheClient("This link is broken", "There is no such page.", advice=f"{_AGAIN}.", status=404)
        if request.method == "POST":
            values = await read_page_form(request)
            browser.check_post(first(values, "csrf"), browser.session_secret, path, advice=f"{_AGAIN}.")
        session = await find_session(authority, browser)
        if session is None:
            return browser.go(address_for(path))
        person, account = owner_of(session.subject), session_name(browser, session)
        try:
            response = await answer(_Visit(services, browser, person, account, page_id, path, values))
        except RecordsUnavailable as problem:
            logger.error("%s: %s", f"/{name}", problem)
            raise NotForTheClient(
                "This does not work now",
                "The server cannot reach what it keeps its questions in. Nothing was done.",
                advice="Load this page again in a minute.",
                status=503,
            ) from None
        response.headers["Content-Security-Policy"] += _FORM_ACTION
        return response

    return endpoint


def _not_yours(visit: _Visit, *, more: str = "") -> Response:
    return visit.browser.page(views.not_yours(visit.account, more), 404)


# Agreeing.


async def _show_approval(visit: _Visit) -> Response:
    found = await _asked(visit, for_secrets=False)
    if found is None:
        return _not_yours(visit)
    approval, asked = found
    if approval.state != "pending":
        return visit.browser.page(_over(approval))
    return _approval_page(visit, approval, asked)


async def _decide(visit: _Visit) -> Response:
    found = await _asked(visit, for_secrets=False)
    if found is None:
        return _not_yours(visit)
    approval, asked = found
    decision, typed = first(visit.values, "decision"), asked.get("typed")
    if approval.state != "pending" or decision not in {"approve", "refuse"}:
        return visit.browser.go(visit.path)
    if decision == "approve" and typed is not None and not views.same_name(first(visit.values, "typed"), str(typed)):
        wrong = "This is not the name. Nothing was done; type it as it is shown, or refuse."
        return _approval_page(visit, approval, asked, wrong=wrong)
    await _settle(visit, approved=decision == "approve")
    # What is shown next is what was kept, also where another window was faster.
    return visit.browser.go(visit.path)


def _approval_page(visit: _Visit, approval: Approval, asked: dict[str, Any], *, wrong: str | None = None) -> Response:
    typed = asked.get("typed")
    page = _page(visit, approval, asked, typed=None if typed is None else str(typed), wrong=wrong)
    return visit.browser.page(views.approval(page), 422 if wrong else 200)


def _over(approval: Approval) -> str:
    match approval.state:
        case "approved":
            text = "Go back to your assistant now, and tell it to go on: until then nothing happens."
            return views.told("You agreed", text, is_good=True)
        case "used":
            return views.told("You agreed", "Your assistant has gone on. This page is over.", is_good=True)
        case "refused":
            text = "Nothing happens. Go back to your assistant, and tell it what you want instead."
            return views.told("You refused", text, is_good=True)
        case _:
            text = "Nothing was done, and nothing will be. If you still want it, ask your assistant to try again."
            return views.told("Too late to answer", text, is_good=False)


# Typing a secret.


async def _show_secrets(visit: _Visit) -> Response:
    found = await _asked(visit, for_secrets=True)
    if found is None:
        return _not_yours(visit)
    approval, asked = found
    if approval.state != "pending":
        return visit.browser.page(_given(approval))
    return visit.browser.page(views.secrets_form(_secrets_page(visit, approval, asked)))


async def _take_secrets(visit: _Visit) -> Response:
    found = await _asked(visit, for_secrets=True)
    if found is None:
        return _not_yours(visit)
    approval, asked = found
    decision = first(visit.values, "decision")
    if approval.state != "pending" or decision not in {"give", "refuse"}:
        return visit.browser.go(visit.path)
    if decision == "refuse":
        await _settle(visit, approved=False)
        return visit.browser.go(visit.path)
    paths = [str(path) for path in asked["secrets"]]
    given = {path: first(visit.values, f"secret-{number}").strip() for number, path in enumerate(paths, 1)}
    if not all(0 < len(value) <= MOST_LETTERS for value in given.values()):
        page = _secrets_page(visit, approval, asked, wrong="Fill it in; what was there is empty or far too long.")
        return visit.browser.page(views.secrets_form(page), 422)
    payload = sealed(visit.services, TYPED, visit.person, visit.page_id, given)
    try:
        await visit.services.records.put_handle(
            visit.person, TYPED, visit.page_id, payload=payload, expires_at=approval.expires_at
        )
    except Taken:
        # Another window was faster, and may have stopped before the next step.
        logger.info("a secret was typed twice")
    await _settle(visit, approved=True)
    return visit.browser.go(visit.path)


def _secrets_page(visit: _Visit, approval: Approval, asked: dict[str, Any], *, wrong: str | None = None) -> views.Asked:
    return _page(visit, approval, asked, secrets=tuple(str(path) for path in asked["secrets"]), wrong=wrong)


def _given(approval: Approval) -> str:
    match approval.state:
        case "approved":
            text = "It is kept for this one call. Go back to your assistant now, and tell it to go on."
            return views.told("Thank you", text, is_good=True)
        case "used":
            text = "Your assistant has gone on, and what you typed is erased here. This page is over."
            return views.told("Thank you", text, is_good=True)
        case _:
            return _over(approval)


# Looking at a secret.


async def _offer(visit: _Visit) -> Response:
    payload = await visit.services.records.peek_handle(visit.person, REVEAL, visit.page_id, now=visit.services.clock())
    if payload is None:
        return _not_yours(visit, more=_LOST)
    return visit.browser.page(views.hidden(_hidden(visit, json.loads(payload))))


async def _reveal(visit: _Visit) -> Response:
    services = visit.services
    use = await services.records.use_handle(visit.person, REVEAL, visit.page_id, now=services.clock())
    if use.state == "used":
        text = (
            "It is not shown again. If it was not you who looked at it, or if it is lost, have it replaced now: "
            "then the old one is worth nothing."
        )
        return visit.browser.page(views.told("It was shown already", text, is_good=False), 410)
    if use.payload is None:
        return _not_yours(visit, more=_LOST)
    kept = json.loads(use.payload)
    try:
        values = opened(services, REVEAL, visit.person, visit.page_id, str(kept["sealed"]))
    except CannotOpen:
        text = (
            "The server's key has changed since, so that it cannot be opened any more. Have it replaced by a new one."
        )
        return visit.browser.page(views.told("It cannot be shown", text, is_good=False), 410)
    return visit.browser.page(views.shown(_hidden(visit, kept), values[str(kept["field"])]))


def _hidden(visit: _Visit, kept: dict[str, Any]) -> views.Hidden:
    return views.Hidden(
        address=visit.path,
        csrf=visit.csrf,
        account=visit.account,
        title=str(kept["title"]),
        field=str(kept["field"]),
        name=str(kept["name"]),
        expires_at=datetime.fromisoformat(str(kept["until"])),
    )


# What agreeing and typing share.


async def _asked(visit: _Visit, *, for_secrets: bool) -> tuple[Approval, dict[str, Any]] | None:
    """The question of this page, if it is this person's and of this kind."""
    approval = await visit.services.records.approval(visit.person, visit.page_id, now=visit.services.clock())
    if approval is None:
        return None
    asked: dict[str, Any] = json.loads(approval.summary)
    # A page that takes a secret must not be agreed to without one.
    return (approval, asked) if "summary" in asked and ("secrets" in asked) == for_secrets else None


async def _settle(visit: _Visit, *, approved: bool) -> None:
    await visit.services.records.decide_approval(
        visit.page_id, approved=approved, by=said(visit.account, 80), now=visit.services.clock()
    )


def _page(visit: _Visit, approval: Approval, asked: dict[str, Any], **more: Any) -> views.Asked:
    return views.Asked(
        address=visit.path,
        csrf=visit.csrf,
        account=visit.account,
        summary=str(asked["summary"]),
        expires_at=approval.expires_at,
        **more,
    )
