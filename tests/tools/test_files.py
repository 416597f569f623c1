"""Uploads by path stay under the allowed folder."""

from pathlib import Path

import pytest

from tools.fields import FileArgs
from tools.rest import BadFile, Files


def test_a_file_under_the_root_is_read(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(b"x")
    assert Files(root=tmp_path).read(FileArgs(path="in/a.png")) == ("a.png", b"x")
    assert Files(root=tmp_path).read(FileArgs(path=str(tmp_path / "in" / "a.png"), filename="b.png")) == ("b.png", b"x")


def test_paths_and_links_that_lead_out_are_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").write_text("s")
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "folder").symlink_to(tmp_path)
    for path in ("../secret", str(tmp_path / "secret"), "link", "folder/secret", "missing", ".", "\x00"):
        with pytest.raises(BadFile):
            Files(root=root).read(FileArgs(path=path))


def test_without_a_root_no_path_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    with pytest.raises(BadFile, match="stdio"):
        Files().read(FileArgs(path=str(tmp_path / "a")))


@pytest.mark.parametrize(
    "given", [{}, {"path": "a", "content_base64": "YQ=="}, {"content_base64": "%%"}, {"content_base64": ""}]
)
def test_exactly_one_readable_source(given: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(BadFile):
        Files(root=tmp_path).read(FileArgs.model_validate(given))
