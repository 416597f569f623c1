"""The contract of tools that are more than one REST call: what `Operation` is for a single one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic

from auth.scopes import Permission
from tools.operation import ArgsT, Effect, Result, hints_of


@dataclass(frozen=True, kw_only=True)
class Workflow(Generic[ArgsT]):
    """A tool of this server's own; what it reads and writes goes through operations, each with its own scope.

    The handler of the same name is in `server.workflows`, in the module that is called like the one declared in.
    """

    name: str
    title: str
    description: str
    args: type[ArgsT]
    scopes: frozenset[Permission]
    """Whoever has one of them sees the tool; every call inside still needs its own. Empty: everybody."""
    effect: Effect
    open_world: bool
    result: type[Result] | None = None
    """What it answers, whose marks say whose words are in it; None where they are all our own."""
    keeps_form: bool = False
    """Whether the answer has a form that its readers insist on, so that nothing is selected from it."""
    example: Mapping[str, Any]
    """Arguments that succeed on the seeded embedded API, or that are refused with a next step."""
    destructive: bool | None = None
    idempotent: bool | None = None
    drafts: bool = False
    """Of use, and allowed, where nothing may become public."""

    @property
    def annotations(self) -> dict[str, Any]:
        """The four MCP hints and the title, on the wire's names."""
        return hints_of(self)


AnyWorkflow = Workflow[Any]
