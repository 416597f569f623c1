"""Instagram: collaboration invites, chat partners, stories and account numbers of the simulated platform."""

from datetime import timedelta

from sqlalchemy import func, select

from localapi.context import Context, Refusal, wire_time
from localapi.platform_accounts import account_on, live_posts, told
from localapi.post_views import numbers_of
from localapi.routing import implements
from localapi.tables import Account, Conversation, NetworkPost
from localapi.tables_platforms import Collaboration, Person, Story
from tools.answers import Success
from tools.instagram import (
    ACCEPT_INSTAGRAM_COLLABORATION,
    DECLINE_INSTAGRAM_COLLABORATION,
    GET_INSTAGRAM_PARTICIPANT,
    GET_INSTAGRAM_SUMMARY,
    LIST_INSTAGRAM_COLLABORATORS,
    LIST_INSTAGRAM_STORIES,
    CollaborationArgs,
    Collaborator,
    CollaboratorList,
    GetInstagramParticipant,
    GetInstagramSummary,
    InstagramSummary,
    ListInstagramStories,
    Participant,
    StoryList,
)
from tools.instagram import Story as StoryAnswer

INVITE_DAYS = 14
STORY_HOURS = 24
INSIGHT_DAYS = 30


@implements(ACCEPT_INSTAGRAM_COLLABORATION)
async def accept_instagram_collaboration(context: Context, args: CollaborationArgs) -> Success:
    account, invite = await _invite(context, args)
    copies = list(await context.session.scalars(select(NetworkPost).where(NetworkPost.platform_id == args.media_id)))
    original = next((row for row in copies if row.deleted_at is None), None)
    if copies and original is None:
        # Whoever published it took it down, and the invite went with it.
        raise _no_media(args.media_id)
    invite.status = "accepted"
    # Co-authored, the post is on this profile too.
    context.session.add(
        NetworkPost(
            id=context.ids.uuid(),
            account_id=account.id,
            platform="instagram",
            platform_id=args.media_id,
            text=original.text if original else "",
            permalink=original.permalink if original else f"https://instagram.example/{args.media_id}",
            metrics={},
            published_at=original.published_at if original else invite.invited_at,
        )
    )
    return Success(success=True)


@implements(DECLINE_INSTAGRAM_COLLABORATION)
async def decline_instagram_collaboration(context: Context, args: CollaborationArgs) -> Success:
    _, invite = await _invite(context, args)
    invite.status = "declined"
    return Success(success=True)


@implements(LIST_INSTAGRAM_COLLABORATORS)
async def list_instagram_collaborators(context: Context, args: CollaborationArgs) -> CollaboratorList:
    account = await account_on(context, args.account_id, "instagram")
    own = await context.session.scalar(
        select(NetworkPost.id).where(
            NetworkPost.account_id == account.id,
            NetworkPost.platform_id == args.media_id,
            NetworkPost.deleted_at.is_(None),
        )
    )
    query = select(Collaboration).where(Collaboration.media_id == args.media_id)
    rows = list(await context.session.scalars(query.order_by(Collaboration.invited_at, Collaboration.id)))
    if own is None or any(row.publisher_id != account.platform_account_id for row in rows):
        raise _no_media(args.media_id)
    data = [Collaborator(id=row.invited_id, username=row.invited_username, status=row.status) for row in rows]
    return CollaboratorList(data=data, count=len(data))


@implements(GET_INSTAGRAM_PARTICIPANT)
async def get_instagram_participant(context: Context, args: GetInstagramParticipant) -> Participant:
    account = await account_on(context, args.account_id, "instagram")
    known = await context.session.scalar(
        select(Conversation.id).where(
            Conversation.account_id == account.id, Conversation.participant_id == args.participant_id
        )
    )
    person = await context.session.get(Person, (args.participant_id, "instagram"))
    if known is None or person is None:
        what = "nobody in this account's conversations has this id; see participant_id of a conversation"
        raise Refusal(404, "resource.not_found", what, resource="participant", id=args.participant_id)
    if not person.consents:
        raise Refusal(403, "platform.instagram.230", "this person has not agreed to show their profile to the account")
    return Participant(
        id=person.platform_id,
        name=person.name,
        username=person.username,
        profile_pic=person.picture_url,
        follower_count=person.follower_count,
        is_user_follow_business=account.id in person.follows.split(","),
        is_business_follow_user=account.id in person.followed_by.split(","),
        is_verified_user=person.is_verified,
    )


@implements(LIST_INSTAGRAM_STORIES)
async def list_instagram_stories(context: Context, args: ListInstagramStories) -> StoryList:
    account = await account_on(context, args.account_id, "instagram")
    since = context.now - timedelta(hours=STORY_HOURS)
    rows, cursor = await context.page(
        select(Story).where(Story.account_id == account.id, Story.published_at > since),
        scope=f"stories:{account.id}",
        order=[(Story.published_at, True), (Story.platform_id, True)],
        limit=args.limit or 20,
        cursor=args.cursor,
    )
    data = [
        StoryAnswer(
            id=row.platform_id,
            account_id=account.id,
            platform="instagram",
            caption=row.caption,
            media_type=row.media_type,
            media_url=row.media_url,
            permalink=row.permalink,
            timestamp=wire_time(row.published_at),
            like_count=row.like_count,
            comments_count=0,
            shares_count=0,
            view_count=row.view_count,
            metadata={"is_story": True, "expires_at": wire_time(row.published_at + timedelta(hours=STORY_HOURS))},
        )
        for row in rows
    ]
    # At the end the field is left out: the vendor's own client takes an empty one for another page.
    return StoryList(data=data, count=len(data), **({"next_cursor": cursor} if cursor else {}))


@implements(GET_INSTAGRAM_SUMMARY)
async def get_instagram_summary(context: Context, args: GetInstagramSummary) -> InstagramSummary:
    account = await account_on(context, args.account_id, "instagram")
    if account.metadata_.get("without_insights"):
        what = "connect this account again and grant the permission for insights"
        raise Refusal(403, "platform.instagram.insights_scope_missing", what)
    start = context.now - timedelta(days=INSIGHT_DAYS)
    posts = await live_posts(context, account)
    recent = [numbers_of(context.now, row) for row in posts if row.published_at >= start]
    views = sum(one["views"] for one in recent)
    interactions = sum(one[name] for one in recent for name in ("likes", "comments", "shares", "saves"))
    people = await context.session.scalar(
        select(func.count())
        .select_from(Conversation)
        .where(Conversation.account_id == account.id, Conversation.last_message_at >= start)
    )
    return InstagramSummary(
        username=account.username,
        display_name=account.name,
        picture_url=account.profile_picture_url or "",
        follower_count=told(account, "follower_count"),
        following_count=told(account, "following_count"),
        media_count=len(posts),
        period_start=wire_time(start),
        period_end=wire_time(context.now),
        # Each person is counted once, however often they look.
        reach=views * 3 // 4,
        views=views,
        interactions=interactions,
        accounts_engaged=min(interactions, views) // 2 + int(people or 0),
        net_follows=interactions // 20,
    )


async def _invite(context: Context, args: CollaborationArgs) -> tuple[Account, Collaboration]:
    """The open invite of this account for a post; raises Refusal 404 or 400."""
    account = await account_on(context, args.account_id, "instagram")
    row = await context.session.scalar(
        select(Collaboration)
        .where(Collaboration.media_id == args.media_id, Collaboration.invited_id == account.platform_account_id)
        .with_for_update()
    )
    if row is None:
        raise _no_media(args.media_id)
    if row.status != "pending" or row.invited_at + timedelta(days=INVITE_DAYS) <= context.now:
        what = f"this invite was answered already, or is over {INVITE_DAYS} days old"
        raise Refusal(400, "validation.field_invalid", what, field="media_id")
    return account, row


def _no_media(media_id: str) -> Refusal:
    what = "there is no such post with an invite for this account"
    return Refusal(404, "resource.not_found", what, resource="media", id=media_id)
