import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.scopes import (
    PRESETS,
    BroadScope,
    Scope,
    TokenScope,
    UnknownScope,
    expand,
    format_scopes,
    granted,
    parse_scopes,
)

ALL = frozenset({BroadScope.SOCIAL_ALL, *Scope})
scope_sets = st.frozensets(st.sampled_from([*Scope, BroadScope.SOCIAL_ALL]))


@given(scope_sets)
def test_formatting_and_parsing_keep_what_is_allowed(scopes: frozenset[TokenScope]) -> None:
    assert parse_scopes(format_scopes(scopes)) == expand(scopes)


@given(scope_sets, scope_sets, scope_sets)
def test_a_grant_never_exceeds_any_of_the_three(
    asked: frozenset[TokenScope], chosen: frozenset[TokenScope], possible: frozenset[TokenScope]
) -> None:
    result = granted(asked, chosen, possible)
    assert all(result <= expand(limit) for limit in (asked, chosen, possible))
    assert parse_scopes(format_scopes(result)) == result


def test_the_broad_scope_implies_all_and_is_written_alone() -> None:
    assert parse_scopes("social:all offline_access") == ALL
    assert format_scopes(ALL) == "social:all"


def test_a_restricted_key_narrows_the_broad_scope() -> None:
    result = granted(parse_scopes("social:all"), ALL, {Scope.POSTS_READ, Scope.DMS_READ})
    assert format_scopes(result) == "posts:read dms:read"


@pytest.mark.parametrize(
    "text", ["posts:rea", "openid", "POSTS:READ", "posts:read\tdms:read", "posts:read,dms:read", "*"]
)
def test_an_unknown_scope_is_refused(text: str) -> None:
    with pytest.raises(UnknownScope) as refusal:
        parse_scopes(text)
    assert text not in str(refusal.value).split(", ")


def test_presets_lead_from_the_least_to_the_most() -> None:
    assert [preset.name for preset in PRESETS] == ["Analyst", "Drafter", "Community manager", "Publisher", "Admin"]
    reading = PRESETS[0].scopes
    assert {scope.value.partition(":")[2] for scope in reading} == {"read"}
    assert all(reading <= preset.scopes for preset in PRESETS)
    assert PRESETS[-1].scopes == ALL
    assert [preset.name for preset in PRESETS if preset.drafts_only] == ["Drafter"]
