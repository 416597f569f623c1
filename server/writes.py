"""A write on its way: allowed, agreed to, sent at most once, noted.

The order matters. The claim comes before the question, so that a repetition is answered with what came of the first
one; the question before anything leaves; the notes that something leaves, in the ledger and for whats_been_done, before
it does, so that a process that dies in between leaves "unknown" behind and never a second try.
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
from server.asking import NotAllowed, agreed
from server.callers import NotGranted, OnlyDrafts, exchange
from server.confirmation import question_for
from server.outcomes import first_outcome, kept
from server.read_back import Found, as_answered, read_back
from server.records import AuditEntry, ClaimLost, RecordsUnavailable
from server.records.ledger import KEPT
from server.results import check_of
from server.secret_values import concealed, ready_to_conceal
from server.undo import before_change, left_by_undo, undo_of
from server.write_notes import Write, made_by, reason_of
from tools.definitions import definitions
from tools.fields import FileArgs
from tools.operation import AnyOperation, Effect
from tools.rest import Answer, ApiError, BadFile, NoAnswer

if TYPE_CHECKING:
    from server.calls import Call

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

REPEATED_WITHIN = timedelta(minutes=10)
"""The same call without a key of its own counts as a repetition for so long."""
Send = Callable[[], Awaitable[Answer]]
_NOT_CARRIED_OUT = frozenset({501, 503})
"""Besides 4xx: the API says that it did nothing; 501 is what a platform cannot do."""
_UNDECIDED = 408
"""Of all 4xx the one that does not say so."""


async def carry_out(
    call: "Call",
    operation: AnyOperation,
    args: BaseModel,
    *,
    key: str | None,
    approved_by: str | None,
    send: Send | None = None,
    after: Callable[[Answer], Awaitable[Answer]] | None = None,
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
    write = Write(call, operation, arguments, claim_key, after=after)
    if claim_key is None:
        write.approver = approved_by or await _agreement(write)
        return await _send_watched(write, send)
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
                "retry: yes, in a few seconds, or in two minutes if the first one broke off, with the same arguments; "
                "it is not sent a second time",
                "next: wait for the first one's answer.",
            )
        case "unknown":
            return await _find_out(write, claim.since, approved_by, send)
        case "new":
            pass
    try:
        write.approver = approved_by or await _agreement(write)
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
    return await _send_watched(write, send)


def _key(operation: AnyOperation, args: BaseModel, fingerprint: str, key: str | None) -> str | None:
    """The key of the ledger: the caller's, or one that is the same for repetitions of a call.

    What does no harm a second time has none of its own: hide, unhide, hide again is three calls, not two.
    """
    if key is not None:
        return _given(key)
    if isinstance(args, FileArgs) and not _has_file(args):
        # A file that comes another way is known to its sender alone.
        return None
    if _is_harmless_twice(operation):
        return None
    return f"same:{operation.name}:{fingerprint}"


def _given(key: str) -> str:
    return f"given:{hashlib.sha256(key.encode()).hexdigest()}"


def _is_harmless_twice(operation: AnyOperation) -> bool:
    return bool(operation.annotations["idempotentHint"]) and operation.effect is not Effect.DELETE


def may_have_arrived(error: ApiError | NoAnswer) -> bool:
    """Whether a write may have been carried out that was answered so."""
    if isinstance(error, NoAnswer):
        return error.sent
    return error.status == _UNDECIDED or (error.status >= 500 and error.status not in _NOT_CARRIED_OUT)


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


async def _agreement(write: Write) -> str | None:
    """Who agreed, or None where nobody had to be asked."""
    from server.calls import Refused

    question = await question_for(write.call, write.operation, write.arguments)
    if question is None:
        return None
    try:
        return await agreed(write.call, question)
    except NotAllowed as refusal:
        if refusal.is_by_person:
            await write.refused(refusal.lines[0])
        raise Refused(*refusal.lines) from None


async def _find_out(write: Write, since: datetime | None, approved_by: str | None, send: Send) -> Answer:
    """What became of a write whose runner was killed, or got no answer; sent again where it surely did not arrive."""
    call, operation, key = write.call, write.operation, str(write.key)
    write.approver = approved_by
    noted, found = await _looked_for(write, since)
    records = call.services.records
    if found.state == "sent":
        answer = await _arrived(write, found)
        call.notes.append(f"Not sent again: it had arrived. {found.words}")
        return answer
    if found.state == "not sent" or _is_harmless_twice(operation):
        # An answer counts once: whoever agreed to the first try is asked again before another leaves.
        again = Write(call, operation, write.arguments, key, approver=approved_by, after=write.after)
        again.approver = approved_by or await _agreement(again)
        if await records.retake(call.owner, key, now=call.now):
            repeated = "the same was sent again later, which does no harm"
            is_known = found.state == "not sent"
            if noted is not None:
                await write.ended("failed" if is_known else "unknown", found.words if is_known else repeated)
            return await _send_watched(again, send)
    once_more = "to make it all the same, pass an idempotency_key of its own"
    raise NoAnswer(f"an earlier try of the same call may have been carried out; {found.words}; {once_more}", sent=True)


async def _looked_for(write: Write, since: datetime | None) -> tuple[AuditEntry | None, Found]:
    """Its entry, if it left at all, and what is known of it; what was noted as done is, whatever the API shows."""
    noted = await write.find(since)
    found = await read_back(write.call, write.operation, write.arguments, since=since, entry=write.number)
    if found.state != "sent" and noted is not None and noted.outcome == "done":
        words = f"check with {check_of(write.operation)} if in doubt."
        found = Found(state="sent", words=words, body=made_by(noted))
    return noted, found


async def look_for(
    call: "Call", operation: AnyOperation, arguments: Mapping[str, Any], *, key: str, since: datetime | None
) -> Answer | None:
    """The answer to a write that left under this key at `since` and arrived; None where that is not sure.

    Nothing is sent.
    """
    write = Write(call, operation, arguments, _given(key))
    _, found = await _looked_for(write, since)
    return await _arrived(write, found) if found.state == "sent" else None


async def _arrived(write: Write, found: Found) -> Answer:
    """The answer to a write that is there, though its own answer was lost."""
    answer = Answer(status=found.status, body=as_answered(write.operation, found.body))
    body = {**found.body, "was_hidden": write.call.was_hidden}
    write.call.undo = undo_of(write.operation.name, write.arguments, body, write.before)
    await _settle(write, answer)
    await write.ended("done", body=found.body)
    return answer


async def _send_watched(write: Write, send: Send) -> Answer:
    """Send it, and look for it where no answer comes."""
    call, left_at = write.call, write.call.now
    try:
        write.before = await before_change(call, write.operation, write.arguments)
        await write.leaves()
    except BaseException:
        # That it leaves cannot be noted, or whoever asked for it has gone: it does not leave.
        await _free(write)
        raise
    try:
        answer = await _send(write, send)
    except (ApiError, NoAnswer) as error:
        if may_have_arrived(error):
            return await _after_silence(write, left_at, error)
        await _free(write)
        raise
    except (NotGranted, OnlyDrafts, BadFile):
        await _free(write)
        raise
    await _settle(write, answer)
    return answer


async def _free(write: Write) -> None:
    """Let the same call be made again; does not raise, as what happened must be told in its stead."""
    if write.key is None:
        return
    with anyio.CancelScope(shield=True):
        try:
            await write.call.services.records.release(write.call.owner, write.key)
        except RecordsUnavailable as problem:
            # In some minutes a repetition looks for it.
            logger.error("the key of a write that was not carried out cannot be freed: %s", problem)


async def _settle(write: Write, answer: Answer) -> None:
    if write.key is not None:
        outcome = kept(write.call, write.operation, write.key, answer.status, answer.body)
        await _keep(write.call, write.key, outcome, certain=True)


async def _keep(call: "Call", key: str, outcome: str, *, certain: bool) -> None:
    try:
        await call.services.records.settle(call.owner, key, outcome=outcome, certain=certain, now=call.now)
    except RecordsUnavailable as problem:
        # It has left: the answer must not say that it has not. A repetition looks for it before anything is sent.
        logger.error("the outcome of a write cannot be kept: %s", problem)
        call.notes.append("What came of it could not be kept; do not repeat it before looking.")


async def _after_silence(write: Write, left_at: datetime, error: ApiError | NoAnswer) -> Answer:
    """The write may have arrived: look before saying anything."""
    call, operation = write.call, write.operation
    found = await read_back(call, operation, write.arguments, since=left_at, entry=write.number)
    if found.state == "sent":
        answer = await _arrived(write, found)
        call.notes.append(f"Sent: the API's answer was lost, but it arrived. {found.words}")
        return answer
    outcome = "failed" if found.state == "not sent" else "unknown"
    await write.ended(outcome, reason_of(error), body=_told_of(error))
    if write.key is not None:
        uncertain = json.dumps({"state": found.state})
        await _keep(call, write.key, uncertain, certain=False)
    if isinstance(error, ApiError) and isinstance(error.body, dict) and error.body.get("id"):
        # It says itself what became of it, such as a post whose targets all failed.
        raise error
    reason = error.reason if isinstance(error, NoAnswer) else f"the API answered {error.status} ({reason_of(error)})"
    raise NoAnswer(f"{reason}; {found.state}: {found.words}", sent=found.state != "not sent") from None


async def _looked_after(write: Write, answer: Answer) -> Answer:
    """The answer with what came of it by now; raises ApiError where nothing did."""
    if write.after is None:
        return answer
    try:
        return await write.after(answer)
    except ApiError as error:
        await write.ended("failed", reason_of(error), body=_told_of(error))
        raise
    except anyio.get_cancelled_exc_class():
        # It was answered, and a repetition is answered in the same way.
        with anyio.CancelScope(shield=True):
            await _settle(write, answer)
        raise


def _told_of(error: ApiError | NoAnswer) -> Mapping[str, Any]:
    """What was made all the same, such as a post that failed everywhere."""
    return error.body if isinstance(error, ApiError) and isinstance(error.body, dict) else {}


async def _send(write: Write, send: Send) -> Answer:
    """Send it, and note what came of it for the person to read; what may have arrived is noted once that is known."""
    call, operation, arguments, before = write.call, write.operation, write.arguments, write.before
    try:
        answer = await send()
    except (ApiError, NoAnswer) as error:
        if not may_have_arrived(error):
            await write.ended("failed", reason_of(error), body=_told_of(error))
        raise
    except (NotGranted, OnlyDrafts, BadFile):
        await write.ended("failed", "nothing was sent")
        raise
    except anyio.get_cancelled_exc_class():
        with anyio.CancelScope(shield=True):
            await write.ended("unknown", "whoever asked for it went away before the answer")
        raise
    # First of all: nothing that keeps or shows an answer is to see what opens something.
    with anyio.CancelScope(shield=True):
        answer = replace(answer, body=await concealed(call, operation, answer.body))
        await write.ended("done", body=answer.body)
    if write.after is not None:
        answer = await _looked_after(write, answer)
    call.undo = undo_of(operation.name, arguments, answer.body, before)
    left = left_by_undo(operation.name, arguments, before)
    if left and call.undo is not None:
        call.notes.append(f"The undo leaves {', '.join(left)} as it is now.")
    return answer
