"""Other arguments for calls of torch's functions in the reader's forward."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from torch import nn

from convlab.inspection.doctor.building import literal, replaced
from convlab.inspection.doctor.case import KEEPS_CHANNELS, Case, place, spatial_axes, weight_of
from convlab.inspection.doctor.edits import Edit
from convlab.inspection.doctor.lines import Line, is_simple
from convlab.inspection.doctor.phrases import count, plain
from convlab.inspection.record import Call
from convlab.inspection.windows import window_of

_MODES = {3: "linear", 4: "bilinear", 5: "trilinear"}
"""How to interpolate tensors of so many axes between their elements."""


def product_edits(call: Call, line: Line) -> Iterator[Edit]:
    """One of the two matrices of a product transposed.

    Example:
        >>> import torch
        >>> __name__ = "net"  # as the code of a reader
        >>> class Net(nn.Module):
        ...     def forward(self, x, y):
        ...         return torch.matmul(x, y)
        >>> call = Case.of(Net(), torch.empty(2, 3), torch.empty(4, 3)).failing
        >>> [edit.code for edit in product_edits(call, Line.of(call))]
        ['return torch.matmul(x, y.transpose(-2, -1))']
    """
    shapes = [given.shape for given in call.inputs]
    if len(shapes) != 2 or len(line.operands) != 2 or min(map(len, shapes)) < 2:
        return
    first, second = shapes
    rule = "the last axis of the first must be as long as the last but one of the second"
    for index, fits in ((1, first[-1] == second[-1]), (0, first[-2] == second[-2])):
        if fits:
            words = f"transpose `{line.operands[index]}`: {rule}"
            yield line.operand(index, words, 1.0, f"{line.bracketed(index)}.transpose(-2, -1)")


def convolution_call_edits(call: Call, line: Line) -> Iterator[Edit]:
    """Another weight for a function of convolution, or other numbers.

    Example:
        >>> import torch
        >>> __name__ = "net"  # as the code of a reader
        >>> class Net(nn.Module):
        ...     def forward(self, x, kernel):
        ...         return torch.conv1d(x, kernel)
        >>> call = Case.of(Net(), torch.empty(1, 1, 8), torch.empty(3)).failing
        >>> [edit.code for edit in convolution_call_edits(call, Line.of(call))]
        ['return torch.conv1d(x, kernel[None, None])']
    """
    weight, axes = weight_of(call), spatial_axes(call.kind)
    if weight is None or axes is None or len(line.operands) < 2:
        return
    x, text = call.inputs[0], line.bracketed(1)
    if len(weight.shape) == axes:
        words = f"give the weight {weight.shape} the axes of the output and input channels"
        yield line.operand(1, words, 1.0, f"{text}[None, None]")
    elif len(weight.shape) == axes + 1:
        words = f"give the weight {weight.shape} the axis of the output channels"
        yield line.operand(1, words, 1.0, f"{text}[None]")
    if x.dtype != weight.dtype:
        words = f"bring the weight to the dtype of the input, {plain(x.dtype)}"
        yield line.operand(1, words, 1.2, f"{text}.to({line.operands[0]}.dtype)")
    if len(weight.shape) != axes + 2 or len(x.shape) not in (axes + 1, axes + 2):
        return
    channels = x.shape[-axes - 1]
    yield from _numbers(call, line, channels)
    if "transpose" in call.kind:
        if weight.shape[1] == channels:
            words = "swap the first two axes of the weight, which are (C_in, C_out) in a transposed convolution"
            yield line.operand(1, words, 1.0, f"{text}.transpose(0, 1)")
    elif weight.shape[1] == 1 and channels > 1:
        yield from _filters_for_channels(line, weight.shape, channels)


def pool_call_edits(call: Call, line: Line) -> Iterator[Edit]:
    """A pool over the whole, or along as many axes as there are.

    Example:
        >>> import torch
        >>> __name__ = "net"  # as the code of a reader
        >>> class Net(nn.Module):
        ...     def forward(self, x):
        ...         return nn.functional.avg_pool2d(x, 8)
        >>> call = Case.of(Net(), torch.empty(1, 4, 5, 5)).failing
        >>> [edit.code for edit in pool_call_edits(call, Line.of(call))]
        ['return nn.functional.adaptive_avg_pool2d(x, 1)']
    """
    axes, name = spatial_axes(call.kind), call.kind.removesuffix("_with_indices")
    if axes is None or not line.function():
        return
    rank, window, padding = len(call.inputs[0].shape), window_of(call), line.keyword("padding")
    if window is not None and padding is not None:
        pairs = zip(window.padding, window.kernel_size, strict=True)
        fitting = tuple(min(before, kernel // 2) for (before, _), kernel in pairs)
        words = "pad by at most half of the window"
        yield line.edit(words, 1.2, literal(fitting), padding)
    if rank in (axes + 1, axes + 2) and not name.startswith("adaptive"):
        function = line.function().replace(name, f"adaptive_{name}")
        words = "pool the whole of what arrives, whatever its size"
        yield line.edit(words, 1.8, f"{function}({line.operands[0]}, 1)")
    if rank - 2 != axes and 1 <= rank - 2 <= 3:
        text = line.text(line.expression.node).replace(f"{axes}d(", f"{rank - 2}d(", 1)
        yield line.edit(f"pool along {count(rank - 2, 'axis')}", 1.5, text)


def group_norm_edits(case: Case, call: Call, line: Line) -> Iterator[Edit]:
    """Groups that divide the channels, or channels that the groups divide.

    Example:
        >>> import torch
        >>> __name__ = "net"  # as the code of a reader
        >>> class Net(nn.Module):
        ...     def forward(self, x):
        ...         return nn.functional.group_norm(x, 4)
        >>> case = Case.of(Net(), torch.empty(1, 6, 5))
        >>> [edit.code for edit in group_norm_edits(case, case.failing, Line.of(case.failing))]
        ['return nn.functional.group_norm(x, 3)', 'return nn.functional.group_norm(x, 6)']
    """
    shape = call.inputs[0].shape
    groups = call.arguments[0][1] if len(call.arguments[0]) > 1 else None
    if not isinstance(groups, int) or groups < 1 or len(line.operands) < 2 or len(shape) < 2:
        return
    channels, wanted = shape[1], groups
    divisors = [number for number in range(1, channels + 1) if channels % number == 0]
    for other in sorted(divisors, key=lambda number: (abs(number - wanted), -number))[:2]:
        words = f"norm the {channels} channels in {count(other, 'group')}, which divide them"
        yield line.operand(1, words, 1.3 + abs(other - wanted) / 10, str(other))
    _, origin = case.back(call.inputs[0], KEEPS_CHANNELS)
    if origin is not None and isinstance(origin.module, nn.modules.conv._ConvNd):
        fitting = -(-channels // groups) * groups
        words = f"Let `{place(origin)}` give {fitting} channels, which {groups} groups divide"
        yield replaced(case, origin, words, 2.5, out_channels=fitting)


def interpolation_edits(call: Call, line: Line) -> Iterator[Edit]:
    """The mode for as many axes as there are, or one axis more.

    Example:
        >>> import torch
        >>> __name__ = "net"  # as the code of a reader
        >>> class Net(nn.Module):
        ...     def forward(self, x):
        ...         return nn.functional.interpolate(x, scale_factor=2, mode="bilinear")
        >>> call = Case.of(Net(), torch.empty(1, 4, 5)).failing
        >>> [edit.code for edit in interpolation_edits(call, Line.of(call))][0]
        "return nn.functional.interpolate(x, scale_factor=2, mode='linear')"
    """
    rank, mode = len(call.inputs[0].shape), line.keyword("mode")
    if mode is not None and rank in _MODES and "linear" in line.text(mode):
        yield line.edit(f"take the mode {_MODES[rank]!r}, which is for {rank} axes", 1.0, repr(_MODES[rank]), mode)
    yield line.operand(0, "add the batch axis", 2.0, f"{line.bracketed(0)}.unsqueeze(0)")


def _filters_for_channels(line: Line, weight: tuple[int, ...], channels: int) -> Iterator[Edit]:
    """Filters of one channel, for an input of several."""
    text, filters, node = line.bracketed(1), weight[0], line.expression.node
    if line.keyword("groups") is None and isinstance(node, ast.Call):
        ones = ", ".join(["1"] * (len(weight) - 1))
        weights = f"{text}.repeat({channels}, {ones})" if filters == 1 else text
        whole = line.text(node)[:-1].rstrip(", ").replace(line.operands[1], weights, 1)
        words = f"apply the filter to each of the {channels} channels by groups={channels}"
        yield line.edit(words, 1.2, f"{whole}, groups={channels})")
        sizes = ", ".join(["-1", str(channels), *["-1"] * (len(weight) - 2)])
        words = f"repeat the filter for the {channels} input channels, which sums over them"
        yield line.operand(1, words, 1.6, f"{text}.expand({sizes})")
    elif filters == 1:
        words = f"repeat the filter for each of the {channels} groups"
        ones = ", ".join(["1"] * (len(weight) - 1))
        yield line.operand(1, words, 1.2, f"{text}.repeat({channels}, {ones})")
    elif filters % channels and filters > channels:
        kept = filters // channels * channels
        words = f"keep {kept} of the {filters} filters, which {channels} divides"
        yield line.operand(1, words, 1.8, f"{text}[:{kept}]")


def _numbers(call: Call, line: Line, channels: int) -> Iterator[Edit]:
    """Groups, padding and output_padding that do not fit the rest."""
    weight = call.inputs[1].shape
    groups, padding, more = (line.keyword(name) for name in ("groups", "padding", "output_padding"))
    transposed, window = "transpose" in call.kind, window_of(call)
    node = line.expression.node
    if groups is None and isinstance(node, ast.Call) and 1 < weight[1] < channels and not transposed:
        needed = channels // weight[1]
        if channels % weight[1] == 0 and weight[0] % needed == 0:
            words = f"take {count(needed, 'group')}, which {channels} channels and a weight of {weight} make"
            yield line.edit(words, 1.3, f"{line.text(node)[:-1].rstrip(', ')}, groups={needed})")
    if groups is not None and weight[1] and channels % weight[1] == 0 and not transposed:
        needed = channels // weight[1]
        if needed and weight[0] % needed == 0:
            words = f"take {count(needed, 'group')}, which {channels} channels and a weight of {weight} make"
            text = f"{line.operands[0]}.size(1)" if needed == channels and is_simple(line.operands[0]) else str(needed)
            yield line.edit(words, 1.3, text, groups)
    if isinstance(padding, ast.Constant) and isinstance(padding.value, str):
        small = padding.value.lower()
        if small != padding.value:
            yield line.edit(f"write {small!r} in small letters", 1.0, repr(small), padding)
        words = "pad in numbers, which go with any stride"
        yield line.edit(words, 1.2, literal(tuple(size // 2 for size in weight[2:])), padding)
    if more is not None and transposed and window is not None:
        numbers = zip(window.output_padding, window.stride, window.dilation, strict=True)
        fitting = tuple(min(extra, max(pair) - 1) for extra, *pair in numbers)
        words = "make output_padding smaller than the stride or the dilation"
        yield line.edit(words, 1.2, literal(fitting), more)
