"""What a publishing run does: each target once, in a transaction of its own, then the outcome."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from localapi import faults
from localapi.addresses import address_problem
from localapi.context import Installation
from localapi.drafts import merged_options
from localapi.event_shapes import post_event
from localapi.network import PLATFORMS
from localapi.post_views import target_answer
from localapi.tables import Account, Board, Comment, MediaFile, NetworkPost, Page, Post, PostTarget
from localapi.tables_platforms import Story

# Width by height; outside of it Instagram refuses an image with a number of Meta's.
_NARROWEST, _WIDEST = 0.8, 1.91
_ASPECT_RATIO = "platform.instagram.36003"

_STARTED_AT_ONCE = 500


async def due(installation: Installation) -> list[tuple[str, int]]:
    """Start what is due: scheduled posts whose time has come, and posts a killed run left behind, as (id, run).

    A target with a time of its own waits for it; until the last one is out its post is being published.
    """
    now = installation.clock.now()
    waiting = select(Post.id).where(
        Post.status.in_(("scheduled", "publishing")),
        exists().where(PostTarget.post_id == Post.id, PostTarget.status == "pending", _time_has_come(now)),
    )
    # Thousands may be due at one moment: some of them at a time, so that no transaction holds them all for seconds.
    waiting = waiting.order_by(Post.scheduled_at, Post.id).limit(_STARTED_AT_ONCE)
    # Looking comes first, so that an idle server does not take the write lock twice a second.
    async with installation.database.read() as session:
        found = list(await session.scalars(waiting))
    if found:
        async with installation.database.write() as session:
            query = select(Post).where(Post.id.in_(found), Post.status.in_(("scheduled", "publishing")))
            for post in await session.scalars(query.with_for_update(skip_locked=True)):
                ready = PostTarget.scheduled_at <= now
                if post.scheduled_at is None or post.scheduled_at <= now:
                    ready = or_(ready, PostTarget.scheduled_at.is_(None))
                await begin(session, post, PostTarget.status == "pending", ready)
    async with installation.database.read() as session:
        running = await session.execute(select(Post.id, Post.run).where(Post.status == "publishing").order_by(Post.id))
        return [(post_id, run) for post_id, run in running]


def _time_has_come(now: datetime) -> ColumnElement[bool]:
    of_post = or_(Post.scheduled_at <= now, Post.scheduled_at.is_(None))
    return or_(PostTarget.scheduled_at <= now, and_(PostTarget.scheduled_at.is_(None), of_post))


async def begin(session: AsyncSession, post: Post, *which: ColumnElement[bool]) -> None:
    """Turn a post into one that is being published, in a new run, with its open and failed targets or `which` of them.

    What is published stays, and what was taken down stays down.
    """
    post.status, post.run = "publishing", post.run + 1
    await session.execute(
        update(PostTarget)
        .where(PostTarget.post_id == post.id, PostTarget.status.in_(("pending", "failed")), *which)
        .values(status="publishing", error=None)
    )


async def again(installation: Installation, post_id: str, run: int) -> None:
    """Give a post a new run, where the one it has broke off for good."""
    async with installation.database.write() as session:
        post = await session.get(Post, post_id, with_for_update=True)
        if post is not None and post.status == "publishing" and post.run == run:
            post.run += 1


async def open_targets(installation: Installation, post_id: str) -> list[str]:
    """The targets of a post that are still to be delivered, in order."""
    async with installation.database.read() as session:
        query = select(PostTarget.id).where(PostTarget.post_id == post_id, PostTarget.status == "publishing")
        return list(await session.scalars(query.order_by(PostTarget.position)))


async def deliver(installation: Installation, target_id: str) -> bool:
    """Deliver one target; False when the platform still works on its video. May be repeated: it happens once."""
    async with installation.database.write() as session:
        target = await session.get(PostTarget, target_id, with_for_update=True)
        post = await session.get(Post, target.post_id) if target else None
        if target is None or post is None or target.status != "publishing":
            return True
        account = await session.get(Account, target.account_id)
        problem = await _problem(session, post, target, account)
        if problem is not None or account is None:
            target.status, target.error = "failed", problem
            return True
        media = target.overrides.get("media", post.media)
        if await _is_video(session, media) and not _is_processed(installation, post, target):
            return False
        await _publish(installation, session, post, target, account)
        return True


async def give_up(installation: Installation, target_id: str) -> None:
    """Fail a target whose delivery broke each time it was tried, so that its post can settle."""
    async with installation.database.write() as session:
        target = await session.get(PostTarget, target_id, with_for_update=True)
        if target is not None and target.status == "publishing":
            target.status = "failed"
            target.error = _error("system.internal", "system", "system", "publishing broke here; the log says how")


async def settle(installation: Installation, post_id: str, run: int) -> None:
    """Give the post its outcome, once no target is open any more."""
    async with installation.database.write() as session:
        post = await session.get(Post, post_id, with_for_update=True)
        if post is None or post.status != "publishing" or post.run != run:
            return
        query = select(PostTarget.status).where(PostTarget.post_id == post_id, PostTarget.status != "cancelled")
        states = list(await session.scalars(query))
        if "publishing" in states or "pending" in states:
            return
        published = states.count("published")
        post.status = "failed" if not published else "published" if published == len(states) else "partial"
        if published:
            post.published_at = post.published_at or installation.clock.now()
        post.updated_at = installation.clock.now()
        await session.flush()
        targets = await session.scalars(
            select(PostTarget).where(PostTarget.post_id == post.id).order_by(PostTarget.position)
        )
        results = [target_answer(post, row).model_dump(mode="json", exclude_unset=True) for row in targets]
        data = {"status": post.status, "results": results}
        await post_event(session, installation, post, f"post.{post.status}", data)


async def _problem(
    session: AsyncSession, post: Post, target: PostTarget, account: Account | None
) -> dict[str, Any] | None:
    """Why this target cannot be delivered, in the wire's form, or None."""
    if account is None:
        return _error("publishing.delivery.account_load_failed", "system", "user", "the account is no longer connected")
    if account.status != "active":
        return _error("account.reconnection_required", "auth", "user", "the account has to be connected again")
    page = await session.get(Page, target.page_id) if target.page_id is not None else None
    if target.page_id is not None and (page is None or not page.is_active):
        return _error("publishing.delivery.page_resolve_failed", "system", "user", "the page is gone or switched off")
    if target.board_id is not None and await session.get(Board, target.board_id) is None:
        return _error("validation.field_invalid", "validation", "user", "the board is gone")
    twin = await session.scalar(
        select(PostTarget.id).where(
            PostTarget.post_id == post.id,
            PostTarget.account_id == target.account_id,
            PostTarget.page_id.is_not_distinct_from(target.page_id),
            PostTarget.board_id.is_not_distinct_from(target.board_id),
            PostTarget.position < target.position,
        )
    )
    if twin is not None:
        return _error("publishing.duplicate_target", "validation", "user", "another target of this post goes there too")
    for item in target.overrides.get("media", post.media):
        if (wrong := await _media_problem(session, post, item)) is not None:
            return _error("media.not_found" if item["source_type"] == "media_id" else "validation.field_invalid",
                          "validation", "user", wrong)  # fmt: skip
    if account.platform == "instagram" and await _is_out_of_shape(session, post, target):
        return _error(_ASPECT_RATIO, "platform", "user", "an image is narrower than 4:5 or wider than 1.91:1")
    return await faults.of_post(session, account)


async def _is_out_of_shape(session: AsyncSession, post: Post, target: PostTarget) -> bool:
    """Whether an image is outside the shapes that Instagram shows; a story shows any."""
    options = merged_options("instagram", post.platform_data, target.overrides.get("platform_data", {}))
    if options.get("content_type") == "stories":
        return False
    for item in target.overrides.get("media", post.media):
        row = await session.get(MediaFile, item["source"]) if item["source_type"] == "media_id" else None
        if row is None or row.kind != "image" or not row.width or not row.height:
            continue
        if not _NARROWEST <= row.width / row.height <= _WIDEST:
            return True
    return False


async def _media_problem(session: AsyncSession, post: Post, item: Mapping[str, Any]) -> str | None:
    if item["source_type"] == "media_id":
        row = await session.get(MediaFile, item["source"])
        return None if row and row.user_id == post.user_id and row.status == "ready" else "Media not found"
    if item["source_type"] != "url":
        return None
    return address_problem(str(item["source"]))


async def _is_video(session: AsyncSession, media: list[dict[str, Any]]) -> bool:
    for item in media:
        if item.get("type") == "video":
            return True
        row = await session.get(MediaFile, item["source"]) if item["source_type"] == "media_id" else None
        if row is not None and row.kind == "video":
            return True
    return False


def _is_processed(installation: Installation, post: Post, target: PostTarget) -> bool:
    """Whether the platform has had its time with the video; the first look starts it."""
    now = installation.clock.now()
    started = target.metadata_.get("processing_since")
    if started is None or target.metadata_.get("processing_run") != post.run:
        target.metadata_ = {**target.metadata_, "processing_since": now.timestamp(), "processing_run": post.run}
        return installation.network_seconds <= 0
    return now.timestamp() - float(started) >= timedelta(seconds=installation.network_seconds).total_seconds()


async def _publish(
    installation: Installation, session: AsyncSession, post: Post, target: PostTarget, account: Account
) -> None:
    profile, now = PLATFORMS[account.platform], installation.clock.now()
    # The platform knows a delivery by this key: a repeated one finds the post that it made before.
    key = f"{target.id}:{post.run}"
    there = await session.scalar(select(NetworkPost).where(NetworkPost.delivery_key == key))
    is_new = there is None
    if there is None:
        page = await session.get(Page, target.page_id) if target.page_id else None
        owner = page.platform_page_id if page else account.platform_account_id
        native = profile.native_id(installation.ids.random_hex(32), "post", owner)
        board = await session.get(Board, target.board_id) if target.board_id else None
        there = NetworkPost(
            id=installation.ids.uuid(),
            account_id=account.id,
            page_id=target.page_id,
            board_id=board.id if board else target.board_id,
            platform=account.platform,
            platform_id=native,
            delivery_key=key,
            text=target.overrides.get("text", post.text),
            permalink=profile.permalink(native, account.username),
            metrics={},
            published_at=now,
        )
        session.add(there)
    options = merged_options(account.platform, post.platform_data, target.overrides.get("platform_data", {}))
    media = target.overrides.get("media", post.media)
    target.status, target.error = "published", None
    target.platform_post_id, target.permalink = there.platform_id, there.permalink
    target.published_at = now
    is_reel = account.platform == "instagram" and len(media) == 1 and await _is_video(session, media)
    shape = "carousel" if len(media) > 1 else "reel" if is_reel else "feed"
    target.media_type = str(options.get("content_type") or shape)
    if is_new and account.platform == "instagram" and target.media_type == "stories":
        session.add(
            Story(
                platform_id=there.platform_id,
                account_id=account.id,
                caption=there.text,
                media_type="VIDEO" if await _is_video(session, media) else "IMAGE",
                media_url=str(media[0]["source"]) if media and media[0]["source_type"] == "url" else "",
                permalink=there.permalink,
                published_at=now,
            )
        )
    target.metadata_ = {name: value for name, value in target.metadata_.items() if not name.startswith("processing_")}
    following = post.segments or options.get("thread")
    if isinstance(following, list) and following and profile.segments:
        threads = [profile.native_id(installation.ids.random_hex(32)) for _ in following]
        target.metadata_ = {**target.metadata_, "thread_post_ids": [there.platform_id, *threads]}
    first = target.overrides.get("first_comment", post.first_comment)
    if is_new and first and profile.first_comment and target.media_type != "stories":
        there.comment_count, there.last_comment_at = 1, now
        await session.flush()
        session.add(
            Comment(
                platform_id=profile.native_id(installation.ids.random_hex(32), "comment"),
                network_post_id=there.id,
                author_id=account.platform_account_id,
                author_name=account.name,
                author_username=account.username,
                text=first,
                created_at=now,
                is_owner=True,
                moderation_status="published" if account.platform == "youtube" else "",
            )
        )


def _error(code: str, category: str, caused_by: str, message: str) -> dict[str, Any]:
    return {"code": code, "category": category, "caused_by": caused_by, "message": message}
