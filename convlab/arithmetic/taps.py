"""The taps behind one output position: what a picture, an animation, a loop and a test all read."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple, SupportsIndex

from convlab.arithmetic.sizes import output_size, padding_amounts
from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_tuple


class Tap(NamedTuple):
    """One kernel element at work: where it sits in the kernel, which input position it meets, and what stands there.

    Attributes:
        kernel_index: Position in the kernel, one int per spatial axis.
        input_index: Position in the input; negative, or past the end, in the padding.
        source: Position of the input element that is read; None where the padding holds a zero.
    """

    kernel_index: tuple[int, ...]
    input_index: tuple[int, ...]
    source: tuple[int, ...] | None


def taps(spec: ConvSpec, output_index: Sequence[SupportsIndex], input_size: IntOrTuple) -> tuple[Tap, ...]:
    """The taps behind one output position: which kernel element meets which input element.

    A convolution has all its taps at every position, some of them in the padding. A transposed convolution
    has only those that meet an input element; there may be none.

    Args:
        spec: The convolution.
        output_index: The output position, one int per spatial axis.
        input_size: Elements of the input, an int or one int per spatial axis.

    Raises:
        ValueError: If there is no such output position, or as `output_size`.

    Example:
        >>> spec = ConvSpec(1, 1, (3,), stride=2, padding=1, padding_mode="reflect")
        >>> [(tap.input_index, tap.source) for tap in taps(spec, (0,), 5)]
        [((-1,), (1,)), ((0,), (0,)), ((1,), (1,))]
    """
    sizes = as_tuple("input_size", input_size, spec.ndim, minimum=1)
    out_sizes = output_size(spec, sizes)
    position = as_tuple("output_index", output_index, spec.ndim, minimum=0)
    if any(i >= n for i, n in zip(position, out_sizes, strict=True)):
        raise ValueError(
            f"output_index must lie inside the output, but output_index={position} and the output size is {out_sizes}"
        )
    axes = [_axis_taps(spec, axis, i, n) for axis, (i, n) in enumerate(zip(position, sizes, strict=True))]
    return _joined(axes)


def windows(spec: ConvSpec, input_size: IntOrTuple) -> Iterator[tuple[tuple[int, ...], tuple[Tap, ...]]]:
    """Every output position with the taps behind it, the last axis fastest; quicker than `taps` for each of them.

    Args:
        spec: The convolution.
        input_size: Elements of the input, an int or one int per spatial axis.

    Raises:
        ValueError: As `output_size`.

    Example:
        >>> [(position, [tap.input_index for tap in found]) for position, found in windows(ConvSpec(1, 1, (2,)), 3)]
        [((0,), [(0,), (1,)]), ((1,), [(1,), (2,)])]
    """
    sizes = as_tuple("input_size", input_size, spec.ndim, minimum=1)
    out_sizes = output_size(spec, sizes)
    along = [
        [_axis_taps(spec, axis, i, n) for i in range(out)]
        for axis, (n, out) in enumerate(zip(sizes, out_sizes, strict=True))
    ]
    for position in itertools.product(*map(range, out_sizes)):
        yield position, _joined([of_axis[i] for of_axis, i in zip(along, position, strict=True)])


def _joined(axes: Sequence[Sequence[tuple[int, int, int | None]]]) -> tuple[Tap, ...]:
    """The taps whose (kernel index, input index, source) along each axis are given."""
    found = []
    for along in itertools.product(*axes):
        kernel, input, source = zip(*along, strict=True)
        found.append(Tap(kernel, input, None if None in source else source))
    return tuple(found)


def _axis_taps(spec: ConvSpec, axis: int, i: int, n: int) -> list[tuple[int, int, int | None]]:
    """(kernel index, input index, source) of each tap along one axis, for output index `i` and `n` input elements."""
    stride, dilation, before = spec.stride[axis], spec.dilation[axis], padding_amounts(spec)[axis][0]
    if spec.transposed:
        reached = ((k, divmod(i + before - k * dilation, stride)) for k in range(spec.kernel_size[axis]))
        return [(k, j, j) for k, (j, remainder) in reached if remainder == 0 and 0 <= j < n]
    positions = [(k, i * stride - before + k * dilation) for k in range(spec.kernel_size[axis])]
    return [(k, j, _source(j, n, spec.padding_mode)) for k, j in positions]


def _source(j: int, n: int, padding_mode: str) -> int | None:
    """The element of an axis of `n` that stands at position `j`, which may lie in the padding; None for a zero."""
    if 0 <= j < n:
        return j
    if padding_mode == "replicate":
        return min(max(j, 0), n - 1)
    if padding_mode == "reflect":
        return -j if j < 0 else 2 * (n - 1) - j
    return j % n if padding_mode == "circular" else None
