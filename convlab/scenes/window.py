"""The sliding window: what each number of a convolution's output is made of, in 1, 2 and 3 spatial axes."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from convlab.arithmetic.spec import ConvSpec, IntOrTuple
from convlab.arithmetic.taps import windows
from convlab.ops import conv
from convlab.ops.padding import padded
from convlab.ops.unfold import columns
from convlab.scenes.arrangement import arranged
from convlab.scenes.checks import bias_for, readable_input, refuse_transposed
from convlab.scenes.numbers import sum_of_products, weight_for, whole, word
from convlab.scenes.parts import Change, Step
from convlab.scenes.scene import Scene
from convlab.scenes.tensors import input_planes, kernel_planes, marks, output_planes
from convlab.scenes.wording import alt_text, element, named


def sliding_window(
    spec: ConvSpec,
    input: torch.Tensor | IntOrTuple,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
) -> Scene:
    """A kernel that slides over an input: one step for each number of the output, with its sum of products.

    In each step the marks "read" and "weight" come in pairs, and so do their cells: each number that is read meets the
    weight at the same place in the other mark.

    Args:
        spec: The convolution; whether there is a bias is decided by `bias` alone.
        input: The input without a batch axis, or its size, an int or one int per spatial axis: then digits are made.
        weight: Laid out as in torch; None makes small whole numbers.
        bias: One number per output channel, or None.

    Shape:
        - input: (C_in, *spatial)
        - weight: (C_out, C_in/groups, *kernel_size)
        - bias: (C_out,)

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If a shape does not fit, `spec` is transposed, or there would be too much to read: at most 2000
            cells and 4000 products.

    Source:
        Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), arXiv:1603.07285, section 2.

    Example:
        >>> x, w = torch.tensor([[1.0, 2.0, 4.0]]), torch.tensor([[[-1.0, 1.0]]])
        >>> scene = sliding_window(ConvSpec(1, 1, (2,)), x, w)
        >>> [(step.title, step.text) for step in scene.steps]
        [('output 0', '1*(-1) + 2*1 = 1'), ('output 1', '2*(-1) + 4*1 = 2')]
        >>> scene.values_at(-1)["output"]
        [[1, 2]]
    """
    refuse_transposed("sliding_window", spec)
    values, kernel = readable_input("sliding_window", spec, input), weight_for(spec, weight)
    offset = bias_for(spec, bias)
    size = tuple(values.shape[1:])
    with_padding = padded(values[None], spec)[0]
    output = _conv(spec, with_padding, kernel, offset, spec.groups)
    around, results = input_planes(spec, with_padding, size), output_planes(spec, output)
    kernels = [kernel_planes(spec, kernel, channel) for channel in range(spec.out_channels)]
    positions, found = zip(*windows(spec, size), strict=True)
    texts = sums(spec, values, kernel, offset, output)
    share = spec.in_channels // spec.groups
    steps = []
    for channel, kernel_grids in enumerate(kernels):
        start = channel // (spec.out_channels // spec.groups) * share
        notes = [word(number) for number in kernel[channel].flatten().tolist()]
        at_work = marks("weight", (kernel_grids.place(c, tap.kernel_index) for c in range(share) for tap in found[0]))
        numbers = output[channel].flatten().tolist()
        for position, window, number in zip(positions, found, numbers, strict=True):
            read = [around.place(c, tap.input_index) for c in range(start, start + share) for tap in window]
            there = results.place(channel, position)
            lit = (*marks("read", read, notes), *at_work, *marks("written", [there]))
            title = element("output", spec.out_channels, channel, position)
            steps.append(Step(title, next(texts), lit, changes=(Change(*there, whole(number)),), at=(there,)))
    grids, labels = arranged(spec, around, kernels, results, None if offset is None else offset.tolist())
    return Scene(named(spec), alt_text(spec, size, output.shape[1:]), grids, tuple(steps), labels=labels)


def sums(
    spec: ConvSpec, input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, output: torch.Tensor
) -> Iterator[str]:
    """The sum of products behind each number of the output, written out; one line per channel where there are several.

    Args:
        spec: The convolution.
        input: The input.
        weight: The weight.
        bias: One number per output channel, or None.
        output: The output.

    Shape:
        - input: (C_in, *spatial)
        - weight: (C_out, C_in/groups, *kernel_size)
        - bias: (C_out,)
        - output: (C_out, *out)

    Example:
        >>> spec = ConvSpec(2, 1, (1,))
        >>> x, w = torch.tensor([[1.0], [2.0]]), torch.tensor([[[3.0], [4.0]]])
        >>> print(*sums(spec, x, w, None, torch.tensor([[11.0]])))
        channel 0: 1*3 = 3
        channel 1: 2*4 = 8
        together: 3 + 8 = 11
    """
    by_window = columns(input[None], spec)[0].T.unflatten(1, (spec.in_channels, -1)).tolist()
    of_channels = output.flatten(1).unsqueeze(1)
    if weight.shape[1] > 1:
        apart = _conv(spec, padded(input[None], spec)[0], _by_input_channel(spec, weight), None, spec.in_channels)
        of_channels = apart.flatten(1).unflatten(0, (spec.groups, weight.shape[1], -1)).transpose(1, 2).flatten(0, 1)
    for channel, taps_of in enumerate(weight.flatten(2).tolist()):
        start = channel // (spec.out_channels // spec.groups) * len(taps_of)
        added = None if bias is None else float(bias[channel])
        parts = of_channels[channel].T.tolist()
        for window, total, part in zip(by_window, output[channel].flatten().tolist(), parts, strict=True):
            read = window[start : start + len(taps_of)]
            if len(taps_of) == 1:
                yield sum_of_products(zip(read[0], taps_of[0], strict=True), total, bias=added)
                continue
            lines = [
                f"channel {start + c}: {sum_of_products(zip(read[c], taps_of[c], strict=True), part[c])}"
                for c in range(len(taps_of))
            ]
            yield "\n".join([*lines, f"together: {sum_of_products([(p,) for p in part], total, bias=added)}"])


def _conv(
    spec: ConvSpec, padded: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, groups: int
) -> torch.Tensor:
    """The convolution of an input that has its padding already: so torch has no reason to warn of "same"."""
    return conv(padded, weight, bias, stride=spec.stride, dilation=spec.dilation, groups=groups, method="torch")


def _by_input_channel(spec: ConvSpec, weight: torch.Tensor) -> torch.Tensor:
    """The same kernels for one group per input channel: each gives its own channel's part of the sum.

    Shape:
        - weight: (C_out, C_in/groups, *kernel_size)
        - Output: (C_in * C_out/groups, 1, *kernel_size), for each input channel the outputs of its group
    """
    by_group: torch.Tensor = weight.unflatten(0, (spec.groups, -1))
    return by_group.transpose(1, 2).flatten(0, 2).unsqueeze(1)
