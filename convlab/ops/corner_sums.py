"""Weighted sums of a few rows of a table, and their gradients: two ways to compute each.

Written as a matrix with one line for each sum and one column for each row of the table, the parts are sparse. Where
torch has MKL, its sparse products are several times as fast on a CPU as gathering row by row, which runs anywhere.
"""

from __future__ import annotations

import functools
import warnings
from typing import NamedTuple

import torch

RADIX_SORT = 2**15
"""From so many integers on torch sorts by their digits, which takes a fifth of the time; fewer are filled up."""


class Sums(NamedTuple):
    """Which rows of a table are added up, and how much of each.

    Attributes:
        row: For each sum the number of its first row; (S,).
        steps: How many rows further each of its rows stands, in ascending order.
        parts: How much of each row is taken; (len(steps), S).

    Example:
        >>> sums = Sums(torch.tensor([0]), (0, 1), torch.tensor([[0.5], [0.25]]))
        >>> read(torch.tensor([[10.0], [20.0]]), sums, out=torch.empty(1, 1))
        tensor([[10.]])
    """

    row: torch.Tensor
    steps: tuple[int, ...]
    parts: torch.Tensor


def has_fast_sparse_products(device: torch.device) -> bool:
    """Whether torch multiplies sparse matrices fast on this device, and this module uses that.

    Example:
        >>> has_fast_sparse_products(torch.device("meta"))
        False
    """
    return device.type == "cpu" and torch.backends.mkl.is_available()


def read(rows: torch.Tensor, sums: Sums, out: torch.Tensor) -> torch.Tensor:
    """The sums, written into `out`: fresh memory for them would take longer than the sums.

    Shape:
        - rows: (M, C)
        - out: (S, C)
        - Output: (S, C)

    Example:
        >>> sums = Sums(torch.tensor([0]), (0, 1), torch.tensor([[0.5], [0.25]]))
        >>> read(torch.tensor([[10.0], [20.0]]), sums, out=torch.empty(1, 1))
        tensor([[10.]])
    """
    if has_fast_sparse_products(rows.device):
        return out.addmm_(_matrix(sums, sums.parts.t().flatten(), len(rows)), rows, beta=0.0)
    out.zero_()
    for part, step in zip(sums.parts, sums.steps, strict=True):
        out.addcmul_(rows.index_select(0, sums.row + step), part.unsqueeze(1))
    return out


def parts_gradient(rows: torch.Tensor, sums: Sums, gradient: torch.Tensor) -> torch.Tensor:
    """The gradient with respect to the parts: the scalar products of each sum's gradient with the rows it has read.

    Shape:
        - rows: (M, C)
        - gradient: (S, C)
        - Output: (len(steps), S)

    Example:
        >>> sums = Sums(torch.tensor([0]), (0, 1), torch.tensor([[0.5], [0.25]]))
        >>> parts_gradient(torch.tensor([[10.0], [20.0]]), sums, torch.tensor([[2.0]]))
        tensor([[20.],
                [40.]])
    """
    if has_fast_sparse_products(rows.device):
        asked = _matrix(sums, gradient.new_zeros(sums.parts.numel()), len(rows))  # of the products, these and no others
        torch.sparse.sampled_addmm(asked, gradient, rows.t(), beta=0.0, out=asked)
        return asked.values().view(-1, len(sums.steps)).t().contiguous()
    found = [(rows.index_select(0, sums.row + step) * gradient).sum(1) for step in sums.steps]
    return torch.stack(found)


def add_rows_gradient(rows_gradient: torch.Tensor, sums: Sums, gradient: torch.Tensor) -> None:
    """Add the gradient with respect to the rows: each sum's gradient goes to the rows it has read.

    Shape:
        - rows_gradient: (M, C)
        - gradient: (S, C)

    Example:
        >>> total, sums = torch.zeros(2, 1), Sums(torch.tensor([0]), (0, 1), torch.tensor([[0.5], [0.25]]))
        >>> add_rows_gradient(total, sums, torch.tensor([[2.0]]))
        >>> total
        tensor([[1.0000],
                [0.5000]])
    """
    if has_fast_sparse_products(rows_gradient.device) and len(sums.row):
        _add_sorted(rows_gradient, sums, gradient)
        return
    for part, step in zip(sums.parts, sums.steps, strict=True):
        rows_gradient.index_add_(0, sums.row + step, gradient * part.unsqueeze(1))


def _add_sorted(rows_gradient: torch.Tensor, sums: Sums, gradient: torch.Tensor) -> None:
    """The sums sorted by their first row: for each step a sparse matrix with a line for each of these rows."""
    _silence_the_notice()
    by_row, order = _sorted(sums.row, largest=len(rows_gradient))
    first, end = int(by_row[0]), int(by_row[-1]) + 1
    starts = by_row.new_zeros(end - first + 1)
    torch.cumsum(torch.bincount(by_row - first), 0, out=starts[1:])
    reader = order.to(by_row.dtype)
    for part, step in zip(sums.parts.index_select(1, order), sums.steps, strict=True):
        matrix = torch.sparse_csr_tensor(starts, reader, part, (end - first, len(gradient)))
        rows_gradient[first + step : end + step].addmm_(matrix, gradient)


def _sorted(row: torch.Tensor, largest: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The rows in ascending order, and where each of them stood."""
    missing = RADIX_SORT - len(row) if len(row) > RADIX_SORT // 4 else 0
    padded = torch.nn.functional.pad(row, (0, missing), value=largest) if missing > 0 else row
    by_row, order = torch.sort(padded, stable=True)
    return by_row[: len(row)], order[: len(row)]


def _matrix(sums: Sums, numbers: torch.Tensor, width: int) -> torch.Tensor:
    """A sparse matrix (S, width) with these numbers in the places of the parts, sum by sum."""
    _silence_the_notice()
    each = len(sums.steps)
    starts = torch.arange(0, len(numbers) + 1, each, dtype=sums.row.dtype, device=sums.row.device)
    steps = torch.tensor(sums.steps, dtype=sums.row.dtype, device=sums.row.device)
    corners = (sums.row.unsqueeze(1) + steps).flatten()
    return torch.sparse_csr_tensor(starts, corners, numbers, (len(sums.row), width))


@functools.cache
def _silence_the_notice() -> None:
    """Torch says once in a process that its sparse matrices are in beta state: nothing that a reader should act on."""
    with warnings.catch_warnings(), torch.device("cpu"):
        warnings.simplefilter("ignore")
        torch.sparse_csr_tensor(torch.tensor([0, 0]), torch.tensor([], dtype=torch.int64), torch.tensor([]), (1, 1))
