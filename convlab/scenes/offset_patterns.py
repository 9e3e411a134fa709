"""Offsets that have a name, for one window: none, a shift, a dilation, and a turn that no dilation makes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from convlab.arithmetic.spec import ConvSpec
from convlab.scenes.wording import one_or_all

Offsets = tuple[tuple[float, ...], ...]
"""For each tap one number per spatial axis."""

TURN, STRETCH = math.radians(30), 1.25
"""What the pattern `turned` does to the lattice."""


class Pattern(NamedTuple):
    """Offsets that have a name, and what they make of the convolution.

    Example:
        >>> Pattern("zero offsets", "An ordinary convolution.", ((0.0,), (0.0,))).name
        'zero offsets'
    """

    name: str
    words: str
    offsets: Offsets


def named_patterns(spec: ConvSpec) -> tuple[Pattern, ...]:
    """The offsets that make a convolution which has a name already: itself, shifted, dilated.

    Args:
        spec: The convolution.

    Example:
        >>> for pattern in named_patterns(ConvSpec(1, 1, (3,))):
        ...     print(pattern.name, pattern.offsets)
        zero offsets ((0.0,), (0.0,), (0.0,))
        shift all ((1.0,), (1.0,), (1.0,))
        dilate ((-1.0,), (0.0,), (1.0,))
    """
    away = from_middle(spec)
    one = (*(0.0 for _ in spec.kernel_size[1:]), 1.0)
    written = f"({', '.join(f'{move:g}' for move in one)})" if spec.ndim > 1 else f"{one[0]:g}"
    twice = one_or_all([2 * gap for gap in spec.dilation])
    return (
        Pattern(
            "zero offsets",
            "Zero offsets: every point stands on its lattice place. This is an ordinary convolution.",
            tuple((0.0,) * spec.ndim for _ in away),
        ),
        Pattern(
            "shift all",
            f"Every offset is {written}: an ordinary convolution of the input, shifted by one element.",
            (one,) * len(away),
        ),
        Pattern(
            "dilate",
            f"Every point is twice as far from the middle: an ordinary convolution with dilation {twice}.",
            away,
        ),
    )


def turned(spec: ConvSpec) -> Offsets:
    """The offsets that stretch the lattice and turn it in its last two axes, before they are rounded.

    Args:
        spec: The convolution.

    Example:
        >>> turned(ConvSpec(1, 1, (3,)))
        ((-0.25,), (0.0,), (0.25,))
    """
    return tuple(
        tuple(there - here for there, here in zip(_turned(place), place, strict=True)) for place in from_middle(spec)
    )


def from_middle(spec: ConvSpec) -> Offsets:
    """How far each tap lies from the middle of the kernel, in elements.

    Args:
        spec: The convolution.

    Example:
        >>> from_middle(ConvSpec(1, 1, (2,), dilation=3))
        ((-1.5,), (1.5,))
    """
    along = [
        [gap * (tap - (taps - 1) / 2) for tap in range(taps)]
        for taps, gap in zip(spec.kernel_size, spec.dilation, strict=True)
    ]
    return tuple(itertools.product(*along))


def _turned(place: Sequence[float]) -> list[float]:
    *before, last = (STRETCH * move for move in place)
    if not before:
        return [last]
    *before, down = before
    return [
        *before,
        down * math.cos(TURN) - last * math.sin(TURN),
        down * math.sin(TURN) + last * math.cos(TURN),
    ]
