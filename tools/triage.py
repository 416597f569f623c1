"""The whole inbox in one list, with what waits most first."""

from typing import Annotated, Literal

from pydantic import Field

from auth.scopes import Scope
from tools.fields import BrandId, Foreign, Own, Platform, Relayed, Timestamp
from tools.operation import Args, Effect, Result
from tools.workflow import Workflow


class TriageArgs(Args):
    brand_id: BrandId | None = None
    platforms: Annotated[list[Platform] | None, Field(description="Only these.", max_length=12)] = None
    kinds: Annotated[
        list[Literal["comment", "message", "review", "mention"]] | None, Field(description="Only these.")
    ] = None
    since: Timestamp | None = None
    limit: Annotated[int, Field(ge=1, le=25)] = 25


class NextArguments(Result):
    """Ids as the API gave them, to be passed on as they are."""

    post_id: str | None = None
    comment_id: str | None = None
    account_id: str | None = None
    conversation_id: str | None = None
    review_id: str | None = None
    media_id: str | None = None


class NextCall(Result):
    """What answers it, once the words are added."""

    tool: Own
    arguments: NextArguments


class TriageRow(Result):
    """One thing that waits."""

    kind: str
    platform: str
    account: Relayed
    who: Foreign
    said: Foreign
    at: str | None = None
    why: list[Own]
    account_id: str | None = None
    """Where the next call does not say it."""
    next: NextCall


class TriageResult(Result):
    rows: list[TriageRow]
    waiting: int
    more: int
    problems: list[Relayed]
    """What the API said of reads that did not work out."""
    left_out: list[Own] | None = None
    """What was too much to be read, and the call that has it."""


TRIAGE_INBOX = Workflow(
    name="triage_inbox",
    title="Triage the inbox",
    description=(
        "What waits for an answer in comments, messages, reviews and mentions, the most urgent first, "
        "each with the call that answers it."
    ),
    args=TriageArgs,
    result=TriageResult,
    scopes=frozenset({Scope.INBOX_READ, Scope.DMS_READ}),
    effect=Effect.READ,
    open_world=True,
    example={},
    drafts=True,
)
