"""The ledger: each write happens at most once, whoever repeats it."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from auth.store_rows import moment, number, stamp
from server.records.entries import MAX_KEY_CHARACTERS, Claim, ClaimLost
from server.records.storage import Row, Storage, Value

LEASE = timedelta(seconds=120)
"""How long a claim counts as running without a sign of its runner."""
KEPT = timedelta(hours=24)

# What was never noted as sent is free again when its runner is silent; what was sent never is.
_CLAIM = """
INSERT INTO mcp_ledger
  (owner, key, tool, fingerprint, token, claimed_at, sent_at, lease_until, outcome, is_certain, kept_until)
VALUES (:owner, :key, :tool, :fingerprint, :token, :now, NULL, :lease_until, NULL, 0, :kept_until)
ON CONFLICT (owner, key) DO UPDATE SET
  tool = excluded.tool, fingerprint = excluded.fingerprint, token = excluded.token, claimed_at = excluded.claimed_at,
  sent_at = NULL, lease_until = excluded.lease_until, outcome = NULL, is_certain = 0, kept_until = excluded.kept_until
WHERE mcp_ledger.kept_until <= :now
  OR (mcp_ledger.sent_at IS NULL AND mcp_ledger.outcome IS NULL AND mcp_ledger.lease_until <= :now)
  OR (mcp_ledger.outcome IS NOT NULL AND mcp_ledger.is_certain = 1
    AND coalesce(mcp_ledger.sent_at, mcp_ledger.claimed_at) <= :forgotten_before)
RETURNING token
"""
_FIND = """
SELECT tool, fingerprint, claimed_at, sent_at, lease_until, outcome, is_certain
FROM mcp_ledger WHERE owner = :owner AND key = :key
"""
_SENDING = """
UPDATE mcp_ledger SET sent_at = :now, lease_until = :lease_until, kept_until = :kept_until
WHERE owner = :owner AND key = :key AND token = :token AND outcome IS NULL
  AND (sent_at IS NULL OR :is_overtaken = 0)
RETURNING 1
"""
# Anybody who finds out later what became of an unknown one may say so; a certain outcome stays the first.
_SETTLE = """
UPDATE mcp_ledger SET outcome = :outcome, is_certain = :is_certain, kept_until = :kept_until
WHERE owner = :owner AND key = :key AND is_certain = 0
  AND (token = :token OR outcome IS NOT NULL OR (sent_at IS NOT NULL AND lease_until <= :now))
RETURNING 1
"""
# What turned out not to have arrived may be sent again, by one.
_RETAKE = """
UPDATE mcp_ledger SET token = :token, sent_at = :now, lease_until = :lease_until, outcome = NULL,
  kept_until = :kept_until
WHERE owner = :owner AND key = :key AND is_certain = 0
  AND (outcome IS NOT NULL OR (sent_at IS NOT NULL AND lease_until <= :now))
RETURNING 1
"""
_RELEASE = """
DELETE FROM mcp_ledger
WHERE owner = :owner AND key = :key AND token = :token AND outcome IS NULL
  AND (sent_at IS NULL OR :is_overtaken = 0)
RETURNING 1
"""
_MANY_HELD = 4096


@dataclass(frozen=True, slots=True)
class _Held:
    """A claim of this process."""

    token: str
    kept_until: int
    is_overtaken: bool
    """Two calls of this process believe to have it: whichever sends first, the other must not."""


class Ledger:
    """Keys of writes, and what came of them."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._held: dict[tuple[str, str], _Held] = {}

    async def claim(
        self, owner: str, key: str, *, tool: str, fingerprint: str, now: datetime, counts_for: timedelta = KEPT
    ) -> Claim:
        """Ask for the right to run a write; of any number at the same time one gets it.

        A certain outcome of what left `counts_for` ago or longer counts no more: the key is new again.

        Raises:
            RecordsUnavailable: the database does not work; nothing may be sent.
            ValueError: the key is empty or longer than 200 characters.
        """
        if not 0 < len(key) <= MAX_KEY_CHARACTERS:
            raise ValueError(f"a key has 1 to {MAX_KEY_CHARACTERS} characters, this one {len(key)}")
        token, kept_until = secrets.token_hex(8), stamp(now + KEPT)
        values: dict[str, Value] = {
            "owner": owner,
            "key": key,
            "tool": tool,
            "fingerprint": fingerprint,
            "token": token,
            "now": stamp(now),
            "lease_until": stamp(now + LEASE),
            "kept_until": kept_until,
            "forgotten_before": stamp(now - counts_for),
        }
        found: list[Row] = []
        async with self._storage.transaction() as transaction:
            while not found:
                if await transaction.run(_CLAIM, values):
                    self._hold(owner, key, _Held(token, kept_until, is_overtaken=(owner, key) in self._held), now)
                    return Claim("new")
                # Empty where it was released in between.
                found = await transaction.run(_FIND, {"owner": owner, "key": key})
        return _judge(found[0], tool, fingerprint, now)

    async def sending(self, owner: str, key: str, *, now: datetime) -> None:
        """Note that the request leaves now; repeated while it takes long, it keeps the claim running.

        Raises:
            ClaimLost: another call has the key by now; do not send.
            RecordsUnavailable: the database does not work; do not send.
        """
        held = self._held.get((owner, key))
        lease = {"lease_until": stamp(now + LEASE), "kept_until": stamp(now + KEPT)}
        if held is None or not await self._storage.write(
            _SENDING, {**_place(owner, key, held), **lease, "now": stamp(now)}
        ):
            raise ClaimLost

    async def settle(self, owner: str, key: str, *, outcome: str, certain: bool, now: datetime) -> None:
        """Keep what came of it for 24 h. The first certain outcome stays; an uncertain one may be settled again.

        Raises:
            RecordsUnavailable: the database does not work; the key will be `unknown`.
        """
        held = self._held.get((owner, key))
        await self._storage.write(
            _SETTLE,
            {
                "owner": owner,
                "key": key,
                "token": "" if held is None else held.token,
                "outcome": outcome,
                "is_certain": int(certain),
                "now": stamp(now),
                "kept_until": stamp(now + KEPT),
            },
        )
        self._held.pop((owner, key), None)

    async def retake(self, owner: str, key: str, *, now: datetime) -> bool:
        """Take over an `unknown` key of which is known by now that nothing arrived; it counts as leaving again.

        Raises:
            RecordsUnavailable: the database does not work; nothing may be sent.
        """
        token, kept_until = secrets.token_hex(8), stamp(now + KEPT)
        values: dict[str, str | int | None] = {
            "owner": owner,
            "key": key,
            "token": token,
            "now": stamp(now),
            "lease_until": stamp(now + LEASE),
            "kept_until": kept_until,
        }
        if not await self._storage.write(_RETAKE, values):
            return False
        self._hold(owner, key, _Held(token, kept_until, is_overtaken=False), now)
        return True

    async def release(self, owner: str, key: str) -> None:
        """Free a key for which surely nothing was sent.

        Raises:
            RecordsUnavailable: the database does not work; the key is free again in 120 s, if it was not noted as sent.
        """
        held = self._held.get((owner, key))
        if held is not None and await self._storage.write(_RELEASE, _place(owner, key, held)):
            self._held.pop((owner, key), None)

    def _hold(self, owner: str, key: str, held: _Held, now: datetime) -> None:
        if len(self._held) >= _MANY_HELD:
            self._held = {place: one for place, one in self._held.items() if one.kept_until > stamp(now)}
        self._held[owner, key] = held


def _place(owner: str, key: str, held: _Held) -> dict[str, Value]:
    return {"owner": owner, "key": key, "token": held.token, "is_overtaken": int(held.is_overtaken)}


def _judge(row: Row, tool: str, fingerprint: str, now: datetime) -> Claim:
    kept_tool, kept_fingerprint, claimed_at, sent_at, lease_until, outcome, is_certain = row
    since = moment(claimed_at if sent_at is None else sent_at)
    if (kept_tool, kept_fingerprint) != (tool, fingerprint):
        return Claim("differs", since=since)
    if outcome is not None:
        return Claim("done" if is_certain else "unknown", outcome=str(outcome), since=since)
    return Claim("running" if number(lease_until) > stamp(now) else "unknown", since=since)
