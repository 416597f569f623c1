"""Arguments and answers of the WhatsApp operations."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from tools.fields import AccountId, Json, Limit, Notice, Own, OwnJson, RelayedLink, SafeId, Text
from tools.operation import Args, Result
from tools.problems import pattern

SixDigits = Annotated[str, StringConstraints(pattern=pattern(r"^[0-9]{6}$", "six digits"))]
PhoneNumberId = Annotated[
    SafeId,
    StringConstraints(pattern=pattern(r"^[0-9]+$", "the id of the number at WhatsApp, digits alone")),
    Field(description="WhatsApp's numeric phone-number id."),
]
TemplateId = Annotated[SafeId, Field(description="Template id, from list_whatsapp_templates.")]
TemplateName = Annotated[
    str,
    StringConstraints(pattern=pattern(r"^[a-z0-9_]+$", "lower-case letters, digits and underscores")),
    Field(description="Lower case, digits and underscores."),
]
TemplateLanguage = Annotated[Text, Field(description="Language code such as en_US.")]
Vertical = Literal[
    "OTHER", "AUTO", "BEAUTY", "APPAREL", "EDU", "ENTERTAIN", "EVENT_PLAN", "FINANCE", "GROCERY", "GOVT", "HOTEL",
    "HEALTH", "NONPROFIT", "PROF_SERVICES", "RETAIL", "TRAVEL", "RESTAURANT", "ALCOHOL",
]  # fmt: skip


class NumberStatus(Result):
    verified: bool | None = None
    registered: bool | None = None


class BusinessProfile(Result):
    messaging_product: str | None = None
    about: Own | None = None
    description: Own | None = None
    address: Own | None = None
    email: Own | None = None
    websites: list[Own] | None = None
    vertical: str | None = None
    profile_picture_url: RelayedLink | None = None


class Template(Result):
    id: str | None = None
    name: Own | None = None
    language: str | None = None
    category: Annotated[str | None, Field(description="MARKETING, UTILITY or AUTHENTICATION.")] = None
    status: Annotated[str | None, Field(description="PENDING, APPROVED, REJECTED, PAUSED or DISABLED.")] = None
    components: list[OwnJson] | OwnJson | None = None


class TemplateCursors(Result):
    before: str | None = None
    after: Annotated[str | None, Field(description="Cursor of the next page.")] = None


class TemplatePaging(Result):
    cursors: TemplateCursors | None = None
    next: str | None = None


class TemplateList(Result):
    data: list[Template] | None = None
    paging: TemplatePaging | None = None


class CreatedTemplate(Result):
    id: str | None = None
    status: Annotated[str | None, Field(description="PENDING until WhatsApp has reviewed it.")] = None
    category: str | None = None


class TemplateContact(Result):
    input: Own | None = None
    wa_id: str | None = None


class SentMessage(Result):
    id: str | None = None
    message_status: Annotated[str | None, Field(description="Such as accepted.")] = None


class SentTemplate(Result):
    messaging_product: str | None = None
    contacts: list[TemplateContact] | None = None
    messages: list[SentMessage] | None = None


class TemplateIssue(Result):
    component_index: Annotated[int | None, Field(description="From 0; null for the template itself.")] = None
    field: str | None = None
    message: Notice | None = None


class TemplateValidation(Result):
    valid: bool | None = None
    errors: list[TemplateIssue] | None = None
    warnings: list[TemplateIssue] | None = None


class TemplateButton(Args):
    type: Annotated[Literal["QUICK_REPLY", "URL", "PHONE_NUMBER", "COPY_CODE"], Field(description="Kind.")]
    text: Annotated[str | None, Field(description="Label; not for COPY_CODE.")] = None
    url: Annotated[str | None, Field(description="URL only; may hold one {{1}}.")] = None
    phone_number: Annotated[
        str | None,
        Field(
            pattern=pattern(r"^\+[1-9][0-9]{1,14}$", "the number with + and country code, such as +4915112345678"),
            description="PHONE_NUMBER only; E.164 with +.",
        ),
    ] = None
    example: Annotated[Json | None, Field(description="Sample values of the variables.")] = None


class TemplateComponent(Args):
    type: Annotated[Literal["HEADER", "BODY", "FOOTER", "BUTTONS"], Field(description="Part of the message.")]
    format: Annotated[Literal["TEXT", "IMAGE", "VIDEO", "DOCUMENT"] | None, Field(description="HEADER only.")] = None
    text: Annotated[str | None, Field(description="Text with {{1}}, {{2}} as variables.")] = None
    example: Annotated[Json | None, Field(description="body_text, header_text or header_handle samples.")] = None
    buttons: Annotated[list[TemplateButton] | None, Field(description="BUTTONS only.")] = None


Components = Annotated[list[TemplateComponent], Field(min_length=1, description="Parts; a BODY is needed.")]


class TemplateParameter(Args):
    type: Annotated[Literal["text"], Field(description="Only text.")]
    text: Annotated[Text, Field(description="Value of the variable.")]


class TemplateValues(Args):
    type: Annotated[Literal["header", "body", "button"], Field(description="Part to fill.")]
    parameters: Annotated[list[TemplateParameter] | None, Field(description="In the variables' order.")] = None


class WhatsappAccount(Args):
    account_id: AccountId


class RequestWhatsappCode(Args):
    account_id: AccountId
    method: Annotated[Literal["SMS", "VOICE"], Field(description="How the code arrives.")]
    language: TemplateLanguage


class VerifyWhatsappCode(Args):
    account_id: AccountId
    code: Annotated[SixDigits, Field(description="The 6 digits received.")]


class RegisterWhatsappNumber(Args):
    account_id: AccountId
    pin: Annotated[SixDigits, Field(description="6 digits to set as two-step PIN.")]


class WhatsappNumber(Args):
    phone_number_id: PhoneNumberId


class UpdateWhatsappBusinessProfile(Args):
    phone_number_id: PhoneNumberId
    about: Annotated[str | None, Field(max_length=139, description="Line under the name.")] = None
    description: Annotated[str | None, Field(description="What the business does.")] = None
    address: Annotated[str | None, Field(max_length=256, description="Street address.")] = None
    email: Annotated[str | None, Field(description="Contact address.")] = None
    websites: Annotated[list[str] | None, Field(max_length=2, description="At most two links.")] = None
    vertical: Annotated[Vertical | None, Field(description="Line of business.")] = None
    profile_picture_handle: Annotated[str | None, Field(description="Handle of an upload made at Meta.")] = None


class ListWhatsappTemplates(Args):
    account_id: AccountId
    limit: Limit | None = None
    cursor: Annotated[str | None, Field(max_length=2048, description="paging.cursors.after of the page before.")] = None


class TemplateDraft(Args):
    """A template that is only looked at: a wrong name is for the check to report, not to be refused."""

    name: Annotated[Text, Field(description="Template name.")]
    language: TemplateLanguage
    category: Annotated[Literal["MARKETING", "UTILITY", "AUTHENTICATION"], Field(description="Kind of message.")]
    components: Components


class CreateWhatsappTemplate(TemplateDraft):
    account_id: AccountId
    name: TemplateName


class DeleteWhatsappTemplate(Args):
    account_id: AccountId
    name: TemplateName


class TemplateArgs(Args):
    template_id: TemplateId


class UpdateWhatsappTemplate(Args):
    template_id: TemplateId
    components: Components


class SendWhatsappTemplate(Args):
    account_id: AccountId
    to: Annotated[
        str,
        Field(
            pattern=pattern(r"^[1-9][0-9]{1,14}$", "the number with its country code and without +, digits alone"),
            description="Recipient, E.164 without +.",
        ),
    ]
    template_name: TemplateName
    language: TemplateLanguage
    components: Annotated[list[TemplateValues] | None, Field(description="Values of the variables.")] = None
