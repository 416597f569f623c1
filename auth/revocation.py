"""Ends tokens for their clients (RFC 7009), and tells resource servers of the operator's about them (RFC 7662)."""

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from auth import engine
from auth.audit import Kind
from auth.authority import Authority
from auth.clients import KnownClient
from auth.engine_seam import basic
from auth.errors import OAuthError, invalid_client, invalid_request
from auth.forms import address_of, first, header, read_form
from auth.plans import Known, Values
from auth.records import digest
from auth.responses import json_response
from auth.signing_keys import SKEW
from auth.token_endpoint import check_limits, client_keys, find_client, note_assertions
from auth.tokens import Claims, TokenRefused

_INACTIVE: dict[str, Any] = {"active": False}


async def revoke(authority: Authority, request: Request) -> Response:
    """Answer POST of /oauth/revoke: always 200 for a client that is one, whatever the token was (RFC 7009 §2.2)."""
    values, client = await _authenticated(authority, request, "token_client")
    token = first(values, "token")
    if not token:
        raise invalid_request("token is missing")
    family = await authority.store.find_refresh(digest(token))
    if family is not None:
        await authority.revoke(family[1].grant_id, because="client", client_id=client.client_id)
        return json_response({})
    claims = await _claims(authority, token)
    if claims is not None and claims.client_id == client.client_id:
        end = datetime.fromtimestamp(claims.expires_at, UTC) + SKEW
        await authority.store.deny(claims.token_id, expires_at=end)
        authority.deny_everywhere(claims.token_id, end)
        await authority.audit.note(
            Kind.GRANT_REVOKED, client_id=client.client_id, grant_id=claims.grant_id, because="access_token"
        )
    return json_response({})


async def introspect(authority: Authority, request: Request) -> Response:
    """Answer POST of /oauth/introspect: `active: false` for everything that is not certainly good."""
    values, client = await _authenticated(authority, request, "introspect_client")
    if not client.may_introspect:
        raise OAuthError("unauthorized_client", "this client may not ask about tokens; the operator allows it", 403)
    token = first(values, "token")
    if not token:
        raise invalid_request("token is missing")
    return json_response(await _about(authority, token))


async def _about(authority: Authority, token: str) -> dict[str, Any]:
    if token.startswith("rt_"):
        return await _about_refresh(authority, token)
    claims = await _claims(authority, token)
    if claims is None:
        return _INACTIVE
    return {
        "active": True,
        "scope": claims.scope,
        "client_id": claims.client_id,
        "token_type": "Bearer",
        "exp": claims.expires_at,
        "iat": claims.issued_at,
        "nbf": claims.not_before,
        "sub": claims.subject,
        "aud": claims.audience,
        "iss": claims.issuer,
        "jti": claims.token_id,
    }


async def _about_refresh(authority: Authority, raw_token: str) -> dict[str, Any]:
    family = await authority.store.find_refresh(digest(raw_token))
    now = authority.clock()
    if family is None:
        return _INACTIVE
    token, grant = family
    is_over = grant.revoked_at or grant.upstream_invalid_at or token.used_at
    if is_over or min(token.expires_at, grant.expires_at) <= now:
        return _INACTIVE
    return {
        "active": True,
        "scope": grant.scope,
        "client_id": grant.client_id,
        "exp": int(token.expires_at.timestamp()),
        "sub": grant.subject,
        "aud": grant.resource,
        "iss": authority.policy.issuer,
    }


async def _claims(authority: Authority, token: str) -> Claims | None:
    for resource in authority.policy.resources:
        try:
            return await authority.verify(token, resource)
        except TokenRefused:
            continue
    return None


async def _authenticated(authority: Authority, request: Request, limit: str) -> tuple[Values, KnownClient]:
    values = await read_form(request)
    authorization = header(request, b"authorization")
    engine.check_form(values, authorization)
    client_id = engine.client_id_of(values, basic(authorization)) or ""
    await check_limits(authority, limit, client_id, request)
    family = await authority.store.find_refresh(digest(first(values, "token")))
    is_holder = family is not None and family[1].client_id == client_id
    client = await find_client(authority, client_id, may_fetch=is_holder)
    known = Known(now=authority.clock(), client=client, client_keys=await client_keys(authority, client, values))
    try:
        assertions = authority.engine.authenticate(values, authorization, known)
    except OAuthError:
        authority.lockout.fail(client_id, address_of(request))
        await authority.audit.note(Kind.CLIENT_REFUSED, client_id=client_id)
        raise
    await note_assertions(authority, assertions, "invalid_client")
    if client is None:
        raise invalid_client("the client is unknown")
    return values, client
