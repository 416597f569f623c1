"""Prepared posts at rest: kept in the records, and opened only by a handle that was made for exactly what is kept."""

import hashlib
import hmac
import json
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from server.calls import Call, Refused

KIND = "prepared-post"
LIFETIME = timedelta(minutes=15)
TOOL = "publish_prepared_post"
_ID_BYTES, _SEAL_BYTES = 12, 18
# Both are whole groups of three bytes, so that no two spellings mean the same.
_HANDLE = re.compile(r"post_([A-Za-z0-9_-]{16})([A-Za-z0-9_-]{24})")


@dataclass(frozen=True, kw_only=True)
class SealedPost:
    """What a handle stands for."""

    handle_id: str
    seal: str
    post: Mapping[str, Any]
    """Arguments of create_post."""
    names: Mapping[str, str]
    """Account id → as the person was shown it."""
    expires_at: datetime

    @property
    def use_key(self) -> str:
        """Of its use, in the ledger."""
        return f"{KIND}-use:{self.handle_id}"

    @property
    def write_key(self) -> str:
        """Of the write that it leads to."""
        return f"{KIND}:{self.handle_id}"


async def seal(call: Call, post: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, datetime]:
    """Keep a post for 15 minutes; the handle, and until when it works.

    Raises:
        server.records.RecordsUnavailable: it cannot be kept.
    """
    expires_at = (call.now + LIFETIME).replace(microsecond=0)
    handle_id = _text(secrets.token_bytes(_ID_BYTES))
    # The text that is kept is canonical, and the seal covers it letter by letter.
    payload = json.dumps(
        {"post": post, "names": names, "expires_at": expires_at.isoformat()},
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
    )
    await call.services.records.put_handle(call.owner, KIND, handle_id, payload=payload, expires_at=expires_at)
    return f"post_{handle_id}{_seal(call, handle_id, payload)}", expires_at


async def opened(call: Call, handle: str) -> SealedPost:
    """What a handle of this caller stands for; it is not used up by that.

    Raises:
        Refused: it is no handle, another caller's, over, used, or what is kept is not what it was made for.
        server.records.RecordsUnavailable: it cannot be looked at.
    """
    match = _HANDLE.fullmatch(handle)
    if match is None:
        raise Refused("not published: this is no handle of prepare_post", "outcome: not sent", *_AGAIN)
    handle_id, given = match.groups()
    records = call.services.records
    payload = await records.peek_handle(call.owner, KIND, handle_id, now=call.now)
    if payload is None:
        use = await records.use_handle(call.owner, KIND, handle_id, now=call.now)
        if use.state == "used":
            raise await _already_used(call, handle_id, given)
        if use.state == "expired":
            raise _expired()
        raise Refused("not published: no post was prepared for you under this handle", "outcome: not sent", *_AGAIN)
    if not hmac.compare_digest(given, _seal(call, handle_id, payload)):
        raise Refused("not published: this handle was not made for what is kept under it", "outcome: not sent", *_AGAIN)
    kept = json.loads(payload)
    expires_at = datetime.fromisoformat(kept["expires_at"])
    if expires_at <= call.now:
        raise _expired()
    return SealedPost(handle_id=handle_id, seal=given, post=kept["post"], names=kept["names"], expires_at=expires_at)


_AGAIN = (
    "retry: no",
    "next: pass the handle exactly as prepare_post gave it, or prepare the post again and show it to the person.",
)


def _expired() -> Refused:
    minutes = int(LIFETIME.total_seconds() // 60)
    return Refused(
        f"not published: the handle has expired; it works for {minutes} minutes",
        "outcome: not sent",
        "retry: no",
        "next: prepare the post again, and show the person the new preview.",
    )


async def _already_used(call: Call, handle_id: str, given: str) -> Refused:
    records = call.services.records
    key = f"{KIND}-use:{handle_id}"
    claim = await records.claim(call.owner, key, tool=TOOL, fingerprint=given, now=call.now)
    if claim.state == "new":
        # The ledger has forgotten it, the handle has not.
        await records.release(call.owner, key)
    return taken(claim.outcome if claim.state in {"done", "unknown"} else None, is_certain=claim.state != "unknown")


def taken(outcome: str | None, *, is_certain: bool) -> Refused:
    """The refusal of a handle that was used; `outcome` is what the ledger keeps of it."""
    kept: dict[str, Any] = json.loads(outcome) if outcome else {}
    post_id = kept.get("post_id")
    if post_id:
        what = f"not published again: the handle was used; it led to post {post_id}"
        return Refused(what, "outcome: sent before, not now", "retry: no", "next: see get_post with this id.")
    if is_certain:
        what = "not published again: the handle was used"
        return Refused(what, "outcome: sent before, not now", "retry: no", "next: see list_posts.")
    return Refused(
        "not published again: an earlier use of the handle may have gone out, and its outcome is unknown",
        "outcome: unknown",
        "retry: no",
        "next: check with list_posts, newest first; prepare the post again only if it is not there.",
    )


def _seal(call: Call, handle_id: str, payload: str) -> str:
    digest = hashlib.sha256(payload.encode()).hexdigest()
    message = json.dumps([1, handle_id, call.owner, digest]).encode()
    return _text(hmac.digest(call.services.key(KIND), message, "sha256")[:_SEAL_BYTES])


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode()
