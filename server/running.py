"""Calls over HTTP that can be cancelled by a message of their own, as clients of the older protocol do."""

from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from starlette.types import Scope

from server.callers import Caller

Key = tuple[str, str, str, Any]
"""Who calls, from which machine, with which program, and the request's id there."""


@dataclass
class Running:
    """The calls of one process. Without sessions a client is known by its key, machine and program only."""

    _calls: defaultdict[Key, list[anyio.CancelScope]] = field(
        default_factory=lambda: defaultdict[Key, list[anyio.CancelScope]](list)
    )

    @contextmanager
    def tracked(self, key: Key) -> Generator[anyio.CancelScope]:
        """A scope that `cancel` ends; its `cancelled_caught` tells."""
        with anyio.CancelScope() as scope:
            self._calls[key].append(scope)
            try:
                yield scope
            finally:
                self._calls[key].remove(scope)
                if not self._calls[key]:
                    del self._calls[key]

    def cancel(self, key: Key) -> None:
        """End the call, if there is exactly one: two clients of the same description count their requests alike."""
        scopes = self._calls.get(key, [])
        if len(scopes) == 1:
            scopes[0].cancel()


def calling(scope: Scope, caller: Caller, request_id: object) -> Key:
    """Which call of which client this is."""
    program = dict(scope["headers"]).get(b"user-agent", b"").decode("latin-1")
    return (caller.identity, (scope.get("client") or ("",))[0], program, request_id)
