"""Who is let in at /mcp: holders of an API key, and of an access token that this server issued for it.

RFC 6750 §3 and RFC 9728 §5.1 say what the others are told, so that their client can sign in.
"""

import logging
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from auth.audit import Kind
from auth.authority import Authority
from auth.broker import Credential, NoCredential
from auth.metadata import VIEW, resource_metadata_url
from auth.records import Unavailable
from auth.scopes import TokenScope, format_scopes, parse_scopes
from auth.tokens import Claims, TokenRefused
from auth.vault import VaultError
from server.callers import Caller, caller_of, permission_named
from server.resources import tool_of
from tools.definitions import definitions
from tools.registry import ALIASES
from tools.surfaces import RUNNERS

logger = logging.getLogger(f"socialapi_mcp.{__name__}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """Somebody who is not let in: status, words, and headers that a client acts on."""

    status: int
    message: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Door(Protocol):
    """Decides who comes in."""

    reads_bodies: bool
    """Whether `admits_message` wants to see the messages of callers that it let in."""

    async def admit(self, authorization: str | None) -> Caller | Turned:
        """The caller behind an `Authorization` header."""
        ...

    def admits_message(self, caller: Caller, message: Any) -> Turned | None:
        """Refuse a call that needs more than was granted, before anything happens."""
        ...

    def addressed(self, turned: Turned, host: str | None, path: str = "") -> Turned:
        """The same for whoever asked by this name of the machine, at this path."""
        ...

    async def key_refused(self, caller: Caller) -> Turned:
        """What a caller is told whose sign-in has a key behind it that the API does not know any more."""
        ...


class KeysOnly:
    """API keys alone: nobody can sign in."""

    reads_bodies = False

    async def admit(self, authorization: str | None) -> Caller | Turned:
        caller = caller_of(authorization)
        if caller is not None:
            return caller
        # RFC 6750 §3.1: no error code when no credential was sent at all.
        challenge = 'Bearer realm="socialapi-mcp"'
        if authorization is not None:
            challenge += ', error="invalid_token", error_description="not a SocialAPI key"'
        message = "send Authorization: Bearer sapi_key_… with the key of your workspace"
        return Turned(status=401, message=message, headers=((b"www-authenticate", challenge.encode()),))

    def admits_message(self, caller: Caller, message: Any) -> Turned | None:
        return None

    def addressed(self, turned: Turned, host: str | None, path: str = "") -> Turned:
        return turned

    async def key_refused(self, caller: Caller) -> Turned:
        raise AssertionError("nobody signs in here")


@dataclass
class SignIn:
    """Access tokens of the authority for one resource, and API keys where they are welcome."""

    authority: Authority
    resource: str
    accepts_keys: bool = True
    reads_bodies: bool = field(default=True, init=False)

    async def admit(self, authorization: str | None) -> Caller | Turned:
        """Let in a caller, or say how to sign in: 401 for a credential that is none, 503 when it cannot be judged."""
        if not authorization:
            return self._challenge(None, "sign in: your client finds out how from the WWW-Authenticate header")
        scheme, _, token = authorization.strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return self._challenge("invalid_token", "send the credential as Authorization: Bearer …")
        if token.startswith("sapi_key_"):
            return self._with_key(authorization)
        return await self._with_token(token)

    def _with_key(self, authorization: str) -> Caller | Turned:
        if not self.accepts_keys:
            return self._challenge("invalid_token", "this server takes no API keys; sign in instead")
        return caller_of(authorization) or self._challenge("invalid_token", "this is no SocialAPI key")

    async def _with_token(self, token: str) -> Caller | Turned:
        try:
            claims = await self.authority.verify(token, self.resource)
            credential = await self._credential(claims)
        except (TokenRefused, NoCredential):
            return self._challenge("invalid_token", "the token is expired, revoked, or not for this server")
        except (Unavailable, VaultError) as problem:
            # Not the token's fault: a client that is told 401 would make its user sign in for nothing.
            logger.error("a sign-in cannot be judged: %s", problem)
            message = "sign-ins cannot be checked now; try again in a moment"
            return Turned(status=503, message=message, headers=((b"retry-after", b"5"),))
        return Caller(
            authorization=f"Bearer {credential.key.reveal().decode()}",
            scopes=parse_scopes(claims.scope),
            drafts_only=credential.details.drafts_only,
            grant_id=claims.grant_id,
            client_id=claims.client_id,
            subject=claims.subject,
        )

    async def _credential(self, claims: Claims) -> Credential:
        try:
            return await self.authority.credentials.find(claims.grant_id)
        except VaultError:
            await self.authority.audit.note(
                Kind.UNSEAL_FAILED, subject=claims.subject, client_id=claims.client_id, grant_id=claims.grant_id
            )
            raise

    def admits_message(self, caller: Caller, message: Any) -> Turned | None:
        """403 with every scope that a call needs: clients ask for them and come again (RFC 6750 §3.1)."""
        name = _tool_called(message)
        entry = None if name is None else definitions().get(name)
        needed = [] if entry is None else [caller.lacks(permission_named(scope)) for scope in entry["scopes"]]
        # A workflow goes as far as one of its scopes leads; whoever has none is told of all.
        if not needed or not all(needed):
            return None
        missing = frozenset[TokenScope]().union(*needed)
        words = f"this call needs {format_scopes(missing)}, which was not granted"
        return Turned(
            status=403,
            message=words,
            headers=(self._header("insufficient_scope", words, caller.challenge_scope(missing)),),
        )

    def addressed(self, turned: Turned, host: str | None, path: str = "") -> Turned:
        """The challenge leads to the document that has the name which was typed: clients compare the two."""
        view = path.removeprefix("/mcp")
        named = self.authority.policy.named(self.resource, host) + (view if VIEW.fullmatch(view) else "")
        if named == self.resource:
            return turned
        old, new = (resource_metadata_url(one).encode() for one in (self.resource, named))
        return replace(turned, headers=tuple((name, value.replace(old, new)) for name, value in turned.headers))

    async def key_refused(self, caller: Caller) -> Turned:
        """401, and no refreshing any more: only another sign-in brings another key."""
        if caller.grant_id is not None:
            try:
                await self.authority.mark_upstream_invalid(caller.grant_id)
            except Unavailable as problem:
                logger.error("a refused key cannot be noted: %s", problem)
        return self._challenge("invalid_token", "the API does not know the key behind this sign-in any more; sign in")

    def _challenge(self, error: str | None, words: str) -> Turned:
        scope = " ".join(self.authority.policy.baseline_scopes)
        return Turned(status=401, message=words, headers=(self._header(error, words, scope),))

    def _header(self, error: str | None, words: str, scope: str) -> tuple[bytes, bytes]:
        parts = [f'resource_metadata="{resource_metadata_url(self.resource)}"', f'scope="{scope}"']
        if error is not None:
            plain = words.encode("ascii", "replace").decode().replace('"', "'")
            parts = [f'error="{error}"', f'error_description="{plain}"', *parts]
        return b"www-authenticate", f"Bearer {', '.join(parts)}".encode()


def _tool_called(message: Any) -> str | None:
    """The tool that a message calls, by its own name or as the resource that it answers."""
    params = message.get("params") if isinstance(message, dict) else None
    if not isinstance(params, dict):
        return None
    name, uri = params.get("name"), params.get("uri")
    if message.get("method") == "tools/call" and isinstance(name, str):
        arguments = params.get("arguments")
        inner = arguments.get("name") if isinstance(arguments, dict) and name in RUNNERS else None
        name = inner if isinstance(inner, str) else name
        return ALIASES.get(name, name)
    return tool_of(uri) if message.get("method") == "resources/read" and isinstance(uri, str) else None
