"""What every store promises, on SQLite and on PostgreSQL, its races included."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from auth.records import (
    AuditEvent,
    Client,
    ClientDocument,
    Conflict,
    Consent,
    Elsewhere,
    KeyState,
    PendingRequest,
    Redeemed,
    Replayed,
    Retried,
    Reused,
    Rotated,
    Session,
    SigningKey,
    Unavailable,
    Unknown,
    digest,
)
from auth.store import DENIED_FOR, GRACE, Store
from tests.auth.stores import MONTH, NOW, a_code, a_grant, a_token, family, redeem, rotate

pytestmark = pytest.mark.anyio
SECOND = timedelta(seconds=1)


async def denied(store: Store) -> list[str]:
    return [handle for handle, _ in (await store.list_denied(0, now=NOW)).handles]


# Codes


async def test_of_50_redemptions_at_once_exactly_one_wins(store: Store) -> None:
    await store.save_code(a_code("ac"))
    outcomes = await asyncio.gather(*(redeem(store, "ac") for _ in range(50)))
    assert Counter(map(type, outcomes)) == {Redeemed: 1, Replayed: 49}


async def test_redeeming_creates_the_grant_and_erases_the_credential_of_the_code(store: Store) -> None:
    code = replace(a_code("ac"), details='{"brands":["b1"]}')
    await store.save_code(code)
    assert await redeem(store, "ac") == Redeemed(grant=a_grant("grant-ac"))
    assert await store.find_grant("grant-ac") == a_grant("grant-ac")
    assert await store.find_code(digest("ac")) == replace(code, used_at=NOW, sealed_credential=None)
    found = await store.find_refresh(digest("ac-1"))
    assert found is not None and (found[0].generation, found[0].expires_at) == (1, NOW + MONTH)


async def test_a_used_code_revokes_the_grant_and_shreds_its_credential(store: Store) -> None:
    token = await family(store, "ac")
    assert await redeem(store, "ac") == Replayed(grant_id="grant-ac")
    assert await store.find_grant("grant-ac") == replace(
        a_grant("grant-ac"),
        sealed_credential=None,
        wrapped_key=None,
        revoked_at=NOW,
        revoked_because="code_replayed",
    )
    assert await denied(store) == ["grant-ac"]
    assert await rotate(store, token, "next") == Unknown()


async def test_a_wrong_client_burns_no_code_and_revokes_no_grant(store: Store) -> None:
    await store.save_code(a_code("ac"))
    foreign = a_grant("grant-ac", client_id="other")
    for _ in range(2):
        outcome = await store.redeem_code(digest("ac"), client_id="other", grant=foreign, refresh=None, now=NOW)
        assert outcome == Unknown()
    assert isinstance(await redeem(store, "ac"), Redeemed)
    assert await store.redeem_code(digest("ac"), client_id="other", grant=foreign, refresh=None, now=NOW) == Unknown()
    assert await denied(store) == []


async def test_an_expired_code_is_unknown(store: Store) -> None:
    await store.save_code(replace(a_code("ac"), expires_at=NOW))
    assert await redeem(store, "ac") == Unknown()
    assert await store.find_grant("grant-ac") is None


async def test_a_code_that_exists_is_a_conflict(store: Store) -> None:
    await store.save_code(a_code("ac"))
    with pytest.raises(Conflict):
        await store.save_code(a_code("ac"))


# Refresh tokens


async def test_40_refreshes_at_once_are_one_rotation_with_one_successor(store: Store) -> None:
    token = await family(store, "ac")
    outcomes = await asyncio.gather(*(rotate(store, token, f"candidate-{number}") for number in range(40)))
    assert Counter(map(type, outcomes)) == {Rotated: 1, Retried: 39}
    successors = {outcome.sealed_successor for outcome in outcomes if isinstance(outcome, Retried)}
    (winner,) = (index for index, outcome in enumerate(outcomes) if isinstance(outcome, Rotated))
    assert successors == {f"sealed candidate-{winner}".encode()}
    assert isinstance(await rotate(store, f"candidate-{winner}", "third"), Rotated)


async def test_reuse_after_the_successor_was_used_revokes_the_family(store: Store) -> None:
    await family(store, "ac")
    await rotate(store, "ac-1", "ac-2")
    assert isinstance(await rotate(store, "ac-2", "ac-3"), Rotated)
    reused = await rotate(store, "ac-1", "stolen")
    assert isinstance(reused, Reused) and reused.grant.grant_id == "grant-ac"
    assert await rotate(store, "ac-3", "ac-4") == Unknown()
    grant = await store.find_grant("grant-ac")
    assert grant is not None and grant.revoked_because == "refresh_reused" and grant.sealed_credential is None
    assert await denied(store) == ["grant-ac"]


@pytest.mark.parametrize(("late", "kind"), [(GRACE, Retried), (GRACE + SECOND, Reused)])
async def test_a_used_token_is_forgiven_for_the_grace_and_no_longer(
    store: Store, late: timedelta, kind: type[object]
) -> None:
    await family(store, "ac")
    await rotate(store, "ac-1", "ac-2")
    assert isinstance(await rotate(store, "ac-1", "other", now=NOW + late), kind)


async def test_a_foreign_client_neither_rotates_nor_revokes(store: Store) -> None:
    await family(store, "ac")
    assert await rotate(store, "ac-1", "x", client_id="other") == Unknown()
    await rotate(store, "ac-1", "ac-2")
    await rotate(store, "ac-2", "ac-3")
    assert await rotate(store, "ac-1", "x", client_id="other") == Unknown()
    assert not await store.revoke_grant("grant-ac", because="client", now=NOW, client_id="other")
    assert not await store.revoke_grant("grant-ac", because="person", now=NOW, subject="usr_2")
    assert isinstance(await rotate(store, "ac-3", "ac-4"), Rotated)


async def test_a_rotation_for_another_resource_changes_nothing(store: Store) -> None:
    await family(store, "ac")
    resource = a_grant("grant-ac").resource
    assert await rotate(store, "ac-1", "ac-2", resource=f"{resource}/other") == Elsewhere()
    assert await store.find_refresh(digest("ac-2")) is None
    assert isinstance(await rotate(store, "ac-1", "ac-2", resource=resource), Rotated)
    assert await rotate(store, "ac-1", "x", resource=f"{resource}/other") == Elsewhere()
    assert isinstance(await rotate(store, "ac-1", "x", resource=resource), Retried)
    # What betrays a theft is not hidden by naming another resource.
    assert isinstance(await rotate(store, "ac-2", "ac-3"), Rotated)
    assert isinstance(await rotate(store, "ac-1", "x", resource=f"{resource}/other"), Reused)


async def test_no_token_outlives_the_family(store: Store) -> None:
    await store.save_code(a_code("ac"))
    end = NOW + timedelta(days=1)
    grant = replace(a_grant("grant-ac"), expires_at=end)
    await store.redeem_code(digest("ac"), client_id="client", grant=grant, refresh=a_token("ac-1"), now=NOW)
    outcome = await rotate(store, "ac-1", "ac-2")
    assert outcome == Rotated(grant=grant, generation=2, expires_at=end)
    found = await store.find_refresh(digest("ac-2"))
    assert found is not None and found[0].expires_at == end
    assert await rotate(store, "ac-2", "ac-3", now=end) == Unknown()


async def test_a_grant_that_the_upstream_refuses_is_denied_and_does_not_refresh(store: Store) -> None:
    await family(store, "ac")
    assert await store.mark_upstream_invalid("grant-ac", now=NOW)
    assert not await store.mark_upstream_invalid("grant-ac", now=NOW + SECOND)
    assert await rotate(store, "ac-1", "ac-2") == Unknown()
    assert await denied(store) == ["grant-ac"]


async def test_of_revocation_and_refresh_at_once_nothing_survives(store: Store) -> None:
    await family(store, "ac")
    rotations = [rotate(store, "ac-1", f"ac-{number}") for number in range(2, 12)]
    revocations = [store.revoke_grant("grant-ac", because="person", now=NOW) for _ in range(10)]
    outcomes = await asyncio.gather(*(one for pair in zip(rotations, revocations, strict=True) for one in pair))
    assert outcomes.count(True) == 1
    assert [await rotate(store, f"ac-{number}", "late") for number in range(1, 12)] == [Unknown()] * 11
    assert await denied(store) == ["grant-ac"]


# Grants, and the deny list


async def test_a_person_sees_the_live_grants(store: Store) -> None:
    older = replace(a_grant("older"), created_at=NOW - SECOND)
    for grant in (older, a_grant("newer"), a_grant("gone"), a_grant("theirs", subject="usr_2")):
        await store.create_grant(grant)
    assert await store.revoke_grant("gone", because="person", now=NOW, subject="usr_1")
    await store.touch_grant("older", now=NOW + SECOND)
    used = replace(older, last_used_at=NOW + SECOND)
    assert await store.list_grants("usr_1", now=NOW) == [a_grant("newer"), used]


async def test_the_operator_pages_through_everybodys_live_grants(store: Store) -> None:
    kept = [a_grant("a"), a_grant("b", subject="usr_2"), replace(a_grant("c"), details='{"client_name":"ü"}')]
    for grant in (*reversed(kept), a_grant("gone"), replace(a_grant("over"), expires_at=NOW)):
        await store.create_grant(grant)
    await store.revoke_grant("gone", because="person", now=NOW)
    assert await store.list_all_grants(now=NOW) == kept
    assert await store.list_all_grants(now=NOW, limit=2) == kept[:2]
    assert await store.list_all_grants(now=NOW, after="b") == kept[2:]


async def test_a_canary_is_added_once_and_never_replaced(store: Store) -> None:
    assert await store.list_canaries() == {}
    await store.save_canaries({"kek-1": b"one"})
    await store.save_canaries({"kek-1": b"other", "kek-2": b"two"})
    assert await store.list_canaries() == {"kek-1": b"one", "kek-2": b"two"}


async def test_a_wrapped_key_is_replaced_only_if_it_is_the_one_that_was_read(store: Store) -> None:
    await store.create_grant(a_grant("g"))
    assert await store.list_grants_to_rewrap("kek-1", limit=10) == []
    assert await store.list_grants_to_rewrap("kek-2", limit=10) == [a_grant("g")]
    assert not await store.rewrap_grant("g", old=b"another", new=b"new", wrapping_key_id="kek-2")
    assert await store.rewrap_grant("g", old=b"wrapped key", new=b"new", wrapping_key_id="kek-2")
    assert await store.find_grant("g") == replace(a_grant("g"), wrapped_key=b"new", wrapping_key_id="kek-2")


async def test_the_deny_list_tells_what_is_new_and_what_has_not_ended(store: Store) -> None:
    await store.deny("a", expires_at=NOW + SECOND)
    await store.deny("over", expires_at=NOW)
    first = await store.list_denied(0, now=NOW)
    assert first.handles == (("a", NOW + SECOND),)
    await asyncio.gather(*(store.deny(f"b{number}", expires_at=NOW + DENIED_FOR) for number in range(20)))
    second = await store.list_denied(first.cursor, now=NOW)
    assert {handle for handle, _ in second.handles} >= {f"b{number}" for number in range(20)}


# Clients, requests, consents, keys, sessions


async def test_a_client_is_found_until_it_expires_and_use_extends_it(store: Store) -> None:
    client = Client(client_id="c", metadata='{"client_name":"ü"}', created_at=NOW, expires_at=NOW + SECOND)
    await store.save_client(client)
    assert await store.find_client("c", now=NOW) == client
    assert await store.find_client("c", now=NOW + SECOND) is None
    await store.touch_client("c", now=NOW, expires_at=NOW + MONTH)
    used = replace(client, last_used_at=NOW, expires_at=NOW + MONTH)
    assert await store.find_client("c", now=NOW + SECOND) == used
    changed = replace(used, auth_method="client_secret_basic", secret_hash=digest("s"), is_auth_method_chosen=True)
    await store.save_client(changed)
    assert await store.list_clients() == [changed]
    assert await store.list_clients(after="c") == []
    assert [await store.delete_client("c"), await store.delete_client("c")] == [True, False]


async def test_a_document_is_replaced(store: Store) -> None:
    url = "https://client.example/metadata"
    document = ClientDocument(url=url, body="{}", body_hash=digest("{}"), fetched_at=NOW, fresh_until=NOW + SECOND)
    await store.save_document(document)
    await store.save_document(replace(document, etag='"2"'))
    assert await store.find_document(url) == replace(document, etag='"2"')
    assert await store.find_document("https://other.example/metadata") is None


async def test_a_request_is_consumed_once_and_only_by_its_browser(store: Store) -> None:
    request = PendingRequest(
        request_hash=digest("r"),
        browser_hash=digest("b"),
        csrf_hash=digest("f"),
        parameters="{}",
        expires_at=NOW + SECOND,
    )
    await store.save_request(request)
    assert await store.consume_request(digest("r"), browser_hash=digest("other"), now=NOW) is None
    assert await store.find_request(digest("r"), browser_hash=digest("other"), now=NOW) is None
    assert await store.find_request(digest("r"), browser_hash=digest("b"), now=NOW + SECOND) is None
    assert await store.find_request(digest("r"), browser_hash=digest("b"), now=NOW) == request
    taken = await asyncio.gather(
        *(store.consume_request(digest("r"), browser_hash=digest("b"), now=NOW) for _ in range(20))
    )
    assert [one for one in taken if one] == [request]


async def test_a_consent_is_remembered_until_it_expires_or_is_forgotten(store: Store) -> None:
    consent = Consent(
        subject="u", client_id="c", redirect_host="h", scope="posts:read", granted_at=NOW, expires_at=NOW + SECOND
    )
    await store.save_consent(replace(consent, scope=""))
    await store.save_consent(consent)
    assert await store.find_consent("u", "c", "h", now=NOW) == consent
    assert await store.find_consent("u", "c", "other", now=NOW) is None
    assert await store.find_consent("u", "c", "h", now=NOW + SECOND) is None
    await store.delete_consents("u", "c")
    assert await store.find_consent("u", "c", "h", now=NOW) is None


async def test_one_signing_key_is_active(store: Store) -> None:
    def key(name: str, state: KeyState) -> SigningKey:
        return SigningKey(
            key_id=name,
            public_key="{}",
            sealed_private_key=b"sealed",
            wrapping_key_id="kek-1",
            state=state,
            created_at=NOW,
        )

    await store.add_signing_key(key("a", KeyState.ACTIVE))
    with pytest.raises(Conflict):
        await store.add_signing_key(key("b", KeyState.ACTIVE))
    await store.add_signing_key(key("b", KeyState.NEXT))
    end = NOW + MONTH
    switched = await asyncio.gather(*(store.activate_signing_key("b", now=NOW, old_retires_at=end) for _ in range(5)))
    assert sorted(switched) == [False, False, False, False, True]
    assert await store.rewrap_signing_key("b", old=b"sealed", new=b"again", wrapping_key_id="kek-2")
    assert await store.list_signing_keys() == [
        replace(key("a", KeyState.RETIRED), retires_at=end),
        replace(key("b", KeyState.ACTIVE), active_from=NOW, sealed_private_key=b"again", wrapping_key_id="kek-2"),
    ]
    assert [await store.delete_signing_key("a"), await store.delete_signing_key("a")] == [True, False]


async def test_a_session_ends_by_idling_by_its_end_and_by_rotation(store: Store) -> None:
    hour = timedelta(hours=1)
    session = Session(
        session_hash=digest("s"), subject="u", authenticated_at=NOW, last_seen_at=NOW, expires_at=NOW + 2 * hour
    )
    await store.create_session(session)
    assert await store.find_session(digest("s"), now=NOW + hour, idle=hour) is None
    later = NOW + hour - SECOND
    seen = replace(session, last_seen_at=later)
    assert await store.find_session(digest("s"), now=later, idle=hour) == seen
    fresh = replace(seen, session_hash=digest("t"))
    assert await store.rotate_session(digest("s"), fresh)
    assert not await store.rotate_session(digest("s"), replace(fresh, session_hash=digest("w")))
    assert await store.find_session(digest("s"), now=later, idle=hour) is None
    assert await store.find_session(digest("t"), now=later, idle=hour) == fresh
    assert await store.find_session(digest("t"), now=NOW + 2 * hour, idle=9 * hour) is None
    await store.delete_session(digest("t"))
    assert await store.find_session(digest("t"), now=later, idle=hour) is None


# Single use, limits, audit, housekeeping


async def test_an_assertion_counts_once(store: Store) -> None:
    answers = await asyncio.gather(*(store.insert_jti(digest("iss|jti"), expires_at=NOW + SECOND) for _ in range(50)))
    assert Counter(answers) == {True: 1, False: 49}


async def test_a_bucket_is_exact_under_parallel_hits(store: Store) -> None:
    minute = timedelta(minutes=1)
    hits = await asyncio.gather(*(store.hit_bucket("b", capacity=30, per=minute, now=NOW) for _ in range(80)))
    assert sum(hit.is_allowed for hit in hits) == 30
    assert {hit.retry_after_seconds for hit in hits if not hit.is_allowed} == {2}
    later = NOW + timedelta(seconds=10)
    hits = await asyncio.gather(*(store.hit_bucket("b", capacity=30, per=minute, now=later) for _ in range(20)))
    assert sum(hit.is_allowed for hit in hits) == 5


async def test_the_audit_log_is_read_backwards_in_pages(store: Store) -> None:
    events = [AuditEvent(event_id=f"{n:02}", at=NOW, kind="revoke", subject="u" if n % 2 else None) for n in range(6)]
    for event in events:
        await store.append_event(event)
    assert await store.list_events(limit=2, before="05") == [events[4], events[3]]
    assert await store.list_events(subject="u") == [events[5], events[3], events[1]]


async def test_housekeeping_is_bounded_and_keeps_what_shows_a_replay(store: Store) -> None:
    for number in range(25):
        await store.insert_jti(digest(str(number)), expires_at=NOW)
    await family(store, "ac")
    await rotate(store, "ac-1", "ac-2")
    soon = NOW + timedelta(hours=1)
    removed = [(await store.remove_expired(now=soon, limit=10))["auth_jti"] for _ in range(4)]
    assert removed == [10, 10, 5, 0]
    assert await redeem(store, "ac") == Replayed(grant_id="grant-ac")
    years = NOW + timedelta(days=1000)
    total = Counter[str]()
    for _ in range(3):
        total.update(await store.remove_expired(now=years, limit=10))
    assert {table: count for table, count in total.items() if count} == {
        "auth_code": 1,
        "auth_refresh": 2,
        "auth_grant": 1,
        "auth_denied": 1,
    }


async def test_a_grant_that_is_over_goes_before_its_tokens(store: Store) -> None:
    await family(store, "ac")
    await rotate(store, "ac-1", "ac-2")
    await store.revoke_grant("grant-ac", because="person", now=NOW)
    removed = await store.remove_expired(now=NOW + timedelta(days=1, seconds=1))
    assert (removed["auth_grant"], removed["auth_refresh"]) == (1, 0)
    assert [await rotate(store, f"ac-{generation}", "x") for generation in (1, 2)] == [Unknown(), Unknown()]
    assert await store.find_refresh(digest("ac-2")) is None


async def test_a_closed_store_is_unavailable(store: Store) -> None:
    await store.close()
    with pytest.raises(Unavailable):
        await store.deny("g", expires_at=NOW)
    with pytest.raises(Unavailable):
        await store.find_grant("g")
