"""A webhook receiver for tests: real HTTP on this machine, which answers as it is told."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> str:
        return self.headers["x-socialapi-event"]

    @property
    def delivery(self) -> str | None:
        return self.headers.get("x-socialapi-delivery")

    @property
    def content(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass
class Receiver:
    """Answers 200, or what is next in `answers`: a status, or "hang"."""

    port: int = 0
    answers: list[int | str] = field(default_factory=list[int | str])
    requests: list[Received] = field(default_factory=list[Received])
    at_once: int = 0
    most_at_once: int = 0
    location: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def events(self) -> list[str]:
        return [one.event for one in self.requests]

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests.append(Received(headers={k.lower(): v for k, v in request.headers.items()}, body=body))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            answer = self.answers.pop(0) if self.answers else 200
            if answer == "hang":
                await asyncio.Event().wait()
            headers = {"Location": self.location} if self.location else {}
            return web.Response(status=int(answer), text=f"answered {answer}", headers=headers)
        finally:
            self.at_once -= 1


@asynccontextmanager
async def receiving() -> AsyncGenerator[Receiver]:
    """A receiver on a free port."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        await runner.cleanup()
