"""A clock that testers may advance, shared by all processes of one database, and the endpoint that does it."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from localapi.context import Installation, Refusal, wire_time
from localapi.database import Database
from localapi.routing import error_response
from localapi.tables import Setting

PATH = "/control/clock"
LONGEST = timedelta(days=3660)
LOOK_SECONDS = 0.3
_SETTING = "clock_ahead_seconds"


class TravelClock:
    """The machine's clock and what was added to it."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        """The present of the local API."""
        return datetime.now(UTC) + self.ahead

    async def read(self, database: Database) -> None:
        """Take over what is in the database."""
        async with database.read() as session:
            value = await session.scalar(select(Setting.value).where(Setting.name == _SETTING))
        self.ahead = timedelta(seconds=float(value or 0))

    async def advance(self, database: Database, by: timedelta) -> None:
        """Go forward, in all processes of the database.

        Raises:
            Refusal: 400, backwards, or beyond ten years in all.
        """
        async with database.write() as session:
            row = await session.get(Setting, _SETTING, with_for_update=True)
            ahead = timedelta(seconds=float(row.value if row else 0)) + by
            if by < timedelta(0) or ahead > LONGEST:
                what = f"the clock goes forward only, at most {LONGEST.days} days in all"
                raise Refusal(400, "validation.field_invalid", what, field="advance_seconds")
            if row is None:
                row = Setting(name=_SETTING, value="0")
                session.add(row)
            row.value = str(ahead.total_seconds())
        self.ahead = ahead

    async def follow(self, database: Database, woken: Callable[[], Awaitable[None]]) -> None:
        """Go along with other processes, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            before = self.ahead
            # A database that is away for a moment has nothing new to tell.
            with contextlib.suppress(Exception):
                await self.read(database)
            if self.ahead != before:
                await woken()


def routes(installation: Installation, clock: TravelClock) -> list[BaseRoute]:
    """Where testers read and advance the clock; for this machine alone."""

    async def control(request: Request) -> Response:
        try:
            _check_here(request)
            if request.method == "POST":
                await clock.advance(installation.database, await _asked(request))
                await installation.jobs.wake()
        except Refusal as refusal:
            return error_response(request, refusal)
        now = {"now": wire_time(clock.now()), "ahead_seconds": clock.ahead.total_seconds()}
        return JSONResponse(now, headers={"Cache-Control": "no-store"})

    return [Route(PATH, control, methods=["GET", "POST"])]


def _check_here(request: Request) -> None:
    address = request.client.host if request.client else ""
    try:
        is_here = ip_address(address).is_loopback
    except ValueError:
        is_here = False
    # A page in a browser has an origin, and no business here.
    if not is_here or "origin" in request.headers:
        raise Refusal(403, "http.403", "the clock is controlled from this machine, by programs")


async def _asked(request: Request) -> timedelta:
    try:
        body = json.loads(await request.body())
        seconds = body["advance_seconds"]
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise TypeError
        return timedelta(seconds=seconds)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        what = 'send a JSON object such as {"advance_seconds": 30}'
        raise Refusal(400, "validation.field_invalid", what, field="advance_seconds") from None
