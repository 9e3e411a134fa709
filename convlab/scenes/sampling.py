"""One window of a deformable convolution whose points the reader moves, in quarters of an element."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from convlab.arithmetic.interpolation import neighbours
from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_tuple
from convlab.arithmetic.taps import taps
from convlab.scenes.lattice import mask_for, offset_for, samples
from convlab.scenes.numbers import decimals_of, limit_of, plain, whole
from convlab.scenes.offset_patterns import Offsets, Pattern, named_patterns, turned
from convlab.scenes.parts import Number
from convlab.scenes.wording import position as in_words
from convlab.scenes.wording import times

MOST_ALONG = 14
"""Cells along an axis, with what is drawn outside the input: with more, the numbers could not be read."""

QUARTERS = 4
"""Places from one element to the next: a point stands on quarters, so that its weights are short numbers."""


class Part(NamedTuple):
    """One of the two elements beside a place on an axis.

    Attributes:
        element: Its index; negative, or past the end, outside the input.
        weight: How much of it is taken.
        inside: Whether the input has it.

    Example:
        >>> Part(-1, 0.25, False).inside
        False
    """

    element: int
    weight: float
    inside: bool


@dataclass(frozen=True)
class Sampling:
    """One window of a deformable convolution: all that is needed to move its points and to add up what they read.

    Attributes:
        input_size: Elements of the input along each axis.
        values: The numbers of the input, the last axis fastest.
        decimals: Digits after the point that they need.
        limit: The size of the largest.
        kernel_size: Taps along each axis.
        output_size: Elements of the output along each axis.
        output_index: Which output the window makes.
        lattice: Where each tap reads without an offset, the last kernel axis fastest.
        weights: The weight of each tap.
        masks: The mask of each tap; None where there is no mask.
        low: The first index that is drawn along each axis, at least one before the input.
        high: The last one, at least one behind the input.
        axes: For each axis and each quarter from `low` to `high` the two elements beside it.
        patterns: Offsets that have a name; the last are those of the start.

    Example:
        >>> moved = sampling(torch.tensor([1.0, 2.0, 4.0, 8.0]), torch.ones(3), position=0)
        >>> moved.lattice, moved.low, moved.high, [pattern.name for pattern in moved.patterns]
        (((0,), (1,), (2,)), (-1,), (4,), ['zero offsets', 'shift all', 'dilate', 'reset'])
        >>> moved.axes[0][1]  # at -0.75
        (Part(element=-1, weight=0.75, inside=False), Part(element=0, weight=0.25, inside=True))
    """

    input_size: tuple[int, ...]
    values: tuple[Number, ...]
    decimals: int
    limit: float
    kernel_size: tuple[int, ...]
    output_size: tuple[int, ...]
    output_index: tuple[int, ...]
    lattice: tuple[tuple[int, ...], ...]
    weights: tuple[Number, ...]
    masks: tuple[Number, ...] | None
    low: tuple[int, ...]
    high: tuple[int, ...]
    axes: tuple[tuple[tuple[Part, Part], ...], ...]
    patterns: tuple[Pattern, ...] = ()

    @property
    def start(self) -> Offsets:
        """The offsets at the start."""
        return self.patterns[-1].offsets

    @property
    def words(self) -> str:
        """What it is, as "the 9 points of a 3 x 3 kernel for output (1, 1), on an input of 5 x 5"."""
        count = len(self.lattice)
        kernel = f"{times(self.kernel_size)} kernel" if len(self.kernel_size) > 1 else f"kernel of {count}"
        points = "the point" if count == 1 else f"the {count} points"
        return (
            f"{points} of a {kernel} for output {in_words(self.output_index)}, on an input of {times(self.input_size)}"
        )

    def points(self, offsets: Sequence[Sequence[float]]) -> Offsets:
        """Where each tap reads with these offsets, after they are rounded as the picture needs it.

        Args:
            offsets: For each tap one number per spatial axis.

        Example:
            >>> sampling(torch.arange(4.0), torch.ones(2), position=0).points([[0.3], [9.0]])
            ((0.25,), (4.0,))
        """
        return tuple(
            tuple(
                float(min(max(math.floor(QUARTERS * (i + move) + 0.5) / QUARTERS, low), high))
                for i, move, low, high in zip(place, moves, self.low, self.high, strict=True)
            )
            for place, moves in zip(self.lattice, offsets, strict=True)
        )

    def snapped(self, offsets: Sequence[Sequence[float]]) -> Offsets:
        """The nearest offsets that the picture can show: in quarters, and with no point outside of what is drawn.

        A point that is farther outside reads 0, and so it does at the edge of what is drawn.

        Args:
            offsets: For each tap one number per spatial axis.

        Example:
            >>> sampling(torch.arange(4.0), torch.ones(2), position=0).snapped([[0.3], [9.0]])
            ((0.25,), (3.0,))
        """
        return tuple(
            tuple(there - here for there, here in zip(point, place, strict=True))
            for point, place in zip(self.points(offsets), self.lattice, strict=True)
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it as dicts, lists, numbers and words, for JSON.

        Example:
            >>> sampling(torch.arange(4.0), torch.ones(2)).to_dict()["kernel_size"]
            (2,)
        """
        return {**vars(self), "patterns": [pattern._asdict() for pattern in self.patterns]}


def sampling(
    input: torch.Tensor,
    weight: torch.Tensor,
    offset: torch.Tensor | None = None,
    mask: torch.Tensor | None = None,
    *,
    position: IntOrTuple | None = None,
    stride: IntOrTuple = 1,
    padding: IntOrTuple | str = 0,
    dilation: IntOrTuple = 1,
) -> Sampling:
    """One window of a deformable convolution of one channel, whose points can be moved.

    Args:
        input: The numbers, in 1, 2 or 3 axes.
        weight: The kernel, with as many axes.
        offset: The offsets at the start, of one offset group, rounded to quarters; None turns and stretches the
            lattice.
        mask: One factor for each tap and output; None leaves it out.
        position: Which output the window makes, one int per axis; None takes the middle.
        stride: Steps between windows, in elements.
        padding: Zeros on both sides of each axis, in elements, or "same" or "valid".
        dilation: Distance between neighbouring taps, in elements.

    Shape:
        - input: (L,), (H, W) or (D, H, W)
        - weight: kernel_size
        - offset: (ndim * prod(kernel_size), *out)
        - mask: (prod(kernel_size), *out)

    Raises:
        TypeError: If something that must be a tensor is none, or holds no real numbers.
        ValueError: If a shape does not fit, a number is not finite, there is no such output, or the picture would be
            too large to read.

    Example:
        >>> moved = sampling(torch.arange(25.0).reshape(5, 5), torch.ones(3, 3))
        >>> moved.output_index, moved.lattice[0], moved.start[0]
        ((1, 1), (1, 1), (0.5, -0.75))
    """
    numbers, kernel = plain("input", input), plain("weight", weight)
    if numbers.ndim not in (1, 2, 3) or not numbers.numel():
        raise ValueError(
            f"input must have shape (L,), (H, W) or (D, H, W), nowhere 0, but has shape {tuple(numbers.shape)}"
        )
    if kernel.ndim != numbers.ndim or not kernel.numel():
        raise ValueError(
            f"weight must have one axis for each of the {numbers.ndim} of input, nowhere 0, "
            f"but has shape {tuple(kernel.shape)}"
        )
    sizes = tuple(numbers.shape)
    spec = ConvSpec(1, 1, tuple(kernel.shape), stride=stride, padding=padding, dilation=dilation, bias=False)
    out = output_size(spec, sizes)
    index = (
        tuple((n - 1) // 2 for n in out) if position is None else as_tuple("position", position, spec.ndim, minimum=0)
    )
    if any(i >= n for i, n in zip(index, out, strict=True)):
        raise ValueError(f"position must lie inside the output, but position={index} and the output size is {out}")
    lattice = tuple(tap.input_index for tap in taps(spec, index, sizes))
    low = tuple(min(-1, *along) for along in zip(*lattice, strict=True))
    high = tuple(max(n, *along) for n, along in zip(sizes, zip(*lattice, strict=True), strict=True))
    if any(last - first >= MOST_ALONG for first, last in zip(low, high, strict=True)):
        raise ValueError(
            f"input must have at most {MOST_ALONG - 2} elements along each axis, fewer where the window reaches far "
            f"into the padding, so that their numbers can be read, but has shape {sizes}"
        )
    zeros = torch.zeros(spec.ndim * kernel.numel(), *out, dtype=torch.float64, device="cpu")
    offsets = zeros if offset is None else offset_for(spec, offset, sizes)
    if len(offsets) > len(zeros):
        raise ValueError(f"offset must have one offset group, {len(zeros)} channels, but has {len(offsets)} channels")
    here: tuple[Any, ...] = (..., *index)
    masks = None if mask is None else mask_for(spec, mask, zeros)[here]
    found = Sampling(
        input_size=sizes,
        values=_flat(numbers),
        decimals=decimals_of(numbers),
        limit=limit_of(numbers),
        kernel_size=tuple(kernel.shape),
        output_size=out,
        output_index=index,
        lattice=lattice,
        weights=_flat(kernel),
        masks=None if masks is None else _flat(masks),
        low=low,
        high=high,
        axes=tuple(_table(*of_axis) for of_axis in zip(sizes, low, high, strict=True)),
    )
    start, words = turned(spec), "The offsets of the start: the lattice, turned and stretched."
    if offset is not None:
        window = samples(spec, offsets, index, sizes)
        start = tuple(tuple(there - here for there, here in zip(tap.point, tap.lattice, strict=True)) for tap in window)
        words = "The offsets of the start."
    patterns = (*named_patterns(spec), Pattern("reset", words, start))
    return dataclasses.replace(found, patterns=tuple(p._replace(offsets=found.snapped(p.offsets)) for p in patterns))


def _table(n: int, low: int, high: int) -> tuple[tuple[Part, Part], ...]:
    """The elements beside each quarter from `low` to `high`, on an axis of `n` elements."""
    places = [low + quarter / QUARTERS for quarter in range(QUARTERS * (high - low) + 1)]
    both = ([Part(index, part, 0 <= index < n) for index, part in neighbours(place)] for place in places)
    return tuple((first, second) for first, second in both)


def _flat(tensor: torch.Tensor) -> tuple[Number, ...]:
    return tuple(map(whole, tensor.flatten().tolist()))
