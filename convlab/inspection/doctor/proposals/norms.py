"""Other arguments for norms, pools and pixel shuffles, and other layers in their place."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from torch import nn

from convlab.inspection.doctor.building import assignment, family, replaced
from convlab.inspection.doctor.case import Case, place
from convlab.inspection.doctor.edits import Edit
from convlab.inspection.doctor.phrases import arriving, by
from convlab.inspection.doctor.proposals.convolutions import outputs_before
from convlab.inspection.record import Call


def norm_edits(case: Case, call: Call) -> Iterator[Edit]:
    """Other channels for a norm; eval mode, or no norm, where there is nothing to take a variance of.

    Example:
        >>> import torch
        >>> case = Case.of(nn.BatchNorm2d(8), torch.empty(2, 4, 3, 3))
        >>> [edit.code for edit in norm_edits(case, case.failing)]
        ['model = nn.BatchNorm2d(4)']
    """
    module: Any = call.module
    shape, name = call.inputs[0].shape, place(call)
    if len(shape) < 2:
        return
    if isinstance(module, nn.LayerNorm):
        yield from _layer_norm(case, call)
        return
    argument = "num_channels" if isinstance(module, nn.GroupNorm) else "num_features"
    channels, built = shape[1], getattr(module, argument)
    known = family(module)
    if known is not None and len(shape) not in ((2, 3) if known[1] == 1 else (known[1] + 2,)):
        return
    if channels != built:
        changes: dict[str, Any] = {argument: channels}
        if isinstance(module, nn.GroupNorm) and channels % module.num_groups:
            changes["num_groups"] = math.gcd(channels, module.num_groups)
        yield replaced(case, call, f"Build `{name}` for {arriving(channels, 'channel')}", 2, **changes)
        yield from outputs_before(case, call, built, channels)
        if len(shape) == 3 and shape[-1] == built:
            words = f"Take LayerNorm for `{name}`, which norms the {built} features in the last axis"
            yield replaced(case, call, words, 2.2, nn.LayerNorm, normalized_shape=built)
    elif "Instance" in call.kind or (channels and math.prod(shape) == channels):
        if module.training and "Batch" in call.kind:
            words = "Put the model into eval mode, in which the statistics learned so far are used."
            yield Edit("model", "model.eval()", words, 1.2)
        code = assignment(case.model, call.name, "nn.Identity()")
        yield Edit(name, code, f"Leave out `{name}`: one value for each channel has no variance.", 3)


def pool_edits(case: Case, call: Call) -> Iterator[Edit]:
    """A window and a padding for a pool that fit what arrives.

    Example:
        >>> import torch
        >>> case = Case.of(nn.AvgPool2d(8), torch.empty(1, 4, 5, 5))
        >>> [edit.code for edit in pool_edits(case, case.failing)][:2]
        ['model = nn.AdaptiveAvgPool2d(1)', 'model = nn.AvgPool2d(5)']
    """
    module: Any = call.module
    known, shape, name = family(module), call.inputs[0].shape, place(call)
    if (
        known is None
        or known[0] not in ("AvgPool", "MaxPool", "LPPool")
        or len(shape) not in (known[1] + 1, known[1] + 2)
    ):
        return
    kind, axes = known
    sizes = shape[-axes:]
    kernel, padding = (_each(getattr(module, part, 0), axes) for part in ("kernel_size", "padding"))
    stride = _each(module.stride, axes) if module.stride is not None else kernel
    if any(2 * amount > size for amount, size in zip(padding, kernel, strict=True)):
        half = tuple(min(amount, size // 2) for amount, size in zip(padding, kernel, strict=True))
        yield replaced(case, call, f"Pad `{name}` by at most half of its window", 1.5, padding=half)
    if all(window <= size + 2 * amount for window, size, amount in zip(kernel, sizes, padding, strict=True)):
        return
    fitting = tuple(min(window, size) for window, size in zip(kernel, sizes, strict=True))
    windows = zip(stride, fitting, kernel, strict=True)
    steps = tuple(min(step, fits) if fits < window else step for step, fits, window in windows)
    if kind != "LPPool":
        code = assignment(case.model, call.name, f"nn.Adaptive{kind}{axes}d(1)")
        words = f"Let `{name}` pool the whole of what arrives, {by(sizes)}, whatever its size."
        yield Edit(name, code, words, 1.8 if max(kernel) > 3 else 4.5)
    words = f"Take a window for `{name}` that fits into {by(sizes)}"
    yield replaced(case, call, words, 2.5, kernel_size=fitting, stride=steps)
    yield replaced(case, call, f"Let `{name}` keep windows that are not full", 2.6, ceil_mode=True)


def pixel_shuffle_edits(case: Case, call: Call) -> Iterator[Edit]:
    """Channels for a pixel shuffle that its factor divides, or another factor.

    Example:
        >>> import torch
        >>> case = Case.of(nn.Sequential(nn.Conv2d(1, 18, 1), nn.PixelShuffle(4)), torch.empty(1, 1, 4, 4))
        >>> [edit.code for edit in pixel_shuffle_edits(case, case.failing)]
        ['model[0] = nn.Conv2d(1, 32, 1)', 'model[0] = nn.Conv2d(1, 16, 1)', 'model[1] = nn.PixelShuffle(3)']
    """
    module: Any = call.module
    shape, area = call.inputs[0].shape, module.upscale_factor**2
    channels = shape[-3] if len(shape) >= 3 else 0
    if not channels or channels % area == 0:
        return
    for wanted in (-(-channels // area) * area, channels // area * area):
        yield from outputs_before(case, call, wanted, channels)
    for factor in range(module.upscale_factor - 1, 1, -1):
        if channels % factor**2 == 0:
            parts = f"{channels} channels are {channels // factor**2} times {factor} x {factor}"
            words = f"Take a factor of {factor} for `{place(call)}`: {parts}"
            yield replaced(case, call, words, 3.5, upscale_factor=factor)


def _layer_norm(case: Case, call: Call) -> Iterator[Edit]:
    module: Any = call.module
    shape, axes, name = call.inputs[0].shape, len(module.normalized_shape), place(call)
    if tuple(shape[-axes:]) == module.normalized_shape:
        return
    if len(shape) > 2 and module.normalized_shape == (shape[1],):
        layer = f"nn.GroupNorm(1, {shape[1]})"
        words = f"Take {layer} for `{name}`: its channels are in axis 1, those of LayerNorm in the last."
        yield Edit(name, assignment(case.model, call.name, layer), words, 1.8)
        words = f"Build `{name}` for channels and positions, {shape[1:]}"
        yield replaced(case, call, words, 3, normalized_shape=shape[1:])
    else:
        yield replaced(case, call, f"Build `{name}` for what arrives", 2.4, normalized_shape=shape[-axes:])


def _each(value: Any, axes: int) -> tuple[int, ...]:
    """One number for each axis."""
    numbers = tuple(value) if isinstance(value, tuple | list) else (int(value),)
    return numbers if len(numbers) == axes else numbers[:1] * axes
