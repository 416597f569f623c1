"""Evaluates `select` expressions (JMESPath) within bounds: no expression may cost more than reading a few answers."""

import math
from collections.abc import Mapping
from typing import Any, Final

from jmespath import compile as parsed
from jmespath.exceptions import JMESPathError, ParseError
from jmespath.visitor import TreeInterpreter

from server.results import plain
from server.shaping import MAX_SELECT, BadSelect, rows_of

MAX_WORK = 1_000_000
"""Steps and units of data looked at; some tenths of a second."""
MAX_GROWTH = 4
"""How many times larger than the answer anything on the way to the result may get."""
MAX_DEPTH = 80
_UNIT = 8
"""Characters that count as one value."""


def select(expression: str, body: Mapping[str, Any]) -> Any:
    """What the expression takes from the body: JSON, at most four times as large as the body.

    Raises:
        BadSelect: the expression is wrong, too long, or costs or yields too much.
    """
    hint = f"a right one for this answer: {example(body)}"
    if len(expression) > MAX_SELECT:
        raise BadSelect(f"select is {len(expression)} characters long, at most {MAX_SELECT} are read; {hint}")
    try:
        return _json(_Bounded(body).visit(parsed(expression).parsed, body), MAX_DEPTH)
    except BadSelect as error:
        raise BadSelect(f"{error}; {hint}") from None
    except _TooMuch as error:
        raise BadSelect(f"select {error}; take fewer fields or rows, such as: {example(body)}") from None
    except RecursionError:
        raise BadSelect(f"select is nested too deep; {hint}") from None
    except ParseError as error:
        raise BadSelect(f"select is no JMESPath expression: {_place(error, expression)}; {hint}") from None
    except JMESPathError as error:
        raise BadSelect(f"select cannot be evaluated: {plain(str(error))}; {hint}") from None
    # The library lets errors of its parts through: a slice with step 0, a number beyond all bounds.
    except (ValueError, TypeError, ArithmeticError, AttributeError, LookupError) as error:
        raise BadSelect(f"select cannot be evaluated: {plain(str(error))}; {hint}") from None


def example(body: Mapping[str, Any]) -> str:
    """A right expression over fields that this body has."""
    name, rows = rows_of(body)
    first = next((row for row in rows if isinstance(row, Mapping) and row), None)
    if first is None:
        names = [_name(key) for key in list(body)[:2]]
        return " or ".join(names[:1]) or "@"
    fields = [key for key in ("id", "text", "status", "platform", "name", "created_at") if key in first]
    fields = (fields or list(first))[:3]
    return f"{_name(name)}[].{{{', '.join(f'{_name(key)}: {_name(key)}' for key in fields)}}}"


class _TooMuch(Exception):
    """A bound is passed."""


class _Bounded(TreeInterpreter):
    """An interpreter that counts what it does, and what it makes as if it were written out.

    Expressions can double a value at each step ([@, @] | [@, @] | …), which costs nothing until somebody compares it
    or writes it down.
    """

    def __init__(self, body: Mapping[str, Any]) -> None:
        super().__init__()
        self._work = 0
        self._sizes: dict[int, int] = {}
        # An id is only known to be the same value's while that value is there.
        self._kept: list[Any] = []
        self._largest: Final = MAX_GROWTH * self._size(body) + 1000

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._spend(1)
        result = super().visit(node, *args, **kwargs)
        if self._size(result) > self._largest:
            raise _TooMuch("would make more than this answer holds")
        return result

    def visit_comparator(self, node: Any, value: Any) -> Any:
        return super().visit_comparator(self._with_values(node, value), value)

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        ready = self._with_values(node, value)
        values = [child["value"] for child in ready["children"]]
        if node["value"] == "join" and len(values) == 2 and isinstance(values[0], str) and isinstance(values[1], list):
            self._spend(len(values[0]) * len(values[1]) // _UNIT)
        return super().visit_function_expression(ready, value)

    def _with_values(self, node: Any, value: Any) -> Any:
        """The node with its children evaluated, and paid for by their size: it will look at all of them."""
        values = [self.visit(child, value) for child in node["children"]]
        self._spend(sum(map(self._size, values)))
        return {**node, "children": [{"type": "literal", "value": item, "children": []} for item in values]}

    def _spend(self, work: int) -> None:
        self._work += work
        if self._work > MAX_WORK:
            raise _TooMuch("takes too many steps")

    def _size(self, value: Any) -> int:
        """Values that `value` is made of, each counted as often as it would be written out."""
        if isinstance(value, str):
            return 1 + len(value) // _UNIT
        if not isinstance(value, (list, dict)):
            return 1
        known = self._sizes.get(id(value))
        if known is None:
            self._spend(len(value))
            parts: Any = value if isinstance(value, list) else (part for pair in value.items() for part in pair)
            known = 1 + sum(map(self._size, parts))
            self._sizes[id(value)] = known
            self._kept.append(value)
        return known


def _json(value: Any, depth: int) -> Any:
    """The value, if JSON can hold it."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth and isinstance(value, list):
        return [_json(item, depth - 1) for item in value]
    if depth and isinstance(value, dict):
        return {str(name): _json(item, depth - 1) for name, item in value.items()}
    raise BadSelect("select does not end in a value; an expression after & belongs inside a function, as in sort_by")


def _place(error: ParseError, expression: str) -> str:
    """What is wrong where, in a line."""
    position = error.lex_position
    token = getattr(error, "token_value", None)
    if token is None or position >= len(expression):
        return f"it ends too early, after “{plain(expression[-20:])}”" if expression else "it is empty"
    there = plain(expression[position : position + 20])
    return f"“{plain(str(token))}” is not expected at character {position + 1}, where it says “{there}”"


def _name(name: str) -> str:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    is_plain = name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit()
    return plain(name if is_plain else f'"{quoted}"')
