"""Decides about authorization and token requests, with authlib as a pure protocol engine.

authlib is synchronous and reads, saves and deletes in separate steps, which would let a code be redeemed twice. So
what it may want to know is read beforehand (`Known`), it runs on the event loop without waiting, and answers with a
plan; the caller carries the plan out in one atomic step of the store.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oauth2 import OAuth2Error

from auth.clients import KnownClient
from auth.engine_seam import (
    METHODS,
    ClientAssertion,
    ClientCredentials,
    CodeGrant,
    EnterpriseGrant,
    Request,
    S256Only,
    Server,
    by_basic,
    by_id,
    by_post,
    is_basic,
    normal_resource,
)
from auth.errors import OAuthError, invalid_client, invalid_request
from auth.forms import first
from auth.plans import Assertion, Known, Plan, Rotate, Turn, Values, turn

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_FORBIDDEN = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """An authorization request whose protocol part is in order."""

    challenge: str
    state: str | None


class Engine:
    """Decides about authorization and token requests of one issuer."""

    def __init__(
        self, issuer: str, *, allows_client_credentials: bool = False, allows_enterprise_grants: bool = False
    ) -> None:
        self._issuer = issuer
        audiences = [issuer, f"{issuer}/oauth/token", f"{issuer}/token"]
        self._assertion = ClientAssertion(audiences)
        self._server = Server()
        self._server.register_client_auth_method("none", by_id)
        self._server.register_client_auth_method("client_secret_basic", by_basic)
        self._server.register_client_auth_method("client_secret_post", by_post)
        self._server.register_client_auth_method("private_key_jwt", self._assertion)
        self._server.offer(CodeGrant, S256Only())
        if allows_client_credentials:
            self._server.offer(ClientCredentials)
        if allows_enterprise_grants:
            self._server.offer(type("_Enterprise", (EnterpriseGrant,), {"audiences": [issuer]}))

    def authorize(self, values: Values, client: KnownClient, *, now: datetime) -> Authorization:
        """Check response type, PKCE and the client's right to the flow, once client and redirect URI are known.

        Raises:
            OAuthError: to be sent to the redirect URI.
        """
        asked = first(values, "response_type")
        if asked != "code":
            # authlib fails at a sentence of its own that quotes it, where it holds a quotation mark.
            missing = invalid_request("response_type is missing; send code")
            code = "unsupported_response_type"
            raise OAuthError(code, _WORDS[code]) if asked else missing
        turn.set(Turn(Known(now=now, client=client)))
        request = self._request("GET", values, {})
        try:
            self._server.get_consent_grant(request)
        except OAuth2Error as refusal:
            raise _refused(refusal) from None
        return Authorization(challenge=values["code_challenge"][0], state=first(values, "state") or None)

    def plan(self, values: Values, authorization: str | None, known: Known) -> Plan:
        """Check a token request, and say what it comes to.

        Raises:
            OAuthError: as the token endpoint answers it.
        """
        if not first(values, "grant_type"):
            raise invalid_request("grant_type is missing")
        if first(values, "grant_type") == "refresh_token":
            return self._refresh(values, authorization, known)
        run = Turn(known)
        turn.set(run)
        headers = {} if authorization is None else {"Authorization": authorization}
        status, body = self._server.outcome(self._request("POST", values, headers))
        if run.step is None:
            raise _of_body(status, body, tried_basic=is_basic(authorization))
        return Plan(step=run.step, assertions=tuple(run.assertions))

    def _refresh(self, values: Values, authorization: str | None, known: Known) -> Plan:
        """RFC 6749 §6, by hand but for the client: asked for more than all others, and what matters is in the claim."""
        assertions = self.authenticate(values, authorization, known)
        # Who authenticates is known.
        client = known.client
        if client is None or "refresh_token" not in client.grant_types:
            raise OAuthError("unauthorized_client", _WORDS["unauthorized_client"])
        if not first(values, "refresh_token"):
            raise invalid_request("refresh_token is missing")
        resource = first(values, "resource")
        step = Rotate(
            client=client,
            scope=first(values, "scope"),
            resource=normal_resource(resource) if resource else None,
        )
        return Plan(step=step, assertions=assertions)

    def authenticate(self, values: Values, authorization: str | None, known: Known) -> tuple[Assertion, ...]:
        """Authenticate the client of another endpoint, by its registered method; the assertions that it used.

        Raises:
            OAuthError: invalid_client.
        """
        run = Turn(known)
        turn.set(run)
        headers = {} if authorization is None else {"Authorization": authorization}
        try:
            self._server.authenticate_client(self._request("POST", values, headers), list(METHODS))
        except OAuth2Error as refusal:
            raise _refused(refusal, tried_basic=is_basic(authorization)) from None
        return tuple(run.assertions)

    def _request(self, method: str, values: Values, headers: Mapping[str, str]) -> "Request":
        # Built from the issuer, never from the Host header, which a stranger writes.
        return Request(method, f"{self._issuer}/oauth", values, headers)


def check_form(values: Values, authorization: str | None) -> None:
    """Refuse repeated parameters (RFC 6749 §3.2) and two ways of authenticating at once (§2.3).

    Raises:
        OAuthError: invalid_request.
    """
    if sum(map(len, values.values())) > len(values):
        raise invalid_request("a parameter is repeated; send each once")
    ways = [is_basic(authorization), "client_secret" in values, "client_assertion" in values]
    if sum(ways) > 1:
        raise invalid_request("the client authenticates in more than one way; use one")


def client_id_of(values: Values, credentials: tuple[str | None, str | None]) -> str | None:
    """Which client a request says it comes from, not yet believed; `credentials` as `basic` reads them.

    Raises:
        OAuthError: two places name different clients.
    """
    named = first(values, "client_id") or None
    found = credentials[0]
    if found is None and "client_assertion" in values:
        found = _subject_of(values["client_assertion"][0])
    if named is not None and found is not None and named != found:
        raise invalid_request("client_id differs from the client that authenticates")
    chosen = found or named or ""
    # No id that anybody was given holds others, and an assertion or a header can hold some that no database takes.
    return chosen if chosen.isascii() and chosen.isprintable() else None


def assertion_issuer(assertion: str) -> str | None:
    """The `iss` that an assertion claims, not yet believed: by it the keys are found that judge it."""
    issuer = _claims_of(assertion).get("iss")
    return issuer if isinstance(issuer, str) else None


def _subject_of(assertion: str) -> str | None:
    subject = _claims_of(assertion).get("sub")
    return subject if isinstance(subject, str) else None


def _claims_of(token: str) -> Mapping[str, Any]:
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, IndexError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


_WORDS: Mapping[str, str] = {
    "invalid_client": "the client is unknown, or did not authenticate by the method that it registered",
    "invalid_grant": "the code or refresh token is unknown, expired, used, revoked or of another client",
    "unauthorized_client": "the client is not registered for this grant type",
    "unsupported_grant_type": "grant_type is not one of those in the server's metadata",
    "unsupported_response_type": "response_type must be code",
}
"""Where authlib's own sentence would repeat what a stranger sent."""
_OWN_WORDS = ("typ", "aud", "resource", "authorization_details", "cnf", "the issuer")


def _refused(refusal: OAuth2Error, *, tried_basic: bool = False) -> OAuthError:
    return _of_body(refusal.status_code, dict(refusal.get_body()), tried_basic=tried_basic)


def _of_body(status: int, body: Mapping[str, Any], *, tried_basic: bool) -> OAuthError:
    code = str(body.get("error"))
    given = _FORBIDDEN.sub("", str(body.get("error_description") or ""))
    description = given if code == "invalid_request" or not _WORDS.get(code) else _WORDS[code]
    if code == "invalid_grant" and given.startswith(_OWN_WORDS):
        description = given
    if code == "invalid_client":
        return invalid_client(description, tried_basic=tried_basic)
    return OAuthError(code, description or "the request was refused", status if 400 <= status < 500 else 400)
