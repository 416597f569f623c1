"""A client's program and a person's browser, which sign in at a running server by its published addresses."""

import base64
import hashlib
import itertools
import json
import re
from html import unescape
from typing import Any, Self

import httpx2

VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
CALLBACK = "https://client.example/cb"

_addresses = itertools.count(1)


class SignIn:
    """One person with one client, each step by itself. Every request has a connection of its own."""

    def __init__(self, server: str, key: str) -> None:
        self.server, self.key = server, key
        self.client_id = self.code = self.access_token = self.refresh_token = ""
        # Their own address, so that the limits of one do not meet another.
        self._http = httpx2.Client(
            base_url=server,
            timeout=60,
            # Reading the system's certificates takes longer than the request, which is not over TLS.
            verify=False,
            headers={"X-Forwarded-For": f"203.0.113.{next(_addresses)}", "Connection": "close"},
        )
        self._page = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_problem: object) -> None:
        self._http.close()

    def whole(self) -> Self:
        """Everything up to the tokens."""
        self.register()
        self.authorize()
        self.give_key()
        self.consent()
        self.redeem()
        return self

    def register(self) -> None:
        response = self.try_to_register()
        assert response.status_code == 201, response.text
        self.client_id = response.json()["client_id"]

    def try_to_register(self) -> httpx2.Response:
        metadata = {"redirect_uris": [CALLBACK], "client_name": "Cluster", "token_endpoint_auth_method": "none"}
        return self._http.post("/oauth/register", json=metadata)

    def authorize(self) -> None:
        """Open the request; the browser ends at the sign-in page."""
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "state": "the state",
        }
        self._follow(self._http.get("/oauth/authorize", params=asked))
        assert 'name="api_key"' in self._page, self._page

    def give_key(self) -> None:
        """Sign in with the API key; the browser ends at the consent page."""
        form = {name: self._hidden(name) for name in ("csrf", "request")}
        self._follow(self._http.post("/oauth/sign-in", data={**form, "action": "key", "api_key": self.key}))
        assert 'name="decision"' in self._page, self._page

    def consent(self) -> None:
        """Approve everything; the browser goes back to the client with a code."""
        scopes = re.findall(r'name="scope" value="([^"]*)"', self._page)
        form: dict[str, Any] = {name: self._hidden(name) for name in ("csrf", "request")}
        form |= {"preset": "Admin", "scope": scopes, "brands": "all", "decision": "approve"}
        response = self._http.post("/oauth/consent", data=form)
        assert response.status_code == 303, response.text
        answer = httpx2.URL(response.headers["location"])
        assert str(answer).startswith(f"{CALLBACK}?") and answer.params["iss"] == self.server
        self.code = answer.params["code"]

    def redeem(self) -> None:
        given = {"code": self.code, "code_verifier": VERIFIER, "redirect_uri": CALLBACK}
        self._take(self._token(grant_type="authorization_code", **given))

    def refresh(self) -> None:
        self._take(self.try_to_refresh())

    def try_to_refresh(self) -> httpx2.Response:
        return self._token(grant_type="refresh_token", refresh_token=self.refresh_token)

    def revoke(self, token: str) -> None:
        response = self._http.post("/oauth/revoke", data={"client_id": self.client_id, "token": token})
        assert response.status_code == 200, response.text

    def call(self, server: str | None = None) -> httpx2.Response:
        """Call a tool with the present access token."""
        return call(server or self.server, self.access_token)

    def _token(self, **fields: str) -> httpx2.Response:
        return self._http.post("/oauth/token", data={"client_id": self.client_id, **fields})

    def _take(self, response: httpx2.Response) -> None:
        assert response.status_code == 200, response.text
        tokens = response.json()
        self.access_token, self.refresh_token = tokens["access_token"], tokens["refresh_token"]

    def _follow(self, response: httpx2.Response) -> None:
        while response.status_code == 303:
            response = self._http.get(response.headers["location"])
        self._page = response.text

    def _hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self._page)
        assert found is not None, f"no field {name} in the page"
        return unescape(found[1])


def call(server: str, token: str) -> httpx2.Response:
    """Call a tool that only reads."""
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_brands", "arguments": {}}}
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
    with httpx2.Client(timeout=60, verify=False, headers=headers) as http:
        return http.post(f"{server}/mcp", json=message)


def key_id_of(token: str) -> str:
    """Which signing key an access token names."""
    encoded = token.partition(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))["kid"])


def published_keys(server: str) -> set[str]:
    """The ids of the published signing keys."""
    with httpx2.Client(timeout=60, verify=False) as http:
        return {key["kid"] for key in http.get(f"{server}/jwks").json()["keys"]}
