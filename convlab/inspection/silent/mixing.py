"""Rules on calls that mix the samples of a batch: softmax, broadcasting, indices, cat."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from convlab.inspection.calls import Call, TensorInfo
from convlab.inspection.silent.axes import BATCH, Axes, Part, alone, length, roles
from convlab.inspection.silent.moves import (
    JOINS,
    REDUCTIONS,
    dims,
    joined_dim,
    kind_of,
    reduced_dims,
    taken_dims,
)
from convlab.inspection.silent.watch import Holds, Watch
from convlab.inspection.windows import named

_SOFTMAX = {"softmax", "log_softmax", "softmin", "gumbel_softmax"}
_DIFFERENCES = {"sub", "rsub", "eq", "ne", "lt", "gt", "le", "ge"}
_LOSSES = {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"}
_ELEMENTWISE = {"add", "radd", "mul", "rmul", "div", "truediv", "pow", "maximum", "minimum"} | _DIFFERENCES | _LOSSES


def mixing_rules(watch: Watch, call: Call, place: str) -> None:
    """Remarks on a call of a function, made after the call was followed.

    Example:
        >>> from torch import empty, nn
        >>> from convlab.inspection import record
        >>> from convlab.inspection.silent import remarks
        >>> model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=0))
        >>> [remark.layer for remark in remarks(record(model, [empty(8, 4, device="meta")]))]
        ['1']
    """
    kind = kind_of(call)
    if not call.outputs or not any(map(watch.meanings.origins, call.inputs)):
        return
    if kind in _SOFTMAX:
        _softmax(watch, call, place)
    elif kind in _ELEMENTWISE and len(call.inputs) > 1:
        _broadcast(watch, call, place)
    elif kind in JOINS - {"stack"}:
        _joined(watch, call, place)
    elif kind in ("getitem", "select") or kind in REDUCTIONS:
        _picked(watch, call)


def _is_there(*parts: Part) -> Holds:
    """Whether one of these parts is still among the axes of what the model gave back."""
    return lambda outputs: any(part in axis for axes in outputs for axis in axes for part in parts)


def _softmax(watch: Watch, call: Call, place: str) -> None:
    info, name = call.inputs[0], kind_of(call)
    axes, rank = watch.axes(info), len(info.shape)
    gumbel = name == "gumbel_softmax"
    asked = named(call, ("input", "tau", "hard", "eps", "dim") if gumbel else ("input", "dim")).get("dim", -1)
    implicit = asked is None
    chosen = dims((0 if rank in (0, 1, 3) else 1) if implicit else asked, rank)
    if not chosen:
        return
    number = chosen[0]
    axis = axes[number]
    samples = alone(axis)
    if number == 0 and rank > 1 and samples and samples.role in BATCH and (samples.size > 1 or samples.role == "batch"):
        if not any(samples in other for other in axes[1:]):
            says = f"{name} with no dim takes dim=0 of three axes" if implicit else f"{name} has dim=0"
            watch.say(
                "warning", place, "batch",
                f"{says}: the {samples.size} samples of {info.shape} share one sum of 1, and each result depends on "
                f"the other samples. Write dim=1 for classes on axis 1, dim=-1 for classes on the last axis.",
                _is_there(samples),
            )  # fmt: skip
    elif length(axis) == 1 and samples and samples.role in ("feature", "channel") and rank > 1:
        watch.say(
            "warning", place, "single",
            f"{name} goes over axis {number} of {info.shape}, which has a single element: whatever comes in, "
            f"{'0' if name == 'log_softmax' else '1'} comes out. Write sigmoid for one score, or give {samples.by} two "
            f"outputs.",
        )  # fmt: skip


def _broadcast(watch: Watch, call: Call, place: str) -> None:
    one, two = call.inputs[:2]
    reached = [info for info in (one, two) if watch.meanings.origins(info)]
    if len(reached) == 1:
        _constant(watch, call, place, reached[0], two if reached[0] is one else one)
    elif len(reached) == 2 and len(one.shape) != len(two.shape):
        high, low = sorted((one, two), key=lambda info: -len(info.shape))
        _against_each_other(watch, call, place, high, low)


def _against_each_other(watch: Watch, call: Call, place: str, high: TensorInfo, low: TensorInfo) -> None:
    """Samples on two axes of what comes out, because a tensor with fewer axes was filled up in front."""
    ahead = len(high.shape) - len(low.shape)
    axes, others = watch.axes(high), watch.axes(low)
    for number, axis in enumerate(others):
        samples = alone(axis)
        if samples is None or samples.role not in BATCH or samples.size == 1:
            continue
        where = next((place for place, axis in enumerate(axes) if samples in axis), number + ahead)
        pairs = kind_of(call) in _DIFFERENCES and len(others) > 1 and roles(axes[number + ahead]) == {"new"}
        if where == number + ahead or pairs or watch.root(high) == watch.root(low):
            continue
        watch.say(
            "warning", place, "batch",
            f"{kind_of(call)} broadcasts {high.shape} and {low.shape} to {_together(high, low)}: the {samples.size} "
            f"samples are on axis {where} of the one and meet axis {number + ahead} with the other, which mixes them. "
            f"Give both the same axes first, with squeeze or unsqueeze on one of them.",
        )  # fmt: skip


def _together(one: TensorInfo, two: TensorInfo) -> tuple[int, ...]:
    return tuple(torch.broadcast_shapes(one.shape, two.shape))


def _constant(watch: Watch, call: Call, place: str, info: TensorInfo, other: TensorInfo) -> None:
    """A parameter or constant that meets another axis than the one it was made for."""
    axes, constants = watch.axes(info), watch.axes(other)
    if not axes or not constants:
        return
    samples, is_state = alone(axes[0]), "state" in {role for axis in constants for role in roles(axis)}
    if len(axes) == len(constants) == 3 and samples and min(info.shape) > 1 and other.shape[2] == info.shape[2]:
        if other.shape[:2] == (1, info.shape[1]):
            samples.becomes("batch", place)  # the same for all of them
        elif other.shape[:2] == (samples.size, 1) and is_state:
            watch.say(
                "warning", place, "axis",
                f"{kind_of(call)} gives each of the {samples.size} samples of {info.shape} another row of "
                f"{other.shape}, and all {info.shape[1]} places along axis 1 the same. If the rows are for the "
                f"places, keep them as (1, places, {info.shape[2]}) and write pe[:, :x.size(1)].",
                lambda outputs: samples.role == "batch",
            )  # fmt: skip
    channels, last = alone(axes[min(1, len(axes) - 1)]), alone(axes[-1])
    if not is_state or len(constants) > 1 or len(axes) < 3 or channels is None or last is None:
        return
    same = channels.size == last.size == other.shape[0] > 1
    if same and (channels.role, last.role) == ("channel", "space") and not (channels.moved or last.moved):
        watch.say(
            "warning", place, "axis",
            f"{kind_of(call)} lines {other.shape} up with the last axis of {info.shape} and not with the "
            f"{channels.size} channels. For a number for each channel write .view(-1{', 1' * (len(axes) - 2)}).",
        )  # fmt: skip


def _joined(watch: Watch, call: Call, place: str) -> None:
    out = call.outputs[0]
    infos = {info.key: info for info in call.inputs}.values()
    if joined_dim(call, len(out.shape)) != 0 or len(infos) < 2 or not all(info.shape for info in infos):
        return
    fronts = {alone(watch.axes(info)[0]) for info in infos}
    samples, joined = next(iter(fronts)), alone(watch.axes(out)[0])
    same_input = frozenset.intersection(*map(watch.meanings.origins, infos))
    if len(fronts) == 1 and samples and joined and samples.role == "batch" and same_input:
        watch.say(
            "warning", place, "batch",
            f"{kind_of(call)} without dim=1 joins along the batch: the {samples.size} samples become {out.shape[0]}. "
            f"Write dim=1 to put the channels of each sample side by side.",
            _is_there(joined),
        )  # fmt: skip


def _picked(watch: Watch, call: Call) -> None:
    """One sample, or the mean of all, where the batch is on axis 1 and one thought of time."""
    info, reduces = call.inputs[0], kind_of(call) in REDUCTIONS
    axes = watch.axes(info)
    chosen = reduced_dims(call, len(axes)) if reduces else taken_dims(call, axes)
    samples = alone(axes[1]) if len(axes) > 1 and chosen == [1] else None
    if samples is None or samples.role != "batch" or samples.by not in watch.time_first or samples.size == 1:
        return
    if roles(axes[0]) != {"time"}:
        return
    watch.picked[info.key] = watch.picked.get(info.key, 0) + 1

    def batch_is_gone(outputs: Sequence[Axes]) -> bool:
        return watch.picked[info.key] == 1 and not any(samples in axis for axes in outputs for axis in axes)

    watch.say(
        "warning", samples.by, "batch",
        f"{samples.by} has batch_first=False: axis 0 of {info.shape} is time and axis 1 the batch. Behind it "
        f"{kind_of(call)} {'goes over' if reduces else 'takes one entry of'} axis 1, which mixes or drops samples. "
        f"Write batch_first=True if the batch is in front.",
        batch_is_gone,
    )  # fmt: skip
