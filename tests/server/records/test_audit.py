"""The audit gives each owner their entries, page by page."""

from datetime import timedelta

import pytest

from server.records import AuditEntry, Records
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio


def an_entry(clock: HeldClock, target: str, *, tool: str = "hide_comment") -> AuditEntry:
    return AuditEntry(at=clock.now(), tool=tool, target=target, outcome="done", approver="Ada", detail='{"a": 1}')


async def test_pages_hold_every_entry_once_the_newest_first(records: Records, owner: str, clock: HeldClock) -> None:
    noted: list[AuditEntry] = []
    for number in range(11):
        # Several at the same microsecond, as a bulk run makes them.
        clock.advance(seconds=number % 3 == 0)
        noted.append(an_entry(clock, f"cmt_{number}"))
        await records.note(owner, noted[-1])
    await records.note(f"{owner}-other", an_entry(clock, "cmt_foreign"))
    window = {"since": noted[0].at, "until": clock.now() + timedelta(seconds=1)}
    found: list[AuditEntry] = []
    cursor = None
    sizes: list[int] = []
    while True:
        page, cursor = await records.audit(owner, **window, tool=None, limit=4, cursor=cursor)
        found += page
        sizes.append(len(page))
        if cursor is None:
            break
    assert found == noted[::-1]
    assert sizes == [4, 4, 3]


async def test_entries_are_chosen_by_tool_and_time(records: Records, owner: str, clock: HeldClock) -> None:
    start = clock.now()
    for number in range(4):
        await records.note(owner, an_entry(clock, str(number), tool=("hide_comment", "like_comment")[number % 2]))
        clock.advance(minutes=1)

    async def targets(tool: str | None, first: int, end: int) -> list[str]:
        since, until = start + timedelta(minutes=first), start + timedelta(minutes=end)
        page, cursor = await records.audit(owner, since=since, until=until, tool=tool, limit=9, cursor=None)
        assert cursor is None
        return [entry.target for entry in page]

    assert await targets("like_comment", 0, 9) == ["3", "1"]
    assert await targets(None, 1, 3) == ["2", "1"]
    assert await targets("delete_post", 0, 9) == []


async def test_an_entry_without_approver_comes_back_as_it_was(records: Records, owner: str, clock: HeldClock) -> None:
    entry = AuditEntry(at=clock.now(), tool="t", target="", outcome="failed")
    await records.note(owner, entry)
    until = clock.now() + timedelta(seconds=1)
    assert await records.audit(owner, since=entry.at, until=until, tool=None, limit=1, cursor=None) == ([entry], None)


@pytest.mark.parametrize("cursor", ["", "x", "1", "1-", "1-2-3", "-1-2", "9" * 30 + "-1", "1' OR 1-1"])
async def test_a_strange_cursor_is_refused(records: Records, owner: str, clock: HeldClock, cursor: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        await records.audit(owner, since=clock.now(), until=clock.now(), tool=None, limit=1, cursor=cursor)
