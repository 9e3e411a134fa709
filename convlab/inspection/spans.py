"""What outputs see of an input, from gradients, and the receptive field that follows from that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import torch
from torch import Tensor

SMALLEST = {torch.float32: 1e-30, torch.float64: 1e-290}
"""Below this a gradient may have been rounded to zero elsewhere; the dtypes in the order in which they are tried."""
MOST_POSITIONS = 200
"""Output positions along one axis at which the gradient is taken, at most."""

Extent = tuple[int, int | Fraction, int | None]
"""Size, jump and start along one axis."""


class Run(NamedTuple):
    """The first tensor of an output, and the input that it was made from.

    Attributes:
        input: The input.
        output: The output.

    Example:
        >>> x = torch.ones(4, dtype=torch.float64, requires_grad=True)
        >>> Run(x, x[1:] * x[:-1]).span(0, 0, 2)
        (2, 3)
    """

    input: Tensor
    output: Tensor

    def span(self, axis: int, dim: int, index: int) -> tuple[int, int] | None:
        """The first and the last index along an input axis that the outputs of this index along `dim` see.

        Raises:
            ArithmeticError: If the gradient is so large or so small that parts of it may be lost.
        """
        outputs = self.output.select(dim, index)
        generator = torch.Generator().manual_seed(1)
        weights = torch.rand(outputs.shape, generator=generator, dtype=torch.float64, device="cpu")
        total = (outputs * (0.5 + weights).to(outputs)).sum()
        (gradient,) = torch.autograd.grad(total, self.input, retain_graph=True, materialize_grads=True)
        smallest = gradient.abs().where(gradient.ne(0), 1.0).min()
        if not gradient.isfinite().all() or smallest < SMALLEST[gradient.dtype]:
            raise ArithmeticError("the gradient is too large or too small for its dtype")
        rows = gradient.movedim(axis, 0).reshape(gradient.shape[axis], -1)
        visible = rows.ne(0).any(1).nonzero().flatten()
        return (int(visible[0]), int(visible[-1])) if len(visible) else None


def extent(run: Run, axis: int) -> Extent | None:
    """Size, jump and start, from output positions of which no border of the input cuts the view.

    None where there are too few of them, or the view does not move evenly along one axis of the output.

    Example:
        >>> x = torch.ones(9, dtype=torch.float64, requires_grad=True)
        >>> extent(Run(x, x[:-2] + x[2:]), 0)
        (3, 1, 0)
    """
    output, length = run.output, run.input.shape[axis]
    places = {dim: _places(size) for dim, size in enumerate(output.shape) if size > 1}
    moving = [dim for dim, own in places.items() if len({run.span(axis, dim, index) for index in own}) > 1]
    if len(moving) != 1:
        return None
    dim, number = moving[0], output.shape[moving[0]]
    spans: dict[int, tuple[int, int] | None] = {}

    def is_free(index: int) -> bool:
        if index not in spans:
            spans[index] = run.span(axis, dim, index)
        span = spans[index]
        return span is None or (span[0] > 0 and span[1] < length - 1)

    middle = number // 2
    first = last = middle
    if not is_free(middle):
        return None
    while last - first < MOST_POSITIONS:
        grown = False
        if first > 0 and is_free(first - 1):
            first, grown = first - 1, True
        if last < number - 1 and is_free(last + 1):
            last, grown = last + 1, True
        far = [index for index in (number // 4, 3 * number // 4) if is_free(index)]
        found = _pattern(
            [spans[index] for index in range(first, last + 1)], first, {index: spans[index] for index in far}
        )
        if found is not None and (last - first >= 8 or not grown):
            return found
        if not grown:
            return None
    return None


def _pattern(
    spans: Sequence[tuple[int, int] | None], first: int, far: Mapping[int, tuple[int, int] | None]
) -> Extent | None:
    """The extent that repeats itself in the spans of neighbouring outputs, and foretells those farther away.

    Args:
        spans: What neighbouring outputs see.
        first: The index of the first of them.
        far: What others see, by their index.
    """
    for period in range(1, (len(spans) - 1) // 2 + 1):
        one, two = spans[:period], spans[period : 2 * period]
        steps = {after[0] - before[0] for before, after in zip(one, two, strict=True) if before and after}
        if len(steps) != 1 or min(steps) <= 0:
            continue
        step = steps.pop()

        def foretold(index: int, period: int = period, step: int = step) -> tuple[int, int] | None:
            periods, place = divmod(index - first, period)
            span = spans[place]
            return span and (span[0] + periods * step, span[1] + periods * step)

        known = {**{first + place: span for place, span in enumerate(spans)}, **far}
        if all(foretold(index) == span for index, span in known.items()):
            size = max(span[1] - span[0] + 1 for span in one if span)
            jump = Fraction(step, period)
            start = foretold(0)
            return size, jump.numerator if jump.denominator == 1 else jump, start[0] if start else None
    return None


def whole(run: Run, axis: int) -> Extent | None:
    """What all outputs see where they see the same; None where they do not.

    Example:
        >>> x = torch.ones(9, dtype=torch.float64, requires_grad=True)
        >>> whole(Run(x, x.sum().reshape(1)), 0)
        (9, 0, 0)
    """
    spans = {run.span(axis, dim, index) for dim, size in enumerate(run.output.shape) for index in _places(size)}
    corners = [Run(run.input, run.output.flatten()[[place]]).span(axis, 0, 0) for place in (0, -1)]
    span = spans.pop()
    return (span[1] - span[0] + 1, 0, span[0]) if span and not spans and span in corners else None


def _places(size: int) -> tuple[int, ...]:
    """Both ends, and the middle: with circular padding the ends see each other, and so the same."""
    return (0, size // 2, size - 1)
