"""Cases of exercises on convolution: small whole numbers, and what is special about each case."""

from __future__ import annotations

import math

import torch

from convlab.arithmetic.spec import ConvSpec
from convlab.ops import conv, conv_transpose, fft, matrix, reference, shift, strided, unfold
from convlab.practice.exercise import Case, Window

CONVOLUTION = (
    "convolution", "_convolution", "convolution_overrideable", "mkldnn_convolution", "_slow_conv2d_forward",
    "slow_conv3d_forward", "slow_conv_dilated2d", "slow_conv_dilated3d", "_conv_depthwise2d", "conv_depthwise3d",
    "cudnn_convolution", "cudnn_convolution_add_relu", "conv_tbc", conv, conv_transpose,
    *(algorithm.conv for algorithm in (reference, unfold, strided, shift, fft, matrix)),
)  # fmt: skip
"""What an answer that is a convolution must not call: `F.conv2d` and all layers arrive at the first."""

POOLING = ("avg_pool1d", "avg_pool2d", "avg_pool3d", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d")


def numbers(*shape, seed=0, dtype=torch.float32):
    """Whole numbers from -4 to 5; in float64 sevenths, which float32 does not hold exactly."""
    drawn = torch.randint(-4, 6, shape, generator=torch.Generator().manual_seed(seed)).to(dtype)
    return drawn / 7 if dtype == torch.float64 else drawn


def counting(*shape):
    """1, 2, 3, ... in the order of reading."""
    return torch.arange(1, math.prod(shape) + 1, dtype=torch.float32).reshape(shape)


def not_contiguous(tensor):
    """The same numbers, with axes of the memory in reverse order."""
    return tensor.permute(*reversed(range(tensor.ndim))).contiguous().permute(*reversed(range(tensor.ndim)))


def conv_case(
    id, input, weight, *, bias=False, dtype=torch.float32, contiguous=True, seed=1, positional=False, **options
):
    """A call of a convolution; `input` and `weight` are shapes, or tensors."""
    if not isinstance(input, torch.Tensor):
        input = numbers(*input, seed=seed, dtype=dtype)
    if not isinstance(weight, torch.Tensor):
        weight = numbers(*weight, seed=seed + 100, dtype=dtype)
    if not contiguous:
        input = not_contiguous(input)
    args = [input, weight]
    if bias:
        args.append(torch.arange(1, len(weight) + 1).to(dtype) * 10)
    if positional:
        args += options.values()
        return Case(id, tuple(args), traits=traits(input, weight, bias, **options))
    return Case(id, tuple(args), options, traits(input, weight, bias, **options))


def traits(input, weight, bias=False, stride=1, padding=0, dilation=1, groups=1):
    """What is special, in words that end "wrong where ..."."""
    options = (stride, padding, dilation)
    found = {
        "the batch has more than one sample": len(input) > 1,
        "there are several input channels": input.shape[1] > 1,
        "there are several output channels": len(weight) > 1,
        "the sides of the input differ": len(set(input.shape[2:])) > 1,
        "the sides of the kernel differ": len(set(weight.shape[2:])) > 1,
        "the kernel has an even size": any(size % 2 == 0 for size in weight.shape[2:]),
        "the kernel has one element": weight.shape[2:].numel() == 1,
        "there is a bias": bias,
        "the stride is not 1": _differs(stride, 1),
        "there is padding": _differs(padding, 0),
        "the dilation is not 1": _differs(dilation, 1),
        "there are several groups": groups > 1,
        "an argument is a tuple": any(isinstance(option, tuple) for option in options),
        "the stride leaves a rest": _leaves_rest(input, weight, stride, padding, dilation),
        "the input is not contiguous": not input.is_contiguous(),
        "the dtype is float64": input.dtype == torch.float64,
    }
    return frozenset(trait for trait, is_so in found.items() if is_so)


def conv_window(ndim, make=None, options=("stride", "padding")):
    """`Exercise.window` for calls with the arguments of a convolution; `make` turns other arguments into these.

    `options` names the arguments after the bias, in their order.
    """
    names = ("input", "weight", "bias", *options)

    def window(case, sample):
        call = make(*case.args, **case.kwargs) if make else {**dict(zip(names, case.args, strict=False)), **case.kwargs}
        weight, bias, groups = call["weight"], call.get("bias"), call.get("groups", 1)
        spec = ConvSpec(
            weight.shape[1] * groups, weight.shape[0], tuple(weight.shape[-ndim:]), stride=call.get("stride", 1),
            padding=call.get("padding", 0), dilation=call.get("dilation", 1), groups=groups, bias=bias is not None,
        )  # fmt: skip
        return Window(spec, call["input"][sample], weight, bias)

    return window


def as_batch(image, kernel):
    """An image and a kernel without channels, as arguments of a convolution."""
    return {"input": image[None, None], "weight": kernel[None, None]}


def _differs(value, usual):
    return any(item != usual for item in (value if isinstance(value, tuple) else (value,)))


def _leaves_rest(input, weight, stride, padding, dilation):
    spec = ConvSpec(1, 1, tuple(weight.shape[2:]), stride=stride, padding=padding, dilation=dilation)
    return any(
        (size + 2 * pad - gap * (taps - 1) - 1) % step
        for size, pad, gap, taps, step in zip(
            input.shape[2:], spec.padding, spec.dilation, spec.kernel_size, spec.stride, strict=True
        )
    )
