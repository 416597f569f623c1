"""WhatsApp: number registration, business profile and message templates."""

from auth.scopes import Access, Scope
from tools.operation import Effect, Empty, Operation
from tools.whatsapp_models import (
    BusinessProfile,
    CreatedTemplate,
    CreateWhatsappTemplate,
    DeleteWhatsappTemplate,
    ListWhatsappTemplates,
    NumberStatus,
    RegisterWhatsappNumber,
    RequestWhatsappCode,
    SendWhatsappTemplate,
    SentTemplate,
    Template,
    TemplateArgs,
    TemplateDraft,
    TemplateList,
    TemplateValidation,
    UpdateWhatsappBusinessProfile,
    UpdateWhatsappTemplate,
    VerifyWhatsappCode,
    WhatsappAccount,
    WhatsappNumber,
)

GROUP = "WhatsApp"
PLATFORM = ("whatsapp",)

_ACCOUNTS_READ = "No page names the scope; accounts:read is asked, as for other account details."
_ACCOUNTS_MANAGE = "No page names the scope; accounts:manage is asked, as for other account settings."
_DMS_READ = "No page names the scope; dms:read is asked, because templates are messages."
_ACCOUNT_ID = "The number's own routes take the account id; only the business profile takes WhatsApp's number id."

_DRAFT = {
    "name": "pickup_reminder",
    "language": "en_US",
    "category": "UTILITY",
    "components": [
        {"type": "BODY", "text": "Hi {{1}}, your order is ready.", "example": {"body_text": [["Ines"]]}},
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "On my way"}]},
    ],
}

REQUEST_WHATSAPP_CODE = Operation(
    name="request_whatsapp_code",
    endpoint="POST /platforms/whatsapp/phone-numbers/{id}/request-code",
    group=GROUP,
    title="Request WhatsApp code",
    description="Have WhatsApp send a verification code to an account's number by text message or call. "
    "verify_whatsapp_code comes next.",
    args=RequestWhatsappCode,
    result=Empty,
    scope=Scope.ACCOUNTS_MANAGE,
    effect=Effect.UPDATE,
    destructive=False,
    idempotent=False,
    open_world=True,
    platforms=PLATFORM,
    path_arguments={"id": "account_id"},
    example={"account_id": "acc_aurora_whatsapp", "method": "SMS", "language": "en_US"},
    choices=(_ACCOUNTS_MANAGE, _ACCOUNT_ID),
)

VERIFY_WHATSAPP_CODE = Operation(
    name="verify_whatsapp_code",
    endpoint="POST /platforms/whatsapp/phone-numbers/{id}/verify-code",
    group=GROUP,
    title="Verify WhatsApp code",
    description="Hand in the code that request_whatsapp_code sent. register_whatsapp_number comes next.",
    args=VerifyWhatsappCode,
    result=Empty,
    scope=Scope.ACCOUNTS_MANAGE,
    effect=Effect.UPDATE,
    destructive=False,
    idempotent=False,
    open_world=True,
    platforms=PLATFORM,
    path_arguments={"id": "account_id"},
    example={"account_id": "acc_aurora_whatsapp", "code": "123456"},
    choices=(_ACCOUNTS_MANAGE, _ACCOUNT_ID),
)

REGISTER_WHATSAPP_NUMBER = Operation(
    name="register_whatsapp_number",
    endpoint="POST /platforms/whatsapp/phone-numbers/{id}/register",
    group=GROUP,
    title="Register WhatsApp number",
    description="Register a verified number for messaging and set its PIN. A lost PIN takes 7 days to reset.",
    args=RegisterWhatsappNumber,
    result=Empty,
    scope=Scope.ACCOUNTS_MANAGE,
    effect=Effect.UPDATE,
    idempotent=False,
    open_world=True,
    platforms=PLATFORM,
    path_arguments={"id": "account_id"},
    example={"account_id": "acc_aurora_whatsapp", "pin": "482915"},
    choices=(_ACCOUNTS_MANAGE, _ACCOUNT_ID),
)

DEREGISTER_WHATSAPP_NUMBER = Operation(
    name="deregister_whatsapp_number",
    endpoint="POST /platforms/whatsapp/phone-numbers/{id}/deregister",
    group=GROUP,
    title="Deregister WhatsApp number",
    description="Release an account's number. The account stays; disconnect_account removes it.",
    args=WhatsappAccount,
    result=Empty,
    scope=Scope.ACCOUNTS_MANAGE,
    effect=Effect.DELETE,
    open_world=True,
    platforms=PLATFORM,
    path_arguments={"id": "account_id"},
    example={"account_id": "acc_aurora_whatsapp"},
    choices=(_ACCOUNTS_MANAGE, _ACCOUNT_ID),
)

GET_WHATSAPP_NUMBER_STATUS = Operation(
    name="get_whatsapp_number_status",
    endpoint="GET /platforms/whatsapp/phone-numbers/{id}/status",
    group=GROUP,
    title="Get WhatsApp number status",
    description="Tell whether an account's number is verified and registered.",
    args=WhatsappAccount,
    result=NumberStatus,
    scope=Scope.ACCOUNTS_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=PLATFORM,
    path_arguments={"id": "account_id"},
    example={"account_id": "acc_aurora_whatsapp"},
    choices=(_ACCOUNTS_READ, _ACCOUNT_ID),
)

GET_WHATSAPP_BUSINESS_PROFILE = Operation(
    name="get_whatsapp_business_profile",
    endpoint="GET /platforms/whatsapp/phone-numbers/{id}/business-profile",
    group=GROUP,
    title="Get WhatsApp business profile",
    description="Get the public business profile of a WhatsApp number.",
    args=WhatsappNumber,
    result=BusinessProfile,
    scope=Scope.ACCOUNTS_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=PLATFORM,
    path_arguments={"id": "phone_number_id"},
    example={"phone_number_id": "15550001111"},
    choices=(_ACCOUNTS_READ, _ACCOUNT_ID),
)

UPDATE_WHATSAPP_BUSINESS_PROFILE = Operation(
    name="update_whatsapp_business_profile",
    endpoint="PUT /platforms/whatsapp/phone-numbers/{id}/business-profile",
    group=GROUP,
    title="Update WhatsApp business profile",
    description="Change the named fields of a number's public business profile; the others stay.",
    args=UpdateWhatsappBusinessProfile,
    result=Empty,
    scope=Scope.ACCOUNTS_MANAGE,
    effect=Effect.UPDATE,
    open_world=True,
    platforms=PLATFORM,
    path_arguments={"id": "phone_number_id"},
    example={"phone_number_id": "15550001111", "about": "Roasted this morning.", "vertical": "RESTAURANT"},
    choices=(_ACCOUNTS_MANAGE, _ACCOUNT_ID),
)

LIST_WHATSAPP_TEMPLATES = Operation(
    name="list_whatsapp_templates",
    endpoint="GET /platforms/whatsapp/accounts/{id}/templates",
    group=GROUP,
    title="List WhatsApp templates",
    description="List an account's message templates with their review status.",
    args=ListWhatsappTemplates,
    result=TemplateList,
    scope=Scope.DMS_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=PLATFORM,
    path_arguments={"id": "account_id"},
    example={"account_id": "acc_aurora_whatsapp"},
    choices=(_DMS_READ,),
)

CREATE_WHATSAPP_TEMPLATE = Operation(
    name="create_whatsapp_template",
    endpoint="POST /platforms/whatsapp/accounts/{id}/templates",
    group=GROUP,
    title="Create WhatsApp template",
    description="Submit a message template to WhatsApp's review. validate_whatsapp_template checks it beforehand.",
    args=CreateWhatsappTemplate,
    result=CreatedTemplate,
    scope=Scope.ACCOUNTS_MANAGE,
    effect=Effect.CREATE,
    open_world=True,
    platforms=PLATFORM,
    path_arguments={"id": "account_id"},
    example={"account_id": "acc_aurora_whatsapp", **_DRAFT},
    choices=(_ACCOUNTS_MANAGE,),
)

DELETE_WHATSAPP_TEMPLATE = Operation(
    name="delete_whatsapp_template",
    endpoint="DELETE /platforms/whatsapp/accounts/{id}/templates",
    group=GROUP,
    title="Delete WhatsApp template",
    description="Delete a message template in all its languages. Refused while a campaign uses it.",
    args=DeleteWhatsappTemplate,
    result=Empty,
    scope=Scope.ACCOUNTS_MANAGE,
    effect=Effect.DELETE,
    open_world=True,
    platforms=PLATFORM,
    path_arguments={"id": "account_id"},
    example={"account_id": "acc_aurora_whatsapp", "name": "old_hours"},
    choices=(_ACCOUNTS_MANAGE,),
)

GET_WHATSAPP_TEMPLATE = Operation(
    name="get_whatsapp_template",
    endpoint="GET /platforms/whatsapp/templates/{id}",
    group=GROUP,
    title="Get WhatsApp template",
    description="Get one message template with its components and review status.",
    args=TemplateArgs,
    result=Template,
    scope=Scope.DMS_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=PLATFORM,
    path_arguments={"id": "template_id"},
    example={"template_id": "7700000000000001"},
    choices=(_DMS_READ,),
)

UPDATE_WHATSAPP_TEMPLATE = Operation(
    name="update_whatsapp_template",
    endpoint="PUT /platforms/whatsapp/templates/{id}",
    group=GROUP,
    title="Update WhatsApp template",
    description="Replace the components of an approved template, which goes to review again. Once a day at most.",
    args=UpdateWhatsappTemplate,
    result=Empty,
    scope=Scope.ACCOUNTS_MANAGE,
    effect=Effect.UPDATE,
    idempotent=False,
    open_world=True,
    platforms=PLATFORM,
    path_arguments={"id": "template_id"},
    example={
        "template_id": "7700000000000002",
        "components": [{"type": "BODY", "text": "Hi {{1}}, come by!", "example": {"body_text": [["Ines"]]}}],
    },
    choices=(_ACCOUNTS_MANAGE,),
)

SEND_WHATSAPP_TEMPLATE = Operation(
    name="send_whatsapp_template",
    endpoint="POST /platforms/whatsapp/accounts/{id}/send-template",
    group=GROUP,
    title="Send WhatsApp template",
    description="Send an approved template to a phone number, also outside the 24-hour window. "
    "Inside it, send_message takes free text.",
    args=SendWhatsappTemplate,
    result=SentTemplate,
    scope=Scope.DMS_SEND,
    effect=Effect.PUBLISH,
    open_world=True,
    platforms=PLATFORM,
    path_arguments={"id": "account_id"},
    example={
        "account_id": "acc_aurora_whatsapp",
        "to": "15550002222",
        "template_name": "order_ready",
        "language": "en_US",
        "components": [{"type": "body", "parameters": [{"type": "text", "text": "Ines"}]}],
    },
    choices=("A paused template is refused with 409, as the error catalogue has it, where the connector says 400.",),
)

VALIDATE_WHATSAPP_TEMPLATE = Operation(
    name="validate_whatsapp_template",
    endpoint="POST /platforms/whatsapp/templates/validate",
    group=GROUP,
    title="Validate WhatsApp template",
    description="Check a message template's form without submitting it. create_whatsapp_template submits it.",
    args=TemplateDraft,
    result=TemplateValidation,
    scope=Access.UNMAPPED,
    effect=Effect.READ,
    open_world=False,
    platforms=PLATFORM,
    example=_DRAFT,
    choices=("No page names a scope and none fits, so restricted keys are refused.",),
)
