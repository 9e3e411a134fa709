"""Pictures of training: how the loss and the metric went, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from convlab.figures import style
from convlab.figures.tensors import curves

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes

    from convlab.training import History


def history(
    history: History,
    *,
    axes: Sequence[Axes] | np.ndarray | None = None,
    loss: str = "loss",
    metric: str = "metric",
    log: bool = False,
    title: str | None = None,
) -> np.ndarray:
    """Training curves: the loss over the epochs, and beside it the metric, where there is one.

    Args:
        history: What `convlab.training.train` returned.
        axes: One of matplotlib's axes for the loss, and a second one where there is a metric; None makes a new figure.
        loss: What the loss is, with its unit, as "mean squared error in mV^2".
        metric: What the metric is, as "accuracy".
        log: Whether the axis of the loss is logarithmic.
        title: What the reader sees above the loss.

    Returns:
        The axes.

    Raises:
        ValueError: If the history is empty, or there are not as many axes as curves.

    Example:
        >>> from convlab.training import History
        >>> drawn = history(History(loss=[2.0, 1.0], metric=[0.5, 0.75]), metric="accuracy")
        >>> [ax.get_ylabel() for ax in drawn]
        ['loss', 'accuracy']
    """
    import numpy as np

    parts = [(loss, history.losses, log), (metric, history.metrics, False)]
    shown = [(name, series, scale) for name, series, scale in parts if series]
    if not shown:
        raise ValueError("history must hold at least one epoch, but it is empty")
    if axes is None:
        axes = np.atleast_1d(style.panels(1, len(shown), width=5.2 * len(shown), height=3.2))
    if len(axes) != len(shown):
        names = " and ".join(name for name, _, _ in shown)
        raise ValueError(f"axes must be as many as curves, but there are {len(axes)} axes for {names}")
    for ax, (name, series, scale) in zip(axes, shown, strict=True):
        curves(series, ax=ax, xlabel="epoch", ylabel=name, log=scale)
        ax.xaxis.get_major_locator().set_params(integer=True)
    axes[0].set_title(title or "")
    style.describe(axes[0].figure, " ".join(_words(name, series) for name, series, _ in shown))
    return np.asarray(axes)


def _words(name: str, series: dict[str, list[float]]) -> str:
    """As "loss over 5 epochs: training from 2 to 0.5, validation from 2 to 0.75."."""
    ends = ", ".join(f"{which} from {values[0]:.3g} to {values[-1]:.3g}" for which, values in series.items())
    count = max(map(len, series.values()))
    return f"{name} over {count} epoch{'s' * (count != 1)}: {ends}."
