"""Shapes an answer for reading: the fields that matter, within a number of tokens, and what was left out is said."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from server.token_estimate import estimate
from server.trimming import Cuts, Limits, compact, cut, has_objects, hoisted, picked, tidied, tree_of

MIN_TOKENS = 200
MAX_SELECT = 500
"""The longest expression of a view, in characters."""

# Hardly any text is estimated to cost less than a token for so many characters.
_CHARACTERS_A_TOKEN = 12

_FEW = 5
_LONGEST_CURSOR = 400
_ROOM_FOR_A_CURSOR = 150
"""Tokens of a cursor and of the note that names it, which stand in the answer to a call for fewer rows."""
_LONGEST_CALL = 300
_OPTIONS = frozenset({"select", "detail", "max_tokens"})
_ROWS = ("data", "events", "exports", "videos", "plans", "pages", "rows", "items", "results", "selected")
_AT_THE_END = ("count", "total", "pagination", "next_cursor", "paging")


class BadSelect(ValueError):
    """A `select` that cannot be used; the text says what is wrong, where, and shows a right one for this answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a caller wants to see an answer."""

    select: str | None = None
    """A JMESPath expression over the whole answer, at most 500 characters."""
    detail: Literal["brief", "full"] = "brief"
    max_tokens: int = 6000
    """What the answer and its notes may cost together; at least 200."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaped:
    body: dict[str, Any]
    notes: tuple[str, ...]
    """What was cut or left out, and the call that gets it."""


def shape(
    tool: str, arguments: Mapping[str, Any], body: Mapping[str, Any], view: View, *, brief: Collection[str] = ()
) -> Shaped:
    """The answer of `tool` as `view` asks for it; `brief` names the fields of a row that matter (`author.name`).

    A tool that another one ran is called `runner name`: what gets the rest is a call of the runner.

    Whole rows are left out first, from the end; then long texts and lists are cut, and ids last of all. Texts that
    strangers wrote are fenced before; a cut keeps their fence whole.

    Raises:
        BadSelect: the expression of the view cannot be used.
    """
    limit = max(MIN_TOKENS, view.max_tokens)
    call = _Call(tool, arguments, view, limit)
    if view.select is not None:
        return _fitted(_selected(call, view.select, body), limit)
    source, left_out = _source(body, brief if view.detail == "brief" else (), is_brief=view.detail == "brief")
    draft = _Draft(source=source, call=call, next_cursor=_next_cursor(source), left_out=left_out)
    shaped = _fitted(draft, limit)
    if left_out and len(draft.rows) <= _FEW:
        # Of a few rows, saying how to get the rest can cost more than the rest.
        all_fields = replace(draft, source=_source(body, (), is_brief=True)[0], left_out=False).built(_BRIEF)
        if _fits(all_fields, cost(shaped)):
            return all_fields
    return shaped


def _selected(call: "_Call", expression: str, body: Mapping[str, Any]) -> "_Draft":
    from server.selection import example, select

    whole: dict[str, Any] = tidied(body, nulls=True)
    selected = tidied(select(expression, whole), nulls=False)
    hints = () if selected not in (None, [], {}) else (f"select found nothing; try {example(whole)}.",)
    return _Draft(source={"selected": selected}, call=call, next_cursor=_next_cursor(whole), hints=hints)


def rows_of(body: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """The list that an answer is about: its field and its rows, or nothing."""
    name = next((name for name in _ROWS if isinstance(body.get(name), list)), "")
    if not name:
        lists = {key: value for key, value in body.items() if isinstance(value, list) and has_objects(value)}
        name = max(lists, key=lambda key: len(lists[key]), default="")
    return name, body[name] if name else []


_BRIEF = Limits(text=280, items=10)
_TIGHTER = (
    Limits(text=1000, items=20),
    Limits(text=280, items=10),
    Limits(text=120, items=5),
    Limits(text=40, items=2),
    Limits(text=0, items=1),
    Limits(text=0, items=1, only_ids=True),
)


@dataclass(frozen=True, slots=True)
class _Call:
    """The call that is answered, and how to put the ones that get the rest."""

    tool: str
    arguments: Mapping[str, Any]
    view: View
    limit: int

    @property
    def name(self) -> str:
        """Of the tool that answers, whoever ran it."""
        return self.tool.rpartition(" ")[2]

    def again(self, **changed: Any) -> str:
        """The same call, some arguments of which differ."""
        runner = self.tool.rpartition(" ")[0]
        if not runner:
            return f"call {self.tool[:60]} again with {_written(changed)}"
        whole = _written(self._of_runner(changed))
        if len(whole) <= _LONGEST_CALL:
            return f"call {runner} again with {whole}"
        place = "" if _OPTIONS.issuperset(changed) else " among its arguments"
        return f"call {runner} again with {_written(changed)}{place}"

    def _of_runner(self, changed: Mapping[str, Any]) -> dict[str, Any]:
        """All arguments of the runner: what the tool takes is one of them, and the options stand beside it."""
        view, usual = self.view, View()
        options = {
            name: value
            for name, value in (("select", view.select), ("detail", view.detail), ("max_tokens", view.max_tokens))
            if value != getattr(usual, name)
        }
        options |= {name: value for name, value in changed.items() if name in _OPTIONS}
        own = {**self.arguments, **{name: value for name, value in changed.items() if name not in _OPTIONS}}
        return {"name": self.name, **({"arguments": own} if own else {}), **options}

    def for_rows_left(self, kept: int, rows_name: str) -> str:
        """What gets the rows after `kept` without losing one: the API's own cursor would skip them."""
        if self.view.select is not None:
            longer = f"{self.view.select} | [{kept}:]"
            changed = {"select": longer} if len(longer) <= MAX_SELECT else {"max_tokens": 2 * self.limit}
            return self.again(**changed)
        if self.names_a_limit:
            # As it was passed, or none on a first page.
            cursor = self.arguments.get("cursor")
            same = {"cursor": cursor} if isinstance(cursor, str) and len(cursor) <= 80 else {}
            return f"{self.again(limit=kept, **same)}, and go on from its cursor"
        return self.again(select=f"{rows_name}[{kept}:]")

    @property
    def names_a_limit(self) -> bool:
        """Whether rows are left out by naming a call for fewer of them."""
        return self.view.select is None and _takes_limit(self.name, self.arguments)

    def for_next_page(self, cursor: str, name: str) -> str:
        # What is selected does not show the cursor.
        if len(cursor) <= (_LONGEST_CURSOR if self.view.select is not None else 80):
            return f"More rows: {self.again(cursor=cursor)}"
        runner = self.tool.rpartition(" ")[0]
        place = " among its arguments" if runner else ""
        return f"More rows: call {(runner or self.tool)[:60]} again with {name} as cursor{place}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """An answer before it is cut to size."""

    source: dict[str, Any]
    call: _Call
    next_cursor: tuple[str, str] | None
    left_out: bool = False
    hints: tuple[str, ...] = ()

    @property
    def is_brief(self) -> bool:
        return self.call.view.select is None and self.call.view.detail == "brief"

    @property
    def rows_name(self) -> str:
        return rows_of(self.source)[0]

    @property
    def rows(self) -> list[Any]:
        return self.source[self.rows_name] if self.rows_name else []

    def built(self, limits: Limits) -> Shaped:
        """The answer cut to these limits, with its notes."""
        cuts = Cuts(fields=self.left_out or limits.only_ids)
        number = len(self.rows)
        kept = number if limits.rows is None else min(limits.rows, number)
        is_short = kept < number
        body: dict[str, Any] = {}
        rows_name = self.rows_name
        for name, value in self.source.items():
            if rows_name and name == rows_name:
                body[name] = [cut(row, "", limits, cuts) for row in value[:kept]]
            elif not (is_short and _is_cursor(name)):
                item = cut(value, name, limits, cuts)
                body[name] = _of_cut_page(name, item) if is_short else item
                if isinstance(value, list) and isinstance(item, list) and len(item) < len(value):
                    body[f"{name}_more"] = len(value) - len(item)
        notes = list(self.hints)
        if is_short:
            total = f"{number - kept} of the {number} rows here left out to keep to {self.call.limit} tokens"
            notes.append(f"{total}: {self.call.for_rows_left(kept, rows_name)}.")
        if self.next_cursor and (not is_short or self.call.view.select is not None):
            notes.append(f"{self.call.for_next_page(*self.next_cursor)}.")
        if told := cuts.told():
            notes.append(f"Shortened ({', '.join(told)}); for the whole {self.for_whole()}.")
        return Shaped(body=body, notes=tuple(notes))

    @property
    def room_for_a_cursor(self) -> int:
        if not self.call.names_a_limit:
            return 0
        return (
            max(_ROOM_FOR_A_CURSOR, 60 + 2 * estimate(self.next_cursor[0])) if self.next_cursor else _ROOM_FOR_A_CURSOR
        )

    def for_whole(self) -> str:
        if self.is_brief:
            return self.call.again(detail="full")
        return self.call.again(max_tokens=2 * self.call.limit)


def _fitted(draft: _Draft, limit: int) -> Shaped:
    """The first that fits of ever shorter forms."""
    first = _BRIEF if draft.is_brief else Limits()
    shaped = draft.built(first)
    if _fits(shaped, limit):
        return shaped
    number = len(draft.rows)
    if number > 1:
        # The call that is named has to be answered whole with its cursor; if not one row fits so, without it.
        for room in (draft.room_for_a_cursor, 0):
            kept = _affordable(draft, shaped.body, limit - room)
            while kept >= 1:
                shorter = draft.built(replace(first, rows=kept))
                if _fits(shorter, limit - room):
                    return shorter
                kept -= max(1, kept // 16)
    for tighter in _TIGHTER:
        shaped = draft.built(replace(tighter, rows=1 if number > 1 else None))
        if _fits(shaped, limit):
            return shaped
    return _hopeless(draft, limit)


def _affordable(draft: _Draft, body: Mapping[str, Any], limit: int) -> int:
    """About how many of the first rows cost `limit` tokens together with all that is no row."""
    spent = estimate(compact({name: value for name, value in body.items() if name != draft.rows_name}))
    rows: list[Any] = body[draft.rows_name]
    for kept, row in enumerate(rows):
        text = compact(row)
        spent += estimate(text) if len(text) <= _CHARACTERS_A_TOKEN * limit else limit
        if spent > limit:
            return kept
    return len(rows) - 1


def _hopeless(draft: _Draft, limit: int) -> Shaped:
    """Ids alone are too much: an answer that says so."""
    empty: dict[str, Any] = {draft.rows_name: []} if draft.rows_name and len(draft.rows_name) <= 40 else {}
    notes = (f"This answer does not fit into {limit} tokens: {draft.for_whole()}, or take part of it with select.",)
    for shaped in (Shaped(body=empty, notes=notes), Shaped(body={}, notes=notes)):
        if _fits(shaped, limit):
            return shaped
    return Shaped(body={}, notes=("This answer does not fit; call again with a higher max_tokens.",))


def _fits(shaped: Shaped, limit: int) -> bool:
    text = compact(shaped.body)
    if len(text) > _CHARACTERS_A_TOKEN * limit:
        return False
    return cost(shaped) <= limit


def cost(shaped: Shaped) -> int:
    """Tokens of the body as compact JSON and of the notes, by `estimate`."""
    return estimate(compact(shaped.body)) + estimate("\n".join(shaped.notes))


def _source(body: Mapping[str, Any], brief: Collection[str], *, is_brief: bool) -> tuple[dict[str, Any], bool]:
    """The answer without what the view leaves out, cursor last; and whether a field with a value was left out."""
    tidy: dict[str, Any] = tidied(body, nulls=False, empties=not is_brief)
    left_out = False
    if is_brief:
        name, rows = rows_of(tidy)
        tree = tree_of(brief)
        if name and brief:
            tidy[name] = [picked(row, tree) for row in rows]
            left_out = tidy[name] != rows
        data = tidy.get("data")
        if brief and isinstance(data, dict):
            tidy["data"] = picked(data, tree)
            left_out = tidy["data"] != data
        if name:
            tidy = hoisted(tidy, name)
    ordered = {key: value for key, value in tidy.items() if key not in _AT_THE_END}
    ordered.update({key: tidy[key] for key in _AT_THE_END if key in tidy})
    return ordered, left_out


def _is_cursor(name: str) -> bool:
    return name.endswith("cursor")


def _of_cut_page(name: str, value: Any) -> Any:
    """What is left to say of paging when rows are missing and the API's cursor would skip them."""
    if name == "has_more":
        return True
    if name not in {"pagination", "paging"} or not isinstance(value, dict):
        return value
    return {
        key: True if key == "has_more" else item
        for key, item in value.items()
        if not _is_cursor(key) and key not in {"cursors", "next"}
    }


def _next_cursor(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """The cursor of the next page, and where it stands."""
    pagination, paging = body.get("pagination"), body.get("paging")
    cursors = paging.get("cursors") if isinstance(paging, dict) and paging.get("next") else None
    places = (
        ("next_cursor", body.get("next_cursor")),
        ("pagination.next_cursor", pagination.get("next_cursor") if isinstance(pagination, dict) else None),
        ("paging.cursors.after", cursors.get("after") if isinstance(cursors, dict) else None),
    )
    return next(((value, name) for name, value in places if isinstance(value, str) and value), None)


def _written(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items())


def _takes_limit(tool: str, arguments: Mapping[str, Any]) -> bool:
    from tools.definitions import definitions

    entry = definitions().get(tool)
    return "limit" in arguments if entry is None else "limit" in entry["tool"]["inputSchema"]["properties"]
