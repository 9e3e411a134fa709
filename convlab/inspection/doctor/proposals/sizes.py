"""Other sizes of an input: padded, cropped, or resized."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import nn

from convlab.inspection.doctor.case import ARITHMETIC, JOINS, VIEWS, Case, function_of
from convlab.inspection.doctor.edits import Edit, change_of_input
from convlab.inspection.doctor.phrases import by
from convlab.inspection.doctor.wanted import wanted_by

_COMMON = (8, 16, 20, 24, 28, 32, 48, 56, 64, 96, 112, 128, 160, 192, 224, 256, 299, 384, 512)
"""Sides of pictures that networks are often built for."""
_MORE = (1, 2, 3, 4, 6, 8)
"""Elements that may be missing along one axis."""


def size_edits(case: Case) -> Iterator[Edit]:
    """Other sizes for each input that has spatial axes, those closest to its own first.

    Example:
        >>> case = Case.of(nn.Sequential(nn.Conv1d(1, 2, 3), nn.MaxPool1d(8)), torch.empty(1, 1, 7))
        >>> [edit.code for edit in size_edits(case)][:3]
        ['x = F.pad(x, (0, 1))', 'x = x[..., :6]', 'x = F.interpolate(x, size=(8,))']
    """
    if not is_about_sizes(case):
        return
    for name, tensor in case.inputs.items():
        axes = _spatial_axes(case, name)
        if axes and tensor.is_floating_point() and min(tensor.shape) > 0:
            yield from _multiples(case, name, axes)
            yield from _usual_sizes(case, name, axes)
            yield from _longer_axes(case, name, axes)
            if tensor.shape[0] == 1:
                words = "make it a batch of two, since training needs more than one value for each channel"
                yield change_of_input(case, name, f"torch.cat([{name}, {name}])", words, 4.0, "batch")


def length_edits(case: Case) -> Iterator[Edit]:
    """Longer inputs of integers, such as the words of a sentence.

    Example:
        >>> case = Case.of(nn.Sequential(nn.Embedding(9, 4), nn.Conv1d(4, 2, 3)), torch.zeros(1, 2, dtype=torch.int64))
        >>> [edit.code for edit in length_edits(case)][0]
        'x = F.pad(x, (0, 1))'
    """
    for name, tensor in case.inputs.items():
        if tensor.dim() == 2 and not tensor.is_floating_point() and tensor.dtype != torch.uint8:
            for number, more in enumerate(_MORE):
                words = f"pad the sequences from {tensor.shape[1]} to {tensor.shape[1] + more} elements"
                yield change_of_input(case, name, f"F.pad({name}, (0, {more}))", words, 2.0 + number / 50, "pad")


def is_about_sizes(case: Case) -> bool:
    """Whether other spatial sizes could help at the call that failed: not where channels or dtypes do not fit.

    Example:
        >>> is_about_sizes(Case.of(nn.Conv1d(1, 1, 3), torch.empty(1, 1, 2)))
        True
        >>> is_about_sizes(Case.of(nn.Conv1d(1, 1, 3), torch.empty(1, 2, 9)))
        False
    """
    call = case.failing
    if not call.inputs:
        return False
    function, shape, wanted = function_of(call), call.inputs[0].shape, wanted_by(call)
    weight = next(iter(call.module.parameters()), None) if call.module is not None else None
    dtypes = {given.dtype for given in call.inputs if given.dtype.is_floating_point}
    if len(dtypes) > 1 or (weight is not None and weight.dtype != call.inputs[0].dtype):
        return False
    if isinstance(call.module, nn.Linear):
        return len(shape) == 2
    if wanted is not None and wanted.spatial:
        fits = len(shape) in (wanted.spatial + 1, wanted.spatial + 2)
        return fits and wanted.channels in (None, shape[-wanted.spatial - 1])
    if function in (*JOINS, *ARITHMETIC):
        return len({len(given.shape) for given in call.inputs}) == 1
    return function in (*VIEWS, "pad") or "norm" in function or "unpool" in function


def _multiples(case: Case, name: str, axes: int) -> Iterator[Edit]:
    """Sizes that a power of two divides."""
    tensor = case.inputs[name]
    sizes = tuple(tensor.shape[-axes:])
    joins = len(case.failing.inputs) > 1 and case.failing.module is None
    padding = 2.6 if joins else 3.1  # a picture that is too small is resized rather than given a border
    for number, multiple in enumerate((2, 4, 8, 16, 32)):
        further, reason = number / 10, f", which {multiple} divides" if joins else ""
        up = tuple(-(-size // multiple) * multiple for size in sizes)
        down = tuple(size // multiple * multiple for size in sizes)
        if up != sizes:
            added = [new - old for old, new in zip(sizes, up, strict=True)]
            words = f"pad {by(sizes)} to {by(up)}{reason}"
            yield change_of_input(case, name, _padded(name, added), words, padding + further, "pad")
        if down != sizes and min(down):
            cut = ", ".join(f":{new}" if new != old else ":" for old, new in zip(sizes, down, strict=True))
            words = f"crop {by(sizes)} to {by(down)}{reason}"
            yield change_of_input(case, name, f"{name}[..., {cut}]", words, 2.7 + further, "crop")
        if up != sizes and tensor.dim() == axes + 2:
            words = f"resize {by(sizes)} to {by(up)}{reason}"
            yield change_of_input(case, name, f"F.interpolate({name}, size={up})", words, 2.9 + further, "resize")


def _usual_sizes(case: Case, name: str, axes: int) -> Iterator[Edit]:
    """Sizes that networks are often built for."""
    sizes = tuple(case.inputs[name].shape[-axes:])
    for number, other in enumerate(_others(sizes) if case.inputs[name].dim() == axes + 2 else ()):
        words = f"resize {by(sizes)} to {by(other)}"
        yield change_of_input(case, name, f"F.interpolate({name}, size={other})", words, 3.3 + number / 100, "resize")


def _longer_axes(case: Case, name: str, axes: int) -> Iterator[Edit]:
    """A few elements more along one axis."""
    tensor = case.inputs[name]
    for axis in range(axes):
        position = tensor.dim() - axes + axis
        size = tensor.shape[position]
        for number, more in enumerate(_MORE):
            added = [more if each == axis else 0 for each in range(axes)]
            words = f"pad axis {position} from {size} to {size + more}"
            yield change_of_input(case, name, _padded(name, added), words, 3.0 + number / 50, "pad")


def _padded(name: str, added: list[int]) -> str:
    """The call of `F.pad`, which begins with the last axis; zeros at its end say nothing."""
    amounts = [f"0, {more}" for more in reversed(added)]
    while amounts[-1] == "0, 0":
        amounts.pop()
    return f"F.pad({name}, ({', '.join(amounts)}))"


def _spatial_axes(case: Case, name: str) -> int:
    door = case.door(name)
    wanted = wanted_by(door) if door is not None else None
    rank = case.inputs[name].dim()
    axes = wanted.spatial if wanted is not None and wanted.spatial else rank - 2
    return axes if 1 <= axes <= 3 and rank >= axes + 1 else 0


def _others(sizes: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Up to the next power of two, one axis at a time, then all; then the usual squares, the closest first."""
    up = tuple(2 ** math.ceil(math.log2(size + 1)) for size in sizes)
    single = [(*sizes[:axis], up[axis], *sizes[axis + 1 :]) for axis in range(len(sizes))]
    double = tuple(2 * size for size in sizes)
    squares = [(side,) * len(sizes) for side in _COMMON if side <= 8 * max(sizes)]
    squares.sort(key=lambda square: abs(math.log(square[0] / max(sizes))))
    return [other for other in dict.fromkeys([*single, up, double, *squares]) if other != sizes]
