"""What the engine is told before it runs, and the plan that it answers with."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auth.clients import KnownClient
from auth.records import Code

Values = Mapping[str, Sequence[str]]
"""A form or query: every value of each name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was read before the engine runs."""

    now: datetime
    client: KnownClient | None = None
    credentials: tuple[str | None, str | None] | None = None
    """Id and secret of the Authorization header, where it was read already."""
    client_keys: Mapping[str, Any] | None = None
    """The client's JWK set, if it sent an assertion."""
    code: Code | None = None
    issuer_keys: Mapping[str, Any] | None = None
    """The JWK set of the enterprise's identity provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """The id of an assertion that may be used once; the plan's first step is to note it."""

    issuer: str
    token_id: str
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeem:
    """The code's checks hold; claim it."""

    client: KnownClient
    code: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotate:
    """The client may refresh; whether the token is its own and good is found when it is claimed."""

    client: KnownClient
    scope: str
    """Asked for; without any, what was granted."""
    resource: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ByItself:
    """A client that acts for itself (RFC 6749 §4.4)."""

    client: KnownClient
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ByEnterprise:
    """An identity assertion of an enterprise's provider (ID-JAG)."""

    client: KnownClient
    issuer: str
    subject: str
    scope: str
    claims: Mapping[str, Any]


Step = Redeem | Rotate | ByItself | ByEnterprise


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a token request comes to."""

    step: Step
    assertions: tuple[Assertion, ...] = ()


@dataclass(slots=True)
class Turn:
    """One run of the engine."""

    known: Known
    step: Step | None = None
    assertions: list[Assertion] = field(default_factory=list[Assertion])


turn: ContextVar[Turn] = ContextVar("turn")
