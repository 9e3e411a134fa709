"""Training curves are checked by reading the axes back."""

import re
from collections.abc import Callable

import matplotlib.pyplot as plt
import pytest

from convlab import figures
from convlab.training import History

FULL = History([2.0, 1.0, 0.5], [2.0, 1.5, 1.25], [0.25, 0.5, 0.75], [0.25, 0.5, 0.625])


def test_loss_and_metric_stand_side_by_side_with_their_names() -> None:
    axes = figures.history(FULL, loss="cross-entropy", metric="accuracy", title="digits", log=True)
    assert [ax.get_ylabel() for ax in axes] == ["cross-entropy", "accuracy"]
    assert [ax.get_xlabel() for ax in axes] == ["epoch", "epoch"]
    assert [ax.get_yscale() for ax in axes] == ["log", "linear"]
    assert axes[0].get_title() == "digits"
    drawn = [{line.get_label(): line.get_ydata().tolist() for line in ax.lines} for ax in axes]
    assert drawn == [FULL.losses, FULL.metrics]
    assert axes[0].lines[0].get_xdata().tolist() == [1, 2, 3]
    assert axes[0].figure.get_label() == (
        "cross-entropy over 3 epochs: training from 2 to 0.5, validation from 2 to 1.25. "
        "accuracy over 3 epochs: training from 0.25 to 0.75, validation from 0.25 to 0.625."
    )


def test_without_a_metric_there_is_one_picture() -> None:
    (ax,) = figures.history(History([1.0]))
    assert ax.get_ylabel() == "loss"
    assert ax.figure.get_label() == "loss over 1 epoch: training from 1 to 1."


def test_draws_on_the_given_axes() -> None:
    axes = figures.panels(1, 2, width=6, height=2)
    before = plt.get_fignums()
    assert list(figures.history(FULL, axes=axes)) == list(axes)
    assert plt.get_fignums() == before


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        pytest.param(
            lambda: figures.history(History()), "history must hold at least one epoch, but it is empty", id="empty"
        ),
        pytest.param(
            lambda: figures.history(FULL, axes=[]),
            "axes must be as many as curves, but there are 0 axes for loss and metric",
            id="no axes",
        ),
    ],
)
def test_refused_before_a_figure_is_made(draw: Callable[[], object], message: str) -> None:
    before = plt.get_fignums()
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        draw()
    assert plt.get_fignums() == before
