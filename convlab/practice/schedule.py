"""Spaced review: what was passed comes back after 1, 3, 7, 16 and 35 days. A day is a date of the reader's calendar."""

from __future__ import annotations

from datetime import date, timedelta

from convlab.practice.state import State, Tried

INTERVALS = (1, 3, 7, 16, 35)
"""Days from a pass to the review, after the first, second, ... day in a row with a pass; the last one repeats."""


def days_passed(tried: Tried, today: date) -> tuple[date, ...]:
    """The days with a pass since the last failure, in their order, each once.

    Args:
        tried: What became of the exercise.
        today: A day after this one, left by a clock that was wrong, counts as this one.

    Example:
        >>> from datetime import UTC, datetime
        >>> times = [datetime(2026, 3, day, hour, tzinfo=UTC) for day, hour in [(1, 9), (2, 8), (2, 20)]]
        >>> [str(day) for day in days_passed(Tried(3, passes=tuple(times), streak=2), date(2026, 3, 9))]
        ['2026-03-02']
    """
    since = tried.passes[len(tried.passes) - tried.streak :]
    return tuple(sorted({min(time.date(), today) for time in since}))


def due_date(tried: Tried, today: date) -> date | None:
    """The day from which an exercise is to be reviewed; None where it was never passed.

    One that was passed and then failed is due on the day of the failure.

    Args:
        tried: What became of the exercise.
        today: The reader's date.

    Example:
        >>> from datetime import UTC, datetime
        >>> passed = Tried(1, passes=(datetime(2026, 2, 28, 9, tzinfo=UTC),), streak=1)
        >>> str(due_date(passed, today=date(2026, 2, 28)))
        '2026-03-01'
    """
    if not tried.is_passed:
        return None
    days = days_passed(tried, today)
    if days:
        return days[-1] + timedelta(days=INTERVALS[min(len(days), len(INTERVALS)) - 1])
    last = tried.last or tried.passes[-1]
    return min(last.date(), today)


def due(state: State, today: date) -> tuple[str, ...]:
    """The exercises to review, the longest overdue first.

    Args:
        state: The reader's progress.
        today: The reader's date.

    Example:
        >>> from datetime import UTC, datetime
        >>> passed = Tried(1, passes=(datetime(2026, 3, 1, 9, tzinfo=UTC),), streak=1)
        >>> state = State({"conv1d": passed, "conv2d": Tried(attempts=1)})
        >>> due(state, date(2026, 3, 1)), due(state, date(2026, 3, 2))
        ((), ('conv1d',))
    """
    dates = {name: due_date(tried, today) for name, tried in state.exercises.items()}
    found = [(day, name) for name, day in dates.items() if day is not None and day <= today]
    return tuple(name for _, name in sorted(found, key=lambda pair: pair[0]))
