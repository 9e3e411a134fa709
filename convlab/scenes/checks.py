"""What a picture of a convolution refuses before any work: another operation, wrong shapes, too much to read."""

from __future__ import annotations

import math

import torch

from convlab.arithmetic.sizes import output_size, padding_amounts
from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_tuple
from convlab.scenes.numbers import input_for, plain

MOST_CELLS = 2000
"""A picture with more cells is refused."""

MOST_PRODUCTS = 4000
"""A story with more products is refused."""


def check_amount(what: str, *, cells: int, products: int | None = None) -> None:
    """Refuse a picture that nobody could read.

    Args:
        what: The picture, for the error.
        cells: The cells of all its grids.
        products: The products of all its steps; None where it has none.

    Raises:
        ValueError: If there are more than `MOST_CELLS` cells or `MOST_PRODUCTS` products.

    Example:
        >>> check_amount("sliding_window", cells=10, products=5000)
        Traceback (most recent call last):
        ValueError: sliding_window shows at most 2000 cells and 4000 products, but here are 10 cells and 5000 products
    """
    if cells > MOST_CELLS or (products or 0) > MOST_PRODUCTS:
        most, here = f"{MOST_CELLS} cells", f"{cells} cells"
        if products is not None:
            most, here = f"{most} and {MOST_PRODUCTS} products", f"{here} and {products} products"
        raise ValueError(f"{what} shows at most {most}, but here are {here}")


def check_spec(what: str, spec: ConvSpec) -> None:
    """Refuse what is no convolution of 1, 2 or 3 spatial axes.

    Args:
        what: The picture, for the error.
        spec: The convolution.

    Raises:
        TypeError: If `spec` is no `ConvSpec`.
        ValueError: If it has more than three spatial axes.

    Example:
        >>> check_spec("matrix", 3)
        Traceback (most recent call last):
        TypeError: matrix needs an arithmetic.ConvSpec, but spec=3 is a int
    """
    if not isinstance(spec, ConvSpec):
        raise TypeError(f"{what} needs an arithmetic.ConvSpec, but spec={spec!r} is a {type(spec).__name__}")
    if spec.ndim > 3:
        raise ValueError(f"{what} shows 1, 2 or 3 spatial axes, but kernel_size={spec.kernel_size} has {spec.ndim}")


def refuse_transposed(what: str, spec: ConvSpec) -> None:
    """Refuse a transposed convolution, and say what shows one.

    Args:
        what: The picture, for the error.
        spec: The convolution.

    Raises:
        TypeError: If `spec` is no `ConvSpec`.
        ValueError: If `spec` is transposed, or has more than three spatial axes.

    Example:
        >>> refuse_transposed("sliding_window", ConvSpec(1, 1, (3,), transposed=True))
        Traceback (most recent call last):
        ValueError: sliding_window needs transposed=False, but transposed=True; scatter and gather show a transposed ...
    """
    check_spec(what, spec)
    if spec.transposed:
        raise ValueError(
            f"{what} needs transposed=False, but transposed=True; scatter and gather show a transposed convolution"
        )


def refuse_plain(what: str, spec: ConvSpec) -> None:
    """Refuse a convolution that is not transposed, and say what shows one.

    Args:
        what: The picture, for the error.
        spec: The convolution.

    Raises:
        TypeError: If `spec` is no `ConvSpec`.
        ValueError: If `spec` is not transposed, or has more than three spatial axes.

    Example:
        >>> refuse_plain("scatter", ConvSpec(1, 1, (3,)))
        Traceback (most recent call last):
        ValueError: scatter needs spec.transposed=True; a convolution is shown by sliding_window
    """
    check_spec(what, spec)
    if not spec.transposed:
        raise ValueError(f"{what} needs spec.transposed=True; a convolution is shown by sliding_window")


def readable_input(what: str, spec: ConvSpec, input: torch.Tensor | IntOrTuple) -> torch.Tensor:
    """The input of a picture, after the check that the picture is not too large.

    Args:
        what: The picture, for the error.
        spec: The convolution.
        input: The input, or its size: then digits are made.

    Shape:
        - input: (C_in, *spatial)
        - Output: (C_in, *spatial), of float64

    Raises:
        TypeError: If the size holds no ints.
        ValueError: If the shape does not fit, or there would be too much to read.

    Example:
        >>> readable_input("sliding_window", ConvSpec(1, 1, (3,)), 10**9)
        Traceback (most recent call last):
        ValueError: sliding_window shows at most 2000 cells and 4000 products, but here are 2000000001 cells and ...
        >>> readable_input("sliding_window", ConvSpec(1, 1, (3,)), 4).shape
        torch.Size([1, 4])
    """
    if isinstance(input, torch.Tensor):
        input = input_for(spec, input)
        size = tuple(input.shape[1:])
    else:
        size = as_tuple("input", input, spec.ndim, minimum=1)
    outputs = spec.out_channels * math.prod(output_size(spec, size))
    around = (n + before + after for n, (before, after) in zip(size, padding_amounts(spec), strict=True))
    cells = spec.in_channels * math.prod(around) + math.prod(spec.weight_shape) + outputs
    check_amount(what, cells=cells, products=outputs * math.prod(spec.weight_shape[1:]))
    return input_for(spec, input)


def bias_for(spec: ConvSpec, bias: torch.Tensor | None) -> torch.Tensor | None:
    """The bias of a picture, or None.

    Args:
        spec: The convolution.
        bias: One number per output channel, or None.

    Shape:
        - bias: (C_out,)
        - Output: (C_out,), of float64

    Raises:
        TypeError: If the bias is no tensor, or its numbers are complex.
        ValueError: If it has another shape, or a number is not finite.

    Example:
        >>> bias_for(ConvSpec(1, 2, (3,)), torch.zeros(3))
        Traceback (most recent call last):
        ValueError: bias must have shape (C_out,) = (2,), but has shape (3,)
    """
    if bias is None:
        return None
    if not isinstance(bias, torch.Tensor):
        raise TypeError(f"bias must be a torch.Tensor or None, but bias={bias!r} is a {type(bias).__name__}")
    if tuple(bias.shape) != (spec.out_channels,):
        raise ValueError(f"bias must have shape (C_out,) = {(spec.out_channels,)}, but has shape {tuple(bias.shape)}")
    return plain("bias", bias)
