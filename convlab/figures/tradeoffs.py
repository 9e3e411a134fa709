"""Networks compared: what each costs, and how good it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from convlab.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Point = tuple[float, Sequence[float]]
"""What a network costs, and how good it was in each of its runs."""


def tradeoff(
    points: Mapping[str, Point],
    *,
    own: Collection[str] = (),
    ax: Axes | None = None,
    title: str | None = None,
    xlabel: str = "MACs",
    ylabel: str = "part told right",
    guessing: float | None = None,
) -> Axes:
    """Networks as points, from cheap to expensive and from bad to good: the mean of the runs, with the worst and best.

    Args:
        points: What each network costs and how good it was in each run, by its name.
        own: The names that are drawn in another colour and as squares: the reader's.
        ax: The axes to draw on; None makes a new figure.
        title: What the reader sees.
        xlabel: What the cost is; its axis is logarithmic.
        ylabel: What good means.
        guessing: How good it is to guess; a dotted line there. None draws none.

    Raises:
        ValueError: If there are no points, a cost is not positive, or a network has no runs.

    Example:
        >>> ax = tradeoff({"small": (1e5, [0.8, 0.9]), "large": (1e6, [0.9])}, own=["large"], guessing=0.5)
        >>> [text.get_text() for text in ax.texts]
        ['small', 'large']
    """
    if not points:
        raise ValueError("points must hold at least one network, but it is empty")
    for name, (cost, runs) in points.items():
        if not cost > 0 or not len(runs):
            raise ValueError(
                f"a network must have a positive cost and a run, but {name!r} has cost={cost}, runs={runs}"
            )
    ax = style.axes(ax, width=7, height=3.8)
    means = {name: (cost, sum(runs) / len(runs)) for name, (cost, runs) in points.items()}
    words = []
    for name, (cost, mean) in means.items():
        runs = points[name][1]
        colour, marker = (style.COLOURS[1], "s") if name in own else (style.COLOURS[0], "o")
        ends = [[mean - min(runs)], [max(runs) - mean]]
        ax.errorbar([cost], [mean], ends, marker=marker, capsize=3, color=colour)
        in_the_way = any(cost < price < 1.3 * cost and abs(mean - other) < 0.05 for price, other in means.values())
        shift, side = (-8, "right") if in_the_way else (8, "left")
        ax.annotate(name, (cost, mean), xytext=(shift, 4), textcoords="offset points", ha=side, color=colour)
        words.append(f"{name}: {cost:,.0f}, {mean:.2f}")
    if guessing is not None:
        ax.axhline(guessing, color="black", linestyle=":", linewidth=1)
    ax.set(xscale="log", xlabel=xlabel, ylabel=ylabel, title=title or "")
    ax.margins(x=0.25)
    style.describe(ax.figure, f"{ylabel} against {xlabel}. {'; '.join(words)}.")
    return ax
