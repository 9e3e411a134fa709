"""The geometry of one recorded call: the window that a convolution or a pooling slides, read from its arguments."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

from convlab.arithmetic import ConvSpec, output_size, padding_amounts
from convlab.arithmetic.fields import Field, transposed_taps, window_taps
from convlab.inspection.record import Call, TensorInfo

DEFORMABLE = "deform_conv"
"""The name of `convlab.deform_conv` in a record: one call, as of torch's own functions."""

_CONV = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_CONV_TRANSPOSE = ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")
_MAX_POOL = ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")
_AVG_POOL = ("input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override")
_DEFORM_CONV = ("input", "offset", "weight", "bias")
_LP_POOL = ("input", "norm_type", "kernel_size", "stride", "ceil_mode")
_FAMILIES = {
    "conv": _CONV,
    "conv_transpose": _CONV_TRANSPOSE,
    "max_pool": _MAX_POOL,
    "avg_pool": _AVG_POOL,
    "lp_pool": _LP_POOL,
}


@dataclass(frozen=True)
class Window:
    """A window that slides over the last axes of a tensor; each tuple has one entry per spatial axis.

    Attributes:
        kernel_size: Taps.
        stride: Steps of the window; of a transposed convolution, steps of its output.
        padding: Elements before and after; of a transposed convolution, elements cropped.
        dilation: Elements from one tap to the next.
        output_padding: Elements added at the end of a transposed convolution's output.
        transposed: Whether it is a transposed convolution.
        ceil_mode: Whether the number of steps is rounded up.
        groups: Parts of the channels that are kept apart; 0 where no channels are mixed, as in pooling.

    Example:
        >>> Window.plain((3, 3), stride=(2, 2), padding=((1, 1), (1, 1))).formula(0, 224)
        'floor((224 + 2*1 - 1*(3-1) - 1) / 2) + 1 = 112'
    """

    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    output_padding: tuple[int, ...]
    transposed: bool = False
    ceil_mode: bool = False
    groups: int = 1

    @classmethod
    def plain(cls, kernel_size: tuple[int, ...], **others: Any) -> Window:
        """A window of which only what is not usual has to be said.

        Example:
            >>> Window.plain((3,)).stride
            (1,)
        """
        ndim = len(kernel_size)
        usual = {
            "stride": (1,) * ndim,
            "padding": ((0, 0),) * ndim,
            "dilation": (1,) * ndim,
            "output_padding": (0,) * ndim,
        }
        return cls(kernel_size, **(usual | others))

    @classmethod
    def of(cls, spec: ConvSpec) -> Window:
        """The window of a convolution.

        Example:
            >>> Window.of(ConvSpec(1, 1, (4,), padding="same")).formula(0, 7)
            'floor((7 + (1+2) - 1*(4-1) - 1) / 1) + 1 = 7'
        """
        return cls(
            spec.kernel_size, spec.stride, padding_amounts(spec), spec.dilation, spec.output_padding,
            transposed=spec.transposed, groups=spec.groups,
        )  # fmt: skip

    def output_size(self, axis: int, size: int) -> int:
        """Elements along one spatial axis of the output.

        Example:
            >>> Window.plain((2,), stride=(2,), ceil_mode=True).output_size(0, 5)
            3
        """
        stride, (before, after) = self.stride[axis], self.padding[axis]
        spec = ConvSpec(
            1, 1, (self.kernel_size[axis],), stride=stride, dilation=self.dilation[axis],
            output_padding=self.output_padding[axis], transposed=self.transposed,
        )  # fmt: skip
        if self.transposed:
            return output_size(spec, size)[0] - before - after
        padded = size + before + after
        if not self.ceil_mode:
            return output_size(spec, padded)[0]
        rounded_up = output_size(spec, padded + stride - 1)[0]
        starts_behind = (rounded_up - 1) * stride >= size + before  # which torch does not let a window do
        return rounded_up - starts_behind

    def formula(self, axis: int, size: int) -> str:
        """The size formula along one spatial axis, its numbers filled in."""
        kernel, stride, (before, after) = self.kernel_size[axis], self.stride[axis], self.padding[axis]
        padding = f"2*{before}" if before == after else f"({before}+{after})"
        dilation, result = self.dilation[axis], self.output_size(axis, size)
        if self.transposed:
            more = self.output_padding[axis]
            return f"({size}-1)*{stride} - {padding} + {dilation}*({kernel}-1) + {more} + 1 = {result}"
        rounded = "ceil" if self.ceil_mode else "floor"
        text = f"{rounded}(({size} + {padding} - {dilation}*({kernel}-1) - 1) / {stride}) + 1"
        room = size + before + after - dilation * (kernel - 1) - 1
        cut = self.ceil_mode and -(-room // stride) + 1 != result
        return f"{text} - 1 = {result}" if cut else f"{text} = {result}"

    def through(self, axis: int, field: Field) -> Field:
        """What the outputs see along one spatial axis, where the inputs see this.

        Example:
            >>> Window.plain((3,), dilation=(2,)).through(0, Field()).size
            5
        """
        kernel, stride, before = self.kernel_size[axis], self.stride[axis], self.padding[axis][0]
        if self.transposed:
            taps = transposed_taps(kernel, stride=stride, before=before, dilation=self.dilation[axis])
            return field.through(1, taps)
        return field.through(stride, window_taps(kernel, before=before, dilation=self.dilation[axis]))


def window_of(call: Call) -> Window | None:
    """The window of a recorded function call; None where the function slides none, or its arguments do not fit.

    Example:
        >>> from torch import empty, nn
        >>> from convlab.inspection import record
        >>> made = record(nn.Conv2d(3, 8, 5, stride=2), [empty(1, 3, 32, 32, device="meta")])
        >>> window_of(made.model.calls[0]).formula(0, 32)
        'floor((32 + 2*0 - 1*(5-1) - 1) / 2) + 1 = 14'
    """
    family = call.kind.removesuffix("_with_indices")
    deformable = call.kind == DEFORMABLE  # which tells its axes by its weight
    names = _DEFORM_CONV if deformable else _FAMILIES.get(family[:-2], ())
    arguments = named(call, names)
    weight = arguments.get("weight")
    ndim = {"1d": 1, "2d": 2, "3d": 3}.get(family[-2:])
    if deformable and isinstance(weight, TensorInfo):
        ndim = len(weight.shape) - 2
    if ndim is None or not names:
        return None
    if isinstance(weight, TensorInfo) and len(weight.shape) != ndim + 2:
        return None
    try:
        kernel = _each(weight.shape[2:] if isinstance(weight, TensorInfo) else arguments.get("kernel_size"), ndim)
        return _window(arguments, kernel, pooling=weight is None, transposed="transpose" in family)
    except (TypeError, ValueError):
        return None


def named(call: Call, names: tuple[str, ...]) -> dict[str, Any]:
    """The arguments of a function call by their names, given the names of those that may come by position.

    Example:
        >>> named(Call("", "f", arguments=((1, 2), {"c": 3})), ("a", "b", "c"))
        {'a': 1, 'b': 2, 'c': 3}
    """
    positional, by_name = call.arguments
    return {**dict(zip(names, positional, strict=False)), **by_name}


def _window(arguments: dict[str, Any], kernel: tuple[int, ...], *, pooling: bool, transposed: bool) -> Window:
    ndim = len(kernel)
    stride = arguments.get("stride")
    if stride is None or stride == []:  # what pooling means by none at all
        stride = kernel if pooling else 1
    dilation = _each(arguments.get("dilation", 1), ndim)
    padding = arguments.get("padding", 0)
    if padding == "same":
        spec = ConvSpec(1, 1, kernel, dilation=dilation, padding="same")
        pairs = padding_amounts(spec)
    else:
        pairs = tuple((amount, amount) for amount in _each(0 if padding == "valid" else padding, ndim))
    return Window(
        kernel,
        _each(stride, ndim),
        pairs,
        dilation,
        _each(arguments.get("output_padding", 0), ndim),
        transposed=transposed,
        ceil_mode=bool(arguments.get("ceil_mode", False)),
        groups=0 if pooling else int(arguments.get("groups", 1)),
    )


def _each(value: Any, ndim: int) -> tuple[int, ...]:
    """One int per spatial axis, as torch reads an int, or a tuple or list of one or of `ndim` ints."""
    if isinstance(value, int):
        return (value,) * ndim
    entries = tuple(map(operator.index, value))
    if len(entries) == 1:
        return entries * ndim
    if len(entries) != ndim:
        raise ValueError(f"there must be {ndim} numbers, but there are {len(entries)}")
    return entries
