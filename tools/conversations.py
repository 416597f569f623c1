"""Inbox, conversations: direct messages."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from auth.scopes import Scope
from tools.answers import Pagination, Success
from tools.fields import (
    AccountId,
    BrandId,
    ConversationId,
    Cursor,
    Foreign,
    ForeignLink,
    Limit,
    PageId,
    Platform,
    default,
    kind_is_named,
)
from tools.operation import Args, Effect, Operation, Result

GROUP = "Inbox - Conversations"
MAX_TEXT_WITH_BUTTONS = 640
PLATFORMS_WITH_MESSAGES = ("instagram", "facebook", "twitter", "telegram", "whatsapp")


class Conversation(Result):
    account_id: str | None = None
    created_at: str | None = None
    id: str | None = None
    last_message: Foreign | None = None
    last_message_at: str | None = None
    page_id: str | None = None
    participant_id: str | None = None
    participant_name: Foreign | None = None
    participant_picture: ForeignLink | None = None
    platform: str | None = None
    platform_id: str | None = None
    status: str | None = None
    unread_count: int | None = None
    updated_at: str | None = None
    user_id: str | None = None


class ConversationList(Result):
    data: list[Conversation] | None = None
    pagination: Pagination | None = None


class ListConversations(Args):
    account_id: AccountId | None = None
    brand_id: BrandId | None = None
    page_id: PageId | None = None
    platform: Platform | None = None
    status: Annotated[Literal["active", "archived"] | None, Field(description="State.", **default("active"))] = None
    limit: Limit | None = None
    cursor: Cursor | None = None


LIST_CONVERSATIONS = Operation(
    name="list_conversations",
    endpoint="GET /inbox/conversations",
    group=GROUP,
    title="List conversations",
    description="List direct-message conversations, the latest first; active ones unless status says archived.",
    args=ListConversations,
    result=ConversationList,
    scope=Scope.DMS_READ,
    effect=Effect.READ,
    open_world=False,
    platforms=PLATFORMS_WITH_MESSAGES,
    example={},
)


class ConversationAnswer(Result):
    data: Conversation | None = None


class GetConversation(Args):
    conversation_id: ConversationId


GET_CONVERSATION = Operation(
    name="get_conversation",
    endpoint="GET /inbox/conversations/{id}",
    group=GROUP,
    title="Get a conversation",
    description="Get one conversation; list_messages has what was written.",
    args=GetConversation,
    result=ConversationAnswer,
    scope=Scope.DMS_READ,
    effect=Effect.READ,
    open_world=False,
    platforms=PLATFORMS_WITH_MESSAGES,
    example={"conversation_id": "conv_ig_1"},
    path_arguments={"id": "conversation_id"},
)


class UpdateConversation(Args):
    conversation_id: ConversationId
    status: Annotated[Literal["active", "archived"], Field(description="State.")]


UPDATE_CONVERSATION = Operation(
    name="update_conversation",
    endpoint="PATCH /inbox/conversations/{id}",
    group=GROUP,
    title="Archive or restore a conversation",
    description="Set a conversation to active or archived.",
    args=UpdateConversation,
    result=Success,
    scope=Scope.DMS_SEND,
    effect=Effect.UPDATE,
    open_world=False,
    platforms=PLATFORMS_WITH_MESSAGES,
    example={"conversation_id": "conv_ig_old", "status": "archived"},
    path_arguments={"id": "conversation_id"},
    destructive=False,
    choices=("Changing a conversation asks for dms:send, so that a reading key changes nothing.",),
)


class Message(Result):
    attachment_type: str | None = None
    attachment_url: ForeignLink | None = None
    conversation_id: str | None = None
    created_at: str | None = None
    direction: str | None = None
    id: str | None = None
    platform_id: str | None = None
    sender_id: str | None = None
    sender_name: Foreign | None = None
    status: str | None = None
    status_updated_at: str | None = None
    text: Foreign | None = None


class MessageList(Result):
    data: list[Message] | None = None
    pagination: Pagination | None = None


class ListMessages(Args):
    conversation_id: ConversationId
    limit: Annotated[int | None, Field(description="Rows a page.", ge=1, le=200, **default(25))] = None
    cursor: Cursor | None = None


LIST_MESSAGES = Operation(
    name="list_messages",
    endpoint="GET /inbox/conversations/{id}/messages",
    group=GROUP,
    title="List messages",
    description="List the messages of a conversation, newest first.",
    args=ListMessages,
    result=MessageList,
    scope=Scope.DMS_READ,
    effect=Effect.READ,
    open_world=False,
    platforms=PLATFORMS_WITH_MESSAGES,
    example={"conversation_id": "conv_ig_1"},
    path_arguments={"id": "conversation_id"},
    resource="socialapi://conversations/{id}/messages",
    choices=("A page holds 25 unless told, as the reference says.",),
)


class Attachment(Args):
    source: Annotated[str, Field(description="The address or id.")]
    source_type: Annotated[Literal["url", "media_id", "platform_attachment_id"], Field(description="What source is.")]
    type: Annotated[
        Literal["image", "video", "audio", "file"] | None,
        Field(description="Kind; required with platform_attachment_id."),
    ] = None

    _names_its_kind = model_validator(mode="after")(kind_is_named)


class MessageButton(Args):
    title: Annotated[str, Field(description="Title.", max_length=20)]
    type: Annotated[Literal["url", "postback"], Field(description="Kind.")]
    payload: Annotated[str | None, Field(description="Comes back in the event of a tap.")] = None
    url: Annotated[str | None, Field(description="Address, https.")] = None

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if self.type == "url" and not (self.url or "").startswith("https://"):
            raise ValueError("url: a url button needs an https address")
        if self.type == "postback" and not self.payload:
            raise ValueError("payload: a postback button needs one")
        return self


class MessageCard(Args):
    title: Annotated[str, Field(description="Title.", max_length=80)]
    buttons: Annotated[list[MessageButton] | None, Field(description="Up to three.", max_length=3)] = None
    image_url: Annotated[str | None, Field(description="Picture address.")] = None
    subtitle: Annotated[str | None, Field(description="Second line.", max_length=80)] = None


class MessageQuickReply(Args):
    title: Annotated[str, Field(description="Title.", max_length=20)]
    payload: Annotated[str | None, Field(description="Comes back in the event of a tap.")] = None


class SentMessage(Result):
    message_id: str | None = None
    message_ids: list[str] | None = None
    success: bool | None = None


class SendMessage(Args):
    conversation_id: ConversationId
    account_id: AccountId
    attachment_url: Annotated[str | None, Field(description="Older form of attachments: one public address.")] = None
    attachments: Annotated[list[Attachment] | None, Field(description="One bubble for each.")] = None
    buttons: Annotated[
        list[MessageButton] | None, Field(description="One to three; text is the bubble.", min_length=1, max_length=3)
    ] = None
    cards: Annotated[list[MessageCard] | None, Field(description="Up to ten.", min_length=1, max_length=10)] = None
    message_tag: Annotated[
        Literal["HUMAN_AGENT", "ACCOUNT_UPDATE", "CONFIRMED_EVENT_UPDATE", "CUSTOMER_FEEDBACK", "POST_PURCHASE_UPDATE"]
        | None,
        Field(description="Reason to write outside the window: Instagram, Facebook."),
    ] = None
    quick_replies: Annotated[
        list[MessageQuickReply] | None, Field(description="Up to 13, with text.", min_length=1, max_length=13)
    ] = None
    reply_to_message_id: Annotated[str | None, Field(description="Message to quote.")] = None
    text: Annotated[str | None, Field(description="Text.", max_length=1000)] = None

    @model_validator(mode="after")
    def _one_kind_of_content(self) -> Self:
        interactive = [name for name in ("quick_replies", "buttons", "cards") if getattr(self, name)]
        if len(interactive) > 1:
            raise ValueError(f"pass only one of {' and '.join(interactive)}")
        if not (self.text or self.attachments or self.attachment_url or interactive):
            raise PydanticCustomError("missing_text", "text: pass text, attachments, quick_replies, buttons or cards")
        if self.quick_replies and not self.text:
            raise ValueError("text: quick_replies need it")
        if self.buttons and len(self.text or "") > MAX_TEXT_WITH_BUTTONS:
            raise ValueError(f"text: at most {MAX_TEXT_WITH_BUTTONS} characters with buttons")
        return self


SEND_MESSAGE = Operation(
    name="send_message",
    endpoint="POST /inbox/conversations/{id}/messages",
    group=GROUP,
    title="Send a message",
    description=(
        "Send a direct message: text, attachments, or one of quick replies, buttons or cards. Costs one "
        "interaction credit."
    ),
    args=SendMessage,
    result=SentMessage,
    scope=Scope.DMS_SEND,
    effect=Effect.PUBLISH,
    open_world=True,
    platforms=PLATFORMS_WITH_MESSAGES,
    example={
        "conversation_id": "conv_ig_1",
        "account_id": "acc_aurora_instagram",
        "text": "We do! How many boxes, and by when?",
    },
    path_arguments={"id": "conversation_id"},
    choices=(
        "A closed messaging window is 400 platform.<name>.window_closed.",
        "A used-up month is 429 validation.interaction_limit_exhausted.",
    ),
)


class MarkConversationRead(Args):
    conversation_id: ConversationId


MARK_CONVERSATION_READ = Operation(
    name="mark_conversation_read",
    endpoint="POST /inbox/conversations/{id}/read",
    group=GROUP,
    title="Mark a conversation read",
    description="Set a conversation's unread count to zero.",
    args=MarkConversationRead,
    result=Success,
    scope=Scope.DMS_SEND,
    effect=Effect.UPDATE,
    open_world=False,
    platforms=PLATFORMS_WITH_MESSAGES,
    example={"conversation_id": "conv_ig_1"},
    path_arguments={"id": "conversation_id"},
    destructive=False,
    choices=("Marking as read asks for dms:send, so that a reading key changes nothing.",),
)
