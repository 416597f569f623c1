"""What the inbox is made of: one thing that somebody wrote, from any of its kinds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from server.bodies import moment

Kind = Literal["comment", "message", "review", "mention"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing somebody wrote. Its words are a stranger's: fence them before they are shown."""

    kind: Kind
    id: str
    account_id: str
    platform: str
    author: str
    text: str
    at: datetime | None
    is_answered: bool
    """By us; what others said to it is no answer."""
    is_certain: bool = True
    """Whether is_answered is known; else it is the better guess."""
    post_id: str = ""
    """Of a comment or a mention."""
    comment_id: str = ""
    """Of a mention inside a comment."""
    rating: int | None = None
    window_closes_at: datetime | None = None
    may_reply: bool = True
    link: str = ""
    row: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def key(self) -> str:
        """By which it is found again."""
        return ":".join(filter(None, (self.kind, self.account_id, self.post_id, self.id)))


def comments_of(
    rows: Sequence[Mapping[str, Any]], *, post_id: str, account_id: str, platform: str, link: str = ""
) -> list[Item]:
    """What others wrote below a post; a comment of which only a number of replies is known is not certain."""
    # Some platforms list replies among the comments.
    answered = {str(row["parent_id"]) for row in rows if row.get("is_owner") and row.get("parent_id")}
    return [
        _comment(row, answered, post_id=post_id, account_id=account_id, platform=platform, link=link)
        for row in rows
        if not row.get("is_owner")
    ]


def _comment(row: Mapping[str, Any], answered: set[str], **where: str) -> Item:
    names, able = {str(row.get("id")), str(row.get("platform_id"))}, row.get("capabilities")
    # What was hidden was dealt with.
    is_done = bool(row.get("is_hidden")) or not names.isdisjoint(answered)
    has_replies = bool(row.get("has_replies") or row.get("reply_count"))
    return Item(
        kind="comment",
        id=str(row.get("id") or ""),
        account_id=where["account_id"],
        platform=where["platform"] or str(row.get("platform") or ""),
        author=str(row.get("author_name") or row.get("author_username") or ""),
        text=str(row.get("text") or ""),
        at=moment(row.get("created_at")),
        is_answered=is_done or has_replies,
        is_certain=is_done or not has_replies,
        post_id=where["post_id"],
        may_reply=not isinstance(able, dict) or able.get("can_reply") is not False,
        link=where["link"],
        row=row,
    )
