"""Plans a change of many things, and runs exactly that plan, item by item, also over a kill."""

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import anyio
from mcp.types import CallToolResult

from server.asking import NotAllowed, Question, agreed, said
from server.calls import Call, Failed, Refused, Underway, WithoutRecords
from server.records import LeaseLost, Plan, PlanItem, RecordsUnavailable, Taken
from server.telling import WHOLE, account_names, bounded, explained, explanation
from server.undo import undo_of
from server.workflows import Handler, Outcome, bulk_receipts
from server.workflows.bulk_selection import Chosen, Step, of_inbox, of_posts
from tools.bulk import MOST_ITEMS, PlanBulkArgs, RunBulkArgs
from tools.comments import DELETE_COMMENT, HIDE_COMMENT, REPLY_TO_COMMENT, UNHIDE_COMMENT
from tools.operation import AnyOperation
from tools.posts import DELETE_POST, UPDATE_POST
from tools.rest import ApiError, NoAnswer
from tools.reviews import REPLY_TO_REVIEW

LIVES = timedelta(minutes=30)
"""How long a plan may be started."""
LEASE_SECONDS = 150.0
"""Longer than a claim of the ledger counts as running: whoever goes on finds out what became of each item cut off."""
_ROOM_FOR_EACH = 1200
"""Characters of what is theirs, however much is the same for all."""
SAMPLES = 5
_MOST_PROBLEMS = 20
AT_ONCE = 4
_FIRST = 3
"""Items of which the question shows what is theirs alone."""

_APPROVER = "bulk approver"
_APPROVER_KEPT = timedelta(days=7)
"""As long as what is left of a plan."""
_ANOTHER = "next: make a new one with plan_bulk; a plan can be started for 30 minutes."

OPERATIONS: Mapping[tuple[str, str], AnyOperation] = {
    ("comments", "hide"): HIDE_COMMENT,
    ("comments", "unhide"): UNHIDE_COMMENT,
    ("comments", "delete"): DELETE_COMMENT,
    ("comments", "reply"): REPLY_TO_COMMENT,
    ("reviews", "reply"): REPLY_TO_REVIEW,
    ("posts", "delete"): DELETE_POST,
    ("posts", "reschedule"): UPDATE_POST,
}
_TAKEN_BACK = {
    "hide": "yes: plan unhide for the same ids",
    "unhide": "yes: plan hide for the same ids",
    "delete": "no: what is deleted is gone",
    "reply": "in part: replies to comments can be deleted, replies to reviews stay",
    "reschedule": "yes: plan reschedule for the same ids with the opposite shift",
}
_DELETES = frozenset({DELETE_COMMENT.name, DELETE_POST.name})
_HIDES = frozenset({HIDE_COMMENT.name, UNHIDE_COMMENT.name})
_COSTS_CREDIT = frozenset({"reply"})


async def plan_bulk(call: Call, args: PlanBulkArgs) -> Outcome:
    """What would be done to what; nothing is."""
    operation = OPERATIONS[args.what, args.action]
    missing = call.caller.lacks(operation.scope)
    if missing:
        raise Refused(
            f"this plan could not be run: your sign-in does not cover {operation.name}",
            "retry: only after signing in again and granting it",
            f"next: ask the person to grant {', '.join(sorted(missing))}.",
        )
    chosen = await (of_posts(call, args) if args.what == "posts" else of_inbox(call, args))
    steps, left_out = chosen.steps, list(chosen.left_out)
    if not steps:
        raise Refused(
            f"nothing fits: no {args.what} were found for this selection",
            *_incomplete(chosen),
            "retry: yes, with a wider selection",
            "next: leave out a condition, or look with triage_inbox or list_posts.",
        )
    if len(steps) > MOST_ITEMS:
        left_out.append(f"{len(steps) - MOST_ITEMS} more fit; a plan holds {MOST_ITEMS}: run it, then plan again")
        steps = steps[:MOST_ITEMS]
    plan_id = secrets.token_urlsafe(18)
    plan = Plan(
        plan_id=plan_id,
        operation=operation.name,
        digest=_digest(operation.name, [step.arguments for step in steps]),
        created_at=call.now,
        expires_at=call.now + LIVES,
    )
    items = [
        PlanItem(number=number, arguments=json.dumps(step.arguments, sort_keys=True))
        for number, step in enumerate(steps, 1)
    ]
    try:
        await call.services.records.save_plan(call.owner, plan, items)
    except RecordsUnavailable as problem:
        raise _no_records(problem) from None
    spent = len(steps) if args.action in _COSTS_CREDIT else 0
    body = {
        "plan_id": plan_id,
        "count": len(steps),
        "by_account": dict(Counter(step.account for step in steps).most_common(20)),
        "samples": [
            {"id": step.id, "on": step.account, "who": step.who, "said": said(step.said, 120), "change": step.change}
            for step in _spread(steps)
        ],
        "cost": f"{spent} interaction credits" if spent else "no credits",
        "reversible": _TAKEN_BACK[args.action],
        "expires_at": plan.expires_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "problems": chosen.problems[:_MOST_PROBLEMS],
        **({"left_out": left_out[:_MOST_PROBLEMS]} if left_out else {}),
    }
    return Outcome(body=body, notes=("Nothing was changed. Show the person this plan; run_bulk runs it.",))


async def run_bulk(call: Call, args: RunBulkArgs) -> Outcome | CallToolResult:
    """Run a plan, go on with one that broke off, or end it."""
    records, may_have_begun = call.services.records, False
    try:
        plan = await records.plan(call.owner, args.plan_id)
        if plan is None:
            raise _no_plan()
        if args.receipts_from is not None and not args.cancel:
            return await _report(call, plan.plan_id, args.receipts_from)
        items = await _every_item(call, plan.plan_id)
        operation = next(one for one in OPERATIONS.values() if one.name == plan.operation)
        arguments = [json.loads(item.arguments) for item in items]
        if _digest(plan.operation, arguments) != plan.digest:
            raise Refused(
                "this plan was altered, so it is not run", "retry: no", "next: make a new one with plan_bulk."
            )
        if args.cancel:
            await records.finish_plan(call.owner, plan.plan_id, state="cancelled", now=call.now)
            return await _report(call, plan.plan_id)
        if plan.state == "planned" and plan.expires_at <= call.now:
            # Nobody is asked about what cannot be started any more.
            raise _too_old()
        approver = await _approver(call, plan, operation, items)
        may_have_begun = True
        match await records.start_plan(call.owner, plan.plan_id, now=call.now, lease_seconds=LEASE_SECONDS):
            case "done":
                return await _report(call, plan.plan_id)
            case "expired":
                raise _too_old()
            case "running":
                raise Refused(
                    "this plan is being run by another call",
                    "retry: yes, in three minutes; nothing is done twice",
                    "next: wait for the other call's answer.",
                )
            case "unknown":
                raise _no_plan()
            case "started":
                pass
        return await _run(call, plan, operation, len(items), approver)
    except RecordsUnavailable as problem:
        raise _no_records(problem, may_have_begun=may_have_begun) from None


async def _approver(call: Call, plan: Plan, operation: AnyOperation, items: Sequence[PlanItem]) -> str:
    """Who agreed to this plan; of one that goes on, whoever agreed when it began."""
    records = call.services.records
    if plan.state == "planned":
        approver = await _agreement(call, plan, operation, items)
        # Before anything is done: whoever goes on after a kill has to know it.
        with suppress(Taken):
            await records.put_handle(
                call.owner, _APPROVER, plan.plan_id, payload=approver, expires_at=call.now + _APPROVER_KEPT
            )
    kept = await records.peek_handle(call.owner, _APPROVER, plan.plan_id, now=call.now)
    return kept or "whoever agreed when it began"


async def _agreement(call: Call, plan: Plan, operation: AnyOperation, items: Sequence[PlanItem]) -> str:
    """Who agreed to the whole plan: always asked, as nobody sees each of its items."""
    question = Question(
        tool="run_bulk",
        arguments={"plan_id": plan.plan_id, "digest": plan.digest},
        summary="\n".join(await _summary(call, operation, items)),
        why=f"it is done to {len(items)} items at once",
    )
    if call.mode.confirm == "never":
        return "nobody was asked: --confirm never"
    try:
        return await agreed(call, question)
    except NotAllowed as refusal:
        raise Refused(*refusal.lines) from None


async def _summary(call: Call, operation: AnyOperation, items: Sequence[PlanItem]) -> list[str]:
    """What is the same for all items, once and whole, and the first of what differs."""
    every: list[dict[str, Any]] = [json.loads(item.arguments) for item in items]
    same = {name: value for name, value in every[0].items() if all(one.get(name) == value for one in every)}
    of_all, of_each = await explained(call, same), list[tuple[str, str]]()
    for number, one in enumerate(every[:_FIRST], 1):
        lines = await explanation(call, one, without=same)
        of_each += [(f"{number}. {label}", text) for label, text in lines]
    more = [f"and {len(items) - _FIRST} more"] if len(items) > _FIRST else []
    room = max(_ROOM_FOR_EACH, WHOLE - sum(map(len, of_all)))
    return [
        f"{operation.title}: {len(items)} times?",
        *of_all,
        *bounded(of_each, room),
        *more,
        *await _altogether(call, operation, every),
    ]


async def _altogether(call: Call, operation: AnyOperation, every: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where, for how much, and whether it can be taken back."""
    action = next(action for (_, action), one in OPERATIONS.items() if one is operation)
    counts = Counter(str(one["account_id"]) for one in every if one.get("account_id"))
    lines: list[tuple[str, str]] = []
    if len(counts) > 1:
        names = await account_names(call)
        told = [f"{names.get(account, account)}: {count} times" for account, count in counts.most_common(20)]
        lines.append(("Where", "; ".join(told)))
    if action in _COSTS_CREDIT:
        lines.append(("Costs", f"{len(every)} interaction credits"))
    lines.append(("Can it be taken back", _TAKEN_BACK[action]))
    return bounded(lines)


async def _run(call: Call, plan: Plan, operation: AnyOperation, count: int, approver: str) -> Outcome | CallToolResult:
    records, slots = call.services.records, anyio.CapacityLimiter(AT_ONCE)
    settled = sum(item.state != "planned" for item in await _every_item(call, plan.plan_id))

    problems = list[Exception]()

    async def one(item: PlanItem) -> None:
        nonlocal settled
        async with slots:
            try:
                outcome, state = await _item(call, operation, plan, item, approver)
                await records.settle_item(
                    call.owner, plan.plan_id, item.number, outcome=outcome, state=state, now=call.now
                )
            except (LeaseLost, RecordsUnavailable, WithoutRecords) as problem:
                # Not this item's end: it is looked for, or done, by whoever goes on.
                problems.append(problem)
                return
            settled += 1
            await call.progress(settled, count, f"{settled} of {count}")

    try:
        while not problems and (batch := await records.next_items(call.owner, plan.plan_id, limit=AT_ONCE * 4)):
            async with anyio.create_task_group() as tasks:
                for item in batch:
                    tasks.start_soon(one, item)
        if not problems:
            await records.finish_plan(call.owner, plan.plan_id, state="done", now=call.now)
    except LeaseLost:
        # Another call goes on with it.
        pass
    report = await _report(call, plan.plan_id)
    stopped = next((problem for problem in problems if not isinstance(problem, LeaseLost)), None)
    if stopped is None:
        return report
    again = "in three minutes call run_bulk again: it goes on, and nothing is done twice."
    return replace(report, notes=(*report.notes, f"It stopped before its end ({stopped}); {again}"))


async def _item(call: Call, operation: AnyOperation, plan: Plan, item: PlanItem, approver: str) -> tuple[str, Any]:
    """Do one, at most once: its key is the plan's, so that a second runner finds the first one's outcome.

    Raises:
        WithoutRecords: it was not sent; it can be later.
    """
    one = Call(services=call.services, caller=call.caller, mode=call.mode)
    try:
        answer = await one.write(
            operation,
            json.loads(item.arguments),
            key=f"bulk:{plan.plan_id}:{item.number}",
            approved_by=f"{approver}, in plan {plan.plan_id}",
        )
    except Failed as failure:
        error = failure.error
        is_unknown = isinstance(error, NoAnswer) and error.sent
        if isinstance(error, ApiError) and error.status in {404, 410} and operation.name in _DELETES:
            return "gone already", "done"
        return said(failure.reason, 200), "unknown" if is_unknown else "failed"
    except WithoutRecords:
        raise
    except Refused as refusal:
        return said(refusal.lines[0], 200), "unknown" if isinstance(refusal, Underway) else "failed"
    undo = one.undo
    if operation.name in _HIDES:
        # It was chosen because it was in the other state.
        was = {**answer.body, "was_hidden": operation.name == UNHIDE_COMMENT.name}
        undo = undo_of(operation.name, json.loads(item.arguments), was)
    return bulk_receipts.of_done(operation.name, answer.body, undo), "done"


async def _every_item(call: Call, plan_id: str) -> list[PlanItem]:
    items, after = list[PlanItem](), 0
    while page := await call.services.records.items(call.owner, plan_id, after=after, limit=500):
        items += page
        after = page[-1].number
    return items


async def _report(call: Call, plan_id: str, start: int = 0) -> Outcome:
    items = await _every_item(call, plan_id)
    counts = Counter(item.state for item in items)
    plan = await call.services.records.plan(call.owner, plan_id)
    has_begun = plan is not None and plan.state != "planned"
    page = bulk_receipts.page("" if plan is None else plan.operation, items, start, has_begun=has_begun)
    body = {
        "plan_id": plan_id,
        "state": "" if plan is None else plan.state,
        "done": counts["done"],
        "failed": counts["failed"],
        "unknown": counts["unknown"],
        "left": counts["planned"],
        "not_done": page.not_done,
        "receipts": page.receipts,
        "undo": page.undo,
    }
    rest = len(items) - page.ends
    more = f"{rest} more receipts: call run_bulk again with receipts_from={page.ends}; it shows them and runs nothing."
    return Outcome(body=body, notes=(more,) if rest > 0 else ())


def _incomplete(chosen: Chosen) -> list[str]:
    """Why what was not found may be there all the same."""
    reasons = [*chosen.problems, *chosen.left_out][:5]
    return [f"not everything could be read: {'; '.join(reasons)}"] if reasons else []


def _spread(steps: Sequence[Step]) -> list[Step]:
    """A few from all over, so that the odd one is not hidden behind many of a kind."""
    if len(steps) <= SAMPLES:
        return list(steps)
    return [steps[round(index * (len(steps) - 1) / (SAMPLES - 1))] for index in range(SAMPLES)]


def _digest(operation: str, arguments: Sequence[Mapping[str, Any]]) -> str:
    return hashlib.sha256(json.dumps([operation, list(arguments)], sort_keys=True).encode()).hexdigest()


def _no_plan() -> Refused:
    return Refused("there is no such plan", "retry: no", _ANOTHER)


def _too_old() -> Refused:
    return Refused("this plan is too old to be started", "retry: no", _ANOTHER)


def _no_records(problem: RecordsUnavailable, *, may_have_begun: bool = False) -> Refused:
    done = "what was done is kept, and nothing is done twice" if may_have_begun else "nothing was changed"
    return Refused(
        f"plans cannot be kept now: {problem}",
        f"retry: yes, once the records can be written again; {done}",
        "next: tell the person.",
    )


HANDLERS: Mapping[str, Handler] = {"plan_bulk": plan_bulk, "run_bulk": run_bulk}
