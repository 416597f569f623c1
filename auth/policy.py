"""What the operator of an authorization server decides, with the figures that hold where they decide nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from auth import metadata
from auth.scopes import PRESETS, BroadScope, Preset, Scope
from auth.store import GRACE

CODE_LIFETIME = timedelta(seconds=60)
REQUEST_LIFETIME = timedelta(minutes=10)
SESSION_LIFETIME = timedelta(hours=12)
SESSION_IDLE = timedelta(hours=1)
DEFAULT_BASELINE: tuple[str, ...] = tuple(Scope)
"""All of them: a tool that its token does not allow is not listed, so a host that cannot step up would never get to
ask for more. The person narrows it, and the consent page starts with reading only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIssuer:
    """An enterprise's identity provider whose assertions are accepted (ID-JAG)."""

    issuer: str
    jwks_uri: str
    clients: tuple[str, ...] = ()
    """Which clients it may speak for; empty for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything that can be set.

    Raises:
        BadConfiguration: an address that clients could not compare, or a lifetime out of its bounds.
    """

    issuer: str
    resources: Sequence[str]
    rest_resource: str | None = None
    """The one of them that is a REST API: it knows brands by the token alone, and no drafts-only role."""
    local_names: tuple[str, ...] = ()
    """Other origins of the same server on this machine: people type localhost where 127.0.0.1 was printed."""
    baseline_scopes: Sequence[str] = DEFAULT_BASELINE
    presets: Sequence[Preset] = PRESETS
    """Offered on the consent page; the first is chosen at first."""
    access_lifetime: timedelta = timedelta(minutes=60)
    refresh_lifetime: timedelta = timedelta(days=30)
    """Of one refresh token; each use begins another."""
    grant_lifetime: timedelta = timedelta(days=180)
    """The absolute end of a sign-in."""
    grace: timedelta = GRACE
    allows_registration: bool = True
    allows_client_documents: bool = True
    document_hosts: frozenset[str] = field(default_factory=frozenset[str])
    """Hosts whose client documents are taken; empty for any."""
    allows_private_schemes: bool = True
    allows_client_credentials: bool = False
    trusted_issuers: tuple[TrustedIssuer, ...] = ()
    documentation_url: str | None = None

    def __post_init__(self) -> None:
        self.metadata_settings()
        minutes, grace = self.access_lifetime / timedelta(minutes=1), self.grace / timedelta(seconds=1)
        if not 1 <= minutes <= 60:
            raise metadata.BadConfiguration(f"an access token lives 1 to 60 minutes; got {minutes:g}")
        if not 0 <= grace <= 1800:
            raise metadata.BadConfiguration(f"the grace of a refresh token is 0 to 1800 seconds; got {grace:g}")
        if not self.presets:
            raise metadata.BadConfiguration("at least one preset is needed")

    def canonical(self, resource: str) -> str:
        """A resource under the issuer's own name and without a view of it; else as it is.

        A view, such as /mcp/x/inbox, shows a part of a resource: a token for it is one for the resource.
        """
        for name in self.local_names:
            if resource.startswith(f"{name}/"):
                resource = self.issuer + resource.removeprefix(name)
        for whole in self.resources:
            if metadata.VIEW.fullmatch(resource.removeprefix(whole)) and resource.startswith(whole):
                return whole
        return resource

    def named(self, resource: str, host: str | None) -> str:
        """A resource under the name by which this machine was asked; a host that is no local name changes nothing."""
        for name in self.local_names:
            if host is not None and name == f"http://{host.lower()}":
                return name + resource.removeprefix(self.issuer)
        return resource

    @property
    def is_secure(self) -> bool:
        """Whether it is served over https, so that cookies may insist on it."""
        return self.issuer.startswith("https://")

    def metadata_settings(self) -> metadata.Settings:
        """What is published of it."""
        return metadata.Settings(
            issuer=self.issuer,
            resources=self.resources,
            scopes=[*BroadScope, *Scope],
            baseline_scopes=self.baseline_scopes,
            documentation_url=self.documentation_url,
            allows_registration=self.allows_registration,
            allows_client_documents=self.allows_client_documents,
            allows_client_credentials=self.allows_client_credentials,
            allows_enterprise_grants=bool(self.trusted_issuers),
        )


def presets_named(text: str) -> tuple[Preset, ...]:
    """The presets of a comma-separated list, in its order.

    Raises:
        BadConfiguration: there is none of that name.
    """
    known = {preset.name.lower(): preset for preset in PRESETS}
    chosen = list[Preset]()
    for name in text.split(","):
        preset = known.get(" ".join(name.split()).lower())
        if preset is None:
            raise metadata.BadConfiguration(f"presets are {', '.join(one.name for one in PRESETS)}")
        chosen.append(preset)
    return tuple(chosen)
