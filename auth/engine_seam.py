"""authlib's classes, bent to OAuth 2.1 and to plans: what is untyped or laxer than we are stays in here.

The stubs that type checkers ship describe an older authlib, so this module alone is checked loosely.
"""

# pyright: basic, reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false
# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportGeneralTypeIssues=false
# pyright: reportCallIssue=false, reportArgumentType=false, reportAssignmentType=false

import binascii
import hmac
import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from authlib.oauth2.drafts.id_jag import IDJAGGrant
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Payload, OAuth2Request, grants
from authlib.oauth2.rfc6749 import errors as refusals
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from authlib.oauth2.rfc7636 import CodeChallenge, create_s256_code_challenge
from joserfc.jwk import KeySet

from auth import redirects
from auth.assertions import check_claims, key_set, note, verified
from auth.clients import KnownClient
from auth.plans import ByEnterprise, ByItself, Redeem, Values, turn
from auth.records import Code

METHODS = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class _Payload(OAuth2Payload):  # type: ignore[misc]
    def __init__(self, values: Values) -> None:
        self._data = {name: given[0] for name, given in values.items() if given}
        self._values = values

    @property
    def data(self) -> dict[str, str]:
        return self._data

    @property
    def datalist(self) -> Any:
        return defaultdict(list, {name: list(given) for name, given in self._values.items()})


class Request(OAuth2Request):  # type: ignore[misc]
    def __init__(self, method: str, uri: str, values: Values, headers: Mapping[str, str]) -> None:
        # Not by authlib's own, which asks the environment each time whether http is allowed: the address is ours.
        self.method, self.uri, self.headers, self.payload = method, uri, headers, _Payload(values)
        self.client = self.auth_method = self.user = self.authorization_code = None
        self.refresh_token = self.credential = self._scope = self._body = None

    @property
    def args(self) -> dict[str, str]:
        return self.payload.data

    @property
    def form(self) -> dict[str, str]:
        return self.payload.data


class _Client(ClientMixin):  # type: ignore[misc]
    """A known client as authlib asks for it."""

    def __init__(self, known: KnownClient, now: datetime) -> None:
        self.known, self._now = known, now

    def get_client_id(self) -> str:
        return self.known.client_id

    def get_default_redirect_uri(self) -> None:
        # OAuth 2.1 §2.3: nothing is guessed; the request names it.
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return scope or ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirects.find_match(self.known.redirect_uris, redirect_uri) is not None

    def check_client_secret(self, client_secret: str) -> bool:
        return self.known.has_secret(client_secret, now=self._now)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in self.known.auth_methods

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and "authorization_code" in self.known.grant_types

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.known.grant_types


class _Code:
    """A code's row as authlib asks for it."""

    code_challenge_method = "S256"

    def __init__(self, code: Code) -> None:
        self.code, self.code_challenge = code, code.challenge

    def get_redirect_uri(self) -> str:
        return self.code.redirect_uri

    def get_scope(self) -> str:
        return self.code.scope


class Server(AuthorizationServer):  # type: ignore[misc]
    """Asks nothing and keeps nothing: what it is told is in the turn."""

    def offer(self, grant: type[Any], *extensions: Any) -> None:
        """Take a grant type."""
        self.register_grant(grant, list(extensions))

    def outcome(self, request: "Request") -> tuple[int, Mapping[str, Any]]:
        """Status and body of a token request."""
        answer: Any = self.create_token_response(request)
        return answer[0], dict(answer[1])

    def query_client(self, client_id: str) -> _Client | None:
        known = turn.get().known
        if known.client is None or known.client.client_id != client_id:
            return None
        return _Client(known.client, known.now)

    def save_token(self, token: Any, request: Any) -> None:
        raise AssertionError("the store issues tokens, not the engine")

    def create_oauth2_request(self, request: Request) -> Request:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> tuple[int, Any, Any]:
        return status, body, headers

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""


class S256Only(CodeChallenge):  # type: ignore[misc]
    """PKCE for every client, S256 alone (OAuth 2.1 §4.1.1, RFC 9700 §2.1.1): a method left out would mean plain."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def __init__(self) -> None:
        super().__init__(required=True)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if not _CHALLENGE.fullmatch(data.get("code_challenge", "")):
            raise refusals.InvalidRequestError("code_challenge is required: the S256 hash, 43 characters of base64url")
        if data.get("code_challenge_method") != "S256":
            raise refusals.InvalidRequestError("code_challenge_method must be S256")

    CODE_CHALLENGE_METHODS = {  # noqa: RUF012
        "S256": lambda verifier, challenge: hmac.compare_digest(create_s256_code_challenge(verifier), challenge)
    }


class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def query_authorization_code(self, code: str, client: _Client) -> _Code | None:
        found = turn.get().known.code
        # A used code passes: claiming it again is what reveals the replay.
        if found is None or found.client_id != client.known.client_id or found.expires_at <= turn.get().known.now:
            return None
        return _Code(found)

    def create_token_response(self) -> tuple[int, Any, Any]:
        code: Code = self.request.authorization_code.code
        resource = self.request.payload.data.get("resource")
        # Before the claim, so that a wrong resource does not burn the code.
        if resource is not None and normal_resource(resource) != code.resource:
            raise TargetError
        turn.get().step = Redeem(client=self.request.client.known, code=code)
        return 200, {}, []


class ClientCredentials(grants.ClientCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")

    def create_token_response(self) -> tuple[int, Any, Any]:
        turn.get().step = ByItself(client=self.request.client.known, scope=self.request.payload.scope or "")
        return 200, {}, []


class EnterpriseGrant(IDJAGGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")
    audiences: tuple[str, ...] = ()

    def get_audiences(self) -> list[str]:
        return list(self.audiences)

    def _process_assertion_claims(self, assertion: str) -> Mapping[str, Any]:
        keys = turn.get().known.issuer_keys
        if keys is None:
            raise refusals.InvalidGrantError("the issuer of the assertion is not one that this server trusts")
        headers, _ = self._extract_assertion(assertion)
        if headers.get("typ") != self.REQUIRED_TYP:
            raise refusals.InvalidGrantError(f"typ of the assertion must be {self.REQUIRED_TYP}")
        claims = verified(assertion, keys, refusals.InvalidGrantError)
        check_claims(claims, refusals.InvalidGrantError, "iat", "jti", "client_id", audiences=self.audiences)
        if "cnf" in claims:
            raise refusals.InvalidGrantError("cnf of the assertion is a confirmation that is not supported here")
        if not isinstance(claims["aud"], str):
            raise refusals.InvalidGrantError("aud of the assertion must be one string")
        if "authorization_details" in claims:
            raise refusals.InvalidGrantError("authorization_details are not supported here")
        resource = claims.get("resource")
        if resource is not None and not isinstance(resource, str):
            raise refusals.InvalidGrantError("resource of the assertion must be one string")
        return claims

    def check_jti(self, claims: Mapping[str, Any], jti: object) -> bool:
        return note(claims)

    def authenticate_user(self, subject: object) -> object:
        return subject if isinstance(subject, str) else None

    def check_id_jag_permission(self, client: object, user: object, scopes: object) -> bool:
        return True

    def create_token_response(self) -> tuple[int, Any, Any]:
        claims: Mapping[str, Any] = self.request.id_jag_claims
        turn.get().step = ByEnterprise(
            client=self.request.client.known,
            issuer=claims["iss"],
            subject=claims["sub"],
            scope=self.request.scope or "",
            claims=dict(claims),
        )
        return 200, {}, []


class ClientAssertion(JWTBearerClientAssertion):  # type: ignore[misc]
    """private_key_jwt (RFC 7523 §3), with the algorithms that joserfc does not take by default."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, audiences: list[str]) -> None:
        super().__init__()
        self._audiences = audiences

    def __call__(self, query_client: Any, request: Request) -> Any:
        if len(request.form.get("client_assertion", "")) > 8192:
            raise refusals.InvalidClientError("the client assertion is too long")
        return super().__call__(query_client, request)

    def get_audiences(self) -> list[str]:
        return self._audiences

    def resolve_client_public_key(self, client: _Client) -> KeySet:
        return key_set(turn.get().known.client_keys, refusals.InvalidClientError)

    def process_assertion_claims(self, assertion: str, resolve_key: object) -> Mapping[str, Any]:
        claims = verified(assertion, turn.get().known.client_keys, refusals.InvalidClientError)
        check_claims(claims, refusals.InvalidClientError, audiences=self._audiences)
        if claims["sub"] != claims["iss"] or not note(claims):
            raise refusals.InvalidClientError
        return claims


def by_id(query_client: Any, request: Request) -> _Client | None:
    data = request.payload.data
    if "client_secret" in data or "client_assertion" in data or is_basic(request.headers.get("Authorization")):
        return None
    found: _Client | None = query_client(data.get("client_id", ""))
    return found


def by_post(query_client: Any, request: Request) -> _Client | None:
    data = request.payload.data
    return _with_secret(query_client, data.get("client_id"), data.get("client_secret"))


def by_basic(query_client: Any, request: Request) -> _Client | None:
    return _with_secret(query_client, *(turn.get().known.credentials or basic(request.headers.get("Authorization"))))


def _with_secret(query_client: Any, client_id: str | None, secret: str | None) -> _Client | None:
    client: _Client | None = query_client(client_id) if client_id and secret else None
    return client if client is not None and secret and client.check_client_secret(secret) else None


def is_basic(authorization: str | None) -> bool:
    return authorization is not None and authorization[:6].lower() == "basic "


def basic(authorization: str | None) -> tuple[str | None, str | None]:
    """Id and secret, each form-encoded inside the base64 (RFC 6749 §2.3.1)."""
    if authorization is None or not is_basic(authorization):
        return None, None
    try:
        # Strictly, and without a regular expression for it.
        text = binascii.a2b_base64(authorization[6:].strip(), strict_mode=True).decode()
    except (ValueError, UnicodeDecodeError):
        return None, None
    client_id, colon, secret = text.partition(":")
    if "%" in text or "+" in text:
        client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    return (client_id, secret) if colon else (None, None)


def normal_resource(resource: str) -> str:
    """A resource as it is compared: scheme and host in lower case, without one trailing slash (RFC 8707 §2)."""
    scheme, separator, rest = resource.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}{separator}{host.lower()}{slash}{path}".removesuffix("/")


class TargetError(refusals.OAuth2Error):  # type: ignore[misc]
    error = "invalid_target"
    description = "resource differs from the one that was authorized"
