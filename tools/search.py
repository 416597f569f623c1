"""Search and fetch in the form that ChatGPT's research and company knowledge ask for."""

from typing import Annotated

from pydantic import Field

from auth.scopes import Scope
from tools.fields import Foreign, ForeignLink, Own
from tools.operation import Args, Effect, Result
from tools.posts import PostTarget
from tools.workflow import Workflow


class SearchArgs(Args):
    query: Annotated[str, Field(description="Words to look for.", min_length=1, max_length=300)]


class SearchRow(Result):
    """What a stranger wrote. The id is ours; the address too, or one that was looked at and can be opened."""

    id: str
    title: Foreign
    url: Own


class PostRow(Result):
    """The same of a post: all of it is our own."""

    id: str
    title: Own
    url: Own


class SearchResult(Result):
    results: list[SearchRow]


class Found(Result):
    """Before it is put into the form that is asked for: so it is known whose words are whose."""

    posts: list[PostRow]
    items: list[SearchRow]


SEARCH = Workflow(
    name="search",
    title="Search",
    description="Find posts, comments, conversations, reviews and mentions that hold all the words; fetch shows one.",
    args=SearchArgs,
    result=SearchResult,
    keeps_form=True,
    scopes=frozenset({Scope.POSTS_READ, Scope.INBOX_READ, Scope.DMS_READ}),
    effect=Effect.READ,
    open_world=True,
    example={"query": "winter roast"},
    drafts=True,
)


class FetchArgs(Args):
    id: Annotated[str, Field(description="Of a result of search.", min_length=1, max_length=800)]


class Metadata(Result):
    """Beside what a stranger wrote."""

    author: Foreign | None = None
    platform: str | None = None
    status: str | None = None
    unread_count: int | None = None
    answered: bool | None = None
    rating: int | None = None
    at: Own | None = None
    link: ForeignLink | None = None
    """What the platform gave as its address, where that is not one to be opened."""
    earlier: Own | None = None
    rest: Own | None = None
    """What gets the text that was cut."""


class FetchResult(Result):
    id: str
    title: Foreign
    text: Foreign
    url: Own
    metadata: Metadata | None = None


class PostMetadata(Result):
    status: str | None = None
    scheduled_at: str | None = None
    published_at: str | None = None
    targets: list[PostTarget] | None = None
    rest: Own | None = None


class FetchedPost(Result):
    """The same of a post: all of it is our own."""

    id: str
    title: Own
    text: Own
    url: Own
    metadata: PostMetadata | None = None


FETCH = Workflow(
    name="fetch",
    title="Fetch",
    description="The whole text of one result of search.",
    args=FetchArgs,
    result=FetchResult,
    keeps_form=True,
    scopes=frozenset({Scope.POSTS_READ, Scope.INBOX_READ, Scope.DMS_READ}),
    effect=Effect.READ,
    open_world=True,
    example={"id": "post:post_draft"},
    drafts=True,
)
