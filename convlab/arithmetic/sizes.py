"""Output sizes and amounts of padding, of convolutions and transposed convolutions."""

from __future__ import annotations

import functools
from typing import TypeVar

from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_tuple, common_ndim

T = TypeVar("T")


def effective_kernel_size(kernel_size: IntOrTuple, *, dilation: IntOrTuple = 1) -> int | tuple[int, ...]:
    """The elements that a dilated kernel spans, holes counted: dilation * (kernel_size - 1) + 1.

    Args:
        kernel_size: Taps, an int or one int per spatial axis.
        dilation: Distance between neighbouring taps, in elements.

    Returns:
        An int if every argument is one, otherwise a tuple.

    Raises:
        TypeError, ValueError: As `ConvSpec`.

    Example:
        >>> effective_kernel_size(3, dilation=2)
        5
        >>> effective_kernel_size((3, 5), dilation=(4, 1))
        (9, 5)
    """
    spec, ndim = _geometry(kernel_size, dilation=dilation)
    return _same_form(_spans(spec), ndim)


def same_padding(kernel_size: IntOrTuple, *, dilation: IntOrTuple = 1) -> tuple[int, int] | tuple[tuple[int, int], ...]:
    """The padding (before, after) with which a convolution of stride 1 keeps the size of its input.

    The total is dilation * (kernel_size - 1). Where that is odd, torch puts the extra element after.

    Args:
        kernel_size: Taps, an int or one int per spatial axis.
        dilation: Distance between neighbouring taps, in elements.

    Returns:
        A pair if every argument is an int, otherwise a tuple of such pairs.

    Raises:
        TypeError, ValueError: As `ConvSpec`.

    Source:
        torch, aten/src/ATen/native/Convolution.cpp, `convolution_same`.

    Example:
        >>> same_padding(3), same_padding(4), same_padding(3, dilation=2)
        ((1, 1), (1, 2), (2, 2))
        >>> same_padding((3, 4))
        ((1, 1), (1, 2))
    """
    spec, ndim = _geometry(kernel_size, padding="same", dilation=dilation)
    return _same_form(padding_amounts(spec), ndim)


def conv_output_size(
    input_size: IntOrTuple,
    kernel_size: IntOrTuple,
    *,
    stride: IntOrTuple = 1,
    padding: IntOrTuple | str = 0,
    dilation: IntOrTuple = 1,
) -> int | tuple[int, ...]:
    """The size of a convolution's output.

    It is floor((input + before + after - dilation * (kernel - 1) - 1) / stride) + 1.

    Args:
        input_size: Elements along the axis, an int or one int per spatial axis.
        kernel_size: Taps.
        stride: Steps between windows, in elements.
        padding: Elements added on both sides, or "same" or "valid".
        dilation: Distance between neighbouring taps, in elements.

    Returns:
        An int if every argument is one, otherwise a tuple.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If torch refuses these values, or the kernel does not fit into the padded input.

    Source:
        https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html, section Shape.

    Example:
        >>> conv_output_size(128, 4, stride=2)
        63
        >>> conv_output_size((427, 640), 3, stride=2, padding=1)
        (214, 320)
        >>> conv_output_size(2, 3)
        Traceback (most recent call last):
        ValueError: the kernel must fit into the padded input, but on spatial axis 0 input_size=2 ...
    """
    spec, ndim = _geometry(kernel_size, input_size, stride=stride, padding=padding, dilation=dilation)
    return _same_form(output_size(spec, input_size), ndim)


def conv_transpose_output_size(
    input_size: IntOrTuple,
    kernel_size: IntOrTuple,
    *,
    stride: IntOrTuple = 1,
    padding: IntOrTuple = 0,
    output_padding: IntOrTuple = 0,
    dilation: IntOrTuple = 1,
) -> int | tuple[int, ...]:
    """The size of a transposed convolution's output.

    It is (input - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1.

    Args:
        input_size: Elements along the axis, an int or one int per spatial axis.
        kernel_size: Taps.
        stride: Steps between the places where neighbouring input elements land, in output elements.
        padding: Elements cropped from both sides of the output.
        output_padding: Elements added at the end of the output; smaller than stride or dilation.
        dilation: Distance between neighbouring taps, in output elements.

    Returns:
        An int if every argument is one, otherwise a tuple.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If torch refuses these values, or nothing of the output is left.

    Source:
        https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html, section Shape.

    Example:
        >>> conv_transpose_output_size(8, 3, stride=2, padding=1)
        15
        >>> conv_transpose_output_size((8, 8), 3, stride=2, padding=1, output_padding=(0, 1))
        (15, 16)
    """
    values = {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation}
    spec, ndim = _geometry(kernel_size, input_size, transposed=True, **values)
    return _same_form(output_size(spec, input_size), ndim)


def output_size(spec: ConvSpec, input_size: IntOrTuple) -> tuple[int, ...]:
    """The spatial size of the output of `spec`, transposed or not, for an input of this spatial size.

    Args:
        spec: The convolution.
        input_size: Elements, an int or one int per spatial axis.

    Raises:
        ValueError: If the kernel does not fit, or the padding mode cannot fill the padding, or no output is left.

    Example:
        >>> output_size(ConvSpec(3, 8, (3, 5), padding="same"), (20, 30))
        (20, 30)
    """
    return _sizes(spec, as_tuple("input_size", input_size, spec.ndim, minimum=1))


@functools.lru_cache(maxsize=256)  # the same question comes for each position of a window
def _sizes(spec: ConvSpec, sizes: tuple[int, ...]) -> tuple[int, ...]:
    along = _transposed_size_along if spec.transposed else _size_along
    return tuple(along(spec, axis, n) for axis, n in enumerate(sizes))


def padding_amounts(spec: ConvSpec) -> tuple[tuple[int, int], ...]:
    """The padding of `spec` as a pair (before, after) for each spatial axis, in elements.

    Example:
        >>> padding_amounts(ConvSpec(1, 1, (3, 4), padding="same"))
        ((1, 1), (1, 2))
    """
    if spec.padding == "same":
        return tuple(((span - 1) // 2, span - 1 - (span - 1) // 2) for span in _spans(spec))
    if isinstance(spec.padding, str):
        return ((0, 0),) * spec.ndim
    return tuple((amount, amount) for amount in spec.padding)


def _size_along(spec: ConvSpec, axis: int, n: int) -> int:
    before, after = padding_amounts(spec)[axis]
    span, padded = _spans(spec)[axis], n + before + after
    where = f"on spatial axis {axis} input_size={n}"
    if padded < span:
        raise ValueError(
            f"the kernel must fit into the padded input, but {where} with padding of {before} before and {after} after "
            f"makes {padded} and kernel_size={spec.kernel_size[axis]} with dilation={spec.dilation[axis]} spans {span}"
        )
    largest = {"reflect": n - 1, "circular": n}.get(spec.padding_mode, after)
    if after > largest:
        raise ValueError(
            f"padding_mode={spec.padding_mode!r} can fill at most {largest} elements per side here, "
            f"but {where} and the padding is {before} before and {after} after"
        )
    return (padded - span) // spec.stride[axis] + 1


def _transposed_size_along(spec: ConvSpec, axis: int, n: int) -> int:
    before, after = padding_amounts(spec)[axis]
    span, stride, extra = _spans(spec)[axis], spec.stride[axis], spec.output_padding[axis]
    out = (n - 1) * stride - before - after + span + extra
    if out < 1:
        raise ValueError(
            f"the output must have at least 1 element, but on spatial axis {axis} input_size={n}, stride={stride}, "
            f"padding={before}, a kernel that spans {span} and output_padding={extra} make {out}"
        )
    return out


def _spans(spec: ConvSpec) -> tuple[int, ...]:
    return tuple(d * (k - 1) + 1 for k, d in zip(spec.kernel_size, spec.dilation, strict=True))


def _geometry(
    kernel_size: IntOrTuple, input_size: IntOrTuple = 1, *, transposed: bool = False, **options: IntOrTuple | str
) -> tuple[ConvSpec, int | None]:
    """A spec of one channel with this geometry, and the number of axes that the caller named, if any."""
    ndim = common_ndim([kernel_size, input_size, *options.values()])
    kernel = as_tuple("kernel_size", kernel_size, ndim or 1, minimum=1)
    return ConvSpec(1, 1, kernel, transposed=transposed, **options), ndim  # type: ignore[arg-type]


def _same_form(values: tuple[T, ...], ndim: int | None) -> T | tuple[T, ...]:
    return values[0] if ndim is None else values
