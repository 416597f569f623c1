"""Reads the API's answers where they are of one of its shapes: rows, one row, pages and times."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def rows_of(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a list answer."""
    rows = body.get("data")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def has_more(body: Mapping[str, Any]) -> bool:
    """Whether a list answer is one page of several."""
    pagination = body.get("pagination")
    return bool(pagination.get("has_more") if isinstance(pagination, dict) else body.get("next_cursor"))


def moment(value: object) -> datetime | None:
    """A time of an answer, or None for what is none."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def row_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The one thing that an answer is about, which some wrap and others do not; empty where it is none."""
    row = body.get("data", body)
    return dict(row) if isinstance(row, Mapping) else {}
