"""What an operator does to the sign-ins: signing keys, clients, grants, and links to an enterprise's people.

Works on the same database as the server, which may be running: other processes notice keys within 20 s and
revocations within 2 s.
"""

import json
import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from auth.audit import Kind
from auth.authority import Authority
from auth.broker import GrantDetails, KeyRefused, PaymentOverdue, UpstreamUnavailable, key_scopes
from auth.clients import DEFAULT_GRANT_TYPES
from auth.engine import JWT_BEARER
from auth.errors import OAuthError
from auth.links import link_id
from auth.records import Client, Conflict, Grant, digest
from auth.registration import check
from auth.scopes import UnknownScope, format_scopes, granted, parse_scopes
from auth.signing_keys import SigningKey, State, TooEarly
from auth.vault import Secret
from server.settings import Settings
from server.sign_in import open_authority
from server.wiring import rest_client

LASTING = timedelta(days=365 * 100)
"""For grants that the operator made: they last until they are revoked."""


class CannotAdminister(Exception):
    """A command that cannot be carried out; the text says why and what to do."""


@asynccontextmanager
async def administering(settings: Settings, address: str) -> AsyncGenerator[Authority]:
    """The authority of these settings, without serving; raises server.sign_in.CannotSignIn."""
    async with rest_client(settings, with_files=False) as rest:
        authority = await open_authority(settings, address, rest, in_background=False)
        try:
            yield authority
        finally:
            await authority.close()


def key_rows(authority: Authority) -> list[dict[str, str]]:
    """The signing keys: what signed before, what signs, what will."""
    order = [State.RETIRED, State.ACTIVE, State.NEXT]
    return [
        {
            "kid": key.key_id,
            "state": key.state.value,
            "created": _day(key.created_at),
            "active from": _day(key.active_from),
            "gone from": _day(key.gone_at),
        }
        for key in sorted(authority.keys.present.ring.keys, key=lambda key: (order.index(key.state), key.created_at))
    ]


async def rotate_keys(authority: Authority, *, at_once: bool) -> str:
    """Publish the next key, or let it sign; a sentence about what happened."""
    waiting = authority.keys.present.ring.next
    try:
        key: SigningKey = await authority.keys.rotate(at_once=at_once)
    except TooEarly as early:
        coming = authority.keys.present.ring.next
        await authority.audit.note(Kind.KEY_ANNOUNCED, kid=coming.key_id if coming else "")
        verb = "is published" if waiting is None else "was published before"
        return (
            f"{coming.key_id if coming else 'the next key'} {verb}; it signs by itself from "
            f"{early.ready_at.isoformat(timespec='seconds')} on, when every verifier has read it. "
            "With --now it signs at once, and whoever keeps the key document for an hour refuses its tokens until then."
        )
    await authority.audit.note(Kind.KEY_ROTATED, kid=key.key_id)
    return f"{key.key_id} signs now; tokens of the key before it stay good"


async def revoke_key(authority: Authority, key_id: str) -> str:
    """Remove a key that may have leaked.

    Raises:
        CannotAdminister: there is none of that id.
    """
    if not await authority.keys.remove(key_id):
        raise CannotAdminister("there is no such key; see `socialapi-mcp keys list`")
    await authority.audit.note(Kind.KEY_REMOVED, kid=key_id)
    active = authority.keys.present.ring.active.key_id
    return f"{key_id} is gone, and every access token that it signed; clients refresh theirs, signed by {active}"


async def add_client(authority: Authority, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Register a client for the operator: it does not expire. What it is told: its id, and its secret once.

    `metadata` is as for registration (RFC 7591 §2), and `client_id`, `introspection`, and `api_key_file` with
    `grant_types` of `client_credentials`.

    Raises:
        CannotAdminister: the metadata is not in order.
    """
    given = dict(metadata)
    grant_types = list(given.get("grant_types") or DEFAULT_GRANT_TYPES)
    by_itself = [one for one in grant_types if one in {"client_credentials", JWT_BEARER}]
    given["grant_types"] = [one for one in grant_types if one not in by_itself] or list(DEFAULT_GRANT_TYPES)
    # A client that never sends anybody to a browser has nowhere to be sent back to.
    is_silent = set(grant_types) == set(by_itself) or bool(given.get("introspection"))
    if not given.get("redirect_uris") and is_silent:
        given["redirect_uris"] = ["https://localhost.invalid/"]
    try:
        kept = check(given, allows_private_schemes=authority.policy.allows_private_schemes)
    except OAuthError as refusal:
        raise CannotAdminister(refusal.description) from None
    if kept["redirect_uris"] == ["https://localhost.invalid/"]:
        kept["redirect_uris"], kept["grant_types"] = [], []
    kept["grant_types"] = [*kept["grant_types"], *by_itself]
    kept["introspection"] = given.get("introspection") is True
    if kept["token_endpoint_auth_method"] in {"none"} and (kept["introspection"] or by_itself):
        raise CannotAdminister("a client that acts by itself or asks about tokens needs a secret or keys; not --public")
    client_id = str(given.get("client_id") or f"app_{secrets.token_urlsafe(12)}")
    if client_id.startswith("https://") or await authority.store.find_client(client_id, now=authority.clock()):
        raise CannotAdminister(f"{client_id} is taken, or an address; choose another client_id")
    if "client_credentials" in by_itself:
        kept["grant_id"] = await _grant_for_client(authority, client_id, kept, given)
    method = kept["token_endpoint_auth_method"]
    secret = f"cs_{authority.random()}" if method.startswith("client_secret") else None
    await authority.store.save_client(
        Client(
            client_id=client_id,
            metadata=json.dumps(kept),
            secret_hash=None if secret is None else digest(secret),
            auth_method=method,
            is_auth_method_chosen="token_endpoint_auth_method" in given,
            created_at=authority.clock(),
        )
    )
    await authority.audit.note(Kind.CLIENT_REGISTERED, client_id=client_id, by="operator")
    return {"client_id": client_id, **({} if secret is None else {"client_secret": secret})}


async def add_link(
    authority: Authority, *, issuer: str, subject: str, tenant: str, key: Secret, scope: str | None
) -> Grant:
    """Let the people of an enterprise's identity provider use an API key each; the grant that is made.

    Raises:
        CannotAdminister: the issuer is not trusted, the person is linked, or the key does not work.
    """
    if all(one.issuer != issuer for one in authority.policy.trusted_issuers):
        raise CannotAdminister("this issuer is not in SOCIALAPI_TRUSTED_ISSUERS_FILE")
    grant_id = link_id(issuer, subject, tenant)
    return await _make_grant(authority, grant_id, client_id=issuer[:200], name=subject, key=key, scope=scope)


async def _grant_for_client(
    authority: Authority, client_id: str, kept: Mapping[str, Any], given: Mapping[str, Any]
) -> str:
    file = given.get("api_key_file")
    if not isinstance(file, str | Path):
        raise CannotAdminister("a client that acts by itself needs the file of the API key that it uses (--key-file)")
    grant_id = f"gc_{digest(client_id).hex()[:32]}"
    await _make_grant(
        authority,
        grant_id,
        client_id=client_id,
        name=str(kept.get("client_name") or client_id),
        key=read_key(Path(file)),
        scope=kept.get("scope"),
    )
    return grant_id


async def _make_grant(
    authority: Authority, grant_id: str, *, client_id: str, name: str, key: Secret, scope: str | None
) -> Grant:
    try:
        person = await authority.upstream.identify(key)
        everything = person.scopes
        scopes = everything if scope is None else granted(parse_scopes(scope), parse_scopes(scope), everything)
        if not scopes:
            raise CannotAdminister("the key can do none of these scopes")
        if authority.policy.resources[0] == authority.policy.rest_resource and not person.may_mint:
            raise CannotAdminister("this takes a full key: what a restricted one may do cannot be told")
        made = None
        if person.may_mint:
            made = await authority.upstream.mint(key, name=name[:60], scopes=key_scopes(scopes), brand_ids=())
    except UnknownScope as problem:
        raise CannotAdminister(str(problem)) from None
    except KeyRefused:
        raise CannotAdminister("the API does not know this key") from None
    except PaymentOverdue:
        raise CannotAdminister("a payment is overdue for this workspace; settle it, then try again") from None
    except UpstreamUnavailable:
        raise CannotAdminister("the API does not answer now; try again") from None
    resource, now = authority.policy.resources[0], authority.clock()
    sealed = authority.credentials.seal(
        key if made is None else made.key, grant_id=grant_id, subject=person.subject, resource=resource
    )
    grant = Grant(
        grant_id=grant_id,
        subject=person.subject,
        client_id=client_id,
        scope=format_scopes(scopes),
        resource=resource,
        sealed_credential=sealed.sealed,
        wrapped_key=sealed.wrapped_key,
        wrapping_key_id=sealed.wrapping_key_id,
        authenticated_at=now,
        created_at=now,
        last_used_at=now,
        expires_at=now + LASTING,
        details=GrantDetails(
            client_name=name[:80], redirect_host="", upstream_key_id=None if made is None else made.key_id
        ).as_json(),
    )
    try:
        await authority.store.create_grant(grant)
    except Conflict:
        raise CannotAdminister("there is a grant for it already; revoke that one and choose another name") from None
    return grant


def read_key(file: Path) -> Secret:
    """An API key from a file, because a command line is seen by everybody on the machine.

    Raises:
        CannotAdminister: the file cannot be read.
    """
    try:
        return Secret(file.read_text(encoding="ascii").strip())
    except (OSError, UnicodeDecodeError):
        raise CannotAdminister(f"{file} is not a file with an API key in it") from None


def read_clients(file: Path) -> Sequence[Mapping[str, Any]]:
    """The clients of a file: a JSON list of registrations.

    Raises:
        CannotAdminister: it is none.
    """
    try:
        rows: object = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise CannotAdminister(f"{file} is not a JSON file") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CannotAdminister(f"{file} must hold a JSON list of clients")
    return rows


def _day(moment: Any) -> str:
    return "-" if moment is None else moment.isoformat(timespec="seconds")
