"""What a deformable convolution that failed was given, and what is wrong with its offset or mask."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from convlab.arithmetic import ConvSpec
from convlab.inspection.calls import is_deformable
from convlab.inspection.doctor.case import Case
from convlab.inspection.doctor.origins import chain
from convlab.inspection.doctor.phrases import by, count, listed, named
from convlab.inspection.record import Call, TensorInfo
from convlab.inspection.windows import DEFORMABLE, Window, window_of
from convlab.inspection.windows import named as arguments_of


@dataclass(frozen=True)
class Deforming:
    """A deformable convolution that failed: a layer, or `convlab.deform_conv` in the reader's own code.

    Attributes:
        call: The call.
        window: Its window, before any tap is moved.
        input: Its input.
        offset: Its offset; None where there is none, or a layer was given it by its name.
        mask: Its mask, likewise.
        offset_groups: Parts of the channels with offsets of their own; None for the function, which has any number.
        began: Whether a layer got as far as to the function.

    Example:
        >>> import torch
        >>> from convlab.nn import DeformConv2d
        >>> case = Case.of(DeformConv2d(4, 8, 3, branch=False), torch.empty(1, 4, 9, 9))
        >>> Deforming.of(case.failing).out_size, Deforming.of(case.failing).offset
        ((7, 7), None)
    """

    call: Call
    window: Window
    input: TensorInfo
    offset: TensorInfo | None
    mask: TensorInfo | None
    offset_groups: int | None
    began: bool

    @classmethod
    def of(cls, call: Call) -> Deforming | None:
        """The deformable convolution that a call is; None for any other call, or where its arguments are unusual."""
        module: Any = call.module
        is_layer = module is not None and is_deformable(module)
        inner = call.calls if is_layer else [call]
        function = next((each for each in inner if each.kind == DEFORMABLE), None)
        window = _window_of(module) if is_layer else window_of(call) if function is not None else None
        if window is None:
            return None
        arguments: dict[str, Any] = dict(zip(("input", "offset", "mask"), call.inputs, strict=False))
        if function is not None:
            arguments = arguments_of(function, ("input", "offset", "weight", "bias"))
        input, offset, mask = (arguments.get(name) for name in ("input", "offset", "mask"))
        if input is None or len(input.shape) < len(window.kernel_size) + 1:
            return None
        return cls(call, window, input, offset, mask, module.offset_groups if is_layer else None, function is not None)

    @property
    def ndim(self) -> int:
        """Its spatial axes."""
        return len(self.window.kernel_size)

    @property
    def taps(self) -> int:
        """Taps of its window."""
        return math.prod(self.window.kernel_size)

    @property
    def out_size(self) -> tuple[int, ...]:
        """The size of its output, which is that of offset and mask, too."""
        sizes = self.input.shape[-self.ndim :]
        return tuple(self.window.output_size(axis, size) for axis, size in enumerate(sizes))

    def channels_of(self, info: TensorInfo) -> int:
        """The channels that an offset or a mask has; 0 where it has no such axis."""
        return info.shape[-self.ndim - 1] if len(info.shape) > self.ndim else 0

    def channels_for(self, info: TensorInfo) -> int:
        """The channels that this tensor, the offset or the mask, should have; with one offset group if any will do."""
        groups = self.offset_groups or 1
        if info is not self.mask:
            return self.ndim * groups * self.taps
        if self.offset is not None and self.offset_groups is None:
            return self.channels_of(self.offset) // self.ndim
        return groups * self.taps


def of_offsets(case: Case, call: Call) -> str | None:
    """What is wrong with offset or mask, and where they come from; None where this is no deformable convolution.

    Example:
        >>> import torch
        >>> from convlab.nn import DeformConv2d
        >>> case = Case.of(DeformConv2d(4, 8, 3, branch=False), torch.empty(1, 4, 9, 9))
        >>> of_offsets(case, case.failing)
        '`model` (DeformConv2d) must be given an offset as its second argument, since it has branch=False.'
    """
    given = Deforming.of(call)
    if given is None:
        return None
    for info, sentence in ((given.offset, _of_an_offset(given)), (given.mask, _of_a_mask(given))):
        if info is not None and sentence is not None:
            return f"{named(call)} {sentence} {chain(case, info)}".strip()
    said = str(case.record.error).strip().rstrip(".")
    if said.startswith(call.kind):  # the layer speaks of itself
        return f"{named(call)}{said.removeprefix(call.kind)}."
    shapes = [str(info.shape) for info in (given.input, given.offset, given.mask) if info is not None]
    return f"{named(call)} got {listed(shapes)}, and says: {said}."


def _window_of(module: Any) -> Window:
    """The window of a layer."""
    sizes = (module.in_channels, module.out_channels, module.kernel_size)
    options = {name: getattr(module, name) for name in ("stride", "padding", "dilation", "groups")}
    return Window.of(ConvSpec(*sizes, **options))


def _of_an_offset(given: Deforming) -> str | None:
    """An offset with other channels, or of another size."""
    info = given.offset
    if info is None or len(info.shape) != len(given.input.shape):
        return None
    found, wanted, axis = given.channels_of(info), given.channels_for(info), len(info.shape) - given.ndim - 1
    groups, rest = divmod(found, given.ndim * given.taps)
    any_number = given.offset_groups is None and groups and not rest
    if found != wanted and not any_number:
        each = "for each offset group" if given.offset_groups is None else f"with offset_groups={given.offset_groups}"
        got = f"got an offset of {count(found, 'channel')}, in axis {axis} of {info.shape}"
        axes = f"along {count(given.ndim, 'axis')}"
        return f"{got}, but moves {count(given.taps, 'tap')} {axes}, which takes {wanted} {each}."
    return _of_a_size(given, info, "an offset")


def _of_a_mask(given: Deforming) -> str | None:
    """A mask with other channels, or of another size."""
    info = given.mask
    if info is None or len(info.shape) != len(given.input.shape):
        return None
    found, wanted, axis = given.channels_of(info), given.channels_for(info), len(info.shape) - given.ndim - 1
    if found != wanted:
        got = f"got a mask of {count(found, 'channel')}, in axis {axis} of {info.shape}"
        return f"{got}, but weighs each of the {count(wanted, 'tap')} that its offset moves."
    return _of_a_size(given, info, "a mask")


def _of_a_size(given: Deforming, info: TensorInfo, what: str) -> str | None:
    size, wanted = info.shape[-given.ndim :], given.out_size
    if size == wanted:
        return None
    makes = f"makes {by(wanted)} of {by(given.input.shape[-given.ndim :])}, and so takes {what} of {by(wanted)}"
    return f"{makes}, but got one of {by(size)}, {info.shape}."
