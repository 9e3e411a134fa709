"""`State`: what is known of a reader's progress, and how it stands in a file. It holds no answers of the reader."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

VERSION = 1
MOST_HINTS = 3

Raw = dict[str, Any]
"""A file of progress as JSON has it, with fields that this version does not know."""
_T = TypeVar("_T")


class NewerVersionError(Exception):
    """The file is of a newer version of convlab, which this one cannot read.

    Example:
        >>> decoded(b'{"version": 2}')
        Traceback (most recent call last):
        convlab.practice.state.NewerVersionError: 2
    """


@dataclass(frozen=True)
class Tried:
    """What became of one exercise.

    Attributes:
        attempts: How often it was checked.
        first: When it was checked first, in the reader's local time; None where it was not.
        last: When it was checked last.
        passes: When it was passed; of several passes on a day without a failure between, the first one.
        streak: How many of these, counted from the last, came after the last failure.
        mistakes: How often each mistake was made, by its name.
        hints: How many of its hints were seen.
        asked: How often the solution was asked for.

    Example:
        >>> Tried(attempts=2, mistakes={"the kernel is flipped": 2}).is_passed
        False
    """

    attempts: int = 0
    first: datetime | None = None
    last: datetime | None = None
    passes: tuple[datetime, ...] = ()
    streak: int = 0
    mistakes: Mapping[str, int] = field(default_factory=dict)
    hints: int = 0
    asked: int = 0

    @property
    def is_passed(self) -> bool:
        """Whether it was ever passed."""
        return bool(self.passes)


@dataclass(frozen=True)
class Drilled:
    """What became of the questions of one drill.

    Attributes:
        right: How many were answered right.
        wrong: How many were not.
        last: When the last one was answered; None where none was.

    Example:
        >>> Drilled(right=3, wrong=1)
        Drilled(right=3, wrong=1, last=None)
    """

    right: int = 0
    wrong: int = 0
    last: datetime | None = None


@dataclass(frozen=True)
class State:
    """A reader's progress.

    Attributes:
        exercises: By their names.
        drills: By their topics.

    Example:
        >>> State().exercise("conv1d").attempts
        0
    """

    exercises: Mapping[str, Tried] = field(default_factory=dict)
    drills: Mapping[str, Drilled] = field(default_factory=dict)

    def exercise(self, name: str) -> Tried:
        """What became of an exercise; nothing yet, where it is not known."""
        return self.exercises.get(name, Tried())


def state_of(raw: Raw) -> State:
    """The progress that a file holds; entries that cannot be understood are left out.

    Args:
        raw: As `decoded` gives it.

    Example:
        >>> state_of({"version": 1, "exercises": {"conv1d": {"attempts": 2}, "conv2d": 7}}).exercises
        {'conv1d': Tried(attempts=2, ...)}
    """
    return State(_entries(raw, "exercises", _tried), _entries(raw, "drills", _drilled))


def decoded(content: bytes) -> tuple[Raw, bool]:
    """A file as JSON, with the entries that can be understood, and whether these are all.

    Args:
        content: The bytes of the file.

    Raises:
        NewerVersionError: If the file is of a newer version.

    Example:
        >>> decoded(b'{"version": 1, "exercises": {"conv1d": {"attempts": 2, "new": 0}}}')
        ({'version': 1, 'exercises': {'conv1d': {'attempts': 2, 'new': 0}}}, True)
        >>> decoded(b'{"version": 1, "exercises": {"conv1d": {"attempts": -2}}}')
        ({'version': 1, 'exercises': {}}, False)
        >>> decoded(b'{"version": 1, "exerc')
        ({'version': 1}, False)
    """
    try:
        raw = json.loads(content, parse_constant=_number, parse_float=_number)
    except (ValueError, RecursionError):
        return {"version": VERSION}, False
    version = raw.get("version") if isinstance(raw, dict) else None
    if type(version) is not int or version < 1:
        return {"version": VERSION}, False
    if version > VERSION:
        raise NewerVersionError(version)
    is_whole = True
    for section, parse in (("exercises", _tried), ("drills", _drilled)):
        given = raw.get(section, {})
        kept = {name: given[name] for name in _entries(raw, section, parse)}
        if kept != given:
            raw[section], is_whole = kept, False
    return raw, is_whole


def _entries(raw: Raw, section: str, parse: Callable[[Raw], _T]) -> dict[str, _T]:
    """The entries of a section that can be understood."""
    found: dict[str, _T] = {}
    given = raw.get(section, {})
    for name, entry in given.items() if isinstance(given, dict) else ():
        try:
            found[_text(name)] = parse(entry)
        except (ValueError, TypeError, AttributeError):
            continue
    return found


def _tried(entry: Raw) -> Tried:
    passes = tuple(map(_known_time, _typed(entry.get("passes", []), list)))
    return Tried(
        _count(entry.get("attempts", 0)),
        _time(entry.get("first")),
        _time(entry.get("last")),
        passes,
        min(_count(entry.get("streak", 0)), len(passes)),
        {_text(name): _count(count) for name, count in _typed(entry.get("mistakes", {}), dict).items()},
        min(_count(entry.get("hints", 0)), MOST_HINTS),
        _count(entry.get("asked", 0)),
    )


def _drilled(entry: Raw) -> Drilled:
    return Drilled(_count(entry.get("right", 0)), _count(entry.get("wrong", 0)), _time(entry.get("last")))


def _typed(value: Any, kind: type[_T]) -> _T:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 10**9:
        raise ValueError(f"{value!r} is no count")
    return value


def _text(value: str) -> str:
    value.encode()  # half of a pair of surrogates could not be shown
    return value


def _time(value: Any) -> datetime | None:
    return None if value is None else _known_time(value)


def _known_time(value: Any) -> datetime:
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    return found


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number of JSON")
    return number
