"""Who asks for access: clients of the operator's, clients with a metadata document, and those that registered."""

import hmac
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from auth import redirects
from auth.client_documents import ClientDocuments, DocumentRefused, is_document_url, read_metadata
from auth.records import Client, ClientDocument, digest
from auth.store import Store

Kind = Literal["operator", "document", "dynamic"]

DYNAMIC_LIFETIME = timedelta(days=90)
"""Of a registration, renewed by its use."""
UNUSED_LIFETIME = timedelta(hours=24)
"""Of a registration that nobody used yet."""
_TOUCHED_EVERY = timedelta(hours=6)
_KEPT = timedelta(seconds=30)
_KEPT_CLIENTS = 1000

DEFAULT_GRANT_TYPES = ("authorization_code", "refresh_token")
SECRET_METHODS = frozenset({"client_secret_basic", "client_secret_post"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownClient:
    """A client, wherever its registration comes from."""

    client_id: str
    kind: Kind
    name: str
    """As it calls itself: a stranger's text, unless `kind` is operator."""
    redirect_uris: tuple[str, ...]
    grant_types: tuple[str, ...] = DEFAULT_GRANT_TYPES
    auth_methods: tuple[str, ...] = ("none",)
    """By which it may authenticate at the token endpoint."""
    secret_hash: bytes | None = None
    secret_expires_at: datetime | None = None
    keys: str | None = None
    """Its public keys, a JWK set as JSON text (RFC 7591 §2, `jwks`)."""
    keys_url: str | None = None
    scope: str | None = None
    """What it may ask for; None for everything."""
    document_hash: bytes | None = None
    """Of what in a metadata document a person consented to: name, hosts and keys. Another one asks again."""
    may_introspect: bool = False
    """Whether it may ask about any token (RFC 7662 §2.1): a resource server of the operator's."""
    grant_id: str | None = None
    """The grant with the upstream key that it uses by itself (`client_credentials`)."""

    @property
    def domain(self) -> str | None:
        """The host that vouches for it: the one its metadata document lies at."""
        return urlsplit(self.client_id).hostname if self.kind == "document" else None

    @property
    def is_loopback_only(self) -> bool:
        """Whether every answer stays on the person's computer, where any program may be the one that listens."""
        return all(redirects.parse(uri).is_local for uri in self.redirect_uris)

    @property
    def is_public(self) -> bool:
        return self.auth_methods == ("none",)

    def has_secret(self, secret: str, *, now: datetime) -> bool:
        """Compare in constant time; an expired secret is none."""
        if self.secret_hash is None or (self.secret_expires_at is not None and self.secret_expires_at <= now):
            return False
        return hmac.compare_digest(self.secret_hash, digest(secret))


class ClientProblem(Exception):
    """A client that cannot be used; `reason` is safe to show."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Documents(Protocol):
    """Where metadata documents come from."""

    async def find(self, url: str, *, is_token_request: bool) -> ClientDocument: ...

    async def keys(self, metadata: Mapping[str, Any]) -> dict[str, Any]: ...


class Clients:
    """Finds clients by id; an id that starts with https:// is a document's address, and none of ours does."""

    def __init__(
        self, store: Store, documents: ClientDocuments | Documents | None, *, allows_private_schemes: bool = True
    ) -> None:
        self._store, self._documents = store, documents
        self._allows_private_schemes = allows_private_schemes
        self._recent: OrderedDict[str, tuple[datetime, KnownClient]] = OrderedDict()

    async def find(
        self, client_id: str, *, now: datetime, is_token_request: bool = False, may_fetch: bool = True
    ) -> KnownClient | None:
        """The client, or None.

        Without `may_fetch`, a metadata document that was never seen is not looked for: a stranger must not make the
        server fetch what they like.

        Raises:
            ClientProblem: its metadata document cannot be used.
        """
        if is_document_url(client_id):
            if not may_fetch and await self._store.find_document(client_id) is None:
                return None
            return await self._find_document(client_id, is_token_request=is_token_request)
        recent = self._recent.get(client_id)
        if recent is not None and recent[0] > now:
            return recent[1]
        record = await self._store.find_client(client_id, now=now)
        if record is None:
            self._recent.pop(client_id, None)
            return None
        if record.expires_at is not None and (
            record.last_used_at is None or now - record.last_used_at > _TOUCHED_EVERY
        ):
            await self._store.touch_client(client_id, now=now, expires_at=now + DYNAMIC_LIFETIME)
        client = of_record(record)
        self._recent[client_id] = (now + _KEPT, client)
        if len(self._recent) > _KEPT_CLIENTS:
            self._recent.popitem(last=False)
        return client

    async def public_keys(self, client: KnownClient) -> Mapping[str, Any]:
        """The client's JWK set.

        Raises:
            ClientProblem: it has none, or they cannot be fetched.
        """
        if client.keys is not None:
            found: dict[str, Any] = json.loads(client.keys)
            return found
        if client.keys_url is None or self._documents is None:
            raise ClientProblem("this client has no keys")
        try:
            return await self._documents.keys({"jwks_uri": client.keys_url})
        except DocumentRefused as problem:
            raise ClientProblem(problem.reason) from None

    async def _find_document(self, url: str, *, is_token_request: bool) -> KnownClient:
        if self._documents is None:
            raise ClientProblem("this server takes no client metadata documents; register the client")
        try:
            document = await self._documents.find(url, is_token_request=is_token_request)
            return of_document(document, allows_private_schemes=self._allows_private_schemes)
        except DocumentRefused as problem:
            raise ClientProblem(problem.reason) from None


def of_document(document: ClientDocument, *, allows_private_schemes: bool = True) -> KnownClient:
    """The client that a metadata document describes.

    Raises:
        DocumentRefused: it breaks a rule.
    """
    metadata = read_metadata(document.url, document.body, allows_private_schemes=allows_private_schemes)
    return replace(
        _of_metadata(document.url, "document", metadata),
        auth_methods=tuple(metadata["token_endpoint_auth_methods"]),
        document_hash=_substance(metadata),
    )


def _substance(metadata: Mapping[str, Any]) -> bytes:
    hosts = sorted({redirects.display_host(uri) for uri in metadata["redirect_uris"]})
    whole = [metadata.get("client_name"), hosts, metadata.get("jwks"), metadata.get("jwks_uri")]
    return digest(json.dumps(whole, sort_keys=True))


def of_record(record: Client) -> KnownClient:
    """The client that a registration in the store describes."""
    metadata = json.loads(record.metadata)
    methods: tuple[str, ...] = (record.auth_method,)
    if not record.is_auth_method_chosen and record.auth_method in SECRET_METHODS:
        # RFC 7591 §2 gives a method to those that named none; they send the secret either way.
        methods = tuple(sorted(SECRET_METHODS))
    return replace(
        _of_metadata(record.client_id, "operator" if record.expires_at is None else "dynamic", metadata),
        auth_methods=methods,
        secret_hash=record.secret_hash,
        secret_expires_at=record.secret_expires_at,
    )


def _of_metadata(client_id: str, kind: Kind, metadata: Mapping[str, Any]) -> KnownClient:
    keys = metadata.get("jwks")
    return KnownClient(
        client_id=client_id,
        kind=kind,
        name=str(metadata.get("client_name") or ""),
        redirect_uris=tuple(metadata.get("redirect_uris", ())),
        grant_types=tuple(metadata.get("grant_types") or DEFAULT_GRANT_TYPES),
        keys=None if keys is None else json.dumps(keys),
        keys_url=metadata.get("jwks_uri"),
        scope=metadata.get("scope"),
        may_introspect=kind == "operator" and metadata.get("introspection") is True,
        grant_id=metadata.get("grant_id") if kind == "operator" else None,
    )
