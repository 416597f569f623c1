"""Reads the whole inbox at once: comments, messages, reviews and mentions, with bounds, and what could not be read."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import anyio

from server.bodies import moment, rows_of
from server.calls import Call
from server.workflows.answered import newest_message, with_own_replies, with_remembered_replies
from server.workflows.items import Item, Kind, comments_of, plain_id
from server.workflows.reads import Reads
from tools.accounts import LIST_ACCOUNTS
from tools.comments import LIST_COMMENTED_POSTS, LIST_COMMENTS, PLATFORMS_WITH_COMMENTS
from tools.conversations import LIST_CONVERSATIONS
from tools.mentions import LIST_MENTIONS
from tools.reviews import LIST_REVIEWS

__all__ = ["Gathered", "Item", "Kind", "Wanted", "accounts", "gather"]

POSTS_LOOKED_INTO = 15
CONVERSATIONS_LOOKED_INTO = 25
ACCOUNTS_LOOKED_INTO = 25
ROWS_A_READ = 50
WINDOW = timedelta(hours=24)
WITH_WINDOW = frozenset({"instagram", "facebook", "whatsapp"})
"""Where a business may answer freely for 24 hours after the last message (contract: messaging windows)."""
_REVIEWED = frozenset({"google"})
_MENTIONED = frozenset({"instagram", "facebook", "twitter"})


@dataclass(kw_only=True)
class Gathered:
    """What was read."""

    items: list[Item] = field(default_factory=list[Item])
    failures: list[str] = field(default_factory=list[str])
    """A line for each read that did not work out."""
    unread: list[str] = field(default_factory=list[str])
    """A line for whatever was left out, because it was too much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be read."""

    kinds: frozenset[Kind] = frozenset({"comment", "message", "review", "mention"})
    brand_id: str | None = None
    platforms: frozenset[str] = frozenset()
    """Empty for all."""
    account_ids: frozenset[str] = frozenset()
    """Empty for all."""
    post_id: str | None = None
    """Comments of one post alone; with exactly one account."""
    since: datetime | None = None
    most_rows: int = ROWS_A_READ
    """Of one read; a page at most."""
    looks_for_answers: bool = True
    """Whether to read on where a row does not tell that we answered; else such items are not certain."""

    def reaches(self, at: datetime | None) -> bool:
        """Whether something of this time is wanted; where no time is known, it is."""
        return self.since is None or at is None or at >= self.since


async def accounts(call: Call, wanted: Wanted) -> list[dict[str, Any]]:
    """The accounts that are meant; raises Failed."""
    given = {"brand_id": wanted.brand_id} if wanted.brand_id else {}
    rows = rows_of(await call.read(LIST_ACCOUNTS, given))
    return [
        row
        for row in rows
        if (not wanted.platforms or row.get("platform") in wanted.platforms)
        and (not wanted.account_ids or row.get("id") in wanted.account_ids)
    ]


async def gather(call: Call, wanted: Wanted, reads: Reads | None = None) -> Gathered:
    """Everything that is wanted, newest first; raises Failed only where not even the accounts can be read."""
    mine = await accounts(call, wanted)
    reads = reads or Reads(call=call)
    found = Gathered(failures=reads.failures, unread=reads.unread)
    reader = _Reader(call, wanted, found, reads, {str(row["id"]): row for row in mine if row.get("id")})
    async with anyio.create_task_group() as tasks:
        if "comment" in wanted.kinds:
            tasks.start_soon(reader.comments)
        if "message" in wanted.kinds:
            tasks.start_soon(reader.messages)
        if "review" in wanted.kinds:
            tasks.start_soon(reader.of_accounts, _REVIEWED, reader.reviews, "reviews")
        if "mention" in wanted.kinds:
            tasks.start_soon(reader.all_mentions)
    found.items = [item for item in found.items if wanted.reaches(item.waits_since)]
    found.items.sort(key=lambda item: (item.at is not None, item.at or call.now, item.key), reverse=True)
    found.failures.sort()
    return found


@dataclass
class _Reader:
    call: Call
    wanted: Wanted
    found: Gathered
    reads: Reads
    mine: Mapping[str, Mapping[str, Any]]

    async def comments(self) -> None:
        """The comments below the posts that were commented last."""
        if self.wanted.post_id is not None:
            posts = [{"id": self.wanted.post_id, "account_id": account} for account in self.wanted.account_ids]
        else:
            posts = await self._commented_posts()
        items = list[Item]()
        async with anyio.create_task_group() as tasks:
            for post in posts:
                tasks.start_soon(self._comments_of, post, items)
        if self.wanted.looks_for_answers:
            # Below what is older, somebody may have written again.
            items = [item for item in items if not item.is_certain or self.wanted.reaches(item.waits_since)]
            items = await with_own_replies(self.reads, items)
        self.found.items += items

    async def _commented_posts(self) -> list[dict[str, Any]]:
        given: dict[str, Any] = {"limit": POSTS_LOOKED_INTO, "min_comments": 1}
        if self.wanted.brand_id:
            given["brand_id"] = self.wanted.brand_id
        able = {name: row for name, row in self.mine.items() if row.get("platform") in PLATFORMS_WITH_COMMENTS}
        # YouTube is in the list only where its account is asked for.
        single = [name for name, row in able.items() if self.wanted.account_ids or row.get("platform") == "youtube"]
        reads: list[tuple[dict[str, Any], str]] = [
            ({**given, "account_id": name}, f"commented posts of {plain_id(name)}")
            for name in single[:ACCOUNTS_LOOKED_INTO]
        ]
        if len(single) > ACCOUNTS_LOOKED_INTO:
            self.reads.unread.append(
                f"commented posts: of {ACCOUNTS_LOOKED_INTO} accounts of {len(single)}; name fewer accounts"
            )
        others = {str(row["platform"]) for name, row in able.items() if name not in single}
        if self.wanted.platforms:
            reads += [({**given, "platform": one}, f"commented posts on {plain_id(one)}") for one in sorted(others)]
        elif others:
            reads.append((given, "commented posts"))
        rows = dict[tuple[Any, Any], dict[str, Any]]()

        async def read(of: dict[str, Any], what: str) -> None:
            for row in await self.reads.rows(LIST_COMMENTED_POSTS, of, what):
                if row.get("account_id") in self.mine:
                    rows[row.get("account_id"), row.get("id")] = row

        async with anyio.create_task_group() as tasks:
            for of, what in reads:
                tasks.start_soon(read, of, what)
        return list(rows.values())

    async def _comments_of(self, post: Mapping[str, Any], items: list[Item]) -> None:
        post_id, account_id = str(post.get("id") or ""), str(post.get("account_id") or "")
        given = {"post_id": post_id, "account_id": account_id, "limit": min(self.wanted.most_rows, 100)}
        rows = await self.reads.rows(LIST_COMMENTS, given, f"comments of post {plain_id(post_id)}")
        platform = str(self.mine.get(account_id, {}).get("platform") or post.get("platform") or "")
        link = str(post.get("permalink") or "")
        items += comments_of(
            rows,
            post_id=post_id,
            account_id=account_id,
            platform=platform,
            link=link,
            with_our_threads=self.wanted.looks_for_answers,
        )

    async def messages(self) -> None:
        """The conversations, with what was written last."""
        given: dict[str, Any] = {"limit": min(max(self.wanted.most_rows, CONVERSATIONS_LOOKED_INTO), 100)}
        if self.wanted.brand_id:
            given["brand_id"] = self.wanted.brand_id
        rows = await self.reads.rows(LIST_CONVERSATIONS, given, "conversations")
        meant = [
            row
            for row in rows
            if row.get("account_id") in self.mine and self.wanted.reaches(moment(row.get("last_message_at")))
        ]
        # What is unread waits more often than not, but reading is no answer, and an answer marks nothing as read.
        meant.sort(key=lambda row: not row.get("unread_count"))
        looked = CONVERSATIONS_LOOKED_INTO if self.wanted.looks_for_answers else 0
        async with anyio.create_task_group() as tasks:
            for row in meant[:looked]:
                tasks.start_soon(self._conversation, row)
        self.found.items += [_conversation(row, None) for row in meant[looked:]]
        if looked and len(meant) > looked:
            self.reads.unread.append(
                f"the newest messages of {len(meant) - looked} conversations were not looked at, so of these only the "
                "unread ones are shown; list_conversations has the rest"
            )

    async def _conversation(self, row: Mapping[str, Any]) -> None:
        newest = await newest_message(self.reads, str(row.get("id") or ""))
        self.found.items.append(_conversation(row, newest))

    async def of_accounts(
        self, platforms: frozenset[str], read: Callable[[str, str], Coroutine[Any, Any, None]], what: str
    ) -> None:
        """Run a read for each account of these platforms."""
        meant = [
            (name, str(row.get("platform"))) for name, row in self.mine.items() if row.get("platform") in platforms
        ]
        if len(meant) > ACCOUNTS_LOOKED_INTO:
            self.reads.unread.append(f"{what}: of {ACCOUNTS_LOOKED_INTO} accounts of {len(meant)}; name a brand")
        async with anyio.create_task_group() as tasks:
            for account_id, platform in meant[:ACCOUNTS_LOOKED_INTO]:
                tasks.start_soon(read, account_id, platform)

    async def reviews(self, account_id: str, platform: str) -> None:
        """The newest reviews of an account."""
        given = {"account_id": account_id, "limit": min(self.wanted.most_rows, 50)}
        for row in await self.reads.rows(LIST_REVIEWS, given, f"reviews of {plain_id(account_id)}"):
            author, rating = row.get("author"), row.get("rating")
            self.found.items.append(
                Item(
                    kind="review",
                    id=str(row.get("id") or ""),
                    account_id=account_id,
                    platform=platform,
                    author=str(author.get("name") or "") if isinstance(author, dict) else "",
                    text=str(row.get("text") or ""),
                    at=moment(row.get("created_at")),
                    is_answered=bool(row.get("reply")),
                    rating=rating if isinstance(rating, int) else None,
                    row=row,
                )
            )

    async def all_mentions(self) -> None:
        """The mentions of all accounts, and which of them we answered."""
        items = list[Item]()

        async def read(account_id: str, platform: str) -> None:
            items.extend(await self._mentions(account_id, platform))

        await self.of_accounts(_MENTIONED, read, "mentions")
        looks = self.wanted.looks_for_answers
        self.found.items += await with_remembered_replies(self.reads, items) if looks else items

    async def _mentions(self, account_id: str, platform: str) -> list[Item]:
        given: dict[str, Any] = {"account_id": account_id, "limit": min(self.wanted.most_rows, 100)}
        rows = await self.reads.rows(LIST_MENTIONS, given, f"mentions of {plain_id(account_id)}")
        return [_mention(row, account_id, platform) for row in rows]


def _conversation(row: Mapping[str, Any], newest: Mapping[str, Any] | None) -> Item:
    """A conversation by its newest message; without one, what is unread is the better guess."""
    platform, text, at = str(row.get("platform") or ""), str(row.get("last_message") or ""), None
    closes: datetime | None = None
    is_answered = newest.get("direction") == "outgoing" if newest else not row.get("unread_count")
    if newest and not is_answered:
        text, at = str(newest.get("text") or text), moment(newest.get("created_at"))
        closes = at + WINDOW if at is not None and platform in WITH_WINDOW else None
    return Item(
        kind="message",
        id=str(row.get("id") or ""),
        account_id=str(row.get("account_id") or ""),
        platform=platform,
        author=str(row.get("participant_name") or ""),
        text=text,
        at=at or moment(row.get("last_message_at")),
        is_answered=is_answered,
        is_certain=bool(newest),
        window_closes_at=closes,
        row=row,
    )


def _mention(row: Mapping[str, Any], account_id: str, platform: str) -> Item:
    author, content, more = row.get("author"), row.get("content"), row.get("metadata")
    where = more if isinstance(more, dict) else {}
    return Item(
        kind="mention",
        id=str(row.get("id") or ""),
        account_id=account_id,
        platform=platform,
        author=str(author.get("name") or author.get("username") or "") if isinstance(author, dict) else "",
        text=str(content.get("text") or "") if isinstance(content, dict) else "",
        at=moment(row.get("received_at")),
        is_answered=False,
        post_id=str(row.get("platform_post_id") or row.get("post_id") or where.get("media_id") or ""),
        comment_id=str(where.get("comment_id") or ""),
        may_reply=platform in {"instagram", "facebook"},
        link=str(row.get("permalink") or ""),
        row=row,
    )
