"""Tool definitions as `tools/list` shows them: made by `make generate`, loaded ready-made at start.

Deriving 240 schemas takes half a second; reading them takes ten milliseconds.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from tools.operation import AnyOperation
from tools.registry import MODULES, in_module

FILE = Path(__file__).with_name("schemas.json")

Definition = Mapping[str, Any]


@cache
def definitions() -> Mapping[str, Definition]:
    """Tool name → `{"module", "platforms", "scope", "tool"}`, in the order of the catalogue.

    Raises:
        FileNotFoundError: not generated yet; run `make generate`.
    """
    loaded: dict[str, Definition] = json.loads(FILE.read_text(encoding="utf-8"))
    return loaded


@cache
def operation_named(name: str) -> AnyOperation | None:
    """The operation of that tool; imports its group only."""
    entry = definitions().get(name)
    if entry is None:
        return None
    return next(operation for operation in in_module(entry["module"]) if operation.name == name)


def generate() -> str:
    """The text of `schemas.json`, from the declarations."""
    table = {
        operation.name: {
            "module": module,
            "platforms": operation.platforms,
            "scope": operation.scope,
            "tool": tool_definition(operation),
        }
        for module in MODULES
        for operation in in_module(module)
    }
    return json.dumps(table, indent=1, ensure_ascii=False) + "\n"


def tool_definition(operation: AnyOperation) -> dict[str, Any]:
    """One tool on the wire's names."""
    return {
        "name": operation.name,
        "title": operation.title,
        "description": operation.description,
        "inputSchema": _tidy(operation.args.model_json_schema(by_alias=True), nullable=False),
        "outputSchema": _tidy(operation.result.model_json_schema(mode="serialization", by_alias=True), nullable=True),
        "annotations": operation.annotations,
    }


def _tidy(schema: dict[str, Any], *, nullable: bool) -> dict[str, Any]:
    """The schema without references, titles and defaults of null; an object at the root.

    Optional arguments are shown without their null branch (null is accepted all the same); results keep it,
    because clients check answers against the schema.
    """
    schema = deepcopy(schema)
    shared = schema.pop("$defs", {})
    tidied: dict[str, Any] = _walk(schema, shared, nullable=nullable)
    tidied.setdefault("type", "object")
    tidied.setdefault("properties", {})
    tidied.pop("description", None)
    return tidied


def _walk(node: Any, shared: Mapping[str, Any], *, nullable: bool) -> Any:
    if isinstance(node, list):
        return [_walk(item, shared, nullable=nullable) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = deepcopy(shared[node["$ref"].rpartition("/")[2]])
        # A docstring of a model is for us; the field that uses it describes itself.
        target.pop("description", None)
        return _walk(
            {**target, **{key: value for key, value in node.items() if key != "$ref"}}, shared, nullable=nullable
        )
    walked = {
        key: {name: _walk(value, shared, nullable=nullable) for name, value in item.items()}
        if key in {"properties", "patternProperties"}
        else item
        if key in {"enum", "const", "examples", "required"}
        else _walk(item, shared, nullable=nullable)
        for key, item in node.items()
        if key != "title" and not (key == "default" and item is None)
    }
    if walked.get("additionalProperties") is True:
        del walked["additionalProperties"]
    return _merge_null(walked, nullable=nullable)


def _merge_null(node: dict[str, Any], *, nullable: bool) -> dict[str, Any]:
    """`anyOf: [X, null]` as X, or as X whose type lists null too."""
    options = node.get("anyOf")
    if not isinstance(options, list) or {"type": "null"} not in options:
        return node
    others = [option for option in options if option != {"type": "null"}]
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    if len(others) != 1:
        return {**rest, "anyOf": options if nullable else others}
    only = {**others[0], **rest}
    if nullable and isinstance(only.get("type"), str) and "enum" not in only and "const" not in only:
        return {**only, "type": [only["type"], "null"]}
    if nullable and "type" in only:
        return {**rest, "anyOf": options}
    return only
