"""Times for people: scheduling arguments read without guessing, and instants shown in a zone beside UTC."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from server.results import plain

PAST_TOLERANCE = timedelta(seconds=60)
FURTHEST = timedelta(days=5 * 365 + 2)
MAX_DEPTH = 64

# RFC 3339 §5.6, and what people write for a local time: no seconds, a blank for the T.
_TIME = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})[Tt ](?P<clock>\d{2}:\d{2}(?::\d{2})?)(?P<fraction>\.\d{1,9})?"
    r"(?P<offset>[Zz]|[+-]\d{2}:\d{2})?"
)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})")
_TIME_NAMES = frozenset({"at", "timestamp", "create_time", "period_start", "period_end", "window_start", "window_end"})
_EXAMPLE = "2026-03-01T09:00:00+01:00"


class BadTime(ValueError):
    """A time or zone that cannot be used; the text says what is wrong and what to write instead."""


def zone_named(name: str) -> ZoneInfo:
    """A zone of the IANA database by its name, in any case.

    Raises:
        BadTime: there is none of this name; near ones are suggested.
    """
    asked = "_".join(name.split())
    known = _zone_names()
    found = known.get(asked.casefold())
    if found is not None:
        try:
            return ZoneInfo(found)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise BadTime(f"the data of time zone {found} cannot be read; pass another near it, or UTC") from None
    near = _near_zones(asked.casefold())
    hint = f"did you mean {' or '.join(near)}?" if near else "pass a name such as Europe/Berlin or UTC"
    raise BadTime(f"{_shown(name)} is no time zone of the IANA database; {hint}")


@lru_cache(maxsize=1)
def _zone_names() -> Mapping[str, str]:
    """Name in lower case → name."""
    return {name.casefold(): name for name in sorted(available_timezones() | {"UTC"})}


def _near_zones(asked: str) -> list[str]:
    known = _zone_names()
    # Old names of zones stand at the root or under these; their modern ones come first.
    ranked = sorted(known, key=lambda name: (not name.startswith(("europe/", "america/", "asia/", "africa/")), name))
    last = asked.rsplit("/", 1)[-1]
    same_city = [known[name] for name in ranked if name.rsplit("/", 1)[-1] == last]
    if same_city:
        return same_city[:3]
    cities = {name.rsplit("/", 1)[-1]: name for name in reversed(ranked)}
    close = get_close_matches(last, list(cities), n=3, cutoff=0.75)
    return [known[cities[city]] for city in close]


def scheduled(text: str, zone: ZoneInfo | None, now: datetime) -> datetime:
    """The instant that a scheduling argument names: RFC 3339, or a local time where a zone is known.

    Raises:
        BadTime: no time; neither offset nor zone; more than 60 s ago; more than five years ahead; or a local time
            that a clock change leaves out or repeats, with both readings in RFC 3339.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise BadTime(f"{_shown(text)} is no time; write {_form(zone)}")
    meant = _parsed(match, text)
    if meant.tzinfo is None:
        if zone is None:
            raise BadTime(
                f"{_shown(text)} has no offset, and no time zone is known; write one, such as {_EXAMPLE} or "
                "2026-03-01T08:00:00Z, or set a time zone"
            )
        meant = _local(meant, zone)
    return _in_reach(meant, zone, now)


def has_local_time(value: Any) -> bool:
    """Whether a time to publish is named anywhere in it that only a zone makes a moment."""
    if isinstance(value, Mapping):
        at = value.get("scheduled_at")
        match = _TIME.fullmatch(at.strip()) if isinstance(at, str) else None
        return (match is not None and not match["offset"]) or any(map(has_local_time, value.values()))
    return isinstance(value, list) and any(map(has_local_time, value))


def _parsed(match: re.Match[str], text: str) -> datetime:
    # datetime knows six digits of a second.
    fraction = (match["fraction"] or "")[:7]
    fraction = fraction and fraction.ljust(7, "0")
    clock = match["clock"] if len(match["clock"]) > 5 else f"{match['clock']}:00"
    offset = (match["offset"] or "").upper().replace("Z", "+00:00")
    try:
        return datetime.fromisoformat(f"{match['day']}T{clock}{fraction}{offset}")
    except ValueError:
        raise BadTime(f"{_shown(text)} does not exist in the calendar or on the clock; check each part") from None


def _local(wall: datetime, zone: ZoneInfo) -> datetime:
    """The only instant at which clocks in `zone` show this."""
    first, second = wall.replace(tzinfo=zone, fold=0), wall.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first
    try:
        readings = [reading.astimezone(UTC).astimezone(zone) for reading in (first, second)]
    except OverflowError:
        raise BadTime(f"{wall:%Y-%m-%d %H:%M} lies outside the years 1 to 9999") from None
    earlier, later = (reading.isoformat() for reading in sorted(readings, key=lambda reading: reading.timestamp()))
    shown = f"{wall:%Y-%m-%d %H:%M} in {zone.key}"
    if readings[0].replace(tzinfo=None) == wall:
        raise BadTime(f"{shown} comes twice, because clocks go back; write {earlier} (first) or {later} (second)")
    raise BadTime(f"{shown} does not exist, because clocks go forward; write {earlier} (before) or {later} (after)")


def _in_reach(meant: datetime, zone: ZoneInfo | None, now: datetime) -> datetime:
    try:
        ahead = meant.astimezone(UTC) - now.astimezone(UTC)
    except OverflowError:
        raise BadTime("this time lies outside the years 1 to 9999 in UTC") from None
    if ahead < -PAST_TOLERANCE:
        present = " or ".join(both(now, zone).values())
        raise BadTime(f"{meant.isoformat()} is past; it is now {present}; write a later time")
    if ahead > FURTHEST:
        raise BadTime(f"{meant.isoformat()} is more than five years ahead; write an earlier time")
    return meant


def both(instant: datetime | str, zone: ZoneInfo | None) -> dict[str, str]:
    """An instant as `utc` (RFC 3339) and, with a zone, `local` (`2026-03-01 09:00 CET (Europe/Berlin)`).

    Raises:
        BadTime: the text is no RFC 3339 time with an offset, or the datetime has none.
    """
    moment = _instant(instant) if isinstance(instant, str) else instant
    if moment is None or moment.tzinfo is None:
        raise BadTime(f"{_shown(str(instant))} is no RFC 3339 time with an offset, such as {_EXAMPLE}")
    utc = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if zone is None:
        return {"utc": utc}
    local = moment.astimezone(zone)
    return {"utc": utc, "local": f"{local:%Y-%m-%d %H:%M} {_abbreviation(local)} ({zone.key})"}


def zone_here(value: Mapping[str, Any], zone: ZoneInfo | None, zones: Mapping[str, ZoneInfo]) -> ZoneInfo | None:
    """The zone of the brand that an object belongs to, by its own ids or those of all its targets; else `zone`.

    `zones`: brand or account id → zone.
    """
    for name in ("brand_id", "account_id"):
        own = zones.get(str(value.get(name)))
        if own is not None:
            return own
    following = value.get("next")
    if isinstance(following, Mapping) and isinstance(following.get("arguments"), Mapping):
        # A row of the triage says where it is by its next call alone.
        return zones.get(str(following["arguments"].get("account_id")), zone)
    targets = value.get("targets")
    if not isinstance(targets, list):
        return zone
    of_targets = {zones.get(str(one.get("account_id"))) for one in targets if isinstance(one, Mapping)}
    return (of_targets.pop() or zone) if len(of_targets) == 1 else zone


def with_local(body: Any, zone: ZoneInfo | None, zones: Mapping[str, ZoneInfo] | None = None) -> Any:
    """The body with `x_local` (`2026-03-01 09:00 Sun CET`) beside each field `x` that is a time and nothing else.

    Fields count whose name ends in `_at`, and those known to hold times; text is never searched for times. What belongs
    to a brand or an account of `zones` has that one's time.
    """
    return _with_local(body, zone, zones or {}, MAX_DEPTH) if zone is not None or zones else body


def _with_local(value: Any, zone: ZoneInfo | None, zones: Mapping[str, ZoneInfo], depth: int) -> Any:
    if depth == 0:
        return value
    if isinstance(value, list):
        return [_with_local(item, zone, zones, depth - 1) for item in value]
    if not isinstance(value, Mapping):
        return value
    extended: dict[str, Any] = {}
    zone = zone_here(value, zone, zones)
    for name, item in value.items():
        extended[name] = _with_local(item, zone, zones, depth - 1)
        if zone is not None and isinstance(item, str) and _names_a_time(name) and f"{name}_local" not in value:
            moment = _instant(item)
            if moment is not None:
                local = moment.astimezone(zone)
                extended[f"{name}_local"] = f"{local:%Y-%m-%d %H:%M} {_DAYS[local.weekday()]} {_abbreviation(local)}"
    return extended


# strftime's follow the locale of the machine.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _names_a_time(name: object) -> bool:
    return isinstance(name, str) and (name.endswith("_at") or name in _TIME_NAMES)


def _instant(text: str) -> datetime | None:
    """The time that is all of `text`, or None; also where another zone's clock would leave the calendar."""
    if not _INSTANT.fullmatch(text):
        return None
    match = _TIME.fullmatch(text)
    try:
        moment = _parsed(match, text) if match else None
    except BadTime:
        return None
    return moment if moment and 2 <= moment.year <= 9998 else None


def _abbreviation(local: datetime) -> str:
    """CET, or UTC+03 where a zone has no letters for it."""
    name = local.tzname() or ""
    return f"UTC{name}" if name[:1] in {"+", "-"} else name


def _form(zone: ZoneInfo | None) -> str:
    return _EXAMPLE if zone is None else f"{_EXAMPLE}, or 2026-03-01 09:00 for a time in {zone.key}"


def _shown(text: str) -> str:
    """What the caller wrote, on one short line."""
    return f"“{plain(text, 60)}”"
