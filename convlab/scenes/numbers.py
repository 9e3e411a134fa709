"""Numbers in a picture: tensors as rows, numbers as words, sums of products written out, and numbers to play with."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch

from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_tuple
from convlab.scenes.parts import Number

MOST_TERMS = 30
"""Longer sums are cut in the middle."""


def rows(plane: torch.Tensor) -> tuple[tuple[int | float, ...], ...]:
    """The numbers of a plane, row by row; whole numbers as ints.

    Args:
        plane: The numbers, on any device.

    Shape:
        - plane: (H, W)

    Raises:
        ValueError: If the shape is another one, or a number is not finite.

    Example:
        >>> rows(torch.tensor([[1.0, 2.5]]))
        ((1, 2.5),)
    """
    if plane.ndim != 2:
        raise ValueError(f"plane must have shape (H, W), but has shape {tuple(plane.shape)}")
    return tuple(tuple(whole(value) for value in row) for row in plane.detach().cpu().double().tolist())


def whole(value: float) -> int | float:
    """The number as an int where it is one, otherwise with ten digits after the point.

    Raises:
        ValueError: If it is not finite, as the sum of numbers that are too large.

    Example:
        >>> whole(3.0), whole(0.1 + 0.2)
        (3, 0.3)
    """
    if not math.isfinite(value):
        raise ValueError("the numbers of a picture must be finite, but there is an inf or a nan")
    rounded = round(value, 10)
    return int(rounded) if rounded == int(rounded) else rounded


def word(value: Number, decimals: int = 2) -> str:
    """A number as the reader sees it: whole numbers without a point, others with at most `decimals` digits after it.

    Example:
        >>> word(3.0), word(-0.25), word(1 / 3), word(-0.001), word(None)
        ('3', '-0.25', '0.33', '0', '')
    """
    if value is None:
        return ""
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def decimals_of(*tensors: torch.Tensor) -> int:
    """Digits after the point that a reader needs: none where all numbers are whole, one where that is exact, else two.

    Example:
        >>> decimals_of(torch.tensor([1.0, 2.0])), decimals_of(torch.tensor([0.5])), decimals_of(torch.tensor([0.25]))
        (0, 1, 2)
    """
    values = [tensor.detach().cpu().double() for tensor in tensors]
    exact = [d for d in (0, 1) if all(torch.allclose(v, v.round(decimals=d), rtol=0, atol=1e-9) for v in values)]
    return exact[0] if exact else 2


def limit_of(*tensors: torch.Tensor) -> float:
    """The largest size of number, or 1 where all are 0.

    Example:
        >>> limit_of(torch.tensor([-3.0, 2.0])), limit_of(torch.zeros(2))
        (3.0, 1.0)
    """
    return max((float(t.detach().abs().max()) for t in tensors if t.numel()), default=0.0) or 1.0


def sum_of_products(pairs: Iterable[Sequence[float]], total: float, *, bias: float | None = None) -> str:
    """A sum of products written out, as "2*1 + 3*(-1) + 0.5 = -0.5".

    Args:
        pairs: The two factors of each product.
        total: What it comes to.
        bias: What is added at the end; None adds nothing.

    Example:
        >>> sum_of_products([(2, 1), (3, -1)], -1)
        '2*1 + 3*(-1) = -1'
        >>> sum_of_products([], 0.5, bias=0.5)
        '0.5 = 0.5'
    """
    terms = ["*".join(in_sum(factor) for factor in pair) for pair in pairs]
    if len(terms) > MOST_TERMS:
        left_out = len(terms) - MOST_TERMS + 1
        half = (MOST_TERMS - 1) // 2
        terms = [*terms[: MOST_TERMS - 1 - half], f"({left_out} more products)", *terms[-half:]]
    if bias is not None:
        terms.append(in_sum(bias))
    return f"{' + '.join(terms) or 'nothing'} = {_exact_word(total)}"


@functools.lru_cache(maxsize=4096)  # the same few numbers stand in many sums
def in_sum(value: float) -> str:
    """A number inside a sum: in brackets where it is negative; one that two digits make 0, with as many as it needs.

    Example:
        >>> in_sum(2.0), in_sum(-1.5), in_sum(0.0012345), in_sum(0.0)
        ('2', '(-1.5)', '0.0012', '0')
    """
    text = _exact_word(value)
    return f"({text})" if text.startswith("-") else text


def _exact_word(value: float) -> str:
    """As `word`, but for numbers that are small and not 0, so that no product of theirs looks like 0."""
    text = word(value)
    return f"{value:.2g}" if text == "0" and whole(value) else text


def input_for(spec: ConvSpec, input: torch.Tensor | IntOrTuple) -> torch.Tensor:
    """The input of a picture: the given one, or digits of this spatial size.

    Args:
        spec: The convolution.
        input: The input, or its elements, an int or one int per spatial axis.

    Shape:
        - input: (C_in, *spatial)
        - Output: (C_in, *spatial), of float64

    Raises:
        TypeError: If the size holds no ints, or the numbers are complex.
        ValueError: If the input has another number of axes or of channels, or nothing in it, or a number is not finite.

    Example:
        >>> input_for(ConvSpec(1, 1, (3,)), 7)
        tensor([[4., 9., 3., 0., 3., 9., 7.]], dtype=torch.float64)
    """
    if not isinstance(input, torch.Tensor):
        size = as_tuple("input", input, spec.ndim, minimum=1)
        return _digits((spec.in_channels, *size), 0, 10)
    if input.ndim != spec.ndim + 1 or len(input) != spec.in_channels or not input.numel():
        letters = ", ".join("DHW"[-spec.ndim :] if spec.ndim > 1 else "L")
        raise ValueError(
            f"input must have shape (C_in, {letters}) with C_in={spec.in_channels}, nowhere 0, "
            f"but has shape {tuple(input.shape)}"
        )
    return plain("input", input)


def weight_for(spec: ConvSpec, weight: torch.Tensor | None) -> torch.Tensor:
    """The weight of a picture: the given one, or whole numbers from -1 to 2.

    Args:
        spec: The convolution.
        weight: The weight, laid out as in torch; None makes one.

    Shape:
        - weight: `spec.weight_shape`
        - Output: `spec.weight_shape`, of float64

    Raises:
        TypeError: If the weight is no tensor, or its numbers are complex.
        ValueError: If the weight has another shape, or a number is not finite.

    Example:
        >>> weight_for(ConvSpec(1, 1, (3,)), None)
        tensor([[[-1.,  2.,  0.]]], dtype=torch.float64)
    """
    if weight is None:
        return _digits(spec.weight_shape, -1, 3)
    if not isinstance(weight, torch.Tensor):
        raise TypeError(f"weight must be a torch.Tensor or None, but weight={weight!r} is a {type(weight).__name__}")
    if tuple(weight.shape) != spec.weight_shape:
        raise ValueError(f"weight must have shape {spec.weight_shape}, but has shape {tuple(weight.shape)}")
    return plain("weight", weight)


def real(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """The tensor as a picture needs it: without gradients, in float64, in the computer's memory.

    Raises:
        TypeError: If it is no tensor, or sparse, or its numbers are complex.
        ValueError: If it has no numbers, being on the device "meta".

    Example:
        >>> real("input", torch.tensor([2.0], requires_grad=True))
        tensor([2.], dtype=torch.float64)
        >>> real("input", [2.0])
        Traceback (most recent call last):
        TypeError: input must be a torch.Tensor, but is a list
    """
    if not isinstance(tensor, torch.Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, but is a {type(tensor).__name__}")
    if tensor.is_complex():
        raise TypeError(f"{name} must hold real numbers, but has dtype {tensor.dtype}")
    if tensor.layout is not torch.strided:
        raise TypeError(f"{name} must be a dense tensor, but has layout {tensor.layout}")
    if tensor.is_meta:
        raise ValueError(f"{name} must hold numbers, but it is on the device 'meta', which has none")
    return tensor.detach().cpu().double()


def plain(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """The tensor as `real` gives it, and all its numbers finite.

    Raises:
        TypeError: If it is no tensor, or sparse, or its numbers are complex.
        ValueError: If it has no numbers, being on the device "meta", or one is not finite.

    Example:
        >>> plain("input", torch.tensor([2.0, torch.nan]))
        Traceback (most recent call last):
        ValueError: input must hold finite numbers, but there is an inf or a nan
    """
    values = real(name, tensor)
    if not bool(values.isfinite().all()):
        raise ValueError(f"{name} must hold finite numbers, but there is an inf or a nan")
    return values


def _digits(shape: Sequence[int], low: int, high: int) -> torch.Tensor:
    """Whole numbers, the same at each call; torch's own random state stays as it is."""
    generator = torch.Generator("cpu").manual_seed(0)
    options: dict[str, Any] = {"generator": generator, "dtype": torch.float64, "device": "cpu"}
    return torch.randint(low, high, tuple(shape), **options)
