"""Which platforms somebody has accounts on: the tools of the others are not listed to them."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import TypeVar

from server.bodies import rows_of
from server.calls import Call, Failed
from tools.accounts import LIST_ACCOUNTS
from tools.definitions import Definition
from tools.operation import AnyOperation
from tools.surfaces import CORE

KNOWN_FOR = timedelta(seconds=60)
"""What is connected elsewhere, as in a browser, shows after so long; what is by a call of ours, at once."""
MANY = 1024
FEW = 2
"""A tool of so many platforms at most is theirs; one of more is everybody's."""
CHANGES_ACCOUNTS = frozenset(
    {
        "connect_account",
        "select_pending_connection",
        "exchange_oauth_code",
        "redeem_invite",
        "assign_facebook_page",
        "disconnect_account",
        "delete_brand",
    }
)
"""Writes after which somebody may have accounts on other platforms than before."""

T = TypeVar("T")
_changes: OrderedDict[str, int] = OrderedDict()
"""How often each owner's accounts were changed by this process: what was read before the last time is out of date."""


def is_of_platforms(name: str, entry: Definition) -> bool:
    """Whether a tool is of single platforms, and hidden where none of them is connected."""
    return 0 < len(entry["platforms"]) <= FEW and name not in CORE


def changed(call: Call, operation: AnyOperation) -> None:
    """Have the platforms of this caller asked for again, where this write may have changed them."""
    if operation.name in CHANGES_ACCOUNTS:
        _keep(_changes, call.owner, _changes.get(call.owner, 0) + 1)


class Connected:
    """The platforms of each caller, asked once in a minute."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[datetime, int, frozenset[str]]] = OrderedDict()

    async def of(self, call: Call) -> frozenset[str] | None:
        """The platforms with an account, or None where that cannot be found out: then nothing is hidden."""
        owner = f"{call.owner}{call.caller.identity}"
        known, change = self._known.get(owner), _changes.get(call.owner, 0)
        if known is not None and call.now - known[0] < KNOWN_FOR and known[1] == change:
            return known[2]
        try:
            body = await call.read(LIST_ACCOUNTS, {})
        except Failed:
            return None
        if "data" not in body:
            return None
        found = frozenset(str(row.get("platform")) for row in rows_of(body))
        # As of the change before the read: what changes meanwhile is asked for again.
        _keep(self._known, owner, (call.now, change, found))
        return found


def _keep(known: OrderedDict[str, T], name: str, value: T) -> None:
    known[name] = value
    known.move_to_end(name)
    while len(known) > MANY:
        known.popitem(last=False)
