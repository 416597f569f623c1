"""Mentions: where others named an account."""

from sqlalchemy import or_, select

from localapi import quota
from localapi.context import Context, Refusal, native_id, unsupported
from localapi.event_shapes import mention_shown
from localapi.faults import refuse_call
from localapi.inbox import check_connected, check_text, list_scope
from localapi.network import PLATFORMS
from localapi.routing import implements
from localapi.tables import Mention
from tools.answers import CommentReply
from tools.mentions import LIST_MENTIONS, REPLY_TO_MENTION, ListMentions, MentionList, ReplyToMention


@implements(LIST_MENTIONS)
async def list_mentions(context: Context, args: ListMentions) -> MentionList:
    account = await context.account(args.account_id)
    if not PLATFORMS[account.platform].mentions_list:
        raise unsupported(account.platform, "list mentions")
    check_connected(account)
    query = select(Mention).where(Mention.account_id == account.id)
    if args.since:
        query = query.where(Mention.received_at >= args.since)
    rows, cursor = await context.page(
        query,
        scope=list_scope("mentions", account.id, args.since),
        order=[(Mention.received_at, True), (Mention.platform_id, True)],
        limit=args.limit or 20,
        cursor=args.cursor,
    )
    data = [mention_shown(row, account.platform) for row in rows]
    # At the end the field is left out: the vendor's own client takes an empty one for another page.
    return MentionList(data=data, count=len(data), **({"next_cursor": cursor} if cursor else {}))


@implements(REPLY_TO_MENTION)
async def reply_to_mention(context: Context, args: ReplyToMention) -> CommentReply:
    check_text(args.text)
    account = await context.account(args.account_id)
    platform = account.platform
    if not PLATFORMS[platform].mention_reply:
        raise unsupported(platform, "reply to mentions")
    check_connected(account)
    media = native_id(args.media_id)
    query = select(Mention).where(
        Mention.account_id == account.id, or_(Mention.media_id == media, Mention.platform_id == media)
    )
    if args.comment_id:
        query = query.where(Mention.comment_id == native_id(args.comment_id))
    mention = await context.session.scalar(query)
    if mention is None:
        raise Refusal(
            404,
            "resource.not_found",
            "no mention of this account there; see GET /accounts/{id}/mentions",
            resource="mention",
            id=args.media_id[:100],
        )
    await refuse_call(context, account)
    await quota.spend(context, "interactions")
    comment = PLATFORMS[platform].native_id(context.ids.random_hex(32), "comment")
    return CommentReply(success=True, comment_id=comment)
