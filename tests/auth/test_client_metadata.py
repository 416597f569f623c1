import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.client_documents import (
    DocumentRefused,
    changed_in_substance,
    is_document_url,
    read_document_url,
    read_metadata,
)
from tests.auth.hosts import PUBLIC_KEY, URL, document


def reason_of(body: str) -> str:
    with pytest.raises(DocumentRefused) as refused:
        read_metadata(URL, body)
    return refused.value.reason


# Client ids


def test_only_https_urls_are_document_urls() -> None:
    assert is_document_url("https://client.example/client.json")
    for client_id in ("http://client.example/", "client", "", "urn:uuid:1", " https://client.example/"):
        assert not is_document_url(client_id)


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "https://client.example/",
        "https://client.example:8443/client.json",
        "https://client.example/client.json?version=1&path=../..",
        "https://client.example/a..b/.well-known/..client",
        "https://client.example/%252e%252e/",
        "https://claude.ai/oauth/claude-code-client-metadata",
        "https://vscode.dev/oauth/client-metadata.json",
        "https://client.example/" + "a" * 2000,
    ],
)
def test_usable_client_ids(url: str) -> None:
    assert read_document_url(url).host in url


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://client.example/client.json", "https"),
        ("HTTPS://client.example/client.json", "https"),
        ("https://client.example", "without a path"),
        ("https://client.example?a=/", "without a path"),
        ("https://client.example/./client.json", "dots"),
        ("https://client.example/a/../client.json", "dots"),
        ("https://client.example/..", "dots"),
        ("https://client.example/a/.", "dots"),
        ("https://client.example/%2e%2e/client.json", "dots"),
        ("https://client.example/.%2E/client.json", "dots"),
        ("https://client.example/%2E/client.json", "dots"),
        ("https://client.example/a%2f..%2fclient.json", "dots"),
        ("https://client.example/a%5c..%5cclient.json", "dots"),
        ("https://client.example/client.json#a", "fragment"),
        ("https://user:password@client.example/client.json", "user information"),
        ("https://client.example/a b", "characters"),
        ("https://client.example/" + "a" * 2048, "2048"),
    ],
)
def test_unusable_client_ids(url: str, reason: str) -> None:
    with pytest.raises(DocumentRefused, match=reason) as refused:
        read_document_url(url)
    assert "client.example" not in refused.value.reason


# Documents


def test_a_small_document_gets_the_defaults_of_a_public_client() -> None:
    assert read_metadata(URL, document()) == {
        "client_id": URL,
        "client_name": "A client",
        "redirect_uris": ["https://client.example/callback", "http://127.0.0.1/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "token_endpoint_auth_methods": ["none"],
    }


def test_a_document_as_desktop_clients_publish_it_is_read() -> None:
    body = document(
        client_uri="https://client.example",
        logo_uri="https://client.example/logo.png",
        redirect_uris=["http://127.0.0.1/", "http://127.0.0.1:33418/", "https://vscode.dev/redirect", "cursor://a/cb"],
        grant_types=["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        response_types=["code"],
        token_endpoint_auth_method="none",
        application_type="native",
        scope="posts:read offline_access",
    )
    metadata = read_metadata(URL, body)
    assert metadata["grant_types"] == ["authorization_code", "refresh_token"]
    assert metadata["application_type"] == "native"
    assert metadata["scope"] == "posts:read offline_access"
    assert len(metadata["redirect_uris"]) == 4
    assert not {"client_uri", "logo_uri"} & set(metadata)


@pytest.mark.parametrize(
    ("members", "methods"),
    [
        ({}, ["none"]),
        ({"token_endpoint_auth_method": "none"}, ["none"]),
        # As ChatGPT does: it prefers keys and takes none.
        (
            {
                "token_endpoint_auth_method": "private_key_jwt",
                "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
                "jwks_uri": "https://client.example/jwks.json",
            },
            ["private_key_jwt", "none"],
        ),
        (
            {
                "token_endpoint_auth_method": "private_key_jwt",
                "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
            },
            ["none"],
        ),
        ({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [PUBLIC_KEY]}}, ["private_key_jwt"]),
        ({"token_endpoint_auth_methods_supported": ["client_secret_basic", "none", "none"]}, ["none"]),
        ({"jwks": {"keys": [PUBLIC_KEY]}}, ["none"]),
    ],
)
def test_the_acceptable_authentication_methods_are_listed_the_preferred_one_first(
    members: dict[str, Any], methods: list[str]
) -> None:
    metadata = read_metadata(URL, document(**members))
    assert metadata["token_endpoint_auth_methods"] == methods
    assert metadata["token_endpoint_auth_method"] == methods[0]


MANY = [f"https://client.example/{number}" for number in range(21)]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"client_id": None}, "client_id"),
        ({"client_id": URL + "?"}, "client_id"),
        ({"client_id": "https://CLIENT.example/oauth/client.json"}, "client_id"),
        ({"client_id": "https://client.example:443/oauth/client.json"}, "client_id"),
        ({"client_id": [URL]}, "client_id"),
        ({"client_name": None}, "client_name"),
        ({"client_name": ""}, "client_name"),
        ({"client_name": " \u200b\u202e\t"}, "client_name"),
        ({"client_name": 1}, "client_name"),
        ({"redirect_uris": None}, "redirect_uris"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"redirect_uris": MANY}, "more than 20"),
        ({"redirect_uris": "https://client.example/callback"}, "redirect_uris"),
        ({"redirect_uris": [1]}, "redirect_uris"),
        ({"redirect_uris": ["https://client.example/callback", "javascript:alert(1)"]}, "scheme"),
        ({"redirect_uris": ["http://client.example/callback"]}, "http is for"),
        ({"redirect_uris": ["http://127.0.0.1/callback"], "application_type": "web"}, "web client"),
        ({"application_type": "service"}, "application_type"),
        ({"client_secret": "shared"}, "client secret"),
        ({"client_secret": ""}, "client secret"),
        ({"client_secret_expires_at": 0}, "client secret"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "shared secret"),
        ({"token_endpoint_auth_method": "client_secret_post"}, "shared secret"),
        ({"token_endpoint_auth_method": "client_secret_jwt", "jwks": {"keys": [PUBLIC_KEY]}}, "shared secret"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "authentication"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "authentication"),
        ({"token_endpoint_auth_method": ["none"]}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_methods_supported": "none"}, "token_endpoint_auth_methods_supported"),
        ({"token_endpoint_auth_methods_supported": ["client_secret_basic"]}, "authentication"),
        ({"grant_types": ["implicit"]}, "authorization_code"),
        ({"grant_types": ["client_credentials"]}, "authorization_code"),
        ({"response_types": ["token"]}, "code"),
        ({"jwks": {"keys": [PUBLIC_KEY]}, "jwks_uri": "https://client.example/jwks.json"}, "one of them"),
        ({"jwks_uri": "http://client.example/jwks.json"}, "jwks_uri"),
        ({"jwks_uri": 1}, "jwks_uri"),
        ({"jwks": {"keys": []}}, "jwks"),
        ({"jwks": [PUBLIC_KEY]}, "jwks"),
        ({"jwks": {"keys": ["key"]}}, "jwks"),
        ({"jwks": {"keys": [PUBLIC_KEY] * 21}}, "jwks"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}}, "secret or private"),
        ({"jwks": {"keys": [{"kty": "other", "x": "1"}]}}, "known kind"),
        ({"jwks": {"keys": [{**PUBLIC_KEY, "x": 1}]}}, "not text"),
        ({"jwks": {"keys": [{**PUBLIC_KEY, "kid": "\ud800"}]}}, "not text"),
        ({"scope": "a" * 1001}, "scope"),
        ({"scope": "posts\nread"}, "scope"),
    ],
)
def test_a_document_that_breaks_a_rule_is_refused(members: dict[str, Any], reason: str) -> None:
    assert reason in reason_of(document(**members))


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_a_private_key_is_refused_and_not_repeated(member: str) -> None:
    reason = reason_of(document(jwks={"keys": [PUBLIC_KEY, {**PUBLIC_KEY, member: "c2VjcmV0"}]}))
    assert "secret or private" in reason and "c2Vj" not in reason


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        '"text"',
        "{",
        "<html>",
        document() + "{}",
        "\ufeff" + document(),
        document()[:-1] + ', "client_name": "Another"}',
        document()[:-1] + f', "client_id": "{URL}"}}',
        document()[:-1] + ', "jwks": {"keys": [], "keys": []}}',
        document()[:-1] + ', "a": NaN}',
        document()[:-1] + f', "a": {"9" * 5000}}}',
        "[" * 5000,
        '{"a":' * 900 + "1" + "}" * 900,
    ],
)
def test_what_is_no_json_object_or_repeats_a_key_is_refused(body: str) -> None:
    assert reason_of(body) in {
        "the document is not a JSON object, or repeats a key",
        "the client_id of the document is not the URL at which it is published",
    }


def test_a_name_cannot_disturb_a_page() -> None:
    def shown(name: str) -> str:
        return str(read_metadata(URL, document(client_name=name))["client_name"])

    assert shown("  Claude\u202e \t\n edoC\x00\u200b\ud800 ") == "Claude edoC"
    assert shown("<b>Ä & 名前</b>") == "<b>Ä & 名前</b>"
    assert shown("a" * 4000) == "a" * 99 + "…"


def test_private_use_schemes_can_be_switched_off() -> None:
    body = document(redirect_uris=["cursor://anysphere.cursor-mcp/oauth/callback"])
    assert read_metadata(URL, body)["redirect_uris"]
    with pytest.raises(DocumentRefused, match="private-use"):
        read_metadata(URL, body, allows_private_schemes=False)


MEMBERS = [
    "client_id",
    "client_name",
    "redirect_uris",
    "jwks",
    "jwks_uri",
    "scope",
    "grant_types",
    "response_types",
    "application_type",
    "token_endpoint_auth_method",
    "token_endpoint_auth_methods_supported",
]
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["keys", "kty", "x"]), inner),
)


@given(VALUES, st.sampled_from(MEMBERS))
def test_any_value_of_a_member_is_read_or_refused(value: object, member: str) -> None:
    body = json.dumps({**json.loads(document()), member: value})
    try:
        metadata = read_metadata(URL, body)
    except DocumentRefused:
        return
    assert metadata["client_id"] == URL and metadata["client_name"] and metadata["redirect_uris"]


# Changes


@pytest.mark.parametrize(
    "members",
    [
        {"client_name": "Another"},
        {"redirect_uris": ["https://client.example/callback"]},
        {"redirect_uris": ["https://evil.example/callback", "http://127.0.0.1/callback"]},
        {"redirect_uris": ["https://client.example:8443/callback", "http://127.0.0.1/callback"]},
        {"redirect_uris": ["https://client.example/callback", "cursor://a/callback"]},
        {"jwks": {"keys": [PUBLIC_KEY]}},
        {"jwks_uri": "https://client.example/jwks.json"},
        {"client_id": "https://evil.example/client.json"},
        {"client_name": ""},
    ],
)
def test_a_new_name_receiver_or_key_is_a_change_in_substance(members: dict[str, Any]) -> None:
    assert changed_in_substance(document(), document(**members))
    assert changed_in_substance(document(**members), document())


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"client_uri": "https://client.example"},
        {"scope": "posts:read"},
        {"redirect_uris": ["http://localhost:1/other", "https://CLIENT.example/new", "https://client.example/newer"]},
        {"client_name": "A  client\u200b"},
    ],
)
def test_other_members_and_paths_are_no_change_in_substance(members: dict[str, Any]) -> None:
    assert not changed_in_substance(document(), document(**members))


def test_keys_are_compared_without_their_order_and_without_unused_members() -> None:
    other = {**PUBLIC_KEY, "kid": "2"}
    old = document(jwks={"keys": [PUBLIC_KEY, other]})
    assert not changed_in_substance(old, document(jwks={"keys": [other, {**PUBLIC_KEY, "note": "mine"}]}))
    assert changed_in_substance(old, document(jwks={"keys": [PUBLIC_KEY]}))
