"""A write on its way: allowed, agreed to, sent at most once, noted.

The order matters. The claim comes before the question, so that a repetition is answered with what came of the first
one; the question before anything leaves; the note that something leaves before it does, so that a process that dies
in between leaves "unknown" behind and never a second try.
"""

import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import anyio
from pydantic import BaseModel

from auth.scopes import format_scopes
from server import drafts
from server.asking import NotAllowed, agreed, said
from server.bodies import row_of
from server.callers import NotGranted, OnlyDrafts, exchange
from server.confirmation import question_for
from server.outcomes import first_outcome, kept
from server.read_back import noted_as_done, read_back
from server.records import AuditEntry, ClaimLost, RecordsUnavailable
from server.records.ledger import KEPT
from server.secret_values import concealed, ready_to_conceal
from server.undo import before_change, left_by_undo, undo_of
from tools.definitions import definitions
from tools.fields import FileArgs
from tools.operation import AnyOperation, Effect
from tools.rest import Answer, ApiError, BadFile, NoAnswer

if TYPE_CHECKING:
    from server.calls import Call

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

_MADE = ("id", "comment_id", "message_id", "media_id", "post_id", "board_id")
"""Fields of an answer that name what was made."""
REPEATED_WITHIN = timedelta(minutes=10)
"""The same call without a key of its own counts as a repetition for so long."""
Send = Callable[[], Awaitable[Answer]]
_NOT_CARRIED_OUT = frozenset({429, 503})
"""Besides 4xx: the API says that it did nothing."""


async def carry_out(
    call: "Call",
    operation: AnyOperation,
    args: BaseModel,
    *,
    key: str | None,
    approved_by: str | None,
    send: Send | None = None,
) -> Answer:
    """Carry out a write once.

    Raises:
        Refused: the mode does not allow it, nobody agreed, or the first one is still on its way.
        Ask: the client asks the person now.
        NotGranted, OnlyDrafts, ApiError, NoAnswer, BadFile: as `callers.exchange`.
        RecordsUnavailable: it cannot be made sure that it happens once.
    """
    from server.calls import Refused, Underway

    if not call.mode.allows(operation.name, definitions()[operation.name]):
        raise Refused(*call.mode.refusal(operation.name))
    missing = call.caller.lacks(operation.scope)
    if missing:
        raise NotGranted(format_scopes(missing))
    if call.mode.draft_only:
        await drafts.check(call.services.rest, call.caller, operation, args)
    await ready_to_conceal(call, operation)
    arguments = args.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    send = send or (lambda: exchange(call.services.rest, call.caller, operation, args))
    fingerprint = _fingerprint(operation, arguments, _content(call, args))
    claim_key = _key(operation, args, fingerprint, key)
    if claim_key is None:
        approver = approved_by or await _agreement(call, operation, arguments)
        return await _send_watched(call, operation, arguments, None, approver, send)
    records = call.services.records
    claim = await records.claim(
        call.owner,
        claim_key,
        tool=operation.name,
        fingerprint=fingerprint,
        now=call.now,
        counts_for=REPEATED_WITHIN if key is None else KEPT,
    )
    match claim.state:
        case "done":
            return first_outcome(
                call, operation, claim_key, claim.outcome or "{}", claim.since, is_given=key is not None
            )
        case "differs":
            raise Refused(
                f"{operation.name} was not called: this idempotency_key was used for another call",
                "retry: yes, with a new key",
                "next: call it again with a key that was never used, or without one.",
            )
        case "running":
            raise Underway(
                f"{operation.name} was not called: the same call is still on its way",
                "retry: yes, in a few seconds, with the same arguments; it is not sent a second time",
                "next: wait for the first one's answer.",
            )
        case "unknown":
            return await _find_out(call, operation, arguments, claim_key, claim.since, approved_by, send)
        case "new":
            pass
    try:
        approver = approved_by or await _agreement(call, operation, arguments)
        await records.sending(call.owner, claim_key, now=call.now)
    except ClaimLost:
        raise Refused(
            f"{operation.name} was not called: the same call was made meanwhile",
            "retry: yes, with the same arguments; it is not sent a second time",
            "next: call it again to see what came of the other one.",
        ) from None
    except BaseException:
        # Also where the client gave up while the person was asked.
        with anyio.CancelScope(shield=True):
            await records.release(call.owner, claim_key)
        raise
    return await _send_watched(call, operation, arguments, claim_key, approver, send)


def _key(operation: AnyOperation, args: BaseModel, fingerprint: str, key: str | None) -> str | None:
    """The key of the ledger: the caller's, or one that is the same for repetitions of a call.

    What does no harm a second time has none of its own: hide, unhide, hide again is three calls, not two.
    """
    if key is not None:
        return f"given:{hashlib.sha256(key.encode()).hexdigest()}"
    if isinstance(args, FileArgs) and not _has_file(args):
        # A file that comes another way is known to its sender alone.
        return None
    if _is_harmless_twice(operation):
        return None
    return f"same:{operation.name}:{fingerprint}"


def _is_harmless_twice(operation: AnyOperation) -> bool:
    return bool(operation.annotations["idempotentHint"]) and operation.effect is not Effect.DELETE


def _may_have_arrived(error: ApiError | NoAnswer) -> bool:
    if isinstance(error, NoAnswer):
        return error.sent
    return error.status >= 500 and error.status not in _NOT_CARRIED_OUT


def _fingerprint(operation: AnyOperation, arguments: Mapping[str, Any], content: str) -> str:
    text = json.dumps([operation.name, arguments, content], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _has_file(args: FileArgs) -> bool:
    return args.path is not None or args.content_base64 is not None


def _content(call: "Call", args: BaseModel) -> str:
    """A digest of the file that is sent: the same path may hold another one a minute later. Raises BadFile."""
    if not isinstance(args, FileArgs) or not _has_file(args):
        return ""
    return hashlib.sha256(call.services.rest.files.read(args)[1]).hexdigest()


async def _agreement(call: "Call", operation: AnyOperation, arguments: Mapping[str, Any]) -> str | None:
    """Who agreed, or None where nobody had to be asked."""
    from server.calls import Refused

    question = await question_for(call, operation, arguments)
    if question is None:
        return None
    try:
        return await agreed(call, question)
    except NotAllowed as refusal:
        await _note(call, operation, arguments, "refused", None, key=None)
        raise Refused(*refusal.lines) from None


async def _find_out(
    call: "Call",
    operation: AnyOperation,
    arguments: Mapping[str, Any],
    key: str,
    since: Any,
    approved_by: str | None,
    send: Send,
) -> Answer:
    """What became of a write whose runner was killed, or got no answer."""
    noted = await noted_as_done(call, operation, key, since=since)
    found = await read_back(call, operation, arguments, since=since, key=key)
    if noted is not None and found.state != "sent":
        found = noted
    records = call.services.records
    if found.state == "sent":
        answer = Answer(status=found.status, body=dict(found.body))
        call.undo = undo_of(operation.name, arguments, found.body)
        await _settle(call, operation, key, answer)
        if noted is None:
            await _note(call, operation, arguments, "done", approved_by, key=key, body=found.body)
        call.notes.append(f"Not sent again: it had arrived. {found.words}")
        return answer
    if found.state == "not sent" or _is_harmless_twice(operation):
        # An answer counts once: whoever agreed to the first try is asked again before another leaves.
        approver = approved_by or await _agreement(call, operation, arguments)
        if await records.retake(call.owner, key, now=call.now):
            return await _send_watched(call, operation, arguments, key, approver, send)
    again = "to make it all the same, pass an idempotency_key of its own"
    raise NoAnswer(f"an earlier try of the same call may have been carried out; {found.words}; {again}", sent=True)


async def _send_watched(
    call: "Call",
    operation: AnyOperation,
    arguments: Mapping[str, Any],
    key: str | None,
    approver: str | None,
    send: Send,
) -> Answer:
    """Send it, and look for it where no answer comes; `key`: what of the ledger is claimed for it."""
    records, left_at = call.services.records, call.now
    try:
        answer = await _send(call, operation, arguments, key, approver, send, is_looked_after=True)
    except (NotGranted, OnlyDrafts, BadFile):
        if key is not None:
            await records.release(call.owner, key)
        raise
    except (ApiError, NoAnswer) as error:
        if _may_have_arrived(error):
            return await _after_silence(call, operation, arguments, key, approver, left_at, error)
        if key is not None:
            await records.release(call.owner, key)
        raise
    await _settle(call, operation, key, answer)
    return answer


async def _settle(call: "Call", operation: AnyOperation, key: str | None, answer: Answer) -> None:
    if key is not None:
        await _keep(call, key, kept(call, operation, key, answer.status, answer.body), certain=True)


async def _keep(call: "Call", key: str, outcome: str, *, certain: bool) -> None:
    try:
        await call.services.records.settle(call.owner, key, outcome=outcome, certain=certain, now=call.now)
    except RecordsUnavailable as problem:
        # It has left: the answer must not say that it has not. A repetition looks for it before anything is sent.
        logger.error("the outcome of a write cannot be kept: %s", problem)
        call.notes.append("What came of it could not be kept; do not repeat it before looking.")


async def _after_silence(
    call: "Call",
    operation: AnyOperation,
    arguments: Mapping[str, Any],
    key: str | None,
    approver: str | None,
    left_at: datetime,
    error: ApiError | NoAnswer,
) -> Answer:
    """The write may have arrived: look before saying anything."""
    found = await read_back(call, operation, arguments, since=left_at, key=key)
    outcome = {"sent": "done", "not sent": "failed", "unknown": "unknown"}[found.state]
    detail = None if found.state == "sent" else _reason(error)
    await _note(call, operation, arguments, outcome, approver, key=key, detail=detail, body=found.body)
    if found.state == "sent":
        answer = Answer(status=found.status, body=dict(found.body))
        call.undo = undo_of(operation.name, arguments, found.body)
        await _settle(call, operation, key, answer)
        call.notes.append(f"Sent: the API's answer was lost, but it arrived. {found.words}")
        return answer
    if key is not None:
        uncertain = json.dumps({"state": found.state})
        await _keep(call, key, uncertain, certain=False)
    if isinstance(error, ApiError) and isinstance(error.body, dict) and error.body.get("id"):
        # It says itself what became of it, such as a post whose targets all failed.
        raise error
    reason = error.reason if isinstance(error, NoAnswer) else f"the API answered {error.status} ({_reason(error)})"
    raise NoAnswer(f"{reason}; {found.state}: {found.words}", sent=found.state != "not sent") from None


async def _send(
    call: "Call",
    operation: AnyOperation,
    arguments: Mapping[str, Any],
    key: str | None,
    approver: str | None,
    send: Send,
    *,
    is_looked_after: bool = False,
) -> Answer:
    """Send it, and note what came of it for the person to read; what may have arrived is noted once that is known."""
    before = await before_change(call, operation, arguments)
    try:
        answer = await send()
    except (ApiError, NoAnswer) as error:
        is_unknown = _may_have_arrived(error)
        if not (is_unknown and is_looked_after):
            outcome = "unknown" if is_unknown else "failed"
            await _note(call, operation, arguments, outcome, approver, key=key, detail=_reason(error))
        raise
    except anyio.get_cancelled_exc_class():
        with anyio.CancelScope(shield=True):
            gone = "whoever asked for it went away before the answer"
            await _note(call, operation, arguments, "unknown", approver, key=key, detail=gone)
        raise
    # First of all: nothing that keeps or shows an answer is to see what opens something.
    answer = replace(answer, body=await concealed(call, operation, answer.body))
    await _note(call, operation, arguments, "done", approver, key=key, body=answer.body)
    call.undo = undo_of(operation.name, arguments, answer.body, before)
    left = left_by_undo(operation.name, arguments, before)
    if left and call.undo is not None:
        call.notes.append(f"The undo leaves {', '.join(left)}: nothing takes it away again.")
    return answer


async def _note(
    call: "Call",
    operation: AnyOperation,
    arguments: Mapping[str, Any],
    outcome: str,
    approver: str | None,
    *,
    key: str | None,
    detail: str | None = None,
    body: Mapping[str, Any] | None = None,
) -> None:
    known = {
        "reason": detail,
        "claim": key,
        "made": _made(arguments, body or {}) or None,
    }
    kept_detail = {name: value for name, value in known.items() if value is not None}
    entry = AuditEntry(
        at=call.now,
        tool=operation.name,
        target=_target(operation, arguments, body or {}),
        outcome=outcome,
        approver=approver,
        detail=json.dumps(kept_detail) if kept_detail else None,
    )
    try:
        await call.services.records.note(call.owner, entry)
    except RecordsUnavailable as problem:
        # It has happened: the answer must not say that it has not.
        logger.error("a write cannot be noted: %s", problem)
        call.notes.append("This write could not be noted for whats_been_done.")


def _target(operation: AnyOperation, arguments: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    """What was written to, by the ids among the arguments, and what was made, by the answer's; never their text."""
    ids = [
        f"{name}={said(str(value), 80)}"
        for name, value in arguments.items()
        if name.endswith("_id") and name not in operation.secret_arguments
    ]
    targets = arguments.get("targets")
    ids += [
        f"account_id={said(str(target['account_id']), 80)}"
        for target in (targets if isinstance(targets, list) else [])
        if isinstance(target, dict) and target.get("account_id")
    ]
    made = _made(arguments, body)
    ids += [f"{name}={said(value, 80)}" for name, value in made.items() if name not in operation.secret_results]
    return ", ".join(ids)


def _made(arguments: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, str]:
    """The ids of an answer that the arguments do not name."""
    row = row_of(body)
    known = {str(value) for value in arguments.values() if isinstance(value, str)}
    return {name: row[name] for name in _MADE if isinstance(row.get(name), str) and row[name] not in known}


def _reason(error: ApiError | NoAnswer) -> str:
    return said(f"{error.code}: {error.message}" if isinstance(error, ApiError) else error.reason)
