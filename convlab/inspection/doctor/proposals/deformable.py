"""Other arguments for a deformable convolution, and other layers for the offset and the mask that it is given."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import Any

from torch import nn

from convlab.inspection.doctor.building import literal, replaced
from convlab.inspection.doctor.case import KEEPS_CHANNELS, Case, is_one_of, place
from convlab.inspection.doctor.deformable import Deforming
from convlab.inspection.doctor.edits import Edit
from convlab.inspection.doctor.lines import Line
from convlab.inspection.doctor.phrases import by
from convlab.inspection.record import Call, TensorInfo

_WINDOW = ("kernel_size", "stride", "padding", "dilation")
_PARTS = ("getitem", "split", "chunk", "narrow")
"""What takes some of the channels: offset and mask often come from one convolution."""


def deform_edits(case: Case) -> Iterator[Edit]:
    """Changes where a deformable convolution has the wrong offset or mask, none at all, or one too many.

    Example:
        >>> import torch
        >>> from convlab.nn import DeformConv2d
        >>> case = Case.of(DeformConv2d(4, 8, 3, branch=False), torch.empty(1, 4, 9, 9))
        >>> [edit.code for edit in deform_edits(case)]
        ['model = convlab.nn.DeformConv2d(4, 8, 3)']
    """
    given = Deforming.of(case.failing)
    if given is None:
        return
    if given.call.module is not None:
        yield from _of_the_layer(case, given)
    for info in (given.offset, given.mask):
        if info is not None:
            yield from _of_its_maker(case, given, info)


def _of_the_layer(case: Case, given: Deforming) -> Iterator[Edit]:
    """The layer built for what it is given."""
    call, module, name = given.call, given.call.module, _name(given)
    if not given.began and getattr(module, "branch", False):
        if given.offset is not None:
            words = f"Build `{name}` without a branch of its own, since it is given an offset"
            for cost, modulated in ((1.5, given.mask is not None), (1.8, given.mask is None)):
                yield replaced(case, call, words, cost, branch=False, modulated=modulated)
        return
    if not given.began and given.offset is None:
        words = f"Let `{name}` compute its offsets by a branch of its own"
        yield replaced(case, call, words, 1.5, branch=True)
        return
    if not given.began:
        modulated = bool(getattr(module, "modulated", False))
        words = f"Build `{name}` {'without a' if modulated else 'with a'} mask, as it is called"
        yield replaced(case, call, words, 1.6, modulated=not modulated)
    if given.offset is not None:
        groups, rest = divmod(given.channels_of(given.offset), given.ndim * given.taps)
        if groups and not rest and groups != given.offset_groups:
            words = f"Build `{name}` for the {groups} offset groups that its offset is made for"
            yield replaced(case, call, words, 1.9, offset_groups=groups)


def _of_its_maker(case: Case, given: Deforming, info: TensorInfo) -> Iterator[Edit]:
    """The convolution that made the offset or the mask, for as many channels, or with the same window."""
    _, maker = case.back(info, KEEPS_CHANNELS)
    whole = maker is None or not is_one_of(maker, _PARTS)
    if not whole:
        _, maker = case.back(info, (*KEEPS_CHANNELS, *_PARTS))
    made: Any = maker.module if maker is not None else None
    if maker is None or not isinstance(made, nn.modules.conv._ConvNd) or made.transposed:
        return
    changes: dict[str, Any] = {}
    found, wanted, name = given.channels_of(info), given.channels_for(info), _name(given)
    another_number = given.offset_groups is None and info is given.offset and found and found % wanted == 0
    if found != wanted and not another_number and whole:
        changes["out_channels"] = wanted
    words = f"Let `{place(maker)}` give the {wanted} channels that `{name}` takes"
    if info.shape[-given.ndim :] != given.out_size:
        window, padding = given.window, _padding(given)
        if padding is None:
            return
        own = dict(zip(_WINDOW, (window.kernel_size, window.stride, padding, window.dilation), strict=True))
        slides = f"slide with the window of `{name}`, so that it makes {by(given.out_size)}"
        words = f"{words}, and {slides}" if changes else f"Let `{place(maker)}` {slides}"
        changes |= own
        if len(changes) == len(_WINDOW):
            yield from _with_the_window_of(case, given, maker)
    if changes:
        yield replaced(case, maker, words, 1.8, **changes)


def _with_the_window_of(case: Case, given: Deforming, maker: Call) -> Iterator[Edit]:
    """The deformable convolution with the window of the one that made its offset."""
    theirs = {argument: getattr(maker.module, argument) for argument in _WINDOW}
    words = f"Let `{_name(given)}` slide with the window of `{place(maker)}`"
    if given.call.module is not None:
        yield replaced(case, given.call, words, 2.4, **theirs)
        return
    line = Line.of(given.call)
    if line is None or theirs.pop("kernel_size") != given.window.kernel_size:
        return
    call = copy.deepcopy(line.expression.node)
    if isinstance(call, ast.Call):
        others = [word for word in call.keywords if word.arg not in theirs]
        usual = {"stride": 1, "padding": 0, "dilation": 1}
        texts = {name: literal(value) for name, value in theirs.items() if literal(value) != str(usual[name])}
        new = [ast.keyword(name, ast.parse(text, mode="eval").body) for name, text in texts.items()]
        call.keywords = [*others, *new]
        yield line.edit(words, 1.7, ast.unparse(call))


def _name(given: Deforming) -> str:
    return place(given.call) if given.call.module is not None else given.call.kind


def _padding(given: Deforming) -> tuple[int, ...] | str | None:
    """The padding as an argument; None where both sides differ, which no argument says."""
    module: Any = given.call.module
    if module is not None:
        return module.padding  # type: ignore[no-any-return]
    pairs = given.window.padding
    return tuple(before for before, _ in pairs) if all(before == after for before, after in pairs) else None
