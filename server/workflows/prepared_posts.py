"""Prepares posts and shows them, then publishes exactly what was shown."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import anyio
from mcp.types import CallToolResult, TextContent

from server import results
from server.callers import exchange
from server.calls import Call, Failed, Refused, Underway
from server.records import Claim, RecordsUnavailable
from server.times import both
from server.workflows import Handler, Outcome, previews
from server.workflows.post_outcomes import outcome_lines, outcome_of
from server.workflows.post_requests import PostRequest, requested
from server.workflows.sealed_posts import KIND, TOOL, SealedPost, opened, seal, taken
from server.writes import look_for, may_have_arrived
from tools.media import LIST_MEDIA
from tools.operation import AnyOperation
from tools.posts import CREATE_POST, GET_PLATFORM_CONSTRAINTS, VALIDATE_POST
from tools.prepared_posts import PreparePost, PublishPreparedPost
from tools.rest import Answer, ApiError, NoAnswer
from tools.usage import GET_USAGE

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

MEDIA_PAGE, MEDIA_PAGES = 100, 3
CHECKS_AT_ONCE = 4
_REFUSED_STATUSES = frozenset({400, 404, 409, 413, 422, 501})


async def prepare_post(call: Call, args: PreparePost) -> Outcome | CallToolResult:
    """Check, show and keep a post; a handle for it where nothing has to be mended."""
    request = await requested(call, args)
    checks, budget, limits, files = await asyncio.gather(
        _checked(call, request), _credits(call), _limits(call), _files(call, request.post)
    )
    request.judge(checks, limits)
    shown: list[dict[str, Any]] = [
        previews.preview(
            target,
            request.post,
            request.accounts[target["account_id"]],
            limits.get(request.platform_of(target)) or {},
            files,
        )
        | request.findings(target)
        for target in request.targets
    ]
    body: dict[str, Any] = {"targets": shown, "credits": budget}
    if request.when is not None:
        body["scheduled_at"] = both(request.when, request.zone)
    if not budget.get("left", 1):
        request.mend.append("no post credits are left in this billing period; keep it as a draft, or change the plan")
    body |= {"mend": request.mend, "notes": request.notes}
    if request.mend or any(one.get("problems") for one in shown):
        return _to_mend(body, args.text or "")
    if call.mode.draft_only or call.caller.drafts_only:
        body["draft"] = request.as_draft()
        return Outcome(body=body, text="\n".join([*_shown(body, args.text or ""), *_draft_lines(body["draft"])]))
    names: dict[str, str] = {
        target["account_id"]: one["account"] for target, one in zip(request.targets, shown, strict=True)
    }
    handle, expires_at = await seal(call, request.post, names)
    body |= {"handle": handle, "expires_at": both(expires_at, request.zone)}
    return Outcome(body=body, text="\n".join([*_shown(body, args.text or ""), *_handle_lines(handle, expires_at)]))


def _to_mend(body: dict[str, Any], text: str) -> CallToolResult:
    lines = [
        "Not prepared: something has to be mended first. Nothing was sent, and there is no handle.",
        *(f"mend: {problem}" for problem in body["mend"]),
        *previews.lines(body["targets"], text),
        "next: mend what each target names, then call prepare_post again.",
    ]
    return _as_error(body, "\n".join(lines))


def _as_error(body: dict[str, Any], text: str) -> CallToolResult:
    return results.told(body, text).model_copy(update={"is_error": True})


def _shown(body: Mapping[str, Any], text: str) -> list[str]:
    count = len(body["targets"])
    when = body.get("scheduled_at")
    time = "at once when it is published" if when is None else f"at {' = '.join(reversed(list(when.values())))}"
    lines = [f"Prepared for {count} target{'s' if count > 1 else ''}, to go out {time}. Nothing is sent yet."]
    return [*lines, *previews.lines(body["targets"], text), *body["notes"], _credit_line(body["credits"])]


def _credit_line(budget: Mapping[str, Any]) -> str:
    if "used" not in budget:
        return "credits: costs 1 post credit; how many are left is unknown"
    if "left" not in budget:
        return f"credits: costs 1 post credit of an unlimited plan; {budget['used']} used in this period"
    until = f" until {budget['period_end']}" if budget.get("period_end") else ""
    return f"credits: costs 1 of {budget['left']} post credits left; {budget['used']} of {budget['limit']} used{until}"


def _handle_lines(handle: str, expires_at: datetime) -> list[str]:
    return [
        f"handle: {handle}",
        f"It works once, until {both(expires_at, None)['utc']}, and for exactly this.",
        "next: show this to the person; when they agree, call publish_prepared_post with the handle.",
    ]


def _draft_lines(draft: Mapping[str, Any]) -> list[str]:
    rest = {name: value for name, value in draft.items() if name != "text"}
    return [
        "This connection prepares drafts and publishes nothing, so there is no handle.",
        f"next: to keep it as a draft, call create_post with the same text and {results.compact(rest)}",
    ]


async def _checked(call: Call, request: PostRequest) -> Sequence[Mapping[str, Any]]:
    """What the API says of the targets that there are."""
    known = [target for target in request.targets if request.may_be_checked(target)]
    if not known:
        return []
    together = await _check(call, request, known)
    if together.get("is_refused") is None or len(known) == 1:
        return [together]
    # One target's flaw makes the API refuse the question about all of them.
    few = asyncio.Semaphore(CHECKS_AT_ONCE)

    async def alone(target: Mapping[str, Any]) -> Mapping[str, Any]:
        async with few:
            return await _check(call, request, [target])

    return await asyncio.gather(*map(alone, known))


async def _check(call: Call, request: PostRequest, targets: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the API says of these targets; if it refuses the question, that as a finding of the first."""
    asked: dict[str, Any] = {
        name: request.post[name] for name in ("text", "media", "scheduled_at") if name in request.post
    }
    try:
        return await call.read(VALIDATE_POST, {**asked, "targets": targets})
    except Failed as failure:
        error = failure.error
        if not isinstance(error, ApiError) or error.status not in _REFUSED_STATUSES:
            raise
        field = str(error.meta.get("field") or "post")
        finding = {"field": field, "message": error.message or error.code, "target": targets[0]["account_id"]}
        return {"valid": False, "errors": [finding], "is_refused": True}


async def _credits(call: Call) -> dict[str, Any]:
    """What publishing costs, and what is left; `left` and `limit` only where the plan has a bound."""
    usage = await _if_possible(call, GET_USAGE, {})
    used, limit = usage.get("posts_used"), usage.get("posts_limit")
    found: dict[str, Any] = {"cost": 1}
    if isinstance(used, int):
        found["used"] = used
        # behaviour of the API: -1 is unlimited.
        if isinstance(limit, int) and limit >= 0:
            found |= {"limit": limit, "left": max(0, limit - used)}
        if usage.get("period_end"):
            found["period_end"] = usage["period_end"]
    return found


async def _limits(call: Call) -> Mapping[str, Any]:
    found = (await _if_possible(call, GET_PLATFORM_CONSTRAINTS, {})).get("data")
    return found if isinstance(found, Mapping) else {}


async def _files(call: Call, post: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The library files that the post uses, among the newest; names and types only make the preview plainer."""
    lists = [post.get("media"), *(target.get("media") for target in post["targets"])]
    wanted = {item["source"] for items in lists for item in items or [] if item["source_type"] == "media_id"}
    found: dict[str, Mapping[str, Any]] = {}
    page: dict[str, Any] = {"limit": MEDIA_PAGE}
    for _ in range(MEDIA_PAGES):
        if wanted <= found.keys():
            break
        body = await _if_possible(call, LIST_MEDIA, page)
        found |= {row["id"]: row for row in body.get("data") or [] if row.get("id") in wanted}
        if not body.get("next_cursor"):
            break
        page = {**page, "cursor": body["next_cursor"]}
    return found


async def _if_possible(call: Call, operation: AnyOperation, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a read that only tells more; empty where it does not work out."""
    try:
        return await call.read(operation, arguments)
    except Failed:
        return {}


async def publish_prepared_post(call: Call, args: PublishPreparedPost) -> Outcome | CallToolResult:
    """Publish or schedule what a handle stands for, once.

    The handle is used up by a request that left, or may have: whatever was refused before, by a person, a missing
    scope, a mode or the API itself, leaves it as it was. A call that is cut off counts as one that may have left.
    """
    if call.mode.draft_only:
        # create_post is allowed then, for drafts.
        raise Refused(*call.mode.refusal(TOOL))
    prepared = await opened(call, args.handle)
    claim = await _taken_up(call, prepared)
    if claim.state == "unknown":
        # Whoever used it got no answer, or was killed: by now the post may be there.
        arrived = await look_for(call, CREATE_POST, prepared.post, key=prepared.write_key, since=claim.since)
        if arrived is not None:
            call.notes.append("Not published again: an earlier use of the handle had arrived.")
            return await _done(call, prepared, arrived.body)
    if claim.state != "new":
        raise _in_use(claim)
    has_left = False

    async def leave() -> Answer:
        nonlocal has_left
        has_left = True
        post = CREATE_POST.args.model_validate(prepared.post)
        return await exchange(call.services.rest, call.caller, CREATE_POST, post)

    try:
        answer = await call.write(CREATE_POST, prepared.post, key=prepared.write_key, send=leave)
    except Failed as failure:
        return await _failed(call, prepared, failure)
    except Exception as error:
        # Refused, asking a person first, or out of order before sending; the write's own key guards the rest.
        if has_left:
            raise
        await _free(call, prepared)
        if isinstance(error, Refused) and not isinstance(error, Underway):
            raise Refused(*error.lines, *_usable(prepared)) from None
        raise
    except anyio.get_cancelled_exc_class():
        if not has_left:
            # Whoever asked went away while a person was asked: the handle is as good as before.
            await _free(call, prepared)
        raise
    return await _done(call, prepared, answer.body)


async def _taken_up(call: Call, prepared: SealedPost) -> Claim:
    """The claim on a handle; a new one is noted as leaving. Raises Refused where it cannot be, or its time is over."""
    records = call.services.records
    try:
        claim = await records.claim(call.owner, prepared.use_key, tool=TOOL, fingerprint=prepared.seal, now=call.now)
        if claim.state == "new":
            _check_time(prepared, call.now)
            await records.sending(call.owner, prepared.use_key, now=call.now)
    except RecordsUnavailable as problem:
        await _free(call, prepared)
        raise _without_records(problem, prepared) from None
    except Refused:
        await _free(call, prepared)
        raise
    return claim


def _without_records(problem: RecordsUnavailable, prepared: SealedPost) -> Refused:
    return Refused(f"not published: {problem}", *_usable(prepared), "retry: yes, once the records can be written again")


def _check_time(prepared: SealedPost, now: datetime) -> None:
    when = prepared.post.get("scheduled_at")
    if when is not None and datetime.fromisoformat(when) <= now:
        raise Refused(
            f"not published: the time that it was prepared for, {when}, is over",
            "outcome: not sent",
            "retry: no",
            "next: prepare the post again with a later time, or without one.",
        )


def _in_use(claim: Claim) -> Refused:
    if claim.state == "running":
        return Refused(
            "not published by this call: another one is using the handle right now",
            "outcome: not sent by this call",
            "retry: no",
            "next: wait for the other call, or see list_posts.",
        )
    return taken(claim.outcome, is_certain=claim.state == "done")


def _usable(prepared: SealedPost) -> list[str]:
    until = both(prepared.expires_at, None)["utc"]
    return ["outcome: not sent", f"The handle was not used up, and works until {until}."]


async def _failed(call: Call, prepared: SealedPost, failure: Failed) -> CallToolResult:
    """What to say of a write that did not work out: not sent, unknown, or out and failed everywhere."""
    error = failure.error
    said = "\n".join(block.text for block in failure.result.content if isinstance(block, TextContent)).split("\n")
    if isinstance(error, ApiError) and isinstance(error.body, dict) and error.body.get("id"):
        outcome = await _done(call, prepared, error.body)
        return _as_error(outcome.body, outcome.text or "")
    if isinstance(error, ApiError | NoAnswer) and may_have_arrived(error):
        await _settle(call, prepared, {}, is_certain=False)
        # What the pipeline advises on a repetition is not true of a handle.
        said = [line for line in said if not line.startswith(("retry:", "next:"))]
        since = both(call.now, None)["utc"]
        return _told_why(
            "unknown",
            [
                *said,
                "outcome: unknown; the request may have been carried out",
                "retry: no; the handle is used up",
                f"next: check with list_posts whether a post of about {since} is there; prepare it again only if not.",
            ],
        )
    await _free(call, prepared)
    return _told_why("not sent", [*said, *_usable(prepared)])


def _told_why(outcome: str, lines: Sequence[str]) -> CallToolResult:
    return results.failure(lines).model_copy(update={"structured_content": {"outcome": outcome}})


async def _free(call: Call, prepared: SealedPost) -> None:
    """Let the handle be used again; does not raise, as why it was not used must be told in its stead."""
    with anyio.CancelScope(shield=True):
        try:
            await call.services.records.release(call.owner, prepared.use_key)
        except RecordsUnavailable as problem:
            logger.error("a handle that was not used cannot be freed: %s", problem)


async def _done(call: Call, prepared: SealedPost, post: Mapping[str, Any]) -> Outcome:
    await _settle(call, prepared, {"post_id": post.get("id"), "status": post.get("status")}, is_certain=True)
    body = outcome_of(prepared, post)
    return Outcome(body=body, text="\n".join(outcome_lines(body, prepared.post.get("scheduled_at"))))


async def _settle(call: Call, prepared: SealedPost, outcome: Mapping[str, Any], *, is_certain: bool) -> None:
    """Use the handle up, and remember what came of it; an answer that is there is never lost over that."""
    records, owner = call.services.records, call.owner
    try:
        await records.settle(owner, prepared.use_key, outcome=json.dumps(outcome), certain=is_certain, now=call.now)
        if is_certain:
            # Else what was to be published is needed to find out whether it was; the ledger guards it.
            await records.use_handle(owner, KIND, prepared.handle_id, now=call.now)
    except RecordsUnavailable as error:
        # It stays noted as sent, so that nobody can use it again.
        logger.warning("the outcome of a prepared post was not kept: %s", error)


HANDLERS: Mapping[str, Handler] = {
    "prepare_post": prepare_post,
    "publish_prepared_post": publish_prepared_post,
}
