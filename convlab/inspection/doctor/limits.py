"""Rules of torch in words: arguments out of range, groups that do not divide, and too little to work on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from torch import nn

from convlab.inspection.doctor.building import literal
from convlab.inspection.doctor.case import Case, function_of, spatial_axes, weight_of
from convlab.inspection.doctor.origins import origin_of
from convlab.inspection.doctor.phrases import by, count, listed, named
from convlab.inspection.record import Call
from convlab.inspection.windows import named as arguments_of
from convlab.inspection.windows import window_of

_WEIGHTS = {1: "k", 2: "kH, kW", 3: "kD, kH, kW"}


def own_rule(case: Case, call: Call) -> str | None:
    """What is wrong with the layer itself, whatever arrives, or with how little of it there is; None for nothing.

    Example:
        >>> import torch
        >>> case = Case.of(nn.Conv2d(1, 1, 3, padding=-1), torch.empty(1, 1, 8, 8))
        >>> own_rule(case, case.failing)
        '`model` (Conv2d) has padding=-1, which must not be negative.'
    """
    for rule in (_of_padding, _of_a_kernel, _of_a_transposed_one, _of_a_border, _of_a_weight, _of_a_stride):
        for sentence in rule(call):
            return f"{named(call)} {sentence}."
    for rule in (_of_groups, _of_a_norm, _of_a_state, _of_a_mode):
        for sentence in rule(call):
            return f"{named(call)} {sentence}. {origin_of(case, call)}".strip()
    for sentence in _of_unpooling(case, call):
        return f"{named(call)} {sentence}."
    return None


def _numbers(call: Call, name: str) -> tuple[Any, ...]:
    value = getattr(call.module, name, ())
    return value if isinstance(value, tuple) else (value,)


def _of_padding(call: Call) -> Iterator[str]:
    padding, kernel = _numbers(call, "padding"), _numbers(call, "kernel_size")
    if not kernel or "Pad" in call.kind:
        return
    has = f"has padding={literal(padding)}, which must"
    if any(isinstance(entry, float) for entry in padding):
        yield f"{has} be a whole number: // divides without a fraction"
    if not all(isinstance(entry, int) for entry in padding):
        return
    if any(entry < 0 for entry in padding):
        yield f"{has} not be negative"
    wide = [2 * entry > size for entry, size in zip(padding, kernel * len(padding), strict=False)]
    if call.kind.startswith(("MaxPool", "AvgPool")) and any(wide):
        yield f"{has} be at most half of its window, {literal(kernel)}"


def _of_a_stride(call: Call) -> Iterator[str]:
    """A function's padding in a word, which goes with a stride of 1 only."""
    window = window_of(call) if weight_of(call) is not None else None
    if window is None or window.transposed or set(window.stride) == {1}:
        return
    if arguments_of(call, ("input", "weight", "bias", "stride", "padding")).get("padding") == "same":
        yield f"has padding='same', which goes with a stride of 1 only, but stride={literal(window.stride)}"


def _of_a_kernel(call: Call) -> Iterator[str]:
    kernel, axes = _numbers(call, "kernel_size"), spatial_axes(call.kind)
    if isinstance(call.module, nn.modules.conv._ConvNd) and axes is not None and len(kernel) != axes:
        yield f"slides along {count(axes, 'axis')}, but its kernel has {count(len(kernel), 'size')}: {kernel}"


def _of_a_transposed_one(call: Call) -> Iterator[str]:
    if "transpose" not in function_of(call) or not function_of(call).startswith("conv"):
        return
    window = window_of(call)
    padding, more = getattr(call.module, "padding", 0), _numbers(call, "output_padding")
    stride, dilation = _numbers(call, "stride"), _numbers(call, "dilation")
    if window is not None:
        more, stride, dilation = window.output_padding, window.stride, window.dilation
    if isinstance(padding, str):
        yield f"has padding={padding!r}, but a transposed convolution takes numbers only"
    elif isinstance(padding, tuple) and any(isinstance(entry, str) for entry in padding):
        yield f"has padding={''.join(map(str, padding))!r}, but a transposed convolution takes numbers only"
    elif any(isinstance(entry, bool) for entry in more):
        order = f"the sixth argument of nn.{call.kind} is output_padding, and bias is given by its name"
        yield f"has output_padding={more[0]}, which must be a number: {order}"
    elif any(extra >= max(pair) for extra, *pair in zip(more, stride, dilation, strict=False)):
        bounds = f"stride={literal(stride)} or its dilation={literal(dilation)}"
        yield f"has output_padding={literal(more)}, which must be smaller than its {bounds}"


def _of_a_border(call: Call) -> Iterator[str]:
    """A border that is made of the tensor's own elements, of which there are too few."""
    if function_of(call) == "pad":
        arguments = arguments_of(call, ("input", "pad", "mode"))
        mode, padding = str(arguments.get("mode", "constant")), tuple(arguments.get("pad", ()))
    else:
        mode = getattr(call.module, "padding_mode", "").lower() or call.kind.lower()
        padding = getattr(call.module, "padding", ())
    if not mode.startswith(("reflect", "circular")) or not isinstance(padding, tuple) or not padding:
        return
    if "pad" in call.kind.lower():  # pairs of numbers, the last axis first
        padding = tuple(max(padding[start : start + 2]) for start in range(len(padding) - 2, -1, -2))
    sizes, reflects = call.inputs[0].shape[-len(padding) :], mode.startswith("reflect")
    if any(amount > size - reflects for amount, size in zip(padding, sizes, strict=False)):
        most = "less than" if reflects else "at most"
        kind = "reflect" if reflects else "circular"
        yield f"pads {by(sizes)} by {literal(padding)}, which must be {most} the size of the axis in the mode '{kind}'"


def _of_a_weight(call: Call) -> Iterator[str]:
    """A weight of a function of convolution with too few or too many axes."""
    weight, axes = weight_of(call), spatial_axes(call.kind)
    if weight is None or axes is None or len(weight.shape) == axes + 2:
        return
    channels = "C_in, C_out / groups" if "transpose" in call.kind else "C_out, C_in / groups"
    takes = f"takes a weight of {axes + 2} axes, ({channels}, {_WEIGHTS[axes]})"
    got = f"but got one of {count(len(weight.shape), 'axis')}, {weight.shape}"
    yield f"{takes}, {got}, with an input of {call.inputs[0].shape}"


def _of_groups(call: Call) -> Iterator[str]:
    module: Any = call.module
    shape = call.inputs[0].shape
    has, divide = "has {}, which do not divide", "{} of {}"
    if function_of(call) == "group_norm" and module is None:
        groups = arguments_of(call, ("input", "num_groups")).get("num_groups")
        if isinstance(groups, int) and groups and len(shape) > 1 and shape[1] % groups:
            yield f"{has.format(count(groups, 'group'))} the {divide.format(count(shape[1], 'channel'), shape)}"
    elif isinstance(module, nn.PixelShuffle) and len(shape) >= 3 and shape[-3] % module.upscale_factor**2:
        factor = module.upscale_factor
        needs = f"makes one channel of {factor**2} (upscale_factor={factor})"
        yield f"{needs}, but got {count(shape[-3], 'channel')}, which {factor**2} does not divide"
    elif isinstance(module, nn.modules.conv._ConvNd) and len(shape) > len(module.stride):
        channels = shape[-len(module.stride) - 1]
        if channels % module.groups and module.in_channels in (0, channels):
            yield f"{has.format(count(module.groups, 'group'))} the {count(channels, 'channel')} that arrive"
    elif weight_of(call) is not None:
        window, weight = window_of(call), call.inputs[1].shape
        if window is not None and window.groups > 1 and not window.transposed and weight[0] % window.groups:
            filters = divide.format(count(weight[0], "filter"), f"its weight {weight}")
            yield f"{has.format(count(window.groups, 'group'))} the {filters}; it got {shape}"


def _of_a_norm(call: Call) -> Iterator[str]:
    module, shape = call.module, call.inputs[0].shape
    if isinstance(module, nn.LayerNorm):
        wanted = module.normalized_shape
        if tuple(shape[-len(wanted) :]) != wanted:
            axes = f"last {count(len(wanted), 'axis')}" if len(wanted) > 1 else "last axis"
            yield f"norms the {axes}, which must be of size {by(wanted)}, but got {shape}"
    if not isinstance(module, nn.modules.batchnorm._NormBase) or len(shape) < 2 or shape[1] != module.num_features:
        return
    if "Instance" in call.kind and math.prod(shape[2:]) == 1:
        yield f"takes the variance over the positions of each channel, but {shape} has only one position"
    elif "Batch" in call.kind and math.prod(shape) == shape[1] and module.training:
        yield f"takes, in training, the variance over batch and positions, but {shape} has one value for each channel"


def _of_a_state(call: Call) -> Iterator[str]:
    """The state of a recurrent layer, given for another batch or another number of layers."""
    module, states = call.module, call.inputs[1:]
    if not isinstance(module, nn.RNNBase) or not states:
        return
    shape = call.inputs[0].shape
    if len(shape) not in (2, 3) or shape[-1] != module.input_size:
        return
    batch = shape[0 if module.batch_first else 1 : 2][:1] if len(shape) == 3 else ()
    layers = module.num_layers * (2 if module.bidirectional else 1)
    wanted = (layers, *batch, module.proj_size or module.hidden_size)
    if states[0].shape != wanted:
        given = f"got {shape}, {f'a batch of {batch[0]}' if batch else 'one sequence without a batch axis'}"
        order = listed(["layers", *(["batch"] if batch else []), "features"])
        yield f"{given}, so its state must be {wanted} ({order}), but it is {states[0].shape}"


def _of_a_mode(call: Call) -> Iterator[str]:
    """A way to interpolate, or a size, for another number of axes."""
    if function_of(call) not in ("interpolate", "upsample"):
        return
    arguments, shape = arguments_of(call, ("input", "size", "scale_factor", "mode")), call.inputs[0].shape
    mode, axes = str(arguments.get("mode", "nearest")), len(shape) - 2
    meant = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}.get(mode)
    got = f"got {shape}, which has {count(max(axes, 0), 'spatial axis')}"
    for name in ("size", "scale_factor"):
        given = arguments.get(name)
        if isinstance(given, tuple | list) and len(given) != axes:
            numbers = f"{name}={tuple(given)} is for {count(len(given), 'spatial axis')}"
            yield f"{got} behind batch and channels, but {numbers}"
    if meant is not None and meant != axes:
        yield f"{got} behind batch and channels, but mode={mode!r} is for {meant}"


def _of_unpooling(case: Case, call: Call) -> Iterator[str]:
    """Places that were taken from larger maps than are made again."""
    module: Any = call.module
    if not isinstance(module, nn.modules.pooling._MaxUnpoolNd) or len(call.inputs) < 2:
        return
    pool = case.producer(call.inputs[1])
    axes = spatial_axes(call.kind) or 0
    if pool is None or not pool.inputs or axes != len(_each(module.kernel_size, axes)):
        return
    numbers = zip(
        call.inputs[0].shape[-axes:],
        *(_each(value, axes) for value in (module.stride, module.padding, module.kernel_size)),
        strict=True,
    )
    made = tuple((size - 1) * stride - 2 * padding + kernel for size, stride, padding, kernel in numbers)
    before = pool.inputs[0].shape[-axes:]
    if made != before:
        places = f"the places that it got from {named(pool)} belong to maps of {by(before)}"
        yield f"makes maps of {by(made)} from {call.inputs[0].shape}, but {places}"


def _each(value: Any, axes: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (int(value),) * axes
