"""The plan of the course: it says what the notebooks say, and the routes keep it."""

from __future__ import annotations

import re

import pytest
from course_text import FOLDER, prose

from convlab.practice.course import COURSE, LAST, ROUTES, direct_needs, everything_before, still_needed


def named(text: str) -> tuple[str, ...]:
    """The numbers of the notebooks that the line *Before this* links to."""
    (line,) = re.findall(r"^\*\*Before this:\*\*(.*)$", text, re.MULTILINE)
    return tuple(sorted(re.findall(r"\]\((\d\d)_\w+\.ipynb\)", line)))


@pytest.mark.parametrize("number", COURSE)
def test_the_map_says_what_the_notebook_says(number: str) -> None:
    part = COURSE[number]
    assert part.stem.startswith(f"{number}_")
    assert part.needs == named(prose(part.stem))


def test_a_need_that_the_map_lacks_is_seen() -> None:
    text = "**Before this:** [03 Conv2d](03_conv2d.ipynb), [01 sliding window](01_sliding_window.ipynb)\n"
    assert named(text) == ("01", "03") != COURSE["03"].needs


def test_the_course_has_all_notebooks_but_the_first() -> None:
    stems = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
    assert ["00_start_here", *(part.stem for part in COURSE.values())] == stems
    assert list(COURSE)[-1] == LAST


def test_no_notebook_needs_a_later_one() -> None:
    assert all(need < number for number, part in COURSE.items() for need in part.needs)
    assert len({part.place for part in COURSE.values()}) == len(COURSE)


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_comes_to_nothing_before_what_it_needs(route: str) -> None:
    steps = ROUTES[route]
    assert len(set(steps)) == len(steps)
    for place, number in enumerate(steps):
        assert still_needed(number, steps[:place]) == ()


def test_a_step_that_comes_too_early_is_seen() -> None:
    assert still_needed("07", ("01", "03")) == ("02",)
    assert still_needed("12", ()) == ("01", "02", "03", "04", "06", "07", "08")


def test_the_arrows_leave_out_what_follows_and_lose_nothing() -> None:
    arrows = direct_needs()
    for number in COURSE:
        reached = set(arrows[number])
        for need in arrows[number]:
            reached |= set(everything_before(need))
        assert reached == set(everything_before(number))
    assert arrows["09"] == ("04", "07")


def test_an_unknown_notebook_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^number must be one of 01, 02, .*12, but number='13'$"):
        everything_before("13")
