"""The token endpoint: what is known is read, the engine plans, the store does the contested step, a token is signed.

RFC 6749 §3.2 and §5, OAuth 2.1 §3.2 and §4, RFC 7523 §2, RFC 8707 §2.2.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from auth import engine
from auth.audit import Kind
from auth.authority import Authority
from auth.client_documents import is_document_url
from auth.clients import ClientProblem, KnownClient
from auth.engine_seam import basic, normal_resource
from auth.errors import (
    OAuthError,
    invalid_client,
    invalid_grant,
    invalid_request,
    invalid_target,
    too_many,
)
from auth.forms import address_of, first, header, read_form
from auth.issuing import GONE, issue, within
from auth.links import link_id
from auth.plans import Assertion, ByEnterprise, ByItself, Known, Plan, Redeem, Rotate, Values
from auth.records import (
    Grant,
    NewRefreshToken,
    Redeemed,
    Replayed,
    digest,
)
from auth.refreshing import rotate
from auth.responses import json_response
from auth.vault import Secret, open_under_token

_NOTED_EVERY = timedelta(hours=1)


async def token(authority: Authority, request: Request) -> Response:
    """Answer POST of /oauth/token; raises OAuthError."""
    values = await read_form(request)
    authorization = header(request, b"authorization")
    engine.check_form(values, authorization)
    if not first(values, "grant_type"):
        raise invalid_request("grant_type is missing")
    if "resource" in values:
        values = {**values, "resource": [authority.policy.canonical(normal_resource(first(values, "resource")))]}
    credentials = basic(authorization)
    client_id = engine.client_id_of(values, credentials) or ""
    await check_limits(authority, "token_client", client_id, request)
    known = await _known(authority, values, client_id, credentials)
    plan = await _plan(authority, values, authorization, known, client_id=client_id, request=request)
    body = await _carry_out(authority, plan, values)
    return json_response(body)


async def check_limits(authority: Authority, limit: str, client_id: str, request: Request) -> None:
    """Refuse a client that asks too often, or guesses secrets, from this address.

    Raises:
        OAuthError: 429.
    """
    if not authority.limits_enforced:
        return
    address = address_of(request)
    for hit in (
        authority.lockout.check(client_id, address),
        # A new client id each time must not be a new allowance; hosts call for many people from few addresses.
        await authority.hit("token_address", address),
        await authority.hit(limit, client_id, address),
    ):
        if not hit.is_allowed:
            raise too_many(hit.retry_after_seconds)


async def find_client(authority: Authority, client_id: str, *, may_fetch: bool) -> KnownClient | None:
    """The client of a token, revocation or introspection request; raises OAuthError for an unusable document.

    Its metadata document is fetched only for who holds something that was issued to it (`may_fetch`).
    """
    if not client_id:
        return None
    try:
        return await authority.clients.find(
            client_id, now=authority.clock(), is_token_request=True, may_fetch=may_fetch
        )
    except ClientProblem as problem:
        raise invalid_client(f"the client's metadata document cannot be used: {problem.reason}") from None


async def client_keys(authority: Authority, client: KnownClient | None, values: Values) -> Mapping[str, Any] | None:
    """The client's public keys, if it sent an assertion; raises OAuthError when they cannot be had."""
    if client is None or "client_assertion" not in values or "private_key_jwt" not in client.auth_methods:
        return None
    try:
        return await authority.clients.public_keys(client)
    except ClientProblem as problem:
        raise invalid_client(f"the client's keys cannot be had: {problem.reason}") from None


async def note_assertions(authority: Authority, assertions: tuple[Assertion, ...], code: str) -> None:
    """Use up the assertions of a request, each once (RFC 7523 §3).

    Raises:
        OAuthError: one was used before.
    """
    for one in assertions:
        name = digest(f"{one.issuer}|{one.token_id}")
        end = datetime.fromtimestamp(one.expires_at + 60, authority.clock().tzinfo)
        if not await authority.store.insert_jti(name, expires_at=end):
            await authority.audit.note(Kind.ASSERTION_REPLAYED)
            raise OAuthError(code, "the assertion was used before; sign a new one")


async def _known(
    authority: Authority, values: Values, client_id: str, credentials: tuple[str | None, str | None]
) -> Known:
    grant_type = first(values, "grant_type")
    code = issuer_keys = None
    if grant_type == "authorization_code" and first(values, "code"):
        code = await authority.store.find_code(digest(first(values, "code")))
    elif grant_type == engine.JWT_BEARER and first(values, "assertion"):
        issuer_keys = await _issuer_keys(authority, first(values, "assertion"), client_id)
    is_holder = code is not None and code.client_id == client_id
    client = await find_client(authority, client_id, may_fetch=is_holder or issuer_keys is not None)
    if client is None and grant_type == "refresh_token" and is_document_url(client_id):
        # A document that was seen before is read without asking who comes; another only for who holds a token.
        family = await authority.store.find_refresh(digest(first(values, "refresh_token")))
        if family is not None and family[1].client_id == client_id:
            client = await find_client(authority, client_id, may_fetch=True)
    return Known(
        now=authority.clock(),
        client=client,
        credentials=credentials,
        client_keys=await client_keys(authority, client, values),
        code=code,
        issuer_keys=issuer_keys,
    )


async def _issuer_keys(authority: Authority, assertion: str, client_id: str) -> Mapping[str, Any] | None:
    issuer = engine.assertion_issuer(assertion)
    trusted = next((one for one in authority.policy.trusted_issuers if one.issuer == issuer), None)
    if trusted is None or (trusted.clients and client_id not in trusted.clients) or authority.documents is None:
        return None
    try:
        return await authority.clients.public_keys(
            KnownClient(client_id=trusted.issuer, kind="operator", name="", redirect_uris=(), keys_url=trusted.jwks_uri)
        )
    except ClientProblem as problem:
        raise OAuthError(
            "temporarily_unavailable", f"the keys of the identity provider cannot be had: {problem.reason}", 503
        ) from None


async def _plan(
    authority: Authority, values: Values, authorization: str | None, known: Known, *, client_id: str, request: Request
) -> Plan:
    try:
        plan = authority.engine.plan(values, authorization, known)
    except OAuthError as refusal:
        if refusal.code == "invalid_client":
            authority.lockout.fail(client_id, address_of(request))
            await authority.audit.note(Kind.CLIENT_REFUSED, client_id=client_id)
        raise
    if authority.lockout.knows_any and known.client is not None and not known.client.is_public:
        authority.lockout.succeed(client_id, address_of(request))
    is_identity = isinstance(plan.step, ByEnterprise)
    await note_assertions(authority, plan.assertions, "invalid_grant" if is_identity else "invalid_client")
    return plan


async def _carry_out(authority: Authority, plan: Plan, values: Values) -> dict[str, Any]:
    match plan.step:
        case Redeem() as step:
            return await _redeem(authority, step, first(values, "code"))
        case Rotate() as step:
            return await rotate(authority, step, first(values, "refresh_token"))
        case ByItself() as step:
            return await _by_itself(authority, step, values)
        case ByEnterprise() as step:
            return await _by_enterprise(authority, step, values)


async def _redeem(authority: Authority, step: Redeem, raw_code: str) -> dict[str, Any]:
    code, now = step.code, authority.clock()
    if code.used_at is not None or code.sealed_credential is None:
        await _replayed(authority, code.grant_id, step.client)
    key = open_under_token(code.sealed_credential or b"", token=Secret(raw_code), purpose="pasted-key")
    sealed = authority.credentials.seal(key, grant_id=code.grant_id, subject=code.subject, resource=code.resource)
    grant = Grant(
        grant_id=code.grant_id,
        subject=code.subject,
        client_id=code.client_id,
        scope=code.scope,
        resource=code.resource,
        sealed_credential=sealed.sealed,
        wrapped_key=sealed.wrapped_key,
        wrapping_key_id=sealed.wrapping_key_id,
        document_hash=code.document_hash,
        authenticated_at=code.authenticated_at,
        created_at=now,
        last_used_at=now,
        expires_at=now + authority.policy.grant_lifetime,
        details=code.details,
    )
    raw_refresh = f"rt_{authority.random()}" if "refresh_token" in step.client.grant_types else None
    refresh = None
    if raw_refresh is not None:
        refresh = NewRefreshToken(token_hash=digest(raw_refresh), expires_at=now + authority.policy.refresh_lifetime)
    outcome = await authority.store.redeem_code(
        code.code_hash, client_id=step.client.client_id, grant=grant, refresh=refresh, now=now
    )
    match outcome:
        case Redeemed():
            await authority.audit.note(
                Kind.TOKENS_ISSUED, subject=grant.subject, client_id=grant.client_id, grant_id=grant.grant_id
            )
            return issue(authority, grant, grant.scope, refresh_token=raw_refresh)
        case Replayed():
            await _replayed(authority, code.grant_id, step.client)
        case _:
            pass
    raise invalid_grant(GONE)


async def _replayed(authority: Authority, grant_id: str, client: KnownClient) -> None:
    """RFC 6749 §4.1.2: a code that comes twice ends what it gave; raises OAuthError."""
    await authority.audit.note(Kind.CODE_REPLAYED, client_id=client.client_id, grant_id=grant_id)
    await authority.revoke(grant_id, because="code_replayed", client_id=client.client_id)
    authority.deny_everywhere(grant_id, authority.clock() + authority.policy.access_lifetime)
    raise invalid_grant(GONE)


async def _by_itself(authority: Authority, step: ByItself, values: Values) -> dict[str, Any]:
    grant = None if step.client.grant_id is None else await authority.grant_of_machine(step.client.grant_id)
    if grant is None or not _is_live(grant, authority.clock()):
        raise OAuthError("unauthorized_client", "no upstream key belongs to this client; the operator binds one to it")
    _check_resource(values, grant)
    scope = within(step.scope or grant.scope, grant.scope)
    await _note_use(authority, grant)
    return issue(authority, grant, scope, client_id=step.client.client_id, is_person=False)


async def _by_enterprise(authority: Authority, step: ByEnterprise, values: Values) -> dict[str, Any]:
    """Draft-ietf-oauth-identity-assertion-authz-grant: no refresh token, and only for a person who is linked."""
    tenant = step.claims.get("tenant")
    grant = await authority.store.find_grant(
        link_id(step.issuer, step.subject, tenant if isinstance(tenant, str) else "")
    )
    if grant is None or not _is_live(grant, authority.clock()):
        raise invalid_grant("no account here is linked to this person; the operator links one")
    claimed = step.claims.get("resource")
    if claimed is not None and normal_resource(claimed) != grant.resource:
        raise invalid_target("resource of the assertion is not one of this server")
    _check_resource(values, grant)
    scope = within(step.scope or grant.scope, grant.scope)
    await _note_use(authority, grant)
    return issue(authority, grant, scope, client_id=step.client.client_id)


async def _note_use(authority: Authority, grant: Grant) -> None:
    """For grants that have no refresh, which notes it otherwise; seldom, because it is a write."""
    now = authority.clock()
    if now - grant.last_used_at >= _NOTED_EVERY:
        await authority.store.touch_grant(grant.grant_id, now=now)
        authority.forget_machine(grant.grant_id)


def _is_live(grant: Grant, now: datetime) -> bool:
    return grant.revoked_at is None and grant.upstream_invalid_at is None and grant.expires_at > now


def _check_resource(values: Values, grant: Grant) -> None:
    """Refuse another resource than the grant's (RFC 8707 §2.2); raises OAuthError."""
    asked = first(values, "resource")
    if asked and normal_resource(asked) != grant.resource:
        raise invalid_target("resource is not one of this server; use the address of its MCP endpoint")
