"""Answers that several groups of operations share."""

from tools.fields import Foreign, ForeignJson, ForeignLink, Own, Relayed, RelayedLink
from tools.operation import Result


class Success(Result):
    success: bool | None = None


class Ok(Result):
    ok: bool | None = None


class Pagination(Result):
    has_more: bool | None = None
    next_cursor: str | None = None


class PaginationWithLimit(Result):
    has_more: bool | None = None
    limit: int | None = None
    next_cursor: str | None = None


class Author(Result):
    avatar_url: ForeignLink | None = None
    id: str | None = None
    name: Foreign | None = None
    username: Foreign | None = None


class ContentMedia(Result):
    type: str | None = None
    url: ForeignLink | None = None


class Content(Result):
    media: list[ContentMedia] | None = None
    text: Foreign | None = None


class Interaction(Result):
    account_id: str | None = None
    author: Author | None = None
    content: Content | None = None
    conversation_id: str | None = None
    id: str | None = None
    metadata: ForeignJson | None = None
    page_id: str | None = None
    permalink: ForeignLink | None = None
    platform: str | None = None
    platform_post_id: str | None = None
    post_id: str | None = None
    received_at: str | None = None
    recipient: Author | None = None
    type: str | None = None


class CommentReply(Result):
    comment_id: str | None = None
    success: bool | None = None


class CandidatePage(Result):
    assignable: bool | None = None
    assigned_account_id: str | None = None
    assigned_brand_id: str | None = None
    assigned_brand_name: Own | None = None
    category: Relayed | None = None
    name: Relayed | None = None
    picture_url: RelayedLink | None = None
    platform_page_id: str | None = None
