"""Inbox, reviews: what customers wrote on Google."""

from typing import Any

from sqlalchemy import func, select

from localapi import quota
from localapi.context import Context, Refusal, interaction_id, native_id, wire_time
from localapi.faults import refuse_call
from localapi.inbox import check_connected, check_text
from localapi.network import PLATFORMS
from localapi.routing import implements
from localapi.tables import Account, Review
from tools.answers import Author, Pagination
from tools.reviews import (
    LIST_REVIEW_ACCOUNTS,
    LIST_REVIEWS,
    REPLY_TO_REVIEW,
    ListReviewAccounts,
    ListReviews,
    ReplyToReview,
    ReviewAccount,
    ReviewAccountList,
    ReviewList,
    ReviewReplied,
    ReviewReply,
    ReviewSummary,
)
from tools.reviews import Review as ReviewAnswer

WITH_REVIEWS = [slug for slug, profile in PLATFORMS.items() if profile.reviews]


@implements(LIST_REVIEW_ACCOUNTS)
async def list_review_accounts(context: Context, args: ListReviewAccounts) -> ReviewAccountList:
    query = (
        context.visible_accounts().where(Account.platform.in_(WITH_REVIEWS)).order_by(Account.created_at, Account.id)
    )
    if args.platform:
        query = query.where(Account.platform == args.platform)
    rows = [await _row(context, account) for account in await context.session.scalars(query)]
    return ReviewAccountList(data=rows)


async def _row(context: Context, account: Account) -> ReviewAccount:
    average, total, last = (
        await context.session.execute(
            select(func.avg(Review.rating), func.count(), func.max(Review.created_at)).where(
                Review.account_id == account.id
            )
        )
    ).one()
    return ReviewAccount(
        account_id=account.id,
        name=account.name,
        platform=account.platform,
        average_rating=round(float(average or 0), 2),
        total_count=int(total),
        last_review_at=wire_time(last),
        status="ok" if account.status == "active" else "reconnection_required",
    )


@implements(LIST_REVIEWS)
async def list_reviews(context: Context, args: ListReviews) -> ReviewList:
    account = await _account(context, args.account_id)
    query = select(Review).where(Review.account_id == account.id)
    newest = [(Review.created_at, True), (Review.platform_id, True)]
    order = args.order or "newest"
    keys = newest if order == "newest" else [(Review.rating, order == "rating_desc"), *newest]
    rows, cursor = await context.page(
        query, scope=f"reviews:{account.id}:{order}", order=keys, limit=args.limit or 20, cursor=args.cursor
    )
    summary = await _row(context, account)
    return ReviewList(
        data=[_review(row, account.platform) for row in rows],
        pagination=Pagination(has_more=cursor is not None, next_cursor=cursor or ""),
        summary=ReviewSummary(average_rating=summary.average_rating, total_count=summary.total_count),
    )


@implements(REPLY_TO_REVIEW)
async def reply_to_review(context: Context, args: ReplyToReview) -> ReviewReplied:
    check_text(args.text)
    account = await _account(context, args.account_id)
    review = await context.session.get(Review, native_id(args.review_id), with_for_update=True)
    if review is None or review.account_id != account.id:
        raise Refusal(
            404, "resource.not_found", "this account has no such review", resource="review", id=args.review_id[:100]
        )
    if review.reply_text is not None:
        raise Refusal(409, "resource.conflict", "this review was answered already, and an answer cannot be changed")
    await refuse_call(context, account)
    await quota.spend(context, "interactions")
    review.reply_text, review.reply_at = args.text, context.now
    return ReviewReplied(success=True, reply_id=f"{review.platform_id}_reply")


async def _account(context: Context, account_id: str) -> Account:
    account = await context.account(account_id)
    if account.platform not in WITH_REVIEWS:
        raise Refusal(422, "account.platform_unsupported", f"{account.platform} has no reviews")
    check_connected(account)
    return account


def _review(row: Review, platform: str) -> ReviewAnswer:
    fields: dict[str, Any] = {
        "id": interaction_id("rev", platform, row.platform_id),
        "rating": row.rating,
        "text": row.text,
        "author": Author(id=row.author_id, name=row.author_name),
        "created_at": wire_time(row.created_at),
        "updated_at": wire_time(row.updated_at),
    }
    if row.reply_text is not None:
        fields["reply"] = ReviewReply(text=row.reply_text, updated_at=wire_time(row.reply_at))
    return ReviewAnswer.model_validate(fields)
