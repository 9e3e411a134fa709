"""`ConvSpec`: the hyperparameters of one convolution, checked once, and the wording of every argument error."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import SupportsIndex

IntOrTuple = SupportsIndex | Sequence[SupportsIndex]
"""An int, or one int per spatial axis."""

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def as_int(name: str, value: object, *, minimum: int) -> int:
    """One int, or an error that names it.

    Args:
        name: The argument's name, for the error.
        value: An int or anything that stands for one (`__index__`), but no bool.
        minimum: The smallest value allowed.

    Raises:
        TypeError: If `value` is no int.
        ValueError: If `value` is below `minimum`.

    Example:
        >>> as_int("groups", 0, minimum=1)
        Traceback (most recent call last):
        ValueError: groups must be at least 1, but groups=0
    """
    number = _to_int(value)
    if number is None:
        raise TypeError(f"{name} must be an int, but {name}={value!r} is a {type(value).__name__}")
    if number < minimum:
        raise ValueError(f"{name} must be at least {minimum}, but {name}={number}")
    return number


def as_tuple(name: str, value: object, ndim: int, *, minimum: int) -> tuple[int, ...]:
    """One int per spatial axis, or an error that names the argument.

    An int, or a single one in a sequence, stands for all axes, as in torch.

    Args:
        name: The argument's name, for the error.
        value: An int, or a sequence with 1 or `ndim` ints.
        ndim: The number of spatial axes.
        minimum: The smallest value allowed on each axis.

    Raises:
        TypeError: If `value` is neither an int nor ints.
        ValueError: If an int is below `minimum`, or their number is wrong.

    Example:
        >>> as_tuple("stride", 2, 3, minimum=1)
        (2, 2, 2)
        >>> as_tuple("stride", (2, 1), 3, minimum=1)
        Traceback (most recent call last):
        ValueError: stride must be an int or have one int for each of 3 spatial axes, but stride=(2, 1)
    """
    items = axes_of(value)
    if items is None:
        return (as_int(name, value, minimum=minimum),) * ndim
    if len(items) not in (1, ndim):
        axes = "the spatial axis" if ndim == 1 else f"each of {ndim} spatial axes"
        raise ValueError(f"{name} must be an int or have one int for {axes}, but {name}={items}")
    ints = []
    for item in items:
        number = _to_int(item)
        if number is None:
            raise TypeError(f"{name} must hold ints, but {name}={items} holds a {type(item).__name__}")
        ints.append(number)
    if min(ints) < minimum:
        raise ValueError(f"{name} must be at least {minimum}, but {name}={tuple(ints)}")
    return tuple(ints) * ndim if len(ints) == 1 else tuple(ints)


def axes_of(value: object) -> tuple[object, ...] | None:
    """The entries of `value` as a tuple, or None where it is no sequence: an int, a word, a float, an iterator.

    Example:
        >>> axes_of([1, 2]), axes_of(2), axes_of("same")
        ((1, 2), None, None)
    """
    if isinstance(value, str | bytes | Iterator | Mapping | Set) or _to_int(value) is not None:
        return None
    try:
        return tuple(value)  # type: ignore[arg-type]
    except TypeError:
        return None


def common_ndim(values: Iterable[object]) -> int | None:
    """The number of spatial axes that these arguments speak of; None where all are single ints.

    Example:
        >>> common_ndim([3, (1, 2), "same"]), common_ndim([3, 1])
        (2, None)
    """
    lengths = [len(axes) for axes in map(axes_of, values) if axes is not None]
    return max(lengths) if lengths else None


def _to_int(value: object) -> int | None:
    """`value` as an int; None for a bool, a float, a word or a tensor of floats."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


@dataclass(frozen=True, init=False)
class ConvSpec:
    """One convolution or transposed convolution: its hyperparameters, frozen, complete and known to be valid.

    `stride`, `padding`, `dilation` and `output_padding` are an int or one int per spatial axis; as attributes they are
    tuples, but for the words of `padding`. Names, order and defaults are those of `torch.nn.Conv2d`.

    Args:
        in_channels: Channels of the input, C_in.
        out_channels: Channels of the output, C_out.
        kernel_size: Taps per axis; a sequence, since its length is the number of spatial axes.
        stride: Steps between windows, in input elements (in output elements where `transposed`).
        padding: Elements added on both sides of each axis, or "same" or "valid".
        dilation: Distance between neighbouring taps, in elements.
        groups: Number of independent convolutions side by side.
        bias: Whether one number per output channel is added.
        padding_mode: What the padding holds: "zeros", "reflect", "replicate" or "circular".
        transposed: Whether this is a transposed convolution.
        output_padding: Elements added at the end of each output axis; transposed convolutions only.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If a value, or a combination of values, is not allowed.

    Source:
        https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html

    Example:
        >>> ConvSpec(3, 16, (3, 3), stride=2, padding=1).stride
        (2, 2)
        >>> ConvSpec(6, 8, (3, 3), groups=4)
        Traceback (most recent call last):
        ValueError: groups must divide in_channels, but in_channels=6 and groups=4
    """

    in_channels: int
    out_channels: int
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...] | str
    dilation: tuple[int, ...]
    groups: int
    bias: bool
    padding_mode: str
    transposed: bool
    output_padding: tuple[int, ...]

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        kernel_size: Sequence[SupportsIndex],
        *,
        stride: IntOrTuple = 1,
        padding: IntOrTuple | str = 0,
        dilation: IntOrTuple = 1,
        groups: SupportsIndex = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        transposed: bool = False,
        output_padding: IntOrTuple = 0,
    ) -> None:
        for name, word, kind in (
            ("bias", bias, bool),
            ("transposed", transposed, bool),
            ("padding_mode", padding_mode, str),
        ):
            if not isinstance(word, kind):
                raise TypeError(f"{name} must be a {kind.__name__}, but {name}={word!r} has type {type(word).__name__}")
        axes = axes_of(kernel_size)
        if not axes:
            raise TypeError(
                f"kernel_size must have one int per spatial axis, as (3, 3), but kernel_size={kernel_size!r}"
            )
        ndim = len(axes)
        values = {
            "in_channels": as_int("in_channels", in_channels, minimum=1),
            "out_channels": as_int("out_channels", out_channels, minimum=1),
            "kernel_size": as_tuple("kernel_size", axes, ndim, minimum=1),
            "stride": as_tuple("stride", stride, ndim, minimum=1),
            "padding": padding if isinstance(padding, str) else as_tuple("padding", padding, ndim, minimum=0),
            "dilation": as_tuple("dilation", dilation, ndim, minimum=1),
            "groups": as_int("groups", groups, minimum=1),
            "bias": bias,
            "padding_mode": padding_mode,
            "transposed": transposed,
            "output_padding": as_tuple("output_padding", output_padding, ndim, minimum=0),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        self._check_combinations()

    def _check_combinations(self) -> None:
        for name in ("in_channels", "out_channels"):
            if getattr(self, name) % self.groups:
                raise ValueError(
                    f"groups must divide {name}, but {name}={getattr(self, name)} and groups={self.groups}"
                )
        if self.padding_mode not in PADDING_MODES:
            modes = ", ".join(map(repr, PADDING_MODES))
            raise ValueError(f"padding_mode must be one of {modes}, but padding_mode={self.padding_mode!r}")
        if isinstance(self.padding, str):
            if self.transposed:
                raise TypeError(f"padding must hold ints in a transposed convolution, but padding={self.padding!r}")
            if self.padding not in ("same", "valid"):
                raise ValueError(f"padding must be ints, 'same' or 'valid', but padding={self.padding!r}")
            if self.padding == "same" and set(self.stride) != {1}:
                raise ValueError(f"padding='same' needs stride=1, but stride={self.stride}")
        if not self.transposed and any(self.output_padding):
            raise ValueError(f"output_padding needs a transposed convolution, but output_padding={self.output_padding}")
        if self.transposed and self.padding_mode != "zeros":
            raise ValueError(
                f"a transposed convolution needs padding_mode='zeros', but padding_mode={self.padding_mode!r}"
            )
        for axis, (extra, step, gap) in enumerate(zip(self.output_padding, self.stride, self.dilation, strict=True)):
            if extra >= max(step, gap):
                raise ValueError(
                    "output_padding must be smaller than stride or dilation, "
                    f"but on spatial axis {axis} output_padding={extra}, stride={step} and dilation={gap}"
                )

    @property
    def ndim(self) -> int:
        """Number of spatial axes: 1, 2 or 3 in torch."""
        return len(self.kernel_size)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Shape of the weight, as torch lays it out.

        It is (C_out, C_in/groups, *kernel_size); transposed, it is (C_in, C_out/groups, *kernel_size).

        Example:
            >>> ConvSpec(6, 4, (3, 5), groups=2).weight_shape
            (4, 3, 3, 5)
            >>> ConvSpec(6, 4, (3, 5), groups=2, transposed=True).weight_shape
            (6, 2, 3, 5)
        """
        first, second = (
            (self.in_channels, self.out_channels) if self.transposed else (self.out_channels, self.in_channels)
        )
        return (first, second // self.groups, *self.kernel_size)
