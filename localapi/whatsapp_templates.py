"""WhatsApp templates: their review by the simulated platform, and sending them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from localapi import quota
from localapi.context import Context, Refusal, invalid_field
from localapi.conversations import Bubble, append, thread_with
from localapi.faults import refuse_call
from localapi.platform_accounts import account_on
from localapi.routing import implements
from localapi.tables import Account
from localapi.tables_platforms import Template, TemplateMessage
from localapi.whatsapp_accounts import business_of, check_sendable, person_with
from localapi.whatsapp_rules import Findings, check, check_components, filled, is_advertising, wanted_values
from tools.operation import Empty
from tools.whatsapp import (
    CREATE_WHATSAPP_TEMPLATE,
    DELETE_WHATSAPP_TEMPLATE,
    GET_WHATSAPP_TEMPLATE,
    LIST_WHATSAPP_TEMPLATES,
    SEND_WHATSAPP_TEMPLATE,
    UPDATE_WHATSAPP_TEMPLATE,
    VALIDATE_WHATSAPP_TEMPLATE,
)
from tools.whatsapp_models import (
    CreatedTemplate,
    CreateWhatsappTemplate,
    DeleteWhatsappTemplate,
    ListWhatsappTemplates,
    SendWhatsappTemplate,
    SentMessage,
    SentTemplate,
    TemplateArgs,
    TemplateComponent,
    TemplateContact,
    TemplateCursors,
    TemplateDraft,
    TemplateList,
    TemplatePaging,
    TemplateValidation,
    UpdateWhatsappTemplate,
)
from tools.whatsapp_models import Template as TemplateAnswer

REVIEW = timedelta(minutes=1)
EDIT_EVERY = timedelta(days=1)
MARKETING_A_DAY = 2
"""Advertising that one person gets from a number in a day."""


@implements(VALIDATE_WHATSAPP_TEMPLATE)
async def validate_whatsapp_template(context: Context, args: TemplateDraft) -> TemplateValidation:
    return check(args).answer()


@implements(LIST_WHATSAPP_TEMPLATES)
async def list_whatsapp_templates(context: Context, args: ListWhatsappTemplates) -> TemplateList:
    business = await _business(context, args.account_id)
    rows, cursor = await context.page(
        select(Template).where(Template.business_id == business),
        scope=f"templates:{business}",
        order=[(Template.name, False), (Template.id, False)],
        limit=args.limit or 25,
        cursor=args.cursor,
    )
    cursors = TemplateCursors(before="", after=cursor or "")
    return TemplateList(data=[_answer(context, row) for row in rows], paging=TemplatePaging(cursors=cursors, next=""))


@implements(GET_WHATSAPP_TEMPLATE)
async def get_whatsapp_template(context: Context, args: TemplateArgs) -> TemplateAnswer:
    return _answer(context, await _find(context, args.template_id))


@implements(CREATE_WHATSAPP_TEMPLATE)
async def create_whatsapp_template(context: Context, args: CreateWhatsappTemplate) -> CreatedTemplate:
    business = await _business(context, args.account_id)
    _refuse(check(args))
    await context.lock_user()
    taken = await context.session.scalar(
        select(Template.id).where(
            Template.business_id == business, Template.name == args.name, Template.language == args.language
        )
    )
    if taken is not None:
        raise Refusal(409, "resource.conflict", f"there is a template {args.name} in {args.language} already")
    row = Template(
        id=str(int(context.ids.random_hex(13), 16)),
        business_id=business,
        name=args.name,
        language=args.language,
        category=args.category,
        status="PENDING",
        components=_stored(args.components),
        submitted_at=context.now,
    )
    context.session.add(row)
    return CreatedTemplate(id=row.id, status="PENDING", category=row.category)


@implements(UPDATE_WHATSAPP_TEMPLATE)
async def update_whatsapp_template(context: Context, args: UpdateWhatsappTemplate) -> Empty:
    row = await _find(context, args.template_id, to_change=True)
    _refuse(check_components(args.components))
    status = status_of(context, row)
    if status != "APPROVED":
        raise Refusal(409, "resource.conflict", f"this template is {status}; only an approved one is edited")
    if row.edited_at is not None and row.edited_at + EDIT_EVERY > context.now:
        raise Refusal(409, "resource.conflict", "a template is edited once a day; try again tomorrow")
    row.components, row.status = _stored(args.components), "PENDING"
    row.edited_at = row.submitted_at = context.now
    return Empty()


@implements(DELETE_WHATSAPP_TEMPLATE)
async def delete_whatsapp_template(context: Context, args: DeleteWhatsappTemplate) -> Empty:
    business = await _business(context, args.account_id)
    query = select(Template).where(Template.business_id == business, Template.name == args.name)
    rows = list(await context.session.scalars(query.with_for_update()))
    if not rows:
        raise _no_template()
    for row in rows:
        await context.session.delete(row)
    return Empty()


@implements(SEND_WHATSAPP_TEMPLATE)
async def send_whatsapp_template(context: Context, args: SendWhatsappTemplate) -> SentTemplate:
    account = await account_on(context, args.account_id, "whatsapp", status=400)
    template = await context.session.scalar(
        select(Template).where(
            Template.business_id == business_of(account),
            Template.name == args.template_name,
            Template.language == args.language,
        )
    )
    if template is None:
        raise _no_template()
    status = status_of(context, template)
    if status in {"PAUSED", "DISABLED"}:
        raise Refusal(
            409, "whatsapp.template_paused", "the platform holds this template back, because people blocked it"
        )
    if status != "APPROVED":
        raise Refusal(404, "whatsapp.template_not_found", f"this template is {status}; only an approved one is sent")
    text = _filled(template, args)
    person = await person_with(context, args.to)
    person_id, name = (args.to, f"+{args.to}") if person is None else (person.platform_id, person.name)
    await check_sendable(context, account, person_id)
    await _check_caps(context, account, template, args.to)
    await refuse_call(context, account)
    await quota.spend(context, "interactions")
    conversation = await thread_with(context, account, person_id, name=name, page_id=None)
    message = await append(context, conversation, account, Bubble(text=text))
    context.session.add(
        TemplateMessage(
            id=context.ids.uuid(),
            account_id=account.id,
            recipient=args.to,
            category=template.category,
            sent_at=context.now,
        )
    )
    return SentTemplate(
        messaging_product="whatsapp",
        contacts=[TemplateContact(input=args.to, wa_id=args.to)],
        messages=[SentMessage(id=message.platform_id, message_status="accepted")],
    )


def status_of(context: Context, row: Template) -> str:
    """Where a template is in its review, which the simulated platform does in a minute."""
    if row.status != "PENDING" or row.submitted_at + REVIEW > context.now:
        return row.status
    parts = [TemplateComponent.model_validate(one) for one in row.components]
    return "REJECTED" if row.category == "UTILITY" and is_advertising(parts) else "APPROVED"


async def _check_caps(context: Context, account: Account, template: Template, recipient: str) -> None:
    if template.category != "MARKETING":
        return
    sent = await context.session.scalar(
        select(func.count())
        .select_from(TemplateMessage)
        .where(
            TemplateMessage.account_id == account.id,
            TemplateMessage.recipient == recipient,
            TemplateMessage.category == "MARKETING",
            TemplateMessage.sent_at > context.now - timedelta(days=1),
        )
    )
    if int(sent or 0) >= MARKETING_A_DAY:
        what = f"this person got {MARKETING_A_DAY} advertising messages in a day; wait until tomorrow"
        raise Refusal(429, "whatsapp.frequency_cap", what, retry_after_seconds=86_400)


def _filled(template: Template, args: SendWhatsappTemplate) -> str:
    """The text of the message; raises Refusal 400 where the values do not fit."""
    given: dict[str, list[list[str]]] = {}
    for one in args.components or []:
        given.setdefault(one.type, []).append([value.text for value in one.parameters or []])
    wanted: dict[str, list[int]] = {}
    for part, count in wanted_values(template.components):
        wanted.setdefault(part, []).append(count)
    for part in ("header", "body", "button"):
        counts = [len(values) for values in given.get(part, []) if values]
        if counts != wanted.get(part, []):
            numbers = " and ".join(map(str, wanted.get(part, []))) or "no"
            raise invalid_field(
                "components", f"the {part} of this template takes {numbers} values; got {counts or 'none'}"
            )
    lines: list[str] = []
    for stored in template.components:
        if stored["type"] not in {"HEADER", "BODY", "FOOTER"} or not stored.get("text"):
            continue
        text, values = str(stored["text"]), next((row for row in given.get(stored["type"].lower(), []) if row), [])
        lines.append(filled(text, values))
    return "\n".join(lines)


def _refuse(found: Findings) -> None:
    if not found.errors:
        return
    first = found.errors[0]
    name = first.field or "components"
    if first.component_index is not None:
        name = f"components.{first.component_index}.{name}"
    if name.endswith("name") and name == "name":
        raise invalid_field("name", first.message or "")
    raise invalid_field(name, f"{first.message}; POST /platforms/whatsapp/templates/validate lists all there is")


def _stored(components: Sequence[TemplateComponent]) -> list[Any]:
    return [one.model_dump(mode="json", exclude_none=True) for one in components]


async def _business(context: Context, account_id: str) -> str:
    account = await account_on(context, account_id, "whatsapp", status=400)
    return business_of(account)


async def _find(context: Context, template_id: str, *, to_change: bool = False) -> Template:
    """A template that an active WhatsApp account of the caller's belongs to."""
    query = context.visible_accounts().where(Account.platform == "whatsapp", Account.status == "active")
    businesses = {business_of(account) for account in await context.session.scalars(query)}
    if not businesses:
        raise Refusal(404, "whatsapp.no_account", "no WhatsApp account is connected")
    row = await context.session.get(Template, template_id, with_for_update=True if to_change else None)
    if row is None or row.business_id not in businesses:
        raise _no_template()
    return row


def _no_template() -> Refusal:
    what = "there is no such template; see GET /platforms/whatsapp/accounts/{id}/templates"
    return Refusal(404, "whatsapp.template_not_found", what)


def _answer(context: Context, row: Template) -> TemplateAnswer:
    return TemplateAnswer(
        id=row.id,
        name=row.name,
        language=row.language,
        category=row.category,
        status=status_of(context, row),
        components=row.components,
    )
