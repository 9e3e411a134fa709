"""The size formula of one recorded call, its numbers filled in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from convlab.inspection.calls import Call
from convlab.inspection.rules import WINDOWS
from convlab.inspection.rules.views import dims_of
from convlab.inspection.windows import named, window_of


def formula(call: Call) -> str:
    """How the sizes of a call's output come from those of its input, along each axis that changes; "" where none does.

    Axes of which the formulas are the same share one.

    Example:
        >>> from torch import empty, nn
        >>> from convlab.inspection import record
        >>> model = nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 120))
        >>> for call in record(model, [empty(1, 16, 10, 10, device="meta")]).model.walk():
        ...     print(formula(call)) if formula(call) else None
        floor((10 + 2*0 - 1*(2-1) - 1) / 2) + 1 = 5
        16*5*5 = 400
        400 -> 120
    """
    writer = _WRITERS.get(call.kind)
    if writer is None or not call.inputs or not call.outputs:
        return ""
    try:
        return "; ".join(dict.fromkeys(writer(call)))
    except (LookupError, TypeError, ValueError):  # arguments in an unusual form
        return ""


def _window(call: Call) -> Iterable[str]:
    window = window_of(call)
    if window is None:
        return
    sizes = call.inputs[0].shape[-len(window.kernel_size) :]
    for axis, size in enumerate(sizes):
        yield window.formula(axis, size)


def _linear(call: Call) -> Iterable[str]:
    yield f"{call.inputs[0].shape[-1]} -> {call.outputs[0].shape[-1]}"


def _reshape(call: Call) -> Iterable[str]:
    """The fewest neighbouring axes that have equally many elements before and after."""
    before, after = list(call.inputs[0].shape), list(call.outputs[0].shape)
    if 0 in before:
        return
    while before and after:
        left, right = [before.pop(0)], [after.pop(0)]
        while math.prod(left) != math.prod(right):
            shorter, rest = (left, before) if math.prod(left) < math.prod(right) else (right, after)
            shorter.append(rest.pop(0))
        if left == right:
            continue
        while not after and before and before[0] == 1:
            left.append(before.pop(0))
        yield f"{'*'.join(map(str, left))} = {'*'.join(map(str, right))}"


def _cat(call: Call) -> Iterable[str]:
    shape = call.outputs[0].shape
    arguments = named(call, ("tensors", "dim"))
    (dim,) = dims_of(arguments.get("dim", arguments.get("axis", 0)), len(shape))
    parts = [info.shape[dim] for info in call.inputs if len(info.shape) == len(shape)]
    yield f"{' + '.join(map(str, parts))} = {shape[dim]}"


def _split(call: Call) -> Iterable[str]:
    shape = call.inputs[0].shape
    (dim,) = dims_of(named(call, ("input", "how", "dim")).get("dim", 0), len(shape))
    yield f"{shape[dim]} = {' + '.join(str(info.shape[dim]) for info in call.outputs)}"


def _pad(call: Call) -> Iterable[str]:
    before, after = call.inputs[0].shape, call.outputs[0].shape
    amounts: Sequence[int] = named(call, ("input", "pad"))["pad"]
    for place in range(len(amounts) // 2 - 1, -1, -1):
        first, last = amounts[2 * place : 2 * place + 2]
        if first or last:
            terms = f"{before[-1 - place]} + {first} + {last}".replace("+ -", "- ")
            yield f"{terms} = {after[-1 - place]}"


def _given(call: Call) -> Iterable[str]:
    before, after = call.inputs[0].shape, call.outputs[0].shape
    for old, new in zip(before, after, strict=True):
        if old != new:
            yield f"{old} -> {new}"


def _interpolate(call: Call) -> Iterable[str]:
    before, after = call.inputs[0].shape[2:], call.outputs[0].shape[2:]
    factor = named(call, ("input", "size", "scale_factor")).get("scale_factor")
    if factor is None:
        yield from _given(call)
        return
    factors = factor if isinstance(factor, tuple | list) else (factor,) * len(before)
    for old, each, new in zip(before, factors, after, strict=True):
        yield f"floor({old}*{each:g}) = {new}"


def _shuffle(call: Call) -> Iterable[str]:
    before, after = call.inputs[0].shape[-3:], call.outputs[0].shape[-3:]
    up = call.kind == "pixel_shuffle"
    r = after[1] // before[1] if up else before[1] // after[1]
    signs = ("/", "*") if up else ("*", "/")
    yield f"{before[0]}{signs[0]}{r}^2 = {after[0]}"
    for old, new in zip(before[1:], after[1:], strict=True):
        yield f"{old}{signs[1]}{r} = {new}"


def _product(call: Call) -> Iterable[str]:
    one, two = call.inputs[-2:]
    rows, columns = ("x".join(map(str, info.shape[-2:])) for info in (one, two))
    yield f"({rows}) @ ({columns})"


_ADAPTIVE = [
    f"adaptive_{kind}_pool{n}d{end}" for kind in ("avg", "max") for n in (1, 2, 3) for end in ("", "_with_indices")
]
_WRITERS: dict[str, Callable[[Call], Iterable[str]]] = {
    **dict.fromkeys(WINDOWS, _window),
    **dict.fromkeys(["view", "reshape", "flatten", "unflatten", "ravel", "view_as", "reshape_as"], _reshape),
    **dict.fromkeys(["cat", "concat", "concatenate"], _cat),
    **dict.fromkeys(["split", "chunk", "split_with_sizes", "tensor_split"], _split),
    **dict.fromkeys(["matmul", "mm", "bmm", "__matmul__"], _product),
    **dict.fromkeys(["interpolate", "upsample"], _interpolate),
    **dict.fromkeys(["pixel_shuffle", "pixel_unshuffle"], _shuffle),
    **dict.fromkeys(_ADAPTIVE, _given),
    "linear": _linear,
    "pad": _pad,
}
