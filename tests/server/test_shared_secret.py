"""One secret for every process that answers for a server: by the operator's keys, or a file that only its owner reads."""

import os
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from auth.key_files import new_key
from server.settings import Settings
from server.shared_secret import SECRET_FILE, NoSharedSecret, shared_secret


def test_processes_with_the_same_keys_agree_wherever_they_run(tmp_path: Path) -> None:
    newest, older = new_key("k2"), new_key("k1")
    first = Settings(data_dir=tmp_path / "a", auth_keys=SecretStr(f"{newest},{older}"))
    file = tmp_path / "keys"
    file.write_text(newest, encoding="ascii")
    file.chmod(0o600)
    second = Settings(data_dir=tmp_path / "b", auth_keys_file=file)
    assert shared_secret(first) == shared_secret(second, memory=True)
    assert shared_secret(Settings(auth_keys=SecretStr(older))) != shared_secret(first)
    assert not (tmp_path / "a").exists()


def test_the_secret_says_nothing_of_the_key(tmp_path: Path) -> None:
    key = new_key()
    assert key.partition(":")[2].encode() not in shared_secret(Settings(auth_keys=SecretStr(key)))
    assert len(shared_secret(Settings(auth_keys=SecretStr(key)))) == 32


def test_without_keys_a_file_is_made_that_only_its_owner_reads(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    first = shared_secret(settings)
    assert shared_secret(settings) == first
    assert stat.S_IMODE((tmp_path / "data" / SECRET_FILE).stat().st_mode) == 0o600
    (tmp_path / "data" / SECRET_FILE).chmod(0o644)
    with pytest.raises(NoSharedSecret, match="chmod 600"):
        shared_secret(settings)


def test_in_memory_nothing_is_kept(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    assert shared_secret(settings, memory=True) != shared_secret(settings, memory=True)
    assert not (tmp_path / "data").exists()


def test_a_folder_that_cannot_be_written_stops_only_who_has_to_agree_with_others(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("no folder", encoding="ascii")
    settings = Settings(data_dir=blocked / "data")
    with pytest.raises(NoSharedSecret, match="cannot hold this server's key"):
        shared_secret(settings)
    assert len(shared_secret(settings, is_alone=True)) == 32


def test_keys_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(NoSharedSecret, match="is not id:base64"):
        shared_secret(Settings(auth_keys=SecretStr("nonsense")))
    assert os.environ.get("SOCIALAPI_AUTH_KEYS") is None
