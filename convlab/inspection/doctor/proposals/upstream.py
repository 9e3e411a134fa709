"""Layers that did not fail, but did something that was not meant: where to look when the failing layer is in order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from torch import nn

from convlab.inspection.doctor.building import adapted, assignment, constructor, family, literal, of_family, replaced
from convlab.inspection.doctor.case import KEEPS_CHANNELS, KEEPS_LAYOUT, VIEWS, Case, is_one_of, place
from convlab.inspection.doctor.edits import Edit
from convlab.inspection.doctor.phrases import by, listed
from convlab.inspection.doctor.proposals.views import channels_before_view
from convlab.inspection.record import Call

_MATCHES = ("add", "iadd", "radd", "sub", "cat", "stack", "mul", "imul", "rmul", "expand_as")


def upstream_edits(case: Case) -> Iterator[Edit]:
    """Changes of layers before the one that failed.

    Example:
        >>> import torch
        >>> case = Case.of(nn.Sequential(nn.Conv1d(1, 8, 3), nn.MaxPool2d(2), nn.Conv1d(8, 2, 3)), torch.empty(2, 1, 9))
        >>> [edit.code for edit in upstream_edits(case)]
        ['model[1] = nn.MaxPool1d(2)']
    """
    yield from _of_another_dimension(case)
    yield from channels_before_view(case)
    call = case.failing
    if not is_one_of(call, _MATCHES) or len(call.inputs) < 2:
        return
    if len({len(given.shape) for given in call.inputs}) == 1 and len(call.inputs[0].shape) > 2:
        yield from _padding_of_a_branch(case, call)
        yield from _rounding(case, call)
    if len(call.inputs) == 2:
        yield from _shortcut(case, call)
        yield from _channels_of_a_branch(case, call)


def _of_another_dimension(case: Case) -> Iterator[Edit]:
    """A layer that took a batch for one unbatched tensor, such as an `nn.MaxPool2d` behind an `nn.Conv1d`."""
    for call in case.leaves:
        known = family(call.module)
        if known is None or call is case.failing or not call.inputs:
            continue
        shape = call.inputs[0].shape
        axes = len(shape) - 2
        if axes == known[1] - 1 and axes >= 1 and case.producer(call.inputs[0]) is not None:
            kind = of_family(known[0], axes)
            words = f"Take {kind.__name__} for `{place(call)}`, which takes {shape} for one sample without a batch axis"
            yield replaced(case, call, words, 1.0, kind, **adapted(call.module, axes))


def _shortcut(case: Case, call: Call) -> Iterator[Edit]:
    """A residual whose other branch changes size or channels, while the shortcut hands the input on as it is."""
    for skipped, branch in ([given.shape for given in pair] for pair in (call.inputs, call.inputs[::-1])):
        if len(skipped) != len(branch) or not 3 <= len(skipped) <= 5 or min(branch) < 1:
            continue
        steps = tuple(-(-old // new) for old, new in zip(skipped[2:], branch[2:], strict=True))
        if max(steps) == 1 and skipped[1] == branch[1]:
            continue
        for name, module in case.model.named_modules():
            empty = isinstance(module, nn.Identity) or (isinstance(module, nn.Sequential) and not len(module))
            if name and empty and name.rpartition(".")[0] == call.name:
                stride = f", stride={literal(steps)}" if max(steps) > 1 else ""
                layer = f"nn.Conv{len(steps)}d({skipped[1]}, {branch[1]}, 1{stride})"
                words = f"Let `{name}` bring {skipped[1:]} to {branch[1:]}, as the other branch does."
                yield Edit(name, assignment(case.model, name, layer), words, 1.4)


def _padding_of_a_branch(case: Case, call: Call) -> Iterator[Edit]:
    """Convolutions in one branch that lose the border, where the sum needs the size to stay."""
    small, *_, large = sorted(call.inputs, key=lambda given: given.shape[2:])
    losing: list[Call] = []
    tensor = small
    for _ in itertools.repeat(None, len(case.leaves)):
        made = case.producer(tensor)
        if made is None or not made.inputs or tensor.shape[2:] == large.shape[2:]:
            break
        if _loses_the_border(made):
            losing.append(made)
        elif not is_one_of(made, KEEPS_LAYOUT):
            break
        tensor = made.inputs[0]
    if not losing or tensor.shape[2:] != large.shape[2:]:
        return
    lines, names = [], []
    for made in reversed(losing):
        module: Any = made.module
        half = tuple(step * (size - 1) // 2 for size, step in zip(module.kernel_size, module.dilation, strict=True))
        lines.append(assignment(case.model, made.name, constructor(module, padding=half)))
        names.append(f"`{place(made)}`")
    layers = listed(list(dict.fromkeys(names)))
    words = f"Pad {layers}, so that the size stays {by(large.shape[2:])} as in the other branch."
    yield Edit(place(losing[-1]), "; ".join(dict.fromkeys(lines)), words, 1.3)


def _loses_the_border(call: Call) -> bool:
    module: Any = call.module
    keeps_steps = isinstance(module, nn.modules.conv._ConvNd) and set(module.stride) == {1}
    return keeps_steps and call.inputs[0].shape[2:] > call.outputs[0].shape[2:]


def _rounding(case: Case, call: Call) -> Iterator[Edit]:
    """Two branches that halve an odd size, one up and one down."""
    small = min(call.inputs, key=lambda given: given.shape[2:])
    made = case.back(small, KEEPS_LAYOUT)[1]
    if made is not None and "Pool" in made.kind and getattr(made.module, "ceil_mode", True) is False:
        words = f"Let `{place(made)}` round its size up, as the other branch does"
        yield replaced(case, made, words, 1.9, ceil_mode=True)


def _channels_of_a_branch(case: Case, call: Call) -> Iterator[Edit]:
    """A branch with another number of channels than the one that it is added to or multiplied with."""
    if is_one_of(call, ("cat",)):
        return
    for mine, other in (call.inputs, call.inputs[::-1]):
        if len(mine.shape) < 2 or len(mine.shape) != len(other.shape) or mine.shape[1] == other.shape[1]:
            continue
        origin, channels = case.back(mine, (*KEEPS_CHANNELS, "unsqueeze", *VIEWS))[1], other.shape[1]
        if origin is None:
            continue
        words = f"Let `{place(origin)}` give the {channels} channels of the other branch"
        if isinstance(origin.module, nn.modules.conv._ConvNd) and channels % origin.module.groups == 0:
            yield replaced(case, origin, words, 2.6, out_channels=channels)
        elif isinstance(origin.module, nn.Linear):
            yield replaced(case, origin, words, 2.4, out_features=channels)
