"""What a call is about, in lines that a person reads before it happens: ids with what they stand for."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from server.asking import said
from server.naming import titles

if TYPE_CHECKING:
    from server.calls import Call
    from server.meanings import Lines

_LONGEST = 2200
"""Characters: who agrees to a text reads all of it, as the longest usual posts are."""
WHOLE = 3900
"""Characters of all lines together."""
_SHORTER = (1500, 1000, 700, 500, 350, 250, 160, 100)
"""Lengths of a line that are tried where all would be too much: what is short stays whole beside what is long."""
_KINDS = {"account_id": "account", "account_ids": "account", "brand_id": "brand", "brand_ids": "brand"}


async def explained(call: "Call", arguments: Mapping[str, Any]) -> list[str]:
    """What the ids and files of a call stand for, as far as it can be read, and then each argument as it is.

    A line for each, and for each object of a list, such as `account_id: “Aurora Coffee” on Instagram (id …)`.
    """
    return bounded(await explanation(call, arguments))


async def explanation(call: "Call", arguments: Mapping[str, Any], *, without: Collection[str] = ()) -> "Lines":
    """What `explained` tells, of any length; `without`: arguments that only help to look up the others."""
    # Serving does not need the modules of all that can be asked about until somebody is asked.
    from server.meanings import ABOUT_ACCOUNTS, meanings

    kinds = _kinds(arguments) | ({"account"} if ABOUT_ACCOUNTS & arguments.keys() else set[str]())
    names = await _names(call, kinds)
    shown = {name: value for name, value in arguments.items() if name not in without}
    return [*await meanings(call, arguments, names, without=without), *_lines(shown, names)]


def _lines(arguments: Mapping[str, Any], names: Mapping[tuple[str, str], str]) -> "Lines":
    lines: Lines = []
    for name, value in arguments.items():
        if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            several = enumerate(value, 1)
            lines += [
                (f"{name} {number}" if len(value) > 1 else name, _in_words(item, names)) for number, item in several
            ]
        elif name == "content_base64" and isinstance(value, str):
            lines.append((name, f"{_size(value):,} bytes"))
        else:
            lines.append((name, _in_words(value, names, _KINDS.get(name))))
    return lines


def _size(encoded: str) -> int:
    """Of a file in base64."""
    return len(encoded.rstrip("=")) * 3 // 4


def bounded(lines: "Lines", whole: int = WHOLE) -> list[str]:
    """The lines as they are shown: the long ones shorter where all would be too much, and at last some left out."""
    shown = [_shown(label, text, _LONGEST) for label, text in lines]
    for limit in _SHORTER:
        if sum(map(len, shown)) + len(shown) <= whole:
            return shown
        shown = [_shown(label, text, limit) for label, text in lines]
    # What is one of many goes first: the hundredth target says less than whether it is published now.
    many = [label[-1:].isdigit() for label, _ in lines]
    room = whole
    fits = [False] * len(shown)
    for number in sorted(range(len(shown)), key=lambda number: many[number]):
        room -= len(shown[number]) + 1
        fits[number] = room >= 0
    if all(fits):
        return shown
    left = [text for (_, text), does in zip(lines, fits, strict=True) if not does]
    kept = [line for line, does in zip(shown, fits, strict=True) if does]
    return [*kept, f"and {len(left):,} more lines, {sum(map(len, left)):,} characters, are left out"]


def _shown(label: str, text: str, limit: int) -> str:
    line = said(text, limit)
    # Only what is quoted from its first letter on is; a cut must not leave the quotation open.
    if text.startswith("„") and "“" not in line[:limit]:
        line = line[:limit] + f"“… (+{len(text) - limit} characters)"
    return f"{label}: {line}" if label else line


async def account_names(call: "Call") -> Mapping[str, str]:
    """What each account is called, by its id; empty where that cannot be read."""
    return {value: name for (_, value), name in (await _names(call, {"account"})).items()}


async def _names(call: "Call", kinds: set[str]) -> Mapping[tuple[str, str], str]:
    from server.calls import Failed

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
