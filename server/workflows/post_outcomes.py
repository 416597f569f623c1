"""What became of a prepared post, for each target, with its undo."""

from collections.abc import Mapping, Sequence
from typing import Any

from server import results
from server.workflows.sealed_posts import SealedPost
from tools.posts import DELETE_POST, RETRY_POST, UNPUBLISH_POST


def outcome_of(prepared: SealedPost, post: Mapping[str, Any]) -> dict[str, Any]:
    """What happened to each target of a post as the API answered it, and how to take it back where that can be done."""
    post_id, status = post.get("id"), post.get("status")
    targets = [_target(prepared, post_id, status, target) for target in post.get("targets") or []]
    body: dict[str, Any] = {"outcome": "sent", "post_id": post_id, "status": status, "targets": targets}
    if when := prepared.post.get("scheduled_at"):
        body["scheduled_at"] = post.get("scheduled_at") or when
        body["undo"] = {"tool": DELETE_POST.name, "arguments": {"post_id": post_id}}
    return body


def _target(prepared: SealedPost, post_id: object, status: object, target: Mapping[str, Any]) -> dict[str, Any]:
    platform, account_id = str(target.get("platform")), str(target.get("account_id"))
    state = target.get("status")
    shown: dict[str, Any] = {
        "account_id": account_id,
        "account": prepared.names.get(account_id, platform),
        "platform": platform,
        "status": state,
    }
    shown |= {name: target[name] for name in ("platform_post_id", "permalink", "published_at") if target.get(name)}
    problem = target.get("error")
    if state == "failed":
        said: Mapping[str, Any] = problem if isinstance(problem, Mapping) else {}
        shown["error"] = {name: said[name] for name in ("code", "message") if said.get(name)}
        if platform in RETRY_POST.platforms:
            shown["next"] = {"tool": RETRY_POST.name, "arguments": {"post_id": post_id}}
    elif status != "scheduled" and platform in UNPUBLISH_POST.platforms:
        arguments = {"post_id": post_id, "account_id": account_id}
        shown["undo"] = {"tool": UNPUBLISH_POST.name, "arguments": arguments}
    return shown


def outcome_lines(body: Mapping[str, Any], local: str | None = None) -> list[str]:
    """The outcome for reading; `local`: the time that it was prepared for, in the zone that it was said in."""
    when = body.get("scheduled_at")
    is_elsewhere = local is not None and not local.endswith(("+00:00", "Z"))
    time = f" for {when}{f' = {local}' if is_elsewhere else ''}" if when else ""
    head = f"outcome: sent; post {body['post_id']} is {body['status']}{time}"
    return [head, *(_target_line(target) for target in body["targets"]), *_next_lines(body)]


def _target_line(target: Mapping[str, Any]) -> str:
    parts = [f"{target['account']} [{target['account_id']}]: {target['status']}"]
    parts += [results.plain(str(target[name])) for name in ("permalink", "platform_post_id") if target.get(name)][:1]
    if error := target.get("error"):
        parts.append(results.relayed(" ".join(str(part) for part in error.values())))
    return "- " + "; ".join(parts)


def _next_lines(body: Mapping[str, Any]) -> Sequence[str]:
    post_id, targets = body["post_id"], body["targets"]
    if "undo" in body:
        return [f"undo: until then, delete_post with post_id {post_id} calls it off; update_post moves it."]
    lines: list[str] = []
    undoable = [target["account_id"] for target in targets if "undo" in target]
    fixed = [target["account"] for target in targets if "undo" not in target and target["status"] != "failed"]
    if undoable:
        lines.append(f"undo: unpublish_post with post_id {post_id} and account_id {' or '.join(undoable)}.")
    if fixed:
        lines.append(f"no undo by the API, only in the app: {'; '.join(fixed)}")
    if any("next" in target for target in targets):
        lines.append(
            f"next: once the cause is mended, retry_post with post_id {post_id}; it publishes what failed only."
        )
    elif body["status"] == "publishing":
        lines.append(f"next: get_post with post_id {post_id} tells the outcome in a moment.")
    return lines
