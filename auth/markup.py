"""The parts that pages are put together from. Each takes what is shown as it is and returns HTML, unless it says so."""

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from typing import Literal

from auth import display

LONGEST_NAME = 120
LONGEST_TEXT = 600


def document(title: str, body: str, *, is_narrow: bool = False) -> str:
    """One page; `body` is HTML."""
    heading = escape(display.visible(title, LONGEST_NAME)) or "Sign-in"
    look = ' class="narrow"' if is_narrow else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{heading}</title><link rel="stylesheet" href="/oauth/pages.css"></head>'
        f"<body{look}><header>SocialAPI MCP server</header><main><h1>{heading}</h1>{body}</main></body></html>\n"
    )


def alert(message: str | None, field: str, way: str) -> str:
    """What was wrong with an answer, as the element `wrong`, and a link to the element that mends it."""
    if not message:
        return ""
    return (
        f'<div class="box wrong" role="alert"><p id="wrong">{text(message)}</p>'
        f'<p><a href="#{field}">{way}</a></p></div>'
    )


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Terms and what they are; both are HTML."""
    return "<dl>" + "".join(f"<div><dt>{term}</dt><dd>{html}</dd></div>" for term, html in rows) + "</dl>"


def items(rows: Iterable[str]) -> str:
    """A list of HTML, or nothing."""
    listed = "".join(f"<li>{row}</li>" for row in rows)
    return f"<ul>{listed}</ul>" if listed else ""


def form(action: str, body: str, *, fields: Iterable[tuple[str, str]], attributes: str = "") -> str:
    """A form that is posted, with its hidden fields; `body` and `attributes` are HTML."""
    hidden = "".join(f'<input type="hidden" name="{field}" value="{_attribute(value)}">' for field, value in fields)
    return f'<form method="post" action="{action}"{attributes}>{hidden}{body}</form>'


def choice(
    kind: Literal["radio", "checkbox"],
    title: str,
    *,
    field: str,
    value: str,
    identifier: str,
    is_checked: bool,
    more: str = "",
    look: str = "choice",
) -> str:
    """One choice and its label, named by the title alone so that it is short to listen to; `title`, `more` are HTML."""
    attributes = f'type="{kind}" name="{field}" value="{_attribute(value)}"'
    attributes += (" required" if kind == "radio" else "") + (" checked" if is_checked else "")
    described = f' aria-describedby="{identifier}-more"' if more else ""
    note = f'<small id="{identifier}-more">{more}</small>' if more else ""
    return (
        f'<label class="{look}" for="{identifier}"><input id="{identifier}" {attributes}'
        f' aria-labelledby="{identifier}-title"{described}>'
        f'<span><span class="title" id="{identifier}-title">{title}</span>{note}</span></label>'
    )


def text(value: str, limit: int = LONGEST_TEXT) -> str:
    return escape(display.visible(value, limit))


def exactly(value: str) -> str:
    """A text as it is, to be copied."""
    return _attribute(value)


def name(value: str) -> str:
    """A name, kept from turning around what stands beside it; nothing if nothing of it can be seen."""
    seen = text(value, LONGEST_NAME)
    return f"<bdi>{seen}</bdi>" if seen else ""


def client(value: str) -> str:
    """The name of a client."""
    return f"<bdi>{escape(display.shown(value))}</bdi>"


def place(value: str) -> str:
    """A host or an address."""
    return f"<bdi>{escape(display.place(value))}</bdi>"


def days(count: int) -> str:
    return "one day" if count == 1 else f"{count} days"


def moment(value: datetime) -> str:
    """A moment that knows its time zone."""
    there = value.astimezone(UTC)
    return f'<time datetime="{there:%Y-%m-%dT%H:%MZ}">{there.day} {there:%B %Y, %H:%M} UTC</time>'


def _attribute(value: str) -> str:
    # JSON may carry half a surrogate pair, which no answer can.
    return escape(value.encode("utf-8", "replace").decode())
