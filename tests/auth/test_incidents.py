"""Incidents of other authorization servers, tried on ours through its endpoints: registration, pages and redirects."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.auth.authorities import CALLBACK, CHALLENGE, ISSUER, MCP, VERIFIER, Browser, Served, a_policy, serving
from tests.auth.authorities import file_url as database_in
from tests.auth.doors import LIST, open_door
from tests.auth.forging import decoded, put_client
from tests.conftest import HeldClock

pytestmark = pytest.mark.anyio

EVIL = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "javascript",
    "Forwarded": "host=evil.example;proto=http",
    "X-Original-URL": "https://evil.example/",
}


@pytest.fixture
def served(shared: Served) -> Served:
    return shared


async def walk(browser: Browser, response: httpx2.Response) -> httpx2.Response:
    """Follow redirects within this server; one to elsewhere is returned as it is."""
    while response.status_code == 303 and response.headers["location"].startswith("/"):
        response = await browser.get(response.headers["location"])
    return response


async def test_no_header_changes_where_clients_are_sent(served: Served) -> None:
    """Incident 1, CVE-2025-6514 (mcp-remote): addresses are the configured ones, never what a request says."""
    program = served.program()
    paths = [path for route in served.app.routes if ".well-known" in (path := str(getattr(route, "path", "")))]
    assert len(paths) == 7
    for path in [path.replace("{resource:path}", "mcp/x/inbox,media") for path in paths]:
        honest, hostile = await program.get(path), await program.get(path, headers=EVIL)
        assert honest.status_code == 200 and hostile.content == honest.content
        links = re.findall(r'"(https?:[^"]*|javascript:[^"]*)"', hostile.text)
        assert all(link.startswith(ISSUER) for link in links)
    client_id = (await served.register())["client_id"]
    browser = served.browser()
    refused = await browser.get("/oauth/authorize", params=browser.parameters(client_id, scope="x"), headers=EVIL)
    assert httpx2.URL(refused.headers["location"]).params["iss"] == ISSUER


async def test_a_person_who_is_signed_in_is_asked_about_each_new_client(served: Served) -> None:
    """Incident 2, GHSA-c2jp-c369-7pvx (FastMCP, confused deputy): no code without an answer to this client's page."""
    known = (await served.register())["client_id"]
    browser = served.browser()
    await browser.open(known)
    await browser.sign_in()
    fresh = (await served.register(client_name="Somebody new"))["client_id"]
    page = await browser.open(fresh)
    assert page.status_code == 200 and "location" not in page.headers
    assert "Somebody new" in page.text and browser.values("scope")


async def test_another_browser_can_neither_see_nor_answer_a_request(served: Served) -> None:
    """Incident 3, CVE-2026-27124, GHSA-rww4-4w9c-7733 (FastMCP): consent is bound to the browser that asked."""
    client_id = (await served.register())["client_id"]
    mine, other = served.browser(), served.browser()
    await mine.open(client_id)
    await mine.sign_in()
    await other.open(client_id)
    await other.sign_in()
    request_id = mine.hidden("request")
    shown = await other.get("/oauth/consent", params={"request": request_id})
    assert shown.status_code == 400 and "location" not in shown.headers
    other.page = mine.page
    stolen = await other.consent()
    assert stolen.status_code == 403 and "location" not in stolen.headers
    answer = await mine.consent()
    assert answer.status_code == 303 and "code=" in answer.headers["location"]


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
async def test_an_earlier_consent_never_answers_for_the_person(served: Served, site: str) -> None:
    """Incident 4, GHSA-6x8h-498w-gv8c (FastMCP): whoever sends a browser here again cannot ride an old approval."""
    client_id = (await served.register())["client_id"]
    browser = served.browser()
    await browser.code(client_id)
    opened = await browser.get(
        "/oauth/authorize", params=browser.parameters(client_id), headers={"Sec-Fetch-Site": site}
    )
    page = await walk(browser, opened)
    assert page.status_code == 200 and "location" not in page.headers
    page = await browser.sign_in()
    assert page.status_code == 200 and browser.values("scope")


async def test_every_answer_says_who_gives_it(served: Served) -> None:
    """Incidents 4 and 17 (mix-up): `iss` on success and on each kind of refusal, once, beside `state`."""
    client_id = (await served.register())["client_id"]
    approving, denying, asking = served.browser(), served.browser(), served.browser()
    answers: list[str] = []
    for browser, decision in ((approving, "approve"), (denying, "deny")):
        await browser.open(client_id)
        await browser.sign_in()
        answers.append((await browser.consent(decision=decision)).headers["location"])
    for wrong in ({"scope": "x"}, {"resource": "https://evil.example"}, {"code_challenge": None}, {"prompt": "none"}):
        refused = await asking.get("/oauth/authorize", params=asking.parameters(client_id, **wrong))
        answers.append(refused.headers["location"])
    assert len(answers) == 6
    for answer in answers:
        given = httpx2.URL(answer).params
        assert answer.startswith(f"{CALLBACK}?")
        assert given.get_list("iss") == [ISSUER] and given.get_list("state") == ["the state"]
        assert len(given.get_list("code") + given.get_list("error")) == 1


async def test_one_name_of_the_issuer_is_in_every_document_answer_and_token(served: Served) -> None:
    """Incident 17 (metadata poisoning, mix-up): byte for byte the same, so that a client can compare."""
    program = served.program()
    server = (await program.get("/.well-known/oauth-authorization-server")).json()
    alias = (await program.get("/.well-known/openid-configuration")).json()
    resource = (await program.get("/.well-known/oauth-protected-resource/mcp")).json()
    tokens = await served.tokens()
    named = [
        server["issuer"],
        alias["issuer"],
        *resource["authorization_servers"],
        decoded(tokens["access_token"])[1]["iss"],
    ]
    assert named == [ISSUER] * 4
    assert server["authorization_response_iss_parameter_supported"] is True


@pytest.mark.parametrize(
    "asked",
    [
        "https://evil.example/cb",
        "https://client.example/cb/",
        "https://client.example/cb?next=https://evil.example",
        "https://client.example/CB",
        "https://client.example/cb/../evil",
        "https://client.example.evil.example/cb",
        "https://client.example@evil.example/cb",
        "https://client.example/cb%2f..",
        "//client.example/cb",
    ],
)
async def test_an_unknown_redirect_uri_gets_a_page_and_nothing_is_sent_there(served: Served, asked: str) -> None:
    """Incident 5, CVE-2025-4143 (workers-oauth-provider): checked before anything is sent, errors included."""
    client_id = (await served.register())["client_id"]
    browser = served.browser()
    for more in ({}, {"scope": "x"}, {"response_type": "token"}, {"code_challenge": None}):
        page = await browser.open(client_id, redirect_uri=asked, **more)
        assert page.status_code == 400 and "location" not in page.headers
        assert "registered" in page.text


CHALLENGES: dict[str, dict[str, str | None]] = {
    "none": {"code_challenge": None, "code_challenge_method": None},
    "plain": {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
    "method omitted": {"code_challenge": CHALLENGE, "code_challenge_method": None},
    "s256 in lower case": {"code_challenge": CHALLENGE, "code_challenge_method": "s256"},
    "too short": {"code_challenge": CHALLENGE[:42], "code_challenge_method": "S256"},
    "padded": {"code_challenge": CHALLENGE + "=", "code_challenge_method": "S256"},
}


@pytest.mark.parametrize("name", CHALLENGES)
@pytest.mark.parametrize("method", ["none", "client_secret_post"])
async def test_a_request_without_a_real_challenge_is_refused(served: Served, name: str, method: str) -> None:
    """Incident 6, CVE-2025-4144 (workers-oauth-provider): PKCE cannot be left out or weakened, by any client."""
    client_id = (await served.register(token_endpoint_auth_method=method))["client_id"]
    browser = served.browser()
    answer = await browser.open(client_id, **CHALLENGES[name])
    assert answer.status_code == 303
    assert httpx2.URL(answer.headers["location"]).params["error"] == "invalid_request"


@pytest.mark.parametrize("verifier", [None, "w" * 43, CHALLENGE, "v" * 42, "v" * 129, VERIFIER + "\n"])
@pytest.mark.parametrize("method", ["none", "client_secret_post"])
async def test_a_code_without_the_right_verifier_is_worth_nothing(
    served: Served, verifier: str | None, method: str
) -> None:
    """Incident 6, CVE-2025-4144: the verifier is asked of confidential clients too, and a wrong one burns no code."""
    client = await served.register(token_endpoint_auth_method=method)
    secret = {"client_secret": client["client_secret"]} if "client_secret" in client else {}
    code = await served.browser().code(client["client_id"])
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **secret}
    wrong = {} if verifier is None else {"code_verifier": verifier}
    refused = await served.token(client["client_id"], **fields, **wrong)
    assert refused.status_code == 400 and refused.json()["error"] in {"invalid_grant", "invalid_request"}
    assert (await served.token(client["client_id"], **fields, code_verifier=VERIFIER)).status_code == 200


async def test_registrations_are_few_for_each_network(tmp_path: Path, clock: HeldClock) -> None:
    """Incident 8 (open registration, arXiv 2605.22333): the eleventh within an hour waits."""
    async with serving(database_in(tmp_path), clock, limits_enforced=True) as limited:
        metadata = {"redirect_uris": [CALLBACK]}
        answers = [await limited.program().post("/oauth/register", json=metadata) for _ in range(11)]
        assert [answer.status_code for answer in answers] == [201] * 10 + [429]
        assert int(answers[-1].headers["retry-after"]) == 360
        elsewhere = await limited.program("198.51.100.9").post("/oauth/register", json=metadata)
        assert elsewhere.status_code == 201
        clock.advance(seconds=360)
        assert (await limited.program().post("/oauth/register", json=metadata)).status_code == 201


async def test_a_name_that_a_client_gives_itself_deceives_nobody(served: Served) -> None:
    """Incident 8 (phishing by client name): cleaned, cut, escaped, called unverified, beside where the answer goes."""
    name = "<b>Claude</b>\u202e\u2066\x00\x1b" + "<script>alert(1)</script>" + "x" * 400
    client_id = (await served.register(client_name=name))["client_id"]
    page = await served.browser().open(client_id)
    text = page.text
    assert "<b>Claude" not in text and "<script" not in text and "&lt;b&gt;Claude" in text
    assert not re.search("[\u202e\u2066\x00\x1b]", text) and "x" * 80 not in text
    assert "Not verified" in text and "client.example" in text
    long = await served.program().post("/oauth/register", json={"redirect_uris": [CALLBACK], "client_name": "x" * 4096})
    assert (long.status_code, long.json()["error"]) == (400, "invalid_client_metadata")


RUNNING = [
    "javascript:alert(document.domain)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    " javascript:alert(1)",
    "\x00javascript:alert(1)",
    "%6aavascript:alert(1)",
    "javascript://client.example/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "view-source:https://client.example/",
    "file:///etc/passwd",
    "blob:https://client.example/1",
    "ms-msdt:/id",
    "https://client.example/cb#fragment",
    "https://user:password@client.example/cb",
    "https://client.example\\@evil.example/cb",
]


@pytest.mark.parametrize("uri", RUNNING)
async def test_what_a_browser_would_run_is_never_registered_and_never_followed(served: Served, uri: str) -> None:
    """Incident 9 (mcp SDK 2.3.0, workers-oauth-provider #98): checked at registration and again at each use."""
    metadata = {"redirect_uris": [CALLBACK, uri], "token_endpoint_auth_method": "none"}
    refused = await served.program().post("/oauth/register", json=metadata)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_redirect_uri")
    assert uri not in refused.text
    # As if a rule had come later than the registration.
    client_id = await put_client(served, metadata={"redirect_uris": [uri]})
    page = await served.browser().open(client_id, redirect_uri=uri)
    assert page.status_code == 400 and "location" not in page.headers and uri not in page.text


@pytest.mark.parametrize(
    "asked",
    [
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1:80@evil.example/cb",
        "http://localhost.evil.example/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "http://127.0.0.1/other",
        "http://127.0.0.1/cb?x=1",
        "http://localhost/cb",
        "http://[::1]/cb",
        "http://127.1/cb",
        "http://2130706433/cb",
        "https://127.0.0.1/cb",
        "http://127.0.0.1:0/cb",
    ],
)
async def test_only_the_port_of_a_loopback_address_is_free(served: Served, asked: str) -> None:
    """Incident 10 (localhost redirects): nothing that looks like the registered address is taken for it."""
    client_id = (await served.register(redirect_uris=["http://127.0.0.1/cb"]))["client_id"]
    page = await served.browser().open(client_id, redirect_uri=asked)
    assert page.status_code == 400 and "location" not in page.headers


async def test_a_client_on_this_computer_brings_a_warning_and_any_port(served: Served) -> None:
    """Incident 10 (localhost redirects): any program may listen there, and the person is told so."""
    client_id = (await served.register(redirect_uris=["http://127.0.0.1/cb"]))["client_id"]
    browser = served.browser()
    page = await browser.open(client_id, redirect_uri="http://127.0.0.1:53217/cb")
    assert page.status_code == 200 and "an app on this computer" in page.text
    page = await browser.sign_in()
    assert "an app on this computer" in page.text
    answer = await browser.consent()
    assert answer.headers["location"].startswith("http://127.0.0.1:53217/cb?code=")


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Served]:
    """A server on this machine, whose own person may sign in by one click."""
    policy = a_policy(issuer="http://127.0.0.1:8080", resources=["http://127.0.0.1:8080/mcp"])
    async with serving(database_in(tmp_path), HeldClock(), policy=policy, is_local=True) as running:
        yield running


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("203.0.113.7", {}),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.7"}),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.7"}),
        ("127.0.0.1", {"Via": "1.1 tunnel"}),
        ("127.0.0.1", {"X-Forwarded-Proto": "https"}),
        ("127.0.0.1", {"CF-Connecting-IP": "203.0.113.7"}),
        ("127.0.0.1", {"Sec-Fetch-Site": "cross-site"}),
        ("127.0.0.1", {"Origin": "https://evil.example"}),
    ],
)
async def test_one_click_is_for_the_person_at_this_machine(
    local: Served, address: str, headers: dict[str, str]
) -> None:
    """Incident 18, CVE-2025-49596 (MCP Inspector): neither a network, a tunnel nor a web page clicks in their place."""
    client_id = (await local.register(redirect_uris=["http://127.0.0.1/cb"]))["client_id"]
    here, there = local.browser("127.0.0.1"), local.browser(address)
    await here.open(client_id, redirect_uri="http://127.0.0.1/cb", resource=None)
    click = {"csrf": here.hidden("csrf"), "request": here.hidden("request"), "action": "local"}
    there.http.cookies = here.http.cookies
    refused = await there.post("/oauth/sign-in", click, headers=headers)
    assert refused.status_code == 403 and "set-cookie" not in refused.headers
    allowed = await here.post("/oauth/sign-in", click)
    assert allowed.status_code == 303 and allowed.headers["location"].startswith("/oauth/consent")


async def test_another_program_at_this_machine_does_not_sign_people_out(local: Served) -> None:
    """Cookies know no port: a `session` of another program at 127.0.0.1, which many set, is not ours."""
    browser = local.browser("127.0.0.1")
    await browser.get("/oauth/sign-in")
    await browser.sign_in()
    ours = {cookie.name for cookie in browser.http.cookies.jar}
    assert ours and all(name.startswith("socialapi-8080-") for name in ours)
    assert (await browser.get("/oauth/apps")).status_code == 200


async def test_a_local_server_lets_in_nobody_without_a_credential(served: Served) -> None:
    """Incident 18, CVE-2025-49596 (MCP Inspector): loopback is no credential, and no page of another origin calls."""
    async with open_door(served) as door:
        here = door.program("http://127.0.0.1:8080")
        assert (await here.post("/mcp", json=LIST, headers=door.headers)).status_code == 401
        token = (await served.tokens())["access_token"]
        headers = {**door.headers, "Authorization": f"Bearer {token}"}
        foreign = await here.post("/mcp", json=LIST, headers={**headers, "Origin": "https://evil.example"})
        assert foreign.status_code == 403
        assert (await here.post("/mcp", json=LIST, headers=headers)).status_code == 200


async def test_two_tabs_do_not_disturb_each_other(served: Served) -> None:
    """Incident 19 (fastmcp#3747): the form of the tab that was loaded first still works."""
    client_id = (await served.register())["client_id"]
    browser = served.browser()
    await browser.open(client_id, state="first")
    await browser.sign_in()
    first = browser.page
    await browser.open(client_id, state="second")
    second, browser.page = browser.page, first
    answer = await browser.consent()
    assert httpx2.URL(answer.headers["location"]).params["state"] == "first"
    browser.page = second
    await walk(browser, await browser.get("/oauth/consent", params={"request": browser.hidden("request")}))
    await browser.sign_in()
    again = await browser.consent()
    assert httpx2.URL(again.headers["location"]).params["state"] == "second"


async def test_many_open_requests_do_not_overflow_the_cookies(served: Served) -> None:
    """Incident 19 (unraid#14): thirty tabs, a Cookie header that servers accept, and the last one still works."""
    client_id = (await served.register())["client_id"]
    browser = served.browser()
    for _ in range(30):
        await browser.open(client_id)
    request = browser.http.build_request("GET", MCP)
    cookies = request.headers["cookie"]
    assert cookies.count("authz-") == 10 and len(cookies) < 4096
    await browser.sign_in()
    assert (await browser.consent()).status_code == 303
