"""Keys, the user and what the plan refuses."""

import httpx2
import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from localapi.app import EmbeddedApi, Options
from localapi.database import Unavailable, advice_on
from localapi.tables import User
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio


async def made_key(http: httpx2.AsyncClient, **fields: object) -> dict[str, str]:
    response = await http.post("/v1/keys", json={"name": "Made", **fields})
    assert response.status_code == 201, response.text
    return dict(response.json())


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def last_used(http: httpx2.AsyncClient, key_id: str) -> str | None:
    rows = (await http.get("/v1/keys")).json()["data"]
    found: str | None = next(row.get("last_used_at") for row in rows if row["id"] == key_id)
    return found


async def test_reading_counts_as_use_to_the_minute(http: httpx2.AsyncClient, clock: HeldClock) -> None:
    key = await made_key(http, scopes=["posts:read"])
    assert await last_used(http, key["id"]) is None
    await http.get("/v1/posts", headers=bearer(key["raw_key"]))
    first = await last_used(http, key["id"])
    assert first is not None
    clock.advance(seconds=30)
    await http.get("/v1/posts", headers=bearer(key["raw_key"]))
    assert await last_used(http, key["id"]) == first
    clock.advance(seconds=31)
    await http.get("/v1/posts", headers=bearer(key["raw_key"]))
    assert await last_used(http, key["id"]) != first


async def test_a_rotated_key_is_dead_at_once_and_keeps_what_it_may(http: httpx2.AsyncClient) -> None:
    old = await made_key(http, scopes=["posts:read"], brand_ids=["b_aurora"])
    new = (await http.post(f"/v1/keys/{old['id']}/rotate")).json()
    refused = await http.get("/v1/posts", headers=bearer(old["raw_key"]))
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "auth.invalid_key")
    assert (await http.get("/v1/posts", headers=bearer(new["raw_key"]))).status_code == 200
    assert (new["id"], new["scopes"], new["brand_ids"]) == (old["id"], ["posts:read"], ["b_aurora"])


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"scopes": ["posts:fly"]}, "validation.scope_invalid"), ({"brand_ids": ["b_none"]}, "validation.brand_invalid")],
)
async def test_a_key_for_what_does_not_exist_is_refused(
    http: httpx2.AsyncClient, fields: dict[str, object], code: str
) -> None:
    response = await http.post("/v1/keys", json={"name": "Made", **fields})
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)


async def test_an_unpaid_account_reaches_its_profile_only(http: httpx2.AsyncClient, api: EmbeddedApi) -> None:
    async with api.installation.database.write() as session:
        await session.execute(update(User).values(billing_blocked_at=api.installation.clock.now()))
    assert (await http.get("/v1/users/me")).status_code == 200
    assert (await http.patch("/v1/users/me", json={"use_case": "cafe"})).status_code == 200
    for path in ("/v1/posts", "/v1/brands", "/v1/usage", "/v1/webhooks"):
        response = await http.get(path)
        assert (response.status_code, response.json()["error"]["code"]) == (402, "billing.past_due"), path


async def test_dashboard_routes_refuse_keys(http: httpx2.AsyncClient) -> None:
    response = await http.get("/v1/oauth/redirect-uris")
    assert (response.status_code, response.json()["error"]["code"]) == (403, "auth.dashboard_only")


async def test_a_stranger_is_refused_before_the_body_is_read(http: httpx2.AsyncClient) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": "99999999999"}
    response = await http.post("/v1/media/upload", content=b"", headers=headers | bearer("sapi_key_" + "0" * 62))
    assert (response.status_code, response.json()["error"]["code"]) == (401, "auth.invalid_key")


async def test_uploads_and_previews_carry_the_request_id(http: httpx2.AsyncClient) -> None:
    for method, path in (("PUT", "/uploads/none"), ("GET", "/media/none/none/1")):
        response = await http.request(method, path, headers={"X-Request-ID": "mine-1"})
        assert response.status_code == 403
        assert response.headers["X-Request-ID"] == response.json()["request_id"] == "mine-1"


async def test_who_deletes_the_user_deletes_the_files_and_gets_no_sample_back(stored: Options) -> None:
    api = await EmbeddedApi.start(stored)
    headers = bearer(api.sample_key or "")
    files = api.installation.files
    transport = httpx2.ASGITransport(app=api.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://local", headers=headers) as http:
        assert len(list(files.iterdir())) > 0
        assert (await http.delete("/v1/users/me")).json() == {"ok": True}
        assert (await http.get("/v1/posts")).status_code == 401
    assert list(files.iterdir()) == []
    await api.close()
    again = await EmbeddedApi.start(stored)
    async with again.installation.database.read() as session:
        assert list(await session.scalars(select(User.id))) == []
    assert again.sample_key is None
    await again.close()


async def test_what_was_read_is_answered_also_where_nothing_can_be_written(
    http: httpx2.AsyncClient, api: EmbeddedApi, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Unavailable("no space is left")

    clock.advance(minutes=5)
    monkeypatch.setattr("localapi.routing.note_use", refuse)
    assert (await http.get("/v1/brands")).status_code == 200


async def test_a_value_that_sounds_like_a_failure_of_the_server_is_none() -> None:
    duplicate = IntegrityError("insert", {}, Exception("Key (username)=(fullmoon) already exists, timeout"))
    assert advice_on(duplicate) is None
    assert advice_on(OperationalError("insert", {}, Exception("could not extend file: No space left on device")))


async def test_an_address_of_a_file_with_a_long_number_is_unknown(http: httpx2.AsyncClient) -> None:
    response = await http.get("/media/x/y/" + "9" * 5000)
    assert (response.status_code, response.json()["error"]["code"]) == (403, "http.403")


async def test_a_key_of_a_brand_makes_no_draft_that_it_could_not_see(http: httpx2.AsyncClient) -> None:
    key = await made_key(http, brand_ids=["b_aurora"])
    headers = bearer(key["raw_key"])
    refused = await http.post("/v1/posts", json={"text": "Lost"}, headers=headers)
    assert (refused.status_code, refused.json()["error"]["meta"]) == (400, {"field": "targets"})
    body = {"text": "Found", "targets": [{"account_id": "acc_aurora_threads"}]}
    made = (await http.post("/v1/posts", json=body, headers=headers)).json()
    assert (await http.get(f"/v1/posts/{made['id']}", headers=headers)).status_code == 200
