import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from convlab.arithmetic import Bytes, ConvSpec, num_bytes, num_inner_macs, num_macs, num_params, output_size, taps

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")


def torch_layer(spec: ConvSpec, **options: Any) -> nn.Module:
    kind = "ConvTranspose" if spec.transposed else "Conv"
    if spec.transposed:
        options["output_padding"] = spec.output_padding
    layer: nn.Module = getattr(nn, f"{kind}{spec.ndim}d")(
        spec.in_channels,
        spec.out_channels,
        spec.kernel_size,
        stride=spec.stride,
        padding=spec.padding,
        dilation=spec.dilation,
        groups=spec.groups,
        bias=spec.bias,
        padding_mode=spec.padding_mode,
        **options,
    )
    return layer


CASES = [
    pytest.param(ConvSpec(1, 1, (1,)), (1,), id="smallest"),
    pytest.param(ConvSpec(1, 6, (5, 5)), (32, 32), id="first-layer-of-lenet"),
    pytest.param(ConvSpec(3, 64, (7, 7), stride=2, padding=3, bias=False), (224, 224), id="first-layer-of-resnet"),
    pytest.param(ConvSpec(4, 6, (3,), stride=2, padding=1), (9,), id="1d-stride"),
    pytest.param(ConvSpec(4, 6, (3,), dilation=4), (20,), id="1d-dilation"),
    pytest.param(ConvSpec(6, 4, (3, 5), groups=2, padding=(0, 2)), (7, 8), id="groups"),
    pytest.param(ConvSpec(8, 8, (3, 3), groups=8, padding="same", bias=False), (7, 8), id="depthwise"),
    pytest.param(ConvSpec(4, 12, (3, 3), groups=4, padding="same"), (7, 8), id="depth-multiplier"),
    pytest.param(ConvSpec(16, 32, (1, 1), stride=(1, 2)), (7, 8), id="pointwise"),
    pytest.param(ConvSpec(2, 3, (4, 2), padding="same"), (5, 6), id="same-with-even-kernels"),
    pytest.param(ConvSpec(2, 3, (3, 3), padding=2, padding_mode="reflect"), (5, 6), id="padding-mode"),
    pytest.param(ConvSpec(3, 4, (2, 3, 3), stride=(1, 2, 2), dilation=(2, 1, 1)), (6, 9, 10), id="3d"),
    pytest.param(ConvSpec(3, 5, (4,), stride=2, padding=1, transposed=True), (6,), id="transposed-1d"),
    pytest.param(ConvSpec(6, 4, (3, 2), groups=2, stride=(2, 3), transposed=True), (4, 5), id="transposed-groups"),
    pytest.param(
        ConvSpec(2, 3, (3, 3), stride=2, padding=1, output_padding=1, bias=False, transposed=True),
        (4, 5),
        id="transposed-output-padding",
    ),
    pytest.param(ConvSpec(2, 3, (3, 3), dilation=(1, 3), transposed=True), (4, 5), id="transposed-dilation"),
    pytest.param(ConvSpec(4, 2, (2, 3, 1), stride=(2, 1, 2), transposed=True), (2, 3, 4), id="transposed-3d"),
]


@pytest.mark.parametrize(("spec", "input_size"), CASES)
def test_num_params_is_that_of_the_torch_module(spec: ConvSpec, input_size: tuple[int, ...]) -> None:
    assert num_params(spec) == sum(p.numel() for p in torch_layer(spec, device="meta").parameters())


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize(("spec", "input_size"), CASES)
def test_num_macs_is_half_the_flops_that_torch_counts(
    spec: ConvSpec, input_size: tuple[int, ...], batch_size: int
) -> None:
    layer = torch_layer(spec, device="meta")
    with FlopCounterMode(display=False) as counter:
        layer(torch.empty(batch_size, spec.in_channels, *input_size, device="meta"))
    assert 2 * num_macs(spec, input_size, batch_size=batch_size) == counter.get_total_flops()


SMALL = [case for case in CASES if case.id != "first-layer-of-resnet"]


@pytest.mark.parametrize(("spec", "input_size"), SMALL)
def test_num_macs_is_the_number_of_taps_times_the_channels_that_each_joins(
    spec: ConvSpec, input_size: tuple[int, ...]
) -> None:
    # torch multiplies with what a transposed convolution crops, too: count the taps of the whole output.
    whole = ConvSpec(1, 1, spec.kernel_size, stride=spec.stride, dilation=spec.dilation, transposed=True)
    counted = whole if spec.transposed else spec
    num_taps = sum(
        len(taps(counted, position, input_size)) for position in np.ndindex(*output_size(counted, input_size))
    )
    channels_in, channels_out = spec.in_channels // spec.groups, spec.out_channels // spec.groups
    assert num_macs(spec, input_size) == num_taps * spec.groups * channels_in * channels_out


PADDED = {
    "no padding": (ConvSpec(2, 4, (3,)), (7,)),
    "one zero at each end": (ConvSpec(1, 1, (3,), padding=1), (5,)),
    "padding wider than the kernel": (ConvSpec(1, 2, (2,), padding=4), (3,)),
    "a kernel wider than the input": (ConvSpec(1, 1, (9,), padding=4), (2,)),
    "a stride that leaves the end out": (ConvSpec(1, 1, (3,), stride=3, padding=2), (7,)),
    "dilation, and a stride": (ConvSpec(1, 1, (3,), stride=2, padding=5, dilation=4), (6,)),
    "'same' of an even kernel": (ConvSpec(1, 1, (4,), padding="same"), (6,)),
    "2D, groups, each axis its own": (
        ConvSpec(4, 6, (3, 2), stride=(1, 2), padding=(2, 1), dilation=(2, 1), groups=2),
        (5, 4),
    ),
    "padding that repeats the input": (ConvSpec(1, 1, (3,), padding=2, padding_mode="circular"), (4,)),
}


@pytest.mark.parametrize(("spec", "input_size"), PADDED.values(), ids=PADDED)
def test_num_inner_macs_is_the_number_of_taps_that_meet_the_input(spec: ConvSpec, input_size: tuple[int, ...]) -> None:
    positions = np.ndindex(*output_size(spec, input_size))
    met = sum(tap.source is not None for position in positions for tap in taps(spec, position, input_size))
    assert num_inner_macs(spec, input_size) == met * spec.weight_shape[0] * spec.weight_shape[1]
    assert num_inner_macs(spec, input_size, batch_size=3) == 3 * num_inner_macs(spec, input_size)
    assert num_inner_macs(spec, input_size) <= num_macs(spec, input_size)


def test_num_inner_macs_refuses_a_transposed_convolution() -> None:
    with pytest.raises(ValueError, match="num_inner_macs needs a convolution, but transposed=True"):
        num_inner_macs(ConvSpec(1, 1, (3,), transposed=True), 4)


def test_the_macs_of_a_convolution_count_the_padding_and_those_of_its_transpose_what_is_cropped() -> None:
    assert num_macs(ConvSpec(1, 1, (3,), padding=1), 4) == 4 * 3
    assert num_macs(ConvSpec(1, 1, (3,), padding=1, transposed=True), 4) == 4 * 3


def test_a_convolution_and_its_transpose_cost_the_same() -> None:
    forth = ConvSpec(3, 8, (3, 3), stride=2, padding=1)
    back = ConvSpec(8, 3, (3, 3), stride=2, padding=1, output_padding=1, transposed=True)
    assert output_size(back, output_size(forth, (8, 8))) == (8, 8)
    assert num_macs(back, output_size(forth, (8, 8))) == num_macs(forth, (8, 8))


@pytest.mark.parametrize(
    ("spec", "input_size", "params", "macs"),
    [
        pytest.param(ConvSpec(1, 6, (5, 5)), 32, 156, 117_600, id="first-layer-of-lenet"),
        pytest.param(ConvSpec(6, 16, (5, 5)), 14, 2416, 240_000, id="second-layer-of-lenet"),
        pytest.param(ConvSpec(64, 64, (3, 3), padding=1, bias=False), 56, 36_864, 115_605_504, id="a-layer-of-resnet"),
        pytest.param(ConvSpec(64, 64, (3, 3), padding=1, groups=64), 56, 640, 1_806_336, id="the-same-depthwise"),
    ],
)
def test_known_costs(spec: ConvSpec, input_size: int, params: int, macs: int) -> None:
    assert num_params(spec) == params
    assert num_macs(spec, input_size) == macs


def test_the_bias_adds_parameters_but_no_macs() -> None:
    with_bias, without = ConvSpec(3, 16, (3, 3)), ConvSpec(3, 16, (3, 3), bias=False)
    assert num_params(with_bias) - num_params(without) == 16
    assert num_macs(with_bias, 8) == num_macs(without, 8)


def test_the_batch_multiplies_the_macs() -> None:
    spec = ConvSpec(3, 16, (3, 3))
    assert [num_macs(spec, 8, batch_size=n) for n in (0, 1, 5)] == [n * 16 * 27 * 36 for n in (0, 1, 5)]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("batch_size", [0, 1, 3])
@pytest.mark.parametrize(("spec", "input_size"), SMALL)
def test_num_bytes_is_that_of_real_tensors(
    spec: ConvSpec, input_size: tuple[int, ...], batch_size: int, dtype: torch.dtype
) -> None:
    layer = torch_layer(spec, dtype=dtype)
    x = torch.zeros(batch_size, spec.in_channels, *input_size, dtype=dtype)
    real = Bytes(x.nbytes, sum(p.nbytes for p in layer.parameters()), layer(x).nbytes)
    ours = num_bytes(spec, input_size, batch_size=batch_size, element_size=x.element_size())
    assert ours == real
    assert ours.total == real.input + real.params + real.output


def test_num_bytes_counts_float32_and_one_input_where_nothing_is_said() -> None:
    spec = ConvSpec(3, 16, (3, 3), padding=1)
    assert num_bytes(spec, 8) == num_bytes(spec, (8, 8), batch_size=1, element_size=4)
    assert num_bytes(spec, 8).total == 4 * (3 * 64 + 16 * 28 + 16 * 64)


ANSWERS: list[Any] = [
    pytest.param(lambda: num_params(ConvSpec(np.int64(3), np.int64(4), (3,))), id="params"),
    pytest.param(lambda: num_macs(ConvSpec(3, 4, (3,)), np.int64(8), batch_size=np.int64(2)), id="macs"),
    pytest.param(lambda: num_bytes(ConvSpec(3, 4, (3,)), torch.Size([8]), element_size=np.int64(2)).total, id="bytes"),
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_the_answers_are_plain_ints(answer: Callable[[], int]) -> None:
    assert type(answer()) is int


@pytest.mark.parametrize("function", [num_macs, num_bytes])
def test_an_iterator_is_refused_since_it_lasts_for_one_reading(function: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=r"^input_size must be an int, but input_size=<tuple_iterator"):
        function(ConvSpec(2, 3, (3,), transposed=True), iter((8,)))


SPEC = ConvSpec(1, 1, (3, 3))
TOO_LARGE = (
    "the kernel must fit into the padded input, "
    "but on spatial axis 1 input_size=2 with padding of 0 before and 0 after makes 2 "
    "and kernel_size=3 with dilation=1 spans 3"
)
REFUSED: list[Any] = [
    pytest.param(
        lambda: num_macs(SPEC, 5, batch_size=-1),
        ValueError,
        "batch_size must be at least 0, but batch_size=-1",
        id="macs-negative-batch",
    ),
    pytest.param(
        lambda: num_macs(SPEC, 5, batch_size=True),
        TypeError,
        "batch_size must be an int, but batch_size=True is a bool",
        id="macs-bool-batch",
    ),
    pytest.param(lambda: num_macs(SPEC, (5, 2)), ValueError, TOO_LARGE, id="macs-kernel-too-large"),
    pytest.param(
        lambda: num_macs(SPEC, (5, 5, 5)),
        ValueError,
        "input_size must be an int or have one int for each of 2 spatial axes, but input_size=(5, 5, 5)",
        id="macs-too-many-axes",
    ),
    pytest.param(
        lambda: num_macs(ConvSpec(1, 1, (1,), padding=1, transposed=True), 2),
        ValueError,
        "the output must have at least 1 element, but on spatial axis 0 input_size=2, stride=1, padding=1, "
        "a kernel that spans 1 and output_padding=0 make 0",
        id="macs-transposed-output-empty",
    ),
    pytest.param(
        lambda: num_bytes(SPEC, 5, batch_size=-1),
        ValueError,
        "batch_size must be at least 0, but batch_size=-1",
        id="bytes-negative-batch",
    ),
    pytest.param(
        lambda: num_bytes(SPEC, 5, element_size=0),
        ValueError,
        "element_size must be at least 1, but element_size=0",
        id="bytes-element-size-0",
    ),
    pytest.param(
        lambda: num_bytes(SPEC, 5, element_size=0.5),  # type: ignore[arg-type]
        TypeError,
        "element_size must be an int, but element_size=0.5 is a float",
        id="bytes-half-a-byte",
    ),
    pytest.param(lambda: num_bytes(SPEC, (5, 2)), ValueError, TOO_LARGE, id="bytes-kernel-too-large"),
    pytest.param(
        lambda: num_bytes(SPEC, 0),
        ValueError,
        "input_size must be at least 1, but input_size=0",
        id="bytes-empty-input",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refused_with_these_words(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=rf"\A{re.escape(message)}\Z"):
        call()
