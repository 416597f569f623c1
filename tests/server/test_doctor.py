"""The doctor against an API that answers: its key, its status and its clock."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest

from server.doctor import answer_findings, clock_finding


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


@pytest.mark.parametrize(
    ("response", "fine", "words"),
    [
        (httpx2.Response(200, json={"id": "user_1"}), True, "accepts the key"),
        (httpx2.Response(200, html="<p>Welcome</p>"), False, "SOCIALAPI_BASE_URL"),
        (httpx2.Response(200, json=[]), False, "SOCIALAPI_BASE_URL"),
        (httpx2.Response(302), False, "SOCIALAPI_BASE_URL"),
        (httpx2.Response(401), False, "make a new one"),
        (httpx2.Response(402), False, "payment"),
        (httpx2.Response(404), False, "SOCIALAPI_BASE_URL"),
        (httpx2.Response(429), False, "wait a minute"),
        (httpx2.Response(503), False, "try again in a few minutes"),
    ],
)
def test_what_the_api_answers_is_judged_and_each_failure_has_a_remedy(
    response: httpx2.Response, fine: bool, words: str
) -> None:
    findings = answer_findings("https://api.test/v1", response)
    assert all(finding.is_fine for finding in findings) is fine
    assert words in findings[-1].text
