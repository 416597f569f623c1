import base64
import copy
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from auth.vault import (
    BadKeys,
    CannotOpen,
    GrantContext,
    KeyEncryptionKeys,
    SealedCredential,
    Secret,
    UnknownKeyId,
    Vault,
    WrongKeys,
    open_under_token,
    seal_under_token,
)

OLD = "old:" + base64.b64encode(b"\x01" * 32).decode()
NEW = "new:" + base64.b64encode(b"\x02" * 32).decode()
CONTEXT = GrantContext(grant_id="g1", subject="u1", resource="https://as.example/mcp")
CREDENTIAL = Secret("sapi_key_" + "0" * 62)


def vault(text: str = OLD) -> Vault:
    return Vault(KeyEncryptionKeys.parse(text))


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret("hunter2")
    shown = f"{secret} {secret!r} {secret!s} {secret:>20} {[secret]}"
    assert "hunter2" not in shown
    for copied in (copy.copy(secret), copy.deepcopy([secret])[0]):
        assert copied.reveal() == b"hunter2"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)
    assert secret == Secret(b"hunter2") and secret != Secret("other") and secret != "hunter2"


def test_a_credential_opens_in_its_own_context_only() -> None:
    record = vault().seal_credential(CREDENTIAL, CONTEXT)
    assert vault().open_credential(record, CONTEXT) == CREDENTIAL
    for other in (
        replace(CONTEXT, grant_id="g2"),
        replace(CONTEXT, subject="u2"),
        replace(CONTEXT, resource="https://as.example/other"),
    ):
        with pytest.raises(CannotOpen):
            vault().open_credential(record, other)


def test_contexts_that_join_alike_stay_apart() -> None:
    record = vault().seal_credential(CREDENTIAL, replace(CONTEXT, grant_id="a|b", subject="c"))
    with pytest.raises(CannotOpen):
        vault().open_credential(record, replace(CONTEXT, grant_id="a", subject="b|c"))


def test_sealing_twice_shows_no_likeness() -> None:
    first, second = (vault().seal_credential(CREDENTIAL, CONTEXT) for _ in range(2))
    assert first.sealed != second.sealed and first.wrapped_key != second.wrapped_key


@given(st.integers(min_value=0), st.integers(1, 255), st.booleans())
def test_any_changed_byte_keeps_a_credential_closed(place: int, change: int, is_in_key: bool) -> None:
    record = vault().seal_credential(CREDENTIAL, CONTEXT)
    damaged = bytearray(record.wrapped_key if is_in_key else record.sealed)
    damaged[place % len(damaged)] ^= change
    changed = replace(record, wrapped_key=bytes(damaged)) if is_in_key else replace(record, sealed=bytes(damaged))
    with pytest.raises(CannotOpen):
        vault().open_credential(changed, CONTEXT)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + bytes(12), b"\x02" + bytes(60)])
def test_what_was_never_sealed_does_not_open(sealed: bytes) -> None:
    record = SealedCredential(sealed=b"", wrapped_key=sealed, wrapping_key_id="old")
    with pytest.raises(CannotOpen):
        vault().open_credential(record, CONTEXT)


def test_rotation_wraps_again_and_leaves_the_secret_as_it_is() -> None:
    record = vault(OLD).seal_credential(CREDENTIAL, CONTEXT)
    rewrapped = vault(f"{NEW},{OLD}").rewrap(record, CONTEXT)
    assert rewrapped.wrapping_key_id == "new" and rewrapped.sealed == record.sealed
    assert vault(NEW).open_credential(rewrapped, CONTEXT) == CREDENTIAL
    assert vault(NEW).rewrap(rewrapped, CONTEXT) is rewrapped
    with pytest.raises(UnknownKeyId, match="old"):
        vault(NEW).open_credential(record, CONTEXT)


def test_a_signing_key_opens_under_its_own_kid_only() -> None:
    record = vault().seal_signing_key(Secret(bytes(32)), "k1")
    assert vault().open_signing_key(record, "k1") == Secret(bytes(32))
    with pytest.raises(CannotOpen):
        vault().open_signing_key(record, "k2")


def test_only_the_token_opens_what_it_sealed() -> None:
    token = Secret("rt_" + "a" * 43)
    sealed = seal_under_token(CREDENTIAL, token=token, purpose="refresh-successor")
    assert open_under_token(sealed, token=token, purpose="refresh-successor") == CREDENTIAL
    with pytest.raises(CannotOpen):
        open_under_token(sealed, token=Secret("rt_" + "b" * 43), purpose="refresh-successor")
    with pytest.raises(CannotOpen):
        open_under_token(sealed, token=token, purpose="pasted-key")


def test_a_wrong_key_is_noticed_at_the_start() -> None:
    stored = vault(OLD).canaries()
    vault(OLD).check_canaries(stored)
    vault(OLD).check_canaries({})
    vault(f"{NEW},{OLD}").check_canaries(stored)
    with pytest.raises(WrongKeys, match="old"):
        vault(NEW.replace("new", "old")).check_canaries(stored)
    with pytest.raises(WrongKeys, match="none"):
        vault(NEW).check_canaries(stored)
    vault(NEW).check_canaries(vault(f"{NEW},{OLD}").canaries())


def test_derived_keys_differ_by_purpose_and_by_key() -> None:
    both = vault(f"{NEW},{OLD}")
    keys = [key.reveal() for purpose in ("cookie", "form") for key in both.derive(purpose)]
    assert len(set(keys)) == 4
    assert both.derive("cookie")[1:] == vault(OLD).derive("cookie")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "key 1 is not id:base64"),
        ("noid", "key 1 is not id:base64"),
        (f"{OLD},", "key 2 is not id:base64"),
        ("a b:AAAA", "key 1 is not id:base64"),
        (f"{OLD},{OLD}", "key 2 repeats an id"),
        ("k:AAAA", "key 1 has 3 bytes"),
        ("k:" + "-" * 43 + "=", "key 1 is not base64"),
        ("k:\u00e9", "key 1 is not base64"),
    ],
)
def test_a_list_of_keys_that_cannot_be_used_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadKeys, match=message):
        KeyEncryptionKeys.parse(text)


def test_a_key_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"{NEW},{OLD}\n")
    path.chmod(0o640)
    with pytest.raises(BadKeys, match="chmod 600"):
        KeyEncryptionKeys.from_file(path)
    path.chmod(0o600)
    assert KeyEncryptionKeys.from_file(path).current_id == "new"
    with pytest.raises(BadKeys, match="cannot be read"):
        KeyEncryptionKeys.from_file(tmp_path / "missing")
    with pytest.raises(BadKeys, match="cannot be read"):
        KeyEncryptionKeys.from_file(tmp_path)


@pytest.mark.parametrize("token", ["t", "rt_" + "x" * 43])
def test_what_is_sealed_under_a_token_opens_with_the_librarys_own_derivation(token: str) -> None:
    sealed = seal_under_token(Secret("hello"), token=Secret(token), purpose="refresh-successor")
    info = b"v1|token|refresh-successor"
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(token.encode())
    assert AESGCM(key).decrypt(sealed[1:13], sealed[13:], b"refresh-successor") == b"hello"
