"""The axis along which tensors are joined: forgotten, or another than the one that was meant."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from convlab.inspection.doctor.case import (
    JOINS,
    KEEPS_CHANNELS,
    KEEPS_LAYOUT,
    VIEWS,
    Case,
    function_of,
    is_layer,
    place,
)
from convlab.inspection.doctor.edits import Edit
from convlab.inspection.doctor.lines import Line
from convlab.inspection.doctor.phrases import count
from convlab.inspection.doctor.wanted import Wanted, wanted_by
from convlab.inspection.record import Call, TensorInfo
from convlab.inspection.windows import named


def axis_edits(case: Case) -> Iterator[Edit]:
    """Another axis for the join that failed, or for the one before the layer that failed.

    Example:
        >>> import torch
        >>> __name__ = "net"  # as the code of a reader
        >>> class Net(torch.nn.Sequential):
        ...     def forward(self, x, y):
        ...         return self[0](torch.cat([x, y]))
        >>> case = Case.of(Net(torch.nn.Linear(8, 2)), torch.empty(2, 4), torch.empty(2, 4))
        >>> [edit.code for edit in axis_edits(case)]
        ['return self[0](torch.cat([x, y], dim=1))']
    """
    call = case.failing
    if not is_layer(call) or not call.inputs:
        return
    if function_of(call) in JOINS:
        yield from _where_they_differ(case, call)
        return
    wanted = wanted_by(call)
    joined, join = case.back(call.inputs[0], (*KEEPS_CHANNELS, "flatten", *VIEWS))
    if wanted is None or wanted.channels is None or join is None or function_of(join) not in JOINS:
        return
    flattened = len(joined.shape) != len(call.inputs[0].shape)
    for axis in [1] if flattened else _axes_of_channels(join.inputs[0], wanted):
        total = sum(given.shape[axis] for given in join.inputs if axis < len(given.shape))
        if axis != _axis(join) and (flattened or total == wanted.channels):  # of what is flattened, the trial tells
            thing = "feature" if wanted.last else "channel"
            words = f"which makes the {count(wanted.channels, thing)} that `{place(call)}` was built for"
            yield from _along(join, axis, words, "makes a new axis", 0.8)


def _where_they_differ(case: Case, call: Call) -> Iterator[Edit]:
    """The one axis along which the sizes differ; not a spatial axis of maps that are joined by their channels."""
    shapes = [given.shape for given in call.inputs]
    if len({len(shape) for shape in shapes}) != 1:
        return
    differing = [axis for axis, sizes in enumerate(zip(*shapes, strict=True)) if len(set(sizes)) > 1]
    by_channels = _axis(call) == 1 and not all(_features_last(case, given) for given in call.inputs)
    if len(differing) == 1 and differing[0] != _axis(call) and not (by_channels and differing[0] > 1):
        words = "the only one along which their sizes differ"
        yield from _along(call, differing[0], words, "takes tensors of one shape", 0.9 if differing[0] else 2.0)


def _axes_of_channels(given: TensorInfo, wanted: Wanted) -> list[int]:
    """Where a layer finds the channels of what is joined: in axis 1, of one sample in axis 0; features in the last too.

    Rows, (N, features), and one signal, (channels, length), look the same: they are taken for rows.
    """
    rank = len(given.shape)
    if wanted.last:
        return sorted({1, rank - 1}, reverse=True)
    return [0] if wanted.spatial and rank == wanted.spatial + 1 > 2 else [1]


def _features_last(case: Case, given: TensorInfo) -> bool:
    made = case.back(given, KEEPS_LAYOUT)[1]
    wanted = wanted_by(made) if made is not None else None
    return wanted is not None and wanted.last


def _axis(join: Call) -> int | None:
    """The axis along which tensors were joined; None for a stack, which makes one of its own."""
    if function_of(join) == "stack":
        return None
    arguments, rank = named(join, ("tensors", "dim")), len(join.inputs[0].shape)
    axis: int = arguments.get("dim", arguments.get("axis", 0))
    return axis + rank if axis < 0 else axis


def _along(join: Call, axis: int, words: str, stack: str, cost: float) -> Iterator[Edit]:
    """The line of a join with another axis; that of a stack with `cat`, what a stack does being said in `stack`."""
    line = Line.of(join)
    node = line.expression.node if line is not None else None
    if line is None or not isinstance(node, ast.Call):
        return
    name, stacked = line.function(), function_of(join) == "stack"
    if stacked and not name.endswith("stack"):
        return
    tensors = [line.text(given) for given in node.args[:1]]
    others = [f"{word.arg}={line.text(word.value)}" for word in node.keywords if word.arg not in ("dim", "axis")]
    word = next((word.arg for word in node.keywords if word.arg in ("dim", "axis")), "dim")
    given = [*tensors, str(axis), *others] if len(node.args) > 1 else [*tensors, *others, f"{word}={axis}"]
    if stacked:
        name, words = f"{name.removesuffix('stack')}cat", f"by `cat` along axis {axis}, {words}; `stack` {stack}"
    else:
        words = f"along axis {axis}, {words}"
    yield line.edit(f"join {words}", cost, f"{name}({', '.join(given)})")
