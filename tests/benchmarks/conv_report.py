"""What `conv_auto.py` measured: a table with a line for each shape and direction, a summary, and a picture."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from conv_shapes import Shape

from convlab.figures import style
from convlab.ops.auto import Choice
from convlab.ops.speeds import SPEED, Call, torch_time, transform_time

OTHERS = ("fft", "fft-conv-pytorch", "julius")
OVERHEAD, USUAL, WORST, SHARE = 15e-6, 1.05, 1.25, 0.95
MOST_NAMED = 130
DIRECTIONS = {False: "forward", True: "and backward"}


class Row(NamedTuple):
    """What was measured of one shape in one direction: medians in seconds, and why others have none."""

    shape: Shape
    training: bool
    choice: Choice
    seconds: dict[str, float]
    left_out: dict[str, str]

    def ratio(self, name: str = "auto", allowance: float = 0.0) -> float:
        """Time over that of torch, less an allowance in seconds."""
        return max(0.0, self.seconds[name] - allowance) / self.seconds["torch"]

    @property
    def way(self) -> str:
        """What "auto" took."""
        wide = "float32, " if self.choice.dtype != self.shape.dtype else ""
        return wide + ("padded before" if self.choice.pad_first else self.choice.method)


def text_of(row: Row, names: Iterable[str]) -> str:
    """One line of the table."""
    shape = row.shape
    ratios = (f"{row.ratio(name):.3f}" if name in row.seconds else row.left_out.get(name, "") for name in names)
    choice = row.way if row.choice.gain == 1 else f"{row.way} ({row.choice.gain:.2g})"
    kind = (
        f"{str(shape.dtype).removeprefix('torch.'):<9}{DIRECTIONS[row.training]:<13}{row.seconds['torch'] * 1e3:>10.3f}"
    )
    label = f"{shape.family}: {shape.layer}"
    return f"{label:<52}{shape!s:<56}{kind}  {choice:<28}" + "".join(f"{ratio:>9}" for ratio in ratios)


def mean(rows: Iterable[Row], name: str = "auto") -> str:
    """The geometric mean of the ratios, and of how many."""
    ratios = [row.ratio(name) for row in rows if name in row.seconds]
    return f"{statistics.geometric_mean(ratios):.3f} ({len(ratios)})" if ratios else "none"


def summary(rows: list[Row]) -> None:
    """What the table says, in numbers."""
    left = [row for row in rows if row.way != "torch"]
    print("\nGeometric mean of the time over torch's (number of lines)")
    for text, part in (("all", rows), ("where auto left torch", left)):
        each = (f"{DIRECTIONS[way]} {mean(row for row in part if row.training is way)}" for way in DIRECTIONS)
        print(f"  auto, {text}: {mean(part)}; {'; '.join(each)}")
    for name in (*OTHERS, "control"):
        there = [row for row in rows if name in row.seconds]
        if there:
            print(f"  {name}, where it was measured: {mean(there, name)}; auto there: {mean(there)}")
    print("\nThe best of auto in each family")
    for family in dict.fromkeys(row.shape.family for row in rows):
        best = min((row for row in rows if row.shape.family == family), key=Row.ratio)
        print(f"  {text_of(best, ['auto'])}")
    print(f"\nThe rule, with {OVERHEAD * 1e6:.0f} microseconds for the choice")
    for name in ("auto", "control"):
        if name in rows[0].seconds:
            verdict(rows, name)


def verdict(rows: list[Row], name: str) -> None:
    """Whether the rule is kept, and by how much; the lines beyond."""
    ratios = sorted(((row.ratio(name, OVERHEAD), row) for row in rows), key=lambda pair: -pair[0])
    beyond = [row for ratio, row in ratios if ratio > USUAL]
    share, (worst, worst_row) = 1 - len(beyond) / len(rows), ratios[0]
    kept = ("kept" if share >= SHARE else "BROKEN", "kept" if worst <= WORST else "BROKEN")
    print(f"  {name}: at most {USUAL} on {share:.1%} of {len(rows)} lines: {kept[0]} (rule: {SHARE:.0%})")
    raw = f"{worst_row.ratio(name):.3f} with all of its time"
    print(f"  {name}: the worst is {worst:.3f}, {raw}: {kept[1]} (rule: {WORST})")
    for row in beyond or [worst_row]:
        print(f"    {text_of(row, [name])}")


def predictions(rows: list[Row], threads: int, capability: str) -> None:
    """How the tables of `convlab.ops.speeds` fared: what was measured over what they predict.

    Torch is predicted at its highest speed, so that hardly a row should be below 1; "fft" in the middle.
    """
    print("\nMeasured over predicted: least, median, most (number of lines)")
    for dtype, training in SPEED:
        part = [row for row in rows if (row.shape.dtype, row.training) == (dtype, training)]
        for name, predicted in (("torch", torch_time), ("fft", transform_time)):
            ratios = sorted(
                row.seconds[name] * 1e9 / predicted(Call(*row.shape[2:5], dtype, training, threads, capability))
                for row in part
                if name in row.seconds
            )
            if ratios:
                spread = ", ".join(f"{ratios[place]:.2f}" for place in (0, len(ratios) // 2, -1))
                print(f"  {name}, {dtype}, {DIRECTIONS[training]}: {spread} ({len(ratios)})")


def draw(rows: list[Row], path: Path) -> None:
    """A picture of all ratios: a line for each shape, from those that gain most; forward, and forward and backward."""
    from matplotlib.figure import Figure

    best = {row.shape: row.ratio() for row in rows if not row.training}
    shapes = sorted(best, key=lambda shape: best[shape], reverse=True)
    places = {shape: place for place, shape in enumerate(shapes)}
    ways = sorted({row.way for row in rows}, key=lambda way: (way != "torch", way))
    colours = dict(zip(ways, (style.COLOURS[6], *style.COLOURS[:6]), strict=False))
    named = len(shapes) <= MOST_NAMED
    figure = Figure(figsize=(15, max(4.0, 1.6 + 0.17 * len(shapes)) if named else 9), layout="constrained")
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    for ax, training in zip(axes, DIRECTIONS, strict=True):
        part = [row for row in rows if row.training is training]
        for name, marker in zip(OTHERS, ("|", "x", "+"), strict=True):
            there = [row for row in part if name in row.seconds]
            ratios, heights = [row.ratio(name) for row in there], [places[row.shape] for row in there]
            ax.scatter(ratios, heights, s=18, marker=marker, color="0.45", linewidths=1, label=name)
        for way in ways:
            there = [row for row in part if row.way == way]
            ratios, heights = [row.ratio() for row in there], [places[row.shape] for row in there]
            ax.scatter(ratios, heights, s=26, color=colours[way], label=f"auto: {way}", zorder=3)
        ax.axvline(1, color="black", linewidth=1)
        ax.axvspan(1, WORST, color="0.9", zorder=0)
        title = f"{'forward and backward' if training else 'forward'}: mean of auto {mean(part)}"
        ax.set(xscale="log", xlabel="time / torch's time", title=title)
        ax.xaxis.set_major_formatter("{x:g}")
        ax.grid(axis="x", color="0.9")
    if named:
        labels = [f"{each.family}: {each.layer}, {str(each.dtype).removeprefix('torch.')}" for each in shapes]
        axes[0].set_yticks(range(len(shapes)), labels, fontsize=7)
    else:
        axes[0].set_ylabel(f"{len(shapes)} shapes")
    axes[0].set_ylim(-1, len(shapes))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    figure.savefig(path, dpi=100)
