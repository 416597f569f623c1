import json
from dataclasses import replace
from typing import Any

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from auth.metadata import BadConfiguration, Settings, documents, resource_metadata_url
from auth.scopes import BroadScope, Scope

SETTINGS = Settings(
    issuer="https://as.example",
    resources=["https://as.example/mcp"],
    scopes=[*BroadScope, *Scope],
    baseline_scopes=["accounts:read", "posts:read", "offline_access"],
)
EVERYTHING = replace(
    SETTINGS,
    documentation_url="https://as.example/docs",
    allows_client_credentials=True,
    allows_enterprise_grants=True,
)
NOTHING = replace(SETTINGS, allows_registration=False, allows_client_documents=False)


def read(settings: Settings, path: str) -> Any:
    return json.loads(documents(settings)[path].body)


@pytest.mark.parametrize("settings", [SETTINGS, EVERYTHING, NOTHING])
def test_authlib_finds_the_server_metadata_valid(settings: Settings) -> None:
    for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"):
        metadata = read(settings, path)
        AuthorizationServerMetadata(metadata).validate()
        assert metadata["issuer"] == "https://as.example"
        assert metadata["code_challenge_methods_supported"] == ["S256"]
        assert "openid" not in metadata["scopes_supported"] and "offline_access" in metadata["scopes_supported"]
        assert "none" in metadata["token_endpoint_auth_methods_supported"]


def test_the_openid_alias_adds_what_strict_clients_require() -> None:
    server = read(SETTINGS, "/.well-known/oauth-authorization-server")
    assert read(SETTINGS, "/.well-known/openid-configuration") == {
        **server,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
    }


def test_switches_decide_what_is_offered() -> None:
    path = "/.well-known/oauth-authorization-server"
    full, least = read(EVERYTHING, path), read(NOTHING, path)
    assert set(full) - set(least) == {
        "registration_endpoint",
        "authorization_grant_profiles_supported",
        "service_documentation",
    }
    assert full["client_id_metadata_document_supported"] and not least["client_id_metadata_document_supported"]
    assert set(full["grant_types_supported"]) - set(least["grant_types_supported"]) == {
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    }


def test_each_resource_has_its_document_and_the_root_says_the_default() -> None:
    settings = replace(SETTINGS, resources=["https://as.example/mcp", "https://as.example/v2/mcp"])
    expected = {
        "resource": "https://as.example/mcp",
        "authorization_servers": ["https://as.example"],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["accounts:read", "posts:read"],
    }
    assert read(settings, "/.well-known/oauth-protected-resource/mcp") == expected
    assert read(settings, "/.well-known/oauth-protected-resource") == expected
    second = read(settings, "/.well-known/oauth-protected-resource/v2/mcp")
    assert second == {**expected, "resource": "https://as.example/v2/mcp"}
    assert resource_metadata_url("https://as.example/mcp") == (
        "https://as.example/.well-known/oauth-protected-resource/mcp"
    )


def test_documents_are_public_and_kept_for_an_hour() -> None:
    for document in documents(SETTINGS).values():
        assert document.headers == {
            "Content-Type": "application/json",
            "Access-Control-Allow-Origin": "*",
            "Cache-Control": "public, max-age=3600",
        }


@pytest.mark.parametrize(
    "issuer",
    [
        "https://as.example/",
        "https://as.example/tenant",
        "https://AS.example",
        "https://as.example:443",
        "https://as.example?x",
        "https://as.example#x",
        "https://user@as.example",
        "http://as.example",
        "http://localhost:80",
        "as.example",
        "",
    ],
)
def test_an_issuer_that_clients_could_spell_otherwise_is_refused(issuer: str) -> None:
    with pytest.raises(BadConfiguration, match="issuer"):
        replace(SETTINGS, issuer=issuer)


@pytest.mark.parametrize(
    "resource",
    ["https://as.example/mcp/", "https://as.example/mcp#x", "https://as.example/../mcp", "https://as.example:443/mcp"],
)
def test_a_resource_that_clients_could_spell_otherwise_is_refused(resource: str) -> None:
    with pytest.raises(BadConfiguration, match="resource"):
        replace(SETTINGS, resources=[resource])


def test_local_mode_may_use_http_and_a_resource_is_needed() -> None:
    assert documents(replace(SETTINGS, issuer="http://127.0.0.1:8000", resources=["http://localhost:8000/mcp"]))
    with pytest.raises(BadConfiguration, match="at least one"):
        replace(SETTINGS, resources=[])
