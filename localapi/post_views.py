"""Posts as the API shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_

from localapi.context import Context, wire_time
from localapi.network import PLATFORMS
from localapi.tables import NetworkPost, Post, PostTarget
from tools.posts import Post as PostAnswer
from tools.posts import PostMedia, TargetError, TargetMetrics
from tools.posts import PostTarget as TargetAnswer


@dataclass(frozen=True)
class Measured:
    """A published target's numbers, and when they were read: None where the platform tells none."""

    metrics: TargetMetrics
    synced_at: datetime | None


async def targets_of(context: Context, post_ids: Sequence[str]) -> dict[str, list[PostTarget]]:
    """The targets of several posts, in order, by post."""
    found: dict[str, list[PostTarget]] = {post_id: [] for post_id in post_ids}
    query = select(PostTarget).where(PostTarget.post_id.in_(post_ids)).order_by(PostTarget.position)
    for target in await context.session.scalars(query):
        found[target.post_id].append(target)
    return found


async def view(context: Context, post: Post) -> PostAnswer:
    """One post with its targets."""
    targets = (await targets_of(context, [post.id]))[post.id]
    return post_answer(post, targets, await metrics_for(context, targets))


def post_answer(post: Post, targets: Sequence[PostTarget], metrics: Mapping[str, Measured] | None = None) -> PostAnswer:
    """The wire's form."""
    fields: dict[str, Any] = {
        "id": post.id,
        "text": post.text,
        "title": post.title,
        "status": post.status,
        "visibility": post.visibility,
        "media": _media(post.media),
        "media_ids": _media_ids(post.media),
        "hidden": post.hidden,
        "retry_count": post.retry_count,
        "targets": [target_answer(post, target, (metrics or {}).get(target.id)) for target in targets],
        "created_at": wire_time(post.created_at),
        "updated_at": wire_time(post.updated_at),
    }
    for name, value in (("scheduled_at", post.scheduled_at), ("published_at", post.published_at)):
        if value is not None:
            fields[name] = wire_time(value)
    return PostAnswer(**fields)


def target_answer(post: Post, target: PostTarget, measured: Measured | None = None) -> TargetAnswer:
    """One target; what it does not say for itself is left out."""
    fields: dict[str, Any] = {
        "account_id": target.account_id,
        "platform": target.platform,
        "status": target.status,
        "metadata": target.metadata_,
    }
    for name in ("page_id", "board_id", "platform_post_id", "permalink", "media_type"):
        if (value := getattr(target, name)) is not None:
            fields[name] = value
    for name in ("text", "title", "visibility", "first_comment"):
        if name in target.overrides:
            fields[name] = target.overrides[name]
    if "media" in target.overrides:
        fields["media"] = _media(target.overrides["media"])
        fields["media_ids"] = _media_ids(target.overrides["media"])
    when: datetime | None = target.scheduled_at or (post.scheduled_at if post.status == "scheduled" else None)
    if when is not None:
        fields["scheduled_at"] = wire_time(when)
    if target.published_at is not None:
        fields["published_at"] = wire_time(target.published_at)
    if target.error is not None:
        fields["error"] = TargetError(**target.error)
    if measured is not None:
        fields["metrics"] = measured.metrics
        if measured.synced_at is not None:
            fields["metrics_synced_at"] = wire_time(measured.synced_at)
    return TargetAnswer(**fields)


async def metrics_for(context: Context, targets: Sequence[PostTarget]) -> dict[str, Measured]:
    """The numbers of those targets that are published and still up, by target; one query for all."""
    live = {(row.account_id, row.platform_post_id): row for row in targets if row.status == "published"}
    if not live:
        return {}
    places = tuple_(NetworkPost.account_id, NetworkPost.platform_id).in_(list(live))
    found = await context.session.scalars(select(NetworkPost).where(places, NetworkPost.deleted_at.is_(None)))
    return {
        target.id: _measured(context.now, target, row)
        for row in found
        if (target := live.get((row.account_id, row.platform_id))) is not None
    }


def numbers_of(now: datetime, row: NetworkPost) -> dict[str, int]:
    """Likes, comments, shares, saves and views.

    A post of the simulated network gathers a little attention by the hour, always the same for the same post.
    """
    hours = min(72, max(0, int((now - row.published_at).total_seconds() // 3600)))
    seed = sum(map(ord, row.platform_id)) % 7 + 1
    grown = {
        "likes": seed * hours,
        "comments": row.comment_count,
        "shares": hours // 6,
        "saves": hours // 8,
        "views": seed * 40 * hours,
    }
    return grown | {name: int(value) for name, value in row.metrics.items()}


def _measured(now: datetime, target: PostTarget, row: NetworkPost) -> Measured:
    profile = PLATFORMS[target.platform]
    names = profile.reel_metrics if target.media_type == "reel" and profile.reel_metrics else profile.metrics
    numbers = numbers_of(now, row)
    shown = {
        name: int(numbers.get(name, 0)) if name in names else 0 for name in ("likes", "comments", "shares", "saves")
    }
    extra = {"views": int(numbers.get("views", 0))} if "views" in names else {}
    return Measured(TargetMetrics(**shown, extra=extra), now if names else None)


def _media(items: Sequence[Mapping[str, Any]]) -> list[PostMedia]:
    return [PostMedia(**item) for item in items]


def _media_ids(items: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(item["source"]) for item in items if item["source_type"] == "media_id"]
