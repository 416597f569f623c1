"""Trims JSON for reading: what is empty, repeated, too deep or too long goes; ids and fences stay whole."""

import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 40
"""How deep an answer is followed; what lies deeper is left out."""
SAME_FOR_ALL = "same_for_all"
"""Where a brief answer says once what every row would repeat."""

_WORTH_HOISTING = 200
_HOISTED_FROM = 3
_LONGEST_ID = 256

# Foreign text as server/fences.py hands it over: no » is left inside. A marker may stand at the end as well.
FENCE = re.compile(r"«(?P<marker>\w{4,40})[ :](?P<text>[^»]*?)(?P<closing>(?::(?P=marker))?»)")
_NEVER_CUT = re.compile(r"id|ids|\w*_ids?|\w*cursor|before|after")
_ADDRESS = re.compile(r"https?://\S*")


@dataclass(frozen=True, slots=True)
class Limits:
    """How far an answer is cut; None leaves a thing whole."""

    rows: int | None = None
    text: int | None = None
    items: int | None = None
    only_ids: bool = False


@dataclass(slots=True)
class Cuts:
    """What was cut while an answer was built."""

    texts: int = 0
    lists: int = 0
    fields: bool = False

    def told(self) -> list[str]:
        parts = [(self.texts, "text"), (self.lists, "list")]
        told = [f"{number} {kind}{'s' if number > 1 else ''} cut" for number, kind in parts if number]
        return told + (["fields left out"] if self.fields else [])


def compact(value: Any) -> str:
    """JSON without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def hoisted(body: dict[str, Any], name: str) -> dict[str, Any]:
    """The body with what all rows say alike said once, if that saves much."""
    rows = body[name]
    if len(rows) < _HOISTED_FROM or not all(isinstance(row, dict) for row in rows) or SAME_FOR_ALL in body:
        return body
    first: dict[str, Any] = rows[0]
    same = {key: value for key, value in first.items() if key != "id" and _are_alike(rows, key)}
    saved = (len(rows) - 1) * sum(len(key) + len(compact(value)) + 4 for key, value in same.items())
    if saved < _WORTH_HOISTING or len(same) == len(first):
        return body
    shorter = [{key: value for key, value in row.items() if key not in same} for row in rows]
    return {SAME_FOR_ALL: same, **body, name: shorter}


def _are_alike(rows: list[dict[str, Any]], key: str) -> bool:
    written = compact(rows[0][key])
    return all(key in row and compact(row[key]) == written for row in rows)


Tree = dict[str, Any]


def tree_of(names: Collection[str]) -> Tree:
    """Dotted names as nested dicts; an empty one takes all."""
    tree: Tree = {}
    for name in names:
        node = tree
        for part in name.split("."):
            node = node.setdefault(part, {})
    return tree


def picked(value: Any, tree: Tree) -> Any:
    if not tree:
        return value
    if isinstance(value, list):
        return [picked(item, tree) for item in value]
    if not isinstance(value, dict):
        return value
    kept: dict[str, Any] = {}
    for name, inner in tree.items():
        if name in value:
            kept[name] = picked(value[name], inner)
            # The same time in the caller's zone, from server/times.py.
            if f"{name}_local" in value:
                kept[f"{name}_local"] = value[f"{name}_local"]
    # A row of another kind than expected is better shown whole than empty.
    return kept or value


def tidied(value: Any, *, nulls: bool, empties: bool = True, depth: int = MAX_DEPTH) -> Any:
    """Plain JSON that is not too deep, without fields that are null or empty unless asked for."""
    if isinstance(value, Mapping):
        if not depth:
            return {}
        items = ((str(key), tidied(item, nulls=nulls, empties=empties, depth=depth - 1)) for key, item in value.items())
        is_top = depth == MAX_DEPTH
        return {
            key: item
            for key, item in items
            if (nulls or item is not None)
            and (empties or (is_top and isinstance(item, list)) or item not in ("", [], {}))
        }
    if isinstance(value, (list, tuple)):
        return [tidied(item, nulls=nulls, empties=empties, depth=depth - 1) for item in value] if depth else []
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 1024:
        # Python itself does not write out the longest.
        return None
    return value if value is None or isinstance(value, (str, int, bool)) else str(value)


def cut(value: Any, name: str, limits: Limits, cuts: Cuts) -> Any:
    """The value with long texts and lists shortened; ids and addresses stay whole."""
    if isinstance(value, str):
        if limits.text is None or _NEVER_CUT.fullmatch(name) or _ADDRESS.fullmatch(value):
            return value
        shorter = cut_text(value, limits.text)
        cuts.texts += shorter != value
        return shorter
    if isinstance(value, list):
        items = _shortened(value, name, limits, cuts)
        return [cut(item, name, limits, cuts) for item in items]
    if not isinstance(value, dict):
        return value
    fields: dict[str, Any] = {}
    for key, item in value.items():
        if limits.only_ids and not _leads_to_ids(key, item):
            continue
        fields[key] = shorter = cut(item, key, limits, cuts)
        if isinstance(item, list) and len(shorter) < len(item):
            fields[f"{key}_more"] = len(item) - len(shorter)
    return fields


def _shortened(items: list[Any], name: str, limits: Limits, cuts: Cuts) -> list[Any]:
    if limits.items is None or _NEVER_CUT.fullmatch(name):
        return items
    longest = limits.items if has_objects(items) else 4 * limits.items
    cuts.lists += len(items) > longest
    return items[:longest]


def _leads_to_ids(name: str, value: Any) -> bool:
    if isinstance(value, str):
        return bool(_NEVER_CUT.fullmatch(name)) and len(value) <= _LONGEST_ID
    return isinstance(value, (dict, list))


def cut_text(text: str, length: int) -> str:
    """The first characters of a text and a mark that says how many are missing; a fence that is cut is closed."""
    if len(text) <= length + 20:
        return text
    end = length
    closing = ""
    for fence in FENCE.finditer(text) if "«" in text else ():
        if fence.start() <= length < fence.end():
            # Neither half of a marker is left standing.
            end = min(max(length, fence.start("text")), fence.end("text"))
            closing = fence["closing"]
    return f"{text[:end]}… (+{len(text) - end - len(closing)} characters){closing}"


def has_objects(items: list[Any]) -> bool:
    return any(isinstance(item, (dict, list)) for item in items)
