"""From what a reader knows to the notebook to begin with, and the advice in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from convlab.inspection.doctor.phrases import listed
from convlab.practice.course import COURSE, LAST, everything_before, known

MOST_FAILED = 2
"""After so many notebooks whose questions were not answered, nothing more is asked."""


@dataclass(frozen=True)
class Placement:
    """Where a reader begins.

    Attributes:
        start: The number of the notebook to begin with.
        skip: The numbers of those that the reader knows.
        later: The numbers of further ones whose questions were not answered.

    Example:
        >>> Placement("03", ("01", "02"), ()).start
        '03'
    """

    start: str
    skip: tuple[str, ...]
    later: tuple[str, ...]


def place(outcomes: Mapping[str, bool]) -> Placement:
    """Where a reader begins: at the first notebook that is not known; at the capstone where all are.

    Args:
        outcomes: Whether the questions on a notebook were answered, by its number, "01" to "11". One that is left
            out was not asked about, and is not known.

    Raises:
        ValueError: If there are no questions on a notebook of this number.

    Example:
        >>> place({"01": True, "02": True, "03": False})
        Placement(start='03', skip=('01', '02'), later=())
        >>> place({}).start
        '01'
    """
    numbers = [number for number in COURSE if number != LAST]
    for number in outcomes:
        if number not in numbers:
            raise ValueError(f"outcomes must name notebooks from {numbers[0]} to {numbers[-1]}, but it names {number}")
    start = next((number for number in numbers if not outcomes.get(number)), LAST)
    skip = tuple(number for number in numbers if outcomes.get(number))
    later = tuple(number for number in numbers if number != start and outcomes.get(number) is False)
    return Placement(start, skip, later)


def next_number(outcomes: Mapping[str, bool]) -> str | None:
    """The notebook to ask about next; None where more questions would not change where the reader begins.

    Nothing is asked about a notebook that stands on one that is not known.

    Args:
        outcomes: As for `place`, so far.

    Example:
        >>> next_number({}), next_number({"01": False}), next_number({"01": True, "02": False})
        ('01', None, '03')
    """
    failed = {number for number, passed in outcomes.items() if not passed}
    if len(failed) >= MOST_FAILED:
        return None
    waiting = (number for number in COURSE if number != LAST and number not in outcomes)
    return next((number for number in waiting if not failed.intersection(everything_before(number))), None)


def advice(placed: Placement, missed: Mapping[str, Sequence[str]]) -> str:
    """The advice in words: plain text, whose paragraphs are separated by empty lines.

    Args:
        placed: Where the reader begins.
        missed: The sections whose questions were not answered, by the number of the notebook.

    Example:
        >>> print(advice(place({"01": True, "02": False}), {"02": ["Text is a signal"]}))
        Start with notebook 02 Conv1d: open `02_conv1d.ipynb`. Read its section "Text is a signal" above all.
        <BLANKLINE>
        You can skip 01.
    """
    part = known(placed.start)
    first = f"Start with notebook {placed.start} {part.title}: open `{part.stem}.ipynb`."
    if sections := missed.get(placed.start, ()):
        first += f" Read its {_sections(sections)} above all."
    lines = [first]
    if placed.skip:
        lines.append(f"You can skip {listed(placed.skip)}.")
    for number in placed.later:
        where = f", above all its {_sections(missed[number])}" if missed.get(number) else ""
        lines.append(f"After it, read {number} {known(number).title}{where}.")
    for number in placed.skip:
        if sections := missed.get(number, ()):
            lines.append(f"One answer about {number} was wrong: look at its {_sections(sections)}.")
    return "\n\n".join(lines)


def _sections(titles: Sequence[str]) -> str:
    quoted = [f'"{title}"' for title in titles]
    return f"section{'s' if len(quoted) > 1 else ''} {listed(quoted)}"
