"""Which platforms somebody has accounts on: the tools of the others are not listed to them."""

from collections import OrderedDict
from datetime import datetime, timedelta

from server.bodies import rows_of
from server.calls import Call, Failed
from tools.accounts import LIST_ACCOUNTS
from tools.definitions import Definition
from tools.surfaces import CORE

KNOWN_FOR = timedelta(minutes=5)
MANY = 1024
FEW = 2
"""A tool of so many platforms at most is theirs; one of more is everybody's."""


def is_of_platforms(name: str, entry: Definition) -> bool:
    """Whether a tool is of single platforms, and hidden where none of them is connected."""
    return 0 < len(entry["platforms"]) <= FEW and name not in CORE


class Connected:
    """The platforms of each caller, asked once in some minutes."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[datetime, frozenset[str]]] = OrderedDict()

    async def of(self, call: Call) -> frozenset[str] | None:
        """The platforms with an account, or None where that cannot be found out: then nothing is hidden."""
        owner = f"{call.owner}{call.caller.identity}"
        known = self._known.get(owner)
        if known is not None and call.now - known[0] < KNOWN_FOR:
            return known[1]
        try:
            body = await call.read(LIST_ACCOUNTS, {})
        except Failed:
            return None
        if "data" not in body:
            return None
        found = frozenset(str(row.get("platform")) for row in rows_of(body))
        self._known[owner] = (call.now, found)
        self._known.move_to_end(owner)
        while len(self._known) > MANY:
            self._known.popitem(last=False)
        return found
