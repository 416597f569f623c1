"""Media: what files are, how long addresses last, and what keeps a file."""

import httpx2
import pytest

from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio


async def test_media_is_looked_at_and_kept_while_a_post_uses_it(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    fake = await http.post("/v1/media/upload", files={"file": ("cat.jpg", b"not a picture", "image/jpeg")})
    rows = {row["id"]: row for row in (await http.get("/v1/media")).json()["data"]}
    assert rows[fake.json()["media_id"]]["content_type"] == "application/octet-stream"
    body = {"text": "With a picture", "media": [{"source_type": "media_id", "source": "med_latte"}]}
    assert (await http.post("/v1/posts", json=body)).status_code == 201
    refused = await http.delete("/v1/media/med_latte")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "media.in_use")
    shown = await http.get(rows["med_latte"]["url"].replace("http://127.0.0.1:8080", ""))
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    clock.advance(minutes=16)
    assert (await http.get(rows["med_latte"]["url"].replace("http://127.0.0.1:8080", ""))).status_code == 403


async def test_a_presigned_upload_expires_and_must_be_verified(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    made = (await http.get("/v1/media/upload-url?media_type=text/plain&filename=a.txt")).json()
    path = made["upload_url"].replace("http://127.0.0.1:8080", "")
    assert (await http.post(f"/v1/media/{made['media_id']}/verify")).status_code == 404
    other = (await http.get("/v1/media/upload-url?media_type=text/plain&filename=a.txt")).json()
    address = other["upload_url"].replace("http://127.0.0.1:8080", "")
    assert (await http.put(address, content=b"x", headers={"Content-Type": "image/png"})).status_code == 400
    assert (await http.put(address, content=b"hello", headers={"Content-Type": "text/plain"})).status_code == 200
    assert (await http.post(f"/v1/media/{other['media_id']}/verify")).json() == {"success": True}
    clock.advance(minutes=16)
    assert (await http.put(path, content=b"late", headers={"Content-Type": "text/plain"})).status_code == 403
