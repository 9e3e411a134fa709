"""Transposed convolution as scatter: every input element stamps its weighted kernel into the output."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F

from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_tuple
from convlab.arithmetic.taps import taps
from convlab.ops import conv_transpose
from convlab.scenes.arrangement import arranged
from convlab.scenes.checks import check_amount, refuse_plain
from convlab.scenes.grids import crops, kernels_of, output_words, sized_planes, with_kinds
from convlab.scenes.numbers import decimals_of, in_sum, input_for, limit_of, weight_for, whole, word
from convlab.scenes.parts import Change, Step
from convlab.scenes.scene import Scene
from convlab.scenes.tensors import Planes, labelled, marks, planes
from convlab.scenes.wording import element, named, one_or_all, position, times


def scatter(spec: ConvSpec, input: torch.Tensor | IntOrTuple, weight: torch.Tensor | None = None) -> Scene:
    """Transposed convolution as scatter: one step for each input element, which adds its weighted kernel to the output.

    The output is drawn before it is cropped: what the padding crops has the kind "c", and an index that is negative or
    past the end. Zeros that output_padding adds behind all stamps have the kind "p". The bias is left out.

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
        >>> x, w = torch.tensor([[1.0, 2.0]]), torch.tensor([[[1.0, 1.0, 1.0]]])
        >>> scene = scatter(ConvSpec(1, 1, (3,), stride=2, transposed=True), x, w)
        >>> [step.title for step in scene.steps]
        ['input 0', 'input 1']
        >>> [scene.values_at(number)["output"] for number in (0, 1)]
        [[[1, 1, 1, 0, 0]], [[1, 1, 3, 2, 2]]]
    """
    values, kernel = checked(spec, input, weight, "scatter")
    size = tuple(values.shape[1:])
    nowhere = (0,) * spec.ndim
    full = output_size(replace(spec, padding=nowhere, output_padding=nowhere), size)
    axes = list(zip(full, output_size(spec, size), crops(spec), strict=True))
    drawn = [max(before_crop, cropped + out) for before_crop, out, cropped in axes]
    check_amount(
        "scatter",
        cells=values.numel() + kernel.numel() + spec.out_channels * math.prod(drawn),
        products=values.numel() * kernel[0].numel(),
    )
    kinds = [_kinds(*axis) for axis in axes]
    alone = torch.diag(values.flatten()).reshape(-1, *values.shape)  # each input element by itself, as a batch
    stamps = conv_transpose(alone, kernel, stride=spec.stride, groups=spec.groups, dilation=spec.dilation)
    behind = [(0, len(letters) - n) for letters, n in zip(kinds, full, strict=True)]
    stamps = F.pad(stamps, [amount for pair in reversed(behind) for amount in pair])
    shown, weights = sized_planes("input", values), kernels_of(spec, kernel)
    result = _output_planes(spec, size, stamps, kinds)
    left_aligned = ConvSpec(spec.in_channels, spec.out_channels, (1,) * spec.ndim, groups=spec.groups)
    grids, labels = arranged(left_aligned, shown, weights, result)
    steps = _steps(spec, values, kernel, stamps, (shown, weights, result))
    return Scene(f"scatter: {named(spec)}", _alt(spec, size), grids, steps, labels=labels, accumulates=True)


def checked(
    spec: ConvSpec, input: torch.Tensor | IntOrTuple, weight: torch.Tensor | None, name: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Input and weight of a picture of a transposed convolution.

    Args:
        spec: The transposed convolution.
        input: The input, or its size.
        weight: The weight, or None.
        name: The picture, for the error.

    Shape:
        - input: (C_in, *spatial)
        - weight: (C_in, C_out/groups, *kernel_size)

    Raises:
        TypeError: If `spec` is no `ConvSpec`, the size holds no ints, or the weight is no tensor.
        ValueError: If `spec` is not transposed, a shape does not fit, no output is left, or the input is too large.

    Example:
        >>> checked(ConvSpec(1, 1, (3,)), 5, None, "scatter")
        Traceback (most recent call last):
        ValueError: scatter needs spec.transposed=True; a convolution is shown by sliding_window
    """
    refuse_plain(name, spec)
    if not isinstance(input, torch.Tensor):
        input = as_tuple("input", input, spec.ndim, minimum=1)
        cells = spec.in_channels * math.prod(input) + math.prod(spec.weight_shape)
        check_amount(name, cells=cells)
    values = input_for(spec, input)
    output_size(spec, tuple(values.shape[1:]))
    return values, weight_for(spec, weight)


def _kinds(full: int, out: int, cropped: int) -> str:
    """The kinds of the places along one axis of the output before it is cropped.

    Args:
        full: Elements that the stamps reach.
        out: Elements of the output.
        cropped: Elements cropped at the beginning.
    """
    ending = "." * max(0, min(full - cropped, out)) + "p" * max(0, out - max(0, full - cropped))
    return "c" * cropped + ending + "c" * (full - cropped - out)


def _output_planes(spec: ConvSpec, size: tuple[int, ...], stamps: torch.Tensor, kinds: Sequence[str]) -> Planes:
    total = stamps.sum(0)
    found = planes("output", torch.zeros_like(total), first=[-cropped for cropped in crops(spec)])
    decimals, limit = decimals_of(stamps), limit_of(stamps.cumsum(0))
    found = replace(found, grids=tuple(replace(grid, decimals=decimals, limit=limit) for grid in found.grids))
    return with_kinds(
        labelled(found, output_words(spec, size, uncropped=True), channels=f"C_out = {spec.out_channels}"), kinds
    )


def _steps(
    spec: ConvSpec,
    values: torch.Tensor,
    kernel: torch.Tensor,
    stamps: torch.Tensor,
    parts: tuple[Planes, list[Planes], Planes],
) -> tuple[Step, ...]:
    shown, weights, result = parts
    sums, per_group, cropped = stamps.cumsum(0), spec.out_channels // spec.groups, crops(spec)
    out_size = output_size(spec, values.shape[1:])
    reader = ConvSpec(1, 1, spec.kernel_size, stride=spec.stride, dilation=spec.dilation)  # reads where stamps write
    steps = []
    for number, (channel, *index) in enumerate(itertools.product(*map(range, values.shape))):
        group, source = divmod(channel, spec.in_channels // spec.groups)
        stamp = taps(reader, index, stamps.shape[2:])
        pairs = [(out, tap) for out in range(per_group) for tap in stamp]
        reached = [(group * per_group + out, tap.input_index) for out, tap in pairs]
        where = tuple(torch.tensor([[out, *at] for out, at in reached], device="cpu").T)
        products, so_far = stamps[number][where].tolist(), sums[number][where].tolist()
        written = [result.place(out, [j - c for j, c in zip(at, cropped, strict=True)]) for out, at in reached]
        inside = [all(0 <= j - c < n for j, c, n in zip(at, cropped, out_size, strict=True)) for _, at in reached]
        weighed = [weights[group * per_group + out].place(source, tap.kernel_index) for out, tap in pairs]
        cell = shown.place(channel, index)
        ends = [[j - c for j, c in zip(tap.input_index, cropped, strict=True)] for tap in (stamp[0], stamp[-1])]
        value = values[channel][tuple(index)].item()
        steps.append(
            Step(
                element("input", spec.in_channels, channel, index),
                _text(
                    spec, value, kernel[channel], group * per_group, products, (ends[0], ends[1]), inside.count(False)
                ),
                marks=(
                    *marks("read", [cell]),
                    *marks("weight", weighed),
                    *marks("written", written, map(word, products)),
                ),
                changes=tuple(Change(*place, whole(n)) for place, n in zip(written, so_far, strict=True)),
                at=(cell,),
            )
        )
    return tuple(steps)


def _text(
    spec: ConvSpec,
    value: float,
    kernel: torch.Tensor,
    first_out: int,
    products: Sequence[float],
    ends: tuple[Sequence[int], Sequence[int]],
    lost: int,
) -> str:
    """What one input element does: its products, where they are added, and how many are cropped."""
    if spec.ndim == 1:
        width = spec.kernel_size[0]
        by_output = [products[start : start + width] for start in range(0, len(products), width)]
        names = [f"output channel {first_out + out}: " if spec.out_channels > 1 else "" for out in range(len(kernel))]
        lines = [
            f"{name}{in_sum(value)} * ({_listed(weights.tolist())}) = ({_listed(found)})"
            for name, weights, found in zip(names, kernel, by_output, strict=True)
        ]
    else:
        shape = kernel.shape if len(kernel) > 1 else spec.kernel_size
        lines = [f"{in_sum(value)} * each of the {times(shape)} weights"]
    first, last = map(position, ends)
    step = f" in steps of {one_or_all(spec.dilation)}" if set(spec.dilation) != {1} else ""
    lines.append(f"added to output {first}" + (f" to {last}{step}" if last != first else ""))
    if lost:
        lines.append(f"{lost} of the {len(products)} products are cropped")
    return "\n".join(lines)


def _listed(numbers: Sequence[float]) -> str:
    return ", ".join(map(word, numbers))


def _alt(spec: ConvSpec, size: Sequence[int]) -> str:
    crop = f"; padding {one_or_all(crops(spec))} crops the border" if any(crops(spec)) else ""
    return (
        f"Each element of {input_words(spec, size)} stamps {kernel_words(spec)}, multiplied by it, into the output, "
        f"{one_or_all(spec.stride)} apart, and what overlaps is added{crop}; "
        f"the output has {times(output_size(spec, size))} numbers."
    )


def kernel_words(spec: ConvSpec) -> str:
    """The kernel in an alt text.

    Example:
        >>> kernel_words(ConvSpec(1, 1, (3, 3), dilation=2, transposed=True))
        'a 3 x 3 kernel with dilation 2'
    """
    dilated = f" with dilation {one_or_all(spec.dilation)}" if set(spec.dilation) != {1} else ""
    return (f"a {times(spec.kernel_size)} kernel" if spec.ndim > 1 else f"a kernel of {spec.kernel_size[0]}") + dilated


def input_words(spec: ConvSpec, size: Sequence[int]) -> str:
    """The input in an alt text.

    Args:
        spec: The transposed convolution.
        size: Elements of the input on each spatial axis.

    Example:
        >>> input_words(ConvSpec(2, 1, (3, 3), transposed=True), (4, 4))
        'a 4 x 4 input of 2 channels'
    """
    channels = f" of {spec.in_channels} channels" if spec.in_channels > 1 else ""
    return (f"a {times(size)} input" if spec.ndim > 1 else f"an input of {size[0]} elements") + channels
