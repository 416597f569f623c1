"""Mentions of an account by others."""

from typing import Annotated

from pydantic import Field

from auth.scopes import Scope
from tools.answers import CommentReply, Interaction
from tools.fields import AccountId, CommentId, Cursor, LimitOf20, Timestamp
from tools.operation import Args, Effect, Operation, Result

GROUP = "Mentions"


class MentionList(Result):
    count: int | None = None
    data: list[Interaction] | None = None
    next_cursor: str | None = None


class ListMentions(Args):
    account_id: AccountId
    since: Timestamp | None = None
    limit: LimitOf20 | None = None
    cursor: Cursor | None = None


LIST_MENTIONS = Operation(
    name="list_mentions",
    endpoint="GET /accounts/{id}/mentions",
    group=GROUP,
    title="List mentions",
    description="List posts and comments that mention an account, newest first.",
    args=ListMentions,
    result=MentionList,
    scope=Scope.INBOX_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=(
        "instagram",
        "facebook",
        "twitter",
    ),
    example={"account_id": "acc_aurora_instagram"},
    path_arguments={"id": "account_id"},
)


class ReplyToMention(Args):
    account_id: AccountId
    media_id: Annotated[str, Field(description="Id of the mentioning post, or the mention's.")]
    text: Annotated[str, Field(description="Text.", min_length=1, max_length=2200)]
    comment_id: Annotated[CommentId | None, Field(description="Only for a mention inside a comment.")] = None


REPLY_TO_MENTION = Operation(
    name="reply_to_mention",
    endpoint="POST /accounts/{id}/mentions/reply",
    group=GROUP,
    title="Reply to a mention",
    description="Comment in public under a post that mentions the account. Costs one interaction credit.",
    args=ReplyToMention,
    result=CommentReply,
    scope=Scope.INBOX_WRITE,
    effect=Effect.PUBLISH,
    open_world=True,
    platforms=(
        "instagram",
        "facebook",
    ),
    example={"account_id": "acc_aurora_instagram", "media_id": "ig_m_9001", "text": "See you tomorrow?"},
    path_arguments={"id": "account_id"},
)
