"""A map of what needs what, and ways over it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from convlab.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDE, _HIGH = 0.45, 0.28
"""Half the width and half the height of a box, where the step to the next column and row is 1."""

_LETTERS = 13
"""Letters that a line in a box has room for."""


def routes(
    needs: Mapping[str, Sequence[str]],
    ways: Mapping[str, Sequence[str]],
    *,
    places: Mapping[str, tuple[float, float]],
    names: Mapping[str, str],
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    r"""A map: a box for each thing, an arrow from each that it needs, and beside it its number on each way.

    The ways differ by their letter and by their colour.

    Args:
        needs: What each thing needs, by its key.
        ways: The keys in the order of a way, by the name of the way; names begin with different letters.
        places: Column and row of each box; rows count downwards.
        names: What a box is called below its key.
        ax: The axes to draw on; None makes a new figure.
        title: What the reader sees.

    Raises:
        ValueError: If a need or a step of a way has no box, a way comes to a thing before what it needs, or two ways
            begin with the same letter.

    Example:
        >>> needs = {"1": [], "2": ["1"]}
        >>> ax = routes(needs, {"short": "12"}, places={"1": (0, 0), "2": (0, 1)}, names={"1": "one", "2": "two"})
        >>> [text.get_text() for text in ax.texts if text.get_text()]
        ['1\none', 's1', '2\ntwo', 's2']
    """
    _check(needs, ways, places)
    ax = style.axes(ax, width=5.6, height=5.6)
    for key, wanted in needs.items():
        for need in wanted:
            _arrow(ax, places[need], places[key])
    for key in needs:
        x, y = places[key]
        _box(ax, x, y)
        ax.text(
            x,
            y - 0.06,
            f"{key}\n{textwrap.fill(names[key], _LETTERS)}",
            ha="center",
            va="center",
            fontsize=9,
            linespacing=1.15,
        )
        badges = [(way, steps.index(key) + 1) for way, steps in ways.items() if key in steps]
        for place, (way, step) in enumerate(badges):
            colour = style.COLOURS[list(ways).index(way) % len(style.COLOURS)]
            _badge(ax, x + (place - (len(badges) - 1) / 2) * 0.29, y + _HIGH, f"{way[0]}{step}", colour)
    across, down = zip(*places.values(), strict=True)
    ax.set(xlim=(min(across) - 0.5, max(across) + 0.5), ylim=(max(down) + 0.45, min(down) - 0.35), title=title or "")
    ax.axis("off")
    _legend(ax, ways)
    style.describe(ax.figure, _words(needs, ways, names))
    return ax


def _check(
    needs: Mapping[str, Sequence[str]], ways: Mapping[str, Sequence[str]], places: Mapping[str, tuple[float, float]]
) -> None:
    for key in {*needs, *(need for wanted in needs.values() for need in wanted)}:
        if key not in places or key not in needs:
            raise ValueError(f"each thing must have a place and its needs, but {key!r} has not")
    if len({way[:1] for way in ways}) < len(ways):
        raise ValueError(f"ways must begin with different letters, but they are {', '.join(ways)}")
    for way, steps in ways.items():
        for number, key in enumerate(steps):
            if key not in needs:
                raise ValueError(f"a way must go over things of the map, but {way!r} goes to {key!r}")
            for need in needs[key]:
                if need not in steps[:number]:
                    raise ValueError(f"{key!r} needs {need!r}, but {way!r} does not come there before")


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    ax.annotate(
        "",
        xy=(end[0] + 0.25 * _WIDE * (start[0] - end[0]) / (abs(end[1] - start[1]) or 1), end[1] - _HIGH),
        xytext=(start[0], start[1] + _HIGH),
        arrowprops={"arrowstyle": "-|>", "color": "#888888", "linewidth": 1.2, "shrinkA": 0, "shrinkB": 1},
    )


def _box(ax: Axes, x: float, y: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    corner = (x - _WIDE, y - _HIGH)
    shape = "round,pad=0,rounding_size=0.06"
    ax.add_patch(FancyBboxPatch(corner, 2 * _WIDE, 2 * _HIGH, shape, facecolor="white", edgecolor="#444444", zorder=2))


def _badge(ax: Axes, x: float, y: float, word: str, colour: str) -> None:
    from matplotlib.colors import to_rgb

    box = {"boxstyle": "round,pad=0.22", "facecolor": colour, "edgecolor": "white"}
    ink = style.ink_on(to_rgb(colour))
    ax.text(x, y, word, ha="center", va="center", fontsize=8, fontweight="bold", color=ink, bbox=box, zorder=4)


def _legend(ax: Axes, ways: Mapping[str, Sequence[str]]) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(color=style.COLOURS[number % len(style.COLOURS)], label=f"{way[0]}: {way}")
        for number, way in enumerate(ways)
    ]
    if handles:
        ax.legend(handles=handles, loc="upper right", frameon=False, fontsize=9)


def _words(needs: Mapping[str, Sequence[str]], ways: Mapping[str, Sequence[str]], names: Mapping[str, str]) -> str:
    boxes = [f"{key} {names[key]} needs {' and '.join(wanted) or 'nothing'}" for key, wanted in needs.items()]
    lines = [f"The way for {way}: {', '.join(steps)}" for way, steps in ways.items()]
    return f"A map. {'; '.join(boxes)}. {'. '.join(lines)}."
