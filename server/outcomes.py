"""What the ledger keeps of a write, so that a repetition is answered with what came of the first one.

An answer that holds a secret is sealed: a file of records that is lost opens nothing.
"""

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from auth.vault import CannotOpen
from server.secret_values import opened, sealed
from tools.operation import AnyOperation
from tools.rest import Answer

if TYPE_CHECKING:
    from server.calls import Call

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

MAX_KEPT_CHARACTERS = 20_000
_KIND = "outcome"


def kept(call: "Call", operation: AnyOperation, key: str, status: int, body: Mapping[str, Any]) -> str:
    """An outcome as the ledger keeps it under this key."""
    text = json.dumps(body, ensure_ascii=False)
    if len(text) > MAX_KEPT_CHARACTERS:
        text = json.dumps({"id": body.get("id")})
    undo = json.dumps(call.undo, ensure_ascii=False)
    if len(undo) > MAX_KEPT_CHARACTERS:
        undo = "null"
    if operation.secret_results:
        body_kept = f'"sealed": {json.dumps(sealed(call.services, _KIND, call.owner, key, {"body": text}))}'
    else:
        body_kept = f'"body": {text}'
    return f'{{"status": {int(status)}, {body_kept}, "undo": {undo}}}'


def first_outcome(
    call: "Call", operation: AnyOperation, key: str, outcome: str, since: datetime | None, *, is_given: bool
) -> Answer:
    """The first outcome, for a repetition; the note says that it is one."""
    when = "" if since is None else f" at {since:%H:%M:%S} UTC"
    remedy = "pass another idempotency_key" if is_given else "pass an idempotency_key of your own"
    call.notes.append(f"Not sent again: the same call was carried out{when}. To do it once more, {remedy}.")
    found = json.loads(outcome)
    body = found.get("body") or {}
    if found.get("undo"):
        tool, arguments = found["undo"]
        call.undo = (tool, arguments)
    if "sealed" in found:
        try:
            body = json.loads(opened(call.services, _KIND, call.owner, key, found["sealed"])["body"])
        except CannotOpen:
            logger.warning("the first outcome of %s was sealed by another process", operation.name)
            call.notes.append("What it answered cannot be read any more here; the secret in it was shown then.")
    return Answer(status=int(found.get("status", 200)), body=body)
