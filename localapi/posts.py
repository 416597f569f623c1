"""Publishing: the life of a post from draft to removal."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, or_, select, tuple_, update

from localapi import quota
from localapi.context import Context, Refusal, missing_field, unsupported
from localapi.delivery import begin
from localapi.drafts import media_of
from localapi.event_shapes import post_event, scheduled
from localapi.network import PLATFORMS
from localapi.post_rules import (
    check_options,
    content_hash,
    publication_time,
    refuse_duplicate,
    refuse_invalid,
    targets_for,
)
from localapi.post_views import metrics_for, post_answer, target_answer, targets_of, view
from localapi.routing import implements
from localapi.tables import Account, NetworkPost, Post, PostTarget
from tools.answers import PaginationWithLimit, Success
from tools.posts import (
    CREATE_POST,
    DELETE_POST,
    GET_POST,
    GET_POST_METRICS,
    LIST_POSTS,
    PUBLISH_POST,
    RETRY_POST,
    UNPUBLISH_POST,
    UPDATE_POST,
    CreatePost,
    DeleteOutcome,
    DeletePost,
    GetPost,
    GetPostMetrics,
    ListPosts,
    PostDeletion,
    PostList,
    PostMetrics,
    PostMetricsAnswer,
    PublishPost,
    RetryPost,
    TargetError,
    UnpublishPost,
    UpdatePost,
)
from tools.posts import Post as PostAnswer
from tools.posts import PostTarget as TargetAnswer

EDITABLE = {"draft", "scheduled", "failed"}
SETTLE_POLL_SECONDS = 0.05


@implements(CREATE_POST)
async def create_post(context: Context, args: CreatePost) -> PostAnswer:
    return await create(context, args)


async def create(context: Context, args: CreatePost, *, quota_code: str | None = None) -> PostAnswer:
    """Create one post; the CSV import comes here too, with a code of its own for a used-up plan."""
    publishing = bool(args.publish_now and args.targets)
    scheduled_at = None if publishing else publication_time(context, args.scheduled_at, args.targets or [])
    media = media_of(args) or []
    check_options(args.platform_data or {})
    if not (args.text or "").strip() and not media and not args.title:
        raise missing_field("text", "a post needs text or media")
    if (publishing or scheduled_at) and not args.targets:
        raise missing_field("targets", "a post that is to be published needs at least one target")
    if context.caller.brand_ids and not args.targets:
        # It is by its targets that a post belongs to a brand.
        raise missing_field("targets", "who is restricted to brands could not see a draft without a target of theirs")
    post = Post(
        id=context.ids.uuid(),
        user_id=context.user.id,
        text=args.text or "",
        title=args.title or "",
        status="scheduled" if scheduled_at else "draft",
        visibility=args.visibility or "public",
        media=media,
        segments=[segment.model_dump(mode="json", exclude_none=True) for segment in args.segments or []],
        first_comment=args.first_comment or "",
        platform_data=args.platform_data or {},
        scheduled_at=scheduled_at,
        hidden=False,
        retry_count=0,
        run=0,
        sort_at=scheduled_at or context.now,
        created_at=context.now,
        updated_at=context.now,
    )
    targets = await targets_for(context, post.id, args.targets or [])
    if publishing:
        for target in targets:
            target.scheduled_at = None
    if targets and not args.skip_validation and (publishing or scheduled_at):
        await refuse_invalid(context, post, targets)
    post.content_hash = content_hash(post, targets)
    if publishing or scheduled_at:
        # Counting first: it locks the user's counters, so that of two posts with the same content one sees the other.
        await quota.spend(context, "posts", code=quota_code)
        if not args.skip_duplicate_check:
            await refuse_duplicate(context, post)
    context.session.add(post)
    await context.session.flush()
    context.session.add_all(targets)
    await context.session.flush()
    if publishing:
        await _publish_now(context, post)
    elif post.status == "scheduled":
        await _tell(context, post, "post.scheduled", scheduled(post, targets))
    return post_answer(post, targets)


async def _publish_now(context: Context, post: Post) -> None:
    """Start a run; the answer is made when it is done, or after a short wait."""
    await begin(context.session, post)
    await context.session.flush()
    context.after_commit.append(context.installation.jobs.wake)
    context.late_result = lambda: _outcome(context, post.id)


async def _outcome(context: Context, post_id: str) -> PostAnswer:
    """The post once it is settled, with 201, 207 or 422; after the wait as it is, with 201."""
    now = asyncio.get_running_loop().time
    # By the clock, not by the polls: on a busy machine each takes longer.
    until = now() + context.installation.answer_wait_seconds
    while True:
        async with context.installation.database.read() as session:
            fresh = Context(installation=context.installation, session=session, caller=context.caller)
            post = await session.get(Post, post_id)
            if post is None:
                raise Refusal(404, "post.not_found", "the post was deleted meanwhile")
            answer = await view(fresh, post)
        if post.status != "publishing" or now() >= until:
            context.status = {"partial": 207, "failed": 422}.get(post.status, 201)
            return answer
        await asyncio.sleep(SETTLE_POLL_SECONDS)


@implements(LIST_POSTS)
async def list_posts(context: Context, args: ListPosts) -> PostList:
    by_schedule = (args.sort or "scheduled_asc").startswith("scheduled")
    column = Post.sort_at if by_schedule else Post.created_at
    descending = (args.sort or "").endswith("desc")
    query = _visible(context)
    if args.status:
        query = query.where(Post.status == args.status)
    if not args.hidden:
        query = query.where(Post.hidden.is_(False))
    if args.search:
        query = query.where(Post.text.icontains(args.search, autoescape=True))
    if args.from_:
        query = query.where(column >= args.from_)
    if args.to:
        query = query.where(column <= args.to)
    query = _with_targets(context, query, args)
    limit = args.limit or 25
    rows, cursor = await context.page(
        query,
        scope=f"posts:{args.sort or 'scheduled_asc'}",
        order=[(column, descending), (Post.id, descending)],
        limit=limit,
        cursor=args.cursor,
    )
    targets = await targets_of(context, [row.id for row in rows])
    metrics = await metrics_for(context, [one for row in rows for one in targets[row.id]])
    return PostList(
        data=[post_answer(row, targets[row.id], metrics) for row in rows],
        pagination=PaginationWithLimit(has_more=cursor is not None, limit=limit, next_cursor=cursor or ""),
    )


def _with_targets(context: Context, query: Select[Post], args: ListPosts) -> Select[Post]:
    """Narrow to posts that have a target with all that is asked of targets."""
    conditions: list[ColumnElement[bool]] = []
    if args.account_ids:
        conditions.append(PostTarget.account_id.in_([part.strip() for part in args.account_ids.split(",")]))
    if args.platform:
        conditions.append(PostTarget.platform == args.platform)
    if args.page_id:
        conditions.append(PostTarget.page_id == args.page_id)
    if args.brand_id:
        accounts = context.visible_accounts().where(Account.brand_id == args.brand_id)
        conditions.append(PostTarget.account_id.in_(accounts.with_only_columns(Account.id)))
    if not conditions:
        return query
    return query.where(Post.id.in_(select(PostTarget.post_id).where(*conditions)))


@implements(GET_POST)
async def get_post(context: Context, args: GetPost) -> PostAnswer:
    return await view(context, await _any_post(context, args.post_id))


@implements(UPDATE_POST)
async def update_post(context: Context, args: UpdatePost) -> PostAnswer:
    post = await _own_post(context, args.post_id)
    targets = (await targets_of(context, [post.id]))[post.id]
    if post.status == "publishing":
        raise Refusal(409, "post.state_invalid", "this post is being published; wait for its outcome")
    said = args.model_fields_set - {"post_id", "skip_validation"}
    check_options(args.platform_data or {})
    if post.status not in EDITABLE and said - {"hidden"}:
        _refuse_uneditable(targets, said - {"hidden"}, args.platform_data or {})
    for name in ("text", "title", "visibility", "first_comment", "platform_data", "hidden"):
        if (value := getattr(args, name)) is not None:
            setattr(post, name, value)
    if (media := media_of(args)) is not None:
        post.media = media
    if args.segments is not None:
        post.segments = [segment.model_dump(mode="json", exclude_none=True) for segment in args.segments]
    if args.scheduled_at is not None:
        post.scheduled_at = publication_time(context, args.scheduled_at, [])
        post.sort_at = post.scheduled_at or post.sort_at
    if args.targets is not None:
        targets = await _replace_targets(context, post, targets, args)
    post.updated_at = context.now
    post.content_hash = content_hash(post, targets)
    live = [row for row in targets if row.status == "published"]
    if targets and (live or post.status in {"scheduled", "failed"}) and not args.skip_validation and said - {"hidden"}:
        await refuse_invalid(context, post, live or targets)
    if live and args.text is not None:
        places = [(row.account_id, row.platform_post_id) for row in live]
        there = tuple_(NetworkPost.account_id, NetworkPost.platform_id).in_(places)
        await context.session.execute(update(NetworkPost).where(there).values(text=args.text))
    await context.session.flush()
    if said and post.status in EDITABLE:
        await _tell(context, post, "post.updated", {"status": post.status, "changed_fields": sorted(said)})
    return post_answer(post, targets)


async def _replace_targets(
    context: Context, post: Post, before: Sequence[PostTarget], args: UpdatePost
) -> list[PostTarget]:
    """Put the targets asked for in the place of those that were there."""
    wanted = args.targets or []
    if post.status == "scheduled" and not wanted:
        raise missing_field("targets", "a scheduled post needs at least one target; delete it to call it off")
    earliest = publication_time(context, None, wanted)
    of_targets = min((row.scheduled_at for row in before if row.scheduled_at), default=None)
    if post.status == "scheduled" and args.scheduled_at is None and post.scheduled_at == of_targets:
        # The post's time was that of its first target, and goes along with it.
        post.scheduled_at = earliest or post.scheduled_at
        post.sort_at = post.scheduled_at or post.sort_at
    await context.session.execute(delete(PostTarget).where(PostTarget.post_id == post.id))
    targets = await targets_for(context, post.id, wanted)
    context.session.add_all(targets)
    return targets


def _refuse_uneditable(targets: Sequence[PostTarget], said: set[str], options: Mapping[str, Any]) -> None:
    """Refuse what a platform does not let change; options count by their own names."""
    for target in targets:
        asked = (said - {"platform_data"}) | set(options.get(target.platform, {}))
        if target.status == "published" and not asked <= set(PLATFORMS[target.platform].edit_published):
            raise unsupported(target.platform, f"change {', '.join(sorted(asked))} of a published post")
    if not any(target.status == "published" for target in targets):
        raise Refusal(409, "post.state_invalid", "only draft, scheduled and failed posts can be edited")


@implements(PUBLISH_POST)
async def publish_post(context: Context, args: PublishPost) -> PostAnswer:
    post = await _own_post(context, args.post_id)
    targets = (await targets_of(context, [post.id]))[post.id]
    if post.status not in {"draft", "scheduled"}:
        raise Refusal(409, "post.state_invalid", f"this post is {post.status}; only drafts and scheduled posts publish")
    if not targets:
        raise missing_field("targets", "this post has no target; add one with PATCH /posts/{pid}")
    await refuse_invalid(context, post, targets)
    await quota.spend(context, "posts")
    post.updated_at = context.now
    await _publish_now(context, post)
    return post_answer(post, targets)


@implements(RETRY_POST)
async def retry_post(context: Context, args: RetryPost) -> Success:
    post = await _own_post(context, args.post_id)
    targets = (await targets_of(context, [post.id]))[post.id]
    if post.status not in {"failed", "partial"}:
        raise Refusal(
            409, "post.state_invalid", f"this post is {post.status}; only failed and partial posts are retried"
        )
    # Targets that were put in after the failure are open, and belong to it.
    again = [row.id for row in targets if row.status in {"failed", "pending"} and PLATFORMS[row.platform].retry]
    if not again:
        raise Refusal(400, "post.no_retryable_deliveries", "no target of this post can be tried again")
    await quota.spend(context, "posts")
    post.retry_count += 1
    post.updated_at = context.now
    await _tell(context, post, "post.retried", {"retried_count": len(again)})
    await begin(context.session, post, PostTarget.id.in_(again))
    context.after_commit.append(context.installation.jobs.wake)
    return Success(success=True)


@implements(UNPUBLISH_POST)
async def unpublish_post(context: Context, args: UnpublishPost) -> Success:
    post = await _own_post(context, args.post_id)
    targets = [row for row in (await targets_of(context, [post.id]))[post.id] if row.status == "published"]
    if args.account_id is not None:
        targets = [row for row in targets if row.account_id == args.account_id]
    if not targets:
        raise Refusal(404, "post.not_found", "nothing of this post is published there")
    unable = [row for row in targets if not PLATFORMS[row.platform].unpublish]
    for row in targets:
        account = await context.session.get(Account, row.account_id)
        if row not in unable and (account is None or account.status != "active"):
            what = f"the {row.platform} account has to be connected again before its posts can be taken down"
            raise Refusal(403, "account.reconnection_required", what)
    for row in targets:
        if row not in unable:
            await _take_down(context, row)
            row.status, row.platform_post_id, row.permalink = "cancelled", None, None
    post.updated_at = context.now
    left = [row for row in (await targets_of(context, [post.id]))[post.id] if row.status != "cancelled"]
    if not left:
        post.status = "cancelled"
    if count := len(targets) - len(unable):
        await _tell(context, post, "post.unpublished", {"account_id": args.account_id, "unpublished_count": count})
    if unable:
        await context.session.commit()
        names = ", ".join(sorted({row.platform for row in unable}))
        taken = sorted({row.platform for row in targets if row not in unable})
        down = f"; taken down on {', '.join(taken)}" if taken else ""
        raise Refusal(501, "resource.not_supported", f"still up on {names}, which cannot take posts down{down}")
    return Success(success=True)


@implements(DELETE_POST)
async def delete_post(context: Context, args: DeletePost) -> PostDeletion:
    post = await _own_post(context, args.post_id)
    targets = (await targets_of(context, [post.id]))[post.id]
    # Targets that wait for a time of their own are called off with their post.
    if post.status == "publishing" and any(row.status == "publishing" for row in targets):
        raise Refusal(409, "post.state_invalid", "this post is being published; wait for its outcome")
    results: list[DeleteOutcome] = []
    for row in targets:
        if row.status == "pending":
            row.status = "cancelled"
        if row.status != "published":
            continue
        account = await context.session.get(Account, row.account_id)
        if not PLATFORMS[row.platform].delete_post:
            outcome, message = "not_supported", f"{row.platform} has no way to delete posts; delete it in the app"
        elif account is None or account.status != "active":
            outcome, message = "failed", "connect this account again with POST /accounts/connect, then delete again"
        else:
            await _take_down(context, row)
            await context.session.delete(row)
            outcome, message = "deleted", ""
        results.append(
            DeleteOutcome(platform=row.platform, account_id=row.account_id, outcome=outcome, message=message)
        )
    gone = all(result.outcome == "deleted" for result in results)
    if gone:
        await _tell(context, post, "post.deleted", {"was_status": post.status})
    # Targets first: the database deletes those that are left together with their post.
    await context.session.flush()
    if gone:
        await context.session.delete(post)
    elif post.status == "publishing":
        post.status = "partial" if any(row.status == "failed" for row in targets) else "published"
    return PostDeletion(success=True, deleted=gone, results=results)


@implements(GET_POST_METRICS)
async def get_post_metrics(context: Context, args: GetPostMetrics) -> PostMetricsAnswer:
    post = await _any_post(context, args.post_id)
    rows: list[TargetAnswer] = []
    targets = (await targets_of(context, [post.id]))[post.id]
    measured = await metrics_for(context, targets)
    for target in targets:
        if target.status != "published":
            continue
        found = measured.get(target.id)
        answer = target_answer(post, target, found)
        if found is None:
            lost = TargetError(
                code="resource.not_found",
                category="platform",
                caused_by="platform",
                message="the post is not up any more",
            )
            answer = answer.model_copy(update={"error": lost})
        rows.append(answer)
    return PostMetricsAnswer(data=PostMetrics(post_id=post.id, targets=rows))


async def _tell(context: Context, post: Post, name: str, data: Mapping[str, Any]) -> None:
    await post_event(context.session, context.installation, post, name, data)


async def _take_down(context: Context, target: PostTarget) -> None:
    await context.session.execute(
        update(NetworkPost)
        .where(NetworkPost.account_id == target.account_id, NetworkPost.platform_id == target.platform_post_id)
        .values(deleted_at=context.now)
    )


def _visible(context: Context) -> Select[Post]:
    query = select(Post).where(Post.user_id == context.user.id)
    if context.caller.brand_ids:
        inside = context.visible_accounts().with_only_columns(Account.id)
        query = query.where(Post.id.in_(select(PostTarget.post_id).where(PostTarget.account_id.in_(inside))))
    return query


async def _own_post(context: Context, post_id: str) -> Post:
    """A post by our id, locked where the database can; every target within the key's brands."""
    found = await context.session.scalar(_visible(context).where(Post.id == post_id).with_for_update())
    if found is None:
        raise _no_post()
    if context.caller.brand_ids:
        for target in (await targets_of(context, [found.id]))[found.id]:
            await context.account(target.account_id)
    return found


async def _any_post(context: Context, post_id: str) -> Post:
    """A post by our id or the platform's."""
    by_platform = select(PostTarget.post_id).where(PostTarget.platform_post_id == post_id)
    query = _visible(context).where(or_(Post.id == post_id, Post.id.in_(by_platform)))
    found = list(await context.session.scalars(query.limit(2)))
    if not found:
        raise _no_post()
    if len(found) > 1:
        raise Refusal(409, "ambiguous_post_id", "several posts have this platform id; use our own id")
    return found[0]


def _no_post() -> Refusal:
    return Refusal(404, "post.not_found", "no such post; see GET /posts")
