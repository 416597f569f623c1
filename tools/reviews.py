"""Inbox, reviews: read and answer."""

from typing import Annotated, Literal

from pydantic import Field

from auth.scopes import Scope
from tools.answers import Author, Pagination
from tools.fields import AccountId, Cursor, Foreign, Platform, Relayed, ReviewId, default
from tools.operation import Args, Effect, Operation, Result

GROUP = "Inbox - Reviews"


class ReviewAccount(Result):
    account_id: str | None = None
    average_rating: float | None = None
    last_review_at: str | None = None
    name: Relayed | None = None
    platform: str | None = None
    status: str | None = None
    total_count: int | None = None


class ReviewAccountList(Result):
    data: list[ReviewAccount] | None = None


class ListReviewAccounts(Args):
    platform: Platform | None = None


LIST_REVIEW_ACCOUNTS = Operation(
    name="list_review_accounts",
    endpoint="GET /inbox/reviews",
    group=GROUP,
    title="List accounts with reviews",
    description="List the accounts that have reviews, with their average rating; list_reviews has the reviews.",
    args=ListReviewAccounts,
    result=ReviewAccountList,
    scope=Scope.INBOX_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=("google",),
    example={},
    choices=("The answer is account rows, not the older mixed list of reviews.",),
)


class ReviewReplied(Result):
    reply_id: str | None = None
    success: bool | None = None


class ReplyToReview(Args):
    review_id: ReviewId
    account_id: AccountId
    text: Annotated[str, Field(description="Text.", min_length=1)]


REPLY_TO_REVIEW = Operation(
    name="reply_to_review",
    endpoint="POST /inbox/reviews/{id}/reply",
    group=GROUP,
    title="Reply to a review",
    description="Answer a review in public, once; the answer cannot be changed. Costs one interaction credit.",
    args=ReplyToReview,
    result=ReviewReplied,
    scope=Scope.INBOX_WRITE,
    effect=Effect.PUBLISH,
    open_world=True,
    platforms=("google",),
    example={
        "review_id": "rev_1",
        "account_id": "acc_aurora_google",
        "text": "Thank you, Elif! The cake is baked at six each morning.",
    },
    path_arguments={"id": "review_id"},
    choices=("A platform without reviews answers 422 account.platform_unsupported, as the list does.",),
)


class ReviewReply(Result):
    text: Relayed | None = None
    updated_at: str | None = None


class Review(Result):
    author: Author | None = None
    created_at: str | None = None
    id: str | None = None
    rating: int | None = None
    reply: ReviewReply | None = None
    text: Foreign | None = None
    updated_at: str | None = None


class ReviewSummary(Result):
    average_rating: float | None = None
    total_count: int | None = None


class ReviewList(Result):
    data: list[Review] | None = None
    pagination: Pagination | None = None
    summary: ReviewSummary | None = None


class ListReviews(Args):
    account_id: AccountId
    limit: Annotated[int | None, Field(description="Rows a page.", ge=1, le=50, **default(20))] = None
    cursor: Cursor | None = None
    order: Annotated[
        Literal["newest", "rating_asc", "rating_desc"] | None, Field(description="Order.", **default("newest"))
    ] = None


LIST_REVIEWS = Operation(
    name="list_reviews",
    endpoint="GET /inbox/reviews/{account_id}",
    group=GROUP,
    title="List reviews",
    description="List the reviews of one account, newest first or by rating.",
    args=ListReviews,
    result=ReviewList,
    scope=Scope.INBOX_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=("google",),
    example={"account_id": "acc_aurora_google"},
    choices=("A platform without reviews answers 422 account.platform_unsupported.",),
)
