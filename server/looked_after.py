"""How writes are sent whose bare answer does not tell what came of them: it is looked at before, or afterwards."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from server.bodies import row_of, rows_of
from server.callers import exchange
from server.calls import Call, Failed
from tools.definitions import operation_named
from tools.operation import AnyOperation
from tools.rest import Answer, ApiError

LOOKED_AGAIN_AFTER_SECONDS = (0.2, 0.4, 0.8, 1.6)
"""Most posts are out by then; whoever waits longer would rather have an answer."""
_PUBLISHES = frozenset({"create_post", "publish_post"})
_HIDES = frozenset({"hide_comment", "unhide_comment"})
_OPEN = frozenset({"failed", "pending"})
"""Targets that a retry publishes to."""
_SHOWN = ("account_id", "page_id", "board_id", "platform", "status", "platform_post_id", "permalink", "published_at")
ALL_FAILED = "publishing.delivery.all_failed"


def shown_as(operation: AnyOperation) -> AnyOperation:
    """The operation whose declaration says whose words are in the answer."""
    return (operation_named("get_post") if operation.name == "retry_post" else None) or operation


@dataclass(frozen=True, slots=True)
class Watch:
    """How a write is sent and looked after; None where nothing special is to be done."""

    send: Callable[[], Awaitable[Answer]] | None = None
    after: Callable[[Answer], Awaitable[Answer]] | None = None
    """What came of it, once it was answered and noted as done.

    What failed everywhere by then raises ApiError, as if the API had said so at once: the same call may be made again
    as soon as the cause is mended.
    """


def watch(call: Call, operation: AnyOperation, arguments: Mapping[str, Any]) -> Watch:
    """How this write is sent and looked after."""
    if operation.name == "retry_post":
        return _retried(call, operation, arguments)
    if operation.name in _PUBLISHES:
        return Watch(after=lambda answer: _published(call, answer))
    if operation.name in _HIDES:
        return Watch(send=lambda: _hidden(call, operation, arguments))
    return Watch()


async def _send(call: Call, operation: AnyOperation, arguments: Mapping[str, Any]) -> Answer:
    args = operation.args.model_validate(arguments)
    return await exchange(call.services.rest, call.caller, operation, args)


def _retried(call: Call, operation: AnyOperation, arguments: Mapping[str, Any]) -> Watch:
    post_id, before = str(arguments["post_id"]), dict[str, Any]()

    async def send() -> Answer:
        before.update(await _post(call, post_id))
        return await _send(call, operation, arguments)

    async def after(answer: Answer) -> Answer:
        open_before = {_place(one) for one in _targets(before) if one.get("status") in _OPEN}
        post = await _settled(call, post_id, unlike=before)
        if post is None:
            return replace(answer, body={**answer.body, "status": "publishing"})
        targets = [_outcome(one, is_tried=_place(one) in open_before) for one in _targets(post)]
        tried = [one for one in targets if one.get("tried_again")] or targets
        if tried and all(one.get("status") == "failed" for one in tried):
            message = "Every target that was tried again failed again."
            raise ApiError(422, ALL_FAILED, message, body={**post, "targets": targets})
        body = {**answer.body, "status": post.get("status"), **({"targets": targets} if targets else {})}
        return replace(answer, body=body)

    return Watch(send, after)


async def _published(call: Call, answer: Answer) -> Answer:
    row = row_of(answer.body)
    if row.get("status") != "publishing" or not row.get("id"):
        return answer
    post = await _settled(call, str(row["id"]))
    if post is None:
        return answer
    if post.get("status") == "failed":
        raise ApiError(422, ALL_FAILED, "Every target failed.", body=post)
    return replace(answer, body={**answer.body, "data": post} if "data" in answer.body else post)


async def _settled(call: Call, post_id: str, unlike: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    """The post once its outcome is known; None, with a note that says where to look, where it is not by the end.

    `unlike`: what it was before. An API that works through a queue may show that for a while.
    """
    for seconds in LOOKED_AGAIN_AFTER_SECONDS:
        await call.services.rest.wait(seconds)
        found = await _post(call, post_id)
        if found and found.get("status") != "publishing" and found != unlike:
            return found
    call.notes.append(
        f"It is still being published: get_post with post_id {post_id} tells what came of it; "
        "unpublish_post takes down what came out."
    )
    return None


async def _hidden(call: Call, operation: AnyOperation, arguments: Mapping[str, Any]) -> Answer:
    was_hidden = call.was_hidden = await _was_hidden(call, arguments)
    answer = await _send(call, operation, arguments)
    hides = operation.name == "hide_comment"
    if was_hidden is hides:
        state = "hidden" if hides else "visible"
        call.notes.append(f"No undo: it was {state} before, so nothing changed.")
    elif was_hidden is None and not hides:
        # Hiding something that everybody saw would be no way back.
        call.notes.append("No undo is given: whether it was hidden before cannot be read.")
    return replace(answer, body={**answer.body, "was_hidden": was_hidden})


async def _was_hidden(call: Call, arguments: Mapping[str, Any]) -> bool | None:
    """As one page of the post's comments shows it; None for what is not among them, such as many replies."""
    source = operation_named("list_comments")
    if source is None:
        return None
    place = {name: arguments[name] for name in ("post_id", "account_id") if name in arguments}
    try:
        rows = rows_of(await call.read(source, {**place, "limit": 100}))
    except Failed:
        return None
    wanted = arguments.get("comment_id")
    states = (row.get("is_hidden") for row in rows if wanted in (row.get("id"), row.get("platform_id")))
    state = next(states, None)
    return state if isinstance(state, bool) else None


async def _post(call: Call, post_id: str) -> dict[str, Any]:
    """The post, empty where it cannot be read."""
    source = operation_named("get_post")
    try:
        return {} if source is None else row_of(await call.read(source, {"post_id": post_id}))
    except Failed:
        return {}


def _targets(post: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    targets = post.get("targets")
    return [one for one in targets if isinstance(one, Mapping)] if isinstance(targets, list) else []


def _place(target: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells the targets of a post apart."""
    return tuple(target.get(name) for name in ("account_id", "page_id", "board_id"))


def _outcome(target: Mapping[str, Any], *, is_tried: bool) -> dict[str, Any]:
    shown = {name: target[name] for name in _SHOWN if target.get(name)}
    if target.get("error") and target.get("status") == "failed":
        shown["error"] = target["error"]
    return {**shown, **({"tried_again": True} if is_tried else {})}
