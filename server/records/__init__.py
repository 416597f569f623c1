"""What the server remembers between calls and over a kill: one file for one machine, PostgreSQL for many."""

from datetime import datetime

from server.records import pruning
from server.records.approvals import Approvals
from server.records.audit import Audit
from server.records.entries import (
    Approval,
    AuditEntry,
    Claim,
    ClaimLost,
    Clock,
    LeaseLost,
    Plan,
    PlanItem,
    RecordsUnavailable,
    SystemClock,
    Taint,
    Taken,
    Use,
)
from server.records.handles import Handles
from server.records.ledger import Ledger
from server.records.plans import Plans
from server.records.storage import Storage
from server.records.taints import Taints
from server.settings import Settings

__all__ = [
    "Approval",
    "AuditEntry",
    "Claim",
    "ClaimLost",
    "LeaseLost",
    "Plan",
    "PlanItem",
    "Records",
    "RecordsUnavailable",
    "SystemClock",
    "Taint",
    "Taken",
    "Use",
    "open_records",
]

DATABASE_FILE = "records.sqlite"


class Records(Ledger, Audit, Handles, Approvals, Taints, Plans):
    """Everything that is remembered, one method for each intention.

    Contested steps (claiming a key, using a handle, deciding and taking an approval, starting a plan) are atomic, also
    among processes. `owner` is whose record it is; nobody else's is ever seen. The caller passes the time; machines
    that share a database keep their clocks within 5 s of each other. No text of a record is logged.
    """

    def __init__(self, storage: Storage, *, clock: Clock) -> None:
        """Nothing is opened before the first call."""
        Ledger.__init__(self, storage)
        Taints.__init__(self, storage)
        Plans.__init__(self, storage, clock=clock)

    @property
    def is_open(self) -> bool:
        """Whether a call has needed the database yet."""
        return self._storage.is_open

    async def prune(self, *, now: datetime, batch: int = 500) -> int:
        """Remove what is over, up to `batch` rows of each kind; how many that were. Repeat it while it is many.

        Outcomes go after 24 h, the audit after 90 days, handles, approvals and plans 7 days after they are over.

        Raises:
            RecordsUnavailable: the database does not work.
        """
        return await pruning.prune(self._storage, now=now, batch=batch)

    async def close(self) -> None:
        """Return the connections, if there are any."""
        await self._storage.close()


def open_records(settings: Settings | None, *, memory: bool = False, clock: Clock) -> Records:
    """The records of this process, opened by the first call that needs them.

    They lie in the PostgreSQL of the sign-ins or the local API, where one is set, else in the data folder, mode 0600.
    """
    if memory or settings is None:
        return Records(Storage(), clock=clock)
    addresses = (settings.auth_database_url, settings.database_url)
    url = next((address for address in addresses if address and address.startswith("postgresql")), None)
    file = None if url is not None else settings.data_dir / DATABASE_FILE
    return Records(Storage(file=file, url=url), clock=clock)
