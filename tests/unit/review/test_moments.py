"""Times that keep the order in which people knew of each other's words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from workbench.review.moments import after, is_plain, moment_of

MOMENTS = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - bounds have no zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(MOMENTS, st.lists(MOMENTS, max_size=4))
def test_what_is_signed_now_sorts_after_all_that_is_known(
    now: datetime, known: list[datetime]
) -> None:
    words = [one.isoformat(timespec="microseconds") for one in known]
    signed = after(now.isoformat(timespec="microseconds"), words)
    assert all(signed > word for word in words)
    assert is_plain(signed)
    assert signed >= now.isoformat(timespec="microseconds")


@given(st.text(max_size=40), st.text(max_size=40))
def test_what_is_no_time_changes_nothing(text: str, other: str) -> None:
    now = "2026-03-01T10:00:00.000000+00:00"
    if moment_of(text) is None:
        assert after(now, [text]) == now
        assert after(text, [other]) == text
        assert not is_plain(text)


def test_only_utc_written_in_one_way_sorts_as_text() -> None:
    moment = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert not is_plain(moment.isoformat())
    assert is_plain(moment.astimezone(UTC).isoformat())
    for odd in ("2026-03-01", "20260301T100000+0000", "2026-03-01T10:00:00", "9999", ""):
        assert not is_plain(odd)


def test_after_the_end_of_all_time_there_is_no_later() -> None:
    last = "9999-12-31T23:59:59.999999+00:00"
    assert after("2026-03-01T10:00:00.000000+00:00", [last]) == "2026-03-01T10:00:00.000000+00:00"
