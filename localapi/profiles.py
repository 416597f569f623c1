"""TikTok and LinkedIn: numbers of a profile or page of the simulated platforms."""

from localapi.context import Context, wire_time
from localapi.platform_accounts import account_on, live_posts, told
from localapi.post_views import numbers_of
from localapi.routing import implements
from localapi.youtube import note_sync
from tools.answers import Success
from tools.linkedin import (
    GET_LINKEDIN_INSIGHTS,
    GetLinkedinInsights,
    LinkedinInsights,
    LinkedinPageInsights,
    LinkedinPostInsight,
)
from tools.tiktok import GET_TIKTOK_SUMMARY, SYNC_TIKTOK_ACCOUNT, TiktokAccount, TiktokSummary


@implements(GET_TIKTOK_SUMMARY)
async def get_tiktok_summary(context: Context, args: TiktokAccount) -> TiktokSummary:
    account = await account_on(context, args.account_id, "tiktok", status=400)
    posts = await live_posts(context, account)
    return TiktokSummary(
        username=account.username,
        display_name=account.name,
        bio_description=account.bio or "",
        avatar_url=account.profile_picture_url or "",
        profile_deep_link=f"https://tiktok.example/@{account.username}",
        is_verified=bool(account.metadata_.get("is_verified")),
        follower_count=told(account, "follower_count"),
        following_count=told(account, "following_count"),
        likes_count=told(account, "likes_count") + sum(numbers_of(context.now, row)["likes"] for row in posts),
        video_count=max(told(account, "video_count"), len(posts)),
    )


@implements(SYNC_TIKTOK_ACCOUNT)
async def sync_tiktok_account(context: Context, args: TiktokAccount) -> Success:
    await note_sync(context, await account_on(context, args.account_id, "tiktok"))
    return Success(success=True)


@implements(GET_LINKEDIN_INSIGHTS)
async def get_linkedin_insights(context: Context, args: GetLinkedinInsights) -> LinkedinInsights:
    account = await account_on(context, args.account_id, "linkedin_page", status=400)
    posts: list[LinkedinPostInsight] = []
    for row in await live_posts(context, account):
        one = numbers_of(context.now, row)
        reactions = one["likes"] + one["comments"] + one["shares"]
        clicks = one["views"] // 25
        posts.append(
            LinkedinPostInsight(
                post_id=row.platform_id,
                text=row.text,
                permalink=row.permalink,
                created_at=wire_time(row.published_at),
                impressions=one["views"],
                unique_views=one["views"] * 4 // 5,
                clicks=clicks,
                likes=one["likes"],
                comments=one["comments"],
                shares=one["shares"],
                engagement_rate=round((reactions + clicks) / one["views"], 4) if one["views"] else 0.0,
            )
        )
    return LinkedinInsights(data=LinkedinPageInsights(follower_count=told(account, "follower_count"), posts=posts))
