"""TikTok: profile numbers and sync."""

from auth.scopes import Scope
from tools.answers import Success
from tools.fields import AccountId, Relayed, RelayedLink
from tools.operation import Args, Effect, Operation, Result

GROUP = "TikTok"


class TiktokSummary(Result):
    username: Relayed | None = None
    display_name: Relayed | None = None
    bio_description: Relayed | None = None
    avatar_url: RelayedLink | None = None
    profile_deep_link: RelayedLink | None = None
    is_verified: bool | None = None
    follower_count: int | None = None
    following_count: int | None = None
    likes_count: int | None = None
    video_count: int | None = None


class TiktokAccount(Args):
    account_id: AccountId


GET_TIKTOK_SUMMARY = Operation(
    name="get_tiktok_summary",
    endpoint="GET /platforms/tiktok/accounts/{id}/summary",
    group=GROUP,
    title="Get TikTok summary",
    description="Get a TikTok profile with its follower, like and video counts. "
    "The account must have granted user.info.stats.",
    args=TiktokAccount,
    result=TiktokSummary,
    scope=Scope.ACCOUNTS_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=("tiktok",),
    path_arguments={"id": "account_id"},
    example={"account_id": "acc_aurora_tiktok"},
    choices=("No page names the scope; accounts:read is asked, as for other account details.",),
)

SYNC_TIKTOK_ACCOUNT = Operation(
    name="sync_tiktok_account",
    endpoint="POST /platforms/tiktok/accounts/{id}/sync",
    group=GROUP,
    title="Sync TikTok account",
    description="Fetch an account's newest videos now, at most 20. The account must have granted video.list.",
    args=TiktokAccount,
    result=Success,
    scope=Scope.ACCOUNTS_MANAGE,
    effect=Effect.UPDATE,
    destructive=False,
    open_world=True,
    platforms=("tiktok",),
    path_arguments={"id": "account_id"},
    example={"account_id": "acc_aurora_tiktok"},
    choices=("No page names the scope; accounts:manage is asked, because syncing changes what is stored.",),
)
