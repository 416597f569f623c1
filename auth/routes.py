"""Every address of the authorization server, with what it answers when something is refused or broken."""

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from auth import (
    authorize,
    connected_apps,
    consent,
    metadata,
    pages,
    registration,
    revocation,
    sign_in,
    token_endpoint,
)
from auth.authority import Authority
from auth.browser import Browser
from auth.errors import NotForTheClient, OAuthError
from auth.records import Unavailable
from auth.responses import CORS, error_response
from auth.vault import VaultError

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

Endpoint = Callable[[Authority, Request], Awaitable[Response]]

# claude.ai has used these on the resource's own host, whatever the metadata says.
FOR_PROGRAMS: Mapping[str, tuple[Endpoint, tuple[str, ...]]] = {
    "token": (token_endpoint.token, ("/oauth/token", "/token")),
    "register": (registration.register, ("/oauth/register", "/register")),
    "revoke": (revocation.revoke, ("/oauth/revoke", "/revoke")),
    "introspect": (revocation.introspect, ("/oauth/introspect",)),
}
FOR_PEOPLE: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/oauth/authorize", authorize.authorize),
    ("POST", "/oauth/authorize", authorize.authorize),
    ("GET", "/authorize", authorize.authorize),
    ("POST", "/authorize", authorize.authorize),
    ("GET", "/oauth/sign-in", sign_in.show),
    ("POST", "/oauth/sign-in", sign_in.sign_in),
    ("GET", "/oauth/consent", consent.show),
    ("POST", "/oauth/consent", consent.answer),
    ("GET", "/oauth/apps", connected_apps.show),
    ("POST", "/oauth/apps", connected_apps.act),
)
STYLESHEET_PATH = "/oauth/pages.css"
KEYS_PATHS = ("/jwks", "/.well-known/jwks.json")


def routes(authority: Authority) -> list[BaseRoute]:
    """The routes of one authority, which need not have started yet."""
    found: list[BaseRoute] = [
        Route(path, _ForPrograms(authority, endpoint), methods=["POST", "OPTIONS"])
        for endpoint, paths in FOR_PROGRAMS.values()
        for path in paths
    ]
    found += [Route(path, for_people(authority, endpoint), methods=[method]) for method, path, endpoint in FOR_PEOPLE]
    policy = authority.policy
    settings = policy.metadata_settings()
    others = {name.partition("://")[2]: metadata.documents(settings, known_as=name) for name in policy.local_names}
    for path, document in metadata.documents(settings).items():
        by_host = {host: documents[path] for host, documents in others.items()}
        found.append(Route(path, _document(document, by_host), methods=["GET", "OPTIONS"]))
    view = metadata.RESOURCE_PATH + "/{resource:path}"
    found.append(Route(view, _view(settings, policy.local_names), methods=["GET", "OPTIONS"]))
    found += [Route(path, _keys(authority), methods=["GET", "OPTIONS"]) for path in KEYS_PATHS]
    found.append(Route(STYLESHEET_PATH, stylesheet, methods=["GET"]))
    return found


@dataclass(frozen=True, slots=True)
class _ForPrograms:
    """One endpoint as an app of its own: it answers every failure itself, so nothing has to be wrapped around it."""

    authority: Authority
    endpoint: Endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            response = Response(status_code=204, headers=CORS)
        else:
            request = Request(scope, receive)
            try:
                response = await self.endpoint(self.authority, request)
            except Exception as problem:  # noqa: BLE001 - each is answered
                response = _refusal(problem, request)
        await response(scope, receive, send)


def _refusal(problem: Exception, request: Request) -> Response:
    if isinstance(problem, OAuthError):
        return error_response(problem)
    if isinstance(problem, Unavailable | VaultError):
        logger.error("%s: %s", request.url.path, problem)
        words = "sign-in does not work now; try again"
        return error_response(OAuthError("temporarily_unavailable", words, 503, {"Retry-After": "5"}))
    reference = secrets.token_hex(4)
    logger.error("%s failed, reference %s", request.url.path, reference, exc_info=problem)
    return error_response(OAuthError("server_error", f"this server failed; its log has {reference}", 500))


class Served(Starlette):
    """Starlette, past whose middleware and router the endpoints for programs are reached: they need neither."""

    def __init__(self, *, routes: Sequence[BaseRoute], **more: Any) -> None:
        super().__init__(routes=routes, **more)
        self._direct: dict[str, ASGIApp] = {
            route.path: route.app
            for route in routes
            if isinstance(route, Route) and isinstance(route.endpoint, _ForPrograms)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on to the router."""
        direct = self._direct.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        await (direct or super().__call__)(scope, receive, send)


def for_people(
    authority: Authority,
    endpoint: Endpoint,
    *,
    nothing: str = "Nothing was granted.",
    again: str = "Connect again from your app",
) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of a page, of whose failures a person reads what was not done and what to do next."""

    async def answer(request: Request) -> Response:
        browser = Browser(authority, request)
        try:
            return await endpoint(authority, request)
        except NotForTheClient as told:
            problem = pages.Problem(title=told.title, text=told.text, advice=told.advice)
            response = browser.page(pages.problem(problem), told.status)
            response.headers.update(told.headers)
            return response
        except (Unavailable, VaultError) as error:
            logger.error("%s: %s", request.url.path, error)
            problem = pages.Problem(
                title="Sign-in does not work now",
                text=f"The server cannot reach what it keeps sign-ins in. {nothing}",
                advice="Try again in a minute; if it lasts, tell whoever runs this server.",
            )
            return browser.page(pages.problem(problem), 503)
        except Exception as error:
            reference = secrets.token_hex(4)
            logger.error("%s failed, reference %s", request.url.path, reference, exc_info=error)
            problem = pages.Problem(
                title="This server failed",
                text=f"{nothing} The log of the server has the reason under {reference}.",
                advice=f"{again}; if it lasts, tell whoever runs this server.",
            )
            return browser.page(pages.problem(problem), 500)

    return answer


def _document(
    document: metadata.Document, by_host: Mapping[str, metadata.Document]
) -> Callable[[Request], Awaitable[Response]]:
    """One document, or that for another of the configured local names; all of them are made beforehand."""

    async def answer(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=CORS)
        chosen = by_host.get(request.headers.get("host", "").lower(), document)
        return Response(chosen.body, 200, chosen.headers)

    return answer


def _view(settings: metadata.Settings, local_names: Sequence[str]) -> Callable[[Request], Awaitable[Response]]:
    """The documents of views, of which there are too many to be made beforehand."""
    by_host = {name.partition("://")[2]: name for name in local_names}

    async def answer(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=CORS)
        known_as = by_host.get(request.headers.get("host", "").lower())
        document = metadata.view_document(settings, request.url.path, known_as=known_as)
        if document is None:
            return Response(status_code=404, headers=CORS)
        return Response(document.body, 200, document.headers)

    return answer


def _keys(authority: Authority) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=CORS)
        headers = {**metadata.HEADERS, "Content-Type": "application/json"}
        return Response(authority.keys.present.document, 200, headers)

    return answer


async def stylesheet(request: Request) -> Response:
    """The look of every page."""
    headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response(pages.stylesheet(), 200, headers, media_type="text/css")
