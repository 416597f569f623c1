"""Every permission an operation can ask for, with one line of meaning each.

Source: the scope catalogue (`GET /keys/scopes`) and the rules for restricted keys.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Scope(StrEnum):
    """One of the twelve scopes that a key or token may carry."""

    ACCOUNTS_READ = "accounts:read"
    ACCOUNTS_MANAGE = "accounts:manage"
    POSTS_READ = "posts:read"
    POSTS_WRITE = "posts:write"
    MEDIA_READ = "media:read"
    MEDIA_WRITE = "media:write"
    INBOX_READ = "inbox:read"
    INBOX_WRITE = "inbox:write"
    DMS_READ = "dms:read"
    DMS_SEND = "dms:send"
    WEBHOOKS_MANAGE = "webhooks:manage"
    ANALYTICS_READ = "analytics:read"


class Access(StrEnum):
    """What an operation asks for when no scope covers it."""

    PUBLIC = "public"
    """No credential at all."""
    ALWAYS = "always"
    """Any valid key, however restricted."""
    ADMIN = "admin"
    """Unrestricted credentials only: keys, brands, invites and the user are managed with these."""
    UNMAPPED = "unmapped"
    """In no scope of the catalogue, so refused to restricted keys (fail closed)."""
    DASHBOARD = "dashboard"
    """Dashboard sign-ins only; API keys are refused."""


Permission = Scope | Access


@dataclass(frozen=True, kw_only=True)
class ScopeInfo:
    """What a person is told about a scope."""

    description: str
    group: str
    account_level: bool = False
    """Covers the whole user, so a key restricted to brands never has it."""


SCOPES: Mapping[Scope, ScopeInfo] = {
    Scope.ACCOUNTS_READ: ScopeInfo(description="See brands and connected accounts", group="Accounts"),
    Scope.ACCOUNTS_MANAGE: ScopeInfo(description="Connect, set up and disconnect accounts", group="Accounts"),
    Scope.POSTS_READ: ScopeInfo(description="See posts, their state and their numbers", group="Posts"),
    Scope.POSTS_WRITE: ScopeInfo(description="Write, edit, publish and remove posts", group="Posts"),
    Scope.MEDIA_READ: ScopeInfo(description="Look through the media library", group="Media"),
    Scope.MEDIA_WRITE: ScopeInfo(description="Add files to the media library and remove them", group="Media"),
    Scope.INBOX_READ: ScopeInfo(description="Read comments, reviews and mentions", group="Inbox"),
    Scope.INBOX_WRITE: ScopeInfo(description="Answer and moderate comments, reviews and mentions", group="Inbox"),
    Scope.DMS_READ: ScopeInfo(description="Read private conversations", group="Messages"),
    Scope.DMS_SEND: ScopeInfo(description="Send private messages", group="Messages"),
    Scope.WEBHOOKS_MANAGE: ScopeInfo(
        description="Set up webhook endpoints and see their deliveries", group="Account-level", account_level=True
    ),
    Scope.ANALYTICS_READ: ScopeInfo(
        description="Read the event log, its totals and exports", group="Account-level", account_level=True
    ),
}


class BroadScope(StrEnum):
    """Scopes of tokens alone; an API key cannot carry them."""

    SOCIAL_ALL = "social:all"
    """Everything that the person's key can do."""


TokenScope = Scope | BroadScope

IMPLIES: Mapping[BroadScope, frozenset[Scope]] = {BroadScope.SOCIAL_ALL: frozenset(Scope)}

# Asks for a refresh token; it allows nothing, and no token carries it.
OFFLINE_ACCESS = "offline_access"

_KNOWN: Mapping[str, TokenScope] = {scope.value: scope for scope in (*BroadScope, *Scope)}
_READING = frozenset(scope for scope in Scope if scope.endswith(":read"))


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A role that a person can choose instead of single scopes."""

    name: str
    meaning: str
    scopes: frozenset[TokenScope]
    drafts_only: bool = False
    """No scope tells drafts from publishing: whoever grants this must hold posts to drafts as well."""


PRESETS: tuple[Preset, ...] = (
    Preset(name="Analyst", meaning="See everything, change nothing", scopes=_READING),
    Preset(
        name="Drafter",
        meaning="See everything, and prepare drafts that somebody else publishes",
        scopes=_READING | {Scope.POSTS_WRITE, Scope.MEDIA_WRITE},
        drafts_only=True,
    ),
    Preset(
        name="Community manager",
        meaning="See everything, answer people and moderate",
        scopes=_READING | {Scope.INBOX_WRITE, Scope.DMS_SEND},
    ),
    Preset(
        name="Publisher",
        meaning="See everything, and write and publish posts",
        scopes=_READING | {Scope.POSTS_WRITE, Scope.MEDIA_WRITE},
    ),
    Preset(
        name="Admin",
        meaning="Do everything that your key can do",
        scopes=frozenset({BroadScope.SOCIAL_ALL, *Scope}),
    ),
)
"""From the least to the most; the first is the default."""


_MAX_KEPT = 500
"""Longer than all scopes together: what a stranger makes longer by repeating them is not remembered."""


class UnknownScope(ValueError):
    """A scope that does not exist here (`invalid_scope`, RFC 6749 §5.2). Its text is a stranger's and not repeated."""


def parse_scopes(text: str) -> frozenset[TokenScope]:
    """Read a space-separated `scope` (RFC 6749 §3.3), with what each scope implies; `offline_access` is left out.

    Raises:
        UnknownScope: a scope that is not of the catalogue.
    """
    return _parse(text) if len(text) <= _MAX_KEPT else _parse.__wrapped__(text)


def only_known(text: str) -> str:
    """A stored `scope` without what this version does not know: another one may have granted more kinds."""
    return " ".join(name for name in text.split(" ") if name in _KNOWN)


@lru_cache(maxsize=512)
def _parse(text: str) -> frozenset[TokenScope]:
    named = [name for name in text.split(" ") if name and name != OFFLINE_ACCESS]
    if any(name not in _KNOWN for name in named):
        raise UnknownScope(f"scope must be of {', '.join(_KNOWN)}")
    return expand(_KNOWN[name] for name in named)


def expand(scopes: Iterable[TokenScope]) -> frozenset[TokenScope]:
    """Add what the broad scopes imply."""
    expanded = set(scopes)
    for broad, implied in IMPLIES.items():
        if broad in expanded:
            expanded |= implied
    return frozenset(expanded)


def format_scopes(scopes: Collection[TokenScope]) -> str:
    """Write scopes in the order of the catalogue, without what a broad one implies anyway."""
    return _format(frozenset(scopes))


@lru_cache(maxsize=512)
def _format(scopes: frozenset[TokenScope]) -> str:
    implied = {scope for broad in IMPLIES if broad in scopes for scope in IMPLIES[broad]}
    return " ".join(name for name, scope in _KNOWN.items() if scope in scopes and scope not in implied)


def granted(
    asked: Iterable[TokenScope], chosen: Iterable[TokenScope], possible: Iterable[TokenScope]
) -> frozenset[TokenScope]:
    """What a grant allows: what the client asked for, the person chose, and the person's key can do.

    A broad scope stays only where all three hold it.
    """
    return expand(asked) & expand(chosen) & expand(possible)
