"""Finds out what was answered by us, where the row of a list does not tell."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self

import anyio

from server.asking import said
from server.bodies import moment
from server.records import RecordsUnavailable
from server.records.audit import KEPT
from server.workflows.items import LONG_AGO, Item, has_replies, judged, plain_id
from server.workflows.reads import Reads
from tools.comments import LIST_COMMENT_REPLIES
from tools.conversations import LIST_MESSAGES
from tools.mentions import REPLY_TO_MENTION

MOST_REPLIES_READ = 20
"""Reads of one call that look at replies to comments."""
REPLIES_A_READ = 100
REMEMBERED = 1000
"""Replies to mentions that are looked through."""
_ID_CHARACTERS = 80
"""Of an id, as server.writes notes it."""


async def newest_message(reads: Reads, conversation_id: str) -> Mapping[str, Any] | None:
    """What was written last, empty where nothing was; None where it cannot be read."""
    given = {"conversation_id": conversation_id, "limit": 1}
    what = f"messages of conversation {plain_id(conversation_id)}"
    written = await reads.page(LIST_MESSAGES, given, what, may_be_cut=True)
    return None if written is None else next(iter(written), {})


async def with_own_replies(reads: Reads, items: Sequence[Item]) -> list[Item]:
    """The items, for which it was looked whether the newest reply is ours; what stays uncertain is told."""
    doubtful = sorted((item for item in items if not item.is_certain), key=lambda one: one.at or LONG_AGO, reverse=True)
    meant = doubtful[:MOST_REPLIES_READ]
    threads = _Threads(reads, MOST_REPLIES_READ - len(meant))
    async with anyio.create_task_group() as tasks:
        for item in meant:
            tasks.start_soon(threads.look, item)
    left = len(doubtful) - len(meant)
    if left:
        reads.unread.append(f"the replies of {left} comments were not looked at, so these are left out")
    if threads.broken_off:
        reads.unread.append(
            f"the replies of {threads.broken_off} comments were not looked at to the end, so who wrote last there is "
            "not certain; list_comment_replies has them"
        )
    return [threads.found.get(item.key, item) for item in items]


@dataclass
class _Threads:
    """Reads what stands below comments, level by level."""

    reads: Reads
    spare: int
    """Reads that are left for what stands below replies."""
    broken_off: int = 0
    """Comments of which not all replies were read."""
    found: dict[str, Item] = field(default_factory=dict[str, Item])

    async def look(self, item: Item) -> None:
        """Judge one comment by its replies; where they cannot be read, it stays as it is."""
        page = await self._page(item, item.id)
        if page is None:
            return
        replies, is_whole, seen = list[Mapping[str, Any]](), True, {item.id}
        while page is not None:
            replies += page
            is_whole = is_whole and (len(page) < REPLIES_A_READ or _is_newest_first(page))
            waiting = [row for row in replies if has_replies(row) and str(row.get("id")) not in seen]
            if not waiting:
                break
            if not self.spare:
                is_whole = False
                break
            self.spare -= 1
            # Where somebody wrote lately, somebody else may have, too.
            above = str(max(waiting, key=_time_of).get("id"))
            seen.add(above)
            page = await self._page(item, above)
        self.broken_off += not is_whole
        is_answered, newest = judged(item.row, replies)
        is_certain = is_whole and page is not None
        self.found[item.key] = replace(item, is_answered=is_answered, is_certain=is_certain, newest=newest)

    async def _page(self, item: Item, comment_id: str) -> list[dict[str, Any]] | None:
        given = {"post_id": item.post_id, "comment_id": comment_id, "account_id": item.account_id}
        what = f"replies to comment {plain_id(comment_id)}"
        return await self.reads.page(LIST_COMMENT_REPLIES, given | {"limit": REPLIES_A_READ}, what, may_be_cut=True)


def _time_of(row: Mapping[str, Any]) -> datetime:
    return moment(row.get("created_at")) or LONG_AGO


def _is_newest_first(page: Sequence[Mapping[str, Any]]) -> bool:
    """Whether whatever is newer is in this page, and not in a later one."""
    return _time_of(page[0]) > _time_of(page[-1])


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
        reads.unread.append("mentions: which were answered before cannot be read")
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
