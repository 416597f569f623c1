"""What takes a write back, where something does: the exact call, for whoever made it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from server.bodies import row_of, rows_of
from tools.accounts import LIST_ACCOUNT_PAGES
from tools.brands import LIST_BRANDS
from tools.conversations import GET_CONVERSATION
from tools.keys import LIST_KEYS
from tools.operation import AnyOperation
from tools.pinterest import LIST_PINTEREST_BOARDS
from tools.posts import GET_POST
from tools.webhooks import GET_WEBHOOK
from tools.whatsapp import GET_WHATSAPP_BUSINESS_PROFILE

if TYPE_CHECKING:
    from server.calls import Call

Arguments = Mapping[str, Any]
Undo = Callable[[Arguments, Mapping[str, Any]], tuple[str, dict[str, Any]] | None]
"""From the arguments and the answer to a tool and its arguments."""


def undo_of(
    operation: str, arguments: Arguments, body: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> tuple[str, dict[str, Any]] | None:
    """The call that takes one back, or None; `before` is what was there, for a change."""
    found = _UNDO.get(operation)
    if found is not None:
        return found(arguments, body)
    if before is None or operation not in _BEFORE:
        return None
    _source, *places = _BEFORE[operation]
    restored = {name: before[name] for name in arguments if name not in places and before.get(name) is not None}
    return (operation, {**{name: arguments[name] for name in places}, **restored}) if restored else None


async def before_change(call: "Call", operation: AnyOperation, arguments: Arguments) -> Mapping[str, Any] | None:
    """What a change is about to replace, where its undo needs it; None where it cannot be read. Does not raise."""
    from server.calls import Failed

    if operation.name not in _BEFORE:
        return None
    source, *places = _BEFORE[operation.name]
    asked = {name: arguments[name] for name in places if name in source.args.model_fields and name in arguments}
    try:
        body = await call.read(source, asked)
    except Failed:
        return None
    wanted, rows = arguments.get(places[0]), rows_of(body)
    if not rows and "id" not in row_of(body):
        # What has no id of its own is the one thing that was asked for.
        return row_of(body) or None
    return next((row for row in rows or [row_of(body)] if wanted in (row.get("id"), row.get(places[0]))), None)


def _same_arguments(tool: str) -> Undo:
    return lambda arguments, _body: (tool, dict(arguments))


def _by_id(tool: str, argument: str, *fields: str) -> Undo:
    def undo(_arguments: Arguments, body: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
        row = row_of(body)
        value = next((row[name] for name in fields if row.get(name)), None)
        return None if value is None else (tool, {argument: value})

    return undo


def _post(_arguments: Arguments, body: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    if not body.get("id"):
        return None
    # What is out is taken down; what waits or is a draft is deleted.
    is_out = body.get("status") in {"published", "partial", "publishing"}
    return ("unpublish_post" if is_out else "delete_post", {"post_id": body["id"]})


def _published(arguments: Arguments, _body: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    return ("unpublish_post", {"post_id": arguments["post_id"]})


def _comment(arguments: Arguments, body: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    comment_id = body.get("comment_id") or body.get("id")
    if not comment_id:
        return None
    place = {name: arguments[name] for name in ("post_id", "account_id") if name in arguments}
    return ("delete_comment", {**place, "comment_id": comment_id})


def _board(arguments: Arguments, body: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    board_id = body.get("board_id") or body.get("id")
    if not board_id:
        return None
    return ("delete_pinterest_board", {"account_id": arguments["account_id"], "board_id": board_id})


_UNDO: Mapping[str, Undo] = {
    "hide_comment": _same_arguments("unhide_comment"),
    "unhide_comment": _same_arguments("hide_comment"),
    "like_comment": _same_arguments("unlike_comment"),
    "unlike_comment": _same_arguments("like_comment"),
    "reply_to_comment": _comment,
    "create_post": _post,
    "publish_post": _published,
    "retry_post": _published,
    "create_brand": _by_id("delete_brand", "brand_id", "id"),
    "create_invite": _by_id("revoke_invite", "invite_id", "id"),
    "create_key": _by_id("revoke_key", "key_id", "id"),
    "create_webhook": _by_id("delete_webhook", "webhook_id", "id"),
    "create_redirect_uri": _by_id("delete_redirect_uri", "redirect_uri_id", "id"),
    "create_pinterest_board": _board,
    "upload_media": _by_id("delete_media", "media_id", "id", "media_id"),
    "assign_facebook_page": _by_id("disconnect_account", "account_id", "account_id", "id"),
}

_BEFORE: Mapping[str, tuple[AnyOperation, *tuple[str, ...]]] = {
    "update_post": (GET_POST, "post_id"),
    "update_brand": (LIST_BRANDS, "brand_id"),
    "update_key": (LIST_KEYS, "key_id"),
    "update_webhook": (GET_WEBHOOK, "webhook_id"),
    "update_conversation": (GET_CONVERSATION, "conversation_id"),
    "update_account_page": (LIST_ACCOUNT_PAGES, "page_id", "account_id"),
    "update_pinterest_board": (LIST_PINTEREST_BOARDS, "board_id", "account_id"),
    "update_whatsapp_business_profile": (GET_WHATSAPP_BUSINESS_PROFILE, "phone_number_id"),
}
"""Change → the read that shows what it replaces, the argument with the id, and those that say where it is."""
