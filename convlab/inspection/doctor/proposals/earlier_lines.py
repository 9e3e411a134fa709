"""Lines of the reader's forward before the failing one that change axes: left out, or written with a batch in mind."""

from __future__ import annotations

import math
from collections.abc import Iterator

from convlab.inspection.doctor.case import ARITHMETIC, KEEPS_FEATURES, VIEWS, Case, function_of, is_layer
from convlab.inspection.doctor.edits import Edit
from convlab.inspection.doctor.lines import Line
from convlab.inspection.doctor.proposals.views import pool_first
from convlab.inspection.doctor.wanted import wanted_by
from convlab.inspection.record import Call

_MOVES = ("unsqueeze", "squeeze", "transpose", "permute", "getitem", "movedim", "mean", "sum", "T", "mT")
_FLATTENS = ("flatten", *VIEWS)


def earlier_edits(case: Case) -> Iterator[Edit]:
    """Changes of lines that ran, but left something that the failing layer cannot take.

    Example:
        >>> import torch
        >>> __name__ = "net"  # as the code of a reader
        >>> class Net(torch.nn.Sequential):
        ...     def forward(self, x):
        ...         x = x.transpose(1, 2)
        ...         return self[0](x)
        >>> case = Case.of(Net(torch.nn.Linear(4, 2)), torch.empty(2, 3, 4))
        >>> [edit.code for edit in earlier_edits(case)]
        ['x = x']
    """
    if not is_layer(case.failing):
        return
    for call in reversed(case.leaves):
        if call is case.failing or call.module is not None or not call.inputs or not call.outputs:
            continue
        function = function_of(call)
        line = Line.of(call) if function in (*_MOVES, *ARITHMETIC, *_FLATTENS) else None
        if line is None or not line.operands:
            continue
        if function == "squeeze":
            yield from _squeezed_batch(call, line)
        if function in _MOVES:
            yield from _left_out(call, line)
        elif function in ARITHMETIC:
            yield from _spread(case, call, line)
        else:
            yield from _flattened_batch(call, line)
    yield from _pooled_before_flatten(case)


def _left_out(call: Call, line: Line) -> Iterator[Edit]:
    """The tensor as it was before the move."""
    before, after, function = call.inputs[0].shape, call.outputs[0].shape, function_of(call)
    if before != after:
        what = "the index" if function == "getitem" else f"`{function}`"
        yield line.edit(f"leave out {what}, which makes {after} of {before}", 2.4, line.bracketed(0))


def _squeezed_batch(call: Call, line: Line) -> Iterator[Edit]:
    """A squeeze() that drops a batch of one together with other axes."""
    before, after = call.inputs[0].shape, call.outputs[0].shape
    if before and before[0] == 1 and len(after) < len(before) - 1:
        words = "flatten everything but the batch: a squeeze() without an axis also drops a batch of one"
        yield line.edit(words, 1.0, f"torch.flatten({line.operands[0]}, 1)")


def _spread(case: Case, call: Call, line: Line) -> Iterator[Edit]:
    """A factor for each sample that was spread over another axis."""
    if len(call.inputs) != 2 or len(line.operands) != 2:
        return
    shapes, out = [given.shape for given in call.inputs], call.outputs[0].shape
    low, high = sorted((0, 1), key=lambda index: len(shapes[index]))
    small, large = shapes[low], shapes[high]
    if len(small) == len(large) or out == large or not large or math.prod(small) != large[0]:
        return
    reshaped = f".reshape(-1, {', '.join(['1'] * (len(large) - 1))})"
    words = f"give each of the {large[0]} samples its number of `{line.operands[low]}`, {small}"
    yield line.operand(low, words, 1.2, f"{line.bracketed(low)}{reshaped}")
    made = case.producer(call.inputs[low])
    before = Line.of(made) if made is not None and function_of(made) in ("unsqueeze", *VIEWS) else None
    if before is not None and before.operands:
        yield before.edit(words, 1.1, f"{before.bracketed(0)}{reshaped}")


def _flattened_batch(call: Call, line: Line) -> Iterator[Edit]:
    """A flatten that took the batch along, or that was not meant to change the number of samples."""
    before, after = call.inputs[0].shape, call.outputs[0].shape
    if len(before) < 2 or not after or after[0] == before[0]:
        return
    words = f"flatten everything but the batch of {before[0]}, which became {after[0]}"
    yield line.edit(words, 1.0, f"torch.flatten({line.operands[0]}, 1)")
    if line.function() and function_of(call) != "flatten":
        yield line.edit(words, 1.6, f"{line.bracketed(0)}.flatten(1)")


def _pooled_before_flatten(case: Case) -> Iterator[Edit]:
    """An adaptive pool in the line that flattens maps for a linear layer."""
    call = case.failing
    asked = wanted_by(call)
    if not call.inputs or asked is None or not asked.last or not asked.channels:
        return
    _, flatten = case.back(call.inputs[0], KEEPS_FEATURES)
    if flatten is None or flatten.module is not None or function_of(flatten) not in _FLATTENS:
        return
    line = Line.of(flatten)
    if line is not None and line.operands:
        yield from pool_first(line, flatten.inputs[0].shape, asked.channels, 2.4)
