"""Every setting once, with its unit and default; each is an environment variable with the prefix SOCIALAPI_."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tools.problems import pattern
from tools.surfaces import TOOLSETS, UnknownToolset, named

HOSTED_API = "https://api.social-api.ai/v1"


def _web_address(value: str) -> str:
    """Refuse at the start what would look like a broken network at every call."""
    if not _is_address(value, {"http", "https"}):
        raise PydanticCustomError("web_address", "not a web address; write it like https://api.example.com")
    return value


def _database_address(value: str) -> str:
    """Refuse what SQLAlchemy cannot read. The value is not shown: it may hold a password."""
    # Without a host PostgreSQL is reached by its socket.
    is_postgresql = _is_address(value, {"postgresql", "postgresql+psycopg"}, needs_host=False)
    if not value.startswith("sqlite:///") and not is_postgresql:
        raise PydanticCustomError(
            "database_address", "not a database address; write it like postgresql://user:password@host:5432/name"
        )
    return value


def _is_address(value: str, schemes: set[str], *, needs_host: bool = True) -> bool:
    try:
        parts = urlsplit(value)
        is_whole = "://" in value and bool(parts.hostname or not needs_host)
        # The port is parsed when it is asked for.
        return parts.scheme in schemes and is_whole and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


NARROWED_BY = ";"
"""Between lists of toolsets of which each narrows the ones before."""


def _toolsets(value: str) -> str:
    try:
        for part in value.split(NARROWED_BY):
            named(part)
    except UnknownToolset as error:
        raise PydanticCustomError("toolsets", "{reason}", {"reason": str(error)}) from None
    return value


Confirm = Literal["never", "destructive", "public"]
Toolsets = Annotated[str, AfterValidator(_toolsets)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
DatabaseAddress = Annotated[str, AfterValidator(_database_address)]


class Settings(BaseSettings):
    """Read from the environment; the command line overrides some."""

    model_config = SettingsConfigDict(env_prefix="SOCIALAPI_", env_ignore_empty=True, extra="ignore")

    api_key: SecretStr | None = Field(
        default=None, description="Key of the hosted API. Without it, the local API runs."
    )
    base_url: WebAddress | None = Field(default=None, description=f"Address of the REST API; default {HOSTED_API}.")
    files_root: Path = Field(
        default=Path(), description="Folder that uploads by path may read; default the working one."
    )
    data_dir: Path = Field(
        default_factory=lambda: user_data_path("socialapi-mcp", appauthor=False),
        description="Folder of the local API's data.",
    )
    database_url: DatabaseAddress | None = Field(
        default=None, description="PostgreSQL for the local API, instead of SQLite."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8080, ge=1, le=65535, description="Port to listen on.")
    public_url: WebAddress | None = Field(default=None, description="Address that clients reach the server at.")
    max_body_bytes: int = Field(default=8 * 1024 * 1024, ge=1024, description="Largest request to /mcp, in bytes.")
    max_calls_in_flight: int = Field(default=16, ge=1, description="Calls at once for each caller.")
    connect_timeout_seconds: float = Field(default=10.0, gt=0, description="For connecting to the API, in seconds.")
    read_timeout_seconds: float = Field(default=60.0, gt=0, description="For the API's answer, in seconds.")
    drain_seconds: float = Field(
        default=10.0,
        ge=0,
        description="How long calls in flight may still take when the server is stopped, in seconds.",
    )
    log_level: str = Field(
        default="INFO",
        pattern=pattern("(?i)^(debug|info|warning|error)$", "debug, info, warning or error"),
        description="debug, info, warning or error.",
    )

    toolsets: Toolsets | None = Field(
        default=None, description=f"Tools to list, separated by commas, of {', '.join(TOOLSETS)}; default core."
    )
    read_only: bool = Field(default=False, description="Refuse everything that changes something.")
    draft_only: bool = Field(default=False, description="Refuse everything that changes something but drafts.")
    confirm: Confirm = Field(
        default="destructive",
        description="What a person is asked about first: nothing, deleting, or also what others get to see.",
    )
    time_zone: str | None = Field(default=None, description="Zone of times without an offset, such as Europe/Berlin.")
    brand_time_zones: str = Field(
        default="", description="Zones of single brands, brand id=zone, separated by commas; over the one above."
    )
    allow_secret_arguments: bool = Field(
        default=False, description="Take X credentials and bot tokens as arguments, where a model reads them."
    )

    sign_in: bool = Field(default=True, description="Let people sign in over HTTP; off leaves API keys only.")
    accept_api_keys: bool = Field(default=True, description="Take API keys as bearers at /mcp besides sign-ins.")
    auth_keys: SecretStr | None = Field(
        default=None, description="Key-encryption keys, id:base64 of 32 bytes each, separated by commas, newest first."
    )
    auth_keys_file: Path | None = Field(default=None, description="File with the same, readable by its owner only.")
    auth_database_url: DatabaseAddress | None = Field(
        default=None,
        description="PostgreSQL for sign-ins; default SOCIALAPI_DATABASE_URL, else SQLite in the data folder.",
    )
    presets: str = Field(
        default="Analyst, Drafter, Community manager, Publisher, Admin",
        description="Roles on the consent page, separated by commas; the first is chosen at first.",
    )
    baseline_scopes: str | None = Field(
        default=None, description="What clients are told to ask for at first, separated by spaces; default all."
    )
    access_token_minutes: int = Field(default=60, ge=1, le=60, description="Life of an access token, in minutes.")
    sign_in_days: int = Field(default=180, ge=1, le=3650, description="Life of a sign-in, however often it is used.")
    idle_days: int = Field(default=30, ge=1, le=365, description="Days without use after which a sign-in ends.")
    refresh_grace_seconds: int = Field(
        default=120, ge=0, le=1800, description="How long a used refresh token answers the same once more, in seconds."
    )
    open_registration: bool = Field(default=True, description="Let clients register by themselves (RFC 7591).")
    client_documents: bool = Field(default=True, description="Take clients that publish a metadata document.")
    client_document_hosts: str = Field(
        default="", description="Hosts whose client documents are taken, separated by commas; default any."
    )
    client_document_networks: str = Field(
        default="", description="Networks, besides public addresses, that client documents may come from."
    )
    client_document_ports: list[int] = Field(default=[443], description="Ports that client documents may come from.")
    private_schemes: bool = Field(default=True, description="Take redirect URIs such as cursor://.")
    client_credentials: bool = Field(default=False, description="Offer the client_credentials grant.")
    trusted_issuers_file: Path | None = Field(
        default=None, description="JSON list of identity providers whose ID-JAG assertions are taken."
    )
    redis_url: SecretStr | None = Field(
        default=None, description="Redis for limits that machines share, and revocations at once."
    )
    metrics_token: SecretStr | None = Field(
        default=None, description="Bearer token with which /metrics may be read; without one it is not there."
    )

    @property
    def readable_folder(self) -> Path | None:
        """What uploads by path may read; nothing, where the working folder is the whole machine and none was chosen."""
        root = self.files_root.resolve()
        is_whole = root == Path(root.anchor)
        return None if is_whole and "files_root" not in self.model_fields_set else root

    @property
    def is_embedded(self) -> bool:
        """Whether the REST API runs in this process."""
        return self.api_key is None and self.base_url is None

    @property
    def upstream(self) -> str:
        """Address of the REST API, with /v1 and without a slash at the end."""
        address = (self.base_url or HOSTED_API).rstrip("/")
        return address if address.endswith("/v1") else address + "/v1"
