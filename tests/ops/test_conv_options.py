"""Every option of `conv` and `conv_transpose`, one row a thing, compared with torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from conv_cases import (
    CONV,
    CONV_TRANSPOSE,
    EVEN_SAME_WARNING,
    OPERATIONS,
    Case,
    Operation,
    assert_one_sentence,
    every_operation_and_method,
    numbers,
    outcome,
    refuses,
    small_integers,
)
from torch import Tensor, nn
from torch.testing import assert_close

import convlab

pytestmark = pytest.mark.filterwarnings(EVEN_SAME_WARNING)

CONV_CASES = {
    # sizes
    "1D": Case((2, 3, 7), (4, 3, 3)),
    "2D": Case((2, 3, 5, 7), (4, 3, 2, 3)),
    "3D": Case((2, 2, 3, 4, 5), (3, 2, 2, 3, 2)),
    "one tap": Case((2, 3, 4, 5), (4, 3, 1, 1)),
    "one tap with stride": Case((2, 3, 5, 6), (4, 3, 1, 1), {"stride": 2}),
    "kernel as large as the input": Case((2, 3, 4, 5), (4, 3, 4, 5)),
    "kernel as large as the padded input": Case((1, 2, 3, 2), (2, 2, 7, 4), {"padding": (2, 1)}),
    "one channel": Case((2, 1, 6), (1, 1, 3)),
    "a single element": Case((1, 1, 1), (1, 1, 1)),
    # stride
    "stride": Case((2, 3, 7, 7), (2, 3, 3, 3), {"stride": 2}),
    "stride per axis": Case((1, 2, 7, 8), (3, 2, 2, 3), {"stride": (3, 2)}),
    "stride as a one-element list": Case((1, 2, 7, 8), (3, 2, 2, 3), {"stride": [2]}),
    "stride that leaves a remainder": Case((2, 2, 9), (2, 2, 3), {"stride": 4}),
    "stride over elements that no window reads": Case((2, 2, 9), (2, 2, 2), {"stride": 5}),
    # padding
    "padding": Case((2, 3, 4, 5), (2, 3, 3, 3), {"padding": 1}),
    "padding per axis": Case((2, 3, 4, 5), (2, 3, 3, 2), {"padding": (2, 0)}),
    "padding as a list": Case((2, 3, 4, 5), (2, 3, 3, 2), {"padding": [0, 2]}),
    "padding as a one-element list": Case((2, 3, 4, 5), (2, 3, 3, 2), {"padding": [1]}),
    "padding wider than the kernel": Case((2, 3, 2, 3), (2, 3, 2, 2), {"padding": 3}),
    "every tap in the padding": Case((1, 1, 1), (1, 1, 2), {"padding": 2, "dilation": 4}, bias=False),
    "same, odd kernel": Case((2, 3, 6, 7), (2, 3, 3, 5), {"padding": "same"}),
    "same, even kernel": Case((2, 3, 6, 7), (2, 3, 2, 4), {"padding": "same"}),
    "same, even and odd kernel": Case((2, 3, 6, 7), (2, 3, 4, 3), {"padding": "same"}),
    "same, even kernel, odd dilation": Case((2, 3, 8), (2, 3, 2), {"padding": "same", "dilation": 3}),
    "same, even kernel, even dilation": Case((2, 3, 8), (2, 3, 4), {"padding": "same", "dilation": 2}),
    "same, odd kernel, dilation per axis": Case((1, 2, 6, 7), (2, 2, 3, 3), {"padding": "same", "dilation": (1, 2)}),
    "same, kernel larger than the input": Case((1, 2, 2, 3), (2, 2, 6, 5), {"padding": "same"}),
    "same, 3D": Case((1, 2, 2, 3, 4), (2, 2, 2, 3, 4), {"padding": "same"}),
    "same, stride of ones": Case((1, 2, 6, 7), (2, 2, 3, 2), {"padding": "same", "stride": (1, 1)}),
    "valid with stride": Case((2, 3, 7, 8), (2, 3, 3, 2), {"padding": "valid", "stride": (2, 3)}),
    # dilation
    "dilation": Case((2, 3, 8, 9), (2, 3, 3, 3), {"dilation": 2}),
    "dilation per axis": Case((2, 3, 8, 9), (2, 3, 3, 2), {"dilation": (1, 4)}),
    "dilation as a one-element list": Case((2, 3, 8, 9), (2, 3, 3, 2), {"dilation": [2]}),
    "dilation per axis, 3D": Case((1, 2, 4, 5, 6), (2, 2, 2, 2, 2), {"dilation": (1, 2, 4)}),
    # groups
    "groups": Case((2, 6, 5, 6), (4, 3, 2, 3), {"groups": 2}),
    "groups, 1D": Case((2, 6, 8), (9, 2, 3), {"groups": 3}),
    "groups, 3D": Case((2, 4, 3, 3, 4), (6, 2, 2, 2, 2), {"groups": 2}),
    "depthwise": Case((2, 4, 5, 6), (4, 1, 3, 3), {"groups": 4, "padding": 1}),
    "depthwise, multiplier 2": Case((2, 3, 5, 6), (6, 1, 3, 3), {"groups": 3}),
    # padding modes
    "reflect, 1D": Case((2, 3, 6), (2, 3, 3), {"padding": 2, "padding_mode": "reflect"}),
    "reflect, per axis": Case((2, 3, 5, 6), (2, 3, 4, 3), {"padding": (3, 1), "padding_mode": "reflect"}),
    "reflect, 3D": Case((1, 2, 2, 3, 2), (2, 2, 2, 3, 1), {"padding": (1, 2, 0), "padding_mode": "reflect"}),
    "reflect, as far as it can": Case((1, 2, 3, 4), (2, 2, 3, 3), {"padding": (2, 3), "padding_mode": "reflect"}),
    "replicate, 1D": Case((2, 3, 6), (2, 3, 3), {"padding": 2, "padding_mode": "replicate"}),
    "replicate, per axis": Case((2, 3, 5, 6), (2, 3, 4, 3), {"padding": (3, 1), "padding_mode": "replicate"}),
    "replicate, 3D": Case((1, 2, 2, 3, 2), (2, 2, 2, 3, 1), {"padding": (1, 2, 0), "padding_mode": "replicate"}),
    "replicate, wider than the input": Case(
        (1, 2, 2, 3), (2, 2, 3, 3), {"padding": (3, 4), "stride": 2, "padding_mode": "replicate"}
    ),
    "circular, 1D": Case((2, 3, 6), (2, 3, 3), {"padding": 2, "padding_mode": "circular"}),
    "circular, per axis": Case((2, 3, 5, 6), (2, 3, 4, 3), {"padding": (3, 1), "padding_mode": "circular"}),
    "circular, 3D": Case((1, 2, 2, 3, 2), (2, 2, 2, 3, 1), {"padding": (1, 2, 0), "padding_mode": "circular"}),
    "circular, once around": Case((1, 2, 3, 4), (2, 2, 3, 3), {"padding": (3, 4), "padding_mode": "circular"}),
    "zeros by name": Case((2, 3, 6), (2, 3, 3), {"padding": 2, "padding_mode": "zeros"}),
    "reflect, same, even kernel": Case((1, 2, 5, 6), (2, 2, 4, 2), {"padding": "same", "padding_mode": "reflect"}),
    "replicate, same, even kernel": Case((1, 2, 5, 6), (2, 2, 4, 2), {"padding": "same", "padding_mode": "replicate"}),
    "circular, same, even kernel": Case((1, 2, 5, 6), (2, 2, 4, 2), {"padding": "same", "padding_mode": "circular"}),
    "reflect, same, dilation": Case(
        (1, 2, 8), (2, 2, 4), {"padding": "same", "padding_mode": "reflect", "dilation": 3}
    ),
    "reflect, valid": Case((1, 2, 5, 6), (2, 2, 2, 3), {"padding": "valid", "padding_mode": "reflect"}),
    "reflect, no padding": Case((1, 2, 5, 6), (2, 2, 2, 3), {"padding_mode": "reflect"}),
    "circular, one-element list": Case((1, 2, 5, 6), (2, 2, 2, 3), {"padding": [2], "padding_mode": "circular"}),
    "circular, stride, dilation, groups": Case(
        (2, 4, 7, 8),
        (6, 2, 2, 3),
        {"padding": (2, 3), "padding_mode": "circular", "stride": (2, 3), "dilation": (3, 2), "groups": 2},
    ),
    # tensors
    "no bias": Case((2, 3, 5, 6), (4, 3, 2, 3), bias=False),
    "unbatched, 1D": Case((3, 7), (4, 3, 3), {"padding": 1}),
    "unbatched, 2D": Case((3, 5, 6), (4, 3, 2, 3), {"stride": 2}),
    "unbatched, 3D": Case((2, 2, 3, 4), (3, 2, 2, 3, 2), {"padding": "same"}),
    "unbatched, one channel and one position out": Case((3, 4, 5), (1, 3, 4, 5)),
    "unbatched, reflect": Case((3, 5, 6), (4, 3, 2, 3), {"padding": 1, "padding_mode": "reflect"}),
    "unbatched, circular": Case((3, 7), (4, 3, 3), {"padding": 1, "padding_mode": "circular"}),
    "batch of one": Case((1, 3, 5, 6), (4, 3, 2, 3)),
    "empty batch, 1D": Case((0, 3, 7), (4, 3, 3), {"stride": 2, "padding": 1}),
    "empty batch, 2D, groups": Case((0, 4, 5, 6), (6, 2, 2, 3), {"groups": 2}, bias=False),
    "empty batch, 3D": Case((0, 2, 2, 3, 4), (3, 2, 2, 3, 2), {"padding": "same"}),
    "empty batch, circular": Case((0, 3, 5, 6), (4, 3, 3, 3), {"padding": 1, "padding_mode": "circular"}),
    "everything at once": Case(
        (2, 4, 6, 5, 7),
        (6, 2, 2, 3, 2),
        {"stride": (2, 1, 3), "padding": (1, 2, 0), "dilation": (3, 1, 2), "groups": 2},
    ),
}

CONV_TRANSPOSE_CASES = {
    # sizes
    "1D": Case((2, 3, 5), (3, 4, 3)),
    "2D": Case((2, 3, 4, 5), (3, 4, 2, 3)),
    "3D": Case((2, 2, 2, 3, 4), (2, 3, 2, 3, 2)),
    "one tap": Case((2, 3, 4, 5), (3, 4, 1, 1)),
    "one tap with stride": Case((2, 3, 3, 4), (3, 4, 1, 1), {"stride": 2}),
    "a single element": Case((1, 1, 1), (1, 1, 1)),
    # stride
    "stride": Case((2, 3, 4, 4), (3, 2, 3, 3), {"stride": 2}),
    "stride per axis": Case((1, 2, 4, 3), (2, 3, 2, 3), {"stride": (3, 2)}),
    "stride as a one-element list": Case((1, 2, 4, 3), (2, 3, 2, 3), {"stride": [2]}),
    "stride that leaves gaps": Case((2, 2, 4), (2, 2, 2), {"stride": 5}),
    # padding
    "padding": Case((2, 3, 4, 5), (3, 2, 3, 3), {"padding": 1}),
    "padding per axis": Case((2, 3, 4, 5), (3, 2, 4, 3), {"padding": (2, 0)}),
    "padding as a list": Case((2, 3, 4, 5), (3, 2, 4, 3), {"padding": [0, 2]}),
    "padding as a one-element list": Case((2, 3, 4, 5), (3, 2, 4, 3), {"padding": [1]}),
    "padding that crops to one element": Case((2, 3, 4), (3, 2, 4), {"padding": 3}),
    "everything cropped": Case((1, 1, 1), (1, 1, 2), {"padding": 1, "dilation": 4}, bias=False),
    # output_padding
    "output_padding": Case((2, 3, 4, 5), (3, 2, 3, 3), {"stride": 2, "padding": 1, "output_padding": 1}),
    "output_padding per axis": Case((2, 3, 4, 3), (3, 2, 3, 3), {"stride": (2, 3), "output_padding": (0, 2)}),
    "output_padding as a one-element list": Case((2, 3, 4, 3), (3, 2, 3, 3), {"stride": 3, "output_padding": [2]}),
    "output_padding that dilation allows": Case((2, 3, 4, 3), (3, 2, 2, 3), {"dilation": 3, "output_padding": (2, 1)}),
    "output_padding beyond the last tap": Case((2, 2, 3), (2, 2, 1), {"stride": 4, "output_padding": 3}),
    "nothing but output_padding": Case((1, 2, 2), (2, 2, 1), {"stride": 3, "padding": 2, "output_padding": 1}),
    # dilation
    "dilation": Case((2, 3, 4, 3), (3, 2, 3, 3), {"dilation": 2}),
    "dilation per axis": Case((2, 3, 4, 3), (3, 2, 3, 2), {"dilation": (1, 4)}),
    "dilation as a one-element list": Case((2, 3, 4, 3), (3, 2, 3, 2), {"dilation": [2]}),
    "dilation per axis, 3D": Case((1, 2, 2, 3, 2), (2, 2, 2, 2, 2), {"dilation": (1, 2, 4)}),
    "stride, padding and dilation": Case((2, 3, 4, 5), (3, 2, 3, 2), {"stride": 2, "padding": (3, 1), "dilation": 3}),
    # groups
    "groups": Case((2, 6, 4, 3), (6, 2, 2, 3), {"groups": 2}),
    "groups, 1D": Case((2, 6, 5), (6, 3, 3), {"groups": 3, "stride": 2}),
    "groups, 3D": Case((2, 4, 2, 3, 2), (4, 3, 2, 2, 2), {"groups": 2}),
    "depthwise": Case((2, 4, 4, 5), (4, 1, 3, 3), {"groups": 4, "padding": 1}),
    "depthwise, multiplier 2": Case((2, 3, 4, 5), (3, 2, 3, 3), {"groups": 3}),
    # tensors
    "no bias": Case((2, 3, 4, 5), (3, 4, 2, 3), bias=False),
    "unbatched, 1D": Case((3, 5), (3, 4, 3), {"padding": 1}),
    "unbatched, 2D": Case((3, 4, 5), (3, 4, 2, 3), {"stride": 2, "output_padding": 1}),
    "unbatched, 3D": Case((2, 2, 3, 4), (2, 3, 2, 3, 2)),
    "unbatched, one channel and one position out": Case((3, 1, 1), (3, 1, 1, 1)),
    "batch of one": Case((1, 3, 4, 5), (3, 4, 2, 3)),
    "empty batch, 1D": Case((0, 3, 5), (3, 4, 3), {"stride": 2, "padding": 1, "output_padding": 1}),
    "empty batch, 2D, groups": Case((0, 4, 4, 5), (4, 3, 2, 3), {"groups": 2}, bias=False),
    "empty batch, 3D": Case((0, 2, 2, 3, 4), (2, 3, 2, 3, 2), {"dilation": 2}),
    "everything at once": Case(
        (2, 4, 2, 3, 2),
        (4, 3, 2, 3, 2),
        {
            "stride": (2, 1, 3),
            "padding": (1, 2, 0),
            "output_padding": (1, 1, 2),
            "dilation": (3, 2, 1),
            "groups": 2,
        },
    ),
}

CASES = {CONV: CONV_CASES, CONV_TRANSPOSE: CONV_TRANSPOSE_CASES}

every_case = pytest.mark.parametrize(
    ("operation", "method", "case"),
    [
        pytest.param(operation, method, case, id=f"{operation}-{method}-{name}")
        for operation in OPERATIONS
        for method in operation.algorithms
        for name, case in CASES[operation].items()
    ],
)


@every_case
def test_values_and_gradients_equal_torch(operation: Operation, method: str, case: Case) -> None:
    input, weight, bias = tensors = case.tensors(operation, requires_grad=True)
    expected = operation.torchs(input, weight, bias, **case.options)
    before = [(tensor.detach().clone(), tensor._version) for tensor in tensors if tensor is not None]

    actual = operation.ours(input, weight, bias, **case.options, method=method)

    assert_close(actual, expected)
    given = [tensor for tensor in tensors if tensor is not None]
    for tensor, (values, version) in zip(given, before, strict=True):
        assert torch.equal(tensor, values), "an argument was changed"
        assert tensor._version == version, "an argument was written to"
    cotangent = numbers(*expected.shape, seed=3)
    ours = torch.autograd.grad(actual, given, cotangent)
    assert_close(ours, torch.autograd.grad(expected, given, cotangent))


@every_case
def test_shape_on_meta_tensors_is_that_of_torch(operation: Operation, method: str, case: Case) -> None:
    tensors = [None if tensor is None else tensor.to("meta") for tensor in case.tensors(operation)]
    expected = operation.torchs(*tensors, **case.options)
    actual = operation.ours(*tensors, **case.options, method=method)
    assert (actual.shape, actual.dtype, actual.device) == (expected.shape, expected.dtype, expected.device)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_the_method_that_is_not_named_is_that_of_torch(operation: Operation) -> None:
    for name, case in CASES[operation].items():
        tensors = case.tensors(operation, dtype=torch.float32)
        expected = operation.torchs(*tensors, **case.options)
        assert torch.equal(operation.ours(*tensors, **case.options), expected), name
        assert torch.equal(operation.ours(*tensors, **case.options, method="auto"), expected), name
        assert torch.equal(operation.ours(*tensors, **case.options, method="torch"), expected), name


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_the_output_size_is_the_formula(operation: Operation) -> None:
    formula: Callable[..., Any] = convlab.conv_output_size if operation is CONV else convlab.conv_transpose_output_size
    for name, case in CASES[operation].items():
        ndim = len(case.weight) - 2
        options = {key: value for key, value in case.options.items() if key not in ("groups", "padding_mode")}
        size = formula(case.input[-ndim:], case.weight[2:], **options)
        assert operation.ours(*case.tensors(operation), **case.options).shape[-ndim:] == size, name


# Views of larger or smaller storage, each of shape (2, 4, 5, 6).
VIEWS: dict[str, Callable[[], Tensor]] = {
    "transposed": lambda: numbers(2, 4, 6, 5).transpose(2, 3),
    "channels moved from the end": lambda: numbers(2, 5, 6, 4).movedim(-1, 1),
    "channels_last": lambda: numbers(2, 4, 5, 6).to(memory_format=torch.channels_last),
    "every second element": lambda: numbers(2, 4, 10, 12)[:, :, ::2, 1::2],
    "part of a larger tensor": lambda: numbers(4, 6, 8, 9)[1:3, 2:, 3:, :6],
    "expanded batch": lambda: numbers(1, 4, 5, 6).expand(2, -1, -1, -1),
    "expanded channels": lambda: numbers(2, 1, 5, 6).expand(-1, 4, -1, -1),
    "expanded pixel": lambda: numbers(2, 4, 1, 1).expand(-1, -1, 5, 6),
}


@every_operation_and_method
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("which", ["input", "weight"])
def test_tensors_that_are_not_contiguous(operation: Operation, method: str, which: str, view: str) -> None:
    tensor = VIEWS[view]()
    assert tuple(tensor.shape) == (2, 4, 5, 6)
    assert not tensor.is_contiguous()
    if which == "input":
        tensors = (tensor, numbers(4, 4, 2, 3, seed=1), numbers(4, seed=2))
    else:
        in_channels, out_channels = (4, 2) if operation is CONV else (2, 4)
        tensors = (numbers(2, in_channels, 7, 6, seed=1), tensor, numbers(out_channels, seed=2))
    options = {"stride": (1, 2), "padding": (1, 0)}
    expected = operation.torchs(*(t.contiguous() for t in tensors), **options)
    assert_close(operation.ours(*tensors, **options, method=method), expected)


@every_operation_and_method
@pytest.mark.parametrize("differentiable", ["input", "weight", "bias", "nothing"])
def test_the_output_requires_grad_where_an_argument_does(
    operation: Operation, method: str, differentiable: str
) -> None:
    tensors = {"input": numbers(2, 4, 6), "weight": numbers(4, 4, 3, seed=1), "bias": numbers(4, seed=2)}
    if differentiable == "nothing":
        assert not operation.ours(**tensors, method=method).requires_grad
        return
    leaf = tensors[differentiable].requires_grad_()
    output = operation.ours(**tensors, method=method)
    cotangent = numbers(*output.shape, seed=3)
    (expected,) = torch.autograd.grad(operation.torchs(**tensors), leaf, cotangent)
    assert_close(torch.autograd.grad(output, leaf, cotangent), (expected,))
    with torch.no_grad():
        assert not operation.ours(**tensors, method=method).requires_grad


@every_operation_and_method
def test_parameters_are_taken_and_a_plain_tensor_comes_back(operation: Operation, method: str) -> None:
    output = operation.ours(numbers(2, 4, 6), nn.Parameter(numbers(4, 4, 3)), nn.Parameter(numbers(4)), method=method)
    assert type(output) is Tensor
    assert output.requires_grad


GRADCHECK_CASES = {
    CONV: Case((1, 2, 3, 2), (2, 1, 2, 2), {"stride": (2, 1), "padding": 1, "padding_mode": "reflect", "groups": 2}),
    CONV_TRANSPOSE: Case(
        (1, 2, 3, 2), (2, 1, 2, 2), {"stride": (2, 1), "padding": 1, "output_padding": (1, 0), "groups": 2}
    ),
}


@every_operation_and_method
def test_first_and_second_derivatives_are_those_of_the_output(operation: Operation, method: str) -> None:
    case = GRADCHECK_CASES[operation]

    def call(*tensors: Tensor) -> Tensor:
        return operation.ours(*tensors, **case.options, method=method)

    tensors = [tensor for tensor in case.tensors(operation, requires_grad=True) if tensor is not None]
    assert torch.autograd.gradcheck(call, tensors)
    assert torch.autograd.gradgradcheck(call, tensors)


AUTOCAST_OPTIONS = {
    CONV: [
        pytest.param({"padding": 1}, id="zeros"),
        pytest.param({"padding": "same", "dilation": 2}, id="same"),
        pytest.param({"padding": 1, "padding_mode": "reflect"}, id="reflect"),
        pytest.param({"padding": 1, "padding_mode": "replicate"}, id="replicate"),
        pytest.param({"padding": 1, "padding_mode": "circular"}, id="circular"),
    ],
    CONV_TRANSPOSE: [pytest.param({"stride": 2, "padding": 1, "output_padding": 1}, id="transposed")],
}
AUTOCAST_DTYPES = [
    pytest.param(torch.float32, torch.float32, id="float32"),
    pytest.param(torch.bfloat16, torch.float32, id="bfloat16 with float32"),
    pytest.param(torch.float32, torch.bfloat16, id="float32 with bfloat16"),
    pytest.param(torch.float16, torch.float32, id="float16 with float32"),
    pytest.param(torch.float64, torch.float64, id="float64 stays"),
    pytest.param(torch.int64, torch.int64, id="int64 stays"),
]


@pytest.mark.parametrize(("input_dtype", "weight_dtype"), AUTOCAST_DTYPES)
@pytest.mark.parametrize(
    ("operation", "method", "options"),
    [
        pytest.param(operation, method, *row.values, id=f"{operation}-{method}-{row.id}")
        for operation in OPERATIONS
        for method in operation.algorithms
        for row in AUTOCAST_OPTIONS[operation]
    ],
)
@pytest.mark.parametrize("autocast_dtype", [torch.bfloat16, torch.float16], ids=str)
def test_autocast_is_that_of_torch(
    operation: Operation,
    method: str,
    options: dict[str, Any],
    input_dtype: torch.dtype,
    weight_dtype: torch.dtype,
    autocast_dtype: torch.dtype,
) -> None:
    tensors = (
        small_integers(2, 4, 6, dtype=input_dtype),
        small_integers(4, 4, 3, dtype=weight_dtype, highest=2),
        small_integers(4, dtype=weight_dtype),
    )
    with torch.autocast("cpu", dtype=autocast_dtype):
        expected = operation.torchs(*tensors, **options)
        actual = outcome(operation.ours, *tensors, **options, method=method)
    if refuses(method, expected.dtype):
        assert_one_sentence(actual)
    else:
        assert_close(actual, expected)


@every_operation_and_method
def test_gradients_under_autocast_have_the_dtypes_of_the_arguments(operation: Operation, method: str) -> None:
    tensors = [small_integers(*shape, dtype=torch.float32).requires_grad_() for shape in ((2, 4, 6), (4, 4, 3), (4,))]
    with torch.autocast("cpu"):
        expected = operation.torchs(*tensors)
        actual = operation.ours(*tensors, method=method)
    cotangent = torch.ones_like(expected)
    assert actual.dtype == torch.bfloat16
    assert_close(torch.autograd.grad(actual, tensors, cotangent), torch.autograd.grad(expected, tensors, cotangent))


@every_operation_and_method
def test_inside_autocast_the_sums_are_as_wide_as_outside(operation: Operation, method: str) -> None:
    input, weight = numbers(2, 4, 9, 9, dtype=torch.float32), numbers(4, 4, 5, 5, seed=1, dtype=torch.float32)
    outside = operation.ours(input.bfloat16(), weight.bfloat16(), method=method)
    with torch.autocast("cpu"):
        inside = operation.ours(input, weight, method=method)
    assert torch.equal(inside, outside)
