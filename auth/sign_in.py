"""Signing in at the pages: with an API key, which the API checks, or by one click as the user of a local API."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from auth import pages, redirects
from auth.audit import Kind
from auth.authority import Authority, LocalUser
from auth.authorize import Asked, asking_client, find_asked
from auth.broker import GrantDetails, KeyRefused, PaymentOverdue, Person, UpstreamUnavailable, mark_of
from auth.browser import Browser
from auth.clients import KnownClient
from auth.errors import NotForTheClient, OAuthError
from auth.forms import address_of, first, read_form, read_query
from auth.plans import Values
from auth.policy import SESSION_IDLE, SESSION_LIFETIME
from auth.records import Session, digest
from auth.vault import CannotOpen, Secret, open_under_token, seal_under_token

KEY_KEPT = timedelta(minutes=15)
"""How long a pasted key waits for the consent; then it is asked for again."""
_MAX_KEY_CHARACTERS = 512
_BACK = re.compile(r"/[a-z]+/[A-Za-z0-9_-]{16,64}")
_PROXY_HEADERS = ("forwarded", "x-forwarded-", "x-real-ip", "x-original-", "true-client-ip", "cf-", "via")
"""How the names begin of the headers that tunnels and proxies add."""


async def show(authority: Authority, request: Request) -> Response:
    """Answer GET of /oauth/sign-in."""
    browser = Browser(authority, request)
    query = _query(request)
    return await _page(authority, browser, first(query, "request"), back=_back(query), wrong=None)


async def sign_in(authority: Authority, request: Request) -> Response:
    """Answer POST of /oauth/sign-in: go on to the consent, or to the connected apps."""
    browser = Browser(authority, request)
    values = await read_page_form(request)
    request_id, back = first(values, "request"), _back(values)
    secret = browser.request_secret(request_id) if request_id else browser.visit_secret()
    browser.check_post(first(values, "csrf"), secret, f"sign-in|{request_id}")
    if request_id:
        await find_asked(authority, browser, request_id)
    key = await _key(authority, request, values, request_id)
    try:
        person = await authority.upstream.identify(key)
    except KeyRefused:
        await authority.audit.note(Kind.SIGN_IN_REFUSED)
        wrong = "The API does not know this key. Copy it again from your workspace, whole; a revoked key does not work."
        return await _page(authority, browser, request_id, back=back, wrong=wrong, status=401)
    except PaymentOverdue:
        return await _page(authority, browser, request_id, back=back, wrong=_OVERDUE, status=403)
    except UpstreamUnavailable:
        wrong = "The API does not answer now, so the key could not be checked. Try again in a minute."
        return await _page(authority, browser, request_id, back=back, wrong=wrong, status=503)
    await begin_session(authority, browser, person, key=key, mark=mark_of(key, person))
    await authority.audit.note(Kind.SIGNED_IN, subject=person.subject, by=_way(values))
    if request_id:
        return browser.go(f"/oauth/consent?request={quote(request_id)}")
    return browser.go(back or "/oauth/apps")


def address_for(back: str) -> str:
    """Where somebody signs in who then comes back to a page of this server, by its path."""
    return f"/oauth/sign-in?back={quote(back)}"


def _back(values: Values) -> str:
    """The page to come back to: a plain path of this server's own, or nothing (CWE-601)."""
    given = first(values, "back")
    return given if _BACK.fullmatch(given) else ""


_OVERDUE = "A payment is overdue for this workspace. Settle it under billing, then sign in again."


async def begin_session(
    authority: Authority, browser: Browser, person: Person, *, key: Secret | None, mark: str
) -> None:
    """A new session id, never one that the browser had before (session fixation).

    Under it alone lie the name, the key that waits for the consent, and the mark of a restricted key, which must not
    see or end what others of the same user granted.
    """
    now, secret = authority.clock(), authority.random()
    raw = None if key is None else key.reveal().decode()
    kept = Secret(json.dumps({"name": person.name, "key": raw, "mark": mark}))
    session = Session(
        session_hash=digest(secret),
        subject=person.subject,
        authenticated_at=now,
        last_seen_at=now,
        expires_at=now + SESSION_LIFETIME,
        sealed=seal_under_token(kept, token=Secret(secret), purpose="pasted-key"),
    )
    old = browser.session_secret
    if old is None or not await authority.store.rotate_session(digest(old), session):
        await authority.store.create_session(session)
    browser.set_session(secret)


async def find_session(authority: Authority, browser: Browser) -> Session | None:
    """Who is signed in at this browser."""
    secret = browser.session_secret
    if secret is None:
        return None
    return await authority.store.find_session(digest(secret), now=authority.clock(), idle=SESSION_IDLE)


def session_name(browser: Browser, session: Session) -> str:
    """What the person is called, or the id of their user."""
    return _kept(browser, session).get("name") or session.subject


def may_manage(browser: Browser, session: Session, details: GrantDetails) -> bool:
    """Whether who signed in may see and end a grant: with a full key every one of the user, else that key's own."""
    mark = _kept(browser, session).get("mark")
    return mark is not None and mark in {"", details.key_mark}


def session_key(authority: Authority, browser: Browser, session: Session) -> Secret | None:
    """The key that was given a moment ago and waits for the consent."""
    key = _kept(browser, session).get("key")
    if key is None or authority.clock() - session.authenticated_at > KEY_KEPT:
        return None
    return Secret(key)


def _kept(browser: Browser, session: Session) -> Mapping[str, str | None]:
    secret = browser.session_secret
    if session.sealed is None or secret is None:
        return {}
    try:
        opened = open_under_token(session.sealed, token=Secret(secret), purpose="pasted-key")
    except CannotOpen:
        return {}
    found: Mapping[str, str | None] = json.loads(opened.reveal())
    return found


async def identified(authority: Authority, browser: Browser) -> tuple[Session, Secret, Person] | None:
    """Who is signed in with a key at hand, as the API knows them now; None if they have to sign in (again).

    Raises:
        NotForTheClient: the API does not answer.
    """
    session = await find_session(authority, browser)
    key = None if session is None else session_key(authority, browser, session)
    if session is None or key is None:
        return None
    try:
        return session, key, await authority.upstream.identify(key)
    except KeyRefused:
        return None
    except PaymentOverdue:
        raise NotForTheClient("A payment is overdue", _OVERDUE, status=403) from None
    except UpstreamUnavailable:
        raise NotForTheClient(
            "The API does not answer now",
            "Nothing was granted.",
            advice="Load this page again in a minute.",
            status=503,
        ) from None


def local_user_for(authority: Authority, request: Request) -> LocalUser | None:
    """The local user, if this request can only come from the machine that the server runs on."""
    here = urlsplit(authority.policy.issuer).hostname or ""
    client = request.client.host if request.client else ""
    if authority.local_user is None or not redirects.parse(f"http://{_bracketed(here)}/").is_loopback:
        return None
    # A tunnel or proxy on this machine would make the whole internet look local.
    if not _is_loopback(client) or any(name.startswith(_PROXY_HEADERS) for name in request.headers):
        return None
    return authority.local_user


def asking(authority: Authority, client: KnownClient, asked: Asked) -> pages.Asking:
    """Who asks, for a page."""
    return pages.Asking(
        client_name=client.name,
        is_verified=client.kind != "dynamic",
        domain=client.domain,
        destination=redirects.display_host(asked.redirect_uri),
        is_loopback_only=client.is_loopback_only,
        resource=asked.resource,
    )


async def read_page_form(request: Request) -> Values:
    """The form of a page of ours.

    Raises:
        NotForTheClient: it is none.
    """
    try:
        return await read_form(request)
    except OAuthError as refusal:
        raise NotForTheClient("This form cannot be read", f"{refusal.description}.", status=refusal.status) from None


def _query(request: Request) -> Values:
    try:
        return read_query(request)
    except OAuthError as refusal:
        raise NotForTheClient("This link is broken", f"{refusal.description}.", status=refusal.status) from None


async def _key(authority: Authority, request: Request, values: Values, request_id: str) -> Secret:
    if first(values, "action") == "local":
        local = local_user_for(authority, request)
        if local is None:
            raise NotForTheClient(
                "Only from the same machine",
                "Signing in by one click works at the machine that the server runs on.",
                advice="Sign in with an API key instead.",
                status=403,
            )
        return local.key
    hits = [await authority.hit("sign_in_address", address_of(request))]
    if request_id:
        hits.append(await authority.hit("sign_in_request", request_id))
    if not all(hit.is_allowed for hit in hits):
        raise NotForTheClient(
            "Too many tries",
            "Too many keys were tried from here.",
            advice="Wait ten minutes, then connect again from your app.",
            status=429,
            retry_after_seconds=max(hit.retry_after_seconds for hit in hits),
        )
    return Secret(first(values, "api_key").strip()[:_MAX_KEY_CHARACTERS])


def _way(values: Values) -> str:
    return "local" if first(values, "action") == "local" else "key"


async def _page(
    authority: Authority, browser: Browser, request_id: str, *, back: str, wrong: str | None, status: int = 200
) -> Response:
    asks = None
    if request_id:
        _, asked = await find_asked(authority, browser, request_id)
        asks = asking(authority, await asking_client(authority, asked), asked)
    secret = browser.request_secret(request_id) if request_id else browser.visit_secret()
    local = local_user_for(authority, browser.request)
    html = pages.sign_in(
        pages.SignIn(
            csrf=browser.csrf(secret or "", f"sign-in|{request_id}"),
            request_id=request_id or None,
            back=back,
            asking=asks,
            local_user=None if local is None else local.name,
            wrong=wrong,
        )
    )
    return browser.page(html, status)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
