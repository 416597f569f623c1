"""Uploads by path stay under the allowed folder."""

from pathlib import Path

import pytest

from tools.fields import FileArgs
from tools.posts import ImportPosts
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
    for path in ("../secret", str(tmp_path / "secret"), "link", "folder/secret", "missing", "."):
        with pytest.raises(BadFile):
            Files(root=root).read(FileArgs(path=path))


def test_without_a_root_no_path_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    with pytest.raises(BadFile, match="stdio"):
        Files().read(FileArgs(path=str(tmp_path / "a")))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"path": "a", "content_base64": "YQ=="},
        {"content_base64": "%%"},
        {"content_base64": "é"},
        {"content_base64": ""},
    ],
)
def test_exactly_one_readable_source(given: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(BadFile):
        Files(root=tmp_path).read(FileArgs.model_validate(given))


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(b"x")

    def refuse(_path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    # The superuser, who may run the tests, reads whatever the modes say.
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(BadFile, match="permissions"):
        Files(root=tmp_path).read(FileArgs(path="a.png"))


def test_a_file_over_the_bound_of_its_operation_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "posts.csv").open("wb") as file:
        file.truncate(5 * 1024 * 1024 + 1)
    with pytest.raises(BadFile, match="5 MB; split it"):
        Files(root=tmp_path).read(ImportPosts(path="posts.csv"))
    assert len(Files(root=tmp_path).read(FileArgs(path="posts.csv"))[1]) > 5 * 1024 * 1024
