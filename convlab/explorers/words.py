"""The lines under a picture: the size formula with its numbers filled in."""

from __future__ import annotations

from collections.abc import Sequence

from convlab.arithmetic.spec import ConvSpec
from convlab.inspection.windows import Window

AXES = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
"""The spatial axes by their letters."""


def sizes_in_words(spec: ConvSpec, sizes: Sequence[int]) -> str:
    """The size formula of each spatial axis with its numbers filled in; axes with the same numbers share a line.

    Args:
        spec: The convolution.
        sizes: Elements of the input along each axis.

    Example:
        >>> print(sizes_in_words(ConvSpec(1, 1, (3, 3), stride=2), (7, 7)))
        H_out = W_out = floor((7 + 2*0 - 1*(3-1) - 1) / 2) + 1 = 3
        >>> print(sizes_in_words(ConvSpec(1, 1, (3, 2)), (7, 7)))
        H_out = floor((7 + 2*0 - 1*(3-1) - 1) / 1) + 1 = 5
        W_out = floor((7 + 2*0 - 1*(2-1) - 1) / 1) + 1 = 6
    """
    window = Window.of(spec)
    letters: dict[str, list[str]] = {}
    for axis, (letter, size) in enumerate(zip(AXES[spec.ndim], sizes, strict=True)):
        letters.setdefault(window.formula(axis, size), []).append(f"{letter}_out")
    return "\n".join(f"{' = '.join(names)} = {formula}" for formula, names in letters.items())
