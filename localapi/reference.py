"""The reference at /v1/docs: the OpenAPI document as one page, which needs no network and no script."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from localapi.openapi import PATH as DOCUMENT
from localapi.openapi import document
from localapi.page import COLOURS, HEADERS

PATH = "/v1/docs"
_STYLE = (
    COLOURS
    + """
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main,nav,header{max-width:60rem;margin:0 auto;padding:0 16px;overflow-wrap:anywhere}header{padding-top:24px}
a{color:var(--go)}h1{margin:0 0 .25rem}h2{margin:2.5rem 0 .5rem;border-bottom:1px solid var(--line)}h3{margin:2rem 0 .25rem;font-size:1.05rem}
p{margin:.35rem 0}.soft{color:var(--soft)}code{font:.9em ui-monospace,monospace}
nav ul{columns:15rem;padding:0;list-style:none;margin:.5rem 0 1rem}nav summary{cursor:pointer;font-weight:600}
table{border-collapse:collapse;width:100%;margin:.5rem 0}th,td{text-align:left;vertical-align:top;padding:4px 8px 4px 0;border-bottom:1px solid var(--line)}
pre{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:8px 12px;overflow:auto;white-space:pre-wrap}
:focus-visible{outline:3px solid var(--go);outline-offset:2px}.table{overflow-x:auto}
"""
)


@lru_cache(maxsize=1)
def page() -> str:
    """The whole page."""
    whole = document()
    by_group: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, methods in whole["paths"].items():
        for method, one in methods.items():
            by_group.setdefault(one["tags"][0], []).append((method.upper(), path, one))
    contents = "".join(
        f"<details open><summary>{escape(group)}</summary><ul>"
        + "".join(f'<li><a href="#{one["operationId"]}">{escape(one["summary"])}</a></li>' for _, _, one in rows)
        + "</ul></details>"
        for group, rows in by_group.items()
    )
    chapters = "".join(
        f"<section><h2>{escape(group)}</h2>{''.join(_operation(*row, whole) for row in rows)}</section>"
        for group, rows in by_group.items()
    )
    title = escape(whole["info"]["title"])
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}: reference</title><style>{_STYLE}</style></head><body>"
        f"<header><h1>{title}</h1><p>{escape(whole['info']['description'])}</p>"
        f'<p class="soft">Version {escape(whole["info"]["version"])}. All of it as <a href="{DOCUMENT}">OpenAPI</a>. '
        "Send a credential as <code>Authorization: Bearer …</code>. An error is "
        '<code>{"error": {"code", "message", "meta"}, "request_id"}</code>.</p></header>'
        f'<nav aria-label="Operations">{contents}</nav><main>{chapters}</main></body></html>'
    )


def _operation(method: str, path: str, one: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    text = "".join(f"<p>{_words(part)}</p>" for part in one["description"].split("\n\n"))
    rows = list(_inputs(one))
    table = (
        '<div class="table"><table><thead><tr><th scope="col">Name</th><th scope="col">In</th>'
        f'<th scope="col">Type</th><th scope="col">Meaning</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
        if rows
        else ""
    )
    example = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    body = f"<p class=soft>Example of a body</p><pre>{escape(_json(example))}</pre>" if example else ""
    answers = ", ".join(
        f"{status}{_result(response)}" for status, response in one["responses"].items() if "$ref" not in response
    )
    return (
        f'<article id="{one["operationId"]}"><h3>{escape(one["summary"])}</h3>'
        f"<p><code>{method} /v1{escape(path)}</code></p>{text}{table}{body}"
        f"<p class=soft>Answers: {answers}</p></article>"
    )


def _inputs(one: Mapping[str, Any]) -> Iterator[str]:
    for parameter in one.get("parameters", ()):
        yield _row(
            parameter["name"],
            parameter["in"],
            parameter["schema"],
            parameter.get("description", ""),
            is_required=parameter["required"],
        )
    for media, content in one.get("requestBody", {}).get("content", {}).items():
        schema = content["schema"]
        for name, field in schema["properties"].items():
            place = "form" if media.startswith("multipart") else "body"
            yield _row(name, place, field, field.get("description", ""), is_required=name in schema.get("required", ()))


def _row(name: str, place: str, schema: Mapping[str, Any], meaning: str, *, is_required: bool) -> str:
    need = " <strong>required</strong>" if is_required else ""
    return (
        f"<tr><td><code>{escape(name)}</code>{need}</td><td>{place}</td><td>{escape(_kind(schema))}</td>"
        f"<td>{escape(meaning)}</td></tr>"
    )


def _kind(schema: Mapping[str, Any]) -> str:
    """A type in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " | ".join(_kind(one) for one in schema[several] if one.get("type") != "null")
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("type", "any"))


def _result(response: Mapping[str, Any]) -> str:
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    return f" {escape(_kind(schema))}" if schema else ""


def _words(text: str) -> str:
    """Text with its `code` marked up."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


def routes() -> list[BaseRoute]:
    """Where the reference is read."""

    async def answer(_request: Request) -> Response:
        return HTMLResponse(page(), headers=HEADERS)

    return [Route(PATH, answer, methods=["GET"])]
