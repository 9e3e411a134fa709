"""The modules against two convolutions of torch written out by hand, their counts, and the words of their errors."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from conv_cases import EVEN_SAME_WARNING, TORCH_CONV, TORCH_MODULE, assert_one_sentence, numbers
from torch import Tensor, nn
from torch.testing import assert_close
from window_cases import WINDOWS

from convlab.arithmetic import ConvSpec, conv_output_size, num_params
from convlab.nn import CausalConv1d, SeparableConv1d, SeparableConv2d, SeparableConv3d

pytestmark = pytest.mark.filterwarnings(EVEN_SAME_WARNING)

SEPARABLE: dict[int, Callable[..., Any]] = {1: SeparableConv1d, 2: SeparableConv2d, 3: SeparableConv3d}
SIZE = (7, 8, 6)
F64: dict[str, Any] = {"dtype": torch.float64}

SEPARABLE_CASES = {
    **WINDOWS,
    "reflect": (2, {"padding": 2, "padding_mode": "reflect"}),
    "replicate": (3, {"padding": 1, "padding_mode": "replicate"}),
    "circular, same": (1, {"padding": "same", "padding_mode": "circular"}),
    "depth multiplier": (2, {"depth_multiplier": 3}),
    "depth multiplier in 3D, all options": (
        3,
        {"depth_multiplier": 2, "stride": (1, 2, 1), "padding": (2, 1, 0), "dilation": (1, 1, 2)},
    ),
}
each_case = pytest.mark.parametrize(
    ("ndim", "options"), [pytest.param(*case, id=name) for name, case in SEPARABLE_CASES.items()]
)
each_order = pytest.mark.parametrize("pointwise_first", [False, True], ids=["depthwise first", "pointwise first"])


def separable(ndim: int, options: dict[str, Any], pointwise_first: bool) -> Any:
    """A module from 4 to 6 channels."""
    return SEPARABLE[ndim](4, 6, **{"kernel_size": 3, "pointwise_first": pointwise_first, **F64, **options})


def padded(input: Tensor, kernel: tuple[int, ...], padding: Any, dilation: Any, mode: str) -> Tensor:
    """The input with its padding, one axis after the other, last axis first, as `F.pad` wants it."""
    amounts: list[int] = []
    for axis in reversed(range(len(kernel))):
        gap = dilation[axis] if isinstance(dilation, tuple) else dilation
        total = gap * (kernel[axis] - 1)
        one = padding[axis] if isinstance(padding, tuple) else padding
        amounts += {"same": [total // 2, total - total // 2], "valid": [0, 0]}.get(one) or [one, one]
    return F.pad(input, amounts, mode="constant" if mode == "zeros" else mode)


@each_order
@each_case
def test_separable_is_two_convolutions(ndim: int, options: dict[str, Any], pointwise_first: bool) -> None:
    layer = separable(ndim, options, pointwise_first)
    input = numbers(2, 4, *SIZE[:ndim])
    weights = {name: value.detach() for name, value in layer.state_dict().items()}
    kernel = options.get("kernel_size", 3)
    kernel = kernel if isinstance(kernel, tuple) else (kernel,) * ndim
    conv, dilation = TORCH_CONV[ndim], options.get("dilation", 1)
    last = "depthwise" if pointwise_first else "pointwise"
    bias = weights.get(f"{last}.bias")

    def depthwise(x: Tensor) -> Tensor:
        x = padded(x, kernel, options.get("padding", 0), dilation, options.get("padding_mode", "zeros"))
        added, stride = bias if pointwise_first else None, options.get("stride", 1)
        return conv(x, weights["depthwise.weight"], added, stride, 0, dilation, x.shape[1])

    def pointwise(x: Tensor) -> Tensor:
        mixed: Tensor = torch.einsum("oi,ni...->no...", weights["pointwise.weight"].flatten(1), x)
        return mixed if pointwise_first or bias is None else mixed + bias.reshape(-1, *[1] * ndim)

    expected = depthwise(pointwise(input)) if pointwise_first else pointwise(depthwise(input))
    assert_close(layer(input), expected)
    assert_close(layer(input[1]), expected[1])  # unbatched
    assert (bias is None) == (options.get("bias") is False)


@each_order
@each_case
def test_separable_has_the_size_and_the_parameters_of_the_formulas(
    ndim: int, options: dict[str, Any], pointwise_first: bool
) -> None:
    layer = separable(ndim, options, pointwise_first)
    window = {"kernel_size": 3} | {
        name: options[name] for name in ("kernel_size", "stride", "padding", "dilation") if name in options
    }
    assert layer(numbers(2, 4, *SIZE[:ndim])).shape[2:] == conv_output_size(SIZE[:ndim], **window)
    assert layer(numbers(2, 4, *SIZE[:ndim])).shape[:2] == (2, 6)

    multiplier, bias = int(options.get("depth_multiplier", 1)), bool(options.get("bias", True))
    kernel = layer.depthwise.kernel_size
    read = 6 // multiplier if pointwise_first else 4
    depthwise = ConvSpec(read, read * multiplier, kernel, groups=read, bias=bias and pointwise_first)
    ends = (4, read) if pointwise_first else (read * multiplier, 6)
    pointwise = ConvSpec(*ends, (1,) * ndim, bias=bias and not pointwise_first)
    assert sum(p.numel() for p in layer.parameters()) == num_params(depthwise) + num_params(pointwise)
    assert layer.depthwise.weight.shape == depthwise.weight_shape
    assert layer.pointwise.weight.shape == pointwise.weight_shape


def test_separable_counts_by_hand() -> None:
    def count(**options: Any) -> int:
        return sum(p.numel() for p in SeparableConv2d(8, 16, 3, **options).parameters())

    assert count() == 8 * 9 + 16 * 8 + 16
    assert count(depth_multiplier=2) == 16 * 9 + 16 * 16 + 16
    assert count(pointwise_first=True) == 16 * 8 + 16 * 9 + 16
    assert count(pointwise_first=True, depth_multiplier=2) == 8 * 8 + 16 * 9 + 16
    assert sum(p.numel() for p in nn.Conv2d(8, 16, 3).parameters()) == 16 * 8 * 9 + 16


@pytest.mark.parametrize(
    ("options", "names"),
    [
        pytest.param({}, ["depthwise.weight", "pointwise.weight", "pointwise.bias"], id="depthwise first"),
        pytest.param(
            {"pointwise_first": True},
            ["pointwise.weight", "depthwise.weight", "depthwise.bias"],
            id="pointwise first",
        ),
        pytest.param({"bias": False}, ["depthwise.weight", "pointwise.weight"], id="no bias"),
    ],
)
@pytest.mark.parametrize("ndim", SEPARABLE)
def test_state_dict_has_names_in_the_order_of_the_run(ndim: int, options: dict[str, Any], names: list[str]) -> None:
    layer = SEPARABLE[ndim](3, 6, 3, **options)
    assert list(layer.state_dict()) == names
    assert [type(child) for child in layer.children()] == [TORCH_MODULE[ndim]] * 2
    twin = SEPARABLE[ndim](3, 6, 3, **options)
    twin.load_state_dict(layer.state_dict())
    input = torch.ones(1, 3, *(5,) * ndim)
    assert torch.equal(twin(input), layer(input))
    assert torch.equal(copy.deepcopy(layer)(input), layer(input))


@each_order
def test_a_bias_of_the_first_would_add_the_same_everywhere(pointwise_first: bool) -> None:
    """What the docstring says of it."""
    layer, input = SeparableConv2d(2, 4, 3, padding=1, pointwise_first=pointwise_first, **F64), numbers(1, 2, 6, 6)
    first, second = layer.children()
    added = second(first(input) + 1.0) - second(first(input))
    inside = added[..., 1:-1, 1:-1]
    assert_close(inside, inside[..., :1, :1].expand_as(inside))
    if not pointwise_first:  # nothing is padded after it
        assert_close(added, added[..., :1, :1].expand_as(added))
    else:
        assert not torch.allclose(added[..., 0, 0], inside[..., 0, 0])


def test_repr() -> None:
    assert repr(SeparableConv1d(4, 6, 3, stride=2, depth_multiplier=2, pointwise_first=True)) == (
        "SeparableConv1d(\n"
        "  4, 6, kernel_size=(3,), depth_multiplier=2, pointwise_first=True\n"
        "  (pointwise): Conv1d(4, 3, kernel_size=(1,), stride=(1,), bias=False)\n"
        "  (depthwise): Conv1d(3, 6, kernel_size=(3,), stride=(2,), groups=3)\n"
        ")"
    )
    assert repr(CausalConv1d(2, 4, 3, dilation=2, groups=2, bias=False, padding_mode="replicate")) == (
        "CausalConv1d(2, 4, kernel_size=(3,), stride=(1,), dilation=(2,), groups=2, bias=False, "
        "padding_mode=replicate, left_padding=4)"
    )


@pytest.mark.parametrize(
    ("layer", "torchs"), [(CausalConv1d, nn.Conv1d), *((SEPARABLE[n], TORCH_MODULE[n]) for n in SEPARABLE)]
)
def test_by_position_arguments_mean_what_they_mean_in_torch(layer: Any, torchs: Any) -> None:
    ours, theirs = (inspect.signature(item).parameters for item in (layer, torchs))
    by_position = [name for name, item in ours.items() if item.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    assert by_position == list(theirs)[: len(by_position)]
    assert {n: p.default for n, p in ours.items() if n in theirs} == {
        n: p.default for n, p in theirs.items() if n in ours
    }
    missing = {"groups"} if layer is not CausalConv1d else {"padding"}
    assert set(theirs) - set(ours) == missing


@pytest.mark.parametrize("layer", [CausalConv1d, SeparableConv1d, SeparableConv2d, SeparableConv3d])
def test_device_and_dtype_reach_every_parameter(layer: Any) -> None:
    made = layer(2, 4, 3, device="meta", dtype=torch.float16)
    assert {(p.device.type, p.dtype) for p in made.parameters()} == {("meta", torch.float16)}


CAUSAL_CASES = {
    "plain": {},
    "one tap": {"kernel_size": 1},
    "two taps": {"kernel_size": 2},
    "dilation": {"dilation": 3},
    "dilation and an even kernel": {"kernel_size": 4, "dilation": 2},
    "stride": {"stride": 3},
    "stride and dilation": {"stride": 2, "dilation": 2},
    "groups": {"groups": 2},
    "longer than the input": {"kernel_size": 7, "dilation": 3},
    "replicate": {"padding_mode": "replicate", "dilation": 2},
    "no bias": {"bias": False},
    "tuples": {"kernel_size": (3,), "stride": (2,), "dilation": [2]},
}
each_causal = pytest.mark.parametrize("options", [pytest.param(o, id=name) for name, o in CAUSAL_CASES.items()])
LENGTH = 11


def causal(options: dict[str, Any]) -> CausalConv1d:
    """A module from 2 to 4 channels."""
    return CausalConv1d(2, 4, **{"kernel_size": 3, **F64, **options})


def first(value: Any) -> int:
    """The int, or the only one of a sequence."""
    return int(value[0] if isinstance(value, tuple | list) else value)


@each_causal
def test_causal_sees_the_inputs_at_t_and_before_only(options: dict[str, Any]) -> None:
    layer = causal(options)
    nn.init.ones_(layer.weight)  # no tap is silent
    input = numbers(1, 2, LENGTH, requires_grad=True)
    output = layer(input)
    stride, dilation = first(options.get("stride", 1)), first(options.get("dilation", 1))
    taps = first(options.get("kernel_size", 3))
    assert output.shape == (1, 4, math.ceil(LENGTH / stride))
    for i in range(output.shape[-1]):
        (gradient,) = torch.autograd.grad(output[..., i].sum(), input, retain_graph=True)
        seen = set(gradient[0].abs().sum(0).nonzero().flatten().tolist())
        wanted = {i * stride - tap * dilation for tap in range(taps)}
        if layer.padding_mode == "replicate":
            wanted = {max(t, 0) for t in wanted}
        assert seen == {t for t in wanted if t >= 0}, f"output {i}"
        assert max(seen) == i * stride  # the present is seen, the future is not


@each_causal
def test_causal_equals_torch_with_both_sides_padded_and_the_end_cut(options: dict[str, Any]) -> None:
    layer, input = causal(options), numbers(3, 2, LENGTH)
    mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
    dense = nn.Conv1d(
        2, 4, layer.kernel_size[0], dilation=layer.dilation[0], groups=layer.groups, bias=layer.bias is not None, **F64
    )
    dense.load_state_dict(layer.state_dict())
    pad = layer.dilation[0] * (layer.kernel_size[0] - 1)
    expected = dense(F.pad(input, (pad, pad), mode=mode))[..., : LENGTH : layer.stride[0]]
    assert_close(layer(input), expected)
    assert_close(layer(input[0]), expected[0])  # unbatched
    assert isinstance(layer, nn.Conv1d)
    assert sum(p.numel() for p in layer.parameters()) == num_params(
        ConvSpec(2, 4, layer.kernel_size, groups=layer.groups, bias=layer.bias is not None)
    )


def test_an_ordinary_convolution_of_the_same_length_is_not_causal() -> None:
    input = numbers(1, 2, LENGTH, requires_grad=True)
    output = nn.Conv1d(2, 4, 3, padding="same", **F64)(input)
    (gradient,) = torch.autograd.grad(output[..., 4].sum(), input)
    assert gradient[..., 5].abs().sum() > 0


def test_the_paddings_that_are_refused_look_ahead() -> None:
    for mode in ("reflect", "circular"):
        input = numbers(1, 1, LENGTH, requires_grad=True)
        (gradient,) = torch.autograd.grad(F.pad(input, (2, 0), mode=mode)[..., 0].sum(), input)
        assert gradient[0, 0].nonzero().max() > 0, mode


def row(id: str, layer: Any, error: Exception, *args: Any, **options: Any) -> Any:
    return pytest.param(layer, args, options, error, id=id)


ERRORS = [
    row(
        "no output channels",
        SeparableConv2d,
        ValueError("out_channels must be at least 1, but out_channels=0"),
        3,
        0,
        3,
    ),
    row(
        "kernel for another number of axes",
        SeparableConv3d,
        ValueError("kernel_size must be an int or have one int for each of 3 spatial axes, but kernel_size=(3, 3)"),
        3,
        6,
        (3, 3),
    ),
    row(
        "kernel of floats",
        CausalConv1d,
        TypeError("kernel_size must be an int, but kernel_size=3.0 is a float"),
        3,
        6,
        3.0,
    ),
    row(
        "same with stride",
        SeparableConv1d,
        ValueError("padding='same' needs stride=1, but stride=(2,)"),
        3,
        6,
        3,
        2,
        "same",
    ),
    row(
        "bias is a number",
        SeparableConv2d,
        TypeError("bias must be a bool, but bias=1 has type int"),
        3,
        6,
        3,
        bias=1,
    ),
    row(
        "an unknown padding mode",
        SeparableConv2d,
        ValueError(
            "padding_mode must be one of 'zeros', 'reflect', 'replicate', 'circular', but padding_mode='reflex'"
        ),
        3,
        6,
        3,
        padding_mode="reflex",
    ),
    row(
        "depth multiplier 0",
        SeparableConv2d,
        ValueError("depth_multiplier must be at least 1, but depth_multiplier=0"),
        3,
        6,
        3,
        depth_multiplier=0,
    ),
    row(
        "depth multiplier of a half",
        SeparableConv2d,
        TypeError("depth_multiplier must be an int, but depth_multiplier=0.5 is a float"),
        3,
        6,
        3,
        depth_multiplier=0.5,
    ),
    row(
        "depth multiplier that does not divide",
        SeparableConv1d,
        ValueError(
            "depth_multiplier must divide out_channels where pointwise_first=True, "
            "but out_channels=6 and depth_multiplier=4"
        ),
        3,
        6,
        3,
        depth_multiplier=4,
        pointwise_first=True,
    ),
    row(
        "pointwise_first is a word",
        SeparableConv3d,
        TypeError("pointwise_first must be a bool, but pointwise_first='yes' has type str"),
        3,
        6,
        3,
        pointwise_first="yes",
    ),
    row(
        "groups of a causal convolution",
        CausalConv1d,
        ValueError("groups must divide in_channels, but in_channels=3 and groups=2"),
        3,
        6,
        3,
        groups=2,
    ),
    row(
        "dilation 0",
        CausalConv1d,
        ValueError("dilation must be at least 1, but dilation=(0,)"),
        3,
        6,
        3,
        dilation=[0],
    ),
    *(
        row(
            f"{mode} in a causal convolution",
            CausalConv1d,
            ValueError(
                "padding_mode must be 'zeros' or 'replicate' in a causal convolution, "
                f"since the others pad with later inputs, but padding_mode={mode!r}"
            ),
            3,
            6,
            3,
            padding_mode=mode,
        )
        for mode in ("reflect", "circular")
    ),
]


@pytest.mark.parametrize(("layer", "args", "options", "error"), ERRORS)
def test_errors(layer: Any, args: tuple[Any, ...], options: dict[str, Any], error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        layer(*args, **options)
    assert str(caught.value) == str(error)
    if "depth_multiplier" not in options and "pointwise_first" not in options:
        assert_one_sentence(caught.value)


def test_a_depth_multiplier_need_not_divide_depthwise_first() -> None:
    assert SeparableConv1d(3, 6, 3, depth_multiplier=4)(torch.zeros(3, 8)).shape == (6, 6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("layer", [CausalConv1d, SeparableConv1d])
def test_on_a_gpu(layer: Any) -> None:
    made = layer(2, 4, 3, **F64)
    input = numbers(2, 2, 9)
    expected = made(input)
    assert_close(made.to("cuda")(input.to("cuda")).cpu(), expected)
