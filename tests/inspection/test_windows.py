"""The window read from a recorded call gives the sizes that torch gives, and the fields that its taps give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convlab.arithmetic import ConvSpec, receptive_field
from convlab.arithmetic.fields import Field
from convlab.inspection import Call, TensorInfo, record
from convlab.inspection.windows import Window, window_of

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")


class Calling(nn.Module):
    """A model that is one function."""

    def __init__(self, function: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(x)


def sliding(model: Any, *size: int) -> tuple[Window, Call]:
    """The only window that a model slides, and its call."""
    made = record(model if isinstance(model, nn.Module) else Calling(model), [torch.empty(size, device="meta")])
    assert made.error is None, made.error
    found = [(window, call) for call in made.model.walk() if (window := window_of(call))]
    assert len(found) == 1
    return found[0]


def weight(*shape: int) -> torch.Tensor:
    return torch.empty(shape, device="meta")


CALLS: list[Any] = [
    pytest.param(nn.Conv1d(4, 6, 3), (2, 4, 17), id="conv1d"),
    pytest.param(nn.Conv2d(4, 6, (3, 5), stride=(2, 1), padding=(1, 0), dilation=(1, 2)), (2, 4, 17, 19), id="conv2d"),
    pytest.param(nn.Conv3d(4, 6, (1, 2, 3), groups=2), (4, 7, 8, 9), id="conv3d, unbatched"),
    pytest.param(nn.Conv2d(4, 4, 4, padding="same", dilation=3), (2, 4, 17, 19), id="same, an odd sum"),
    pytest.param(nn.Conv2d(4, 4, 4, padding="valid"), (2, 4, 17, 19), id="valid"),
    pytest.param(lambda x: F.conv2d(x, weight(3, 4, 3, 3)), (2, 4, 17, 19), id="a function with defaults"),
    pytest.param(lambda x: F.conv2d(x, weight(3, 4, 3, 3), stride=[2]), (2, 4, 17, 19), id="a list of one"),
    pytest.param(lambda x: torch.conv1d(x, weight(3, 4, 3), None, 2, 1), (2, 4, 17), id="by position"),
    pytest.param(nn.ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1), (2, 4, 9), id="transposed 1d"),
    pytest.param(nn.ConvTranspose2d(4, 6, (3, 4), (2, 3), (1, 0), dilation=2), (2, 4, 9, 5), id="transposed 2d"),
    pytest.param(nn.ConvTranspose3d(4, 6, 2, groups=2), (4, 3, 4, 5), id="transposed 3d"),
    pytest.param(nn.MaxPool2d(3, 2, 1), (2, 4, 17, 19), id="max pooling"),
    pytest.param(nn.MaxPool2d(3, dilation=2, ceil_mode=True), (2, 4, 17, 19), id="max pooling, rounded up"),
    pytest.param(nn.MaxPool1d(2, ceil_mode=True), (2, 4, 5), id="max pooling 1d, rounded up"),
    pytest.param(nn.MaxPool2d(1, 2, ceil_mode=True), (2, 4, 6, 6), id="rounded up, a window would start behind"),
    pytest.param(nn.MaxPool2d(2, return_indices=True), (2, 4, 8, 8), id="max pooling with indices"),
    pytest.param(nn.AvgPool2d(3, 2, 1), (2, 4, 17, 19), id="average pooling"),
    pytest.param(nn.AvgPool3d((1, 2, 2)), (2, 4, 3, 8, 8), id="average pooling 3d"),
    pytest.param(lambda x: F.avg_pool1d(x, 3), (2, 4, 17), id="pooling as a function"),
    pytest.param(nn.LPPool2d(2, 3), (2, 4, 17, 19), id="power-average pooling"),
]


@pytest.mark.parametrize(("model", "size"), CALLS)
def test_the_sizes_are_those_of_torch(model: Any, size: tuple[int, ...]) -> None:
    window, call = sliding(model, *size)
    ndim = len(window.kernel_size)
    before, after = call.inputs[0].shape[-ndim:], call.outputs[0].shape[-ndim:]
    assert tuple(window.output_size(axis, before[axis]) for axis in range(ndim)) == after
    for axis in range(ndim):
        formula, _, result = window.formula(axis, before[axis]).rpartition(" = ")
        meaning = {"__builtins__": {}, "floor": lambda x: x // 1, "ceil": lambda x: -(-x // 1)}
        assert eval(formula, meaning) == int(result) == after[axis]


@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 2), st.integers(1, 3), st.integers(1, 30), st.booleans())
def test_rounding_up_is_that_of_torch(k: int, stride: int, padding: int, dilation: int, size: int, ceil: bool) -> None:
    pool = nn.MaxPool1d(k, stride, min(padding, k // 2), dilation, ceil_mode=ceil)
    try:
        expected = pool(torch.empty(1, size, device="meta")).shape[-1]
    except RuntimeError:
        return  # the input is too small
    window, _ = sliding(pool, 1, size)
    assert window.output_size(0, size) == expected


@pytest.mark.parametrize(
    ("layer", "size"),
    [
        pytest.param(nn.Conv2d(1, 1, (3, 5), (2, 1), (1, 0), (1, 2)), (1, 17, 19), id="convolution"),
        pytest.param(nn.ConvTranspose2d(1, 1, (3, 4), (2, 3), (1, 0), dilation=(2, 1)), (1, 9, 5), id="transposed"),
    ],
)
def test_the_fields_are_those_of_the_chain(layer: Any, size: tuple[int, ...]) -> None:
    window, _ = sliding(layer, *size)
    fields = [window.through(axis, Field()) for axis in range(2)]
    expected = receptive_field([layer])
    assert tuple(field.size for field in fields) == expected.size
    assert tuple(field.start for field in fields) == expected.start


def test_what_a_window_says_of_channels() -> None:
    assert sliding(nn.Conv2d(4, 6, 3, groups=2), 4, 5, 5)[0].groups == 2
    assert sliding(nn.MaxPool2d(2), 4, 6, 6)[0].groups == 0


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(Call("", "relu"), id="no window"),
        pytest.param(Call("", "conv4d"), id="no such function"),
        pytest.param(Call("", "max_pool2d", arguments=((None, "3"), {})), id="a text"),
        pytest.param(Call("", "max_pool2d", arguments=((None, (1, 2, 3)), {})), id="a number too many"),
        pytest.param(Call("", "max_pool2d"), id="no arguments"),
        pytest.param(
            Call("", "conv2d", arguments=((None, TensorInfo(1, (3, 4, 3), torch.float32)), {})), id="another ndim"
        ),
    ],
)
def test_no_window(call: Call) -> None:
    assert window_of(call) is None


def test_a_formula_in_full() -> None:
    spec = ConvSpec(64, 32, (4,), stride=2)
    window = Window.plain(spec.kernel_size, stride=spec.stride)
    assert window.formula(0, 128) == "floor((128 + 2*0 - 1*(4-1) - 1) / 2) + 1 = 63"
