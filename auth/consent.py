"""The consent page: who asks for what, what the person grants of it, and the code that the client gets."""

import logging
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from auth import pages, redirects
from auth.audit import Kind
from auth.authority import Authority
from auth.authorize import Asked, answer_to, asking_client, find_asked
from auth.broker import Brand, ChildKey, GrantDetails, KeyRefused, Person, UpstreamUnavailable, key_scopes, mark_of
from auth.browser import Browser
from auth.clients import KnownClient
from auth.display import shown
from auth.errors import NotForTheClient, OAuthError
from auth.forms import first, read_query
from auth.plans import Values
from auth.policy import CODE_LIFETIME
from auth.records import Code, Consent, PendingRequest, Session, Unavailable, digest
from auth.scopes import (
    SCOPES,
    BroadScope,
    Preset,
    Scope,
    TokenScope,
    expand,
    format_scopes,
    granted,
    parse_scopes,
)
from auth.sign_in import asking, begin_session, identified, read_page_form
from auth.vault import Secret, seal_under_token

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

MAX_BRANDS = 50
"""A token for the REST API names its brands, and has to stay below 4 KiB."""
ROOM_FOR_BRANDS = 1900
"""Characters of the brands' and the client's ids together: base64 makes a third more, and the rest takes its part."""


async def show(authority: Authority, request: Request) -> Response:
    """Answer GET of /oauth/consent: always ask, whatever was granted before (GHSA-6x8h-498w-gv8c)."""
    browser = Browser(authority, request)
    try:
        request_id = first(read_query(request), "request")
    except OAuthError as refusal:
        raise NotForTheClient("This link is broken", f"{refusal.description}.") from None
    _, asked = await find_asked(authority, browser, request_id)
    found = await identified(authority, browser)
    if found is None:
        return browser.go(f"/oauth/sign-in?request={quote(request_id)}")
    _check_key(authority, asked, found[2])
    return await _page(authority, browser, request_id, asked, found[2], values=None, wrong=None)


async def answer(authority: Authority, request: Request) -> Response:
    """Answer POST of /oauth/consent: send the browser back to the client, with a code or with a refusal."""
    browser = Browser(authority, request)
    values = await read_page_form(request)
    request_id = first(values, "request")
    browser.check_post(first(values, "csrf"), browser.request_secret(request_id), f"consent|{request_id}")
    waiting, asked = await find_asked(authority, browser, request_id)
    if first(values, "decision") != "approve":
        return await _deny(authority, browser, request_id, waiting, asked)
    found = await identified(authority, browser)
    if found is None:
        return browser.go(f"/oauth/sign-in?request={quote(request_id)}")
    session, key, person = found
    _check_key(authority, asked, person)
    if first(values, "account") not in {"", person.subject}:
        return await _page(
            authority, browser, request_id, asked, person, values=None, wrong=_ACCOUNT_CHANGED, status=409
        )
    client = await asking_client(authority, asked)
    preset = _preset(_offered(authority, asked, _possible(asked, person)), values)
    if preset is None:
        return await _page(authority, browser, request_id, asked, person, values=None, wrong=_ROLE_WRONG, status=422)
    brands = _brands(person, values)
    scopes = _chosen(asked, person, preset, values, brands)
    wrong = _what_is_wrong(authority, asked, scopes, brands)
    if brands is None or wrong is not None:
        return await _page(authority, browser, request_id, asked, person, values=values, wrong=wrong, status=422)
    # Taken before the key is made: of two answers at once only one makes a key.
    if not await _take(authority, browser, request_id, waiting):
        raise _answered()
    try:
        child = await _child_key(authority, key, person, client, scopes, brands)
    except UpstreamUnavailable:
        await authority.store.save_request(waiting)
        raise NotForTheClient(
            "The API does not answer now",
            "Nothing was granted.",
            advice="Go back and approve again in a minute.",
            status=503,
        ) from None
    details = GrantDetails(
        client_name=shown(client.name),
        redirect_host=redirects.display_host(asked.redirect_uri),
        brands=brands,
        upstream_key_id=child.key_id or None,
        upstream_key_name=child.name,
        drafts_only=preset.drafts_only and Scope.POSTS_WRITE in scopes,
        key_mark=mark_of(key, person),
    )
    try:
        code = await _issue(authority, asked, client, session, scopes, child, details)
    except Unavailable:
        await _discard(authority, key, child)
        raise
    # The key that was pasted is dropped here; the sign-in stays for the list of apps.
    await begin_session(authority, browser, person, key=None, mark=mark_of(key, person))
    browser.close_request(request_id)
    return browser.go(answer_to(authority, asked.redirect_uri, asked.state, {"code": code}))


async def _discard(authority: Authority, key: Secret, child: ChildKey) -> None:
    """Delete the key of a grant that could not be kept: nobody would know of it."""
    if not child.key_id:
        return
    try:
        await authority.upstream.discard(key, child)
    except (KeyRefused, UpstreamUnavailable):
        logger.warning("the key %s was made for nobody and could not be deleted", child.key_id)


_ROLE_WRONG = "Choose one of these roles."
_ACCOUNT_CHANGED = "Another account was signed in meanwhile; nothing was granted. Look whose it is, and choose again."
_BRANDS_WRONG = f"Choose at least one brand and at most {MAX_BRANDS}, or all of them."


_TOO_MANY = "These are more brands than a token of this app can name: choose fewer, or all of them."


def _what_is_wrong(
    authority: Authority, asked: Asked, scopes: frozenset[TokenScope], brands: tuple[Brand, ...] | None
) -> str | None:
    if brands is None:
        return _BRANDS_WRONG
    if not _fits(authority, asked, brands):
        return _TOO_MANY
    return None if scopes else "Choose at least one permission of the role."


def _fits(authority: Authority, asked: Asked, brands: tuple[Brand, ...]) -> bool:
    """Whether a token that names these brands stays within its 4 KiB, whatever its scopes."""
    if not brands or asked.resource != authority.policy.rest_resource:
        return True
    named = sum(len(brand.brand_id) + len('"",') for brand in brands)
    return len(asked.client_id) + named <= ROOM_FOR_BRANDS


def _check_key(authority: Authority, asked: Asked, person: Person) -> None:
    """Refuse a restricted key for the REST API of this server, which judges a token by itself and never sees the key.

    What a restricted key may do is known in part only: of scopes without a read, and of brands, nothing is.

    Raises:
        NotForTheClient: 403.
    """
    if asked.resource == authority.policy.rest_resource and not person.may_mint:
        raise NotForTheClient(
            "This key is restricted",
            "An app can be given a part of what a key may do at this API only where the key is a full one.",
            advice="Go back to your app and connect again with a full key, or give the app this key itself.",
            status=403,
        )


async def _deny(
    authority: Authority, browser: Browser, request_id: str, waiting: PendingRequest, asked: Asked
) -> Response:
    if not await _take(authority, browser, request_id, waiting):
        raise _answered()
    await authority.audit.note(Kind.DENIED, client_id=asked.client_id)
    browser.close_request(request_id)
    refusal = OAuthError("access_denied", "the person said no")
    return browser.go(answer_to(authority, asked.redirect_uri, asked.state, refusal.body()))


async def _take(authority: Authority, browser: Browser, request_id: str, waiting: PendingRequest) -> bool:
    secret = browser.request_secret(request_id) or ""
    taken = await authority.store.consume_request(
        waiting.request_hash, browser_hash=digest(secret), now=authority.clock()
    )
    return taken is not None


def _answered() -> NotForTheClient:
    return NotForTheClient(
        "This sign-in is over", "It was answered a moment ago.", advice="Go back to your app.", status=409
    )


def _preset(offered: Sequence[Preset], values: Values) -> Preset | None:
    named = first(values, "preset")
    return next((preset for preset in offered if preset.name == named), None)


def _possible(asked: Asked, person: Person) -> frozenset[TokenScope]:
    everything: frozenset[TokenScope] = frozenset((*BroadScope, *Scope))
    return granted(parse_scopes(asked.scope), everything, person.scopes)


def _chosen(
    asked: Asked, person: Person, preset: Preset, values: Values, brands: tuple[Brand, ...] | None
) -> frozenset[TokenScope]:
    """What was asked, chosen, and possible: the role and the ticks, within what the key can do."""
    possible = _possible(asked, person)
    ticked: set[TokenScope] = {scope for scope in Scope if scope.value in values.get("scope", ())}
    chosen = preset.scopes & ticked
    # Everything means everything: with one tick less, or some brands only, it is the single scopes that are left.
    if BroadScope.SOCIAL_ALL in preset.scopes and ticked >= possible - frozenset(BroadScope) and not brands:
        chosen |= {BroadScope.SOCIAL_ALL}
    scopes = granted(possible, chosen, possible) if chosen else frozenset()
    if brands:
        # A key that is limited to brands cannot have what covers the whole account.
        scopes = frozenset(one for one in scopes if isinstance(one, Scope) and not SCOPES[one].account_level)
    return scopes


def _brands(person: Person, values: Values) -> tuple[Brand, ...] | None:
    """The chosen brands, none of them for all; None if the choice makes no sense."""
    if first(values, "brands") != "some" or not person.may_mint:
        return ()
    ticked = set(values.get("brand", ()))
    chosen = tuple(brand for brand in person.brands if brand.brand_id in ticked)
    return chosen if 0 < len(chosen) <= MAX_BRANDS and len(chosen) == len(ticked) else None


async def _child_key(
    authority: Authority,
    key: Secret,
    person: Person,
    client: KnownClient,
    scopes: frozenset[TokenScope],
    brands: tuple[Brand, ...],
) -> ChildKey:
    """A narrower key for this grant alone, where the given one can make it; else the given one."""
    if not person.may_mint:
        return ChildKey(key=key, key_id="")
    name = f"{shown(client.name, 60)} · {authority.clock().date().isoformat()}"
    try:
        return await authority.upstream.mint(
            key, name=name, scopes=key_scopes(scopes), brand_ids=[brand.brand_id for brand in brands]
        )
    except KeyRefused:
        raise UpstreamUnavailable from None


async def _issue(
    authority: Authority,
    asked: Asked,
    client: KnownClient,
    session: Session,
    scopes: frozenset[TokenScope],
    child: ChildKey,
    details: GrantDetails,
) -> str:
    now: datetime = authority.clock()
    code, grant_id = f"ac_{authority.random()}", f"gr_{authority.random()[:22]}"
    scope = format_scopes(scopes)
    await authority.store.save_code(
        Code(
            code_hash=digest(code),
            grant_id=grant_id,
            client_id=asked.client_id,
            subject=session.subject,
            redirect_uri=asked.redirect_uri,
            scope=scope,
            resource=asked.resource,
            challenge=asked.challenge,
            document_hash=client.document_hash,
            authenticated_at=session.authenticated_at,
            expires_at=now + CODE_LIFETIME,
            # Under the code itself: one that is never redeemed leaves nothing that could be read.
            sealed_credential=seal_under_token(child.key, token=Secret(code), purpose="pasted-key"),
            details=details.as_json(),
        )
    )
    await authority.store.save_consent(
        Consent(
            subject=session.subject,
            client_id=asked.client_id,
            redirect_host=details.redirect_host,
            scope=scope,
            granted_at=now,
            expires_at=now + authority.policy.grant_lifetime,
        )
    )
    await authority.audit.note(
        Kind.CODE_ISSUED,
        subject=session.subject,
        client_id=asked.client_id,
        grant_id=grant_id,
        scope=scope,
        brands=[brand.brand_id for brand in details.brands],
    )
    return code


async def _page(
    authority: Authority,
    browser: Browser,
    request_id: str,
    asked: Asked,
    person: Person,
    *,
    values: Values | None,
    wrong: str | None,
    status: int = 200,
) -> Response:
    client = await asking_client(authority, asked)
    possible = _possible(asked, person)
    scopes = [scope for scope in Scope if scope in possible]
    offered = _offered(authority, asked, possible)
    if not scopes or not offered:
        raise NotForTheClient(
            "This key cannot do what the app asks for",
            "The app asks for permissions that your key does not have.",
            advice="Go back to your app and connect again with another key.",
            status=403,
        )
    chosen = first(values or {}, "preset") or offered[0].name
    ticked = None if values is None else set(values.get("scope", ()))
    html = pages.consent(
        pages.Consent(
            csrf=browser.csrf(browser.request_secret(request_id) or "", f"consent|{request_id}"),
            request_id=request_id,
            asking=asking(authority, client, asked),
            account=person.name,
            account_id=person.subject,
            scopes=tuple(
                pages.ScopeChoice(
                    name=scope.value,
                    description=SCOPES[scope].description,
                    group=SCOPES[scope].group,
                    presets=tuple(preset.name for preset in offered if scope in preset.scopes),
                    is_ticked=ticked is None or scope.value in ticked,
                )
                for scope in scopes
            ),
            presets=tuple(
                pages.PresetChoice(name=one.name, meaning=one.meaning, is_chosen=one.name == chosen) for one in offered
            ),
            brands=tuple(
                pages.BrandChoice(
                    brand_id=brand.brand_id,
                    name=brand.name,
                    is_ticked=values is not None and brand.brand_id in values.get("brand", ()),
                )
                for brand in person.brands
            ),
            can_narrow_brands=person.may_mint,
            key_note=_KEY_MADE if person.may_mint else _KEY_KEPT,
            lifetime_days=authority.policy.grant_lifetime.days,
            wrong=wrong,
            is_some_brands=values is not None and first(values, "brands") == "some",
        )
    )
    return browser.page(html, status)


_KEY_MADE = "A new key with only these permissions is made for this app; the key that you gave is not kept."
_KEY_KEPT = (
    "Your key cannot make a narrower one of itself, so it is kept, encrypted, for this app, "
    "which still gets only these permissions."
)


def _offered(authority: Authority, asked: Asked, possible: frozenset[TokenScope]) -> list[Preset]:
    """The roles that differ in what they would give."""
    # What makes drafts of posts is the MCP endpoint; the REST API knows scopes alone.
    is_rest = asked.resource == authority.policy.rest_resource
    presets = [preset for preset in authority.policy.presets if not (is_rest and preset.drafts_only)]
    offered, seen = list[Preset](), set[tuple[frozenset[TokenScope], bool]]()
    for preset in presets:
        gives = expand(preset.scopes) & possible, preset.drafts_only and Scope.POSTS_WRITE in possible
        if gives[0] and gives not in seen:
            seen.add(gives)
            offered.append(preset)
    return offered
