"""Checks of single platform_data options, shared by the platforms."""

from collections.abc import Collection, Sequence
from typing import cast
from urllib.parse import urlsplit

from localapi.network.draft import FIELD_REQUIRED, Draft, Report


def path(key: str) -> str:
    """The name under which an option is reported."""
    return f"platform_data.{key}"


def check_choice(draft: Draft, report: Report, key: str, choices: Collection[str]) -> None:
    value = draft.platform_data.get(key)
    if value is not None and value not in choices:
        report.error(path(key), f"{value!r} is not one of {', '.join(choices)}")


def check_booleans(draft: Draft, report: Report, *keys: str) -> None:
    for key in keys:
        if not isinstance(draft.platform_data.get(key, False), bool):
            report.error(path(key), "must be true or false")


def check_integer(draft: Draft, report: Report, key: str, low: int, high: int | None = None) -> int | None:
    """The value when it is a whole number inside the bounds."""
    value = draft.platform_data.get(key)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= low and (high is None or value <= high):
        return value
    report.error(path(key), f"must be a whole number from {low}" + (f" to {high}" if high is not None else ""))
    return None


def check_text(draft: Draft, report: Report, key: str, max_length: int) -> None:
    value = draft.platform_data.get(key)
    if value is None:
        return
    if not isinstance(value, str):
        report.error(path(key), "must be a string")
    elif len(value) > max_length:
        report.error(path(key), f"too long ({len(value)}/{max_length})")


def check_link(draft: Draft, report: Report, key: str, max_length: int = 2048) -> None:
    value = draft.platform_data.get(key)
    if value is None:
        return
    if not isinstance(value, str) or not is_web_address(value):
        report.error(path(key), "must be an http or https address")
    elif len(value) > max_length:
        report.error(path(key), f"too long ({len(value)}/{max_length})")


def is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def check_pair(draft: Draft, report: Report, first: str, second: str) -> None:
    """Two options that only make sense together."""
    for present, absent in ((first, second), (second, first)):
        if draft.platform_data.get(present) and not draft.platform_data.get(absent):
            report.error(path(absent), f"needed with {present}", FIELD_REQUIRED)


def strings(value: object) -> list[str] | None:
    """A list given as an array or comma-separated; None when it is neither."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, list | tuple):
        parts = cast("Sequence[object]", value)
        texts = [part for part in parts if isinstance(part, str)]
        return texts if len(texts) == len(parts) else None
    return None
