"""Whatever is sent to an endpoint: it never fails, never repeats a stranger's markup, and never leaves its own words."""

import json
import re
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.auth.authorities import CALLBACK, CHALLENGE, MCP, VERIFIER, Served
from tests.auth.test_documents import FOR_PROGRAMS, PAGES

pytestmark = pytest.mark.anyio

MARK = "<i>mark\"'"
NAMES = [
    "grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret", "refresh_token", "scope",
    "resource", "token", "token_type_hint", "client_assertion", "client_assertion_type", "assertion", "response_type",
    "state", "code_challenge", "code_challenge_method", "prompt", "request", "csrf", "decision", "preset", "brands",
    "brand", "action", "api_key", "grant",
]  # fmt: skip
VALUES = [
    "authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer", "code",
    "S256", "approve", "deny", "key", "local", "revoke", "sign-out", "none", "some", MCP, CALLBACK, CHALLENGE, VERIFIER,
    "posts:read", "social:all", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "e30.e30.", "a.b.c",
    "eyJzdWIiOiJcdWQ4MDAifQ.eyJzdWIiOiJcdWQ4MDAifQ.x", "https://client.example/x", "https://", "javascript:alert(1)",
    "sapi_key_" + "0" * 62, MARK, f"https://x.example/{MARK}", "\r\nSet-Cookie: a=b", "\x00", "\ud800", "%", "+", "\\", '"',
]  # fmt: skip

value = st.sampled_from(VALUES) | st.text(max_size=40)
pairs = st.lists(st.tuples(st.sampled_from(NAMES) | st.text(max_size=8), value), max_size=12)
body = pairs.map(lambda found: urlencode(found, errors="surrogatepass").encode()) | st.binary(max_size=200)
authorization = st.none() | st.sampled_from(
    ["Basic Og==", "Basic ///", "basic YTpi", "Bearer x", "Basic", "Basic JTAwOiUwMA=="]
)
few = settings(max_examples=120, deadline=None)


def check(response: httpx2.Response) -> None:
    assert response.status_code < 500, response.text
    assert MARK not in response.text and "<i>mark" not in response.text
    assert "set-cookie: a" not in str(response.headers).lower()
    location = response.headers.get("location", "/")
    assert location.startswith(("/", f"{CALLBACK}?")) and not location.startswith("//")
    if response.headers.get("content-type") == "application/json" and response.status_code >= 400:
        told: dict[str, Any] = response.json()
        assert re.fullmatch(r"[a-z_]+", told["error"])
        # RFC 6749 §5.2.
        assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*", told["error_description"])


@pytest.mark.parametrize("path", [path for path in FOR_PROGRAMS if "regist" not in path and path.startswith("/oauth")])
@few
@given(body, authorization)
async def test_no_form_breaks_an_endpoint_for_programs(
    shared: Served, path: str, content: bytes, proof: str | None
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"} | (
        {} if proof is None else {"Authorization": proof}
    )
    check(await shared.program().post(path, content=content, headers=headers))


@pytest.mark.parametrize("path", [path for path in PAGES if path.startswith("/oauth")])
@few
@given(body)
async def test_no_query_or_form_breaks_a_page(shared: Served, path: str, content: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    check(await shared.program().post(path, content=content, headers=headers))
    check(await shared.program().get(f"{path}?{quote_from_bytes(content, safe='&=%+')}"))


@pytest.fixture(scope="module")
async def client_id(shared: Served) -> str:
    return str((await shared.register())["client_id"])


ASKED = [name for name in NAMES if name not in {"client_id", "redirect_uri"}]


@few
@given(st.dictionaries(st.sampled_from(ASKED), value, max_size=8))
async def test_no_request_of_a_known_client_breaks_the_authorization(
    shared: Served, client_id: str, asked: dict[str, str]
) -> None:
    browser = shared.browser()
    query = urlencode({**browser.parameters(client_id), **asked}, errors="surrogatepass")
    check(await browser.get(f"/oauth/authorize?{query}"))


json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(VALUES) | st.text(max_size=20) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)
MEMBERS = [
    "redirect_uris", "client_name", "client_uri", "scope", "software_id", "application_type", "jwks", "jwks_uri",
    "grant_types", "response_types", "token_endpoint_auth_method",
]  # fmt: skip


@few
@given(st.dictionaries(st.sampled_from(MEMBERS), json_value, max_size=5), st.booleans())
async def test_no_metadata_breaks_the_registration(shared: Served, members: dict[str, Any], is_usable: bool) -> None:
    metadata = {**members, **({"redirect_uris": [CALLBACK]} if is_usable else {})}
    response = await shared.program().post("/oauth/register", content=json.dumps(metadata).encode())
    if response.status_code == 201:
        page = await shared.browser().open(response.json()["client_id"])
        assert page.status_code < 500 and "<i>mark" not in page.text
    else:
        check(response)
