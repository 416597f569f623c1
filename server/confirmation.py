"""When a person is asked first, and what they are told would happen."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from server.asking import Question, said
from server.bodies import row_of, rows_of
from server.drafts import names_a_time
from server.platform_names import platform_label
from server.secret_values import hidden
from server.telling import explained
from tools.accounts import LIST_ACCOUNTS
from tools.brands import LIST_BRANDS
from tools.operation import AnyOperation, Effect
from tools.users import GET_CURRENT_USER

if TYPE_CHECKING:
    from server.calls import Call

ESCALATES = frozenset(
    {
        "create_key",
        "update_key",
        "rotate_key",
        "revoke_key",
        "create_webhook",
        "update_webhook",
        "test_webhook",
        "retry_webhook_delivery",
        "delete_webhook",
        "create_invite",
        "redeem_invite",
        "revoke_invite",
        "create_redirect_uri",
        "delete_redirect_uri",
        "set_x_credentials",
        "set_brand_x_credentials",
        "delete_x_credentials",
        "delete_brand_x_credentials",
        "connect_account",
        "select_pending_connection",
        "exchange_oauth_code",
        "register_whatsapp_number",
        "update_current_user",
        "create_checkout",
        "create_billing_portal",
        "create_export",
    }
)
"""What could give somebody else a way in, or money or data a way out; ending such a way is a change of it, too."""
PRIVATE = frozenset({"send_message", "send_private_reply", "send_whatsapp_template"})
"""What reaches one person, who might not be the one whose words were read."""
SEEN_BY_OTHERS = frozenset(
    {
        "update_post",
        "update_youtube_video",
        "edit_youtube_comment",
        "moderate_youtube_comment",
        "unhide_comment",
        "like_comment",
        "update_whatsapp_business_profile",
        "update_pinterest_board",
    }
)
"""Changes what is public, or will be, though it publishes nothing new."""
BY_STRANGERS = "text written by other people was read in the last minutes, and could have asked for it"
_FETCHED = ("attachment_url", "image_url", "profile_picture_url")
"""Arguments that are addresses of files."""
_MOST_NAMES = 20
UNDONE_BY_NOTHING = frozenset({"deregister_whatsapp_number", "rotate_key"})
"""Ends something that works, though it is no deletion by name."""
_NAMED: Mapping[str, tuple[AnyOperation, str, tuple[str, ...]]] = {
    "delete_brand": (LIST_BRANDS, "brand_id", ("name",)),
    "disconnect_account": (LIST_ACCOUNTS, "account_id", ("name", "username")),
    "delete_current_user": (GET_CURRENT_USER, "", ("email", "name")),
}
"""What takes so much with it that its name has to be typed: where the name is read, the id's argument, the fields."""


async def question_for(call: "Call", operation: AnyOperation, arguments: Mapping[str, Any]) -> Question | None:
    """What a person is to be asked before this call; None for nothing.

    Raises:
        server.calls.Failed: what would be deleted cannot be looked up.
        server.records.RecordsUnavailable: whether strangers' text was read lately is not known.
    """
    because, strangers = _because(call, operation, arguments), await _because_of_strangers(call, operation, arguments)
    why = "; ".join(filter(None, [because, strangers]))
    if not why:
        return None
    typed = await _name_to_type(call, operation, arguments) if operation.name in _NAMED else None
    lines = [f"{operation.title}?", *await explained(call, hidden(operation, arguments))]
    lines += await consequences(call, operation, arguments)
    if typed is not None:
        lines.insert(1, f"It is called: {typed}")
    return Question(
        tool=operation.name,
        arguments=arguments,
        summary="\n".join(lines),
        why=why,
        typed=typed,
        is_lifted_by_never=typed is None and strangers is None,
    )


def _because(call: "Call", operation: AnyOperation, arguments: Mapping[str, Any]) -> str | None:
    if operation.name in _NAMED:
        return "this cannot be undone"
    if call.mode.confirm == "never":
        return None
    if operation.effect is Effect.DELETE or operation.name in UNDONE_BY_NOTHING:
        return "it deletes or ends something"
    is_public = operation.effect is Effect.PUBLISH or operation.name in SEEN_BY_OTHERS
    if call.mode.confirm == "public" and is_public and not is_draft(operation, arguments):
        return "other people will see it"
    return None


def is_draft(operation: AnyOperation, arguments: Mapping[str, Any]) -> bool:
    """Whether a post is only written down: neither at once nor at any time does it go out by itself."""
    if operation.name != "create_post":
        return False
    # Text where a list belongs is not looked into, and so not taken for harmless.
    return not (arguments.get("publish_now") or isinstance(arguments.get("targets"), str) or names_a_time(arguments))


async def _because_of_strangers(call: "Call", operation: AnyOperation, arguments: Mapping[str, Any]) -> str | None:
    fetches = operation.effect is not Effect.READ and names_an_address(arguments)
    if operation.name not in ESCALATES and operation.name not in PRIVATE and not fetches:
        return None
    taint = await call.services.records.tainted(call.owner, now=call.now)
    if taint is None:
        return None
    is_reply = operation.name == "send_message" and arguments.get("conversation_id") == taint.being_read
    return None if is_reply and not fetches else BY_STRANGERS


def names_an_address(arguments: Any) -> bool:
    """Whether a file is fetched from an address, which can carry what was read to whoever wrote it."""
    if isinstance(arguments, list):
        return any(map(names_an_address, arguments))
    if not isinstance(arguments, Mapping):
        return False
    return (
        (arguments.get("source_type") == "url" and bool(arguments.get("source")))
        or any(arguments.get(name) for name in _FETCHED)
        or any(map(names_an_address, arguments.values()))
    )


async def consequences(call: "Call", operation: AnyOperation, arguments: Mapping[str, Any]) -> list[str]:
    """What follows from a call and is not among its arguments, as lines."""
    lines: list[str] = []
    if operation.name == "create_key":
        scopes, brands = arguments.get("scopes"), arguments.get("brand_ids")
        if not scopes:
            lines.append("Whoever has it may: do everything that you may")
        if not brands:
            lines.append("It reaches: all brands")
    if operation.name == "delete_brand":
        lines += await _accounts_of(call, str(arguments.get("brand_id") or ""))
    # Of what has to be typed, the reason says so.
    if operation.name not in _NAMED and (operation.effect is Effect.DELETE or operation.name in UNDONE_BY_NOTHING):
        lines.append("Afterwards: it cannot be taken back")
    return lines


async def _accounts_of(call: "Call", brand_id: str) -> list[str]:
    from server.calls import Failed

    try:
        rows = [row for row in rows_of(await call.read(LIST_ACCOUNTS, {})) if row.get("brand_id") == brand_id]
    except Failed:
        return ["Its accounts: could not be read"]
    names = [
        f"“{said(str(row.get('name') or row.get('username') or ''), 60)}” on {platform_label(str(row.get('platform')))}"
        for row in rows
    ]
    shown = "; ".join(names[:_MOST_NAMES])
    more = f"; and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return [f"Its accounts: {len(names)}{': ' if names else ''}{shown}{more}"]


async def _name_to_type(call: "Call", operation: AnyOperation, arguments: Mapping[str, Any]) -> str:
    source, argument, fields = _NAMED[operation.name]
    body = await call.read(source, {})
    wanted = arguments.get(argument)
    for row in rows_of(body) or [row_of(body)]:
        if not argument or row.get("id") == wanted:
            found = next((str(row[name]) for name in fields if row.get(name)), "")
            if found:
                return found
    # Nothing of that id: the API will say so, and there is nothing else to type.
    return str(wanted or "delete")


async def name_to_be_typed(call: "Call", operation: AnyOperation, arguments: Mapping[str, Any]) -> str | None:
    """What has to be typed for a call that takes so much with it; None for any other. Raises server.calls.Failed."""
    return await _name_to_type(call, operation, arguments) if operation.name in _NAMED else None
