"""What happened, in plain sentences: what arrived, and what was wanted."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import torch
from torch import nn

from convlab.inspection.doctor.case import ARITHMETIC, JOINS, PRODUCTS, VIEWS, Case, function_of, is_layer, weight_of
from convlab.inspection.doctor.checks import REDUCED
from convlab.inspection.doctor.deformable import of_offsets
from convlab.inspection.doctor.limits import own_rule
from convlab.inspection.doctor.operations import of_a_container, of_a_product, of_a_view, of_several
from convlab.inspection.doctor.origins import given_shapes, origin_of
from convlab.inspection.doctor.phrases import by, count, listed, named, plain
from convlab.inspection.doctor.wanted import Wanted, wanted_by
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
        return _no_tensor(case) or f"{named(call)} raised {_said(case)}"
    container = of_a_container(case, call)
    if container is not None:
        return container
    function = function_of(call)
    if function in VIEWS:
        what: str | None = of_a_view(case, call)
    elif function in JOINS or function in ARITHMETIC:
        what = of_several(call)
    elif function in PRODUCTS and len(call.inputs) == 2:
        what = of_a_product(call)
    else:
        what = _dtypes(call)
        own = own_rule(case, call) if what is None else None
        if own is not None:
            return own
        what = what or _layout(call)
        moved = of_offsets(case, call) if what is None else None
        if moved is not None:
            return moved
        if what is None and len({given.key for given in call.inputs}) > 1:
            return _not_known(case, call)  # any of them may be at fault
    what = what or _not_known(case, call)
    return " ".join(filter(None, [what, origin_of(case, call)]))


def _no_tensor(case: Case) -> str | None:
    """A convolution that got no tensor at all: torch lists the types of all arguments, in many lines."""
    call, text = case.failing, str(case.record.error)
    found = re.match(r"conv\w+\(\) received an invalid combination of arguments - got \(([\w.]+)", text)
    if found is None or found[1].endswith(("Tensor", "Parameter")):
        return None
    return f"{named(call)} takes a tensor, but got {'None' if found[1] == 'NoneType' else f'a {found[1]}'}."


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


def _not_known(case: Case, call: Call) -> str:
    """What a call got, and what torch says of it."""
    return f"{named(call)} got {_shapes(call)}, and torch says: {_said(case)}"


def _said(case: Case) -> str:
    """The first line of what torch says."""
    error = case.record.error
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].strip().rstrip(".") + "."


def _shapes(call: Call) -> str:
    return listed([str(given.shape) for given in call.inputs[:3]])
