"""What is drawn is read back: which lines there are, and which of them are strong."""

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes

from convlab import figures

GROUPED = torch.block_diag(torch.ones(2, 2), torch.ones(1, 2)).bool()  # 4 inputs, 3 outputs
CHAIN = [torch.tensor([[1, 1, 0], [0, 1, 1]]).bool(), torch.tensor([[1, 1]]).bool()]


def lines(ax: Axes, color: str | None = None) -> list[list[list[float]]]:
    """The ends of each line, (x, y), in order; of one colour, or of all."""
    found = [line for line in ax.lines if color is None or line.get_color() == color]
    return sorted(np.stack([line.get_xdata(), line.get_ydata()], 1).tolist() for line in found)


def test_a_line_for_each_link() -> None:
    ax = figures.connections(GROUPED)
    assert lines(ax) == [
        [[0.0, 0.0], [0.0, 1.0]],
        [[0.0, 0.0], [1.5, 1.0]],
        [[1.0, 0.0], [0.0, 1.0]],
        [[1.0, 0.0], [1.5, 1.0]],
        [[2.0, 0.0], [3.0, 1.0]],
        [[3.0, 0.0], [3.0, 1.0]],
    ]


def test_without_a_highlight_all_is_strong() -> None:
    ax = figures.connections(CHAIN)
    assert len(lines(ax, "silver")) == 0
    assert len(ax.lines) == 6


def test_a_highlight_shows_what_reaches_it_through_all_layers() -> None:
    layers = [torch.eye(3).bool(), torch.tensor([[1, 1, 0], [0, 0, 1]]).bool()]
    ax = figures.connections(layers, highlight=0)
    assert lines(ax, "silver") == [[[2.0, 0.0], [2.0, 1.0]], [[2.0, 1.0], [2.0, 2.0]]]
    assert len(ax.lines) == 6
    rows = [np.asarray(collection.get_facecolor())[:, 0] for collection in ax.collections]
    assert [(red == 0).tolist() for red in rows] == [  # the strong colour has no red
        [True, True, False],
        [True, True, False],
        [True, False],
    ]


def test_a_single_node_lies_in_the_middle() -> None:
    assert lines(figures.connections(torch.ones(1, 3, dtype=torch.bool))) == [
        [[0.0, 0.0], [1.0, 1.0]],
        [[1.0, 0.0], [1.0, 1.0]],
        [[2.0, 0.0], [1.0, 1.0]],
    ]


def test_given_axes_title_and_names() -> None:
    given = figures.panels(1, 1, width=3, height=2)[0]
    ax = figures.connections(CHAIN, ax=given, title="t", names=["x", "h", "y"])
    assert ax is given
    assert (ax.get_title(), [label.get_text() for label in ax.get_yticklabels()]) == ("t", ["x", "h", "y"])


@pytest.mark.parametrize(
    ("links", "options", "error", "message"),
    [
        pytest.param(torch.ones(2, 2), {}, TypeError, "bools, but layer 0 has dtype torch.float32", id="floats"),
        pytest.param(GROUPED[0], {}, ValueError, r"layer 0 has shape \(4,\)", id="one axis"),
        pytest.param([], {}, ValueError, "at least one layer", id="no layer"),
        pytest.param([GROUPED, GROUPED], {}, ValueError, "layer 1 has 4 inputs and layer 0 has 3", id="no fit"),
        pytest.param(GROUPED, {"highlight": 3}, ValueError, "highlight=3 of 3 outputs", id="no such output"),
        pytest.param(GROUPED, {"highlight": 0.5}, TypeError, "highlight", id="no int"),
        pytest.param(GROUPED, {"names": ["a"]}, ValueError, "there are 2 rows and 1 names", id="a name too few"),
    ],
)
def test_refused(links: torch.Tensor, options: dict[str, int], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        figures.connections(links, **options)  # type: ignore[arg-type]
