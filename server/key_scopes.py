"""What a restricted API key may do, as far as the API can be asked: the tools of the rest are not listed to it."""

from collections import OrderedDict
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
_FORBIDDEN = 403


class KeyScopes:
    """The scopes of the keys that call, asked for once in ten minutes.

    Only full keys list keys. What a restricted one may do is told by a read for each scope that has one; the scopes
    without a read are taken to be there, and the API refuses the call if they are not.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[datetime, frozenset[TokenScope] | None]] = OrderedDict()

    async def seen_by(self, call: "Call") -> Caller:
        """The caller as tools are listed to it; it is called as it is, since the API judges."""
        who = call.caller
        if who.scopes is not None:
            return who
        name = f"{call.owner}{who.identity}"
        known = self._known.get(name)
        if known is None or call.now - known[0] >= KNOWN_FOR:
            known = call.now, await self._scopes(call)
            self._known[name] = known
            self._known.move_to_end(name)
            while len(self._known) > MANY:
                self._known.popitem(last=False)
        return who if known[1] is None else replace(who, scopes=known[1])

    async def _scopes(self, call: "Call") -> frozenset[TokenScope] | None:
        """Those of a restricted key; None for a full one, and where it cannot be found out."""
        if await _may(call, LIST_KEYS):
            return None
        # Serving a full key needs none of them.
        from server.upstream import PROBES

        lacking = set[Scope]()

        async def ask(scope: Scope, operation: AnyOperation) -> None:
            if not await _may(call, operation):
                lacking.add(scope)

        async with anyio.create_task_group() as tasks:
            for scope, operation in PROBES.items():
                tasks.start_soon(ask, scope, operation)
        return frozenset(scope for scope in Scope if scope not in lacking)


async def _may(call: "Call", operation: AnyOperation) -> bool:
    """Whether the API lets the caller read this; what it does not answer counts as allowed."""
    from server.calls import Failed

    try:
        await call.read(operation, {})
    except Failed as failed:
        return not (isinstance(failed.error, ApiError) and failed.error.status == _FORBIDDEN)
    return True
