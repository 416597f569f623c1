"""What somebody reads who opens this server's address in a browser: it is for an assistant, and how to add it there."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from auth import markup, pages
from server.mode import PATH
from tools.surfaces import UnknownToolset, named

_POLICY = "Content-Security-Policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page of the server at an address."""

    address: str
    can_sign_in: bool
    is_local: bool
    """Whether the REST API behind it is the embedded one."""

    def answer(self, path: str, status: int = 200, more: Mapping[str, str] | None = None) -> Response:
        """The page for who opened this path."""
        hsts = pages.HSTS_HEADER if self._is_public else {}
        headers = {**pages.HEADERS, _POLICY: f"{pages.HEADERS[_POLICY]}; form-action 'none'", **hsts, **(more or {})}
        return HTMLResponse(self.html(path), status, headers=headers)

    def html(self, path: str) -> str:
        """What it says; of the path nothing but the names of toolsets that there are."""
        chosen, problem = _chosen(path)
        how = (
            "It then opens a page of this server, on which you sign in and choose what it may do."
            if self.can_sign_in
            else "Give it an API key there, in the header <code>Authorization: Bearer …</code>."
        )
        links = [
            ('<a href="/oauth/apps">Connected apps</a>: what has access, and how to end it', self.can_sign_in),
            ('<a href="/v1/docs">Reference of the local REST API</a>', self.is_local),
        ]
        html = (
            (f"<p><strong>{markup.text(problem)}</strong></p>" if problem else "")
            + "<p>This is not a page to work on: an AI assistant uses it, to look after your social accounts for you. "
            "Add this address to your assistant:</p>"
            f'<p><code class="secret">{markup.text(f"{self.address}/mcp{chosen}")}</code></p>'
            + markup.items(
                [
                    "Cursor, VS Code, Claude Code and other programs: as an MCP server of the kind HTTP.",
                    "Claude on the web and ChatGPT: in the settings, under connectors, as a custom connector."
                    + ("" if self._is_public else " They reach a public https address only, and this is none."),
                ]
            )
            + f"<p>{how}</p>"
            + markup.items(link for link, is_shown in links if is_shown)
        )
        return markup.document("An address for your assistant", html)

    @property
    def _is_public(self) -> bool:
        return self.address.startswith("https:")


def _chosen(path: str) -> tuple[str, str | None]:
    """The toolsets of an address as its end, and what is wrong with them."""
    if not path.startswith(PATH):
        return "", None
    try:
        names = named(path.removeprefix(PATH))
    except UnknownToolset as problem:
        return "", f"In this address, {problem}."
    return f"{PATH.removeprefix('/mcp')}{','.join(sorted(names))}", None


def routes(shown: Page) -> list[BaseRoute]:
    """The page at /, where people look who leave out the path."""

    async def answer(_request: Request) -> Response:
        return shown.answer("/")

    return [Route("/", answer, methods=["GET"])]


def is_for_a_person(method: str, accept: bytes | None) -> bool:
    """Whether a browser asks for a page; programs that speak MCP never accept one."""
    return method == "GET" and accept is not None and b"text/html" in accept
