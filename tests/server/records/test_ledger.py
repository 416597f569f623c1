"""The ledger lets each write run once and tells every repetition what came of it."""

from datetime import timedelta

import pytest

from server.records import Claim, ClaimLost, Records, open_records
from server.settings import Settings
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio


async def claim(
    records: Records, owner: str, clock: HeldClock, *, fingerprint: str = "same", key: str = "key"
) -> Claim:
    return await records.claim(owner, key, tool="create_post", fingerprint=fingerprint, now=clock.now())


async def test_a_repetition_gets_the_first_outcome_for_24_hours(records: Records, owner: str, clock: HeldClock) -> None:
    assert await claim(records, owner, clock) == Claim("new")
    started = clock.now()
    assert await claim(records, owner, clock) == Claim("running", since=started)
    clock.advance(seconds=5)
    await records.sending(owner, "key", now=clock.now())
    sent = clock.now()
    await records.settle(owner, "key", outcome='{"id": "pst_1"}', certain=True, now=clock.now())
    await records.settle(owner, "key", outcome='{"id": "pst_2"}', certain=True, now=clock.now())
    clock.advance(hours=23, minutes=59)
    assert await claim(records, owner, clock) == Claim("done", '{"id": "pst_1"}', sent)
    clock.advance(minutes=1)
    assert await claim(records, owner, clock) == Claim("new")


async def test_a_key_of_another_call_is_refused(records: Records, owner: str, clock: HeldClock) -> None:
    await claim(records, owner, clock)
    assert (await claim(records, owner, clock, fingerprint="other")).state == "differs"
    await records.settle(owner, "key", outcome="{}", certain=True, now=clock.now())
    assert (await claim(records, owner, clock, fingerprint="other")).state == "differs"
    assert await records.claim(owner, "key", tool="delete_post", fingerprint="same", now=clock.now()) == Claim(
        "differs", since=clock.now()
    )


async def test_a_released_key_is_free(records: Records, owner: str, clock: HeldClock) -> None:
    await claim(records, owner, clock)
    await records.release(owner, "key")
    assert await claim(records, owner, clock, fingerprint="other") == Claim("new")
    await records.sending(owner, "key", now=clock.now())
    # The connection was refused: it was noted, but nothing left.
    await records.release(owner, "key")
    assert await claim(records, owner, clock) == Claim("new")


async def test_a_settled_key_cannot_be_released(records: Records, owner: str, clock: HeldClock) -> None:
    await claim(records, owner, clock)
    await records.settle(owner, "key", outcome="{}", certain=False, now=clock.now())
    await records.release(owner, "key")
    assert (await claim(records, owner, clock)).state == "unknown"


async def test_an_unknown_outcome_stays_unknown_until_somebody_knows(
    records: Records, owner: str, clock: HeldClock
) -> None:
    await claim(records, owner, clock)
    await records.sending(owner, "key", now=clock.now())
    await records.settle(owner, "key", outcome='"timed out"', certain=False, now=clock.now())
    assert await claim(records, owner, clock) == Claim("unknown", '"timed out"', clock.now())
    clock.advance(hours=1)
    assert (await claim(records, owner, clock)).state == "unknown"
    await records.settle(owner, "key", outcome='"it was sent"', certain=True, now=clock.now())
    found = await claim(records, owner, clock)
    assert (found.state, found.outcome) == ("done", '"it was sent"')


async def test_a_silent_runner_that_sent_leaves_it_unknown(records: Records, owner: str, clock: HeldClock) -> None:
    await claim(records, owner, clock)
    clock.advance(seconds=100)
    await records.sending(owner, "key", now=clock.now())
    sent = clock.now()
    clock.advance(seconds=119)
    assert await claim(records, owner, clock) == Claim("running", since=sent)
    clock.advance(seconds=1)
    assert await claim(records, owner, clock) == Claim("unknown", since=sent)
    # It was only slow.
    await records.settle(owner, "key", outcome="{}", certain=True, now=clock.now())
    assert (await claim(records, owner, clock)).state == "done"


async def test_a_silent_runner_that_sent_nothing_leaves_the_key_free(
    records: Records, owner: str, clock: HeldClock
) -> None:
    await claim(records, owner, clock)
    clock.advance(seconds=119)
    assert (await claim(records, owner, clock)).state == "running"
    clock.advance(seconds=1)
    assert await claim(records, owner, clock, fingerprint="other") == Claim("new")


async def test_of_two_calls_that_believe_to_have_a_key_one_may_send(
    records: Records, owner: str, clock: HeldClock
) -> None:
    await claim(records, owner, clock)
    clock.advance(minutes=3)
    assert await claim(records, owner, clock) == Claim("new")
    await records.sending(owner, "key", now=clock.now())
    with pytest.raises(ClaimLost):
        await records.sending(owner, "key", now=clock.now())
    # The one that may not send gives up, which does not free what the other sent.
    await records.release(owner, "key")
    assert (await claim(records, owner, clock)).state == "running"
    await records.settle(owner, "key", outcome="{}", certain=True, now=clock.now())
    assert (await claim(records, owner, clock)).state == "done"


async def test_an_overtaken_process_may_not_send(settings: Settings, owner: str, clock: HeldClock) -> None:
    slow, quick = open_records(settings, clock=clock), open_records(settings, clock=clock)
    assert await claim(slow, owner, clock) == Claim("new")
    clock.advance(minutes=3)
    assert await claim(quick, owner, clock) == Claim("new")
    with pytest.raises(ClaimLost):
        await slow.sending(owner, "key", now=clock.now())
    await slow.release(owner, "key")
    await slow.settle(owner, "key", outcome='"overtaken"', certain=True, now=clock.now())
    await quick.sending(owner, "key", now=clock.now())
    await quick.settle(owner, "key", outcome='"sent"', certain=True, now=clock.now())
    assert (await claim(slow, owner, clock)).outcome == '"sent"'
    await slow.close()
    await quick.close()


async def test_a_long_request_keeps_its_key_by_noting_itself_again(
    records: Records, owner: str, clock: HeldClock
) -> None:
    await claim(records, owner, clock)
    for _ in range(3):
        await records.sending(owner, "key", now=clock.now())
        clock.advance(seconds=100)
        assert (await claim(records, owner, clock)).state == "running"


async def test_nothing_is_sent_without_a_claim(records: Records, owner: str, clock: HeldClock) -> None:
    with pytest.raises(ClaimLost):
        await records.sending(owner, "key", now=clock.now())
    await records.settle(owner, "key", outcome="{}", certain=True, now=clock.now())
    assert await claim(records, owner, clock) == Claim("new")


async def test_owners_do_not_share_keys(records: Records, owner: str, clock: HeldClock) -> None:
    await claim(records, owner, clock)
    await records.settle(owner, "key", outcome='"secret"', certain=True, now=clock.now())
    assert await claim(records, f"{owner}-other", clock) == Claim("new")


@pytest.mark.parametrize("key", ["", "k" * 201])
async def test_a_key_has_1_to_200_characters(records: Records, owner: str, clock: HeldClock, key: str) -> None:
    with pytest.raises(ValueError, match="1 to 200 characters"):
        await claim(records, owner, clock, key=key)
    assert await claim(records, owner, clock, key="ä" * 200) == Claim("new")


async def test_an_outcome_may_hold_any_character(records: Records, owner: str, clock: HeldClock) -> None:
    await claim(records, owner, clock)
    await records.settle(owner, "key", outcome="a\x00b\ud800c\N{GRINNING FACE}", certain=True, now=clock.now())
    assert (await claim(records, owner, clock)).outcome == "a\ufffdb?c\N{GRINNING FACE}"


async def test_many_claims_that_nobody_settles_are_forgotten_in_time(
    records: Records, owner: str, clock: HeldClock
) -> None:
    await claim(records, owner, clock)
    clock.present += timedelta(days=2)
    assert await records.prune(now=clock.now()) >= 1
    with pytest.raises(ClaimLost):
        await records.sending(owner, "key", now=clock.now())
