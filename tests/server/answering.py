"""People at the other end of a client, who are asked questions."""

from dataclasses import dataclass, field
from typing import Any, Literal

from mcp.types import ElicitRequestFormParams, ElicitResult


@dataclass
class Person:
    """Answers every question the same way, and remembers them."""

    action: Literal["accept", "decline", "cancel"] = "accept"
    approve: bool = True
    name: str | None = None
    """What they type where a name is asked for; by default the one they are told."""
    asked: list[str] = field(default_factory=list[str])

    async def __call__(self, context: Any, params: Any) -> ElicitResult:
        assert isinstance(params, ElicitRequestFormParams)
        self.asked.append(params.message)
        if self.action != "accept":
            return ElicitResult(action=self.action)
        wanted: dict[str, Any] = dict(params.requested_schema["properties"])
        if "name" in wanted:
            told = str(wanted["name"]["description"]).removeprefix("Type ")
            return ElicitResult(action="accept", content={"name": self.name or told})
        return ElicitResult(action="accept", content={"approve": self.approve})
