"""WhatsApp: a number's way from unverified to registered, and its business profile."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from localapi.context import Context, Refusal, invalid_field, missing_field
from localapi.network.options import is_web_address
from localapi.platform_accounts import account_on
from localapi.routing import implements
from localapi.tables import Account
from localapi.tables_platforms import PhoneNumber
from tools.operation import Empty
from tools.whatsapp import (
    DEREGISTER_WHATSAPP_NUMBER,
    GET_WHATSAPP_BUSINESS_PROFILE,
    GET_WHATSAPP_NUMBER_STATUS,
    REGISTER_WHATSAPP_NUMBER,
    REQUEST_WHATSAPP_CODE,
    UPDATE_WHATSAPP_BUSINESS_PROFILE,
    VERIFY_WHATSAPP_CODE,
)
from tools.whatsapp_models import (
    BusinessProfile,
    NumberStatus,
    RegisterWhatsappNumber,
    RequestWhatsappCode,
    UpdateWhatsappBusinessProfile,
    VerifyWhatsappCode,
    WhatsappAccount,
    WhatsappNumber,
)

CODE_MINUTES = 10
WRONG_CODES = 5
SIMULATED_CODE = "123456"
"""Nobody can read what a line receives that does not exist, so it is always this one."""
MAX_DESCRIPTION, MAX_EMAIL, MAX_WEBSITE = 512, 128, 256
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_PROFILE = ("about", "description", "address", "email", "websites", "vertical")


@implements(REQUEST_WHATSAPP_CODE)
async def request_whatsapp_code(context: Context, args: RequestWhatsappCode) -> Empty:
    number = await _number(context, await account_on(context, args.account_id, "whatsapp", status=400))
    number.code, number.wrong_codes = SIMULATED_CODE, 0
    number.code_expires_at = context.now + timedelta(minutes=CODE_MINUTES)
    return Empty()


@implements(VERIFY_WHATSAPP_CODE)
async def verify_whatsapp_code(context: Context, args: VerifyWhatsappCode) -> Empty:
    number = await _number(context, await account_on(context, args.account_id, "whatsapp", status=400))
    is_open = number.code_expires_at is not None and number.code_expires_at > context.now
    if not is_open or number.wrong_codes >= WRONG_CODES:
        raise Refusal(502, "platform.whatsapp.api_error", "no code is waiting, or it has expired; request a new one")
    if args.code != number.code:
        number.wrong_codes += 1
        # What was counted stands, although the request is refused.
        await context.session.commit()
        raise Refusal(502, "platform.whatsapp.api_error", "this is not the code that the line received")
    number.is_verified, number.code, number.code_expires_at = True, None, None
    return Empty()


@implements(REGISTER_WHATSAPP_NUMBER)
async def register_whatsapp_number(context: Context, args: RegisterWhatsappNumber) -> Empty:
    number = await _number(context, await account_on(context, args.account_id, "whatsapp", status=400))
    if not number.is_verified:
        what = "verify this number first: request a code, then send it back"
        raise Refusal(409, "resource.conflict", what)
    # The PIN is the platform's to keep; of a simulated number nobody asks for it again.
    number.is_registered = True
    return Empty()


@implements(DEREGISTER_WHATSAPP_NUMBER)
async def deregister_whatsapp_number(context: Context, args: WhatsappAccount) -> Empty:
    number = await _number(context, await account_on(context, args.account_id, "whatsapp", status=400))
    number.is_registered = False
    return Empty()


@implements(GET_WHATSAPP_NUMBER_STATUS)
async def get_whatsapp_number_status(context: Context, args: WhatsappAccount) -> NumberStatus:
    account = await account_on(context, args.account_id, "whatsapp", status=400)
    number = await context.session.get(PhoneNumber, account.id)
    return NumberStatus(
        verified=number is not None and number.is_verified, registered=number is not None and number.is_registered
    )


@implements(GET_WHATSAPP_BUSINESS_PROFILE)
async def get_whatsapp_business_profile(context: Context, args: WhatsappNumber) -> BusinessProfile:
    account = await _by_number(context, args.phone_number_id)
    number = await context.session.get(PhoneNumber, account.id)
    stored: dict[str, Any] = {} if number is None else number.profile
    shown = {name: stored.get(name, [] if name == "websites" else "") for name in _PROFILE}
    picture = account.profile_picture_url or ""
    return BusinessProfile(messaging_product="whatsapp", profile_picture_url=picture, **shown)


@implements(UPDATE_WHATSAPP_BUSINESS_PROFILE)
async def update_whatsapp_business_profile(context: Context, args: UpdateWhatsappBusinessProfile) -> Empty:
    given = {name: value for name in _PROFILE if (value := getattr(args, name)) is not None}
    if not given and args.profile_picture_handle is None:
        raise missing_field("about", "say what to change in the profile")
    _check_profile(given)
    account = await _by_number(context, args.phone_number_id)
    number = await _number(context, account)
    number.profile = {**number.profile, **given}
    if args.profile_picture_handle is not None:
        account.profile_picture_url = f"https://whatsapp.example/pictures/{context.ids.random_hex(16)}.jpg"
    return Empty()


def _check_profile(given: Mapping[str, Any]) -> None:
    """Refuse what the platform would not show; an empty value other than that of `about` takes the old one away."""
    if not given.get("about", "a").strip():
        raise invalid_field("about", "about cannot be empty")
    if len(given.get("description", "")) > MAX_DESCRIPTION:
        raise invalid_field("description", f"a description has at most {MAX_DESCRIPTION} characters")
    email = given.get("email", "")
    if email and (len(email) > MAX_EMAIL or not _EMAIL.fullmatch(email)):
        raise invalid_field("email", f"this is no e-mail address, or has over {MAX_EMAIL} characters")
    for index, website in enumerate(given.get("websites", [])):
        is_plain = website.isprintable() and " " not in website
        if len(website) > MAX_WEBSITE or not is_plain or not is_web_address(website):
            what = f"a website is an http(s) address of at most {MAX_WEBSITE} characters"
            raise invalid_field(f"websites.{index}", what)


async def _number(context: Context, account: Account) -> PhoneNumber:
    """The number of an account, held until the end of the transaction; a new one is unverified."""
    await context.session.execute(select(Account.id).where(Account.id == account.id).with_for_update(key_share=True))
    found = await context.session.get(PhoneNumber, account.id, with_for_update=True)
    if found is None:
        found = PhoneNumber(account_id=account.id, is_verified=False, is_registered=False, wrong_codes=0, profile={})
        context.session.add(found)
    return found


async def _by_number(context: Context, phone_number_id: str) -> Account:
    query = context.visible_accounts().where(Account.platform == "whatsapp")
    for account in await context.session.scalars(query.order_by(Account.created_at, Account.id)):
        if str(account.metadata_.get("phone_number_id", "")) == phone_number_id:
            return account
    what = "no account of yours has this number; see metadata.phone_number_id of WhatsApp accounts"
    raise Refusal(404, "resource.not_found", what, resource="phone_number", id=phone_number_id[:100])
