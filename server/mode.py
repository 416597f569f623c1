"""What a request may see and do besides its scopes: toolsets, reading only, drafts only, when a person is asked."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request

from server.callers import FOR_DRAFTS
from server.settings import NARROWED_BY, Confirm, Settings
from tools.definitions import Definition, definitions
from tools.surfaces import DISCOVERY, members, named

TOOLSETS_HEADER, READ_ONLY_HEADER, DRAFT_ONLY_HEADER = "x-mcp-toolsets", "x-mcp-read-only", "x-mcp-draft-only"
TIME_ZONE_HEADER = "x-mcp-time-zone"
PATH = "/mcp/x/"
"""Before the toolsets of an address, such as /mcp/x/inbox,publishing."""
_DRAFTS = FOR_DRAFTS | {"upload_media", "create_upload_url", "verify_media"}
"""Writes of which nothing becomes public as long as a post is a draft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One request's, or a process's: what is narrower of all that was said holds."""

    toolsets: tuple[frozenset[str], ...] = ()
    """What each place that names toolsets says; a tool is listed if all of them have it. None named: the core."""
    read_only: bool = False
    draft_only: bool = False
    confirm: Confirm = "destructive"
    zone: ZoneInfo | None = None
    brand_zones: dict[str, ZoneInfo] = field(default_factory=dict[str, ZoneInfo], hash=False)
    allow_secret_arguments: bool = False

    @property
    def key(self) -> object:
        """What the list of tools depends on."""
        return self.toolsets, self.read_only, self.draft_only

    def lists(self, name: str, entry: Definition) -> bool:
        """Whether a tool is shown."""
        chosen = self.toolsets or (frozenset({"core"}),)
        return all(name in _members(one) for one in chosen) and self.allows(name, entry)

    def allows(self, name: str, entry: Definition) -> bool:
        """Whether a tool may be called at all, listed or not."""
        if entry["tool"]["annotations"]["readOnlyHint"]:
            return True
        if name in DISCOVERY:
            return not self.read_only
        if self.read_only:
            return False
        return not self.draft_only or name in _DRAFTS or bool(entry.get("drafts"))

    def refusal(self, name: str) -> list[str]:
        """What to say of a call that the mode does not allow."""
        what = "reads only" if self.read_only else "prepares drafts and makes nothing public"
        return [
            f"{name} was not called: this connection {what}",
            "retry: no",
            "next: tell the person; whoever runs this server can connect without "
            + ("--read-only." if self.read_only else "--draft-only."),
        ]


def of_process(settings: Settings) -> Mode:
    """The mode that the settings choose; raises server.times.BadTime for a zone that does not exist."""
    pairs = [part.partition("=") for part in settings.brand_time_zones.split(",") if part.strip()]
    return Mode(
        toolsets=() if settings.toolsets is None else tuple(map(named, settings.toolsets.split(NARROWED_BY))),
        read_only=settings.read_only,
        draft_only=settings.draft_only,
        confirm=settings.confirm,
        zone=None if settings.time_zone is None else _zone(settings.time_zone),
        brand_zones={brand.strip(): _zone(zone.strip()) for brand, _, zone in pairs},
        allow_secret_arguments=settings.allow_secret_arguments,
    )


def of_request(process: Mode, request: Request | None) -> Mode:
    """The process's mode, narrowed by what the address and the headers of a request say.

    Raises:
        tools.surfaces.UnknownToolset: one of them names what does not exist.
        server.times.BadTime: the time zone does not exist.
    """
    if request is None:
        return process
    path, headers = str(request.scope.get("state", {}).get("path", "")), request.headers
    sources = [path.removeprefix(PATH)] if path.startswith(PATH) else []
    sources += [value] if (value := headers.get(TOOLSETS_HEADER)) else []
    zone = headers.get(TIME_ZONE_HEADER)
    narrowed: dict[str, Any] = {}
    if sources:
        narrowed["toolsets"] = (*process.toolsets, *(named(source) for source in sources))
    for name, header in (("read_only", READ_ONLY_HEADER), ("draft_only", DRAFT_ONLY_HEADER)):
        # Whatever is said but a plain no narrows.
        if headers.get(header, "").strip().lower() not in {"", "0", "false", "no"}:
            narrowed[name] = True
    if zone:
        narrowed["zone"] = _zone(zone)
    if not narrowed:
        return process
    # dataclasses.replace takes twice as long, and every call over HTTP comes by here.
    return Mode(**{name: getattr(process, name) for name in Mode.__slots__} | narrowed)


@lru_cache(maxsize=256)
def _members(toolsets: frozenset[str]) -> frozenset[str]:
    return members(toolsets, {name: entry["group"] for name, entry in definitions().items()})


def _zone(name: str) -> ZoneInfo:
    from server.times import zone_named

    return zone_named(name)
