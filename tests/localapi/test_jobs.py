"""Durable publishing with DBOS itself: outcomes in the answer, stopping, taking over, runs that break off."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Literal

import httpx2
import pytest
from dbos import DBOS
from dbos._event_loop import BackgroundEventLoop
from sqlalchemy import make_url, update

from localapi.app import EmbeddedApi, Options
from localapi.jobs import PublishingJobs
from localapi.simulate import order_failure
from localapi.tables import PostTarget
from tests.databases import Postgres, rows

pytestmark = pytest.mark.anyio
THREADS, X = {"account_id": "acc_aurora_threads"}, {"account_id": "acc_aurora_twitter"}
VIDEO = [{"source_type": "url", "source": "https://example.com/a.mp4", "type": "video"}]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(stored: Options) -> AsyncGenerator[tuple[EmbeddedApi, httpx2.AsyncClient]]:
    api = await EmbeddedApi.start(stored)
    headers = {"Authorization": f"Bearer {api.sample_key}"}
    transport = httpx2.ASGITransport(app=api.app)
    try:
        async with httpx2.AsyncClient(transport=transport, base_url="http://local", headers=headers) as http:
            yield api, http
    finally:
        await api.close()


async def publish(http: httpx2.AsyncClient, text: str, *targets: object, **body: object) -> httpx2.Response:
    return await http.post("/v1/posts", json={"text": text, "publish_now": True, "targets": targets, **body})


async def settled(http: httpx2.AsyncClient, post_id: str) -> dict[str, Any]:
    async def is_settled() -> bool:
        return (await http.get(f"/v1/posts/{post_id}")).json()["status"] not in {"publishing", "scheduled"}

    await until(is_settled)
    return dict((await http.get(f"/v1/posts/{post_id}")).json())


def made(stored: Options) -> list[int]:
    """How often each target was delivered."""
    query = "select count(*) from network_posts where delivery_key is not null group by substr(delivery_key, 1, 36)"
    return [int(str(count)) for (count,) in rows(stored, query)]


async def test_the_answer_tells_the_outcome_when_it_is_known_soon(stored: Options) -> None:
    async with running(stored) as (api, http):
        first = await publish(http, "Warm", THREADS)
        await settled(http, first.json()["id"])
        whole = await publish(http, "All well", THREADS, X)
        await order_failure(api.installation, account_id=X["account_id"], kind="api_error", times=2)
        part = await publish(http, "Half well", THREADS, X)
        none = await publish(http, "Not at all", X)
        draft = (await http.post("/v1/posts", json={"text": "Draft", "targets": [THREADS]})).json()
        later = await http.post(f"/v1/posts/{draft['id']}/publish")
        answers = [(one.status_code, one.json()["status"]) for one in (whole, part, none, later)]
    assert answers == [(201, "published"), (207, "partial"), (422, "failed"), (201, "published")]


async def test_a_video_is_answered_early_and_published_later(stored: Options) -> None:
    async with running(stored) as (_, http):
        response = await publish(http, "Film", THREADS, media=VIDEO)
        assert (response.status_code, response.json()["status"]) == (201, "publishing")
        assert (await settled(http, response.json()["id"]))["status"] == "published"


async def test_what_a_stop_interrupts_goes_on_at_the_next_start(stored: Options) -> None:
    ids: list[str] = []
    for turn in range(3):
        async with running(stored) as (api, http):
            object.__setattr__(api.installation, "answer_wait_seconds", 0.0)
            ids += [(await publish(http, f"Post {turn} {number}", THREADS, X)).json()["id"] for number in range(8)]
    async with running(stored) as (_, http):
        assert {(await settled(http, post_id))["status"] for post_id in ids} == {"published"}
    counts = made(stored)
    assert len(counts) == 2 * len(ids)
    assert set(counts) == {1}


async def test_stopping_at_once_leaves_nothing_running(stored: Options) -> None:
    for _ in range(2):
        async with running(stored) as (api, _):
            await asyncio.sleep(0)
        assert api.jobs._lock is None and api.jobs._engine is None  # pyright: ignore[reportPrivateUsage]


class Polled(set[Any]):
    """A set that counts how often somebody looks whether anything is in it."""

    looks = 0

    def __bool__(self) -> bool:
        self.looks += 1
        return len(self) > 0


class Watched(asyncio.Event):
    """An event that tells whether somebody waits for it."""

    waiting = False

    async def wait(self) -> Literal[True]:
        self.waiting = True
        try:
            return await super().wait()
        finally:
            self.waiting = False


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("turns", range(5))
async def test_a_stop_that_comes_together_with_new_work_is_heard(stored: Options, turns: int) -> None:
    async with running(stored) as (api, _):
        api.jobs._woken = watched = Watched()  # pyright: ignore[reportPrivateUsage]

        async def is_idle() -> bool:
            return watched.waiting

        await until(is_idle)
        await api.jobs.wake()
        # Somewhere among these, what waited is done and who waited does not know it yet.
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(30):
            await api.jobs.stop()


class Busy(threading.Thread):
    """A thread that has a last thing to take from its queue, and ends as soon as somebody waits for it."""

    def __init__(self) -> None:
        super().__init__(name="queue-worker-busy", daemon=True)
        self.may_end = threading.Event()

    def run(self) -> None:
        self.may_end.wait()

    def join(self, timeout: float | None = None) -> None:
        self.may_end.set()
        super().join(timeout)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_nothing_is_taken_from_a_queue_while_its_loop_is_closed(
    stored: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is taken then is reported as an error, though it only waits for the next start."""
    taking = list[list[str]]()
    stop = BackgroundEventLoop.stop

    def stopping(self: BackgroundEventLoop, timeout: float | None = 10.0) -> None:
        taking.append([one.name for one in threading.enumerate() if one.name.startswith("queue-worker-")])
        stop(self, timeout)

    monkeypatch.setattr(BackgroundEventLoop, "stop", stopping)
    async with running(stored) as (_, http):
        await settled(http, (await publish(http, "First", THREADS)).json()["id"])
        assert any(one.name == "queue-worker-publish" for one in threading.enumerate())
        Busy().start()
    assert taking == [[]]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_ending_twice_at_a_time_ends_once(stored: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a stop comes while the loss of the lock already ends the jobs."""
    ends = list[str]()
    destroy = DBOS.destroy

    def counted(**given: Any) -> None:
        ends.append("destroyed")
        destroy(**given)

    async with running(stored) as (api, _):

        async def has_begun() -> bool:
            return api.jobs._engine is not None  # pyright: ignore[reportPrivateUsage]

        await until(has_begun)
        monkeypatch.setattr(DBOS, "destroy", staticmethod(counted))
        step_down = api.jobs._step_down  # pyright: ignore[reportPrivateUsage]
        await asyncio.gather(step_down(), step_down())
    assert ends == ["destroyed"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_stop_waits_for_what_a_run_still_does_with_the_database(stored: Options) -> None:
    """Its connection would be left behind otherwise."""
    go_on, done, hops = asyncio.Event(), list[str](), Polled()

    async def slow() -> None:
        await go_on.wait()
        done.append("slow")

    async with running(stored) as (api, _):
        jobs = api.jobs
        jobs._hops = hops  # pyright: ignore[reportPrivateUsage]

        async def has_begun() -> bool:
            return jobs._engine is not None  # pyright: ignore[reportPrivateUsage]

        async def is_waited_for() -> bool:
            return hops.looks > 2

        await until(has_begun)
        run = asyncio.create_task(asyncio.to_thread(jobs.hop, slow()))
        stopping = asyncio.create_task(jobs.stop())
        await until(is_waited_for)
        assert not stopping.done()
        go_on.set()
        await stopping
        assert done == ["slow"]
        await run


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_start_that_breaks_off_leaves_nothing_and_is_made_again(
    stored: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch, register, left = DBOS.launch, DBOS.register_queue, list[list[str]]()

    def launched() -> None:
        left.append([one.name for one in threading.enumerate() if one.name.startswith("queue-worker-")])
        launch()

    def away_at_first(*given: Any, **named: Any) -> Any:
        if len(left) == 1:
            raise OSError("the database went away")
        return register(*given, **named)

    monkeypatch.setattr(DBOS, "register_queue", staticmethod(away_at_first))
    monkeypatch.setattr(DBOS, "launch", staticmethod(launched))
    async with running(stored) as (_, http):
        await settled(http, (await publish(http, "First", THREADS)).json()["id"])
    assert left == [[], []]
    assert made(stored) == [1]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_one_leads_and_another_takes_over(stored: Options) -> None:
    async with running(stored) as (api, http):
        await settled(http, (await publish(http, "First", THREADS)).json()["id"])
        second = PublishingJobs(system_database_url=f"sqlite:///{stored.data}/jobs.sqlite")
        second.attach(api.installation)
        assert second._lock_and_launch() is False  # pyright: ignore[reportPrivateUsage]
        await api.jobs.stop()
        await second.start(simulate=False)
        try:
            assert (await settled(http, (await publish(http, "Second", THREADS)).json()["id"]))["status"] == "published"
        finally:
            await second.stop()


async def test_a_run_that_broke_off_for_good_is_run_anew(stored: Options) -> None:
    async with running(stored) as (_, http):
        post = (await publish(http, "Film", THREADS, X, media=VIDEO, skip_validation=True)).json()
        await asyncio.to_thread(DBOS.cancel_workflow, f"publish:{post['id']}:1")
        assert (await settled(http, post["id"]))["status"] == "published"
    assert made(stored) == [1, 1]


async def test_a_target_that_always_breaks_does_not_hold_up_the_others(stored: Options) -> None:
    async with running(stored) as (api, http):
        post = (await http.post("/v1/posts", json={"text": "Mixed", "targets": [THREADS, X]})).json()
        async with api.installation.database.write() as session:
            broken = update(PostTarget).where(PostTarget.post_id == post["id"], PostTarget.platform == "threads")
            await session.execute(broken.values(metadata_={"processing_since": "never", "processing_run": 1}))
            await session.execute(broken.values(overrides={"media": VIDEO}))
        await http.post(f"/v1/posts/{post['id']}/publish")
        done = await settled(http, post["id"])
    assert done["status"] == "partial"
    assert done["targets"][0]["error"]["code"] == "system.internal"
    assert "never" not in done["targets"][0]["error"]["message"]


async def test_without_jobs_publishing_is_accepted_and_waits(stored: Options) -> None:
    api = await EmbeddedApi.start(replace(stored, with_jobs=False))
    headers = {"Authorization": f"Bearer {api.sample_key}"}
    transport = httpx2.ASGITransport(app=api.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://local", headers=headers) as http:
        post = (await publish(http, "Later", THREADS)).json()
    assert post["status"] == "publishing"
    assert await api.jobs.tick() == 0
    await api.close()
    async with running(stored) as (_, http):
        assert (await settled(http, post["id"]))["status"] == "published"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_lock_that_is_lost_is_taken_again_and_publishing_goes_on(stored: Options, postgres: Postgres) -> None:
    url = stored.database_url or ""
    async with running(stored) as (api, http):
        await settled(http, (await publish(http, "Before", THREADS)).json()["id"])
        held = api.jobs._lock  # pyright: ignore[reportPrivateUsage]
        postgres.disconnect(url)
        assert (await settled(http, (await publish(http, "After", THREADS)).json()["id"]))["status"] == "published"

        async def is_taken_again() -> bool:
            return api.jobs._lock not in {None, held}  # pyright: ignore[reportPrivateUsage]

        await until(is_taken_again)
        other = PublishingJobs(system_database_url=url)
        assert other._take_lock() is True  # pyright: ignore[reportPrivateUsage]
        assert other._become_leader() is False  # pyright: ignore[reportPrivateUsage]
        await other.stop()
    assert made(stored) == [1, 1]


@pytest.mark.parametrize("while_queueing", [False, True])
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_what_was_accepted_is_published_after_the_database_server_was_away(
    stored: Options, postgres: Postgres, while_queueing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = stored.database_url or ""
    name = str(make_url(url).database)
    monkeypatch.setattr("localapi.jobs.PATIENCE_SECONDS", 1.0)
    queue = PublishingJobs._queue  # pyright: ignore[reportPrivateUsage]

    def cut_off(*given: Any) -> None:
        monkeypatch.setattr(PublishingJobs, "_queue", queue)
        postgres.order("alter database {} with allow_connections false", name)
        postgres.disconnect(url)
        queue(*given)

    async with running(stored) as (api, http):
        object.__setattr__(api.installation, "answer_wait_seconds", 0.0)
        await settled(http, (await publish(http, "Before", THREADS)).json()["id"])
        for number in range(6):
            await publish(http, f"Away {number}", THREADS, X)
        held = api.jobs._lock  # pyright: ignore[reportPrivateUsage]
        if while_queueing:
            monkeypatch.setattr(PublishingJobs, "_queue", cut_off)
            # Refused where it came after the cut; accepted before it, though the answer may not come through.
            await publish(http, "Away 7", THREADS, X)
        else:
            postgres.order("alter database {} with allow_connections false", name)
            postgres.disconnect(url)

        async def is_lost() -> bool:
            return api.jobs._lock is not held  # pyright: ignore[reportPrivateUsage]

        await until(is_lost)
        postgres.order("alter database {} with allow_connections true", name)
        ids = [post["id"] for post in (await http.get("/v1/posts", params={"search": "Away"})).json()["data"]]
        assert len(ids) in {6, 6 + while_queueing}
        assert {(await settled(http, post_id))["status"] for post_id in ids} == {"published"}
    assert sorted(made(stored)) == [1] * (1 + 2 * len(ids))
