"""One convolution with switches: each fault of `_faults` changes one thing in it, and several can be combined.

It does not use torch's own convolution, so that a wrong answer never counts as a call of the function that it replaces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F

from convlab.practice._bank import _faults, _faults_of_channels, _faults_of_groups
from convlab.practice.exercise import Mistake

FAULTS = {
    name: fault
    for faults in (
        _faults.KERNEL, _faults.STRIDE, _faults_of_groups.DILATION, _faults.SIZE, _faults.PADDING,
        _faults_of_channels.BIAS, _faults_of_channels.CHANNELS, _faults_of_groups.GROUPS, _faults_of_channels.RESULT,
    )
    for name, fault in faults.items()
}  # fmt: skip
"""All faults, in the order in which they act."""


def faulty_conv(ndim: int, faults: frozenset[str]) -> Callable[..., torch.Tensor]:
    """A convolution over `ndim` axes that makes these mistakes; without any, it is right.

    Args:
        ndim: The number of spatial axes.
        faults: Names of `FAULTS`.

    Raises:
        ValueError: If a fault is unknown.

    Example:
        >>> row = torch.tensor([[[1.0, 2.0, 4.0]]])
        >>> faulty_conv(1, frozenset())(row, torch.tensor([[[10.0, 1.0]]]))
        tensor([[[12., 24.]]])
        >>> faulty_conv(1, frozenset({"the kernel is flipped"}))(row, torch.tensor([[[10.0, 1.0]]]))
        tensor([[[21., 42.]]])
    """
    unknown = faults - FAULTS.keys()
    if unknown:
        raise ValueError(f"there is no fault {sorted(unknown)[0]!r}")
    return partial(_convolve, ndim, [fault for name, fault in FAULTS.items() if name in faults])


def mistakes(names: Iterable[str], make: Callable[[frozenset[str]], Callable[..., Any]]) -> tuple[Mistake, ...]:
    """A mistake for each name of `FAULTS`; `make` gives the answer that makes faults, in the form of the exercise."""
    return tuple(Mistake(name, FAULTS[name].sentence, make(frozenset({name}))) for name in names)


def _convolve(ndim, faults, input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    call = SimpleNamespace(
        ndim=ndim, x=input, w=weight, b=bias, groups=groups,
        stride=_per_axis(stride, ndim), dilation=_per_axis(dilation, ndim), given_padding=_per_axis(padding, ndim),
        mode="constant", value=0.0, pads_result=False, count=_count, first=(0,) * ndim, move=None, apart=None,
        reduce="sum", bias_axis=1, bias_as="sum", channels=None, filters=None, order="go",
    )  # fmt: skip
    call.pad = [(amount, amount) for amount in call.given_padding]
    _change(call, faults, "arguments")
    _windows(call)
    _sums(call)
    if call.b is not None:
        shape = {0: (-1, 1) + (1,) * ndim, 1: (1, -1) + (1,) * ndim, -1: (-1,)}[call.bias_axis]
        bias = call.b.reshape(shape) if call.b.ndim == 1 else call.b.reshape(*call.b.shape, *(1,) * ndim)
        call.y = call.y * bias if call.bias_as == "product" else call.y + bias
    if call.pads_result:
        call.y = F.pad(call.y, [amount for given in reversed(call.given_padding) for amount in (given, given)])
    call.y = call.y.to(input.dtype)
    _change(call, faults, "result")
    return call.y


def _change(call, faults, stage):
    for fault in faults:
        if fault.stage == stage:
            call.__dict__.update(fault.change(call))


def _per_axis(value, ndim):
    return (value,) * ndim if isinstance(value, int) else tuple(value)


def _count(call, axis, size, span):
    """How many windows of `span` elements there are on an axis with `size` elements."""
    return (size - span) // call.stride[axis] + 1


def _windows(call):
    """Pad the input, and cut each axis into windows: (N, C, out, taps, out, taps, ...)."""
    call.size = call.x.shape[2:]
    call.taps = call.w.shape[2:]
    amounts = [amount for pair in reversed(call.pad) for amount in pair]
    x = F.pad(call.x, amounts, call.mode, call.value if call.mode == "constant" else None) if any(amounts) else call.x
    move, apart = call.move or call.stride, call.apart or call.dilation
    for axis in range(call.ndim):
        place = 2 + 2 * axis
        size, span = x.shape[place], call.dilation[axis] * (call.taps[axis] - 1) + 1
        count = call.count(call, axis, size, span)
        index = (call.first[axis] + move[axis] * torch.arange(count))[:, None]
        index = index + apart[axis] * torch.arange(call.taps[axis])
        missing = int(index.max()) + 1 - size if count > 0 else 0
        if missing > 0:  # windows past the end see zeros
            x = torch.cat([x, x.new_zeros(*x.shape[:place], missing, *x.shape[place + 1 :])], place)
        x = x[(slice(None),) * place + (index,)]
    call.windows = x


def _sums(call):
    """The sums of products, (N, C_out, *out)."""
    channels, filters = call.channels, call.filters
    if channels is None:
        channels = torch.arange(call.windows.shape[1]).reshape(call.groups, -1)
    if filters is None:
        filters = torch.arange(call.w.shape[0]).reshape(call.groups, -1)
    x, w = call.windows[:, channels], call.w[filters]
    if x.shape[2] != w.shape[2]:
        raise IndexError(f"{x.shape[2]} channels meet a weight for {w.shape[2]}")
    outs, taps = "xyz"[: call.ndim], "uvw"[: call.ndim]
    windows = "ngc" + "".join(out + tap for out, tap in zip(outs, taps, strict=True))
    if call.reduce == "largest product":
        y = torch.einsum(f"{windows},goc{taps}->ngo{outs}c{taps}", x, w).flatten(3 + call.ndim).amax(-1)
    else:
        each = torch.einsum(f"{windows},goc{taps}->ngoc{outs}", x, w)
        if call.reduce == "none":
            call.y, call.b = each.flatten(1, 2), None
            return
        y = {
            "sum": lambda: each.sum(3),
            "mean of channels": lambda: each.mean(3),
            "mean of products": lambda: each.sum(3) / (x.shape[2] * call.w[0, 0].numel()),
            "largest channel": lambda: each.amax(3),
        }[call.reduce]()
    call.y = (y if call.order == "go" else y.transpose(1, 2)).flatten(1, 2)
