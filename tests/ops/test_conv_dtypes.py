"""`conv` and `conv_transpose` in every dtype that this torch has: they take what torch takes, and refuse the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from conv_cases import (
    CONV,
    CONV_TRANSPOSE,
    EVEN_SAME_WARNING,
    OPERATIONS,
    Operation,
    assert_one_sentence,
    every_operation_and_method,
    must_not_run,
    named,
    numbers,
    refusal,
    refuses,
    small_integers,
)
from torch import Tensor
from torch.testing import assert_close

pytestmark = pytest.mark.filterwarnings(EVEN_SAME_WARNING)


def can_be_filled(dtype: torch.dtype) -> bool:
    return refusal(small_integers, 2, dtype=dtype) is None


ALL_DTYPES = sorted({value for value in vars(torch).values() if isinstance(value, torch.dtype)}, key=str)
DTYPES = [dtype for dtype in ALL_DTYPES if can_be_filled(dtype)]
WIDER = {torch.float16: torch.float32, torch.bfloat16: torch.float32, torch.complex32: torch.complex64}
"""Where the narrow dtypes are compared: `assert_close` does not take complex32."""

TOLERANCE = {torch.float16: 1e-3, torch.bfloat16: 1.6e-2, torch.complex32: 1e-3}
"""Of the narrow dtypes, as `assert_close` has it; that of the others is its default, which is none for integers."""

every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: str(dtype).removeprefix("torch."))


def settings(operation: Operation) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Name, number of spatial axes and options of what is tried in each dtype; torch's answer may depend on them."""
    tried: list[dict[str, Any]] = [{}, {"stride": 2, "padding": 1}, {"dilation": 2}, {"groups": 2}]
    tried.append({"padding": "same"} if operation is CONV else {"stride": 2, "output_padding": 1})
    for ndim in (1, 2, 3):
        for options in tried:
            yield f"{operation}{ndim}d with {options}", ndim, options


def padded_settings(padding_mode: str) -> Iterator[tuple[str, int, dict[str, Any]]]:
    for ndim in (1, 2, 3):
        for options in ({"padding": 1}, {"padding": 0}, {"padding": "same"}, {"padding": 1, "dilation": 2}):
            yield f"conv{ndim}d with {padding_mode} and {options}", ndim, {**options, "padding_mode": padding_mode}


def tensors(ndim: int, dtype: torch.dtype, groups: int = 1) -> tuple[Tensor, Tensor, Tensor]:
    """Small whole numbers, whose sums every dtype holds: no algorithm may be off by anything."""
    input = small_integers(1, 2, *(3,) * ndim, dtype=dtype)
    weight = small_integers(2, 2 // groups, *(2,) * ndim, dtype=dtype, highest=2)
    return input, weight, small_integers(2, dtype=dtype)


def fractions(
    ndim: int, dtype: torch.dtype, groups: int = 1, wide: torch.dtype | None = None, requires_grad: bool = False
) -> list[Tensor]:
    """Numbers that have to be rounded, those of `dtype`, in `dtype` or in one that is `wide`."""
    shapes = ((2, 2, *(3,) * ndim), (2, 2 // groups, *(2,) * ndim), (2,))
    given = [numbers(*shape, seed=seed) for seed, shape in enumerate(shapes)]
    cast = [(tensor * (1 - 0.5j) if dtype.is_complex else tensor).to(dtype) for tensor in given]
    return [tensor.to(wide or dtype).requires_grad_(requires_grad) for tensor in cast]


def torch_takes(operation: Operation, dtype: torch.dtype, ndim: int = 1, **options: Any) -> bool:
    return refusal(operation.torchs, *tensors(ndim, dtype, options.get("groups", 1)), **options) is None


def assert_close_for(dtype: torch.dtype, actual: Tensor, expected: Tensor, name: str) -> None:
    wide = WIDER.get(dtype, dtype)
    rtol, atol = (TOLERANCE[dtype], 1e-5) if dtype in TOLERANCE else (None, None)
    assert_close(actual.to(wide), expected.to(wide), rtol=rtol, atol=atol, msg=named(name))


def assert_agrees_with_torch(operation: Operation, method: str, dtype: torch.dtype, settings: Any) -> None:
    """Where torch answers: its dtype and values, or one sentence of a method that takes less. Where it refuses: one
    sentence, before any work.
    """
    for name, ndim, options in settings:
        arguments = tensors(ndim, dtype, options.get("groups", 1))
        if refuses(method, dtype) and torch_takes(operation, dtype, ndim, **options):
            error = refusal(operation.ours, *arguments, **options, method=method)
            assert type(error) is TypeError, name
            assert_one_sentence(error, name)
            assert str(dtype) in str(error), name
        elif torch_takes(operation, dtype, ndim, **options):
            expected = operation.torchs(*arguments, **options)
            actual = operation.ours(*arguments, **options, method=method)
            assert actual.dtype == expected.dtype == dtype, name
            assert_close_for(dtype, actual, expected, name)
        else:
            with pytest.MonkeyPatch.context() as patch:
                patch.setitem(operation.algorithms, method, must_not_run)
                error = refusal(operation.ours, *arguments, **options, method=method)
            assert_one_sentence(error, name)
            assert str(dtype) in str(error), name


def test_the_dtypes_that_matter_are_among_those_tried() -> None:
    floats = {torch.float16, torch.bfloat16, torch.float32, torch.float64}
    for operation in (CONV, CONV_TRANSPOSE):
        taken = {dtype for dtype in DTYPES if torch_takes(operation, dtype)}
        assert floats | {torch.complex32, torch.complex64, torch.complex128, torch.int64} <= taken
        assert torch.bool in set(DTYPES) - taken
    assert 15 <= len(DTYPES) < len(ALL_DTYPES)
    # Answers that depend on the operation, on an option, and on the padding mode.
    assert torch_takes(CONV, torch.int32)
    assert not torch_takes(CONV_TRANSPOSE, torch.int32)
    assert not torch_takes(CONV, torch.int32, dilation=2)
    assert torch_takes(CONV, torch.int64, padding=1, padding_mode="circular")


@every_operation_and_method
@every_dtype
def test_dtype_and_values_are_those_of_torch(operation: Operation, method: str, dtype: torch.dtype) -> None:
    assert_agrees_with_torch(operation, method, dtype, settings(operation))


@pytest.mark.parametrize("method", CONV.algorithms)
@pytest.mark.parametrize("padding_mode", ["reflect", "replicate", "circular"])
@every_dtype
def test_padding_modes_take_the_dtypes_that_torch_pads(method: str, padding_mode: str, dtype: torch.dtype) -> None:
    assert_agrees_with_torch(CONV, method, dtype, padded_settings(padding_mode))


def rows(exact: bool) -> list[Any]:
    """Operation, method and dtype, of all that torch and the method take and that are integers (exact) or not."""
    return [
        pytest.param(operation, method, dtype, id=f"{operation}-{method}-{dtype}".replace("torch.", ""))
        for operation in OPERATIONS
        for method in operation.algorithms
        for dtype in DTYPES
        if exact != (dtype.is_floating_point or dtype.is_complex)
        and torch_takes(operation, dtype)
        and not refuses(method, dtype)
    ]


# Torch's own kernels do as they like with the narrow dtypes: some sum in float16.
NARROW_BY_US = [row for row in rows(exact=False) if row.values[2] in WIDER and row.values[1] != "torch"]
WIDE_ENOUGH = [row for row in rows(exact=False) if row.values[2] not in WIDER]


@pytest.mark.parametrize(("operation", "method", "dtype"), rows(exact=False))
def test_rounded_values_are_as_close_as_the_dtype_allows(operation: Operation, method: str, dtype: torch.dtype) -> None:
    # Torch's float16 is off by more than the tolerance on some machines, so others are held to what is exact.
    wide = dtype if method == "torch" else WIDER.get(dtype, dtype)
    for name, ndim, options in settings(operation):
        groups = options.get("groups", 1)
        expected = operation.torchs(*fractions(ndim, dtype, groups, wide), **options)
        actual = operation.ours(*fractions(ndim, dtype, groups), **options, method=method)
        assert actual.dtype == dtype
        assert_close_for(dtype, actual, expected, name)


@pytest.mark.parametrize(("operation", "method", "dtype"), NARROW_BY_US + WIDE_ENOUGH)
def test_gradients_have_the_dtype_of_their_tensor(operation: Operation, method: str, dtype: torch.dtype) -> None:
    wide = WIDER.get(dtype, dtype)
    theirs = fractions(2, dtype, wide=wide, requires_grad=True)
    ours = fractions(2, dtype, requires_grad=True)
    expected = operation.torchs(*theirs, stride=2, padding=1)
    actual = operation.ours(*ours, stride=2, padding=1, method=method)
    cotangent = torch.ones_like(expected)
    expected_gradients = torch.autograd.grad(expected, theirs, cotangent)
    gradients = torch.autograd.grad(actual, ours, cotangent.to(dtype))
    for leaf, gradient, expected_gradient in zip(
        ("input", "weight", "bias"), gradients, expected_gradients, strict=True
    ):
        assert gradient.dtype == dtype, leaf
        assert_close_for(dtype, gradient, expected_gradient, f"gradient of {leaf}")


@pytest.mark.parametrize(("operation", "method", "dtype"), rows(exact=True))
def test_integers_wrap_around_as_those_of_torch(operation: Operation, method: str, dtype: torch.dtype) -> None:
    largest = torch.iinfo(dtype).max
    input = largest - small_integers(1, 2, 5, dtype=dtype)
    weight = largest // 2 - small_integers(2, 2, 3, dtype=dtype)
    bias = largest - small_integers(2, dtype=dtype)
    expected = operation.torchs(input, weight, bias)
    exact = operation.torchs(input.double(), weight.double(), bias.double())
    assert (exact > 2.0 * largest).all(), "nothing wraps around"
    actual = operation.ours(input, weight, bias, method=method)
    assert actual.dtype == dtype
    assert torch.equal(actual, expected)


@pytest.mark.parametrize(("operation", "method", "dtype"), NARROW_BY_US)
def test_narrow_dtypes_are_summed_in_a_wider_one(operation: Operation, method: str, dtype: torch.dtype) -> None:
    # After 2048, float16 has no odd numbers and bfloat16 no steps below 16: summed in the dtype, the ones are lost.
    many = 60
    ones = torch.ones(1, 1, many)
    for large in (0, many - 1):
        weight = ones.clone()
        weight[0, 0, large] = 2048
        output = operation.ours(ones.to(dtype), weight.to(dtype), method=method)
        assert output[0, 0, output.shape[-1] // 2] == torch.tensor(2048.0 + many - 1).to(dtype)
