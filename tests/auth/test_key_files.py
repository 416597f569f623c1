"""Key files: made once whoever asks first, never seen half-written, for their owner alone."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from auth import key_files
from auth.vault import KeyEncryptionKeys


def test_of_many_that_make_it_at_once_one_does_and_nothing_is_left_beside(tmp_path: Path) -> None:
    file = tmp_path / "keys"

    def make(number: int) -> str:
        key_files.ensure(file, key_files.new_key(f"k{number}"))
        return KeyEncryptionKeys.from_file(file).current_id

    with ThreadPoolExecutor(16) as pool:
        seen = set(pool.map(make, range(64)))
    assert len(seen) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["keys"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_keys_put_in_its_place_are_for_the_owner_alone_as_well(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    key_files.ensure(file, key_files.new_key("old"))
    key_files.replace(file, [key_files.new_key("new"), file.read_text().strip()])
    assert list(KeyEncryptionKeys.from_file(file).keys) == ["new", "old"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["keys"]
