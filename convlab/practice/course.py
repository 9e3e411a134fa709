"""The plan of the course: what each notebook stands on, and three routes through them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A notebook, and its place on the map of the course.

    Attributes:
        stem: The name of its file, without ".ipynb".
        title: What it is about, in one or two words.
        needs: The numbers of the notebooks that its line *Before this* names.
        place: Column and row on the map; rows count downwards.

    Example:
        >>> COURSE["03"].stem, COURSE["03"].needs
        ('03_conv2d', ('01',))
    """

    stem: str
    title: str
    needs: tuple[str, ...]
    place: tuple[float, float]


COURSE: Mapping[str, Part] = {
    "01": Part("01_sliding_window", "sliding window", (), (2, 0)),
    "02": Part("02_conv1d", "Conv1d", ("01",), (0.5, 1)),
    "03": Part("03_conv2d", "Conv2d", ("01",), (2, 1)),
    "04": Part("04_conv3d", "Conv3d", ("03",), (1, 2)),
    "05": Part("05_shapes_and_errors", "shapes and errors", ("03",), (4, 2)),
    "06": Part("06_grouped_and_depthwise", "grouped and depthwise", ("03",), (2, 2)),
    "07": Part("07_dilated", "dilated", ("02", "03"), (0, 2)),
    "08": Part("08_transposed", "transposed", ("03",), (3, 2)),
    "09": Part("09_deformable", "deformable", ("03", "04", "07"), (0, 3)),
    "10": Part("10_backward", "backward", ("03", "08"), (3.25, 3)),
    "11": Part("11_how_it_runs", "how it runs", ("06", "10"), (3, 4)),
    "12": Part("12_capstone", "capstone", ("04", "06", "07", "08"), (1.5, 4)),
}
"""The notebooks by their numbers, in the order of the course."""

LAST = "12"
"""The notebook that ends the course."""

ROUTES: Mapping[str, tuple[str, ...]] = {
    "signals": ("01", "02", "03", "05", "07", "06"),
    "pictures": ("01", "03", "05", "06", "08", "10"),
    "volumes": ("01", "03", "04", "05", "02", "07", "09"),
}
"""Ways through the course for three kinds of data; each notebook comes after all that it needs."""


def everything_before(number: str) -> tuple[str, ...]:
    """What a notebook stands on, directly and through others, in the order of the course.

    Args:
        number: As "07".

    Raises:
        ValueError: If there is no such notebook.

    Example:
        >>> everything_before("09")
        ('01', '02', '03', '04', '07')
    """
    found: set[str] = set()
    waiting = list(known(number).needs)
    while waiting:
        need = waiting.pop()
        if need not in found:
            found.add(need)
            waiting += COURSE[need].needs
    return tuple(sorted(found))


def direct_needs() -> dict[str, tuple[str, ...]]:
    """What each notebook stands on, without what follows from the rest: the arrows of the map.

    Example:
        >>> COURSE["10"].needs, direct_needs()["10"]
        (('03', '08'), ('08',))
    """
    return {
        number: tuple(need for need in part.needs if not any(need in everything_before(other) for other in part.needs))
        for number, part in COURSE.items()
    }


def still_needed(number: str, read: Iterable[str]) -> tuple[str, ...]:
    """What has to be read before a notebook, besides what was read already.

    Args:
        number: The notebook, as "12".
        read: The numbers of those that were read.

    Raises:
        ValueError: If there is no such notebook.

    Example:
        >>> still_needed("12", ROUTES["pictures"])
        ('02', '04', '07')
    """
    done = set(read)
    return tuple(need for need in everything_before(number) if need not in done)


def known(number: str) -> Part:
    """The notebook of this number.

    Args:
        number: As "07".

    Raises:
        ValueError: If there is none.

    Example:
        >>> known("13")
        Traceback (most recent call last):
        ValueError: number must be one of 01, 02, ..., 12, but number='13'
    """
    if number not in COURSE:
        raise ValueError(f"number must be one of {', '.join(COURSE)}, but number={number!r}")
    return COURSE[number]
