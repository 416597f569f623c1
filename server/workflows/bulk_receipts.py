"""Receipts of a bulk change: what each item came to and what takes it back, kept with the item, shown page by page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.bodies import row_of
from server.records import PlanItem
from server.results import compact
from server.token_estimate import estimate

MOST_TOKENS = 5_400
"""Of the receipts of one answer: with all that stands around them it stays below 6,000."""
_BETWEEN = 2
"""Tokens that a list has for each row besides the row."""

_MADE: Mapping[str, tuple[str, ...]] = {
    "reply_to_comment": ("comment_id", "id"),
    "reply_to_review": ("reply_id", "id"),
}
"""Operation → the fields of its answer that may hold the id of the reply."""
_SHOWN_AS: Mapping[str, str] = {"scheduled_at": "was"}
"""An argument of the undo → the field of the receipt, where it is called otherwise."""
_ALL_AT_ONCE: Mapping[str, str] = {
    "hide_comment": "plan_bulk with action=unhide, what=comments and the same ids, then run_bulk",
    "unhide_comment": "plan_bulk with action=hide, what=comments and the same ids, then run_bulk",
    "update_post": "plan_bulk with action=reschedule, what=posts, the same ids and the opposite shift_minutes, "
    "then run_bulk",
}

Undo = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """As many receipts as fit into an answer: first what was not done, then what was."""

    not_done: list[dict[str, Any]]
    receipts: list[dict[str, Any]]
    undo: dict[str, Any] | None
    """The call that takes one item back, with what is the same for all; the rest is in the receipts."""
    ends: int
    """Where the next page begins."""


def of_done(operation: str, body: Mapping[str, Any], undo: Undo | None) -> str:
    """What is kept of an item that was done; its receipt is made of it, also by another process."""
    row = row_of(body)
    reply_id = next((str(row[name]) for name in _MADE.get(operation, ()) if row.get(name)), None)
    found = {"reply_id": reply_id, "undo": undo}
    return json.dumps({name: value for name, value in found.items() if value is not None}, ensure_ascii=False)


def page(operation: str, items: Sequence[PlanItem], start: int, *, has_begun: bool) -> Page:
    """The receipts from `start` on; `has_begun`: whether the plan was ever started."""
    # A runner that was killed may have sent it.
    untouched = "not known to be done" if has_begun else "not tried"
    done = {item.number: _kept(item) for item in items if item.state == "done"}
    undo, each = _undo(operation, items, done)
    spent = estimate(compact(undo))
    not_done, receipts = list[dict[str, Any]](), list[dict[str, Any]]()
    for item in sorted(items, key=lambda item: item.number in done)[start:]:
        if item.number in done:
            rows, row = receipts, _receipt(item, done[item.number], each)
        else:
            rows, row = not_done, {"id": id_of(item), "outcome": item.outcome or untouched}
        spent += estimate(compact(row)) + _BETWEEN
        if spent > MOST_TOKENS and (receipts or not_done):
            break
        rows.append(row)
    return Page(not_done=not_done, receipts=receipts, undo=undo, ends=start + len(not_done) + len(receipts))


def id_of(item: PlanItem) -> str:
    """What an item is done to."""
    arguments = json.loads(item.arguments)
    return str(arguments.get("comment_id") or arguments.get("review_id") or arguments.get("post_id") or item.number)


def _kept(item: PlanItem) -> Mapping[str, Any]:
    outcome = item.outcome or "done"
    if not outcome.startswith("{"):
        return {"outcome": outcome}
    found: Mapping[str, Any] = json.loads(outcome)
    return found


def _undo(
    operation: str, items: Sequence[PlanItem], done: Mapping[int, Mapping[str, Any]]
) -> tuple[dict[str, Any] | None, Mapping[str, str]]:
    """The undo of all items, and for each of its arguments that differs the field of a receipt that has it."""
    kept = [(id_of(item), done[item.number]) for item in items if item.number in done and "undo" in done[item.number]]
    if not kept:
        return None, {}
    tool, first = kept[0][1]["undo"]
    every: list[Mapping[str, Any]] = [one["undo"][1] for _, one in kept]
    # Where an item has no undo, nothing may look as if it were its own.
    is_whole = len(kept) == len(done)
    same = {name: value for name, value in first.items() if is_whole and all(one.get(name) == value for one in every)}
    each: dict[str, str] = {}
    for name in first:
        if name in same:
            continue
        if all(one.get(name) == item_id for one, (item_id, _) in zip(every, kept, strict=True)):
            each[name] = "id"
        elif all(one.get(name) == whole.get("reply_id") for one, (_, whole) in zip(every, kept, strict=True)):
            each[name] = "reply_id"
        else:
            each[name] = _SHOWN_AS.get(name, name)
    found = {"tool": tool, "arguments": same, "each": each, "all_at_once": _ALL_AT_ONCE.get(operation)}
    return {name: value for name, value in found.items() if value}, each


def _receipt(item: PlanItem, kept: Mapping[str, Any], each: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {"id": id_of(item), "outcome": kept.get("outcome", "done")}
    if kept.get("reply_id"):
        row["reply_id"] = kept["reply_id"]
    arguments: Mapping[str, Any] = kept["undo"][1] if "undo" in kept else {}
    return row | {field: arguments[name] for name, field in each.items() if field not in row and name in arguments}
