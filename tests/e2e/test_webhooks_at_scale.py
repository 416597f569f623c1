"""Two processes on one PostgreSQL, one of them killed half-way: each post and each delivery is done once.

Small by itself; with SOCIALAPI_SCALE=1 it is 2,000 posts and 5,000 deliveries, which takes some minutes.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import Popen
from typing import LiteralString

import httpx2
import psycopg
import pytest
from aiohttp import web

from localapi.app import Options
from localapi.webhook_delivery import LEASE
from localapi.webhook_sending import AT_ONCE
from tests.e2e.processes import free_port, key, serve

pytestmark = pytest.mark.anyio

IS_WHOLE = os.environ.get("SOCIALAPI_SCALE") == "1"
POSTS, MESSAGES, ENDPOINTS = (2000, 30, 100) if IS_WHOLE else (160, 9, 10)
# Each message is an event for each endpoint but one, which is told of the posts.
DELIVERIES = POSTS + MESSAGES * ENDPOINTS
PATIENCE_SECONDS = 1800 if IS_WHOLE else 240
ACCOUNT = "acc_aurora_threads"
OURS: LiteralString = "posts.text like 'post %'"
TO_US: LiteralString = "webhook_id in (select id from webhooks where url like 'http://127.0.0.1:%')"


@dataclass
class Endpoints:
    """Receivers, each with a path of its own."""

    port: int = 0
    arrived: list[tuple[str, str, bytes]] = field(default_factory=list[tuple[str, str, bytes]])
    """Endpoint, delivery id and body, as they came."""

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"

    async def handle(self, request: web.Request) -> web.Response:
        body, delivery_id = await request.read(), request.headers.get("X-SocialAPI-Delivery")
        if delivery_id is not None:
            self.arrived.append((request.match_info["name"], delivery_id, body))
        return web.Response()


@asynccontextmanager
async def receiving() -> AsyncGenerator[Endpoints]:
    endpoints, app = Endpoints(), web.Application()
    app.router.add_post("/{name}", endpoints.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoints.port = runner.addresses[0][1]
    try:
        yield endpoints
    finally:
        await runner.cleanup()


@asynccontextmanager
async def two_processes(stored: Options) -> AsyncGenerator[tuple[Popen[bytes], list[str]]]:
    """The first, which leads and will be killed, and the addresses of both."""
    assert stored.data is not None and stored.database_url is not None
    processes, addresses = list[Popen[bytes]](), list[str]()
    try:
        for _ in range(2):
            port = free_port()
            more = ("--database", stored.database_url, "--clock")
            processes.append(await asyncio.to_thread(serve, "api", stored.data, port, *more))
            addresses.append(f"http://127.0.0.1:{port}")
        yield processes[0], addresses
    finally:
        for process in processes:
            process.kill()
            process.wait()


async def ask(stored: Options, statement: LiteralString) -> list[tuple[object, ...]]:
    async with await psycopg.AsyncConnection.connect(stored.database_url or "", autocommit=True) as connection:
        return [tuple(row) for row in await (await connection.execute(statement)).fetchall()]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await condition():
            await asyncio.sleep(0.02)


async def several(work: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Some at a time, as a client with a few connections would."""
    places = asyncio.Semaphore(8)

    async def one(step: Callable[[], Awaitable[None]]) -> None:
        async with places:
            await step()

    await asyncio.gather(*map(one, work))


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_one_of_two_processes_is_killed_half_way_and_each_thing_is_done_once(stored: Options) -> None:
    async with receiving() as endpoints, two_processes(stored) as (first, addresses):
        headers = {"Authorization": f"Bearer {key(stored.data or Path())}"}
        async with httpx2.AsyncClient(headers=headers, timeout=PATIENCE_SECONDS) as http:

            def post(path: str, body: Mapping[str, object], *, to: int = 0) -> Callable[[], Awaitable[None]]:
                async def send() -> None:
                    response = await http.post(f"{addresses[to]}{path}", json=body)
                    assert response.is_success, response.text

                return send

            hooks = {f"inbox{number}": "dm.sent" for number in range(ENDPOINTS)} | {"posts": "post.published"}
            await several(
                [
                    post("/v1/webhooks", {"url": endpoints.url(name), "events": [event]}, to=number % 2)
                    for number, (name, event) in enumerate(hooks.items())
                ]
            )
            later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
            for start in range(0, POSTS, 500):
                lines = [f"post {number},{ACCOUNT},{later}" for number in range(start, min(start + 500, POSTS))]
                table = "\n".join(["text,account_ids,scheduled_at", *lines])
                made = await http.post(
                    f"{addresses[0]}/v1/posts/import", files={"file": ("posts.csv", table, "text/csv")}
                )
                assert made.json()["failed"] == 0, made.text
            # From here on all of it is due.
            began = time.monotonic()
            await post("/control/clock", {"advance_seconds": 3600})()
            message = {"account_id": "acc_aurora_instagram", "text": "Hello"}
            path = "/v1/inbox/conversations/conv_ig_1/messages"

            async def write_messages() -> None:
                # One after the other, so that their order is known.
                for _ in range(MESSAGES):
                    await post(path, message, to=1)()

            async def is_half_published() -> bool:
                return await count(stored, "posts", f"{OURS} and status = 'published'") >= POSTS / 2

            writing = asyncio.create_task(write_messages())
            await until(is_half_published)
            first.kill()
            first.wait()
            # What the dead one claimed stays claimed; of the other one's, some are noted already.
            claimed = await ask(stored, "select id from webhook_deliveries where claimed_until is not null")
            in_flight = {str(delivery_id) for (delivery_id,) in claimed}
            published = await count(stored, "posts", f"{OURS} and status = 'published'")
            delivered = await count(stored, "webhook_deliveries", f"{TO_US} and status = 'success'")
            shares = await ask(
                stored, "select count(*) from dbos.workflow_status where status = 'SUCCESS' group by executor_id"
            )
            assert published < POSTS and len(shares) == 2, "the kill fell between nothing"
            await writing
            await post("/control/clock", {"advance_seconds": LEASE.total_seconds() + 1}, to=1)()

            async def is_all_done() -> bool:
                return (
                    await count(stored, "posts", f"{OURS} and status = 'published'") == POSTS
                    and await count(stored, "webhook_deliveries", f"{TO_US} and status = 'success'") >= DELIVERIES
                )

            await until(is_all_done)
            seconds = time.monotonic() - began
        await check_posts(stored)
        twice = await check_deliveries(stored, endpoints, in_flight)
    print(
        f"\n{POSTS} posts and {DELIVERIES} deliveries to {len(hooks)} endpoints by two processes in {seconds:.0f} s;"
        f" one killed after {published} posts and {delivered} deliveries with {len(in_flight)} attempts claimed:"
        f" each post published once, each delivery made, {twice} sent twice under the same id"
    )


async def count(stored: Options, table: LiteralString, condition: LiteralString) -> int:
    return int(str((await ask(stored, f"select count(*) from {table} where {condition}"))[0][0]))


async def check_posts(stored: Options) -> None:
    """Each has the one post on its platform that it names, and no other was made."""
    of_targets = await ask(
        stored,
        "select count(*), count(distinct network_posts.id) from post_targets join posts on posts.id = post_id"
        " join network_posts on network_posts.account_id = post_targets.account_id"
        f" and network_posts.platform_id = post_targets.platform_post_id where {OURS}",
    )
    made = await count(stored, "network_posts", "delivery_key is not null")
    assert (of_targets, made) == ([(POSTS, POSTS)], POSTS)


async def check_deliveries(stored: Options, endpoints: Endpoints, in_flight: set[str]) -> int:
    """Each arrived, messages in the order of creation; how many did so twice, cut off by the kill.

    Posts are published at the same moment by two processes: their events have no order to hold.
    """
    query = (
        "select webhook_deliveries.id, position, url from webhook_deliveries join webhooks on webhooks.id = webhook_id"
        f" where {TO_US}"
    )
    known = {
        str(one): (int(str(position)), str(url).rpartition("/")[2]) for one, position, url in await ask(stored, query)
    }
    arrivals = Counter(delivery_id for _, delivery_id, _ in endpoints.arrived)
    assert len(known) == DELIVERIES and set(arrivals) == set(known)
    assert len({(delivery_id, body) for _, delivery_id, body in endpoints.arrived}) == DELIVERIES, "not the same again"
    twice = {delivery_id for delivery_id, times in arrivals.items() if times > 1}
    assert twice <= in_flight and len(twice) <= AT_ONCE and max(arrivals.values()) <= 2
    firsts = dict.fromkeys((name, delivery_id) for name, delivery_id, _ in endpoints.arrived)
    for endpoint in {name for name, _ in firsts} - {"posts"}:
        order = [known[delivery_id] for name, delivery_id in firsts if name == endpoint]
        assert order == sorted(order) and {name for _, name in order} == {endpoint}
    return len(twice)
