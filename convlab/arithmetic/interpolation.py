"""Reading between elements: the corners around a position that is no integer, and the weight of each."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from convlab.arithmetic.spec import IntOrTuple, as_tuple


class Corner(NamedTuple):
    """One of the elements around a position: where it sits, how much of it is taken, and what stands there.

    Attributes:
        input_index: Its position, one int per spatial axis; negative, or past the end, outside the input.
        weight: Its part of the value, between 0 and 1; those of all corners add up to 1.
        source: Position of the input element that is read; None outside the input, where everything is zero.

    Example:
        >>> corners(1.25, 2)
        (Corner(input_index=(1,), weight=0.75, source=(1,)), Corner(input_index=(2,), weight=0.25, source=None))
    """

    input_index: tuple[int, ...]
    weight: float
    source: tuple[int, ...] | None


def corners(position: float | Sequence[float], input_size: IntOrTuple) -> tuple[Corner, ...]:
    """The 2, 4 or 8 corners around a position: what linear, bilinear and trilinear interpolation read.

    Along each axis these are floor(position), with the weight 1 - fraction, and the next element, with the weight
    fraction; a corner's weight is the product over the axes. So at an integer the next element has the weight 0.

    Args:
        position: Where to read, in elements: 0 is the middle of the first one. A number, or one per spatial axis.
        input_size: Elements of the input, an int or one int per spatial axis.

    Raises:
        TypeError: If `position` holds something that is no number.
        ValueError: If `position` is not finite, or has no axis.

    Source:
        Dai et al. 2017, Deformable Convolutional Networks, https://arxiv.org/abs/1703.06211, equations 3 and 4.

    Example:
        >>> for corner in corners((0.25, 1.5), (3, 2)):
        ...     print(corner.input_index, corner.weight, corner.source)
        (0, 1) 0.375 (0, 1)
        (0, 2) 0.375 None
        (1, 1) 0.125 (1, 1)
        (1, 2) 0.125 None
        >>> [corner.weight for corner in corners(2.0, 5)]
        [1.0, 0.0]
    """
    places = tuple(position) if isinstance(position, Sequence) else (position,)
    wrong = next((place for place in places if not isinstance(place, int | float)), None)
    if wrong is not None:
        raise TypeError(f"position must hold numbers, but {wrong!r} is a {type(wrong).__name__}")
    if not places or not all(map(math.isfinite, places)):
        raise ValueError(f"position must have one finite number per spatial axis, but position={position!r}")
    sizes = as_tuple("input_size", input_size, len(places), minimum=1)
    found = []
    for along in itertools.product(*map(neighbours, places)):
        index = tuple(i for i, _ in along)
        inside = all(0 <= i < n for i, n in zip(index, sizes, strict=True))
        found.append(Corner(index, math.prod(part for _, part in along), index if inside else None))
    return tuple(found)


def neighbours(position: float) -> tuple[tuple[int, float], tuple[int, float]]:
    """The two elements beside a position along one axis, each with its weight: the floor first, then the next one.

    Args:
        position: Where to read, in elements; finite.

    Example:
        >>> neighbours(-0.25)
        ((-1, 0.25), (0, 0.75))
    """
    floor = math.floor(position)
    fraction = position - floor
    return (floor, 1 - fraction), (floor + 1, fraction)
