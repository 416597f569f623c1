"""What the SQLite store promises besides: rivals on one file, and a file that keeps no secret."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import ClassVar
from unittest.mock import Mock

import pytest

from auth.migrations.run import upgrade
from auth.records import Grant, NewRefreshToken, Redeemed, Rotated, Session, Unavailable, digest
from auth.sqlite_groups import _Job, _use_the_time  # pyright: ignore[reportPrivateUsage]
from auth.store import Store
from auth.store_sqlite import SqliteStore
from tests.auth.stores import MONTH, NOW, a_code, a_grant, a_token, family, redeem, rotate

pytestmark = pytest.mark.anyio


@pytest.fixture
def database() -> str:
    return "sqlite"


class Pausing(sqlite3.Connection):
    """A connection that lets a rival in where its store has read and not yet written."""

    rivals: ClassVar[list[Callable[[], None]]] = []

    def execute(self, sql: str, parameters: object = (), /) -> sqlite3.Cursor:
        while sql.startswith("UPDATE auth_") and self.rivals:
            self.rivals.pop()()
        return super().execute(sql, parameters)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("contested", ["code", "token"])
async def test_nobody_writes_between_what_a_store_reads_and_what_it_writes(
    contested: str, store_url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Path(store_url.removeprefix("sqlite:///"))
    if contested == "code":
        await store.save_code(a_code("ac"))
        claim = f"UPDATE auth_code SET used_at = 1 WHERE code_hash = x'{digest('ac').hex()}'"
    else:
        await family(store, "ac")
        claim = f"UPDATE auth_refresh SET used_at = 1 WHERE token_hash = x'{digest('ac-1').hex()}'"
    refusals = list[str]()

    def rival() -> None:
        with closing(sqlite3.connect(file, timeout=0)) as connection:
            try:
                connection.execute(claim)
                connection.commit()
            except sqlite3.OperationalError as error:
                refusals.append(str(error))

    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Pausing))
    pausing = SqliteStore(file)
    monkeypatch.undo()
    Pausing.rivals.append(rival)
    outcome = await (redeem(pausing, "ac") if contested == "code" else rotate(pausing, "ac-1", "ac-2"))
    assert refusals == ["database is locked"]
    assert isinstance(outcome, Redeemed | Rotated)
    await pausing.close()


class Counting(sqlite3.Connection):
    """A connection that counts its commits."""

    commits: ClassVar[int] = 0

    def execute(self, sql: str, parameters: object = (), /) -> sqlite3.Cursor:
        Counting.commits += sql == "COMMIT"
        return super().execute(sql, parameters)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def test_what_comes_in_the_turns_after_the_first_shares_its_commit(
    store_url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Counting))
    counting = SqliteStore(Path(store_url.removeprefix("sqlite:///")))
    monkeypatch.undo()

    async def deny_in_turn(turn: int) -> None:
        for _ in range(turn):
            await asyncio.sleep(0)
        await counting.deny(f"g{turn}", expires_at=NOW + timedelta(days=1))

    await asyncio.gather(*map(deny_in_turn, range(6)))
    assert Counting.commits == 1
    assert len((await store.list_denied(0, now=NOW)).handles) == 6
    await counting.close()


class Full(sqlite3.Connection):
    """A connection whose disk is full when a transaction is to be written."""

    def execute(self, sql: str, parameters: object = (), /) -> sqlite3.Cursor:
        if sql == "COMMIT":
            raise sqlite3.OperationalError("database or disk is full")
        return super().execute(sql, parameters)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def test_what_is_made_while_the_disk_works_is_worth_nothing_if_it_fails(
    store_url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await family(store, "ac")
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Full))
    full = SqliteStore(Path(store_url.removeprefix("sqlite:///")))
    monkeypatch.undo()
    made = list[Grant]()
    with pytest.raises(Unavailable, match="disk is full"):
        await rotate(full, "ac-1", "ac-2", meanwhile=made.append)
    assert [grant.grant_id for grant in made] == ["grant-ac"]
    await full.close()
    # Taken back: the token is good for another try.
    assert await store.find_refresh(digest("ac-2")) is None
    assert isinstance(await rotate(store, "ac-1", "ac-2"), Rotated)


async def test_what_cannot_be_made_meanwhile_stops_no_rotation(store: Store) -> None:
    tried = list[str]()

    def fail(grant: Grant) -> None:
        tried.append(grant.grant_id)
        raise RuntimeError("not now")

    for name in ("a", "b"):
        await family(store, name)
    outcomes = await asyncio.gather(rotate(store, "a-1", "a-2", meanwhile=fail), rotate(store, "b-1", "b-2"))
    assert [type(outcome) for outcome in outcomes] == [Rotated, Rotated]
    # Only who rotates has something made: the second comes in the grace.
    assert not isinstance(await rotate(store, "a-1", "a-3", meanwhile=fail), Rotated)
    assert tried == ["grant-a"]


async def test_a_thread_that_cannot_begin_leaves_no_lock_on_the_file(
    store_url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ThreadPoolExecutor, "submit", Mock(side_effect=RuntimeError("can't start new thread")))
    with pytest.raises(Unavailable, match="new thread"):
        await store.deny("g", expires_at=NOW + MONTH)
    monkeypatch.undo()
    other = SqliteStore(Path(store_url.removeprefix("sqlite:///")))
    for one in (other, store):
        await one.deny("g", expires_at=NOW + MONTH)
    await other.close()
    assert len((await store.list_denied(0, now=NOW)).handles) == 2


async def test_the_log_is_folded_into_the_file_while_writers_go_on(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auth.sqlite_groups.FOLDED_AFTER", 3)
    file = Path(store_url.removeprefix("sqlite:///"))
    folding = SqliteStore(file)
    writer = folding._writer  # pyright: ignore[reportPrivateUsage]
    for name in ("first", "second"):
        await folding.deny(f"handle-{name}", expires_at=NOW + MONTH)
    assert b"handle-" not in file.read_bytes()
    await folding.deny("handle-third", expires_at=NOW + MONTH)
    # Answered before that is done, or begun.
    async with asyncio.timeout(20):
        while writer._folding is None:  # pyright: ignore[reportPrivateUsage]
            await asyncio.sleep(0)
        await asyncio.wrap_future(writer._folding)  # pyright: ignore[reportPrivateUsage]
    assert file.read_bytes().count(b"handle-") == 3
    await folding.close()


@pytest.mark.parametrize("trouble", ["no thread", "the file"])
async def test_a_log_that_cannot_be_folded_stops_no_writer(
    store_url: str, store: Store, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr("auth.sqlite_groups.FOLDED_AFTER", 1)
    folding = SqliteStore(Path(store_url.removeprefix("sqlite:///")))
    writer = folding._writer  # pyright: ignore[reportPrivateUsage]
    if trouble == "no thread":
        monkeypatch.setattr(writer._folder, "submit", Mock(side_effect=RuntimeError("can't start new thread")))  # pyright: ignore[reportPrivateUsage]
    else:
        writer._aside.close()  # pyright: ignore[reportPrivateUsage]
    for number in range(3):
        await folding.deny(f"g{number}", expires_at=NOW + MONTH)
    await folding.close()
    assert len((await store.list_denied(0, now=NOW)).handles) == 3


async def test_a_loop_that_ends_leaves_the_writing_to_another(store: Store) -> None:
    """Whoever waits in another loop is answered, though the loop that wrote for all is gone."""
    begun, done = threading.Event(), list[str]()

    async def theirs() -> None:
        async with asyncio.timeout(20):
            await store.deny("theirs", expires_at=NOW + MONTH)
        done.append("theirs")

    def other_loop() -> None:
        begun.wait(10)
        asyncio.run(theirs())

    thread = threading.Thread(target=other_loop)
    thread.start()

    async def ours() -> None:
        writing = [asyncio.create_task(store.deny(f"g{number}", expires_at=NOW + MONTH)) for number in range(200)]
        await asyncio.sleep(0)
        begun.set()
        await asyncio.sleep(0)
        del writing
        # The loop ends here, in the middle of it.

    await asyncio.to_thread(asyncio.run, ours())
    await asyncio.to_thread(thread.join, 30)
    assert done == ["theirs"]
    await store.deny("after", expires_at=NOW + MONTH)


async def test_closing_that_is_given_up_stops_no_write(store_url: str, store: Store) -> None:
    closing_early = SqliteStore(Path(store_url.removeprefix("sqlite:///")))
    writing = asyncio.create_task(closing_early.deny("g", expires_at=NOW + MONTH))
    await asyncio.sleep(0)
    closing_task = asyncio.create_task(closing_early._writer.close())  # pyright: ignore[reportPrivateUsage]
    await asyncio.sleep(0)
    closing_task.cancel()
    await writing
    await asyncio.wait([closing_task])
    await closing_early.close()
    assert [handle for handle, _ in (await store.list_denied(0, now=NOW)).handles] == ["g"]


async def test_what_another_loop_waits_for_is_not_prepared_in_this_one() -> None:
    elsewhere, here = asyncio.new_event_loop(), asyncio.get_running_loop()
    called = list[object]()

    def nothing(_: sqlite3.Connection) -> None:
        pass

    jobs = [_Job(nothing, loop.create_future(), loop, called.append) for loop in (elsewhere, here)]
    _use_the_time(jobs, ["theirs", "ours"])
    assert called == ["ours"]
    elsewhere.close()


async def test_the_file_is_the_owners_and_holds_no_secret_in_clear(tmp_path: Path) -> None:
    file = tmp_path / "inner" / "auth.sqlite"
    upgrade(f"sqlite:///{file}")
    store = SqliteStore(file)
    secrets = ("ac_first", "rt_second", "rt_third", "sid_fourth")
    await store.save_code(replace(a_code(secrets[0]), grant_id="g"))
    await store.redeem_code(
        digest(secrets[0]), client_id="client", grant=a_grant("g"), refresh=a_token(secrets[1]), now=NOW
    )
    await store.rotate_refresh(
        digest(secrets[1]), client_id="client", successor=a_token(secrets[2]), sealed_successor=b"opaque", now=NOW
    )
    ended = Session(
        session_hash=digest(secrets[3]), subject="u", authenticated_at=NOW, last_seen_at=NOW, expires_at=NOW
    )
    await store.create_session(ended)
    files = sorted(file.parent.iterdir())
    assert {one.name: oct(one.stat().st_mode & 0o777) for one in files} == dict.fromkeys(
        ("auth.sqlite", "auth.sqlite-shm", "auth.sqlite-wal"), "0o600"
    )
    content = b"".join(one.read_bytes() for one in files)
    assert [digest(secret) in content for secret in secrets] == [True] * 4
    assert [secret.encode() in content for secret in secrets] == [False] * 4
    await store.close()


async def test_what_was_erased_is_in_no_file_after_the_next_housekeeping(store_url: str, store: Store) -> None:
    file = Path(store_url.removeprefix("sqlite:///"))
    names = [f"{number:03}" for number in range(40)]
    sealed = {name: f"sealed for {name} ".encode() * 12 for name in names}
    for name in names:
        await store.save_code(replace(a_code(name), sealed_credential=sealed[name]))
        grant = replace(a_grant(f"grant-{name}"), sealed_credential=sealed[name])
        # Every other code expires unused.
        if int(name) % 2:
            refresh = NewRefreshToken(token_hash=digest(f"{name}-1"), expires_at=NOW + MONTH)
            await store.redeem_code(digest(name), client_id="client", grant=grant, refresh=refresh, now=NOW)

    def kept() -> list[str]:
        content = file.read_bytes() + file.with_name(f"{file.name}-wal").read_bytes()
        return [name for name in names if f"sealed for {name} ".encode() in content]

    assert kept() == names
    minutes = timedelta(minutes=5)
    await store.remove_expired(now=NOW + minutes)
    assert kept() == names[1::2]
    for name in names[1::2]:
        assert await store.revoke_grant(f"grant-{name}", because="person", now=NOW + minutes)
    await store.remove_expired(now=NOW + minutes)
    assert kept() == []
    # Erased from the file, not with it.
    assert b"grant-001" in file.read_bytes()


async def test_a_reader_who_stays_keeps_nobody_from_housekeeping(store_url: str, store: Store) -> None:
    await family(store, "ac")
    with closing(sqlite3.connect(store_url.removeprefix("sqlite:///"), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM auth_grant").fetchone() == (1,)
        await store.deny("g", expires_at=NOW)
        assert (await store.remove_expired(now=NOW + timedelta(hours=1)))["auth_denied"] == 1
        assert isinstance(await rotate(store, "ac-1", "ac-2"), Rotated)


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "auth.sqlite"
    file.write_bytes(b"no database at all" * 100)
    with pytest.raises(Unavailable):
        SqliteStore(file)
