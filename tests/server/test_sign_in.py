"""From settings to an authorization server: when people can sign in, with which keys, and what stops the start."""

import json
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from auth.key_files import new_key
from auth.vault import KeyEncryptionKeys
from server.settings import Settings
from server.sign_in import (
    KEYS_FILE,
    CannotSignIn,
    given_keys,
    is_here,
    open_store,
    policy_of,
    readiness,
)

HERE = "http://127.0.0.1:8080"
PUBLIC = "https://social.example"


@pytest.mark.parametrize(("address", "is_on"), [
    (HERE, True), ("http://localhost:8080", True), ("http://[::1]:8080", True), (PUBLIC, True),
    ("https://social.example/under/a/path", False), ("http://192.168.1.5:8080", False), ("http://social.example", False), ("http://127.0.0.1.evil.example", False),
])  # fmt: skip
def test_people_sign_in_over_https_or_on_this_machine(address: str, is_on: bool) -> None:
    found = readiness(Settings(), address)
    assert found.is_on is is_on
    assert (found.why_not is None) is is_on


def test_sign_in_can_be_switched_off() -> None:
    assert readiness(Settings(sign_in=False), PUBLIC).why_not == "it is switched off (SOCIALAPI_SIGN_IN)"


def test_a_public_address_needs_a_key_encryption_key_and_says_how_to_get_one() -> None:
    with pytest.raises(CannotSignIn, match="keys new-kek"):
        given_keys(Settings(), PUBLIC)
    assert given_keys(Settings(), PUBLIC, is_dev=True) is None
    assert given_keys(Settings(), HERE) is None


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "kek"
    file.write_text(new_key("k7"), encoding="ascii")
    file.chmod(0o644)
    with pytest.raises(CannotSignIn, match="chmod 600"):
        given_keys(Settings(auth_keys_file=file), PUBLIC)
    file.chmod(0o600)
    found = given_keys(Settings(auth_keys_file=file), PUBLIC)
    assert found is not None and found.current_id == "k7"


def test_a_wrong_list_of_keys_is_told_by_its_place_and_not_shown() -> None:
    with pytest.raises(CannotSignIn, match="key 1 has 6 bytes") as refused:
        given_keys(Settings(auth_keys=SecretStr("k1:c2VjcmV0")), PUBLIC)
    assert "c2VjcmV0" not in str(refused.value)


def test_the_own_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    from server.sign_in import _own_keys, _own_keys_file  # pyright: ignore[reportPrivateUsage]

    first = _own_keys(tmp_path)
    assert isinstance(first, KeyEncryptionKeys)
    assert _own_keys(tmp_path).keys == first.keys
    assert stat.S_IMODE((tmp_path / KEYS_FILE).stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [_own_keys_file(tmp_path).name]


@pytest.mark.parametrize(("settings", "says"), [
    ({"presets": "Root"}, "SOCIALAPI_PRESETS: presets are Analyst, Drafter"),
    ({"baseline_scopes": "posts:fly"}, "SOCIALAPI_BASELINE_SCOPES: scope must be of"),
    ({"trusted_issuers_file": "/nowhere.json"}, "must be a JSON list"),
])  # fmt: skip
def test_a_setting_that_makes_no_sense_stops_the_start_and_says_why(settings: dict[str, str], says: str) -> None:
    with pytest.raises(CannotSignIn, match=says):
        policy_of(Settings.model_validate(settings), PUBLIC)


def test_the_policy_follows_the_settings(tmp_path: Path) -> None:
    issuers = tmp_path / "issuers.json"
    issuers.write_text(json.dumps([{"issuer": "https://idp.example", "jwks_uri": "https://idp.example/jwks"}]))
    policy = policy_of(
        Settings(
            api_key=SecretStr("sapi_key_" + "0" * 62),
            presets="Publisher, Analyst",
            baseline_scopes="posts:read accounts:read",
            access_token_minutes=10,
            open_registration=False,
            trusted_issuers_file=issuers,
        ),
        PUBLIC,
    )
    assert policy.resources == [f"{PUBLIC}/mcp"]
    assert [preset.name for preset in policy.presets] == ["Publisher", "Analyst"]
    assert policy.baseline_scopes == ("accounts:read", "posts:read")
    assert policy.access_lifetime.total_seconds() == 600
    assert [one.issuer for one in policy.trusted_issuers] == ["https://idp.example"]
    assert policy.metadata_settings().allows_enterprise_grants
    assert not policy.metadata_settings().allows_registration


def test_the_embedded_api_is_a_resource_of_its_own() -> None:
    assert policy_of(Settings(), HERE).resources == [f"{HERE}/mcp", f"{HERE}/v1"]


@pytest.mark.anyio
async def test_a_database_that_does_not_answer_is_told_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://user:hush@127.0.0.1:1/none"
    with pytest.raises(CannotSignIn) as refused:
        await open_store(Settings(auth_database_url=url), tmp_path)
    assert "hush" not in str(refused.value)


def test_an_address_that_is_none_is_not_here() -> None:
    assert not is_here("not an address")
