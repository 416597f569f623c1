"""Pinterest: boards, pins and the profile's counts."""

from typing import Annotated, Literal

from pydantic import Field

from auth.scopes import Scope
from tools.fields import AccountId, Foreign, ForeignLink, Relayed, RelayedLink, SafeId, default
from tools.operation import Args, Effect, Empty, Operation, Result

GROUP = "Accounts"

_ACCOUNTS_READ = "No page names the scope; accounts:read is asked, as for the same work elsewhere."
_ACCOUNTS_MANAGE = "No page names the scope; accounts:manage is asked, as for the same work elsewhere."
_POSTS_READ = "No page names the scope; posts:read is asked, as for the same work elsewhere."


class PinterestBoardItem(Result):
    board_id: str | None = None
    id: str | None = None
    name: Relayed | None = None
    privacy: str | None = None


class PinterestBoards(Result):
    data: list[PinterestBoardItem] | None = None


class ListPinterestBoards(Args):
    account_id: AccountId


LIST_PINTEREST_BOARDS = Operation(
    name="list_pinterest_boards",
    endpoint="GET /accounts/{id}/boards",
    group=GROUP,
    title="List Pinterest boards",
    description="List the boards of a Pinterest account; a pin needs one.",
    args=ListPinterestBoards,
    result=PinterestBoards,
    scope=Scope.ACCOUNTS_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=("pinterest",),
    example={"account_id": "acc_fjord_pinterest"},
    path_arguments={"id": "account_id"},
    choices=(_ACCOUNTS_READ,),
)


class CreatePinterestBoard(Args):
    account_id: AccountId
    name: Annotated[str, Field(description="Name.", min_length=1)]
    description: Annotated[str | None, Field(description="Description.")] = None
    privacy: Annotated[
        Literal["PUBLIC", "PROTECTED", "SECRET"] | None, Field(description="Who sees the board.", **default("PUBLIC"))
    ] = None


CREATE_PINTEREST_BOARD = Operation(
    name="create_pinterest_board",
    endpoint="POST /accounts/{id}/boards",
    group=GROUP,
    title="Create a Pinterest board",
    description="Create a board on a Pinterest account.",
    args=CreatePinterestBoard,
    result=PinterestBoardItem,
    scope=Scope.ACCOUNTS_MANAGE,
    effect=Effect.CREATE,
    open_world=True,
    platforms=("pinterest",),
    example={"account_id": "acc_fjord_pinterest", "name": "Cabins"},
    path_arguments={"id": "account_id"},
    choices=(_ACCOUNTS_MANAGE,),
)


class DeletePinterestBoard(Args):
    account_id: AccountId
    board_id: Annotated[SafeId, Field(description="Pinterest board id.")]


DELETE_PINTEREST_BOARD = Operation(
    name="delete_pinterest_board",
    endpoint="DELETE /accounts/{id}/boards/{boardId}",
    group=GROUP,
    title="Delete a Pinterest board",
    description="Delete a board and all its pins for good.",
    args=DeletePinterestBoard,
    result=Empty,
    scope=Scope.ACCOUNTS_MANAGE,
    effect=Effect.DELETE,
    open_world=True,
    platforms=("pinterest",),
    example={"account_id": "acc_fjord_pinterest", "board_id": "sapi_board_old"},
    path_arguments={"id": "account_id"},
    choices=(_ACCOUNTS_MANAGE,),
)


class UpdatePinterestBoard(Args):
    account_id: AccountId
    board_id: Annotated[SafeId, Field(description="Pinterest board id.")]
    description: Annotated[str | None, Field(description="Description.")] = None
    name: Annotated[str | None, Field(description="Name.")] = None
    privacy: Annotated[Literal["PUBLIC", "SECRET"] | None, Field(description="Who sees the board.")] = None


UPDATE_PINTEREST_BOARD = Operation(
    name="update_pinterest_board",
    endpoint="PATCH /accounts/{id}/boards/{boardId}",
    group=GROUP,
    title="Update a Pinterest board",
    description="Rename a board, describe it anew, or change who sees it.",
    args=UpdatePinterestBoard,
    result=PinterestBoardItem,
    scope=Scope.ACCOUNTS_MANAGE,
    effect=Effect.UPDATE,
    open_world=True,
    platforms=("pinterest",),
    example={"account_id": "acc_fjord_pinterest", "board_id": "sapi_board_trails", "name": "Trails and huts"},
    path_arguments={"id": "account_id"},
    choices=(_ACCOUNTS_MANAGE,),
)


class PinterestPinItem(Result):
    board_id: str | None = None
    created_at: str | None = None
    id: str | None = None
    media_url: ForeignLink | None = None
    permalink: ForeignLink | None = None
    title: Foreign | None = None


class PinterestPins(Result):
    data: list[PinterestPinItem] | None = None


class ListPinterestPins(Args):
    account_id: AccountId
    limit: Annotated[int | None, Field(description="Rows a page.", ge=1, le=50, **default(50))] = None


LIST_PINTEREST_PINS = Operation(
    name="list_pinterest_pins",
    endpoint="GET /platforms/pinterest/accounts/{id}/pins",
    group=GROUP,
    title="List pins",
    description="List the newest pins of a Pinterest account, at most 50.",
    args=ListPinterestPins,
    result=PinterestPins,
    scope=Scope.POSTS_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=("pinterest",),
    example={"account_id": "acc_fjord_pinterest"},
    path_arguments={"id": "account_id"},
    choices=(_POSTS_READ,),
)


class PinterestSummary(Result):
    board_count: int | None = None
    follower_count: int | None = None
    monthly_views: int | None = None
    pin_count: int | None = None
    profile_image: RelayedLink | None = None
    username: Relayed | None = None


class GetPinterestSummary(Args):
    account_id: AccountId


GET_PINTEREST_SUMMARY = Operation(
    name="get_pinterest_summary",
    endpoint="GET /platforms/pinterest/accounts/{id}/summary",
    group=GROUP,
    title="Get Pinterest summary",
    description="Get the public counts of a Pinterest profile.",
    args=GetPinterestSummary,
    result=PinterestSummary,
    scope=Scope.ACCOUNTS_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=("pinterest",),
    example={"account_id": "acc_fjord_pinterest"},
    path_arguments={"id": "account_id"},
    choices=(_ACCOUNTS_READ,),
)
