"""What search is made of: the posts that hold all words, what could be searched, and entries that say how to go on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from server.bodies import has_more, rows_of
from server.callers import NotGranted
from server.calls import Call, Failed, Refused
from server.foreign_text import clean
from server.results import plain
from tools.accounts import LIST_ACCOUNTS
from tools.operation import AnyOperation
from tools.posts import LIST_POSTS
from tools.rest import ApiError

PAGES_OF_POSTS = 3
"""By one search; of a hundred each."""
MORE, UNSEARCHED = "more", "unsearched"
"""Kinds of entries that are no results: what comes after the last one, and what could not be searched."""
_ADDRESS = "socialapi://search"
_LONGEST_TITLE = 300
_LONGEST_WORD = 60
"""In an entry, whose id fetch has to take; the beginning of a longer word finds as much, and more."""


@dataclass(kw_only=True)
class Watched(Call):
    """The same call, which knows what it could read."""

    read_from: set[str] = field(default_factory=set[str])
    """Names of operations that answered."""
    failed: list[Failed] = field(default_factory=list[Failed])

    @classmethod
    def of(cls, call: Call) -> "Watched":
        return cls(**{part.name: getattr(call, part.name) for part in fields(call)})

    async def read(self, operation: AnyOperation, arguments: Mapping[str, Any] | BaseModel) -> dict[str, Any]:
        try:
            body = await super().read(operation, arguments)
        except Failed as failure:
            self.failed.append(failure)
            raise
        self.read_from.add(operation.name)
        return body

    @property
    def searched_nothing(self) -> bool:
        return not self.read_from - {LIST_ACCOUNTS.name}

    def refusal(self) -> Refused:
        """Why nothing could be searched; another try helps only where it is not a permission that is missing."""
        scopes = [_missing_scope(failure) for failure in self.failed]
        missing = list(dict.fromkeys(filter(None, scopes)))
        needed = [f"scopes needed: {', '.join(missing)}"] if missing else []
        if all(scopes):
            last = ("retry: no", "next: ask the person for a key or a sign-in with one of these scopes.")
        else:
            last = ("retry: yes, later", "next: tell the person.")
        return Refused(f"nothing could be searched: {self.failed[0].reason}", *needed, *last)


def _missing_scope(failure: Failed) -> str:
    """The scope that it failed for want of, if it did."""
    error = failure.error
    if isinstance(error, NotGranted):
        return error.scope
    if isinstance(error, ApiError) and (error.code == "auth.insufficient_scope" or error.meta.get("required_scope")):
        return plain(str(error.meta.get("required_scope") or failure.operation.scope), 60)
    return ""


@dataclass(frozen=True, slots=True)
class Posts:
    """The posts that hold all words, newest first."""

    rows: list[dict[str, Any]]
    are_all: bool = True


async def posts_with(call: Call, words: Sequence[str]) -> Posts:
    """Look for one word with the API, which knows phrases only, and for the others here.

    Raises:
        Failed: not even the first page can be read.
    """
    others = [word.casefold() for word in words if word != longest(words)]
    asked: dict[str, Any] = {"search": longest(words), "sort": "created_desc", "limit": 100}
    found = list[dict[str, Any]]()
    for page in range(PAGES_OF_POSTS):
        try:
            body = await call.read(LIST_POSTS, asked)
        except Failed:
            if not page:
                raise
            break
        found += [row for row in rows_of(body) if holds(_written(row), others)]
        cursor = _cursor(body)
        if not has_more(body) or not cursor:
            return Posts(found)
        asked = {**asked, "cursor": cursor}
    return Posts(found, are_all=False)


def _cursor(body: Mapping[str, Any]) -> str:
    pagination = body.get("pagination")
    cursor = pagination.get("next_cursor") if isinstance(pagination, dict) else body.get("next_cursor")
    return cursor if isinstance(cursor, str) else ""


def _written(row: Mapping[str, Any]) -> str:
    """All that a post says, on any platform."""
    targets = row.get("targets")
    of_targets = [target for target in targets if isinstance(target, dict)] if isinstance(targets, list) else []
    return "\n".join(str(one.get(name) or "") for one in (row, *of_targets) for name in ("title", "text"))


def longest(words: Sequence[str]) -> str:
    """The word that fewest texts hold, as a guess."""
    return max(words, key=len)


def holds(text: str, words: Sequence[str]) -> bool:
    """Whether all the words are in it; they are without case already."""
    folded = text.casefold()
    return all(word in folded for word in words)


def more_entry(words: Sequence[str], *, posts: int, are_all: bool, others: int) -> list[dict[str, str]]:
    """An entry in the form of a result that says how many there are besides, and what finds them; if there are any."""
    found, word = list[str](), longest(words)[:_LONGEST_WORD]
    if posts or not are_all:
        number = f"{posts if are_all else f'at least {posts}'} more post{'s' if posts > 1 else ''}"
        number = number if posts else "maybe more posts"
        besides = " and look for the other words there" if len(set(words)) > 1 else ""
        found.append(f"{number}: use {_list_posts(word)}{besides}")
    if others:
        found.append(f"{others} more of comments, conversations, reviews and mentions: search with more words")
    name = f"{MORE}:{quote(word, safe='').replace('.', '%2E')}"
    return [{"id": name, "title": "; ".join(found), "url": _ADDRESS}] if found else []


def unsearched_entry(what: str, reason: str) -> dict[str, str]:
    """An entry in the form of a result: nobody should take what was not looked at for empty."""
    title = clean(f"Not searched: {what} ({reason})", limit=_LONGEST_TITLE)
    return {"id": f"{UNSEARCHED}:{'posts' if what == 'posts' else 'inbox'}", "title": title, "url": _ADDRESS}


def on_entry(name: str, kind: str, word: str) -> dict[str, Any]:
    """What fetch says of such an entry: the words how to go on."""
    by_kind = "list_comments, list_conversations, list_reviews and list_mentions have what strangers wrote."
    if kind == MORE:
        title = "More than search shows"
        text = f"This is no result. Use {_list_posts(word)} for all posts with that word, page by page; {by_kind}"
    else:
        title = "What could not be searched"
        text = (
            "This is no result. A part of the workspace could not be read; the title of the entry says why. What is "
            f"there is not known: tell the person, or try the tool itself: list_posts has the posts; {by_kind}"
        )
    return {"id": name, "title": title, "text": text, "url": _ADDRESS}


def _list_posts(word: str) -> str:
    # An id may be one that a stranger made up.
    return f"list_posts search={json.dumps(clean(word, limit=2 * _LONGEST_WORD), ensure_ascii=False)} sort=created_desc"
