"""Ranks what waits in the inbox, by rules that a person can check."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from server.asking import said
from server.calls import Call
from server.workflows import Handler, Outcome
from server.workflows.gathering import Wanted, accounts, gather
from server.workflows.items import Item, names_of
from tools.triage import TriageArgs

SHOWN_CHARACTERS = 120
"""Of what somebody wrote: enough to judge by; reading it whole comes before answering."""
MOST_PROBLEMS = 8

_QUESTION = re.compile(
    r"[?\u061f\uff1f¿]|\b(how|what|when|where|which|who|why|can you|do you|is there|wie|was|wann|wo|kann|habt|gibt|"
    r"quand|comment|"
    r"combien|pouvez|cuándo|cuanto|cuánto|dónde|pueden|quando|quanto|dove|onde|posso|come)\b",
    re.IGNORECASE,
)
_COMPLAINT = re.compile(
    r"\b(refund\w*|money back|(?<!take )my money|chargeback|overcharg\w*|charged twice|never (again|arrived|came)|"
    r"broken|disappoint\w*|awful|terrible|worst|rude|scam|cold|late|waiting|complain\w*|"
    r"unacceptable|poison\w*|sick|allerg\w*|lawyer|wrong order|damaged|missing|"
    r"enttäusch\w*|kaputt|(rück|zurücker)?erstatt\w*|geld zurück|mein geld|betrug|nie (an)?gekommen|reklam\w*|"
    r"beschwer\w*|unverschämt\w*|"
    r"rembours\w*|mon argent|arnaque|jamais (reçu|arrivée?)|déçu\w*|cassé\w*|inadmissible|"
    r"reembols\w*|mi dinero|devu[eé]lv\w*|devolución|estafa|nunca llegó|decepcion\w*|roto|peor|"
    r"rimbors\w*|i miei soldi|soldi indietro|truffa|mai arrivat\w*|delus\w*|rotto|reclam\w*|"
    r"meu dinheiro|dinheiro de volta|nunca chegou|péssim\w*|estragad\w*)\b",
    re.IGNORECASE,
)
_PRAISE = re.compile(
    r"[❤😍🥰👏🙏🔥👍💛💚💙]|"
    r"\b(thanks|thank you|thx|love|lovely|great|awesome|amazing|perfect|delicious|beautiful|well done|"
    r"danke|toll\w*|super|klasse|lecker\w*|wunderschön\w*|merci|génial\w*|bravo|délicieu\w*|magnifique\w*|"
    r"gracias|genial\w*|excelente\w*|delicios\w*|grazie|ottim\w*|bellissim\w*|complimenti|buonissim\w*|"
    r"obrigad\w*|ótim\w*|adorei|maravilhos\w*|parabéns)\b",
    re.IGNORECASE,
)
_WANTS = re.compile(
    r"\b(but|please|pls|however|cancel\w*|need|want|would like|still|not|no|\w+n['\u2019]t|bitte|aber|nicht|kein\w*|"
    r"noch|mais|pas|plaît|pero|por favor|todavía|ma|non|per favore|però|mas|não|ainda)\b",
    re.IGNORECASE,
)
"""Thanks with one of these may go on to ask for something."""
_LONGEST_PRAISE = 120
"""What is longer says more than thanks."""
_SPAM = re.compile(
    r"https?://|\b(crypto|bitcoin|giveaway|promo code|followers for|dm to collab|check my (bio|page)|link in (my )?bio|"
    r"earn \$|onlyfans|whatsapp me at|ignore (all|the|previous)|ai assistants?)\b",
    re.IGNORECASE,
)
# Further apart than anything else adds up to: spam comes after what cannot be answered freely, and that after the rest.
_CLOSED, _JUNK = 150.0, 400.0
_PRAISED = 25.0
_FEW_STARS = 3
_PLATFORM_NAMES = {"twitter": "X", "google": "Google", "linkedin_page": "LinkedIn"}


@dataclass(frozen=True, slots=True)
class Ranked:
    """An item, how urgent it is, and why."""

    item: Item
    score: float
    why: tuple[str, ...]


def ranked(item: Item, now: datetime) -> Ranked:
    """How urgent something is.

    Waiting counts most, then a window that closes, few stars, a complaint, a question; thanks alone can wait. What
    cannot be answered freely any more comes after all that can, and spam sinks to the end.
    """
    why, score = list[str](), 0.0
    text, at = (item.newest or item).text, item.waits_since
    if not item.is_answered:
        score, why = 40.0, [*why, "unanswered", *(["wrote again"] if item.newest is not None else [])]
    if item.window_closes_at is not None and not item.is_answered:
        left = (item.window_closes_at - now) / timedelta(hours=1)
        if left <= 0:
            score -= _CLOSED
            why.append("messaging window closed")
        else:
            score += 30 * max(0.0, 1 - left / 24)
            why.append(f"{left:.0f} h left to answer" if left >= 1 else "less than 1 h left to answer")
    if item.rating is not None:
        score += {1: 30, 2: 25, 3: 10}.get(item.rating, 0)
        why.append(f"{item.rating} star{'' if item.rating == 1 else 's'}")
    complains, asks = bool(_COMPLAINT.search(text)), bool(_QUESTION.search(text))
    if complains:
        score, why = score + 20, [*why, "complaint"]
    if asks:
        score, why = score + 12, [*why, "question"]
    if not (complains or asks or (item.rating or 5) <= _FEW_STARS) and _is_praise(text):
        score, why = score - _PRAISED, [*why, "thanks or praise"]
    if at is not None:
        hours = max(0.0, (now - at) / timedelta(hours=1))
        # Older waits longer, up to two days; after a week it is no longer urgent.
        score += min(hours, 48) / 4 if hours <= 168 else 0
        why.append(f"{hours:.0f} h old" if hours < 48 else f"{hours / 24:.0f} days old")
    if _SPAM.search(text):
        score, why = score - _JUNK, [*why, "looks like spam"]
    return Ranked(item, score, tuple(why))


def _is_praise(text: str) -> bool:
    return len(text) <= _LONGEST_PRAISE and bool(_PRAISE.search(text)) and not _WANTS.search(text)


async def triage_inbox(call: Call, args: TriageArgs) -> Outcome:
    """What waits, ranked."""
    wanted = Wanted(
        kinds=frozenset(args.kinds) if args.kinds else Wanted().kinds,
        brand_id=args.brand_id,
        platforms=frozenset(args.platforms or ()),
        since=args.since,
    )
    names = {
        str(row.get("id")): str(row.get("name") or row.get("username") or "") for row in await accounts(call, wanted)
    }
    found = await gather(call, wanted)
    waiting = [ranked(item, call.now) for item in _once(found.items) if not item.is_answered]
    waiting.sort(key=lambda one: (-one.score, one.item.key))
    left_out, untold = found.unread[:MOST_PROBLEMS], len(found.failures) - MOST_PROBLEMS
    if len(found.unread) > MOST_PROBLEMS:
        left_out.append(f"and {len(found.unread) - MOST_PROBLEMS} more that were too much to read")
    if untold > 0:
        left_out.append(f"and {untold} more reads that did not work out")
    shown = waiting[: args.limit]
    more = len(waiting) - len(shown)
    body = {
        "rows": [_row(one, names, call.now) for one in shown],
        "waiting": len(waiting),
        "more": more,
        "problems": found.failures[:MOST_PROBLEMS],
        **({"left_out": left_out} if left_out else {}),
    }
    advice = f"{more} more wait: narrow it by brand_id, platforms, kinds or since."
    return Outcome(body=body, notes=(advice,) if more else ())


def _once(items: Sequence[Item]) -> list[Item]:
    """The items without replies whose thread is among them: it waits, or not, as a whole."""
    threads = {
        (item.account_id, item.post_id, name)
        for item in items
        # Where we never wrote, each of the others waits for itself.
        if item.kind == "comment" and item.is_certain and (item.is_answered or item.newest is not None)
        for name in names_of(item.row)
    }
    return [
        item for item in items if (item.account_id, item.post_id, str(item.row.get("parent_id") or "")) not in threads
    ]


def _row(one: Ranked, names: Mapping[str, str], now: datetime) -> dict[str, Any]:
    item = one.item
    following = next_call(item, now)
    # Whose account it is says what time it is there.
    whose = {} if "account_id" in following["arguments"] else {"account_id": item.account_id}
    waits, at = item.newest or item, item.waits_since
    text = waits.text if len(waits.text) <= SHOWN_CHARACTERS else waits.text[:SHOWN_CHARACTERS] + "…"
    return {
        "kind": item.kind,
        "platform": _PLATFORM_NAMES.get(item.platform, item.platform),
        "account": said(names.get(item.account_id) or item.account_id, 60),
        "who": waits.author[:60],
        "said": text,
        "at": None if at is None else at.isoformat().replace("+00:00", "Z"),
        # Everything here is unanswered.
        "why": [why for why in one.why if why != "unanswered"],
        **whose,
        "next": following,
    }


def next_call(item: Item, now: datetime) -> dict[str, Any]:
    """The call that answers it, without the words."""
    match item.kind:
        case "comment" if item.may_reply:
            tool = "reply_to_comment"
            arguments = {"post_id": item.post_id, "comment_id": item.answer_to, "account_id": item.account_id}
        case "comment":
            tool = "list_comments"
            arguments = {"post_id": item.post_id, "account_id": item.account_id}
        case "message":
            tool, arguments = "send_message", {"conversation_id": item.id, "account_id": item.account_id}
            if not item.is_certain or (item.window_closes_at is not None and item.window_closes_at <= now):
                # It may be answered already, or nothing may be written freely any more: what may be said depends on
                # the thread.
                tool, arguments = "list_messages", {"conversation_id": item.id}
        case "review":
            tool, arguments = "reply_to_review", {"review_id": item.id, "account_id": item.account_id}
        case "mention" if item.may_reply:
            tool, arguments = "reply_to_mention", {"account_id": item.account_id, "media_id": item.post_id or item.id}
            if item.comment_id:
                # Without it, the answer goes below the post, and not to whoever mentioned us there.
                arguments["comment_id"] = item.comment_id
        case "mention":
            tool, arguments = "list_mentions", {"account_id": item.account_id}
    return {"tool": tool, "arguments": arguments}


HANDLERS: Mapping[str, Handler] = {"triage_inbox": triage_inbox}
