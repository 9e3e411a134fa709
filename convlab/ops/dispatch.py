"""`conv`: one operation, several algorithms, chosen by name, or by rule."""

from __future__ import annotations

import functools
import operator
from typing import Any, NamedTuple, SupportsIndex

import torch

from convlab.arithmetic.spec import ConvSpec, IntOrTuple
from convlab.ops import fft, matrix, reference, shift, strided, unfold
from convlab.ops.arguments import CONV, Algorithm, autocast, autocast_is_on, checked_spec, method_for, run
from convlab.ops.auto import Choice, choose
from convlab.ops.padding import padded


def conv(
    input: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    *,
    stride: IntOrTuple = 1,
    padding: IntOrTuple | str = 0,
    dilation: IntOrTuple = 1,
    groups: SupportsIndex = 1,
    padding_mode: str = "zeros",
    method: str = "auto",
) -> torch.Tensor:
    """Convolution as torch means it, in 1, 2 or 3 spatial axes: torch's `conv1d`, `conv2d` and `conv3d` in one.

    The number of spatial axes is `weight.ndim - 2`. Torch computes a cross-correlation: the kernel is not flipped.
    An empty batch is taken; an empty spatial axis and zero channels are refused.

    Args:
        input: A batch or a single example.
        weight: The kernels.
        bias: One number per output channel, or None.
        stride: Steps between windows, in input elements.
        padding: Elements added on both sides of each axis; "valid" adds none, "same" keeps the size (stride 1 only).
        dilation: Distance between neighbouring taps, in input elements.
        groups: Number of independent convolutions side by side.
        padding_mode: What the padding holds: "zeros", "reflect", "replicate" or "circular".
        method: "reference" computes the definition in loops; "unfold" copies the windows into columns, for one matrix
            product; "strided" sums over a view of all windows; "shift" adds up shifted inputs, one per tap; "fft"
            multiplies spectra, and takes no integers; "matrix" multiplies with the dense matrix of the convolution;
            "torch" calls torch; "auto" is "torch", or a faster way where torch is slow on the CPU: `explain_method`
            says which, and why. Where that is "fft", an output far smaller than others loses digits beside them.

    Shape:
        - input: (N, C_in, *spatial) or (C_in, *spatial)
        - weight: (C_out, C_in/groups, *kernel_size)
        - bias: (C_out,)
        - Output: (N, C_out, *out) or (C_out, *out), with `conv_output_size`

    Returns:
        A tensor with the dtype and device of `input`; inside `torch.autocast`, with autocast's dtype.

    Raises:
        TypeError: If an argument has the wrong type, or a dtype does not fit.
        ValueError: If a shape or value does not fit, or `method` is not available.

    Source:
        https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html

    Example:
        >>> x, w = torch.tensor([[[1.0, 2.0, 4.0, 8.0]]]), torch.tensor([[[-1.0, 1.0]]])
        >>> conv(x, w, method="reference")
        tensor([[[1., 2., 4.]]])
        >>> conv(torch.zeros(1, 3, 32, 32), torch.zeros(16, 3, 3, 3), stride=2, padding=1, padding_mode="reflect").shape
        torch.Size([1, 16, 16, 16])
        >>> conv(x, w, padding="same", stride=2)
        Traceback (most recent call last):
        ValueError: padding='same' needs stride=1, but stride=(2,)
    """
    options = (stride, padding, dilation, groups, padding_mode)
    if method != "auto":
        way = _METHODS[method_for(method, _METHODS)]
        input, weight, bias = autocast(input, weight, bias)
        return run(way, input, weight, bias, _spec(input, weight, bias, options))
    key = _key(input, weight, bias, options)
    plan = _PLANS.get(key)
    if plan is not None and plan.arguments:  # under autocast, too: torch's function knows about it
        return CONV[plan.spec.ndim](input, weight, bias, *plan.arguments)
    if plan is None or autocast_is_on(input):
        keep = key is not None and not autocast_is_on(input)
        input, weight, bias = autocast(input, weight, bias)
        plan = _plan(input, weight, bias, options)
        if keep:
            if len(_PLANS) == MOST_PLANS:
                _PLANS.clear()
            _PLANS[key] = plan
    return run(plan.way, input, weight, bias, plan.spec)


def explain_method(
    input: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    *,
    stride: IntOrTuple = 1,
    padding: IntOrTuple | str = 0,
    dilation: IntOrTuple = 1,
    groups: SupportsIndex = 1,
    padding_mode: str = "zeros",
) -> Choice:
    """What `conv` takes for this call with `method="auto"`, and why; `print` shows it in words.

    Nothing is convolved. The choice depends on shapes, dtype, device, memory format, threads, the CPU, and on whether
    autograd will go back through the call.

    Args:
        input: A batch or a single example.
        weight: The kernels.
        bias: One number per output channel, or None.
        stride: Steps between windows, in input elements.
        padding: Elements added on both sides of each axis; or "valid", or "same".
        dilation: Distance between neighbouring taps, in input elements.
        groups: Number of independent convolutions side by side.
        padding_mode: What the padding holds: "zeros", "reflect", "replicate" or "circular".

    Shape:
        - input: (N, C_in, *spatial) or (C_in, *spatial)
        - weight: (C_out, C_in/groups, *kernel_size)
        - bias: (C_out,)

    Raises:
        TypeError: If an argument has the wrong type, or a dtype does not fit.
        ValueError: If a shape or value does not fit.

    Example:
        >>> image, kernels = torch.zeros(1, 3, 224, 224), torch.zeros(64, 3, 7, 7)
        >>> explain_method(image, kernels, stride=2, padding=3).method
        'torch'
    """
    input, weight, bias = autocast(input, weight, bias)
    return _plan(input, weight, bias, (stride, padding, dilation, groups, padding_mode)).choice


class _Plan(NamedTuple):
    """What is known about a call before its numbers are."""

    spec: ConvSpec
    choice: Choice
    way: Algorithm
    arguments: tuple[Any, ...]
    """Those of torch's own function, where that is all to call; else none."""


MOST_PLANS = 4096
"""Kinds of calls whose plans are kept; with one more, all are forgotten."""

_PLANS: dict[object, _Plan] = {}
_PLAIN = (torch.Tensor, torch.nn.Parameter)
_FACTS = operator.attrgetter("is_cpu", "layout", "dtype", "shape", "requires_grad")


def _key(input: Any, weight: Any, bias: Any, options: tuple[Any, ...]) -> tuple[object, ...] | None:
    """Everything a plan depends on, quickly found; None for a call that is planned anew each time."""
    if type(input) not in _PLAIN or type(weight) not in _PLAIN or torch.compiler.is_compiling():
        return None
    if bias is not None and type(bias) not in _PLAIN:
        return None
    stride, padding, dilation, groups, padding_mode = options
    if not type(stride) is type(padding) is type(dilation) is type(groups) is int or type(padding_mode) is not str:
        options = tuple(tuple(option) if type(option) is list else option for option in options)
        single = [value for option in options for value in (option if type(option) is tuple else (option,))]
        if not all(type(value) is int or type(value) is str for value in single):  # True is no 1, though equal
            return None
    facts = [_FACTS(input), _FACTS(weight)] if bias is None else [_FACTS(input), _FACTS(weight), _FACTS(bias)]
    if not facts[0][1] is facts[1][1] is torch.strided:
        return None
    if not all(is_cpu for is_cpu, *_ in facts):  # a device is slow to name, so that of most is not
        facts += [tensor.device for tensor in (input, weight, bias) if tensor is not None]
    state = (input.is_contiguous(), weight.is_contiguous(), torch.is_grad_enabled(), torch.get_num_threads())
    return (options, *facts, state)


def _plan(input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, options: tuple[Any, ...]) -> _Plan:
    spec = _spec(input, weight, bias, options)
    choice = choose(input, weight, bias, spec)
    way = functools.partial(_torch, pad_first=True) if choice.pad_first else _WAYS[choice.method]
    if choice.dtype != input.dtype:
        way = functools.partial(_wider, way, choice.dtype)
    alone = way is _torch and spec.padding_mode == "zeros"
    return _Plan(spec, choice, way, (spec.stride, spec.padding, spec.dilation, spec.groups) if alone else ())


def _spec(input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, options: tuple[Any, ...]) -> ConvSpec:
    names = ("stride", "padding", "dilation", "groups", "padding_mode")
    return checked_spec(input, weight, bias, **dict(zip(names, options, strict=True)))


def _torch(
    input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, spec: ConvSpec, *, pad_first: bool = False
) -> torch.Tensor:
    padding: tuple[int, ...] | str | int = spec.padding
    if pad_first or spec.padding_mode != "zeros":
        input, padding = padded(input, spec), 0
    return CONV[spec.ndim](input, weight, bias, spec.stride, padding, spec.dilation, spec.groups)


def _fft(input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, spec: ConvSpec) -> torch.Tensor:
    """Method "fft", but for inf and NaN: a transform spreads them over all outputs, torch over those that read them."""
    output = _METHODS["fft"](input, weight, bias, spec)
    try:
        is_finite = bool(output.detach().sum().isfinite())
    except RuntimeError:  # inside torch.func.vmap, where numbers cannot be looked at
        is_finite = True
    return output if is_finite else _torch(input, weight, bias, spec)


def _wider(
    way: Algorithm,
    dtype: torch.dtype,
    input: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    spec: ConvSpec,
) -> torch.Tensor:
    return way(input.to(dtype), weight.to(dtype), None if bias is None else bias.to(dtype), spec).to(input.dtype)


_METHODS: dict[str, Algorithm] = {
    "reference": reference.conv,
    "unfold": unfold.conv,
    "strided": strided.conv,
    "shift": shift.conv,
    "fft": fft.conv,
    "matrix": matrix.conv,
    "torch": _torch,
}
_WAYS: dict[str, Algorithm] = {"torch": _torch, "fft": _fft}
"""What "auto" chooses from."""
