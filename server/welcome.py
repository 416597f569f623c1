"""What somebody reads who opens this server's address in a browser: it is for an assistant, and how to add it there."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from auth import markup, pages

_POLICY = "Content-Security-Policy"


@dataclass(frozen=True, slots=True)
class Page:
    """HTML, and the headers that it is sent with."""

    html: str
    headers: Mapping[str, str]

    def answer(self, status: int = 200, more: Mapping[str, str] | None = None) -> Response:
        return HTMLResponse(self.html, status, headers={**self.headers, **(more or {})})


def page(address: str, *, can_sign_in: bool, is_local: bool) -> Page:
    """The page of the server at an address; `is_local`: the REST API behind it is the embedded one."""
    is_public = address.startswith("https:")
    how = (
        "It then opens a page of this server, on which you sign in and choose what it may do."
        if can_sign_in
        else "Give it an API key there, in the header <code>Authorization: Bearer …</code>."
    )
    links = [
        ('<a href="/oauth/apps">Connected apps</a>: what has access, and how to end it', can_sign_in),
        ('<a href="/v1/docs">Reference of the local REST API</a>', is_local),
    ]
    html = (
        "<p>This is not a page to work on: an AI assistant uses it, to look after your social accounts for you. "
        "Add this address to your assistant:</p>"
        f'<p><code class="secret">{markup.text(f"{address}/mcp")}</code></p>'
        + markup.items(
            [
                "Cursor, VS Code, Claude Code and other programs: as an MCP server of the kind HTTP.",
                "Claude on the web and ChatGPT: in the settings, under connectors, as a custom connector."
                + ("" if is_public else " They reach a public https address only, and this is none."),
            ]
        )
        + f"<p>{how}</p>"
        + markup.items(link for link, is_shown in links if is_shown)
    )
    more = pages.HSTS_HEADER if address.startswith("https:") else {}
    headers = {**pages.HEADERS, _POLICY: f"{pages.HEADERS[_POLICY]}; form-action 'none'", **more}
    return Page(markup.document("An address for your assistant", html), headers)


def routes(shown: Page) -> list[BaseRoute]:
    """The page at /, where people look who leave out the path."""

    async def answer(_request: Request) -> Response:
        return shown.answer()

    return [Route("/", answer, methods=["GET"])]


def is_for_a_person(method: str, accept: bytes | None) -> bool:
    """Whether a browser asks for a page; programs that speak MCP never accept one."""
    return method == "GET" and accept is not None and b"text/html" in accept
