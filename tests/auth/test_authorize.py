"""The authorization endpoint: the order of its checks, what a refusal looks like, and what an answer carries."""

from pathlib import Path
from urllib.parse import urlencode

import httpx2
import pytest

from auth.scopes import Scope
from tests.auth.authorities import CALLBACK, ISSUER, MCP, REST, Served, file_url, serving
from tests.auth.forging import decoded, put_client
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio

WRONG_AFTERWARDS: dict[str, str | None] = {
    "response_type": "token",
    "code_challenge": None,
    "resource": "https://evil.example",
    "scope": "nonsense",
    "prompt": "none",
}


async def refusal(served: Served, client_id: str, **more: str | None) -> dict[str, str]:
    """The parameters with which a request is refused at the redirect URI."""
    browser = served.browser()
    answer = await browser.get("/oauth/authorize", params=browser.parameters(client_id, **more))
    assert answer.status_code == 303, answer.text
    location = httpx2.URL(answer.headers["location"])
    assert str(location).startswith(f"{CALLBACK}?")
    return dict(location.params)


async def public(served: Served) -> str:
    return str((await served.register())["client_id"])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"client_id": None}, "client_id"),
        ({"client_id": "nobody"}, "not known"),
        ({"client_id": "https://client.example/client.json"}, "takes no client metadata documents"),
        ({"redirect_uri": None}, "redirect_uri"),
        ({"redirect_uri": "https://evil.example/cb"}, "not one that the app registered"),
    ],
)
async def test_until_client_and_redirect_uri_belong_together_a_refusal_is_a_page(
    shared: Served, wrong: dict[str, str | None], words: str
) -> None:
    browser = shared.browser()
    given = {**browser.parameters(await public(shared), **WRONG_AFTERWARDS), **wrong}
    given = {name: value for name, value in given.items() if value is not None}
    page = await browser.get("/oauth/authorize", params=given)
    assert page.status_code == 400 and "location" not in page.headers and words in page.text


@pytest.mark.parametrize(
    "name",
    ["client_id", "redirect_uri", "response_type", "state", "scope", "resource", "code_challenge",
     "code_challenge_method", "prompt", "anything"],
)  # fmt: skip
async def test_a_repeated_parameter_is_a_page(shared: Served, name: str) -> None:
    browser = shared.browser()
    given = [*browser.parameters(await public(shared), scope="posts:read", prompt="consent", anything="x").items()]
    again = urlencode([*given, (name, dict(given)[name])])
    page = await browser.get(f"/oauth/authorize?{again}")
    assert page.status_code == 400 and "location" not in page.headers and "repeated" in page.text


async def test_afterwards_the_first_wrong_thing_is_told_to_the_client(shared: Served) -> None:
    client_id = await public(shared)
    expected = {
        "response_type": "unsupported_response_type",
        "code_challenge": "invalid_request",
        "resource": "invalid_target",
        "scope": "invalid_scope",
        "prompt": "consent_required",
    }
    wrong = dict(WRONG_AFTERWARDS)
    for name, code in expected.items():
        told = await refusal(shared, client_id, **wrong)
        assert (told["error"], told["state"], told["iss"]) == (code, "the state", ISSUER)
        assert "error_description" in told
        del wrong[name]


async def test_a_refusal_repeats_nothing_of_the_request(shared: Served) -> None:
    client_id = await public(shared)
    for name in ("scope", "resource", "response_type", "code_challenge_method"):
        told = await refusal(shared, client_id, **{name: 'https://<b>"hostile\\'})
        assert "hostile" not in told["error_description"] and "<" not in told["error_description"]


@pytest.mark.parametrize("response_type", [None, "token", "id_token", "code token", "none", "CODE"])
async def test_only_codes_are_given(shared: Served, response_type: str | None) -> None:
    told = await refusal(shared, await public(shared), response_type=response_type)
    assert told["error"] in {"unsupported_response_type", "invalid_request"}
    assert not {"code", "access_token", "id_token"} & told.keys()


async def test_without_a_state_none_comes_back(shared: Served) -> None:
    assert "state" not in await refusal(shared, await public(shared), state=None, scope="nonsense")


@pytest.mark.parametrize("state", ["a b+c%20&d=e#f", "ü€\U0001f600", "x" * 2000, "'\"<>"])
async def test_the_state_comes_back_as_it_was(shared: Served, state: str) -> None:
    client_id = await public(shared)
    assert (await refusal(shared, client_id, state=state, scope="nonsense"))["state"] == state
    browser = shared.browser()
    await browser.open(client_id, state=state)
    await browser.sign_in()
    assert httpx2.URL((await browser.consent()).headers["location"]).params["state"] == state


async def test_the_query_of_a_redirect_uri_is_kept(shared: Served) -> None:
    uri = f"{CALLBACK}?tenant=1"
    client_id = (await shared.register(redirect_uris=[uri]))["client_id"]
    browser = shared.browser()
    await browser.open(client_id, redirect_uri=uri)
    await browser.sign_in()
    location = (await browser.consent()).headers["location"]
    assert location.startswith(f"{uri}&code=")


@pytest.mark.parametrize(
    ("asked", "audience"),
    [
        (MCP, MCP),
        (None, MCP),
        ("HTTPS://AUTH.EXAMPLE/mcp", MCP),
        (f"{MCP}/", MCP),
        (REST, REST),
    ],
)
async def test_a_token_is_for_the_resource_that_was_asked_for(shared: Served, asked: str | None, audience: str) -> None:
    tokens = await shared.tokens(request={"resource": asked})
    assert decoded(tokens["access_token"])[1]["aud"] == audience


@pytest.mark.parametrize(
    "asked",
    [f"{ISSUER}/MCP", ISSUER, f"{MCP}//", f"{MCP}#x", f"{MCP}?x=1", "https://auth.example.evil.example/mcp",
     "http://auth.example/mcp", "https://auth.example:8443/mcp", "mcp", "urn:mcp", f"{MCP}/other"],
)  # fmt: skip
async def test_another_resource_is_no_target(shared: Served, asked: str) -> None:
    assert (await refusal(shared, await public(shared), resource=asked))["error"] == "invalid_target"


@pytest.mark.parametrize("scope", ["nonsense", "posts:read nonsense", "openid", "POSTS:READ", "posts:read,posts:write"])
async def test_an_unknown_scope_is_refused(shared: Served, scope: str) -> None:
    assert (await refusal(shared, await public(shared), scope=scope))["error"] == "invalid_scope"


@pytest.mark.parametrize("scope", [None, "social:all", "social:all posts:read offline_access"])
async def test_everything_is_offered_where_everything_or_nothing_was_asked_for(
    shared: Served, scope: str | None
) -> None:
    browser = shared.browser()
    await browser.open(await public(shared), scope=scope)
    await browser.sign_in()
    assert browser.values("scope") == [str(one) for one in Scope]


async def test_no_more_is_offered_than_was_asked_for_and_the_answer_says_what_was_granted(shared: Served) -> None:
    asked = {"scope": "posts:read posts:write offline_access"}
    tokens = await shared.tokens(request=asked, preset="Publisher", scopes=["posts:read"])
    assert tokens["scope"] == decoded(tokens["access_token"])[1]["scope"] == "posts:read"
    assert "refresh_token" in tokens


async def test_scopes_that_the_page_did_not_offer_are_not_granted(shared: Served) -> None:
    tokens = await shared.tokens(request={"scope": "posts:read"}, preset="Analyst", scopes=["posts:read", "dms:read"])
    assert tokens["scope"] == "posts:read"


async def test_a_client_of_the_operators_may_be_kept_to_some_scopes(shared: Served) -> None:
    client_id = await put_client(shared, metadata={"scope": "posts:read media:read"})
    browser = shared.browser()
    await browser.open(client_id)
    await browser.sign_in()
    assert browser.values("scope") == ["posts:read", "media:read"]
    assert (await refusal(shared, client_id, scope="dms:read"))["error"] == "invalid_scope"


async def test_the_person_is_always_asked_whatever_prompt_says(shared: Served) -> None:
    client_id = await public(shared)
    for prompt in ("consent", "login", "select_account"):
        assert (await shared.browser().open(client_id, prompt=prompt)).status_code == 200
    for prompt in ("none", "none consent"):
        assert (await refusal(shared, client_id, prompt=prompt))["error"] == "consent_required"


@pytest.mark.parametrize("name", ["request", "request_uri"])
async def test_request_objects_are_refused(shared: Served, name: str) -> None:
    told = await refusal(shared, await public(shared), **{name: "https://client.example/request"})
    assert told["error"] == "request_not_supported"


@pytest.mark.parametrize("path", ["/oauth/authorize", "/authorize"])
async def test_a_posted_form_asks_like_a_link_at_both_addresses(shared: Served, path: str) -> None:
    browser = shared.browser()
    given = browser.parameters(await public(shared))
    for answer in (await browser.get(path, params=given), await browser.post(path, given)):
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/oauth/consent?request=")


async def test_what_cannot_be_read_is_a_page(shared: Served) -> None:
    browser = shared.browser()
    for query in ("client_id=%ff", "client_id=a%00b", "x" * 17_000, "&".join(f"a{n}=1" for n in range(300))):
        page = await browser.get(f"/oauth/authorize?{query}")
        assert page.status_code == 400 and page.headers["content-type"].startswith("text/html")
    odd = await shared.program().post("/oauth/authorize", json={"client_id": "x"})
    assert odd.status_code == 400 and "form" in odd.text


async def test_a_client_without_the_code_grant_gets_none(shared: Served) -> None:
    client_id = await put_client(shared, metadata={"grant_types": ["client_credentials"]})
    assert (await refusal(shared, client_id))["error"] in {"unauthorized_client", "unsupported_response_type"}


async def test_a_request_waits_for_ten_minutes_and_is_answered_once(shared: Served) -> None:
    client_id = await public(shared)
    answered, late = shared.browser(), shared.browser()
    await answered.open(client_id)
    await answered.sign_in()
    page = answered.page
    assert (await answered.consent()).status_code == 303
    answered.page = page
    again = await answered.consent()
    assert again.status_code in {400, 403} and "location" not in again.headers
    await late.open(client_id)
    await late.sign_in()
    shared.clock.advance(minutes=10)
    over = await late.consent()
    assert over.status_code == 400 and "over" in over.text and "location" not in over.headers


async def test_no_network_opens_very_many_requests(tmp_path: Path, clock: HeldClock) -> None:
    async with serving(file_url(tmp_path), clock, limits_enforced=True) as limited:
        browser = limited.browser()
        statuses = [(await browser.get("/oauth/authorize")).status_code for _ in range(61)]
        assert statuses == [400] * 60 + [429]
