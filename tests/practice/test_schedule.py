"""Spaced review: when an exercise comes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from convlab.practice import store
from convlab.practice.schedule import due, due_date
from convlab.practice.state import State, Tried

CHINA, OREGON = timezone(timedelta(hours=8)), timezone(timedelta(hours=-8))
START = datetime(2026, 2, 26, 12, tzinfo=CHINA)
TODAY = date(2026, 12, 31)


def history(words: str) -> list[tuple[datetime, bool]]:
    """Attempts from days and outcomes: "0+ 0- 3+" is a pass and a failure on the first day, a pass three days later."""
    return [(START + timedelta(days=int(word[:-1])), word[-1] == "+") for word in words.split()]


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVLAB_HOME", str(tmp_path))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[datetime]]:
    """The times at which things are recorded, in their order."""
    times: list[datetime] = []
    monkeypatch.setattr(store, "_now", lambda: times.pop(0))
    yield times
    assert times == []


def tried(attempts: list[tuple[datetime, bool]], clock: list[datetime]) -> Tried:
    """What became of an exercise after these attempts."""
    clock += [time for time, _ in attempts]
    for _, passed in attempts:
        store.record("conv1d", passed=passed, mistake=None)
    return store.load().exercise("conv1d")


@pytest.mark.parametrize(
    ("words", "day"),
    [
        pytest.param("0+", 1, id="passed once: after 1 day"),
        pytest.param("0+ 1+", 1 + 3, id="on 2 days: after 3"),
        pytest.param("0+ 1+ 4+", 4 + 7, id="on 3 days: after 7"),
        pytest.param("0+ 1+ 4+ 11+", 11 + 16, id="on 4 days: after 16"),
        pytest.param("0+ 1+ 4+ 11+ 27+", 27 + 35, id="on 5 days: after 35"),
        pytest.param("0+ 1+ 4+ 11+ 27+ 62+", 62 + 35, id="then every 35 days"),
        pytest.param("0+ 0+ 0+", 1, id="three times on a day count once"),
        pytest.param("0+ 1+ 1+", 1 + 3, id="twice on the second day count once"),
        pytest.param("0+ 20+", 20 + 3, id="a late review counts as one"),
        pytest.param("0- 0+", 1, id="a failure before the first pass"),
        pytest.param("0+ 1+ 4-", 4, id="a failure: due on that day"),
        pytest.param("0+ 0-", 0, id="a failure on the day of the pass"),
        pytest.param("0+ 1+ 4- 4+", 4 + 1, id="a failure starts again"),
        pytest.param("0+ 0- 0+", 1, id="all on one day"),
        pytest.param("0+ 1+ 1- 1+ 2+", 2 + 3, id="on 2 days after a failure"),
        pytest.param("5+ 1+", 5 + 3, id="the clock went back"),
    ],
)
def test_due_date(words: str, day: int, clock: list[datetime]) -> None:
    assert due_date(tried(history(words), clock), TODAY) == START.date() + timedelta(days=day)


@pytest.mark.parametrize("words", ["", "0-", "0- 3-"], ids=["never tried", "failed", "failed twice"])
def test_what_was_never_passed_is_not_reviewed(words: str, clock: list[datetime]) -> None:
    assert due_date(tried(history(words), clock), TODAY) is None


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        pytest.param(["2026-03-01T23:50:00+08:00", "2026-03-02T00:10:00+08:00"], "2026-03-05", id="over midnight"),
        pytest.param(["2026-03-01T00:10:00+08:00", "2026-03-01T23:50:00+08:00"], "2026-03-02", id="two dates in UTC"),
        pytest.param(["2026-03-01T15:00:00-08:00", "2026-03-01T17:00:00-08:00"], "2026-03-02", id="midnight in UTC"),
        pytest.param(["2026-02-28T12:00:00-08:00"], "2026-03-01", id="over the end of a month"),
        pytest.param(["2028-02-28T12:00:00-08:00"], "2028-02-29", id="a leap day"),
    ],
)
def test_a_day_is_one_of_the_readers_calendar(times: list[str], expected: str, clock: list[datetime]) -> None:
    found = tried([(datetime.fromisoformat(time), True) for time in times], clock)
    assert due_date(found, date(2030, 1, 1)) == date.fromisoformat(expected)


@pytest.mark.parametrize(("words", "days"), [("0+ 99+", 3), ("99+", 1), ("99+ 99-", 0)])
def test_a_pass_in_the_future_counts_as_one_of_today(words: str, days: int, clock: list[datetime]) -> None:
    today = date(2026, 3, 2)
    assert due_date(tried(history(words), clock), today) == today + timedelta(days=days)


def test_due_has_the_longest_overdue_first_and_nothing_that_is_not_due() -> None:
    def passed_on(day: int) -> Tried:
        return Tried(1, passes=(datetime(2026, 3, day, 9, tzinfo=OREGON),), streak=1)

    state = State({"b": passed_on(4), "new": passed_on(5), "a": passed_on(4), "c": passed_on(1), "d": Tried(3)})
    assert due(state, date(2026, 3, 5)) == ("c", "b", "a")
    assert due(state, date(2026, 3, 1)) == ()
    assert due(State(), date(2026, 3, 5)) == ()
