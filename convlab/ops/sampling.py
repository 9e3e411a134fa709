"""Reading a batch at positions that are no integers: which rows of a table, and how much of each."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F

from convlab.arithmetic.sizes import output_size, padding_amounts
from convlab.arithmetic.spec import ConvSpec

BORDER = 2
"""Zeros on each side of the table: where a position is outside, both its neighbours along the axis are among them."""


class Places(NamedTuple):
    """Where every tap of every window reads, in the order of the columns: image, output position, tap, offset group.

    Attributes:
        row: The row of the table with the corner of the lowest indices; (N * prod(out), prod(kernel_size), groups).
        fractions: How far the position is past that corner along each axis, from 0 to 1; (ndim, *row.shape).
        steps: How many rows further each corner stands, the last axis fastest.

    Example:
        >>> places(torch.tensor([[[0.25]]]), 1, ConvSpec(1, 1, (1,)), (1,)).steps
        (0, 1)
    """

    row: torch.Tensor
    fractions: torch.Tensor
    steps: tuple[int, ...]


def table(input: torch.Tensor, offset_groups: int) -> torch.Tensor:
    """The elements of a batch as rows of channels, image by image and offset group by offset group, with a zero border.

    Shape:
        - input: (N, C_in, *spatial)
        - Output: (N * offset_groups * prod(spatial + 2 * BORDER), C_in/offset_groups)

    Example:
        >>> table(torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]), 1).T
        tensor([[0., 0., 1., 2., 0., 0.],
                [0., 0., 3., 4., 0., 0.]])
    """
    padded = F.pad(input, (BORDER, BORDER) * (input.ndim - 2)).flatten(2)
    channels = input.shape[1] // offset_groups
    return torch.unflatten(padded, 1, (offset_groups, channels)).transpose(2, 3).flatten().view(-1, channels)


def from_table(rows: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """The way back from `table` to a batch of this shape, without the border.

    Example:
        >>> from_table(table(torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]), 2), (1, 2, 2))
        tensor([[[1., 2.],
                 [3., 4.]]])
    """
    images, in_channels, *sizes = shape
    channels, padded = rows.shape[1], [n + 2 * BORDER for n in sizes]
    image = rows.view(images, in_channels // channels, *padded, channels).movedim(-1, 2)
    for axis, n in enumerate(sizes):
        image = image.narrow(3 + axis, BORDER, n)
    return image.reshape(tuple(shape))


class Lattice(NamedTuple):
    """Where a convolution reads along each axis: a tap of a window at the sum of both numbers.

    Attributes:
        window: The place of each window's first tap; (ndim, prod(out)).
        tap: How much further each tap reads; (ndim, prod(kernel_size)).

    Example:
        >>> found = lattice(ConvSpec(1, 1, (2,), stride=2, padding=1, dilation=3), (5,), torch.device("cpu"))
        >>> found.window, found.tap
        (tensor([[-1,  1]]), tensor([[0, 3]]))
    """

    window: torch.Tensor
    tap: torch.Tensor


def lattice(spec: ConvSpec, sizes: tuple[int, ...], device: torch.device) -> Lattice:
    """The places of a convolution of an input with these spatial sizes.

    Example:
        >>> lattice(ConvSpec(1, 1, (1, 1)), (2, 2), torch.device("cpu")).window
        tensor([[0, 0, 1, 1],
                [0, 1, 0, 1]])
    """
    starts = [
        torch.arange(n, device=device) * step - before
        for n, step, (before, _) in zip(output_size(spec, sizes), spec.stride, padding_amounts(spec), strict=True)
    ]
    taps = [torch.arange(k, device=device) * step for k, step in zip(spec.kernel_size, spec.dilation, strict=True)]
    return Lattice(*(torch.stack(torch.meshgrid(*along, indexing="ij")).flatten(1) for along in (starts, taps)))


def by_place(
    tensor: torch.Tensor, offset_groups: int, taps: int, numbers: int = 1, part: slice = slice(None)
) -> torch.Tensor:
    """The channels of an offset or a mask, sorted as the columns are; `numbers` of them belong to each tap.

    Shape:
        - tensor: (N, offset_groups * taps * numbers, *out)
        - Output: (numbers, N * prod(out), taps, offset_groups), or of these output positions a part

    Example:
        >>> by_place(torch.tensor([[[1.0], [2.0], [3.0], [4.0]]]), 1, 2, numbers=2)[:, 0, :, 0]
        tensor([[1., 3.],
                [2., 4.]])
    """
    found = torch.unflatten(tensor.flatten(2)[..., part], 1, (offset_groups, taps, numbers))
    return found.permute(3, 0, 4, 2, 1).flatten(1, 2).contiguous()


def put_by_place(values: torch.Tensor, tensor: torch.Tensor, part: slice = slice(None)) -> None:
    """The way back from `by_place`: write into a part of a contiguous tensor that is laid out as an offset or a mask.

    Example:
        >>> x, y = torch.rand(2, 12, 5), torch.empty(2, 12, 5)
        >>> put_by_place(by_place(x, 2, 3, numbers=2), y)
        >>> torch.equal(x, y)
        True
    """
    numbers, _, taps, groups = values.shape
    place = torch.unflatten(tensor.flatten(2)[..., part], 1, (groups, taps, numbers)).permute(3, 0, 4, 2, 1)
    place.copy_(values.view(place.shape))


def places(
    offset: torch.Tensor,
    offset_groups: int,
    spec: ConvSpec,
    sizes: tuple[int, ...],
    part: slice = slice(None),
    undeformed: Lattice | None = None,
) -> Places:
    """Where a deformable convolution of an input with these spatial sizes reads, for a part of the output positions.

    The places between the kernel's own ones and the offsets' are never added up in floating point: the first stay
    integers, and of the second the floor joins them. So the error does not grow with the width of the input.

    Shape:
        - offset: (N, ndim * offset_groups * prod(kernel_size), *out)

    Example:
        >>> found = places(torch.tensor([[[0.25, -9.0]]]), 1, ConvSpec(1, 1, (1,)), (2,))
        >>> found.row.flatten(), found.fractions.flatten(), found.steps  # rows 0, 1, 4 and 5 are zeros
        (tensor([2, 0], dtype=torch.int32), tensor([0.2500, 0.0000]), (0, 1))
    """
    ndim, taps, device = spec.ndim, math.prod(spec.kernel_size), offset.device
    padded = [n + 2 * BORDER for n in sizes]
    strides = [math.prod(padded[axis + 1 :]) for axis in range(ndim)]
    images = len(offset) * offset_groups
    whole = torch.int32 if images * math.prod(padded) < 2**31 else torch.int64

    # Beyond this every position is outside: what is further, or infinite, may as well stop there. NaN stays NaN.
    reach = max(n + before + after for n, (before, after) in zip(sizes, padding_amounts(spec), strict=True)) + BORDER
    bound = 2.0 ** math.ceil(math.log2(reach))
    moves = by_place(offset, offset_groups, taps, ndim, part).clamp(-bound, bound)
    floors = moves.detach().floor()

    window, tap = lattice(spec, sizes, device) if undeformed is None else undeformed
    window, tap = (window[:, part] + BORDER).to(whole), tap.to(whole)  # counted in the table, with its border
    stand = (window.unsqueeze(2) + tap.unsqueeze(1)).unsqueeze(3)  # (ndim, positions, taps, 1)
    steps_away = torch.unflatten(floors.nan_to_num(0.0).to(whole), 1, (len(offset), window.shape[1]))
    row = torch.arange(images, dtype=whole, device=device).view(-1, 1, 1, offset_groups) * math.prod(padded)
    for axis, n in enumerate(sizes):
        row = torch.add(row, (steps_away[axis] + stand[axis]).clamp(0, n + BORDER), alpha=strides[axis])
    steps = tuple(
        sum(high * stride for high, stride in zip(corner, strides, strict=True))
        for corner in itertools.product((0, 1), repeat=ndim)
    )
    return Places(row.flatten(0, 1), moves - floors, steps)


def corner_parts(fractions: torch.Tensor, mask: torch.Tensor | None = None) -> list[torch.Tensor]:
    """How much of each corner is taken, the last axis fastest, times the mask's number.

    Shape:
        - fractions: (ndim, *any)
        - mask: (*any)
        - Output: 2**ndim tensors (*any)

    Example:
        >>> corner_parts(torch.tensor([[0.25], [0.5]]))
        [tensor([0.3750]), tensor([0.3750]), tensor([0.1250]), tensor([0.1250])]
    """
    parts = [1 - fractions[0], fractions[0]] if mask is None else [mask * (1 - fractions[0]), mask * fractions[0]]
    for fraction in fractions[1:]:
        parts = [share for part in parts for share in (part * (1 - fraction), part * fraction)]
    return parts


def columns(
    input: torch.Tensor, offset: torch.Tensor, mask: torch.Tensor | None, offset_groups: int, spec: ConvSpec
) -> torch.Tensor:
    """What every tap reads at every output position, by functions of torch that know their gradients of every order.

    Shape:
        - input: (N, C_in, *spatial)
        - offset: (N, ndim * offset_groups * prod(kernel_size), *out)
        - mask: (N, offset_groups * prod(kernel_size), *out)
        - Output: (N * prod(out), prod(kernel_size), C_in)

    Example:
        >>> spec = ConvSpec(1, 1, (2,), bias=False)
        >>> x, offset = torch.tensor([[[0.0, 10.0, 20.0]]]), torch.tensor([[[0.5, 0.0], [0.0, 0.25]]])
        >>> columns(x, offset, None, 1, spec).squeeze()
        tensor([[ 5., 10.],
                [10., 15.]])
    """
    rows = table(input, offset_groups)
    found = places(offset, offset_groups, spec, tuple(input.shape[2:]))
    taps = math.prod(spec.kernel_size)
    factor = None if mask is None else by_place(mask, offset_groups, taps)[0]
    total = rows.new_zeros(())
    for part, step in zip(corner_parts(found.fractions, factor), found.steps, strict=True):
        corner = rows.index_select(0, (found.row + step).flatten()).view(*found.row.shape, rows.shape[1])
        total = total + corner * part.unsqueeze(-1)
    return total.flatten(2)
