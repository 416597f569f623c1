"""What cannot be stored, sent or counted is refused in words, on both databases alike."""

import io
import json
from collections.abc import AsyncIterator

import httpx2
import pytest

pytestmark = pytest.mark.anyio
THREADS = [{"account_id": "acc_aurora_threads"}]


@pytest.mark.parametrize(
    "body",
    [
        "[" * 200_000,
        '{"platform_data": ' + "[" * 20_000 + "]" * 20_000 + "}",
        '{"platform_data": {"threads": {"a": NaN}}}',
        '{"platform_data": {"threads": {"a": Infinity}}}',
        '{"platform_data": {"threads": {"a": 1e400}}}',
        "{",
        "\xff",
        "",
    ],
    ids=["deep", "deep inside", "NaN", "Infinity", "over", "cut off", "no text", "empty"],
)
async def test_a_body_that_is_no_json_is_refused(http: httpx2.AsyncClient, body: str) -> None:
    response = await http.post("/v1/posts", content=body.encode("latin-1"))
    assert response.status_code == 400
    if body:
        assert response.json()["error"]["code"] in {"validation.body_invalid", "validation.field_invalid"}


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"], ids=["NUL", "surrogate"])
@pytest.mark.parametrize(
    ("method", "path", "field", "body"),
    [
        ("POST", "/v1/posts", "text", {}),
        ("POST", "/v1/brands", "name", {}),
        ("POST", "/v1/keys", "name", {}),
        ("PATCH", "/v1/users/me", "use_case", {}),
        ("POST", "/v1/inbox/conversations/conv_ig_1/messages", "text", {"account_id": "acc_aurora_instagram"}),
        ("POST", "/v1/inbox/comments/ig_1789001", "text", {"account_id": "acc_aurora_instagram"}),
        ("POST", "/v1/accounts/acc_aurora_instagram/mentions/reply", "media_id", {"text": "Hello"}),
        ("POST", "/v1/accounts/connect", "state", {"platform": "threads", "brand_id": "b_empty"}),
    ],
)
async def test_text_that_cannot_be_stored_is_refused_by_its_field(
    http: httpx2.AsyncClient, method: str, path: str, field: str, body: dict[str, str], text: str
) -> None:
    response = await http.request(method, path, content=json.dumps({**body, field: text}))
    assert (response.status_code, response.json()["error"]["code"]) == (400, "validation.field_invalid")
    assert response.json()["error"]["meta"] == {"field": field}


@pytest.mark.parametrize(
    "path",
    [
        "/v1/posts?search=%00",
        "/v1/posts?account_ids=a%00b",
        "/v1/media/upload-url?filename=a.png&media_type=image/p%00ng",
        "/v1/media/upload-url?filename=a.png&media_type=banana",
        "/v1/posts?from=0001-01-01T00:00:00%2B14:00",
        "/v1/posts?from=9999-12-31T23:59:59-14:00",
        "/v1/inbox/comments?since=0001-01-01T00:00:00%2B14:00",
        "/v1/inbox/comments?min_comments=99999999999999999999999",
        "/v1/posts?limit=abc",
        "/v1/posts?cursor=!!!!",
    ],
)
async def test_a_query_that_cannot_be_answered_is_refused(http: httpx2.AsyncClient, path: str) -> None:
    response = await http.get(path)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "validation.field_invalid")


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/v1/posts/a%20b", "post.not_found"),
        ("GET", "/v1/posts/" + "a" * 257, "post.not_found"),
        ("GET", "/v1/accounts/é/limits", "account.not_found"),
        ("GET", "/v1/inbox/conversations/%00", "conversation.not_found"),
        ("DELETE", "/v1/media/é", "media.not_found"),
        ("DELETE", "/v1/brands/é", "brand.not_found"),
        ("DELETE", "/v1/keys/é", "resource.not_found"),
    ],
)
async def test_an_id_that_cannot_be_one_is_not_found(
    http: httpx2.AsyncClient, method: str, path: str, code: str
) -> None:
    response = await http.request(method, path)
    assert (response.status_code, response.json()["error"]["code"]) == (404, code)
    if code == "resource.not_found":
        assert response.json()["error"]["meta"] == {"resource": "key", "id": "é"}


async def test_a_cursor_with_something_added_is_refused(http: httpx2.AsyncClient) -> None:
    cursor = (await http.get("/v1/posts?limit=1")).json()["pagination"]["next_cursor"]
    for added in ("!!!!", "====", "\n"):
        response = await http.get("/v1/posts", params={"limit": "1", "cursor": cursor + added})
        assert response.status_code == 400, added


async def test_a_form_sent_in_pieces_is_given_up_at_its_bound(
    http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localapi.routing.MAX_FORM_BYTES", 100_000)
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(10_000):
            sent += 1
            yield b"a" * 1000
        yield b"\r\n--x--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    response = await http.post("/v1/media/upload", content=pieces(), headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "validation.field_invalid")
    assert "upload-url" in response.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/v1/keys", "/v1/brands"])
async def test_an_empty_name_is_a_missing_one(http: httpx2.AsyncClient, path: str) -> None:
    for name in ("", "  "):
        response = await http.post(path, json={"name": name})
        assert (response.status_code, response.json()["error"]["code"]) == (400, "validation.field_required")
    response = await http.patch("/v1/keys/key_spare", json={"name": " "})
    assert response.json()["error"]["code"] == "validation.field_required"


async def test_search_finds_every_letter_in_any_case(http: httpx2.AsyncClient) -> None:
    made = (await http.post("/v1/posts", json={"text": "Große ÄRGERLICHE Überraschung", "targets": THREADS})).json()
    for words in ("ärger", "überraschung", "GROSSE".replace("SS", "ß")):
        found = (await http.get("/v1/posts", params={"search": words})).json()["data"]
        assert made["id"] in [row["id"] for row in found], words


async def test_pictures_and_songs_are_what_their_bytes_say(http: httpx2.AsyncClient) -> None:
    import av
    from PIL import Image

    def picture(kind: str) -> bytes:
        made = io.BytesIO()
        Image.effect_noise((300, 200), 80).convert("RGB").save(made, kind)
        return made.getvalue()

    song = io.BytesIO()
    with av.open(song, "w", format="mp3") as container:
        stream = container.add_stream("mp3", rate=44_100)
        frame = av.AudioFrame(format="s16p", layout="mono", samples=1152)
        frame.rate = 44_100
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    files = {
        "whole.avif": (picture("AVIF"), "image/avif"),
        "whole.jpg": (picture("JPEG"), "image/jpeg"),
        "half.jpg": (picture("JPEG")[:9000], "application/octet-stream"),
        "half.gif": (picture("GIF")[:9000], "application/octet-stream"),
        "half.bmp": (picture("BMP")[:9000], "application/octet-stream"),
        "song.mp3": (song.getvalue(), "audio/mpeg"),
    }
    for name, (content, _) in files.items():
        assert (await http.post("/v1/media/upload", files={"file": (name, content)})).status_code == 201
    rows = (await http.get("/v1/media?limit=100")).json()["data"]
    found = {row["filename"]: row["content_type"] for row in rows if row["filename"] in files}
    assert found == {name: kind for name, (_, kind) in files.items()}


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/v1/posts/import", "POST"), ("/v1/posts/post_draft", "DELETE, GET, HEAD, PATCH"), ("/v1/accounts", "GET, HEAD")],
)
async def test_who_uses_another_method_is_told_those_there_are(
    http: httpx2.AsyncClient, path: str, methods: str
) -> None:
    response = await http.request("TRACE", path)
    assert (response.status_code, response.headers["allow"]) == (405, methods)
    assert methods in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/v1/posts", {"text": "Hello", "publish_now": 0}, "publish_now"),
        ("POST", "/v1/posts", {"text": "Hello", "publish_now": "true"}, "publish_now"),
        ("POST", "/v1/posts", {"text": 5}, "text"),
        ("PATCH", "/v1/users/me", {"onboarding": 0}, "onboarding"),
        ("PATCH", "/v1/users/me", {"onboarding": True}, "onboarding"),
        ("POST", "/v1/posts", {"text": "Hello", "scheduled_at": 4102444800}, "scheduled_at"),
        ("POST", "/v1/posts", {"text": "Hello", "scheduled_at": "4102444800"}, "scheduled_at"),
    ],
)
async def test_json_of_another_type_is_refused_by_its_field(
    http: httpx2.AsyncClient, method: str, path: str, body: dict[str, object], field: str
) -> None:
    response = await http.request(method, path, json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "validation.field_invalid")
    assert response.json()["error"]["meta"] == {"field": field}


@pytest.mark.parametrize("path", ["/v1/posts?to=0.5", "/v1/events?from=1700000000", "/v1/inbox/comments?since=1e9"])
async def test_a_number_is_no_time(http: httpx2.AsyncClient, path: str) -> None:
    response = await http.get(path)
    assert (response.status_code, "2026-03-10T12:00:00Z" in response.text) == (400, True)
