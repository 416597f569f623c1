"""A handle works once, for its owner, until it expires; an approval too."""

from datetime import timedelta

import pytest

from server.records import Approval, Records, Taken, Use
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)


async def test_a_handle_gives_its_payload_once(records: Records, owner: str, clock: HeldClock) -> None:
    await records.put_handle(owner, "post", "h1", payload="sealed", expires_at=clock.now() + HOUR)
    assert await records.peek_handle(owner, "post", "h1", now=clock.now()) == "sealed"
    assert await records.use_handle(owner, "post", "h1", now=clock.now()) == Use("ok", "sealed")
    assert await records.use_handle(owner, "post", "h1", now=clock.now()) == Use("used")
    assert await records.peek_handle(owner, "post", "h1", now=clock.now()) is None


async def test_a_late_handle_gives_nothing(records: Records, owner: str, clock: HeldClock) -> None:
    await records.put_handle(owner, "post", "h1", payload="sealed", expires_at=clock.now() + HOUR)
    clock.advance(hours=1)
    assert await records.peek_handle(owner, "post", "h1", now=clock.now()) is None
    assert await records.use_handle(owner, "post", "h1", now=clock.now()) == Use("expired")


async def test_a_handle_is_of_one_owner_and_kind(records: Records, owner: str, clock: HeldClock) -> None:
    await records.put_handle(owner, "post", "h1", payload="sealed", expires_at=clock.now() + HOUR)
    for whose, kind, handle_id in ((f"{owner}-x", "post", "h1"), (owner, "upload", "h1"), (owner, "post", "h2")):
        assert await records.use_handle(whose, kind, handle_id, now=clock.now()) == Use("unknown")
        assert await records.peek_handle(whose, kind, handle_id, now=clock.now()) is None
    with pytest.raises(Taken):
        await records.put_handle(owner, "post", "h1", payload="other", expires_at=clock.now() + HOUR)
    assert await records.use_handle(owner, "post", "h1", now=clock.now()) == Use("ok", "sealed")


async def ask(records: Records, owner: str, clock: HeldClock, *, name: str = "a", digest: str = "digest") -> str:
    approval_id = f"{owner}-{name}"
    await records.ask_approval(
        owner, approval_id, digest=digest, summary="Delete the post?", expires_at=clock.now() + HOUR
    )
    return approval_id


async def state(records: Records, owner: str, approval_id: str, clock: HeldClock) -> str:
    found = await records.approval(owner, approval_id, now=clock.now())
    assert found is not None
    return found.state


async def test_an_approval_is_given_once_and_used_once(records: Records, owner: str, clock: HeldClock) -> None:
    asked = await ask(records, owner, clock)
    expected = {"approval_id": asked, "digest": "digest", "summary": "Delete the post?"}
    ends = clock.now() + HOUR
    assert await records.approval(owner, asked, now=clock.now()) == Approval(
        **expected, state="pending", by=None, expires_at=ends
    )
    assert await records.take_approval(owner, "digest", now=clock.now()) is None
    assert await records.decide_approval(asked, approved=True, by="Ada", now=clock.now())
    assert not await records.decide_approval(asked, approved=False, by="Eve", now=clock.now())
    approved = Approval(**expected, state="approved", by="Ada", expires_at=ends)
    assert await records.approval(owner, asked, now=clock.now()) == approved
    assert await records.take_approval(owner, "digest-of-more", now=clock.now()) is None
    assert await records.take_approval(f"{owner}-x", "digest", now=clock.now()) is None
    assert await records.take_approval(owner, "digest", now=clock.now()) == approved
    assert await records.take_approval(owner, "digest", now=clock.now()) is None
    assert await state(records, owner, asked, clock) == "used"


async def test_a_refusal_stands(records: Records, owner: str, clock: HeldClock) -> None:
    asked = await ask(records, owner, clock)
    assert await records.decide_approval(asked, approved=False, by="Ada", now=clock.now())
    assert not await records.decide_approval(asked, approved=True, by="Ada", now=clock.now())
    assert await records.take_approval(owner, "digest", now=clock.now()) is None
    clock.advance(hours=2)
    assert await state(records, owner, asked, clock) == "refused"


async def test_a_late_decision_and_a_late_use_count_for_nothing(records: Records, owner: str, clock: HeldClock) -> None:
    late, approved = await ask(records, owner, clock, name="a"), await ask(records, owner, clock, name="b")
    assert await records.decide_approval(approved, approved=True, by="Ada", now=clock.now())
    clock.advance(hours=1)
    assert not await records.decide_approval(late, approved=True, by="Ada", now=clock.now())
    assert await records.take_approval(owner, "digest", now=clock.now()) is None
    assert await state(records, owner, late, clock) == await state(records, owner, approved, clock) == "expired"


async def test_two_approvals_of_the_same_serve_twice(records: Records, owner: str, clock: HeldClock) -> None:
    for name in ("a", "b"):
        asked = await ask(records, owner, clock, name=name)
        assert await records.decide_approval(asked, approved=True, by="Ada", now=clock.now())
    taken = [await records.take_approval(owner, "digest", now=clock.now()) for _ in range(3)]
    assert [one and one.approval_id for one in taken[2:]] == [None]
    assert {one.approval_id for one in taken if one} == {f"{owner}-a", f"{owner}-b"}


async def test_nobody_sees_or_replaces_a_question_of_another(records: Records, owner: str, clock: HeldClock) -> None:
    asked = await ask(records, owner, clock)
    assert await records.approval(f"{owner}-x", asked, now=clock.now()) is None
    with pytest.raises(Taken):
        await records.ask_approval(
            f"{owner}-x", asked, digest="d", summary="Nothing to see", expires_at=clock.now() + HOUR
        )
    assert not await records.decide_approval(f"{asked}-unknown", approved=True, by="Ada", now=clock.now())
