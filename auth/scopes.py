"""Every permission an operation can ask for, with one line of meaning each.

Source: the scope catalogue (`GET /keys/scopes`) and the rules for restricted keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


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
