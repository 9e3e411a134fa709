"""Other channels and windows for a convolution, and other channels for the layers before it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from torch import nn

from convlab.inspection.doctor.building import in_front, replaced
from convlab.inspection.doctor.case import JOINS, KEEPS_CHANNELS, Case, function_of, place
from convlab.inspection.doctor.edits import Edit
from convlab.inspection.doctor.phrases import arriving, by, count
from convlab.inspection.doctor.proposals.paddings import padding_edits
from convlab.inspection.record import Call


def convolution_edits(case: Case, call: Call) -> Iterator[Edit]:
    """Other arguments for a convolution: paddings, channels, a window that fits.

    Example:
        >>> import torch
        >>> case = Case.of(nn.Sequential(nn.Conv1d(1, 4, 3), nn.Conv1d(8, 2, 3)), torch.empty(1, 1, 9))
        >>> [edit.code for edit in convolution_edits(case, case.failing)]
        ['model[1] = nn.Conv1d(4, 2, 3)', 'model[0] = nn.Conv1d(1, 8, 3)']
    """
    module: Any = call.module
    shape, axes = call.inputs[0].shape, len(module.kernel_size)
    yield from padding_edits(case, call)
    if len(shape) not in (axes + 1, axes + 2):
        return
    channels = shape[-axes - 1]
    if channels != module.in_channels or channels % module.groups:
        is_batch = len(shape) == axes + 1 and channels > 4  # then the first axis rather counts samples
        yield from _in_channels(case, call, channels, 4.0 if is_batch else 2.0)
        yield from outputs_before(case, call, module.in_channels, channels)
    elif not module.transposed:
        yield from _smaller_window(case, call)


def outputs_before(case: Case, call: Call, wanted: int, given: int) -> Iterator[Edit]:
    """Another number of outputs of the layer that made the channels or features.

    Args:
        case: The model that failed.
        call: The layer that got them.
        wanted: How many it is built for.
        given: How many it got.

    Example:
        >>> import torch
        >>> case = Case.of(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(5, 2)), torch.empty(1, 4))
        >>> [edit.code for edit in outputs_before(case, case.failing, 5, 3)]
        ['model[0] = nn.Linear(4, 5)']
    """
    _, origin = case.back(call.inputs[0], KEEPS_CHANNELS)
    if origin is None or origin is call or not wanted:
        return
    module: Any = origin.module
    words = f"Let `{place(origin)}` give the {wanted} {{}} that `{place(call)}` is built for"
    if isinstance(module, nn.modules.conv._ConvNd) and module.out_channels == given and wanted % module.groups == 0:
        yield replaced(case, origin, words.format("channels"), 3, out_channels=wanted)
    elif isinstance(module, nn.Linear) and module.out_features == given:
        yield replaced(case, origin, words.format("features"), 3, out_features=wanted)
    elif function_of(origin) in JOINS:
        yield from _outputs_of_a_part(case, call, origin, wanted - given)


def _outputs_of_a_part(case: Case, call: Call, joined: Call, missing: int) -> Iterator[Edit]:
    """Another number of outputs of a transposed convolution, one of the layers whose outputs were joined."""
    for part in joined.inputs:
        _, origin = case.back(part, KEEPS_CHANNELS)
        module: Any = origin.module if origin is not None else None
        if origin is None or not isinstance(module, nn.modules.conv._ConvTransposeNd):
            continue
        wanted = module.out_channels + missing
        if wanted > 0 and wanted % module.groups == 0:
            words = f"Let `{place(origin)}` give {wanted} channels, so that the joined ones fit `{place(call)}`"
            yield replaced(case, origin, words, 3, out_channels=wanted)


def _in_channels(case: Case, call: Call, channels: int, cost: float) -> Iterator[Edit]:
    """A layer for the channels that arrive, and one that brings them to those that it wants."""
    module: Any = call.module
    words = f"Build `{place(call)}` for {arriving(channels, 'channel')}"
    if module.groups == 1:
        yield replaced(case, call, words, cost, in_channels=channels)
        if channels in (1, 2, 3, 4) and case.is_given(call.inputs[0]):
            layer = f"nn.Conv{len(module.kernel_size)}d({channels}, {module.in_channels}, 1)"
            more = f"makes {count(module.in_channels, 'channel')} of {channels}"
            words = f"Put a convolution in front of `{place(call)}` that {more}"
            yield in_front(case, call, layer, words, 3.5)
        return
    groups = channels if module.groups == module.in_channels else math.gcd(module.groups, channels)
    out = module.out_channels
    if groups and out % groups:
        cost, out = cost + 1, channels * max(1, out // max(1, module.in_channels))
    changes: dict[str, Any] = {"in_channels": channels, "out_channels": out, "groups": groups}
    yield replaced(case, call, f"{words}, in {groups} groups", cost, **changes)


def _smaller_window(case: Case, call: Call) -> Iterator[Edit]:
    """A window that fits into what arrives, by padding or by the size of its kernel."""
    module: Any = call.module
    axes = len(module.kernel_size)
    padding, sizes, name = module.padding, call.inputs[0].shape[-axes:], place(call)
    if not len(padding) == len(module.stride) == axes or not all(isinstance(entry, int) for entry in padding):
        return
    windows = list(zip(module.kernel_size, module.dilation, padding, sizes, strict=True))
    reach = [step * (kernel - 1) + 1 for kernel, step, _, _ in windows]
    if all(most <= size + 2 * amount for most, (_, _, amount, size) in zip(reach, windows, strict=True)):
        return
    if max(module.dilation) > 1:
        closer = tuple(
            max(1, min(step, (size + 2 * more - 1) // max(1, kernel - 1))) for kernel, step, more, size in windows
        )
        words = f"Bring the taps of `{name}` closer together, so that its window fits into {by(sizes)}"
        yield replaced(case, call, words, 2.9, dilation=closer)
    missing = [max(amount, -(-(most - size) // 2)) for most, (_, _, amount, size) in zip(reach, windows, strict=True)]
    words = f"Let `{name}` pad what it gets, {by(sizes)}, to the size of its window at least, {by(reach)}"
    yield replaced(case, call, words, 3, padding=tuple(missing))
    fitting = tuple(max(1, min(kernel, (size + 2 * more - 1) // step + 1)) for kernel, step, more, size in windows)
    if len(set(module.kernel_size)) == 1:
        fitting = (min(fitting),) * axes
    yield replaced(case, call, f"Take a kernel for `{name}` that fits into {by(sizes)}", 3.2, kernel_size=fitting)
