"""Who calls, what they may do, and the one place where a call leaves with their credential."""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass, field

from pydantic import BaseModel

from auth.scopes import Access, BroadScope, Permission, Scope, TokenScope, format_scopes
from tools.operation import AnyOperation
from tools.rest import Answer, ApiError, RestClient

_BEARER = re.compile(r"(?i:bearer) +(sapi_key_[0-9a-fA-F]{62})")
FOR_DRAFTS = frozenset({"create_post", "update_post", "delete_post"})
"""What of all that writes posts is of use to somebody who prepares drafts only."""
_KEY_IS_GONE = frozenset({"auth.invalid_key", "auth.user_not_found"})


@dataclass(slots=True)
class Outcome:
    """What came of a request, for whoever answers it."""

    is_key_refused: bool = False
    """The API does not know the key behind the sign-in any more."""


@dataclass(slots=True)
class Caller:
    """Who calls. An API key may do what the API lets it; a sign-in only what was granted. Nobody changes one.

    Not frozen, which would double the time that it takes to admit somebody.
    """

    authorization: str | None = field(default=None, repr=False)
    """The header that the REST API is to see, or None for the process's own key."""
    scopes: frozenset[TokenScope] | None = None
    """What was granted; None where the API alone judges."""
    drafts_only: bool = False
    grant_id: str | None = None
    client_id: str | None = None
    subject: str | None = None
    outcome: Outcome = field(default_factory=Outcome, compare=False)

    @property
    def identity(self) -> str:
        """A name for limits and logs, from which the credential cannot be had back."""
        return hashlib.sha256((self.grant_id or self.authorization or "process").encode()).hexdigest()[:16]

    def lacks(self, permission: Permission) -> frozenset[TokenScope]:
        """The scopes that would have to be granted for this; none if it is allowed, or no scope would help."""
        if self.scopes is None or permission in {Access.PUBLIC, Access.ALWAYS, Access.DASHBOARD}:
            return frozenset()
        # Keys, brands and the like are managed by unrestricted credentials, and what no scope covers needs them too.
        needed: TokenScope = permission if isinstance(permission, Scope) else BroadScope.SOCIAL_ALL
        return frozenset() if needed in self.scopes else frozenset({needed})

    def may_see(self, permission: Permission) -> bool:
        """Whether a tool is listed: what the API would refuse to every sign-in is not."""
        return self.scopes is None or (permission is not Access.DASHBOARD and not self.lacks(permission))

    def may_see_one(self, scopes: Collection[str]) -> bool:
        """Whether a tool that needs one of these scopes, as written in `schemas.json`, is listed."""
        return not scopes or any(self.may_see(permission_named(scope)) for scope in scopes)

    def challenge_scope(self, missing: frozenset[TokenScope]) -> str:
        """What to ask for: with what was granted, because not every client adds it (RFC 6750 §3)."""
        return format_scopes(missing | (self.scopes or frozenset()))


PROCESS = Caller()
"""Whoever started the process: the key comes from the environment."""


class NotGranted(Exception):
    """The sign-in does not cover a call; nothing was sent."""

    def __init__(self, scope: str) -> None:
        super().__init__(scope)
        self.scope = scope


class OnlyDrafts(Exception):
    """The sign-in may prepare drafts, and this would go out or change what is out; nothing was changed."""


def caller_of(header: str | None) -> Caller | None:
    """The caller behind an `Authorization` header with an API key, or None.

    A well-formed key that nobody knows passes: the REST API answers for it.
    """
    match = _BEARER.fullmatch((header or "").strip())
    return Caller(f"Bearer {match[1]}") if match else None


def permission_named(name: str) -> Permission:
    """A permission as it is written in `schemas.json`."""
    return Access(name) if name in Access._value2member_map_ else Scope(name)


async def exchange(rest: RestClient, caller: Caller, operation: AnyOperation, args: BaseModel) -> Answer:
    """Run an operation for a caller.

    Raises:
        NotGranted: a scope is missing.
        OnlyDrafts: the sign-in is for drafts.
        ApiError, NoAnswer, BadFile: as `RestClient.exchange`.
    """
    missing = caller.lacks(operation.scope)
    if missing:
        raise NotGranted(format_scopes(missing))
    if caller.drafts_only:
        from server.drafts import check

        await check(rest, caller, operation, args)
    try:
        return await rest.exchange(operation, args, authorization=caller.authorization)
    except ApiError as error:
        if error.status == 401 and error.code in _KEY_IS_GONE:
            caller.outcome.is_key_refused = True
        raise
