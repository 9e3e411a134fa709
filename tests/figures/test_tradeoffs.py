"""The chart of cost against quality is checked by reading the axes back."""

import re

import pytest

from convlab import figures

POINTS = {"small": (1e4, [0.7, 0.9]), "large": (1e6, [0.75])}


def test_each_network_has_a_point_a_name_and_a_bar_from_the_worst_run_to_the_best() -> None:
    ax = figures.tradeoff(POINTS, guessing=0.5, title="clips")
    assert (ax.get_xscale(), ax.get_xlabel(), ax.get_title()) == ("log", "MACs", "clips")
    assert [text.get_text() for text in ax.texts] == ["small", "large"]
    drawn = [tuple(bars[0].get_xydata()[0]) for bars in ax.containers]
    assert drawn == [(1e4, pytest.approx(0.8)), (1e6, 0.75)]
    ends = ax.containers[0][2][0].get_segments()[0][:, 1]
    assert ends.tolist() == pytest.approx([0.7, 0.9])
    assert [0.5, 0.5] in [list(line.get_ydata()) for line in ax.lines]  # type: ignore[arg-type]
    assert ax.figure.get_label() == "part told right against MACs. small: 10,000, 0.80; large: 1,000,000, 0.75."


def test_the_readers_network_stands_out() -> None:
    ax = figures.tradeoff(POINTS, own={"large"})
    styles = [(bars[0].get_color(), bars[0].get_marker()) for bars in ax.containers]
    assert styles == [(figures.style.COLOURS[0], "o"), (figures.style.COLOURS[1], "s")]
    assert [text.get_color() for text in ax.texts] == [colour for colour, _ in styles]


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        pytest.param({}, "at least one network", id="nothing"),
        pytest.param({"free": (0, [0.5])}, "'free' has cost=0", id="no cost, which has no place on the axis"),
        pytest.param({"new": (1e3, [])}, "'new' has cost=1000.0, runs=[]", id="no runs"),
    ],
)
def test_bad_input_is_one_sentence(points: dict[str, tuple[float, list[float]]], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        figures.tradeoff(points)
