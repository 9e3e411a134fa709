"""The words of every error of `conv` and `conv_transpose`: a contract, and each before any work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from conv_cases import CONV, CONV_TRANSPOSE, OPERATIONS, Operation, assert_one_sentence, must_not_run, refusal
from torch import Tensor


def zeros(*shape: int, dtype: torch.dtype = torch.float32, device: str = "cpu") -> Tensor:
    return torch.zeros(shape, dtype=dtype, device=device)


def huge(*shape: int) -> Tensor:
    """A tensor of this shape that holds one element: a loop over it would not end."""
    return torch.zeros(()).expand(shape)


def row(
    id: str, error: Exception, input: Any, weight: Any, bias: Any = None, *, torch: bool = True, **options: Any
) -> Any:
    """A call and the error that it must end with; `torch` is False where torch takes it, and we refuse on purpose."""
    return pytest.param(error, (input, weight, bias), options, torch, id=id)


CONV_ERRORS = [
    # what is no tensor
    row(
        "input is a list",
        TypeError("input must be a torch.Tensor, but input is a builtins.list"),
        [[[1.0, 2.0, 3.0]]],
        zeros(1, 1, 2),
    ),
    row(
        "input is a numpy array",
        TypeError("input must be a torch.Tensor, but input is a numpy.ndarray"),
        np.zeros((1, 1, 3), dtype=np.float32),
        zeros(1, 1, 2),
    ),
    row(
        "weight is None",
        TypeError("weight must be a torch.Tensor, but weight is a builtins.NoneType"),
        zeros(1, 1, 3),
        None,
    ),
    row(
        "weight is a module",
        TypeError("weight must be a torch.Tensor, but weight is a torch.nn.modules.conv.Conv1d"),
        zeros(1, 1, 3),
        torch.nn.Conv1d(1, 1, 2),
    ),
    row(
        "bias is a bool",
        TypeError("bias must be a torch.Tensor, but bias is a builtins.bool"),
        zeros(1, 1, 3),
        zeros(1, 1, 2),
        True,
    ),
    # axes
    row(
        "weight of 2 axes",
        ValueError("weight must have 3, 4 or 5 axes, (C_out, C_in/groups, *kernel_size), but weight has shape (4, 3)"),
        zeros(1, 3, 5),
        zeros(4, 3),
    ),
    row(
        "weight of 6 axes",
        ValueError(
            "weight must have 3, 4 or 5 axes, (C_out, C_in/groups, *kernel_size), "
            "but weight has shape (4, 3, 1, 1, 1, 1)"
        ),
        zeros(1, 3, 2, 2, 2, 2),
        zeros(4, 3, 1, 1, 1, 1),
    ),
    row(
        "1D input of 1 axis",
        ValueError(
            "input must have shape (N, C_in, L) or (C_in, L) for a weight with 3 axes, "
            "but input has shape (5,) and weight has shape (4, 3, 2)"
        ),
        zeros(5),
        zeros(4, 3, 2),
    ),
    row(
        "2D input of 2 axes: a picture without its channel",
        ValueError(
            "input must have shape (N, C_in, H, W) or (C_in, H, W) for a weight with 4 axes, "
            "but input has shape (28, 28) and weight has shape (4, 1, 3, 3)"
        ),
        zeros(28, 28),
        zeros(4, 1, 3, 3),
    ),
    row(
        "2D input of 5 axes: a clip",
        ValueError(
            "input must have shape (N, C_in, H, W) or (C_in, H, W) for a weight with 4 axes, "
            "but input has shape (1, 3, 4, 8, 8) and weight has shape (4, 3, 3, 3)"
        ),
        zeros(1, 3, 4, 8, 8),
        zeros(4, 3, 3, 3),
    ),
    row(
        "3D input of 3 axes",
        ValueError(
            "input must have shape (N, C_in, D, H, W) or (C_in, D, H, W) for a weight with 5 axes, "
            "but input has shape (4, 8, 8) and weight has shape (4, 1, 3, 3, 3)"
        ),
        zeros(4, 8, 8),
        zeros(4, 1, 3, 3, 3),
    ),
    # channels and groups
    row(
        "channels last",
        ValueError(
            "input must have C_in = weight.shape[1] * groups = 3 channels, "
            "but input has 32 on axis 1 of its shape (1, 32, 32, 3), "
            "weight has shape (8, 3, 3, 3) and groups=1"
        ),
        zeros(1, 32, 32, 3),
        zeros(8, 3, 3, 3),
    ),
    row(
        "weight of a depthwise convolution without its groups",
        ValueError(
            "input must have C_in = weight.shape[1] * groups = 1 channels, "
            "but input has 4 on axis 0 of its shape (4, 8), "
            "weight has shape (4, 1, 3) and groups=1"
        ),
        zeros(4, 8),
        zeros(4, 1, 3),
    ),
    row(
        "groups for a weight without groups",
        ValueError(
            "input must have C_in = weight.shape[1] * groups = 8 channels, "
            "but input has 4 on axis 1 of its shape (1, 4, 8), "
            "weight has shape (4, 4, 3) and groups=2"
        ),
        zeros(1, 4, 8),
        zeros(4, 4, 3),
        groups=2,
    ),
    row(
        "groups that do not divide in_channels",
        ValueError("groups must divide in_channels, but in_channels=6 and groups=4"),
        zeros(1, 6, 8),
        zeros(4, 2, 3),
        groups=4,
    ),
    row(
        "groups that do not divide out_channels",
        ValueError("groups must divide out_channels, but out_channels=4 and groups=3"),
        zeros(1, 6, 8),
        zeros(4, 2, 3),
        groups=3,
    ),
    row(
        "zero input channels",
        ValueError("in_channels must be at least 1, but in_channels=0"),
        zeros(1, 0, 8),
        zeros(4, 0, 3),
        torch=False,
    ),
    row(
        "zero output channels",
        ValueError("out_channels must be at least 1, but out_channels=0"),
        zeros(1, 3, 8),
        zeros(0, 3, 3),
    ),
    # bias
    row(
        "bias of another length",
        ValueError("bias must have shape (C_out,) = (4,), but bias has shape (3,)"),
        zeros(1, 3, 8),
        zeros(4, 3, 3),
        zeros(3),
    ),
    row(
        "bias of one element, which would broadcast",
        ValueError("bias must have shape (C_out,) = (4,), but bias has shape (1,)"),
        zeros(1, 3, 8),
        zeros(4, 3, 3),
        zeros(1),
    ),
    row(
        "bias of no axes",
        ValueError("bias must have shape (C_out,) = (4,), but bias has shape ()"),
        zeros(1, 3, 8),
        zeros(4, 3, 3),
        zeros(),
    ),
    row(
        "bias of two axes",
        ValueError("bias must have shape (C_out,) = (4,), but bias has shape (4, 1)"),
        zeros(1, 3, 8),
        zeros(4, 3, 3),
        zeros(4, 1),
    ),
    row(
        "bias of another dtype",
        TypeError("bias must have the dtype of input, but bias is torch.float32 and input is torch.float16"),
        zeros(1, 1, 5, dtype=torch.float16),
        zeros(1, 1, 3, dtype=torch.float16),
        zeros(1),
    ),
    # padding
    row(
        "padding is another word",
        ValueError("padding must be ints, 'same' or 'valid', but padding='full'"),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        padding="full",
    ),
    row(
        "padding in capitals",
        ValueError("padding must be ints, 'same' or 'valid', but padding='SAME'"),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        padding="SAME",
    ),
    row(
        "same with stride",
        ValueError("padding='same' needs stride=1, but stride=(1, 2)"),
        zeros(1, 1, 5, 5),
        zeros(1, 1, 3, 3),
        padding="same",
        stride=(1, 2),
    ),
    row(
        "same with stride and a padding mode",
        ValueError("padding='same' needs stride=1, but stride=(2,)"),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        padding="same",
        stride=2,
        padding_mode="circular",
    ),
    row(
        "padding mode of numpy",
        ValueError(
            "padding_mode must be one of 'zeros', 'reflect', 'replicate', 'circular', but padding_mode='symmetric'"
        ),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        padding=1,
        padding_mode="symmetric",
    ),
    row(
        "reflect as wide as the input",
        ValueError(
            "padding_mode='reflect' can fill at most 4 elements per side here, "
            "but on spatial axis 1 input_size=5 and the padding is 5 before and 5 after"
        ),
        zeros(1, 1, 6, 5),
        zeros(1, 1, 3, 3),
        padding=5,
        padding_mode="reflect",
    ),
    row(
        "reflect of one element",
        ValueError(
            "padding_mode='reflect' can fill at most 0 elements per side here, "
            "but on spatial axis 0 input_size=1 and the padding is 1 before and 1 after"
        ),
        zeros(1, 1, 1),
        zeros(1, 1, 2),
        padding=1,
        padding_mode="reflect",
    ),
    row(
        "reflect, same, too wide after only",
        ValueError(
            "padding_mode='reflect' can fill at most 1 elements per side here, "
            "but on spatial axis 0 input_size=2 and the padding is 1 before and 2 after"
        ),
        zeros(1, 1, 2),
        zeros(1, 1, 4),
        padding="same",
        padding_mode="reflect",
    ),
    row(
        "circular more than once around",
        ValueError(
            "padding_mode='circular' can fill at most 3 elements per side here, "
            "but on spatial axis 0 input_size=3 and the padding is 4 before and 4 after"
        ),
        zeros(1, 1, 3),
        zeros(1, 1, 3),
        padding=4,
        padding_mode="circular",
    ),
    # sizes
    row(
        "kernel larger than the input",
        ValueError(
            "the kernel must fit into the padded input, but on spatial axis 1 input_size=4 "
            "with padding of 0 before and 0 after makes 4 and kernel_size=5 with dilation=1 spans 5"
        ),
        zeros(1, 1, 6, 4),
        zeros(1, 1, 5, 5),
    ),
    row(
        "dilated kernel larger than the padded input",
        ValueError(
            "the kernel must fit into the padded input, but on spatial axis 0 input_size=3 "
            "with padding of 1 before and 1 after makes 5 and kernel_size=3 with dilation=3 spans 7"
        ),
        zeros(1, 1, 3),
        zeros(1, 1, 3),
        padding=1,
        dilation=3,
    ),
    row(
        "input without pixels in an empty batch",
        ValueError("input must not be empty along a spatial axis, but input has shape (0, 1, 0)"),
        zeros(0, 1, 0),
        zeros(1, 1, 2),
        padding=1,
        torch=False,
    ),
    row(
        "output_padding is no option of conv",
        TypeError("conv() got an unexpected keyword argument 'output_padding'"),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        output_padding=1,
    ),
]

CONV_TRANSPOSE_ERRORS = [
    row(
        "input is a list",
        TypeError("input must be a torch.Tensor, but input is a builtins.list"),
        [[[1.0, 2.0, 3.0]]],
        zeros(1, 1, 2),
    ),
    row(
        "weight of 2 axes",
        ValueError("weight must have 3, 4 or 5 axes, (C_in, C_out/groups, *kernel_size), but weight has shape (3, 4)"),
        zeros(1, 3, 5),
        zeros(3, 4),
    ),
    row(
        "2D input of 5 axes",
        ValueError(
            "input must have shape (N, C_in, H, W) or (C_in, H, W) for a weight with 4 axes, "
            "but input has shape (1, 3, 4, 8, 8) and weight has shape (3, 4, 3, 3)"
        ),
        zeros(1, 3, 4, 8, 8),
        zeros(3, 4, 3, 3),
    ),
    row(
        "weight laid out as for a convolution",
        ValueError(
            "input must have C_in = weight.shape[0] = 8 channels, but input has 3 on axis 1 of its shape (1, 3, 6, 6), "
            "weight has shape (8, 3, 3, 3) and groups=1"
        ),
        zeros(1, 3, 6, 6),
        zeros(8, 3, 3, 3),
    ),
    row(
        "groups that do not divide in_channels",
        ValueError("groups must divide in_channels, but in_channels=6 and groups=4"),
        zeros(1, 6, 8),
        zeros(6, 2, 3),
        groups=4,
    ),
    row(
        "zero input channels",
        ValueError("in_channels must be at least 1, but in_channels=0"),
        zeros(1, 0, 8),
        zeros(0, 4, 3),
    ),
    row(
        "zero output channels",
        ValueError("out_channels must be at least 1, but out_channels=0"),
        zeros(1, 3, 8),
        zeros(3, 0, 3),
    ),
    row(
        "bias per output channel of one group",
        ValueError("bias must have shape (C_out,) = (4,), but bias has shape (2,)"),
        zeros(1, 4, 8),
        zeros(4, 2, 3),
        zeros(2),
        groups=2,
    ),
    row(
        "bias of another dtype",
        TypeError("bias must have the dtype of input, but bias is torch.float32 and input is torch.float16"),
        zeros(1, 1, 5, dtype=torch.float16),
        zeros(1, 1, 3, dtype=torch.float16),
        zeros(1),
        torch=False,
    ),
    row(
        "padding is a word",
        TypeError("padding must hold ints in a transposed convolution, but padding='same'"),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        padding="same",
    ),
    row(
        "output_padding as large as stride and dilation",
        ValueError(
            "output_padding must be smaller than stride or dilation, "
            "but on spatial axis 0 output_padding=2, stride=2 and dilation=1"
        ),
        zeros(1, 1, 5, 5),
        zeros(1, 1, 3, 3),
        stride=2,
        output_padding=(2, 1),
    ),
    row(
        "output_padding without stride",
        ValueError(
            "output_padding must be smaller than stride or dilation, "
            "but on spatial axis 1 output_padding=1, stride=1 and dilation=1"
        ),
        zeros(1, 1, 5, 5),
        zeros(1, 1, 3, 3),
        output_padding=(0, 1),
    ),
    row(
        "negative output_padding",
        ValueError("output_padding must be at least 0, but output_padding=-1"),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        stride=2,
        output_padding=-1,
    ),
    row(
        "output_padding is a float",
        TypeError("output_padding must be an int, but output_padding=1.0 is a float"),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        stride=2,
        output_padding=1.0,
    ),
    row(
        "everything cropped",
        ValueError(
            "the output must have at least 1 element, but on spatial axis 0 input_size=2, stride=1, padding=2, "
            "a kernel that spans 2 and output_padding=0 make -1"
        ),
        zeros(1, 1, 2),
        zeros(1, 1, 2),
        padding=2,
    ),
    row(
        "input without pixels in an empty batch",
        ValueError("input must not be empty along a spatial axis, but input has shape (0, 1, 0)"),
        zeros(0, 1, 0),
        zeros(1, 1, 2),
        torch=False,
    ),
    row(
        "padding_mode is no option of conv_transpose",
        TypeError("conv_transpose() got an unexpected keyword argument 'padding_mode'"),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        padding_mode="reflect",
    ),
]

# One channel in and out, so that the weight suits both operations.
COMMON_ERRORS = [
    # hyperparameters
    row(
        "stride 0",
        ValueError("stride must be at least 1, but stride=0"),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        stride=0,
    ),
    row(
        "stride 0 on one axis",
        ValueError("stride must be at least 1, but stride=(1, 0)"),
        zeros(1, 1, 5, 5),
        zeros(1, 1, 3, 3),
        stride=(1, 0),
    ),
    row(
        "stride is a float",
        TypeError("stride must be an int, but stride=2.0 is a float"),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        stride=2.0,
    ),
    row(
        "stride is a bool",
        TypeError("stride must be an int, but stride=True is a bool"),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        stride=True,
    ),
    row(
        "stride is None",
        TypeError("stride must be an int, but stride=None is a NoneType"),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        stride=None,
    ),
    row(
        "stride holds a float",
        TypeError("stride must hold ints, but stride=(1, 2.0) holds a float"),
        zeros(1, 1, 5, 5),
        zeros(1, 1, 3, 3),
        stride=(1, 2.0),
    ),
    row(
        "stride for 2 axes in 3D",
        ValueError("stride must be an int or have one int for each of 3 spatial axes, but stride=(2, 2)"),
        zeros(1, 1, 5, 5, 5),
        zeros(1, 1, 3, 3, 3),
        stride=(2, 2),
    ),
    row(
        "stride for 2 axes in 1D",
        ValueError("stride must be an int or have one int for the spatial axis, but stride=(2, 2)"),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        stride=(2, 2),
    ),
    row(
        "stride is empty",
        ValueError("stride must be an int or have one int for each of 2 spatial axes, but stride=()"),
        zeros(1, 1, 5, 5),
        zeros(1, 1, 3, 3),
        stride=(),
    ),
    row(
        "dilation 0",
        ValueError("dilation must be at least 1, but dilation=0"),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        dilation=0,
    ),
    row(
        "dilation for 3 axes in 2D",
        ValueError("dilation must be an int or have one int for each of 2 spatial axes, but dilation=(1, 1, 1)"),
        zeros(1, 1, 5, 5),
        zeros(1, 1, 3, 3),
        dilation=(1, 1, 1),
    ),
    row(
        "negative padding",
        ValueError("padding must be at least 0, but padding=-1"),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        padding=-1,
    ),
    row(
        "negative padding on one axis",
        ValueError("padding must be at least 0, but padding=(1, -1)"),
        zeros(1, 1, 5, 5),
        zeros(1, 1, 3, 3),
        padding=(1, -1),
    ),
    row(
        "padding is a float",
        TypeError("padding must be an int, but padding=0.5 is a float"),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        padding=0.5,
    ),
    row(
        "padding as pairs, as in F.pad",
        TypeError("padding must hold ints, but padding=((1, 2), (1, 2)) holds a tuple"),
        zeros(1, 1, 5, 5),
        zeros(1, 1, 3, 3),
        padding=((1, 2), (1, 2)),
    ),
    row(
        "groups 0",
        ValueError("groups must be at least 1, but groups=0"),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        groups=0,
    ),
    row(
        "negative groups",
        ValueError("groups must be at least 1, but groups=-1"),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        groups=-1,
    ),
    row(
        "groups is a tuple",
        TypeError("groups must be an int, but groups=(1, 1) is a tuple"),
        zeros(1, 1, 5, 5),
        zeros(1, 1, 3, 3),
        groups=(1, 1),
    ),
    row(
        "groups is a float",
        TypeError("groups must be an int, but groups=1.0 is a float"),
        zeros(1, 1, 5),
        zeros(1, 1, 3),
        groups=1.0,
    ),
    # sizes
    row(
        "kernel without taps",
        ValueError("kernel_size must be at least 1, but kernel_size=(3, 0)"),
        zeros(1, 1, 5, 5),
        zeros(1, 1, 3, 0),
    ),
    row(
        "input without pixels",
        ValueError("input must not be empty along a spatial axis, but input has shape (1, 1, 5, 0)"),
        zeros(1, 1, 5, 0),
        zeros(1, 1, 3, 1),
    ),
    # layouts, dtypes and devices
    row(
        "sparse input",
        TypeError("input must be a dense tensor, but input has layout torch.sparse_coo"),
        zeros(1, 1, 5, 5).to_sparse(),
        zeros(1, 1, 3, 3),
    ),
    row(
        "weight of another dtype",
        TypeError("weight must have the dtype of input, but weight is torch.float64 and input is torch.float32"),
        zeros(1, 1, 5),
        zeros(1, 1, 3, dtype=torch.float64),
    ),
    row(
        "input of a picture as read: uint8",
        TypeError("weight must have the dtype of input, but weight is torch.float32 and input is torch.uint8"),
        zeros(1, 1, 5, dtype=torch.uint8),
        zeros(1, 1, 3),
    ),
    row(
        "weight on another device",
        ValueError("weight must be on the device of input, but weight is on meta and input is on cpu"),
        zeros(1, 1, 5),
        zeros(1, 1, 3, device="meta"),
        torch=False,
    ),
    row(
        "bias on another device",
        ValueError("bias must be on the device of input, but bias is on cpu and input is on meta"),
        zeros(1, 1, 5, device="meta"),
        zeros(1, 1, 3, device="meta"),
        zeros(1),
        torch=False,
    ),
]

ROWS = {CONV: CONV_ERRORS + COMMON_ERRORS, CONV_TRANSPOSE: CONV_TRANSPOSE_ERRORS + COMMON_ERRORS}

every_error = pytest.mark.parametrize(
    ("operation", "error", "tensors", "options", "torch_refuses"),
    [
        pytest.param(operation, *row.values, id=f"{operation}-{row.id}")
        for operation in OPERATIONS
        for row in ROWS[operation]
    ],
)


@every_error
def test_message(
    monkeypatch: pytest.MonkeyPatch,
    operation: Operation,
    error: Exception,
    tensors: tuple[Any, Any, Any],
    options: dict[str, Any],
    torch_refuses: bool,
) -> None:
    for method in ("auto", *operation.algorithms):
        for algorithm in operation.algorithms:
            monkeypatch.setitem(operation.algorithms, algorithm, must_not_run)
        actual = refusal(operation.ours, *tensors, **options, method=method)
        assert type(actual) is type(error), f"method {method!r} ends with {actual!r}"
        assert str(actual) == str(error), f"method {method!r}"
    assert_one_sentence(error)


@every_error
def test_torch_refuses_it_too(
    operation: Operation,
    error: Exception,
    tensors: tuple[Any, Any, Any],
    options: dict[str, Any],
    torch_refuses: bool,
) -> None:
    torchs = refusal(operation.torchs, *tensors, **options)
    assert (torchs is not None) == torch_refuses, f"torch: {torchs!r}"


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
@pytest.mark.parametrize("method", ["winograd", "Torch", "", None, 0], ids=repr)
def test_unknown_method_is_answered_with_those_that_there_are(operation: Operation, method: Any) -> None:
    names = ", ".join(map(repr, ["auto", *operation.algorithms]))
    error = refusal(operation.ours, zeros(1, 1, 5), zeros(1, 1, 3), method=method)
    assert type(error) is ValueError
    assert str(error) == f"method must be one of {names}, but method={method!r}"
    # It comes first: what else is wrong can be said when there is somebody to do the work.
    assert str(refusal(operation.ours, None, None, method=method)) == str(error)


def test_a_dtype_that_torch_does_not_convolve_is_refused_in_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    for operation in OPERATIONS:
        for ndim in (1, 2, 3):
            tensor = zeros(1, 1, *(3,) * ndim, dtype=torch.bool)
            torchs = refusal(operation.torchs, tensor, tensor)
            for method in operation.algorithms:
                monkeypatch.setitem(operation.algorithms, method, must_not_run)
                error = refusal(operation.ours, tensor, tensor, method=method)
                assert type(error) is TypeError
                words = "the dtype must be one that torch convolves here, but input is torch.bool on cpu: "
                assert str(error) == words + str(torchs).splitlines()[0]


HUGE = [
    pytest.param({"stride": 0}, "stride must be", id="stride"),
    pytest.param({"groups": 2}, "groups must divide", id="groups"),
    pytest.param({"dilation": 3000}, "the kernel must fit", id="size"),
    pytest.param({"bias": zeros(7)}, "bias must have shape", id="bias"),
    pytest.param({"weight": zeros(1, 1, 3, 3, dtype=torch.float64)}, "weight must have the dtype", id="dtype"),
    pytest.param({"padding": 5000, "padding_mode": "circular"}, "padding_mode='circular' can", id="padding mode"),
]


@pytest.mark.parametrize(("fault", "words"), HUGE)
@pytest.mark.parametrize("method", CONV.algorithms)
@pytest.mark.parametrize("input", [huge(1, 1, 4000, 4000), zeros(1, 1, 4000, 4000, device="meta")], ids=["cpu", "meta"])
def test_error_before_a_loop_that_would_not_end(
    monkeypatch: pytest.MonkeyPatch, input: Tensor, method: str, fault: dict[str, Any], words: str
) -> None:
    monkeypatch.setitem(CONV.algorithms, method, must_not_run)
    if input.is_meta:
        fault = {name: value.to("meta") if isinstance(value, Tensor) else value for name, value in fault.items()}
    call: dict[str, Any] = {"weight": zeros(1, 1, 3, 3, device=input.device.type), **fault}
    error = refusal(CONV.ours, input, **call, method=method)
    assert_one_sentence(error)
    assert str(error).startswith(words)


def test_a_message_that_is_no_sentence_of_ours_is_noticed() -> None:
    calls: list[Callable[[], object]] = [lambda: None, lambda: int("a"), lambda: [][0], lambda: huge(3) @ huge(2)]
    calls.append(lambda: CONV.ours(zeros(1, 1, 5), zeros(1, 1, 3), stride=1))
    for call in calls:
        with pytest.raises(AssertionError):
            assert_one_sentence(refusal(call))
    for message in ("the stride. It is wrong", "two\nlines of stride", "it is wrong", "stride is wrong."):
        with pytest.raises(AssertionError):
            assert_one_sentence(ValueError(message))
