"""What the axes of every tensor in a run hold: batch, channels, space, time, features; followed from call to call."""

from __future__ import annotations

from collections.abc import Sequence

from convlab.inspection.calls import Call, Record, TensorInfo
from convlab.inspection.silent.axes import (
    BATCH,
    Axes,
    Axis,
    Part,
    Role,
    alone,
    broadcast,
    length,
    roles,
    with_role,
)
from convlab.inspection.silent.groups import viewed
from convlab.inspection.silent.moves import MOVES, RESHAPES, kind_of, window_axes

NORMS = {"batch_norm", "instance_norm", "group_norm", "local_response_norm"}
RECURRENT = {"lstm", "gru", "rnn_tanh", "rnn_relu"}
_SPACE: tuple[Role, ...] = ("space",) * 3
ATTENTION = "multi_head_attention_forward"


class Meanings:
    """The axes of the tensors of a run, as far as the calls that were followed tell.

    Args:
        record: The run.

    Example:
        >>> from torch import empty, nn
        >>> from convlab.inspection import record
        >>> made = record(nn.Conv1d(3, 8, 3), [empty(4, 3, 20, device="meta")])
        >>> meanings = Meanings(made)
        >>> meanings.follow(made.model.calls[0], "model")
        >>> [axis[0].role for axis in meanings.of(made.model.outputs[0])]
        ['batch', 'channel', 'space']
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._axes: dict[int, Axes] = {}
        self._origins: dict[int, frozenset[int]] = {}
        ranked = [info for info in record.inputs if len(info.shape) > 1]
        samples = Part(ranked[0].shape[0], "first", given=True) if ranked else None
        for info in record.inputs:
            axes = [(Part(size, given=True),) for size in info.shape]
            if samples and info.shape and info.shape[0] == samples.size:
                axes[0] = (samples,)
            elif len(info.shape) > 1:
                axes[0] = (Part(info.shape[0], "first", given=True),)
            self._axes[info.key] = tuple(axes)
            self._origins[info.key] = frozenset([info.key])

    def of(self, info: TensorInfo) -> Axes:
        """The axes of a tensor; those of one that no input reached are state or constant."""
        if info.key not in self._axes:
            role: Role = "state" if info.key in self._record.parameters else "constant"
            self._axes[info.key] = tuple((Part(size, role),) for size in info.shape)
        return self._axes[info.key]

    def origins(self, info: TensorInfo) -> frozenset[int]:
        """The keys of the inputs that reached a tensor."""
        return self._origins.get(info.key, frozenset())

    def follow(self, call: Call, place: str) -> None:
        """Writes down the axes of what comes out of a call of a function, made at this place."""
        origins = frozenset[int]().union(*map(self.origins, call.inputs))
        for number, info in enumerate(call.outputs):
            axes = self._output(call, place, info, number) if call.inputs else None
            if axes is None or tuple(map(length, axes)) != info.shape:
                axes = self._guess(call, info)
            self._axes[info.key] = axes
            self._origins[info.key] = origins

    def _guess(self, call: Call, info: TensorInfo) -> Axes:
        """The axes of what an unknown function gives: the samples mostly stay in front, the rest may be anything."""
        axes: list[Axis] = [(Part(size),) for size in info.shape]
        if kind_of(call) not in RESHAPES and len(axes) > 1:
            for given in call.inputs:
                before = self.of(given)
                if before and roles(before[0]) & set(BATCH) and given.shape[0] == info.shape[0]:
                    return (before[0], *axes[1:])
        return tuple(axes)

    def _output(self, call: Call, place: str, info: TensorInfo, number: int) -> Axes | None:
        kind, window = kind_of(call), window_axes(call)
        operands = [self.of(given) for given in call.inputs]
        axes = operands[0]
        features: Axis = (Part(info.shape[-1] if info.shape else 1, "feature", place),)
        if window:
            return _windowed(axes, info, place, *window)
        if kind in RESHAPES:
            return viewed(call, axes, info.shape)
        if kind in MOVES:
            return MOVES[kind](call, operands, info)
        if kind in RECURRENT:
            return _recurrent(call, axes, info, place, number)
        if kind in NORMS:
            declare(axes, ("batch", "channel", *_SPACE), place)
            return axes
        if kind == "linear":
            declare(axes[-1:], ("feature",), place)
            return (*axes[:-1], features)
        if kind == "embedding":
            return (*axes, features)
        if kind == ATTENTION and number == 0:
            if len(axes) == 3:
                declare(axes, ("time", "batch", "feature"), place)
            return (*axes[:-1], features)
        if any(len(operand) > len(info.shape) for operand in operands):
            return None
        return broadcast(operands)


def batch_first(call: Call) -> bool | None:
    """Whether a recurrent function has the batch in front; None for packed sequences.

    Example:
        >>> batch_first(Call("", "gru", arguments=((0, 1, [], True, 1, 0.0, True, False, False), {})))
        False
    """
    positional = call.arguments[0]
    plain = len(positional) == 9 and isinstance(positional[2], list)
    return bool(positional[8]) if plain else None


def declare(axes: Axes, wanted: Sequence[Role], place: str) -> None:
    """Gives the axes these roles, as a layer at this place takes them; an axis joined from several stays as it is.

    Example:
        >>> axes = ((Part(2, "first", given=True),), (Part(8),), (Part(3), Part(5)))
        >>> declare(axes, ("batch", "channel", "space"), "conv1")
        >>> [part.role for axis in axes for part in axis]
        ['batch', 'channel', '', '']
    """
    for axis, role in zip(axes, wanted, strict=False):
        part = alone(axis)
        if part:
            part.becomes(role, place)


def _windowed(axes: Axes, info: TensorInfo, place: str, family: str, ndim: int) -> Axes | None:
    lead, inner = axes[: -ndim - 1], axes[-ndim - 1]
    declare(axes if lead else ((), *axes), ("batch", "channel", *_SPACE), place)
    space: list[Axis] = [(Part(size, "space", place),) for size in info.shape[-ndim:]]
    if family == "pool":
        return (*lead, inner, *space)
    channels = info.shape[-ndim - 1]
    samples = with_role([inner], BATCH)
    if len(inner) > 1 and samples and channels % samples[0].size == 0:  # a group of channels for each sample
        return (*lead, (samples[0], Part(channels // samples[0].size, "channel", place)), *space)
    return (*lead, (Part(channels, "channel", place),), *space)


def _recurrent(call: Call, axes: Axes, info: TensorInfo, place: str, number: int) -> Axes | None:
    first = batch_first(call)
    if first is None or len(axes) != 3:
        return None
    declare(axes, ("batch", "time", "feature") if first else ("time", "batch", "feature"), place)
    features: Axis = (Part(info.shape[-1], "feature", place),)
    return (*axes[:2], features) if number == 0 else ((Part(info.shape[0]),), axes[0 if first else 1], features)
