"""What was done through this server, for the person to read."""

from typing import Annotated

from pydantic import Field

from tools.fields import Cursor, Own, Timestamp
from tools.operation import Args, Effect, Result
from tools.workflow import Workflow


class DoneArgs(Args):
    since: Annotated[Timestamp | None, Field(description="Default: 7 days ago.")] = None
    until: Timestamp | None = None
    tool: Annotated[str | None, Field(description="Of one tool only.", max_length=64)] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Cursor | None = None
    as_csv: Annotated[bool, Field(description="The text as CSV, to be kept.")] = False


class DoneRow(Result):
    at: str
    tool: Own
    target: Own
    outcome: Own
    approved_by: Own | None = None
    reason: Own | None = None


class DoneResult(Result):
    data: list[DoneRow]
    next_cursor: str | None = None


WHATS_BEEN_DONE = Workflow(
    name="whats_been_done",
    title="What has been done",
    description="Every write made through this server in 90 days: when, tool, target, outcome, and who approved it.",
    args=DoneArgs,
    result=DoneResult,
    scopes=frozenset(),
    effect=Effect.READ,
    open_world=False,
    example={},
    drafts=True,
)
