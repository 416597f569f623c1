"""The answer of the token endpoint: a fresh access token for a grant, within what was granted (RFC 6749 §5.1, §6)."""

from typing import Any

from auth.authority import Authority
from auth.broker import GrantDetails
from auth.errors import invalid_scope
from auth.records import Grant
from auth.scopes import UnknownScope, format_scopes, parse_scopes
from auth.tokens import Claims

GONE = "the code or refresh token is unknown, expired, used, revoked or of another client"

_NO_DETAILS = GrantDetails()


def within(asked: str, granted: str) -> str:
    """A scope that lies within what was granted (RFC 6749 §6); raises OAuthError."""
    try:
        scopes = parse_scopes(asked)
    except UnknownScope as problem:
        raise invalid_scope(str(problem)) from None
    if not scopes <= parse_scopes(granted):
        raise invalid_scope("the scope is more than was granted; let the person grant it")
    return format_scopes(scopes)


def issue(
    authority: Authority,
    grant: Grant,
    scope: str,
    *,
    refresh_token: str | None = None,
    client_id: str | None = None,
    is_person: bool = True,
) -> dict[str, Any]:
    """The answer with a fresh access token (RFC 6749 §5.1); `scope` always, because it may be narrower than asked."""
    seconds = int(authority.policy.access_lifetime.total_seconds())
    now = int(authority.clock().timestamp())
    # The REST API of this server knows a brand from the token alone; for MCP it is in the key behind the grant.
    is_rest = grant.resource == authority.policy.rest_resource
    details = GrantDetails.of(grant.details) if is_rest else _NO_DETAILS
    claims = Claims(
        issuer=authority.policy.issuer,
        subject=grant.subject,
        audience=grant.resource,
        client_id=client_id or grant.client_id,
        scope=scope,
        token_id=authority.random(),
        grant_id=grant.grant_id,
        issued_at=now,
        not_before=now,
        expires_at=now + seconds,
        authenticated_at=int(grant.authenticated_at.timestamp()) if is_person else None,
        brand_ids=tuple(brand.brand_id for brand in details.brands),
        key_id=details.upstream_key_id,
    )
    body: dict[str, Any] = {
        "access_token": authority.keys.present.issuer.issue(claims),
        "token_type": "Bearer",
        "expires_in": seconds,
        "scope": scope,
    }
    if refresh_token is not None:
        body["refresh_token"] = refresh_token
    return body
