"""Finds out what was answered by us, where the row of a list does not tell."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import anyio

from server.asking import said
from server.records import RecordsUnavailable
from server.records.audit import KEPT
from server.workflows.items import Item
from server.workflows.reads import Reads
from tools.comments import LIST_COMMENT_REPLIES
from tools.conversations import LIST_MESSAGES
from tools.mentions import REPLY_TO_MENTION

MOST_REPLIES_READ = 20
"""Comments of one call whose replies are looked at."""
REPLIES_A_READ = 100
REMEMBERED = 1000
"""Replies to mentions that are looked through."""
_ID_CHARACTERS = 80
"""Of an id, as server.writes notes it."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


async def newest_message(reads: Reads, conversation_id: str) -> Mapping[str, Any] | None:
    """What was written last, empty where nothing was; None where it cannot be read."""
    given = {"conversation_id": conversation_id, "limit": 1}
    written = await reads.page(LIST_MESSAGES, given, f"messages of conversation {conversation_id}", may_be_cut=True)
    return None if written is None else next(iter(written), {})


async def with_own_replies(reads: Reads, items: Sequence[Item]) -> list[Item]:
    """The items, for which it was looked whether one of the replies is ours; what stays uncertain is told."""
    doubtful = sorted(
        (item for item in items if not item.is_certain), key=lambda one: one.at or _LONG_AGO, reverse=True
    )
    found = dict[str, Item]()

    async def look(item: Item) -> None:
        given = {"post_id": item.post_id, "comment_id": item.id, "account_id": item.account_id, "limit": REPLIES_A_READ}
        replies = await reads.page(LIST_COMMENT_REPLIES, given, f"replies to comment {item.id}")
        if replies is not None:
            is_answered = any(reply.get("is_owner") for reply in replies)
            # Among so many, ours may be one of the older.
            is_certain = is_answered or len(replies) < REPLIES_A_READ
            found[item.key] = replace(item, is_answered=is_answered, is_certain=is_certain)

    async with anyio.create_task_group() as tasks:
        for item in doubtful[:MOST_REPLIES_READ]:
            tasks.start_soon(look, item)
    left = len(doubtful[MOST_REPLIES_READ:])
    if left:
        reads.unread.append(f"the replies of {left} comments were not looked at, so these are left out")
    return [found.get(item.key, item) for item in items]


async def with_remembered_replies(reads: Reads, mentions: Sequence[Item]) -> list[Item]:
    """The mentions, of which those count as answered to which this caller replied through this server.

    No platform tells whether a mention was answered.
    """
    if not mentions:
        return []
    call = reads.call
    try:
        entries, _ = await call.services.records.audit(
            call.owner,
            since=call.now - KEPT,
            # Before which: what was done in this very moment counts, too.
            until=call.now + timedelta(seconds=1),
            tool=REPLY_TO_MENTION.name,
            limit=REMEMBERED,
            cursor=None,
        )
    except RecordsUnavailable:
        reads.failures.append("mentions: which were answered before cannot be read")
        return list(mentions)
    replies = [_Reply.of(entry.target) for entry in entries if entry.outcome == "done"]
    inside = {_noted(item.comment_id) for item in mentions if item.comment_id}
    return [replace(item, is_answered=any(reply.is_to(item, inside) for reply in replies)) for item in mentions]


@dataclass(frozen=True, slots=True)
class _Reply:
    """Where a reply to a mention went."""

    accounts: frozenset[str]
    media: frozenset[str]
    comments: frozenset[str]
    """Which was answered, and which the answer made."""

    @classmethod
    def of(cls, target: str) -> Self:
        """From what the audit notes: the ids of the arguments, and after them those of the answer."""
        parts = [part.partition("=") for part in target.split(", ")]

        def named(name: str) -> frozenset[str]:
            return frozenset(value for one, _, value in parts if one == name)

        return cls(named("account_id"), named("media_id"), named("comment_id"))

    def is_to(self, mention: Item, inside: Set[str]) -> bool:
        """Whether it answers this mention; `inside`: the comments that hold mentions."""
        if _noted(mention.account_id) not in self.accounts:
            return False
        if _noted(mention.id) in self.media:
            return True
        if _noted(mention.post_id) not in self.media:
            return False
        if mention.comment_id:
            return _noted(mention.comment_id) in self.comments
        # Below the same post, others may be mentioning us in comments.
        return len(self.comments) < 2 and self.comments.isdisjoint(inside)


def _noted(value: str) -> str:
    return said(value, _ID_CHARACTERS)
