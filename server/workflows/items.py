"""What the inbox is made of: one thing that somebody wrote, from any of its kinds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from server.bodies import moment
from server.foreign_text import is_plain

Kind = Literal["comment", "message", "review", "mention"]
LONG_AGO = datetime.min.replace(tzinfo=UTC)
NESTED = frozenset({"threads", "twitter"})
"""Where a reply has replies of its own; elsewhere all of them stand below the comment."""
_LONGEST_ID = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What somebody wrote below a comment after we had. Its words are a stranger's, too."""

    id: str
    author: str
    text: str
    at: datetime | None


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
    newest: Reply | None = None
    """What waits below a comment that we had replied to."""
    rating: int | None = None
    window_closes_at: datetime | None = None
    may_reply: bool = True
    link: str = ""
    row: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def key(self) -> str:
        """By which it is found again."""
        return ":".join(filter(None, (self.kind, self.account_id, self.post_id, self.id)))

    @property
    def waits_since(self) -> datetime | None:
        """When that was written which waits."""
        return self.at if self.newest is None else self.newest.at

    @property
    def answer_to(self) -> str:
        """The comment to reply to."""
        return self.id if self.newest is None or self.platform not in NESTED else self.newest.id


def plain_id(value: str) -> str:
    """An id as it stands in a line of our own: nothing in there reads like a sentence."""
    return value if len(value) <= _LONGEST_ID and is_plain(value) else "(an id that is none)"


def comments_of(
    rows: Sequence[Mapping[str, Any]],
    *,
    post_id: str,
    account_id: str,
    platform: str,
    link: str = "",
    with_our_threads: bool = False,
) -> list[Item]:
    """What others wrote below a post; a comment of which not all replies are in the list is not certain.

    `with_our_threads`: also what we wrote ourselves and others replied to.
    """
    # Some platforms list replies among the comments.
    below = dict[str, list[Mapping[str, Any]]]()
    for row in rows:
        if row.get("parent_id"):
            below.setdefault(str(row["parent_id"]), []).append(row)
    return [
        _comment(row, below, post_id=post_id, account_id=account_id, platform=platform, link=link)
        for row in rows
        if not row.get("is_owner") or (with_our_threads and has_replies(row) and not row.get("parent_id"))
    ]


def has_replies(row: Mapping[str, Any]) -> bool:
    """Whether anything stands below a comment."""
    return bool(row.get("has_replies") or row.get("reply_count"))


def names_of(row: Mapping[str, Any]) -> set[str]:
    """The ids by which replies name a comment."""
    return {str(row[name]) for name in ("id", "platform_id") if row.get(name)}


def judged(comment: Mapping[str, Any], replies: Sequence[Mapping[str, Any]]) -> tuple[bool, Reply | None]:
    """Whether a comment with these replies is answered, and what waits below it if we had written there before."""
    # What was hidden was dealt with.
    shown = [row for row in replies if not row.get("is_hidden")]
    # Where no times are known, ours count as the newest.
    newest = max(
        shown, key=lambda row: (moment(row.get("created_at")) or LONG_AGO, bool(row.get("is_owner"))), default={}
    )
    newest = newest or comment
    if newest.get("is_owner") or not any(row.get("is_owner") for row in (comment, *shown)):
        return bool(newest.get("is_owner")), None
    return False, Reply(
        id=str(newest.get("id") or ""),
        author=_author(newest),
        text=str(newest.get("text") or ""),
        at=moment(newest.get("created_at")),
    )


def _comment(row: Mapping[str, Any], below: Mapping[str, Sequence[Mapping[str, Any]]], **where: str) -> Item:
    able, is_hidden, at = row.get("capabilities"), bool(row.get("is_hidden")), moment(row.get("created_at"))
    replies, is_whole = _thread(row, below)
    is_answered, newest = judged(row, replies)
    if not is_whole:
        is_answered, newest = True, None
    beside = below.get(str(row.get("parent_id")), ())
    # Below one comment, what we said last answers all that was said before.
    is_passed = at is not None and any(
        one.get("is_owner") and (moment(one.get("created_at")) or at) > at for one in beside
    )
    return Item(
        kind="comment",
        id=str(row.get("id") or ""),
        account_id=where["account_id"],
        platform=where["platform"] or str(row.get("platform") or ""),
        author=_author(row),
        text=str(row.get("text") or ""),
        at=at,
        is_answered=is_hidden or is_answered or (is_passed and newest is None),
        is_certain=is_hidden or is_whole,
        post_id=where["post_id"],
        newest=None if is_hidden else newest,
        may_reply=not isinstance(able, dict) or able.get("can_reply") is not False,
        link=where["link"],
        row=row,
    )


def _thread(
    comment: Mapping[str, Any], below: Mapping[str, Sequence[Mapping[str, Any]]]
) -> tuple[list[Mapping[str, Any]], bool]:
    """The replies to a comment and those to them, as far as they are listed, and whether that is all of them."""
    found, waiting, seen, is_whole = list[Mapping[str, Any]](), [comment], set[str](), True
    while waiting:
        row = waiting.pop()
        names = names_of(row) - seen
        seen |= names
        listed = [reply for name in names for reply in below.get(name, ())]
        count = row.get("reply_count")
        # Where only that there are some is known, a newer one may be missing.
        is_whole = is_whole and (len(listed) >= count if isinstance(count, int) and count else not has_replies(row))
        found += listed
        waiting += listed
    return found, is_whole


def _author(row: Mapping[str, Any]) -> str:
    return str(row.get("author_name") or row.get("author_username") or "")
