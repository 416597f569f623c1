"""Search and fetch in the form that ChatGPT's research and company knowledge ask for."""

from typing import Annotated

from pydantic import Field

from auth.scopes import Scope
from tools.fields import Foreign, ForeignJson
from tools.operation import Args, Effect, Result
from tools.workflow import Workflow


class SearchArgs(Args):
    query: Annotated[str, Field(description="Words to look for.", min_length=1, max_length=300)]


class SearchRow(Result):
    id: str
    title: Foreign
    url: str


class SearchResult(Result):
    results: list[SearchRow]


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


class FetchResult(Result):
    id: str
    title: Foreign
    text: Foreign
    url: str
    metadata: ForeignJson | None = None


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
