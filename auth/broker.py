"""The user's upstream key behind each grant: narrowed, sealed, opened for a call, and never the client's business."""

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from auth.records import Grant
from auth.scopes import BroadScope, Scope, TokenScope
from auth.store import Store
from auth.vault import GrantContext, SealedCredential, Secret, Vault, VaultError

KEPT_SECONDS = 60.0
"""How long an opened key is kept in memory."""
KEPT_KEYS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """A brand that a grant may be limited to."""

    brand_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whose key it is, and what the key can do."""

    subject: str
    """The user's id at the API."""
    name: str
    may_mint: bool
    """Whether the key can make a narrower one of itself."""
    scopes: frozenset[TokenScope]
    """What it can do, as far as can be found out without changing anything."""
    brands: tuple[Brand, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildKey:
    """A key made for one grant."""

    key: Secret
    key_id: str
    name: str = ""
    """As the person's workspace lists it."""


class KeyRefused(Exception):
    """The API does not know the key (any more)."""


class PaymentOverdue(Exception):
    """The API holds back what the key can do until a payment is settled."""


class UpstreamUnavailable(Exception):
    """The API cannot be asked now; says nothing about the key."""


class Upstream(Protocol):
    """What the authorization server asks of the API. Never with a client's token: it is not given one."""

    async def identify(self, key: Secret) -> Person:
        """Whose key this is.

        Raises:
            KeyRefused: nobody's.
            PaymentOverdue: what the key can do cannot be told until the workspace is paid.
            UpstreamUnavailable: the API does not answer.
        """
        ...

    async def mint(self, key: Secret, *, name: str, scopes: Sequence[Scope], brand_ids: Sequence[str]) -> ChildKey:
        """Make a narrower key; no scopes and no brands mean all.

        Raises:
            KeyRefused: the key may not make keys.
            UpstreamUnavailable: the API does not answer, and perhaps made one.
        """
        ...

    async def discard(self, key: Secret, child: ChildKey) -> None:
        """Delete a key that was made a moment ago and that nobody got.

        Raises:
            KeyRefused, UpstreamUnavailable: it stays.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantDetails:
    """What pages and tokens need to know of a grant besides its columns; no secret."""

    client_name: str = ""
    redirect_host: str = ""
    brands: tuple[Brand, ...] = ()
    """Empty for all."""
    upstream_key_id: str | None = None
    """The id of the key that was made for it, which the person can delete in their workspace."""
    upstream_key_name: str = ""
    drafts_only: bool = False
    key_mark: str = ""
    """Where a restricted key was kept as it is: what tells it from others of the user, without being of use."""

    @property
    def upstream_key(self) -> str | None:
        """What a person finds the key by: workspaces list names, and several may have the same."""
        if not self.upstream_key_id or not self.upstream_key_name:
            return self.upstream_key_id
        return f"{self.upstream_key_name} ({self.upstream_key_id})"

    def as_json(self) -> str:
        return json.dumps(
            {
                "client_name": self.client_name,
                "redirect_host": self.redirect_host,
                "brands": [[brand.brand_id, brand.name] for brand in self.brands],
                "upstream_key_id": self.upstream_key_id,
                "upstream_key_name": self.upstream_key_name,
                "drafts_only": self.drafts_only,
                "key_mark": self.key_mark,
            }
        )

    @classmethod
    def of(cls, text: str) -> "GrantDetails":
        found: Mapping[str, Any] = json.loads(text)
        return cls(
            client_name=found.get("client_name", ""),
            redirect_host=found.get("redirect_host", ""),
            brands=tuple(Brand(brand_id=one[0], name=one[1]) for one in found.get("brands", [])),
            upstream_key_id=found.get("upstream_key_id"),
            upstream_key_name=found.get("upstream_key_name", ""),
            drafts_only=found.get("drafts_only", False),
            key_mark=found.get("key_mark", ""),
        )


def mark_of(key: Secret, person: Person) -> str:
    """What a restricted key is known by afterwards; nothing for a full one, which speaks for the whole user."""
    return "" if person.may_mint else hashlib.sha256(b"mark|" + key.reveal()).hexdigest()[:32]


def key_scopes(scopes: frozenset[TokenScope]) -> tuple[Scope, ...]:
    """The scopes of a child key: none, which is all, for the broad one."""
    if BroadScope.SOCIAL_ALL in scopes:
        return ()
    return tuple(scope for scope in Scope if scope in scopes)


class NoCredential(Exception):
    """The grant is over, or what it holds cannot be opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """An opened upstream key, with what its grant says besides scopes."""

    key: Secret
    details: GrantDetails


class Credentials:
    """Opens the upstream keys of grants."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        kept_seconds: float = KEPT_SECONDS,
    ) -> None:
        self._store, self._vault, self._monotonic, self._kept_seconds = store, vault, monotonic, kept_seconds
        self._opened: OrderedDict[str, tuple[float, Credential]] = OrderedDict()

    async def find(self, grant_id: str) -> Credential:
        """The key of a grant, at most a minute old. Whether the grant was revoked since, the deny list knows.

        Raises:
            NoCredential: there is none, or the grant is over.
            VaultError: it is sealed by keys that are not given, or damaged.
            Unavailable: the database does not answer.
        """
        now = self._monotonic()
        found = self._opened.get(grant_id)
        if found is not None and found[0] > now:
            return found[1]
        self._opened.pop(grant_id, None)
        grant = await self._store.find_grant(grant_id)
        if grant is None or grant.revoked_at is not None or grant.upstream_invalid_at is not None:
            raise NoCredential
        credential = Credential(key=self.open(grant), details=GrantDetails.of(grant.details))
        self._opened[grant_id] = (now + self._kept_seconds, credential)
        if len(self._opened) > KEPT_KEYS:
            self._opened.popitem(last=False)
        return credential

    def forget(self, grant_id: str) -> None:
        """Drop the opened key of a grant that is over."""
        self._opened.pop(grant_id, None)

    def open(self, grant: Grant) -> Secret:
        """The key of a grant's record; raises NoCredential or VaultError."""
        sealed = sealed_credential(grant)
        if sealed is None:
            raise NoCredential
        return self._vault.open_credential(sealed, context_of(grant))

    def seal(self, key: Secret, *, grant_id: str, subject: str, resource: str) -> SealedCredential:
        return self._vault.seal_credential(key, GrantContext(grant_id=grant_id, subject=subject, resource=resource))

    async def rewrap(self, *, limit: int = 200) -> int:
        """Wrap the keys of some grants by the present key-encryption key; how many. One that cannot be is skipped."""
        done = 0
        for grant in await self._store.list_grants_to_rewrap(self._vault.current_key_id, limit=limit):
            sealed = sealed_credential(grant)
            if sealed is None:
                continue
            try:
                again = self._vault.rewrap(sealed, context_of(grant))
            except VaultError:
                continue
            done += await self._store.rewrap_grant(
                grant.grant_id,
                old=sealed.wrapped_key,
                new=again.wrapped_key,
                wrapping_key_id=again.wrapping_key_id,
            )
        return done


def context_of(grant: Grant) -> GrantContext:
    return GrantContext(grant_id=grant.grant_id, subject=grant.subject, resource=grant.resource)


def sealed_credential(grant: Grant) -> SealedCredential | None:
    if grant.sealed_credential is None or grant.wrapped_key is None or grant.wrapping_key_id is None:
        return None
    return SealedCredential(
        sealed=grant.sealed_credential, wrapped_key=grant.wrapped_key, wrapping_key_id=grant.wrapping_key_id
    )
