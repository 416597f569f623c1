"""What WhatsApp ties to an account: its business, the people its number writes to, and how fast it may write."""

import hashlib
import re
from datetime import timedelta

from sqlalchemy import delete, func, or_, select

from localapi.context import Context, Refusal
from localapi.tables import Account, Conversation, Message
from localapi.tables_platforms import Person, PhoneNumber, Template

PAIR_MESSAGES, PAIR_PERIOD = 10, timedelta(minutes=1)
"""What one person gets from a number in a while: one message each six seconds, however they are spread."""
NUMBER_MESSAGES, NUMBER_PERIOD = 80, timedelta(seconds=1)
"""What a number sends to everybody together."""
_NUMBER = re.compile(r"\+?([1-9][0-9]{6,14})")
_PUNCTUATION = re.compile(r"[ ().-]")


def business_of(account: Account) -> str:
    """The business whose templates an account has."""
    # Whoever connects a number says what it belongs to, so the word counts within one user and brand only.
    return f"{account.user_id}|{account.brand_id}|{account.metadata_.get('waba_id') or account.id}"


async def forget_templates(context: Context, *, brand_id: str | None = None) -> None:
    """Delete the templates of the user's businesses, or of those within one brand, which no foreign key reaches."""
    within = f"{context.user.id}|" if brand_id is None else f"{context.user.id}|{brand_id}|"
    await context.session.execute(
        delete(Template).where(Template.business_id.startswith(within, autoescape=True)),
        execution_options={"synchronize_session": False},
    )


async def person_with(context: Context, number: str) -> Person | None:
    """Who has a number, as far as the platform lets businesses know."""
    query = select(Person).where(
        Person.platform == "whatsapp", or_(Person.platform_id == number, Person.username == number)
    )
    return await context.session.scalar(query)


async def writer(context: Context, account: Account, who: str) -> tuple[str, str]:
    """Id and name of somebody who writes to an account, from their number or name.

    A person is their number here, so that an answer comes into the conversation that a template began.
    """
    found = _NUMBER.fullmatch(_PUNCTUATION.sub("", who))
    if found is not None:
        person = await person_with(context, found[1])
        return (found[1], f"+{found[1]}") if person is None else (person.platform_id, person.name)
    known = await context.session.scalar(
        select(Conversation.participant_id)
        .where(Conversation.account_id == account.id, Conversation.participant_name == who)
        .order_by(Conversation.last_message_at.desc())
        .limit(1)
    )
    known = known or await context.session.scalar(
        select(Person.platform_id).where(Person.platform == "whatsapp", Person.name == who).limit(1)
    )
    drawn = int(hashlib.sha256(who.casefold().encode()).hexdigest()[:12], 16) % 10**7
    return known or f"1555{drawn:07}", who


async def check_sendable(context: Context, account: Account, person_id: str) -> None:
    """Refuse what the platform would not send from this number to this person now. Call it before anything is charged.

    Raises:
        Refusal: 400, the number is not registered; 403, the person wants no messages; 429, too many in a while.
    """
    number = await context.session.get(PhoneNumber, account.id)
    if number is None or not number.is_registered:
        raise Refusal(400, "whatsapp.undeliverable", "register this account's number first, then send")
    person = await person_with(context, person_id)
    if person is not None and not person.consents:
        raise Refusal(403, "whatsapp.user_opted_out", "this person wants no messages from businesses")
    # Held first, or several requests at once would all find room.
    await context.lock_user()
    if await _sent(context, account, PAIR_PERIOD, person_id) >= PAIR_MESSAGES:
        what = f"this person got {PAIR_MESSAGES} messages within a minute; pause before writing to them again"
        raise Refusal(429, "whatsapp.pair_rate_limit", what, retry_after_seconds=int(PAIR_PERIOD.total_seconds()))
    if await _sent(context, account, NUMBER_PERIOD) >= NUMBER_MESSAGES:
        what = f"this number sent {NUMBER_MESSAGES} messages within a second; slow down"
        raise Refusal(429, "whatsapp.throughput_exceeded", what, retry_after_seconds=1)


async def _sent(context: Context, account: Account, period: timedelta, person_id: str | None = None) -> int:
    since = context.now - period
    query = (
        select(func.count())
        .select_from(Message)
        .join(Conversation, Conversation.id == Message.conversation_id)
        # The second condition spares looking into conversations that are at rest.
        .where(Conversation.account_id == account.id, Conversation.last_message_at > since)
        .where(Message.direction == "outgoing", Message.created_at > since)
    )
    if person_id is not None:
        query = query.where(Conversation.participant_id == person_id)
    return int(await context.session.scalar(query) or 0)
