"""Accounts: list, connect, set up and disconnect social accounts."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from auth.scopes import Scope
from tools.answers import CandidatePage
from tools.fields import (
    AccountId,
    AnyPlatform,
    BrandId,
    Json,
    Notice,
    Own,
    PageId,
    Relayed,
    RelayedJson,
    RelayedLink,
    SafeId,
)
from tools.operation import Args, Effect, Empty, Operation, Result

GROUP = "Accounts"


class Account(Result):
    bio: Relayed | None = None
    brand_id: str | None = None
    id: str | None = None
    login_id: str | None = None
    metadata: RelayedJson | None = None
    name: Relayed | None = None
    page_name: Relayed | None = None
    platform: str | None = None
    profile_picture_url: RelayedLink | None = None
    reconnect_reason: str | None = None
    status: str | None = None
    username: Relayed | None = None


class AccountList(Result):
    count: int | None = None
    data: list[Account] | None = None


class ListAccounts(Args):
    brand_id: BrandId | None = None


LIST_ACCOUNTS = Operation(
    name="list_accounts",
    endpoint="GET /accounts",
    group=GROUP,
    title="List accounts",
    description="List the connected social accounts, of all brands or of one.",
    args=ListAccounts,
    result=AccountList,
    scope=Scope.ACCOUNTS_READ,
    effect=Effect.READ,
    open_world=False,
    example={},
    resource="socialapi://accounts",
)


class Connection(Result):
    account_id: str | None = None
    display_name: Relayed | None = None
    platform: str | None = None
    username: Relayed | None = None
    auth_url: str | None = None
    message: Notice | None = None
    metadata: RelayedJson | None = None
    state: str | None = None


class ConnectAccount(Args):
    platform: AnyPlatform
    brand_id: BrandId | None = None
    metadata: Annotated[Json | None, Field(description="Telegram: bot_token. LinkedIn page: connection_type.")] = None
    redirect_uri: Annotated[
        str | None, Field(description="Where the browser returns to: https, or http on localhost.")
    ] = None
    state: Annotated[str | None, Field(description="Your own mark, handed back unchanged.", max_length=512)] = None


CONNECT_ACCOUNT = Operation(
    name="connect_account",
    endpoint="POST /accounts/connect",
    group=GROUP,
    title="Connect an account",
    description=(
        "Start connecting a social account. OAuth platforms answer with auth_url for the person to open; "
        "Telegram connects at once by bot token."
    ),
    args=ConnectAccount,
    result=Connection,
    scope=Scope.ACCOUNTS_MANAGE,
    effect=Effect.CREATE,
    open_world=True,
    secret_arguments=frozenset({"metadata.bot_token"}),
    example={"platform": "threads", "brand_id": "b_empty"},
    choices=("Facebook pages and Google profiles are always chosen, as the page about OAuth says.",),
)


class DisconnectAccount(Args):
    account_id: AccountId


DISCONNECT_ACCOUNT = Operation(
    name="disconnect_account",
    endpoint="DELETE /accounts/{id}",
    group=GROUP,
    title="Disconnect an account",
    description="Disconnect a social account and drop its tokens. Posts scheduled for it will fail.",
    args=DisconnectAccount,
    result=Empty,
    scope=Scope.ACCOUNTS_MANAGE,
    effect=Effect.DELETE,
    open_world=True,
    example={"account_id": "acc_fjord_telegram"},
    path_arguments={"id": "account_id"},
    choices=("Disconnecting drops the account itself; what was published and written with it stays.",),
)


class InteractionSettings(Result):
    comment_disabled: bool | None = None
    duet_disabled: bool | None = None
    stitch_disabled: bool | None = None


class CreatorInfo(Result):
    avatar_url: RelayedLink | None = None
    can_post: bool | None = None
    interaction_settings: InteractionSettings | None = None
    max_video_duration_sec: int | None = None
    nickname: Relayed | None = None
    platform: str | None = None
    privacy_level_options: list[str] | None = None


class GetCreatorInfo(Args):
    account_id: AccountId


GET_CREATOR_INFO = Operation(
    name="get_creator_info",
    endpoint="GET /accounts/{id}/creator-info",
    group=GROUP,
    title="Get creator info",
    description="Get what a TikTok account may set on a post: privacy levels, interactions, longest video.",
    args=GetCreatorInfo,
    result=CreatorInfo,
    scope=Scope.ACCOUNTS_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=("tiktok",),
    example={"account_id": "acc_aurora_tiktok"},
    path_arguments={"id": "account_id"},
)


class AccountPage(Result):
    about: Relayed | None = None
    category: Relayed | None = None
    cover_photo_url: RelayedLink | None = None
    enriched_at: str | None = None
    followers_count: int | None = None
    id: str | None = None
    is_active: bool | None = None
    is_default: bool | None = None
    link: RelayedLink | None = None
    name: Relayed | None = None
    platform_page_id: str | None = None
    profile_picture_url: RelayedLink | None = None
    username: Relayed | None = None
    verification_status: str | None = None


class PageList(Result):
    data: list[AccountPage] | None = None


class ListAccountPages(Args):
    account_id: AccountId


LIST_ACCOUNT_PAGES = Operation(
    name="list_account_pages",
    endpoint="GET /accounts/{id}/pages",
    group=GROUP,
    title="List pages of an account",
    description="List the Facebook pages attached to an account.",
    args=ListAccountPages,
    result=PageList,
    scope=Scope.ACCOUNTS_READ,
    effect=Effect.READ,
    open_world=False,
    platforms=("facebook",),
    example={"account_id": "acc_aurora_facebook"},
    path_arguments={"id": "account_id"},
)


class UpdateAccountPage(Args):
    account_id: AccountId
    page_id: PageId
    is_active: Annotated[bool | None, Field(description="On or off.")] = None
    is_default: Annotated[bool | None, Field(description="Used when no page is named.")] = None


UPDATE_ACCOUNT_PAGE = Operation(
    name="update_account_page",
    endpoint="PATCH /accounts/{id}/pages/{pageId}",
    group=GROUP,
    title="Update a page",
    description="Make a page the default of its account, or switch it on or off.",
    args=UpdateAccountPage,
    result=AccountPage,
    scope=Scope.ACCOUNTS_MANAGE,
    effect=Effect.UPDATE,
    open_world=False,
    platforms=("facebook",),
    example={"account_id": "acc_aurora_facebook", "page_id": "sapi_page_aurora_roastery", "is_active": True},
    path_arguments={"id": "account_id"},
)


class AccountLimits(Result):
    """A map of counts; its keys are the API's own."""

    __pydantic_extra__: dict[str, int] = Field(init=False)  # pyright: ignore[reportIncompatibleVariableOverride]


class GetAccountLimits(Args):
    account_id: AccountId


GET_ACCOUNT_LIMITS = Operation(
    name="get_account_limits",
    endpoint="GET /accounts/{id}/limits",
    group=GROUP,
    title="Get account limits",
    description="Get what the platform still allows an account today, such as posts left on Instagram.",
    args=GetAccountLimits,
    result=AccountLimits,
    scope=Scope.ACCOUNTS_READ,
    effect=Effect.READ,
    open_world=True,
    example={"account_id": "acc_aurora_instagram"},
    path_arguments={"id": "account_id"},
    choices=("Platforms without quotas answer an empty map instead of 501.",),
)


class LostPageAccess(Result):
    brand_id: str | None = None
    brand_name: Own | None = None
    name: Relayed | None = None
    platform_page_id: str | None = None


class PendingProfile(Result):
    bio: Relayed | None = None
    display_name: Relayed | None = None
    platform_account_id: str | None = None
    profile_picture_url: RelayedLink | None = None
    username: Relayed | None = None


class PendingConnectionDetail(Result):
    connection_id: str | None = None
    expires_at: str | None = None
    login_id: str | None = None
    lost_access: list[LostPageAccess] | None = None
    pages: list[CandidatePage] | None = None
    platform: str | None = None
    profiles: list[PendingProfile] | None = None


class GetPendingConnection(Args):
    connection_id: Annotated[SafeId, Field(description="Connection id, pc_ and 32 digits.")]


GET_PENDING_CONNECTION = Operation(
    name="get_pending_connection",
    endpoint="GET /accounts/pending/{connection_id}",
    group=GROUP,
    title="Get a pending connection",
    description="Get the profiles or pages to choose from in an unfinished Google or Facebook connection.",
    args=GetPendingConnection,
    result=PendingConnectionDetail,
    scope=Scope.ACCOUNTS_READ,
    effect=Effect.READ,
    open_world=False,
    platforms=(
        "google",
        "facebook",
    ),
    example={"connection_id": "pc_00000000000000000000000000000001"},
)


class ConnectedAccount(Result):
    account_id: str | None = None
    display_name: Relayed | None = None
    platform: str | None = None
    username: Relayed | None = None


class SelectPendingConnection(Args):
    connection_id: Annotated[SafeId, Field(description="Connection id, pc_ and 32 digits.")]
    page_ids: Annotated[list[str] | None, Field(description="Facebook: ids of the pages.")] = None
    platform_account_id: Annotated[str | None, Field(description="Google: id of the profile.")] = None

    @model_validator(mode="after")
    def _exactly_one_choice(self) -> Self:
        if bool(self.platform_account_id) == bool(self.page_ids):
            raise ValueError("pass platform_account_id for Google, or page_ids for Facebook, not both")
        return self


SELECT_PENDING_CONNECTION = Operation(
    name="select_pending_connection",
    endpoint="POST /accounts/pending/{connection_id}/select",
    group=GROUP,
    title="Finish a pending connection",
    description="Finish a connection by choosing one Google profile or a set of Facebook pages. Works once.",
    args=SelectPendingConnection,
    result=ConnectedAccount,
    scope=Scope.ACCOUNTS_MANAGE,
    effect=Effect.CREATE,
    open_world=True,
    platforms=(
        "google",
        "facebook",
    ),
    example={"connection_id": "pc_00000000000000000000000000000001", "platform_account_id": "accounts/1/locations/11"},
)


class ExchangedConnection(Result):
    account_id: str | None = None
    display_name: Relayed | None = None
    platform: str | None = None
    username: Relayed | None = None
    connection_id: str | None = None
    login_id: str | None = None
    lost_access: list[LostPageAccess] | None = None
    pages: list[CandidatePage] | None = None
    profiles: list[PendingProfile] | None = None
    status: str | None = None


class ExchangeOauthCode(Args):
    code: Annotated[str, Field(description="Code.")]
    metadata: Annotated[Json, Field(description="redirect_uri and state; WhatsApp: state, waba_id, phone_number_id.")]
    platform: AnyPlatform


EXCHANGE_OAUTH_CODE = Operation(
    name="exchange_oauth_code",
    endpoint="POST /oauth/exchange",
    group=GROUP,
    title="Exchange an OAuth code",
    description="Finish a connection whose platform redirect came back to your own address, or WhatsApp's sign-up.",
    args=ExchangeOauthCode,
    result=ExchangedConnection,
    scope=Scope.ACCOUNTS_MANAGE,
    effect=Effect.CREATE,
    open_world=True,
    example={
        "platform": "whatsapp",
        "code": "code",
        "metadata": {
            "state": "00000000000000000000000000000000",
            "waba_id": "880022",
            "phone_number_id": "15550002222",
        },
    },
)
