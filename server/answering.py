"""What a model gets to read of an answer: strangers' words in fences, cut to what matters, times in a known zone."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

from mcp.types import CallToolResult
from pydantic import BaseModel, ConfigDict, Field

from server import results
from server.calls import Call, Refused
from server.shaping import BadSelect, View, shape
from server.times import with_local, zone_here
from tools.operation import Args

MOST_TOKENS = 50_000
OptionsT = TypeVar("OptionsT", bound=Args)


class ReadOptions(Args):
    """What every read takes besides its own arguments."""

    model_config = ConfigDict(extra="ignore")

    select: Annotated[str | None, Field(max_length=500)] = None
    detail: Literal["brief", "full"] = "brief"
    max_tokens: Annotated[int, Field(ge=200, le=MOST_TOKENS)] = 6000


class WriteOptions(Args):
    """What every write takes besides its own arguments."""

    model_config = ConfigDict(extra="ignore")

    idempotency_key: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    time_zone: Annotated[str | None, Field(max_length=64)] = None


def taken_apart(options: type[OptionsT], arguments: Mapping[str, Any]) -> tuple[OptionsT, dict[str, Any]]:
    """The options among the arguments, and the arguments without them; raises pydantic.ValidationError."""
    own = {name: value for name, value in arguments.items() if name not in options.model_fields}
    return options.model_validate(arguments), own


async def answer(
    call: Call,
    tool: str,
    arguments: Mapping[str, Any],
    body: Mapping[str, Any],
    options: ReadOptions,
    *,
    result: type[BaseModel] | None,
    brief: Collection[str] = (),
    threads: Sequence[str] = (),
    notes: Sequence[str] = (),
    text: str | None = None,
    place: Mapping[str, Any] | None = None,
) -> CallToolResult:
    """A read's answer.

    Args:
        call: whose notes are said, too.
        tool: its name, for the calls that notes name.
        arguments: of the call.
        body: what was read.
        options: how it is to be shown.
        result: whose marks say whose words are in it; None where all are our own.
        brief: the fields that matter.
        threads: the conversations that it opens.
        notes: lines to add.
        text: what is read in the place of the body, as long as nothing is selected from it.
        place: what says whose time zone counts, where the arguments do not.

    Raises:
        Refused: what is to be selected cannot be.
    """
    shown: Any = dict(body)
    lines = [*call.notes, *notes]
    if result is not None:
        fenced = await call.fenced(result, body, threads=threads)
        shown, lines = fenced.body, [*call.notes, *filter(None, [fenced.note]), *notes]
    zones = await call.zones()
    local = with_local(shown, zone_here(place or arguments, call.mode.zone, zones), zones)
    # Where no fields are named, all of them matter.
    view = View(select=options.select, detail=options.detail if brief else "full", max_tokens=options.max_tokens)
    try:
        shaped = shape(tool, arguments, local, view, brief=brief)
    except BadSelect as problem:
        raise Refused(str(problem), "retry: yes, with another select", "next: call it again.") from None
    if text is not None and options.select is None:
        return results.told(local, "\n".join([text, *lines]))
    return results.answered(shaped.body, [*lines, *shaped.notes])
