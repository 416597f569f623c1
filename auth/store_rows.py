"""Between records and rows: columns are named like fields, in their order; times are microseconds since 1970."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Value = str | bytes | int | None
Values = Mapping[str, Value]
Row = Sequence[Value]
R = TypeVar("R", bound="DataclassInstance")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def stamp(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(stamp: Value) -> datetime:
    """The time that a stamp means."""
    return _moment(number(stamp))


def _moment(stamp: int) -> datetime:
    return _EPOCH + timedelta(0, 0, stamp)


def number(value: Value) -> int:
    """A number of a column that holds nothing else."""
    if not isinstance(value, int):
        raise TypeError(f"expected a number in the row, got {type(value).__name__}")
    return value


class Rows(Generic[R]):
    """How one kind of record is written and read."""

    def __init__(self, record: type[R], table: str) -> None:
        """`table` without the prefix."""
        self._record = record
        self.table = f"auth_{table}"
        hints = get_type_hints(record)
        self.names = tuple(field.name for field in fields(record))
        kinds = [next(kind for kind in (get_args(hints[name]) or (hints[name],)) if kind) for name in self.names]
        convert = zip(self.names, map(_converter, kinds), strict=True)
        self._convert = [(name, converter) for name, converter in convert if converter is not None]
        self.columns = ", ".join(self.names)
        self.places = ", ".join(f":{name}" for name in self.names)
        # PostgreSQL cannot tell the type of a parameter in the SELECT of an INSERT.
        self.typed_places = ", ".join(
            f"CAST(:{name} AS {_sql_type(kind)})" for name, kind in zip(self.names, kinds, strict=True)
        )

    def insert(self) -> str:
        """The statement that adds a record."""
        return f"INSERT INTO {self.table} ({self.columns}) VALUES ({self.places})"

    def upsert(self, *key: str) -> str:
        """The statement that adds a record or replaces the one with the same key."""
        rest = ", ".join(f"{name} = excluded.{name}" for name in self.names if name not in key)
        return f"{self.insert()} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {rest}"

    def select(self, condition: str) -> str:
        """The statement that reads records."""
        return f"SELECT {self.columns} FROM {self.table} WHERE {condition}"

    def values(self, record: R) -> dict[str, Value]:
        """The parameters of `insert` and `upsert`."""
        return {name: _stored(getattr(record, name)) for name in self.names}

    def read(self, row: Row) -> R:
        """The record in a row of `select`."""
        values: dict[str, Any] = dict(zip(self.names, row, strict=True))
        for name, convert in self._convert:
            if (value := values[name]) is not None:
                values[name] = convert(value)
        return self._record(**values)


def _converter(kind: type) -> Callable[[Any], object] | None:
    if kind is datetime:
        # Its column is strict: both databases keep whole numbers in it and nothing else.
        return _moment
    if kind is bool or issubclass(kind, StrEnum):
        return kind
    return None


def _sql_type(kind: type) -> str:
    if kind in {datetime, int, bool}:
        return "bigint"
    return "bytea" if kind is bytes else "text"


def _stored(value: object) -> Value:
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, str | bytes | int):
        return value
    raise TypeError(f"a {type(value).__name__} has no column type")
