"""Rules on views and squeezes that lose the batch, make other samples of it, or scatter what belongs together."""

from __future__ import annotations

import math
from collections.abc import Sequence

from convlab.inspection.calls import Call
from convlab.inspection.silent.axes import BATCH, Axes, alone, length, roles, scattered, with_role
from convlab.inspection.silent.groups import grouped, piece_of
from convlab.inspection.silent.meanings import NORMS
from convlab.inspection.silent.moves import RESHAPES, kind_of, window_axes
from convlab.inspection.silent.watch import Watch


def reshaping_rules(watch: Watch, call: Call, place: str) -> None:
    """Remarks on a call of a function that gives other axes, or works on them, made after the call was followed.

    Example:
        >>> from torch import empty, nn
        >>> from convlab.inspection import record
        >>> from convlab.inspection.silent import remarks
        >>> model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(0), nn.Linear(8 * 4 * 4, 2))
        >>> [remark.layer for remark in remarks(record(model, [empty(2, 1, 6, 6, device="meta")]))]
        ['1']
    """
    kind, info = kind_of(call), call.inputs[0]
    if not call.outputs or not watch.meanings.origins(info):
        return
    if kind in RESHAPES:
        if not _scattered(watch, call, place):
            _torn(watch, call, place)
    elif kind == "squeeze":
        _squeezed(watch, call, place)
    elif kind == "linear" or kind in NORMS or window_axes(call):
        _works_on(watch, call, watch.axes(info))


def _scattered(watch: Watch, call: Call, place: str) -> bool:
    """A view in the place of a transposition."""
    info, out = call.inputs[0], call.outputs[0]
    axes, kind = watch.axes(info), kind_of(call)
    order = scattered(axes, out.shape)
    if order is None or watch.maker.get(info.key, ("",))[0] in ("cat", "pad"):
        return False  # a pad and a view make a skew, on purpose
    numbers = [number for part in order for number, axis in enumerate(axes) if alone(axis) is part]
    known = len(numbers) == len(axes)  # and not, where an axis has several parts or none
    cure = f"x.permute({', '.join(map(str, numbers))})" if known else "the permute or transpose that is missing"
    watch.say(
        "warning", place, "order",
        f"{kind} makes {out.shape} of {info.shape} and leaves the numbers in their old order: no axis is moved, and "
        f"what belongs together is scattered. Write {cure} before the {kind}.",
    )  # fmt: skip
    return True


def _torn(watch: Watch, call: Call, place: str) -> None:
    """A view that makes other samples, or features of the samples."""
    info, out = call.inputs[0], call.outputs[0]
    axes, kind = watch.axes(info), kind_of(call)
    samples = alone(axes[0]) if axes and roles(axes[0]) & set(BATCH) else None
    if samples is None or not out.shape:
        return
    lead = watch.axes(out)[0]
    old = {part for axis in axes for part in axis}
    others = [part for part in lead if part.size > 1 and not piece_of(samples, part)]
    torn = any(part not in old or part.role == "channel" for part in others)
    colours = [length(axis) for axis in axes[1:]][:1] == [3] and len(axes) == 4 and len(out.shape) == 2
    other_samples = len(out.shape) > 1 and out.shape[0] != samples.size and not grouped(axes, watch.axes(out))
    if other_samples and others and (torn or colours):
        per = out.shape[0] / samples.size
        watch.split[lead] = (
            place,
            f"{kind} makes {out.shape} of {info.shape}: the batch of {samples.size} becomes one of {out.shape[0]}, and "
            f"each sample {per:g} rows, because {math.prod(out.shape[1:])} numbers were asked for and a sample has "
            f"{math.prod(info.shape[1:])}. Write x.flatten(1), and fit the next layer or the input's size to that.",
            samples,
        )  # fmt: skip
    for axis in watch.axes(out):
        if samples in axis and any(part.size > 1 for part in axis if part is not samples):
            watch.joined[axis] = (place, info)


def _works_on(watch: Watch, call: Call, axes: Axes) -> None:
    """A layer at work on samples of which a view made more, or on features among which there are samples."""
    if axes and axes[0] in watch.split:
        place, message, samples = watch.split.pop(axes[0])

        def never_restored(outputs: Sequence[Axes]) -> bool:
            return not any(alone(axis) is samples for axes in outputs for axis in axes)

        watch.say("warning", place, "batch", message, never_restored)
    if kind_of(call) == "linear" and axes and axes[-1] in watch.joined:
        place, info = watch.joined[axes[-1]]
        samples = with_role(axes[-1:], BATCH)[0]
        if samples.size > 1 or samples.role == "batch":
            watch.say(
                "warning", place, "batch",
                f"The batch of {samples.size} is flattened with the rest: {info.shape} becomes one row of "
                f"{length(axes[-1])} features. Write x.flatten(1), which leaves {length(axes[-1]) // samples.size} "
                f"features for each of the samples, and give the linear layer as many.",
            )  # fmt: skip


def _squeezed(watch: Watch, call: Call, place: str) -> None:
    info, out = call.inputs[0], call.outputs[0]
    axes = watch.axes(info)
    if len(call.arguments[0]) > 1 or call.arguments[1] or not axes:
        return
    sample = next((part for part in with_role(axes[:1], ("batch",)) if length(axes[0]) == 1), None)
    if sample:

        def batch_is_gone(outputs: Sequence[Axes]) -> bool:
            return not any(axes and "new" in roles(axes[0]) for axes in outputs)

        watch.say(
            "warning", place, "batch",
            f"squeeze() drops every axis of one element, and with a batch of one the batch too: {out.shape} comes out "
            f"of {info.shape}. Write x.flatten(1), or name the axes to drop.",
            batch_is_gone,
        )  # fmt: skip
