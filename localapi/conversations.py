"""Inbox, conversations: direct messages on the simulated platforms, with their windows."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select

from localapi import quota
from localapi.addresses import address_problem
from localapi.context import Context, Refusal, invalid_field, missing_field, native_id, unsupported
from localapi.conversation_views import LIBRARY, conversation_answer, message_answer
from localapi.event_shapes import message_event, message_status
from localapi.faults import refuse_call
from localapi.inbox import check_connected, check_text, list_scope, page_of_moving
from localapi.network import PLATFORMS
from localapi.routing import implements
from localapi.tables import Account, Comment, Conversation, MediaFile, Message
from localapi.whatsapp_accounts import check_sendable
from tools.answers import Pagination, Success
from tools.conversations import (
    GET_CONVERSATION,
    LIST_CONVERSATIONS,
    LIST_MESSAGES,
    MARK_CONVERSATION_READ,
    SEND_MESSAGE,
    UPDATE_CONVERSATION,
    Attachment,
    ConversationAnswer,
    ConversationList,
    GetConversation,
    ListConversations,
    ListMessages,
    MarkConversationRead,
    MessageButton,
    MessageList,
    SendMessage,
    SentMessage,
    UpdateConversation,
)


@dataclass(frozen=True, kw_only=True)
class Bubble:
    """One message as the person will see it."""

    text: str = ""
    attachment_type: str | None = None
    attachment_url: str | None = None
    interactive: dict[str, Any] | None = None


HUMAN_AGENT_DAYS = 7
BUTTON_TEXT_LENGTH = 640
# Kept in place of an address, as that of a file of the library is good for minutes only.
_KINDS = {
    "jpg": "image", "jpeg": "image", "png": "image", "gif": "image", "webp": "image", "mp4": "video", "mov": "video",
    "mp3": "audio", "m4a": "audio", "ogg": "audio",
}  # fmt: skip


@implements(LIST_CONVERSATIONS)
async def list_conversations(context: Context, args: ListConversations) -> ConversationList:
    accounts = context.visible_accounts()
    if args.account_id:
        accounts = accounts.where(Account.id == args.account_id)
    if args.brand_id:
        accounts = accounts.where(Account.brand_id == args.brand_id)
    status = args.status or "active"
    query = select(Conversation).where(
        Conversation.user_id == context.user.id,
        Conversation.account_id.in_(accounts.with_only_columns(Account.id)),
        Conversation.status == status,
    )
    if args.platform:
        query = query.where(Conversation.platform == args.platform)
    if args.page_id:
        query = query.where(Conversation.page_id == args.page_id)
    rows, cursor = await page_of_moving(
        context,
        query,
        scope=list_scope("conversations", args.account_id, args.brand_id, args.page_id, args.platform, status),
        touched_at=Conversation.last_message_at,
        unique=Conversation.id,
        limit=args.limit or 25,
        cursor=args.cursor,
    )
    return ConversationList(
        data=[conversation_answer(row) for row in rows],
        pagination=Pagination(has_more=cursor is not None, next_cursor=cursor or ""),
    )


@implements(GET_CONVERSATION)
async def get_conversation(context: Context, args: GetConversation) -> ConversationAnswer:
    return ConversationAnswer(data=conversation_answer(await _find(context, args.conversation_id)))


@implements(UPDATE_CONVERSATION)
async def update_conversation(context: Context, args: UpdateConversation) -> Success:
    conversation = await _find(context, args.conversation_id)
    conversation.status, conversation.updated_at = args.status, context.now
    return Success(success=True)


@implements(MARK_CONVERSATION_READ)
async def mark_conversation_read(context: Context, args: MarkConversationRead) -> Success:
    (await _find(context, args.conversation_id)).unread_count = 0
    return Success(success=True)


@implements(LIST_MESSAGES)
async def list_messages(context: Context, args: ListMessages) -> MessageList:
    conversation = await _find(context, args.conversation_id)
    rows, cursor = await context.page(
        select(Message).where(Message.conversation_id == conversation.id),
        scope=f"messages:{conversation.id}",
        order=[(Message.created_at, True), (Message.id, True)],
        limit=args.limit or 25,
        cursor=args.cursor,
    )
    return MessageList(
        data=[message_answer(context, row) for row in rows],
        pagination=Pagination(has_more=cursor is not None, next_cursor=cursor or ""),
    )


@implements(SEND_MESSAGE)
async def send_message(context: Context, args: SendMessage) -> SentMessage:
    conversation = await _find(context, args.conversation_id)
    account = await context.account(args.account_id)
    if account.id != conversation.account_id:
        raise invalid_field("account_id", "this conversation belongs to another account; see its account_id")
    check_connected(account)
    _check_content(account.platform, args)
    await _check_quoted(context, conversation, args.reply_to_message_id)
    bubbles = await _bubbles(context, account.platform, args)
    if account.platform == "whatsapp":
        await check_sendable(context, account, conversation.participant_id)
    _check_window(context, conversation, account.platform, args)
    await refuse_call(context, account)
    await quota.spend(context, "interactions")
    messages = [await append(context, conversation, account, bubble) for bubble in bubbles]
    return SentMessage(
        success=True, message_id=messages[0].platform_id, message_ids=[row.platform_id for row in messages]
    )


def _check_content(platform: str, args: SendMessage) -> None:
    if args.text:
        check_text(args.text)
    profile = PLATFORMS[platform]
    interactive = next((name for name in ("quick_replies", "buttons", "cards") if getattr(args, name)), None)
    if interactive and not profile.dm_interactive:
        raise unsupported(platform, f"show {interactive.replace('_', ' ')} in messages")
    if (args.attachments or args.attachment_url) and not profile.dm_attachments:
        raise unsupported(platform, "take attachments in messages")
    if interactive in {"quick_replies", "buttons"} and not args.text:
        raise missing_field("text", f"{interactive} need text")
    if interactive and (args.attachments or args.attachment_url):
        raise invalid_field("attachments", f"{interactive} go without attachments")
    if interactive == "buttons" and args.text and len(args.text) > BUTTON_TEXT_LENGTH:
        raise invalid_field("text", f"text above buttons is at most {BUTTON_TEXT_LENGTH} characters")
    for index, button in enumerate(args.buttons or []):
        _check_button(button, f"buttons.{index}")
    for index, card in enumerate(args.cards or []):
        if card.image_url:
            _check_address(card.image_url, f"cards.{index}.image_url")
        for number, button in enumerate(card.buttons or []):
            _check_button(button, f"cards.{index}.buttons.{number}")
    if args.message_tag and profile.message_tags and args.message_tag not in profile.message_tags:
        raise Refusal(
            400,
            "validation.invalid_message_tag",
            f"{platform} takes {', '.join(profile.message_tags)}",
            field="message_tag",
        )


def _check_button(button: MessageButton, field: str) -> None:
    wanted = "url" if button.type == "url" else "payload"
    value = button.url if button.type == "url" else button.payload
    if not value:
        raise missing_field(f"{field}.{wanted}", f"a {button.type} button needs {wanted}")
    if button.type == "url":
        _check_address(value, f"{field}.url")


def _check_address(address: str, field: str) -> None:
    if address_problem(address) is not None:
        raise invalid_field(field, f"{field} must be a public http(s) address, which the platform can open")


async def _check_quoted(context: Context, conversation: Conversation, message_id: str | None) -> None:
    """Refuse to quote a message that this conversation does not have."""
    if message_id is None:
        return
    found = await context.session.scalar(
        select(Message.id).where(
            Message.conversation_id == conversation.id,
            or_(Message.id == message_id, Message.platform_id == native_id(message_id)),
        )
    )
    if found is None:
        raise Refusal(
            404,
            "resource.not_found",
            "this conversation has no such message to quote",
            resource="message",
            id=message_id[:100],
        )


def _check_window(context: Context, conversation: Conversation, platform: str, args: SendMessage) -> None:
    """Refuse a message that the platform would not let through now. A tag makes room for plain messages only."""
    if conversation.blocked or (platform == "telegram" and conversation.last_inbound_at is None):
        raise Refusal(403, "telegram.cannot_message", "this person has not started the bot, or has blocked it")
    hours = PLATFORMS[platform].dm_window_hours
    if hours is None:
        return
    window = timedelta(hours=hours)
    is_plain = not (args.quick_replies or args.buttons or args.cards)
    if is_plain and args.message_tag in PLATFORMS[platform].message_tags:
        window = timedelta(days=HUMAN_AGENT_DAYS)
    if conversation.last_inbound_at is None or context.now - conversation.last_inbound_at > window:
        code = "whatsapp.window_closed" if platform == "whatsapp" else f"platform.{platform}.window_closed"
        raise Refusal(
            400, code, f"the last message from this person is over {hours} hours old, so {platform} takes no answer"
        )


async def _bubbles(context: Context, platform: str, args: SendMessage) -> list[Bubble]:
    """One message for each attachment, and one for the text with what belongs to it."""
    bubbles: list[Bubble] = []
    interactive = {
        name: [item.model_dump(mode="json", exclude_none=True) for item in getattr(args, name)]
        for name in ("quick_replies", "buttons", "cards")
        if getattr(args, name)
    }
    if args.text or interactive:
        bubbles.append(Bubble(text=args.text or "", interactive=interactive or None))
    if args.attachments:
        bubbles += [
            await _attached(context, platform, item, f"attachments.{index}")
            for index, item in enumerate(args.attachments)
        ]
    elif args.attachment_url:
        _check_address(args.attachment_url, "attachment_url")
        bubbles.append(Bubble(attachment_type=_kind(platform, args.attachment_url), attachment_url=args.attachment_url))
    return bubbles


async def _attached(context: Context, platform: str, item: Attachment, field: str) -> Bubble:
    if item.source_type == "media_id":
        file = await context.session.get(MediaFile, item.source)
        if file is None or file.user_id != context.user.id or file.status != "ready":
            raise Refusal(404, "media.not_found", f"{field} is no file of the library")
        return Bubble(attachment_type=_shown_as(platform, file.kind), attachment_url=f"{LIBRARY}{file.id}")
    if item.source_type == "url":
        _check_address(item.source, f"{field}.source")
        return Bubble(attachment_type=item.type or _kind(platform, item.source), attachment_url=item.source)
    if item.type is None:
        raise missing_field(f"{field}.type", "platform_attachment_id needs type")
    # Such an id says nothing about where the platform keeps the file.
    return Bubble(attachment_type=item.type)


def _kind(platform: str, address: str) -> str:
    """What the address's extension makes of it; the query is no part of the name."""
    return _shown_as(platform, _KINDS.get(address.partition("?")[0].rpartition(".")[2].lower(), "file"))


def _shown_as(platform: str, kind: str) -> str:
    # Telegram has photos; the rest goes out as a document.
    return "file" if platform == "telegram" and kind != "image" else kind


async def append(
    context: Context, conversation: Conversation, account: Account, bubble: Bubble, *, is_incoming: bool = False
) -> Message:
    """Write one message into a conversation: ours, or the other person's."""
    # Held before the clock is read, so that the time of the last message only grows.
    await context.session.refresh(conversation, with_for_update=True)
    now = context.now
    row = Message(
        id=context.ids.uuid(),
        conversation_id=conversation.id,
        platform_id=PLATFORMS[conversation.platform].native_id(context.ids.random_hex(32), "message"),
        direction="incoming" if is_incoming else "outgoing",
        sender_id=conversation.participant_id if is_incoming else account.platform_account_id,
        sender_name=conversation.participant_name if is_incoming else account.name,
        text=bubble.text,
        attachment_type=bubble.attachment_type,
        attachment_url=bubble.attachment_url,
        interactive=bubble.interactive,
        status="delivered" if is_incoming else "sent",
        status_updated_at=now,
        created_at=now,
    )
    context.session.add(row)
    conversation.last_message = row.text or _in_a_word(bubble)
    conversation.last_message_at = conversation.updated_at = now
    if is_incoming:
        conversation.last_inbound_at, conversation.status = now, "active"
        conversation.unread_count += 1
    await context.session.flush()
    session, installation = context.session, context.installation
    name = "dm.received" if is_incoming else "dm.sent"
    await message_event(session, installation, account, conversation, row, name)
    if not is_incoming:
        await message_status(session, installation, account, conversation, "sent", [row.platform_id])
    return row


def _in_a_word(bubble: Bubble) -> str:
    """What the list of conversations shows of a message without text."""
    cards = (bubble.interactive or {}).get("cards")
    return str(cards[0]["title"]) if cards else f"[{bubble.attachment_type}]"


async def open_private_thread(
    context: Context, account: Account, comment: Comment, text: str, *, page_id: str | None
) -> None:
    """Put a private reply into the thread with the comment's author.

    On Facebook a comment opens the messaging window of a new thread; on Instagram only an answer does.
    """
    conversation = await thread_with(context, account, comment.author_id, name=comment.author_name, page_id=page_id)
    has_just_begun = conversation.last_message == ""
    if has_just_begun and account.platform == "facebook":
        conversation.last_inbound_at = context.now
        await context.session.flush()
    await append(context, conversation, account, Bubble(text=text))


async def thread_with(
    context: Context, account: Account, person_id: str, *, name: str, page_id: str | None
) -> Conversation:
    """The conversation of an account with a person, begun if there is none."""
    # Who begins the same one meanwhile has to wait, and then finds it.
    await context.session.execute(select(Account.id).where(Account.id == account.id).with_for_update(key_share=True))
    conversation = await context.session.scalar(
        select(Conversation).where(Conversation.account_id == account.id, Conversation.participant_id == person_id)
    )
    if conversation is None:
        conversation = Conversation(
            id=context.ids.uuid(),
            user_id=context.user.id,
            account_id=account.id,
            page_id=page_id,
            platform=account.platform,
            platform_id="t_" + context.ids.random_hex(16),
            participant_id=person_id,
            participant_name=name,
            last_message_at=context.now,
            created_at=context.now,
            updated_at=context.now,
        )
        context.session.add(conversation)
        await context.session.flush()
    return conversation


async def _find(context: Context, conversation_id: str) -> Conversation:
    found = await context.session.scalar(
        select(Conversation).where(
            Conversation.id == conversation_id,
            Conversation.account_id.in_(context.visible_accounts().with_only_columns(Account.id)),
        )
    )
    if found is None:
        raise Refusal(404, "conversation.not_found", "no such conversation; see GET /inbox/conversations")
    return found
