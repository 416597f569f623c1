"""Handles that work once: prepared posts, pages that reveal a secret, pages to upload to."""

from datetime import datetime

from auth.store_rows import number, stamp
from server.records.entries import Taken, Use
from server.records.storage import Storage, Value

_PUT = """
INSERT INTO mcp_handle (owner, kind, handle_id, payload, expires_at)
VALUES (:owner, :kind, :handle_id, :payload, :expires_at)
ON CONFLICT (owner, kind, handle_id) DO NOTHING RETURNING 1
"""
_FIND = """
SELECT payload, expires_at, used_at FROM mcp_handle
WHERE owner = :owner AND kind = :kind AND handle_id = :handle_id
"""
# What it held is needed no more, and may be secret.
_USE = """
UPDATE mcp_handle SET used_at = :now, payload = NULL
WHERE owner = :owner AND kind = :kind AND handle_id = :handle_id RETURNING 1
"""


class Handles:
    """What is waiting to be used."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def put_handle(self, owner: str, kind: str, handle_id: str, *, payload: str, expires_at: datetime) -> None:
        """Keep a payload until it is used or expires.

        Raises:
            RecordsUnavailable: the database does not work.
            Taken: the owner has a handle of this kind and id.
        """
        values: dict[str, Value] = {
            **_place(owner, kind, handle_id),
            "payload": payload,
            "expires_at": stamp(expires_at),
        }
        if not await self._storage.write(_PUT, values):
            raise Taken

    async def peek_handle(self, owner: str, kind: str, handle_id: str, *, now: datetime) -> str | None:
        """The payload, while the handle can be used.

        Raises:
            RecordsUnavailable: the database does not work.
        """
        for payload, expires_at, used_at in await self._storage.read(_FIND, _place(owner, kind, handle_id)):
            if used_at is None and number(expires_at) > stamp(now):
                return str(payload)
        return None

    async def use_handle(self, owner: str, kind: str, handle_id: str, *, now: datetime) -> Use:
        """Take the payload; of any number of calls at the same time one gets it.

        Raises:
            RecordsUnavailable: the database does not work.
        """
        place = _place(owner, kind, handle_id)
        async with self._storage.transaction() as transaction:
            for payload, expires_at, used_at in await transaction.lock(_FIND, place):
                if used_at is not None:
                    return Use("used")
                if number(expires_at) <= stamp(now):
                    return Use("expired")
                await transaction.run(_USE, {**place, "now": stamp(now)})
                return Use("ok", str(payload))
        return Use("unknown")


def _place(owner: str, kind: str, handle_id: str) -> dict[str, Value]:
    return {"owner": owner, "kind": kind, "handle_id": handle_id}
