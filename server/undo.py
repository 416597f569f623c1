"""What takes a write back, where something does: the exact call, for whoever made it."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from server.bodies import row_of, rows_of
from tools.accounts import LIST_ACCOUNT_PAGES
from tools.brands import LIST_BRANDS
from tools.comments import LIST_COMMENT_REPLIES, LIST_COMMENTS
from tools.conversations import GET_CONVERSATION
from tools.definitions import operation_named
from tools.keys import LIST_KEYS
from tools.operation import AnyOperation, Args
from tools.pinterest import LIST_PINTEREST_BOARDS
from tools.posts import GET_POST, UNPUBLISH_POST
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
    if before is None or operation not in _BEFORE:
        return None
    places = _BEFORE[operation][1:]
    if FORMER_DEFAULT in before and arguments.get("is_default") and "is_active" not in arguments:
        # Taking the mark away would leave the account without any.
        where = {"account_id": arguments["account_id"], "page_id": before[FORMER_DEFAULT]}
        return (operation, {**where, "is_default": True})
    restored = {name: value for name, value in _restored(operation, arguments, before).items() if value is not None}
    return (operation, {**{name: arguments[name] for name in places}, **restored}) if restored else None


def left_by_undo(operation: str, arguments: Arguments, before: Mapping[str, Any] | None) -> list[str]:
    """The changed arguments that the undo does not restore: they were empty, and nothing empties them again.

    What the API shows nowhere may have been anything, and is said to be so.
    """
    if before is None or operation not in _BEFORE:
        return []
    left = [name for name, value in _restored(operation, arguments, before).items() if value is None]
    return [name if _is_shown(operation, name) else f"{name} (what it was before cannot be read)" for name in left]


def without_undo(operation: str, arguments: Arguments) -> str | None:
    """What to say of a change for which there is no undo; None for what is no change."""
    if operation not in _BEFORE:
        return None
    places = {*places_of(operation), *_NOTHING_CHANGED_BY}
    changed = ", ".join(name for name in arguments if name not in places)
    return f"No undo: what was there before ({changed}) was empty or cannot be read; it stays as it is now."


def _restored(operation: str, arguments: Arguments, before: Mapping[str, Any]) -> dict[str, Any]:
    """Each changed argument as it was, in the form that the call takes; None where it cannot be given back."""
    declared = operation_named(operation)
    if declared is None:
        return {}
    places = _BEFORE[operation][1:]
    restored = {
        name: _as_argument(field.annotation, _held(operation, name, before))
        for name, field in declared.args.model_fields.items()
        if name in arguments and name not in places and name not in _NOTHING_CHANGED_BY
    }
    try:
        declared.args.model_validate({**{name: arguments[name] for name in places}, **restored})
    except ValidationError as error:
        refused = {problem["loc"][0] for problem in error.errors() if problem["loc"]} or set(restored)
        return {name: None if name in refused else value for name, value in restored.items()}
    return restored


def _held(operation: str, name: str, before: Mapping[str, Any]) -> Any:
    """What a field held; None where that is not known, or where nothing makes it so again."""
    if FORMER_DEFAULT in before and name == "is_default":
        return None
    value = before.get(name, _EMPTY.get(name) if _is_shown(operation, name) else None)
    return None if value == "" and name in _NEVER_EMPTIED else value


def _is_shown(operation: str, name: str) -> bool:
    """Whether the read before the change shows this field: only then does its absence mean that it was empty."""
    result: type[BaseModel] = _BEFORE[operation][0].result
    rows = result.model_fields.get("data")
    parts = () if rows is None else _parts(rows.annotation)
    shown = next((part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)), result)
    return name in shown.model_fields


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

    known = _BEFORE.get(operation.name)
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
    found = next(
        (
            row
            for row in rows or [row_of(body)]
            if wanted in (row.get("id"), row.get("platform_id"), row.get(places[0]))
        ),
        None,
    )
    former = next((row.get("id") for row in rows if row.get("is_default") and row is not found), None)
    is_marked = operation.name == "update_account_page" and arguments.get("is_default") and former
    return {**found, FORMER_DEFAULT: former} if found is not None and is_marked else found


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


def _post(arguments: Arguments, body: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    row = row_of(body)
    if not row.get("id"):
        return None
    status = row.get("status") or ("published" if arguments.get("publish_now") else None)
    if status in {"published", "partial", "publishing"}:
        return _taken_down(row["id"], row)
    # What waits or is a draft is deleted.
    return ("delete_post", {"post_id": row["id"]})


def _published(arguments: Arguments, body: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    return _taken_down(arguments["post_id"], row_of(body))


def _taken_down(post_id: str, post: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Nothing where no platform that it is on takes posts down; what is on its way still can be, once it is out."""
    targets = [one for one in post.get("targets") or [] if isinstance(one, dict)]
    if post.get("status") != "publishing" and targets and not any(map(_comes_down, targets)):
        return None
    return ("unpublish_post", {"post_id": post_id})


def _comes_down(target: Mapping[str, Any]) -> bool:
    return target.get("status") == "published" and target.get("platform") in UNPUBLISH_POST.platforms


def _retried(arguments: Arguments, body: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Only what the retry brought out is taken down: what was out before stays."""
    targets = [one for one in body.get("targets") or [] if isinstance(one, dict)]
    ours = [one for one in targets if one.get("tried_again") and _comes_down(one)]
    others = [one for one in targets if not one.get("tried_again") and one.get("status") == "published"]
    if ours and not others:
        return ("unpublish_post", {"post_id": arguments["post_id"]})
    accounts = {str(one["account_id"]) for one in ours if one.get("account_id")}
    if len(accounts) != 1 or accounts & {str(one.get("account_id")) for one in others}:
        return None
    return ("unpublish_post", {"post_id": arguments["post_id"], "account_id": accounts.pop()})


def _hidden(tool: str, *, hides: bool) -> Undo:
    """Nothing where it was so before; where that is not known, only what was hidden is shown again."""

    def undo(arguments: Arguments, body: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
        was_hidden = body.get("was_hidden")
        restores = was_hidden is not None and was_hidden is not hides
        return (tool, dict(arguments)) if restores or (was_hidden is None and hides) else None

    return undo


def _comment(arguments: Arguments, body: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    comment_id = body.get("comment_id") or body.get("id")
    if not comment_id:
        return None
    place = {name: arguments[name] for name in ("post_id", "account_id") if name in arguments}
    return ("delete_comment", {**place, "comment_id": comment_id})


def _board(arguments: Arguments, body: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    # By the API's own id, as the list shows it: a person who is asked is told which board that is.
    board_id = body.get("id") or body.get("board_id")
    if not board_id:
        return None
    return ("delete_pinterest_board", {"account_id": arguments["account_id"], "board_id": board_id})


def _template(arguments: Arguments, _body: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    return ("delete_whatsapp_template", {name: arguments[name] for name in ("account_id", "name")})


_UNDO: Mapping[str, Undo] = {
    "hide_comment": _hidden("unhide_comment", hides=True),
    "unhide_comment": _hidden("hide_comment", hides=False),
    "like_comment": _same_arguments("unlike_comment"),
    "unlike_comment": _same_arguments("like_comment"),
    "reply_to_comment": _comment,
    "create_post": _post,
    "publish_post": _published,
    "retry_post": _retried,
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
FORMER_DEFAULT = "former_default"
"""Of a page that becomes the default, beside what it was: the id of the page that was the default."""
_NEVER_EMPTIED = frozenset({"about"})
"""The API refuses it empty."""
_NOTHING_CHANGED_BY = frozenset({"skip_validation"})
_EMPTY: Mapping[str, Any] = {"text": "", "title": "", "description": "", "media": [], "media_ids": [], "targets": []}
"""What a field that the API shows, and left out, held before."""
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
