"""A small API that answers as a test tells it to: the real network's stand-in behind the real REST client."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from mcp.types import CallToolResult, TextContent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tools.rest import RestClient

KEY = "sapi_key_" + "0a" * 31
OTHER_KEY = "sapi_key_" + "1b" * 31

Handler = Callable[[Request], Awaitable[Response]]


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    authorization: str | None
    body: Any


@dataclass
class StandIn:
    """Answers every request with `handler`, and remembers what came."""

    handler: Handler | None = None
    seen: list[Seen] = field(default_factory=list[Seen])

    def answers(self, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        async def handle(_request: Request) -> Response:
            return JSONResponse(body, status, headers)

        self.handler = handle

    async def _handle(self, request: Request) -> Response:
        raw = await request.body()
        self.seen.append(
            Seen(
                request.method,
                request.url.path,
                dict(request.query_params),
                request.headers.get("authorization"),
                json.loads(raw) if raw else None,
            )
        )
        assert self.handler is not None
        return await self.handler(request)

    @property
    def app(self) -> Starlette:
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return Starlette(routes=[Route("/{path:path}", self._handle, methods=methods)])

    @asynccontextmanager
    async def client(self, transport: httpx2.AsyncBaseTransport | None = None) -> AsyncGenerator[RestClient]:
        """A REST client of this API that does not wait between attempts."""

        async def at_once(_seconds: float) -> None:
            return None

        async with httpx2.AsyncClient(
            base_url="http://api.test/v1", transport=transport or httpx2.ASGITransport(app=self.app)
        ) as http:
            yield RestClient(http=http, wait=at_once)


def text_of(result: CallToolResult) -> str:
    """The only text block of a result."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


def refusal(code: str, message: str, **meta: Any) -> dict[str, Any]:
    """The API's error body."""
    return {"error": {"code": code, "message": message, "meta": meta}}
