"""The contract: one `Operation` declares everything the layers derive from."""

import json
import re
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Generic, Literal, Protocol, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.fields import FieldInfo

from auth.scopes import Permission

ArgsT = TypeVar("ArgsT", bound="Args")
ResultT = TypeVar("ResultT", bound="Result")

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

MAX_DEPTH = 64
"""How deep an argument may nest; the deepest that the API knows is 6."""

_PLACEHOLDER = re.compile(r"{(\w+)}")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Args(BaseModel):
    """What a caller passes, and any object nested in it.

    Unknown names are refused, so that a typo is not silently dropped. Three habits of language models are
    accepted: JSON text where an object or list belongs, "5" for 5, and null for an argument that is left out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _accept_what_models_send(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        known = cls._fields_by_wire_name()
        accepted: dict[Any, Any] = {}
        for name, item in value.items():
            info = known.get(name)
            _check_text(name, item)
            if info is not None and item is None and not info.is_required():
                continue
            accepted[name] = item if info is None else _as_meant(info, item)
        return accepted

    @classmethod
    def _fields_by_wire_name(cls) -> Mapping[str, FieldInfo]:
        return {info.alias or name: info for name, info in cls.model_fields.items()}


class Result(BaseModel):
    """What the REST API answers. Unknown fields are kept, so that an addition upstream reaches the caller."""

    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True)


class Empty(Result):
    """The answer of an operation that answers 204 without a body."""


class Effect(StrEnum):
    """What a call does to the world; the MCP hints follow from it."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    PUBLISH = "publish"
    """Something becomes visible to people outside: posts, replies, messages."""
    DELETE = "delete"


@dataclass(frozen=True)
class _Hints:
    destructive: bool
    idempotent: bool


_HINTS: Mapping[Effect, _Hints] = {
    Effect.READ: _Hints(destructive=False, idempotent=True),
    Effect.CREATE: _Hints(destructive=False, idempotent=False),
    Effect.UPDATE: _Hints(destructive=True, idempotent=True),
    # MCP calls only overwriting destructive, but what has been seen cannot be taken back: hosts should ask.
    Effect.PUBLISH: _Hints(destructive=True, idempotent=False),
    Effect.DELETE: _Hints(destructive=True, idempotent=False),
}


@dataclass(frozen=True, kw_only=True)
class Operation(Generic[ArgsT, ResultT]):
    """One REST endpoint, offered as one MCP tool.

    The tool's schema, its annotations, the HTTP request, the scope check, the embedded route, the documentation
    row, the shell call and the contract tests are all derived from this record.
    """

    name: str
    """Verb first, at most 50 characters of `[a-z0-9_]`; the constant is the same in capitals."""
    endpoint: str
    """Method and path, as the API reference prints them: `POST /posts/{pid}/retry`."""
    group: str
    """The API reference's heading."""
    title: str
    description: str
    args: type[ArgsT]
    result: type[ResultT]
    scope: Permission
    effect: Effect
    open_world: bool
    """Whether the call reaches a live social platform or the public; false for our own records."""
    platforms: tuple[str, ...] = ()
    """Platforms it works on; empty means all of them."""
    example: Mapping[str, Any]
    """Arguments that succeed on the seeded embedded API: documentation, and the contract test's input."""
    path_arguments: Mapping[str, str] = field(default_factory=dict[str, str])
    """Placeholder → argument, where it is not simply the placeholder in snake case: `{"id": "account_id"}`."""
    query: frozenset[str] = frozenset()
    """Arguments sent in the query although the method has a body."""
    upload: str | None = None
    """Form field of the file in a multipart body; the arguments are then those of `tools.fields.FileArgs`."""
    resource: str | None = None
    """URI template under which this READ is also an MCP resource; variables are placeholders of the path."""
    destructive: bool | None = None
    """Overrides the hint that follows from `effect`: false for a change that one call takes back."""
    idempotent: bool | None = None
    redirects: bool = False
    """The answer is an address in a `Location` header, which is handed over and not followed."""
    secret_arguments: frozenset[str] = frozenset()
    """Arguments that no model should read or write, nested ones with a dot: the person types them on a page."""
    secret_results: frozenset[str] = frozenset()
    """Fields of the answer that open something and are shown once: the person reads them on a page."""
    choices: tuple[str, ...] = ()
    """What was decided where the API's documents contradict each other, one sentence each."""

    def __post_init__(self) -> None:
        missing = set(self.path_names.values()) - set(self.args.model_fields)
        if missing:
            raise TypeError(f"{self.name}: {self.path} names {sorted(missing)}, which {self.args.__name__} lacks")
        unknown = self.query - set(self.args.model_fields)
        if unknown:
            raise TypeError(f"{self.name}: query names {sorted(unknown)}, which {self.args.__name__} lacks")

    @cached_property
    def method(self) -> Method:
        match self.endpoint.split(" ", 1)[0]:
            case "GET" | "POST" | "PUT" | "PATCH" | "DELETE" as method:
                return method
            case other:
                raise TypeError(f"{self.name}: {other} is no method of this API")

    @cached_property
    def path(self) -> str:
        return self.endpoint.split(" ", 1)[1]

    @cached_property
    def path_names(self) -> Mapping[str, str]:
        """Placeholder of the path → name of the argument."""
        return {
            name: self.path_arguments.get(name, _HUMP.sub("_", name).lower())
            for name in _PLACEHOLDER.findall(self.path)
        }

    @cached_property
    def query_names(self) -> frozenset[str]:
        """Arguments that travel in the query."""
        rest = frozenset(self.args.model_fields) - set(self.path_names.values())
        return rest if self.method in {"GET", "DELETE"} else rest & self.query

    @property
    def has_body(self) -> bool:
        return self.method in {"POST", "PUT", "PATCH"} and self.upload is None

    @property
    def annotations(self) -> dict[str, Any]:
        """The four MCP hints and the title, on the wire's names."""
        return hints_of(self)


class Hinted(Protocol):
    """What the hints of a tool follow from."""

    @property
    def title(self) -> str: ...
    @property
    def effect(self) -> Effect: ...
    @property
    def open_world(self) -> bool: ...
    @property
    def destructive(self) -> bool | None: ...
    @property
    def idempotent(self) -> bool | None: ...


def hints_of(tool: Hinted) -> dict[str, Any]:
    """The four MCP hints and the title of a tool, on the wire's names."""
    hints = _HINTS[tool.effect]
    return {
        "title": tool.title,
        "readOnlyHint": tool.effect is Effect.READ,
        "destructiveHint": hints.destructive if tool.destructive is None else tool.destructive,
        "idempotentHint": hints.idempotent if tool.idempotent is None else tool.idempotent,
        "openWorldHint": tool.open_world,
    }


AnyOperation = Operation[Any, Any]


def _check_text(name: object, value: Any) -> None:
    """Refuse text that cannot be sent or stored, and nesting that no reader follows, however deep they lie."""
    rest: list[tuple[Any, int]] = [(value, 0)]
    while rest:
        item, depth = rest.pop()
        if depth > MAX_DEPTH:
            raise ValueError(f"{name}: nested more than {MAX_DEPTH} deep; pass it as the schema shows")
        if isinstance(item, str):
            if "\0" in item or any("\ud800" <= letter <= "\udfff" for letter in item):
                raise ValueError(f"{name}: holds a NUL or half of a surrogate pair; pass whole Unicode characters")
        elif isinstance(item, Mapping):
            pairs: Mapping[Any, Any] = item
            rest.extend((part, depth + 1) for pair in pairs.items() for part in pair)
        elif isinstance(item, list):
            items: list[Any] = item
            rest.extend((part, depth + 1) for part in items)


def _as_meant(info: FieldInfo, item: Any) -> Any:
    """What a model or a shell that writes text where another type belongs means by `item`."""
    if isinstance(item, list) and not _takes_text(info.annotation) and not _items_take_text(info.annotation):
        items: list[Any] = item
        return [_from_json_text(part, opening="{[") if isinstance(part, str) else part for part in items]
    if not isinstance(item, str):
        return item
    choices = _choices(info.annotation)
    if choices and not any(isinstance(choice, str) for choice in choices):
        # pydantic reads "5" as a number, but not as one of a few numbers.
        return {json.dumps(choice): choice for choice in choices}.get(item.strip(), item)
    return item if _takes_text(info.annotation) else _from_json_text(item, opening="{[")


def _from_json_text(text: str, *, opening: str) -> Any:
    """The object or list that `text` spells; else `text`."""
    if not text.lstrip().startswith(tuple(opening)):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _choices(annotation: Any) -> tuple[Any, ...]:
    """The values of a `Literal`, also of an optional one; nothing for other types."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return next((found for option in get_args(annotation) if (found := _choices(option))), ())
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _items_take_text(annotation: Any) -> bool:
    """Whether a string is an item of this list, or one of its options."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return any(_items_take_text(option) for option in get_args(annotation))
    return get_origin(annotation) is list and _takes_text(get_args(annotation)[0])


def _takes_text(annotation: Any) -> bool:
    """Whether a string is a value of this type as it stands."""
    origin = get_origin(annotation)
    if origin in {Union, types.UnionType}:
        return any(_takes_text(option) for option in get_args(annotation) if option is not type(None))
    if origin is Literal:
        return any(isinstance(choice, str) for choice in get_args(annotation))
    if origin is list:
        return False
    if hasattr(annotation, "__metadata__"):
        return _takes_text(annotation.__origin__)
    return isinstance(annotation, type) and origin is None and not issubclass(annotation, (BaseModel, list, dict))
