"""Builds the authorization server from the settings: its database, keys, policy, and the REST API behind it."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from auth import key_files, redirects
from auth.fanout import RedisFanout
from auth.limits import Buckets, MemoryBuckets, RedisBuckets, StoreBuckets
from auth.metadata import BadConfiguration
from auth.policy import DEFAULT_BASELINE, Policy, TrustedIssuer, presets_named
from auth.records import Hit, Unavailable
from auth.scopes import Preset, UnknownScope, format_scopes, parse_scopes
from auth.store import Store
from auth.vault import BadKeys, KeyEncryptionKeys, Secret, Vault, VaultError
from server.settings import Settings
from tools.rest import RestClient

if TYPE_CHECKING:
    from auth.authority import Authority

KEYS_FILE = "auth_keys"
DATABASE_FILE = "auth.sqlite"


class CannotSignIn(Exception):
    """The authorization server cannot start; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether people can sign in here, and why not."""

    is_on: bool
    why_not: str | None = None


def readiness(settings: Settings, address: str) -> Readiness:
    """Whether to offer sign-in at this address: over https, or on this machine."""
    if not settings.sign_in:
        return Readiness(is_on=False, why_not="it is switched off (SOCIALAPI_SIGN_IN)")
    if not address.startswith("https://") and not is_here(address):
        return Readiness(
            is_on=False, why_not="it needs https; set SOCIALAPI_PUBLIC_URL to the address that clients use"
        )
    if urlsplit(address).path.strip("/") or urlsplit(address).query:
        # Clients look for the metadata of an issuer with a path in three places, and some in none of them.
        return Readiness(is_on=False, why_not="it needs a host of its own; SOCIALAPI_PUBLIC_URL has a path")
    return Readiness(is_on=True)


def is_here(address: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        host = urlsplit(address).hostname or ""
        return redirects.parse(f"http://{f'[{host}]' if ':' in host else host}/").is_loopback
    except (redirects.RedirectRefused, ValueError):
        return False


def _local_names(address: str) -> tuple[str, ...]:
    """The other names of this machine: who is told 127.0.0.1 types localhost."""
    if not is_here(address) or not address.startswith("http://"):
        return ()
    parts = urlsplit(address)
    port = "" if parts.port is None else f":{parts.port}"
    return tuple(f"http://{name}{port}" for name in ("127.0.0.1", "localhost") if name != parts.hostname)


def policy_of(settings: Settings, address: str, *, serves_mcp: bool = True) -> Policy:
    """What the settings decide.

    Raises:
        CannotSignIn: a setting makes no sense.
    """
    rest = f"{address}/v1" if settings.is_embedded else None
    resources = ([f"{address}/mcp"] if serves_mcp else []) + ([] if rest is None else [rest])
    hosts = frozenset(host.strip().lower() for host in settings.client_document_hosts.split(",") if host.strip())
    try:
        baseline = DEFAULT_BASELINE
        if settings.baseline_scopes is not None:
            baseline = _scopes(settings.baseline_scopes)
        return Policy(
            issuer=address,
            resources=resources,
            rest_resource=rest,
            local_names=_local_names(address),
            baseline_scopes=baseline,
            presets=_presets(settings),
            access_lifetime=timedelta(minutes=settings.access_token_minutes),
            refresh_lifetime=timedelta(days=settings.idle_days),
            grant_lifetime=timedelta(days=settings.sign_in_days),
            grace=timedelta(seconds=settings.refresh_grace_seconds),
            allows_registration=settings.open_registration,
            allows_client_documents=settings.client_documents,
            document_hosts=hosts,
            allows_private_schemes=settings.private_schemes,
            allows_client_credentials=settings.client_credentials,
            trusted_issuers=_trusted_issuers(settings.trusted_issuers_file),
        )
    except BadConfiguration as problem:
        raise CannotSignIn(f"sign-in cannot start: {problem}") from None


def _presets(settings: Settings) -> tuple[Preset, ...]:
    try:
        return presets_named(settings.presets)
    except BadConfiguration as problem:
        raise BadConfiguration(f"SOCIALAPI_PRESETS: {problem}") from None


def _scopes(text: str) -> tuple[str, ...]:
    try:
        return tuple(format_scopes(parse_scopes(text)).split())
    except UnknownScope as problem:
        raise BadConfiguration(f"SOCIALAPI_BASELINE_SCOPES: {problem}") from None


async def open_authority(
    settings: Settings,
    address: str,
    rest: RestClient,
    *,
    local_key: str | None = None,
    memory: bool = False,
    in_background: bool = True,
    is_dev: bool = False,
    serves_mcp: bool = True,
) -> "Authority":
    """The authorization server of this process, started.

    Raises:
        CannotSignIn: no or wrong key-encryption keys, a database that cannot be used, or a setting that makes no sense.
    """
    # Here, because whoever asks only whether people can sign in need not wait for all of it to be imported.
    from auth.authority import Authority, LocalUser, system_clock
    from server.upstream import RestUpstream

    policy = policy_of(settings, address, serves_mcp=serves_mcp)
    folder = Path(mkdtemp(prefix="socialapi-auth-")) if memory else settings.data_dir
    vault = Vault(given_keys(settings, address, is_dev=is_dev) or _own_keys(folder))
    store = await open_store(settings, folder)
    upstream = RestUpstream(rest)
    authority = Authority(
        policy=policy,
        store=store,
        vault=vault,
        upstream=upstream,
        buckets=_buckets(settings, store, system_clock),
        documents=_documents(settings, policy, store),
        fanout=None if settings.redis_url is None else RedisFanout(settings.redis_url.get_secret_value()),
        local_user=None if local_key is None else LocalUser(name="the local user", key=Secret(local_key)),
    )
    try:
        await authority.start(in_background=in_background)
    except (VaultError, Unavailable) as problem:
        await store.close()
        raise CannotSignIn(f"sign-in cannot start: {problem}") from None
    return authority


async def open_store(settings: Settings, folder: Path) -> Store:
    """The database of the sign-ins, at the present schema.

    Raises:
        CannotSignIn: it cannot be used.
    """
    from auth.migrations.run import upgrade
    from auth.store_postgres import PostgresStore
    from auth.store_sqlite import SqliteStore

    url = settings.auth_database_url or settings.database_url
    try:
        if url is None or url.startswith("sqlite"):
            file = folder / DATABASE_FILE if settings.auth_database_url is None else Path(url or "")
            if settings.auth_database_url is not None:
                file = Path(settings.auth_database_url.removeprefix("sqlite:///"))
            await asyncio.to_thread(upgrade, f"sqlite:///{file}")
            return SqliteStore(file)
        plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
        await asyncio.to_thread(upgrade, plain)
        store = PostgresStore(plain)
        await store.open()
        return store
    except Unavailable as problem:
        raise CannotSignIn(f"sign-in cannot start: {problem}") from None
    except Exception as problem:
        # The driver's own text may quote the address, and that a password.
        raise CannotSignIn(f"the database of the sign-ins cannot be used ({type(problem).__name__})") from None


def given_keys(settings: Settings, address: str, *, is_dev: bool = False) -> KeyEncryptionKeys | None:
    """The operator's key-encryption keys; None where the server may make its own.

    Raises:
        CannotSignIn: they cannot be used, or none are given for an address that others reach.
    """
    try:
        if settings.auth_keys is not None:
            return KeyEncryptionKeys.parse(settings.auth_keys.get_secret_value())
        if settings.auth_keys_file is not None:
            return KeyEncryptionKeys.from_file(settings.auth_keys_file)
    except BadKeys as problem:
        raise CannotSignIn(f"the key-encryption keys cannot be used: {problem}") from None
    if is_dev or is_here(address):
        return None
    raise CannotSignIn(
        "sign-in needs a key-encryption key: run `socialapi-mcp keys new-kek` into a file of mode 0600 and "
        "name it in SOCIALAPI_AUTH_KEYS_FILE; or pass --dev to keep one in the data folder; or turn sign-in "
        "off with SOCIALAPI_SIGN_IN=false"
    )


def _own_keys(folder: Path) -> KeyEncryptionKeys:
    try:
        return KeyEncryptionKeys.from_file(_own_keys_file(folder))
    except BadKeys as problem:
        raise CannotSignIn(f"the key-encryption keys cannot be used: {problem}") from None


def _own_keys_file(folder: Path) -> Path:
    """The key file in the data folder, made by whichever process comes first."""
    file = folder / KEYS_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        key_files.ensure(file, key_files.new_key())
    except OSError as problem:
        raise CannotSignIn(f"the data folder {folder} cannot hold the keys of sign-in ({problem.strerror})") from None
    return file


def _trusted_issuers(file: Path | None) -> tuple[TrustedIssuer, ...]:
    if file is None:
        return ()
    try:
        rows: Any = json.loads(file.read_text(encoding="utf-8"))
        return tuple(
            TrustedIssuer(issuer=row["issuer"], jwks_uri=row["jwks_uri"], clients=tuple(row.get("clients", ())))
            for row in rows
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise BadConfiguration(
            f'{file} must be a JSON list of {{"issuer": "https://…", "jwks_uri": "https://…"}}'
        ) from None


def _documents(settings: Settings, policy: Policy, store: Store) -> Any:
    from auth.authority import system_clock
    from auth.client_documents import ClientDocuments
    from auth.egress import Egress, is_public

    if not policy.allows_client_documents and not policy.trusted_issuers:
        return None

    def allows(url: str) -> bool:
        host = (urlsplit(url).hostname or "").lower()
        return policy.allows_client_documents and (not policy.document_hosts or host in policy.document_hosts)

    networks = _networks(settings.client_document_networks)
    egress = Egress(
        is_allowed=lambda address: is_public(address) or any(address in network for network in networks),
        ports=frozenset(settings.client_document_ports),
    )
    return ClientDocuments(store, egress, clock=system_clock, allows=allows, buckets=MemoryBuckets(system_clock))


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(one.strip()) for one in text.split(",") if one.strip())
    except ValueError:
        raise CannotSignIn("SOCIALAPI_CLIENT_DOCUMENT_NETWORKS takes networks such as 10.0.0.0/8") from None


class _Split:
    """Frequent limits are counted in this process, rare ones in the database for all."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._here, self._shared = MemoryBuckets(clock), StoreBuckets(store, clock)

    async def hit(self, name: str, *, capacity: int, per: timedelta) -> Hit:
        is_frequent = name.startswith(("token_", "introspect_client", "authorize_address"))
        return await (self._here if is_frequent else self._shared).hit(name, capacity=capacity, per=per)


def _buckets(settings: Settings, store: Store, clock: Callable[[], datetime]) -> Buckets:
    if settings.redis_url is None:
        return _Split(store, clock)
    try:
        return RedisBuckets(settings.redis_url.get_secret_value(), clock)
    except ValueError as problem:
        raise CannotSignIn(f"SOCIALAPI_REDIS_URL: {problem}") from None
