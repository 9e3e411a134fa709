"""What is known of the tensors of a record, and what a rule is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from convlab.arithmetic.receptive_field import ReceptiveField
from convlab.inspection.axis_seen import NOTHING, UNKNOWN
from convlab.inspection.calls import Call, Record, TensorInfo
from convlab.inspection.seen import Seen


class UnclearError(Exception):
    """Why a rule cannot say what the outputs of a call see.

    Example:
        >>> str(UnclearError("a mask"))
        'a mask'
    """


class Views:
    """What each tensor of a record sees of the inputs.

    Example:
        >>> from torch import empty, nn
        >>> from convlab.inspection import record
        >>> made = record(nn.ReLU(), [empty(1, 3, 32, device="meta")])
        >>> Views(made)[made.inputs[0]].shape
        (1, 3, 32)
    """

    def __init__(self, record: Record) -> None:
        shapes = [info.shape for info in record.inputs]
        self._seen = dict(zip((info.key for info in record.inputs), Seen.of_inputs(shapes), strict=True))
        self._constants = set(record.constants)
        self._num_axes = sum(map(len, shapes))
        self._lengths = [size for shape in shapes for size in shape]
        ends = list(itertools.accumulate(map(len, shapes)))
        self._inputs = [range(end - len(shape), end) for end, shape in zip(ends, shapes, strict=True)]
        self._spatial: dict[int, list[int]] = {}

    def __getitem__(self, info: TensorInfo) -> Seen:
        seen = self._seen.get(info.key)
        if seen is not None:
            return seen
        axis = NOTHING if info.key in self._constants else UNKNOWN
        return Seen.all_the_same(info.shape, [axis] * self._num_axes)

    def __setitem__(self, info: TensorInfo, seen: Seen) -> None:
        self._seen[info.key] = seen
        if all(axis is NOTHING for axis in seen.axes):
            self.constant(info)

    def depend(self, infos: Sequence[TensorInfo]) -> bool:
        """Whether any of these tensors depends on the inputs, or may do so."""
        return any(info.key not in self._constants for info in infos)

    def unknown(self, info: TensorInfo) -> Seen:
        """That nothing is known of a tensor."""
        return Seen.all_the_same(info.shape, [UNKNOWN] * self._num_axes)

    def constant(self, info: TensorInfo) -> None:
        """Note that a tensor does not depend on the inputs."""
        self._constants.add(info.key)

    def note_window(self, seen: Seen, dims: Sequence[int]) -> None:
        """Note that a window moves along these axes of a tensor: the spatial axes of each input are the first such."""
        moved = {factor for dim in dims for factor in seen.dims[dim]}
        for number, axes in enumerate(self._inputs):
            if number not in self._spatial:
                found = [axis for axis in axes if not moved.isdisjoint(seen.axes[axis].along)]
                if found:
                    self._spatial = dict(sorted({**self._spatial, number: found}.items()))

    def is_batch(self, dim: int, ndim: int) -> bool:
        """Whether an axis of a tensor of so many axes is that of the samples, as far as the windows tell."""
        spatial = max(map(len, self._spatial.values()), default=1)
        return dim == 0 and ndim > spatial + 1

    def windowed_input(self, infos: Sequence[TensorInfo]) -> tuple[int, list[int]]:
        """The number of the first input that the first tensor sees through windows, and its spatial axes there.

        The axes are counted from its own first one; there are none where the tensor sees no input through windows.
        """
        seen = self._seen.get(infos[0].key) if infos else None
        for number, axes in self._spatial.items():
            if seen is not None and any(seen.axes[axis] != NOTHING for axis in axes):
                return number, [axis - self._inputs[number].start for axis in axes]
        return 0, []

    def receptive_field(self, infos: Sequence[TensorInfo]) -> ReceptiveField | None:
        """The receptive field of the first of these tensors, on the first input that it sees through windows."""
        number, axes = self.windowed_input(infos)
        if not axes:
            return None
        places = [self._inputs[number].start + axis for axis in axes]
        seen = _in_place(self._seen[infos[0].key], places)
        along = [seen.axes[place].extent(self._lengths[place]) for place in places]
        if None in along:
            return None
        size, jump, start = zip(*filter(None, along), strict=True)
        return ReceptiveField(size, jump, start)

    def only(self, call: Call) -> Seen:
        """What the first tensor of a call sees, where no other depends on the inputs."""
        if not call.inputs or self.depend(call.inputs[1:]):
            raise UnclearError("another tensor depends on the inputs, too")
        return self[call.inputs[0]]


def _in_place(seen: Seen, places: Sequence[int]) -> Seen:
    """The same with one factor for each spatial axis of the tensor, and with the channels of one place together.

    After a pixel shuffle a row of pixels has two factors, of which the inner one comes from the channels. After the
    opposite, the channels are an inner factor of the rows.
    """
    channel = len(seen.shape) - len(places) - 1
    if channel < 0:
        return seen
    spatial = [set(factors) for factors in seen.dims[channel + 1 :]]
    for place in places:
        rest = set(seen.axes[place].along) - set(seen.dims[channel])
        if len(rest) < len(seen.axes[place].along) and any(rest and rest <= factors for factors in spatial):
            seen = seen.mixed({channel: seen.shape[channel]})
    for dim, factors in enumerate(spatial, start=channel + 1):
        if sum(not factors.isdisjoint(seen.axes[place].along) for place in places) == 1:
            seen = seen.single(dim)
    return seen


Rule: TypeAlias = "Callable[[Call, Views], Seen | Sequence[Seen]]"


def dims_of(value: Any, ndim: int) -> tuple[int, ...]:
    """The axes of a tensor that torch means by an int or by several, counted from 0; all of them for None.

    Example:
        >>> dims_of(-1, 4), dims_of((2, -1), 4), dims_of(None, 2)
        ((3,), (2, 3), (0, 1))
    """
    if value is None or value in ((), []):
        return tuple(range(ndim))
    return tuple(dim % ndim for dim in ((value,) if isinstance(value, int) else value))
