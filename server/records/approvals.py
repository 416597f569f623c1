"""Questions to a person, answered on a page in the browser."""

from datetime import datetime

from auth.store_rows import moment, number, stamp
from server.records.entries import Approval, ApprovalState, Taken
from server.records.storage import Row, Storage, Value

_ASK = """
INSERT INTO mcp_approval (approval_id, owner, digest, summary, expires_at)
VALUES (:approval_id, :owner, :digest, :summary, :expires_at)
ON CONFLICT (approval_id) DO NOTHING RETURNING 1
"""
_DECIDE = """
UPDATE mcp_approval SET is_approved = :is_approved, decided_by = :by, decided_at = :now
WHERE approval_id = :approval_id AND is_approved IS NULL AND expires_at > :now RETURNING 1
"""
_COLUMNS = "SELECT approval_id, digest, summary, expires_at, is_approved, decided_by, used_at FROM mcp_approval"
_FIND = f"{_COLUMNS} WHERE owner = :owner AND approval_id = :approval_id"
_FIND_APPROVED = (
    f"{_COLUMNS} WHERE owner = :owner AND digest = :digest AND is_approved = 1 AND used_at IS NULL"
    " AND expires_at > :now ORDER BY expires_at LIMIT 1"
)
_USE = "UPDATE mcp_approval SET used_at = :now WHERE approval_id = :approval_id RETURNING 1"


class Approvals:
    """What a person is asked, and the answers."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def ask_approval(
        self, owner: str, approval_id: str, *, digest: str, summary: str, expires_at: datetime
    ) -> None:
        """Put a question. Whoever knows the id may answer it, so it must not be guessable.

        Raises:
            RecordsUnavailable: the database does not work.
            Taken: there is a question of this id, be it another owner's.
        """
        values: dict[str, Value] = {
            "approval_id": approval_id,
            "owner": owner,
            "digest": digest,
            "summary": summary,
            "expires_at": stamp(expires_at),
        }
        if not await self._storage.write(_ASK, values):
            raise Taken

    async def decide_approval(self, approval_id: str, *, approved: bool, by: str, now: datetime) -> bool:
        """Answer a question, once. False where it is unknown, expired or answered.

        Raises:
            RecordsUnavailable: the database does not work.
        """
        values: dict[str, Value] = {
            "approval_id": approval_id,
            "is_approved": int(approved),
            "by": by,
            "now": stamp(now),
        }
        return bool(await self._storage.write(_DECIDE, values))

    async def approval(self, owner: str, approval_id: str, *, now: datetime) -> Approval | None:
        """A question of this owner, answered or not.

        Raises:
            RecordsUnavailable: the database does not work.
        """
        rows = await self._storage.read(_FIND, {"owner": owner, "approval_id": approval_id})
        return _approval(rows[0], now) if rows else None

    async def take_approval(self, owner: str, digest: str, *, now: datetime) -> Approval | None:
        """Use an approval of exactly this digest up; of any number of calls at the same time one gets it.

        Raises:
            RecordsUnavailable: the database does not work.
        """
        values: dict[str, Value] = {"owner": owner, "digest": digest, "now": stamp(now)}
        async with self._storage.transaction() as transaction:
            # One that another call is taking is passed over, for there may be a second.
            rows = await transaction.lock(_FIND_APPROVED, values, skips_locked=True)
            if not rows:
                return None
            await transaction.run(_USE, {"approval_id": rows[0][0], "now": stamp(now)})
        return _approval(rows[0], now)


def _approval(row: Row, now: datetime) -> Approval:
    approval_id, digest, summary, expires_at, is_approved, by, used_at = row
    state: ApprovalState = "pending"
    if is_approved == 0:
        state = "refused"
    elif used_at is not None:
        state = "used"
    elif number(expires_at) <= stamp(now):
        state = "expired"
    elif is_approved:
        state = "approved"
    return Approval(
        approval_id=str(approval_id),
        state=state,
        digest=str(digest),
        summary=str(summary),
        by=None if by is None else str(by),
        expires_at=moment(expires_at),
    )
