"""What `tools/list` shows of a tool's arguments: enough to call it; `describe_operation` shows the rest.

What is left out here still holds: arguments are checked against the declaration, and a refusal says what to mend.
"""

from collections.abc import Mapping
from typing import Any

_CHECKED_ANYWAY = frozenset(
    {
        "pattern",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "uniqueItems",
        "format",
        "examples",
        "additionalProperties",
        "contentEncoding",
    }
)
_TOLD_ONCE = frozenset({"cursor", "limit", "account_id", "brand_id"})
"""Arguments that the server's instructions explain for all tools."""
_SAYS_NOTHING = frozenset({"Text.", "Title.", "Platform.", "Kind.", "State.", "Order.", "Name.", "Description."})
_LONGEST_ENUM = 8
"""Longer ones are the platforms, which a model knows, and lists that a refusal names."""


def listed(schema: Mapping[str, Any], *, depth: int) -> dict[str, Any]:
    """The input schema as it is listed: objects nested deeper than `depth` are left open."""
    shown: dict[str, Any] = _of(schema, depth=depth, name="")
    return shown


def _of(node: Any, *, depth: int, name: str) -> Any:
    if isinstance(node, list):
        return [_of(item, depth=depth, name=name) for item in node]
    if not isinstance(node, Mapping):
        return node
    if depth < 0 and "properties" in node:
        return {key: node[key] for key in ("type", "description") if key in node}
    shown: dict[str, Any] = {}
    for key, item in node.items():
        if key in _CHECKED_ANYWAY or (key == "enum" and len(item) > _LONGEST_ENUM):
            continue
        if key in {"description", "default"} and (name in _TOLD_ONCE or item in _SAYS_NOTHING):
            continue
        if key == "properties":
            shown[key] = {inner: _of(value, depth=depth - 1, name=inner) for inner, value in item.items()}
        else:
            shown[key] = item if key in {"enum", "const", "default", "required"} else _of(item, depth=depth, name=name)
    if shown.get("items") in ({"type": "object"}, {}):
        # A list of objects that are left open says no more than a list.
        del shown["items"]
    return shown
