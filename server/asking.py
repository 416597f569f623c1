"""Asks a person before something happens: in their client, else on a page in their browser, else not at all.

Nothing a model can write counts as an answer. MCP 2026-07-28 "Multi Round-Trip Requests"; for older clients
`elicitation/create`.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mcp.shared.exceptions import MCPError
from mcp.types import (
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
)

from server import results
from server.bodies import row_of
from tools.users import GET_CURRENT_USER

if TYPE_CHECKING:
    from server.calls import Call

MODERN = "2026-07-28"
QUESTION = "confirmation"
ANSWERED_WITHIN = timedelta(minutes=10)
_NO = frozenset({"decline", "cancel"})


class Ask(Exception):
    """The client is to ask the person, and to send the call again with the answer."""

    def __init__(self, result: InputRequiredResult) -> None:
        super().__init__("a person has to be asked")
        self.result = result


class NotAllowed(Exception):
    """A person said no, or cannot be asked; the lines say which, and what to do next."""

    is_by_person = False
    """Whether a person did not want it; else nobody has said anything yet."""

    def __init__(self, *lines: str) -> None:
        super().__init__(lines[0])
        self.lines = lines


class Declined(NotAllowed):
    """The person did not want it, or did not type what they were to type."""

    is_by_person = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person is asked."""

    tool: str
    arguments: Mapping[str, Any]
    """Exactly what would be sent."""
    summary: str
    """In plain words, a few lines."""
    why: str
    """Why it is asked, after "because"."""
    typed: str | None = None
    """A name that has to be typed, for what cannot be had back."""

    is_lifted_by_never: bool = True
    """Whether --confirm never means that nobody is asked."""

    @property
    def whole(self) -> str:
        """The summary, and why it is asked: whoever reads it was not there when it came to that."""
        return f"{self.summary}\nAsked because: {self.why}"

    def digest(self, owner: str) -> str:
        """Of who asks for what, exactly."""
        text = json.dumps([owner, self.tool, self.arguments], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


async def agreed(call: "Call", question: Question) -> str:
    """Who agreed, once somebody did.

    Raises:
        Ask: the client asks now.
        NotAllowed: nobody agreed.
        server.records.RecordsUnavailable: what was asked cannot be kept.
        server.calls.Failed: whose key this is cannot be found out.
    """
    if _asks(call):
        if _is_modern(call):
            return await _by_round_trip(call, question)
        answer = await _by_older_request(call, question)
        if answer is not None:
            return _judge(answer, question)
    if call.services.address is not None:
        return await _by_page(call, question)
    ways = [
        "do it themselves in the dashboard of SocialAPI.AI",
        f"run `socialapi-mcp call {question.tool} …` in a terminal"
        + (", with --typed and the name" if question.typed is not None else ""),
        "use a client that shows questions of servers (elicitation)",
    ]
    if question.is_lifted_by_never:
        ways.append("start the server with --confirm never if they want no questions")
    raise NotAllowed(
        f"{question.tool} was not called: a person has to agree first, because {question.why}, "
        "and this client cannot ask",
        "retry: not before the person has changed this",
        f"next: tell the person what you would have done. They can {'; or '.join(ways)}.",
    )


def _asks(call: "Call") -> bool:
    """Whether the client says that it shows forms."""
    if call.context is None:
        return False
    capabilities = call.context.session.client_capabilities
    elicitation = None if capabilities is None else capabilities.elicitation
    # Forms are what an empty declaration means.
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)


def _is_modern(call: "Call") -> bool:
    return call.context is not None and call.context.session.protocol_version >= MODERN


def _form(question: Question) -> ElicitRequestFormParams:
    """The question as a form."""
    if question.typed is None:
        schema = {
            "type": "object",
            "properties": {"approve": {"type": "boolean", "title": "Go ahead"}},
            "required": ["approve"],
        }
        return ElicitRequestFormParams(message=question.whole, requested_schema=schema)
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string", "title": "Name", "description": f"Type {question.typed}"}},
        "required": ["name"],
    }
    message = f"{question.whole}\nTo go ahead, type: {question.typed}"
    return ElicitRequestFormParams(message=message, requested_schema=schema)


async def _by_round_trip(call: "Call", question: Question) -> str:
    """The answer that came with this request; without one, raises Ask.

    The state is sealed by `RequestStateBoundary`, which binds it to the caller, the tool, its arguments and a time;
    here it counts once, and for this question.
    """
    params = call.params
    responses, state = (None, None) if params is None else (params.input_responses, params.request_state)
    answer = (responses or {}).get(QUESTION)
    if state is None or not isinstance(answer, ElicitResult):
        nonce = secrets.token_hex(16)
        await call.services.records.put_handle(
            call.owner, "question", nonce, payload=question.digest(call.owner), expires_at=call.now + ANSWERED_WITHIN
        )
        raise Ask(
            InputRequiredResult(input_requests={QUESTION: ElicitRequest(params=_form(question))}, request_state=nonce)
        )
    if answer.action in _NO:
        return _judge(answer, question)
    use = await call.services.records.use_handle(call.owner, "question", state, now=call.now)
    if use.state != "ok" or use.payload != question.digest(call.owner):
        raise NotAllowed(
            f"{question.tool} was not called: this answer was used already, came too late, or is to another question",
            "retry: yes, without the answer; the person is asked again",
            "next: if it was carried out already, say so; else call it again.",
        )
    return _judge(answer, question)


async def _by_older_request(call: "Call", question: Question) -> ElicitResult | None:
    """The answer to a request of ours to the client; None where the connection has no way back."""
    if call.context is None:
        return None
    form = _form(question)
    try:
        return await call.context.session.elicit_form(
            form.message, form.requested_schema, related_request_id=call.context.request_id
        )
    except MCPError:
        # No back channel, or a client that declares what it cannot do: neither is a yes.
        return None


def _judge(answer: ElicitResult, question: Question) -> str:
    content = answer.content or {}
    if answer.action == "accept":
        if question.typed is None and content.get("approve") is True:
            return "the person, asked in their client"
        if question.typed is not None and _same(content.get("name"), question.typed):
            return "the person, who typed the name in their client"
        if question.typed is not None:
            raise Declined(
                f"{question.tool} was not called: the name that was typed is not the one asked for",
                "retry: only if the person still wants it",
                "next: ask the person what they want.",
            )
    raise Declined(
        f"{question.tool} was not called: the person said no",
        "retry: no",
        "next: do not ask for it again by yourself; ask the person what they want instead.",
    )


def _same(typed: object, wanted: str) -> bool:
    return isinstance(typed, str) and typed.strip() == wanted.strip()


async def _by_page(call: "Call", question: Question) -> str:
    """What was decided in the browser; without a decision, raises NotAllowed with the page's address."""
    records, digest = call.services.records, question.digest(call.owner)
    person = await person_of(call)
    approval = await records.take_approval(person, digest, now=call.now)
    if approval is not None:
        return f"{approval.by}, in the browser"
    approval_id = secrets.token_urlsafe(24)
    await records.ask_approval(
        person,
        approval_id,
        digest=digest,
        summary=json.dumps({"summary": question.whole, "typed": question.typed, "tool": question.tool}),
        expires_at=call.now + ANSWERED_WITHIN,
    )
    minutes = int(ANSWERED_WITHIN.total_seconds() // 60)
    raise NotAllowed(
        f"{question.tool} was not called yet: a person has to agree first, because {question.why}",
        f"page: {call.services.address}/approve/{approval_id}",
        f"retry: after the person has agreed there, within {minutes} minutes, with exactly the same arguments",
        "next: show the person this address and wait; you cannot agree for them.",
    )


async def person_of(call: "Call") -> str:
    """Whose questions and pages these are: who signs in with the browser is known by the same name."""
    if call.person is None:
        subject = call.caller.subject
        if subject is None:
            subject = str(row_of(await call.read(GET_CURRENT_USER, {})).get("id") or "")
        # Kept, because a call may end the key that it is made with.
        call.person = owner_of(subject)
    return call.person


def owner_of(subject: str) -> str:
    """The name under which a person's records are kept; the subject cannot be had back from it."""
    return hashlib.sha256(subject.encode()).hexdigest()[:32]


def said(text: str, limit: int = 300) -> str:
    """A value as it is shown in a question: one line, without anything invisible."""
    line = results.plain(text, len(text))
    return line if len(line) <= limit else f"{line[:limit]}… (+{len(line) - limit} characters)"
