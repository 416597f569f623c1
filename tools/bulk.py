"""The same done to many things at once: first a plan that a person can judge, then exactly that plan."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from auth.scopes import Scope
from tools.fields import AccountId, BrandId, Foreign, Own, OwnJson, Platform, Relayed, SafeId, Timestamp
from tools.operation import Args, Effect, Result
from tools.problems import pattern
from tools.workflow import Workflow

MOST_ITEMS = 1000

Action = Literal["hide", "unhide", "delete", "reply", "reschedule"]


class PlanBulkArgs(Args):
    action: Action
    what: Annotated[
        Literal["comments", "reviews", "posts"],
        Field(description="hide, unhide, delete: comments; reply: comments, reviews; reschedule, delete: posts."),
    ]
    brand_id: BrandId | None = None
    account_ids: Annotated[list[AccountId] | None, Field(max_length=100)] = None
    platform: Platform | None = None
    post_id: Annotated[SafeId | None, Field(description="Comments of this post.")] = None
    ids: Annotated[list[SafeId] | None, Field(description="Only these.", max_length=MOST_ITEMS)] = None
    contains: Annotated[str | None, Field(description="Only with this text.", min_length=1, max_length=300)] = None
    looks_like_spam: bool | None = None
    unanswered: bool | None = None
    most_stars: Annotated[int | None, Field(ge=1, le=5)] = None
    since: Timestamp | None = None
    until: Timestamp | None = None
    text: Annotated[str | None, Field(description="Of a reply.", min_length=1, max_length=2200)] = None
    shift_minutes: Annotated[int | None, Field(description="Of reschedule.", ge=-525_600, le=525_600)] = None

    @model_validator(mode="after")
    def _fits(self) -> "PlanBulkArgs":
        able = {
            "comments": {"hide", "unhide", "delete", "reply"},
            "reviews": {"reply"},
            "posts": {"delete", "reschedule"},
        }
        if self.action not in able[self.what]:
            raise ValueError(f"action: {self.what} can be {', '.join(sorted(able[self.what]))}")
        if (self.action == "reply") != (self.text is not None):
            raise ValueError("text: needed for reply, and for nothing else")
        if (self.action == "reschedule") != bool(self.shift_minutes):
            raise ValueError("shift_minutes: needed for reschedule, and for nothing else")
        return self


class Sample(Result):
    id: str
    on: str
    who: Foreign | None = None
    said: Foreign | None = None
    change: Own | None = None


class PlanBulkResult(Result):
    plan_id: str
    count: int
    by_account: dict[str, int]
    samples: list[Sample]
    cost: Own
    reversible: Own
    expires_at: str
    problems: list[Relayed]
    """Reads that did not work out."""
    left_out: list[Own] | None = None
    """What is not in the plan though it was asked for, and why."""


PLAN_BULK = Workflow(
    name="plan_bulk",
    title="Plan a bulk change",
    description="Select comments, reviews or posts for one action: counts, samples, cost. Changes nothing.",
    args=PlanBulkArgs,
    result=PlanBulkResult,
    scopes=frozenset({Scope.INBOX_WRITE, Scope.POSTS_WRITE}),
    effect=Effect.READ,
    open_world=True,
    example={"action": "hide", "what": "comments", "looks_like_spam": True},
)


class RunBulkArgs(Args):
    plan_id: Annotated[
        str,
        Field(
            description="From plan_bulk.", pattern=pattern(r"^[A-Za-z0-9_-]{16,64}$", "the plan_id that plan_bulk gave")
        ),
    ]
    cancel: Annotated[bool, Field(description="End it instead.")] = False
    receipts_from: Annotated[
        int | None, Field(description="Only show receipts, from this one on.", ge=0, le=MOST_ITEMS)
    ] = None


class Receipt(Result):
    id: str
    """What it was done to."""
    outcome: Own
    reply_id: str | None = None
    """The reply that was made."""
    was: Own | None = None
    """When a post that was moved was planned before."""
    post_id: str | None = None
    comment_id: str | None = None
    account_id: str | None = None


class BulkUndo(Result):
    """What takes one item back: `arguments`, and those of `each` with the values of that item's receipt."""

    tool: Own
    arguments: OwnJson | None = None
    each: dict[str, Own] | None = None
    """Argument → the field of the receipt that has its value."""
    all_at_once: Own | None = None


class RunBulkResult(Result):
    plan_id: str
    state: str
    done: int
    failed: int
    unknown: int
    left: int
    not_done: list[Receipt]
    receipts: list[Receipt]
    """Of what was done."""
    undo: BulkUndo | None = None


RUN_BULK = Workflow(
    name="run_bulk",
    title="Run a bulk change",
    description="Carry out exactly one plan of plan_bulk. Called again, it resumes; nothing is done twice.",
    args=RunBulkArgs,
    result=RunBulkResult,
    scopes=frozenset({Scope.INBOX_WRITE, Scope.POSTS_WRITE}),
    effect=Effect.DELETE,
    open_world=True,
    example={"plan_id": "a_plan_that_is_not_there"},
)
