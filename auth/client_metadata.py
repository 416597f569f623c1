"""What a client's metadata document must say, and what of it counts (draft-ietf-oauth-client-id-metadata-document).

The document stands for a registration (RFC 7591 §2), with the difference that its URL is the client id, so no secret
can be shared with the client.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from auth.egress import EgressRefused, Target, read_url
from auth.key_sets import KeySetRefused, read_key_set
from auth.redirects import ApplicationType, RedirectRefused, check_registration, display_host
from auth.strict_json import read_object

MAX_REDIRECT_URIS = 20
MAX_NAME_CHARACTERS = 100
_MAX_SCOPE_CHARACTERS = 1000
_DEFAULT_GRANTS = ("authorization_code", "refresh_token")
_GRANTS = frozenset(
    {"authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer"}
)


class DocumentRefused(Exception):
    """A client cannot be used by its document. `reason` is fit for an error page: nothing of the document is in it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def is_document_url(client_id: str) -> bool:
    """Whether a client id is one by its form: no id that we give out begins so."""
    return client_id.startswith("https://")


def read_document_url(client_id: str) -> Target:
    """Read a client id that is a URL (§3 of the draft).

    Raises:
        DocumentRefused: a rule of `egress.read_url` is broken, there is no path, or one with the segments `.` or `..`,
            in whatever escaping.
    """
    if not is_document_url(client_id):
        raise DocumentRefused("the client id is not an https URL")
    try:
        target = read_url(client_id)
    except EgressRefused as refused:
        raise DocumentRefused(f"the client id is not a usable URL: {refused.reason}") from None
    if not target.path:
        raise DocumentRefused("the client id is a URL without a path; add one, if only /")
    if not {".", ".."}.isdisjoint(unquote(target.path).replace("\\", "/").split("/")):
        raise DocumentRefused("the path of the client id has a segment of dots")
    return target


def read_metadata(url: str, body: str, *, allows_private_schemes: bool = True) -> dict[str, Any]:
    """Check a document and return the members that are used, with their defaults filled in.

    Always there: `client_id`, `client_name` (fit to be shown), `redirect_uris`, `grant_types`, `response_types`,
    `token_endpoint_auth_method` (the preferred one) and `token_endpoint_auth_methods` (all acceptable ones: a client
    may prefer `private_key_jwt` and offer `none`). If given: `application_type`, `scope`,
    `token_endpoint_auth_signing_alg`, and `jwks` or `jwks_uri`.

    Raises:
        DocumentRefused: not such a document, or not the one of this URL.
    """
    document = _read(body)
    # Simple string comparison (RFC 3986 §6.2.1).
    if document.get("client_id") != url:
        raise DocumentRefused("the client_id of the document is not the URL at which it is published")
    return _normalise(document, allows_private_schemes=allows_private_schemes)


def changed_in_substance(old_body: str, new_body: str) -> bool:
    """Whether a person who consented under the old document must be asked again under the new one.

    That is where responses go, by host, whose keys speak for the client, and what it is called.
    """
    return old_body != new_body and _substance(old_body) != _substance(new_body)


def _substance(body: str) -> tuple[Any, ...]:
    try:
        metadata = _normalise(_read(body), allows_private_schemes=True)
    except DocumentRefused:
        return (body,)
    keys = metadata.get("jwks", {"keys": []})["keys"]
    return (
        metadata["client_id"],
        metadata["client_name"],
        {display_host(uri) for uri in metadata["redirect_uris"]},
        {tuple(sorted(key.items())) for key in keys},
        metadata.get("jwks_uri"),
    )


def _read(body: str) -> dict[str, Any]:
    try:
        return read_object(body)
    except ValueError:
        raise DocumentRefused("the document is not a JSON object, or repeats a key") from None


def _normalise(document: Mapping[str, Any], *, allows_private_schemes: bool) -> dict[str, Any]:
    if any(name.startswith("client_secret") for name in document):
        raise DocumentRefused("the document has a client secret, which everybody could read")
    application_type = _read_application_type(document)
    keys = _read_keys(document)
    methods = _read_methods(document, has_keys=bool(keys))
    metadata: dict[str, Any] = {
        "client_id": document.get("client_id"),
        "client_name": _read_name(document),
        "redirect_uris": _read_redirect_uris(document, application_type, allows_private_schemes),
        "grant_types": _read_grants(document),
        "response_types": ["code"],
        "token_endpoint_auth_method": methods[0],
        "token_endpoint_auth_methods": methods,
        **keys,
    }
    if application_type is not None:
        metadata["application_type"] = application_type
    for name in ("scope", "token_endpoint_auth_signing_alg"):
        text = _read_text(document, name)
        if text is not None:
            metadata[name] = text
    return metadata


def _read_text(document: Mapping[str, Any], name: str) -> str | None:
    text = document.get(name)
    if text is None:
        return None
    if not isinstance(text, str) or len(text) > _MAX_SCOPE_CHARACTERS or not text.isascii() or not text.isprintable():
        raise DocumentRefused(f"{name} of the document is not a short ASCII text")
    return text


def _read_list(document: Mapping[str, Any], name: str) -> list[str] | None:
    """The strings of a list, each once."""
    values = document.get(name)
    if values is None:
        return None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise DocumentRefused(f"{name} of the document is not a list of texts")
    return list(dict.fromkeys(values))


def _read_name(document: Mapping[str, Any]) -> str:
    """The name for a page: what could reorder, hide or split the text around it is left out."""
    name = document.get("client_name")
    if not isinstance(name, str):
        raise DocumentRefused("client_name of the document is missing")
    # Spaces first: tabs and line ends are control characters, too.
    shown = "".join(character for character in " ".join(name.split()) if unicodedata.category(character)[0] != "C")
    shown = " ".join(shown.split())
    if not shown:
        raise DocumentRefused("client_name of the document is empty")
    return shown if len(shown) <= MAX_NAME_CHARACTERS else shown[: MAX_NAME_CHARACTERS - 1] + "…"


def _read_application_type(document: Mapping[str, Any]) -> ApplicationType | None:
    match document.get("application_type"):
        case None:
            return None
        case "web":
            return "web"
        case "native":
            return "native"
        case _:
            raise DocumentRefused("application_type of the document is neither web nor native")


def _read_redirect_uris(
    document: Mapping[str, Any], application_type: ApplicationType | None, allows_private_schemes: bool
) -> list[str]:
    uris = _read_list(document, "redirect_uris")
    if not uris or len(uris) > MAX_REDIRECT_URIS:
        raise DocumentRefused(f"the document has no redirect_uris, or more than {MAX_REDIRECT_URIS}")
    try:
        for uri in uris:
            check_registration(uri, application_type=application_type, allows_private_schemes=allows_private_schemes)
    except RedirectRefused as refused:
        raise DocumentRefused(f"the document has an unusable redirect URI: {refused.reason}") from None
    return uris


def _read_grants(document: Mapping[str, Any]) -> list[str]:
    # RFC 7591's default has no refresh token; a client that names nothing wants to stay signed in.
    grants = [grant for grant in _read_list(document, "grant_types") or _DEFAULT_GRANTS if grant in _GRANTS]
    responses = _read_list(document, "response_types") or ["code"]
    if "authorization_code" not in grants or "code" not in responses:
        raise DocumentRefused("the document leaves out the grant type authorization_code or the response type code")
    return grants


def _read_methods(document: Mapping[str, Any], *, has_keys: bool) -> list[str]:
    """How the client may authenticate at the token endpoint, what it prefers first."""
    preferred = document.get("token_endpoint_auth_method")
    if preferred is not None and not isinstance(preferred, str):
        raise DocumentRefused("token_endpoint_auth_method of the document is not a text")
    if preferred is not None and preferred.startswith("client_secret"):
        raise DocumentRefused("the document asks for a shared secret; use none or private_key_jwt")
    offered = _read_list(document, "token_endpoint_auth_methods_supported") or []
    if preferred is not None:
        offered = [preferred, *(method for method in offered if method != preferred)]
    acceptable = {"none", "private_key_jwt"} if has_keys else {"none"}
    methods = [method for method in offered or ["none"] if method in acceptable]
    if not methods:
        raise DocumentRefused("the document offers neither none nor private_key_jwt with keys as its authentication")
    return methods


def _read_keys(document: Mapping[str, Any]) -> dict[str, Any]:
    keys, uri = document.get("jwks"), document.get("jwks_uri")
    if keys is not None and uri is not None:
        raise DocumentRefused("the document has jwks and jwks_uri; it may have one of them")
    try:
        if keys is not None:
            return {"jwks": read_key_set(keys)}
        if uri is None:
            return {}
        if not isinstance(uri, str):
            raise DocumentRefused("jwks_uri of the document is not a text")
        read_url(uri)
        return {"jwks_uri": uri}
    except KeySetRefused as refused:
        raise DocumentRefused(f"jwks of the document is unusable: {refused.reason}") from None
    except EgressRefused as refused:
        raise DocumentRefused(f"jwks_uri of the document is unusable: {refused.reason}") from None
