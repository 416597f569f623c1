"""A disk that is full: callers are told so in plain words, nothing half-done stays, and it works again with space."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from tests.e2e.processes import free_port, key, serve


def picture() -> bytes:
    """A picture of noise, which no compression makes small."""
    made = BytesIO()
    Image.frombytes("RGB", (200, 200), os.urandom(200 * 200 * 3)).save(made, "PNG")
    return made.getvalue()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("NO RIGHT TO MOUNT a small disk here: run as root to run this")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(file: Path) -> None:
    with contextlib.suppress(OSError), file.open("wb", buffering=0) as full:
        while True:
            full.write(bytes(1024))
    assert shutil.disk_usage(file.parent).free == 0


def test_a_full_disk_refuses_in_plain_words_and_recovers(small_disk: Path) -> None:
    port, image = free_port(), picture()
    server = serve("api", small_disk, port)
    try:
        headers = {"Authorization": f"Bearer {key(small_disk)}"}
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}/v1", headers=headers, timeout=30) as http:
            before = http.get("/posts").json()["pagination"]
            fill(small_disk / "ballast")
            body = {"text": "x" * 60_000}
            post = http.post("/posts", json=body)
            upload = http.post("/media/upload", files={"file": ("a.png", image, "image/png")})
            for refused in (post, upload):
                assert refused.status_code == 503, refused.text
                assert refused.json()["error"]["code"] == "system.unavailable"
                assert "no space" in refused.json()["error"]["message"]
            assert http.get("/posts").json()["pagination"] == before
            (small_disk / "ballast").unlink()
            assert http.post("/posts", json=body).status_code == 201
            assert http.post("/media/upload", files={"file": ("a.png", image, "image/png")}).is_success
    finally:
        server.kill()
        server.wait()
