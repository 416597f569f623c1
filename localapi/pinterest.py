"""Pinterest: boards and pins of the simulated network."""

from sqlalchemy import func, or_, select

from localapi.context import Context, Refusal, invalid_field, missing_field, wire_time
from localapi.routing import implements
from localapi.tables import Account, Board, NetworkPost
from tools.operation import Empty
from tools.pinterest import (
    CREATE_PINTEREST_BOARD,
    DELETE_PINTEREST_BOARD,
    GET_PINTEREST_SUMMARY,
    LIST_PINTEREST_BOARDS,
    LIST_PINTEREST_PINS,
    UPDATE_PINTEREST_BOARD,
    CreatePinterestBoard,
    DeletePinterestBoard,
    GetPinterestSummary,
    ListPinterestBoards,
    ListPinterestPins,
    PinterestBoardItem,
    PinterestBoards,
    PinterestPinItem,
    PinterestPins,
    PinterestSummary,
    UpdatePinterestBoard,
)


@implements(LIST_PINTEREST_BOARDS)
async def list_pinterest_boards(context: Context, args: ListPinterestBoards) -> PinterestBoards:
    account = await _account(context, args.account_id)
    query = select(Board).where(Board.account_id == account.id).order_by(Board.created_at, Board.id)
    return PinterestBoards(data=[_board(row) for row in await context.session.scalars(query)])


@implements(CREATE_PINTEREST_BOARD)
async def create_pinterest_board(context: Context, args: CreatePinterestBoard) -> PinterestBoardItem:
    account = await _account(context, args.account_id)
    name = _name(args.name)
    row = Board(
        id=context.ids.prefixed("sapi_board_"),
        account_id=account.id,
        native_id=str(int(context.ids.random_hex(14), 16)),
        name=name,
        description=args.description or "",
        privacy=args.privacy or "PUBLIC",
        created_at=context.now,
    )
    context.session.add(row)
    return _board(row)


@implements(UPDATE_PINTEREST_BOARD)
async def update_pinterest_board(context: Context, args: UpdatePinterestBoard) -> PinterestBoardItem:
    row = await _find(context, args.account_id, args.board_id)
    if args.privacy is not None and row.privacy == "PROTECTED":
        raise invalid_field("privacy", "a protected board keeps its privacy")
    if args.name is not None:
        row.name = _name(args.name)
    for name in ("description", "privacy"):
        if (value := getattr(args, name)) is not None:
            setattr(row, name, value)
    return _board(row)


@implements(DELETE_PINTEREST_BOARD)
async def delete_pinterest_board(context: Context, args: DeletePinterestBoard) -> Empty:
    row = await _find(context, args.account_id, args.board_id)
    for pin in await context.session.scalars(select(NetworkPost).where(NetworkPost.board_id == row.id)):
        pin.deleted_at = context.now
    await context.session.delete(row)
    return Empty()


@implements(LIST_PINTEREST_PINS)
async def list_pinterest_pins(context: Context, args: ListPinterestPins) -> PinterestPins:
    account = await _account(context, args.account_id)
    query = (
        select(NetworkPost)
        .where(NetworkPost.account_id == account.id, NetworkPost.deleted_at.is_(None))
        .order_by(NetworkPost.published_at.desc(), NetworkPost.id)
        .limit(args.limit or 50)
    )
    return PinterestPins(
        data=[
            PinterestPinItem(
                id=row.platform_id,
                title=row.text,
                board_id=row.board_id or "",
                media_url=row.thumbnail or "",
                permalink=row.permalink,
                created_at=wire_time(row.published_at),
            )
            for row in await context.session.scalars(query)
        ]
    )


@implements(GET_PINTEREST_SUMMARY)
async def get_pinterest_summary(context: Context, args: GetPinterestSummary) -> PinterestSummary:
    account = await _account(context, args.account_id)
    boards = await context.session.scalar(select(func.count()).where(Board.account_id == account.id))
    pins = await context.session.scalar(
        select(func.count()).where(NetworkPost.account_id == account.id, NetworkPost.deleted_at.is_(None))
    )
    return PinterestSummary(
        username=account.username,
        profile_image=account.profile_picture_url or "",
        board_count=int(boards or 0),
        pin_count=int(pins or 0),
        follower_count=int(account.metadata_.get("follower_count", 0)),
        monthly_views=int(account.metadata_.get("monthly_views", 0)),
    )


async def _account(context: Context, account_id: str) -> Account:
    account = await context.account(account_id)
    if account.platform != "pinterest":
        raise Refusal(400, "account.unsupported_platform", f"{account.platform} has no boards; this is for Pinterest")
    if account.status != "active":
        raise Refusal(403, "account.reconnection_required", "connect this account again with POST /accounts/connect")
    return account


async def _find(context: Context, account_id: str, board_id: str) -> Board:
    account = await _account(context, account_id)
    row = await context.session.scalar(
        select(Board).where(Board.account_id == account.id, or_(Board.id == board_id, Board.native_id == board_id))
    )
    if row is None:
        raise Refusal(404, "resource.not_found", "this account has no such board", resource="board", id=board_id)
    return row


def _name(name: str) -> str:
    if not name.strip():
        raise missing_field("name", "name is empty")
    return name.strip()


def _board(row: Board) -> PinterestBoardItem:
    return PinterestBoardItem(id=row.id, board_id=row.native_id, name=row.name, privacy=row.privacy)
