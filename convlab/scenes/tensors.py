"""Tensors as grids of cells, and where each of their elements is: channels as rows in 1D, planes in 2D and 3D."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch

from convlab.arithmetic.sizes import padding_amounts
from convlab.arithmetic.spec import ConvSpec
from convlab.scenes.numbers import decimals_of, limit_of, rows
from convlab.scenes.parts import Grid, Mark, Place, Role

LETTERS = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
"""The spatial axes as torch calls them."""


@dataclass(frozen=True)
class Planes:
    """A tensor of shape (C, *spatial) as grids, and where each of its elements is.

    In 1D it is one grid with a row for each channel, in 2D a grid for each channel, in 3D a grid for each channel and
    each depth.

    Attributes:
        grids: The grids, all planes of a channel one after another.
        num_channels: How many channels they show.
        first: The index of the first element on each spatial axis; negative in the padding.

    Example:
        >>> signal = planes("input", torch.zeros(2, 5), first=(-1,))
        >>> signal.place(1, (0,))
        Place(grid='input', row=1, column=1)
    """

    grids: tuple[Grid, ...]
    num_channels: int
    first: tuple[int, ...]

    def place(self, channel: int, index: Sequence[int]) -> Place:
        """The cell of one element.

        Args:
            channel: The channel.
            index: One int per spatial axis, counted from the tensor's own element 0; negative in the padding.

        Raises:
            ValueError: If `index` has another number of ints.

        Example:
            >>> planes("input", torch.zeros(1, 4, 2, 3)).place(0, (2, 0, 1))
            Place(grid='input d=2', row=0, column=1)
        """
        if len(index) != len(self.first):
            raise ValueError(f"an index must have {len(self.first)} ints, but is {tuple(index)}")
        *outer, row, column = (channel, *map(operator.sub, index, self.first))
        depth = len(self.grids) // self.num_channels if len(outer) == 2 else 1
        number = outer[0] * depth + sum(outer[1:]) if outer else 0
        return Place(self.grids[number].name, row, column)

    def rows_of_planes(self) -> list[tuple[Grid, ...]]:
        """The grids of each channel; in 1D the one grid."""
        in_a_row = max(1, len(self.grids) // self.num_channels)
        return [self.grids[start : start + in_a_row] for start in range(0, len(self.grids), in_a_row)]


def planes(
    name: str,
    tensor: torch.Tensor,
    *,
    title: str = "",
    first: Sequence[int] = (),
    size: Sequence[int] = (),
    empty: bool = False,
) -> Planes:
    """A tensor as grids.

    Args:
        name: What the grids are called; the channel and the depth are added where there are several.
        tensor: The numbers.
        title: What is written above; it gets the same additions. Empty: the name.
        first: The index of the first element on each spatial axis; empty: 0.
        size: Elements on each spatial axis without the padding; empty: there is no padding.
        empty: Whether the numbers come later, in the steps.

    Shape:
        - tensor: (C, *spatial)

    Example:
        >>> [grid.name for grid in planes("input", torch.zeros(3, 5, 5)).grids]
        ['input 0', 'input 1', 'input 2']
        >>> planes("input", torch.zeros(1, 4), first=(-1,), size=(2,)).grids[0].kinds
        ('p..p',)
    """
    spatial = tuple(tensor.shape[1:])
    first, size = tuple(first) or (0,) * len(spatial), tuple(size) or spatial
    decimals, limit, found = decimals_of(tensor), limit_of(tensor), []
    axes = [range(start, start + length) for start, length in zip(first, spatial, strict=True)]
    for outer in itertools.product(*map(range, tensor.shape[:-2])):
        down = range(len(tensor)) if len(spatial) == 1 else axes[-2]
        depth = [axes[0][outer[1]]] if len(spatial) == 3 else []
        kinds = ["".join(_kind((*depth, row, column)[-len(spatial) :], size) for column in axes[-1]) for row in down]
        channel = f" {outer[0]}" if outer and len(tensor) > 1 else ""
        values = rows(tensor[outer])
        found.append(
            Grid(
                name + channel + "".join(f" d={d}" for d in depth),
                tuple((None,) * len(row) for row in values) if empty else values,
                kinds=tuple(kinds) if "p" in "".join(kinds) else (),
                title=(title or name) + (channel and f" channel{channel}") + "".join(f", d = {d}" for d in depth),
                first=(0 if len(spatial) == 1 else first[-2], first[-1]),
                limit=limit,
                decimals=decimals,
            )
        )
    return Planes(tuple(found), len(tensor), first)


def input_planes(spec: ConvSpec, padded: torch.Tensor, size: Sequence[int]) -> Planes:
    """The input of a convolution as grids, its padding around it.

    Args:
        spec: The convolution.
        padded: The input with its padding.
        size: Elements on each spatial axis without the padding.

    Shape:
        - padded: (C_in, *padded)

    Example:
        >>> spec = ConvSpec(1, 1, (3, 3), padding=1)
        >>> grid = input_planes(spec, torch.zeros(1, 7, 6), (5, 4)).grids[0]
        >>> grid.across, grid.down, grid.first
        ('W = 4, padding 1', 'H = 5, padding 1', (-1, -1))
    """
    amounts = padding_amounts(spec)
    found = planes("input", padded, first=[-before for before, _ in amounts], size=size)
    words = [
        f"{letter} = {length}{padding_words(*amount)}"
        for letter, length, amount in zip(LETTERS[spec.ndim], size, amounts, strict=True)
    ]
    return labelled(found, words, channels=f"C_in = {spec.in_channels}")


def kernel_planes(spec: ConvSpec, weight: torch.Tensor, channel: int) -> Planes:
    """The kernels that make one output channel, as grids; their titles index the weight where there are several.

    Args:
        spec: The convolution.
        weight: All kernels.
        channel: The output channel.

    Shape:
        - weight: (C_out, C_in/groups, *kernel_size)

    Example:
        >>> spec = ConvSpec(2, 3, (1, 1))
        >>> [grid.title for grid in kernel_planes(spec, torch.zeros(3, 2, 1, 1), 1).grids]
        ['weight[1, 0]', 'weight[1, 1]']
    """
    found = planes("kernel" if len(weight) == 1 else f"kernel {channel}", weight[channel])
    titled = []
    for source, row in enumerate(found.rows_of_planes()):
        index = [channel] if spec.ndim == 1 else [channel, source]
        several = len(weight) > 1 or (spec.ndim > 1 and weight.shape[1] > 1)
        for depth, grid in enumerate(row):
            title = f"weight{index}" if several else "kernel"
            titled.append(replace(grid, title=title + (f", d = {depth}" if spec.ndim == 3 else "")))
    letters = ["k"] if spec.ndim == 1 else [f"k{letter}" for letter in LETTERS[spec.ndim]]
    words = [f"{letter} = {size}" for letter, size in zip(letters, spec.kernel_size, strict=True)]
    return labelled(replace(found, grids=tuple(titled)), words, channels=f"C_in = {weight.shape[1]}")


def output_planes(spec: ConvSpec, output: torch.Tensor) -> Planes:
    """The output of a convolution as grids, still empty.

    Args:
        spec: The convolution.
        output: Its numbers, for the colours.

    Shape:
        - output: (C_out, *out)

    Example:
        >>> output_planes(ConvSpec(1, 1, (3,)), torch.zeros(1, 2)).grids[0].values
        ((None, None),)
    """
    found = planes("output", output, empty=True)
    words = [f"{letter}_out = {size}" for letter, size in zip(LETTERS[spec.ndim], output.shape[1:], strict=True)]
    return labelled(found, words, channels=f"C_out = {spec.out_channels}")


def labelled(found: Planes, words: Sequence[str], *, channels: str) -> Planes:
    """The same grids with the words of their axes: below the last channel, and at the left of each.

    Args:
        found: The grids.
        words: What is written at each spatial axis.
        channels: What is written at the channels where they are the rows of one grid, if there are several.

    Example:
        >>> labelled(planes("output", torch.zeros(2, 3)), ["L_out = 3"], channels="C_out = 2").grids[0].down
        'C_out = 2'
    """
    down = words[-2] if len(words) > 1 else channels if found.num_channels > 1 else ""
    by_channel = found.rows_of_planes()
    placed = [(replace(row[0], down=down), *row[1:]) for row in by_channel]
    placed[-1] = (replace(placed[-1][0], across=words[-1]), *placed[-1][1:])
    return replace(found, grids=tuple(itertools.chain(*placed)))


def padding_words(before: int, after: int) -> str:
    """How much padding there is, to put behind a size.

    Example:
        >>> padding_words(1, 1), padding_words(1, 2), padding_words(0, 0)
        (', padding 1', ', padding 1 and 2', '')
    """
    if before == after:
        return f", padding {before}" if before else ""
    return f", padding {before} and {after}"


def marks(role: Role, places: Iterable[Place], notes: Iterable[str] = ()) -> tuple[Mark, ...]:
    """One mark for each grid in which cells are lit, cells and grids in the order in which they come.

    Args:
        role: What the cells do.
        places: The cells.
        notes: A word for each of them, or none.

    Example:
        >>> [mark.cells for mark in marks("read", [Place("a", 0, 0), Place("a", 0, 1), Place("b", 0, 0)])]
        [((0, 0), (0, 1)), ((0, 0),)]
    """
    cells: dict[str, list[tuple[int, int]]] = {}
    words: dict[str, list[str]] = {}
    for place, note in itertools.zip_longest(places, notes):
        cells.setdefault(place.grid, []).append((place.row, place.column))
        words.setdefault(place.grid, []).extend([] if note is None else [note])
    return tuple(Mark(grid, role, tuple(cells[grid]), tuple(words[grid])) for grid in cells)


def _kind(index: Sequence[int], size: Sequence[int]) -> str:
    return "." if all(0 <= i < n for i, n in zip(index, size, strict=True)) else "p"
