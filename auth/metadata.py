"""What clients discover: RFC 8414 metadata, its OpenID alias, and RFC 9728 metadata of the protected resources.

Built once from configuration, never from a request: no `Host` or forwarding header can change where a client goes.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auth.scopes import OFFLINE_ACCESS

MAX_AGE_SECONDS = 3600
HEADERS: Mapping[str, str] = {
    "Content-Type": "application/json",
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": f"public, max-age={MAX_AGE_SECONDS}",
}
SERVER_PATH = "/.well-known/oauth-authorization-server"
OPENID_PATH = "/.well-known/openid-configuration"
RESOURCE_PATH = "/.well-known/oauth-protected-resource"

# In lower case, without the default port, user information, query or fragment: one spelling for each place.
_ORIGIN = re.compile(
    r"(?:https://(?:[a-z0-9](?:[a-z0-9.\-]*[a-z0-9])?|\[[0-9a-f:]+\])(?!:443(?:/|$))"
    r"|http://(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?!:80(?:/|$)))(?::[1-9][0-9]{0,4})?"
)
_RESOURCE_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~\-]+)*")


class BadConfiguration(ValueError):
    """An issuer or resource that clients could not compare byte by byte."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """A body with its headers, ready to be sent."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the operator decides.

    Raises:
        BadConfiguration: the issuer has a path or a trailing slash, there is no resource, or one of them is not https
            (http for a loopback address) in lower case without a default port, query or fragment.
    """

    issuer: str
    resources: Sequence[str]
    """The exact URLs that people type, such as `https://host/mcp`; the first is the default."""
    scopes: Sequence[str]
    """All that can be asked for."""
    baseline_scopes: Sequence[str]
    """What a client asks for at first (RFC 9728 §2)."""
    documentation_url: str | None = None
    locales: Sequence[str] = ("en",)
    allows_registration: bool = True
    allows_client_documents: bool = True
    allows_client_credentials: bool = False
    allows_enterprise_grants: bool = False

    def __post_init__(self) -> None:
        if not _ORIGIN.fullmatch(self.issuer):
            raise BadConfiguration(f"issuer must be like https://host, without path or trailing slash: {self.issuer}")
        if not self.resources:
            raise BadConfiguration("at least one resource is needed")
        for resource in self.resources:
            origin = _ORIGIN.match(resource)
            if origin is None or not _RESOURCE_PATH.fullmatch(resource[origin.end() :]):
                raise BadConfiguration(f"resource must be like https://host/mcp, without trailing slash: {resource}")


VIEW = re.compile(r"/x/[a-z_,]{1,200}")
"""After the path of a resource: which part of it is shown."""


def server_metadata(settings: Settings) -> dict[str, Any]:
    """RFC 8414 §2, with RFC 9207 §3, RFC 9728 §4 and client ID metadata documents."""
    issuer = settings.issuer
    grants = ["authorization_code", "refresh_token"]
    if settings.allows_client_credentials:
        grants.append("client_credentials")
    if settings.allows_enterprise_grants:
        grants.append("urn:ietf:params:oauth:grant-type:jwt-bearer")
    metadata: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "jwks_uri": f"{issuer}/jwks",
        "scopes_supported": [*settings.scopes, OFFLINE_ACCESS],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": grants,
        "token_endpoint_auth_methods_supported": [
            "none",
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
        ],
        "token_endpoint_auth_signing_alg_values_supported": ["EdDSA", "Ed25519", "ES256", "RS256", "PS256"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": settings.allows_client_documents,
        "protected_resources": list(settings.resources),
        "ui_locales_supported": list(settings.locales),
    }
    if settings.allows_registration:
        metadata["registration_endpoint"] = f"{issuer}/oauth/register"
    if settings.allows_enterprise_grants:
        metadata["authorization_grant_profiles_supported"] = ["urn:ietf:params:oauth:grant-profile:id-jag"]
    if settings.documentation_url is not None:
        metadata["service_documentation"] = settings.documentation_url
    return metadata


def openid_metadata(settings: Settings) -> dict[str, Any]:
    """The same for clients that look for OpenID discovery only; strict ones require the two more members."""
    return {
        **server_metadata(settings),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
    }


def resource_metadata(settings: Settings, resource: str) -> dict[str, Any]:
    """RFC 9728 §2. `offline_access` is the client's affair, not the resource's, so it is left out."""
    return {
        "resource": resource,
        "authorization_servers": [settings.issuer],
        "bearer_methods_supported": ["header"],
        "scopes_supported": [scope for scope in settings.baseline_scopes if scope != OFFLINE_ACCESS],
    }


def resource_metadata_url(resource: str) -> str:
    """Where a resource's metadata is: the well-known part goes between host and path (RFC 9728 §3.1)."""
    scheme, _, rest = resource.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host}{RESOURCE_PATH}{slash}{path}"


def documents(settings: Settings, *, known_as: str | None = None) -> dict[str, Document]:
    """Every document by its path.

    The root one of the resources says the default resource: clients that find no document at the resource's own path
    compare it with the URL that was typed. `known_as` is another origin of the same server, under which its resources
    are named then (RFC 9728 §3.3); the issuer has one name.
    """

    def about(resource: str) -> dict[str, Any]:
        named = resource if known_as is None else known_as + resource.removeprefix(settings.issuer)
        return resource_metadata(settings, named)

    bodies = {SERVER_PATH: server_metadata(settings), OPENID_PATH: openid_metadata(settings)}
    bodies[RESOURCE_PATH] = about(settings.resources[0])
    for resource in settings.resources:
        url = resource_metadata_url(resource)
        bodies[url[url.index(RESOURCE_PATH) :]] = about(resource)
    return {path: Document(body=_as_json(body), headers=HEADERS) for path, body in bodies.items()}


def view_document(settings: Settings, path: str, *, known_as: str | None = None) -> Document | None:
    """The metadata of a view of the first resource, named as it was typed; None where the path is none."""
    resource = settings.resources[0]
    own = resource_metadata_url(resource)
    view = path.removeprefix(own[own.index(RESOURCE_PATH) :])
    if not VIEW.fullmatch(view):
        return None
    named = (resource if known_as is None else known_as + resource.removeprefix(settings.issuer)) + view
    return Document(body=_as_json(resource_metadata(settings, named)), headers=HEADERS)


def _as_json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
