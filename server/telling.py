"""What a call is about, in lines that a person reads before it happens: ids with what they stand for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from server.asking import said
from server.naming import titles

if TYPE_CHECKING:
    from server.calls import Call

_LONGEST = 2200
"""Characters: who agrees to a text reads all of it, as the longest usual posts are."""
_KINDS = {"account_id": "account", "account_ids": "account", "brand_id": "brand", "brand_ids": "brand"}


async def told(call: "Call", arguments: Mapping[str, Any]) -> list[str]:
    """A line for each argument, and for each object of a list: `account_id: “Aurora Coffee” on Instagram (id …)`."""
    names = await _names(call, arguments)
    lines: list[tuple[str, str]] = []
    for name, value in arguments.items():
        if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            several = enumerate(value, 1)
            lines += [
                (f"{name} {number}" if len(value) > 1 else name, _in_words(item, names)) for number, item in several
            ]
        else:
            lines.append((name, _in_words(value, names, _KINDS.get(name))))
    return [f"{name}: {said(text, _LONGEST)}" for name, text in lines]


async def _names(call: "Call", arguments: Mapping[str, Any]) -> Mapping[tuple[str, str], str]:
    from server.calls import Failed

    kinds = _kinds(arguments)
    try:
        return await titles(kinds, call.read)
    except Failed:
        # The ids alone say enough to refuse, and the call may be what ends a failure.
        return {}


def _kinds(value: Any) -> set[str]:
    """The kinds of things whose ids are in arguments."""
    if isinstance(value, Mapping):
        return {_KINDS[name] for name in value if name in _KINDS}.union(*map(_kinds, value.values()))
    return set[str]().union(*map(_kinds, value)) if isinstance(value, list) else set()


def _in_words(value: Any, names: Mapping[tuple[str, str], str], kind: str | None = None) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case str():
            return names.get((kind or "", value), value)
        case list():
            return "; ".join(_in_words(item, names, kind) for item in value) or "none"
        case Mapping():
            parts = {name: _in_words(part, names, _KINDS.get(name)) for name, part in value.items()}
            return ", ".join(part if name in _KINDS else f"{name}: {part}" for name, part in parts.items()) or "nothing"
        case _:
            return str(value)
