"""The audit log: a row and a log line for every security event, without a secret or a stranger's text."""

import json
import logging
import os
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from itertools import count

from auth.records import AuditEvent, Unavailable
from auth.store import Store

logger = logging.getLogger(f"socialapi_mcp.{__name__}")


class Kind(StrEnum):
    """What can happen. Whoever alarms on the log reads these names."""

    CLIENT_REGISTERED = "client_registered"
    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGNED_OUT = "signed_out"
    DENIED = "denied"
    CODE_ISSUED = "code_issued"
    CODE_REPLAYED = "code_replayed"
    TOKENS_ISSUED = "tokens_issued"
    REFRESHED = "refreshed"
    REFRESH_RETRIED = "refresh_retried"
    REFRESH_REUSED = "refresh_reused"
    GRANT_REVOKED = "grant_revoked"
    CLIENT_REFUSED = "client_refused"
    ASSERTION_REPLAYED = "assertion_replayed"
    UPSTREAM_REFUSED = "upstream_refused"
    UNSEAL_FAILED = "unseal_failed"
    KEY_ANNOUNCED = "key_announced"
    KEY_ROTATED = "key_rotated"
    KEY_REMOVED = "key_removed"
    LIMITED = "limited"


ONLY_LOGGED = frozenset({Kind.REFRESHED, Kind.REFRESH_RETRIED, Kind.LIMITED, Kind.CLIENT_REFUSED, Kind.UNSEAL_FAILED})
"""So frequent, once it happens or because strangers cause it, that a row each would fill the database."""


_ORDER = count()


class Audit:
    """Writes events. That one cannot be written does not stop what it tells of."""

    def __init__(self, store: Store, *, clock: Callable[[], datetime]) -> None:
        self._store, self._clock = store, clock
        self.counts: Counter[Kind] = Counter()
        """Of this process, since it started."""

    async def note(
        self,
        kind: Kind,
        *,
        subject: str | None = None,
        client_id: str | None = None,
        grant_id: str | None = None,
        **detail: str | int | bool | list[str],
    ) -> None:
        """Write one event. `detail` holds our own words and numbers only."""
        self.counts[kind] += 1
        if kind in ONLY_LOGGED and not logger.isEnabledFor(logging.INFO):
            return
        now = self._clock()
        text = json.dumps(detail, separators=(",", ":"))
        logger.info(
            "audit %s subject=%s client=%s grant=%s %s", kind.value, subject, printable(client_id), grant_id, text
        )
        if kind in ONLY_LOGGED:
            return
        event = AuditEvent(
            event_id=event_id(now),
            at=now,
            kind=kind.value,
            subject=subject,
            client_id=None if client_id is None else printable(client_id),
            grant_id=grant_id,
            detail=text,
        )
        try:
            await self._store.append_event(event)
        except Unavailable:
            logger.warning("the audit event %s could not be stored", kind.value)


def printable(client_id: str | None) -> str:
    """A client id, which may be an address that a stranger wrote, in characters that cannot break a line."""
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in client_id or "-")[:200]


def event_id(now: datetime) -> str:
    """A UUID of version 7 (RFC 9562 §5.7): ids sort by time."""
    milliseconds = int(now.timestamp() * 1000)
    # Within a millisecond events keep the order in which this process noted them.
    order = next(_ORDER) & 0xFFF
    number = (milliseconds & (1 << 48) - 1) << 80 | 7 << 76 | order << 64
    number |= 2 << 62 | int.from_bytes(os.urandom(8), "big") & (1 << 62) - 1
    return str(uuid.UUID(int=number))
