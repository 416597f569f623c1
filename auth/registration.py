"""Dynamic client registration (RFC 7591), for clients without a metadata document: limited, checked, for 90 days."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from auth import redirects
from auth.audit import Kind
from auth.authority import Authority
from auth.clients import DEFAULT_GRANT_TYPES, SECRET_METHODS, UNUSED_LIFETIME
from auth.display import shown
from auth.errors import OAuthError, too_many
from auth.forms import address_of, read_json
from auth.key_sets import KeySetRefused, read_key_set
from auth.records import Client, digest
from auth.responses import json_response
from auth.scopes import UnknownScope, parse_scopes

MAX_REDIRECT_URIS = 20
MAX_TEXT = 512
SECRET_DAYS = 365
"""Longer than any sign-in lives, so that a secret never runs out within one."""
METHODS = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")
_KEPT_TEXTS = ("client_name", "client_uri", "scope", "software_id", "software_version", "application_type", "jwks_uri")


async def register(authority: Authority, request: Request) -> Response:
    """Answer POST of /oauth/register; raises OAuthError."""
    if not authority.policy.allows_registration:
        raise OAuthError("access_denied", "this server registers no clients by itself; ask its operator", 403)
    address = address_of(request)
    for hit in (await authority.hit("register_address", address), await authority.hit("register_global")):
        if not hit.is_allowed:
            raise too_many(hit.retry_after_seconds)
    given = await read_json(request)
    metadata = check(given, allows_private_schemes=authority.policy.allows_private_schemes)
    now = authority.clock()
    method = metadata["token_endpoint_auth_method"]
    client_id = f"dyn_{authority.random()[:32]}"
    secret = f"cs_{authority.random()}" if method in SECRET_METHODS else None
    secret_end = int(now.timestamp()) + SECRET_DAYS * 86_400
    await authority.store.save_client(
        Client(
            client_id=client_id,
            metadata=json.dumps(metadata),
            secret_hash=None if secret is None else digest(secret),
            secret_expires_at=None if secret is None else now.fromtimestamp(secret_end, now.tzinfo),
            auth_method=method,
            is_auth_method_chosen="token_endpoint_auth_method" in given,
            created_at=now,
            # One that nobody ever uses goes after a day; use keeps it for 90.
            expires_at=now + UNUSED_LIFETIME,
        )
    )
    await authority.audit.note(Kind.CLIENT_REGISTERED, client_id=client_id)
    body = {"client_id": client_id, "client_id_issued_at": int(now.timestamp()), **metadata}
    if secret is not None:
        body |= {"client_secret": secret, "client_secret_expires_at": secret_end}
    return json_response(body, 201)


def check(given: Mapping[str, Any], *, allows_private_schemes: bool) -> dict[str, Any]:
    """The metadata that is kept of a registration (RFC 7591 §2); what is not used here is left out.

    Raises:
        OAuthError: invalid_redirect_uri or invalid_client_metadata.
    """
    kept: dict[str, Any] = {name: _text(given, name) for name in _KEPT_TEXTS if given.get(name) is not None}
    if "client_name" in kept:
        kept["client_name"] = shown(kept["client_name"])
    kept["redirect_uris"] = _redirect_uris(given, kept.get("application_type"), allows_private_schemes)
    kept["grant_types"] = _grant_types(given)
    kept["response_types"] = _response_types(given)
    # RFC 7591 §2 names Basic as the default for those that name none.
    kept["token_endpoint_auth_method"] = _method(given)
    if "scope" in kept:
        _check_scope(kept["scope"])
    _check_keys(given, kept)
    return kept


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given[name]
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise _bad(f"{name} must be a text of at most {MAX_TEXT} characters")
    return value


def _redirect_uris(given: Mapping[str, Any], application_type: str | None, allows_private: bool) -> list[str]:
    uris = given.get("redirect_uris")
    if not isinstance(uris, list) or not 0 < len(uris) <= MAX_REDIRECT_URIS:
        raise OAuthError("invalid_redirect_uri", f"redirect_uris must list 1 to {MAX_REDIRECT_URIS} addresses")
    if application_type not in {None, "web", "native"}:
        raise _bad("application_type must be web or native")
    for number, uri in enumerate(uris, start=1):
        try:
            if not isinstance(uri, str):
                raise redirects.RedirectRefused("a redirect URI is a text")
            redirects.check_registration(
                uri,
                application_type="web" if application_type == "web" else None,
                allows_private_schemes=allows_private,
            )
        except redirects.RedirectRefused as refusal:
            raise OAuthError("invalid_redirect_uri", f"redirect URI {number}: {_plain(refusal.reason)}") from None
    return uris


def _grant_types(given: Mapping[str, Any]) -> list[str]:
    # RFC 7591 §2's default has no refresh token; clients that name nothing want to stay signed in.
    types = given.get("grant_types") or list(DEFAULT_GRANT_TYPES)
    if not _is_texts(types) or "authorization_code" not in types:
        raise _bad("grant_types must hold authorization_code")
    if not set(types) <= set(DEFAULT_GRANT_TYPES):
        raise _bad("grant_types may hold authorization_code and refresh_token; others are for clients of the operator")
    return list(types)


def _response_types(given: Mapping[str, Any]) -> list[str]:
    types = given.get("response_types") or ["code"]
    if not _is_texts(types) or set(types) != {"code"}:
        raise _bad("response_types must be code")
    return ["code"]


def _method(given: Mapping[str, Any]) -> str:
    method = given.get("token_endpoint_auth_method") or "client_secret_basic"
    if method not in METHODS:
        raise _bad(f"token_endpoint_auth_method must be one of {', '.join(METHODS)}")
    return str(method)


def _check_scope(scope: str) -> None:
    try:
        parse_scopes(scope)
    except UnknownScope as problem:
        raise _bad(str(problem)) from None


def _check_keys(given: Mapping[str, Any], kept: dict[str, Any]) -> None:
    needs_keys = kept["token_endpoint_auth_method"] not in {"none", *SECRET_METHODS}
    if needs_keys and ("jwks" in given) == ("jwks_uri" in given):
        raise _bad("private_key_jwt needs jwks or jwks_uri, one of them")
    if "jwks" not in given:
        return
    try:
        kept["jwks"] = read_key_set(given["jwks"])
    except KeySetRefused as refusal:
        raise _bad(f"jwks: {_plain(refusal.reason)}") from None


def _is_texts(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(one, str) for one in value)


def _bad(description: str) -> OAuthError:
    return OAuthError("invalid_client_metadata", description)


def _plain(text: str) -> str:
    return text.replace('"', "'").replace("\\", "/")
