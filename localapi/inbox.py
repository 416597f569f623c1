"""What the inbox's groups share: the checks that come before anything is charged."""

from localapi.context import Refusal, missing_field
from localapi.tables import Account


def check_text(text: str | None) -> None:
    """Refuse a text that nobody would see: it is empty, or nothing but white space."""
    if not (text or "").strip():
        raise missing_field("text")


def check_connected(account: Account) -> None:
    """Refuse what needs the platform while it no longer lets the account in."""
    if account.status != "active":
        raise Refusal(403, "account.reconnection_required", "connect this account again with POST /accounts/connect")
