"""Chooses what a bulk change is made of: comments, reviews or posts that fit all conditions."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from server.bodies import has_more, moment, rows_of
from server.calls import Call, Refused
from server.times import both, zone_here
from server.workflows.answered import with_own_replies
from server.workflows.gathering import Wanted, gather
from server.workflows.items import Item, comments_of
from server.workflows.reads import Reads
from server.workflows.triage import ranked
from tools.bulk import PlanBulkArgs
from tools.comments import LIST_COMMENTS
from tools.posts import LIST_POSTS

PAGES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call of a plan."""

    id: str
    account: str
    arguments: dict[str, Any]
    who: str = ""
    said: str = ""
    change: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What fits, and what may fit but could not be read."""

    steps: list[Step]
    problems: list[str]
    """Reads that did not work out, in the API's words."""
    left_out: list[str]


async def of_inbox(call: Call, args: PlanBulkArgs) -> Chosen:
    wanted = Wanted(
        kinds=frozenset({"comment"} if args.what == "comments" else {"review"}),
        brand_id=args.brand_id,
        platforms=frozenset({args.platform} if args.platform else ()),
        account_ids=frozenset(args.account_ids or ()),
        since=args.since,
        most_rows=100,
        # Of which it matters is known once the rest of the conditions is met.
        looks_for_answers=False,
    )
    reads = Reads(call=call)
    if args.post_id is not None:
        if len(args.account_ids or ()) != 1:
            raise Refused(
                "post_id needs exactly one account in account_ids: the account whose post it is",
                "retry: yes, with account_ids",
                "next: list_commented_posts shows which account a post belongs to.",
            )
        items = await _all_comments(reads, args.post_id, (args.account_ids or [""])[0])
    else:
        items = (await gather(call, wanted, reads)).items
    chosen = [item for item in items if _fits(call, item, args)]
    if args.unanswered is not None:
        looked = await with_own_replies(reads, chosen)
        chosen = [item for item in looked if item.is_certain and item.is_answered != args.unanswered]
    known = {name for item in chosen for name in (item.id, str(item.row.get("platform_id")))}
    return Chosen(
        steps=[_step(item, args) for item in chosen],
        problems=list(reads.failures),
        left_out=[*reads.unread, *_missing(args, known)],
    )


def _missing(args: PlanBulkArgs, found: Set[str]) -> list[str]:
    """Of what was named: what is not there, or need not or cannot be changed."""
    missing = [name for name in args.ids or [] if name not in found]
    more = f" and {len(missing) - 20} more" if len(missing) > 20 else ""
    return [f"not found, or not to be changed: {', '.join(missing[:20])}{more}"] if missing else []


async def _all_comments(reads: Reads, post_id: str, account_id: str) -> list[Item]:
    """Every comment of one post, page by page."""
    rows, cursor = list[dict[str, Any]](), ""
    for _ in range(PAGES):
        given: dict[str, Any] = {"post_id": post_id, "account_id": account_id, "limit": 100}
        body = await reads.call.read(LIST_COMMENTS, given | ({"cursor": cursor} if cursor else {}))
        rows += rows_of(body)
        await reads.tell(f"read {len(rows)} comments")
        pagination = body.get("pagination")
        cursor = str(pagination.get("next_cursor") or "") if isinstance(pagination, dict) else ""
        if not has_more(body) or not cursor:
            break
    else:
        reads.unread.append(f"only the newest {len(rows)} comments were read")
    return comments_of(rows, post_id=post_id, account_id=account_id, platform="")


def _fits(call: Call, item: Item, args: PlanBulkArgs) -> bool:
    """Whether it meets all conditions but `unanswered`, for which more may have to be read."""
    able, is_spam = item.row.get("capabilities"), None
    if args.looks_like_spam is not None:
        # The comment itself, whatever stands below it.
        is_spam = "looks like spam" in ranked(replace(item, newest=None), call.now).why
    needed = {"hide": "can_hide", "unhide": "can_hide", "delete": "can_delete", "reply": "can_reply"}[args.action]
    checks = (
        args.ids is None or item.id in args.ids or str(item.row.get("platform_id")) in args.ids,
        args.contains is None or args.contains.casefold() in item.text.casefold(),
        args.looks_like_spam == is_spam,
        args.most_stars is None or (item.rating is not None and item.rating <= args.most_stars),
        args.since is None or item.at is None or item.at >= args.since,
        args.until is None or item.at is None or item.at <= args.until,
        not isinstance(able, dict) or able.get(needed) is not False,
        # What is in that state already needs nothing.
        item.kind != "comment" or args.action not in {"hide", "unhide"}
        or bool(item.row.get("is_hidden")) == (args.action == "unhide"),
        item.kind != "review" or not item.is_answered,
    )  # fmt: skip
    return all(checks)


def _step(item: Item, args: PlanBulkArgs) -> Step:
    if item.kind == "review":
        arguments: dict[str, Any] = {"review_id": item.id, "account_id": item.account_id}
    else:
        arguments = {"post_id": item.post_id, "comment_id": item.id, "account_id": item.account_id}
    who, words = item.author, item.text
    if args.text is not None:
        arguments["text"] = args.text
        if args.unanswered and item.newest is not None:
            # What waits is what came last, as triage_inbox says.
            arguments["comment_id"], who, words = item.answer_to, item.newest.author, item.newest.text
    return Step(id=item.id, account=item.account_id, arguments=arguments, who=who, said=words)


async def of_posts(call: Call, args: PlanBulkArgs) -> Chosen:
    """Scheduled posts and drafts; what is out already is nobody's to move."""
    given: dict[str, Any] = {"limit": 100}
    if args.action == "reschedule":
        given["status"] = "scheduled"
    conditions = {"brand_id": args.brand_id, "platform": args.platform, "search": args.contains}
    given |= {name: value for name, value in conditions.items() if value is not None}
    if args.account_ids:
        given["account_ids"] = ",".join(args.account_ids)
    steps, left_out, cursor = list[Step](), list[str](), ""
    zones = await call.zones()
    for page in range(PAGES):
        body = await call.read(LIST_POSTS, given | ({"cursor": cursor} if cursor else {}))
        for row in rows_of(body):
            step = _post_step(row, args, left_out, call, zone_here(row, call.mode.zone, zones))
            if step is not None:
                steps.append(step)
        await call.progress(page + 1, message=f"read {len(steps)} posts that fit")
        pagination = body.get("pagination")
        cursor = str(pagination.get("next_cursor") or "") if isinstance(pagination, dict) else ""
        if not has_more(body) or not cursor:
            left_out += _missing(args, {step.id for step in steps})
            break
    else:
        left_out.append(f"only the first {PAGES * 100} posts were read")
    return Chosen(steps=steps, problems=[], left_out=left_out)


def _post_step(
    row: Mapping[str, Any], args: PlanBulkArgs, left_out: list[str], call: Call, zone: ZoneInfo | None
) -> Step | None:
    post_id, status = str(row.get("id") or ""), row.get("status")
    at = moment(row.get("scheduled_at") or row.get("created_at"))
    if (
        status not in {"scheduled", "draft"}
        or (args.ids is not None and post_id not in args.ids)
        or (args.since is not None and (at is None or at < args.since))
        or (args.until is not None and (at is None or at > args.until))
    ):
        return None
    account = ", ".join(str(target.get("account_id")) for target in row.get("targets") or []) or "no account"
    arguments: dict[str, Any] = {"post_id": post_id}
    change = ""
    if args.shift_minutes:
        planned = moment(row.get("scheduled_at"))
        if planned is None:
            return None
        moved = planned + timedelta(minutes=args.shift_minutes)
        if moved <= call.now:
            left_out.append(f"post {post_id} would be moved into the past, so it is left out")
            return None
        arguments["scheduled_at"] = moved.isoformat()
        change = f"{planned:%Y-%m-%d %H:%M} → {moved:%Y-%m-%d %H:%M} UTC"
        if zone is not None:
            change += f"; {both(planned, zone)['local']} → {both(moved, zone)['local']}"
    return Step(id=post_id, account=account, arguments=arguments, said=str(row.get("text") or ""), change=change)
