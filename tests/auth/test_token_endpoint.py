"""The token endpoint: redeeming codes, refreshing, what is refused in which words, and what a request may look like."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from auth.records import digest
from tests.auth.authorities import CALLBACK, ISSUER, MCP, REST, VERIFIER, Served, a_policy, file_url, serving
from tests.auth.forging import decoded, put_client, put_code
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def public(served: Served) -> str:
    return str((await served.register())["client_id"])


async def family(served: Served) -> tuple[str, dict[str, str]]:
    """A client's id and its tokens."""
    client_id = await public(served)
    response = await served.redeem(client_id, await put_code(served, client_id))
    assert response.status_code == 200, response.text
    return client_id, response.json()


@pytest.mark.parametrize("path", ["/oauth/token", "/token"])
async def test_an_answer_is_a_bearer_token_that_no_cache_keeps(shared: Served, path: str) -> None:
    client_id = await public(shared)
    fields = {"client_id": client_id, "grant_type": "authorization_code", "code": await put_code(shared, client_id)}
    given = {**fields, "redirect_uri": CALLBACK, "code_verifier": VERIFIER, "resource": MCP}
    response = await shared.program().post(path, data=given)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store" and response.headers["pragma"] == "no-cache"
    assert response.headers["content-type"] == "application/json"
    assert response.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in response.headers and "set-cookie" not in response.headers
    body = response.json()
    assert body.keys() == {"access_token", "token_type", "expires_in", "scope", "refresh_token"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)


async def test_an_access_token_says_what_rfc_9068_wants(shared: Served) -> None:
    client_id, tokens = await family(shared)
    header, claims = decoded(tokens["access_token"])
    now = int(shared.clock.now().timestamp())
    assert header.keys() == {"alg", "typ", "kid"} and (header["alg"], header["typ"]) == ("EdDSA", "at+jwt")
    assert (claims["iss"], claims["aud"], claims["client_id"]) == (ISSUER, MCP, client_id)
    assert (claims["iat"], claims["nbf"], claims["exp"]) == (now, now, now + 3600)
    assert claims["sub"] == "usr_sample" and claims["auth_time"] == now
    assert claims["scope"] == tokens["scope"] == "posts:read posts:write"
    assert "sapi_key_" not in json.dumps(claims)
    again = decoded((await shared.refresh(client_id, tokens["refresh_token"])).json()["access_token"])[1]
    assert again["jti"] != claims["jti"] and again["gid"] == claims["gid"]


async def test_a_client_without_the_refresh_grant_gets_no_refresh_token(shared: Served) -> None:
    client_id = (await shared.register(grant_types=["authorization_code"]))["client_id"]
    body = (await shared.redeem(client_id, await put_code(shared, client_id))).json()
    assert "access_token" in body and "refresh_token" not in body


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"redirect_uri": "https://client.example/other"}, "invalid_grant"),
        ({"redirect_uri": f"{CALLBACK}/"}, "invalid_grant"),
        ({"code": "ac_unknown"}, "invalid_grant"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"resource": REST}, "invalid_target"),
        ({"resource": "https://evil.example/mcp"}, "invalid_target"),
        ({"grant_type": "authorization_code "}, "unsupported_grant_type"),
        ({"grant_type": "AUTHORIZATION_CODE"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"code": ""}, "invalid_request"),
        ({"redirect_uri": ""}, "invalid_grant"),
    ],
)
async def test_a_wrong_request_is_refused_in_a_known_word_and_burns_no_code(
    shared: Served, wrong: dict[str, str], error: str
) -> None:
    client_id = await public(shared)
    code = await put_code(shared, client_id)
    refused = await shared.redeem(client_id, **{"code": code, **wrong})
    assert refused.status_code == 400
    assert refused.json()["error"] == error
    assert refused.json().keys() == {"error", "error_description"}
    assert refused.headers["cache-control"] == "no-store"
    assert refused.headers["access-control-allow-origin"] == "*"
    assert (await shared.redeem(client_id, code)).status_code == 200


async def test_a_code_lives_for_a_minute(shared: Served) -> None:
    client_id = await public(shared)
    code, other = await put_code(shared, client_id), await put_code(shared, client_id)
    shared.clock.advance(seconds=59)
    assert (await shared.redeem(client_id, code)).status_code == 200
    shared.clock.advance(seconds=1)
    assert (await shared.redeem(client_id, other)).json()["error"] == "invalid_grant"


async def test_the_code_of_the_pages_lives_for_a_minute_too(shared: Served) -> None:
    client_id = await public(shared)
    code = await shared.browser().code(client_id)
    shared.clock.advance(seconds=60)
    assert (await shared.redeem(client_id, code)).json()["error"] == "invalid_grant"


async def test_anothers_code_is_refused_and_stays_good_for_its_own(shared: Served) -> None:
    mine, other = await public(shared), await public(shared)
    code = await put_code(shared, mine)
    assert (await shared.redeem(other, code)).json()["error"] == "invalid_grant"
    tokens = (await shared.redeem(mine, code)).json()
    # Nor does a stranger who learns of a used code end what it gave.
    assert (await shared.redeem(other, code)).json()["error"] == "invalid_grant"
    assert (await shared.refresh(mine, tokens["refresh_token"])).status_code == 200


@pytest.mark.parametrize("name", ["grant_type", "code", "redirect_uri", "code_verifier", "client_id", "resource", "x"])
async def test_a_repeated_parameter_is_refused(shared: Served, name: str) -> None:
    client_id = await public(shared)
    code = await put_code(shared, client_id)
    fields = {"client_id": client_id, "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK,
              "code_verifier": VERIFIER, "resource": MCP, "x": "1"}  # fmt: skip
    refused = await shared.program().post("/oauth/token", data={**fields, name: [fields[name]] * 2})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert (await shared.program().post("/oauth/token", data=fields)).status_code == 200


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b'{"grant_type":"authorization_code"}', {"Content-Type": "application/json"}),
        (b"grant_type=authorization_code", {"Content-Type": "text/plain"}),
        (b"grant_type=authorization_code", {}),
        (b"grant_type=authorization_code", {"Content-Type": "application/x-www-form-urlencodedx"}),
        (b"--x\r\n\r\n--x--", {"Content-Type": "multipart/form-data; boundary=x"}),
        (b"", FORM),
        (b"grant_type=%ff%fe", FORM),
        (b"grant_type=\xff\xfe", FORM),
        (b"grant_type=a%00b", FORM),
        (b"&".join(b"a%d=1" % n for n in range(300)), FORM),
        (b"grant_type=authorization_code", {**FORM, "Authorization": "Basic !!!"}),
        (b"grant_type=authorization_code", {**FORM, "Authorization": "Basic " + "A" * 5000}),
        (b"grant_type=authorization_code", {**FORM, "Authorization": "Bearer x"}),
    ],
)
async def test_what_is_no_proper_form_is_a_400(shared: Served, content: bytes, headers: dict[str, str]) -> None:
    response = await shared.program().post("/oauth/token", content=content, headers=headers)
    assert response.status_code in {400, 401}
    assert response.json()["error"] in {"invalid_request", "invalid_client", "unsupported_grant_type"}


async def test_a_form_in_a_named_character_set_is_read(shared: Served) -> None:
    client_id = await public(shared)
    code = await put_code(shared, client_id)
    headers = {"Content-Type": "APPLICATION/x-www-form-urlencoded; charset=UTF-8"}
    assert (await shared.redeem(client_id, code, headers=headers)).status_code == 200


async def test_a_body_without_end_is_given_up(shared: Served) -> None:
    response = await shared.program().post("/oauth/token", content=b"a=" + b"x" * 70_000, headers=FORM)
    assert (response.status_code, response.json()["error"]) == (413, "invalid_request")


@pytest.mark.parametrize(("asked", "granted"), [
    (None, "posts:read posts:write"),
    ("posts:read", "posts:read"),
    ("posts:write posts:read", "posts:read posts:write"),
    ("posts:read offline_access", "posts:read"),
])  # fmt: skip
async def test_a_refresh_may_ask_for_less(shared: Served, asked: str | None, granted: str) -> None:
    client_id, tokens = await family(shared)
    more = {} if asked is None else {"scope": asked}
    body = (await shared.refresh(client_id, tokens["refresh_token"], **more)).json()
    assert body["scope"] == decoded(body["access_token"])[1]["scope"] == granted
    # The grant itself is as wide as before.
    assert (await shared.refresh(client_id, body["refresh_token"])).json()["scope"] == "posts:read posts:write"


@pytest.mark.parametrize("asked", ["posts:read dms:read", "social:all", "nonsense"])
async def test_a_refresh_may_not_ask_for_more(shared: Served, asked: str) -> None:
    client_id, tokens = await family(shared)
    refused = await shared.refresh(client_id, tokens["refresh_token"], scope=asked)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    assert (await shared.refresh(client_id, tokens["refresh_token"])).status_code == 200


async def test_what_another_version_granted_refreshes_without_it(shared: Served) -> None:
    """A refused refresh would use the token up, and the next one end the grant as if it were stolen."""
    client_id = await public(shared)
    tokens = (await shared.redeem(client_id, await put_code(shared, client_id, scope="posts:read later:kind"))).json()
    for scope in (None, "posts:read"):
        more = {} if scope is None else {"scope": scope}
        refreshed = await shared.refresh(client_id, tokens["refresh_token"], **more)
        tokens = refreshed.json()
        assert (refreshed.status_code, tokens["scope"]) == (200, "posts:read")


async def test_a_single_scope_lies_within_the_broad_one(shared: Served) -> None:
    client_id = await public(shared)
    tokens = (await shared.redeem(client_id, await put_code(shared, client_id, scope="social:all"))).json()
    body = (await shared.refresh(client_id, tokens["refresh_token"], scope="posts:read")).json()
    assert body["scope"] == "posts:read"


@pytest.mark.parametrize("resource", [MCP, f"{MCP}/", "HTTPS://auth.example/mcp"])
async def test_a_refresh_may_name_its_resource(shared: Served, resource: str) -> None:
    client_id, tokens = await family(shared)
    body = (await shared.refresh(client_id, tokens["refresh_token"], resource=resource)).json()
    assert decoded(body["access_token"])[1]["aud"] == MCP


async def test_a_refresh_for_another_resource_is_refused_and_rotates_nothing(shared: Served) -> None:
    client_id, tokens = await family(shared)
    refused = await shared.refresh(client_id, tokens["refresh_token"], resource=REST)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_target")
    assert (await shared.refresh(client_id, tokens["refresh_token"])).status_code == 200


async def test_anothers_refresh_token_is_refused_and_stays_good_for_its_own(shared: Served) -> None:
    client_id, tokens = await family(shared)
    refused = await shared.refresh(await public(shared), tokens["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"
    assert (await shared.refresh(client_id, tokens["refresh_token"])).status_code == 200


@pytest.mark.parametrize("given", ["", "rt_unknown", "not a token"])
async def test_what_is_no_refresh_token_is_refused(shared: Served, given: str) -> None:
    refused = await shared.refresh(await public(shared), given)
    assert refused.status_code == 400 and refused.json()["error"] in {"invalid_grant", "invalid_request"}


async def test_a_refresh_token_idles_for_thirty_days(shared: Served) -> None:
    client_id, tokens = await family(shared)
    shared.clock.advance(days=29)
    renewed = (await shared.refresh(client_id, tokens["refresh_token"])).json()
    shared.clock.advance(days=30)
    assert (await shared.refresh(client_id, renewed["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_sign_in_ends_after_half_a_year_however_often_it_is_used(shared: Served) -> None:
    client_id, tokens = await family(shared)
    for _ in range(8):
        shared.clock.advance(days=22)
        tokens = (await shared.refresh(client_id, tokens["refresh_token"])).json()
    shared.clock.advance(days=4)
    assert (await shared.refresh(client_id, tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_without_a_grace_the_second_use_ends_the_family(tmp_path: Path, clock: HeldClock) -> None:
    async with serving(file_url(tmp_path), clock, policy=a_policy(grace=timedelta(0))) as strict:
        client_id, tokens = await family(strict)
        renewed = (await strict.refresh(client_id, tokens["refresh_token"])).json()
        clock.advance(seconds=1)
        assert (await strict.refresh(client_id, tokens["refresh_token"])).json()["error"] == "invalid_grant"
        assert (await strict.refresh(client_id, renewed["refresh_token"])).json()["error"] == "invalid_grant"


async def test_the_grace_ends_when_the_successor_is_used(shared: Served) -> None:
    client_id, tokens = await family(shared)
    renewed = (await shared.refresh(client_id, tokens["refresh_token"])).json()
    latest = (await shared.refresh(client_id, renewed["refresh_token"])).json()
    assert (await shared.refresh(client_id, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await shared.refresh(client_id, latest["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_grant_type_that_a_client_did_not_register_is_refused(shared: Served) -> None:
    client_id = (await shared.register(grant_types=["authorization_code"]))["client_id"]
    refused = await shared.refresh(client_id, "rt_x")
    assert (refused.status_code, refused.json()["error"]) == (400, "unauthorized_client")


async def test_a_client_asks_at_most_120_times_a_minute(tmp_path: Path, clock: HeldClock) -> None:
    async with serving(file_url(tmp_path), clock, limits_enforced=True) as limited:
        client_id = await put_client(limited)
        answers = [await limited.refresh(client_id, "rt_x") for _ in range(121)]
        assert [one.status_code for one in answers] == [400] * 120 + [429]
        assert int(answers[-1].headers["retry-after"]) >= 1


async def test_who_guesses_secrets_waits_and_locks_out_nobody_else(tmp_path: Path, clock: HeldClock) -> None:
    async with serving(file_url(tmp_path), clock, limits_enforced=True) as limited:
        client_id = await put_client(limited, secret_hash=digest("right"), auth_method="client_secret_post")
        for _ in range(5):
            assert (await limited.refresh(client_id, "rt_x", client_secret="wrong")).status_code == 400
        waiting = await limited.refresh(client_id, "rt_x", client_secret="right")
        assert waiting.status_code == 429 and int(waiting.headers["retry-after"]) >= 1
        limited.address = "198.51.100.9"
        elsewhere = await limited.refresh(client_id, "rt_x", client_secret="right")
        assert elsewhere.json()["error"] == "invalid_grant"
