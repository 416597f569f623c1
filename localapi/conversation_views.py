"""Conversations and messages as the API shows them."""

from localapi.context import Context, wire_time
from localapi.media import preview_address
from localapi.tables import Conversation, Message
from tools.conversations import Conversation as ConversationRow
from tools.conversations import Message as MessageRow

LIBRARY = "media:"
"""Before the id, where the attachment kept is a file of the library."""


def conversation_answer(row: Conversation) -> ConversationRow:
    """The wire's form."""
    return ConversationRow(
        id=row.id,
        user_id=row.user_id,
        account_id=row.account_id,
        page_id=row.page_id or "",
        platform=row.platform,
        platform_id=row.platform_id,
        participant_id=row.participant_id,
        participant_name=row.participant_name,
        participant_picture=row.participant_picture,
        status=row.status,
        unread_count=row.unread_count,
        last_message=row.last_message,
        last_message_at=wire_time(row.last_message_at),
        created_at=wire_time(row.created_at),
        updated_at=wire_time(row.updated_at),
    )


def message_answer(context: Context, row: Message) -> MessageRow:
    """The wire's form; a file of the library is shown by an address that is good for a while."""
    address = row.attachment_url or ""
    if address.startswith(LIBRARY):
        address = preview_address(context.installation, address.removeprefix(LIBRARY))
    return MessageRow(
        id=row.id,
        conversation_id=row.conversation_id,
        platform_id=row.platform_id,
        direction=row.direction,
        sender_id=row.sender_id,
        sender_name=row.sender_name,
        text=row.text,
        attachment_type=row.attachment_type or "",
        attachment_url=address,
        status=row.status,
        status_updated_at=wire_time(row.status_updated_at),
        created_at=wire_time(row.created_at),
    )
