"""A batch in blocks of output positions, and where each block reads: little is in memory at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch

from convlab.arithmetic.spec import ConvSpec
from convlab.ops.corner_sums import Sums
from convlab.ops.deform_arguments import offset_groups_of
from convlab.ops.sampling import by_place, corner_parts, lattice, places, table

PARTS_PER_BLOCK = 2**17
"""Corners that a block reads at most: what is computed for them stays in the processor's cache."""

BLOCK_SHARE = 0.7
"""What is computed for a block takes at most about this part of the columns' memory, or so many numbers:"""

FEWEST_NUMBERS = 2**20
"""Four megabytes: smaller blocks are not worth their calls."""


class Block(NamedTuple):
    """Several whole images, or a part of the output positions of one.

    Attributes:
        images: Which images of the batch.
        part: Which output positions of each of them.
        columns: Where its columns stand among those of the batch.

    Example:
        >>> Block(slice(1, 2), slice(3, 6), slice(13, 16)).size
        3
    """

    images: slice
    part: slice
    columns: slice

    @property
    def size(self) -> int:
        """How many columns it has."""
        return int(self.columns.stop - self.columns.start)

    def of_batch(self, tensor: torch.Tensor, groups: int) -> torch.Tensor:
        """What belongs to the block of a tensor (N, groups * C, *out): a view (groups, images, positions, C).

        Example:
            >>> Block(slice(1, 2), slice(3, 6), slice(13, 16)).of_batch(torch.zeros(2, 8, 5, 2), groups=4).shape
            torch.Size([4, 1, 3, 2])
        """
        found = tensor.flatten(2)[self.images, :, self.part]
        return torch.unflatten(found, 1, (groups, -1)).permute(1, 0, 3, 2)


class Reading(NamedTuple):
    """What a block reads.

    Attributes:
        sums: The corners of each place, and how much of them.
        fractions: How far the places are past their first corner along each axis; (ndim, columns, taps, groups).
        factor: The mask's number of each place, or None; (columns, taps, groups).

    Example:
        >>> batch = Batch(torch.zeros(1, 1, 3), torch.zeros(1, 1, 3), None, ConvSpec(1, 1, (1,)))
        >>> batch.reading(next(batch.blocks())).fractions.shape
        torch.Size([1, 3, 1, 1])
    """

    sums: Sums
    fractions: torch.Tensor
    factor: torch.Tensor | None


class Batch:
    """A batch as a table of rows, and the offsets and masks by which its blocks read.

    Attributes:
        rows: The table.
        offset: The offset in contiguous memory.
        mask: The mask in contiguous memory, or None.

    Shape:
        - input: (N, C_in, *spatial)
        - offset: (N, ndim * offset_groups * prod(kernel_size), *out)
        - mask: (N, offset_groups * prod(kernel_size), *out)

    Example:
        >>> batch = Batch(torch.zeros(2, 1, 3), torch.zeros(2, 1, 3), None, ConvSpec(1, 1, (1,)))
        >>> [block.size for block in batch.blocks()], batch.rows.shape  # 2 * (2 + 3 + 2) rows
        ([6], torch.Size([14, 1]))
    """

    def __init__(self, input: torch.Tensor, offset: torch.Tensor, mask: torch.Tensor | None, spec: ConvSpec) -> None:
        self.rows = table(input, offset_groups_of(offset, spec))
        self.offset, self.mask = offset.contiguous(), None if mask is None else mask.contiguous()
        self._spec, self._sizes = spec, tuple(input.shape[2:])
        self._undeformed = lattice(spec, self._sizes, input.device)

    def blocks(self) -> Iterator[Block]:
        """The blocks of the batch, of about equal size."""
        spec, images, positions = self._spec, len(self.offset), math.prod(self.offset.shape[2:])
        corners, channels = 2**spec.ndim, self.rows.shape[1]
        columns = images * positions * math.prod(spec.kernel_size) * spec.in_channels
        numbers = max(BLOCK_SHARE * columns, FEWEST_NUMBERS) / (6 * corners + channels)  # about, for each sum
        each = self.offset.shape[1] // spec.ndim
        most = max(1, int(min(numbers, PARTS_PER_BLOCK / corners)) // each)
        together = max(1, most // positions)
        size = math.ceil(positions / math.ceil(positions / most))
        for first in range(0, images, together):
            last = min(first + together, images)
            for start in range(0, positions, size):
                end = min(start + size, positions)
                columns_of_block = slice(first * positions + start, (last - 1) * positions + end)
                yield Block(slice(first, last), slice(start, end), columns_of_block)

    def reading(self, block: Block) -> Reading:
        """Where a block reads in its part of the table."""
        spec, groups = self._spec, offset_groups_of(self.offset, self._spec)
        found = places(self.offset[block.images], groups, spec, self._sizes, block.part, self._undeformed)
        factor = None
        if self.mask is not None:
            (factor,) = by_place(self.mask[block.images], groups, math.prod(spec.kernel_size), part=block.part)
        parts = torch.stack(corner_parts(found.fractions, factor)).flatten(1)
        return Reading(Sums(found.row.flatten(), found.steps, parts), found.fractions, factor)

    def rows_of(self, rows: torch.Tensor, block: Block) -> torch.Tensor:
        """The part of the table, or of another one like it, with the images of a block."""
        each = len(self.rows) // len(self.offset)
        return rows[block.images.start * each : block.images.stop * each]
