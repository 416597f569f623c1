"""The authorization endpoint: checks a request in the order that is safe, and keeps it for the pages to answer.

Until client and redirect URI are known to belong together, a refusal is a page; afterwards it goes to the redirect
URI, with `state` and `iss` (RFC 6749 §4.1.2.1, RFC 9207 §2).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from auth import redirects
from auth.authority import Authority
from auth.browser import Browser
from auth.clients import ClientProblem, KnownClient
from auth.engine_seam import normal_resource
from auth.errors import NotForTheClient, OAuthError, invalid_scope, invalid_target
from auth.forms import address_of, first, read_form, read_query
from auth.plans import Values
from auth.policy import REQUEST_LIFETIME
from auth.records import PendingRequest, digest
from auth.scopes import BroadScope, Scope, TokenScope, UnknownScope, format_scopes, parse_scopes

EVERYTHING: frozenset[TokenScope] = frozenset((*BroadScope, *Scope))
"""What a request without a scope asks for; the person chooses, and reading is chosen at first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An authorization request in order, as it waits for the person."""

    client_id: str
    redirect_uri: str
    resource: str
    challenge: str
    scope: str
    state: str | None

    def as_json(self) -> str:
        return json.dumps({name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def of(cls, text: str) -> "Asked":
        return cls(**json.loads(text))


async def authorize(authority: Authority, request: Request) -> Response:
    """Answer GET and POST of /oauth/authorize."""
    browser = Browser(authority, request)
    hit = await authority.hit("authorize_address", address_of(request))
    if not hit.is_allowed:
        raise NotForTheClient(
            "Too many sign-ins at once",
            "This network opened very many sign-ins within a minute.",
            advice="Wait a minute, then connect again from your app.",
            status=429,
            retry_after_seconds=hit.retry_after_seconds,
        )
    values = await _values(request)
    _check_repeats(values)
    client = await _client(authority, values, request)
    redirect_uri = _redirect_uri(client, values)
    try:
        asked = _asked(authority, values, client, redirect_uri)
    except OAuthError as refusal:
        return browser.go(answer_to(authority, redirect_uri, first(values, "state") or None, refusal.body()))
    request_id = authority.random()
    await authority.store.save_request(
        PendingRequest(
            request_hash=digest(request_id),
            browser_hash=digest(browser.open_request(request_id)),
            csrf_hash=digest(request_id),
            parameters=asked.as_json(),
            expires_at=authority.clock() + REQUEST_LIFETIME,
        )
    )
    # A page of its own address: going back and forth or loading again asks nothing anew.
    return browser.go(f"/oauth/consent?request={quote(request_id)}")


def answer_to(authority: Authority, redirect_uri: str, state: str | None, members: Mapping[str, str]) -> str:
    """The redirect URI with an answer, which always says who answers (RFC 9207 §2)."""
    # Once more, right before it is used: what is stored may be older than a rule.
    redirects.parse(redirect_uri)
    query = {**members, **({} if state is None else {"state": state}), "iss": authority.policy.issuer}
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(query)}"


async def find_asked(authority: Authority, browser: Browser, request_id: str) -> tuple[PendingRequest, Asked]:
    """The request that this browser opened and that waits for an answer.

    Raises:
        NotForTheClient: it is over, or another browser's.
    """
    secret = browser.request_secret(request_id)
    found = None
    if secret is not None:
        found = await authority.store.find_request(
            digest(request_id), browser_hash=digest(secret), now=authority.clock()
        )
    if found is None:
        raise NotForTheClient(
            "This sign-in is over",
            "It was answered already, it took longer than ten minutes, or it was opened in another browser.",
            advice="Go back to your app and connect again.",
        )
    return found, Asked.of(found.parameters)


async def asking_client(authority: Authority, asked: Asked) -> KnownClient:
    """The client of a waiting request, as it is now.

    Raises:
        NotForTheClient: it is gone, or no longer has the redirect URI.
    """
    try:
        client = await authority.clients.find(asked.client_id, now=authority.clock())
    except ClientProblem as problem:
        raise _unusable(problem.reason) from None
    if client is None or redirects.find_match(client.redirect_uris, asked.redirect_uri) is None:
        raise _unusable("it is not registered here any more")
    return client


async def _values(request: Request) -> Values:
    try:
        return read_query(request) if request.method == "GET" else await read_form(request)
    except OAuthError as refusal:
        raise NotForTheClient("This sign-in link is broken", f"{refusal.description}.", status=refusal.status) from None


def _check_repeats(values: Values) -> None:
    """RFC 6749 §3.1; of all parameters, because a repeated `resource` or `code_challenge` is as ambiguous."""
    if any(len(given) > 1 for given in values.values()):
        raise NotForTheClient("This sign-in link is broken", "A parameter in it is repeated.")


async def _client(authority: Authority, values: Values, request: Request) -> KnownClient:
    client_id = first(values, "client_id")
    if not client_id:
        raise NotForTheClient("This sign-in link is broken", "It does not say which app asks (client_id).")
    if client_id.startswith("https://"):
        hit = await authority.hit("document_address", address_of(request))
        if not hit.is_allowed:
            raise NotForTheClient(
                "Too many sign-ins at once",
                "Wait a minute, then connect again.",
                status=429,
                retry_after_seconds=hit.retry_after_seconds,
            )
    try:
        client = await authority.clients.find(client_id, now=authority.clock())
    except ClientProblem as problem:
        raise _unusable(problem.reason) from None
    if client is None:
        raise NotForTheClient(
            "This app is not known here",
            "It is not registered, or its registration ran out.",
            advice="Remove the connection in your app and add it again, so that it registers anew.",
        )
    return client


def _redirect_uri(client: KnownClient, values: Values) -> str:
    asked = first(values, "redirect_uri")
    if not asked:
        raise NotForTheClient("This sign-in link is broken", "It does not say where to return to (redirect_uri).")
    if redirects.find_match(client.redirect_uris, asked) is None:
        raise NotForTheClient(
            "This sign-in would return to a wrong place",
            "The address to return to is not one that the app registered, so nothing is sent there.",
            advice="If you did not start this yourself, close the page.",
        )
    return asked


def _asked(authority: Authority, values: Values, client: KnownClient, redirect_uri: str) -> Asked:
    found = authority.engine.authorize(values, client, now=authority.clock())
    if "request" in values or "request_uri" in values:
        raise OAuthError("request_not_supported", "request objects are not supported here")
    resource = _resource(authority, values)
    scope = _scope(values, client)
    if "none" in first(values, "prompt").split():
        # Consent is always asked for, so without a prompt there is never an answer (OpenID Connect Core §3.1.2.6).
        raise OAuthError("consent_required", "this server always asks the person")
    return Asked(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        resource=resource,
        challenge=found.challenge,
        scope=scope,
        state=found.state,
    )


def _resource(authority: Authority, values: Values) -> str:
    asked = first(values, "resource")
    if not asked:
        # Clients of 2025-03-26 do not know the parameter.
        return authority.policy.resources[0]
    asked_for = authority.policy.canonical(normal_resource(asked))
    found = {normal_resource(one): one for one in authority.policy.resources}.get(asked_for)
    if found is None or "#" in asked:
        raise invalid_target("resource is not one of this server; use the address of its MCP endpoint")
    return found


def _scope(values: Values, client: KnownClient) -> str:
    try:
        asked = parse_scopes(first(values, "scope")) or EVERYTHING
        if client.kind == "operator" and client.scope is not None:
            asked &= parse_scopes(client.scope)
    except UnknownScope as problem:
        raise invalid_scope(str(problem)) from None
    if not asked:
        raise invalid_scope("this client may ask for none of these scopes")
    return format_scopes(asked)


def _unusable(reason: str) -> NotForTheClient:
    return NotForTheClient(
        "This app cannot be used now",
        f"What it says about itself could not be used: {reason}.",
        advice="Try again later, or tell the makers of the app.",
    )
