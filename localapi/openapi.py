"""The REST API as an OpenAPI 3.1 document, made of the same declarations as its routes."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from auth.scopes import Access, Scope
from localapi.routing import CREATED
from tools.fields import FileArgs
from tools.operation import AnyOperation, Empty
from tools.registry import operations

PATH = "/v1/openapi.json"
_REF = "#/components/schemas/{model}"
# What success is where it is not one status alone.
_SUCCESS: Mapping[str, tuple[int, ...]] = {
    "connect_account": (201, 202),
    "exchange_oauth_code": (200, 201),
    "create_post": (201, 207, 422),
    "publish_post": (200, 201, 207, 422),
    "create_export": (202,),
    "assign_facebook_page": (201,),
}
_ERRORS: Mapping[int, str] = {
    400: "Something in the request will not do; `meta.field` names it.",
    401: "The credential is missing or unknown.",
    402: "A payment is overdue.",
    403: "The credential may not do this, or the account has to be connected again.",
    404: "There is no such thing, or it is another user's or brand's.",
    409: "It is not in a state for this, or something else has changed it.",
    410: "It was used or has expired.",
    412: "Something has to be set up first.",
    413: "It is too large for the request or the plan.",
    422: "The platform has nothing of the kind.",
    429: "Too many, or the plan's allowance is used up; see `Retry-After`.",
    500: "Something broke here; the log has it under the request id.",
    501: "The platform cannot do this.",
    502: "The platform refused.",
    503: "The database cannot be used now.",
}
_ERROR: Mapping[str, Any] = {
    "type": "object",
    "required": ["error", "request_id"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "description": "Stable, such as post.not_found."},
                "message": {"type": "string", "description": "What is wrong and what to do."},
                "meta": {"type": "object", "description": "Details, by code."},
            },
        },
        "request_id": {"type": "string", "description": "As in the X-Request-ID header."},
    },
}


@lru_cache(maxsize=1)
def document() -> Mapping[str, Any]:
    """The whole document; the same for every installation of one version."""
    every = operations()
    models: set[type[BaseModel]] = set()
    for operation in every:
        models |= {operation.args, operation.result}
    ordered = sorted(models, key=lambda model: (model.__module__, model.__name__))
    wanted = [(model, "validation" if _is_args(model, every) else "serialization") for model in ordered]
    references, definitions = models_json_schema(wanted, ref_template=_REF)  # type: ignore[arg-type]
    schemas: dict[str, Any] = dict(definitions.get("$defs", {}))
    named = {model: references[(model, mode)]["$ref"].rpartition("/")[2] for model, mode in wanted}  # type: ignore[index]
    paths: dict[str, dict[str, Any]] = {}
    for operation in every:
        arguments = schemas[named[operation.args]]
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(
            operation, arguments, named[operation.result]
        )
    for operation in every:
        # Arguments are told where they go: in the path, the query or the body.
        schemas.pop(named[operation.args], None)
    for schema in schemas.values():
        # What is unknown in a body is dropped; the tools alone refuse it.
        if schema.get("additionalProperties") is False:
            del schema["additionalProperties"]
    schemas["Error"] = _ERROR
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Local SocialAPI",
            "version": version("socialapi-mcp"),
            "description": "Social accounts on simulated platforms: inbox, publishing, media, numbers and settings.",
        },
        "servers": [{"url": "/v1"}],
        "security": [{"bearer": []}],
        "tags": [{"name": group} for group in dict.fromkeys(operation.group for operation in every)],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, an access token, or a token of the dashboard.",
                }
            },
            "responses": {
                f"Error{status}": {"description": words, "content": _content({"$ref": _REF.format(model="Error")})}
                for status, words in _ERRORS.items()
            },
        },
    }


def _is_args(model: type[BaseModel], every: tuple[AnyOperation, ...]) -> bool:
    return any(operation.args is model for operation in every)


def _operation(operation: AnyOperation, arguments: Mapping[str, Any], result: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.group],
        "summary": operation.title,
        "description": "\n\n".join((operation.description, _permission(operation))),
        "responses": dict(_responses(operation, result)),
    }
    if operation.scope is Access.PUBLIC:
        described["security"] = []
    if parameters := list(_parameters(operation, arguments)):
        described["parameters"] = parameters
    if body := _body(operation, arguments):
        described["requestBody"] = body
    return described


def _permission(operation: AnyOperation) -> str:
    match operation.scope:
        case Scope() as scope:
            return f"Needs the scope `{scope.value}`."
        case Access.PUBLIC:
            return "Needs no credential."
        case Access.ALWAYS:
            return "Every credential may."
        case Access.DASHBOARD:
            return "Needs a token of the dashboard; no API key reaches it."
        case _:
            return "Needs a credential without restrictions."


def _parameters(operation: AnyOperation, arguments: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    properties: Mapping[str, Any] = arguments.get("properties", {})
    for placeholder, argument in operation.path_names.items():
        yield _parameter(placeholder, "path", properties[_wire(operation, argument)], operation, argument)
    for name, info in operation.args.model_fields.items():
        if name in operation.query_names:
            wire = info.alias or name
            made = _parameter(wire, "query", properties[wire], operation, wire)
            is_required = wire in arguments.get("required", ())
            # An empty one counts as left out.
            yield made | ({"required": True} if is_required else {"required": False, "allowEmptyValue": True})


def _wire(operation: AnyOperation, argument: str) -> str:
    return operation.args.model_fields[argument].alias or argument


def _parameter(
    name: str, place: str, schema: Mapping[str, Any], operation: AnyOperation, argument: str
) -> dict[str, Any]:
    plain = {key: value for key, value in _without_null(schema).items() if key not in {"title", "default"}}
    made: dict[str, Any] = {"name": name, "in": place, "required": place == "path", "schema": plain}
    if "description" in plain:
        made["description"] = plain.pop("description")
    if argument in operation.example:
        made["example"] = operation.example[argument]
    return made


def _without_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A parameter that is left out is not null."""
    kinds = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(kinds) == 1:
        rest = {key: value for key, value in schema.items() if key != "anyOf"}
        return {**kinds[0], **rest}
    return schema


def _body(operation: AnyOperation, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    if operation.upload is not None:
        file = {"type": "object", "required": [operation.upload], "properties": {operation.upload: _FILE}}
        return {"required": True, "content": {"multipart/form-data": {"schema": file}}}
    if not operation.has_body:
        return None
    elsewhere = {*operation.path_names.values(), *operation.query_names, *FileArgs.model_fields}
    wires = {info.alias or name for name, info in operation.args.model_fields.items() if name not in elsewhere}
    properties = {name: one for name, one in arguments.get("properties", {}).items() if name in wires}
    required = [name for name in arguments.get("required", ()) if name in wires]
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    example = {name: value for name, value in operation.example.items() if name in wires}
    return {"required": bool(required), "content": {"application/json": {"schema": schema, "example": example}}}


_FILE = {"type": "string", "format": "binary", "description": "The file."}


def _responses(operation: AnyOperation, result: str) -> Iterator[tuple[str, Any]]:
    if operation.redirects:
        yield "302", {"description": "Go to the address in Location.", "headers": {"Location": _LOCATION}}
    elif operation.result is Empty:
        yield "204", {"description": "Done."}
    else:
        usual = (201,) if operation.name in CREATED else (200,)
        for status in _SUCCESS.get(operation.name, usual):
            yield str(status), {"description": _DONE[status], "content": _content({"$ref": _REF.format(model=result)})}
    for status in _ERRORS:
        if str(status) not in {str(one) for one in _SUCCESS.get(operation.name, ())}:
            yield str(status), {"$ref": f"#/components/responses/Error{status}"}


_LOCATION = {"schema": {"type": "string"}, "description": "Where to go."}
_DONE = {
    200: "Done.",
    201: "Made.",
    202: "Begun.",
    207: "Done on some targets; see each.",
    422: "Done on no target; see each. A request that is refused has an error instead.",
}


def _content(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def routes() -> list[BaseRoute]:
    """Where the document is read, without a credential, by any page."""
    body = json.dumps(document(), separators=(",", ":"), sort_keys=False).encode()
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=300"}

    async def answer(_request: Request) -> Response:
        return Response(body, headers=headers, media_type="application/json")

    return [Route(PATH, answer, methods=["GET"])]
