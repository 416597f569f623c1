"""Tool definitions as `tools/list` shows them: made by `make generate`, loaded ready-made at start.

Deriving 240 schemas takes half a second; reading them takes ten milliseconds.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from tools.listing import listed
from tools.operation import AnyOperation, Effect
from tools.registry import MODULES, WORKFLOW_MODULES, in_module, workflows_in
from tools.workflow import AnyWorkflow

LARGE_SCHEMA_CHARACTERS = 1_400
"""Beyond it, a tool is listed with its nested objects left open; `describe_operation` has them."""

FILE = Path(__file__).with_name("schemas.json")

Definition = Mapping[str, Any]


@cache
def definitions() -> Mapping[str, Definition]:
    """Tool name → `{"module", "group", "platforms", "scopes", "tool"}`, in the order of the catalogue.

    Raises:
        FileNotFoundError: not generated yet; run `make generate`.
    """
    loaded: dict[str, Definition] = json.loads(FILE.read_text(encoding="utf-8"))
    return loaded


@cache
def operation_named(name: str) -> AnyOperation | None:
    """The operation of that tool; imports its group only."""
    entry = definitions().get(name)
    if entry is None or entry["group"] is None:
        return None
    return next(operation for operation in in_module(entry["module"]) if operation.name == name)


@cache
def workflow_named(name: str) -> AnyWorkflow | None:
    """The tool of our own that is called so; imports its module only."""
    entry = definitions().get(name)
    if entry is None or entry["group"] is not None:
        return None
    return next(workflow for workflow in workflows_in(entry["module"]) if workflow.name == name)


def generate() -> str:
    """The text of `schemas.json`, from the declarations."""
    table: dict[str, Any] = {
        workflow.name: {
            "module": module,
            "group": None,
            "platforms": (),
            "scopes": sorted(workflow.scopes),
            "drafts": workflow.drafts,
            "tool": workflow_definition(workflow),
        }
        for module in WORKFLOW_MODULES
        for workflow in workflows_in(module)
    }
    table |= {
        operation.name: {
            "module": module,
            "group": operation.group,
            "platforms": operation.platforms,
            "scopes": [operation.scope],
            "tool": tool_definition(operation),
        }
        for module in MODULES
        for operation in in_module(module)
    }
    return json.dumps(table, indent=1, ensure_ascii=False) + "\n"


def tool_definition(operation: AnyOperation) -> dict[str, Any]:
    """One operation on the wire's names, as it is listed."""
    schema = input_schema(operation)
    shown = listed(schema, depth=1)
    if len(json.dumps(shown)) > LARGE_SCHEMA_CHARACTERS:
        shown = listed(schema, depth=0)
    if operation.effect is Effect.READ:
        shown["properties"]["select"] = {"type": "string"}
    return {
        "name": operation.name,
        "title": operation.title,
        "description": operation.description,
        "inputSchema": shown,
        "outputSchema": output_schema(operation),
        "annotations": operation.annotations,
    }


def workflow_definition(workflow: AnyWorkflow) -> dict[str, Any]:
    """One tool of our own on the wire's names, as it is listed."""
    return {
        "name": workflow.name,
        "title": workflow.title,
        "description": workflow.description,
        "inputSchema": listed(input_schema(workflow), depth=1),
        "annotations": workflow.annotations,
    }


def input_schema(tool: AnyOperation | AnyWorkflow) -> dict[str, Any]:
    """The whole schema of a tool's arguments: what is listed, and every bound and nested field besides."""
    return _tidy(tool.args.model_json_schema(by_alias=True), nullable=False)


def output_schema(operation: AnyOperation) -> dict[str, Any]:
    """The schema of what is answered, which clients hold answers against."""
    schema = _tidy(operation.result.model_json_schema(mode="serialization", by_alias=True), nullable=True)
    # A view puts fields of its own beside or in place of those of the API: `selected`, `same_for_all`, `unexpected`.
    schema.pop("additionalProperties", None)
    return schema


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
