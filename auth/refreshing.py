"""Refreshes a grant: its refresh token is claimed and replaced in one step of the store (OAuth 2.1 §4.3)."""

from typing import Any

from auth.audit import Kind
from auth.authority import Authority
from auth.clients import KnownClient
from auth.errors import invalid_grant, invalid_target
from auth.issuing import GONE, issue, within
from auth.plans import Rotate
from auth.records import Elsewhere, Grant, NewRefreshToken, Retried, Reused, Rotated, digest
from auth.scopes import only_known
from auth.vault import CannotOpen, Secret, open_under_token, seal_under_token


async def rotate(authority: Authority, step: Rotate, raw_token: str) -> dict[str, Any]:
    """The answer to a refresh; raises OAuthError."""
    now, token_hash = authority.clock(), digest(raw_token)
    if step.scope:
        await _check_narrower(authority, step, token_hash)
    raw_successor = f"rt_{authority.random()}"
    sealed = seal_under_token(Secret(raw_successor), token=Secret(raw_token), purpose="refresh-successor")
    made: dict[str, Any] | None = None

    def make(grant: Grant) -> dict[str, Any]:
        nonlocal made
        made = issue(authority, grant, _scope(step, grant), refresh_token=raw_successor)
        return made

    outcome = await authority.store.rotate_refresh(
        token_hash,
        client_id=step.client.client_id,
        resource=step.resource,
        successor=NewRefreshToken(token_hash=digest(raw_successor), expires_at=now + authority.policy.refresh_lifetime),
        sealed_successor=sealed,
        now=now,
        grace=authority.policy.grace,
        meanwhile=make,
    )
    match outcome:
        case Rotated(grant=grant):
            await _check_document(authority, grant, step.client)
            answer = made or make(grant)
            await authority.audit.note(Kind.REFRESHED, client_id=grant.client_id, grant_id=grant.grant_id)
            return answer
        case Retried(grant=grant):
            # Clients refresh from several processes at once: each gets the same successor.
            await _check_document(authority, grant, step.client)
            await authority.audit.note(Kind.REFRESH_RETRIED, client_id=grant.client_id, grant_id=grant.grant_id)
            try:
                again = open_under_token(outcome.sealed_successor, token=Secret(raw_token), purpose="refresh-successor")
            except CannotOpen:
                raise invalid_grant(GONE) from None
            return issue(authority, grant, _scope(step, grant), refresh_token=again.reveal().decode())
        case Elsewhere():
            raise invalid_target("resource differs from the one that was authorized")
        case Reused(grant=grant):
            authority.deny_everywhere(grant.grant_id, now + authority.policy.access_lifetime)
            await authority.audit.note(
                Kind.REFRESH_REUSED, subject=grant.subject, client_id=grant.client_id, grant_id=grant.grant_id
            )
        case _:
            pass
    raise invalid_grant(GONE)


def _scope(step: Rotate, grant: Grant) -> str:
    # It must not fail: the token is used up by now.
    granted = only_known(grant.scope)
    return within(step.scope or granted, granted)


async def _check_narrower(authority: Authority, step: Rotate, token_hash: bytes) -> None:
    """Refuse more than was granted before the token is used up; raises OAuthError. A grant's scope never changes."""
    family = await authority.store.find_refresh(token_hash)
    if family is None or family[1].client_id != step.client.client_id:
        raise invalid_grant(GONE)
    within(step.scope, only_known(family[1].scope))


async def _check_document(authority: Authority, grant: Grant, client: KnownClient) -> None:
    """End a grant whose client is not any more what the person agreed to; raises OAuthError."""
    if grant.document_hash is None or grant.document_hash == client.document_hash:
        return
    await authority.revoke(grant.grant_id, because="client_changed", client_id=grant.client_id)
    raise invalid_grant("the client's name, hosts or keys changed since the person agreed; sign in again")
