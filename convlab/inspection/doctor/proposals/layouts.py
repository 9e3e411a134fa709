"""Other layouts and dtypes of an input: those that its first layer wants, and those that are always worth a trial."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import nn

from convlab.inspection.doctor.building import conversion
from convlab.inspection.doctor.case import ARITHMETIC, JOINS, VIEWS, Case, function_of, is_layer
from convlab.inspection.doctor.edits import Edit, change_of_input
from convlab.inspection.doctor.phrases import plain
from convlab.inspection.doctor.proposals.moves import FOR_A_VIEW, Move, in_order, moves_to
from convlab.inspection.doctor.wanted import Wanted, wanted_by
from convlab.inspection.record import Call, TensorInfo

_AS_IT_IS = Move("", "", 0.0)


def input_edits(case: Case) -> Iterator[Edit]:
    """Layouts and dtypes for each input that the first layer behind it wants.

    Example:
        >>> case = Case.of(nn.Conv2d(3, 8, 3), torch.zeros(16, 16, 3, dtype=torch.uint8))
        >>> [edit.code for edit in input_edits(case)]
        ['x = x.float() / 255', 'x = x.permute(2, 0, 1).unsqueeze(0).float() / 255']
    """
    for name in case.inputs:
        info, door = case.info(name), _door(case, name)
        wanted = wanted_by(door) if door is not None else None
        if door is None:
            continue
        moves = list(moves_to(info.shape, wanted)) if wanted is not None else []
        conversions = list(_conversions(case, info, wanted))
        if conversions:
            moves.append(_AS_IT_IS)
        elif wanted is not None and len(info.shape) == (wanted.spatial or 0) + 1:
            moves.append(Move(".unsqueeze(0)", "add the batch axis that is missing", 1.5))
        for move in _once(moves):
            for more in conversions or [_AS_IT_IS]:
                if move.text or more.text:
                    yield _moved(case, name, move, more)


def common_edits(case: Case) -> Iterator[Edit]:
    """Each axis of size 1 dropped, an axis added, two axes swapped; the dtype of the layer that failed.

    Example:
        >>> case = Case.of(nn.Sequential(nn.Flatten(), nn.Linear(8, 2)), torch.empty(8))
        >>> [edit.code for edit in common_edits(case)][0]
        'x = x.unsqueeze(0)'
    """
    call = case.failing
    yield from _dtype_of_the_layer(case)
    if is_layer(call) and function_of(call) in VIEWS:
        return
    for name, tensor in case.inputs.items():
        if tensor.is_floating_point():
            for move in _common_moves(tuple(tensor.shape)):
                if is_layer(call) and function_of(call) in (*JOINS, *ARITHMETIC) and "squeeze" in move.text:
                    continue  # it would run, and spread each of them over the other
                if move.text.startswith(".squeeze(") and _is_batch(case, name) and not _takes_fewer_axes(case, call):
                    continue  # it could run, and `torch.cat(..., 1)` would join along another axis
                yield _moved(case, name, move)


def _is_batch(case: Case, name: str) -> bool:
    """Whether an input has the axes and channels of a batch for the first layer behind it: (N, C, *spatial)."""
    door, shape = _door(case, name), case.info(name).shape
    wanted = wanted_by(door) if door is not None else None
    if wanted is None or not wanted.spatial or wanted.last or len(shape) != wanted.spatial + 2:
        return False
    return wanted.channels in (None, shape[1])


def _takes_fewer_axes(case: Case, call: Call) -> bool:
    """Whether a call may have failed since it got a batch: it takes fewer axes, or it is not known how many.

    A `cat` before it, which counts the axes from the first, is made for a batch.
    """
    if any(function_of(other) in JOINS for other in case.leaves):
        return False
    wanted = wanted_by(call)
    if wanted is None:
        return True
    return bool(wanted.spatial and call.inputs and len(call.inputs[0].shape) > wanted.spatial + 2)


def _moved(case: Case, name: str, move: Move, more: Move = _AS_IT_IS) -> Edit:
    """A move of an input, and another dtype for it."""
    words, cost = ", and ".join(filter(None, [move.words, more.words])), move.cost + more.cost
    edit = change_of_input(case, name, f"{name}{move.text}{more.text}", words, cost)
    if not move.in_order:
        return edit
    value = f"{name}{move.in_order}{more.text}"
    return replace(edit, in_order=change_of_input(case, name, value, f"{words}, {FOR_A_VIEW}", cost))


def _common_moves(shape: tuple[int, ...]) -> Iterator[Move]:
    rank = len(shape)
    for axis, size in enumerate(shape if rank > 2 else ()):
        if size == 1:
            yield Move(f".squeeze({axis})", f"drop axis {axis}, of size 1", 2.1)
    if rank <= 4:
        yield Move(".unsqueeze(0)", "add a batch axis", 2.1)
    if 1 <= rank <= 4:
        yield Move(".unsqueeze(1)", "add an axis of size 1 behind the first", 2.3)
    if rank >= 3:
        last_to_second = ", ".join(map(str, [0, rank - 1, *range(1, rank - 1)]))
        second_to_last = ", ".join(map(str, [0, *range(2, rank), 1]))
        if shape[-1] <= 4 or rank == 3:
            words = f"bring the last axis, of size {shape[-1]}, to axis 1"
            yield _common(f".permute({last_to_second})", words, 2.2, rank - 1, 1, shape)
        words = f"bring axis 1, of size {shape[1]}, to the end"
        yield _common(f".permute({second_to_last})", words, 2.3, 1, rank - 1, shape)
        words = f"swap axis 1 and axis 2, of sizes {shape[1]} and {shape[2]}"
        yield _common(".transpose(1, 2)", words, 2.3, 2, 1, shape)
    if rank == 3 and shape[-1] <= 4:
        yield _common(".permute(2, 0, 1)", "bring the last axis to the front", 2.0, 2, 0, shape)
    if rank >= 4 and shape[1] == 4:
        yield Move("[:, :3]", "keep the first 3 of the 4 channels", 2.2)


def _common(text: str, words: str, cost: float, axis: int, to: int, shape: tuple[int, ...]) -> Move:
    """A move of one axis, whose other form is at hand."""
    return Move(text, words, cost, in_order(text, axis, to, shape[axis]))


def _once(moves: list[Move]) -> list[Move]:
    """Each text once, the least costly first."""
    seen: dict[str, Move] = {}
    for move in sorted(moves, key=lambda move: move.cost):
        seen.setdefault(move.text, move)
    return list(seen.values())


def _door(case: Case, name: str) -> Call | None:
    """The first layer with a say; where the run did not come so far, the model's first layer."""
    door = case.door(name)
    if door is None and len(case.inputs) == 1:
        for part, module in case.model.named_modules():
            if isinstance(module, nn.modules.conv._ConvNd | nn.Linear):
                return Call(part, type(module).__name__, module)
    return door


def _conversions(case: Case, info: TensorInfo, wanted: Wanted | None) -> Iterator[Move]:
    """Another dtype, where the input's is not the one that the parameters have."""
    if wanted is not None and wanted.whole:
        if info.dtype.is_floating_point:
            yield Move(".long()", "make the indices integers", 0.5)
        return
    weight = next((parameter for parameter in case.model.parameters() if parameter.is_floating_point()), None)
    if weight is None or info.dtype == weight.dtype or (wanted is None and not info.dtype.is_floating_point):
        return
    yield _converted(info.dtype, weight.dtype)


def _converted(given: torch.dtype, dtype: torch.dtype) -> Move:
    """One dtype in place of another; a picture's is scaled, as is usual."""
    if given == torch.uint8:
        words = f"make it {plain(dtype)} from 0 to 1 in place of uint8 from 0 to 255"
        return Move(f"{conversion(dtype)} / 255", words, 0.5)
    return Move(conversion(dtype), f"make it {plain(dtype)}, as the layers are", 0.6)


def _dtype_of_the_layer(case: Case) -> Iterator[Edit]:
    """The dtype of the layer that failed, for inputs that came to it in another."""
    call = case.failing
    weight = next(iter(call.module.parameters()), None) if call.module is not None else None
    if weight is None or not call.inputs or not weight.is_floating_point():
        return
    given = call.inputs[0].dtype
    if given == weight.dtype or given.is_complex:
        return
    move = _converted(given, weight.dtype)
    for name, tensor in case.inputs.items():
        if tensor.dtype == given:
            yield change_of_input(case, name, f"{name}{move.text}", move.words, move.cost)
    dtypes = [parameter.dtype for parameter in case.model.parameters() if parameter.is_floating_point()]
    if len(set(dtypes)) > 1:
        usual = given if given in dtypes else max(set(dtypes), key=dtypes.count)
        words = f"Bring all parameters to one dtype, {plain(usual)}: some have another."
        yield Edit("model", f"model{conversion(usual)}", words, 0.9)
