"""The grids of a deformable convolution and their places, and what a step shows of one output position."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F

from convlab.arithmetic.interpolation import corners
from convlab.arithmetic.sizes import padding_amounts
from convlab.scenes.arrangement import BELOW, GAP, SIGN, Arranged
from convlab.scenes.checks import check_amount
from convlab.scenes.deform_tensors import Tensors
from convlab.scenes.lattice import Sample, reach
from convlab.scenes.layout import below, beside, edges, moved
from convlab.scenes.numbers import decimals_of, in_sum, limit_of, sum_of_products, whole, word
from convlab.scenes.parts import Change, Label, Point
from convlab.scenes.tensors import LETTERS, Planes, kernel_planes, labelled, marks, output_planes, padding_words, planes

MOST_CORNERS = 16
"""How each sampled value is made is written out where all taps together have no more corners than this."""

SIDE = 1.3
"""The side of a cell of the input: there must be room for points between its numbers."""


@dataclass(frozen=True)
class Grids:
    """The grids of a deformable convolution of one channel.

    Attributes:
        given: Its tensors.
        input: The input, with as much around it as is read.
        sampled: What the taps read for one output position, still empty; as large as the kernel.
        mask: Their mask, still empty; None where there is none.
        kernel: The weights.
        output: The output, still empty.

    Example:
        >>> from convlab.arithmetic.spec import ConvSpec
        >>> from convlab.scenes.deform_tensors import checked
        >>> given = checked("deform", ConvSpec(1, 1, (3,)), 5)
        >>> grids(given, [], *given.results(given.offset[None])).mask is None
        True
    """

    given: Tensors
    input: Planes
    sampled: Planes
    mask: Planes | None
    kernel: Planes
    output: Planes

    def arranged(self) -> Arranged:
        """The grids at their places with the signs between them: in 1D below each other, in 2D the input at the left.

        Example:
            >>> from convlab.arithmetic.spec import ConvSpec
            >>> from convlab.scenes.deform_tensors import checked
            >>> given = checked("deform", ConvSpec(1, 1, (3,)), 5)
            >>> found, labels = grids(given, [], *given.results(given.offset[None])).arranged()
            >>> [grid.name for grid in found], [label.text for label in labels]
            (['input', 'sampled', 'kernel', 'output'], ['*', '='])
        """
        factors = [part.grids for part in (self.sampled, self.mask, self.kernel) if part]
        if self.given.spec.ndim == 1:
            placed = below(self.input.grids, *factors, self.output.grids, gap=BELOW)
        else:
            right = below(beside(*factors, gap=GAP), self.output.grids, gap=BELOW + 0.5)
            placed = beside(self.input.grids, right, gap=GAP + 0.5)
        _, _, *others, result = placed
        signs = [Label("*", grid.left - GAP / 2, grid.top + grid.height / 2) for grid in others]
        level, left = result.top + result.height / 2, result.left - SIGN
        plus = "" if self.given.bias is None else f"+ {in_sum(self.given.bias.item())}"
        signs += [Label(plus, left - 0.5 - 0.125 * len(plus), level)] if plus else []
        signs.append(Label("=", left, level))
        most = min(edges(placed)[0], *(sign.left - 0.125 * len(sign.text) - 0.25 for sign in signs))
        return moved(placed, -most, 0), tuple(sign._replace(left=sign.left - most) for sign in signs)

    def moment(
        self, here: tuple[int, ...], window: Sequence[Sample], output: torch.Tensor, read: torch.Tensor
    ) -> dict[str, Any]:
        """What a step shows of one output position: its text, marks, changes and points, as arguments of `Step`.

        Args:
            here: The output position.
            window: Its samples.
            output: The output.
            read: What each tap reads.

        Shape:
            - output: out
            - read: (prod(kernel_size), *out)

        Example:
            >>> from convlab.arithmetic.spec import ConvSpec
            >>> from convlab.scenes.deform_tensors import checked
            >>> given = checked("deform", ConvSpec(1, 1, (1,)), torch.tensor([[2.0]]), torch.tensor([[0.5]]))
            >>> sample, results = Sample((0,), (0,), (0.5,)), given.results(given.offset[None])
            >>> print(grids(given, [sample], *results).moment((0,), [sample], *(found[0] for found in results))["text"])
            at 0.5: 0.5*2 + 0.5*0 = 1
            together: 1*(-1) = -1
        """
        values, total = of_taps(read, here), output[here].item()
        masks = None if self.given.mask is None else of_taps(self.given.mask, here)
        sources = [c.source for s in window for c in corners(s.point, self.given.size) if c.weight and c.source]
        taken = [self.sampled.place(0, sample.kernel_index) for sample in window]
        factors = [self.kernel.place(0, sample.kernel_index) for sample in window]
        there = self.output.place(0, here)
        lit = [("read", [self.input.place(0, source) for source in dict.fromkeys(sources)]), ("read", taken)]
        changes = [Change(*place, whole(value)) for place, value in zip(taken, values, strict=True)]
        if self.mask and masks:
            masked = [self.mask.place(0, sample.kernel_index) for sample in window]
            changes += [Change(*place, whole(amount)) for place, amount in zip(masked, masks, strict=True)]
            factors = [*masked, *factors]
        lit += [("weight", factors), ("written", [there])]
        return {
            "text": "\n".join(self._lines(window, values, masks, total)),
            "marks": tuple(mark for role, places in lit for mark in marks(role, places)),  # type: ignore[arg-type]
            "changes": (*changes, Change(*there, whole(total))),
            "points": tuple(self._point(sample) for sample in window),
        }

    def _point(self, sample: Sample) -> Point:
        first = self.input.first
        (*_, row, column), (*_, start_row, start_column) = (
            (0.0, *(i - before for i, before in zip(place, first, strict=True)))
            for place in (sample.point, sample.lattice)
        )
        return Point(self.input.grids[0].name, whole(row), whole(column), "read", (start_row, start_column))

    def _lines(
        self, window: Sequence[Sample], values: Sequence[float], masks: Sequence[float] | None, total: float
    ) -> Iterator[str]:
        given = self.given
        around = [corners(sample.point, given.size) for sample in window]
        written_out = sum(map(len, around)) <= MOST_CORNERS
        for sample, value, found in zip(window, values, around, strict=True) if written_out else ():
            parts = [(c.weight, given.input[0][c.source].item() if c.source else 0.0) for c in found if c.weight]
            place = ", ".join(word(number) for number in sample.point)
            yield f"at {place if len(sample.point) == 1 else f'({place})'}: {sum_of_products(parts, value)}"
        factors = [values, *([masks] if masks else []), given.weight.flatten().tolist()]
        added = None if given.bias is None else given.bias.item()
        products = sum_of_products(zip(*factors, strict=True), total, bias=added)
        yield f"together: {products}" if written_out else products
        outside = sum(not any(c.weight and c.source for c in found) for found in around)
        if outside:
            yield f"{outside} of the {len(window)} points lie a whole element outside, where everything is zero"


def grids(
    given: Tensors, found: Sequence[Sample], output: torch.Tensor, read: torch.Tensor, *, picture: bool = False
) -> Grids:
    """The grids of a deformable convolution, that of the input large enough for all of its points.

    Args:
        given: Its tensors.
        found: All samples of the scene.
        output: All outputs, for the colours.
        read: All that is read, for the colours.
        picture: Whether the input is drawn in grey, and it and the output without their numbers.

    Shape:
        - output: (N, *out)
        - read: (N, prod(kernel_size), *out)

    Raises:
        ValueError: If a point lies so far outside that the picture would be too large.

    Example:
        >>> from convlab.arithmetic.spec import ConvSpec
        >>> from convlab.scenes.deform_tensors import checked
        >>> given = checked("deform", ConvSpec(1, 1, (1,)), torch.ones(1, 2), torch.tensor([[-2.0, 0.0]]))
        >>> results = given.results(given.offset[None])
        >>> grids(given, [Sample((0,), (0,), (-2.0,))], *results).input.grids[0].kinds
        ('pp..',)
    """
    spec, size = given.spec, given.size
    padding = padding_amounts(spec)
    around = [
        (max(before, least), max(after, most))
        for (before, after), (least, most) in zip(padding, reach(found, size) if found else padding, strict=True)
    ]
    cells = math.prod(n + before + after for n, (before, after) in zip(size, around, strict=True))
    check_amount("deform", cells=cells + output[0].numel() + 3 * math.prod(spec.kernel_size))
    wide = F.pad(given.input, [amount for pair in reversed(around) for amount in pair])
    whole_input = planes("input", wide, first=[-before for before, _ in around], size=size)
    outside = ["" if not any(a) else padding_words(*p) if a == p else ", zeros outside"
               for a, p in zip(around, padding, strict=True)]  # fmt: skip
    words = [f"{letter} = {n}{more}" for letter, n, more in zip(LETTERS[spec.ndim], size, outside, strict=True)]
    look: dict[str, Any] = {"decimals": None} if picture else {}
    grey: dict[str, Any] = {"scale": "grey"} if picture else {}
    whole_input = replace(whole_input, grids=tuple(replace(g, side=SIDE, **look, **grey) for g in whole_input.grids))
    results = output_planes(spec, output[:1])
    colours: dict[str, Any] = {"decimals": decimals_of(output), "limit": limit_of(output), **look}
    results = replace(results, grids=tuple(replace(grid, **colours) for grid in results.grids))
    return Grids(
        given,
        labelled(whole_input, words, channels=""),
        _small("sampled", given, read),
        None if given.mask is None else _small("mask", given, given.mask),
        kernel_planes(spec, given.weight, 0),
        results,
    )


def of_taps(values: torch.Tensor, here: tuple[int, ...]) -> list[float]:
    """The number of each tap at one output position.

    Args:
        values: A number for each tap and output position.
        here: The output position.

    Shape:
        - values: (prod(kernel_size), *out)

    Example:
        >>> of_taps(torch.tensor([[1, 2], [3, 4]]), (1,))
        [2, 4]
    """
    found: list[float] = values.movedim(0, -1)[here].tolist()
    return found


def _small(name: str, given: Tensors, values: torch.Tensor) -> Planes:
    """An empty grid as large as the kernel, with the colours and digits that these values need."""
    found = planes(name, given.weight[0], empty=True)
    look: dict[str, Any] = {"decimals": decimals_of(values), "limit": limit_of(values)}
    look |= {"scale": "count"} if name == "mask" and not bool((values < 0).any()) else {}
    return replace(found, grids=tuple(replace(grid, **look) for grid in found.grids))
