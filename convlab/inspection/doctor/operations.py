"""What is wrong with a view, a product, a join or an arithmetic operation, or with what stands for a tensor."""

from __future__ import annotations

import math
import re
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence
from torch.utils import _pytree as pytree

from convlab.inspection.doctor.case import JOINS, KEEPS_LAYOUT, Case, function_of
from convlab.inspection.doctor.phrases import count, listed, named, numbered, plain
from convlab.inspection.doctor.wanted import sizes_of_view
from convlab.inspection.record import Call, TensorInfo

_MOVES = ("permute", "transpose", "t", "T", "mT", "swapaxes", "swapdims", "movedim", "moveaxis")
"""What puts axes into another order, and leaves the elements where they are."""


def of_a_container(case: Case, call: Call) -> str | None:
    """A tuple, list or dict in the place of a tensor, and the call that gave it; None where a tensor came first.

    Example:
        >>> import torch
        >>> case = Case.of(nn.Sequential(nn.GRU(6, 8), nn.Linear(8, 2)), torch.empty(5, 3, 6))
        >>> of_a_container(case, case.failing)
        '`1` (Linear) takes a tensor as its first argument, but got a tuple with 2 tensors, (5, 3, 8) and (1, 3, 8). It
        comes from `0` (GRU), which returns its output and its last state.'
    """
    first = _first_argument(call)
    kinds = [kind.__name__ for kind in (PackedSequence, tuple, list, dict) if isinstance(first, kind)]
    number = sum(isinstance(leaf, Tensor | TensorInfo) for leaf in pytree.tree_leaves(first)) if kinds else 0
    if not number or (kinds[0] == "PackedSequence" and isinstance(call.module, nn.RNNBase)):
        return None
    held = call.inputs[:number]
    shapes = f", {listed([str(info.shape) for info in held])}" if number <= 3 else ""
    got = f"a {kinds[0]} with {count(number, 'tensor')}{shapes}"
    return f"{named(call)} takes a tensor as its first argument, but got {got}. {_giver(case, held)}".strip()


def _first_argument(call: Call) -> Any:
    """The first argument as the call got it: a layer's is still at hand in the frames that its error went through."""
    if call.module is None:
        refused = re.search(r"must be Tensor, not (tuple|list|dict)\b|got \((tuple|list|dict)\b", str(call.error))
        return next(iter(call.arguments[0]), None) if refused else None
    args: tuple[Any, ...] = ()
    trace = call.error.__traceback__ if call.error is not None else None
    while trace is not None:
        local, room = trace.tb_frame.f_locals, trace.tb_frame.f_globals.get("__name__")
        if room == nn.Module.__module__ and local.get("self") is call.module and isinstance(local.get("args"), tuple):
            args = local["args"]  # as the last hook that came before the layer left them
        trace = trace.tb_next
    return next(iter(args), None)


def _giver(case: Case, held: list[TensorInfo]) -> str:
    """The call that gave several tensors at once, in a sentence; "" where there is none."""
    keys = [info.key for info in held]
    given = [call for call in [*case.leaves, *case.record.model.walk()] if len(call.outputs) > 1]
    call = next((call for call in given if [info.key for info in call.outputs] == keys), None)
    if call is None:
        return ""
    returns = ", which returns its output and its last state" if isinstance(call.module, nn.RNNBase) else ""
    return f"It comes from {named(call)}{returns}."


def of_a_product(call: Call) -> str | None:
    """Two matrices that do not follow each other, or are of two dtypes; None where none of that is so.

    Example:
        >>> import torch
        >>> first, second = (TensorInfo(key, (key, 3, 3), torch.float32) for key in (2, 4))
        >>> of_a_product(Call("", "bmm", inputs=[first, second]))
        '`bmm` needs batches of equal size, but got (2, 3, 3) and (4, 3, 3), which differ in axis 0.'
    """
    first, second = call.inputs
    got = f"but got {first.shape} and {second.shape}"
    if first.dtype != second.dtype:
        return f"{named(call)} takes two tensors of one dtype, but got {plain(first.dtype)} and {plain(second.dtype)}."
    axes = {"mm": 2, "bmm": 3}.get(function_of(call))
    if axes is not None and {len(first.shape), len(second.shape)} != {axes}:
        return f"{named(call)} takes two tensors of {axes} axes, {got}."
    if not first.shape or not second.shape:
        return f"{named(call)} takes two tensors of at least one axis, {got}."
    if first.shape[-1] != second.shape[-2:][0]:
        follows = "the last but one" if len(second.shape) > 1 else "the only one"
        return f"{named(call)} needs the last axis of the first to be as long as {follows} of the second, {got}."
    batches = first.shape[:-2], second.shape[:-2]
    if axes == 3 and batches[0] != batches[1]:
        return f"{named(call)} needs batches of equal size, {got}, which differ in axis 0."
    pairs = zip(reversed(batches[0]), reversed(batches[1]), strict=False)
    if any(len({*pair, 1}) > 2 for pair in pairs):
        rule = "needs batches whose axes, counted from the last, are of equal size or of size 1"
        return f"{named(call)} {rule}, {got}: the batches are {batches[0]} and {batches[1]}."
    return None


def of_a_view(case: Case, call: Call) -> str | None:
    """A number of elements that does not come out, or an order that does not fit; None where it is none of that.

    Example:
        >>> import torch
        >>> sizes = ("x", -1, -1)
        >>> call = Call("", "view", inputs=[TensorInfo(1, (2, 3), torch.float32)], arguments=(sizes, {}))
        >>> of_a_view(Case.of(nn.ReLU(), torch.empty(2, 3)), call)
        '`view` got the sizes (-1, -1), but works out one size only: one of them may be -1.'
    """
    shape, sizes = call.inputs[0].shape, sizes_of_view(call)
    if not sizes:
        return None
    if min(sizes) < -1:
        return f"{named(call)} got the sizes {sizes}, but none may be less than -1."
    if sizes.count(-1) > 1:
        return f"{named(call)} got the sizes {sizes}, but works out one size only: one of them may be -1."
    number, known = math.prod(shape), math.prod(size for size in sizes if size != -1)
    asked = f"{call.kind}({', '.join(map(str, sizes))})"
    if -1 not in sizes and number != known:
        return f"{named(call)} asks for {count(known, 'element')} ({asked}), but the tensor {shape} has {number}."
    if -1 in sizes and not known:
        return f"{named(call)} cannot work out the -1 ({asked}) for the tensor {shape}: the other sizes multiply to 0."
    if -1 in sizes and number % known:
        multiple = f"a multiple of {count(known, 'element')}"
        return f"{named(call)} asks for {multiple} ({asked}), but the tensor {shape} has {number}."
    if "view size is not compatible" not in str(case.record.error):
        return None
    reason = "since its elements do not lie in order in memory, as after a slice, an expand or a permute, or in"
    reason += " channels_last; reshape and flatten copy them"
    if _is_permuted(case, call.inputs[0]):
        reason = "since a permute or transpose before it left the elements in another order in memory"
    return f"{named(call)} cannot show the tensor {shape} as {sizes} without copying, {reason}."


def _is_permuted(case: Case, tensor: TensorInfo) -> bool:
    """Whether axes longer than 1 were put into another order just before."""
    made = case.back(tensor, KEEPS_LAYOUT)[1]
    if made is None or function_of(made) not in _MOVES:
        return False
    before, after = ([size for size in shape if size > 1] for shape in (made.inputs[0].shape, tensor.shape))
    return before != after


def of_several(call: Call) -> str | None:
    """Tensors to be joined or added, of which an axis differs; None where none does.

    Example:
        >>> import torch
        >>> given = [TensorInfo(key, (1, key), torch.float32) for key in (2, 3)]
        >>> of_several(Call("", "cat", inputs=given))
        '`cat` joins along axis 0, so all other axes must be of equal size, but got (1, 2) and (1, 3), which differ in
        axis 1.'
    """
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
