"""Names where ids belong: the account, brand or platform that somebody means, where exactly one fits."""

import json
import re
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, get_args

from server.naming_refusals import Wrong, on_a_line, quoted, refusal
from server.platform_names import LONGEST_PHRASE, PHRASES, platform_label
from server.spelling import phones_joined, plainly, whole, words_of
from tools.accounts import LIST_ACCOUNTS
from tools.brands import LIST_BRANDS
from tools.fields import PLATFORMS, Named
from tools.operation import AnyOperation, Args

MAX_ROWS = 1000
MAX_SHOWN = 20
MAX_NAME_LENGTH = 200

Reader = Callable[[AnyOperation, Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Runs a read operation as the caller and gives its body."""

# behaviour of the API: ids are UUIDs, or a prefix of their kind and a rest; hexadecimal and native ids are opaque too.
_OPAQUE_ID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{16,}|[0-9]{6,}|sapi_\S+"
_IDS = {
    "account": re.compile(rf"{_OPAQUE_ID}|acct?_\S+"),
    "brand": re.compile(rf"{_OPAQUE_ID}|(?:br?|brand)_\S+"),
}
_MAY_BE_A_NAME = re.compile(r"[0-9a-fA-F]+")
"""What looks like an id, and may be called so all the same."""
_HANDLE = re.compile(r"(?<!\S)@([\w.-]+)")
_FILLERS = frozenset({"on", "at", "the", "our", "my", "account", "profile", "channel", "brand"})


class NotOne(Exception):
    """A name fits several accounts or brands, or none; nothing was done.

    `lines` say which argument, what was said, the candidates with their ids, and what to do.
    """

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An account or a brand."""

    id: str
    name: str
    platform: str | None
    handle: str
    brand_id: str | None
    spellings: tuple[tuple[str, ...], ...]
    """Each of its names, in words."""
    called: frozenset[str]
    """Each of its names whole, as `whole` has them."""
    shown: str

    @property
    def words(self) -> frozenset[str]:
        return frozenset(word for spelling in self.spellings for word in spelling)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to understand what was said: with or without a platform in it."""

    platforms: frozenset[str] | None
    words: tuple[str, ...]
    handles: frozenset[str]

    @property
    def telling(self) -> tuple[str, ...]:
        """The words without those that only join."""
        return tuple(word for word in self.words if word not in _FILLERS)

    @property
    def is_platform_alone(self) -> bool:
        return self.platforms is not None and not self.telling and not self.handles

    def fits(self, candidate: _Candidate) -> bool:
        if self.platforms is not None and candidate.platform not in self.platforms:
            return False
        if any(handle != candidate.handle for handle in self.handles):
            return False
        said_something = self.telling or self.handles or self.platforms is not None
        return bool(said_something) and candidate.words.issuperset(self.telling)

    def is_exact(self, candidate: _Candidate) -> bool:
        """Whether nothing of the name is left out: a whole name, a handle, or a platform alone."""
        if not self.telling:
            return True
        return self.words in candidate.spellings or self.telling in candidate.spellings


async def resolve(
    operation_args: type[Args], arguments: Mapping[str, Any], read: Reader
) -> tuple[dict[str, Any], list[str]]:
    """The arguments with ids where names of accounts, brands or platforms stood, and a note on each.

    Accounts and brands are read only if a name stands where an id belongs; what looks like an id stays as it is. A
    name is taken where exactly one candidate has all of its words, or is exactly called so; it is never guessed.

    Raises:
        NotOne: a name fits several, or none, or there are too many candidates to know.
        What `read` raises.
    """
    resolver = _Resolver(read)
    resolved = await resolver.within(operation_args, arguments, "", None)
    if resolver.wrong:
        raise NotOne([*refusal(resolver.wrong, MAX_SHOWN), "nothing was done; call again with one of these ids"])
    return resolved, resolver.notes


async def titles(kinds: Collection[str], read: Reader) -> dict[tuple[str, str], str]:
    """What the caller's accounts and brands are called, by kind and id: `“Aurora Coffee” on Instagram (id acc_1)`.

    Raises:
        What `read` raises.
    """
    resolver = _Resolver(read)
    return {(kind, one.id): one.shown for kind in sorted(kinds) for one in await resolver.candidates(kind)}


@dataclass
class _Resolver:
    """The names of one call."""

    read: Reader
    notes: list[str] = field(default_factory=list[str])
    wrong: list[Wrong] = field(default_factory=list[Wrong])
    _known: dict[str, list[_Candidate]] = field(default_factory=dict[str, list[_Candidate]])
    _unreadable: set[str] = field(default_factory=set[str])

    async def within(
        self, args: type[Args], arguments: Mapping[str, Any], place: str, above: "_Scope | None"
    ) -> dict[str, Any]:
        """An object of arguments, resolved; `above` is what objects around it say of brand and platform."""
        resolved = dict(arguments)
        plans = [plan for plan in _plans(args) if resolved.get(plan.name) is not None]
        # What is said of platform and brand narrows the accounts beside it.
        plans.sort(key=lambda plan: ("platform", "brand", "account", None).index(plan.kind))
        scope = above or _Scope()
        for plan in plans:
            path = f"{place}{plan.name}"
            value = resolved[plan.name]
            if plan.nested is not None:
                resolved[plan.name] = await self._nested(plan.nested, value, path, scope)
                continue
            resolved[plan.name] = value = await self._named(plan, value, path, scope)
            if isinstance(value, str) and plan.kind in {"platform", "brand"}:
                scope = scope.narrowed(plan.kind, value)
        return resolved

    async def _nested(self, args: type[Args], value: Any, path: str, scope: "_Scope") -> Any:
        value = _from_json(value)
        if isinstance(value, Mapping):
            return await self.within(args, value, f"{path}.", scope)
        if isinstance(value, list):
            return [
                await self.within(args, item, f"{path}[{index}].", scope) if isinstance(item, Mapping) else item
                for index, item in enumerate(map(_from_json, value))
            ]
        return value

    async def _named(self, plan: "_Plan", value: Any, path: str, scope: "_Scope") -> Any:
        value = _from_json(value)
        if isinstance(value, list):
            return [await self._one(plan, item, path, scope) for item in value]
        if plan.is_list and isinstance(value, str) and "," in value:
            return ",".join([str(await self._one(plan, part.strip(), path, scope)) for part in value.split(",")])
        return await self._one(plan, value, path, scope)

    async def _one(self, plan: "_Plan", said: Any, path: str, scope: "_Scope") -> Any:
        if not isinstance(said, str) or not said.strip() or len(said) > MAX_NAME_LENGTH:
            return said
        if plan.kind == "platform":
            return self._platform(said, path)
        kind = str(plan.kind)
        if _IDS[kind].fullmatch(said.strip()):
            return await self._id_or_name(said, kind, path, scope)
        candidates = await self.candidates(kind)
        found = _fitting(said, _readings(said, with_platform=kind == "account"), scope.among(candidates))
        return self._taken(found, candidates, said, kind, path)

    async def _id_or_name(self, said: str, kind: str, path: str, scope: "_Scope") -> str:
        """What looks like an id, unless nothing has it and something is called exactly so."""
        if not _MAY_BE_A_NAME.fullmatch(said.strip()) or kind in self._unreadable:
            return said
        try:
            candidates = await self.candidates(kind)
        except Exception:
            # An id needs no list; whatever is wrong here, the call itself says if it matters.
            self._unreadable.add(kind)
            return said
        called = _called(said, scope.among(candidates))
        if not called or len(candidates) > MAX_ROWS or any(one.id == said.strip() for one in candidates):
            return said
        return self._taken(called, candidates, said, kind, path)

    def _taken(self, found: list[_Candidate], candidates: list[_Candidate], said: str, kind: str, path: str) -> str:
        """The id of the one that was found; else what was said, and that it is wrong is kept."""
        if len(found) == 1 and len(candidates) <= MAX_ROWS:
            self.notes.append(f"{path}: took {found[0].shown} for {quoted(said)}")
            return found[0].id
        self.wrong.append(_wrong(path, said, kind, found, candidates))
        return said

    def _platform(self, said: str, path: str) -> str:
        platform = said if said in PLATFORMS else PHRASES.get(words_of(said), said)
        if platform != said:
            self.notes.append(f"{path}: took {platform} for {quoted(said)}")
        return platform

    async def candidates(self, kind: str) -> list[_Candidate]:
        if kind not in self._known:
            if kind == "brand":
                self._known[kind] = [brand for row in await self._rows(LIST_BRANDS) if (brand := _brand(row))]
            else:
                brands = {brand.id: brand for brand in await self.candidates("brand")}
                rows = await self._rows(LIST_ACCOUNTS)
                self._known[kind] = [account for row in rows if (account := _account(row, brands))]
        return self._known[kind]

    async def _rows(self, operation: AnyOperation) -> list[Mapping[str, Any]]:
        """All rows of a list, at most one more than `MAX_ROWS`."""
        rows: list[Mapping[str, Any]] = []
        page: dict[str, Any] = {}
        while True:
            body = await self.read(operation, page)
            data = body.get("data")
            rows += [row for row in data if isinstance(row, Mapping)] if isinstance(data, list) else []
            pagination = body.get("pagination")
            cursor = body.get("next_cursor") or (
                pagination.get("next_cursor") if isinstance(pagination, Mapping) else None
            )
            if not cursor or cursor == page.get("cursor") or not data or len(rows) > MAX_ROWS:
                return rows[: MAX_ROWS + 1]
            page = {"cursor": cursor}


@dataclass(frozen=True, slots=True)
class _Scope:
    """What the call says of brand and platform beside an account."""

    brand_id: str | None = None
    platform: str | None = None

    def narrowed(self, kind: str, value: str) -> "_Scope":
        return _Scope(value, self.platform) if kind == "brand" else _Scope(self.brand_id, value)

    def among(self, candidates: list[_Candidate]) -> list[_Candidate]:
        return [
            candidate
            for candidate in candidates
            if candidate.platform is None
            or (self.brand_id in {None, candidate.brand_id} and self.platform in {None, candidate.platform})
        ]


def _called(said: str, candidates: list[_Candidate]) -> list[_Candidate]:
    """Those that are called exactly so, whatever the name is made of."""
    return [one for one in candidates if not one.called.isdisjoint(whole(said))]


def _fitting(said: str, readings: list[_Reading], candidates: list[_Candidate]) -> list[_Candidate]:
    """The one meant; or all that fit."""
    called = _called(said, candidates)
    # What is called like a platform may be meant, or what is on the platform.
    if called and not any(reading.is_platform_alone for reading in readings):
        return called
    fitting = [one for one in candidates if one in called or any(reading.fits(one) for reading in readings)]
    exact = [
        one
        for one in fitting
        if one in called or any(reading.fits(one) and reading.is_exact(one) for reading in readings)
    ]
    return exact if len(exact) == 1 else fitting


def _readings(said: str, *, with_platform: bool) -> list[_Reading]:
    handles = frozenset(plainly(handle) for handle in _HANDLE.findall(said))
    words = words_of(phones_joined(_HANDLE.sub(" ", said)))
    readings = [_Reading(None, words, handles)]
    if not with_platform:
        return readings
    for start in range(len(words)):
        # The longest phrase: “LinkedIn page” is not LinkedIn.
        for end in range(min(len(words), start + LONGEST_PHRASE), start, -1):
            platform = PHRASES.get(words[start:end])
            if platform is not None:
                # People say LinkedIn for both of its kinds.
                both = {"linkedin", "linkedin_page"} if platform == "linkedin" else {platform}
                readings.append(_Reading(frozenset(both), words[:start] + words[end:], handles))
                break
    return readings


def _wrong(path: str, said: str, kind: str, found: list[_Candidate], candidates: list[_Candidate]) -> Wrong:
    many = f"{len(found)} {kind}s" if found else f"none of the {len(candidates)} {kind}s"
    sentence = f"{path}: {quoted(said)} fits {many}"
    if len(candidates) > MAX_ROWS:
        sentence = f"{path}: only the first {MAX_ROWS} {kind}s were looked at for {quoted(said)}; pass an id"
    return Wrong(kind, sentence, tuple(candidate.shown for candidate in found or candidates))


def _brand(row: Mapping[str, Any]) -> _Candidate | None:
    identifier, name = _text(row, "id"), _text(row, "name")
    if not identifier:
        return None
    shown = f"{quoted(name)} (id {on_a_line(identifier)})"
    return _Candidate(identifier, name, None, "", None, (words_of(name),), whole(name), shown)


def _account(row: Mapping[str, Any], brands: Mapping[str, _Candidate]) -> _Candidate | None:
    identifier, name, platform = _text(row, "id"), _text(row, "name"), _text(row, "platform")
    if not identifier:
        return None
    brand_id, username = _text(row, "brand_id"), _text(row, "username").removeprefix("@")
    brand = brands.get(brand_id)
    names = (name, username, _text(row, "page_name"), brand.name if brand else "")
    shown = f"{quoted(name or username)} on {platform_label(platform)} (id {on_a_line(identifier)}"
    shown += f", brand {quoted(brand.name)})" if brand else ")"
    spellings = tuple(
        dict.fromkeys(words for name in names for words in (words_of(name), words_of(phones_joined(name))))
    )
    spellings = tuple(words for words in spellings if words)
    return _Candidate(identifier, name, platform, plainly(username), brand_id, spellings, whole(*names), shown)


@dataclass(frozen=True, slots=True)
class _Plan:
    """An argument in which names may stand, or objects that have such arguments."""

    name: str
    kind: str | None
    is_list: bool
    nested: type[Args] | None


def takes_names(args: type[Args]) -> frozenset[str]:
    """The arguments in which, or in whose objects, a name may stand for an id."""
    return frozenset(plan.name for plan in _plans(args))


@lru_cache(maxsize=256)
def _plans(args: type[Args]) -> tuple[_Plan, ...]:
    plans: list[_Plan] = []
    for name, info in args.model_fields.items():
        wire_name = info.alias or name
        marks = [mark for mark in (*info.metadata, *_inside(info.annotation)) if isinstance(mark, Named)]
        nested = next((part for part in _inside(info.annotation) if _is_args(part)), None)
        if marks:
            plans.append(_Plan(wire_name, marks[0].kind, wire_name.endswith("s"), None))
        elif nested is not None:
            plans.append(_Plan(wire_name, None, True, nested))
    return tuple(plans)


def _inside(annotation: Any) -> Iterator[Any]:
    """The types and marks that an annotation is made of."""
    yield annotation
    for part in (*get_args(annotation), *getattr(annotation, "__metadata__", ())):
        yield from _inside(part)


def _is_args(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, Args)


def _from_json(value: Any) -> Any:
    """What models that write JSON text for an object or list mean."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        with suppress(ValueError, RecursionError):
            return json.loads(value)
    return value


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""
