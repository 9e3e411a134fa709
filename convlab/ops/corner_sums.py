"""Weighted sums of a few rows of a table, and their gradients: two ways to compute each.

Written as a matrix with one line for each sum and one column for each row of the table, the parts are sparse. Where
torch has MKL, its sparse products are several times as fast on a CPU as gathering row by row, which runs anywhere.
"""

from __future__ import annotations

import functools
import warnings
from typing import NamedTuple

import torch


class Sums(NamedTuple):
    """Which rows of a table are added up, and how much of each.

    Attributes:
        row: For each sum the number of its first row; (S,).
        steps: How many rows further each of its rows stands, in ascending order.
        parts: How much of each row is taken; (S, len(steps)).

    Example:
        >>> sums = Sums(torch.tensor([0]), (0, 1), torch.tensor([[0.5, 0.25]]))
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
        >>> sums = Sums(torch.tensor([0]), (0, 1), torch.tensor([[0.5, 0.25]]))
        >>> read(torch.tensor([[10.0], [20.0]]), sums, out=torch.empty(1, 1))
        tensor([[10.]])
    """
    if has_fast_sparse_products(rows.device):
        return torch.addmm(out, _matrix(sums, len(rows)), rows, beta=0.0, out=out)
    out.zero_()
    for number, step in enumerate(sums.steps):
        out.addcmul_(rows.index_select(0, sums.row + step), sums.parts[:, number, None])
    return out


def parts_gradient(rows: torch.Tensor, sums: Sums, gradient: torch.Tensor) -> torch.Tensor:
    """The gradient with respect to the parts: the scalar products of each sum's gradient with the rows it has read.

    Shape:
        - rows: (M, C)
        - gradient: (S, C)
        - Output: (S, len(steps))

    Example:
        >>> sums = Sums(torch.tensor([0]), (0, 1), torch.tensor([[0.5, 0.25]]))
        >>> parts_gradient(torch.tensor([[10.0], [20.0]]), sums, torch.tensor([[2.0]]))
        tensor([[20., 40.]])
    """
    if has_fast_sparse_products(rows.device):
        products: torch.Tensor = torch.sparse.sampled_addmm(_matrix(sums, len(rows)), gradient, rows.t(), beta=0.0)
        return products.values().view(sums.parts.shape)
    found = [(rows.index_select(0, sums.row + step) * gradient).sum(1) for step in sums.steps]
    return torch.stack(found, dim=1)


def add_rows_gradient(rows_gradient: torch.Tensor, sums: Sums, gradient: torch.Tensor) -> None:
    """Add the gradient with respect to the rows: each sum's gradient goes to the rows it has read.

    Shape:
        - rows_gradient: (M, C)
        - gradient: (S, C)

    Example:
        >>> total, sums = torch.zeros(2, 1), Sums(torch.tensor([0]), (0, 1), torch.tensor([[0.5, 0.25]]))
        >>> add_rows_gradient(total, sums, torch.tensor([[2.0]]))
        >>> total
        tensor([[1.0000],
                [0.5000]])
    """
    if has_fast_sparse_products(rows_gradient.device):
        first, transposed = _transposed_matrix(sums)
        rows_gradient[first : first + transposed.shape[0]] += torch.sparse.mm(transposed, gradient, "sum")
        return
    for number, step in enumerate(sums.steps):
        rows_gradient.index_add_(0, sums.row + step, gradient * sums.parts[:, number, None])


def _matrix(sums: Sums, width: int) -> torch.Tensor:
    """The parts as a sparse matrix (S, width)."""
    _silence_the_notice()
    count, each = sums.parts.shape
    starts = torch.arange(0, count * each + 1, each, dtype=sums.row.dtype, device=sums.row.device)
    return torch.sparse_csr_tensor(starts, _corners(sums), sums.parts.flatten(), (count, width))


def _transposed_matrix(sums: Sums) -> tuple[int, torch.Tensor]:
    """The first row of the table that any sum reads, and a line for each row from there to the last: (lines, S)."""
    _silence_the_notice()
    count, each = sums.parts.shape
    by_row, order = torch.sort(_corners(sums), stable=True)
    first, end = int(by_row[0]), int(by_row[-1]) + 1
    lines = torch.arange(first, end + 1, dtype=by_row.dtype, device=by_row.device)
    starts = torch.searchsorted(by_row, lines, out_int32=by_row.dtype == torch.int32)
    reader = (order >> (each.bit_length() - 1)).to(by_row.dtype)  # `each` is a power of two
    parts = sums.parts.flatten().index_select(0, order)
    return first, torch.sparse_csr_tensor(starts, reader, parts, (end - first, count))


def _corners(sums: Sums) -> torch.Tensor:
    """The row of each part."""
    steps = torch.tensor(sums.steps, dtype=sums.row.dtype, device=sums.row.device)
    return (sums.row.unsqueeze(1) + steps).flatten()


@functools.cache
def _silence_the_notice() -> None:
    """Torch says once in a process that its sparse matrices are in beta state: nothing that a reader should act on."""
    with warnings.catch_warnings(), torch.device("cpu"):
        warnings.simplefilter("ignore")
        torch.sparse_csr_tensor(torch.tensor([0, 0]), torch.tensor([], dtype=torch.int64), torch.tensor([]), (1, 1))
