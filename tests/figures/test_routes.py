"""The map of what needs what: boxes, arrows, marks, words, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
import pytest

from convlab import figures, practice

NEEDS = {"1": [], "2": ["1"], "3": ["1", "2"]}
PLACES = {"1": (0.0, 0.0), "2": (1.0, 1.0), "3": (0.0, 2.0)}
NAMES = {"1": "one", "2": "two", "3": "a name that is long"}


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


def test_boxes_marks_and_arrows() -> None:
    ax = figures.routes(NEEDS, {"all": "123", "short": "12"}, places=PLACES, names=NAMES, title="a map")
    words = [text.get_text() for text in ax.texts]
    assert words.count("") == 3  # the arrows
    assert [word for word in words if word] == [
        "1\none",
        "a1",
        "s1",
        "2\ntwo",
        "a2",
        "s2",
        "3\na name that\nis long",
        "a3",
    ]
    assert len(ax.patches) == 3
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["a: all", "s: short"]
    assert ax.get_title() == "a map"


def test_the_words_hold_all_needs_and_ways() -> None:
    ax = figures.routes(NEEDS, {"all": "123"}, places=PLACES, names=NAMES)
    assert ax.figure.get_label() == (
        "A map. 1 one needs nothing; 2 two needs 1; 3 a name that is long needs 1 and 2. The way for all: 1, 2, 3."
    )


def test_it_draws_on_given_axes() -> None:
    ax = figures.panels(1, 2, width=4, height=2)[1]
    assert figures.routes(NEEDS, {}, places=PLACES, names=NAMES, ax=ax) is ax
    assert ax.get_legend() is None


def test_on_the_map_of_the_course_no_arrow_runs_through_a_box_and_no_boxes_touch() -> None:
    places = {number: part.place for number, part in practice.COURSE.items()}
    for number, needs in practice.direct_needs().items():
        for need in needs:
            (x, y), (to, end) = places[need], places[number]
            for other, (left, row) in places.items():
                if y < row < end:
                    at = x + (to - x) * (row - y) / (end - y)
                    assert abs(at - left) > 0.45, f"{need} to {number} runs through {other}"
    rows: dict[float, list[float]] = {}
    for left, row in places.values():
        rows.setdefault(row, []).append(left)
    assert all(b - a > 0.9 for found in rows.values() for a, b in zip(sorted(found), sorted(found)[1:], strict=False))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        pytest.param(
            {"ways": {"all": "12", "any": "1"}}, "different letters, but they are all, any", id="one letter twice"
        ),
        pytest.param(
            {"ways": {"all": "13"}}, "'3' needs '2', but 'all' does not come there before", id="a need is left out"
        ),
        pytest.param({"ways": {"all": "213"}}, "'2' needs '1', but 'all' does not", id="too early"),
        pytest.param({"ways": {"all": "14"}}, "'all' goes to '4'", id="a step off the map"),
        pytest.param(
            {"needs": {"1": ["9"]}}, "each thing must have a place and its needs, but '9' has not", id="no box"
        ),
    ],
)
def test_refused(change: dict[str, Any], sentence: str) -> None:
    arguments: dict[str, Any] = {"needs": NEEDS, "ways": {"all": "123"}, **change}
    with pytest.raises(ValueError, match=sentence):
        figures.routes(arguments["needs"], arguments["ways"], places=PLACES, names=NAMES)
    assert plt.get_fignums() == []
