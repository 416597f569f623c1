"""The commands of the command line that concern signing in: keys, clients, grants and links."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from server.printing import print_out
from server.serve import address, settings_or_exit, stop

if TYPE_CHECKING:
    from datetime import datetime

    from auth.authority import Authority
    from auth.records import Client, Grant

keys = App(name="keys", help="The keys that sign access tokens, and the keys that encrypt what is stored.")
clients = App(name="clients", help="Clients that the operator registers.")
grants = App(name="grants", help="What people granted, and the end of it.")
links = App(name="links", help="People of an enterprise's identity provider, and the API keys that they use.")
APPS = (keys, clients, grants, links)


def _run(work: "Callable[[Authority], Awaitable[None]]") -> None:
    from auth.records import Unavailable
    from auth.vault import VaultError
    from localapi.app import CannotStart
    from server import logs
    from server.administration import CannotAdminister, administering
    from server.sign_in import CannotSignIn, readiness

    settings = settings_or_exit()
    logs.set_up("WARNING")
    here = address(settings)
    ready = readiness(settings, here)
    if not ready.is_on:
        stop(f"nobody can sign in here: {ready.why_not}")

    async def run() -> None:
        async with administering(settings, here) as authority:
            await work(authority)

    try:
        asyncio.run(run())
    except (CannotAdminister, CannotSignIn, CannotStart, Unavailable, VaultError) as problem:
        stop(str(problem))


@keys.command(name="list")
def list_keys() -> None:
    """Print the signing keys with their state."""
    from server.administration import key_rows

    async def work(authority: "Authority") -> None:
        _table(key_rows(authority))

    _run(work)


@keys.command(name="rotate")
def rotate_keys(*, now: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Publish the next signing key, which takes over by itself after 61 minutes.

    Args:
        now: Let it sign at once.
    """
    from server.administration import rotate_keys as run

    async def work(authority: "Authority") -> None:
        print_out(await run(authority, at_once=now))

    _run(work)


@keys.command(name="revoke")
def revoke_key(kid: str) -> None:
    """Remove a signing key that may have leaked: its access tokens die at once, sign-ins live on.

    Args:
        kid: Id of the key, as `keys list` prints it.
    """
    from server.administration import revoke_key as run

    async def work(authority: "Authority") -> None:
        print_out(await run(authority, kid))

    _run(work)


@keys.command(name="new-kek")
def new_kek(key_id: str = "k1") -> None:
    """Print a new key-encryption key for SOCIALAPI_AUTH_KEYS_FILE; keep it as you keep a password.

    Args:
        key_id: Name of the key, 1 to 32 letters, digits, - and _; another one at each change.
    """
    from auth.key_files import new_key
    from auth.vault import BadKeys, KeyEncryptionKeys

    line = new_key(key_id)
    try:
        KeyEncryptionKeys.parse(line)
    except BadKeys as problem:
        stop(str(problem))
    print_out(line)


@clients.command(name="add")
def add_client(
    name: str,
    *,
    redirect_uri: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    public: Annotated[bool, Parameter(negative="")] = False,
    credentials: Annotated[bool, Parameter(negative="")] = False,
    enterprise: Annotated[bool, Parameter(negative="")] = False,
    introspection: Annotated[bool, Parameter(negative="")] = False,
    key_file: Path | None = None,
    scope: str | None = None,
) -> None:
    """Register a client, and print its id, and its secret, which is not shown again.

    Args:
        name: What people see on the consent page.
        redirect_uri: Where it receives answers; may be given several times.
        public: It runs on people's machines and keeps no secret.
        credentials: It acts by itself (client_credentials), with the API key of --key-file.
        enterprise: It brings assertions of an enterprise's identity provider (ID-JAG).
        introspection: It may ask about any token: a resource server of yours.
        key_file: File with the API key that it acts with.
        scope: What it may ask for at most, separated by spaces.
    """
    from auth.engine import JWT_BEARER

    by_itself = (["client_credentials"] if credentials else []) + ([JWT_BEARER] if enterprise else [])
    if not redirect_uri and not by_itself and not introspection:
        stop("say where the client receives answers with --redirect-uri, or what else it does: see --help")
    browser = ["authorization_code", "refresh_token"] if redirect_uri else []
    metadata: dict[str, Any] = {"client_name": name, "introspection": introspection}
    if browser + by_itself:
        metadata["grant_types"] = browser + by_itself
    if redirect_uri:
        metadata["redirect_uris"] = list(redirect_uri)
    if public:
        metadata |= {"token_endpoint_auth_method": "none"}
    if key_file is not None:
        metadata["api_key_file"] = key_file
    if scope is not None:
        metadata["scope"] = scope
    _add_clients([metadata])


@clients.command(name="load")
def load_clients(file: Path) -> None:
    """Register the clients of a file, and print their ids and secrets.

    Args:
        file: JSON list of registrations (RFC 7591 §2), each with a client_id of its own if it should have one.
    """
    from server.administration import CannotAdminister, read_clients

    try:
        rows = read_clients(file)
    except CannotAdminister as problem:
        stop(str(problem))
    _add_clients(rows)


def _add_clients(rows: Sequence[Mapping[str, Any]]) -> None:
    from server.administration import add_client as run

    async def work(authority: "Authority") -> None:
        for row in rows:
            print_out(json.dumps(await run(authority, row)))

    _run(work)


@clients.command(name="list")
def list_clients() -> None:
    """Print the registered clients, those that registered by themselves too."""

    async def work(authority: "Authority") -> None:
        from auth.clients import of_record

        records, after = list["Client"](), ""
        while page := await authority.store.list_clients(after=after):
            records += page
            after = page[-1].client_id
        _table(
            [
                {
                    "client": record.client_id,
                    "name": of_record(record).name or "-",
                    "kind": of_record(record).kind,
                    "last used": _day(record.last_used_at),
                    "until": _day(record.expires_at),
                }
                for record in records
            ]
        )

    _run(work)


@clients.command(name="remove")
def remove_client(client_id: str) -> None:
    """Remove a client; what people granted it stays, and can be revoked.

    Args:
        client_id: Id, as `clients list` prints it.
    """

    async def work(authority: "Authority") -> None:
        if not await authority.store.delete_client(client_id):
            stop("there is no such client; see `socialapi-mcp clients list`")
        print_out(f"{client_id} is removed; servers that know it forget it within 30 seconds")

    _run(work)


@grants.command(name="list")
def list_grants(*, user: str | None = None) -> None:
    """Print the sign-ins that are good.

    Args:
        user: Only of this user of the API.
    """

    async def work(authority: "Authority") -> None:
        from auth.broker import GrantDetails

        now, found, after = authority.clock(), list["Grant"](), ""
        while page := await authority.store.list_all_grants(after=after, now=now):
            found += page
            after = page[-1].grant_id
        _table(
            [
                {
                    "grant": grant.grant_id,
                    "user": grant.subject,
                    "client": GrantDetails.of(grant.details).client_name or grant.client_id,
                    "scope": grant.scope,
                    "last used": _day(grant.last_used_at),
                    "until": _day(grant.expires_at),
                }
                for grant in found
                if user in {None, grant.subject}
            ]
        )

    _run(work)


@grants.command(name="revoke")
def revoke_grant(grant_id: str) -> None:
    """End a sign-in: its tokens are refused within two seconds, and the stored key is erased.

    Args:
        grant_id: Id, as `grants list` prints it.
    """

    async def work(authority: "Authority") -> None:
        from auth.broker import GrantDetails

        found = await authority.store.find_grant(grant_id)
        if found is None or not await authority.revoke(grant_id, because="operator"):
            stop("there is no such sign-in, or it is over; see `socialapi-mcp grants list`")
        key_id = GrantDetails.of(found.details).upstream_key_id
        rest = f"; its key {key_id} is still in the workspace, delete it there" if key_id else ""
        print_out(f"{grant_id} is revoked{rest}")

    _run(work)


@grants.command(name="events")
def list_events(*, user: str | None = None, limit: int = 50) -> None:
    """Print what happened to sign-ins, the newest first: the audit log.

    Args:
        user: Only of this user of the API.
        limit: How many.
    """

    async def work(authority: "Authority") -> None:
        events = await authority.store.list_events(limit=max(limit, 1), subject=user)
        _table(
            [
                {
                    "at": event.at.isoformat(timespec="seconds"),
                    "event": event.kind,
                    "user": event.subject or "-",
                    "client": event.client_id or "-",
                    "grant": event.grant_id or "-",
                    "detail": event.detail,
                }
                for event in events
            ]
        )

    _run(work)


@links.command(name="add")
def add_link(*, issuer: str, subject: str, key_file: Path, tenant: str = "", scope: str | None = None) -> None:
    """Let a person of an identity provider use an API key through their enterprise's sign-in.

    Args:
        issuer: The provider, as in SOCIALAPI_TRUSTED_ISSUERS_FILE.
        subject: The person, as the provider's `sub`.
        key_file: File with the API key.
        tenant: The provider's `tenant`, if it has several.
        scope: What may be done at most, separated by spaces.
    """
    from server.administration import CannotAdminister, read_key
    from server.administration import add_link as run

    try:
        key = read_key(key_file)
    except CannotAdminister as problem:
        stop(str(problem))

    async def work(authority: "Authority") -> None:
        grant = await run(authority, issuer=issuer, subject=subject, tenant=tenant, key=key, scope=scope)
        print_out(f"{grant.grant_id} links this person; `socialapi-mcp grants revoke {grant.grant_id}` ends it")

    _run(work)


def _day(moment: "datetime | None") -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d}"


def _table(rows: Sequence[Mapping[str, str]]) -> None:
    if not rows:
        print_out("(none)")
        return
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in rows[0]}
    for row in ({name: name for name in rows[0]}, *rows):
        print_out("  ".join(row[name].ljust(widths[name]) for name in widths).rstrip())
