"""What a restricted API key may do, as far as the API can be asked: the tools of the rest are not listed to it."""

from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import anyio

from auth.scopes import Scope, TokenScope
from server.callers import Caller
from tools.keys import LIST_KEYS
from tools.operation import AnyOperation
from tools.rest import ApiError

if TYPE_CHECKING:
    from server.calls import Call

KNOWN_FOR = timedelta(minutes=10)
MANY = 1024
ASKED_AGAIN_AFTER = timedelta(minutes=1)
"""Where it could not be found out."""
SECONDS = 3.0
"""How long a list of tools waits for it."""
_LACKS = "auth.insufficient_scope"


class _Unknown(Exception):
    """The API said neither that the key may, nor that it may not."""


class KeyScopes:
    """The scopes of the keys that call, asked for once in ten minutes.

    Only full keys list keys. What a restricted one may do is told by a read for each scope that has one; the scopes
    without a read are taken to be there, and the API refuses the call if they are not.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[datetime, frozenset[TokenScope] | None]] = OrderedDict()
        self._asking: dict[str, anyio.Lock] = {}

    async def seen_by(self, call: "Call") -> Caller:
        """The caller as tools are listed to it; it is called as it is, since the API judges."""
        who = call.caller
        if who.scopes is not None:
            return who
        name = f"{call.owner}{who.identity}"
        asking = self._asking.setdefault(name, anyio.Lock())
        async with asking:
            # Who lists several times at once asks once.
            until, scopes = self._known.get(name, (call.now, None))
            if until <= call.now:
                until, scopes = await self._ask(call)
                self._known[name] = until, scopes
                self._known.move_to_end(name)
                while len(self._known) > MANY:
                    self._known.popitem(last=False)
        if not asking.statistics().tasks_waiting:
            self._asking.pop(name, None)
        return who if scopes is None else replace(who, scopes=scopes)

    async def _ask(self, call: "Call") -> tuple[datetime, frozenset[TokenScope] | None]:
        """Until when what is found counts, and the scopes; None for a full key, and where it cannot be found out."""
        with anyio.move_on_after(SECONDS), suppress(_Unknown):
            return call.now + KNOWN_FOR, await self._scopes(call)
        return call.now + ASKED_AGAIN_AFTER, None

    async def _scopes(self, call: "Call") -> frozenset[TokenScope] | None:
        """Those of a restricted key; None for a full one. Raises _Unknown."""
        if await _may(call, LIST_KEYS):
            return None
        # Serving a full key needs none of them.
        from server.upstream import PROBES

        lacking = set[Scope]()

        for scope, operation in PROBES.items():
            if not await _may(call, operation):
                lacking.add(scope)
        return frozenset(scope for scope in Scope if scope not in lacking)


async def _may(call: "Call", operation: AnyOperation) -> bool:
    """Whether the key has the scope for this; raises _Unknown where the API says something else."""
    from server.calls import Failed

    try:
        await call.read(operation, {})
    except Failed as failed:
        if isinstance(failed.error, ApiError) and failed.error.code == _LACKS:
            return False
        raise _Unknown from None
    return True
