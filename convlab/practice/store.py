"""The reader's progress: what is known of each exercise and drill, and what is noted. It stays on this machine.

Nothing here stops a check: what cannot be written is said in a line, and counts until Python ends.
"""

from __future__ import annotations

import functools
from datetime import datetime

from convlab.practice import keeping
from convlab.practice.state import MOST_HINTS, Raw, State, state_of

MOST_PASSES = 50
MOST_MISTAKES = 30
MOST_LETTERS = 200
"""Letters of a name that are kept."""


def load() -> State:
    """The reader's progress; an empty one where there is none.

    Example:
        >>> import tempfile
        >>> from unittest.mock import patch
        >>> with tempfile.TemporaryDirectory() as home, patch.dict("os.environ", CONVLAB_HOME=home):
        ...     record("conv1d", passed=False, mistake="the kernel is flipped")
        ...     load().exercise("conv1d").mistakes
        {'the kernel is flipped': 1}
    """
    return state_of(keeping.known())


def record(name: str, *, passed: bool, mistake: str | None = None) -> None:
    """Note that an answer to an exercise was checked.

    Args:
        name: The exercise.
        passed: Whether the answer is right.
        mistake: The name of the mistake, if it has one.

    Example:
        >>> import tempfile
        >>> from unittest.mock import patch
        >>> with tempfile.TemporaryDirectory() as home, patch.dict("os.environ", CONVLAB_HOME=home):
        ...     record("conv1d", passed=True)
        ...     load().exercise("conv1d").is_passed
        True
    """
    keeping.keep(functools.partial(_attempt, name=name, passed=passed, mistake=mistake, now=_now()))


def record_drill(topic: str, *, passed: bool, tell: keeping.Tell = keeping.say) -> None:
    """Note that a question of a drill was answered.

    Args:
        topic: The drill.
        passed: Whether the answer was right.
        tell: Is called with a sentence where that cannot be kept.

    Example:
        >>> import tempfile
        >>> from unittest.mock import patch
        >>> with tempfile.TemporaryDirectory() as home, patch.dict("os.environ", CONVLAB_HOME=home):
        ...     record_drill("output_shape", passed=True)
        ...     load().drills["output_shape"].right
        1
    """
    keeping.keep(functools.partial(_answer, topic=topic, passed=passed, now=_now()), tell=tell)


def attempts(name: str) -> int:
    """How often an exercise was checked.

    Args:
        name: The exercise.

    Example:
        >>> attempts("an exercise that nobody tried")
        0
    """
    return load().exercise(name).attempts


def hints_seen(name: str) -> int:
    """How many hints of an exercise were seen, 0 to 3.

    Args:
        name: The exercise.

    Example:
        >>> hints_seen("an exercise that nobody tried")
        0
    """
    return load().exercise(name).hints


def note_hint(name: str) -> None:
    """Note that one hint more was seen; there are three.

    Args:
        name: The exercise.

    Example:
        >>> import tempfile
        >>> from unittest.mock import patch
        >>> with tempfile.TemporaryDirectory() as home, patch.dict("os.environ", CONVLAB_HOME=home):
        ...     note_hint("conv1d")
        ...     hints_seen("conv1d")
        1
    """
    keeping.keep(functools.partial(_count_up, name=name, field="hints", most=MOST_HINTS))


def times_asked(name: str) -> int:
    """How often the solution of an exercise was asked for.

    Args:
        name: The exercise.

    Example:
        >>> times_asked("an exercise that nobody tried")
        0
    """
    return load().exercise(name).asked


def note_asked(name: str) -> None:
    """Note that the solution was asked for.

    Args:
        name: The exercise.

    Example:
        >>> import tempfile
        >>> from unittest.mock import patch
        >>> with tempfile.TemporaryDirectory() as home, patch.dict("os.environ", CONVLAB_HOME=home):
        ...     note_asked("conv1d")
        ...     times_asked("conv1d")
        1
    """
    keeping.keep(functools.partial(_count_up, name=name, field="asked", most=10**6))


def reset(name: str | None = None) -> None:
    """Begin anew with one exercise or drill, or with all; a copy of the progress until now lies beside it.

    Args:
        name: The exercise or drill; None for all.

    Example:
        >>> import os, tempfile
        >>> from unittest.mock import patch
        >>> with tempfile.TemporaryDirectory() as home, patch.dict("os.environ", CONVLAB_HOME=home):
        ...     record("conv1d", passed=True)
        ...     reset("conv1d")
        ...     attempts("conv1d"), sorted(os.listdir(home))[0]
        (0, 'progress.before-reset-1.json')
    """
    keeping.rewrite(functools.partial(_forget, name=name), "before-reset")


def _forget(raw: Raw, *, name: str | None) -> None:
    for section in ("exercises", "drills"):
        if name is None:
            raw.pop(section, None)
        else:
            raw.get(section, {}).pop(name, None)


def _attempt(raw: Raw, *, name: str, passed: bool, mistake: str | None, now: datetime) -> None:
    entry = _entry(raw, "exercises", name)
    entry["attempts"] = entry.get("attempts", 0) + 1
    entry["last"] = now.isoformat()
    entry["first"] = entry.get("first") or entry["last"]
    passes = entry.get("passes", [])
    streak = min(entry.get("streak", 0), len(passes))
    if not passed:
        entry["streak"] = 0
    elif not streak or datetime.fromisoformat(passes[-1]).date() != now.date():
        entry["passes"] = [*passes, entry["last"]][-MOST_PASSES:]
        entry["streak"] = min(streak + 1, MOST_PASSES)
    if mistake is not None:
        counts = entry.setdefault("mistakes", {})
        counts[mistake[:MOST_LETTERS]] = counts.pop(mistake[:MOST_LETTERS], 0) + 1
        while len(counts) > MOST_MISTAKES:
            del counts[min(list(counts)[:-1], key=counts.__getitem__)]  # the newest one stays


def _answer(raw: Raw, *, topic: str, passed: bool, now: datetime) -> None:
    entry = _entry(raw, "drills", topic)
    kind = "right" if passed else "wrong"
    entry[kind] = entry.get(kind, 0) + 1
    entry["last"] = now.isoformat()


def _count_up(raw: Raw, *, name: str, field: str, most: int) -> None:
    entry = _entry(raw, "exercises", name)
    entry[field] = min(entry.get(field, 0) + 1, most)


def _entry(raw: Raw, section: str, name: str) -> Raw:
    entry: Raw = raw.setdefault(section, {}).setdefault(name[:MOST_LETTERS], {})
    return entry


def _now() -> datetime:
    """The time, with the difference to UTC that the reader's clock has, so that the reader's date stays known."""
    return datetime.now().astimezone().replace(microsecond=0)
