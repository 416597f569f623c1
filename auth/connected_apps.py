"""What a person granted, and the buttons that end it."""

from starlette.requests import Request
from starlette.responses import Response

from auth import pages
from auth.audit import Kind
from auth.authority import Authority
from auth.broker import GrantDetails
from auth.browser import Browser
from auth.forms import first
from auth.records import Grant, Session, digest
from auth.scopes import SCOPES, BroadScope, Scope, parse_scopes
from auth.sign_in import find_session, may_manage, read_page_form, session_name

_EVERYTHING = "Everything that the key can do"


async def show(authority: Authority, request: Request) -> Response:
    """Answer GET of /oauth/apps."""
    browser = Browser(authority, request)
    session = await find_session(authority, browser)
    return browser.go("/oauth/sign-in") if session is None else await _page(authority, browser, session)


async def _page(authority: Authority, browser: Browser, session: Session, notice: str | None = None) -> Response:
    every = await authority.store.list_grants(session.subject, now=authority.clock())
    grants = [grant for grant in every if may_manage(browser, session, GrantDetails.of(grant.details))]
    html = pages.connected_apps(
        pages.ConnectedApps(
            csrf=browser.csrf(browser.session_secret or "", "apps"),
            account=session_name(browser, session),
            apps=tuple(_app(grant) for grant in grants),
            notice=notice,
        )
    )
    return browser.page(html)


async def act(authority: Authority, request: Request) -> Response:
    """Answer POST of /oauth/apps: revoke one, or sign out."""
    browser = Browser(authority, request)
    values = await read_page_form(request)
    browser.check_post(first(values, "csrf"), browser.session_secret, "apps")
    session = await find_session(authority, browser)
    if session is None:
        return browser.go("/oauth/sign-in")
    if first(values, "action") == "sign-out":
        await authority.store.delete_session(digest(browser.session_secret or ""))
        await authority.audit.note(Kind.SIGNED_OUT, subject=session.subject)
        browser.drop_session()
        text = "Apps that you connected stay connected until you revoke them."
        return browser.page(pages.notice("Signed out", text))
    grant_id = first(values, "grant")
    found = await authority.store.find_grant(grant_id)
    details = GrantDetails() if found is None else GrantDetails.of(found.details)
    if found is None or not may_manage(browser, session, details):
        return browser.go("/oauth/apps")
    if not await authority.revoke(grant_id, because="person", subject=session.subject):
        return browser.go("/oauth/apps")
    return await _page(authority, browser, session, pages.revoked(details.client_name, details.upstream_key))


def _app(grant: Grant) -> pages.ConnectedApp:
    details = GrantDetails.of(grant.details)
    scopes = parse_scopes(grant.scope)
    words = tuple(SCOPES[scope].description for scope in Scope if scope in scopes)
    return pages.ConnectedApp(
        grant_id=grant.grant_id,
        client_name=details.client_name,
        destination=details.redirect_host,
        scopes=(_EVERYTHING,) if BroadScope.SOCIAL_ALL in scopes else words,
        brands=tuple(brand.name for brand in details.brands),
        created_at=grant.created_at,
        last_used_at=grant.last_used_at,
        upstream_key=details.upstream_key,
        needs_sign_in=grant.upstream_invalid_at is not None,
    )
