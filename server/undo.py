"""What takes a write back, where something does: the exact call, for whoever made it."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, get_args

from pydantic import ValidationError

from server.bodies import row_of, rows_of
from tools.accounts import LIST_ACCOUNT_PAGES
from tools.brands import LIST_BRANDS
from tools.comments import LIST_COMMENT_REPLIES, LIST_COMMENTS
from tools.conversations import GET_CONVERSATION
from tools.definitions import operation_named
from tools.keys import LIST_KEYS
from tools.operation import AnyOperation, Args
from tools.pinterest import LIST_PINTEREST_BOARDS
from tools.posts import GET_POST
from tools.users import GET_CURRENT_USER
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
    if operation == "retry_post":
        return None if before is None else _retried(arguments, before)
    if before is None or operation not in _BEFORE:
        return None
    places = _BEFORE[operation][1:]
    restored = {name: value for name, value in _restored(operation, arguments, before).items() if value is not None}
    return (operation, {**{name: arguments[name] for name in places}, **restored}) if restored else None


def left_by_undo(operation: str, arguments: Arguments, before: Mapping[str, Any] | None) -> list[str]:
    """The changed arguments that the undo does not restore: they were empty, and nothing empties them again."""
    if before is None or operation not in _BEFORE:
        return []
    return [name for name, value in _restored(operation, arguments, before).items() if value is None]


def _restored(operation: str, arguments: Arguments, before: Mapping[str, Any]) -> dict[str, Any]:
    """Each changed argument as it was, in the form that the call takes; None where it cannot be given back."""
    declared = operation_named(operation)
    if declared is None:
        return {}
    places = _BEFORE[operation][1:]
    restored = {
        name: _as_argument(field.annotation, before.get(name, _EMPTY.get(name)))
        for name, field in declared.args.model_fields.items()
        if name in arguments and name not in places and name not in _NOTHING_CHANGED_BY
    }
    try:
        declared.args.model_validate({**{name: arguments[name] for name in places}, **restored})
    except ValidationError as error:
        refused = {problem["loc"][0] for problem in error.errors() if problem["loc"]} or set(restored)
        return {name: None if name in refused else value for name, value in restored.items()}
    return restored


def _as_argument(annotation: Any, value: Any) -> Any:
    """What was read, without the fields that an argument of this type does not take."""
    if isinstance(value, list):
        return [_as_argument(annotation, item) for item in value]
    model = next((part for part in _parts(annotation) if isinstance(part, type) and issubclass(part, Args)), None)
    if model is None or not isinstance(value, Mapping):
        return value
    kept = {
        name: _as_argument(field.annotation, value[name])
        for name, field in model.model_fields.items()
        if value.get(name) not in (None, [], {})
    }
    if "media" in kept:
        # Two forms of one thing.
        kept.pop("media_ids", None)
    return kept


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def places_of(operation: str) -> tuple[str, ...]:
    """The arguments of a change that say what is changed."""
    return tuple(_BEFORE[operation][1:])


def changes(operation: str) -> bool:
    """Whether it is a change of something that can be read."""
    return operation in _BEFORE


async def before_change(call: "Call", operation: AnyOperation, arguments: Arguments) -> Mapping[str, Any] | None:
    """What a change is about to replace, where its undo needs it; None where it cannot be read. Does not raise."""
    from server.calls import Failed

    known = _BEFORE.get(operation.name) or _LOOKED_AT.get(operation.name)
    if known is None:
        return None
    source, *places = known
    asked = {name: arguments[name] for name in places if name in source.args.model_fields and name in arguments}
    try:
        if operation.name == "edit_youtube_comment":
            return await _comment_before(call, asked, arguments["comment_id"])
        body = await call.read(source, asked)
    except Failed:
        return None
    rows = rows_of(body)
    if not places:
        return row_of(body) or None
    wanted = arguments.get(places[0])
    if not rows and "id" not in row_of(body):
        # What has no id of its own is the one thing that was asked for.
        return row_of(body) or None
    return next(
        (
            row
            for row in rows or [row_of(body)]
            if wanted in (row.get("id"), row.get("platform_id"), row.get(places[0]))
        ),
        None,
    )


async def _comment_before(call: "Call", place: Arguments, comment_id: str) -> Mapping[str, Any] | None:
    """A comment on a video, or one of the replies below its first comments."""
    rows = rows_of(await call.read(LIST_COMMENTS, {**place, "limit": 100}))
    answered = [row for row in rows if row.get("has_replies")][:_LOOKED_BELOW]
    for above in (None, *answered):
        if above is not None:
            below = {**place, "comment_id": above["id"], "limit": 100}
            rows = rows_of(await call.read(LIST_COMMENT_REPLIES, below))
        found = next((row for row in rows if comment_id in (row.get("id"), row.get("platform_id"))), None)
        if found is not None:
            return found
    return None


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


def _retried(arguments: Arguments, before: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Only what the retry brought out is taken down: what was out before stays."""
    targets = before.get("targets")
    failed = [one["account_id"] for one in targets or [] if isinstance(one, dict) and one.get("status") == "failed"]
    if len(failed) != 1:
        return None
    return ("unpublish_post", {"post_id": arguments["post_id"], "account_id": failed[0]})


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


def _template(arguments: Arguments, _body: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    return ("delete_whatsapp_template", {name: arguments[name] for name in ("account_id", "name")})


_UNDO: Mapping[str, Undo] = {
    "hide_comment": _same_arguments("unhide_comment"),
    "unhide_comment": _same_arguments("hide_comment"),
    "like_comment": _same_arguments("unlike_comment"),
    "unlike_comment": _same_arguments("like_comment"),
    "reply_to_comment": _comment,
    "create_post": _post,
    "publish_post": _published,
    "create_brand": _by_id("delete_brand", "brand_id", "id"),
    "create_invite": _by_id("revoke_invite", "invite_id", "id"),
    "create_key": _by_id("revoke_key", "key_id", "id"),
    "create_webhook": _by_id("delete_webhook", "webhook_id", "id"),
    "create_redirect_uri": _by_id("delete_redirect_uri", "redirect_uri_id", "id"),
    "create_pinterest_board": _board,
    "create_whatsapp_template": _template,
    "upload_media": _by_id("delete_media", "media_id", "id", "media_id"),
    "assign_facebook_page": _by_id("disconnect_account", "account_id", "account_id", "id"),
}

_LOOKED_BELOW = 5
_NOTHING_CHANGED_BY = frozenset({"skip_validation"})
_EMPTY: Mapping[str, Any] = {"text": "", "title": "", "description": "", "media": [], "media_ids": [], "targets": []}
"""What a field that the API leaves out held before."""
_BEFORE: Mapping[str, tuple[AnyOperation, *tuple[str, ...]]] = {
    "update_post": (GET_POST, "post_id"),
    "update_brand": (LIST_BRANDS, "brand_id"),
    "update_key": (LIST_KEYS, "key_id"),
    "update_webhook": (GET_WEBHOOK, "webhook_id"),
    "update_conversation": (GET_CONVERSATION, "conversation_id"),
    "update_account_page": (LIST_ACCOUNT_PAGES, "page_id", "account_id"),
    "update_pinterest_board": (LIST_PINTEREST_BOARDS, "board_id", "account_id"),
    "edit_youtube_comment": (LIST_COMMENTS, "comment_id", "account_id", "post_id"),
    "update_current_user": (GET_CURRENT_USER,),
    "update_whatsapp_business_profile": (GET_WHATSAPP_BUSINESS_PROFILE, "phone_number_id"),
}
"""Change → the read that shows what it replaces, the argument with the id, and those that say where it is."""
_LOOKED_AT: Mapping[str, tuple[AnyOperation, *tuple[str, ...]]] = {"retry_post": (GET_POST, "post_id")}
"""What is read before, in the same way, though it is no change of fields."""
