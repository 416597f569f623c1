"""The doctor against an API that answers: its key, its status and its clock."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from server.doctor import clock_finding


@pytest.mark.parametrize("ahead_seconds", [-3600, 3600])
def test_a_clock_that_is_off_is_found(ahead_seconds: int) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead_seconds), usegmt=True)
    finding = clock_finding(date)
    assert not finding.is_fine
    assert "time synchronisation" in finding.text


@pytest.mark.parametrize("date", [None, "", "yesterday", "Tue, 99 Foo 2026 99:99:99 GMT"])
def test_no_usable_time_is_no_failure(date: str | None) -> None:
    assert clock_finding(date).is_fine


def test_a_time_without_a_zone_is_utc() -> None:
    # The standard library gives a naive time for this zone, which cannot be compared with an aware one.
    assert clock_finding(format_datetime(datetime.now(UTC).replace(tzinfo=None))).is_fine
