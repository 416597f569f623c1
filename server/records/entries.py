"""What is remembered, and what can go wrong with it."""

from collections.abc import Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, Protocol

ClaimState = Literal["new", "running", "done", "unknown", "differs"]
UseState = Literal["ok", "used", "expired", "unknown"]
ApprovalState = Literal["pending", "approved", "refused", "expired", "used"]
PlanState = Literal["planned", "running", "done", "cancelled"]
PlanStart = Literal["started", "running", "done", "expired", "unknown"]
ItemState = Literal["planned", "done", "failed", "unknown"]
SettledState = Literal["done", "failed", "unknown"]

MAX_KEY_CHARACTERS = 200


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present."""
        return datetime.now(UTC)


class RecordsUnavailable(Exception):
    """The records can be neither read nor written; the text says why and what to do, without a value in it."""


class Taken(Exception):
    """An id exists already. Ids are random: make another."""


class ClaimLost(Exception):
    """Another call has taken the key over, because this one took too long; nothing may be sent for it any more."""


class LeaseLost(Exception):
    """This process does not run the plan, or not any more; stop without doing another item."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a key stands for."""

    state: ClaimState
    """`new`: yours to run. `running`: another call has it. `done`: it ran. `unknown`: it may have been sent.
    `differs`: the key belongs to another call."""
    outcome: str | None = None
    """JSON text: the first outcome of `done`; what is known of `unknown`, None where its runner died without a word."""
    since: datetime | None = None
    """When it was claimed, or was noted as leaving; None for `new`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One write, as the person it was made for may read it."""

    at: datetime
    tool: str
    target: str
    """What was written to, such as an id."""
    outcome: str
    """What came of it, in a word or two."""
    approver: str | None = None
    """Who allowed it; None where nobody was asked."""
    detail: str | None = None
    """Anything else, as JSON text."""
    number: int | None = field(default=None, compare=False)
    """Of a kept one."""


@dataclass(frozen=True, slots=True)
class Use:
    """What came of using a handle."""

    state: UseState
    payload: str | None = None
    """With `ok` only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A question to a person, put on a page in the browser."""

    approval_id: str
    state: ApprovalState
    digest: str
    """Of exactly what is asked about."""
    summary: str
    by: str | None
    """Who decided; None before."""
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Taint:
    """Strangers' text was read a short time ago."""

    at: datetime
    """The last time."""
    threads: Set[str]
    """Which conversations it was read in; empty where it belongs to none."""
    being_read: str | None = None
    """The conversation that was opened last; None where there is none, or several were at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A bulk change that was shown to a person, to be run exactly as shown."""

    plan_id: str
    operation: str
    digest: str
    created_at: datetime
    expires_at: datetime
    """Until when it may be started."""
    state: PlanState = "planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanItem:
    """One call of a plan."""

    number: int
    """From 1, in the order of running."""
    arguments: str
    """JSON text."""
    state: ItemState = "planned"
    outcome: str | None = None
    settled_at: datetime | None = None
