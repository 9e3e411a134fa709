"""Transposed convolution as gather: the flipped kernel slides over the input with zeros between its elements."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch

from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec, IntOrTuple
from convlab.arithmetic.taps import taps
from convlab.ops import conv_transpose
from convlab.scenes.arrangement import arranged
from convlab.scenes.checks import check_amount
from convlab.scenes.grids import as_convolution, crops, kernels_of, output_words, with_kinds
from convlab.scenes.numbers import sum_of_products, whole, word
from convlab.scenes.parts import Change, Step
from convlab.scenes.scene import Scene
from convlab.scenes.tensors import LETTERS, Planes, labelled, marks, planes
from convlab.scenes.transposed import checked, input_words, kernel_words
from convlab.scenes.wording import element, named, one_or_all, times


def gather(spec: ConvSpec, input: torch.Tensor | IntOrTuple, weight: torch.Tensor | None = None) -> Scene:
    """Transposed convolution as gather: one step for each output element, with the sum of products that makes it.

    The input gets `stride - 1` zeros between its elements (kind "z") and a border of zeros (kind "p"), as many as
    `dilation * (kernel_size - 1) - padding`, and `output_padding` more at the end; where that is negative, the ends are
    cropped (kind "c"). Over it slides the kernel, turned round along all its axes, with stride 1. In each step the
    marks "read" and "weight" come in pairs, and so do their cells. The bias is left out.

    Args:
        spec: The transposed convolution.
        input: The input without a batch axis, or its size, an int or one int per spatial axis: then digits are made.
        weight: Laid out as in torch; None makes small whole numbers.

    Shape:
        - input: (C_in, *spatial)
        - weight: (C_in, C_out/groups, *kernel_size)

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If a shape does not fit, `spec` is not transposed, or the picture would be too large to read.

    Source:
        Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), arXiv:1603.07285, section 4.

    Example:
        >>> x, w = torch.tensor([[1.0, 2.0]]), torch.tensor([[[1.0, 10.0]]])
        >>> scene = gather(ConvSpec(1, 1, (2,), stride=2, transposed=True), x, w)
        >>> scene.grid("input").values, scene.grid("input").kinds, scene.grid("kernel").values
        (((0, 1, 0, 2, 0),), ('p.z.p',), ((10, 1),))
        >>> [(step.title, step.text) for step in scene.steps][:2]
        [('output 0', '1*1 = 1'), ('output 1', '1*10 = 10')]
    """
    values, kernel = checked(spec, input, weight, "gather")
    size = tuple(values.shape[1:])
    num_outputs = spec.out_channels * math.prod(output_size(spec, size))
    ends = [_ends(spec, axis, n) for axis, n in enumerate(size)]
    places = [max(end, last) - min(begin, 0) + 1 for begin, end, last in ends]
    check_amount(
        "gather",
        cells=spec.in_channels * math.prod(places) + kernel.numel() + num_outputs,
        products=num_outputs * kernel.numel() // spec.out_channels,
    )
    axes = [_axis(spec, axis, n) for axis, n in enumerate(size)]
    options: dict[str, Any] = {"stride": spec.stride, "output_padding": spec.output_padding, "dilation": spec.dilation}
    output = conv_transpose(values, kernel, padding=crops(spec), groups=spec.groups, **options)
    of_channels = conv_transpose(values, kernel, padding=crops(spec), groups=spec.in_channels, **options)
    parts = of_channels.unflatten(0, (spec.in_channels, -1))  # (C_in, C_out/groups, *out): each input channel's share
    around, results, weights = (
        _input(spec, values, axes),
        _output(spec, size, output),
        kernels_of(spec, kernel, flipped=True),
    )
    steps = _steps(spec, values, kernel, (output, parts), (around, weights, results), axes)
    grids, labels = arranged(as_convolution(spec), around, weights, results)
    return Scene(f"gather: {named(spec)}", _alt(spec, axes, size), grids, steps, labels=labels)


class _Axis(NamedTuple):
    """One axis of the input with zeros between, counted from element 0 in steps of an output element.

    Attributes:
        kinds: The kind of each place.
        shown: The index of the first place that is drawn.
        begin: The index of the first place that the kernel reads.
        end: The index of the last.
        last: The index of the last element.
        words: What is written at the axis.
    """

    kinds: str
    shown: int
    begin: int
    end: int
    last: int
    words: str


def _ends(spec: ConvSpec, axis: int, n: int) -> tuple[int, int, int]:
    """The first and the last place along one axis that the kernel reads, and the place of the last element."""
    last = (n - 1) * spec.stride[axis]
    border = spec.dilation[axis] * (spec.kernel_size[axis] - 1) - crops(spec)[axis]
    return -border, last + border + spec.output_padding[axis], last


def _axis(spec: ConvSpec, axis: int, n: int) -> _Axis:
    stride, (begin, end, last) = spec.stride[axis], _ends(spec, axis, n)
    border = -begin
    kinds = [
        "c" if not begin <= j <= end else "p" if not 0 <= j <= last else "." if j % stride == 0 else "z"
        for j in range(min(begin, 0), max(end, last) + 1)
    ]
    words = [f"{LETTERS[spec.ndim][axis]} = {n}"]
    words += [f"{stride - 1} zero{'s' * (stride > 2)} between"] if stride > 1 and n > 1 else []
    words += [f"border {border}"] if border > 0 else [f"cropped {-border}"] if border else []
    words += [f"output_padding {spec.output_padding[axis]}"] if spec.output_padding[axis] else []
    return _Axis("".join(kinds), min(begin, 0), begin, end, last, ", ".join(words))


def _input(spec: ConvSpec, values: torch.Tensor, axes: Sequence[_Axis]) -> Planes:
    """The input with zeros between its elements and around them."""
    spread = values.new_zeros(len(values), *(len(axis.kinds) for axis in axes))
    elements = [
        slice(-axis.shown, axis.last - axis.shown + 1, step) for axis, step in zip(axes, spec.stride, strict=True)
    ]
    spread[(slice(None), *elements)] = values
    found = planes("input", spread, first=[axis.shown for axis in axes])
    found = labelled(found, [axis.words for axis in axes], channels=f"C_in = {len(values)}")
    return with_kinds(found, [axis.kinds for axis in axes])


def _output(spec: ConvSpec, size: Sequence[int], output: torch.Tensor) -> Planes:
    found = planes("output", output, empty=True)
    return labelled(found, output_words(spec, size), channels=f"C_out = {spec.out_channels}")


def _steps(
    spec: ConvSpec,
    values: torch.Tensor,
    kernel: torch.Tensor,
    answers: tuple[torch.Tensor, torch.Tensor],
    grids: tuple[Planes, list[Planes], Planes],
    axes: Sequence[_Axis],
) -> tuple[Step, ...]:
    (output, parts), (around, weights, results) = answers, grids
    share, per_group = spec.in_channels // spec.groups, spec.out_channels // spec.groups
    flipped, read_size = as_convolution(spec), [axis.end - axis.begin + 1 for axis in axes]
    turned, begin = kernel.flip(list(range(2, kernel.ndim))), [axis.begin for axis in axes]
    windows = {}
    for position in itertools.product(*map(range, output.shape[1:])):
        read = [tap.input_index for tap in taps(flipped, position, read_size)]
        places = [[j + start for j, start in zip(index, begin, strict=True)] for index in read]
        windows[position] = places, taps(spec, position, values.shape[1:])  # and the taps that meet an element, no zero
    steps = []
    for channel in range(spec.out_channels):
        group, in_group = divmod(channel, per_group)
        sources = range(group * share, (group + 1) * share)
        kernel_cells = itertools.product(range(share), itertools.product(*map(range, spec.kernel_size)))
        at_work = marks("weight", [weights[channel].place(c, tap) for c, tap in kernel_cells])
        notes = [word(number) for source in sources for number in turned[source, in_group].flatten().tolist()]
        for position, (places, met) in windows.items():
            there, total = results.place(channel, position), output[channel][position].item()
            pairs = {
                source: [
                    (values[source][tap.input_index].item(), kernel[source, in_group][tap.kernel_index].item())
                    for tap in met
                ]
                for source in sources
            }
            of_sources = [parts[source, in_group][position].item() for source in sources]
            read_cells = [around.place(source, place) for source in sources for place in places]
            steps.append(
                Step(
                    element("output", spec.out_channels, channel, position),
                    _text(pairs, of_sources, total) if met else "the kernel meets zeros only: 0",
                    (*marks("read", read_cells, notes), *at_work, *marks("written", [there])),
                    changes=(Change(*there, whole(total)),),
                    at=(there,),
                )
            )
    return tuple(steps)


def _text(pairs: Mapping[int, Sequence[tuple[float, float]]], parts: Sequence[float], total: float) -> str:
    """The sum of the products that are not with a zero between; one line per input channel where there are several."""
    if len(parts) == 1:
        return sum_of_products(next(iter(pairs.values())), total)
    lines = [
        f"channel {source}: {sum_of_products(pairs[source], part)}" for source, part in zip(pairs, parts, strict=True)
    ]
    return "\n".join([*lines, f"together: {sum_of_products([(part,) for part in parts], total)}"])


def _alt(spec: ConvSpec, axes: Sequence[_Axis], size: Sequence[int]) -> str:
    between = [step - 1 if n > 1 else 0 for step, n in zip(spec.stride, size, strict=True)]
    border = " and a border of zeros" if any("p" in axis.kinds for axis in axes) else ""
    zeros = (
        f" with {one_or_all(between)} zero{'s' * (between != [1] * spec.ndim)} between elements" if any(between) else ""
    )
    return (
        f"Flipped, {kernel_words(spec)} slides with stride 1 over {input_words(spec, size)}{zeros}{border}; "
        f"the output has {times(output_size(spec, size))} numbers."
    )
