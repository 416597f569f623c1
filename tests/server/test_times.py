"""Scheduling arguments, clock changes, and instants shown in a zone beside UTC."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.times import BadTime, both, scheduled, with_local, zone_named

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("name", ["Europe/Berlin", "europe/berlin", " Europe/Berlin "])
def test_a_zone_is_found_by_its_name(name: str) -> None:
    assert zone_named(name).key == "Europe/Berlin"


@pytest.mark.parametrize(
    ("name", "near"),
    [("Berlin", "Europe/Berlin"), ("new york", "America/New_York"), ("Europe/Berln", "Europe/Berlin")],
)
def test_an_unknown_zone_is_refused_with_near_ones(name: str, near: str) -> None:
    with pytest.raises(BadTime, match=f"did you mean {near}"):
        zone_named(name)


@pytest.mark.parametrize("name", ["", "../etc/passwd", "Mars/Olympus", "\0", "+02:00", "x" * 5000, "/"])
def test_what_is_no_zone_at_all_is_refused(name: str) -> None:
    with pytest.raises(BadTime) as raised:
        zone_named(name)
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-03-11T09:00:00+01:00", "2026-03-11T08:00:00Z"),
        ("2026-03-11T08:00:00Z", "2026-03-11T08:00:00Z"),
        ("2026-03-11t08:00:00.123456789z", "2026-03-11T08:00:00.123456Z"),
        ("2026-03-11 09:00", "2026-03-11T08:00:00Z"),
        ("2026-07-01T09:00:30", "2026-07-01T07:00:30Z"),
        ("2026-03-10T11:59:30Z", "2026-03-10T11:59:30Z"),
    ],
)
def test_a_time_is_read_by_its_offset_or_else_in_the_zone(text: str, utc: str) -> None:
    assert both(scheduled(text, BERLIN, NOW), None) == {"utc": utc}


def test_a_local_time_without_a_zone_is_refused() -> None:
    with pytest.raises(BadTime, match="no offset, and no time zone is known"):
        scheduled("2026-03-11 09:00", None, NOW)


@pytest.mark.parametrize("text", ["tomorrow at 9", "2026-03-11", "9:00", "", "1773216000", "2026-03-11T09:00:00 CET"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadTime, match="2026-03-01T09:00:00"):
        scheduled(text, BERLIN, NOW)


@pytest.mark.parametrize("text", ["2026-02-30T09:00:00Z", "2026-03-11T25:00:00Z", "2026-03-11T09:00:60Z"])
def test_a_time_that_is_on_no_calendar_or_clock_is_refused(text: str) -> None:
    with pytest.raises(BadTime, match="does not exist in the calendar"):
        scheduled(text, BERLIN, NOW)


def test_the_past_is_refused_with_the_present_in_both_zones() -> None:
    with pytest.raises(BadTime) as raised:
        scheduled("2026-03-10T11:58:59Z", BERLIN, NOW)
    assert "it is now 2026-03-10T12:00:00Z or 2026-03-10 13:00 CET (Europe/Berlin)" in str(raised.value)


def test_more_than_five_years_ahead_is_refused() -> None:
    assert scheduled("2031-03-10T12:00:00Z", None, NOW).year == 2031
    for text in ("2031-04-01T12:00:00Z", "9999-12-31T23:59:59-05:00"):
        with pytest.raises(BadTime, match=r"five years|9999"):
            scheduled(text, None, NOW)


def test_a_time_that_clocks_skip_is_refused_with_both_readings() -> None:
    with pytest.raises(BadTime) as raised:
        scheduled("2026-03-29 02:30", BERLIN, NOW)
    text = str(raised.value)
    assert "2026-03-29 02:30 in Europe/Berlin does not exist" in text
    assert "2026-03-29T01:30:00+01:00 (before)" in text
    assert "2026-03-29T03:30:00+02:00 (after)" in text


def test_a_time_that_clocks_repeat_is_refused_with_both_readings() -> None:
    with pytest.raises(BadTime) as raised:
        scheduled("2026-10-25 02:30", BERLIN, NOW)
    text = str(raised.value)
    assert "comes twice" in text
    assert "2026-10-25T02:30:00+02:00 (first) or 2026-10-25T02:30:00+01:00 (second)" in text


@given(st.datetimes(min_value=datetime(2026, 3, 11), max_value=datetime(2030, 12, 31)))
def test_every_local_time_is_taken_once_or_refused_with_two_readings_that_are_taken(wall: datetime) -> None:
    wall = wall.replace(microsecond=0)
    try:
        meant = scheduled(wall.isoformat(), BERLIN, NOW)
    except BadTime as error:
        readings = [word for word in str(error).split() if word.startswith("20") and "T" in word]
        first, second = (scheduled(reading, BERLIN, NOW) for reading in readings)
        assert second - first == timedelta(hours=1)
    else:
        assert meant.astimezone(UTC).astimezone(BERLIN).replace(tzinfo=None) == wall


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    for zone in (None, BERLIN):
        with suppress(BadTime):
            assert scheduled(text, zone, NOW).tzinfo is not None


def test_an_instant_is_given_in_utc_and_in_the_zone() -> None:
    expected = {"utc": "2026-03-01T08:00:00Z", "local": "2026-03-01 09:00 CET (Europe/Berlin)"}
    assert both("2026-03-01T08:00:00.000Z", BERLIN) == expected
    assert both(datetime(2026, 3, 1, 8, tzinfo=UTC), BERLIN) == expected
    assert both("2026-03-01T08:00:00Z", ZoneInfo("Asia/Dubai"))["local"] == "2026-03-01 12:00 UTC+04 (Asia/Dubai)"
    assert both("2026-03-01T10:00:00+02:00", None) == {"utc": "2026-03-01T08:00:00Z"}


@pytest.mark.parametrize("instant", [datetime(2026, 3, 1, 8), "2026-03-01T08:00:00", "soon"])
def test_an_instant_without_an_offset_is_refused(instant: datetime | str) -> None:
    with pytest.raises(BadTime, match="no RFC 3339 time with an offset"):
        both(instant, BERLIN)


def test_local_times_stand_beside_the_fields_that_are_times() -> None:
    body = {
        "data": [
            {
                "scheduled_at": "2026-03-01T08:00:00.000Z",
                "text": "2026-03-01T08:00:00Z",
                "published_at": "«5f0c 2026-03-01T08:00:00Z»",
                "deleted_at": None,
                "targets": [{"timestamp": "2026-07-01T08:00:00Z", "chat": "at 2026-07-01T08:00:00Z"}],
            }
        ]
    }
    row = {**body["data"][0]}
    assert with_local(body, BERLIN) == {
        "data": [
            {
                **row,
                "scheduled_at_local": "2026-03-01 09:00 Sun CET",
                "targets": [
                    {
                        "timestamp": "2026-07-01T08:00:00Z",
                        "timestamp_local": "2026-07-01 10:00 Wed CEST",
                        "chat": "at 2026-07-01T08:00:00Z",
                    }
                ],
            }
        ]
    }
    assert list(with_local(body, BERLIN)["data"][0])[:2] == ["scheduled_at", "scheduled_at_local"]
    assert with_local(body, None) is body


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20) | st.just("0001-01-01T00:00:00+14:00"),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.just("created_at"), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_local_times_change_nothing_else_in_any_body(body: Any) -> None:
    def without_local(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: without_local(item) for name, item in value.items() if name != "created_at_local"}
        return [without_local(item) for item in value] if isinstance(value, list) else value

    assert repr(without_local(with_local(body, ZoneInfo("Pacific/Kiritimati")))) == repr(without_local(body))


def test_very_deep_bodies_are_left_alone() -> None:
    body: Any = "2026-03-01T08:00:00Z"
    for _ in range(900):
        body = {"created_at": body}
    assert with_local(body, BERLIN) is not None
