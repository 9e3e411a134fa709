"""What happened, in plain sentences: what arrived, and what was wanted."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import torch
from torch import nn

from convlab.inspection.doctor.case import ARITHMETIC, JOINS, PRODUCTS, VIEWS, Case, function_of, is_layer, weight_of
from convlab.inspection.doctor.checks import REDUCED
from convlab.inspection.doctor.deformable import of_offsets
from convlab.inspection.doctor.limits import own_rule
from convlab.inspection.doctor.origins import given_shapes, origin_of
from convlab.inspection.doctor.phrases import by, count, listed, named, numbered, plain
from convlab.inspection.doctor.wanted import Wanted, sizes_of_view, wanted_by
from convlab.inspection.record import Call
from convlab.inspection.windows import window_of

LETTERS = {1: ("N", "C", "L"), 2: ("N", "C", "H", "W"), 3: ("N", "C", "D", "H", "W")}


def explanation(case: Case) -> str:
    """Two or three sentences about the call that failed.

    Example:
        >>> import torch
        >>> explanation(Case.of(nn.Linear(4, 2), torch.empty(1, 5)))
        "`model` (Linear) got 5 features in the last axis of (1, 5), but was built for 4 (in_features=4). That is the
        model's input as it was given."
    """
    with suppress(ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return _explained(case)
    return f"{named(case.failing)} raised {_said(case)}"


def _explained(case: Case) -> str:
    call = case.failing
    if not is_layer(call):
        inputs = f" The input has the shape {given_shapes(case)}." if case.inputs else ""
        return f"The code of {named(call)} itself raised {_said(case)}{inputs}"
    if not call.inputs:
        return f"{named(call)} raised {_said(case)}"
    function = function_of(call)
    if function in VIEWS:
        what: str | None = _view(call)
    elif function in JOINS or function in ARITHMETIC:
        what = _pair(call)
    elif function in PRODUCTS and len(call.inputs) == 2:
        what = _product(call)
    else:
        what = _dtypes(call)
        own = own_rule(case, call) if what is None else None
        if own is not None:
            return own
        what = what or _layout(call)
        moved = of_offsets(case, call) if what is None else None
        if moved is not None:
            return moved
    what = what or f"{named(call)} got {_shapes(call)}, and torch says: {_said(case)}"
    return " ".join(filter(None, [what, origin_of(case, call)]))


def _layout(call: Call) -> str | None:
    """Axes, channels or sizes that are not those that a layer wants."""
    wanted, shape, name = wanted_by(call), call.inputs[0].shape, named(call)
    if wanted is None or not shape:
        return None
    if wanted.last:
        return _features(call, wanted)
    ranks, letters = _ranks(call, wanted)
    if ranks and len(shape) not in ranks:
        return f"{name} takes {letters}, but got {count(len(shape), 'axis')}: {shape}."
    axis = len(shape) - wanted.spatial - 1 if wanted.spatial and "Norm" not in call.kind else 1
    if wanted.channels is not None and len(shape) > axis and shape[axis] != wanted.channels:
        got = f"{name} got {count(shape[axis], 'channel')}, in axis {axis} of {shape}"
        if axis == 0:
            got += f", read as ({', '.join(LETTERS[wanted.spatial or 1][1:])}) without a batch"
        return f"{got}, but {_built_for(call, wanted.channels)}."
    return _too_small(call, shape[-wanted.spatial :]) if wanted.spatial else None


def _features(call: Call, wanted: Wanted) -> str | None:
    """Features in the last axis that are not those that a layer wants."""
    shape, name = call.inputs[0].shape, named(call)
    argument = {"Linear": "in_features", "MultiheadAttention": "embed_dim"}.get(call.kind, "input_size")
    if wanted.spatial and len(shape) not in (2, 3):
        layout = "(steps, batch, features)" if wanted.sequence_first else "(batch, steps, features)"
        return f"{name} takes {layout}, but got {count(len(shape), 'axis')}: {shape}."
    if wanted.channels is None or shape[-1] == wanted.channels:
        return None
    got = f"{name} got {count(shape[-1], 'feature')} in the last axis of {shape}"
    if call.module is None:
        return f"{got}, but its weight {call.inputs[1].shape} takes {wanted.channels}."
    return f"{got}, but was built for {wanted.channels} ({argument}={wanted.channels})."


def _ranks(call: Call, wanted: Wanted) -> tuple[tuple[int, ...], str]:
    """The numbers of axes that a layer takes, and their letters."""
    axes = wanted.spatial
    if not axes:
        return (), ""
    letters = LETTERS[axes]
    if "BatchNorm" in call.kind:
        return ((2, 3), "(N, C) or (N, C, L)") if axes == 1 else ((axes + 2,), f"({', '.join(letters)})")
    return (axes + 1, axes + 2), f"({', '.join(letters)}) or, without a batch, ({', '.join(letters[1:])})"


def _built_for(call: Call, channels: int) -> str:
    """The channels that a layer takes, and where that is said."""
    for argument in ("in_channels", "num_features", "num_channels"):
        if hasattr(call.module, argument):
            return f"was built for {channels} ({argument}={getattr(call.module, argument)})"
    weight, window = weight_of(call), window_of(call)
    groups = f" in {window.groups} groups" if window is not None and window.groups > 1 else ""
    return f"its weight {weight.shape}{groups} takes {channels}" if weight is not None else f"takes {channels}"


def _dtypes(call: Call) -> str | None:
    """Two dtypes that do not go together."""
    given = call.inputs[0].dtype
    if isinstance(call.module, nn.Embedding):
        return f"{named(call)} looks up integers, but got {plain(given)}." if given.is_floating_point else None
    weight: Any = next(iter(call.module.parameters()), None) if call.module is not None else weight_of(call)
    if weight is None or weight.dtype == given or ("Norm" in call.kind and given in REDUCED):
        return None
    if torch.is_autocast_enabled("cpu") or torch.is_autocast_enabled("cuda"):
        return None  # which converts
    got = f"has a weight of {plain(weight.dtype)}, but got a tensor of {plain(given)}"
    return f"{named(call)} {got}; torch does not convert one into the other."


def _product(call: Call) -> str:
    """Two matrices that do not follow each other, or are of two dtypes."""
    first, second = call.inputs
    if first.dtype != second.dtype:
        return f"{named(call)} takes two tensors of one dtype, but got {plain(first.dtype)} and {plain(second.dtype)}."
    rule = "the last axis of the first to be as long as the last but one of the second"
    return f"{named(call)} needs {rule}, but got {first.shape} and {second.shape}."


def _view(call: Call) -> str | None:
    """A number of elements that does not come out, or an order that does not fit."""
    shape, sizes = call.inputs[0].shape, sizes_of_view(call)
    if not sizes:
        return None
    number, known = math.prod(shape), math.prod(size for size in sizes if size > 0)
    asked = f"{call.kind}({', '.join(map(str, sizes))})"
    if -1 not in sizes and number != known:
        return f"{named(call)} asks for {count(known, 'element')} ({asked}), but the tensor {shape} has {number}."
    if -1 in sizes and known and number % known:
        multiple = f"a multiple of {count(known, 'element')}"
        return f"{named(call)} asks for {multiple} ({asked}), but the tensor {shape} has {number}."
    reason = "since a permute or transpose before it left the elements in another order in memory"
    return f"{named(call)} cannot show the tensor {shape} as {sizes} without copying, {reason}."


def _pair(call: Call) -> str | None:
    """Tensors to be joined or added, of which an axis differs."""
    shapes = [given.shape for given in call.inputs]
    joins, longest, shortest = function_of(call) in JOINS, max(map(len, shapes)), min(map(len, shapes))
    got = f"but got {listed(list(map(str, shapes)))}"
    if joins and longest > shortest:
        return f"{named(call)} joins tensors with the same number of axes, {got}."
    if joins:
        along = _joined_axis(call) % longest
        axes = [axis for axis in range(longest) if axis != along and len({shape[axis] for shape in shapes}) > 1]
        rule = f"joins along axis {along}, so all other axes must be of equal size"
    else:
        from_last = range(-shortest, 0)
        axes = [longest + axis for axis in from_last if len({shape[axis] for shape in shapes} | {1}) > 2]
        rule = "goes element by element, so each axis, counted from the last, must be of equal size or of size 1"
    if not axes:
        return None
    return f"{named(call)} {rule}, {got}, which differ in {numbered('axis', axes)}."


def _joined_axis(call: Call) -> int:
    positional, by_name = call.arguments
    axis = by_name.get("dim", by_name.get("axis", positional[1] if len(positional) > 1 else 0))
    return axis if isinstance(axis, int) else 0


def _too_small(call: Call, sizes: tuple[int, ...]) -> str | None:
    """A window larger than what it slides over."""
    window: Any = window_of(call) or call.module
    if not hasattr(window, "kernel_size") or "transpose" in call.kind.lower():
        return None
    axes = len(sizes)
    padding = getattr(window, "padding", 0)
    if isinstance(padding, tuple) and padding and isinstance(padding[0], tuple):
        padding = tuple(before for before, _ in padding)
    numbers = [_each(value, axes) for value in (window.kernel_size, padding, getattr(window, "dilation", 1))]
    if not all(len(each) == axes and all(isinstance(number, int) for number in each) for each in numbers):
        return None
    kernel, padding, dilation = numbers
    reach = tuple(step * (size - 1) + 1 for size, step in zip(kernel, dilation, strict=True))
    padded = tuple(size + 2 * amount for size, amount in zip(sizes, padding, strict=True))
    if all(most <= size for most, size in zip(reach, padded, strict=True)):
        return None
    with_padding = f", {by(padded)} with its padding" if any(padding) else ""
    return f"{named(call)} slides a window of {by(reach)}, but what arrives has only {by(sizes)}{with_padding}."


def _each(value: Any, axes: int) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,) * axes


def _said(case: Case) -> str:
    """The first line of what torch says."""
    error = case.record.error
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].strip().rstrip(".") + "."


def _shapes(call: Call) -> str:
    return listed([str(given.shape) for given in call.inputs[:3]])
