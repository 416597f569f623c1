"""The authorization server as one object: its parts, its start, and what it does in the background."""

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from auth import background
from auth.audit import Audit, Kind
from auth.broker import Credentials, Upstream
from auth.clients import Clients, Documents
from auth.engine import Engine
from auth.fanout import RedisFanout
from auth.keys import Keys
from auth.limits import Buckets, Lockout, hit_limit
from auth.policy import Policy
from auth.records import Grant, Hit, Unavailable
from auth.signing_keys import SKEW
from auth.store import Store
from auth.tokens import Claims, DenyList, Flaw, TokenRefused, UnknownKey, VerificationKey, Verifier
from auth.vault import Secret, Vault, VaultError

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

DENIALS_EVERY_SECONDS = 1.0
KEYS_EVERY_SECONDS = 20.0
HOUSEKEEPING_EVERY_SECONDS = 60.0
_MACHINE_KEPT = timedelta(seconds=1)
"""As long as it may take at most until a revocation elsewhere is read here."""


def system_clock() -> datetime:
    return datetime.now(UTC)


def random_text() -> str:
    """256 random bits in 43 characters of base64url."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalUser:
    """The user of an embedded API, who may sign in by one click from this machine."""

    name: str
    key: Secret


@dataclass(kw_only=True)
class Authority:
    """Issues and judges tokens. Belongs to one event loop."""

    policy: Policy
    store: Store
    vault: Vault
    upstream: Upstream
    buckets: Buckets
    documents: Documents | None = None
    local_user: LocalUser | None = None
    fanout: RedisFanout | None = None
    clock: Callable[[], datetime] = system_clock
    random: Callable[[], str] = random_text
    limits_enforced: bool = True
    keys: Keys = field(init=False)
    clients: Clients = field(init=False)
    engine: Engine = field(init=False)
    credentials: Credentials = field(init=False)
    audit: Audit = field(init=False)
    denied: DenyList = field(init=False)
    lockout: Lockout = field(init=False)
    verifiers: dict[str, Verifier] = field(init=False)
    hits: Counter[str] = field(default_factory=Counter[str], init=False)
    """By limit, in this process since it started."""
    refusals: Counter[str] = field(default_factory=Counter[str], init=False)
    _cursor: int = field(default=0, init=False)
    _machines: dict[str, tuple[datetime, Grant]] = field(default_factory=dict[str, tuple[datetime, Grant]], init=False)
    _announcing: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]], init=False)
    _background: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]], init=False)

    def __post_init__(self) -> None:
        self.keys = Keys(self.store, self.vault, clock=self.clock)
        self.clients = Clients(self.store, self.documents, allows_private_schemes=self.policy.allows_private_schemes)
        self.engine = Engine(
            self.policy.issuer,
            allows_client_credentials=self.policy.allows_client_credentials,
            allows_enterprise_grants=bool(self.policy.trusted_issuers),
        )
        self.credentials = Credentials(self.store, self.vault)
        self.audit = Audit(self.store, clock=self.clock)
        self.denied = DenyList()
        self.lockout = Lockout(self.clock)
        self.verifiers = {}

    async def start(self, *, in_background: bool = True) -> None:
        """Check the key-encryption keys, load the signing keys and the deny list, and begin to keep house.

        Raises:
            VaultError: the key-encryption keys are not those of this database.
            Unavailable: the database does not answer.
        """
        self.vault.check_canaries(await self.store.list_canaries())
        await self.store.save_canaries(self.vault.canaries())
        loaded = await self.keys.load()
        for resource in self.policy.resources:
            self.verifiers[resource] = Verifier(
                loaded.verification,
                issuer=self.policy.issuer,
                audience=resource,
                denied=self.denied,
                clock=time.time if self.clock is system_clock else lambda: self.clock().timestamp(),
            )
        self.keys.watch(self._use)
        await self.read_denials()
        if in_background:
            if self.fanout is not None:
                self.fanout.listen(self.read_denials)
            self._background = [
                asyncio.create_task(_again(DENIALS_EVERY_SECONDS, self.read_denials)),
                asyncio.create_task(_again(KEYS_EVERY_SECONDS, self.keys.load_if_old)),
                asyncio.create_task(_again(HOUSEKEEPING_EVERY_SECONDS, self.keep_house)),
            ]

    async def close(self) -> None:
        """Stop what runs in the background, and close the store."""
        await background.end(*self._background)
        await asyncio.gather(*self._announcing, return_exceptions=True)
        if self.fanout is not None:
            await self.fanout.close()
        await self.store.close()

    async def verify(self, token: str, resource: str) -> Claims:
        """What an access token for a resource says; a key that was made a moment ago by another process is looked for.

        Raises:
            TokenRefused: it is not to be trusted.
            Unavailable: its key is unknown here, and the database cannot be asked for it.
        """
        verifier = self.verifiers[resource]
        try:
            return verifier.verify(token)
        except UnknownKey as unknown:
            if not await self.keys.look_for(unknown.key_id):
                raise TokenRefused(Flaw.UNKNOWN_KEY) from None
            return verifier.verify(token)

    async def read_denials(self) -> None:
        """Learn what other processes revoked."""
        now = self.clock()
        found = await self.store.list_denied(self._cursor, now=now)
        # Two readings at once may end in either order; what comes twice does no harm.
        self._cursor = max(self._cursor, found.cursor)
        for handle, until in found.handles:
            self.deny_here(handle, until)
        self.denied.forget_expired(now=now.timestamp())

    def deny_here(self, handle: str, until: datetime) -> None:
        """Refuse a grant or token in this process from now on."""
        self.denied.deny(handle, until=(until + SKEW).timestamp())
        self.credentials.forget(handle)
        self._machines.pop(handle, None)

    def deny_everywhere(self, handle: str, until: datetime) -> None:
        """Refuse what the store has on its deny list by now: here at once, elsewhere when they hear or read of it."""
        self.deny_here(handle, until)
        if self.fanout is not None:
            # Nobody waits for it: whoever misses it reads the list within a second.
            task = asyncio.create_task(self.fanout.announce())
            self._announcing.add(task)
            task.add_done_callback(self._announcing.discard)

    async def revoke(
        self, grant_id: str, *, because: str, client_id: str | None = None, subject: str | None = None
    ) -> bool:
        """End a grant at once, here and within two seconds everywhere; False if it was over or another's."""
        now = self.clock()
        done = await self.store.revoke_grant(grant_id, because=because, now=now, client_id=client_id, subject=subject)
        if done:
            self.deny_everywhere(grant_id, now + self.policy.access_lifetime)
            await self.audit.note(
                Kind.GRANT_REVOKED, subject=subject, client_id=client_id, grant_id=grant_id, because=because
            )
        return done

    async def grant_of_machine(self, grant_id: str) -> Grant | None:
        """The grant that the operator bound to a client; such clients ask all the time, so it is kept for a second."""
        now = self.clock()
        kept = self._machines.get(grant_id)
        if kept is not None and kept[0] > now:
            return kept[1]
        grant = await self.store.find_grant(grant_id)
        if grant is not None:
            self._machines[grant_id] = (now + _MACHINE_KEPT, grant)
        return grant

    def forget_machine(self, grant_id: str) -> None:
        """Read its grant anew next time."""
        self._machines.pop(grant_id, None)

    async def mark_upstream_invalid(self, grant_id: str) -> None:
        """Note that the API refuses the key behind a grant: its client has to sign in again."""
        now = self.clock()
        if await self.store.mark_upstream_invalid(grant_id, now=now):
            await self.audit.note(Kind.UPSTREAM_REFUSED, grant_id=grant_id)
        self.deny_everywhere(grant_id, now + self.policy.access_lifetime)

    async def hit(self, limit: str, *whose: str) -> Hit:
        """Count one against a limit of the table, for an address, client or request."""
        if not self.limits_enforced:
            return Hit(is_allowed=True, retry_after_seconds=0)
        hit = await hit_limit(self.buckets, limit, *whose)
        self.hits[limit] += 1
        if not hit.is_allowed:
            self.refusals[limit] += 1
            await self.audit.note(Kind.LIMITED, limit=limit)
        return hit

    async def keep_house(self) -> None:
        """Remove what is over, wrap keys again after a change of the key-encryption key, and age the signing keys."""
        for step in await self.keys.keep_house():
            await self.audit.note(Kind.KEY_ROTATED, step=step)
        await self.credentials.rewrap()
        await self.store.remove_expired(now=self.clock())

    def _use(self, keys: tuple[VerificationKey, ...]) -> None:
        for verifier in self.verifiers.values():
            verifier.replace_keys(keys)


async def _again(seconds: float, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Work every so often; a failure is logged once until it works again."""
    failing = False
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
            failing = False
        except (Unavailable, VaultError) as problem:
            if not failing:
                logger.warning("%s: %s", work.__qualname__, problem)
            failing = True
        except Exception:
            if not failing:
                logger.exception("%s failed", work.__qualname__)
            failing = True
