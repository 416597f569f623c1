"""Reads the whole inbox at once: comments, messages, reviews and mentions, with bounds, and what could not be read."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import anyio

from server.bodies import has_more, moment, rows_of
from server.calls import Call, Failed
from tools.accounts import LIST_ACCOUNTS
from tools.comments import LIST_COMMENTED_POSTS, LIST_COMMENTS, PLATFORMS_WITH_COMMENTS
from tools.conversations import LIST_CONVERSATIONS, LIST_MESSAGES
from tools.mentions import LIST_MENTIONS
from tools.operation import AnyOperation
from tools.reviews import LIST_REVIEWS

Kind = Literal["comment", "message", "review", "mention"]

READS_AT_ONCE = 6
POSTS_LOOKED_INTO = 15
CONVERSATIONS_LOOKED_INTO = 25
ACCOUNTS_LOOKED_INTO = 25
ROWS_A_READ = 50
WINDOW = timedelta(hours=24)
WITH_WINDOW = frozenset({"instagram", "facebook", "whatsapp"})
"""Where a business may answer freely for 24 hours after the last message (contract: messaging windows)."""
_REVIEWED = frozenset({"google"})
_MENTIONED = frozenset({"instagram", "facebook", "twitter"})


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
    post_id: str = ""
    """Of a comment or a mention."""
    rating: int | None = None
    window_closes_at: datetime | None = None
    may_reply: bool = True
    link: str = ""
    row: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def key(self) -> str:
        """By which it is found again."""
        return ":".join(filter(None, (self.kind, self.account_id, self.post_id, self.id)))


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


async def gather(call: Call, wanted: Wanted) -> Gathered:
    """Everything that is wanted, newest first; raises Failed only where not even the accounts can be read."""
    mine = await accounts(call, wanted)
    found, slots = Gathered(), anyio.CapacityLimiter(READS_AT_ONCE)
    reader = _Reader(call, wanted, found, slots, {str(row["id"]): row for row in mine if row.get("id")})
    async with anyio.create_task_group() as tasks:
        if "comment" in wanted.kinds:
            tasks.start_soon(reader.comments)
        if "message" in wanted.kinds:
            tasks.start_soon(reader.messages)
        if "review" in wanted.kinds:
            tasks.start_soon(reader.of_accounts, _REVIEWED, reader.reviews, "reviews")
        if "mention" in wanted.kinds:
            tasks.start_soon(reader.of_accounts, _MENTIONED, reader.mentions, "mentions")
    if wanted.since is not None:
        found.items = [item for item in found.items if item.at is None or item.at >= wanted.since]
    found.items.sort(key=lambda item: (item.at is not None, item.at or call.now, item.key), reverse=True)
    found.failures.sort()
    return found


@dataclass
class _Reader:
    call: Call
    wanted: Wanted
    found: Gathered
    slots: anyio.CapacityLimiter
    mine: Mapping[str, Mapping[str, Any]]
    _done: int = 0

    async def read(self, operation: AnyOperation, arguments: Mapping[str, Any], what: str) -> list[dict[str, Any]]:
        """The rows of one page; a failure is noted, and means none."""
        async with self.slots:
            try:
                body = await self.call.read(operation, arguments)
            except Failed as failure:
                self.found.failures.append(f"{what}: {failure.reason}")
                return []
        self._done += 1
        await self.call.progress(self._done, message=f"read {what}")
        if has_more(body):
            self.found.unread.append(f"{what}: more than {len(rows_of(body))}; {operation.name} has the rest")
        return rows_of(body)

    async def comments(self) -> None:
        """The comments below the posts that were commented last."""
        if self.wanted.post_id is not None:
            posts = [{"id": self.wanted.post_id, "account_id": account} for account in self.wanted.account_ids]
        else:
            posts = await self._commented_posts()
        async with anyio.create_task_group() as tasks:
            for post in posts:
                tasks.start_soon(self._comments_of, post)

    async def _commented_posts(self) -> list[dict[str, Any]]:
        given: dict[str, Any] = {"limit": POSTS_LOOKED_INTO, "min_comments": 1}
        if self.wanted.brand_id:
            given["brand_id"] = self.wanted.brand_id
        able = {name: row for name, row in self.mine.items() if row.get("platform") in PLATFORMS_WITH_COMMENTS}
        # YouTube is in the list only where its account is asked for.
        single = [name for name, row in able.items() if self.wanted.account_ids or row.get("platform") == "youtube"]
        reads: list[tuple[dict[str, Any], str]] = [
            ({**given, "account_id": name}, f"commented posts of {name}") for name in single[:ACCOUNTS_LOOKED_INTO]
        ]
        if len(single) > ACCOUNTS_LOOKED_INTO:
            self.found.unread.append(
                f"commented posts: of {ACCOUNTS_LOOKED_INTO} accounts of {len(single)}; name fewer accounts"
            )
        others = {str(row["platform"]) for name, row in able.items() if name not in single}
        if self.wanted.platforms:
            reads += [({**given, "platform": one}, f"commented posts on {one}") for one in sorted(others)]
        elif others:
            reads.append((given, "commented posts"))
        rows = dict[tuple[Any, Any], dict[str, Any]]()

        async def read(of: dict[str, Any], what: str) -> None:
            for row in await self.read(LIST_COMMENTED_POSTS, of, what):
                if row.get("account_id") in self.mine:
                    rows[row.get("account_id"), row.get("id")] = row

        async with anyio.create_task_group() as tasks:
            for of, what in reads:
                tasks.start_soon(read, of, what)
        return list(rows.values())

    async def _comments_of(self, post: Mapping[str, Any]) -> None:
        post_id, account_id = str(post.get("id") or ""), str(post.get("account_id") or "")
        given = {"post_id": post_id, "account_id": account_id, "limit": min(self.wanted.most_rows, 100)}
        platform = str(self.mine.get(account_id, {}).get("platform") or post.get("platform") or "")
        for row in await self.read(LIST_COMMENTS, given, f"comments of post {post_id}"):
            if row.get("is_owner"):
                continue
            able = row.get("capabilities")
            self.found.items.append(
                Item(
                    kind="comment",
                    id=str(row.get("id") or ""),
                    account_id=account_id,
                    platform=platform,
                    author=str(row.get("author_name") or row.get("author_username") or ""),
                    text=str(row.get("text") or ""),
                    at=moment(row.get("created_at")),
                    is_answered=bool(row.get("has_replies") or row.get("reply_count") or row.get("is_hidden")),
                    post_id=post_id,
                    may_reply=not isinstance(able, dict) or able.get("can_reply") is not False,
                    link=str(post.get("permalink") or ""),
                    row=row,
                )
            )

    async def messages(self) -> None:
        """The conversations that wait, with what was written last."""
        given: dict[str, Any] = {"limit": min(max(self.wanted.most_rows, CONVERSATIONS_LOOKED_INTO), 100)}
        if self.wanted.brand_id:
            given["brand_id"] = self.wanted.brand_id
        rows = await self.read(LIST_CONVERSATIONS, given, "conversations")
        meant = [row for row in rows if row.get("account_id") in self.mine]
        waiting = [row for row in meant if row.get("unread_count")]
        async with anyio.create_task_group() as tasks:
            for row in waiting[:CONVERSATIONS_LOOKED_INTO]:
                tasks.start_soon(self._conversation, row, True)
            for row in meant:
                if not row.get("unread_count"):
                    tasks.start_soon(self._conversation, row, False)

    async def _conversation(self, row: Mapping[str, Any], waits: bool) -> None:
        platform, text, at, closes = str(row.get("platform") or ""), str(row.get("last_message") or ""), None, None
        is_answered = not waits
        if waits:
            # Which side wrote last, and when the other side did, is told by the messages only.
            given = {"conversation_id": str(row.get("id") or ""), "limit": 5}
            written = await self.read(LIST_MESSAGES, given, f"messages of conversation {row.get('id')}")
            incoming = next((one for one in written if one.get("direction") == "incoming"), None)
            is_answered = bool(written) and written[0].get("direction") == "outgoing"
            if incoming is not None:
                text, at = str(incoming.get("text") or text), moment(incoming.get("created_at"))
                closes = at + WINDOW if at is not None and platform in WITH_WINDOW else None
        self.found.items.append(
            Item(
                kind="message",
                id=str(row.get("id") or ""),
                account_id=str(row.get("account_id") or ""),
                platform=platform,
                author=str(row.get("participant_name") or ""),
                text=text,
                at=at or moment(row.get("last_message_at")),
                is_answered=is_answered,
                window_closes_at=closes,
                row=row,
            )
        )

    async def of_accounts(
        self, platforms: frozenset[str], read: Callable[[str, str], Coroutine[Any, Any, None]], what: str
    ) -> None:
        """Run a read for each account of these platforms."""
        meant = [
            (name, str(row.get("platform"))) for name, row in self.mine.items() if row.get("platform") in platforms
        ]
        if len(meant) > ACCOUNTS_LOOKED_INTO:
            self.found.unread.append(f"{what}: of {ACCOUNTS_LOOKED_INTO} accounts of {len(meant)}; name a brand")
        async with anyio.create_task_group() as tasks:
            for account_id, platform in meant[:ACCOUNTS_LOOKED_INTO]:
                tasks.start_soon(read, account_id, platform)

    async def reviews(self, account_id: str, platform: str) -> None:
        """The newest reviews of an account."""
        given = {"account_id": account_id, "limit": min(self.wanted.most_rows, 50)}
        for row in await self.read(LIST_REVIEWS, given, f"reviews of {account_id}"):
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

    async def mentions(self, account_id: str, platform: str) -> None:
        """The newest mentions of an account."""
        given: dict[str, Any] = {"account_id": account_id, "limit": min(self.wanted.most_rows, 100)}
        for row in await self.read(LIST_MENTIONS, given, f"mentions of {account_id}"):
            author, content = row.get("author"), row.get("content")
            self.found.items.append(
                Item(
                    kind="mention",
                    id=str(row.get("id") or ""),
                    account_id=account_id,
                    platform=platform,
                    author=str(author.get("name") or author.get("username") or "") if isinstance(author, dict) else "",
                    text=str(content.get("text") or "") if isinstance(content, dict) else "",
                    at=moment(row.get("received_at")),
                    is_answered=False,
                    post_id=str(row.get("platform_post_id") or row.get("post_id") or ""),
                    may_reply=platform in {"instagram", "facebook"},
                    link=str(row.get("permalink") or ""),
                    row=row,
                )
            )
