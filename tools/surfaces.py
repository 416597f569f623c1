"""Which tools are listed together: the daily surface, the toolsets, and what each may cost in tokens."""

from collections.abc import Iterable, Mapping

DISCOVERY = ("find_operations", "describe_operation", "run_read_operation", "run_write_operation")
"""Listed with every toolset, so that each operation can be reached whatever is listed."""

RUNNERS = frozenset({"run_read_operation", "run_write_operation"})
"""Of which the operation that they run decides what is needed."""

CORE = (
    *DISCOVERY,
    "triage_inbox",
    "prepare_post",
    "publish_prepared_post",
    "add_media",
    "plan_bulk",
    "run_bulk",
    "whats_been_done",
    "search",
    "fetch",
    "list_accounts",
    "list_brands",
    "list_comments",
    "reply_to_comment",
    "hide_comment",
    "list_conversations",
    "list_messages",
    "send_message",
    "list_reviews",
    "reply_to_review",
    "list_posts",
    "get_post",
    "update_post",
    "get_post_metrics",
    "list_media",
)
"""A social manager's day, in the order of the list."""

CORE_TOKENS, ALL_TOKENS, TOKENS_A_TOOL, CORE_TOOLS = 4_000, 14_000, 150, 28
"""Upper bounds: for the daily surface, for everything, for a tool of the daily surface on average, and its number."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "accounts": ("Accounts", "Brands", "Invites"),
    "inbox": ("Inbox - Comments", "Inbox - Conversations", "Inbox - Reviews", "Mentions"),
    "publishing": ("Publishing",),
    "media": ("Media Library",),
    "analytics": ("Exports", "Events", "Usage"),
    "webhooks": ("Webhooks",),
    "whatsapp": ("WhatsApp",),
    "admin": (
        "API Keys",
        "OAuth redirect URIs",
        "Twitter BYOK",
        "Users",
        "Billing",
        "Announcements",
        "Feedback",
    ),
    "instagram": ("Instagram",),
    "facebook": ("Platforms",),
    "youtube": ("YouTube",),
    "tiktok": ("TikTok",),
    "pinterest": (),
    "linkedin": ("LinkedIn",),
}
"""Toolset → groups of operations."""

ALSO: Mapping[str, tuple[str, ...]] = {
    "accounts": ("get_usage",),
    "inbox": ("list_accounts", "list_brands", "triage_inbox", "plan_bulk", "run_bulk", "search", "fetch"),
    "publishing": (
        "list_accounts",
        "list_brands",
        "prepare_post",
        "publish_prepared_post",
        "add_media",
        "plan_bulk",
        "run_bulk",
        "list_media",
    ),
    "media": ("add_media",),
    "analytics": (
        "list_accounts",
        "list_brands",
        "list_posts",
        "get_post_metrics",
        "get_account_limits",
        "get_instagram_summary",
        "get_youtube_summary",
        "get_tiktok_summary",
        "get_pinterest_summary",
        "get_linkedin_insights",
    ),
    "whatsapp": ("list_accounts", "list_conversations", "list_messages", "send_message"),
    "admin": ("whats_been_done",),
    "pinterest": (
        "list_pinterest_boards",
        "create_pinterest_board",
        "delete_pinterest_board",
        "update_pinterest_board",
        "list_pinterest_pins",
        "get_pinterest_summary",
    ),
    "facebook": ("list_account_pages", "update_account_page"),
}
"""Toolset → tools besides those of its groups."""

TOOLSETS = ("all", "core", *GROUPS)


class UnknownToolset(ValueError):
    """A name that is no toolset; the text lists those that are."""


def named(text: str) -> frozenset[str]:
    """The toolsets of a list with commas between.

    Raises:
        UnknownToolset: one of them does not exist, or there is none.
    """
    names = frozenset(name for part in text.split(",") if (name := part.strip().lower()))
    unknown = sorted(names - set(TOOLSETS))
    if unknown or not names:
        first = "".join(letter for letter in (unknown or [""])[0] if letter.isprintable())[:40]
        raise UnknownToolset(f"there is no toolset {first!r}; choose of {', '.join(TOOLSETS)}, with commas between")
    return names


def members(toolsets: Iterable[str], groups: Mapping[str, str | None]) -> frozenset[str]:
    """The tools of these toolsets together, of all that `groups` names (tool → its group; None for workflows)."""
    chosen = set(toolsets)
    if "all" in chosen:
        return frozenset(groups)
    found = set[str](DISCOVERY)
    if "core" in chosen:
        found.update(CORE)
    for toolset in chosen - {"core"}:
        found.update(ALSO.get(toolset, ()))
        found.update(name for name, group in groups.items() if group in GROUPS[toolset])
    return frozenset(found & groups.keys())
