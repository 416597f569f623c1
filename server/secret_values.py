"""Values that no model should read or write: they pass by it on pages of this server that only the person can open.

What the API shows once is sealed until the person looks at it; what only the person may give is sealed until the call
that it was typed for takes it. Either is there for one use and some minutes.
"""

import base64
import copy
import hashlib
import json
import logging
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mcp.shared.exceptions import MCPError
from mcp.types import ElicitRequest, ElicitRequestURLParams, ElicitResult, InputRequiredResult
from pydantic import ValidationError

from auth.scopes import format_scopes
from auth.vault import CannotOpen, Secret, open_with, seal_with
from server.asking import MODERN, Ask, person_of, said
from server.callers import NotGranted
from server.records import RecordsUnavailable, Taken
from server.results import compact
from server.telling import explained
from tools.definitions import definitions
from tools.operation import AnyOperation

if TYPE_CHECKING:
    from server.calls import Call, Services

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

REVEALED_WITHIN = TYPED_WITHIN = timedelta(minutes=15)
REVEAL, TYPED = "reveal", "typed"
"""The kinds of handles, and the purposes of the keys that seal them."""
HIDDEN = "(typed by the person, not shown)"
_QUESTION = "secret"
_PLACEHOLDER = "typed-later"
_LEAST_LETTERS = 8
"""Shorter values are not looked for in other texts, where they stand by chance."""
_ONLY_FOR: Mapping[str, tuple[str, str]] = {"connect_account": ("platform", "telegram")}
"""Operations whose secret is needed with one value of another argument only."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person typed for exactly one call."""

    digest: str
    values: Mapping[str, str]
    """By the argument's name, a nested one's with dots."""
    expires_at: datetime


# What the API shows once.


async def ready_to_conceal(call: "Call", operation: AnyOperation) -> None:
    """Make sure, before anything is sent, that a secret of the answer can be shown to a person.

    Raises:
        Refused: over HTTP there is no page to show it on.
        Failed: whose page it would be cannot be found out.
    """
    from server.calls import Refused

    if not operation.secret_results:
        return
    if call.services.address is not None:
        await person_of(call)
    elif call.context is not None and call.context.request is not None:
        raise Refused(
            f"{operation.name} was not called: its answer holds a secret, which only a page of this server may show, "
            "and nobody can sign in here to see it",
            "retry: not before the person has changed this",
            "next: tell the person. They can do it in their dashboard, over stdio, or have sign-in turned on here.",
        )


async def concealed(call: "Call", operation: AnyOperation, body: dict[str, Any]) -> dict[str, Any]:
    """The answer, with the address of a page instead of each secret; over stdio as it is. Does not raise.

    The page belongs to the person whom the call is made for, works for 15 minutes, and shows the value once.
    """
    if not operation.secret_results or call.services.address is None:
        return body
    instead: dict[str, str] = {}
    for name, value in _found(body, operation.secret_results):
        if value not in instead:
            instead[value] = await _on_a_page(call, operation, name, value, body)
    replaced: dict[str, Any] = _replaced(body, operation.secret_results, instead)
    return replaced


def opened(services: "Services", kind: str, person: str, handle_id: str, sealed: str) -> dict[str, str]:
    """What was sealed for a person's handle; raises auth.vault.CannotOpen."""
    try:
        raw = base64.b64decode(sealed, validate=True)
    except ValueError:
        raise CannotOpen("what was sealed is no base64") from None
    values: dict[str, str] = json.loads(open_with(Secret(services.key(kind)), raw, kind, person, handle_id).reveal())
    return values


def sealed(services: "Services", kind: str, person: str, handle_id: str, values: Mapping[str, str]) -> str:
    """Values, which only this handle of this person opens again."""
    secret = Secret(json.dumps(dict(values)))
    return base64.b64encode(seal_with(Secret(services.key(kind)), secret, kind, person, handle_id)).decode()


async def _on_a_page(call: "Call", operation: AnyOperation, name: str, value: str, body: Mapping[str, Any]) -> str:
    from server.calls import Failed

    handle_id, services = secrets.token_urlsafe(24), call.services
    try:
        person = await person_of(call)
        payload = {
            "title": operation.title,
            "field": name,
            "name": said(str(body.get("name") or ""), 80),
            "until": (call.now + REVEALED_WITHIN).isoformat(),
            "sealed": sealed(services, REVEAL, person, handle_id, {name: value}),
        }
        await services.records.put_handle(
            person, REVEAL, handle_id, payload=json.dumps(payload), expires_at=call.now + REVEALED_WITHIN
        )
    except (RecordsUnavailable, Taken, Failed) as problem:
        # It has happened, and the value is lost rather than shown.
        logger.error("a secret could not be kept for its person: %s", type(problem).__name__)
        return "not shown to assistants, and could not be kept for the person either: replace it by a new one"
    minutes = int(REVEALED_WITHIN.total_seconds() // 60)
    return (
        f"not shown to assistants; the person reads it once, signed in, within {minutes} minutes, "
        f"at {services.address}/reveal/{handle_id}"
    )


def _found(value: Any, names: frozenset[str]) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name in names and item not in (None, ""):
                yield name, _text(item)
            else:
                yield from _found(item, names)
    elif isinstance(value, list):
        for item in value:
            yield from _found(item, names)


def _replaced(value: Any, names: frozenset[str], instead: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            name: instead[_text(item)] if name in names and item not in (None, "") else _replaced(item, names, instead)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_replaced(item, names, instead) for item in value]
    if isinstance(value, str):
        for secret in instead:
            if len(secret) >= _LEAST_LETTERS:
                value = value.replace(secret, "…")
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else compact(value)


# What only a person may give.


def hidden(operation: AnyOperation, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments as they may be shown and kept: without their secrets."""
    held = [path for path in operation.secret_arguments if _at(arguments, path) is not None]
    return _with(arguments, dict.fromkeys(held, HIDDEN)) if held else arguments


async def filled(call: "Call", operation: AnyOperation, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, with the secrets that the person typed on a page for exactly this call.

    Raises:
        Refused: a secret came as an argument, or the person has not typed it yet; the lines say where they can.
        Failed: the other arguments are not right, or the call is not granted: nobody is asked for that.
        server.asking.Ask: the client opens the page now.
    """
    from server.calls import Refused

    whole = _unfolded(operation, arguments)
    given = sorted(path for path in operation.secret_arguments if _at(whole, path) is not None)
    if given and not call.mode.allow_secret_arguments:
        raise Refused(*_seen(operation, given, has_page=call.services.address is not None))
    needed = _needed(operation, whole, given)
    if not needed or (call.services.address is None and call.mode.allow_secret_arguments):
        return whole
    if call.services.address is None:
        raise Refused(
            f"{operation.name} was not called: it needs {' and '.join(needed)}, which an assistant should not see, "
            "and there is no page here to type it on",
            "retry: not before the person has changed this",
            "next: tell the person. They can do it in their dashboard, or start this server with "
            "--allow-secret-arguments and let you read and write it.",
        )
    try:
        values = await _typed(call, operation, whole, needed)
    except RecordsUnavailable as problem:
        raise Refused(
            f"{operation.name} was not called: {problem}",
            "retry: yes, once the records can be written again; nothing was sent",
            "next: tell the person.",
        ) from None
    return _with(whole, values)


async def given_back(call: "Call") -> None:
    """Keep what was typed for the repetition of a call that was not sent yet, as when a question came between."""
    typed, call.typed = call.typed, None
    if typed is None or typed.expires_at <= call.now:
        return
    records, person, page_id = call.services.records, await person_of(call), secrets.token_urlsafe(24)
    with suppress(RecordsUnavailable, Taken):
        await records.ask_approval(person, page_id, digest=typed.digest, summary="{}", expires_at=typed.expires_at)
        payload = sealed(call.services, TYPED, person, page_id, typed.values)
        await records.put_handle(person, TYPED, page_id, payload=payload, expires_at=typed.expires_at)
        await records.decide_approval(page_id, approved=True, by="the person", now=call.now)


async def _typed(
    call: "Call", operation: AnyOperation, arguments: Mapping[str, Any], needed: list[str]
) -> Mapping[str, str]:
    """What was typed; where it was not yet, the person is sent to the page."""
    from server.calls import Refused

    others, person = _checked(call, operation, arguments, needed), await person_of(call)
    whose = json.dumps(["secret", person, call.owner, operation.name, others], sort_keys=True)
    digest = hashlib.sha256(whose.encode()).hexdigest()
    typed = await _taken(call, digest, person)
    if typed is None:
        page_id = await _page(call, operation, digest, person, others, needed)
        address = f"{call.services.address}/secrets/{page_id}"
        await _open(call, operation, page_id, address, needed)
        # Some clients answer when the person is done.
        typed = await _taken(call, digest, person)
        if typed is None:
            minutes = int(TYPED_WITHIN.total_seconds() // 60)
            raise Refused(
                f"{operation.name} was not called yet: the person has to type {' and '.join(needed)} on a page first, "
                "because an assistant should not see it",
                f"page: {address}",
                f"retry: after they have, within {minutes} minutes, with exactly the same arguments",
                "next: show the person this address and wait, then call again with the same arguments afterwards; "
                "do not ask them to write it to you.",
            )
    call.typed = typed
    return typed.values


async def _taken(call: "Call", digest: str, person: str) -> Typed | None:
    records = call.services.records
    approval = await records.take_approval(person, digest, now=call.now)
    if approval is None:
        return None
    use = await records.use_handle(person, TYPED, approval.approval_id, now=call.now)
    try:
        values = opened(call.services, TYPED, person, approval.approval_id, use.payload or "")
    except CannotOpen:
        return None
    return Typed(digest, values, approval.expires_at)


def _checked(
    call: "Call", operation: AnyOperation, arguments: Mapping[str, Any], needed: list[str]
) -> Mapping[str, Any]:
    """The other arguments, once it is sure that the secret is all that is missing."""
    from server.calls import Failed, Refused

    if not call.mode.allows(operation.name, definitions()[operation.name]):
        raise Refused(*call.mode.refusal(operation.name))
    missing = call.caller.lacks(operation.scope)
    if missing:
        raise Failed(operation, NotGranted(format_scopes(missing)))
    try:
        args = operation.args.model_validate(_with(arguments, dict.fromkeys(needed, _PLACEHOLDER)))
    except ValidationError as error:
        raise Failed(operation, error) from None
    dumped: dict[str, Any] = args.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    return hidden(operation, dumped)


async def _open(call: "Call", operation: AnyOperation, page_id: str, address: str, needed: list[str]) -> None:
    """Let the client open the page, where it can.

    Raises:
        server.asking.Ask: it does so now, and sends the call again.
        Refused: the person does not want to.
    """
    from server.calls import Refused

    answer = None if call.params is None else (call.params.input_responses or {}).get(_QUESTION)
    context = call.context
    if context is not None and answer is None and _opens_pages(call):
        message = f"{operation.title}: type {' and '.join(needed)} on this page. Your assistant does not see it."
        if context.session.protocol_version >= MODERN:
            asked = ElicitRequest(params=ElicitRequestURLParams(message=message, url=address))
            raise Ask(InputRequiredResult(input_requests={_QUESTION: asked}, request_state=page_id))
        with suppress(MCPError):
            answer = await context.session.elicit_url(message, address, page_id, context.request_id)
    if isinstance(answer, ElicitResult) and answer.action != "accept":
        raise Refused(
            f"{operation.name} was not called: the person did not want to give {' and '.join(needed)}",
            "retry: no",
            "next: do not ask for it again by yourself; ask the person what they want instead.",
        )


async def _page(
    call: "Call", operation: AnyOperation, digest: str, person: str, others: Mapping[str, Any], needed: list[str]
) -> str:
    """The id of the page: the one that the client was sent to already, or a new one."""
    records, known = call.services.records, None if call.params is None else call.params.request_state
    if known is not None:
        found = await records.approval(person, known, now=call.now)
        if found is not None and found.digest == digest and found.state == "pending":
            return known
    page_id = secrets.token_urlsafe(24)
    shown = {name: value for name, value in others.items() if value not in (None, {})}
    lines = [f"{operation.title}?", *await explained(call, shown)]
    summary = {"summary": "\n".join(lines), "typed": None, "tool": operation.name, "secrets": needed}
    await records.ask_approval(
        person, page_id, digest=digest, summary=json.dumps(summary), expires_at=call.now + TYPED_WITHIN
    )
    return page_id


def _opens_pages(call: "Call") -> bool:
    capabilities = None if call.context is None else call.context.session.client_capabilities
    elicitation = None if capabilities is None else capabilities.elicitation
    return elicitation is not None and elicitation.url is not None


def _needed(operation: AnyOperation, arguments: Mapping[str, Any], given: list[str]) -> list[str]:
    condition = _ONLY_FOR.get(operation.name)
    if condition is not None and arguments.get(condition[0]) != condition[1]:
        return []
    return sorted(operation.secret_arguments - set(given))


def _seen(operation: AnyOperation, given: list[str], *, has_page: bool) -> list[str]:
    """What is said about a secret that came as an argument; never its value."""
    names = " and ".join(given)
    way = (
        f"Then call it without {names}; the person is asked for it on a page."
        if has_page
        else "Then they can do it in their dashboard, or start this server with --allow-secret-arguments."
    )
    return [
        f"{operation.name} was not called: {names} came as an argument, which an assistant reads and its records keep",
        "retry: yes, without it",
        "next: tell the person that this value has been seen and should be renewed where it comes from, "
        f"as if it had been published. {way}",
    ]


def _unfolded(operation: AnyOperation, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, with what holds nested secrets as the object that its JSON text spells: models send both."""
    whole = dict(arguments)
    for name in {path.partition(".")[0] for path in operation.secret_arguments if "." in path}:
        if isinstance(whole.get(name), str):
            with suppress(ValueError, RecursionError):
                whole[name] = json.loads(whole[name])
    return whole


def _at(arguments: Mapping[str, Any], path: str) -> Any:
    """The value at a path; None where there is none."""
    value: Any = arguments
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return None if value == "" else value


def _with(arguments: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, changed at these paths."""
    whole: dict[str, Any] = copy.deepcopy(dict(arguments))
    for path, value in values.items():
        *outer, last = path.split(".")
        place = whole
        for name in outer:
            if not isinstance(place.get(name), dict):
                place[name] = {}
            place = place[name]
        place[last] = value
    return whole
