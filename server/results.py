"""Turns answers and failures into tool results; what the model reads about an error is written here and only here."""

import difflib
import json
import math
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from mcp.types import CallToolResult, TextContent
from pydantic import ValidationError

from server.foreign_text import clean, is_plain
from server.token_estimate import estimate
from tools.definitions import input_schema
from tools.errors import error_info
from tools.operation import AnyOperation, Effect
from tools.problems import in_words
from tools.rest import ApiError, BadFile, NoAnswer
from tools.workflow import AnyWorkflow

MAX_MESSAGE_LENGTH = 500
_LONGEST_PLACE = 160
MAX_PROBLEMS = 15
"""Problems of one kind that a refusal tells; whoever mends these sees the rest."""
MAX_TOKENS = 2500
"""Of all problems together."""


def answered(body: dict[str, Any], notes: Iterable[str]) -> CallToolResult:
    """An answer as structured content, and as compact JSON without nulls, with what is to be said about it."""
    return CallToolResult(content=[_text("\n".join([compact(body), *notes]))], structured_content=body)


def told(body: dict[str, Any], text: str | None = None) -> CallToolResult:
    """A workflow's answer: structured, and as text."""
    return CallToolResult(content=[_text(compact(body) if text is None else text)], structured_content=body)


def compact(value: Any) -> str:
    """Compact JSON; nulls in objects are left out."""
    return json.dumps(_without_nulls(value), ensure_ascii=False, separators=(",", ":"))


def api_error(operation: AnyOperation, error: ApiError) -> CallToolResult:
    """What the API refused, why, and what to do next."""
    info = error_info(error.code, error.status)
    message = relayed(error.message)
    lines = [f"{operation.title} failed: {message or _said_nothing(error.status)}", f"code: {_word(error.code)}"]
    if field := error.meta.get("field"):
        lines.append(f"field: {_word(str(field))}")
    if scope := error.meta.get("required_scope"):
        lines.append(f"scope needed: {_word(str(scope))}")
    lines.append(f"HTTP status: {error.status}")
    if error.request_id:
        lines.append(f"request id: {_word(str(error.request_id))}")
    lines.append(f"retry: {_retry(operation, info.retry, error)}")
    lines += _target_lines(error.body)
    lines.append(f"next: {info.advice}")
    return failure(lines)


def _said_nothing(status: int) -> str:
    """A plain sentence for a refusal that came without one."""
    try:
        phrase = HTTPStatus(status).phrase.lower()
    except ValueError:
        phrase = "an unknown status"
    return f"the API answered {phrase} ({status}) and gave no reason."


def not_granted(operation: AnyOperation, scope: str) -> CallToolResult:
    """The sign-in does not cover the call. Over HTTP it was refused before it came here."""
    return failure(
        [
            f"{operation.title} was not called: your sign-in does not cover it",
            f"scope needed: {scope}",
            "retry: only after signing in again and granting it",
            "next: ask the person to connect this server again and to choose a role with this permission.",
        ]
    )


def only_drafts(operation: AnyOperation) -> CallToolResult:
    """The sign-in is for drafts, and this is more."""
    return failure(
        [
            f"{operation.title} was not called: this sign-in may prepare drafts, and change nothing else of posts",
            "retry: no",
            "next: leave the post as a draft, without publish_now and scheduled_at; somebody else publishes it.",
        ]
    )


def bad_file(operation: AnyOperation, error: BadFile) -> CallToolResult:
    """A file argument that cannot be used."""
    return failure(
        [
            f"{operation.title} was not called: {error}",
            "retry: only after the file argument is mended",
            "next: pass another path or content_base64; nothing was sent.",
        ]
    )


def no_answer(operation: AnyOperation, error: NoAnswer) -> CallToolResult:
    """The API did not answer; for a write that may have arrived, how to find out."""
    lines = [f"{operation.title}: {error.reason}."]
    if error.remedy is not None:
        lines += ["retry: only after the cause is mended", f"next: {error.remedy}."]
    elif operation.effect is Effect.READ:
        lines += ["retry: yes, in a moment", "next: call it again; if it keeps failing, the service is down."]
    elif not error.sent:
        lines += ["retry: yes, nothing was sent", "next: call it again in a moment."]
    else:
        lines += [
            "retry: not before looking; the request may have been carried out",
            f"next: check with {check_of(operation)} whether it happened.",
        ]
    return failure(lines)


def check_of(operation: AnyOperation) -> str:
    """The tool that shows whether a write happened."""
    return _CHECKS.get(operation.name) or _CHECKS.get(operation.group, "the person")


_CHECKS: Mapping[str, str] = {
    # A group's tool, then those of the group that another tool shows.
    "Publishing": "list_posts",
    "Inbox - Comments": "list_comments",
    "Inbox - Conversations": "list_messages",
    "Inbox - Reviews": "list_reviews",
    "Mentions": "list_mentions",
    "Media Library": "list_media",
    "Accounts": "list_accounts",
    "Brands": "list_brands",
    "Invites": "list_invites",
    "API Keys": "list_keys",
    "Webhooks": "list_webhooks",
    "Exports": "list_exports",
    "OAuth redirect URIs": "list_redirect_uris",
    "Twitter BYOK": "list_x_credentials",
    "Users": "get_current_user",
    "Billing": "get_usage",
    "Announcements": "list_announcements",
    "WhatsApp": "get_whatsapp_number_status",
    "Instagram": "list_instagram_collaborators",
    "Platforms": "list_account_pages",
    "YouTube": "get_youtube_summary",
    "TikTok": "get_tiktok_summary",
    "update_account_page": "list_account_pages",
    "create_pinterest_board": "list_pinterest_boards",
    "update_pinterest_board": "list_pinterest_boards",
    "delete_pinterest_board": "list_pinterest_boards",
    "redeem_invite": "list_accounts",
    "reply_to_comment": "list_comment_replies",
    "send_private_reply": "list_conversations",
    "update_conversation": "get_conversation",
    "mark_conversation_read": "get_conversation",
    "test_webhook": "list_webhook_deliveries",
    "retry_webhook_delivery": "list_webhook_deliveries",
    "create_whatsapp_template": "list_whatsapp_templates",
    "update_whatsapp_template": "list_whatsapp_templates",
    "delete_whatsapp_template": "list_whatsapp_templates",
    "send_whatsapp_template": "list_messages",
    "update_whatsapp_business_profile": "get_whatsapp_business_profile",
    "edit_youtube_comment": "list_comments",
    "moderate_youtube_comment": "list_comments",
}


def bad_arguments(operation: AnyOperation | AnyWorkflow, error: ValidationError) -> CallToolResult:
    """Every argument that will not do, and the nearest known name for one that does not exist."""
    problems: list[str] = []
    for problem in error.errors(include_url=False):
        name = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            known = _known_names(operation, problem["loc"][:-1])
            near = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known) or 'none'}"
            problems.append(f"{plain(name, _LONGEST_PLACE)}: unknown argument; {hint}")
        elif problem["type"] == "missing":
            problems.append(f"{plain(name, _LONGEST_PLACE)}: required")
        else:
            place, message = _of_one_field(problem["loc"], in_words(problem))
            problems.append(f"{plain(place, _LONGEST_PLACE)}: {plain(message)}")
    return failure(
        [
            f"{operation.name} was not called: its arguments are not right.",
            *_first_of(problems, "problems like these"),
            "next: call it again with these corrected; nothing was sent.",
        ]
    )


def _first_of(lines: list[str], what: str) -> list[str]:
    """As many lines as a model should read of many alike, and how many more there are."""
    count, room = 0, MAX_TOKENS
    for line in lines[:MAX_PROBLEMS]:
        room -= estimate(line)
        if room < 0 and count:
            break
        count += 1
    return lines if count == len(lines) else [*lines[:count], f"and {len(lines) - count} more {what}"]


def _of_one_field(place: tuple[int | str, ...], message: str) -> tuple[str, str]:
    """Where a problem lies; a rule over several fields names the one to mend in front of its sentence."""
    field, colon, sentence = message.partition(": ")
    parts = [str(part) for part in place]
    if colon and field.isidentifier():
        return ".".join([*parts, field]), sentence
    return ".".join(parts) or "arguments", message


def _known_names(operation: AnyOperation | AnyWorkflow, place: tuple[int | str, ...]) -> list[str]:
    """The arguments that exist where `place` points: at the top, or in an object nested there."""
    nodes: list[Any] = [input_schema(operation)]
    for part in place:
        inner = [
            node.get("items") if isinstance(part, int) else node.get("properties", {}).get(part)
            for node in _options(nodes)
        ]
        # Inside a union pydantic names the branch, which is no place in the schema.
        nodes = [node for node in inner if isinstance(node, dict)] or nodes
    return [name for node in _options(nodes) for name in node.get("properties", {})]


def _options(nodes: list[Any]) -> list[Any]:
    return [option for node in nodes for option in node.get("anyOf", node.get("oneOf", [node]))]


def failure(lines: Iterable[str]) -> CallToolResult:
    """An error result of these lines."""
    return CallToolResult(content=[_text("\n".join(lines))], is_error=True)


def plain(text: str, limit: int = MAX_MESSAGE_LENGTH) -> str:
    """One line of printable text, cut where it gets long."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return line if len(line) <= limit else line[:limit] + "…"


def relayed(text: str) -> str:
    """What the API says of a failure, on one line: it may quote strangers, so nothing in it acts or hides."""
    return clean(plain(text), limit=MAX_MESSAGE_LENGTH)


def _word(text: str) -> str:
    """A code, a name of a field or an id as the API gives it; a sentence in its place is not passed on."""
    return text if len(text) <= _LONGEST_PLACE and is_plain(text) else "(not readable)"


def _retry(operation: AnyOperation, kind: str, error: ApiError) -> str:
    if error.retry_after_seconds is not None and kind != "never":
        return f"yes, after {math.ceil(error.retry_after_seconds)} s"
    if kind == "later":
        return "later" if operation.effect is Effect.READ else "later, if it did not happen after all"
    return "no" if kind == "never" else "only after the cause is mended"


def _target_lines(body: Any) -> list[str]:
    """The failures of a post's targets, one a line."""
    targets = body.get("targets") if isinstance(body, dict) else None
    lines: list[str] = []
    for target in targets if isinstance(targets, list) else []:
        problem = target.get("error") if isinstance(target, dict) else None
        if isinstance(problem, dict):
            where = f"{target.get('platform', '?')} {target.get('account_id', '')}".strip()
            lines.append(relayed(f"target {where}: {problem.get('code', '')} {problem.get('message', '')}"))
    lines = _first_of(lines, "targets that failed")
    if lines and isinstance(body, dict) and body.get("id"):
        lines.append(relayed(f"post id: {body['id']}"))
    return lines


def fitting(operation: AnyOperation, body: dict[str, Any]) -> dict[str, Any]:
    """The answer so that it keeps to the output schema: fields of another type than documented move aside, whole."""
    try:
        operation.result.model_validate(body, strict=True)
    except ValidationError as error:
        odd = {str(problem["loc"][0]) for problem in error.errors(include_url=False) if problem["loc"]}
        kept = {name: value for name, value in body.items() if name not in odd}
        return {**kept, "unexpected": {name: body[name] for name in body if name in odd}}
    return body


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _text(text: str) -> TextContent:
    return TextContent(type="text", text=text)
