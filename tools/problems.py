"""Says in words what is wrong with an argument and what to write; the validator's own sentences are for programmers."""

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import Any

Problem = Mapping[str, Any]
"""One of `pydantic.ValidationError.errors()`, with its context."""

_FEW = 12
_PATTERNS: dict[str, str] = {}


def pattern(expression: str, words: str) -> str:
    """A regular expression for a declaration, with what it asks for in words that follow `write`."""
    _PATTERNS[expression] = words
    return expression


def did_you_mean(said: str, known: Collection[str]) -> str:
    """A question about the nearest of what is known, with a space behind; empty where nothing is near."""
    near = get_close_matches(said[:100], known, n=1)
    return f"did you mean {near[0]}? " if near else ""


def in_words(problem: Problem) -> str:
    """The sentence about one problem; it never holds what was given."""
    found = _WORDS.get(problem["type"])
    if found is None:
        return str(problem["msg"]).removeprefix("Value error, ")
    return found if isinstance(found, str) else found(problem.get("ctx") or {}, problem)


def expected_of(problem: Problem) -> tuple[str, ...]:
    """The values that one has to be of; empty where that is not what is wrong."""
    if problem["type"] not in {"enum", "literal_error"}:
        return ()
    listed = str((problem.get("ctx") or {}).get("expected", "")).replace(" or ", ", ")
    return tuple(part.strip().strip("'") for part in listed.split(", ") if part.strip())


def _one_of(_context: Mapping[str, Any], problem: Problem) -> str:
    known = expected_of(problem)
    near = did_you_mean(str(problem.get("input")), known)
    if near:
        return (near if len(known) > _FEW else f"{near}known: {', '.join(known)}").rstrip()
    return f"write one of {', '.join(known)}"


def _matching(context: Mapping[str, Any], problem: Problem) -> str:
    words = _PATTERNS.get(str(context.get("pattern")))
    return f"write {words}" if words else str(problem["msg"])


def _plural(count: object, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _bound(words: str, name: str, what: str = "") -> Callable[[Mapping[str, Any], Problem], str]:
    def said(context: Mapping[str, Any], _problem: Problem) -> str:
        bound = context.get(name)
        return f"{words} {_plural(bound, what) if what else bound}"

    return said


_TIME = "write a time with its offset, such as 2026-03-01T09:00:00+01:00 or 2026-03-01T08:00:00Z"
_DAY = "write a day, such as 2026-03-01"
_WHOLE, _NUMBER = "write a whole number", "write a number"
_WORDS: Mapping[str, str | Callable[[Mapping[str, Any], Problem], str]] = {
    "missing": "required",
    "string_type": "write a text",
    "string_pattern_mismatch": _matching,
    "string_too_short": _bound("write at least", "min_length", "character"),
    "string_too_long": _bound("write at most", "max_length", "character"),
    "too_short": _bound("give at least", "min_length", "item"),
    "too_long": _bound("give at most", "max_length", "item"),
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": "write a smaller number",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "greater_than": _bound("write more than", "gt"),
    "greater_than_equal": _bound("write at least", "ge"),
    "less_than": _bound("write less than", "lt"),
    "less_than_equal": _bound("write at most", "le"),
    "list_type": 'write a list, as JSON: ["…", "…"]',
    "dict_type": 'write an object, as JSON: {"…": "…"}',
    "model_type": 'write an object, as JSON: {"…": "…"}',
    "model_attributes_type": 'write an object, as JSON: {"…": "…"}',
    "enum": _one_of,
    "literal_error": _one_of,
    "timezone_aware": _TIME,
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
}
